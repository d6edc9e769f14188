"""Which modules took a function of `time` by name (`from time import sleep`), so that it can be replaced there too."""

import sys
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from types import ModuleType
from typing import Any, Final, TypeAlias

# Modules whose own waiting must stay real: pytest and its helpers, and the standard library's dealings with processes.
# What threading, queue and concurrent.futures read is replaced apart, for threads of the test alone.
_STAY_REAL: Final = frozenset({"threading", "queue", "selectors", "socketserver", "subprocess", "sched", "time"})
_STAY_REAL_PACKAGES: Final = (
    "pytest_ecsevents.",
    "_pytest.",
    "pytest_timeout",
    "multiprocessing.",
    "concurrent.futures.",
    "execnet.",
    "xdist.",
)


Names: TypeAlias = list[tuple[str, object]]


class NamesMemo:
    """Which names of which modules are bound to functions of `time` and their like: what earlier tests learnt.

    A module is looked at through its `__dict__`, which triggers no lazy import, and again only when it was loaded anew or
    the number of its names has changed.
    """

    def __init__(self) -> None:
        self._wanted: set[int] = set()
        self._known: dict[str, tuple[ModuleType, int, Names]] = {}
        self._loaded: list[int] = []
        self._takers: dict[str, ModuleType] = {}

    def want(self, functions: AbstractSet[int]) -> None:
        """Look for these functions too, by id; all modules anew, if they are new."""
        if not self._wanted.issuperset(functions):
            self._wanted.update(functions)
            self._known.clear()
            self._takers.clear()

    def names_in(self, module: ModuleType) -> Names:
        """The (name, function) pairs in a module for every function that is wanted."""
        entry = self._known.get(module.__name__)
        if entry is not None and entry[0] is module and entry[1] == len(module.__dict__):
            return entry[2]
        return self._look(module.__name__, module)

    def takers(self, functions: AbstractSet[int], *, remember: bool) -> Iterator[tuple[ModuleType, str, object]]:
        """(module, name, function) for each of `functions`, by id, that a loaded module has taken.

        Args:
            functions: Some of those that are wanted.
            remember: Whether modules look as they do when nothing is replaced; else what is found in new ones is forgotten.
        """
        modules, known = sys.modules, self._known
        loaded = list(map(id, modules.values()))  # of those that are known no id can have come to be another's
        if self._loaded != loaded:
            self._loaded = loaded
            replaced = [name for name in known.keys() & modules.keys() if known[name][0] is not modules[name]]
            for name in replaced:
                del known[name]
                self._takers.pop(name, None)
        for name, module in self._takers.items():
            yield from ((module, attribute, real) for attribute, real in known[name][2] if id(real) in functions)
        for name in modules.keys() - known.keys():
            module = modules[name]
            if isinstance(module, ModuleType):
                found = self._look(name, module) if remember else taken_by(module, functions)
                yield from (
                    (module, attribute, real) for attribute, real in found if id(real) in functions and _may_be(name)
                )

    def _look(self, name: str, module: ModuleType) -> Names:
        found = taken_by(module, self._wanted)
        self._known[name] = (module, len(module.__dict__), found)
        if found and _may_be(name):
            self._takers[name] = module
        return found


def _may_be(name: str) -> bool:
    """Whether functions may be replaced in a module."""
    return name not in _STAY_REAL and not name.startswith(_STAY_REAL_PACKAGES)


def taken_by(module: ModuleType, functions: AbstractSet[int]) -> Names:
    """(name, function) for each of `functions`, by id, that a module's names are bound to."""
    names = module.__dict__
    # Few modules hold one; that one holds none is told without a step in Python for each name.
    if functions.isdisjoint(map(id, names.values())):
        return []
    return [(name, value) for name, value in list(names.items()) if id(value) in functions]


def replace_everywhere(
    replacements: Iterable[tuple[Callable[..., object], Callable[..., object]]],
    memo: NamesMemo,
    undo: ExitStack,
    *,
    remember: bool,
) -> None:
    """Replace functions of `time` in every module that took them, until `undo` closes.

    Modules loaded meanwhile take the replacement; they get the real function back.
    """
    by_id = {id(real): (real, fake) for real, fake in replacements}
    loaded_before = frozenset(sys.modules)
    for module, name, real in list(memo.takers(by_id.keys(), remember=remember)):
        setattr(module, name, by_id[id(real)][1])
        undo.callback(setattr, module, name, real)

    def give_back() -> None:
        fakes = {id(fake): real for real, fake in by_id.values()}
        for name in sys.modules.keys() - loaded_before:
            module = sys.modules[name]
            if isinstance(module, ModuleType):
                for attribute, fake in taken_by(module, fakes.keys()):
                    setattr(module, attribute, fakes[id(fake)])

    undo.callback(give_back)


def replace(owner: Any, name: str, value: object, undo: ExitStack) -> None:
    """Replace an attribute until `undo` closes; one that was inherited is inherited again."""
    if name in vars(owner) or not isinstance(owner, type):
        undo.callback(setattr, owner, name, getattr(owner, name))
    else:
        undo.callback(delattr, owner, name)
    setattr(owner, name, value)
