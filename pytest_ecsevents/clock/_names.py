"""Which modules took a function of `time` by name (`from time import sleep`), so that it can be replaced there too."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from functools import cache
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


# What programs mostly call what they take.
_USUAL: Final = frozenset({"sleep", "time", "time_ns", "monotonic", "monotonic_ns", "datetime", "date"})

Names: TypeAlias = list[tuple[str, object]]


class NamesMemo:
    """Which names of which modules are bound to functions of `time` and their like: what earlier tests learnt.

    A module is looked at through its `__dict__`, which triggers no lazy import, and again only when it was loaded anew, the
    number of its names has changed, or a usual name stands for something else than usual.
    """

    def __init__(self) -> None:
        self._wanted: set[int] = set()
        self._known: dict[str, tuple[ModuleType, int, Names]] = {}
        self._loaded: list[object] = []
        self._has_looked_at_all = False
        self._takers: dict[str, ModuleType] = {}
        self._doubtful: set[str] = set()

    def want(self, functions: AbstractSet[int]) -> None:
        """Look for these functions too, by id; all modules anew, if they are new."""
        if not self._wanted.issuperset(functions):
            self._wanted.update(functions)
            self._known.clear()
            self._takers.clear()
            self._has_looked_at_all = False

    def names_in(self, module: ModuleType) -> Names:
        """The (name, function) pairs in a module for every function that is wanted."""
        entry = self._known.get(module.__name__)
        if entry is None or entry[0] is not module or entry[1] != len(module.__dict__):
            return self._look(module.__name__, module)
        return entry[2] if not entry[2] or _still(module, entry[2]) else taken_by(module, self._wanted)

    def takers(
        self, functions: AbstractSet[int], loaded: list[object], *, remember: bool
    ) -> Iterator[tuple[ModuleType, str, object]]:
        """(module, name, function) for each of `functions`, by id, that a loaded module has taken.

        Args:
            functions: Some of those that are wanted.
            loaded: What is among the modules.
            remember: Whether modules look as they do when nothing is replaced; else what is found in new ones is forgotten.
        """
        modules, known = sys.modules, self._known
        if self._loaded != loaded:
            self._loaded, self._has_looked_at_all = loaded, False
            gone = [name for name, (module, *_) in known.items() if modules.get(name) is not module]
            for name in gone:
                del known[name]
                self._takers.pop(name, None)
        for name, module in self._takers.items():
            taken = [(attribute, real) for attribute, real in known[name][2] if id(real) in functions]
            yield from ((module, *pair) for pair in taken if _still(module, [pair]))
        for name in list(self._doubtful if self._has_looked_at_all else modules.keys() - known.keys()):
            new = modules.get(name)
            if isinstance(new, ModuleType) and _may_be(name):
                found = self._look(name, new) if remember else taken_by(new, functions)
                yield from ((new, attribute, real) for attribute, real in found if id(real) in functions)
        self._has_looked_at_all |= remember

    def _look(self, name: str, module: ModuleType) -> Names:
        found = taken_by(module, self._wanted)
        if self._is_doubtful(module):
            self._doubtful.add(name)
            return found
        self._doubtful.discard(name)
        self._known[name] = (module, len(module.__dict__), found)
        if found and _may_be(name):
            self._takers[name] = module
        return found

    def _is_doubtful(self, module: ModuleType) -> bool:
        """Whether a name stands for something else than usual: a stand-in of a test's, perhaps, that will be taken away."""
        names = module.__dict__
        return not _USUAL.isdisjoint(names) and any(
            id(names[name]) not in self._wanted and not isinstance(names[name], ModuleType)
            for name in _USUAL.intersection(names)
        )


def _still(module: ModuleType, names: Names) -> bool:
    """Whether names are bound as they were: a test may have replaced one itself."""
    return all(module.__dict__.get(name) is value for name, value in names)


def memo_for_now() -> NamesMemo:
    """That of the process, as its modules are: whoever freezes the clock next need not look at all of them again.

    While one clock's stand-ins are in place another gets a memo of its own: what names show now they will not show later.
    """
    return NamesMemo() if _is_ours(time.sleep) else _process_memo()


@cache
def _process_memo() -> NamesMemo:
    return NamesMemo()


def _is_ours(function: object) -> bool:
    return str(getattr(function, "__module__", "")).startswith("pytest_ecsevents.")


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


class Replaced:
    """Attributes that something else stands in for until `undo` closes: one callback for all, as each costs a test's set-up."""

    def __init__(self, undo: ExitStack) -> None:
        self._before: Final[list[tuple[Any, str, object]]] = []
        undo.callback(self._give_back)

    def put(self, owner: Any, name: str, value: object) -> None:
        """Replace an attribute; one that was inherited is inherited again afterwards."""
        is_own = name in vars(owner) or not isinstance(owner, type)
        self._before.append((owner, name, getattr(owner, name) if is_own else _INHERITED))
        setattr(owner, name, value)

    def _give_back(self) -> None:
        while self._before:
            owner, name, value = self._before.pop()
            if value is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


_INHERITED: Final = object()


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
    loaded_before: list[object] = list(sys.modules.values())
    replaced = Replaced(undo)
    for module, name, real in list(memo.takers(by_id.keys(), loaded_before, remember=remember)):
        replaced.put(module, name, by_id[id(real)][1])

    def give_back() -> None:
        loaded: list[object] = list(sys.modules.values())
        if loaded == loaded_before:
            return
        fakes = {id(fake): real for real, fake in by_id.values()}
        old = set(map(id, loaded_before))
        for module in loaded:
            if isinstance(module, ModuleType) and id(module) not in old:
                for attribute, fake in taken_by(module, fakes.keys()):
                    setattr(module, attribute, fakes[id(fake)])

    undo.callback(give_back)
