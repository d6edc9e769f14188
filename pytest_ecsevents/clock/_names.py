"""Finds modules that imported a function of `time` by name (`from time import sleep`), so that it is replaced there too."""

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from types import BuiltinFunctionType, ModuleType
from typing import Any, Final, NamedTuple

from pytest_ecsevents._frames import is_standard, keeps_own_names
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock import _waits_in_c as waits_in_c
from pytest_ecsevents.clock._loaded import NOTHING, Snapshot
from pytest_ecsevents.clock._stand_ins import REAL_CLASSES, REAL_FUNCTIONS, is_stand_in

_NEVER: Final = ("freezegun.api", "datetime")
"""freezegun needs the real functions, and replaces those of `datetime` itself."""

_WANTED: Final = frozenset(map(id, (*REAL_FUNCTIONS, *REAL_CLASSES))) | waits_in_c.FUNCTIONS
_USUAL: Final = frozenset(one.__name__ for one in (*REAL_FUNCTIONS, *REAL_CLASSES))


class Replacement(NamedTuple):
    """A real function or class, and what replaces it under the names of modules.

    Attributes:
        real: What names are bound to.
        fake: What they are bound to in a test.
        kept_by: Beginnings of the names of modules that keep the real one.
    """

    real: object
    fake: object
    kept_by: tuple[str, ...] = ()


class Taker(NamedTuple):
    """A name of a module, and what it was bound to when the module was read."""

    key: str
    module: ModuleType
    names: dict[str, Any]
    name: str
    value: object


class _Read(NamedTuple):
    """What was found in modules.

    Attributes:
        snapshot: The modules.
        taken: Their names that are bound to functions that are wanted, or were once.
        strange: Usual names of such functions that are bound to something else.
    """

    snapshot: Snapshot
    taken: list[Taker]
    strange: list[Taker]


class Overlay:
    """Stands for a module in the names of another one: some names are its own, the rest are the module's."""

    def __init__(self, module: ModuleType, **own: object) -> None:
        self._module = module
        vars(self).update(own)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


class NamesMemo:
    """Remembers, from test to test, which names of which modules are bound to functions of `time` and the like.

    It reads a module's `__dict__`, which triggers no lazy import. It reads again when the module was loaded anew, or the
    number of its names has changed. It does so, too, when a name that was bound to such a function has changed, or a usual
    name of one.
    """

    def __init__(self) -> None:
        self._wanted: AbstractSet[int] = _WANTED
        self._read = _Read(NOTHING, [], [])

    def takers(self, functions: AbstractSet[int], snapshot: Snapshot, *, remember: bool) -> list[Taker]:
        """The names of modules that are bound to one of `functions`, which are given by id.

        Args:
            functions: Their ids.
            snapshot: The modules.
            remember: Whether names are bound now as they will be at the next test.
        """
        if not functions <= self._wanted:
            self._wanted, self._read = self._wanted | functions, _Read(NOTHING, [], [])
        read = self._read_again(snapshot)
        if remember:
            self._read = read
        return [one for one in read.taken if id(one.value) in functions and one.names.get(one.name) is one.value]

    def _read_again(self, snapshot: Snapshot) -> _Read:
        """Read the modules that have changed."""
        before = self._read
        # Nearly always nothing has changed, and this line finds that out.
        changed = {
            key for key, _, names, name, value in (*before.taken, *before.strange) if names.get(name) is not value
        }
        if snapshot is not before.snapshot:
            changed.update(snapshot.changed_since(before.snapshot))
        elif not changed:
            return before
        modules = snapshot.modules
        taken = [one for one in before.taken if modules.get(one.key) is one.module]
        strange = [one for one in before.strange if one.key not in changed and modules.get(one.key) is one.module]
        # A name that is bound to something else now may be bound to the function again at the next test.
        known = {(one.key, one.name, id(one.value)) for one in taken}
        for key in changed:
            if key in modules and key not in _NEVER and not keeps_own_names(key):
                module = modules[key]
                taken += [one for one in self._taken(key, module) if (key, one.name, id(one.value)) not in known]
                strange += self._strange(key, module)
        return _Read(snapshot, taken, strange)

    def _taken(self, key: str, module: ModuleType) -> Iterator[Taker]:
        names = module.__dict__
        # The standard library waits for moments only.
        wanted = self._wanted - waits_in_c.FUNCTIONS if is_standard(key) else self._wanted
        # `allocate_lock` of the module `_thread` stays real. Before Python 3.13 it is the same object as `threading.Lock`.
        found = taken_by(module, wanted)
        return (Taker(key, module, names, name, value) for name, value in found if name != "allocate_lock")

    def _strange(self, key: str, module: ModuleType) -> Iterator[Taker]:
        names = module.__dict__
        for name in _USUAL.intersection(names):
            value = names[name]
            if id(value) not in self._wanted and not isinstance(value, ModuleType):
                yield Taker(key, module, names, name, value)


def is_no_mock(function: object) -> bool:
    """Whether `time`'s function is the real one or our stand-in, so that names bound to it are replaced; mocks are kept."""
    return type(function) is BuiltinFunctionType or is_stand_in(function)


def taken_by(module: ModuleType, functions: AbstractSet[int]) -> list[tuple[str, object]]:
    """(name, function) for each of `functions`, by id, that a module's names are bound to."""
    names = module.__dict__
    # Few modules have any; this line finds that out in C.
    if functions.isdisjoint(map(id, names.values())):
        return []
    return [(name, value) for name, value in list(names.items()) if id(value) in functions]


def replace_everywhere(
    replacements: Iterable[Replacement], memo: NamesMemo, snapshot: Snapshot, undo: Undo, *, remember: bool
) -> None:
    """Replace functions and classes under the names of modules, until `undo` closes.

    Modules loaded meanwhile take the replacement; they get the real function back. A module that replaces another one in
    `sys.modules` keeps it: after the test the replacement calls the real function.

    Args:
        replacements: What is replaced.
        memo: Where they were found before.
        snapshot: The modules that are loaded.
        undo: Puts everything back.
        remember: Whether the memo may keep what it finds, because modules hold the real functions now.
    """
    back = {id(one.fake): one.real for one in replacements}
    by_id = {id(one.real): one for one in replacements if one.real is not one.fake}
    for taker in memo.takers(by_id.keys(), snapshot, remember=remember):
        one = by_id[id(taker.value)]
        if not taker.key.startswith(one.kept_by):
            undo.replace(taker.module, taker.name, one.fake)

    def give_back() -> None:
        for module in snapshot.loaded_since().values():
            if isinstance(module, ModuleType):
                for name, fake in taken_by(module, back.keys()):
                    setattr(module, name, back[id(fake)])

    undo.callback(give_back)


NAMES: Final = NamesMemo()
"""Of the process, so that the next test need not read all modules again."""
