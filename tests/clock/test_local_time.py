"""Local time is the process's zone at the virtual instant, whichever function tells it."""

import datetime as dt
import email.utils
import logging
import time
from time import asctime, ctime, localtime
from zoneinfo import ZoneInfo

import pytest

from pytest_ecsevents import EcsEvents

BACKENDS = ["freezegun", "time-machine"]
UTC = dt.timezone.utc
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)

# Each zone's instants: in winter and in summer, the last before a change and the first after it, and the same time of day
# twice where clocks go back.
INSTANTS = {
    "UTC": ["2030-01-01T00:00:00Z", "2030-07-01T12:00:00.000001Z"],
    "Asia/Shanghai": ["2029-12-31T15:59:59.999999Z", "2029-12-31T16:00:00Z", "2030-07-01T00:00:00Z"],
    "Asia/Kolkata": ["2030-01-01T18:29:59Z", "2030-01-01T18:30:00Z"],
    "America/New_York": [
        "2030-03-10T06:59:59.999999Z",
        "2030-03-10T07:00:00Z",
        "2030-07-01T00:00:00Z",
        "2030-11-03T05:30:00.250000Z",
        "2030-11-03T06:30:00.250000Z",
        "2030-12-01T00:00:00Z",
    ],
    "Europe/London": ["2030-03-31T00:59:59Z", "2030-03-31T01:00:00Z", "2030-10-27T00:59:59Z", "2030-10-27T01:59:59Z"],
    "Australia/Lord_Howe": [
        "2030-04-06T14:45:00Z",
        "2030-04-06T15:15:00Z",
        "2030-10-05T15:29:59Z",
        "2030-10-05T15:30:00Z",
    ],
}


@pytest.fixture
def zone(request, monkeypatch):
    """A function that makes a zone that of the process."""

    def use(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()
        return ZoneInfo(name)

    yield use
    monkeypatch.undo()
    time.tzset()


def naive_views():
    """What each function says that local time is, as a naive datetime."""
    now = time.time()
    return {
        "datetime.now": dt.datetime.now(),
        "datetime.today": dt.datetime.today(),
        "datetime.fromtimestamp": dt.datetime.fromtimestamp(now),
        "datetime.now(utc).astimezone": dt.datetime.now(UTC).astimezone().replace(tzinfo=None),
        "datetime.fromtimestamp(utc).astimezone": dt.datetime.fromtimestamp(now, UTC).astimezone().replace(tzinfo=None),
    }


def views_to_the_second():
    """What functions that know no fractions of a second say, as a naive datetime."""
    now = time.time()
    record = logging.LogRecord("x", logging.INFO, "x", 1, "x", None, None)
    formatter = logging.Formatter("%(asctime)s", "%Y-%m-%d %H:%M:%S")
    return {
        "time.localtime": dt.datetime(*time.localtime()[:6]),
        "localtime": dt.datetime(*localtime()[:6]),
        "time.localtime(t)": dt.datetime(*time.localtime(now)[:6]),
        "time.strftime": dt.datetime.strptime(time.strftime("%Y-%m-%d %H:%M:%S"), "%Y-%m-%d %H:%M:%S"),
        "time.ctime": dt.datetime.strptime(time.ctime(), "%c"),
        "time.ctime(None)": dt.datetime.strptime(time.ctime(None), "%c"),
        "ctime": dt.datetime.strptime(ctime(), "%c"),
        "time.asctime": dt.datetime.strptime(time.asctime(), "%c"),
        "asctime": dt.datetime.strptime(asctime(), "%c"),
        "email.utils": dt.datetime.strptime(email.utils.formatdate(localtime=True)[:-6], "%a, %d %b %Y %H:%M:%S"),
        "logging": dt.datetime.strptime(formatter.format(record), "%Y-%m-%d %H:%M:%S"),
    }


@pytest.mark.parametrize("name", INSTANTS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_function_tells_the_local_time_of_the_zone(backend, name, zone):
    """At each instant, in winter and summer and beside each change, every function tells the local time of the zone."""
    here = zone(name)
    first, *later = INSTANTS[name]
    with EcsEvents(first, backend=backend) as ecs:
        for instant in (first, *later):
            ecs.advance_to(instant)
            right = ecs.now.astimezone(here)
            naive, second = right.replace(tzinfo=None), right.replace(tzinfo=None, microsecond=0, fold=0)
            assert {which: said for which, said in naive_views().items() if said != naive} == {}
            assert {which: said for which, said in views_to_the_second().items() if said != second} == {}
            assert (dt.date.today(), dt.date.fromtimestamp(time.time())) == (right.date(), right.date())
            folds = dt.datetime.now().fold, dt.datetime.today().fold, dt.datetime.fromtimestamp(time.time()).fold
            assert folds == (right.fold,) * 3
            assert {type(said) for said in naive_views().values()} == {dt.datetime}
            assert dt.datetime.now().timestamp() == time.time() == ecs.now.timestamp()
            assert (time.mktime(time.localtime()), time.localtime().tm_gmtoff) == (
                (right - EPOCH) // dt.timedelta(seconds=1),
                right.utcoffset().total_seconds(),
            )
            assert time.strftime("%H:%M:%S %Z%z") == f"{right:%H:%M:%S %Z%z}"
            ours = dt.datetime.now().astimezone()
            assert (ours - ecs.now, ours.utcoffset(), ours.tzname()) == (
                dt.timedelta(0),
                right.utcoffset(),
                right.tzname(),
            )


@pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")  # from Python 3.12 on
@pytest.mark.parametrize("name", INSTANTS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_functions_that_tell_utc_know_no_zone(backend, name, zone):
    """utcnow, now(timezone.utc) and gmtime tell the instant, whatever the process's zone."""
    zone(name)
    with EcsEvents("2030-07-01T00:00:00.5Z", backend=backend) as ecs:
        assert dt.datetime.now(UTC) == ecs.now
        assert dt.datetime.utcnow() == dt.datetime.utcfromtimestamp(time.time()) == ecs.now.replace(tzinfo=None)
        assert tuple(time.gmtime()) == (2030, 7, 1, 0, 0, 0, 0, 182, 0)
        assert (time.gmtime().tm_zone, time.gmtime().tm_gmtoff) == (time.gmtime(0).tm_zone, 0)
