"""Raises `HandlerStop` in the thread of the user's code, from a thread that watches it."""

import signal
import threading
from _thread import allocate_lock, get_ident, interrupt_main, start_new_thread
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._frames import author_frame, frames_of_threads, is_library, place_of
from pytest_ecsevents._whole import getsignal, set_handler
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._stand_ins import real_sleep
from pytest_ecsevents.clock._stop import HandlerStop, TestIsOver
from pytest_ecsevents.clock._threads import real_now

__tracebackhide__ = hidden_in_reports

LOOK_EVERY: Final = 0.05
"""Real seconds between two checks of code that is watched."""

_LIBRARIES_HAVE: Final = 1.0
"""Real seconds that a library's function has to return to the user's code. Then it is left too."""

NUMBER: Final = getattr(signal, "SIGURG", None) or signal.Signals["SIGBREAK"]
"""A signal that hardly anybody uses; Windows has few."""

_CAN_KILL: Final = hasattr(signal, "pthread_kill")


class Interrupter:
    """Raises `HandlerStop` in the thread that creates this object, wherever that thread is.

    In the main thread a signal handler raises it, since a signal reaches a thread that waits for a lock too (except on
    Windows, where the thread must come to its next step). In other threads the interpreter raises it at the thread's next
    step; code that catches that error cannot be left.

    It never raises where the thread holds a lock of ours or waits in our scheduler: the watch soon tries again.
    """

    def __init__(self, clock: Clock, is_authors: Callable[[], bool] = lambda: True) -> None:
        self.ident: Final = get_ident()
        self.is_over = False
        self.raised = 0
        self.has_arrived = False
        self._clock: Final = clock
        self._is_authors: Final = is_authors
        self.can_be_signalled: Final = _is_main_thread()
        self._signal_handler: Any = None
        self._sending: Final = allocate_lock()
        self._is_signal_on_its_way = False
        self._leaves_libraries_at: float | None = None

    def begin(self) -> None:
        if self.can_be_signalled:
            self._signal_handler = getsignal(NUMBER)  # before the next line: an interrupt may come between them
            set_handler(NUMBER, self._handle_signal)

    def end(self) -> None:
        """Restore the earlier signal handler. An error that was already sent is dropped, and no more are raised."""
        self.is_over = True
        # One sent through the interpreter is raised at this thread's next step, so here.
        with suppress(HandlerStop), self._sending:
            pass
        if self.can_be_signalled:
            set_handler(NUMBER, self._signal_handler)

    def interrupt(self) -> None:
        """Raise once, if that is possible where the thread is."""
        with self._sending:
            if not self.is_over:
                (self._signal if self.can_be_signalled else self._raise)()

    def leave(self) -> None:
        """Leave code that has swallowed the error. Where that is not possible, raise again."""
        if self._leaves_libraries_at is None:
            self._leaves_libraries_at = real_now() + _LIBRARIES_HAVE
        self.interrupt()

    def take_back(self) -> None:
        """Take back an error that does not come, as C does not return.

        On Python 3.11 no thread that is traced, as by coverage, comes into a function while one is pending for any thread,
        nor after it was taken back, until one has come somewhere. So one comes here.
        """
        import ctypes

        with suppress(HandlerStop):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), None)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(get_ident()), ctypes.py_object(HandlerStop))

    def _handle_signal(self, number: int, frame: FrameType | None) -> None:
        if not self._is_signal_on_its_way:  # not ours: the system sends it for urgent data on a socket
            if callable(self._signal_handler):
                self._signal_handler(number, frame)
            return
        self._is_signal_on_its_way = False
        if self.is_over or frame is None or not self._is_authors() or not self._clock.may_interrupt():
            return
        place = place_of(author_frame(frame))
        if self._leaves_libraries_at is not None:
            from pytest_ecsevents.handlers._leaving import leave

            if is_library(frame) and real_now() < self._leaves_libraries_at:
                return  # it may hold a lock of its own
            leave(frame, place)
        self.raised += 1
        self.has_arrived = True
        raise HandlerStop(place)

    def _signal(self) -> None:
        # One at a time: signals interrupt the tracer of a debugger or of coverage too, and Python 3.11 makes no progress
        # while another signal is pending.
        if not self._is_signal_on_its_way:
            self._is_signal_on_its_way = True
            if _CAN_KILL:
                signal.pthread_kill(self.ident, NUMBER)
            else:
                interrupt_main(NUMBER)

    def _raise(self) -> None:
        import ctypes  # slow to import, and only needed here

        with self._clock.holding_off(self.ident) as is_outside:
            if is_outside and self._is_authors():
                self.raised += 1
                error = _noted_stop(self)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(error))


def _noted_stop(interrupter: Interrupter) -> type[HandlerStop]:
    """A `HandlerStop` that notes that it has arrived: the interpreter makes one of it at the thread's next step."""

    def init(stop: HandlerStop) -> None:
        HandlerStop.__init__(stop)
        interrupter.has_arrived = True

    return type("HandlerStop", (HandlerStop,), {"__init__": init})


def interrupt_main_thread() -> None:
    """Pass a KeyboardInterrupt of another thread on to the main thread, as Ctrl-C; in the main thread do nothing.

    Raises:
        TestIsOver: The calling thread is another one; it is to end without a report.
    """
    if _is_main_thread():
        return
    if _CAN_KILL:  # which ends a wait for a lock too
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        interrupt_main()
    raise TestIsOver


class Watch:
    """Calls a function in a thread that `threading.enumerate` does not list: a handler may join all threads."""

    def __init__(self, function: Callable[[], None]) -> None:
        self.function: Final = function
        self.has_ended = False
        self._ident: Final = start_new_thread(_watched, (self,))

    def wait(self) -> None:
        """Wait in real time until the function has returned, and the thread is gone."""
        while not self.has_ended:
            real_sleep(_A_MOMENT)
        looks = 0
        while looks < _MOST_LOOKS and self._ident in frames_of_threads():  # or a new thread has got its ident
            real_sleep(_A_MOMENT)
            looks += 1


_A_MOMENT: Final = 0.0001
_MOST_LOOKS: Final = 100


def _watched(watch: Watch) -> None:
    try:
        watch.function()
    finally:
        watch.has_ended = True


def _is_main_thread() -> bool:
    return get_ident() == threading.main_thread().ident
