"""Objects with waits written in C that threads of the test use, although they were made before it, or are no locks.

A program may make a lock, a `SimpleQueue` or a poller when it is loaded. Its class can't be changed, so `_references` puts one of
these in its place, wherever it finds it: they have what the real one has, and wait for it in virtual time. Threads that are not
the test's may still have the real object. So such a wait looks every millisecond of real time, and whenever time is to move.

`select.poll` and `select.epoll` make the same objects in a test. A poller may not be asked whether there is something, for some
events are reported only once. So the descriptor of an epoll is watched instead; a poll tells each event again.

Private names, tried with Python 3.10 to 3.15: `_is_owned` of an RLock, and `queue._PySimpleQueue`. Where the second is missing,
loading this module fails with an AttributeError.
"""

import queue
import select
import sys
from collections.abc import Callable
from math import inf
from types import FunctionType
from typing import Any, Final

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._locks import acquire_later, is_of_test
from pytest_ecsevents.clock._names import Replacement
from pytest_ecsevents.clock._polled_waits import Polling, polling_of_caller, virtual_acquire
from pytest_ecsevents.clock._scheduler import SHORTEST
from pytest_ecsevents.clock._threads import TestThread
from pytest_ecsevents.clock._waits_in_c import EPOLL, LOCKS, POLL, POLLERS, SIMPLE_QUEUE, is_shared_lock


class _Older:
    """Has what the real object has."""

    __slots__ = ("__weakref__", "_real")

    def __init__(self, real: Any) -> None:
        self._real: Final[Any] = real

    @property  # type: ignore[misc]  # so that it is an instance of the real class
    def __class__(self) -> Any:
        return type(self._real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __repr__(self) -> str:
        return repr(self._real)


class _OlderLock(_Older):
    """A lock, or one that a thread may take again."""

    __slots__ = ()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:  # noqa: FBT002  # as the real one
        real = self._real
        return bool(real.acquire(False)) or acquire_later(real, self._wait, blocking, timeout)

    def _wait(self, polling: Polling, thread: TestThread, timeout: float) -> bool:
        seconds = inf if timeout == -1 else timeout
        return bool(polling.attempt(thread, seconds, lambda: self._real.acquire(False), self._is_free))

    def _is_free(self) -> bool:
        real = self._real
        if hasattr(real, "_is_owned") and real._is_owned():
            return False  # the calling thread would get it, but it is not the one that waits
        if not real.acquire(False):
            return False
        real.release()
        return True

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self._real.release()


class _OlderQueue(_Older):
    """A `SimpleQueue`."""

    __slots__ = ()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:  # noqa: FBT002  # as the real one
        real = self._real
        polling, thread = polling_of_caller()
        if thread is None or not block or (timeout is not None and not timeout >= SHORTEST):
            try:
                return real.get(block, timeout)
            except queue.Empty:
                if thread is not None:
                    polling.scheduler.pause(thread)
                raise
        found: list[Any] = []

        def take() -> bool:
            try:
                found.append(real.get(False))
            except queue.Empty:
                return False
            return True

        polling.attempt(thread, inf if timeout is None else timeout, take, lambda: not real.empty())
        return found[0] if found else real.get(False)


class _Poller(_Older):
    """A poll or an epoll."""

    __slots__ = ("_is_older", "_watched")

    def __init__(self, real: Any, *, is_older: bool = True) -> None:
        super().__init__(real)
        self._is_older: Final = is_older  # what it watches was not seen
        self._watched: Final[dict[int, Any]] = {}

    def register(self, descriptor: Any, *mask: Any, **also: Any) -> None:
        self._real.register(descriptor, *mask, **also)
        self._watched[_number_of(descriptor)] = descriptor

    def unregister(self, descriptor: Any) -> None:
        self._watched.pop(_number_of(descriptor), None)
        self._real.unregister(descriptor)

    def __enter__(self) -> Any:
        self._real.__enter__()
        return self

    def __exit__(self, *error: object) -> Any:
        return self._real.__exit__(*error)

    def poll(self, timeout: float | None = None, *most: Any, **also: Any) -> Any:
        real = self._real
        polling, thread = polling_of_caller()
        if thread is None or timeout is None or not timeout >= 0:
            return real.poll(timeout, *most, **also)
        ready = real.poll(0, *most, **also)
        if ready:
            return ready
        if not timeout:
            polling.scheduler.pause(thread)
        else:
            self._wait(polling, thread, timeout)
        return real.poll(0, *most, **also)

    def _wait(self, polling: Any, thread: Any, timeout: float) -> None:
        real = self._real
        outside = self if self._is_older else polling.scheduler.outside.source(self._watched.values())
        if EPOLL is not None and isinstance(real, EPOLL):
            watch = POLL()
            watch.register(real.fileno(), select.POLLIN)
            polling.wait(thread, timeout, lambda: watch.poll(0), outside)
        else:
            polling.wait(thread, timeout / 1_000, lambda: real.poll(0), outside)  # its timeout is in milliseconds


_KINDS: Final[dict[type, Callable[[Any], Any]]] = {
    **dict.fromkeys(LOCKS, _OlderLock),
    **dict.fromkeys(POLLERS, _Poller),
    SIMPLE_QUEUE: _OlderQueue,
}


class StandIns:
    """What stands for older objects during one test: the same object for each place in which one is kept."""

    def __init__(self) -> None:
        self._made: Final[dict[int, Any]] = {}

    def of(self, real: Any, undo: Undo) -> object:
        """What stands for an object; None if nothing does. A lock of multiprocessing gets another method until `undo` closes."""
        make = _KINDS.get(type(real))
        if make is None:
            if is_shared_lock(type(real)) and type(real.acquire) is not FunctionType:
                undo.replace(real, "acquire", virtual_acquire(real))
            return None
        found = self._made.get(id(real))
        if found is None:
            found = self._made[id(real)] = make(real)
        return found


class _IsSimpleQueue(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, (SIMPLE_QUEUE, _IN_PYTHON))


class _SimpleQueue(metaclass=_IsSimpleQueue):
    """Stands for `queue.SimpleQueue`. Threads of a pool wait in one: the version in C waits where the scheduler cannot see it."""

    def __new__(cls) -> Any:
        return SIMPLE_QUEUE() if polling_of_caller()[1] is None else _IN_PYTHON()


_IN_PYTHON: Final[Any] = queue._PySimpleQueue  # type: ignore[attr-defined]  # CPython's own fallback


def _poll() -> Any:
    """Stands for `select.poll`."""
    return _Poller(POLL(), is_older=False) if is_of_test(sys._getframe().f_back) else POLL()


class _Epoll:
    """Stands for `select.epoll`."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        real = EPOLL(*args, **kwargs)
        return _Poller(real, is_older=False) if is_of_test(sys._getframe().f_back) else real

    @staticmethod
    def fromfd(number: int) -> Any:
        return _Poller(EPOLL.fromfd(number)) if is_of_test(sys._getframe().f_back) else EPOLL.fromfd(number)


_PLACES: Final[list[tuple[Any, Replacement]]] = [
    (owner, Replacement(real, fake))
    for owner, real, fake in ((queue, SIMPLE_QUEUE, _SimpleQueue), (select, POLL, _poll), (select, EPOLL, _Epoll))
    if real is not None
]
_REPLACEMENTS: Final = [replacement for _, replacement in _PLACES]


def replace_older_objects(shared: Undo) -> list[Replacement]:
    """Make pollers and queues of the test's threads virtual, until `shared` closes.

    Returns what to replace under the names of modules.
    """
    for owner, (real, fake, _) in _PLACES:
        name = getattr(real, "__name__", "")
        if getattr(owner, name) is real:  # else it is a mock, or replaced already
            shared.replace(owner, name, fake)
    return _REPLACEMENTS


def _number_of(descriptor: Any) -> int:
    return descriptor if isinstance(descriptor, int) else int(descriptor.fileno())
