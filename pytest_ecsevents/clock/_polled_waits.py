"""Waits with a timeout for something that only the system can tell: a socket, a selector, a lock of multiprocessing.

A thread of the test waits in virtual time, and looks every millisecond of real time whether it may go on. If another process
may end the wait, time stands meanwhile: for the timeout itself, and at most for `patience` in all waits for one thing.

What a library calls for itself stays real: `socketserver`, `asyncio` and `subprocess` wait in selectors too.

Private names, tried with Python 3.10 to 3.15: `SemLock._make_methods`, `_semlock` and `_is_zero` of multiprocessing's locks;
`time` of its modules `queues` and `synchronize`. Where one is missing, replacing fails with an AttributeError.
"""

from __future__ import annotations

import select
import selectors
import sys
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from pytest_ecsevents._frames import AUTHOR, author_frame, kind_of_caller, place_of
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._after_import import call_after_import
from pytest_ecsevents.clock._names import Overlay, Replacement
from pytest_ecsevents.clock._real_work import HoldsOnce
from pytest_ecsevents.clock._scheduler import A_MOMENT, LOOK_AGAIN, Scheduler
from pytest_ecsevents.clock._threads import TestThread, WatchedWait, real_now
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.clock._waits_in_c import SELECT

T = TypeVar("T")


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
    """Waits of one test's threads for what only the system can tell.

    Args:
        scheduler: The threads.
        read: Virtual `time.monotonic`.
    """

    def __init__(self, scheduler: Scheduler, read: Callable[[], float]) -> None:
        self.scheduler: Final = scheduler
        self._read: Final = read

    @cached_property  # few tests need it
    def _spent(self) -> WeakKeyDictionary[Any, float]:
        return WeakKeyDictionary()

    def wait(self, thread: TestThread, seconds: float, look: Callable[[], object], outside: object = None) -> bool:
        """Wait until a look says so. Returns whether it did before `seconds` of virtual time had passed.

        Args:
            thread: The calling one.
            seconds: More than 0.
            look: Whether the wait has ended; called in any thread.
            outside: What another process may change; None if only threads of the test may.
        """
        scheduler, began = self.scheduler, real_now()
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

    def attempt(
        self,
        thread: TestThread,
        seconds: float,
        attempt: Callable[[], T],
        look: Callable[[], object],
        outside: object = None,
    ) -> T:
        """Wait until an attempt gives a true value, or `seconds` of virtual time have passed. Returns what the last one gave.

        Args:
            thread: The calling one.
            seconds: More than 0, or infinite.
            attempt: Takes what is waited for, if it is there.
            look: Whether it is there; called in any thread.
            outside: As in `wait`.
        """
        until = self._read() + seconds
        while not (got := attempt()) and (left := until - self._read()) > 0:
            self.wait(thread, left, look, outside)
        return got


_ACTIVE: Final[list[Polling]] = []
"""Of the clouds that are entered."""


def polling_of_caller() -> tuple[Any, TestThread | None]:
    """The waits of the calling thread's test, and that thread; None for another thread, or when the test is over."""
    for polling in _ACTIVE[::-1]:
        thread = None if polling.scheduler.is_over else polling.scheduler.me()
        if thread is not None:
            return polling, thread
    return None, None


def replace_polled_waits(polling: Polling, read: Callable[[], float], undo: Undo, shared: Undo) -> list[Replacement]:
    """Make waits in selectors and for multiprocessing virtual, until `undo` closes.

    Returns what to replace under the names of modules.

    Args:
        polling: The waits of the test's threads.
        read: Virtual `time.monotonic`.
        undo: Restores what is this test's own.
        shared: Restores, when no clock is entered any more, what is the same for all.
    """
    _ACTIVE.append(polling)
    undo.callback(_ACTIVE.remove, polling)
    for kind, fake in _SELECTORS.items():
        shared.replace(kind, "select", fake)
    _Multiprocessing(polling.scheduler, read, undo).replace()
    if select.select is SELECT:  # else it is a mock, or replaced already
        shared.replace(select, "select", _select)
    return _REPLACEMENTS


def _select(*lists: Any) -> Any:
    """Stands for `select.select`."""
    polling, thread = polling_of_caller()
    timeout = lists[3] if len(lists) == 4 else None
    if thread is None or timeout is None or not timeout >= 0 or kind_of_caller(1) != AUTHOR:
        return SELECT(*lists)
    scheduler = polling.scheduler
    watched = [list(one) for one in lists[:3]]
    ready = SELECT(*watched, 0)
    if any(ready):
        return ready
    if timeout:
        polling.wait(thread, timeout, lambda: any(SELECT(*watched, 0)), scheduler.outside.source(watched[0]))
    else:
        scheduler.pause(thread)
    return SELECT(*watched, 0)


def _select_of(real: Callable[..., Any]) -> Callable[..., Any]:
    def select(selector: Any, timeout: float | None = None) -> Any:
        polling, thread = polling_of_caller()
        if thread is None or timeout is None or timeout <= 0 or kind_of_caller(1) != AUTHOR:
            return real(selector, timeout)
        watched = [key.fileobj for key in selector.get_map().values() if key.events & selectors.EVENT_READ]
        polling.wait(thread, timeout, lambda: real(selector, 0), polling.scheduler.outside.source(watched))
        return real(selector, 0)

    return select


_SELECTORS: Final[dict[Any, Any]] = {
    kind: _select_of(kind.select)
    for name in ("SelectSelector", "PollSelector", "EpollSelector", "DevpollSelector", "KqueueSelector")
    if (kind := getattr(selectors, name, None)) is not None
}


_REPLACEMENTS: Final = [Replacement(SELECT, _select)]


# -- multiprocessing, which few programs load


class _Multiprocessing:
    """One method for each of its modules, called once that is loaded."""

    def __init__(self, scheduler: Scheduler, read: Callable[[], float], undo: Undo) -> None:
        self._scheduler: Final = scheduler
        self._read: Final = read
        self._undo: Final = undo

    def replace(self) -> None:
        actions = {"connection": self._connection, "queues": self._queues, "synchronize": self._synchronize}
        call_after_import({f"multiprocessing.{name}": action for name, action in actions.items()}, self._undo)

    def _connection(self) -> None:
        module: Any = sys.modules["multiprocessing.connection"]
        real_wait = module.wait

        def wait(objects: Iterable[Any], timeout: float | None = None) -> Any:
            (polling, thread), objects = polling_of_caller(), list(objects)
            if thread is not None and timeout is not None and timeout > 0 and objects:
                polling.wait(thread, timeout, lambda: real_wait(objects, 0), _children())
                timeout = 0
            return real_wait(objects, timeout)

        self._undo.replace(module, "wait", wait)

    def _queues(self) -> None:
        self._replace_time(sys.modules["multiprocessing.queues"])

    def _synchronize(self) -> None:
        module: Any = sys.modules["multiprocessing.synchronize"]
        self._replace_time(module)
        real_make = module.SemLock._make_methods  # gives a lock its `acquire`

        def make_methods(lock: Any) -> None:
            real_make(lock)
            lock.acquire = virtual_acquire(lock)

        self._undo.replace(module.SemLock, "_make_methods", make_methods)

    def _replace_time(self, module: Any) -> None:
        self._undo.replace(module, "time", Overlay(time, monotonic=self._monotonic))

    def _monotonic(self) -> float:
        return real_now() if self._scheduler.me() is None else self._read()


def virtual_acquire(lock: Any) -> Callable[..., Any]:
    """The method `acquire` of a lock of multiprocessing that has the real one."""
    real, semaphore = lock.acquire, lock._semlock  # written in C

    def acquire(block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT002  # as the real one
        polling, thread = polling_of_caller()
        if thread is None or not block or timeout is None or timeout <= 0:
            return real(block, timeout)
        return polling.attempt(thread, timeout, lambda: real(False), lambda: not semaphore._is_zero(), _children())

    return acquire


class _Children(HoldsOnce):
    """Stands for what other processes may do."""


_CHILDREN: Final = _Children()


def _children() -> object:
    """What stands for the children of multiprocessing that run; None if there are none."""
    processes: Any = sys.modules["multiprocessing.process"]
    known = processes._children  # `active_children` waits for those that have ended
    return _CHILDREN if any(child._popen.poll() is None for child in list(known)) else None  # the same
