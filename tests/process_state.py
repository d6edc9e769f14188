"""What a test can change in its process: names, functions, threads, descriptors, signal handlers, settings."""

import asyncio
import contextlib
import contextvars
import decimal
import gc
import locale
import logging
import os
import signal
import socket
import sys
import threading
import time
import types
import warnings
from pathlib import Path
from types import FunctionType, ModuleType

# What an import that is not needed yet leaves as a name, on Python 3.15.
_LAZY = getattr(types, "LazyImportType", ())

# Settings that a caller can read; each is compared by equality.
_SETTINGS = {
    "the environment": lambda: dict(os.environ),
    "the zone": lambda: (time.tzname, time.timezone, time.localtime(1721001600)),
    "the working directory": os.getcwd,
    "signal handlers": lambda: {number: signal.getsignal(number) for number in signal.valid_signals()},
    "the mask of signals": lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()),
    "timers": lambda: [signal.getitimer(timer) for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL)],
    "the tracer": lambda: (sys.gettrace(), threading.gettrace()),
    "the profiler": lambda: (sys.getprofile(), threading.getprofile()),
    "filters of warnings": lambda: list(warnings.filters),
    "hooks of import": lambda: (list(sys.meta_path), list(sys.path_hooks), list(sys.path)),
    "hooks of the interpreter": lambda: (sys.excepthook, sys.unraisablehook, sys.displayhook, threading.excepthook),
    "streams": lambda: (sys.stdin, sys.stdout, sys.stderr),
    "hooks of asynchronous generators": sys.get_asyncgen_hooks,
    "the interpreter's limits": lambda: (sys.getswitchinterval(), sys.getrecursionlimit()),
    "the garbage collector": lambda: (gc.isenabled(), gc.get_threshold(), list(gc.callbacks)),
    "the event loop": asyncio._get_running_loop,
    "the time-out of sockets": socket.getdefaulttimeout,
    "the locale": lambda: locale.setlocale(locale.LC_ALL),
    "decimal's context": lambda: repr(decimal.getcontext()),
    "context variables": lambda: dict(contextvars.copy_context()),
    "logging": lambda: (logging.root.level, list(logging.root.handlers), logging.getLogRecordFactory()),
    "child processes": lambda: Path(f"/proc/self/task/{os.getpid()}/children").read_text(),
    "threads": lambda: sorted(map(repr, threading.enumerate())),
    "threads that are not listed": lambda: len(sys._current_frames()) - len(threading.enumerate()),
    "descriptors": lambda: dict(_descriptors()),
}


class ProcessState:
    """The state of this process at one instant."""

    def __init__(self):
        gc.collect()
        self._names = dict(_names())
        self._settings = {name: read() for name, read in _SETTINGS.items()}

    def changes(self, other):
        """Return a line for each difference of a later state."""
        for name, before in self._settings.items():
            after = other._settings[name]
            if before != after:
                yield f"{name}: {_difference(before, after)}"
        for place, before in self._names.items():
            if place not in other._names:
                if place[0] in other._modules():
                    yield f"{'.'.join(place)} has gone, it was {before!r}"
            elif other._names[place] is not before and not _is_plain(before, other._names[place]):
                yield f"{'.'.join(place)} was {before!r}, and is {other._names[place]!r}"
        known = self._modules()
        for place in other._names.keys() - self._names.keys():
            if place[0] in known:
                yield f"{'.'.join(place)} is new: {other._names[place]!r}"

    def _modules(self):
        return {place[0] for place in self._names}


def _difference(before, after):
    if isinstance(before, dict):
        pairs = [(key, before.get(key), after.get(key)) for key in before.keys() | after.keys()]
        return ", ".join(f"{key!r} was {old!r}, and is {new!r}" for key, old, new in pairs if old != new)
    return f"was {before!r}, and is {after!r}"


def _is_plain(before, after):
    """Return whether both are numbers or texts, reloaded modules, or equal tuples, as of `time.tzset`, or it is loaded now."""
    plain = (int, str, float, type(None), ModuleType)
    if type(before) is tuple:
        return before == after
    return isinstance(before, _LAZY) or (isinstance(before, plain) and isinstance(after, plain))


def _descriptors():
    for path in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):  # the value belonged to this list
            yield path.name, str(path.readlink())


def _names():
    """Yield (path, object) for the names of modules and their classes, and for what their functions keep."""
    for module_name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType):
            for name, value in list(vars(module).items()):
                yield (module_name, name), value
                if isinstance(value, type) and value.__module__ == module_name:
                    for attribute, of_class in list(vars(value).items()):
                        is_wrapped = type(of_class) in (staticmethod, classmethod)  # restored in a wrapper of its own
                        yield (module_name, name, attribute), of_class.__func__ if is_wrapped else of_class
                        yield from _kept((module_name, name, attribute), of_class)
                else:
                    yield from _kept((module_name, name), value)


def _kept(path, value):
    """Return what a function keeps: its code, defaults and closure."""
    function = value.__func__ if type(value) in (staticmethod, classmethod) else value
    if type(function) is FunctionType:
        yield (*path, "__code__"), function.__code__
        for index, default in enumerate(function.__defaults__ or ()):
            yield (*path, f"default {index}"), default
        for name, default in (function.__kwdefaults__ or {}).items():
            yield (*path, f"default {name}"), default
        for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
            with contextlib.suppress(ValueError):  # it is empty
                yield (*path, f"cell {name}"), cell.cell_contents
