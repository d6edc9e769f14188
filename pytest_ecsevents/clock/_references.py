"""Finds functions that tell the time where no module's names show them, and replaces them for a test.

freezegun replaces `datetime.now` and the functions of `time` under the names of modules. A program may also keep one as
a default argument (`def poll(clock=time.monotonic)`), in a closure, in a class, a dict or a `partial`, as the
`default_factory` of a dataclass, or in an object that was made when its module was loaded, such as a cache with a
lifetime. Sleeping would then move the clock, and what measures the sleep would stand still.

`find` walks from the names of a module through the user's functions, classes and objects, without running any of their
code, as far as `_DEPTH` steps. Modules of installed libraries are looked at only if they have `time` or `datetime`. Each
module is looked at once, and again when it was reloaded or the number of its names has changed.

What can't be replaced is found by the same walk when a handler does not get on (`sentence`): in a tuple, in an object
that only a fixture or a local variable has, or deeper.
"""

import datetime as dt
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import takewhile
from operator import getitem, setitem
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any, Final, NamedTuple, TypeAlias

from pytest_ecsevents._errors import StuckHandlerError
from pytest_ecsevents._frames import (
    AUTHOR,
    OURS,
    SERVER,
    TEST_RUN,
    author_frame,
    is_of,
    is_standard,
    keeps_own_names,
    kind_of,
    place_of,
    stack_of,
    variables_of,
)
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock import _waits_in_c as waits_in_c
from pytest_ecsevents.clock._brief_waits import Pace
from pytest_ecsevents.clock._loaded import NOTHING, Snapshot
from pytest_ecsevents.clock._names import Replacement
from pytest_ecsevents.clock._stand_ins import REAL_CLASSES, REAL_FUNCTIONS
from pytest_ecsevents.clock._threads import real_now

_DEPTH: Final = 6
"""Steps from a module's name to what is kept; a `partial` in a field of a dataclass takes five."""

_DEPTH_IN_LIBRARY: Final = 3
"""The same in an installed library: as far as the default arguments of methods."""

_MOST_OBJECTS: Final = 20_000
"""Objects that are looked at when modules were loaded, the nearest first."""

CHECK_EVERY: Final = 1_000
"""Waits from one look at a loop to the next."""

_MOST_ITEMS: Final = 100
"""Items of a list or dict that is looked at: larger ones are data."""

_KEEP_NOTHING: Final = frozenset({str, int, float, bool, bytes, complex, type(None), CodeType, ModuleType})

_CLASS_METHODS: Final = ("now", "utcnow", "today")

_CHANGED_BY_TIME_MACHINE: Final = ("time.time", "time.time_ns", "datetime.now", "datetime.utcnow")

_LIBRARIES: Final = tuple({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
_NEVER: Final = ("freezegun", "hypothesis", "pytest", "time_machine")
"""Packages, by the start of their names, that keep real functions for good reason."""

_IDS_OF_CLASSES: Final = frozenset(map(id, REAL_CLASSES))
_TELL_TIME: Final = frozenset(map(id, REAL_FUNCTIONS)) | _IDS_OF_CLASSES
_IDS: Final = _TELL_TIME | waits_in_c.FUNCTIONS
_SIGNS: Final = _TELL_TIME | {id(time), id(dt)}
"""One of these is among the names of each module of a library that is looked at."""


class _Way(NamedTuple):
    """How to read and write what a holder keeps under a key; `write` is None if that is impossible."""

    read: Callable[[Any, Any], object]
    write: Callable[[Any, Any, Any], None] | None


def _write_default(function: Any, index: int, value: object) -> None:
    function.__defaults__ = (*function.__defaults__[:index], value, *function.__defaults__[index + 1 :])


def _read_of_class(kind: type, name: str) -> object:
    value = vars(kind)[name]
    return value.__func__ if type(value) is staticmethod else value


def _write_of_class(kind: type, name: str, value: object) -> None:
    # A function alone would become a method.
    setattr(kind, name, staticmethod(value) if type(value) is FunctionType else value)


def _write_cell(function: Any, index: int, value: object) -> None:
    function.__closure__[index].cell_contents = value


_ITEM: Final = _Way(getitem, setitem)
_KEYWORD: Final = _Way(getitem, setitem)
_ELEMENT: Final = _Way(getitem, None)
_SLOT: Final = _Way(
    lambda holder, member: member.__get__(holder), lambda holder, member, value: member.__set__(holder, value)
)
_DEFAULT: Final = _Way(lambda function, index: function.__defaults__[index], _write_default)
_CELL: Final = _Way(lambda function, index: function.__closure__[index].cell_contents, _write_cell)
_OF_CLASS: Final = _Way(_read_of_class, _write_of_class)
_WRAPPED: Final = _Way(_read_of_class, lambda kind, name, value: setattr(kind, name, staticmethod(value)))
_FUNC: Final = _Way(
    lambda holder, _: holder.func,
    lambda holder, _, value: holder.__setstate__((value, holder.args, holder.keywords, vars(holder))),
)


class Kept(NamedTuple):
    """One place where a function is kept.

    Attributes:
        module: The name of the module from which it is reached, or "".
        path: How it is reached from there, such as `LIMITER.clock`.
        function: What is kept there.
    """

    module: str
    path: str
    function: Any
    way: _Way
    holder: object
    key: object

    def exchange(self, before: object, after: object) -> bool:
        """Write `after`, if `before` is still there and the place can be written."""
        if self.way.write is None:
            return False
        with suppress(Exception):  # any error: the place is gone, or the user's code makes it read-only
            if self.way.read(self.holder, self.key) is before:
                self.way.write(self.holder, self.key, after)
                return True
        return False


_Part: TypeAlias = tuple[str, object, _Way, object, object]

# What each kind of object keeps; reading it runs no code of the user.


def _of_function(path: str, function: Any) -> Iterator[_Part]:
    code, defaults = function.__code__, function.__defaults__ or ()
    names = code.co_varnames[: code.co_argcount]
    for index, value in enumerate(defaults):
        yield f"{path}({names[index - len(defaults)]}=...)", value, _DEFAULT, function, index
    for name, value in (function.__kwdefaults__ or {}).items():
        yield f"{path}({name}=...)", value, _KEYWORD, function.__kwdefaults__, name
    for index, cell in enumerate(function.__closure__ or ()):
        with suppress(ValueError):  # it is empty
            yield f"{path}, its {code.co_freevars[index]}", cell.cell_contents, _CELL, function, index
    for name, value in vars(function).items():
        yield f"{path}.{name}", value, _ITEM, vars(function), name


def _of_class(path: str, kind: type) -> Iterator[_Part]:
    for name, value in list(vars(kind).items()):
        if type(value) is staticmethod:
            yield f"{path}.{name}", value.__func__, _WRAPPED, kind, name
        else:
            yield f"{path}.{name}", value, _OF_CLASS, kind, name


def _of_method(path: str, method: MethodType) -> Iterator[_Part]:
    yield path, method.__self__, _ELEMENT, method, None
    yield path, method.__func__, _ELEMENT, method, None


def _of_partial(path: str, holder: "partial[Any]") -> Iterator[_Part]:
    yield f"{path}.func", holder.func, _FUNC, holder, None
    yield from _of_sequence(f"{path}.args", holder.args)
    for name, value in holder.keywords.items():
        yield f"{path}({name}=...)", value, _ITEM, holder.keywords, name


def _of_dict(path: str, items: "dict[object, object]") -> Iterator[_Part]:
    if dict.__len__(items) <= _MOST_ITEMS:
        for key, value in list(dict.items(items)):
            yield f"{path}[{key!r}]" if type(key) in _KEEP_NOTHING else path, value, _ITEM, items, key


def _of_sequence(path: str, items: "Sequence[object]") -> Iterator[_Part]:
    for index, value in enumerate(items[:_MOST_ITEMS]):
        yield f"{path}[{index}]", value, _ITEM if type(items) is list else _ELEMENT, items, index


def _of_object(path: str, holder: object) -> Iterator[_Part]:
    kind = type(holder)
    if _is_never_looked_at(kind.__module__):
        return
    is_of_python = is_standard(kind.__module__)  # its locks are held for moments
    if kind.__dictoffset__:
        with suppress(Exception):  # it is a proxy of a missing object
            names = object.__getattribute__(holder, "__dict__")
            for name, value in list(dict.items(names)):
                if not (is_of_python and type(value) in waits_in_c.KINDS):
                    yield f"{path}.{name}", value, _ITEM, names, name
    for owner in kind.__mro__:
        for name, member in vars(owner).items():
            if type(member) is MemberDescriptorType and owner.__module__ != "builtins":
                with suppress(AttributeError):  # it is empty
                    yield f"{path}.{name}", member.__get__(holder), _SLOT, holder, member


_BY_KIND: Final[dict[type, Callable[[str, Any], Iterator[_Part]]]] = {
    FunctionType: _of_function,
    MethodType: _of_method,
    list: _of_sequence,
    tuple: _of_sequence,
    dict: _of_dict,
    partial: _of_partial,
    type: _of_class,
}


def _parts_of(path: str, holder: object) -> Iterator[_Part]:
    kind = type(holder)
    read = _BY_KIND.get(kind) or next(
        (_BY_KIND[base] for base in (type, dict, partial) if issubclass(kind, base)), _of_object
    )
    return read(path, holder)


def _is_never_looked_at(module: str) -> bool:
    return module.startswith(_NEVER) or kind_of(module) & (OURS | SERVER | TEST_RUN) != 0


def _find(
    roots: Iterable[tuple[str, _Part]], is_of_interest: Callable[[str], bool], depth: int = _DEPTH
) -> Iterator[Kept]:
    """Walk from what is given, the nearest first.

    Classes count only as default arguments, in closures and in a `partial`: elsewhere they may be the type of a field.

    Args:
        roots: Where to begin, each with the name of its module.
        is_of_interest: Whether functions and classes of a module are looked at.
        depth: Steps from there.
    """
    level = list(roots)
    seen: set[int] = set()
    for left in reversed(range(depth)):
        below: list[tuple[str, _Part]] = []
        for module, (path, value, way, holder, key) in level:
            kind: Any = type(value)
            if kind in _KEEP_NOTHING or id(value) in seen:
                continue
            if _is_wanted(value):
                if not isinstance(value, type) or way in _WAYS_OF_CLASSES:
                    yield Kept(module, path, value, way, holder, key)
            elif kind in waits_in_c.KINDS or waits_in_c.is_shared_lock(kind):
                yield Kept(module, path, value, way, holder, key)
            elif left and kind is not BuiltinFunctionType and len(seen) < _MOST_OBJECTS:
                seen.add(id(value))
                is_defined = kind is FunctionType or issubclass(kind, type)
                if not is_defined or is_of_interest(str(getattr(value, "__module__", ""))):
                    below += [(module, part) for part in _parts_of(path, value)]
        level = below


_WAYS_OF_CLASSES: Final = (_DEFAULT, _KEYWORD, _CELL, _FUNC)


def _is_wanted(value: Any) -> bool:
    if id(value) in _IDS:
        return True
    # Each read of `datetime.now` makes another object.
    return (
        type(value) is BuiltinFunctionType
        and value.__name__ in _CLASS_METHODS
        and id(value.__self__) in _IDS_OF_CLASSES
    )


class References:
    """Remembers, from test to test, where loaded modules keep functions that tell the time."""

    def __init__(self) -> None:
        self._snapshot = NOTHING
        self._found: list[Kept] = []
        self._fakes: dict[int, object] = {}

    def look(self, snapshot: Snapshot) -> None:
        """Examine modules that are new, were reloaded, or have more names than before. No clock of ours is frozen yet."""
        if snapshot is self._snapshot:
            return
        changed, modules = snapshot.changed_since(self._snapshot), snapshot.modules
        users: dict[str, ModuleType] = {}
        libraries: dict[str, ModuleType] = {}
        for name in filter(_is_looked_at, changed):
            module = changed[name]
            is_library = str(getattr(module, "__file__", "")).startswith(_LIBRARIES)
            if not is_library or not _SIGNS.isdisjoint(map(id, vars(module).values())):
                (libraries if is_library else users)[name] = module
        found = [kept for kept in self._found if kept.module in modules and kept.module not in changed]
        found += _find(_names_of(users), users.__contains__)
        of_libraries = _find(_names_of(libraries), libraries.__contains__, _DEPTH_IN_LIBRARY)
        found += [kept for kept in of_libraries if _is_function(kept.function)]
        self._snapshot, self._found = snapshot, found

    def replace(
        self, replacements: Iterable[Replacement], stand_in_for: Callable[[Any, Undo], object], undo: Undo
    ) -> None:
        """Replace what was found until `undo` closes.

        Args:
            replacements: Functions and classes.
            stand_in_for: Gives what stands for another object, or None.
            undo: Puts everything back.
        """
        self._fakes = fakes = {id(one.real): one.fake for one in replacements}
        for kept in self._found:
            fake = _fake_of(kept.function, fakes) or stand_in_for(kept.function, undo)
            if fake is not None and kept.exchange(kept.function, fake):
                undo.callback(kept.exchange, fake, kept.function)

    def sentence(self, frame: FrameType | None) -> str:
        """What still tells real time, of the variables and global names in a frame and those above it; "" for nothing."""
        roots: list[tuple[str, _Part]] = []
        stack = [] if frame is None else stack_of(frame)
        for step in takewhile(lambda step: not is_of(step, TEST_RUN), stack):
            module = str(step.f_globals.get("__name__", ""))
            # freezegun's own fakes keep the real functions: a loop that reads the time may stand in one of them.
            if kind_of(module) == AUTHOR and not module.startswith(_NEVER):
                names = {name: step.f_globals[name] for name in step.f_code.co_names if name in step.f_globals}
                names.update(variables_of(step))
                roots += [(place_of(step), (name, value, _ELEMENT, None, None)) for name, value in names.items()]
        for kept in _find(roots, _is_looked_at):
            tells_time = _is_function(kept.function) and id(kept.function) not in waits_in_c.FUNCTIONS
            if tells_time and _fake_of(kept.function, self._fakes) is not None:
                return _sentence(kept)
        return ""


def _sentence(kept: Kept) -> str:
    function = kept.function
    name = f"{function.__self__.__name__}.{function.__name__}"
    # time-machine changes these wherever they are kept, and leaves the other functions of `time` alone.
    other = ', or use backend="time-machine"' if name in _CHANGED_BY_TIME_MACHINE else ""
    return (
        f"It has {name}, which keeps real time, as {kept.path} in {kept.module}: that was taken before the test, where it can't "
        f"be replaced. Look it up at each call instead, such as by lambda: {name}(){other}."
    )


def _is_function(value: object) -> bool:
    return not isinstance(value, type) and type(value) not in waits_in_c.KINDS


def _is_looked_at(name: str) -> bool:
    return not (is_standard(name) or _is_never_looked_at(name) or keeps_own_names(name))


def _names_of(modules: "dict[str, ModuleType]") -> Iterator[tuple[str, _Part]]:
    """The names of modules, without those that are replaced anyway."""
    for module_name, module in modules.items():
        names = vars(module)
        for name, value in list(names.items()):
            if not _is_wanted(value):
                yield module_name, (name, value, _ITEM, names, name)


def _fake_of(function: Any, fakes: dict[int, Any]) -> object:
    fake = fakes.get(id(function))
    if fake is None and type(function) is BuiltinFunctionType:
        kind = fakes.get(id(function.__self__))
        return None if kind is None else getattr(kind, function.__name__)
    return fake


REFERENCES: Final = References()
"""Of the process, so that the next test need not look at all modules again."""


class Spin:
    """Finds a loop that sleeps in virtual time but measures it by a real clock: it would never end."""

    def __init__(self) -> None:
        self._seen: tuple[int, int, int] | None = None
        self._since = 0.0

    def check(self, pace: Pace) -> StuckHandlerError | None:
        """Check the place where the calling thread waits; called once in `CHECK_EVERY` waits."""
        frame, now = author_frame(), real_now()
        seen = id(frame), frame.f_lineno, pace.calls()
        if seen != self._seen:
            self._seen, self._since = seen, now
        if now - self._since <= pace.patience():
            return None
        self._since = now
        keeps = REFERENCES.sentence(frame)
        spun = f"The loop at {place_of(frame)} waited again and again for {pace.patience():g} seconds of real time."
        return StuckHandlerError(f"{spun} {keeps}") if keeps else None
