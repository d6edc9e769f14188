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


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module that can be imported."""
    (tmp_path / "late_library.py").write_text("number = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "late_library"
    sys.modules.pop("late_library", None)


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_function_is_called_once_its_module_is_executed(undo, module, is_loaded):
    """For a loaded module it is called at once; two functions for one module are both called."""
    seen = []
    if is_loaded:
        importlib.import_module(module)
    for _ in range(2):
        call_after_import({module: lambda: seen.append(sys.modules[module].number)}, undo)
    assert seen == ([1, 1] if is_loaded else [])
    importlib.import_module(module)
    assert seen == [1, 1]


def test_a_look_for_the_module_changes_nothing(undo, module):
    """Programs ask by `find_spec` whether a library is installed, and import it later."""
    seen = []
    call_after_import({module: lambda: seen.append(1)}, undo)
    assert importlib.util.find_spec(module)
    assert seen == []
    importlib.import_module(module)
    assert seen == [1]


def test_a_module_that_is_loaded_again_is_changed_again(undo, module):
    """A reload executes its code anew; the loader, which stays with the module, keeps no function."""
    seen = []
    call_after_import({module: lambda: seen.append(1)}, undo)
    loaded = importlib.import_module(module)
    importlib.reload(loaded)
    assert seen == [1, 1]
    assert "exec_module" not in vars(loaded.__spec__.loader)


def test_a_module_whose_first_import_failed(undo, module, tmp_path):
    """The function is called after the import that succeeds."""
    seen = []
    call_after_import({module: lambda: seen.append(1)}, undo)
    good = (tmp_path / "late_library.py").read_text()
    (tmp_path / "late_library.py").write_text("1 / 0")
    with pytest.raises(ZeroDivisionError):
        importlib.import_module(module)
    (tmp_path / "late_library.py").write_text(good)
    importlib.import_module(module)
    assert seen == [1]


def test_what_is_executed_after_the_end_is_not_changed(undo, module):
    """Its spec was found before."""
    seen = []
    call_after_import({module: lambda: seen.append(1)}, undo)
    spec = importlib.util.find_spec(module)
    undo.close()
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
    assert seen == []


def test_what_is_imported_after_the_end_is_not_changed(undo, module):
    """The finder is removed."""
    seen, before = [], list(sys.meta_path)
    call_after_import({module: lambda: seen.append(1)}, undo)
    undo.close()
    importlib.import_module(module)
    assert seen == []
    assert sys.meta_path == before


def test_another_tool_may_have_removed_the_finder(undo, module, monkeypatch):
    """It restores the list of finders to what it was; what is in the middle of an import goes on."""
    before = list(sys.meta_path)
    call_after_import({module: list}, undo)
    finder = sys.meta_path[0]
    sys.meta_path[:] = before
    assert finder.find_spec(module) is None
    undo.close()
    assert sys.meta_path == before


def test_finders_of_an_old_kind_are_left_out(undo, module, monkeypatch):
    """A finder without `find_spec` finds nothing, as for Python itself."""
    monkeypatch.setattr(sys, "meta_path", [object(), *sys.meta_path])
    seen = []
    call_after_import({module: lambda: seen.append(1)}, undo)
    importlib.import_module(module)
    undo.close()
    assert seen == [1]


def test_a_module_that_is_not_there(undo):
    """Importing it fails as usual."""
    call_after_import({"no_such_module": lambda: None}, undo)
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        importlib.import_module("no_such_module")
