"""Each test reads only those modules that have changed since the last one, and walks over none that took nothing."""

import copy
import datetime as dt
import importlib
import subprocess
import sys
import time
from types import ModuleType, SimpleNamespace

import freezegun
import pytest

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock import _clock, _names, _references
from pytest_ecsevents.clock._loaded import LOADED, NOTHING
from pytest_ecsevents.clock._names import NamesMemo

BACKENDS = ("freezegun", "time-machine")


@pytest.fixture(params=BACKENDS)
def backend(request):
    """Each back end."""
    return request.param


@pytest.fixture
def add_module(monkeypatch):
    """Put a new module with these names into `sys.modules`."""

    def add_module(name, **names):
        module = ModuleType(name)
        vars(module).update(names)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return add_module


def enter_twice(backend="freezegun"):
    """Enter a cloud until all modules have been read."""
    for _ in range(2):
        with EcsEvents(backend=backend):
            pass


def test_a_name_that_a_module_takes_later_is_replaced(add_module):
    """The number of its names has changed since."""
    module = add_module("takes_a_name_later")
    enter_twice()
    module.moment = dt.datetime
    for _ in range(3):
        with EcsEvents(backend="freezegun"):
            assert module.moment.now().year == 2030
        assert module.moment is dt.datetime


def test_a_module_that_takes_the_place_of_another_is_read(add_module):
    """It has the same name and as many names as the other."""
    first = add_module("takes_a_place", moment=dt.datetime)
    enter_twice()
    second = add_module("takes_a_place", moment=dt.datetime)
    with EcsEvents(backend="freezegun"):
        assert second.moment.now().year == 2030
        assert first.moment is not second.moment


def test_a_module_that_is_gone_is_left_alone(add_module, monkeypatch):
    """What holds it gets the real time."""
    module = add_module("is_gone", moment=dt.datetime)
    enter_twice()
    monkeypatch.delitem(sys.modules, "is_gone")
    with EcsEvents(backend="freezegun"):
        assert module.moment.now().year < 2030


def test_a_reloaded_module_is_read(backend, tmp_path, monkeypatch):
    """It has as many names as before, and functions with other default arguments."""
    (tmp_path / "is_reloaded.py").write_text(
        "from time import monotonic as now\ndef read(clock=now):\n    return clock()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("is_reloaded")
    enter_twice(backend)
    for _ in range(2):
        importlib.reload(module)
        for _ in range(2):
            with EcsEvents(backend=backend) as ecs_events:
                before = module.read(), module.now()
                ecs_events.advance("1h")
                assert (module.read() - before[0], module.now() - before[1]) == pytest.approx((3600, 3600))
            assert module.read.__defaults__ == (time.monotonic,)
    del sys.modules["is_reloaded"]


@pytest.mark.parametrize("name", ["sleep", "pause"])
def test_a_name_that_another_tool_has_replaced_for_one_test(add_module, backend, name):
    """It is left alone meanwhile, and replaced again at the next test."""
    module = add_module("is_mocked", **{name: time.monotonic})
    enter_twice(backend)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, len)
        with EcsEvents(backend=backend):
            assert vars(module)[name] is len
        assert vars(module)[name] is len
    for _ in range(2):
        with EcsEvents(backend=backend):
            assert vars(module)[name] is time.monotonic
            assert vars(module)[name]() != 0
        assert vars(module)[name] is time.monotonic


@pytest.mark.parametrize("value", [None, len])
def test_a_usual_name_that_is_bound_to_a_real_function_later(add_module, backend, value):
    """The number of names stays the same."""
    module = add_module("binds_later", monotonic=value)
    enter_twice(backend)
    module.monotonic = time.monotonic
    with EcsEvents(backend=backend):
        assert module.monotonic is time.monotonic


def test_an_object_in_the_place_of_a_module_is_walked_over(monkeypatch):
    """Libraries that load lazily put one there."""
    lazy = SimpleNamespace(__name__="is_no_module", moment=dt.datetime)
    monkeypatch.setitem(sys.modules, "is_no_module", lazy)
    for _ in range(3):
        with EcsEvents(backend="freezegun"):
            assert lazy.moment.now().year == 2030
        assert lazy.moment is dt.datetime


def test_an_object_that_takes_the_place_of_a_module_in_a_test_is_walked_over(monkeypatch):
    """What it took meanwhile is the real function again after the test."""
    real = dt.datetime
    with EcsEvents(backend="freezegun"):
        lazy = SimpleNamespace(__name__="is_no_module_yet", moment=dt.datetime)
        monkeypatch.setitem(sys.modules, "is_no_module_yet", lazy)
    assert lazy.moment is real


def test_a_module_that_freezegun_is_to_ignore_keeps_real_time(add_module, monkeypatch):
    """The user has told freezegun's configuration so; sleeping there is virtual as everywhere."""
    module = add_module("is_ignored.inner", moment=dt.datetime, sleep=_names.REAL_FUNCTIONS[0])
    # `reset_config` would also drop what pytest-freezer has added.
    monkeypatch.setattr(freezegun.config, "settings", copy.deepcopy(freezegun.config.settings))
    freezegun.configure(extend_ignore_list=["is_ignored"])
    with EcsEvents(backend="freezegun") as ecs_events:
        assert module.moment.now().year < 2030
        module.sleep(3600)
        assert ecs_events.now.hour == 1


def test_freezegun_is_loaded_by_the_first_cloud():
    """It keeps the real functions after the cloud's end, so that the next cloud starts as the first did."""
    program = """
import datetime as dt
import sys
import time

from pytest_ecsevents import EcsEvents

assert "freezegun" not in sys.modules
real = dt.datetime, dt.date, time.time, time.monotonic
for _ in range(2):
    with EcsEvents(backend="freezegun"):
        assert time.gmtime().tm_year == 2030
    assert (dt.datetime, dt.date, time.time, time.monotonic) == real
api = sys.modules["freezegun.api"]
assert (api.real_datetime, api.real_date, api.real_time, api.real_monotonic) == real
"""
    assert subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True).stderr == ""


def test_functions_of_another_kind_are_looked_for_when_they_are_wanted(add_module):
    """All modules are read again then."""
    module = add_module("takes_another", other=add_module)
    memo, snapshot = NamesMemo(), LOADED.snapshot()
    assert memo.takers({id(dt.datetime)}, snapshot, remember=True)
    (taker,) = memo.takers({id(add_module)}, snapshot, remember=True)
    assert (taker.module, taker.name) == (module, "other")


def test_what_was_not_to_be_remembered_is_read_again(add_module):
    """Names may be bound to another clock's functions then."""
    memo, ids = NamesMemo(), {id(dt.datetime)}
    module = add_module("is_bound_to_fakes", moment=None)
    memo.takers(ids, LOADED.snapshot(), remember=False)
    module.moment = dt.datetime
    assert module in [one.module for one in memo.takers(ids, LOADED.snapshot(), remember=True)]


def test_a_strange_object_among_the_modules_does_no_harm(monkeypatch):
    """It can't be compared."""

    class Strange:
        def __eq__(self, other):
            raise ValueError("no truth")

        __hash__ = None

    for _ in range(2):
        monkeypatch.setitem(sys.modules, "is_strange", Strange())
        with EcsEvents() as ecs_events:
            assert ecs_events.now.year == 2030


def test_nothing_is_read_again_while_nothing_changes(backend, monkeypatch):
    """Of a thousand modules only a number is taken, in C; freezegun walks over none of them."""
    monkeypatch.setattr(_clock, "NAMES", NamesMemo())  # other tests may have left names that were bound for a while
    enter_twice(backend)
    read = []
    real = _names.taken_by
    monkeypatch.setattr(_names, "taken_by", lambda module, functions: read.append(module) or real(module, functions))
    monkeypatch.setattr(_references, "_find", lambda *_args: read.append(_args) or ())
    monkeypatch.setattr(freezegun.api, "_get_cached_module_attributes", lambda module: read.append(module) or [])
    for _ in range(3):
        with EcsEvents(backend=backend):
            pass
    assert [one for one in read if isinstance(one, ModuleType)] == []
    assert len(read) <= 3 * len(LOADED.snapshot().others)
    assert NOTHING.changed_since(NOTHING) == {}
