"""The clock of one test: it holds the process's clock, moves it, and runs what falls due on the way."""

import asyncio
import math
import socket
import threading
import time
from _thread import RLock, get_ident
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, EcsEventsError, hidden_in_reports
from pytest_ecsevents._undo import PATCHING, Undo
from pytest_ecsevents.clock._after_import import call_after_import
from pytest_ecsevents.clock._alarms import replace_alarms
from pytest_ecsevents.clock._asyncio import LoopTime, is_loop_running, is_virtual, replace_loops
from pytest_ecsevents.clock._brief_waits import CausedCalls
from pytest_ecsevents.clock._children import wait_for_children
from pytest_ecsevents.clock._follower import Follower
from pytest_ecsevents.clock._freezegun import FreezegunSource
from pytest_ecsevents.clock._hypothesis import keep_hypothesis_real
from pytest_ecsevents.clock._loaded import LOADED
from pytest_ecsevents.clock._local_time import LOCAL_TEXTS
from pytest_ecsevents.clock._locks import replace_locks
from pytest_ecsevents.clock._names import NAMES, Replacement, is_no_mock, replace_everywhere
from pytest_ecsevents.clock._older_jobs import hold_older_jobs
from pytest_ecsevents.clock._older_objects import StandIns, replace_older_objects
from pytest_ecsevents.clock._older_threads import take_in_older_threads
from pytest_ecsevents.clock._other_loops import replace_other_loops
from pytest_ecsevents.clock._outside_calls import replace_outside_calls
from pytest_ecsevents.clock._polled_waits import Polling, replace_polled_waits
from pytest_ecsevents.clock._queue import DueQueue, Work
from pytest_ecsevents.clock._references import REFERENCES
from pytest_ecsevents.clock._scheduler import Scheduler
from pytest_ecsevents.clock._server_waits import (
    LoopbackClients,
    RealServerWait,
    ServerWait,
    VirtualServerWait,
    await_answer,
)
from pytest_ecsevents.clock._sources import ClockSource
from pytest_ecsevents.clock._stdlib import replace_waiting
from pytest_ecsevents.clock._threads import real_now
from pytest_ecsevents.clock._timemachine import TimeMachineSource
from pytest_ecsevents.clock._times import END, FIRST, SECOND, Micros, before_end, duration_text, instant_text
from pytest_ecsevents.clock._travels import follow_travels
from pytest_ecsevents.clock._zone import use_zone

__tracebackhide__ = hidden_in_reports

BACKENDS: Final = ("freezegun", "time-machine")
SLEEPS: Final = ("virtual", "real")
FOLLOWS: Final = ("virtual", "real")


# Clocks in the order in which they were entered. They share the process's clock and the stand-ins of `time`: the last
# that is left, whichever it is, gives those back.
_entered: "Final[list[Clock]]" = []
_shared: Final = Undo()


_LOOK_EVERY: Final = 0.01
"""Real seconds between two looks of a thread that waits for its turn to move the clock."""

MOST_NESTED: Final = 10
"""Functions of the user's that may stand on one stack, because each sleeps while the next is called."""


@dataclass(slots=True, eq=False)
class _Planned:
    """A function of the user's.

    Attributes:
        function: The function.
        what: What it is called in messages.
        is_caused: Whether another one planned it, or caused it, for the instant at which that ran.
        is_over: Whether it was called or canceled.
    """

    function: Callable[[], object]
    what: str
    is_caused: bool
    is_over: bool = False


class Clock:
    """Virtual time: the process's clock, and a queue of due work.

    Args:
        start: Where to freeze. If None, follow a clock that the user's library already holds, else use `default_start`.
        default_start: Where to freeze if the test gives no instant.
        backend: One of `BACKENDS`.
        tz: The process's time zone meanwhile, or `LOCAL`.
        follow: One of `FOLLOWS`. "real": start at the machine's instant and go on with it; then waits are not replaced.
        sleep: One of `SLEEPS`. "virtual": waits in the thread that enters, and in threads that it starts, move the clock.
            "real": waits are not replaced.

    Attributes:
        is_own: Whether it leaves the process as it is: no other code reads it.
        goes_on: Whether a request that is held gets to its instant by waiting.
        earlier, add: How its user starts it earlier, and adds an instance, for messages.
    """

    is_own = False
    goes_on = True
    earlier = "start earlier with @pytest.mark.ecs_clock(start=...)"
    add = '@pytest.mark.ecs_instance("{0}") or ecs_events.instances.add("{0}")'

    def __init__(
        self, *, start: Micros | None, default_start: Micros, backend: str, tz: str, sleep: str, follow: str = "virtual"
    ) -> None:
        self.lock: Final = threading.RLock()
        self._moving: Final = RLock()
        self._is_in_operation: Final[Callable[[], bool]] = self.lock._is_owned  # type: ignore[attr-defined]  # noqa: SLF001  # as Condition
        self.queue: Final[DueQueue[object]] = DueQueue()
        self.after_step: Callable[[], None]  # set by the cloud; called after each due work
        self._start = start
        self._default_start = default_start
        self._tz = tz
        self._follows_machine: Final = follow == "real"
        self._sleep = "real" if self._follows_machine else sleep
        self._follower: Follower | None = None
        self._machine_at_start: tuple[Micros, float] | None = None
        own: dict[str, ClockSource] = {"freezegun": FreezegunSource(), "time-machine": TimeMachineSource()}
        self._own = own[backend]
        # When both are active, freezegun's replacement is the outer one.
        self._sources: tuple[ClockSource, ...] = tuple(own.values())
        self._undo = Undo()
        self.waits: Scheduler | None = None
        """The threads of the test, while their waits move the clock; else None."""
        self.left_threads: list[str] = []
        """Names of threads of the test that still ran when it had ended."""
        self.given_up: list[str] = []
        """Sentences about real work that took longer than time stood for it."""
        self.started_at: Micros = default_start if start is None else start
        if self.started_at > END:
            raise BadArgumentError(
                f"start is {instant_text(self.started_at)}, but a clock ends at {instant_text(END)}. Pass an earlier instant."
            )
        self.holder = ""
        self._due_operations: list[Callable[[], None]] = []
        self.still_at: Micros | None = self.started_at
        """The instant at which it stands before `enter` and after `leave`; None between."""
        self._entered_by = 0
        self._depths: Final[dict[int, int]] = {}  # how many functions of the user are on a stack, by a thread's ident
        self._caused: Final = CausedCalls()
        self._postponed: Final[
            list[Work[object]]
        ] = []  # functions of the user that wait until one of them has returned
        self._is_left = False
        self._target = self.started_at

    # -- taking and giving back the process's clock

    def enter(self) -> None:
        """Freeze the process's clock, or follow it if the user has frozen it already. The caller holds `PATCHING`."""
        self._entered_by = get_ident()
        _entered.append(self)
        try:
            self._take()
            if self._follows_machine:
                self._follower = Follower(self.settle)
        except BaseException:
            self.leave()
            raise

    def _take(self) -> None:
        use_zone(self._tz, self._undo)
        foreign = self._active()
        if foreign is None:
            self._own.load()
        snapshot = LOADED.snapshot()
        REFERENCES.look(snapshot)
        if foreign is None:
            machine = time.time_ns() // 1_000
            self._machine_at_start = machine, real_now()
            start = self._default_start if self._start is None else self._start
            self._own.start(machine if self._follows_machine else start, ticks=self._follows_machine)
            _shared.callback(self._own.stop)
            if isinstance(self._own, FreezegunSource):
                call_after_import({"time_machine": partial(follow_travels, self._own, _shared)}, _shared)
            self.holder = f"{self._own.name}{', with the machine' if self._follows_machine else ''}"
        else:
            at = foreign.read()
            if self._follows_machine:
                raise EcsEventsError(
                    f'follow="real" needs the machine\'s clock, but {foreign.name} has already frozen it. Remove one of the two.'
                )
            if self._start is not None and at is not None and self._start != at:
                raise EcsEventsError(
                    f"The clock starts at {instant_text(self._start)}, but {foreign.name} has already frozen it at "
                    f"{instant_text(at)}. ecs_events follows a clock that is frozen already: remove one of the two."
                )
            self.holder = f"{foreign.name}, followed"
        keep_hypothesis_real(_shared)
        self.still_at = None
        self.started_at = self.now()
        source = self._own if foreign is None else foreign
        replacements = [Replacement(real, fake) for real, fake in LOCAL_TEXTS.items()]
        if self._sleep == "virtual":
            replacements += self._replace_waiting(source)
        fakes = source.fakes()
        # A library of the user's has replaced names itself.
        under_names = replacements if foreign is not None else [*replacements, *fakes]
        # Do not remember names that another clock has bound to its functions.
        remember = len(_entered) == 1 and (foreign is None or not foreign.freezes_monotonic)
        replace_everywhere(under_names, NAMES, snapshot, _shared, remember=remember)
        REFERENCES.replace(
            [*fakes, *replacements], StandIns().of if self.waits is not None else (lambda *_: None), _shared
        )
        for real, fake in LOCAL_TEXTS.items():
            if is_no_mock(getattr(time, real.__name__)):
                _shared.replace(time, real.__name__, fake)

    def _replace_waiting(self, source: ClockSource) -> list[Replacement]:
        scheduler = Scheduler(self)
        self._undo.callback(scheduler.end, scheduler.enrol())
        self._undo.replace(self, "waits", scheduler)
        # Whole seconds, so that rounding of floats never makes an hour's sleep shorter than an hour.
        monotonic = LoopTime(math.ceil(time.monotonic()), self._elapsed).read
        with_monotonic = not source.freezes_monotonic
        replacements = replace_waiting(scheduler, monotonic, self._undo, _shared, with_monotonic=with_monotonic)
        loop_time = LoopTime(math.ceil(real_now()), self._elapsed)
        replace_rounds = replace_loops(scheduler, loop_time, self.now, self._undo)
        replace_other_loops(scheduler, loop_time, self.now, replace_rounds, self._undo)
        polling = Polling(scheduler, monotonic)
        replace_outside_calls(scheduler, polling, self._undo)
        replacements += replace_polled_waits(polling, monotonic, self._undo, _shared)
        replacements += replace_locks(_shared)
        replacements += replace_older_objects(_shared)
        replacements += replace_alarms(scheduler, self, self._undo, _shared)
        wait_for_children(scheduler, self.now, self._undo)
        take_in_older_threads(scheduler, self._undo)
        hold_older_jobs(_is_of_test, _start_for_older, _shared)
        return replacements

    def _elapsed(self) -> Micros:
        return self.now() - self.started_at

    def leave(self) -> None:
        """Give the process's clock back and end the threads that wait for it. From now on this clock stands still."""
        if self._follower is not None:
            self._follower.stop()
        try:
            if self.waits is not None:
                self.left_threads, self.given_up = self.waits.close(), self.waits.outside.given_up
        finally:
            with PATCHING:
                self.still_at = self.now()
                try:
                    self._undo.close()
                finally:
                    _entered.remove(self)
                    if not _entered:
                        _shared.close()

    def serves_caller(self) -> bool:
        """Whether the calling thread belongs to this clock, or to no other that was entered and not left."""
        return len(_entered) == 1 or self.has_caller() or not any(one.has_caller() for one in _entered)

    def has_caller(self) -> bool:
        return self._entered_by == get_ident() or (self.waits is not None and self.waits.me() is not None)

    # -- reading and moving

    def _active(self) -> ClockSource | None:
        for source in self._sources:
            if source.read() is not None:
                return source
        return None

    @property
    def is_still(self) -> bool:
        return self.still_at is not None

    def now(self) -> Micros:
        """The instant of the process's clock, or `still_at`."""
        if self.still_at is not None:
            return self.still_at
        for source in self._sources:
            at = source.read()
            if at is not None:
                return at
        return time.time_ns() // 1_000

    def ahead_of_machine(self) -> Micros:
        """How far this clock is ahead of the machine's; 0 while a library of the user's holds it."""
        if self._machine_at_start is None:
            return 0
        machine, real = self._machine_at_start
        return self.now() - machine - round((real_now() - real) * SECOND)

    def settle(self) -> None:
        """Run what is due, because code outside this class may have moved the clock."""
        if self.queue.heap:
            self.settled()

    def settled(self) -> Micros:
        """Run what is due, and return the instant."""
        now = self.now()
        while self.queue.is_due(now) and self.still_at is None and self.run_one_due(now, move=False):
            now = self.now()  # a receiver may move the clock
        return now

    def advance_to(self, target: Micros) -> None:
        """Move to `target`, and run what is due on the way with the clock at its instant.

        Threads of the test whose deadline is on the way wake at it, and time stands until they wait again. If a receiver
        moves the clock beyond `target`, it stays there.
        """
        thread = self.waits.me() if self.waits is not None else None
        if self.waits is not None and thread is not None:
            self.waits.advance_to(thread, target, self.now())
            return
        with self.turn():
            while self.run_one_due(target):
                pass
            self.move_to(target)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let another thread that moves the clock end first. A thread of the test moves it by waiting, beside the others.

        One that is in a function of the user's is not waited for: that function may wait for the calling thread.
        """
        is_of_test = self.waits is not None and self.waits.me() is not None
        has_turn = not is_of_test and self._moving.acquire(blocking=False)
        while not (has_turn or is_of_test or self._is_in_operation() or self.another_calls()):
            has_turn = self._moving.acquire(timeout=_LOOK_EVERY)
        try:
            yield
        finally:
            if has_turn:
                self._moving.release()

    def pass_until(self, target: Micros) -> None:
        """Let a delayed call take its time."""
        self.advance_to(target)

    async def reach(self, target: Micros) -> None:
        """`advance_to` for a coroutine: other tasks of its loop run meanwhile, except those of another library, such as trio."""
        while self.now() < target:
            is_own = self.waits is not None and self.waits.me() is not None
            if is_own and is_loop_running() and is_virtual(asyncio.get_running_loop()):
                await asyncio.sleep((target - self.now()) / SECOND)
            else:
                self.advance_to(target)

    def clients_of(self, address: tuple[str, int]) -> LoopbackClients:
        """The threads of the test that call its server, which listens at `address`."""
        if self.waits is not None:
            self.waits.outside.served.add(address)
        return LoopbackClients(self.waits, address)

    def server_wait(self, until: Micros | None, is_over: Callable[[], bool]) -> ServerWait:
        """A wait for the calling thread, one of the server's.

        Args:
            until: The instant at which it ends; None for never.
            is_over: Whether the client has stopped waiting.
        """
        thread = None if self.waits is None else self.waits.me()
        if self.waits is not None and thread is not None:
            return VirtualServerWait(self.waits, thread, until, is_over)
        return RealServerWait(None if until is None else (until - self.now()) / SECOND, is_over)

    def await_answer(self, connection: socket.socket, until: Micros) -> bool:
        """Wait for the response of a server that is not ours. Returns whether it came in time.

        A thread outside the test does not wait here: it blocks when it reads.
        """
        thread = None if self.waits is None else self.waits.me()
        return self.waits is None or thread is None or await_answer(self.waits, thread, connection, until)

    def aside(self) -> AbstractContextManager[None]:
        """Let the calling thread wait in real time meanwhile."""
        return nullcontext() if self.waits is None else self.waits.aside()

    # -- interrupting

    def may_interrupt(self) -> bool:
        """Whether a signal handler may raise in the calling thread: not while it holds a lock of ours or is in a wait."""
        return not self._is_in_operation() and (self.waits is None or self.waits.may_interrupt())

    @contextmanager
    def holding_off(self, ident: int) -> Iterator[bool]:
        """Hold our locks. Yields whether an error may be raised in the thread `ident`."""
        is_free = self.lock.acquire(blocking=False)
        try:
            with nullcontext(True) if self.waits is None else self.waits.holding_off(ident) as is_outside:
                yield is_free and is_outside
        finally:
            if is_free:
                self.lock.release()

    # -- what falls due

    def later(self, at: Micros, operation: Callable[[], None]) -> None:
        """Plan an operation for an instant. The thread that moves the clock runs it, without holding a lock."""
        with self.lock:
            self.queue.push(at, lambda _subject, _at: self._due_operations.append(operation), None)

    def advance_by_author(self, target: Micros | None, span: Micros = 0, now: Micros | None = None) -> None:
        """`advance_to` for a test: to `target`, or else by `span`.

        Args:
            target: The instant.
            span: How far, if there is no target.
            now: The clock's now, if the caller has read it: a clock that goes on is later when it is read again.

        Raises:
            BadArgumentError: The target is before now, or after the end of the clock.
        """
        if target is None and (self.waits is None or self.waits.me() is None):
            with self.turn():
                now = self.now()
                self.advance_by_author(now + span, now=now)
            return
        if now is None:
            now = self.now()
        if target is None:
            target = now + span
        if target < now:
            raise BadArgumentError(
                f"This would move the clock back by {duration_text(now - target)}, from {instant_text(now)} to "
                f"{instant_text(max(target, FIRST))}. Time only moves forward here: pass a later instant, or {self.earlier}."
            )
        if target > END:  # else the call is spared
            before_end(target, now)
        if target > now:
            self.advance_to(target)

    def advance_to_next(self) -> None:
        with self.turn():
            self.settle()
            due, now = self.next_due(), self.now()
            if due is not None and due > now:
                self.advance_by_author(due, now=now)
            else:  # a clock that goes on may have come there meanwhile
                self.settle()

    def next_due(self) -> Micros | None:
        with self.lock:
            return self.queue.next_due()

    def due_from(self) -> Micros | None:
        return self.queue.due_from()

    def run_one_due(self, until: Micros, *, move: bool = True, serves: bool = False) -> bool:
        """Run the next work due at `until` or before, and call receivers. Returns whether there was some.

        With `move=False` the clock stays; then functions of the user's do not run inside an operation or each other, nor
        while another thread runs one: that thread runs them next.

        With `serves=True` they do not run while another thread runs one, although the clock moves: the calling thread may
        have to answer it.
        """
        if not self.queue.heap:
            return False
        depth = self._depths.get(get_ident(), 0)
        is_inside = not move and (self._is_in_operation() or depth > 0)
        with self.lock:
            if not move and self._depths and self.another_calls():
                is_inside = self._is_left = True
            # A user's function that may not run here runs when the outer operation or function has ended.
            work = self.queue.pop(until, with_authors=not is_inside)
            is_answering = serves and self.another_calls()
            while work is not None and work[1] and (is_answering or depth >= MOST_NESTED):
                self._is_left |= is_answering
                self._postponed.append(work)
                work = self.queue.pop(until)
            if work is None:
                return False
            at, is_authors, _, task, subject = work
            if move:
                self.move_to(at)
            if not is_authors:
                task(subject, at)
            operations, self._due_operations = self._due_operations, []
        for operation in operations:
            operation()
        if is_authors:
            task(subject, at)
        self.after_step()
        return True

    def another_calls(self) -> bool:
        """Whether another thread is in a function of the user's, and does not wait for virtual time there.

        It may be delivering to a server whose handler is the caller: what follows must wait until that has answered.
        """
        others = [ident for ident in list(self._depths) if ident != get_ident()]
        return any(self.waits is None or self.waits.is_outside_waits(ident) for ident in others)

    def run_left(self) -> None:
        """Run the functions that other threads left to this one while it was in a function of the user."""
        if self._is_left:
            self._is_left = False
            self.settle()

    def _call(self, planned: object, at: Micros) -> None:
        """Call a function of the user's. Others due at the same instant wait until it returns or moves the clock."""
        assert isinstance(planned, _Planned)
        if planned.is_caused:
            self._caused.add(planned.what, at)
        me = get_ident()
        depth = self._depths.get(me, 0)
        self._depths[me] = depth + 1
        try:
            planned.is_over = True
            planned.function()
        finally:
            with self.lock:
                self._depths[me] = depth
                if not depth:
                    del self._depths[me]
                postponed, self._postponed[:] = self._postponed[:], []
                for work in postponed:
                    self.queue.put_back(work)

    def call_at(self, at: Micros, function: Callable[[], object], what: str) -> Callable[[], None]:
        """`plan`, and run it immediately if it is due now."""
        take_back = self.plan(at, function, what)
        self.settle()
        return take_back

    def plan(self, at: Micros, function: Callable[[], object], what: str) -> Callable[[], None]:
        """Plan a function of the user's for an instant. It runs outside every operation, in the thread that moves the clock.

        Args:
            at: The instant.
            function: The function.
            what: What it is called in messages.

        Returns:
            A function that cancels the plan; it does nothing once the planned function was called.
        """
        with self.lock:
            is_caused = get_ident() in self._depths and at == self.now()
            planned = _Planned(function, what, is_caused=is_caused)
            number = self.queue.push(at, self._call, planned, is_authors=True)
        return partial(self._take_back, planned, number)

    def _take_back(self, planned: _Planned, number: int) -> None:
        with self.lock:
            if not planned.is_over:
                planned.is_over = True
                self.queue.withdraw(number)

    def move_to(self, at: Micros) -> None:
        """Move forward to `at` without running any work. A clock that is later already stays there."""
        self._target = at
        for source in self._sources:
            now = source.read()
            if now is not None:
                break
        else:
            raise EcsEventsError(
                "The clock cannot be moved: the library that froze it was stopped inside the test. Stop it only after "
                "ecs_events has ended."
            )
        if now < at:
            source.move_to(at)
        while self._target > at:  # a signal handler interrupted this, slept, and moved the clock further
            at = self._target
            source.move_to(at)


def _is_of_test() -> bool:
    return any(clock.has_caller() for clock in _entered)


def _start_for_older() -> Micros | None:
    """The start of the test that has taken in the calling thread, which is from before it; None if it is no such thread."""
    for clock in _entered:
        thread = None if clock.waits is None else clock.waits.me()
        if thread is not None and thread.is_older:
            return clock.started_at
    return None
