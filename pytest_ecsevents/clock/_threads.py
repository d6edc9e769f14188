"""The threads of a test, and what each of them waits for."""

import threading
import time
from _thread import allocate_lock, get_ident
from abc import ABC, abstractmethod
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from pytest_ecsevents.clock._processor_use import ProcessorUse
from pytest_ecsevents.clock._times import Micros

if TYPE_CHECKING:
    from collections.abc import Callable


# Real time, whatever a test replaces: no back end replaces `clock_gettime`, and `sleep` is taken before any does.
real_now: "Final[Callable[[], float]]" = (
    partial(time.clock_gettime, time.CLOCK_MONOTONIC) if hasattr(time, "CLOCK_MONOTONIC") else time.perf_counter
)
real_sleep: Final = time.sleep


class TestThread:
    """One thread of the test.

    Attributes:
        ident: Its identity, once it runs.
        started: Its `threading.Thread`, if the test started it.
        waits: What it waits for. A wait may set off what waits itself: the innermost is last.
        joined_by: Waits for its end.
        locking: Events whose locks it takes or has.
        loop: The event loop that it ran last.
    """

    __test__ = False
    __slots__ = ("_use", "has_ended", "ident", "joined_by", "locking", "loop", "number", "started", "waits")

    def __init__(self, number: int, started: threading.Thread | None) -> None:
        self.number: Final = number
        self.ident: int | None = None
        self.started: Final = started
        self.waits: list[Wait] = []
        self.joined_by: list[Wait] = []
        self.locking: list[object] = []
        self.loop: Any = None
        self.has_ended = False
        self._use: ProcessorUse | None = None

    def begin(self) -> int:
        """Note that it runs; called by itself. Returns its identity."""
        self._use = ProcessorUse()
        self.ident = get_ident()
        return self.ident

    @property
    def wait(self) -> "Wait | None":
        """What it waits for; of what a wait has set off, the innermost."""
        try:
            return self.waits[-1]
        except IndexError:
            return None

    @property
    def runs(self) -> bool:
        """Whether it does not wait, as far as is known; one that drives runs while what is due happens."""
        wait = self.wait
        return wait is None or wait.is_ready or wait.is_driving or wait.is_to_look

    @property
    def is_interruptible(self) -> bool:
        """Whether it stands outside every wait; while it drives, what happens may be the author's function."""
        wait = self.wait
        return wait is None or wait.is_driving

    def is_stuck(self, now: float) -> bool:
        """Whether it has done nothing for a while, though no wait of ours holds it."""
        return self._use is not None and self._use.is_stuck(now)


class EndedBy(Enum):
    WAKING = auto()
    DEADLINE = auto()
    RUN = auto()  # it ends the handler
    TEST = auto()  # it has ended
    ERROR = auto()


class Waker(Protocol):
    """What a wait needs of the scheduler, which is built on it."""

    def me(self) -> TestThread | None:
        """The calling thread, if it belongs to the test."""

    def make_ready(self, wait: "Wait") -> bool:
        """Have a thread go on; False if it does already."""

    def watch(self, wait: "WatchedWait") -> bool:
        """Wait in virtual time; whether the wait was ended before its deadline."""


class Wait:
    """One thread that waits.

    Attributes:
        deadline: When it goes on by itself; None for never.
        rank: Of waits for one instant, that of the lower rank ends first.
        ended_by: Why it goes on, once it does.
        is_driving: Whether its thread lets something happen meanwhile.
        is_to_look: Whether its thread is about to look: a signal may have come, whose handler is its to run.
    """

    is_of_loop = False
    """Whether the thread runs an event loop that has nothing to do."""

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
    def is_ready(self) -> bool:
        return self.ended_by is not None

    def release(self) -> None:
        """Wake the thread; it is called like a lock's method, for `threading.Condition` takes this for one.

        Raises:
            RuntimeError: It goes on already.
        """
        if not self._scheduler.make_ready(self):
            raise RuntimeError("the wait has ended")

    def park(self, seconds: float | None) -> None:
        """Wait in real time, until unparked, or for that many seconds."""
        self._lock.acquire(True, -1 if seconds is None else seconds)

    def unpark(self) -> None:
        """End `park`, from whichever thread."""
        with suppress(RuntimeError):  # it is ended already
            self._lock.release()


class WatchedWait(Wait, ABC):
    """A wait that more than other threads can end: it is asked before time moves."""

    __slots__ = ()

    @abstractmethod
    def has_work(self) -> bool:
        """Whether it can go on, although no thread woke it."""

    @abstractmethod
    def holds_for(self, target: Micros | None, now: float) -> float:
        """Real seconds that must still pass before time moves to the target, for something real may wake it first."""
