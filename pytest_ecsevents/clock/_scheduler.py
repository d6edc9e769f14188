"""What each thread waits for: time moves when every thread of the test waits, to what comes first.

A thread of the test either runs or waits: for an instant, for another thread to wake it, or for whichever of the two
comes first. When none runs, one that waits drives: it lets the next due work happen, or moves the clock to the earliest
instant that a thread waits for and wakes that thread alone. So threads that sleep together wake one after the other, in
the order of their instants.

What holds of the lock, `_mutex`:

- Any thread of the test takes it, for a few steps, to change what is waited for. It is taken last: nobody who holds it
  takes another lock or calls anything of the author's. Only `move_to` is called under it, which sets the process's
  clock. The clock's own lock, which operations of the cloud hold, is taken before it or without it.
- A signal's handler may run between any two steps of the main thread, also while that thread holds the lock. It may
  wake a thread, start one, or wait itself. So the lock is reentrant, and a thread that waits lets go of it entirely,
  however often it has it (`_let_go_entirely`), and takes it back afterwards.
- So nothing is counted or kept sorted that can be found out anew: who runs, whose turn is next. A counter that a signal's
  handler changed between being read and being written would be wrong for the rest of the test.
- `activity` grows with each wait. Whoever decides under the lock that time may move compares it before and after: if it
  has grown, a signal's handler has waited meanwhile, and everything is looked at again.
- Lists and dictionaries are copied before they are looped over: a handler may change them.
- Nobody raises `HandlerStop` in a thread that holds the lock or is in a wait (`may_interrupt`, `holding_off`).
"""

import sys
import threading
from _thread import RLock, get_ident
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, Final, Protocol

from pytest_ecsevents.clock._stop import HandlerStop, Stop, TestIsOver
from pytest_ecsevents.clock._threads import EndedBy, TestThread, Wait, WatchedWait, real_now, real_sleep
from pytest_ecsevents.clock._times import LAST, Micros

A_MOMENT: Final = 0.001
"""Real seconds given, before time moves, to threads that wait for something real: another may just have woken them."""

LOOK_AGAIN: Final = 0.02
"""Real seconds after which a thread that waits looks again whether it is its turn to drive."""

END_WITHIN: Final = 2.0
"""Real seconds that threads have to end when their test has."""

_A_CENTURY: Final = 100 * 365 * 86_400
"""Seconds: a longer wait has no end, as for `threading.TIMEOUT_MAX`."""


def _is_interruptible(thread: TestThread | None) -> bool:
    return thread is None or thread.is_interruptible


class TimeDriver(Protocol):
    """What the scheduler needs of the clock, which is built on it."""

    def now(self) -> Micros: ...

    def due_from(self) -> Micros | None:
        """An instant before which no work is due, read without a lock; None if none is planned."""

    def run_one_due(self, until: Micros) -> bool:
        """Move to the next work that is due until an instant and run it; whether there was some."""

    def move_to(self, at: Micros) -> None:
        """Move, though nothing is due."""


class Scheduler:
    """The threads of one test, and when time moves."""

    def __init__(self, clock: TimeDriver) -> None:
        self._clock: Final = clock
        mutex: Any = RLock()
        self._mutex: Final = mutex
        # What `threading.Condition` takes from such a lock, under these names with Python 3.10 to 3.15: whether the
        # calling thread has it, how to let go of it however often that is, and how to take it back so.
        self._is_mine: Final[Callable[[], bool]] = mutex._is_owned  # noqa: SLF001  # see above
        self._let_go_entirely: Final[Callable[[], object]] = mutex._release_save  # noqa: SLF001  # see above
        self._take_back: Final[Callable[[object], None]] = mutex._acquire_restore  # noqa: SLF001  # see above
        self._everybody: dict[TestThread, None] = {}
        self._by_ident: dict[int, TestThread] = {}
        self._by_thread: dict[threading.Thread, TestThread] = {}
        self._watched: dict[WatchedWait, None] = {}
        self._numbers: Final = count(1)
        self._driver: TestThread | None = None
        self._gave_a_moment = False
        self.is_over = False
        self.stop: Stop | None = None
        self.awaits_server: Callable[[], bool] = lambda: False
        """Whether something real is on its way that time must not overtake: asked before it moves."""
        self.activity = 0
        """Grows whenever a thread of the test begins to wait."""
        self.slept: Callable[[Micros, Micros], None] = lambda _start, _end: None
        """Told of every sleep: its start and end."""
        self.starting: Callable[[threading.Thread], None] = lambda _thread: None
        """Told of every thread of the test before it starts, in the thread that starts it."""

    # -- who belongs to the test

    def enrol(self, started: threading.Thread | None = None) -> TestThread:
        """Count a thread as running: the calling one, or one that is about to be started."""
        thread = TestThread(next(self._numbers), started)
        with self._mutex:
            self._everybody[thread] = None
            if started is not None:
                self._by_thread[started] = thread
        if started is None:
            self.begin(thread)
        else:
            self.starting(started)
        return thread

    def begin(self, thread: TestThread) -> None:
        """Note that an enrolled thread runs; called by itself."""
        with self._mutex:
            self._by_ident[thread.begin()] = thread

    def end(self, thread: TestThread) -> None:
        """Note that an enrolled thread has ended, or was not started after all."""
        with self._mutex:
            thread.has_ended = True
            del self._everybody[thread]
            if thread.ident is not None:
                del self._by_ident[thread.ident]
            if thread.started is not None:
                del self._by_thread[thread.started]
            for wait in thread.joined_by:
                self.make_ready(wait)
            first = next((one.wait for one in list(self._everybody)), None)
            if first is not None and not self._runners():  # it may be its turn to drive
                first.is_to_look = True
                first.unpark()

    def me(self) -> TestThread | None:
        return self._by_ident.get(get_ident())

    def find(self, started: threading.Thread) -> TestThread | None:
        """A thread that the test started and that has not ended."""
        return self._by_thread.get(started)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Have the calling thread wait in earnest meanwhile; time does not move by itself, for it counts as running."""
        with self._mutex:
            thread = self._by_ident.pop(get_ident(), None)
        try:
            yield
        finally:
            if thread is not None:
                with self._mutex:
                    self._by_ident[get_ident()] = thread

    @contextmanager
    def visited(self) -> Iterator[TestThread]:
        """Count the calling thread, which the test has not started, among its threads meanwhile."""
        thread = self.enrol()
        try:
            yield thread
        finally:
            self.end(thread)

    def dismiss(self, thread: TestThread) -> None:
        """End the waits of a thread: it leaves by `TestIsOver`."""
        with self._mutex:
            for wait in thread.waits:
                self.make_ready(wait, EndedBy.TEST)

    def close(self) -> list[str]:
        """End the threads of the test: those that wait for an instant leave by `TestIsOver`, at once or at their next wait.

        Threads that wait for others only, as those of an idle pool do, wait on in earnest.

        Returns:
            The names of those that neither ended nor wait.
        """
        with self._mutex:
            self.is_over = True
            for wait in self._sleepers():
                self.make_ready(wait, EndedBy.TEST)
        until = real_now() + END_WITHIN
        while True:
            with self._mutex:
                left = [started.name for started, thread in list(self._by_thread.items()) if thread.runs]
            if not left or real_now() >= until:
                return left
            real_sleep(A_MOMENT)

    # -- waiting

    def deadline_after(self, seconds: float) -> Micros | None:
        """The instant that many seconds from now, rounded up to whole microseconds; None for one that never comes."""
        if seconds >= _A_CENTURY:
            return None
        at = self._clock.now() + -(-int(seconds * 1_000_000_000) // 1_000)
        return at if at <= LAST else None

    def sleep(self, thread: TestThread, seconds: float) -> None:
        self.check_stop(thread)
        before = self._clock.now()
        target = self.deadline_after(seconds)
        if target is None or not self._passes_alone(target):
            self.wait(Wait(self, thread, target))
        self.slept(before, self._clock.now())

    def advance_to(self, thread: TestThread, target: Micros) -> None:
        """Have the calling thread wait for an instant until every other that waits for it has had its turn."""
        if not self._passes_alone(target):
            self.wait(Wait(self, thread, target, rank=sys.maxsize))

    def _passes_alone(self, target: Micros) -> bool:
        """Move to `target` while the calling thread is the only one and nothing is to stop it; whether that was so."""
        self.activity += 1
        clock = self._clock
        while len(self._everybody) == 1 and (self.stop is None or self.stop.is_after(target)) and not self.is_over:
            if not clock.run_one_due(target):
                if clock.now() < target:
                    clock.move_to(target)
                return True
        return False

    def wait(self, wait: Wait) -> bool:
        """Have the calling thread wait; whether it was woken before its deadline.

        Raises:
            HandlerStop: `run` ends the handler that the thread runs.
            TestIsOver: The test has ended.
        """
        self.check_stop(wait.thread)
        own_deadline = wait.deadline
        stop = self._stop_of(wait)
        interrupted: object = None
        try:
            # A handler of signals may wait that has interrupted who has the lock.
            interrupted = self._let_go_entirely() if self._is_mine() else None
            self.activity += 1
            with self._mutex:
                wait.thread.waits.append(wait)
                if self.is_over and wait.deadline is not None:
                    self.make_ready(wait, EndedBy.TEST)
            while not wait.is_ready:
                self._drive_or_park(wait)
        finally:
            with self._mutex:
                self.make_ready(wait, EndedBy.ERROR)
                with suppress(ValueError):  # it was not entered
                    wait.thread.waits.remove(wait)
            if interrupted is not None:
                self._take_back(interrupted)
        if wait.ended_by is EndedBy.TEST:
            raise TestIsOver
        is_late = wait.ended_by is EndedBy.DEADLINE
        if stop is not None and (wait.ended_by is EndedBy.RUN or (is_late and wait.deadline != own_deadline)):
            stop.tell(self._clock.now(), in_loop=wait.is_of_loop)
        return not is_late

    def watch(self, wait: WatchedWait) -> bool:
        """`wait` for what may be woken by more than other threads: it is asked before time moves."""
        self._watched[wait] = None
        try:
            return self.wait(wait)
        finally:
            del self._watched[wait]

    def wait_for_end(self, wait: Wait, other: TestThread) -> bool:
        """Have the calling thread wait until another one has ended; whether it has."""
        other.joined_by.append(wait)
        return other.has_ended or self.wait(wait)

    def make_ready(self, wait: Wait, why: EndedBy = EndedBy.WAKING) -> bool:
        """End a wait. Returns False if it had ended before."""
        with self._mutex:
            if wait.ended_by is not None:
                return False
            wait.ended_by = why
            wait.unpark()
            return True

    def _stop_of(self, wait: Wait) -> Stop | None:
        """What may stop this wait. One that is due is told at once; one at a later instant brings the deadline forward."""
        stop = self.stop
        if stop is None or stop.thread is not wait.thread:
            return None
        if stop.is_due(self._clock.now()):
            stop.tell(self._clock.now(), in_loop=wait.is_of_loop)
        elif not stop.times and (wait.deadline is None or wait.deadline > stop.at):
            wait.deadline, wait.rank = stop.at, sys.maxsize
        return stop

    def _runners(self) -> list[TestThread]:
        return [thread for thread in list(self._everybody) if thread.runs]

    def _sleepers(self) -> list[Wait]:
        waits = [wait for thread in list(self._everybody) for wait in thread.waits]
        return [wait for wait in waits if wait.deadline is not None and wait.ended_by is None]

    # -- driving

    def _drive_or_park(self, wait: Wait) -> None:
        drives = False
        try:
            with self._mutex:
                seen = self.activity
                before, hold = self._driver, self._hold(wait)
                # Else somebody has waited in a handler of signals meanwhile, and all may be different.
                drives = hold == 0 and self.activity == seen
                if drives:
                    self._driver = wait.thread
            if drives:
                self._drive(wait)
            elif hold != 0:
                wait.park(hold)
                wait.is_to_look = False
        finally:
            if drives:
                self._driver, self._gave_a_moment = before, False

    def _hold(self, wait: Wait) -> float | None:
        """Real seconds to park for; none, when it is for the caller to drive; None to wait in earnest."""
        now = real_now()
        if self.is_over:
            return None
        if self._another_drives(wait.thread) or not self._nobody_runs(now):
            return LOOK_AGAIN
        for other in [one for one in list(self._watched) if not one.is_ready and one.has_work()]:
            self.make_ready(other)
        if wait.is_ready or self.awaits_server() or not self._nobody_runs(now):
            return A_MOMENT
        if not self._gave_a_moment and self._runners():
            self._gave_a_moment = True
            return A_MOMENT
        due, sleeper = self._clock.due_from(), self._next_sleeper()
        deadline = sleeper.deadline if sleeper is not None else None
        target = min((at for at in (due, deadline) if at is not None), default=None)
        if target is None:
            return LOOK_AGAIN
        return max((other.holds_for(target, now) for other in list(self._watched)), default=0.0)

    def _another_drives(self, thread: TestThread) -> bool:
        """Whether another thread moves time; if it waits meanwhile, as in a receiver that sleeps, it is to look again."""
        driver = self._driver
        if driver is None or driver is thread:
            return False
        for wait in driver.waits[-1:]:
            wait.unpark()
        return True

    def _nobody_runs(self, now: float) -> bool:
        """Whether no thread runs, but for those that wait for something real."""
        are_stuck = [thread.is_stuck(now) for thread in self._runners()]  # each takes note of what it sees
        return all(are_stuck)

    def other_sleepers(self) -> list[Wait]:
        """The waits of other threads than the calling one that end by themselves."""
        me = self.me()
        return [wait for wait in self._sleepers() if wait.thread is not me]

    def _next_sleeper(self) -> Wait | None:
        return min(
            self._sleepers(),
            key=lambda wait: (LAST if wait.deadline is None else wait.deadline, wait.rank),
            default=None,
        )

    def _drive(self, wait: Wait) -> None:
        """Let what comes next happen: work that is due, or else one sleeper's waking."""
        with self._mutex:
            seen = self.activity
            due, sleeper = self._clock.due_from(), self._next_sleeper()
            deadline = LAST if sleeper is None or sleeper.deadline is None else sleeper.deadline
            bound = max(deadline, self._clock.now())
            works = due is not None and due <= bound
            if self.activity != seen:  # as above
                return
            if sleeper is not None and not works:
                if bound > self._clock.now():
                    self._clock.move_to(bound)
                self.make_ready(sleeper, EndedBy.DEADLINE)
        stop = self.stop
        # It counts as running meanwhile: what happens may be anything, another wait included.
        wait.is_driving = True
        try:
            if works:
                self._clock.run_one_due(bound)
            is_met = stop is not None and stop.is_met()
        finally:
            wait.is_driving = False
        if stop is not None and is_met:
            self.end_wait(stop)

    def end_wait(self, stop: Stop) -> bool:
        """Have a handler end that waits, which it does then; one that runs is told at its next wait."""
        with self._mutex:
            wait = stop.thread.wait
            return wait is not None and not stop.thread.runs and self.make_ready(wait, EndedBy.RUN)

    def fail_run(self, error: BaseException) -> None:
        """End the handler that `run` runs with an error, also if it catches it; does nothing if none runs.

        Raises:
            HandlerStop: The calling thread is the handler's.
            CancelledError: The same, and the handler is a coroutine.
        """
        stop = self.stop
        if stop is None:
            return
        stop.error = error
        if self.me() is stop.thread:
            stop.tell(self._clock.now())
        self.end_wait(stop)

    def check_stop(self, thread: TestThread) -> None:
        """End a handler that waits though it catches everything, before its wait takes a further step.

        Raises:
            HandlerStop: It is one.
        """
        stop = self.stop
        if stop is not None and stop.ends_waits_at_once and stop.thread is thread:
            raise HandlerStop

    def check_call(self) -> None:
        """End a handler that calls the cloud though it was told to end, and has used up what it had to clean up.

        Raises:
            HandlerStop: The calling thread is the handler's.
            CancelledError: The same, and the handler is a coroutine.
        """
        stop = self.stop
        if stop is not None and stop.times and stop.thread is self.me() and stop.is_due(self._clock.now()):
            stop.tell(self._clock.now())

    # -- interrupting

    def may_interrupt(self) -> bool:
        """Whether an error may be raised in the calling thread, wherever a handler of signals has interrupted it.

        It may not where the thread holds the lock, nor where it waits: what it is in the midst of would stay half done.
        """
        return not self._is_mine() and _is_interruptible(self.me())

    @contextmanager
    def holding_off(self, ident: int) -> Iterator[bool]:
        """Keep other threads from taking the lock; whether one of them may be interrupted."""
        with self._mutex:
            yield _is_interruptible(self._by_ident.get(ident))
