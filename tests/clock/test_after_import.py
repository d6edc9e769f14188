"""Functions are called when a module has been imported."""

import importlib
import sys

import pytest

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._after_import import call_after_import


@pytest.fixture
def undo():
    """Closed at the end."""
    undo = Undo()
    yield undo
    undo.close()


def test_a_loaded_module_s_function_is_called_now(undo):
    """For another module, it is called after that module's code has run; the test's end cancels it."""
    seen = []
    call_after_import(
        {"json": lambda: seen.append("json"), "this": lambda: seen.append(sys.modules["this"].s[:4])}, undo
    )
    assert seen == ["json"]
    sys.modules.pop("this", None)
    importlib.import_module("this")
    assert seen == ["json", "Gur "]
    undo.close()
    del sys.modules["this"]
    importlib.import_module("this")
    assert len(seen) == 2


def test_a_module_that_is_not_there(undo):
    """Importing it fails as usual."""
    call_after_import({"no_such_module": lambda: None}, undo)
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        importlib.import_module("no_such_module")
