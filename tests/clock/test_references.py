"""Functions of `time` and `datetime` that a program took before the test and keeps outside its module's names."""

import copy
import datetime as dt
import functools
import pickle
import sched
import sys
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from time import sleep as sleep_by_name
from types import ModuleType, SimpleNamespace

import pytest

from pytest_ecsevents import EcsEvents, StuckHandlerError
from pytest_ecsevents.clock import _references, _stand_ins
from pytest_ecsevents.clock._stand_ins import install_sleep, real_sleep


@pytest.fixture(params=["freezegun", "time-machine"])
def ecs(request):
    """A cloud at 2030-01-01T00:00:00Z, on each back end."""
    with EcsEvents(backend=request.param) as ecs_events:
        yield ecs_events


# -- sleep


def _pause(seconds, sleep=time.sleep):
    sleep(seconds)


def _pause_by_keyword(seconds, *, sleep=sleep_by_name):
    sleep(seconds)


def _pausing(sleep):
    def wait(seconds):
        sleep(seconds)

    return wait


class Poller:
    rest = time.sleep
    doze = staticmethod(time.sleep)
    __slots__ = ("nap",)

    def __init__(self, nap=time.sleep):
        self.nap = nap


@dataclass
class Limiter:
    sleep: object = field(default=time.sleep)


POLLER = Poller()
BY_NAME = {"sleep": time.sleep}
PAUSES = {
    "default": _pause,
    "keyword default": _pause_by_keyword,
    "closure": _pausing(time.sleep),
    "class": POLLER.rest,
    "static method": POLLER.doze,
    "slot": POLLER.nap,
    "field of a dataclass": Limiter().sleep,
    "dict": BY_NAME["sleep"],
    "partial": functools.partial(time.sleep),
    "element": deque([time.sleep])[0],
    "pickle": pickle.loads(pickle.dumps(time.sleep)),  # noqa: S301  # its own
    "copy": copy.copy(time.sleep),
    "deep copy": copy.deepcopy({"sleep": time.sleep})["sleep"],
}


@pytest.mark.parametrize("kept", PAUSES)
def test_a_sleep_that_was_taken_when_the_module_was_loaded_moves_the_clock(ecs, kept):
    """This works wherever the module keeps it."""
    PAUSES[kept](60)
    assert ecs.now.minute == 1


@pytest.mark.parametrize("kept", PAUSES)
def test_what_was_taken_sleeps_in_real_time_outside_a_served_test(kept):
    """Such tests are those before and after tests with a cloud, and tests without one."""
    since = time.perf_counter()
    PAUSES[kept](0.01)
    assert time.perf_counter() - since >= 0.01


def test_what_was_taken_sleeps_in_real_time_in_other_threads(ecs):
    """A thread that the test did not start sleeps in real time."""
    done = []

    def bystander():
        _pause(0.01)
        done.append("slept")

    with ecs._clock.waits.aside():
        thread = threading.Thread(target=bystander)
        thread.start()
        thread.join()
    assert done == ["slept"]
    assert ecs.now.second == 0


@pytest.mark.parametrize("seconds", [-1, "1", None])
def test_a_kept_sleep_refuses_what_the_real_one_refuses(seconds):
    """It raises the same error."""
    with pytest.raises((TypeError, ValueError)) as expected:
        real_sleep(seconds)
    with pytest.raises(expected.type) as refusal:
        _pause(seconds)
    assert str(refusal.value) == str(expected.value)


def test_the_stand_in_looks_like_the_function():
    """It has its name, module and docstring."""
    kept = _stand_ins.sleep
    assert (kept.__name__, kept.__qualname__, kept.__module__) == ("sleep", "sleep", "time")
    assert kept.__doc__ == real_sleep.__doc__


def test_the_stand_in_is_there_for_the_run_of_pytest_alone(pytester, real):
    """It exists before the first conftest.py is loaded, and the end of the run removes it."""
    pytester.makeconftest("import time\nAT_IMPORT = time.sleep\n")
    pytester.makepyfile(
        """
        from conftest import AT_IMPORT

        def test_first(ecs_events):
            AT_IMPORT(60)
            assert ecs_events.now.minute == 1
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=1)
    assert time.sleep is real


def test_a_sleep_of_another_tool_stays(real):
    """A replacement of `time.sleep` made before or after the plugin stays."""

    def other(_seconds): ...

    time.sleep = other
    install_sleep()()
    assert time.sleep is other
    time.sleep = real
    take_out = install_sleep()
    assert time.sleep is _stand_ins.sleep
    time.sleep = other
    take_out()
    assert time.sleep is other


# -- reading


def _read(clock=time.monotonic):
    return clock()


def _read_by_keyword(*, clock=time.monotonic):
    return clock()


def _reading(clock):
    def read():
        return clock()

    return read


class Watch:
    plain = time.monotonic
    static = staticmethod(time.monotonic)
    __slots__ = ("__dict__", "clock", "never_set")

    def __init__(self, clock=time.monotonic):
        self.clock = self.own = clock

    def read(self):
        return self.clock()


@dataclass(frozen=True)
class Frozen:
    at: float = field(default_factory=time.monotonic)
    clock: object = time.monotonic


WATCH = Watch()
FROZEN = Frozen(0)
KEPT = {"clock": time.monotonic, "list": [time.monotonic], "partial": functools.partial(time.monotonic)}
ORDERED = OrderedDict(clock=time.monotonic)
PARTIAL = functools.partial(_read, clock=time.monotonic)
READ = WATCH.read
NAMESPACE = SimpleNamespace(watch=SimpleNamespace(clock=time.monotonic))
SCHEDULER = sched.scheduler(time.monotonic, time.sleep)
READING = _reading(time.monotonic)
CLOCKS = {
    "default": lambda: _read,
    "keyword default": lambda: _read_by_keyword,
    "closure": lambda: READING,
    "class": lambda: WATCH.plain,
    "static method": lambda: WATCH.static,
    "slot": lambda: WATCH.clock,
    "attribute": lambda: WATCH.own,
    "default factory": lambda: lambda: Frozen().at,
    "frozen dataclass": lambda: FROZEN.clock,
    "dict": lambda: KEPT["clock"],
    "ordered dict": lambda: ORDERED["clock"],
    "list": lambda: KEPT["list"][0],
    "partial": lambda: KEPT["partial"],
    "keyword of a partial": lambda: PARTIAL,
    "bound method": lambda: READ,
    "object in an object": lambda: NAMESPACE.watch.clock,
    "scheduler": lambda: SCHEDULER.timefunc,
}


@pytest.mark.parametrize("kept", CLOCKS)
def test_a_clock_that_was_taken_when_the_module_was_loaded_moves_with_the_sleeps(ecs, kept):
    """This works wherever the module keeps it."""
    before = CLOCKS[kept]()()
    time.sleep(60)
    assert CLOCKS[kept]()() - before == 60


@pytest.mark.parametrize("kept", CLOCKS)
def test_a_clock_that_was_taken_shows_real_time_after_the_test(kept):
    """Each place has the real function again."""
    with EcsEvents(), EcsEvents():
        pass
    before = time.monotonic()
    assert before <= CLOCKS[kept]()() <= time.monotonic()


def _now(now=dt.datetime.now):
    return now(dt.timezone.utc)


def _stamp(clock=time.time):
    return clock()


def _today(today=dt.date.today):
    return today()


def _by_class(datetime=dt.datetime, *, date=dt.date):
    return datetime.now(dt.timezone.utc), date.today()


@dataclass
class Stamped:
    at: dt.datetime = field(default_factory=dt.datetime.now)
    utc: dt.datetime = field(default_factory=functools.partial(dt.datetime.now, dt.timezone.utc))


def test_the_time_of_day_is_virtual_where_it_was_taken(ecs):
    """This covers functions, methods of classes, and the classes themselves as default arguments."""
    time.sleep(90)
    assert _now() == Stamped().utc == _by_class()[0] == ecs.now
    assert _stamp() == ecs.now.timestamp()
    assert Stamped().at == dt.datetime.now()  # noqa: DTZ005  # local time on purpose
    assert _today() == _by_class()[1] == dt.date.today()  # noqa: DTZ011  # local time on purpose
    assert ecs.now.year == 2030


@pytest.fixture
def module(monkeypatch):
    """A module of the user that is loaded while the test runs."""
    module = ModuleType("loaded_late")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def _define(module, text):
    """Bind a name, as an import does."""
    exec(text, vars(module))  # noqa: S102  # see above


READER = "import time\ndef read(clock=time.monotonic): return clock()\n"


def moves(read):
    """Return whether a clock moves with the test's sleeps."""
    before = read()
    time.sleep(60)
    return read() - before == 60


def test_names_that_a_module_gets_later_are_found(module):
    """A module is examined again when it has more names; a reloaded module too."""
    with EcsEvents():
        pass
    _define(module, READER)
    with EcsEvents():
        assert moves(module.read)
    again = sys.modules[module.__name__] = ModuleType(module.__name__)
    _define(again, READER)
    with EcsEvents():
        assert moves(again.read)


def test_what_the_test_puts_in_the_place_stays(module):
    """Only what was put there for the test is removed."""
    _define(module, READER + "CLOCKS = [time.monotonic]\nGONE = [time.monotonic]\nFIXED = (time.monotonic,)\n")
    real = module.CLOCKS[0]
    with EcsEvents():
        module.CLOCKS[0] = other = object()
        module.GONE.clear()
        assert (real,) == module.FIXED
    assert [other] == module.CLOCKS
    assert module.GONE == []
    with EcsEvents():
        assert [other] == module.CLOCKS


def test_no_user_code_runs_while_modules_are_examined(module):
    """Properties, lazy objects and classes with attributes of their own are skipped."""
    text = """
    class Lazy:
        def __getattribute__(self, name): raise SystemExit(name)
    class Unbound:
        __dict__ = property(lambda self: 1 / 0)
    class Listed(dict):
        def items(self): raise SystemExit
        def __len__(self): raise SystemExit
    lazy, unbound, listed, empty = Lazy(), Unbound(), Listed(a=1), lambda: later
    def outer():
        return lambda: later
        later = 1
    inner = outer()
    data = dict.fromkeys(range(200))
    """
    _define(module, "\n".join(line[4:] for line in text.splitlines()))
    with EcsEvents() as ecs_events:
        assert ecs_events.now.year == 2030


def test_a_librarys_module_is_examined_if_it_has_a_clock(module, monkeypatch):
    """Its default arguments are replaced; its classes of datetime are not."""
    folder = _references._LIBRARIES[0]
    module.__file__ = f"{folder}/loaded_late.py"
    _define(module, READER + "import datetime as dt\ndef kind(of=dt.datetime): return of\n")
    without = ModuleType("without_a_clock")
    without.__file__ = f"{folder}/without_a_clock.py"
    without.kept = [time.monotonic]
    monkeypatch.setitem(sys.modules, without.__name__, without)
    monkeypatch.setitem(sys.modules, "no_module", object())
    real = dt.datetime
    with EcsEvents():
        assert moves(module.read)
        assert module.kind() is real


# -- what cannot be reached


@dataclass(frozen=True)
class Deadline:
    """An object that a fixture of a wider scope can make before the test: it is in no module."""

    clocks: tuple = (time.monotonic,)

    def passes(self, seconds):
        end = self.clocks[0]() + seconds
        while self.clocks[0]() < end:
            pass

    def sleeps(self, seconds):
        end = self.clocks[0]() + seconds
        while self.clocks[0]() < end:
            time.sleep(1)


FIXED = (time.time,)


def _spin_by_tuple():
    while FIXED[0]() < 1e12:
        pass


def test_a_handler_that_spins_by_a_real_clock_gets_its_name(ecs):
    """Instead of the advice to sleep, the message has the function, where it is kept, and what to do."""
    ecs.patience = 0.1
    with pytest.raises(StuckHandlerError) as failure:
        ecs.run(Deadline().passes, 3600, until="1h")
    text = str(failure.value)
    assert "time.monotonic, which keeps real time" in text
    assert "clocks[0]" in text
    assert "by lambda: time.monotonic()." in text
    assert "neither slept" not in text


def test_a_handler_that_spins_by_the_virtual_clock_gets_the_advice_to_sleep(ecs):
    """The clock library's own functions are real on purpose; the message does not name them."""
    ecs.patience = 0.05

    def spin():
        end = time.time() + 3600
        while time.time() < end:
            pass

    with pytest.raises(StuckHandlerError, match="neither slept") as failure:
        ecs.run(spin, until="1h")
    assert "keeps real time" not in str(failure.value)


def test_the_other_back_end_is_advised_where_it_helps():
    """time-machine changes time.time everywhere, also in a tuple of a module."""
    with EcsEvents() as ecs_events:
        ecs_events.patience = 0.01
        with pytest.raises(StuckHandlerError, match=r'time\.time, .* as FIXED.0. in .*backend="time-machine"'):
            ecs_events.run(_spin_by_tuple, until="1h")


def test_a_receiver_that_spins_by_a_real_clock_gets_its_name(ecs):
    """The message about a receiver that hangs names the function too."""
    ecs.patience = 0.01
    ecs.instances.add("i-web1")
    ecs.subscribe(lambda _: Deadline().passes(3600))
    with pytest.raises(StuckHandlerError, match=r"time\.monotonic, which keeps real time"):
        ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")


@pytest.mark.parametrize("under_run", [False, True])
def test_a_loop_of_sleeps_that_is_measured_by_a_real_clock_ends(ecs, under_run):
    """Virtual days would pass before real time catches up; after `patience` the test fails with the function's name."""
    ecs.patience = 0.05
    with pytest.raises(StuckHandlerError, match=r"waited again and again.*time\.monotonic, which keeps real time"):
        if under_run:
            ecs.run(Deadline().sleeps, 3600, until="9000d")
        else:
            Deadline().sleeps(3600)


def test_a_loop_of_sleeps_that_has_no_real_clock_goes_on(ecs):
    """It goes on, however long it takes in real time."""
    ecs.patience = 0.0001
    for _ in range(3000):
        time.sleep(1)
    assert ecs.now.minute == 50


def test_what_time_machine_changes_is_not_named():
    """It shows virtual time everywhere, so it is not the reason why the handler spins."""

    def handler(clocks=(time.time,)):
        while clocks[0]() < 1e12:
            pass

    with EcsEvents(backend="time-machine") as ecs_events:
        ecs_events.patience = 0.01
        with pytest.raises(StuckHandlerError, match="neither slept nor called"):
            ecs_events.run(handler, until="1h")
