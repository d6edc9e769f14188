"""Finds modules that imported a function of `time` by name (`from time import sleep`), so that it is replaced there too."""

import sys
from collections.abc import Callable, Collection, Iterator
from collections.abc import Set as AbstractSet
from itertools import filterfalse
from types import BuiltinFunctionType, ModuleType
from typing import Any, Final, NamedTuple, TypeAlias

from pytest_ecsevents._frames import keeps_own_names
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._stand_ins import STATE, is_stand_in

Names: TypeAlias = list[tuple[str, object]]


class _Seen(NamedTuple):
    module: ModuleType
    size: int
    taken: Names
    strange: Names

    def still_holds(self, module: ModuleType) -> bool:
        names, strange = module.__dict__, self.strange
        return self.module is module and self.size == len(names) and (not strange or _are_bound(strange, names))


class _Walked(NamedTuple):
    """What was loaded when all modules had been read, the names of each module, their number, and what `worth_a_look` gave."""

    loaded: list[object]
    names: list[dict[str, Any]]
    sizes: list[int]
    found: dict[str, object]


_NOTHING_WALKED: Final = _Walked([], [], [], {})


class NamesMemo:
    """Remembers, from test to test, which names of which modules are bound to functions of `time` and the like.

    It reads a module's `__dict__`, which triggers no lazy import. It reads again when the module was loaded anew, the number
    of its names has changed, or a usual name that was bound to something else has changed. `takers` checks the latter two
    only for modules in which something was found: others are not read again.
    """

    def __init__(self) -> None:
        self._wanted: set[int] = set()
        self._usual: set[str] = set()
        self._known: dict[str, _Seen] = {}
        self._loaded: list[object] = []
        self._has_looked_at_all = False
        self._walked = _NOTHING_WALKED
        self._unread: set[str] = set()
        self._telling: dict[str, _Seen] = {}  # modules in which something may have to be replaced

    def want(self, functions: AbstractSet[int], usual: AbstractSet[str]) -> None:
        """Look for more functions; if some are new, read all modules anew."""
        if not self._wanted.issuperset(functions):
            self._wanted.update(functions)
            self._usual.update(usual)
            self._known.clear()
            self._telling.clear()
            self._walked = _NOTHING_WALKED
            self._has_looked_at_all = False

    def names_in(self, module: ModuleType) -> Names:
        """The (name, function) pairs in a module for every function that is wanted."""
        seen = self._known.get(module.__name__)
        if seen is None or not seen.still_holds(module):
            seen = self._look(module.__name__, module)
        if seen.taken and not _are_bound(seen.taken, module.__dict__):
            return taken_by(module, self._wanted)
        return seen.taken

    def worth_a_look(self) -> dict[str, object]:
        """What is in `sys.modules` and may have a name that `names_in` finds.

        Nearly always it is what it was the last time: no other modules are loaded, and each has as many names as then.
        """
        loaded: list[object] = list(sys.modules.values())
        if are_same(self._walked.loaded, loaded) and list(map(len, self._walked.names)) == self._walked.sizes:
            return self._walked.found
        everything: dict[str, object] = dict(sys.modules)
        found: dict[str, object] = {}
        unread: dict[str, object] = {}
        names = []
        for name, module in everything.items():
            seen = self._known.get(name)
            if not isinstance(module, ModuleType):
                found[name] = module
                continue
            names.append(module.__dict__)
            if seen is None or seen.module is not module or seen.size != len(names[-1]):
                unread[name] = module
            elif seen.taken or seen.strange:
                found[name] = module
        found.update(unread)
        if unread.keys() <= self._unread:  # they stay so, as `time` itself does
            self._walked = _Walked(loaded, names, list(map(len, names)), found)
        self._unread = set(unread)
        return found

    def takers(
        self, functions: AbstractSet[int], loaded: list[object], *, remember: bool
    ) -> Iterator[tuple[ModuleType, str, object]]:
        """(module, name, function) for each of `functions`, by id, that a loaded module has taken."""
        modules, known, telling = sys.modules, self._known, self._telling
        if not are_same(self._loaded, loaded):
            self._loaded, self._has_looked_at_all = loaded, False
            for name in [name for name, seen in known.items() if modules.get(name) is not seen.module]:
                del known[name]
                telling.pop(name, None)
        new = () if self._has_looked_at_all else filterfalse(keeps_own_names, modules.keys() - known.keys())
        for name in (*telling, *new):
            module = modules.get(name)
            if isinstance(module, ModuleType):
                seen, names = telling.get(name), module.__dict__
                if seen is not None and seen.still_holds(module):
                    taken = seen.taken
                else:
                    taken = self._look(name, module).taken if remember else taken_by(module, functions)
                for bound, function in taken:
                    if id(function) in functions and names.get(bound) is function:
                        yield module, bound, function
        self._has_looked_at_all |= remember

    def _look(self, name: str, module: ModuleType) -> _Seen:
        names = module.__dict__
        strange = [
            (usual, names[usual])
            for usual in self._usual.intersection(names)
            if id(names[usual]) not in self._wanted and not isinstance(names[usual], ModuleType)
        ]
        seen = self._known[name] = _Seen(module, len(names), taken_by(module, self._wanted), strange)
        if (seen.taken or strange) and not keeps_own_names(name):
            self._telling[name] = seen
        else:
            self._telling.pop(name, None)
        return seen


def _are_bound(pairs: Names, names: "dict[str, object]") -> bool:
    return all(names.get(name) is value for name, value in pairs)


def are_same(some: list[object], others: list[object]) -> bool:
    """Whether lists hold the same objects, at a tenth of the cost of comparing each pair.

    Lists compare by identity first. An object in `sys.modules` need not be a module, and its `__eq__` may raise.
    """
    try:
        return some == others
    except Exception:  # noqa: BLE001  # whatever it raises
        return False


def memo_for_now() -> NamesMemo:
    """The process's memo, so that the next test need not read all modules again.

    While another clock has replaced functions it is a new memo: the names will not be bound to these functions later.
    """
    return _PROCESS_MEMO if STATE.virtual is None else NamesMemo()


_PROCESS_MEMO: Final = NamesMemo()


def is_no_mock(function: object) -> bool:
    """Whether `time`'s function is the real one or our stand-in, so that names bound to it are replaced; mocks are kept."""
    return type(function) is BuiltinFunctionType or is_stand_in(function)


def taken_by(module: ModuleType, functions: AbstractSet[int]) -> Names:
    """(name, function) for each of `functions`, by id, that a module's names are bound to."""
    names = module.__dict__
    # Few modules have any; this line finds that out in C.
    if functions.isdisjoint(map(id, names.values())):
        return []
    return [(name, value) for name, value in list(names.items()) if id(value) in functions]


def replace_everywhere(
    replacements: Collection[tuple[Callable[..., object], Callable[..., object]]],
    memo: NamesMemo,
    undo: Undo,
    *,
    remember: bool,
) -> None:
    """Replace functions of `time` in every module that took them, until `undo` closes.

    Modules loaded meanwhile take the replacement; they get the real function back. A module that replaces another one in
    `sys.modules` keeps it: after the test the replacement calls the real function.
    """
    back = {id(fake): real for real, fake in replacements}
    by_id = {id(real): (real, fake) for real, fake in replacements if real is not fake}
    loaded_before: list[object] = list(sys.modules.values())
    for module, name, real in list(memo.takers(by_id.keys(), loaded_before, remember=remember)):
        undo.replace(module, name, by_id[id(real)][1])

    def give_back() -> None:
        modules: dict[str, Any] = sys.modules
        # A new module comes last.
        if len(modules) == len(loaded_before) and next(reversed(modules.values())) is loaded_before[-1]:
            return
        old = set(map(id, loaded_before))
        for module in list(modules.values()):
            if isinstance(module, ModuleType) and id(module) not in old:
                for attribute, fake in taken_by(module, back.keys()):
                    setattr(module, attribute, back[id(fake)])

    undo.callback(give_back)
