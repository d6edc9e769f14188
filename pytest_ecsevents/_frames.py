"""Decides whose code a stack frame runs: the user's, a library's or ours; cuts tracebacks accordingly."""

import gc
import re
import sys
import sysconfig
from _thread import RLock
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import accumulate, chain, repeat, takewhile
from operator import truth
from types import FrameType, TracebackType
from typing import Any, Final

# Kinds of modules. They are bits, so that a check for several kinds is one operation: every sleep and every reading of
# a clock makes one.
AUTHOR: Final = 0
"""The test, its handler, and all libraries not listed below."""
OURS: Final = 1
SERVER: Final = 2
"""Our server, whose threads do not belong to the test."""
CLIENT: Final = 4
"""SDKs and HTTP clients: frames between the handler's call and the fake."""
WAITING: Final = 8
"""Threads, event loops and context managers of the standard library: frames between the handler's wait and the fake."""
PROCESS: Final = 16
"""Waits for other processes, in real time."""
TEST_RUN: Final = 32
"""pytest, its plugins and coverage."""
REAL_LOOP: Final = 64
"""Drives a browser, a window or a terminal, in real time."""
DEBUGGER: Final = 128

BETWEEN: Final = OURS | SERVER | CLIENT | WAITING
"""Frames between the user's code and the fake."""
REAL_TIME: Final = PROCESS | TEST_RUN | REAL_LOOP | DEBUGGER
"""Sleeps and reads clocks in real time, even in threads of the test."""

# Names of packages, or of modules that differ from their package. They are compared as whole names: a prefix `subprocess`
# would match a user's `subprocess_poller`.
_PACKAGES: Final = {
    OURS: ("pytest_ecsevents",),
    SERVER: ("pytest_ecsevents.server",),
    CLIENT: (
        "Tea",
        "aiohttp",
        "aioresponses",
        "alibabacloud_oss_v2",
        "darabonba",
        "http",
        "httpcore",
        "httpcore2",
        "httpx",
        "httpx2",
        "mns",
        "oss2",
        "pycurl",
        "requests",
        "requests_mock",
        "respx",
        "responses",
        "socket",
        "ssl",
        "unittest.mock",
        "urllib",
        "urllib3",
    ),
    WAITING: (
        "anyio",
        "asyncio",
        "concurrent",
        "contextlib",
        "outcome",
        "queue",
        "sched",
        "selectors",
        "socketserver",
        "threading",
        "trio",
    ),
    PROCESS: ("multiprocessing", "subprocess"),
    TEST_RUN: ("_pytest", "coverage", "execnet", "faulthandler", "hypothesis", "pluggy", "pytest_timeout", "xdist"),
    REAL_LOOP: ("gi", "prompt_toolkit", "selenium"),
    DEBUGGER: ("IPython", "_pydevd_bundle", "_pytest.debugging", "bdb", "debugpy", "pdb", "pydevd"),
}
_KINDS: Final = {name: kind for kind, names in _PACKAGES.items() for name in names}

# Packages of the SDKs are named after products: alibabacloud_ecs20140526, aliyunsdkecs. A user's `alibabacloud_poller`
# does not match.
_SDK: Final = re.compile(r"aliyunsdk[a-z0-9]+|alibabacloud_(\w+20\d{6}|tea_\w+|\w+_util|gateway_\w+|credentials\w*)")

_STANDARD_FOLDERS: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})
_LIBRARY_FOLDERS: Final = (*_STANDARD_FOLDERS, *{sysconfig.get_path(name) for name in ("purelib", "platlib")})


@cache
def kind_of(module: str) -> int:
    """The kind of a module, by its full name."""
    package, _, rest = module.partition(".")
    found = _KINDS.get(f"{package}.{rest.partition('.')[0]}") or _KINDS.get(package)
    if found is not None:
        return found
    return CLIENT if _SDK.fullmatch(package) else AUTHOR


def kind_of_caller(depth: int) -> int:
    """The kind of the function `depth` frames above the calling one; AUTHOR if a function of C began the stack."""
    try:
        frame = sys._getframe(depth + 1)
    except ValueError:  # `ecs_events.at("+1h", time.sleep, 60)`: in a greenlet nothing is above
        return AUTHOR
    return kind_of(_module_of(frame))


def keeps_own_names(module: str) -> bool:
    """Whether a module's names stay bound to the real functions of `time` and `datetime`.

    WAITING modules keep them too: `clock._stdlib` replaces what they read, for threads of the test only.
    """
    return module == "time" or kind_of(module) & (REAL_TIME | WAITING | OURS | SERVER) != 0


def is_standard(module: str) -> bool:
    """Whether a module is one of the standard library."""
    package = module.partition(".")[0]
    return package in sys.stdlib_module_names and package != "__main__"


def is_of(frame: FrameType, kinds: int) -> bool:
    """Whether a frame is of one of these kinds, a sum of bits."""
    return kind_of(_module_of(frame)) & kinds != 0


def is_between(frame: FrameType) -> bool:
    """Whether a frame is between the user's code and the fake."""
    return is_of(frame, BETWEEN)


def is_library(frame: FrameType) -> bool:
    """Whether a frame is of the standard library, of an installed package, or between the author's code and the fake."""
    name = frame.f_code.co_filename
    return is_between(frame) or name.startswith((*_LIBRARY_FOLDERS, "<frozen "))


_collector: Final = RLock()


@contextmanager
def collector_off() -> Iterator[None]:
    """Collect no garbage meanwhile. Code that reads frames of other threads needs it on CPython 3.11.

    There a frame gets its object when it is first asked for, and making one may start the collector. If a finalizer or a
    callback of the collector then lets another thread run, that thread may leave the function whose frame is being read.

    - `f_back` and `f_locals` then read freed memory: seen in 3.11.7 were crashes, and an int instead of a frame.
    - `sys._current_frames` holds a lock of the interpreter meanwhile. A thread that starts or ends waits for it, with the
      GIL: the process hangs (https://github.com/python/cpython/issues/106883, mended in 3.11.9).

    Python 3.10 has no such objects to make; from 3.12 on, garbage is collected only between two steps of Python code.
    """
    with _collector:  # reentrant: a signal handler may read frames too
        was_on = gc.isenabled()
        try:
            gc.disable()
            yield
        finally:
            if was_on:
                gc.enable()


def frames_of_threads() -> dict[int, FrameType]:
    """The innermost frame of each thread, by ident."""
    with collector_off():
        return sys._current_frames()


def stack_of(frame: FrameType) -> list[FrameType]:
    """The frame and its callers, the innermost first.

    Its thread may run on. So this is one call in C, in which no other thread gets a turn.
    """
    with collector_off():
        return list(takewhile(truth, accumulate(chain((frame,), repeat("f_back")), getattr)))  # type: ignore[arg-type]  # a name each


def variables_of(frame: FrameType) -> dict[str, Any]:
    """The local variables of a frame, which may be another thread's."""
    with collector_off():
        return frame.f_locals


def author_frame(frame: FrameType | None = None) -> FrameType:
    """The innermost frame of the user's code.

    Where only libraries run, as when the handler itself is installed, it is the innermost of those, else the outermost.

    Args:
        frame: Where to start; default: the caller's frame.
    """
    step = sys._getframe(1) if frame is None else frame
    of_library: FrameType | None = None
    with collector_off():
        while is_library(step):
            if of_library is None and not is_between(step):
                of_library = step
            if step.f_back is None:
                return of_library or step
            step = step.f_back
    return step


def place_of(frame: FrameType, line: int | None = None) -> str:
    """`poller.py:42 in serve_forever`; default line: the one that runs now."""
    return f"{frame.f_code.co_filename}:{line or frame.f_lineno} in {frame.f_code.co_name}"


def frames_of_coroutine(awaited: Any) -> list[FrameType]:
    """The frames of the user's code in a coroutine and what it awaits, the innermost last."""
    frames = []
    with collector_off():
        while awaited is not None:
            frame = getattr(awaited, "cr_frame", None)
            if frame is not None and not is_between(frame):
                frames.append(frame)
            awaited = getattr(awaited, "cr_await", None)
    return frames


def place_of_coroutines(coroutines: Iterable[Any]) -> str:
    """The innermost line of the user's code in the last of these coroutines that has one."""
    frames = [frame for one in coroutines for frame in frames_of_coroutine(one)]
    return place_of(frames[-1]) if frames else "an unknown place"


def place_of_thread(ident: int) -> str:
    """Where the thread `ident` is in the user's code."""
    frame = frames_of_threads().get(ident)
    return "an unknown place" if frame is None else place_of(author_frame(frame))


def place_of_error(error: BaseException, *, in_authors_code: bool = False) -> str:
    """Where an error was raised; "" if no step of its traceback qualifies.

    Args:
        error: The error.
        in_authors_code: Give the innermost line of the user's code instead.
    """
    place = ""
    for step in _steps(error.__traceback__):
        if not (in_authors_code and is_between(step.tb_frame)):
            place = place_of(step.tb_frame, step.tb_lineno)
    return place


def is_timeout(error: BaseException) -> bool:
    """Whether pytest-timeout raised an error; its signal handler does so in any function."""
    return any(_module_of(step.tb_frame).partition(".")[0] == "pytest_timeout" for step in _steps(error.__traceback__))


def is_debugged(ident: int) -> bool:
    """Whether the thread `ident` is in a debugger, whose user may take a long time."""
    frame = frames_of_threads().get(ident)
    return frame is not None and any(kind_of(_module_of(step)) == DEBUGGER for step in stack_of(frame))


def cut_traceback(traceback: TracebackType, *, is_ours: bool) -> None:
    """Cut a traceback, in place, to the user's part.

    - An error that we raise on purpose (`is_ours`) ends at the user's line that called us.
    - Another error loses our frames, and those of clients beside them, between two frames of the user's: a receiver is
      called through us.
    - A traceback that ends in our code, or in a library that we called, stays whole: it shows a bug of ours.

    Args:
        traceback: Its first step, outside our code.
        is_ours: Whether we raised the error on purpose.
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


def hide_clients(error: BaseException) -> Callable[[], None]:
    """Hide the frames of SDKs and HTTP clients at the end of a traceback from pytest, which knows `__tracebackhide__`.

    pytest prints the whole function in which an error was raised. That of the newer SDK has 300 lines, while the user's
    mistake is in the line that called it.

    Returns:
        Shows them again.
    """
    frames = [step.tb_frame for step in _steps(error.__traceback__)]
    kinds = [kind_of(_module_of(frame)) for frame in frames]
    last = max((number for number, kind in enumerate(kinds) if kind & BETWEEN == 0), default=len(kinds))
    hidden = {
        id(frame.f_globals): frame.f_globals
        for frame in frames[last + 1 :]
        if "__tracebackhide__" not in frame.f_globals
    }
    if kinds and kinds[-1] & (OURS | SERVER):  # perhaps a bug of ours
        hidden.clear()
    for names in hidden.values():
        names["__tracebackhide__"] = True

    def show() -> None:
        for names in hidden.values():
            del names["__tracebackhide__"]

    return show


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def forget(error: BaseException, before: BaseException) -> None:
    """Remove `before` from the causes and contexts of an error.

    After a handler that catches everything was ended, Python may still count the error that ended it as being handled. It
    would show up in the reports of later tests.

    Args:
        error: The error.
        before: The error that was being handled before the test began.
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
