"""Makes event loops in threads of the test keep virtual time. All code that touches asyncio's private names is here.

A loop that has nothing to do would block in its selector until its next timer is due, in real time. Just before that,
in `_run_once`, the loop's thread waits in the scheduler instead, as a sleeping thread does: until its next timer is due
in virtual time, a descriptor is ready, or another thread wakes the loop. Then the real `_run_once` runs and finds
something to do, so its own select returns at once.

Private names, tried with Python 3.10 to 3.15: `BaseSelectorEventLoop._run_once`, `_ready`, `_stopping`, `_scheduled`,
`_selector`, `_write_to_self`, and `_callback` of handles. Where one is missing, loops raise an AttributeError in the
test. Loops of another kind (uvloop's, Windows' proactor) don't have them, and go on in real time.
"""

from __future__ import annotations

import asyncio
import math
import signal
import sys
import threading
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Callable
from typing import Any, Final

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._scheduler import Scheduler
from pytest_ecsevents.clock._threads import TestThread, WatchedWait, real_now
from pytest_ecsevents.clock._times import A_CENTURY, SECOND, Micros, before_end

IO_GRACE: Final = 0.002
"""Real seconds that open sockets get to become ready before time moves."""

TIMEOUT_GRACE: Final = 1.0
"""The same before time moves to a timeout: the response that it guards may still come."""

_TIMEOUTS: Final = ("timeout", "_release_waiter")


def is_loop_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class LoopTime:
    """`loop.time()` of every loop in a thread of the test: monotonic seconds.

    Args:
        base: What it reads at the start.
        elapsed: Virtual microseconds since.
    """

    def __init__(self, base: float, elapsed: Callable[[], Micros]) -> None:
        self._base: Final = base
        self._elapsed: Final = elapsed
        self._reached = base

    def read(self) -> float:
        """Now, and never less than the due time of a timer that has fired."""
        return max(self._base + self._elapsed() / 1_000_000, self._reached)

    def instant_of(self, when: float, now: Micros, *, digits: int = 3) -> Micros | None:
        """The instant of a loop's time `when`, rounded, as floats are inexact; None if it is a century or more away.

        Raises:
            BadArgumentError: It is after the end of the clock.
        """
        seconds = when - self._base
        if seconds - self._elapsed() / SECOND >= A_CENTURY:
            return None
        return before_end(now + max(math.ceil(round(seconds * SECOND, digits)) - self._elapsed(), 0), now)

    def reach(self, when: float) -> None:
        self._reached = max(self._reached, when)


class LoopWait(WatchedWait):
    """A loop with nothing to do: it waits for its next timer, and for descriptors of its selector.

    Args:
        deadline: When its next timer is due; None when it has none.
        is_timeout: Whether that timer is a timeout.
    """

    is_of_loop = True

    __slots__ = ("_is_timeout", "_loop", "_since")

    def __init__(
        self, scheduler: Scheduler, thread: TestThread, deadline: Micros | None, loop: Any, *, is_timeout: bool
    ) -> None:
        super().__init__(scheduler, thread, deadline)
        self._loop: Final = loop
        self._is_timeout: Final = is_timeout
        self._since: Final = real_now()

    def park(self, seconds: float | None) -> None:
        if self._loop._selector.select(seconds):
            self._scheduler.make_ready(self)

    def unpark(self) -> None:
        if self._scheduler.me() is not self.thread:
            self._loop._write_to_self()

    @property
    def hears_from_outside(self) -> bool:  # type: ignore[override]  # the others always do
        return len(self._loop._selector.get_map()) > 1

    def has_work(self) -> bool:
        is_own = self._scheduler.me() is self.thread
        return bool(self._loop._ready or (is_own and self._loop._selector.select(0)))

    def holds_for(self, target: Micros | None, now: float) -> float:
        # Threads of the test wake each other in virtual time; something from outside needs an open socket.
        # One descriptor is always registered: other threads wake the loop through it.
        if len(self._loop._selector.get_map()) <= 1:
            return 0.0
        strikes = self._is_timeout and target == self.deadline
        return max(self._since + (TIMEOUT_GRACE if strikes else IO_GRACE) - now, 0.0)


class LoopStep(LoopWait):
    """A loop that has something to do, and first waits for a step of time."""

    is_brief = True

    __slots__ = ()

    def has_work(self) -> bool:
        return self._scheduler.me() is self.thread and bool(self._loop._selector.select(0))


def replace_loops(
    scheduler: Scheduler, clock: LoopTime, now: Callable[[], Micros], undo: Undo
) -> Callable[[type[Any]], None]:
    """Make loops in threads of the test keep virtual time, until `undo` closes.

    Returns what does so for a class with a `_run_once` of its own, as nest_asyncio gives to the class of a loop.
    """
    kind: Any = BaseSelectorEventLoop
    real_time = kind.time

    def replace_rounds(owner: Any) -> None:
        real_run_once = owner._run_once

        def _run_once(loop: Any) -> None:
            thread = scheduler.me()
            if thread is not None:
                thread.loop = loop
                if not loop._stopping:
                    (_round if loop._ready else _idle)(scheduler, thread, loop, clock, now)
            real_run_once(loop)

        undo.replace(owner, "_run_once", _run_once)

    def read(loop: Any) -> float:
        return real_time(loop) if scheduler.me() is None else clock.read()

    for owner in (kind, *kind.__subclasses__()):
        if owner is kind or "_run_once" in vars(owner):
            replace_rounds(owner)
    undo.replace(kind, "time", read)
    return replace_rounds


def is_virtual(loop: object) -> bool:
    """Whether a loop keeps virtual time, when it runs in a thread of the test."""
    return isinstance(loop, BaseSelectorEventLoop)


def _idle(scheduler: Scheduler, thread: TestThread, loop: Any, clock: LoopTime, now: Callable[[], Micros]) -> None:
    handle = _next_timer(loop)
    if handle is None:
        scheduler.wait(LoopWait(scheduler, thread, None, loop, is_timeout=False))
        return
    when = handle.when()
    deadline = clock.instant_of(when, now())
    if when > clock.read():
        scheduler.wait(LoopWait(scheduler, thread, deadline, loop, is_timeout=_is_timeout(handle)))
    if deadline is not None and now() >= deadline:
        clock.reach(when)


def _round(scheduler: Scheduler, thread: TestThread, loop: Any, clock: LoopTime, now: Callable[[], Micros]) -> None:
    """Wait before one of many rounds with something to do.

    Otherwise a loop that is never idle, as with `asyncio.sleep(0)`, would let no time pass.
    """

    def next_timer() -> Micros | None:
        handle = _next_timer(loop)
        return None if handle is None else clock.instant_of(handle.when(), now())

    wait = scheduler.zero_wait(thread, next_timer)
    if wait.lasts:
        step = LoopStep(scheduler, thread, wait.until, loop, is_timeout=False)
        step.rank = wait.rank
        scheduler.wait(step)


def _next_timer(loop: Any) -> Any:
    timers = loop._scheduled
    if timers and not timers[0].cancelled():
        return timers[0]
    return min((handle for handle in timers if not handle.cancelled()), default=None)


def _is_timeout(handle: Any) -> bool:
    name = str(getattr(handle._callback, "__qualname__", "")).lower()
    return any(word in name for word in _TIMEOUTS)


def abandon_task(task: asyncio.Future[Any]) -> None:
    """End a task whose coroutine swallows its cancellation: the task counts as cancelled, and the coroutine never runs again.

    A task that awaits it gets a `CancelledError`, and closing the loop does not wait for it.

    Private names, tried with Python 3.10 to 3.15: `_fut_waiter` of tasks, `_callbacks` of futures, `_ready` of loops and
    `_callback` of handles. Where one is missing, the loop still tries to run the task and logs an error, once.
    """
    import ctypes  # slow to import, and only needed here

    loop: Any = task.get_loop()
    waits_for: Any = getattr(task, "_fut_waiter", None)
    callbacks = [callback for callback, _ in getattr(waits_for, "_callbacks", None) or ()]
    for callback in [one for one in callbacks if getattr(one, "__self__", None) is task]:
        waits_for.remove_done_callback(callback)
    for handle in [one for one in getattr(loop, "_ready", ()) if getattr(one._callback, "__self__", None) is task]:
        handle.cancel()
    # `Task.cancel` would throw into the coroutine; `Future.cancel` does not.
    asyncio.Future.cancel(task)
    # Leak the task on purpose: destroying its coroutine would resume it outside any loop, where it may spin.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(task))


def restore_loop(before: Any, hooks: Any, on_ctrl_c: Any) -> None:
    """Restore the thread's loop after code was left behind in it.

    It uses what asyncio documents for authors of event loops, and `_leave_task`, tried with Python 3.10 to 3.15.

    Args:
        before: What `asyncio._get_running_loop` returned before the code was called.
        hooks: The same of `sys.get_asyncgen_hooks`.
        on_ctrl_c: The handler of SIGINT then; `asyncio.run` has its own.
    """
    loop = asyncio._get_running_loop()
    if loop is None or loop is before:
        return
    task = asyncio.current_task(loop)
    if task is not None:
        asyncio.tasks._leave_task(loop, task)
    asyncio._set_running_loop(before)
    sys.set_asyncgen_hooks(*hooks)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, on_ctrl_c)
