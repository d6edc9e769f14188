"""Waits with a timeout for something that only the system can tell: a socket, a selector, a lock of multiprocessing.

A thread of the test waits in virtual time, and looks every millisecond of real time whether it may go on. If another process
may end the wait, time stands meanwhile: for the timeout itself, and at most for `patience` in all waits for one thing.

What a library calls for itself stays real: `socketserver`, `asyncio` and `subprocess` wait in selectors too.

Private names, tried with Python 3.10 to 3.15: `SemLock._make_methods`, `_semlock` and `_is_zero` of multiprocessing's locks;
`time` of its modules `queues` and `synchronize`. Where one is missing, replacing fails with an AttributeError.
"""

import multiprocessing.connection
import multiprocessing.process
import multiprocessing.queues
import multiprocessing.synchronize
import select
import selectors
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, Final
from weakref import WeakKeyDictionary

from pytest_ecsevents._frames import AUTHOR, author_frame, kind_of_caller, place_of
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._names import Overlay
from pytest_ecsevents.clock._real_work import HoldsOnce
from pytest_ecsevents.clock._scheduler import A_MOMENT, LOOK_AGAIN, Scheduler
from pytest_ecsevents.clock._threads import TestThread, WatchedWait, real_now
from pytest_ecsevents.clock._times import Micros


class PolledWait(WatchedWait):
    """A wait that ends when a look says so.

    Args:
        deadline: When it ends otherwise.
        look: Whether it has ended; called in any thread.
        stands_until: Real time until which the clock stands.
    """

    __slots__ = ("_look", "_stands_until")

    def __init__(
        self,
        scheduler: Scheduler,
        thread: TestThread,
        deadline: Micros | None,
        look: Callable[[], object],
        stands_until: float,
    ) -> None:
        super().__init__(scheduler, thread, deadline)
        self.rank = sys.maxsize  # what happens at its deadline comes in time
        self._look: Final = look
        self._stands_until: Final = stands_until

    def park(self, seconds: float | None) -> None:
        super().park(A_MOMENT if seconds is None else min(seconds, A_MOMENT))
        if self._look():
            self._scheduler.make_ready(self)

    def has_work(self) -> bool:
        return bool(self._look())

    def holds_for(self, _target: Micros | None, now: float) -> float:
        return min(max(self._stands_until - now, 0.0), LOOK_AGAIN)


class Polling:
    """Waits of one test's threads for what only the system can tell."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler: Final = scheduler
        self._spent: Final[WeakKeyDictionary[Any, float]] = WeakKeyDictionary()

    def wait(self, thread: TestThread, seconds: float, look: Callable[[], object], outside: object = None) -> bool:
        """Wait until a look says so. Returns whether it did before `seconds` of virtual time had passed.

        Args:
            thread: The calling one.
            seconds: More than 0.
            look: Whether the wait has ended; called in any thread.
            outside: What another process may change; None if only threads of the test may.
        """
        scheduler, began = self._scheduler, real_now()
        patience = scheduler.outside.patience()
        left = 0.0 if outside is None else min(seconds, patience - self._spent.get(outside, 0.0))
        deadline = scheduler.deadline_after(seconds)
        is_over = bool(look()) or scheduler.wait(PolledWait(scheduler, thread, deadline, look, began + left))
        if is_over and outside is not None:
            self._spent.pop(outside, None)
        elif left > 0:
            before = self._spent.get(outside, 0.0)
            self._spent[outside] = before + left
            if before + left >= patience:
                scheduler.outside.tell(f"something real at {place_of(author_frame())}")
        return is_over


def replace_polled_waits(polling: Polling, scheduler: Scheduler, read: Callable[[], float], undo: Undo) -> None:
    """Make waits in selectors and for multiprocessing virtual, until `undo` closes.

    Args:
        polling: The waits of the test's threads.
        scheduler: These threads.
        read: Virtual `time.monotonic`.
        undo: Restores everything.
    """
    _replace_selecting(polling, scheduler, undo)
    _replace_multiprocessing(polling, scheduler, read, undo)


def _replace_selecting(polling: Polling, scheduler: Scheduler, undo: Undo) -> None:
    real_select: Any = select.select

    def select_(*lists: Any) -> Any:
        ready = None
        thread = scheduler.me()
        timeout = lists[3] if len(lists) == 4 else None
        if thread is not None and timeout is not None and timeout >= 0 and kind_of_caller(1) == AUTHOR:
            watched = [list(one) for one in lists[:3]]
            ready = real_select(*watched, 0)
            if not any(ready):
                if timeout:
                    polling.wait(
                        thread, timeout, lambda: any(real_select(*watched, 0)), scheduler.outside.source(watched[0])
                    )
                else:
                    scheduler.pause(thread)
                ready = real_select(*watched, 0)
        return real_select(*lists) if ready is None else ready

    undo.replace(select, "select", select_)
    names = ("SelectSelector", "PollSelector", "EpollSelector", "DevpollSelector", "KqueueSelector")
    for kind in [getattr(selectors, name) for name in names if hasattr(selectors, name)]:
        undo.replace(kind, "select", _select_of(polling, scheduler, kind.select))


def _select_of(polling: Polling, scheduler: Scheduler, real: Callable[..., Any]) -> Callable[..., Any]:
    def select(selector: Any, timeout: float | None = None) -> Any:
        thread = scheduler.me()
        if thread is None or timeout is None or timeout <= 0 or kind_of_caller(1) != AUTHOR:
            return real(selector, timeout)
        watched = [key.fileobj for key in selector.get_map().values() if key.events & selectors.EVENT_READ]
        polling.wait(thread, timeout, lambda: real(selector, 0), scheduler.outside.source(watched))
        return real(selector, 0)

    return select


# -- multiprocessing


def _replace_multiprocessing(polling: Polling, scheduler: Scheduler, read: Callable[[], float], undo: Undo) -> None:
    def monotonic() -> float:
        return real_now() if scheduler.me() is None else read()

    of_time = Overlay(time, monotonic=monotonic)
    undo.replace(multiprocessing.queues, "time", of_time)
    undo.replace(multiprocessing.synchronize, "time", of_time)

    real_wait: Any = multiprocessing.connection.wait

    def wait(objects: Iterable[Any], timeout: float | None = None) -> Any:
        thread, objects = scheduler.me(), list(objects)
        if thread is not None and timeout is not None and timeout > 0 and objects:
            polling.wait(thread, timeout, lambda: real_wait(objects, 0), _children())
            timeout = 0
        return real_wait(objects, timeout)

    undo.replace(multiprocessing.connection, "wait", wait)

    of_lock: Any = multiprocessing.synchronize.SemLock
    real_make: Any = of_lock._make_methods  # gives a lock its `acquire`

    def make_methods(lock: Any) -> None:
        real_make(lock)
        real, semaphore = lock.acquire, lock._semlock  # written in C

        def acquire(block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT002  # as the real one
            thread = scheduler.me()
            if thread is None or not block or timeout is None or timeout <= 0 or scheduler.is_over:
                return real(block, timeout)
            until = read() + timeout
            while not (got := real(False)) and until > read():
                polling.wait(thread, until - read(), lambda: not semaphore._is_zero(), _children())
            return got

        lock.acquire = acquire

    undo.replace(of_lock, "_make_methods", make_methods)


class _Children(HoldsOnce):
    """Stands for what other processes may do."""


_CHILDREN: Final = _Children()


def _children() -> object:
    """What stands for the children of multiprocessing that run; None if there are none."""
    known: Any = multiprocessing.process._children  # type: ignore[attr-defined]  # `active_children` waits for those that have ended
    return _CHILDREN if any(child._popen.poll() is None for child in list(known)) else None  # the same
