"""Raises `HandlerStop` in the thread of the user's code, from a thread that watches it."""

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
"""Real seconds between two checks of code that is watched."""

PRESS_EVERY: Final = 0.005
"""The same after it has swallowed a `HandlerStop`."""

_MOST_PRESSES: Final = 1000


class Interrupter:
    """Raises `HandlerStop` in the thread that creates this object, wherever that thread is.

    In the main thread a signal handler raises it, since a signal reaches a thread that waits for a lock too. In other
    threads, and on systems without SIGURG, the interpreter raises it at the thread's next step.

    It never raises where the thread holds a lock of ours or waits in our scheduler: the watch soon tries again.
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
        if self._can_be_signalled:
            self._signal_handler = signal.signal(signal.SIGURG, self._handle_signal)

    def end(self) -> None:
        """Restore the earlier signal handler. An error that was already sent is dropped, and no more are raised."""
        self.is_over = True
        # One sent through the interpreter is raised at this thread's next step, so here.
        with suppress(HandlerStop), self._sending:
            pass
        if self._can_be_signalled:
            signal.signal(signal.SIGURG, self._signal_handler)

    def interrupt(self) -> None:
        """Raise once, if that is possible where the thread is."""
        with self._sending:
            if not self.is_over:
                (self._signal if self._can_be_signalled else self._raise)()

    def press(self, sentence: str) -> None:
        """Raise again in code that has swallowed it, at most `_MOST_PRESSES` times; then print `sentence` to stderr.

        Code in the test's own thread cannot be abandoned: only an error that it does not catch ends it. An error raised
        between two rounds of its loop often does.
        """
        self._presses += 1
        if self._presses <= _MOST_PRESSES:
            self.interrupt()
        elif self._presses == _MOST_PRESSES + 1:
            sys.stderr.write(f"\n{sentence}\n")

    def _handle_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._is_signal_on_its_way:  # not ours: the system sends it for urgent data on a socket
            if callable(self._signal_handler):
                self._signal_handler(number, frame)
            return
        self._is_signal_on_its_way = False
        # Code that catches everything would catch it in a wait too, and a lock of the standard library might stay held.
        is_waiting = self._presses > 0 and frame is not None and is_of(frame, OURS | SERVER | WAITING)
        if not self.is_over and not is_waiting and self._is_authors() and self._clock.may_interrupt():
            self.raised += 1
            raise HandlerStop(place_of(author_frame(frame)))

    def _signal(self) -> None:
        # One at a time: signals interrupt the tracer of a debugger or of coverage too, and Python 3.11 makes no progress
        # while another signal is pending.
        if not self._is_signal_on_its_way:
            self._is_signal_on_its_way = True
            signal.pthread_kill(self.ident, signal.SIGURG)

    def _raise(self) -> None:
        import ctypes  # slow to import, and only needed here

        with self._clock.holding_off(self.ident) as is_outside:
            if is_outside and self._is_authors():
                self.raised += 1
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(HandlerStop))


def start_watch(watch: Callable[[], None]) -> None:
    """Call a function in a thread that `threading.enumerate` does not list: a handler may join all threads."""
    start_new_thread(_watched, (watch,))


def _watched(watch: Callable[[], None]) -> None:  # pragma: no cover  # coverage sees what begins after this line
    sys.settrace(threading.gettrace())  # coverage's, as in every `threading.Thread`
    watch()


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
