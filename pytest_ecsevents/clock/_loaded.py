"""Which modules are loaded. Each test compares this with what was loaded at the last one, nearly always in C alone."""

import sys
from types import ModuleType
from typing import Any, Final

from pytest_ecsevents._frames import is_standard


class Snapshot:
    """What was loaded at one time. Its columns are lists, because a thousand tuples would start the garbage collector.

    Attributes:
        loaded: The values of `sys.modules`.
        modules: Those that are modules, by their names there.
        others: Those that are not, except classes of the standard library such as `typing.io`. Libraries that load lazily put
            other objects there.
        sizes: How many names each module has.
        specs: The `__spec__` of each.
    """

    def __init__(self, found: dict[str, Any]) -> None:
        self.loaded: Final[list[object]] = [*found.values()]
        self.modules: Final[dict[str, ModuleType]] = {
            name: module for name, module in found.items() if isinstance(module, ModuleType)
        }
        self.others: Final[dict[str, object]] = (
            {}
            if len(self.modules) == len(found)
            else {
                name: one
                for name, one in found.items()
                if not (name in self.modules or (isinstance(one, type) and is_standard(name)))
            }
        )
        self._names: Final = [module.__dict__ for module in self.modules.values()]
        self.sizes: Final = [*map(len, self._names)]
        self.specs: Final = [names.get("__spec__") for names in self._names]

    def is_current(self) -> bool:
        """Whether the same modules are loaded, in the same order, each with as many names.

        Reloading a module moves it to the end, and gives it another `__spec__`.
        """
        return (
            are_same(self.loaded, [*sys.modules.values()])
            and [*map(len, self._names)] == self.sizes
            and self._names[-1].get("__spec__") is self.specs[-1]
        )

    def changed_since(self, before: "Snapshot") -> dict[str, ModuleType]:
        """Modules that are new, were reloaded, or have more or fewer names; in the order in which they were loaded."""
        states = zip(before.modules.values(), before.sizes, before.specs, strict=True)
        old = dict(zip(before.modules, states, strict=True))
        changed = {}
        for (name, module), size, spec in zip(self.modules.items(), self.sizes, self.specs, strict=True):
            known = old.get(name)
            if known is None or known[0] is not module or known[1] != size or known[2] is not spec:
                changed[name] = module
        return changed

    def loaded_since(self) -> dict[str, object]:
        """What was loaded since, by its name in `sys.modules`."""
        # What is new comes last.
        if len(sys.modules) == len(self.loaded) and next(reversed(sys.modules.values())) is self.loaded[-1]:
            return {}
        old = set(map(id, self.loaded))
        return {name: one for name, one in dict[str, object](sys.modules).items() if id(one) not in old}


NOTHING: Final = Snapshot({})


class Loaded:
    """Remembers the last snapshot. Its caller holds `PATCHING`."""

    def __init__(self) -> None:
        self.last = NOTHING
        """The snapshot that was taken last."""

    def snapshot(self) -> Snapshot:
        """What is loaded now: the same object as the last time, unless something has changed since."""
        if not self.last.is_current():
            self.last = Snapshot(dict(sys.modules))  # a copy made in C: another thread may import something
        return self.last


LOADED: Final = Loaded()
"""Of the process, so that the next test need not look at all modules again."""


def are_same(some: list[object], others: list[object]) -> bool:
    """Whether lists hold the same objects, at a tenth of the cost of comparing each pair.

    Lists compare by identity first. An object in `sys.modules` need not be a module, and its `__eq__` may raise.
    """
    try:
        return some == others
    except Exception:  # noqa: BLE001  # it is not our code, and may raise anything
        return False
