"""`run`: a handler that runs by itself, until it has run long enough."""

import asyncio
import datetime as dt
import inspect
from _thread import allocate_lock
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType, GeneratorType
from typing import Any, Final

from pytest_ecsevents._errors import BadArgumentError, EndlessHandlerError, StuckHandlerError, hidden_in_reports
from pytest_ecsevents._frames import is_between, is_debugged, place_of
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
    real_now,
    real_sleep,
)
from pytest_ecsevents.handlers._interrupts import Interrupter, place_of_thread, start_watch

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
        self._member: Final = member
        self._to_cancel: Callable[[], Sequence[asyncio.Future[Any]]] = self._tasks
        self._others: Final = _tasks_of(member.loop)
        self._cancels = 0
        self._is_asked = False
        self._where = ""
        self._stuck_at = ""
        self._began: Final = now()
        self._is_overdue = False
        self._longest: Final = A_MINUTE * max(1.0, patience / PATIENCE)
        self._wake: Final = allocate_lock()
        self._wake.acquire()
        self._has_watch_ended = False
        self._interrupter: Final = Interrupter(self._ask)
        self._stop.insist = self._insist

    def run(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The handler's result, or `Stopped`; a coroutine runs in a loop of its own."""
        before = self._begin()
        try:
            result = function(*args, **kwargs)
            return asyncio.run(self._awaited(result, is_alone=True)) if _is_awaitable(result) else result
        except HandlerStop as error:
            ended_by = error
        except asyncio.CancelledError:
            if not self._cancels:
                raise
            ended_by = HandlerStop(self._where)
        finally:
            self._interrupter.is_over = True
            self._finish(before)
        self._end_tasks_left()
        return self._stopped(ended_by)

    async def run_async(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The same in the running loop."""
        before = self._begin()
        try:
            result = function(*args, **kwargs)
            if not _is_awaitable(result):
                raise BadArgumentError(
                    f"run_async got {function!r}, which returned {result!r}, and nothing to await. Pass a coroutine function, "
                    "or leave a plain one to run."
                )
            return await self._awaited(result, is_alone=False)
        except HandlerStop as error:
            ended_by = error
        finally:
            self._interrupter.is_over = True
            self._finish(before)
        return self._stopped(ended_by)

    async def _awaited(self, handler: Awaitable[Any], *, is_alone: bool) -> Any:
        """What a coroutine gives.

        Args:
            handler: The coroutine.
            is_alone: Whether all else that its loop runs is its own too.
        """
        task = asyncio.ensure_future(handler)
        self._to_cancel = lambda: [task] if self._cancels <= Stop.OFTEN and not task.done() else self._tasks()
        self._stop.cancel, self._stop.is_deaf = self._cancel, lambda: bool(getattr(task, "_must_cancel", False))
        self._interrupter.has_ended, self._interrupter.is_only_in_loop = task.done, not is_alone
        try:
            return await task
        except asyncio.CancelledError:
            if self._where and task.cancelled():
                raise HandlerStop(self._where) from None
            raise
        finally:
            # asyncio may wait for what the coroutine has left behind.
            self._stop.let_go()
            self._interrupter.calm_down()
            self._cancels = 0

    def _tasks(self) -> "list[asyncio.Task[Any]]":
        """Those of the author's that the handler's thread runs in its loop, and did not run before."""
        return [task for task in _tasks_of(self._member.loop) if task not in self._others]

    def _ask(self) -> bool:
        """Have what is stuck cancelled by the loop that runs it; False where none does, or it has not come to it."""
        loop = self._member.loop
        if self._is_asked or loop is None or not loop.is_running():
            return False
        self._is_asked = True
        with suppress(RuntimeError):  # it has just been closed
            loop.call_soon_threadsafe(self._asked)
        return True

    def _asked(self) -> None:
        self._is_asked = False
        if self._interrupter.goes_on():
            self._cancel()

    def _insist(self) -> None:
        """Have a handler that goes on waiting, whatever it is told, end where it catches that."""
        self._note_stuck_as_told()
        self._interrupter.trace_here()

    def _end_tasks_left(self) -> None:
        """End what swallowed its cancellation until its loop was closed: whoever lets go of it may wait for ever."""
        has_swallowed = self._stop.times > 1 and self._member.loop is not None and self._member.loop.is_closed()
        for task in self._tasks() if has_swallowed else ():
            self._note_stuck(_DEAF)
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # the error tells of it
            self._interrupter.close(task.get_coro(), _frames_of(task))

    def _cancel(self) -> bool:
        """Cancel the coroutine; one that swallowed that often is ended where it swallows it."""
        self._cancels += 1
        tasks = self._to_cancel()
        self._where = _place_in(tasks)
        if self._cancels > Stop.OFTEN and tasks:
            self._note_stuck(_DEAF)
            self._interrupter.trace([frame for task in tasks for frame in _frames_of(task)], tasks)
        cancelled = [task.cancel() for task in tasks]
        return any(cancelled)

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
                self._note_stuck_as_told()
                self._interrupter.insist()
            elif seen != before or is_debugged(self._interrupter.ident):
                since = now
            elif now - since > self._patience:
                self._note_stuck(_IDLE.format(self._patience))
                if not self._team.end_wait(self._stop):
                    self._interrupter.press()
        self._has_watch_ended = True

    def _note_stuck_as_told(self) -> None:
        self._note_stuck(_DEAF if self._to_cancel() else _STUBBORN)

    def _note_stuck(self, problem: str) -> None:
        if not self._stuck_at:
            tasks = self._to_cancel()
            in_task = (lambda: _place_in(tasks)) if tasks else None
            self._stuck_at = f"{problem} It was at {place_of_thread(self._interrupter.ident, in_task)}."


_IDLE: Final = (
    "The handler neither slept nor called the cloud for {:g} seconds of real time, so its end would never have come. "
    "Have it sleep in its loop; if it works that long, set ecs_events.patience to more seconds."
)
_STUBBORN: Final = (
    "The handler caught what was to end it, and went on. A bare except, or except BaseException, around its loop keeps "
    "Ctrl-C from ending it too: catch Exception."
)
_DEAF: Final = (
    "The handler caught its cancellation, and went on. What swallows CancelledError keeps asyncio from ending it on Ctrl-C "
    "too: catch Exception, or raise it again."
)


def _is_awaitable(result: object) -> bool:
    """Whether a result is to be awaited, told without a step of others' code: in that a handler could still be ended."""
    if type(result) is GeneratorType:  # `isinstance` may ask the result
        return bool(result.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)
    return any("__await__" in vars(kind) for kind in type(result).__mro__)


def _tasks_of(loop: Any) -> "list[asyncio.Task[Any]]":
    """The tasks of a loop that are in the author's code."""
    return [] if loop is None else [task for task in asyncio.all_tasks(loop) if _frames_of(task)]


def _frames_of(task: "asyncio.Future[Any]") -> list[FrameType]:
    """Where a task stands in the author's code, the innermost last."""
    awaited: Any = task.get_coro() if isinstance(task, asyncio.Task) else None
    frames = []
    while awaited is not None:
        frame = getattr(awaited, "cr_frame", None)
        if frame is not None and not is_between(frame):
            frames.append(frame)
        awaited = getattr(awaited, "cr_await", None)
    return frames


def _place_in(tasks: "Sequence[asyncio.Future[Any]]") -> str:
    frames = [frame for task in tasks for frame in _frames_of(task)]
    return place_of(frames[-1]) if frames else "an unknown place"
