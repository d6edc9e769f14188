"""Whether a thread that seems to run does anything: its processor time, as the system counts it.

A thread of the test may wait for something real that the scheduler can't see: an answer from another process, a lock
taken in C. Time must pass meanwhile. A thread that computes must not lose time, even in one long call of C, and even
on a machine too busy to run it.

A plain threshold, as trio's autojump clock has, was tried: 0.1 seconds in which a thread stays at one step. It takes
a long call of C for waiting, and every real wait costs the threshold. So this reads

- `time.pthread_getcpuclockid` (public): the processor time of another thread. Missing on macOS and Windows; there the
  step at which the thread stands tells instead, and a long call of C counts as waiting.
- `/proc/self/task/ID/stat`: whether the thread is ready and gets no processor. Missing outside Linux; there a machine
  that leaves a thread without processor for `STUCK_AFTER` lets time pass.

Tried with Python 3.10 to 3.15.
"""

import sys
import time
from _thread import get_ident, get_native_id
from typing import Final

STUCK_AFTER: Final = 0.02
"""Real seconds without any use of the processor, after which a thread that runs counts as waiting for something real."""

# Taken before a test replaces them.
_real_open: Final = open
_cpu_clock_of: Final = getattr(time, "pthread_getcpuclockid", None)


class ProcessorUse:
    """What the calling thread uses of the processor, as others see it.

    It is made by the thread itself: to ask for the clock of a thread that has ended may end the process.
    """

    __slots__ = ("_cpu_clock", "_ident", "_idle_since", "_native_id", "_used")

    def __init__(self) -> None:
        self._ident: Final = get_ident()
        self._native_id: Final = get_native_id()
        self._cpu_clock: Final[int | None] = None if _cpu_clock_of is None else _cpu_clock_of(self._ident)
        self._used: object = None
        self._idle_since = 0.0

    def is_stuck(self, now: float) -> bool:
        """Whether the thread has done nothing for a while, though it could."""
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
