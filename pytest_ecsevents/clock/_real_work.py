"""Whether a thread that no wait of ours holds does something real that ends by itself: time stands while it does.

A thread in a library's call that waits for the outside may do two things. It may do real work: wait for a program, read an
answer. Then a timeout elsewhere must not expire, for the answer may come within it. Or it may be idle, as a server is that
waits for its next request. Then time must pass. Both look alike to the system, so the innermost frames of the thread decide,
by the table below. Where it says nothing, the use of the processor does (`_processor_use`).

Sockets are read in C, where no frame tells which socket; `_outside_calls` adds one. `_children` does so for the pipes of child
processes. A connection to or from an address that the
test itself serves is no real work: the other end may wait for virtual time. But a thread whose socket has something to read is
about to go on, however long a busy machine leaves it without the processor.

Names inside the standard library, tried with Python 3.10 to 3.15: the functions in `_JUDGES` and the variables that are
read there. Where a function is missing, its threads count as idle.
"""

import select
import socket
from collections.abc import Callable, Collection, Mapping
from enum import Enum, auto
from math import ceil
from types import FrameType
from typing import Any, Final, TypeAlias
from weakref import WeakSet

from pytest_ecsevents._frames import OURS, is_of, stack_of, variables_of


def is_readable(*connections: socket.socket, seconds: float = 0) -> bool:
    """Whether one of these sockets has data, or was closed by its peer, within `seconds` of real time."""
    if not hasattr(select, "poll"):  # Windows; elsewhere `select` cannot watch descriptors beyond 1023
        return bool(select.select(connections, (), (), seconds)[0])
    poll = select.poll()  # a selector takes five times as long for one socket
    for connection in connections:
        poll.register(connection, select.POLLIN)
    return bool(poll.poll(ceil(seconds * 1000)))


class Doing(Enum):
    """What a thread does that is in no wait of ours."""

    REAL_WORK = auto()
    IDLE = auto()
    IDLE_IN_POOL = auto()  # it may stay when the test ends
    WAITING_FOR_INPUT = auto()  # at a socket without data
    UNKNOWN = auto()


class HoldsOnce:
    """Something real that may never end, such as the output of a server. Once it has held time for too long, it never does again."""

    __slots__ = ()


PIPES_OF_CHILDREN: Final[WeakSet[Any]] = WeakSet()
"""The reading ends of pipes to children that threads of a test have started."""


_Judge: TypeAlias = Callable[[Mapping[str, Any], Collection[object]], object]


def is_from_outside(connection: Any, served: Collection[object]) -> bool:
    """Whether a socket is connected with something that the test does not serve; False for what is no such socket."""
    try:
        here, peer = connection.getsockname(), connection.getpeername()
    except (AttributeError, OSError):  # no socket, or closed by another thread
        return False
    return bool(peer) and here not in served and peer not in served


def _reads_from_outside(variables: Mapping[str, Any], served: Collection[object]) -> bool:
    return is_from_outside(variables.get("connection", variables.get("self")), served)


def _has_input(variables: Mapping[str, Any]) -> bool:
    try:
        return is_readable(variables.get("connection", variables.get("self")))
    except (AttributeError, OSError, ValueError):  # no socket, or closed by another thread
        return False


def _never(_variables: Mapping[str, Any], _served: Collection[object]) -> bool:
    return False


def _of_child(variables: Mapping[str, Any], _served: Collection[object]) -> object:
    return variables["self"]


_CHILD: Final = f"{__package__}._children"
_READS: Final = (
    *((f"{__package__}._outside_calls", name) for name in ("recv", "recv_into")),
    (f"{__package__}._timed_streams", "readinto"),
)
_POOLS: Final = ("concurrent.futures.process", "concurrent.futures.thread", "multiprocessing.pool")

# Whether a thread in a function of a module does real work, by the function's variables.
_JUDGES: Final[dict[tuple[str, str], _Judge]] = {
    ("concurrent.futures.process", "run"): lambda variables, _: variables["self"].pending_work_items,
    ("concurrent.futures.thread", "_worker"): _never,
    ("multiprocessing.pool", "_handle_results"): lambda variables, _: variables["cache"],
    ("multiprocessing.pool", "_handle_tasks"): _never,
    ("multiprocessing.pool", "_handle_workers"): _never,
    ("multiprocessing.pool", "worker"): _never,
    ("socket", "accept"): _never,
    ("socketserver", "serve_forever"): _never,
    ("socketserver", "shutdown"): lambda _variables, _served: True,
    ("ssl", "do_handshake"): _reads_from_outside,
    ("ssl", "read"): _reads_from_outside,
    **dict.fromkeys(_READS, _reads_from_outside),
    **dict.fromkeys([(_CHILD, "readinto"), (_CHILD, "readall"), (_CHILD, "read")], _of_child),
}

_AT_SOCKETS: Final = (("socket", "accept"), ("socketserver", "serve_forever"), *_READS)
"""Those of them that wait for input of a socket, which their variables hold."""

# Packages in which every other function waits for real work that ends.
_REAL: Final = ("multiprocessing", "socket", "subprocess")

# Functions that such a function calls, or is called by: the deciding frame is further out.
_ON_THE_WAY: Final = ("selectors", "threading")
_IN_POOL: Final = ("concurrent.futures.process", "wait_result_broken_or_wakeup")


def doing_of(frame: FrameType, served: Collection[object]) -> tuple[Doing, HoldsOnce | None]:
    """What a thread does, and with what, if that holds time only once.

    Args:
        frame: Its innermost frame.
        served: The addresses that the test serves.
    """
    found = Doing.UNKNOWN
    for step in stack_of(frame):
        module = str(step.f_globals.get("__name__", ""))
        function = module, step.f_code.co_name
        judge = _JUDGES.get(function)
        if judge is not None:
            variables = variables_of(step)
            works = judge(variables, served)
            if works:
                return Doing.REAL_WORK, works if isinstance(works, HoldsOnce) else None
            if function in _AT_SOCKETS:
                return Doing.REAL_WORK if _has_input(variables) else Doing.WAITING_FOR_INPUT, None
            return Doing.IDLE_IN_POOL if module in _POOLS else Doing.IDLE, None
        if module.partition(".")[0] in _REAL:
            found = Doing.REAL_WORK
        elif module not in _ON_THE_WAY and function != _IN_POOL and not is_of(step, OURS):
            break
    return found, None
