"""Whose a stack frame is: the author's, a library's or ours. The one table of it, and the one cutter of tracebacks."""

import re
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from types import FrameType, TracebackType
from typing import Final

# What a module's frames are to a test. Bits, so that a question about several kinds is one operation: it is asked at
# every sleep and at every reading of a clock.
AUTHOR: Final = 0
"""The test, its handler, and every library that is not listed below."""
OURS: Final = 1
SERVER: Final = 2
"""Ours, but in threads that belong to the test run."""
CLIENT: Final = 4
"""Between the handler's call and the fake: SDKs and HTTP clients."""
WAITING: Final = 8
"""Between the handler's wait and the fake: the standard library's threads, loops and context managers."""
PROCESS: Final = 16
"""Waits for another process, in real time."""
TEST_RUN: Final = 32
"""pytest, its plugins and coverage."""
REAL_LOOP: Final = 64
"""Drives a browser, a window or a terminal, in real time."""
DEBUGGER: Final = 128

BETWEEN: Final = OURS | SERVER | CLIENT | WAITING
"""Lies between the author's code and the fake."""
REAL_TIME: Final = PROCESS | TEST_RUN | REAL_LOOP | DEBUGGER
"""Sleeps and reads clocks in real time, also in threads of the test."""

# Names of packages, or of modules where one module differs from its package. They are compared as whole names:
# as prefixes they would swallow a user's `subprocess_poller`.
_PACKAGES: Final = {
    OURS: ("pytest_ecsevents",),
    SERVER: ("pytest_ecsevents.server",),
    CLIENT: (
        "Tea",
        "aiohttp",
        "darabonba",
        "http",
        "mns",
        "requests",
        "responses",
        "socket",
        "ssl",
        "unittest.mock",
        "urllib",
        "urllib3",
    ),
    WAITING: ("asyncio", "concurrent", "contextlib", "queue", "sched", "selectors", "socketserver", "threading"),
    PROCESS: ("multiprocessing", "subprocess"),
    TEST_RUN: ("_pytest", "coverage", "execnet", "faulthandler", "pluggy", "pytest_timeout", "xdist"),
    REAL_LOOP: ("gi", "prompt_toolkit", "selenium"),
    DEBUGGER: ("IPython", "_pydevd_bundle", "_pytest.debugging", "bdb", "debugpy", "pdb", "pydevd"),
}
_KINDS: Final = {name: kind for kind, names in _PACKAGES.items() for name in names}

# Packages of the SDKs have the product's name in theirs: alibabacloud_ecs20140526, aliyunsdkecs. A user's
# `alibabacloud_poller` is none of them.
_SDK: Final = re.compile(r"aliyunsdk[a-z0-9]+|alibabacloud_(\w+20\d{6}|tea_\w+|\w+_util|gateway_\w+|credentials\w*)")

_LIBRARY_FOLDERS: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


@cache
def kind_of(module: str) -> int:
    """What a module's frames are to a test: one of the kinds above.

    Args:
        module: Its full name.
    """
    package, _, rest = module.partition(".")
    found = _KINDS.get(f"{package}.{rest.partition('.')[0]}") or _KINDS.get(package)
    if found is not None:
        return found
    return CLIENT if _SDK.fullmatch(package) else AUTHOR


def kind_of_caller(depth: int) -> int:
    """The kind of the function that many frames above the calling one."""
    return kind_of(_module_of(sys._getframe(depth + 1)))


def keeps_own_names(module: str) -> bool:
    """Whether the names of a module stay bound to the real functions of `time` and `datetime`.

    What the modules of waiting read is replaced apart, for threads of the test alone.
    """
    return module == "time" or kind_of(module) & (REAL_TIME | WAITING | OURS | SERVER) != 0


def is_of(frame: FrameType, kinds: int) -> bool:
    """Whether a frame is of one of these kinds."""
    return kind_of(_module_of(frame)) & kinds != 0


def is_between(frame: FrameType) -> bool:
    """Whether a frame lies between the author's code and the fake."""
    return is_of(frame, BETWEEN)


def author_frame(frame: FrameType | None = None) -> FrameType:
    """The innermost frame of the author's, seen from a frame; without one, the outermost.

    Args:
        frame: Where to start; by default the caller's.
    """
    step = sys._getframe(1) if frame is None else frame
    while step.f_back is not None and is_between(step):
        step = step.f_back
    return step


def place_of(frame: FrameType, line: int | None = None) -> str:
    """`poller.py:42 in serve_forever`.

    Args:
        frame: The frame.
        line: The line, if it is not the one that the frame runs now.
    """
    return f"{frame.f_code.co_filename}:{line or frame.f_lineno} in {frame.f_code.co_name}"


def place_of_thread(ident: int) -> str:
    """Where a thread stands in the author's code.

    Args:
        ident: The thread's identity.
    """
    frame = sys._current_frames().get(ident)
    return "an unknown place" if frame is None else place_of(author_frame(frame))


def place_of_error(error: BaseException, *, in_authors_code: bool = False) -> str:
    """Where an error was raised; "" if no step of its traceback qualifies.

    Args:
        error: The error.
        in_authors_code: Name the innermost line of the author's instead, which called what raised it.
    """
    place = ""
    for step in _steps(error.__traceback__):
        if not (in_authors_code and is_between(step.tb_frame)):
            place = place_of(step.tb_frame, step.tb_lineno)
    return place


def is_timeout(error: BaseException) -> bool:
    """Whether pytest-timeout raised an error, in whatever function its signal has interrupted."""
    return any(_module_of(step.tb_frame).partition(".")[0] == "pytest_timeout" for step in _steps(error.__traceback__))


def is_debugged(ident: int) -> bool:
    """Whether a thread stands in a debugger, whose user may take a long time.

    Args:
        ident: The thread's identity.
    """
    frame = sys._current_frames().get(ident)
    while frame is not None:
        if kind_of(_module_of(frame)) == DEBUGGER:
            return True
        frame = frame.f_back
    return False


def cut_traceback(traceback: TracebackType, *, is_ours: bool) -> None:
    """Leave the author's part of a traceback.

    An error of our own ends at the author's line that called us. An error of the author's loses the frames of ours,
    and those of clients beside them, that stand between two of the author's: a receiver is called through us. A
    traceback that ends in ours, or in a library that we called, stays whole: it shows a mistake of ours.

    Args:
        traceback: Where it starts, outside our code.
        is_ours: Whether the error tells the author of a mistake.
    """
    last: TracebackType | None = traceback
    while last is not None:
        step, through_us = last.tb_next, False
        while step is not None and is_between(step.tb_frame):
            through_us |= kind_of(_module_of(step.tb_frame)) & (OURS | SERVER) != 0
            step = step.tb_next
        if step is None and is_ours:
            last.tb_next = None
        elif step is not None and through_us and not step.tb_frame.f_code.co_filename.startswith(_LIBRARY_FOLDERS):
            last.tb_next = step
        last = step


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


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
