"""Functions of `time` and `datetime` that a program took before the test, and keeps where no module's names show them."""

import copy
import functools
import pickle
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from time import sleep as sleep_by_name

import pytest

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock import _stand_ins
from pytest_ecsevents.clock._stand_ins import install_sleep, real_sleep


@pytest.fixture(params=["freezegun", "time-machine"])
def ecs(request):
    """A cloud at 2030-01-01T00:00:00Z, on each back end."""
    with EcsEvents(backend=request.param) as ecs_events:
        yield ecs_events


@pytest.fixture
def real(monkeypatch):
    """The function that is `time.sleep` where pytest has not put a stand-in there."""
    monkeypatch.setattr(time, "sleep", real_sleep)
    return real_sleep


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
    """Wherever the module keeps it."""
    PAUSES[kept](60)
    assert ecs.now.minute == 1


@pytest.mark.parametrize("kept", PAUSES)
def test_what_was_taken_sleeps_in_earnest_outside_a_served_test(kept):
    """Before and after tests with a cloud, and in tests without one."""
    since = time.perf_counter()
    PAUSES[kept](0.01)
    assert time.perf_counter() - since >= 0.01


def test_what_was_taken_sleeps_in_earnest_in_threads_of_others(ecs):
    """A thread that the test did not start has real time."""
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
    """With the same error."""
    with pytest.raises((TypeError, ValueError)) as expected:
        real_sleep(seconds)
    with pytest.raises(expected.type) as refusal:
        _pause(seconds)
    assert str(refusal.value) == str(expected.value)


def test_the_stand_in_looks_like_the_function():
    """By its name, its module and its documentation."""
    kept = _stand_ins.sleep
    assert (kept.__name__, kept.__qualname__, kept.__module__) == ("sleep", "sleep", "time")
    assert kept.__doc__ == real_sleep.__doc__


def test_the_stand_in_is_there_for_the_run_of_pytest_alone(pytester, real):
    """It is there before the first conftest.py is loaded, and the end of the run takes it out."""
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


def test_somebody_elses_sleep_stays(real, monkeypatch):
    """What has replaced `time.sleep` before the plugin or after it is not touched."""

    def other(_seconds): ...

    monkeypatch.setattr(time, "sleep", other)
    install_sleep()()
    assert time.sleep is other
    monkeypatch.setattr(time, "sleep", real)
    take_out = install_sleep()
    assert time.sleep is _stand_ins.sleep
    time.sleep = other
    take_out()
    assert time.sleep is other
