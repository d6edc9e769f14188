"""Locks that threads of the test make: they are waited for in virtual time.

A lock is written in C, and so is its wait. So `threading.Lock` and `threading.RLock` make locks in Python, where code outside the
standard library calls them in a thread of the test. The locks of the standard library itself are held for moments only.

A lock that was made before the test, or by a name that was kept before (`from threading import Lock`), keeps real time.

Private names, tried with Python 3.10 to 3.15: `threading._RLock` and its `_block`. Where one is missing, replacing fails with an
AttributeError at the start of each test.
"""

import sys
import threading
from _thread import LockType, allocate_lock
from contextlib import suppress
from functools import cache
from types import FrameType, SimpleNamespace
from typing import Any, Final

from pytest_ecsevents._frames import AUTHOR, kind_of
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._scheduler import SHORTEST, Scheduler
from pytest_ecsevents.clock._threads import Wait


class VirtualLock:
    """A lock that is waited for in virtual time, by threads of the test.

    Args:
        scheduler: The threads of the test.
    """

    __slots__ = ("__weakref__", "_real", "_scheduler", "_waits", "locked")

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler: Final = scheduler
        self._real: Final[Any] = allocate_lock()
        self._waits: Final[list[Wait]] = []
        self.locked: Final = self._real.locked

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT002  # as the real one
        real = self._real
        if real.acquire(False):
            return True
        scheduler = self._scheduler
        thread = scheduler.me()
        # The real one raises for what makes no sense.
        if thread is None or scheduler.is_over or not blocking or (timeout != -1 and not timeout >= SHORTEST):
            got = real.acquire(blocking, timeout)
            if not got and thread is not None:
                scheduler.pause(thread)
            return bool(got)
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


# -- what stands in `threading`


class _IsLock(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, (LockType, VirtualLock))


class Lock(metaclass=_IsLock):
    def __new__(cls) -> Any:
        scheduler = _scheduler_of(sys._getframe().f_back)
        return _REAL.Lock() if scheduler is None else VirtualLock(scheduler)


def _make_rlock(*args: Any, **kwargs: Any) -> Any:
    scheduler = None if args or kwargs else _scheduler_of(sys._getframe().f_back)
    if scheduler is None:
        return _REAL.RLock(*args, **kwargs)
    lock = _IN_PYTHON()
    lock._block = VirtualLock(scheduler)  # what it waits for
    return lock


# They are the same for all clouds: making a class for each test would take as long as all other replacements of `threading`.
_FAKES: Final = {"Lock": Lock, "RLock": _make_rlock}
_IN_PYTHON: Final[Any] = threading._RLock  # CPython's own fallback
_REAL: Final[Any] = SimpleNamespace(Lock=threading.Lock, RLock=threading.RLock)
"""What they stand for. Modules that are loaded in a test may keep the fakes."""
_ENTERED: Final[list[Scheduler]] = []
"""The threads of each cloud that is entered."""


def replace_locks(scheduler: Scheduler, undo: Undo, shared: Undo) -> None:
    """Make locks of the test's threads virtual, until `undo` closes.

    Args:
        scheduler: The threads of the test.
        undo: Restores what is this test's own.
        shared: Restores, when no clock is entered any more, what is the same for all.
    """
    _ENTERED.append(scheduler)
    undo.callback(_ENTERED.remove, scheduler)
    for name, fake in _FAKES.items():
        real = getattr(threading, name)
        if real is not fake:
            setattr(_REAL, name, real)
            shared.replace(threading, name, fake)


def _scheduler_of(caller: FrameType | None) -> Scheduler | None:
    """The scheduler of the calling thread, if code of the test, its handler or a library that it uses makes the lock.

    `caller` is None where a function of C makes it, as in a greenlet.
    """
    module = "" if caller is None else str(caller.f_globals.get("__name__", ""))
    if not _is_outside_standard_library(module):
        return None
    return next((one for one in reversed(_ENTERED) if one.me() is not None), None)


@cache
def _is_outside_standard_library(module: str) -> bool:
    package = module.partition(".")[0]
    return kind_of(module) == AUTHOR and (package == "__main__" or package not in sys.stdlib_module_names)
