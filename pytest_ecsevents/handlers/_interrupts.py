"""Raising `HandlerStop` in the thread of the author's code, from a thread that watches it."""

import signal
import sys
import threading
from _thread import allocate_lock, get_ident, start_new_thread
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._frames import OURS, SERVER, WAITING, author_frame, is_of, place_of
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._stop import HandlerStop

__tracebackhide__ = hidden_in_reports

LOOK_EVERY: Final = 0.05
"""Real seconds between two looks at code that is watched."""

PRESS_EVERY: Final = 0.005
"""The same once it has swallowed what was to end it."""

_MOST_PRESSES: Final = 1000


class Interrupter:
    """Raises `HandlerStop` in the thread that makes it, wherever that stands.

    In the main thread it is a signal's handler that raises, since a signal reaches a thread that waits for a lock too.
    Elsewhere, and on systems without such signals, the interpreter raises at the thread's next step.

    It never raises where the thread holds a lock of ours or waits in our scheduler: the watch tries again soon.
    """

    def __init__(self, clock: Clock, is_authors: Callable[[], bool] = lambda: True) -> None:
        self.ident: Final = get_ident()
        self.is_over = False
        self.raised = 0
        self._clock: Final = clock
        self._is_authors: Final = is_authors
        self._can_be_signalled: Final = _is_main_thread() and hasattr(signal, "SIGURG")
        self._signal_handler: Any = None
        self._sending: Final = allocate_lock()
        self._is_signal_on_its_way = False
        self._presses = 0

    def begin(self) -> None:
        """Take the signal."""
        if self._can_be_signalled:
            self._signal_handler = signal.signal(signal.SIGURG, self._handle_signal)

    def end(self) -> None:
        """Give the signal back. What was on its way is forgotten, and nothing is raised any more."""
        self.is_over = True
        # The interpreter's would be raised at the thread's next step.
        with suppress(HandlerStop), self._sending:
            pass
        if self._can_be_signalled:
            signal.signal(signal.SIGURG, self._signal_handler)

    def interrupt(self) -> None:
        """Raise once, if that is possible where the thread stands."""
        with self._sending:
            if not self.is_over:
                (self._signal if self._can_be_signalled else self._raise)()

    def press(self, sentence: str) -> None:
        """Raise again in code that has swallowed it, a limited number of times; then say that it cannot be ended.

        Code in the thread of the test can't be left behind: only an error that it does not catch gets out of it. One
        raised between two rounds of its loop often does.
        """
        self._presses += 1
        if self._presses <= _MOST_PRESSES:
            self.interrupt()
        elif self._presses == _MOST_PRESSES + 1:
            sys.stderr.write(f"\n{sentence}\n")

    def _handle_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._is_signal_on_its_way:  # somebody else's: urgent data on a socket
            if callable(self._signal_handler):
                self._signal_handler(number, frame)
            return
        self._is_signal_on_its_way = False
        # Once it is known to catch everything, an error raised within a wait ends nothing, and might leave a lock of the
        # standard library held.
        is_waiting = self._presses > 0 and frame is not None and is_of(frame, OURS | SERVER | WAITING)
        if not self.is_over and not is_waiting and self._is_authors() and self._clock.may_interrupt():
            self.raised += 1
            raise HandlerStop(place_of(author_frame(frame)))

    def _signal(self) -> None:
        # One at a time: a debugger's or coverage's tracer is interrupted too, and 3.11 gets no step further while
        # another is waiting.
        if not self._is_signal_on_its_way:
            self._is_signal_on_its_way = True
            signal.pthread_kill(self.ident, signal.SIGURG)

    def _raise(self) -> None:
        import ctypes  # slow to import, and needed for what is stuck alone

        with self._clock.holding_off(self.ident) as is_outside:
            if is_outside and self._is_authors():
                self.raised += 1
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(HandlerStop))


def start_watch(watch: Callable[[], None]) -> None:
    """Call a function in a thread that neither the test nor `threading.enumerate` knows: a handler may join all threads."""
    start_new_thread(_watched, (watch,))


def _watched(watch: Callable[[], None]) -> None:  # pragma: no cover  # coverage sees what begins after this line
    sys.settrace(threading.gettrace())  # coverage's, as in every `threading.Thread`
    watch()


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
