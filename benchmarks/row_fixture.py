"""What set-up and teardown cost beside a bare frozen clock and a bare mock."""

import _sdk
from _measure import added_row, in_turn, ratio_row
from _pytest_runs import Suite, costs_in_rounds, costs_in_turn, folder

from pytest_ecsevents import EcsEvents

MOST, MOST_TIME_MACHINE = 1.10, 0.6e-3

_LOAD = "".join(f"import aliyunsdkecs.request.v20140526.{name}Request\n" for name in _sdk.REQUESTS)
_HEADER = f"import aliyunsdkcore.client\n{_LOAD}\n"
_BARE = f"""
import pytest, responses
from freezegun import freeze_time

@pytest.fixture
def bare():
    with freeze_time("2030-01-01"), responses.RequestsMock(target="{_sdk.ADAPTER_SEND}"):
        yield
"""


def rows(quick):
    import responses
    from freezegun import freeze_time

    def ours():
        with EcsEvents():
            pass

    def bare():
        with freeze_time("2030-01-01"), responses.RequestsMock(target=_sdk.ADAPTER_SEND):
            pass

    _sdk.load()
    *figures, ratio = in_turn(ours, bare, rounds=21 if quick else 101)
    yield ratio_row("set-up + teardown / freezegun + responses", *figures, ratio=ratio, most=MOST)
    yield ratio_row("fixture / freezegun + responses, per test", *_as_fixtures(quick), most=MOST)
    what = "a test on time-machine / an empty test"
    yield added_row(what, _with_time_machine(quick), most=MOST_TIME_MACHINE)


def _as_fixtures(quick):
    count, rounds = (100, 2) if quick else (300, 5)
    with folder() as path:
        return costs_in_turn(
            [
                Suite(path, "ours", _HEADER, "def test_{}(ecs_events): pass\n", count, with_plugin=True),
                Suite(path, "bare", _HEADER + _BARE, "def test_{}(bare): pass\n", count, with_plugin=False),
            ],
            rounds,
        )


def _with_time_machine(quick):
    count, rounds = (300, 3) if quick else (1000, 11)
    header = f"import pytest\n{_HEADER}pytestmark = pytest.mark.ecs_clock(backend='time-machine')\n\n"
    with folder() as path:
        return costs_in_rounds(
            [
                Suite(path, "ours", header, "def test_{}(ecs_events): pass\n", count, with_plugin=True),
                Suite(path, "empty", _HEADER, "def test_{}(): pass\n", count, with_plugin=False),
            ],
            rounds,
        )
