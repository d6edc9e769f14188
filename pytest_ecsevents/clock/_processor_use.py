"""For how long a thread has not used the processor: a thread in unknown code counts as waiting after a threshold.

A thread of the test may wait where the scheduler can't see it: for a lock taken in C, for a pipe. Time must pass meanwhile.
A thread that computes must not lose time, even in one long call of C. `time.pthread_getcpuclockid` (public) tells the two
apart: it gives the processor time of another thread. It is missing on macOS and Windows. There the step at which the thread
stands is compared instead, so a call of C that is longer than the threshold counts as waiting.

The threshold must be longer than a busy machine leaves a thread without the processor. Measured on 2 cores for 6 seconds: a
thread that computes beside 4 other busy processes was left alone for at most 88 ms, with 14 gaps over 50 ms; beside 8, for
162 ms, with 8 gaps over 100 ms. `/proc` would tell that the thread is ready to run, on Linux alone; it isn't read.

Tried with Python 3.10 to 3.15.
"""

import time
from _thread import get_ident
from typing import Final

from pytest_ecsevents._frames import frames_of_threads

STUCK_AFTER: Final = 0.1
"""Real seconds without any use of the processor, after which a thread in unknown code counts as waiting."""

# Taken before a test replaces it.
_cpu_clock_of: Final = getattr(time, "pthread_getcpuclockid", None)


class ProcessorUse:
    """What a thread uses of the processor.

    Args:
        ident: The thread's identity; it must be alive, since to ask for the clock of another may end the process.
    """

    __slots__ = ("_cpu_clock", "_ident", "_idle_since", "_used")

    def __init__(self, ident: int | None = None) -> None:
        self._ident: Final = get_ident() if ident is None else ident
        self._cpu_clock: Final[int | None] = None if _cpu_clock_of is None else _cpu_clock_of(self._ident)
        self._used: object = None
        self._idle_since = 0.0

    def idle_for(self, now: float) -> float:
        """Real seconds for which it has not used any, as far as was looked at."""
        used = _step_of(self._ident) if self._cpu_clock is None else _time_used(self._cpu_clock)
        if used != self._used:
            self._used, self._idle_since = used, now
        return now - self._idle_since


def _time_used(cpu_clock: int) -> int:
    try:
        return time.clock_gettime_ns(cpu_clock)
    except OSError:  # the thread has just ended
        return -1


def _step_of(ident: int) -> object:
    frame = frames_of_threads().get(ident)
    return None if frame is None else (id(frame), frame.f_lasti)
