"""Who waits for what: time moves when every thread of the test waits, to whatever comes first.

A thread of the test either runs or waits: for an instant, for another thread to wake it, or for whichever of the two
comes first. When none runs, one that waits drives: it lets the next due work happen, or moves the clock to the earliest
instant that a thread waits for and wakes that thread alone. So threads that sleep together wake one after the other, in
the order of their instants.
"""

import heapq
import sys
import threading
import time
from _thread import allocate_lock, get_ident
from abc import ABC, abstractmethod
from asyncio import CancelledError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Final, Protocol

from pytest_ecsevents.clock._times import LAST, Micros

STUCK_AFTER: Final = 0.02
"""Real seconds without any use of the processor, after which a thread that runs counts as waiting for something real."""

A_MOMENT: Final = 0.001
"""Real seconds given, before time moves, to threads that wait for something real: another may just have woken them."""

LOOK_AGAIN: Final = 0.02
"""Real seconds after which a thread that waits looks again whether it is its turn to drive."""

END_WITHIN: Final = 2.0
"""Real seconds that threads have to end when their test has."""

_A_CENTURY: Final = 100 * 365 * 86_400
"""Seconds: who waits longer waits for ever, as `threading.TIMEOUT_MAX` means it."""

# What nobody replaces, and what is taken before anybody does.
real_now: Final[Callable[[], float]] = (
    partial(time.clock_gettime, time.CLOCK_MONOTONIC) if hasattr(time, "CLOCK_MONOTONIC") else time.perf_counter
)
real_sleep: Final = time.sleep
_cpu_clock: Final = getattr(time, "pthread_getcpuclockid", None)
_read_clock: Final = getattr(time, "clock_gettime_ns", None)

# Whose frames say nothing of what a handler was doing.
_PLUMBING: Final = (
    "pytest_ecsevents",
    "threading",
    "queue",
    "asyncio",
    "selectors",
    "concurrent",
    "sched",
    "contextlib",
)

# Through which a handler waits for an answer; it may be stuck in them all the same.
_CLIENTS: Final = ("socket", "http", "mns")


class HandlerStop(BaseException):
    """Ends a handler that `run` has had enough of; no `except Exception` stands in its way.

    Attributes:
        doing: Where the handler waited, in words.
    """

    def __init__(self, doing: str = "an unknown place") -> None:
        super().__init__(doing)
        self.doing: Final = doing


class TestIsOver(SystemExit):  # it tells of no error
    """Ends a thread that still waits when its test has ended."""

    __test__ = False


class TimeDriver(Protocol):
    """What moves time: the clock."""

    def now(self) -> Micros:
        """The instant."""

    def due_from(self) -> Micros | None:
        """An instant before which no work is due, read without a lock; None when there is none."""

    def run_one_due(self, until: Micros) -> bool:
        """Move to the next work that is due until an instant and let it happen; whether there was some."""

    def move_to(self, at: Micros) -> None:
        """Move, though nothing is due."""


class Member:
    """One thread of the test.

    Attributes:
        number: In order of start.
        ident: The thread's, once it runs.
        thread: The thread, if it was started by the test.
        waits: What it waits for, the innermost last.
        joined_by: Who waits for its end.
        has_ended: Whether it has.
        is_counted: Whether it is counted among the threads that run.
    """

    __slots__ = ("_idle_since", "_used", "has_ended", "ident", "is_counted", "joined_by", "number", "thread", "waits")

    def __init__(self, number: int, ident: int | None, thread: threading.Thread | None) -> None:
        self.number: Final = number
        self.ident = ident
        self.thread: Final = thread
        self.waits: list[Wait] = []
        self.joined_by: list[Wait] = []
        self.has_ended = self.is_counted = False
        self._used: object = None
        self._idle_since = 0.0

    @property
    def runs(self) -> bool:
        """Whether it does not wait, as far as is known; one that drives runs while what is due happens."""
        if self.has_ended:
            return False
        return not self.waits or self.waits[-1].is_ready or self.waits[-1].is_driving

    def is_stuck(self, ident: int, now: float) -> bool:
        """Whether it has done nothing for a while, though nothing that is known of holds it."""
        used = _use_of(ident)
        if used != self._used:
            self._used, self._idle_since = used, now
        return now - self._idle_since >= STUCK_AFTER


def _use_of(ident: int) -> object:
    """What changes whenever a thread does anything: its processor time, or where it stands."""
    if _cpu_clock is not None and _read_clock is not None:
        return _read_clock(_cpu_clock(ident))
    frame = sys._current_frames().get(ident)
    return None if frame is None else (id(frame), frame.f_lasti)


class Wait:
    """One thread that waits.

    Attributes:
        member: The thread.
        deadline: When it goes on by itself; None for never.
        rank: Of waits for one instant, that of the lower rank ends first.
        is_ready: Whether it goes on.
        is_driving: Whether its thread lets something happen meanwhile.
        timed_out: Whether it goes on because its deadline came.
        is_stopped: Whether it goes on because `run` ends its handler.
        is_over: Whether it goes on because the test has ended.
    """

    __slots__ = (
        "_lock",
        "_team",
        "deadline",
        "is_driving",
        "is_over",
        "is_ready",
        "is_stopped",
        "member",
        "rank",
        "timed_out",
    )

    def __init__(self, team: "Waits", member: Member, deadline: Micros | None, *, rank: int | None = None) -> None:
        self._team: Final = team
        self.member: Final = member
        self.deadline = deadline
        self.rank = member.number if rank is None else rank
        self.is_ready = self.is_driving = self.timed_out = self.is_stopped = self.is_over = False
        self._lock: Final = allocate_lock()
        self._lock.acquire()

    def release(self) -> None:
        """Wake the thread; it is called like a lock's method, for `threading.Condition` takes this for one.

        Raises:
            RuntimeError: It goes on already.
        """
        if not self._team.make_ready(self):
            raise RuntimeError("the wait has ended")

    def park(self, seconds: float | None) -> None:
        """Wait in earnest, until unparked or for so many real seconds."""
        self._lock.acquire(True, -1 if seconds is None else seconds)

    def unpark(self) -> None:
        """End `park`, from whichever thread."""
        if self._lock.locked():
            self._lock.release()


class WatchedWait(Wait, ABC):
    """A wait that more than other threads can end: it is asked before time moves."""

    __slots__ = ()

    @abstractmethod
    def has_work(self) -> bool:
        """Whether it can go on, though nobody woke it."""

    @abstractmethod
    def holds_for(self, target: Micros | None, now: float) -> float:
        """Real seconds that must still pass before time moves to the target, for something real may wake it first."""


class Stop:
    """When `run` ends its handler.

    Attributes:
        member: The handler's thread.
        at: The instant.
        when: A condition, looked at whenever time has moved, or None.
        cancel: How to end a handler that is a coroutine, or None.
        times: How often it was told to end.
        told_at: When it was told first.
        error: What is wrong with it, if that is why it is to end.
    """

    __slots__ = ("_waits_since", "at", "cancel", "error", "member", "times", "told_at", "when")

    MOST_WAITS: Final = 100
    """Waits that a handler which was told to end may still make, to clean up."""

    OFTEN: Final = 3
    """How often it is told before it counts as one that catches everything, and may wait no more."""

    def __init__(self, member: Member, at: Micros, when: "Callable[[], object] | None") -> None:
        self.member: Final = member
        self.at: Final = at
        self.when: Final = when
        self.cancel: Callable[[], object] | None = None
        self.times = 0
        self.told_at: Micros = at
        self.error: BaseException | None = None
        self._waits_since = 0

    def is_due(self, now: Micros) -> bool:
        """Whether the handler must not wait on."""
        if self.times:
            self._waits_since += 1
            return self.is_ignored or self._waits_since > self.MOST_WAITS
        return now >= self.at or self.is_met()

    @property
    def is_ignored(self) -> bool:
        """Whether the handler was told often, and went on."""
        return self.times >= self.OFTEN

    def is_met(self) -> bool:
        """Whether the condition holds, and has not ended the handler yet."""
        return self.when is not None and not self.times and bool(self.when())

    def tell(self, now: Micros) -> None:
        """Tell the handler to end.

        Raises:
            HandlerStop: It is no coroutine.
        """
        if not self.times:
            self.told_at = now
        self.times += 1
        self._waits_since = 0
        if self.cancel is None:
            raise HandlerStop(whereabouts())
        self.cancel()


def is_plumbing(frame: FrameType) -> bool:
    """Whether a frame says nothing of what a handler was doing."""
    return _belongs_to(frame, _PLUMBING)


def _belongs_to(frame: FrameType, packages: tuple[str, ...]) -> bool:
    return str(frame.f_globals.get("__name__")).split(".")[0] in packages


def place_of(frame: FrameType) -> str:
    """`poller.py:42 in serve_forever`."""
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {frame.f_code.co_name}"


def whereabouts() -> str:
    """Where the calling thread stands: the line outside the plumbing of waiting."""
    frame = sys._getframe(1)
    while frame.f_back is not None and (is_plumbing(frame) or _belongs_to(frame, _CLIENTS)):
        frame = frame.f_back
    return place_of(frame)


def _ignored(_before: Micros, _after: Micros) -> None:
    """Nobody wants to know."""


def _never() -> bool:
    """Nothing is on its way."""
    return False


class Waits:
    """The threads of one test, and when time moves.

    Args:
        clock: What moves time.
    """

    def __init__(self, clock: TimeDriver) -> None:
        self._clock: Final = clock
        self._mutex: Final = allocate_lock()
        self._members: dict[int, Member] = {}
        self._by_thread: dict[threading.Thread, Member] = {}
        self._sleepers: list[tuple[Micros, int, int, Wait]] = []
        self._watched: set[WatchedWait] = set()
        self._enrolled = 0
        self._pushed = 0
        self._running = 0
        self._driver: Member | None = None
        self._gave_a_moment = False
        self._is_closed = False
        self.stop: Stop | None = None
        self.awaits_server: Callable[[], bool] = _never
        """Whether something real is on its way that time must not overtake: asked before it moves."""
        self.activity = 0
        """Grows whenever a thread of the test begins to wait."""
        self.slept: Callable[[Micros, Micros], None] = _ignored
        """Told of every sleep: its start and end."""

    # -- who belongs to the test

    def enrol(self, thread: threading.Thread | None = None) -> Member:
        """Count a thread as running: the calling one, or one that is about to be started."""
        with self._mutex:
            self._enrolled += 1
            member = Member(self._enrolled, None, thread)
            self._recount(member)
            if thread is not None:
                self._by_thread[thread] = member
        if thread is None:
            self.begin(member)
        return member

    def begin(self, member: Member) -> None:
        """Note that an enrolled thread runs; called by itself."""
        with self._mutex:
            member.ident = get_ident()
            self._members[member.ident] = member

    def end(self, member: Member) -> None:
        """Note that an enrolled thread has ended, or was not started after all."""
        with self._mutex:
            member.has_ended = True
            self._recount(member)
            if member.ident is not None:
                del self._members[member.ident]
            if member.thread is not None:
                del self._by_thread[member.thread]
            for wait in member.joined_by:
                self._ready(wait)
            self._nudge()

    def me(self) -> Member | None:
        """The calling thread, if it belongs to the test."""
        return self._members.get(get_ident())

    def member_of(self, thread: threading.Thread) -> Member | None:
        """A thread that the test started and that has not ended."""
        return self._by_thread.get(thread)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Have the calling thread wait in earnest meanwhile; time does not move by itself, for it counts as running."""
        with self._mutex:
            member = self._members.pop(get_ident(), None)
        try:
            yield
        finally:
            if member is not None:
                with self._mutex:
                    self._members[get_ident()] = member

    @contextmanager
    def visited(self) -> Iterator[None]:
        """Count the calling thread, which nobody in the test started, among its threads meanwhile."""
        member = self.enrol()
        try:
            yield
        finally:
            self.end(member)

    def close(self) -> list[str]:
        """End the threads of the test: those that wait for an instant leave by `TestIsOver`, at once or at their next wait.

        Threads that wait for others only, as those of an idle pool do, wait on in earnest.

        Returns:
            The names of those that neither ended nor wait.
        """
        with self._mutex:
            self._is_closed = True
            for *_, wait in self._sleepers:
                wait.is_over = not wait.is_ready
                self._ready(wait)
            self._sleepers.clear()
        until = real_now() + END_WITHIN
        while (left := self._left_running()) and real_now() < until:
            real_sleep(A_MOMENT)
        return left

    def _left_running(self) -> list[str]:
        with self._mutex:
            return [thread.name for thread, member in self._by_thread.items() if member.runs]

    # -- waiting

    def deadline_after(self, seconds: float) -> Micros | None:
        """The instant so many seconds from now, rounded up to whole microseconds; None for one that never comes."""
        if seconds >= _A_CENTURY:
            return None
        at = self._clock.now() + -(-int(seconds * 1_000_000_000) // 1_000)
        return at if at <= LAST else None

    def sleep(self, member: Member, seconds: float) -> None:
        """Have the calling thread wait for so many seconds."""
        before = self._clock.now()
        target = self.deadline_after(seconds)
        if target is None or not self._passes_alone(target):
            self.wait(Wait(self, member, target))
        self.slept(before, self._clock.now())

    def advance_to(self, member: Member, target: Micros) -> None:
        """Have the calling thread wait for an instant until every other that waits for it has had its turn."""
        if not self._passes_alone(target):
            self.wait(Wait(self, member, target, rank=sys.maxsize))

    def _passes_alone(self, target: Micros) -> bool:
        """Move to `target` while the calling thread is the only one and nothing is to stop it; whether that was so."""
        self.activity += 1
        clock = self._clock
        while self._running == 1 and len(self._members) == 1 and self.stop is None and not self._is_closed:
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
        self.activity += 1
        own_deadline = wait.deadline
        stop = self._stop_of(wait)
        with self._mutex:
            self._enter(wait)
        try:
            while not wait.is_ready:
                self._drive_or_park(wait)
        finally:
            with self._mutex:
                self._ready(wait)
                wait.member.waits.remove(wait)
                self._recount(wait.member)
        if wait.is_over:
            raise TestIsOver
        if stop is not None and (wait.is_stopped or (wait.timed_out and wait.deadline != own_deadline)):
            stop.tell(self._clock.now())
        return not wait.timed_out

    def watch(self, wait: WatchedWait) -> bool:
        """`wait` for what may be woken by more than other threads: it is asked before time moves."""
        with self._mutex:
            self._watched.add(wait)
        try:
            return self.wait(wait)
        finally:
            with self._mutex:
                self._watched.remove(wait)

    def wait_for_end(self, wait: Wait, other: Member) -> bool:
        """Have the calling thread wait until another one has ended; whether it has."""
        with self._mutex:
            if other.has_ended:
                return True
            other.joined_by.append(wait)
        return self.wait(wait)

    def make_ready(self, wait: Wait) -> bool:
        """Have a wait end; whether it had not ended before."""
        with self._mutex:
            return self._ready(wait)

    def _stop_of(self, wait: Wait) -> Stop | None:
        """What may stop this wait. One that is due is told at once; one at a later instant brings the deadline forward."""
        stop = self.stop
        if stop is None or stop.member is not wait.member:
            return None
        if stop.is_due(self._clock.now()):
            stop.tell(self._clock.now())
        elif not stop.times and (wait.deadline is None or wait.deadline > stop.at):
            wait.deadline, wait.rank = stop.at, sys.maxsize
        return stop

    def _enter(self, wait: Wait) -> None:
        wait.member.waits.append(wait)
        self._recount(wait.member)
        if wait.deadline is None:
            return
        if self._is_closed:
            wait.is_over = True
            self._ready(wait)
        else:
            self._pushed += 1
            heapq.heappush(self._sleepers, (wait.deadline, wait.rank, self._pushed, wait))

    def _ready(self, wait: Wait) -> bool:
        if wait.is_ready:
            return False
        wait.is_ready = True
        self._recount(wait.member)
        wait.unpark()
        return True

    def _recount(self, member: Member) -> None:
        if member.runs is not member.is_counted:
            member.is_counted = member.runs
            self._running += 1 if member.is_counted else -1

    def _nudge(self) -> None:
        """Have somebody who waits look whether it is his turn to drive."""
        waiting = (member.waits[-1] for member in self._members.values() if not member.runs)
        first = next(waiting, None)
        if self._running == 0 and first is not None:
            first.unpark()

    # -- driving

    def _drive_or_park(self, wait: Wait) -> None:
        with self._mutex:
            before, hold = self._driver, self._hold(wait)
            if hold == 0:
                self._driver = wait.member
        if hold != 0:
            wait.park(hold)
            return
        try:
            self._drive(wait)
        finally:
            self._driver = before
            self._gave_a_moment = False

    def _hold(self, wait: Wait) -> float | None:
        """Real seconds to park for; none, when it is for the caller to drive; None to wait in earnest."""
        now = real_now()
        if self._is_closed:
            return None
        if self._driver not in (None, wait.member) or not self._nobody_runs(now):
            return LOOK_AGAIN
        for other in [one for one in self._watched if not one.is_ready and one.has_work()]:
            self._ready(other)
        if wait.is_ready or self.awaits_server() or not self._nobody_runs(now):
            return A_MOMENT
        if self._running and not self._gave_a_moment:
            self._gave_a_moment = True
            return A_MOMENT
        target = self._target()
        if target is None:
            return LOOK_AGAIN
        return max((other.holds_for(target, now) for other in self._watched), default=0.0)

    def _nobody_runs(self, now: float) -> bool:
        """Whether no thread runs, but for those that wait for something real."""
        if self._running == 0:
            return True
        stuck = [member.is_stuck(ident, now) for ident, member in self._members.items() if member.runs]
        return len(stuck) == self._running and all(stuck)

    def latest_sleeper(self) -> int:
        """The number of the last wait for an instant that still lasts, of another thread than the calling one."""
        me = self.me()
        lasting = (number for *_, number, wait in tuple(self._sleepers) if not wait.is_ready and wait.member is not me)
        return max(lasting, default=0)

    def _next_sleeper(self) -> Wait | None:
        while self._sleepers and self._sleepers[0][-1].is_ready:
            heapq.heappop(self._sleepers)
        return self._sleepers[0][-1] if self._sleepers else None

    def _target(self) -> Micros | None:
        """The instant that comes next."""
        due, sleeper = self._clock.due_from(), self._next_sleeper()
        deadline = sleeper.deadline if sleeper is not None else None
        return min((at for at in (due, deadline) if at is not None), default=None)

    def _drive(self, wait: Wait) -> None:
        """Let what comes next happen: work that is due, or else one sleeper's waking."""
        with self._mutex:
            due, sleeper = self._clock.due_from(), self._next_sleeper()
            deadline = LAST if sleeper is None or sleeper.deadline is None else sleeper.deadline
            bound = max(deadline, self._clock.now())
            works = due is not None and due <= bound
            if sleeper is not None and not works:
                if bound > self._clock.now():
                    self._clock.move_to(bound)
                sleeper.timed_out = True
                self._ready(sleeper)
        stop = self.stop
        with self._driving(wait):
            if works:
                self._clock.run_one_due(bound)
            is_met = stop is not None and stop.is_met()
        if stop is not None and is_met:
            self.end_wait(stop)

    @contextmanager
    def _driving(self, wait: Wait) -> Iterator[None]:
        """Count the thread as running meanwhile: what happens may be anything, another wait included."""
        with self._mutex:
            wait.is_driving = True
            self._recount(wait.member)
        try:
            yield
        finally:
            with self._mutex:
                wait.is_driving = False
                self._recount(wait.member)

    def end_wait(self, stop: Stop) -> None:
        """Have a handler end that waits; one that runs is told at its next wait."""
        with self._mutex:
            if stop.member.waits and not stop.member.runs:
                stop.member.waits[-1].is_stopped = True
                self._ready(stop.member.waits[-1])

    def fail_run(self, error: BaseException) -> None:
        """Have the handler that `run` runs end with an error, whatever it catches; nothing where none runs.

        Raises:
            HandlerStop: The calling thread is the handler's.
            CancelledError: The same, and the handler is a coroutine.
        """
        stop = self.stop
        if stop is None:
            return
        stop.error = error
        if self.me() is not stop.member:
            self.end_wait(stop)
            return
        stop.tell(self._clock.now())
        raise CancelledError
