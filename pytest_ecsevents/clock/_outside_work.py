"""Work outside our waits that stops virtual time: threads that compute, and real work that ends by itself."""

import sys
from _thread import get_ident
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

from pytest_ecsevents._frames import author_frame, frames_of_threads, place_of
from pytest_ecsevents.clock._processor_use import STUCK_AFTER
from pytest_ecsevents.clock._real_work import Doing, doing_of
from pytest_ecsevents.clock._threads import TestThread

IDLE_AFTER: Final = 0.02
"""Real seconds without any use of the processor, after which a thread that is known to be idle holds time no longer."""

PATIENCE: Final = 10.0
"""Real seconds for which real work holds time, unless the test says otherwise."""


class OutsideWork:
    """What the threads of one test do that no wait of ours shows.

    Attributes:
        served: The addresses that threads of the test serve.
        patience: Real seconds for which real work may hold time.
        given_up: Sentences about work that took longer.
        waits_for_time: Whether another process waits for a reply that our server holds until an instant of virtual time.
            Its work is no reason then to let time stand.
    """

    def __init__(self) -> None:
        self.served: Final[set[object]] = set()
        self.patience: Callable[[], float] = lambda: PATIENCE
        self.given_up: Final[list[str]] = []
        self.waits_for_time: Callable[[], bool] = bool
        self._working: Final[dict[object, float]] = {}  # since when: threads, and tasks of event loops
        self._tasks: Final[dict[object, str]] = {}  # the line in which each waits
        self._lasted: Final[set[object]] = set()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Stop time meanwhile, because a task of an event loop waits for real work that ends by itself."""
        task = object()
        self._tasks[task] = place_of(author_frame(sys._getframe(2)))
        try:
            yield
        finally:
            del self._tasks[task]
            self._stopped(task)

    def holds_time(self, runners: Sequence[TestThread], now: float) -> bool:
        """Whether time must stand still.

        Args:
            runners: The threads that are in no wait of ours.
            now: Real time.
        """
        if not runners and not self._tasks:
            return False
        frames = frames_of_threads()
        del frames[get_ident()]  # it would keep itself, and with it what all threads have in their variables
        # No generators: each call takes a measurement.
        threads = [self._is_at_work(thread, frames, now) for thread in runners]
        tasks = [self._holds(task, now, place.__str__) for task, place in list(self._tasks.items())]
        return any(threads) or any(tasks)

    def is_idle_in_pool(self, thread: TestThread) -> bool:
        return self._is_doing(thread, Doing.IDLE_IN_POOL)

    def waits_for_input(self, thread: TestThread) -> bool:
        """Whether it waits at a socket that the test serves, and that has no data."""
        return self._is_doing(thread, Doing.WAITING_FOR_INPUT)

    def _is_doing(self, thread: TestThread, what: Doing) -> bool:
        frame = frames_of_threads().get(thread.ident or 0)
        return frame is not None and doing_of(frame, self.served) is what

    def _is_at_work(self, thread: TestThread, frames: dict[int, FrameType], now: float) -> bool:
        if thread.ident is None:  # it is about to start
            return self._holds(thread, now, "the start of a thread".__str__)
        frame = frames.get(thread.ident)
        if frame is None:  # it has just ended
            return False
        doing = doing_of(frame, self.served)
        if doing is Doing.REAL_WORK and not self.waits_for_time():
            return self._holds(thread, now, lambda: place_of(author_frame(frame)))
        self._stopped(thread)
        if doing is Doing.WAITING_FOR_INPUT:  # unless it has just got some
            return frames_of_threads().get(thread.ident) is not frame
        return thread.idle_for(now) < (STUCK_AFTER if doing is Doing.UNKNOWN else IDLE_AFTER)

    def _holds(self, work: object, now: float, place: Callable[[], str]) -> bool:
        """Whether real work stops time; if it did for too long, record that once."""
        since = self._working.setdefault(work, now)
        if now - since < self.patience():
            return True
        if work not in self._lasted:
            self._lasted.add(work)
            self.given_up.append(
                f"Time stood still for {self.patience():g} seconds of real time, because the test waited for something real "
                f"at {place()}. Then time went on. If it takes longer, set ecs_events.patience to more seconds."
            )
        return False

    def _stopped(self, work: object) -> None:
        self._working.pop(work, None)
        self._lasted.discard(work)
