"""A block that no signal interrupts, for what must be done as a whole: taking over a process for a test, and giving it back.

An interrupt (Ctrl-C), or the alarm of pytest-timeout, would leave the half of it. Masking signals is no way: the system would
deliver them to another thread, and Python would call the handler in the main thread all the same. So the handlers are
replaced, and called after the block.
"""

import _signal  # type: ignore[import-not-found]  # typeshed lacks it
import signal
import threading
from _thread import get_ident
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports

__tracebackhide__ = hidden_in_reports

# The functions in C, in each Python from 3.10 to 3.15. Those of `signal` make enumerations of their numbers, which takes
# five times as long.
getsignal: Final[Callable[[int], Any]] = _signal.getsignal
set_handler: Final[Callable[[int, Any], Any]] = _signal.signal

_NUMBERS: Final = tuple(
    int(getattr(signal, name)) for name in ("SIGINT", "SIGTERM", "SIGALRM") if hasattr(signal, name)
)
"""Those whose handlers commonly raise. SIGINT is first: no other step of entering the block can be interrupted by it."""


class Whole:
    """Defers signals in its `with` block. Outside the main thread, where Python calls no handler, it does nothing.

    The block may be within another. What a handler raises is raised at the end of the block.
    """

    __slots__ = ("_came", "_handlers")

    def __init__(self) -> None:
        self._handlers: Final[dict[int, Callable[[int, FrameType | None], object]]] = {}
        self._came: Final[dict[int, FrameType | None]] = {}

    def __enter__(self) -> None:
        if get_ident() == threading.main_thread().ident:
            self._begin()

    def _begin(self) -> None:
        try:
            for number in _NUMBERS:
                handler: Any = getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    set_handler(number, self._note)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_error: object) -> None:
        try:
            self._restore()
        except BaseException:  # a handler that is in place again raised, and the others are not yet
            self._restore()
            raise
        finally:
            self._deliver()

    def _restore(self) -> None:
        for number, handler in self._handlers.items():
            set_handler(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._came[number] = frame

    def _deliver(self) -> None:
        if self._came:
            number, frame = self._came.popitem()
            try:
                self._handlers[number](number, frame)
            finally:
                self._deliver()
