"""`run`: runs a handler that loops by itself, until an instant or a condition ends it."""

import asyncio
import datetime as dt
import inspect
from _thread import allocate_lock
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType, GeneratorType
from typing import Any, Final

from pytest_ecsevents._errors import (
    BadArgumentError,
    EcsEventsError,
    EndlessHandlerError,
    StuckHandlerError,
    hidden_in_reports,
)
from pytest_ecsevents._frames import (
    author_frame,
    frames_of_coroutine,
    frames_of_threads,
    is_debugged,
    place_of,
    place_of_coroutines,
    stack_of,
)
from pytest_ecsevents.clock._asyncio import abandon_task, is_loop_running
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._other_loops import explain_wrong_loop, other_cancellations
from pytest_ecsevents.clock._references import REFERENCES
from pytest_ecsevents.clock._scheduler import Scheduler
from pytest_ecsevents.clock._stop import HandlerStop, Stop
from pytest_ecsevents.clock._threads import OtherRun, TestThread, real_now
from pytest_ecsevents.clock._times import SECOND, Micros, duration_text, from_micros, instant_text
from pytest_ecsevents.handlers._interrupts import LOOK_EVERY, Interrupter, Watch

__tracebackhide__ = hidden_in_reports

A_YEAR: Final = 366 * 86_400 * SECOND
"""Virtual time that a handler may take when `until` gives no instant."""

A_MINUTE: Final = 60.0
"""The same in real seconds, with the default patience: a year of polling would take many minutes."""

PATIENCE: Final = 10.0
"""Real seconds within which a handler must sleep, or call the cloud."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What `run` returns when it stopped the handler.

    Attributes:
        at_micros: The instant, in microseconds since the epoch.
        reason: Why, as a phrase for messages.
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
        at: The instant at which the handler is to end, or None.
        condition: Ends the handler when it returns a true value, or None.
        activity: Its value changes whenever the handler calls the cloud.
        patience: Real seconds within which the handler must sleep or call.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        thread: TestThread,
        clock: Clock,
        *,
        at: Micros | None,
        condition: Callable[[], object] | None,
        activity: Callable[[], int],
        patience: float,
    ) -> None:
        self._scheduler: Final = scheduler
        self._now: Final = clock.now
        self._at: Final = at
        self._condition: Final = condition
        self._activity: Final = activity
        self._patience: Final = patience
        self._stop: Final = Stop(
            thread,
            self._now() + A_YEAR if at is None else at,
            None if condition is None else self._is_met,
            self._end_handler,
        )
        self._condition_error: BaseException | None = None
        self._is_asking = False
        self._was_met = False
        self._thread: Final = thread
        self._task: asyncio.Future[Any] | None = None  # the task of the coroutine that `_awaited` awaits
        self._others: Final = _tasks_of(thread.loop)
        self._where = ""
        self._stuck_at = ""
        self._is_stubborn = False
        self._began: Final = self._now()
        self._is_overdue = False
        self._longest: Final = A_MINUTE * max(1.0, patience / PATIENCE)
        self._wake: Final = allocate_lock()
        self._wake.acquire()
        self._watching: Watch
        self._is_loop_asked = self._is_in_tests_loop = False
        self._interrupter: Final = Interrupter(clock, self._is_handlers_turn)

    def run(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the handler's result or `Stopped`; a coroutine runs in an event loop of its own."""
        from pytest_ecsevents.handlers._leaving import call_leavable

        def call() -> Any:
            result = function(*args, **kwargs)
            return asyncio.run(self._awaited(result)) if _is_awaitable(result) else result

        doing = ""
        before = self._begin()
        try:
            result = call_leavable(call)
        except BaseException as error:
            doing = self._ended_at(error)
            advice = explain_wrong_loop(error)
            if advice:
                raise EcsEventsError(advice) from error
            if not doing:
                _forget_stop(error)
                raise
        finally:
            self._finish(before)
        self._end_outer(before)
        return self._stopped(doing) if doing else self._checked(result)

    async def run_async(self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """`run` in the running event loop."""
        doing = ""
        before = self._begin()
        self._is_in_tests_loop = True
        try:
            result = function(*args, **kwargs)
            if not _is_awaitable(result):
                raise BadArgumentError(
                    f"run_async got {function!r}, which returned {result!r} instead of an awaitable. Pass a coroutine "
                    "function, or use run for a plain one."
                )
            result = await self._awaited(result)
        except HandlerStop as error:
            doing = error.doing
        finally:
            self._finish(before)
        self._end_outer(before)
        return self._stopped(doing) if doing else self._checked(result)

    async def _awaited(self, handler: Awaitable[Any]) -> Any:
        task = self._task = asyncio.ensure_future(handler)
        try:
            return await task
        except asyncio.CancelledError:
            if self._where and task.cancelled():
                raise HandlerStop(self._where) from None
            raise
        finally:
            self._stop.forget_times()

    def _begin(self) -> Stop | None:
        """Install the handler's `Stop`, and watch from another thread whether it is stuck. Returns the earlier `Stop`."""
        before = self._scheduler.stop
        self._stop.nest(before)
        self._scheduler.stop = self._stop
        self._interrupter.begin()
        self._watching = Watch(self._watch)
        return before

    def _end_outer(self, outer: Stop | None) -> None:
        """End the handler of the `run` around this one, if its end has come meanwhile.

        Raises:
            HandlerStop: It has.
            CancelledError: The same, in a coroutine.
        """
        now = self._now()
        if outer is not None and outer is self._stop.outer and not outer.times and outer.is_due(now):
            outer.tell(now)

    def _finish(self, before: Stop | None) -> None:
        """End the watch. A `HandlerStop` that it has sent may still arrive meanwhile: ignore it."""
        try:
            self._end_watch(before)
        except HandlerStop:
            self._end_watch(before)

    def _end_watch(self, before: Stop | None) -> None:
        # A handler that was stopped leaves its request behind. What it does must not come in the midst of the test.
        self._scheduler.settle_server(self._interrupter.raised > 0)
        self._interrupter.is_over = True
        self._stop.thread.phase += 1  # it may have been blocked up to here, for which it is not idle now
        self._scheduler.stop = before
        self._scheduler.pace.brief = 0
        if self._wake.locked():
            self._wake.release()
        self._watching.wait()
        self._interrupter.end()

    # -- ending the handler, in its own thread

    def _end_handler(self, in_loop: bool) -> None:
        """Raise in the handler or cancel its tasks. Tasks that always swallow the cancellation are abandoned.

        Raises:
            HandlerStop: The handler is no coroutine.
            CancelledError: The handler is a coroutine that waits without awaiting, as with `time.sleep`.
        """
        other = self._other_run()
        if in_loop and other is not None:
            self._where = place_of_coroutines(other.coroutines())
            if self._stop.times <= Stop.OFTEN:
                other.cancel()
                return
            self._note_stubborn(self._where)
            other.abandon()
            raise HandlerStop(self._where)
        running = asyncio.current_task() if is_loop_running() else None
        tasks = [task for task in self._tasks_to_end() if task is not running]
        self._where = where = (
            place_of_coroutines(map(_coroutine_of, tasks)) if in_loop and tasks else place_of(author_frame())
        )
        if self._stop.times > Stop.OFTEN:
            self._note_stubborn(where)
        for task in tasks:
            if self._is_stubborn:
                abandon_task(task)
            else:
                task.cancel()
        if in_loop and tasks:
            return
        if self._is_stubborn:
            from pytest_ecsevents.handlers._leaving import leave

            leave(author_frame(), where)
        if running is not None and running not in self._others:
            raise asyncio.CancelledError
        raise HandlerStop(where)

    def _ended_at(self, error: BaseException) -> str:
        """Where the handler was when it was ended, if that is what an error comes of; else "".

        A group comes of it if all of its errors do. trio reports what is raised in its own code as an internal error.
        """
        if isinstance(error, HandlerStop):
            return error.doing
        if isinstance(error, (asyncio.CancelledError, *other_cancellations())):
            return self._where
        inner = getattr(error, "exceptions", ())
        if type(error).__name__ == "TrioInternalError" and error.__cause__ is not None:
            inner = [error.__cause__]
        places = [self._ended_at(one) for one in inner]
        return places[0] if places and all(places) else ""

    def _tasks_to_end(self) -> "Sequence[asyncio.Future[Any]]":
        """The task of the handler's coroutine; once that has ended or has caught too much, every task that it started."""
        if self._task is None or self._task.done() or self._stop.times > Stop.OFTEN:
            return [task for task in _tasks_of(self._thread.loop) if task not in self._others]
        return [self._task]

    def _is_met(self) -> bool:
        assert self._condition is not None
        if self._is_asking:  # it sleeps
            return False
        self._is_asking = True
        try:
            self._was_met = bool(self._condition())
        except HandlerStop as error:
            self._condition_error = StuckHandlerError(
                f"The function passed as until did not return, and was cut off at {error.doing}. It is called whenever time has "
                "moved: let it look and return at once."
            )
        except BaseException as error:  # noqa: BLE001  # `run` raises it: the handler's `except` might catch it here
            self._condition_error = error
        finally:
            self._is_asking = False
        return self._was_met or self._condition_error is not None

    def _checked(self, result: Any) -> Any:
        """Return the result of a handler that ended by itself.

        Raises:
            EcsEventsError: It was stuck, or swallowed the error that was to end it.
        """
        for error in self._errors():
            raise error
        return result

    def _errors(self) -> Iterator[BaseException]:
        if self._condition_error is not None:
            yield self._condition_error
        if self._stop.error is not None:
            yield self._stop.error
        if self._stuck_at:
            yield StuckHandlerError(self._stuck_at)

    def _stopped(self, doing: str) -> Stopped:
        """Describe how the handler was stopped.

        Raises:
            EcsEventsError: It was stuck, or nothing but the limit ended it.
        """
        for error in self._errors():
            raise error
        told_at = self._stop.told_at
        if self._was_met:
            return Stopped(told_at, "the condition given as until became true", doing)
        if self._at is not None:
            return Stopped(told_at, f"it reached until={instant_text(self._at)}", doing)
        until = "the condition given as until never became true" if self._condition is not None else "run got no until"
        lasted, remedy = "a year of virtual time", ""
        if self._is_overdue:
            lasted = f"{self._longest:g} seconds of real time, {duration_text(told_at - self._began)} of virtual time"
            remedy = "; if it takes that long, set ecs_events.patience to more seconds"
        raise EndlessHandlerError(
            f'The handler went on for {lasted}, and {until}. It waited at {doing}. Pass an instant, such as until="30d", '
            f"or a condition that becomes true{remedy}."
        )

    # -- watching it, from another thread

    def _watch(self) -> None:
        seen, since = self._signs_of_life(), real_now()
        overdue_at = since + self._longest
        while not self._interrupter.is_over and not self._wake.acquire(True, LOOK_EVERY):
            now, before = real_now(), seen
            seen = self._signs_of_life()
            if self._at is None and now > overdue_at and not self._is_overdue:
                self._is_overdue, self._stop.at = True, self._began  # its next wait is its last
            if is_debugged(self._interrupter.ident):
                since = now
            elif self._stop.is_ignored:
                self._leave()
            elif self._stop.is_missed and not self._stop.times:
                self._interrupter.interrupt()
            elif seen != before:
                since = now
            elif now - since > self._patience:
                self._end_stuck()

    def _signs_of_life(self) -> tuple[object, ...]:
        """Values that change when the handler waits, calls the cloud, or gets an error that is to end it."""
        if self._stop.times:  # progress of its other threads does not end it
            return *self._stop.signs_of_life, self._interrupter.raised
        return self._scheduler.pace.signs_of_life, self._activity(), self._interrupter.raised

    def _end_stuck(self) -> None:
        """Interrupt a handler that neither waits nor calls the cloud. If it was interrupted before, it has swallowed that."""
        if self._stuck_at and (self._stop.times or self._interrupter.raised):
            self._stop.times = Stop.OFTEN
            self._leave()
            return
        keeps = "" if self._stop.times else REFERENCES.sentence(frames_of_threads().get(self._interrupter.ident))
        problem = _LINGERING if self._stop.times else _REAL_CLOCK if keeps else _IDLE
        self._note_stuck(problem.format(self._patience, keeps))
        if not self._scheduler.end_wait(self._stop) and not self._ask_loop():
            self._interrupter.interrupt()

    def _leave(self) -> None:
        """Leave a handler that swallows the error that should end it."""
        self._note_stubborn()
        if not self._scheduler.end_wait(self._stop) and not self._ask_loop():
            self._interrupter.leave()

    def _ask_loop(self) -> bool:
        """Schedule `_tell_in_loop`. Returns False if there are no tasks, or the loop has not run the last one yet."""
        loop, other = self._thread.loop, self._other_run()
        if self._is_loop_asked:
            return False
        if other is not None:
            self._is_loop_asked = True
            other.call_soon(self._tell_in_loop)
            return True
        if loop is None or not loop.is_running() or not self._tasks_to_end():
            return False
        self._is_loop_asked = True
        with suppress(RuntimeError):  # it has just been closed
            loop.call_soon_threadsafe(self._tell_in_loop)
        return True

    def _tell_in_loop(self) -> None:
        self._is_loop_asked = False
        if not self._interrupter.is_over and (self._other_run() is not None or self._tasks_to_end()):
            self._stop.tell(self._now(), in_loop=True)

    def _other_run(self) -> OtherRun | None:
        """The run of trio that the handler's thread is in, or None."""
        other = self._thread.other_run
        return None if other is None or other.is_over else other

    def _is_handlers_turn(self) -> bool:
        """Whether the thread runs the handler. In the loop of an async test, it may run other tasks."""
        if not self._is_in_tests_loop or self._task is None:
            return True
        return not self._task.done() and asyncio.current_task(self._task.get_loop()) not in self._others

    def _note_stubborn(self, where: str = "") -> None:
        if not self._is_stubborn:
            self._is_stubborn = True
            self._stuck_at = ""
            self._note_stuck(_DEAF if self._tasks_to_end() else _STUBBORN, where)

    def _note_stuck(self, problem: str, where: str = "") -> None:
        if not self._stuck_at:
            self._stuck_at = f"{problem} It was at {where or self._place()}."

    def _place(self) -> str:
        """Where the handler is, read from another thread: in its running code, or where its innermost task waits."""
        other = self._other_run()
        waiting = map(_coroutine_of, self._tasks_to_end()) if other is None else other.coroutines()
        in_tasks = [frame for one in waiting for frame in frames_of_coroutine(one)]
        now = frames_of_threads()[self._interrupter.ident]
        if in_tasks and set(in_tasks).isdisjoint(stack_of(now)):
            return place_of(in_tasks[-1])
        return place_of(author_frame(now))


_IDLE: Final = (
    "The handler neither slept nor called the cloud for {:g} seconds of real time, so virtual time stood still and nothing "
    "ended it. Let it sleep in its loop; if it works that long, set ecs_events.patience to more seconds."
)
_LINGERING: Final = (
    "The handler was to end, and stayed in one wait of its clean-up for {:g} seconds of real time. Perhaps it joins a thread "
    "that does not end: tell that thread to stop first."
)
_REAL_CLOCK: Final = "The handler got no further in {:g} seconds of real time. {}"
_STUBBORN: Final = (
    "The handler caught the error that was to end it, and went on. A bare except, or except BaseException, around its loop "
    "stops Ctrl-C too: catch Exception."
)
_DEAF: Final = (
    "The handler caught its cancellation, and went on. Code that swallows CancelledError stops Ctrl-C too: catch Exception, "
    "or raise CancelledError again."
)


def _forget_stop(error: BaseException) -> None:
    """Take `HandlerStop`, which shows frames of ours, out of what led to an error of the handler's clean-up."""
    while error.__context__ is not None:
        if isinstance(error.__context__, HandlerStop):
            error.__context__ = error.__context__.__context__
        else:
            error = error.__context__


def _is_awaitable(result: object) -> bool:
    """Whether a result is awaitable. Runs no code of the result's class, since `HandlerStop` could be raised in it."""
    if type(result) is GeneratorType:  # `isinstance` may ask the result
        return bool(result.gi_code.co_flags & inspect.CO_ITERABLE_COROUTINE)
    return any("__await__" in vars(kind) for kind in type(result).__mro__)


def _tasks_of(loop: Any) -> "list[asyncio.Task[Any]]":
    return [] if loop is None else [task for task in asyncio.all_tasks(loop) if _frames_of(task)]


def _frames_of(task: "asyncio.Future[Any]") -> list[FrameType]:
    """The frames of the user's code in a task, the innermost last."""
    return frames_of_coroutine(_coroutine_of(task))


def _coroutine_of(task: "asyncio.Future[Any]") -> Any:
    return task.get_coro() if isinstance(task, asyncio.Task) else None
