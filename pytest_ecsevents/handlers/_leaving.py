"""Abandons code that catches every exception: it stops where it is, and the test goes on.

Such code runs in a greenlet. A wait of ours, a call to the cloud, or a handler of signals that runs on top of it in the
main thread switches to the greenlet below, and nothing ever switches back. It is the same thread throughout, so
`signal.signal` works in the code, and `threading.local` is the test's.

The library greenlet was tried as 3.5.6 with Python 3.10 to 3.15. What to know of it:

- Both greenlets share one context: the code sees and sets the test's context variables.
- `f_back` ends where the code was called from here; tracebacks of its errors do not.
- A greenlet that is destroyed gets an error raised in it, which this code would catch. So a frame of its own refers to it
  (`me` and `boundary` in `leave`): it lives as long as the process, and does nothing at the interpreter's end.
- What the code has in hand stays so: a lock is never released, a `finally` never runs. So it is not left where a function
  of ours is in the midst of something, and in a library's code only when it has not come out of it for a while.
- Coverage's tracer in C keeps a stack of its own, on which the code that was left stays. It would count lines of outer
  functions for inner ones. So a new tracer begins, as in a new thread. It counts no further line of functions that were
  active when code was left: of the failing test, in effect.
"""

import contextvars
import signal
import sys
import threading
from asyncio import _get_running_loop
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from greenlet import getcurrent, greenlet

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._frames import OURS, SERVER, is_of
from pytest_ecsevents._whole import getsignal
from pytest_ecsevents.clock._asyncio import restore_loop
from pytest_ecsevents.clock._stop import HandlerStop

__tracebackhide__ = hidden_in_reports

_SIGINT: Final = int(signal.SIGINT)

_CALLERS: Final = ("pytest_ecsevents.handlers.", "pytest_ecsevents.clock._asyncio")
"""Where our functions are that call the author's and have nothing else in hand."""


def call_leavable(function: Callable[[], Any]) -> Any:
    """Call a function that `leave` can leave.

    Raises:
        HandlerStop: It was left.
    """
    contextvars.copy_context()  # makes the thread's context if it has none yet; only then can it be shared
    boundary = greenlet(function)
    boundary.gr_context = getcurrent().gr_context
    boundary.left_at = ""
    before = _get_running_loop(), sys.get_asyncgen_hooks(), getsignal(_SIGINT)
    result = boundary.switch()
    return result if not boundary.left_at else _raise_left(boundary, before)


def _raise_left(boundary: greenlet, before: tuple[Any, Any, Any]) -> Any:
    """Raise in a separate frame: coverage counts frames that begin now, but no further line of those that called the function.

    Raises:
        HandlerStop: Always.
    """
    restore_loop(*before)
    try:
        raise HandlerStop(boundary.left_at)
    finally:  # last, as the new tracer counts what is called from here on
        sys.settrace(threading.gettrace() or sys.gettrace())


def leave(frame: FrameType, place: str) -> None:
    """Leave the innermost function that was called by `call_leavable`. Returns only if that is not possible.

    Args:
        frame: The innermost frame of what is left. It does not include frames of ours that called this.
        place: Where the function stood.
    """
    me = boundary = getcurrent()
    while boundary is not None and not hasattr(boundary, "left_at"):
        boundary = boundary.parent  # a greenlet that the user's code has created
    if boundary is None or not _is_outside(frame):
        return
    boundary.left_at = place
    while True:
        boundary.parent.switch(me)


def _is_outside(frame: FrameType | None) -> bool:
    """Whether no function of ours is in the middle of a call of the user's code."""
    while frame is not None:
        if is_of(frame, OURS | SERVER) and not frame.f_globals["__name__"].startswith(_CALLERS):
            return False
        frame = frame.f_back
    return True
