"""Ending the author's code from another thread, where it stands."""

import gc
import signal
import sys
import threading
from _thread import allocate_lock, get_ident, start_new_thread
from collections.abc import Callable
from types import FrameType
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from pytest_ecsevents._words import hidden_in_reports
from pytest_ecsevents.clock import HandlerStop, is_plumbing, place_of, real_sleep

__tracebackhide__ = hidden_in_reports

_INSIST_EVERY: Final = 0.005
_OFTEN: Final = 3
"""How often code is interrupted before it counts as such that catches everything."""
# What weak collections call when something goes; it has no other name.
_OF_WEAK_REFERENCES: Final = frozenset(
    {
        WeakSet()._remove.__code__,  # type: ignore[attr-defined]
        WeakKeyDictionary[object, object]()._remove.__code__,  # type: ignore[attr-defined]
        WeakValueDictionary[object, object]()._remove.__code__,  # type: ignore[attr-defined]
    }
)
_DEBUGGERS: Final = ("bdb", "pdb", "_pytest.debugging", "IPython", "pydevd", "debugpy")


class Interrupter:
    """Raises `HandlerStop` in the thread that makes it: by a signal, which reaches it in a lock too, where one can be sent.

    Attributes:
        is_over: Whether there is nothing to be ended any more.
    """

    def __init__(self) -> None:
        self.ident: Final = get_ident()
        self.is_over = False
        # Other systems have neither such a signal nor threads that one can be sent to.
        self._can_be_signalled: Final = _is_main_thread() and hasattr(signal, "SIGURG")
        self._signal_handler: Any = None
        self._sending: Final = allocate_lock()
        self._is_signal_on_its_way = self._insists = self._has_traced = False
        self._before: tuple[Any, Any] = None, None
        self._times = 0

    def begin(self) -> None:
        """Take the signal."""
        if self._can_be_signalled:
            self._signal_handler = signal.signal(signal.SIGURG, self._signalled)

    def end(self) -> None:
        """Give the signal back, once the last that was being sent is."""
        self.is_over = True
        with self._sending:
            pass
        self._trace_no_more()
        if self._can_be_signalled:
            signal.signal(signal.SIGURG, self._signal_handler)

    def _trace_no_more(self) -> None:
        if self._has_traced:  # pragma: no cover  # the tracer is away that would see it
            tracer, profiler = self._before
            sys.setprofile(profiler)
            sys.settrace(tracer)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        """End what runs where it is, but for the middle of what must go on; what others sent is theirs."""
        if not self._is_signal_on_its_way:
            if callable(self._signal_handler):
                self._signal_handler(number, frame)
            return
        self._is_signal_on_its_way = False
        if not self.is_over and frame is not None and not _must_go_on(frame):
            if self._insists:
                self._trace_from(frame)
            raise HandlerStop(place_of(frame))

    def _trace_from(self, frame: FrameType) -> None:
        """Have `HandlerStop` raised once more at the next line: where it is caught, which is outside that try."""
        if not self._has_traced:  # pragma: no branch  # the second time the tracer is away that would see it
            self._before, self._has_traced = (sys.gettrace(), sys.getprofile()), True
            sys.setprofile(self._left)
        stands_in: FrameType | None = frame
        while stands_in is not None and not is_plumbing(stands_in):
            stands_in.f_trace = self._next_line
            stands_in = stands_in.f_back
        sys.settrace(self._next_line)

    def _next_line(
        self, frame: FrameType, event: str, _argument: object
    ) -> Any:  # pragma: no cover  # it is the tracer
        if self.is_over or _must_go_on(frame):
            return None
        if event == "line":
            raise HandlerStop(place_of(frame))  # which ends tracing
        return self._next_line

    def _left(self, _frame: FrameType, event: str, _argument: object) -> None:  # pragma: no cover  # the same
        """Trace on when a function was left, for its caller may catch everything too."""
        if event == "return" and not self.is_over:
            sys.settrace(self._next_line)

    def interrupt(self) -> None:
        """End what runs, once."""
        with self._sending:
            if not self.is_over:
                (self._signal if self._can_be_signalled else self._raise)()

    def _signal(self) -> None:
        # One at a time: under a tracer, 3.11 gets no step further while another is waiting.
        if not self._is_signal_on_its_way:
            self._is_signal_on_its_way = True
            signal.pthread_kill(self.ident, signal.SIGURG)

    def _raise(self) -> None:
        import ctypes  # only ever needed for code that is stuck

        frame = sys._current_frames().get(self.ident)
        if frame is not None and not _must_go_on(frame):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(HandlerStop))

    def press(self) -> None:
        """End what runs, and insist when that was in vain a few times."""
        self._times += 1
        (self.interrupt if self._times <= _OFTEN else self.insist)()

    def insist(self) -> None:
        """End what catches everything, again and again, until nothing catches it."""
        self._insists = True
        while not self.is_over:
            real_sleep(_INSIST_EVERY)
            self.interrupt()


def start_watch(watch: Callable[[], None]) -> None:
    """Have a function called in a thread that is none of the test's: a `threading.Thread`'s start waits."""
    start_new_thread(_watched, (watch,))


def _watched(watch: Callable[[], None]) -> None:  # pragma: no cover  # a tracer sees what begins after it was set
    sys.settrace(threading.gettrace())  # as in every `threading.Thread`
    watch()


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _must_go_on(frame: FrameType) -> bool:
    """Whether an error raised in this frame could leave a lock held that others need, ours or a tracer's, or would be lost."""
    is_tracer = str(frame.f_globals.get("__name__")).startswith("coverage.")
    return is_plumbing(frame) or is_tracer or _would_be_lost(frame)


def _would_be_lost(frame: FrameType) -> bool:
    """Whether an error raised in this frame reaches nobody, as in what the garbage collector calls."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    step: FrameType | None = frame
    while step is not None:
        code = step.f_code
        if code in callbacks or code.co_name == "__del__" or code in _OF_WEAK_REFERENCES:
            return True
        step = step.f_back
    return False


def is_debugged(ident: int) -> bool:
    """Whether the thread stands in a debugger, whose user may take his time."""
    frame = sys._current_frames().get(ident)
    while frame is not None:
        if str(frame.f_globals.get("__name__")).startswith(_DEBUGGERS):
            return True
        frame = frame.f_back
    return False


def place_of_thread(ident: int) -> str:
    """Where a thread stands in the author's code: file, line and function."""
    frame = sys._current_frames().get(ident)
    while frame is not None and frame.f_back is not None and is_plumbing(frame):
        frame = frame.f_back
    return "an unknown place" if frame is None else place_of(frame)
