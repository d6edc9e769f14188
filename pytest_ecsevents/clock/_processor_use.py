"""For how long a thread has not used the processor: a thread in unknown code counts as waiting after a threshold.

A thread of the test may wait where the scheduler can't see it: for a lock taken in C, for a pipe. Time must pass meanwhile.
A thread that computes must not lose time, even in one long call of C. `time.pthread_getcpuclockid` (public) tells the two
apart: it gives the processor time of another thread. It is missing on macOS and Windows. There the step at which the thread
stands is compared instead, so a call of C that is longer than the threshold counts as waiting.

The threshold must be longer than a busy machine leaves a thread without the processor. Measured on 2 cores for 6 seconds: a
thread that computes beside 4 other busy processes was left alone for at most 88 ms, with 14 gaps over 50 ms; beside 8, for
162 ms, with 8 gaps over 100 ms. So Linux is asked too whether the thread is ready to run.

A thread in C may wake again and again for a moment: SQLite does while its database is locked, and so does a loop that polls.
It waits all the same, so a small share of the processor counts as no use.

Tried with Python 3.10 to 3.15.
"""

import time
from _thread import get_ident
from contextlib import suppress
from io import FileIO
from typing import Final

from pytest_ecsevents._frames import frames_of_threads

STUCK_AFTER: Final = 0.1
"""Real seconds without any use of the processor, after which a thread in unknown code counts as waiting."""

# Taken before a test replaces it.
_cpu_clock_of: Final = getattr(time, "pthread_getcpuclockid", None)


_SHARE: Final = 0.04
"""Of the processor: a thread that uses less waits."""

_A_LITTLE: Final = 1_000_000
"""Nanoseconds of its use that count as none, however short the time."""


_GAP: Final = 0.5
"""Real seconds between two looks, after which nothing is known of what came between them."""


class ProcessorUse:
    """What a thread uses of the processor.

    Args:
        ident: The thread's identity; it must be alive, since to ask for the clock of another may end the process.
        native_id: What the system calls it, if that is known.
    """

    __slots__ = ("_cpu_clock", "_ident", "_idle_since", "_looked", "_native_id", "_phase", "_used")

    def __init__(self, ident: int | None = None, native_id: int | None = None) -> None:
        self._ident: Final = get_ident() if ident is None else ident
        self._native_id: Final = native_id
        self._cpu_clock: Final[int | None] = None if _cpu_clock_of is None else _cpu_clock_of(self._ident)
        self._used: object = None
        self._phase = 0
        self._idle_since = self._looked = 0.0

    def idle_for(self, now: float, phase: int) -> float:
        """Real seconds for which it has used next to nothing, as far as was looked at.

        Args:
            now: Real time.
            phase: Differs if it has waited since.
        """
        used = _step_of(self._ident) if self._cpu_clock is None else _time_used(self._cpu_clock)
        is_anew = phase != self._phase or now - self._looked > _GAP
        self._phase, self._looked = phase, now
        if is_anew or self._is_more(used, now) or self.is_ready():
            self._used, self._idle_since = used, now
        return now - self._idle_since

    def is_ready(self) -> bool:
        """Whether it runs or is about to, as far as the system says."""
        return self._native_id is not None and is_ready_to_run(self._native_id)

    def _is_more(self, used: object, now: float) -> bool:
        if isinstance(used, int) and isinstance(self._used, int):
            return used - self._used > _A_LITTLE + _SHARE * (now - self._idle_since) * 1e9
        return used != self._used


def is_ready_to_run(native_id: int) -> bool:
    """Whether the system says that a thread of this process runs or is about to; False where it says nothing."""
    # Not `open`, which tests replace.
    with suppress(OSError), FileIO(f"/proc/self/task/{native_id}/stat") as told:
        # After the name, which may hold anything but is the last in brackets.
        return told.read().rpartition(b")")[2].split()[0] == b"R"
    return False


def _time_used(cpu_clock: int) -> int:
    try:
        return time.clock_gettime_ns(cpu_clock)
    except OSError:  # the thread has just ended
        return -1


def _step_of(ident: int) -> object:
    frame = frames_of_threads().get(ident)
    return None if frame is None else (id(frame), frame.f_lasti)
