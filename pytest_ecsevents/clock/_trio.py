"""trio in threads of the test keeps virtual time, and with it anyio on trio.

When all its tasks wait, trio asks its clock how long it may sleep (`deadline_to_sleep_time`), and then waits for that
long for input and output (`get_events`). The clock is replaced by one that shows virtual time, and `get_events` waits in
the scheduler: until the next deadline in virtual time, or until a descriptor is ready. `trio.testing.MockClock` jumps at
the same place, but it knows neither due work nor other threads.

trio's interface for clocks, `trio.run(..., clock=...)`, is not enough: who calls `trio.run` is the handler or anyio, and
pytest's plugin of anyio starts its run before the test. So the methods of the default clock are replaced; a clock that
was passed keeps its own time. A guest run (`start_guest_run`, which anyio's plugin uses) calls `get_events` in a worker
thread of trio; those count as threads of the test for as long as they work for one.

While a task can run, trio asks `get_events` for what is there already, and waits for no time. Each such look counts as a wait of
no length (`_brief_waits`), as each round of an asyncio loop does: else a loop of `trio.sleep(0)` would let no time pass.

Private names, tried with trio 0.22 to 0.35: in `trio._core._run` the names `SystemClock` and its `offset`,
`TheIOManager` and its `_epoll` or `_kqueue` and `_registered`, `GLOBAL_RUN_CONTEXT.runner` with its `io_manager`, `init_task`,
`tasks`, `clock`, `is_guest` and `deadlines`; in `trio._core._thread_cache` the name `ThreadCache`; of tasks
`_cancel_status.effective_deadline`. Where one is missing, the start of a test that has trio loaded, or its run, fails with an
AttributeError. On Windows, whose completion ports cannot be watched from outside, trio keeps real time.
"""

from __future__ import annotations

import math
import select
from collections.abc import Callable, Iterator
from typing import Any, Final
from weakref import WeakKeyDictionary

from pytest_ecsevents._errors import EcsEventsError
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

    __slots__ = ("_is_timeout", "_manager", "_since")

    def __init__(
        self, scheduler: Scheduler, thread: TestThread, deadline: Micros | None, manager: Any, *, is_timeout: bool
    ) -> None:
        super().__init__(scheduler, thread, deadline)
        self._manager: Final = manager
        self._is_timeout: Final = is_timeout
        self._since: Final = real_now()

    def park(self, seconds: float | None) -> None:
        super().park(A_MOMENT if seconds is None else min(seconds, A_MOMENT))
        if self.has_work():
            self._scheduler.make_ready(self)

    def has_work(self) -> bool:
        is_own = self._scheduler.me() is self.thread
        return self._has_input() or (is_own and _tasks_can_run())

    def _has_input(self) -> bool:
        """Whether a descriptor has something to report. Several threads may ask at once, each with an object of its own."""
        poll = select.poll()
        # The descriptor of the poller itself: asking the poller would use up what it reports.
        poll.register(_poller(self._manager), select.POLLIN)
        return bool(poll.poll(0))

    def holds_for(self, target: Micros | None, now: float) -> float:
        # As in an asyncio loop, one descriptor always exists; other threads wake the run through it.
        if len(self._manager._registered) <= 1:
            return 0.0
        strikes = self._is_timeout and target == self.deadline
        return max(self._since + (TIMEOUT_GRACE if strikes else IO_GRACE) - now, 0.0)


class _RunStep(_RunWait):
    """A run of trio whose tasks can run, and that first waits for a step of time."""

    is_brief = True

    __slots__ = ()

    def has_work(self) -> bool:
        return self._has_input()


class _Failure:
    """Events that raise an error when trio looks at them, inside its loop, which closes the run then.

    Raised by `get_events` itself, it would leave the loop's generator to its destructor.
    """

    def __init__(self, error: BaseException, before: Callable[[], None] = lambda: None) -> None:
        self._error: Final = error
        self._before: Final = before

    def __iter__(self) -> Iterator[object]:
        self._before()
        raise self._error


class TrioRun:
    """What `run` needs to end a handler of trio.

    Args:
        runner: What trio keeps of the run. The innermost nursery of its first task holds the main task.
    """

    def __init__(self, runner: Any) -> None:
        self.runner: Final = runner
        self._asked: Callable[[], None] | None = None

    @property
    def is_over(self) -> bool:
        return not self.runner.tasks

    def call_soon(self, function: Callable[[], None]) -> None:
        self._asked = function

    def step(self) -> None:
        """Call what `call_soon` got; called between two steps of the run's tasks."""
        if self._asked is not None:
            asked, self._asked = self._asked, None
            asked()

    def cancel(self) -> None:
        self.runner.init_task.child_nurseries[-1].cancel_scope.cancel()

    def abandon(self) -> None:
        import ctypes  # slow to import, and only needed for a stuck handler

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.runner.init_task))

    def coroutines(self) -> list[Any]:
        nurseries = self.runner.init_task.child_nurseries[-1:]
        return [task.coro for nursery in nurseries for task in list(nursery.child_tasks)]


class _Waits:
    """The waits of runs of trio in threads of the test."""

    def __init__(self, scheduler: Scheduler, clock: LoopTime, now: Callable[[], Micros], run_module: Any) -> None:
        self._scheduler: Final = scheduler
        self._clock: Final = clock
        self._now: Final = now
        self._run: Final = run_module
        self._clock_class: Final = run_module.SystemClock
        # Of each run's manager of descriptors: its clock, and until when it may wait.
        self._deadlines: Final[WeakKeyDictionary[Any, tuple[Any, float]]] = WeakKeyDictionary()

    def replace(self, undo: Undo) -> None:
        scheduler, clock_class, manager_class = self._scheduler, self._clock_class, self._run.TheIOManager
        real_time, real_span = clock_class.current_time, clock_class.deadline_to_sleep_time
        real_events: Any = manager_class.get_events

        def current_time(system: Any) -> float:
            return float(real_time(system) if scheduler.me() is None else self._time_of(system))

        def deadline_to_sleep_time(system: Any, deadline: float) -> float:
            if scheduler.me() is None:
                return float(real_span(system, deadline))
            self._deadlines[self._run.GLOBAL_RUN_CONTEXT.runner.io_manager] = system, deadline
            return deadline - self._time_of(system)

        def get_events(manager: Any, timeout: float) -> Any:
            thread = scheduler.me()
            if thread is None:
                return real_events(manager, timeout)
            runner = getattr(self._run.GLOBAL_RUN_CONTEXT, "runner", None)  # not in the worker thread of a guest run
            try:
                is_virtual = self._wait(thread, runner, manager, timeout)
            except HandlerStop as stop:
                return _Failure(stop)
            except EcsEventsError as error:
                # trio reports it as an internal error of its own, unless it is one.
                error.__class__ = type(type(error).__name__, (type(error), self._run.TrioInternalError), {})
                return _Failure(error, lambda: TrioRun(self._run.GLOBAL_RUN_CONTEXT.runner).abandon())
            return real_events(manager, 0 if is_virtual else timeout)

        undo.replace(clock_class, "current_time", current_time)
        undo.replace(clock_class, "deadline_to_sleep_time", deadline_to_sleep_time)
        undo.replace(manager_class, "get_events", get_events)

    def _wait(self, thread: TestThread, runner: Any, manager: Any, timeout: float) -> bool:
        """Wait in virtual time, if the run keeps it. Returns whether it does."""
        if timeout > 0 and manager in self._deadlines:
            self._await_deadline(thread, runner, manager, timeout)
            return True
        if timeout <= 0 and runner is not None and type(runner.clock) is self._clock_class and not runner.is_guest:
            self._await_step(thread, runner, manager)
        return False

    def _await_deadline(self, thread: TestThread, runner: Any, manager: Any, timeout: float) -> None:
        system, deadline = self._deadlines[manager]
        # trio waits for a day at most, and for less if a task wants to be woken when all are idle.
        is_longest = timeout >= self._run._MAX_TIMEOUT
        when = deadline if is_longest else min(deadline, self._time_of(system) + timeout)
        at = self._instant_of(system, when)
        if runner is not None:
            _enter(thread, runner)
        wait = _RunWait(self._scheduler, thread, at, manager, is_timeout=_is_timeout(manager, when))
        self._scheduler.wait(wait)
        self._reach(system, when, at)

    def _await_step(self, thread: TestThread, runner: Any, manager: Any) -> None:
        _enter(thread, runner).step()
        system, deadline = runner.clock, runner.deadlines.next_deadline()
        wait = self._scheduler.zero_wait(thread, lambda: self._instant_of(system, deadline))
        if wait.lasts:
            step = _RunStep(self._scheduler, thread, wait.until, manager, is_timeout=False)
            step.rank = wait.rank
            at = self._instant_of(system, deadline)
            self._scheduler.wait(step)
            self._reach(system, deadline, at)

    def _time_of(self, system: Any) -> float:
        return float(system.offset + self._clock.read())

    def _instant_of(self, system: Any, when: float) -> Micros | None:
        return self._clock.instant_of(when - system.offset, self._now(), digits=1)

    def _reach(self, system: Any, when: float, at: Micros | None) -> None:
        """Let trio's clock show its deadline when the instant of it has come.

        Adding the offset again may give a little less, as floats are inexact. Then trio would look again and again.
        """
        if at is not None and self._now() >= at:
            self._clock.reach(when - system.offset + math.ulp(when))


def replace_trio(scheduler: Scheduler, clock: LoopTime, now: Callable[[], Micros], undo: Undo) -> None:
    """Make trio in threads of the test keep virtual time, until `undo` closes."""
    from trio._core import _run
    from trio._core._thread_cache import ThreadCache

    run_module: Any = _run
    if not hasattr(run_module.TheIOManager, "get_events"):  # pragma: no cover  # Windows
        return
    undo.replace(ThreadCache, "start_thread_soon", _start_thread_soon(scheduler, ThreadCache.start_thread_soon))
    _Waits(scheduler, clock, now, run_module).replace(undo)


def _enter(thread: TestThread, runner: Any) -> TrioRun:
    run = thread.other_run
    if not isinstance(run, TrioRun) or run.runner is not runner:
        run = thread.other_run = TrioRun(runner)
    return run


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
