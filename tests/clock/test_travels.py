"""A travel of time-machine moves the test's clock, also when freezegun holds it."""

import datetime as dt
import subprocess
import sys
import time
from zoneinfo import ZoneInfo

import freezegun
import pytest
import time_machine as library

from pytest_ecsevents import EcsEvents

pytestmark = pytest.mark.timeout(60)

MAY = dt.datetime(2031, 5, 1, tzinfo=dt.timezone.utc)


def utc():
    """The process's clock."""
    return dt.datetime.now(dt.timezone.utc)


def test_a_block(ecs):
    """Work due by then happens, sleeping continues from there, and after the block the time is as before."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    with library.travel(MAY, tick=False):
        assert utc() == ecs.now == MAY
        assert event.status == "Executed"
        time.sleep(90)
        assert utc() == ecs.now == MAY + dt.timedelta(seconds=90)
        assert time.time() == ecs.now.timestamp()
    assert utc() == ecs.now
    assert ecs.now.year == 2030


def test_blocks_within_blocks(ecs):
    """Each returns to the enclosing one, also when it is the same object."""
    outer = library.travel(MAY, tick=False)
    with outer, library.travel(MAY + dt.timedelta(days=9), tick=False):
        assert ecs.now.day == 10
        with outer:
            assert ecs.now == MAY
        assert ecs.now.day == 10
    assert ecs.now.year == 2030
    assert "stop" not in vars(outer)


def test_the_traveller_moves_on(ecs):
    """It moves by `move_to`, and by `shift` with a timedelta or seconds."""
    with library.travel(MAY, tick=False) as traveller:
        traveller.shift(dt.timedelta(hours=1))
        traveller.shift(1.5)
        assert ecs.now == MAY + dt.timedelta(hours=1, seconds=1.5)
        traveller.move_to(MAY + dt.timedelta(days=1), tick=False)
        assert ecs.now == MAY + dt.timedelta(days=1)


def test_a_zone(ecs):
    """The destination's zone is the process's in the meantime."""
    before = time.tzname
    with library.travel(dt.datetime(2031, 5, 1, tzinfo=ZoneInfo("Asia/Tokyo")), tick=False):
        assert time.localtime().tm_hour == 0
        assert ecs.now.hour == 15
    assert time.tzname == before


@library.travel(MAY, tick=False)
def decorated():
    """A function of a module that was loaded before the test."""
    return utc()


def test_a_decorated_function(ecs):
    """It runs at its instant."""
    assert decorated() == MAY
    assert utc() == ecs.now


def test_a_travel_that_outlives_the_test():
    """The fixture of time-machine can end after the cloud: it moves nothing then, and the next test is not affected."""
    with EcsEvents():
        journey = library.travel(MAY, tick=False)
        journey.start()
    with EcsEvents() as ecs_events:
        journey.stop()
        assert ecs_events.now.year == 2030
    with library.travel(MAY, tick=False):
        assert utc() == MAY


def test_within_a_freeze_of_freezeguns():
    """time-machine itself raises the error."""
    with EcsEvents(), freezegun.freeze_time("2031-01-01"), pytest.raises(RuntimeError, match="freezegun is active"):
        library.travel(MAY).start()


@pytest.mark.parametrize(
    ("start", "at"), [("destination_timestamp", 1935360000.5), ("destination_timestamp_ns", 1935360000500000000)]
)
def test_destinations_of_every_version(start, at):
    """Versions before 3 keep the destination as seconds."""
    with EcsEvents() as ecs_events:
        journey = library.travel(MAY)
        vars(journey).pop("destination_timestamp_ns", None)
        setattr(journey, start, at)
        with journey:
            assert ecs_events.now == MAY + dt.timedelta(seconds=0.5)


def test_it_may_be_loaded_within_the_test():
    """A helper imports it when it is called."""
    program = (
        "from pytest_ecsevents import EcsEvents\n"
        "with EcsEvents() as ecs_events:\n"
        "    import time_machine\n"
        "    with time_machine.travel('2031-05-01T00:00:00Z'):\n"
        "        assert ecs_events.now.year == 2031\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
