"""Detects a thread that seems to run but does nothing, from the processor time that the system counts for it.

A thread of the test may wait for something real that the scheduler cannot see: a response from another process, a lock
taken in C. Virtual time must pass meanwhile. It must not pass while a thread computes, even in one long call into C, and
even on a machine too busy to run the thread.

A fixed threshold, as in trio's autojump clock, was tried: 0.1 seconds in which a thread stays at one bytecode step. It
mistakes a long call into C for a wait, and every real wait costs the threshold. So this reads

- `time.pthread_getcpuclockid` (public): the processor time of another thread. Missing on macOS and Windows: there the
  bytecode step is compared instead, and a long call into C counts as a wait.
- `/proc/self/task/ID/stat`: whether the thread is ready but gets no processor. Missing outside Linux: there time passes
  if the machine leaves a thread without a processor for `STUCK_AFTER`.

Tried with Python 3.10 to 3.15.
"""

import sys
import time
from _thread import get_ident, get_native_id
from typing import Final

STUCK_AFTER: Final = 0.02
"""Real seconds without processor time after which a running thread counts as waiting for something real."""

# Read at import, before a test can replace them.
_real_open: Final = open
_cpu_clock_of: Final = getattr(time, "pthread_getcpuclockid", None)


class ProcessorUse:
    """The processor time of the thread that creates this object, for other threads to read.

    The thread must create it itself: reading the clock id of a thread that has ended may crash the process.
    """

    __slots__ = ("_cpu_clock", "_ident", "_idle_since", "_native_id", "_used")

    def __init__(self) -> None:
        self._ident: Final = get_ident()
        self._native_id: Final = get_native_id()
        self._cpu_clock: Final[int | None] = None if _cpu_clock_of is None else _cpu_clock_of(self._ident)
        self._used: object = None
        self._idle_since = 0.0

    def is_stuck(self, now: float) -> bool:
        """Whether the thread has done nothing for a while although it could run."""
        used = _step_of(self._ident) if self._cpu_clock is None else _time_used(self._cpu_clock)
        if used != self._used:
            self._used, self._idle_since = used, now
        return now - self._idle_since >= STUCK_AFTER and not _wants_processor(self._native_id)


def _time_used(cpu_clock: int) -> int:
    try:
        return time.clock_gettime_ns(cpu_clock)
    except OSError:  # the thread has just ended
        return -1


def _step_of(ident: int) -> object:
    frame = sys._current_frames().get(ident)
    return None if frame is None else (id(frame), frame.f_lasti)


def _wants_processor(native_id: int) -> bool:
    try:
        with _real_open(f"/proc/self/task/{native_id}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] == b"R"
    except OSError:
        return False
