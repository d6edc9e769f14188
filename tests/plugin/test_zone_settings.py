"""The zone of a test: marker, ini option and command line, and the effect of other fixtures on TZ."""

import os
import time

import pytest


@pytest.fixture(autouse=True)
def zone_stays():
    """After each run the process has the zone from before."""
    before = os.environ.get("TZ"), time.tzname
    yield
    assert (os.environ.get("TZ"), time.tzname) == before


def test_marker_command_line_and_ini_file_choose_the_zone(run):
    """The marker overrides the command line, which overrides the ini file; "local" is the machine's."""
    source = """
import os, time

BEFORE = os.environ.get("TZ")

def test_by_default(ecs_events):
    assert os.environ["TZ"] == DEFAULT and time.strftime("%H:%M") == AT

@pytest.mark.ecs_clock(tz="America/New_York", backend="time-machine")
class TestMarked:
    def test_by_class(self, ecs_events):
        assert time.strftime("%H:%M") == "19:00"

    @pytest.mark.ecs_clock(tz="Asia/Kolkata")
    def test_by_function(self, ecs_events):
        assert time.strftime("%H:%M") == "05:30"

    @pytest.mark.ecs_clock(tz="local")
    def test_the_machines(self, ecs_events):
        assert os.environ.get("TZ") == BEFORE

def test_without_the_cloud():
    assert os.environ.get("TZ") == BEFORE
"""
    ini = "ecs_events_tz = Asia/Shanghai"
    result = run(f'DEFAULT, AT = "Asia/Shanghai", "08:00"\n{source}', ini=ini)
    result.assert_outcomes(passed=5)
    options = ("--ecs-events-tz", "Europe/Berlin")
    result = run(f'DEFAULT, AT = "Europe/Berlin", "01:00"\n{source}', *options, ini=ini)
    result.assert_outcomes(passed=5)


def test_a_wrong_name_says_where_it_stands(run):
    """The message has the marker, the option or the ini option, without a traceback."""
    result = run('@pytest.mark.ecs_clock(tz="Asia/Shanghia")\ndef test_it(ecs_events): ...')
    result.stdout.fnmatch_lines(["*@pytest.mark.ecs_clock: tz is 'Asia/Shanghia'* Did you mean Asia/Shanghai?*"])
    result.stdout.no_fnmatch_line("*Traceback*")
    result = run("def test_it(ecs_events): ...", ini="ecs_events_tz = 8")
    result.stdout.fnmatch_lines(["*the ini option ecs_events_tz is '8'*"])
    result = run("def test_it(ecs_events): ...", "--ecs-events-tz=China")
    result.stdout.fnmatch_lines(["*--ecs-events-tz is 'China'*"])


def test_the_zone_ends_with_a_test_that_fails(run):
    """The test fails, another fixture's set-up fails, or pytest stops in it: the zone is restored."""
    result = run(
        """
@pytest.fixture
def broken(ecs_events):
    raise OSError

@pytest.mark.ecs_clock(tz="Asia/Shanghai")
class TestIt:
    def test_fails(self, ecs_events):
        assert False

    def test_breaks(self, broken): ...

    def test_stops(self, ecs_events):
        raise KeyboardInterrupt
"""
    )
    result.assert_outcomes(failed=1, errors=1)


@pytest.mark.parametrize("backend", ["freezegun", "time-machine"])
def test_a_fixture_that_sets_tz_is_obeyed(run, backend):
    """A fixture's zone applies, whether it is set before the cloud's set-up, after it or in the test."""
    result = run(
        f"""
import datetime, time

@pytest.fixture(scope="module", autouse=True)
def in_kolkata():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Kolkata")
        time.tzset()
        yield
    time.tzset()

@pytest.fixture
def in_new_york(monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()

def hours():
    return {{f"{{datetime.datetime.now():%H:%M}}", time.strftime("%H:%M"), time.ctime()[11:16]}}

@pytest.mark.ecs_clock(backend="{backend}")
class TestIt:
    def test_before(self, ecs_events):
        assert hours() == {{"05:30"}}

    def test_after(self, ecs_events, in_new_york):
        assert hours() == {{"19:00"}}

    def test_within(self, ecs_events, monkeypatch):
        monkeypatch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        assert hours() == {{"08:00"}}

    @pytest.mark.ecs_clock(tz="Asia/Tokyo")
    def test_within_a_chosen_one(self, ecs_events, in_new_york):
        assert hours() == {{"19:00"}}

    @pytest.mark.ecs_clock(tz="Asia/Tokyo")
    def test_chosen(self, ecs_events):
        assert hours() == {{"09:00"}}

def test_without_the_cloud():
    assert (time.tzname[0], time.strftime("%z", time.localtime(0))) == ("IST", "+0530")
"""
    )
    result.assert_outcomes(passed=6)


def test_the_clock_of_the_freezer_fixture_keeps_its_own_local_time(run):
    """A clock that freezegun froze before shows freezegun's local time, also with a chosen zone."""
    result = run(
        """
import datetime

@pytest.mark.ecs_clock(tz="Asia/Shanghai")
@pytest.mark.freeze_time("2031-01-01")
def test_it(freezer, ecs_events):
    assert datetime.datetime.now() == datetime.datetime(2031, 1, 1)
""",
        beside=["pytest_freezer"],
    )
    result.assert_outcomes(passed=1)


def test_a_handler_that_takes_local_time_for_utc_is_found(run):
    """East of Greenwich, a handler that compares NotBefore with the naive local now considers future events over."""
    result = run(
        """
import datetime as dt

def hours_left(event):
    return (dt.datetime.strptime(f"{event.not_before:%Y-%m-%dT%H:%MZ}", "%Y-%m-%dT%H:%MZ") - dt.datetime.now()) / dt.timedelta(hours=1)

@pytest.mark.parametrize("left", [
    pytest.param(7, marks=pytest.mark.ecs_clock(tz="UTC")),
    pytest.param(-1, marks=pytest.mark.ecs_clock(tz="Asia/Shanghai")),
])
@pytest.mark.ecs_event("SystemMaintenance.Reboot", not_before="+7h")
def test_it(ecs_events, left):
    assert hours_left(ecs_events.one()) == left
"""
    )
    result.assert_outcomes(passed=2)
