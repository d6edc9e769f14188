"""What a report shows of the way from the test to the author's own function that failed."""

import sys
import sysconfig
from collections.abc import Mapping
from types import FrameType, TracebackType
from typing import Final

_LIBRARIES: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


# Whose frames stand between the author's code and here.
_BETWEEN: Final = (
    "pytest_ecsevents.",
    "responses",
    "requests.",
    "urllib",
    "http.client",
    "aiohttp.",
    "asyncio.",
    "aliyunsdkcore.",
    "alibabacloud_",
    "Tea.",
    "darabonba.",
    "unittest.mock",
    "contextlib",
)


def is_between(namespace: Mapping[str, object]) -> bool:
    """Whether a frame with these globals belongs to the plugin or to a client library."""
    return str(namespace.get("__name__")).startswith(_BETWEEN)


def callers_frame() -> FrameType:
    """The frame of the handler: the first outside the SDK and the plugin."""
    frame = sys._getframe(1)
    while frame.f_back is not None and is_between(frame.f_globals):
        frame = frame.f_back
    return frame


def shorten(traceback: TracebackType) -> None:
    """Take our frames out where they stand between two of the author's: an error in a receiver is none of ours.

    What ends in ours, or in a library that we called, stays whole. The frames of client libraries and of `contextlib` that
    stand beside ours go with them.

    Args:
        traceback: Its first frame is not ours.
    """
    last: TracebackType | None = traceback
    while last is not None:
        step, is_ours = last.tb_next, False
        while step is not None and is_between(step.tb_frame.f_globals):
            is_ours |= _is_ours(step)
            step = step.tb_next
        if step is not None and is_ours and not step.tb_frame.f_code.co_filename.startswith(_LIBRARIES):
            last.tb_next = step
        last = step


def forget(error: BaseException, before: BaseException) -> None:
    """Take out of what an error came of what was being handled before its test began.

    When a handler was ended that catches everything, Python may go on to hold its end for the error being handled.

    Args:
        error: The error.
        before: What was being handled.
    """
    left: list[BaseException | None] = [error]
    seen: set[int] = set()
    while left:
        one = left.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if one.__context__ is before:
            one.__context__ = None
        left += [one.__context__, one.__cause__]


def _is_ours(step: TracebackType) -> bool:
    return str(step.tb_frame.f_globals.get("__name__")).startswith("pytest_ecsevents.")
