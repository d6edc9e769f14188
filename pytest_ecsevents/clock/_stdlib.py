"""Replaces the standard library's ways to wait, in threads of the test: `time.sleep`, and what threads wait with.

Queue, Semaphore, Barrier, Timer and Future all wait in `Condition.wait`. A Condition keeps a list of locks, one for each
thread that waits, and `notify` releases one. So a `Wait` of the scheduler stands in that list as if it were a lock: its
`release` wakes the thread in virtual time, and `notify` needs no replacement.

`Event` is replaced separately, since signal handlers set events: see `_event_wait`. What waits in C is replaced by `_locks` and
`_older_objects`.

Private names, tried with Python 3.10 to 3.15: `Condition._is_owned`, `_waiters`, `_release_save`, `_acquire_restore`;
`Event._flag`, `_cond`; `threading._time`, `queue.time`, `concurrent.futures._base.time`. Where one
is missing, replacing fails with an AttributeError at the start of each test.
"""

from __future__ import annotations

import concurrent.futures._base
import concurrent.futures.thread
import queue
import sched
import sys
import threading
import time
from _thread import get_ident
from collections.abc import Callable
from contextlib import suppress
from math import isnan
from types import SimpleNamespace
from typing import Any, Final, SupportsIndex, TypeVar

from pytest_ecsevents._frames import OURS, REAL_TIME, SERVER, TEST_RUN, kind_of_caller
from pytest_ecsevents._undo import STANDING, Undo
from pytest_ecsevents.clock._names import Replacement, is_no_mock
from pytest_ecsevents.clock._scheduler import SHORTEST, Scheduler
from pytest_ecsevents.clock._stand_ins import (
    STATE,
    monotonic,
    monotonic_ns,
    perf_counter,
    perf_counter_ns,
    real_sleep,
    sleep,
)
from pytest_ecsevents.clock._stop import TestIsOver
from pytest_ecsevents.clock._threads import TestThread, Wait, real_now

T = TypeVar("T")

STANDING.append(sleep)  # see `install_sleep`


def replace_waiting(
    scheduler: Scheduler,
    read: Callable[[], float],
    undo: Undo,
    shared: Undo,
    *,
    with_monotonic: bool,
) -> list[Replacement]:
    """Make threads of the test wait in virtual time, until `undo` closes; other threads wait in real time.

    Returns what is to be replaced under the names of modules, too.

    Args:
        scheduler: The threads of the test.
        read: Virtual `time.monotonic`.
        undo: Restores what is this test's own.
        shared: Restores, when no clock is entered any more, what is the same for all.
        with_monotonic: Whether to replace `time.monotonic`, because the library that holds the clock does not.
    """
    undo.replace(STATE, "virtual", _VirtualTime(scheduler, read, STATE.virtual))
    of_time: dict[str, Callable[..., Any]] = {"sleep": sleep}
    if with_monotonic:
        of_time.update(monotonic=monotonic, monotonic_ns=monotonic_ns)
        of_time.update(perf_counter=perf_counter, perf_counter_ns=perf_counter_ns)
    replacements = [Replacement(real_sleep, sleep)]
    replacements += [
        Replacement(real, fake) for name, fake in of_time.items() if is_no_mock(real := getattr(time, name))
    ]
    for name, fake in of_time.items():
        shared.replace(time, name, fake)
    shared.replace(threading, "_time", monotonic)
    shared.replace(queue, "time", monotonic)
    shared.replace(concurrent.futures._base, "time", SimpleNamespace(monotonic=_monotonic_of_futures))
    shared.replace(sched.scheduler.__init__, "__defaults__", (monotonic, sleep))
    for name, error in (("get", queue.Empty), ("put", queue.Full)):
        undo.replace(queue.Queue, name, _queue_access(scheduler, getattr(queue.Queue, name), error))
    undo.replace(threading.Condition, "wait", _condition_wait(scheduler, threading.Condition.wait))
    undo.replace(threading.Event, "wait", _event_wait(scheduler, threading.Event.wait))
    undo.replace(threading.Event, "set", _event_set(scheduler, threading.Event.set))
    undo.replace(threading.Thread, "start", _thread_start(scheduler, threading.Thread.start))
    undo.replace(threading.Thread, "join", _thread_join(scheduler, threading.Thread.join))
    return replacements


def _monotonic_of_futures() -> float:
    """`time.monotonic` for `as_completed`, which ends when its deadline has passed, not when it has come.

    It waits for no time then, and looks again. So the thread's look after such a wait is a microsecond late.
    """
    ident = get_ident()
    if ident not in _AT_DEADLINE:
        return monotonic()
    _AT_DEADLINE.discard(ident)
    return monotonic() + 1e-6


_AS_COMPLETED: Final = concurrent.futures.as_completed.__code__
_AT_DEADLINE: Final[set[int]] = set()
"""Idents of threads in which it has just waited for no time."""


class _VirtualTime:
    """What the stand-ins call: virtual in threads of the test, real in others and where the caller keeps real time."""

    def __init__(self, scheduler: Scheduler, read: Callable[[], float], below: Any) -> None:
        self._scheduler: Final = scheduler
        self._below: Final[_VirtualTime | None] = below
        self._read: Final = read
        # Other threads keep sleeping with another library's `sleep`, such as a mock.
        self._real_sleep: Final[Callable[..., None]] = real_sleep if is_no_mock(time.sleep) else time.sleep

    def sleep(self, seconds: float | SupportsIndex) -> None:
        found = self._of_caller()
        if found is None or kind_of_caller(2) & REAL_TIME:  # above is the stand-in, and then who called it
            self._real_sleep(seconds)
            return
        scheduler, thread, _ = found
        scheduler.sleep(thread, _seconds_of(seconds))

    def monotonic(self) -> float:
        read = self._reader()
        return real_now() if read is None else read()

    def monotonic_ns(self) -> int:
        read = self._reader()
        return round(real_now() * 1_000_000_000) if read is None else round(read() * 1_000_000) * 1_000

    def _reader(self) -> Callable[[], float] | None:
        found = self._of_caller()
        return None if found is None or kind_of_caller(3) & REAL_TIME else found[2]

    def _of_caller(self) -> tuple[Scheduler, TestThread, Callable[[], float]] | None:
        """The calling thread, and the time of the cloud to which it belongs: the one that was entered last, or one before."""
        thread = self._scheduler.me()
        if thread is not None:
            return self._scheduler, thread, self._read
        return None if self._below is None else self._below._of_caller()


def _seconds_of(seconds: float | SupportsIndex) -> float:
    """Check the length of a sleep as the real `time.sleep` does, so that a program fails here if it fails there.

    Raises:
        TypeError: It is neither a float nor a whole number: "30"; before Python 3.15 a Decimal, too.
        ValueError: It is negative, or NaN.
        OverflowError: It is longer than 292 years.
    """
    if not isinstance(seconds, float) and not any(hasattr(type(seconds), name) for name in _CONVERSIONS):
        real_sleep(seconds)  # it refuses that in the words of its Python
    span = float(seconds)
    if isnan(span):
        raise ValueError("Invalid value NaN (not a number)")
    if abs(span) >= _LONGEST_SLEEP:
        raise OverflowError("timestamp too large to convert to C PyTime_t")
    if span < 0:
        raise ValueError("sleep length must be non-negative")
    return span


_CONVERSIONS: Final = ("__index__", "__float__") if sys.version_info >= (3, 15) else ("__index__",)
"""What a number that is no float needs to be the length of a sleep."""

_LONGEST_SLEEP: Final = 2**63 / 1e9
"""Seconds: the real function counts nanoseconds in 64 bits."""


def _wait_for(scheduler: Scheduler, thread: TestThread, timeout: float | None) -> Wait | None:
    """Make a wait with a timeout; None for one of no length that ends at once."""
    if timeout is None or timeout >= SHORTEST:
        return Wait(scheduler, thread, None if timeout is None else scheduler.deadline_after(timeout))
    wait = scheduler.zero_wait(thread)
    return wait if wait.lasts else None


def _condition_wait(scheduler: Scheduler, real: Callable[..., bool]) -> Callable[..., bool]:
    def wait(condition: Any, timeout: float | None = None) -> bool:
        thread = scheduler.me()
        if thread is None:
            return real(condition, timeout)
        is_zero = timeout is not None and timeout < SHORTEST
        waiter = _wait_for(scheduler, thread, timeout if is_zero else None)
        if waiter is None:
            return real(condition, timeout)
        if not condition._is_owned():
            raise RuntimeError("cannot wait on un-acquired lock")
        condition._waiters.append(waiter)
        saved = condition._release_save()
        was_notified = False
        try:
            # Read the clock only after the lock is released: a signal handler that notifies would deadlock.
            if timeout is not None and not is_zero:
                waiter.deadline = scheduler.deadline_after(timeout)
            was_notified = scheduler.wait(waiter)
        finally:
            condition._acquire_restore(saved)
            if not was_notified and waiter in condition._waiters:
                condition._waiters.remove(waiter)
        return was_notified

    return wait


def _queue_access(scheduler: Scheduler, real: Callable[..., T], failure: type[Exception]) -> Callable[..., T]:
    """`Queue.get` or `put`: without time to wait they don't reach a condition, but read the clock and raise."""

    def access(waiting: Any, *args: Any, **kwargs: Any) -> T:
        try:
            return real(waiting, *args, **kwargs)
        except failure:
            thread = scheduler.me()
            if thread is not None:
                scheduler.pause(thread)
            raise

    return access


# A daemon usually waits with an Event until its SIGTERM handler sets it. The handler may interrupt the thread that holds
# the event's lock. Waits that take no real time make that likely, so the lock's holder is noted in `TestThread.locking`.


def _event_wait(scheduler: Scheduler, real: Callable[..., bool]) -> Callable[..., bool]:
    def wait(event: Any, timeout: float | None = None) -> bool:
        thread = scheduler.me()
        if thread is None:
            return real(event, timeout)
        if event._flag:
            return True
        waiter = _wait_for(scheduler, thread, timeout)
        if waiter is None:
            if sys._getframe(1).f_code is _AS_COMPLETED:
                _AT_DEADLINE.add(thread.ident or 0)
            return False
        waiters = event._cond._waiters
        _with_lock(thread, event, waiters.append, waiter)
        try:
            return event._flag or scheduler.wait(waiter)
        finally:
            with suppress(ValueError):  # it was woken
                _with_lock(thread, event, waiters.remove, waiter)

    return wait


def _event_set(scheduler: Scheduler, real: Callable[[Any], None]) -> Callable[[Any], None]:
    def set_(event: Any) -> None:
        """Wake all waiters, also from a signal handler that has interrupted the thread which holds the lock."""
        thread = scheduler.me()
        if thread is None:
            real(event)
        elif event in thread.locking:
            event._flag = True
            for waiter in list(event._cond._waiters):
                with suppress(RuntimeError):  # it is awake
                    waiter.release()
        else:
            _with_lock(thread, event, _set, event)

    return set_


def _set(event: Any) -> None:
    event._flag = True
    event._cond.notify_all()


def _with_lock(thread: TestThread, event: Any, act: Callable[[Any], None], of: object) -> None:
    """Call a function under an event's lock, and note which thread has the lock."""
    thread.locking.append(event)
    try:
        with event._cond:
            act(of)
    finally:
        thread.locking.pop()


def _thread_start(scheduler: Scheduler, real: Callable[[threading.Thread], None]) -> Callable[[threading.Thread], None]:
    def start(thread: threading.Thread) -> None:
        # One that a cloud entered later has enrolled waits by that one alone.
        is_anothers = kind_of_caller(1) & (TEST_RUN | SERVER | OURS) != 0
        if scheduler.me() is None or is_anothers or scheduler.find(thread) is not None:
            with scheduler.aside():  # `start` waits in real time until the thread runs
                real(thread)
            return
        run, test_thread = thread.run, scheduler.enrol(thread)

        def run_in_test() -> None:
            del thread.run  # uncovers the method of the class
            scheduler.begin(test_thread)
            try:
                run()
            except TestIsOver:
                pass
            finally:
                scheduler.end(test_thread)

        thread.run = run_in_test  # type: ignore[method-assign]  # for this one thread; it removes it when it runs
        try:
            real(thread)
        except RuntimeError:  # it could not be started
            with suppress(
                AttributeError
            ):  # else a signal's handler raised it, and the thread runs: it stays the test's
                del thread.run
                scheduler.end(test_thread)
            raise

    return start


def _thread_join(scheduler: Scheduler, real: Callable[..., None]) -> Callable[..., None]:
    def join(thread: threading.Thread, timeout: float | None = None) -> None:
        me, other = scheduler.me(), scheduler.find(thread)
        if me is None or other is None or other is me:
            real(thread, timeout)
            return
        wait = _wait_for(scheduler, me, timeout)
        if wait is not None and scheduler.wait_for_end(wait, other):
            real(thread)

    return join
