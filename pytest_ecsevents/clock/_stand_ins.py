"""One `time.sleep` for a whole run of pytest: it moves the clock in a test, and is the real one elsewhere.

A program may keep `time.sleep` where it can't be found again: as a default argument, in a closure, in an object that was
made when its module was loaded. So pytest's start puts a stand-in into `time` before it loads any module of the user's,
and what such a module keeps is the stand-in. The end of the run takes it out again. Without pytest it is there during a
test alone, and what was kept before stays real.

The stand-in is a bound method. A plain function would become a method where a class keeps it (`pause = time.sleep`), and
an object with `__call__` costs 80 to 140 ns more than the real function; this one costs 25 to 75 ns more, with Python 3.10
to 3.14. A pickle or a copy of it is `time.sleep`.

Only `sleep` is replaced for so long. time-machine writes into the C structure of the functions that tell the time, and
would write into the wrong memory if it found a method there. So `monotonic` and `monotonic_ns` are replaced during tests
alone, once time-machine is at work.

pytest loads this module at every start, so it imports next to nothing.
"""

from __future__ import annotations

import datetime as dt
import time
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Final, Protocol, SupportsIndex

    class VirtualTime(Protocol):
        """What the stand-ins call during a test, for any thread of the process."""

        def sleep(self, seconds: float | SupportsIndex) -> None: ...

        def monotonic(self) -> float: ...

        def monotonic_ns(self) -> int: ...


real_sleep: Final = time.sleep
_real_monotonic: Final = time.monotonic
_real_monotonic_ns: Final = time.monotonic_ns
_real_perf_counter: Final = time.perf_counter
_real_perf_counter_ns: Final = time.perf_counter_ns

REAL_FUNCTIONS: Final = (
    real_sleep,
    *(time.time, time.time_ns, time.monotonic, time.monotonic_ns, time.perf_counter, time.perf_counter_ns),
    *(time.localtime, time.gmtime, time.strftime, time.ctime, time.asctime),
)
REAL_CLASSES: Final = (dt.datetime, dt.date)


class _Time:
    """What the stand-ins are bound to, as the real functions are bound to the module `time`."""

    def __init__(self) -> None:
        self.virtual: VirtualTime | None = None

    def __reduce__(self) -> tuple[object, ...]:
        return import_module, ("time",)

    def __deepcopy__(self, _memo: object) -> _Time:
        return self

    def sleep(self, seconds: float | SupportsIndex, /) -> None:
        virtual = self.virtual
        if virtual is None:
            real_sleep(seconds)
        else:
            virtual.sleep(seconds)

    def monotonic(self) -> float:
        virtual = self.virtual
        return _real_monotonic() if virtual is None else virtual.monotonic()

    def monotonic_ns(self) -> int:
        virtual = self.virtual
        return _real_monotonic_ns() if virtual is None else virtual.monotonic_ns()

    def perf_counter(self) -> float:
        virtual = self.virtual
        return _real_perf_counter() if virtual is None else virtual.monotonic()

    def perf_counter_ns(self) -> int:
        virtual = self.virtual
        return _real_perf_counter_ns() if virtual is None else virtual.monotonic_ns()

    sleep.__doc__ = real_sleep.__doc__
    for _function in (sleep, monotonic, monotonic_ns, perf_counter, perf_counter_ns):
        _function.__module__, _function.__qualname__ = "time", _function.__name__


STATE: Final = _Time()
sleep: Final = STATE.sleep
monotonic: Final = STATE.monotonic
monotonic_ns: Final = STATE.monotonic_ns
perf_counter: Final = STATE.perf_counter
perf_counter_ns: Final = STATE.perf_counter_ns


def is_stand_in(function: object) -> bool:
    """Whether a function is one of the stand-ins."""
    return getattr(function, "__self__", None) is STATE


def install_sleep() -> Callable[[], None]:
    """Put the stand-in into `time`, unless another replacement is there; return a function that removes it."""
    if time.sleep is not real_sleep:
        return lambda: None
    time.sleep = sleep
    return _take_out


def _take_out() -> None:
    if time.sleep is sleep:
        time.sleep = real_sleep
