"""What the standard library has to wait with that is written in C, where only names and references can be replaced."""

import queue
import select
import signal
import threading
from typing import Any, Final

LOCK: Final[Any] = threading.Lock
RLOCK: Final[Any] = threading.RLock
SIMPLE_QUEUE: Final[Any] = queue.SimpleQueue
SELECT: Final[Any] = select.select
POLL: Final[Any] = getattr(select, "poll", None)  # not on Windows
EPOLL: Final[Any] = getattr(select, "epoll", None)  # Linux

ALARMS: Final[dict[str, Any]] = {
    name: getattr(signal, name) for name in ("alarm", "setitimer", "getitimer", "pause") if hasattr(signal, name)
}

FUNCTIONS: Final = frozenset(map(id, filter(None, (LOCK, RLOCK, SIMPLE_QUEUE, SELECT, POLL, EPOLL, *ALARMS.values()))))
"""The ids of functions and classes that programs import by name."""

LOCKS: Final = frozenset({type(LOCK()), type(RLOCK())})
POLLERS: Final = frozenset(filter(None, (None if POLL is None else type(POLL()), EPOLL)))
KINDS: Final = frozenset({*LOCKS, *POLLERS, SIMPLE_QUEUE})
"""The classes of objects that programs make when they are loaded."""


def is_shared_lock(kind: type) -> bool:
    """Whether it is the class of a lock of multiprocessing."""
    return kind.__module__ == "multiprocessing.synchronize" and hasattr(kind, "_make_methods")
