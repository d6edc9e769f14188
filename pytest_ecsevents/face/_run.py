"""`run`: a handler that runs by itself, until it has run long enough."""

import asyncio
import datetime as dt
import inspect
from _thread import allocate_lock
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import GeneratorType
from typing import Any, Final

from pytest_ecsevents._words import EndlessHandlerError, StuckHandlerError, hidden_in_reports
from pytest_ecsevents.clock import (
    SECOND,
    HandlerStop,
    Member,
    Micros,
    Stop,
    Waits,
    duration_text,
    from_micros,
    instant_text,
    is_plumbing,
    place_of,
    real_now,
    real_sleep,
)
from pytest_ecsevents.face._interrupts import Interrupter, is_debugged, place_of_thread, start_watch

__tracebackhide__ = hidden_in_reports

A_YEAR: Final = 366 * 86_400 * SECOND
"""How long a handler may go on to whose end no instant was given."""

A_MINUTE: Final = 60.0
"""The same in real seconds, with the usual patience: a poller's year takes many minutes."""

PATIENCE: Final = 10.0
"""Real seconds within which a handler must sleep, or call the cloud."""

_LOOK_EVERY: Final = 0.05
_A_MOMENT: Final = 0.0001


@dataclass(frozen=True, slots=True)
class Stopped:
    """What `run` returns when it stopped the handler.

    Attributes:
        at_micros: The instant, in microseconds since the epoch.
        reason: Why, in words.
        doing: Where the handler waited: file, line and function.
    """

    at_micros: Micros
    reason: str
    doing: str

    @property
    def at(self) -> dt.datetime:
        """When, aware UTC."""
        return from_micros(self.at_micros)

    def __repr__(self) -> str:
        return f"<Stopped at {instant_text(self.at_micros)}: {self.reason}, while it waited at {self.doing}>"


class Runner:
    """Runs one handler in the calling thread.

    Args:
        team: The threads of the test.
        member: The calling one.
        now: The clock.
        at: The instant at which the handler is to end, or None.
        condition: What is to end it, or None.
        activity: What grows whenever the handler calls the cloud.
        patience: Real seconds within which it must sleep or call.
    """

    def __init__(
        self,
        team: Waits,
        member: Member,
        now: Callable[[], Micros],
        *,
        at: Micros | None,
        condition: Callable[[], object] | None,
        activity: Callable[[], int],
        patience: float,
    ) -> None:
        self._team: Final = team
        self._now: Final = now
        self._at: Final = at
        self._condition: Final = condition
        self._activity: Final = activity
        self._patience: Final = patience
        self._stop: Final = Stop(
            member, now() + A_YEAR if at is None else at, None if condition is None else self._is_met
        )
        self._condition_error: BaseException | None = None
        self._was_met = False
        self._task: asyncio.Future[Any] | None = None
        self._where = ""
        self._stuck_at = ""
        self._began: Final = now()
        self._is_overdue = False
        self._longest: Final = A_MINUTE * max(1.0, patience / PATIENCE)
        self._wake: Final = allocate_lock()
        self._wake.acquire()
        self._has_watch_ended = False
        self._interrupter: Final = Interrupter()

    def run(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The handler's result, or `Stopped`; a coroutine runs in a loop of its own."""
        before = self._begin()
        try:
            result = function(*args, **kwargs)
            return asyncio.run(self._awaited(result)) if _is_awaitable(result) else result
        except HandlerStop as error:
            ended_by = error
        finally:
            self._interrupter.is_over = True
            self._finish(before)
        return self._stopped(ended_by)

    async def run_async(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The same in the running loop."""
        before = self._begin()
        try:
            return await self._awaited(function(*args, **kwargs))
        except HandlerStop as error:
            ended_by = error
        finally:
            self._interrupter.is_over = True
            self._finish(before)
        return self._stopped(ended_by)

    async def _awaited(self, handler: Awaitable[Any]) -> Any:
        task = self._task = asyncio.ensure_future(handler)
        self._stop.cancel = self._cancel
        try:
            return await task
        except asyncio.CancelledError:
            if self._where and task.cancelled():
                raise HandlerStop(self._where) from None
            raise
        finally:
            self._stop.cancel = None

    def _cancel(self) -> None:
        assert self._task is not None
        self._where = _where_awaits(self._task)
        self._task.cancel()

    def _is_met(self) -> bool:
        assert self._condition is not None
        try:
            self._was_met = bool(self._condition())
        except BaseException as error:  # noqa: BLE001  # raised where the author sees it, not in the handler's sleep
            self._condition_error = error
        return self._was_met or self._condition_error is not None

    def _begin(self) -> Stop | None:
        """Have the handler stopped when its end comes, and found out when it is stuck."""
        before, self._team.stop = self._team.stop, self._stop
        self._interrupter.begin()
        start_watch(self._watch)
        return before

    def _finish(self, before: Stop | None) -> None:
        """Wait for the watch to end, and for a `HandlerStop` that was on its way to arrive."""
        try:
            self._wait_for_watch(before)
        except HandlerStop:
            self._wait_for_watch(before)
        self._interrupter.end()

    def _wait_for_watch(self, before: Stop | None) -> None:
        self._team.stop = before
        if self._wake.locked():
            self._wake.release()
        while not self._has_watch_ended:
            real_sleep(_A_MOMENT)

    def _stopped(self, ended_by: HandlerStop) -> Stopped:
        """What there is to say of a handler that was stopped.

        Raises:
            EcsEventsError: It was stuck, or its end never came.
        """
        if self._condition_error is not None:
            raise self._condition_error
        if self._stop.error is not None:
            raise self._stop.error
        if self._stuck_at:
            raise StuckHandlerError(self._stuck_at)
        doing, told_at = ended_by.doing, self._stop.told_at
        if self._was_met:
            return Stopped(told_at, "what it was to run until has come", doing)
        if self._at is not None:
            return Stopped(told_at, f"it was to run until {instant_text(self._at)}", doing)
        until = "its until never came true" if self._condition is not None else "run was given no until"
        lasted, remedy = "a year of virtual time", ""
        if self._is_overdue:
            lasted = f"{self._longest:g} seconds of real time, {duration_text(told_at - self._began)} of virtual time"
            remedy = "; if it takes that long, set ecs_events.patience to more seconds"
        raise EndlessHandlerError(
            f"The handler went on for {lasted}, and {until}. It waited at {doing}. Pass an end that comes, such as "
            f'until="30d"{remedy}.'
        )

    # -- watching

    def _watch(self) -> None:
        """Look from outside, in real time, whether the handler gets on."""
        seen, since = (-1, -1), real_now()
        overdue_at = since + self._longest
        while not self._interrupter.is_over and not self._wake.acquire(True, _LOOK_EVERY):
            now, before = real_now(), seen
            if self._at is None and now > overdue_at and not self._is_overdue:
                self._is_overdue, self._stop.at = True, self._began  # its next wait is its last
            seen = (self._team.activity, self._activity())
            if self._stop.is_ignored:
                self._note_stuck(_STUBBORN)
                self._interrupter.insist()
            elif seen != before or is_debugged(self._interrupter.ident):
                since = now
            elif now - since > self._patience:
                self._note_stuck(_IDLE.format(self._patience))
                self._team.end_wait(self._stop)
                self._interrupter.press()
        self._has_watch_ended = True

    def _note_stuck(self, problem: str) -> None:
        if not self._stuck_at:
            self._stuck_at = f"{problem} It was at {place_of_thread(self._interrupter.ident)}."


_IDLE: Final = (
    "The handler neither slept nor called the cloud for {:g} seconds of real time, so its end would never have come. "
    "Have it sleep in its loop; if it works that long, set ecs_events.patience to more seconds."
)
_STUBBORN: Final = (
    "The handler caught what was to end it, and went on. A bare except, or except BaseException, around its loop keeps "
    "Ctrl-C from ending it too: catch Exception."
)


def _is_awaitable(result: object) -> bool:
    """Whether a result is to be awaited, told without a step of others' code: in that a handler could still be ended."""
    if type(result) is GeneratorType:  # `isinstance` may ask the result
        return bool(result.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)
    return any("__await__" in vars(kind) for kind in type(result).__mro__)


def _where_awaits(task: "asyncio.Future[Any]") -> str:
    """The innermost line of a task that is not asyncio's own."""
    awaited: Any = task.get_coro() if isinstance(task, asyncio.Task) else None
    place = "an unknown place"
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None)
        if frame is not None and not is_plumbing(frame):
            place = place_of(frame)
        awaited = getattr(awaited, "cr_await", None)
    return place
