"""Calls a function when a library has been imported, because a handler may import it only when it runs.

Importing all of them for each test run would take long: 0.2 seconds for aiohttp, 0.1 for httpx. Most handlers use neither.
"""

import sys
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final

from pytest_ecsevents._undo import Undo


class _Finder:
    """Finds modules by the finders that come after it in `sys.meta_path`, and calls functions after the modules' own code.

    Those finders include another cloud's, which wraps the same loader.
    """

    def __init__(self, actions: Mapping[str, Callable[[], None]]) -> None:
        self._actions: Final = actions
        self._is_over = False

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        action = self._actions.get(name)
        spec = None if action is None else self._found_by_others(name, path, target)
        if action is None or spec is None or spec.loader is None:
            return spec
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            # A loader stays with its module: it must not keep the cloud alive.
            vars(loader).pop("exec_module", None)
            execute(module)
            # Not under `PATCHING`: the thread that holds it may wait for this import, and cannot patch the library before it ends.
            if not self._is_over:
                action()

        loader.exec_module = exec_module
        return spec

    def _found_by_others(self, *wanted: Any) -> ModuleSpec | None:
        position = self._position()
        others = [] if position is None else sys.meta_path[position + 1 :]
        found = (finder.find_spec(*wanted) for finder in others if hasattr(finder, "find_spec"))
        return next((spec for spec in found if spec is not None), None)

    def _position(self) -> int | None:
        """The index in `sys.meta_path`; None once it was removed."""
        return next((index for index, finder in enumerate(sys.meta_path) if finder is self), None)

    def end(self) -> None:
        """Call nothing any more; another tool may have removed this finder from `sys.meta_path` before."""
        self._is_over = True
        # Nearly always it is the first: the last that was added is the first to end.
        position = 0 if sys.meta_path[:1] == [self] else self._position()
        if position is not None:
            del sys.meta_path[position]


def call_after_import(actions: Mapping[str, Callable[[], None]], undo: Undo) -> None:
    """Call each function now if its module is loaded, else when it gets loaded, until `undo` closes."""
    missing = {}
    for name, action in actions.items():
        if sys.modules.get(name) is not None:
            action()
        else:
            missing[name] = action
    if missing:
        finder: Any = _Finder(missing)
        undo.callback(finder.end)
        sys.meta_path.insert(0, finder)
