"""freezegun walks only over modules that may have taken what it replaces."""

import datetime as dt
import sys
from types import ModuleType, SimpleNamespace

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock._names import NamesMemo, memo_for_now


def enter_often():
    """Enter a cloud until all modules have been read."""
    for _ in range(4):
        with EcsEvents(backend="freezegun"):
            pass


def test_a_name_that_a_module_takes_later_is_replaced(monkeypatch):
    """The number of its names has changed since."""
    module = ModuleType("takes_a_name_later")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    enter_often()
    module.moment = dt.datetime
    for _ in range(4):
        with EcsEvents(backend="freezegun"):
            assert module.moment.now().year == 2030
        assert module.moment is dt.datetime


def test_a_module_that_takes_the_place_of_another_is_read(monkeypatch):
    """It has the same name and as many names as the other."""
    first, second = ModuleType("takes_a_place"), ModuleType("takes_a_place")
    first.moment, second.moment = None, dt.datetime
    monkeypatch.setitem(sys.modules, "takes_a_place", first)
    enter_often()
    monkeypatch.setitem(sys.modules, "takes_a_place", second)
    with EcsEvents(backend="freezegun"):
        assert second.moment.now().year == 2030


def test_an_object_in_the_place_of_a_module_is_walked_over(monkeypatch):
    """Libraries that load lazily put one there."""
    lazy = SimpleNamespace(__name__="is_no_module", moment=dt.datetime)
    monkeypatch.setitem(sys.modules, "is_no_module", lazy)
    for _ in range(4):
        with EcsEvents(backend="freezegun"):
            assert lazy.moment.now().year == 2030
        assert lazy.moment is dt.datetime


def test_a_module_without_such_names_is_not_walked_over(monkeypatch):
    """This is so once it has been read."""
    module = ModuleType("takes_nothing")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert module.__name__ in NamesMemo().worth_a_look()
    enter_often()
    assert module.__name__ not in memo_for_now().worth_a_look()
