"""Work outside our waits that stops virtual time: threads that compute, and real work that ends by itself."""

import os
import socket
import stat
import sys
from _thread import get_ident
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

from pytest_ecsevents._frames import author_frame, frames_of_threads, place_of
from pytest_ecsevents.clock._processor_use import STUCK_AFTER
from pytest_ecsevents.clock._real_work import PIPES_OF_CHILDREN, Doing, HoldsOnce, doing_of, is_from_outside
from pytest_ecsevents.clock._threads import TestThread

IDLE_AFTER: Final = 0.02
"""Real seconds without any use of the processor, after which a thread that is known to be idle holds time no longer."""

_FOR_REAL: Final = "something real at"
_FOR_ONE_AT_WORK: Final = "a thread that works without waiting at"

PATIENCE: Final = 10.0
"""Real seconds for which real work holds time, unless the test says otherwise."""


class _Numbered(HoldsOnce):
    """Stands for what is known by the number of its descriptor alone."""


class OutsideWork:
    """What the threads of one test do that no wait of ours shows.

    Attributes:
        served: The addresses that threads of the test serve.
        ours: Those of them that the plugin's own server listens on.
        patience: Real seconds for which real work may hold time.
        given_up: Sentences about work that took longer.
        waits_for_time: Whether another process waits for a reply that our server holds until an instant of virtual time.
            Its work is no reason then to let time stand.
    """

    def __init__(self) -> None:
        self.served: Final[set[object]] = set()
        self.ours: Final[set[object]] = set()
        self.patience: Callable[[], float] = lambda: PATIENCE
        self.given_up: Final[list[str]] = []
        self.waits_for_time: Callable[[], bool] = bool
        self._tasks: Final[dict[object, tuple[str, HoldsOnce | None]]] = {}  # where each waits, and for what
        # Since when they hold time: threads with their number of waits before, and tasks of event loops.
        self._working: dict[object, float] = {}
        self._lasted: Final[set[object]] = set()
        self._numbers: Final[defaultdict[int, _Numbered]] = defaultdict(_Numbered)

    @contextmanager
    def working(self, once: HoldsOnce | None = None) -> Iterator[None]:
        """Stop time meanwhile, because a task of an event loop waits for real work that ends by itself.

        Args:
            once: What it waits for, if that holds time only once.
        """
        task = object()
        self._tasks[task] = place_of(author_frame(sys._getframe(2))), once
        try:
            yield
        finally:
            del self._tasks[task]

    def holds_time(self, runners: Sequence[TestThread], now: float, *, is_watched: bool = False) -> bool:
        """Whether time must stand still.

        Args:
            runners: The threads that are in no wait of ours.
            now: Real time.
            is_watched: Whether `run` ends a handler beside a thread that works without waiting.
        """
        if not runners and not self._tasks:
            return False
        frames = frames_of_threads()
        del frames[get_ident()]  # it would keep itself, and with it what all threads have in their variables
        before, self._working = self._working, {}
        # No generators: each call takes a measurement.
        threads = [self._is_at_work(thread, frames, now, before, is_watched) for thread in runners]
        tasks = [
            self._holds(task, now, before, f"{_FOR_REAL} {place}".__str__, once)
            for task, (place, once) in list(self._tasks.items())
        ]
        return any(threads) or any(tasks)

    def source(self, watched: Iterable[object]) -> object:
        """The first of these that another process may write to: a socket, or the output of a child; None if there is none."""
        for one in watched:
            if isinstance(one, int):
                found = self._source_of_number(one)
                if found is not None:
                    return found
                continue
            raw = getattr(getattr(one, "buffer", one), "raw", one)
            if isinstance(raw, HoldsOnce) or is_from_outside(one, self.served):
                return raw
        return None

    def _source_of_number(self, number: int) -> object:
        """`source` for the number of a descriptor. Another process writes a terminal, and the pipe of a child."""
        for pipe in list(PIPES_OF_CHILDREN):
            if not pipe.closed and pipe.fileno() == number:
                return pipe
        with suppress(OSError):  # it was closed
            mode = os.fstat(number).st_mode
            if stat.S_ISCHR(mode):
                return self._numbers[number]
            if stat.S_ISSOCK(mode):
                with socket.socket(fileno=os.dup(number)) as connection:
                    return self._numbers[number] if is_from_outside(connection, self.served) else None
        return None

    def is_idle_in_pool(self, thread: TestThread) -> bool:
        return self._is_doing(thread, Doing.IDLE_IN_POOL)

    def waits_for_input(self, thread: TestThread) -> bool:
        """Whether it waits at a socket that the test serves, and that has no data."""
        return self._is_doing(thread, Doing.WAITING_FOR_INPUT)

    def _is_doing(self, thread: TestThread, what: Doing) -> bool:
        frame = frames_of_threads().get(thread.ident or 0)
        return frame is not None and doing_of(frame, self.served)[0] is what

    def _is_at_work(
        self,
        thread: TestThread,
        frames: dict[int, FrameType],
        now: float,
        before: Mapping[object, float],
        is_watched: bool,
    ) -> bool:
        if thread.ident is None:  # it is about to start
            return self._holds(thread, now, before, lambda: f"{_FOR_REAL} the start of a thread")
        frame = frames.get(thread.ident)
        if frame is None:  # it has just ended
            return False
        doing, once = doing_of(frame, self.served)
        if doing is Doing.REAL_WORK and not self.waits_for_time():
            work, what = (thread, thread.phase, True), _FOR_REAL
        elif doing is Doing.WAITING_FOR_INPUT:  # unless it has just got some
            return frames_of_threads().get(thread.ident) is not frame or thread.is_ready()
        elif thread.idle_for(now) < (STUCK_AFTER if doing is Doing.UNKNOWN else IDLE_AFTER):
            if is_watched:
                return True
            work, what = (thread, thread.phase, False), _FOR_ONE_AT_WORK
        else:
            return False
        return self._holds(work, now, before, lambda: f"{what} {place_of(author_frame(frame))}", once)

    def _holds(
        self,
        work: object,
        now: float,
        before: Mapping[object, float],
        what: Callable[[], str],
        once: HoldsOnce | None = None,
    ) -> bool:
        """Whether work stops time; if it did for too long, record that once.

        Args:
            work: The same object as long as it goes on.
            now: Real time.
            before: Since when it did at the last look.
            what: What to say of it.
            once: What never holds time again after that.
        """
        since = self._working[work] = before.get(work, now)
        if once in self._lasted:
            return False
        if now - since < self.patience():
            return True
        if work not in self._lasted:
            self._lasted.update((work,) if once is None else (work, once))
            self.tell(what())
        return False

    def tell(self, what: str) -> None:
        """Note that work took longer than `patience`."""
        self.given_up.append(
            f"Time stood still for {self.patience():g} seconds of real time, because the test waited for {what}. "
            "Then time went on. If it takes longer, set ecs_events.patience to more seconds."
        )
