"""Ending the author's code from another thread, where it stands."""

import asyncio
import gc
import signal
import sys
import threading
from _thread import allocate_lock, get_ident, start_new_thread
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from types import FrameType
from typing import Any, Final
from weakref import WeakKeyDictionary, WeakSet, WeakValueDictionary

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._frames import is_between, place_of
from pytest_ecsevents.clock import HandlerStop, real_sleep

__tracebackhide__ = hidden_in_reports

_INSIST_EVERY: Final = 0.005
_MOST_SPARED: Final = 200
"""How often it is tried before code is ended that makes an object: a constructor may be the loop itself."""
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


class Interrupter:
    """Raises `HandlerStop` in the thread that makes it: by a signal, which reaches it in a lock too, where one can be sent.

    Attributes:
        is_over: Whether there is nothing to be ended any more.
        has_ended: The same of a coroutine, whose loop may have more to do.
        is_only_in_loop: Whether it is one of what a loop runs that is to be ended.

    Args:
        ask: How to end by itself what an event loop runs; False where there is none, or it is held up, so that what holds it
            up is to be ended.
    """

    def __init__(self, ask: "Callable[[], bool] | None" = None) -> None:
        self.ident: Final = get_ident()
        self.is_over = False
        self.has_ended: Callable[[], bool] = _never
        self.is_only_in_loop = False
        self._ask: Final = _never if ask is None else ask
        # Other systems have neither such a signal nor threads that one can be sent to.
        self._can_be_signalled: Final = _is_main_thread() and hasattr(signal, "SIGURG")
        self._signal_handler: Any = None
        self._sending: Final = allocate_lock()
        self._is_signal_on_its_way = self._insists = self._has_traced = False
        self._before: tuple[Any, Any] = None, None
        self._traced: Sequence[object] = ()
        self._times = self._spared = 0

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
            self._has_traced = False
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
        self._spared += 1
        if frame is not None and self._may_raise_in(frame):
            if self._insists:
                self.trace([*_callers(frame)], [_task_now()])
            raise HandlerStop(place_of(frame))

    def goes_on(self) -> bool:
        """Whether there is something to be ended."""
        return not self.is_over and not self.has_ended()

    def _may_raise_in(self, frame: FrameType) -> bool:
        """Whether an error raised in this frame ends what is to end, and nothing else."""
        if not self.goes_on() or _must_go_on(frame) or (self.is_only_in_loop and not _is_in_loop(frame)):
            return False
        # What is half made would be destroyed, and most of what is destroyed takes it that it was made.
        return self._spared > _MOST_SPARED or not _is_making(frame)

    def trace_here(self) -> None:
        """Have `HandlerStop` raised once more in the author's function that called."""
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and is_between(frame):
            frame = frame.f_back
        self.trace([] if frame is None else [*_callers(frame)], [_task_now()])

    def trace(self, frames: Iterable[FrameType], tasks: Sequence[object]) -> None:
        """Have `HandlerStop` raised at the next line: where another error was caught, which is outside that try.

        Args:
            frames: Where what is to end stands.
            tasks: Those of asyncio's which it is; None for none.
        """
        self._traced = tasks
        if not self._has_traced:  # pragma: no branch  # the second time the tracer is away that would see it
            self._before, self._has_traced = (sys.gettrace(), sys.getprofile()), True
            sys.setprofile(self._left)
        for frame in frames:
            frame.f_trace = self._next_line
        sys.settrace(self._next_line)

    def _next_line(
        self, frame: FrameType, event: str, _argument: object
    ) -> Any:  # pragma: no cover  # it is the tracer
        if not self._may_raise_in(frame) or _task_now() not in self._traced:
            return None
        if event == "line":
            raise HandlerStop(place_of(frame))  # which ends tracing
        return self._next_line

    def _left(self, _frame: FrameType, event: str, _argument: object) -> None:  # pragma: no cover  # the same
        """Trace on when a function was left, for its caller may catch everything too."""
        if event == "return" and self.goes_on():
            sys.settrace(self._next_line)

    def interrupt(self) -> None:
        """End what runs, once."""
        with self._sending:
            if self.goes_on() and not self._ask():
                (self._signal if self._can_be_signalled else self._raise)()

    def _signal(self) -> None:
        # One at a time: under a tracer, 3.11 gets no step further while another is waiting.
        if not self._is_signal_on_its_way:
            self._is_signal_on_its_way = True
            signal.pthread_kill(self.ident, signal.SIGURG)

    def _raise(self) -> None:
        import ctypes  # only ever needed for code that is stuck

        self._spared += 1
        frame = sys._current_frames().get(self.ident)
        if frame is not None and self._may_raise_in(frame):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(HandlerStop))

    def press(self) -> None:
        """End what runs, and insist when that was in vain a few times."""
        self._times += 1
        (self.interrupt if self._times <= _OFTEN else self.insist)()

    def close(self, coroutine: Any, frames: Iterable[FrameType]) -> None:
        """Close a coroutine that its loop runs no more, however much it catches."""
        self.is_over = False
        self.trace(frames, [None])
        with suppress(BaseException):  # whatever it raises reaches nobody any more
            coroutine.close()
        self.is_over = True
        self._trace_no_more()

    def calm_down(self) -> None:
        """Note that a coroutine has ended, and that whatever its loop still does is to be ended by itself."""
        self.has_ended, self._insists, self._times = _never, False, 0

    def insist(self) -> None:
        """End what catches everything, again and again, until nothing catches it."""
        self._insists = True
        while self._insists and self.goes_on():
            real_sleep(_INSIST_EVERY)
            self.interrupt()


def start_watch(watch: Callable[[], None]) -> None:
    """Have a function called in a thread that is none of the test's: a `threading.Thread`'s start waits."""
    start_new_thread(_watched, (watch,))


def _watched(watch: Callable[[], None]) -> None:  # pragma: no cover  # a tracer sees what begins after it was set
    sys.settrace(threading.gettrace())  # as in every `threading.Thread`
    watch()


def _never() -> bool:
    """There is no loop."""
    return False


def _callers(frame: FrameType) -> Iterator[FrameType]:
    """A frame and those that it was called from, up to the plumbing."""
    step: FrameType | None = frame
    while step is not None and not is_between(step):
        yield step
        step = step.f_back


def _task_now() -> object:
    """The task of asyncio's that runs in the calling thread, or None."""
    return None if asyncio._get_running_loop() is None else asyncio.current_task()


def _is_making(frame: FrameType) -> bool:
    """Whether a frame belongs to the making of an object."""
    return any(step.f_code.co_name in ("__init__", "__new__") for step in _callers(frame))


def _is_in_loop(frame: FrameType) -> bool:
    """Whether a frame belongs to what an event loop runs: to a task, or to a callback."""
    return _task_now() is not None or any(_is_handle(step) for step in _up_from(frame))


def _is_a_loops(frame: FrameType) -> bool:
    """Whether a frame belongs to the opening or closing of a loop: cut off in that, it is left half open."""
    is_asyncios = any(str(step.f_globals.get("__name__")).startswith("asyncio.") for step in _up_from(frame))
    return is_asyncios and not _is_in_loop(frame)


def _is_handle(frame: FrameType) -> bool:
    return frame.f_code is asyncio.Handle._run.__code__


def _up_from(frame: FrameType) -> Iterator[FrameType]:
    """A frame and all that it was called from."""
    step: FrameType | None = frame
    while step is not None:
        yield step
        step = step.f_back


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _must_go_on(frame: FrameType) -> bool:
    """Whether an error raised in this frame could leave a lock held that others need, ours or a tracer's, or would be lost."""
    is_tracer = str(frame.f_globals.get("__name__")).startswith("coverage.")
    return is_between(frame) or is_tracer or _is_a_loops(frame) or _would_be_lost(frame)


def _would_be_lost(frame: FrameType) -> bool:
    """Whether an error raised in this frame reaches nobody, as in what the garbage collector calls."""
    callbacks = {getattr(callback, "__code__", None) for callback in gc.callbacks}
    return any(
        step.f_code in callbacks or step.f_code.co_name == "__del__" or step.f_code in _OF_WEAK_REFERENCES
        for step in _up_from(frame)
    )


def place_of_thread(ident: int, otherwise: "Callable[[], str] | None" = None) -> str:
    """Where a thread stands in the author's code: file, line and function.

    Args:
        ident: The thread's.
        otherwise: What to say where it runs an event loop that is between two of its tasks.
    """
    frame = sys._current_frames().get(ident)
    while frame is not None and frame.f_back is not None and is_between(frame):
        frame = frame.f_back
    if otherwise is not None and (frame is None or not _is_in_loop(frame)):
        return otherwise()
    return "an unknown place" if frame is None else place_of(frame)
