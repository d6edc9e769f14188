"""Threads that are older than the test: what a test hands to them is the test's, until they wait for more.

- A pool made before the test has its queue in C, where its idle threads can't be seen. So each job that a test submits counts
  as a thread of the test: as running from `submit` on if a thread of the pool is free for it, until the pool has set its
  result. The pool's threads themselves never belong to the test.
- Other threads wait for work in a `Condition`: of a queue, an event, a semaphore. When a thread of the test notifies one, it
  belongs to the test from then on, so that no time passes before it has begun. When the test ends, it goes on in real time.
- An event loop in such a thread is handed work by `call_soon_threadsafe`.

A thread that wakes by itself, such as a timer of another library, stays in real time. So does one that waits for a
`queue.SimpleQueue` in C since before: nothing can be seen of that. Threads of pytest, its plugins, debuggers and our server are left alone.

Private names, tried with Python 3.10 to 3.15: `_work_queue`, `_max_workers` and `_WorkItem.run` of thread pools; `_waiters` and
the variable `waiter` of a condition's `wait`; `_thread_id` of a loop.
"""

from __future__ import annotations

import concurrent.futures.thread
import threading
from asyncio.base_events import BaseEventLoop
from collections.abc import Callable
from queue import SimpleQueue
from types import FrameType
from typing import Any, Final
from weakref import WeakKeyDictionary

from pytest_ecsevents._frames import DEBUGGER, SERVER, TEST_RUN, frames_of_threads, is_of, stack_of, variables_of
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._scheduler import Scheduler
from pytest_ecsevents.clock._threads import TestThread, Wait

_QUEUE_IN_C: Final = SimpleQueue  # what it is outside tests
_REAL_WAIT: Final = threading.Condition.wait.__code__


def take_in_older_threads(scheduler: Scheduler, undo: Undo) -> None:
    """Let work that threads of the test give to older threads belong to the test, until `undo` closes."""
    pool: Any = concurrent.futures.thread.ThreadPoolExecutor
    item: Any = concurrent.futures.thread._WorkItem
    undo.replace(pool, "submit", _submit(scheduler, pool.submit))
    undo.replace(item, "run", _run(scheduler, item.run))
    undo.replace(threading.Condition, "notify", _notify(scheduler, threading.Condition.notify))
    undo.replace(BaseEventLoop, "call_soon_threadsafe", _call_soon(scheduler, BaseEventLoop.call_soon_threadsafe))


def _submit(scheduler: Scheduler, real: Callable[..., Any]) -> Callable[..., Any]:
    taken: WeakKeyDictionary[Any, set[TestThread]] = WeakKeyDictionary()

    def submit(executor: Any, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        if scheduler.me() is None or not isinstance(executor._work_queue, _QUEUE_IN_C):
            return real(executor, function, *args, **kwargs)
        busy = taken.setdefault(executor, set())
        job = scheduler.expect(lambda: len(busy) >= executor._max_workers)

        def work(*args: Any, **kwargs: Any) -> Any:
            busy.add(job)
            scheduler.begin(job)
            return function(*args, **kwargs)

        def has_ended(_: object) -> None:
            busy.discard(job)
            if job.ident is None:  # it was cancelled before its turn
                scheduler.end(job)

        try:
            with scheduler.aside():  # a thread that the pool starts is the pool's
                future = real(executor, work, *args, **kwargs)
        except BaseException:
            scheduler.end(job)
            raise
        future.add_done_callback(has_ended)
        return future

    return submit


def _run(scheduler: Scheduler, real: Callable[..., None]) -> Callable[..., None]:
    def run(item: Any, *context: Any) -> None:
        before = scheduler.me()
        try:
            real(item, *context)
        finally:
            job = scheduler.me()
            if job is not None and job is not before:
                scheduler.end(job)

    return run


def _notify(scheduler: Scheduler, real: Callable[..., None]) -> Callable[..., None]:
    def notify(condition: Any, n: int = 1) -> None:
        if scheduler.me() is not None:
            for waiter in list(condition._waiters)[:n]:
                _take_in_waiting(scheduler, waiter)
        real(condition, n)

    return notify


def _take_in_waiting(scheduler: Scheduler, waiter: object) -> None:
    """Add the thread that waits in an earlier test's wait, or with a lock."""
    if isinstance(waiter, Wait):
        ident = waiter.thread.ident if waiter.is_of_ended_test else None
    else:
        ident = next((ident for ident, frame in frames_of_threads().items() if _waits_with(frame, waiter)), None)
    if ident is not None:
        scheduler.take_in(ident)


def _waits_with(frame: FrameType, lock: object) -> bool:
    return frame.f_code is _REAL_WAIT and variables_of(frame).get("waiter") is lock and not _is_of_test_run(frame)


def _is_of_test_run(frame: FrameType) -> bool:
    return any(is_of(step, TEST_RUN | SERVER | DEBUGGER) for step in stack_of(frame))


def _call_soon(scheduler: Scheduler, real: Callable[..., Any]) -> Callable[..., Any]:
    def call_soon_threadsafe(loop: Any, *args: Any, **kwargs: Any) -> Any:
        if scheduler.me() is not None and loop._thread_id and not scheduler.knows(loop._thread_id):
            frame = frames_of_threads().get(loop._thread_id)
            if frame is not None and not _is_of_test_run(frame):
                scheduler.take_in(loop._thread_id)
        return real(loop, *args, **kwargs)

    return call_soon_threadsafe
