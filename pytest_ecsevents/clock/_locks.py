"""Locks that threads of the test make: they are waited for in virtual time.

A lock is written in C, and so is its wait. So `threading.Lock` and `threading.RLock` make locks in Python, where code outside the
standard library calls them in a thread of the test. The locks of the standard library itself are held for moments only.

`_older_objects` has locks that were made before the test.

Private names, tried with Python 3.10 to 3.15: `threading._RLock` and its `_block`. Where one is missing, making an RLock in a test
fails with an AttributeError.
"""

from __future__ import annotations

import sys
import threading
from _thread import LockType, allocate_lock
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from types import FrameType
from typing import Any, Final

from pytest_ecsevents._frames import AUTHOR, is_standard, kind_of
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._names import Replacement
from pytest_ecsevents.clock._polled_waits import Polling, polling_of_caller
from pytest_ecsevents.clock._scheduler import SHORTEST
from pytest_ecsevents.clock._threads import TestThread, Wait
from pytest_ecsevents.clock._waits_in_c import LOCK, RLOCK


def acquire_later(
    real: Any, wait: Callable[[Polling, TestThread, float], bool], blocking: bool, timeout: float
) -> bool:
    """Acquire a lock that is taken: by `wait` in a thread of the test, else as the real one does.

    The real one raises for what makes no sense.
    """
    polling, thread = polling_of_caller()
    if thread is not None and blocking and (timeout == -1 or timeout >= SHORTEST):
        return wait(polling, thread, timeout)
    got = real.acquire(blocking, timeout)
    if not got and thread is not None:
        polling.scheduler.pause(thread)
    return bool(got)


class VirtualLock:
    """A lock that is waited for in virtual time, by threads of whichever test runs."""

    __slots__ = ("__weakref__", "_real", "_waits", "locked")

    def __init__(self) -> None:
        self._real: Final[Any] = allocate_lock()
        self._waits: Final[list[Wait]] = []
        self.locked: Final = self._real.locked

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT002  # as the real one
        real = self._real
        return bool(real.acquire(False)) or acquire_later(real, self._wait, blocking, timeout)

    def _wait(self, polling: Polling, thread: TestThread, timeout: float) -> bool:
        real, scheduler = self._real, polling.scheduler
        deadline = None if timeout == -1 else scheduler.deadline_after(timeout)
        while True:
            wait = Wait(scheduler, thread, deadline)
            self._waits.append(wait)
            try:
                # It may have been released before the wait was in the list.
                if real.acquire(False):
                    return True
                if not scheduler.wait(wait):
                    return bool(real.acquire(False))
            finally:
                with suppress(ValueError):  # it was woken
                    self._waits.remove(wait)

    def release(self) -> None:
        self._real.release()
        while self._waits:
            with suppress(IndexError, RuntimeError):  # it has ended, or another thread has woken it
                self._waits.pop(0).release()
                break

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._real._at_fork_reinit()  # as the real one does
        self._waits.clear()

    acquire_lock, release_lock = acquire, release

    def __repr__(self) -> str:
        return f"<{'locked' if self.locked() else 'unlocked'} threading.Lock object at {id(self):#x}>"


class _IsLock(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, (LockType, VirtualLock))


class _Lock(metaclass=_IsLock):
    """Stands for `threading.Lock`, which is a class from Python 3.13 on."""

    def __new__(cls) -> Any:
        return VirtualLock() if is_of_test(sys._getframe().f_back) else LOCK()


def _make_rlock(*args: Any, **kwargs: Any) -> Any:
    if args or kwargs or not is_of_test(sys._getframe().f_back):
        return RLOCK(*args, **kwargs)
    lock: Any = threading._RLock()  # CPython's own fallback
    lock._block = VirtualLock()  # what it waits for
    return lock


_REPLACEMENTS: Final = [Replacement(LOCK, _Lock), Replacement(RLOCK, _make_rlock)]


def replace_locks(shared: Undo) -> list[Replacement]:
    """Make locks of the test's threads virtual, until `shared` closes. Returns what to replace under the names of modules."""
    for name, (real, fake, _) in zip(("Lock", "RLock"), _REPLACEMENTS, strict=True):
        if getattr(threading, name) is real:  # else it is a mock, or replaced already
            shared.replace(threading, name, fake)
    return _REPLACEMENTS


def is_of_test(caller: FrameType | None) -> bool:
    """Whether a thread of the test makes the lock, in code of the test, its handler or a library that it uses.

    `caller` is None where a function of C makes it, as in a greenlet.
    """
    module = "" if caller is None else str(caller.f_globals.get("__name__", ""))
    return _may_wait(module) and polling_of_caller()[1] is not None


@cache
def _may_wait(module: str) -> bool:
    return kind_of(module) == AUTHOR and not is_standard(module)
