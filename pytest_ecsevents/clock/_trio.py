"""trio in threads of the test keeps virtual time, and with it anyio on trio.

When all its tasks wait, trio asks its clock how long it may sleep (`deadline_to_sleep_time`), and then waits for that
long for input and output (`get_events`). The clock is replaced by one that shows virtual time, and `get_events` waits in
the scheduler: until the next deadline in virtual time, or until a descriptor is ready. `trio.testing.MockClock` jumps at
the same place, but it knows neither due work nor other threads.

trio's interface for clocks, `trio.run(..., clock=...)`, is not enough: who calls `trio.run` is the handler or anyio, and
pytest's plugin of anyio starts its run before the test. So the methods of the default clock are replaced; a clock that
was passed keeps its own time. A guest run (`start_guest_run`, which anyio's plugin uses) calls `get_events` in a worker
thread of trio; those count as threads of the test for as long as they work for one.

Private names, tried with trio 0.22 to 0.35: in `trio._core._run` the names `SystemClock` and its `offset`,
`TheIOManager` and its `_epoll` or `_kqueue` and `_registered`, `GLOBAL_RUN_CONTEXT.runner` with its `io_manager` and `init_task`; in
`trio._core._thread_cache` the name `ThreadCache`; of tasks `_cancel_status.effective_deadline`. Where one is missing,
the start of a test that has trio loaded fails with an AttributeError. On Windows, whose completion ports cannot be
watched from outside, trio keeps real time.
"""

import math
import select
from collections.abc import Callable, Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from pytest_ecsevents._frames import place_of_coroutines
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._asyncio import IO_GRACE, TIMEOUT_GRACE, LoopTime
from pytest_ecsevents.clock._scheduler import A_MOMENT, Scheduler
from pytest_ecsevents.clock._stop import HandlerStop
from pytest_ecsevents.clock._threads import TestThread, WatchedWait, real_now
from pytest_ecsevents.clock._times import Micros


class _RunWait(WatchedWait):
    """A run of trio in which all tasks wait.

    Args:
        deadline: When its next cancel scope ends; None if none does.
        manager: What watches its descriptors.
        is_timeout: Whether that scope waits for a descriptor.
    """

    is_of_loop = True

    __slots__ = ("_is_timeout", "_manager", "_poll", "_since")

    def __init__(
        self, scheduler: Scheduler, thread: TestThread, deadline: Micros | None, manager: Any, *, is_timeout: bool
    ) -> None:
        super().__init__(scheduler, thread, deadline)
        self._manager: Final = manager
        self._is_timeout: Final = is_timeout
        self._since: Final = real_now()
        # The descriptor of the poller itself: asking the poller would use up what it reports.
        self._poll: Final = select.poll()
        self._poll.register(_poller(manager), select.POLLIN)

    def park(self, seconds: float | None) -> None:
        super().park(A_MOMENT if seconds is None else min(seconds, A_MOMENT))
        if self.has_work():
            self._scheduler.make_ready(self)

    def has_work(self) -> bool:
        is_own = self._scheduler.me() is self.thread
        return bool(self._poll.poll(0)) or (is_own and _tasks_can_run())

    def holds_for(self, target: Micros | None, now: float) -> float:
        # As in an asyncio loop, one descriptor always exists; other threads wake the run through it.
        if len(self._manager._registered) <= 1:
            return 0.0
        strikes = self._is_timeout and target == self.deadline
        return max(self._since + (TIMEOUT_GRACE if strikes else IO_GRACE) - now, 0.0)


class _Failure:
    """Events that raise an error when trio looks at them, inside its loop, which closes the run then.

    Raised by `get_events` itself, it would leave the loop's generator to its destructor.
    """

    def __init__(self, error: BaseException) -> None:
        self._error: Final = error

    def __iter__(self) -> Iterator[object]:
        raise self._error


class TrioRun:
    """What `run` needs to end a handler of trio.

    Args:
        root: The run's first task. The innermost of its nurseries holds the main task.
    """

    def __init__(self, root: Any) -> None:
        self._root: Final = root

    def cancel(self) -> None:
        self._root.child_nurseries[-1].cancel_scope.cancel()

    def abandon(self) -> None:
        import ctypes  # slow to import, and only needed for a stuck handler

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._root))

    def place(self) -> str:
        return place_of_coroutines(task.coro for task in list(self._root.child_nurseries[-1].child_tasks))


def replace_trio(scheduler: Scheduler, clock: LoopTime, now: Callable[[], Micros], undo: Undo) -> None:
    """Make trio in threads of the test keep virtual time, until `undo` closes."""
    from trio._core import _run as run_module
    from trio._core._thread_cache import ThreadCache

    _run: Any = run_module
    system_clock, manager_class = _run.SystemClock, _run.TheIOManager
    real_time, real_span = system_clock.current_time, system_clock.deadline_to_sleep_time
    if not hasattr(manager_class, "get_events"):  # pragma: no cover  # Windows
        return
    real_events: Any = manager_class.get_events
    deadlines: WeakKeyDictionary[Any, tuple[Any, float]] = WeakKeyDictionary()

    def current_time(system: Any) -> float:
        return float(real_time(system) if scheduler.me() is None else system.offset + clock.read())

    def deadline_to_sleep_time(system: Any, deadline: float) -> float:
        if scheduler.me() is None:
            return float(real_span(system, deadline))
        deadlines[_run.GLOBAL_RUN_CONTEXT.runner.io_manager] = system, deadline
        return deadline - current_time(system)

    def get_events(manager: Any, timeout: float) -> Any:
        thread = scheduler.me()
        if thread is None or timeout <= 0 or manager not in deadlines:
            return real_events(manager, timeout)
        system, deadline = deadlines[manager]
        # trio waits for a day at most, and for less if a task wants to be woken when all are idle.
        when = deadline if timeout >= _run._MAX_TIMEOUT else min(deadline, current_time(system) + timeout)
        at = None if math.isinf(when) else now() + clock.micros_until(when - system.offset, digits=1)
        runner = getattr(_run.GLOBAL_RUN_CONTEXT, "runner", None)  # not in the worker thread of a guest run
        thread.other_run = None if runner is None else TrioRun(runner.init_task)
        try:
            scheduler.wait(_RunWait(scheduler, thread, at, manager, is_timeout=_is_timeout(manager, when)))
        except HandlerStop as stop:
            return _Failure(stop)
        finally:
            thread.other_run = None
        if at is not None and now() >= at:
            clock.reach(when - system.offset)
        return real_events(manager, 0)

    undo.replace(ThreadCache, "start_thread_soon", _start_thread_soon(scheduler, ThreadCache.start_thread_soon))
    undo.replace(system_clock, "current_time", current_time)
    undo.replace(system_clock, "deadline_to_sleep_time", deadline_to_sleep_time)
    undo.replace(manager_class, "get_events", get_events)


def _start_thread_soon(scheduler: Scheduler, real: Callable[..., None]) -> Callable[..., None]:
    """Count a worker thread among those of the test while it works for one; idle ones are kept for later tests."""

    def start_thread_soon(cache: Any, work: Callable[[], object], deliver: Callable[[Any], object], *name: Any) -> None:
        if scheduler.me() is None:
            real(cache, work, deliver, *name)
            return
        thread = scheduler.expect()

        def work_for_test() -> object:
            scheduler.begin(thread)
            return work()

        def deliver_for_test(outcome: Any) -> None:
            try:
                deliver(outcome)
            finally:
                scheduler.end(thread)

        with scheduler.aside():
            real(cache, work_for_test, deliver_for_test, *name)

    return start_thread_soon


def _poller(manager: Any) -> Any:
    return getattr(manager, "_epoll", None) or manager._kqueue


def _is_timeout(manager: Any, when: float) -> bool:
    """Whether a task that waits for a descriptor waits until that instant."""
    for waiters in manager._registered.values():
        for task in (getattr(waiters, "read_task", waiters), getattr(waiters, "write_task", None)):
            status = getattr(task, "_cancel_status", None)
            if status is not None and status.effective_deadline() <= when:
                return True
    return False


def _tasks_can_run() -> bool:
    import trio

    try:
        return trio.lowlevel.current_statistics().tasks_runnable > 0
    except RuntimeError:  # the worker thread of a guest run
        return False
