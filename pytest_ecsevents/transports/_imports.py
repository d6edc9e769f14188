"""Patches a library as soon as the test imports it, since importing all of them for each test run would take long.

aiohttp takes 0.2 seconds and httpx 0.1; most handlers use neither. Until a library is loaded, a finder stands first in
`sys.meta_path`. It has the other finders find the library, and patches it once it has been executed.
"""

import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from typing import Any, Final

from pytest_ecsevents._undo import Undo


def when_imported(name: str, patch: Callable[[], None], undo: Undo) -> None:
    """Call `patch` now if the library `name` is loaded, or else when it is, unless `undo` closes before."""
    if sys.modules.get(name) is not None:
        patch()
        return
    finder: Any = _Finder(name, patch)
    sys.meta_path.insert(0, finder)
    undo.callback(finder.end)


class _Finder:
    def __init__(self, name: str, patch: Callable[[], None]) -> None:
        self._name: Final = name
        self._patch: Final = patch
        self._is_over = False

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        self._remove()
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def exec_module(module: Any) -> None:
                execute(module)
                # Not under `PATCHING`: the thread that holds it may wait for this import, and cannot patch the library before it ends.
                if not self._is_over:
                    self._patch()

            loader.exec_module = exec_module
        return spec

    def end(self) -> None:
        self._is_over = True
        self._remove()

    def _remove(self) -> None:
        finder: Any = self
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)
