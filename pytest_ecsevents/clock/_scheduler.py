"""Schedules the threads of a test: when all of them wait, time moves to what comes first.

A thread of the test either runs or waits: for an instant, for another thread to wake it, or for both. When no thread
runs, one of those that wait drives: it runs the next due work, or moves the clock to the earliest deadline and wakes that
thread alone. So threads that sleep together wake one after the other, in the order of their deadlines.

Invariants of the lock, `_mutex`:

- Any thread of the test takes it, for a few steps, to change what is waited for. It is taken last: code that holds it
  takes no other lock and calls no function of the user's. The clock's own lock is taken before it or without it.
- A signal handler may run between any two steps of the main thread, also while that thread holds the lock. It may wake a
  thread, start one, or wait. So the lock is reentrant. A thread that waits releases every level of it
  (`_let_go_entirely`) and takes them back afterwards.
- So the scheduler keeps no counter and no sorted list of who runs or who is next: it computes them from the waits. A
  counter that a signal handler changed between its read and its write would stay wrong.
- `activity` grows with each wait. Code that decides under the lock that time may move decides again if it has grown
  meanwhile: a signal handler has waited.
- Lists and dictionaries are copied before a loop over them: a signal handler may change them.
- `HandlerStop` is never raised in a thread that holds the lock or is in a wait (`may_interrupt`, `holding_off`).
"""

from __future__ import annotations

import sys
import threading
from _thread import RLock, get_ident
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from typing import Any, Final, Protocol

from pytest_ecsevents._errors import StuckHandlerError
from pytest_ecsevents._frames import author_frame, frames_of_threads, place_of, place_of_thread
from pytest_ecsevents.clock._brief_waits import BRIEF, Pace, ZeroWait, ZeroWaits
from pytest_ecsevents.clock._outside_work import OutsideWork
from pytest_ecsevents.clock._references import CHECK_EVERY, Spin
from pytest_ecsevents.clock._stand_ins import real_sleep
from pytest_ecsevents.clock._stop import Stop, TestIsOver, cut_off
from pytest_ecsevents.clock._threads import EndedBy, TestThread, Wait, WatchedWait, leave_work, real_now
from pytest_ecsevents.clock._times import A_CENTURY, LAST, Micros, before_end

A_MOMENT: Final = 0.001
"""Real seconds that threads which wait for something real get before time moves: another may just have woken them."""

LOOK_AGAIN: Final = 0.02
"""Real seconds after which a thread that waits checks again whether it should drive."""

END_WITHIN: Final = 2.0
"""Real seconds that threads have to end after their test has ended."""

SHORTEST: Final = 1e-9
"""Seconds: a shorter wait has no length. A deadline minus now may be that much too long, as a float."""


class TimeDriver(Protocol):
    """The part of the clock that the scheduler needs; the clock imports this module."""

    def now(self) -> Micros: ...

    def due_from(self) -> Micros | None:
        """An instant before which no work is due, read without a lock; None if no work is planned."""

    def run_one_due(self, until: Micros, *, serves: bool = False) -> bool:
        """Move to the next work due at `until` or before and run it. Returns whether there was some."""

    def run_left(self) -> None:
        """Run what other threads left to the calling one."""

    def move_to(self, at: Micros) -> None:
        """Move forward without running any work. A later clock stays."""


class Scheduler:
    """The threads of one test, and when time moves."""

    def __init__(self, clock: TimeDriver) -> None:
        self._clock: Final = clock
        mutex: Any = RLock()
        self._mutex: Final = mutex
        # `threading.Condition` uses the same three methods of an RLock, tried with Python 3.10 to 3.15: they check
        # whether the calling thread holds it, release all levels, and take them back.
        methods = mutex._is_owned, mutex._release_save, mutex._acquire_restore  # noqa: SLF001  # see above
        self._is_mine: Final[Callable[[], bool]] = methods[0]
        self._let_go_entirely: Final[Callable[[], object]] = methods[1]
        self._take_back: Final[Callable[[object], None]] = methods[2]
        self._everybody: dict[TestThread, None] = {}
        self._by_ident: dict[int, TestThread] = {}
        self._by_thread: dict[threading.Thread, TestThread] = {}
        self._watched: dict[WatchedWait, None] = {}
        self._numbers: Final = count(1)
        self._drivers: Final[list[TestThread]] = []
        self.outside: Final = OutsideWork()
        self._gave_a_moment = False
        self.is_over = False
        self.stop: Stop | None = None
        self.awaits_server: Callable[[], bool] = lambda: False
        """Whether the server is about to answer a real client; checked before time moves."""
        self.settle_server: Callable[[bool], None] = lambda _is_cut: None
        """Waits in real time until the server has answered or held what was sent to it."""
        self.pace: Final = Pace(clock.now())
        self._spin: Final = Spin()
        self._zero_waits: Final[dict[TestThread, ZeroWaits]] = defaultdict(ZeroWaits)
        self.ending: Final[set[int]] = set()
        """Idents of threads whose next wait raises `HandlerStop`."""
        self.cut: Callable[[], None] = cut_off
        """Ends the function in which the calling thread waits, because a guard has ended the wait."""
        self.is_guarded: Callable[[int], bool] = lambda _ident: False
        """Whether a thread, by ident, is in a function that is ended if it hangs."""
        # The activity since which nothing can happen any more, and since when.
        self._hopeless: tuple[int, float] = (-1, 0.0)
        self.activity = 0
        """Grows whenever a thread of the test begins to wait."""
        self.slept: Callable[[Micros, Micros], None] = lambda _start, _end: None
        """Called after every sleep, with its start and end."""
        self.starting: Callable[[threading.Thread], None] = lambda _thread: None
        """Called before each thread of the test starts, in the thread that starts it."""

    # -- threads of the test

    def enrol(self, started: threading.Thread | None = None) -> TestThread:
        """Add a thread to the test and count it as running: the calling thread, or one about to be started."""
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

    def expect(self, waits_for_turn: Callable[[], bool] = lambda: False) -> TestThread:
        """Count the work that is handed to a thread from before as running, until that thread calls `begin` and `end`.

        Args:
            waits_for_turn: Whether no thread is free for it yet.
        """
        with self._mutex:
            thread = TestThread(next(self._numbers), None, waits_for_turn)
            self._everybody[thread] = None
        return thread

    def knows(self, ident: int) -> bool:
        return ident in self._by_ident

    def take_in(self, ident: int) -> None:
        """Count a thread from before the test as running, which waits now; when the test ends, it goes on in real time."""
        with self._mutex:
            if ident not in self._by_ident and not self.is_over:
                started = next((one for one in threading.enumerate() if one.ident == ident), None)
                thread = TestThread(next(self._numbers), started)
                thread.is_older = True
                self._by_ident[thread.begin(ident, getattr(started, "native_id", None))] = thread
                self._everybody[thread] = None
                if started is not None:
                    self._by_thread[started] = thread

    def begin(self, thread: TestThread) -> None:
        """Note that an enrolled thread runs, called in that thread."""
        with self._mutex:
            before = self._by_ident.get(get_ident())
            if before is not None and before.is_older:  # it has ended, and its ident was reused
                self.end(before)
            self._by_ident[thread.begin()] = thread

    def end(self, thread: TestThread) -> None:
        """Remove a thread that has ended, or that could not be started."""
        with self._mutex:
            thread.has_ended = True
            self._everybody.pop(thread, None)
            self._zero_waits.pop(thread, None)
            if thread.ident is not None and self._by_ident.get(thread.ident) is thread:
                del self._by_ident[thread.ident]
            if thread.started is not None and self._by_thread.get(thread.started) is thread:
                del self._by_thread[thread.started]
            for wait in thread.joined_by:
                self.make_ready(wait)
            first = next((one.wait for one in list(self._everybody)), None)
            if first is not None and not self._runners():  # it can be its turn to drive
                first.look()

    def me(self) -> TestThread | None:
        return self._by_ident.get(get_ident())

    def find(self, started: threading.Thread) -> TestThread | None:
        """The test's thread for a `threading.Thread`; None if the test did not start it or it has ended."""
        return self._by_thread.get(started)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let the calling thread wait in real time. It counts as running, so no other wait moves the clock."""
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
        """Add the calling thread to the test meanwhile, although the test did not start it."""
        thread = self.enrol()
        try:
            yield thread
        finally:
            self.end(thread)

    def dismiss(self, thread: TestThread) -> None:
        """End the waits of a thread; they raise `TestIsOver`."""
        with self._mutex:
            for wait in thread.waits:
                self.make_ready(wait, EndedBy.TEST)

    def close(self) -> list[str]:
        """End the threads of the test: waits with a deadline raise `TestIsOver`, now and from now on.

        Threads that only wait for other threads, as those of an idle pool do, go on waiting in real time.

        Returns:
            The names and places of threads that neither end nor wait.
        """
        with self._mutex:
            self.is_over = True
            for wait in self._sleepers():
                self.make_ready(wait, EndedBy.TEST)
            for thread in [one for one in list(self._everybody) if one.is_older]:
                self.end(thread)
        until = real_now() + END_WITHIN
        while True:
            with self._mutex:
                runners = [(started.name, one) for started, one in list(self._by_thread.items()) if one.runs]
                left = [(name, one.ident or 0) for name, one in runners if not self.outside.is_idle_in_pool(one)]
            if not left or real_now() >= until:
                return [f"{name!r} at {place_of_thread(ident)}" for name, ident in left]
            real_sleep(A_MOMENT)

    # -- waiting

    def deadline_after(self, seconds: float, now: Micros | None = None) -> Micros | None:
        """The instant `seconds` from now, rounded up to whole microseconds; None if that is a century or more."""
        if seconds >= A_CENTURY:
            return None
        since = self._clock.now() if now is None else now
        return before_end(since + -(-int(seconds * 1_000_000_000) // 1_000), since)

    def sleep(self, thread: TestThread, seconds: float) -> None:
        before = self._clock.now()
        target = self.deadline_after(seconds, before)
        if target is None or target > before:
            self._note_wait(before, target)
            if target is None or not self._passes_alone(target):
                self.wait(Wait(self, thread, target))
        else:
            wait, stop = self.zero_wait(thread), self.stop
            if wait.lasts or self.is_over or (stop is not None and not stop.is_after(before)):
                if not self._passes_alone(wait.until):
                    self.wait(wait)
            else:
                while self._clock.run_one_due(before):
                    pass
        self.slept(before, self._clock.now())

    def advance_to(self, thread: TestThread, target: Micros, now: Micros) -> None:
        """Let the calling thread wait until `target`, and wake after all others that wait until then."""
        self._note_wait(now, target)
        if not self._passes_alone(target):
            self.wait(Wait(self, thread, target, rank=sys.maxsize))

    def zero_wait(self, thread: TestThread, next_timer: Callable[[], Micros | None] = lambda: None) -> ZeroWait:
        """Count and return a wait of no length. Most end at once, but one in many lasts.

        Args:
            thread: The calling thread.
            next_timer: When the next timer of its event loop is due, or None.

        Raises:
            StandingClockError: The test waits for no time again and again.
        """
        now = self._clock.now()
        waits = self._zero_waits[thread]
        self.pace.note_brief(now)
        if waits.is_used_up and self.stop is None:
            self.pace.check(now)

        def next_wakes_at() -> Micros | None:
            others = [wait.deadline for wait in self.other_sleepers() if not wait.is_brief]
            return min((at for at in (next_timer(), *others) if at is not None), default=None)

        return ZeroWait(self, thread, waits.end_of(now, next_wakes_at), since=now)

    def pause(self, thread: TestThread) -> None:
        """Let the calling thread wait for no time."""
        wait = self.zero_wait(thread)
        if wait.lasts:
            self.wait(wait)

    def _note_wait(self, now: Micros, deadline: Micros | None) -> None:
        if self.ending and get_ident() in self.ending:
            self.cut()
        pace = self.pace
        is_brief = deadline is not None and deadline < now + BRIEF
        if is_brief:
            pace.note_brief(now)
        else:
            pace.signs_of_life, pace.brief = pace.signs_of_life + 1, 0
        if not pace.signs_of_life % CHECK_EVERY:
            error = self._spin.check(pace)
            if error is not None:
                self.fail_run(error)
                raise error
        if is_brief and self.stop is None:  # otherwise `run` watches
            pace.check(now)

    def _passes_alone(self, target: Micros) -> bool:
        """Move to `target` if the calling thread is the only one and nothing may stop it. Returns whether it has."""
        self.activity += 1
        clock = self._clock
        while len(self._everybody) == 1 and (self.stop is None or self.stop.is_after(target)) and not self.is_over:
            if not clock.run_one_due(target):
                clock.move_to(target)
                return True
        return False

    def wait(self, wait: Wait) -> bool:
        """Let the calling thread wait. Returns whether it was woken before its deadline.

        Raises:
            HandlerStop: `run` ends the handler that the thread runs.
            TestIsOver: The test has ended.
        """
        if not wait.is_brief:
            self._note_wait(self._clock.now(), wait.deadline)
        own_deadline = wait.deadline
        stop = self._stop_of(wait)
        interrupted: object = None
        try:
            if isinstance(wait, WatchedWait):
                self._watched[wait] = None
            # A signal handler that interrupted this thread inside the lock may wait.
            interrupted = self._let_go_entirely() if self._is_mine() else None
            self.activity += 1
            wait.thread.phase += 1
            with self._mutex:
                wait.thread.waits.append(wait)
                if self.is_over and wait.deadline is not None:
                    self.make_ready(wait, EndedBy.TEST)
            while not wait.is_ready:
                self._drive_or_park(wait)
        finally:
            wait.thread.phase += 1
            with self._mutex:
                self.make_ready(wait, EndedBy.ERROR)
                with suppress(ValueError):  # an error came before it was added
                    wait.thread.waits.remove(wait)
                if isinstance(wait, WatchedWait):
                    self._watched.pop(wait, None)
            if interrupted is not None:
                self._take_back(interrupted)
        is_cut = wait.ended_by is EndedBy.DEADLINE and wait.deadline != own_deadline
        return self._outcome(wait, stop if is_cut or wait.ended_by is EndedBy.RUN else None)

    def _outcome(self, wait: Wait, stop: Stop | None) -> bool:
        """Whether a wait that has ended was woken; `stop` is what ended it, if that was the end of `run`."""
        if wait.ended_by is EndedBy.TEST:
            if wait.thread.is_older:
                return False
            raise TestIsOver
        if wait.ended_by is EndedBy.GUARD:
            self.cut()
        if stop is not None:
            stop.tell(self._clock.now(), in_loop=wait.is_of_loop)
        return wait.ended_by is not EndedBy.DEADLINE

    def wait_for_end(self, wait: Wait, other: TestThread) -> bool:
        """Let the calling thread wait until another has ended. Returns whether it has."""
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
        """The `Stop` of the thread's handler, or None. If it is due, end the handler; else shorten the wait to its instant."""
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
                seen, stop = self.activity, self.stop
                hold = self._hold(wait)
                # If activity has grown, a signal handler has waited meanwhile: decide again.
                drives = hold == 0 and self.activity == seen
                if drives:
                    self._drivers.append(wait.thread)
            if drives:
                self._drive(wait, stop)
            elif hold != 0:
                wait.park(hold)
                wait.is_to_look = False
        finally:
            if drives:
                self._drivers.remove(wait.thread)
                self._gave_a_moment = False

    def _hold(self, wait: Wait) -> float | None:
        """Real seconds to park; 0 if the caller is to drive; None to park until it is woken."""
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
            self._check_hope(wait, now)
        if target is None or self._misses_stop() or (target == due and leave_work(wait, list(self._everybody))):
            return LOOK_AGAIN
        return max((other.holds_for(target, now) for other in list(self._watched)), default=0.0)

    def _another_drives(self, thread: TestThread) -> bool:
        """Whether another thread drives. If it waits meanwhile, as in a receiver that sleeps, unpark it to check again.

        One that waits for an answer of another thread's doesn't count: it may deliver to a server whose handler sleeps.
        """
        for driver in [one for one in list(self._drivers) if one is not thread]:
            if not driver.runs:
                for wait in driver.waits[-1:]:
                    wait.unpark()
                return True
            if not self.outside.waits_for_input(driver):
                return True
        return False

    def _nobody_runs(self, now: float) -> bool:
        """Whether no thread runs, except those that wait for something real."""
        for thread in [one for one in self._runners() if one.is_older and one.ident not in frames_of_threads()]:
            self.end(thread)
        return not self.outside.holds_time(self._runners(), now, is_watched=self.stop is not None)

    def other_sleepers(self) -> list[Wait]:
        """The waits with a deadline of all threads but the calling one."""
        me = self.me()
        return [wait for wait in self._sleepers() if wait.thread is not me]

    def _next_sleeper(self) -> Wait | None:
        return min(
            self._sleepers(),
            key=lambda wait: (LAST if wait.deadline is None else wait.deadline, wait.rank),
            default=None,
        )

    def _drive(self, wait: Wait, stop: Stop | None) -> None:
        """Do what comes next: run due work, or else wake one sleeper. If `stop` is no longer current, look again first."""
        with self._mutex:
            seen = self.activity
            due, sleeper = self._clock.due_from(), self._next_sleeper()
            deadline = LAST if sleeper is None or sleeper.deadline is None else sleeper.deadline
            limit = deadline if stop is None or stop.times else min(deadline, stop.at)
            bound = max(limit, self._clock.now())
            works = due is not None and due <= bound
            if self.activity != seen or self.stop is not stop:  # as in `_drive_or_park`
                return
            if not works and bound < LAST:
                self._clock.move_to(bound)
                if sleeper is not None and deadline <= bound:
                    self.make_ready(sleeper, EndedBy.DEADLINE)
        # The thread counts as running meanwhile: due work may do anything, even wait.
        wait.is_driving = True
        try:
            if works:
                self._clock.run_one_due(bound, serves=wait.may_serve)
                self._clock.run_left()
            is_met = stop is not None and stop.is_met()
        finally:
            wait.is_driving = False
        if stop is not None and is_met and not self.end_wait(stop):
            stop.at = min(stop.at, self._clock.now())

    def _misses_stop(self) -> bool:
        """Whether the handler's end has come while it is blocked in something real. Then time stands until it has ended."""
        stop = self.stop
        if stop is None or stop.times or not stop.thread.runs or self._clock.now() < stop.at:
            return False
        stop.is_missed = True
        return True

    def _check_hope(self, wait: Wait, now: float) -> None:
        """Check that the test's own thread does not wait for something that can never happen.

        Raises:
            StuckHandlerError: It does, and has waited for `patience`.
        """
        if self.stop is not None or wait.thread.number != 1 or self._runners() or self.is_guarded(get_ident()):
            return
        if any(other.hears_from_outside for other in list(self._watched)):
            return
        if self._hopeless[0] != self.activity:
            self._hopeless = self.activity, now
        elif now - self._hopeless[1] > self.pace.patience():
            raise StuckHandlerError(
                f"The test waits for what never comes, at {place_of(author_frame())}: for {self.pace.patience():g} seconds of "
                "real time no thread of the test ran or slept, and nothing is due. Give the wait a timeout, or let another "
                "thread end it. If something outside the test ends it later, set ecs_events.patience to more seconds."
            )

    def interrupt_wait(self, ident: int) -> bool:
        """End the wait of a thread with `HandlerStop`. Returns False if it does not wait."""
        with self._mutex:
            thread = self._by_ident.get(ident)
            wait = None if thread is None or thread.runs else thread.wait
            return wait is not None and self.make_ready(wait, EndedBy.GUARD)

    def end_wait(self, stop: Stop) -> bool:
        """End the wait of a handler, so that the handler ends. Returns False if it runs: its next wait ends it."""
        with self._mutex:
            wait = stop.thread.wait
            return wait is not None and not stop.thread.runs and self.make_ready(wait, EndedBy.RUN)

    def fail_run(self, error: BaseException) -> None:
        """Make the current `run` end its handler and raise `error`, even if the handler catches it. Without `run`: nothing.

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

    def check_call(self) -> None:
        """End a handler that still calls the cloud after its end, once it has used up `Stop.MOST_WAITS`.

        Raises:
            HandlerStop: The calling thread is the handler's.
            CancelledError: The same, and the handler is a coroutine.
        """
        stop = self.stop
        if stop is not None and stop.times and stop.thread is self.me() and stop.is_due(self._clock.now()):
            stop.tell(self._clock.now())

    # -- interrupting

    def may_interrupt(self) -> bool:
        """Whether a signal handler may raise in the calling thread: not in the lock or in a wait, which would stay half done."""
        return not self._is_mine() and self.is_outside_waits(get_ident())

    def is_outside_waits(self, ident: int) -> bool:
        """Whether a thread is in no wait, or drives in the innermost."""
        thread = self._by_ident.get(ident)
        return thread is None or thread.is_interruptible

    @contextmanager
    def holding_off(self, ident: int) -> Iterator[bool]:
        """Hold the lock. Yields whether an error may be raised in the thread `ident`."""
        with self._mutex:
            yield self.is_outside_waits(ident)
