"""The threads of a test, and what each of them waits for."""

import threading
import time
from _thread import allocate_lock, get_ident, get_native_id
from abc import ABC, abstractmethod
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from pytest_ecsevents.clock._processor_use import ProcessorUse
from pytest_ecsevents.clock._times import Micros

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


# Real time, whatever a test replaces: no back end replaces `clock_gettime`, and `sleep` is read at import.
real_now: "Final[Callable[[], float]]" = (
    partial(time.clock_gettime, time.CLOCK_MONOTONIC) if hasattr(time, "CLOCK_MONOTONIC") else time.perf_counter
)


class OtherRun(Protocol):
    """The run of an event loop that is not asyncio's."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""

    def call_soon(self, function: "Callable[[], None]") -> None:
        """Have the run call a function between two steps of its tasks, from any thread."""

    def cancel(self) -> None:
        """Cancel the handler's tasks; called in the thread of the run."""

    def abandon(self) -> None:
        """Keep its tasks until the process ends: the destructors of their coroutines would run them on, outside any loop."""

    def coroutines(self) -> list[Any]:
        """The coroutines of the handler's tasks."""


class TestThread:
    """One thread of the test.

    Attributes:
        ident: Its `threading.get_ident`, once it runs.
        started: Its `threading.Thread`, if the test started it.
        waits: What it waits for. A thread that waits may run due work that waits too: the innermost wait is last.
        joined_by: The waits of threads that join it.
        locking: Events whose locks it holds or is about to take.
        loop: The asyncio event loop that it ran last.
        waits_for_turn: Whether no thread is free yet for the work that this stands for, until it has begun.
        is_older: Whether it is from before the test, and goes on after it.
        other_run: The run of another event loop that it ran last.
        phase: Grows when a wait begins, when it ends, and when `run` has ended the thread's handler.
    """

    __test__ = False
    __slots__ = (
        "_use",
        "has_ended",
        "ident",
        "is_older",
        "joined_by",
        "locking",
        "loop",
        "number",
        "other_run",
        "phase",
        "started",
        "waits",
        "waits_for_turn",
    )

    def __init__(
        self, number: int, started: threading.Thread | None, waits_for_turn: "Callable[[], bool] | None" = None
    ) -> None:
        self.number: Final = number
        self.waits_for_turn: Final = waits_for_turn
        self.is_older = False
        self.ident: int | None = None
        self.started: Final = started
        self.waits: list[Wait] = []
        self.joined_by: list[Wait] = []
        self.locking: list[object] = []
        self.loop: Any = None
        self.other_run: OtherRun | None = None
        self.has_ended = False
        self.phase = 0
        self._use: ProcessorUse | None = None

    def begin(self, ident: int | None = None, native_id: int | None = None) -> int:
        """Note that the thread runs, called in that thread, or with its idents while it waits. Returns the ident."""
        if ident is None:
            ident, native_id = get_ident(), get_native_id()
        self.ident = ident
        self._use = ProcessorUse(ident, native_id)
        return ident

    @property
    def wait(self) -> "Wait | None":
        """The innermost wait, or None."""
        try:
            return self.waits[-1]
        except IndexError:
            return None

    @property
    def runs(self) -> bool:
        """Whether it does not wait as far as we know. A thread that drives counts as running while it runs due work."""
        wait = self.wait
        if wait is None:
            return self.ident is not None or self.waits_for_turn is None or not self.waits_for_turn()
        return wait.is_ready or wait.is_driving or wait.is_to_look

    @property
    def is_interruptible(self) -> bool:
        """Whether it is outside every wait, or drives: due work may be the user's function."""
        wait = self.wait
        return wait is None or wait.is_driving

    def is_ready(self) -> bool:
        """Whether it runs or is about to, as far as the system says."""
        return self._use is not None and self._use.is_ready()

    def idle_for(self, now: float) -> float:
        """Real seconds for which it has not used the processor, as far as was looked at."""
        return 0.0 if self._use is None else self._use.idle_for(now, self.phase)


class EndedBy(Enum):
    WAKING = auto()  # by another thread
    DEADLINE = auto()
    GUARD = auto()  # it hangs, and is cut off
    RUN = auto()  # `run` ends the handler
    TEST = auto()  # the test has ended
    ERROR = auto()


class Waker(Protocol):
    """The part of the scheduler that a wait needs; the scheduler imports this module."""

    is_over: bool
    """Whether its test has ended."""

    def me(self) -> TestThread | None:
        """The calling thread, if it belongs to the test."""

    def make_ready(self, wait: "Wait") -> bool:
        """End a wait. Returns False if it had ended before."""

    def wait(self, wait: "Wait") -> bool:
        """Wait in virtual time. Returns whether the wait ended before its deadline."""


class Wait:
    """One thread that waits.

    Attributes:
        deadline: When it ends by itself; None for never.
        rank: Waits with the same deadline end in the order of their ranks.
        ended_by: Why it ended; None before.
        is_driving: Whether its thread runs due work meanwhile.
        is_to_look: Whether its thread was unparked to look again: only it can run a signal's handler, or it may drive.
    """

    is_of_loop = False
    """Whether the thread runs an event loop that has nothing to do."""

    is_brief = False
    """Whether the thread waits for no time again and again, and so wakes no other."""

    may_serve = False
    """Whether the thread runs an event loop that may have to answer what a function of the user's calls."""

    __slots__ = ("_lock", "_scheduler", "deadline", "ended_by", "is_driving", "is_to_look", "rank", "thread")

    def __init__(
        self, scheduler: "Waker", thread: TestThread, deadline: Micros | None, *, rank: int | None = None
    ) -> None:
        self._scheduler: Final = scheduler
        self.thread: Final = thread
        self.deadline = deadline
        self.rank = thread.number if rank is None else rank
        self.ended_by: EndedBy | None = None
        self.is_driving = self.is_to_look = False
        self._lock: Final = allocate_lock()
        self._lock.acquire()

    @property
    def is_of_ended_test(self) -> bool:
        return self._scheduler.is_over

    @property
    def is_ready(self) -> bool:
        return self.ended_by is not None

    def release(self) -> None:
        """Wake the thread. `threading.Condition` calls it as it would a lock's `release`.

        Raises:
            RuntimeError: The wait had ended before, as for a lock that is not held.
        """
        if not self._scheduler.make_ready(self):
            raise RuntimeError("the wait has ended")

    def park(self, seconds: float | None) -> None:
        """Block in real time until `unpark`, at most for `seconds`."""
        self._lock.acquire(True, -1 if seconds is None else seconds)

    def look(self) -> None:
        """Have the thread check again whether it should drive."""
        self.is_to_look = True
        self.unpark()

    def unpark(self) -> None:
        """End `park`, from any thread."""
        with suppress(RuntimeError):  # it has ended already
            self._lock.release()


class WatchedWait(Wait, ABC):
    """A wait that something real can end too, such as a socket: the scheduler checks it before time moves."""

    __slots__ = ()

    hears_from_outside = True
    """Whether something real may end it that no thread of the test causes."""

    @property
    def may_serve(self) -> bool:  # type: ignore[override]  # of other waits it is known
        return self.is_of_loop and self.hears_from_outside and self.thread.number != 1

    @abstractmethod
    def has_work(self) -> bool:
        """Whether it can end although no thread woke it."""

    @abstractmethod
    def holds_for(self, target: Micros | None, now: float) -> float:
        """Real seconds that must pass before time moves to `target`: something real may end the wait first."""


def leave_work(wait: Wait, threads: "Iterable[TestThread]") -> bool:
    """Leave due work to another of these threads that waits, if the event loop of this one may have to answer receivers.

    Returns whether it does. The other thread is unparked.
    """
    if not wait.may_serve:
        return False
    others = [thread.wait for thread in threads if thread.wait is not None and not thread.runs]
    able = next((one for one in others if not one.may_serve), None)
    if able is not None:
        able.look()
    return able is not None
