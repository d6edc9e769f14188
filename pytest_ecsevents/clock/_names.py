"""Which modules took a function of `time` by name (`from time import sleep`), so that it can be replaced there too."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from types import ModuleType
from typing import Any, Final

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


class TakenNamesMemo:
    """What earlier tests learnt: which modules have been looked at, and which of them took a function."""

    def __init__(self) -> None:
        self._seen: dict[str, ModuleType] = {}
        self._takers: dict[str, list[tuple[str, object]]] = {}

    def takers(self, functions: Mapping[int, object]) -> Iterator[tuple[ModuleType, str, object]]:
        """(module, name, function) for each of `functions`, by id, that a loaded module has taken.

        A module is looked at once; one that was loaded anew has all looked at again.
        """
        modules = sys.modules
        if list(map(modules.get, self._seen)) != list(self._seen.values()):
            self._seen.clear()
            self._takers.clear()
        for name in modules.keys() - self._seen.keys():
            self._look(name, modules[name], functions)
        for name, taken in self._takers.items():
            for attribute, function in taken:
                if id(function) in functions:
                    yield self._seen[name], attribute, function

    def _look(self, name: str, module: ModuleType, functions: Mapping[int, object]) -> None:
        self._seen[name] = module
        if name in _STAY_REAL or name.startswith(_STAY_REAL_PACKAGES):
            return
        found = list(taken_by(module, functions))
        if found:
            self._takers[name] = found


def taken_by(module: object, functions: Mapping[int, object]) -> Iterator[tuple[str, object]]:
    """(name, function) for each of `functions` that a module's names are bound to."""
    names = getattr(module, "__dict__", None)
    if isinstance(names, dict) and not functions.keys().isdisjoint(map(id, names.values())):
        yield from [(name, value) for name, value in names.items() if id(value) in functions]


def replace_everywhere(
    replacements: Iterable[tuple[Callable[..., object], Callable[..., object]]], memo: TakenNamesMemo, undo: ExitStack
) -> None:
    """Replace functions of `time` in every module that took them, until `undo` closes.

    Modules loaded meanwhile take the replacement; they get the real function back.
    """
    by_id = {id(real): (real, fake) for real, fake in replacements}
    loaded_before = sys.modules.keys() | set()
    for module, name, real in list(memo.takers(by_id)):
        setattr(module, name, by_id[id(real)][1])
        undo.callback(setattr, module, name, real)

    def give_back() -> None:
        fakes = {id(fake): real for real, fake in by_id.values()}
        for name in sys.modules.keys() - loaded_before:
            module = sys.modules[name]
            for attribute, fake in taken_by(module, fakes):
                setattr(module, attribute, fakes[id(fake)])

    undo.callback(give_back)


def replace(owner: Any, name: str, value: object, undo: ExitStack) -> None:
    """Replace an attribute until `undo` closes; one that was inherited is inherited again."""
    if name in vars(owner) or not isinstance(owner, type):
        undo.callback(setattr, owner, name, getattr(owner, name))
    else:
        undo.callback(delattr, owner, name)
    setattr(owner, name, value)
