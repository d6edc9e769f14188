"""Calls a function when a module has been imported, for libraries that a handler may import only when it runs."""

import sys
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Final

from pytest_ecsevents._undo import Undo


class _Finder:
    """A finder in `sys.meta_path` that leaves finding to the usual one, and calls functions after the modules' own code."""

    def __init__(self, actions: Mapping[str, Callable[[], None]]) -> None:
        self._actions: Final = actions

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        action = self._actions.get(name)
        spec = None if action is None else PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return None
        real = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            real(module)
            assert action is not None
            action()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # a loader is made for each spec
        return spec


def call_after_import(actions: Mapping[str, Callable[[], None]], undo: Undo) -> None:
    """Call each function now if its module is loaded, else when it gets loaded, until `undo` closes."""
    missing = {}
    for name, action in actions.items():
        if name in sys.modules:
            action()
        else:
            missing[name] = action
    finder = _Finder(missing)
    sys.meta_path.insert(0, finder)
    undo.callback(sys.meta_path.remove, finder)
