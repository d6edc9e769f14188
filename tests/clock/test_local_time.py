"""Local time is that of the process's zone at the virtual instant, in every function that reads it."""

import dataclasses
import datetime as dt
import email.utils
import logging
import os
import time
from functools import partial
from time import asctime, ctime, localtime
from zoneinfo import ZoneInfo

import freezegun
import pytest
from freezegun import freeze_time

from pytest_ecsevents import EcsEvents

BACKENDS = ["freezegun", "time-machine"]
UTC = dt.timezone.utc
TZ_BEFORE = os.environ.get("TZ")
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)

# The instants of each zone: in winter and summer, just before and after a change, and a time of day that comes twice
# where clocks go back.
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
    """Return a function that sets the process's zone."""

    def use(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()
        return ZoneInfo(name)

    yield use
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(params=BACKENDS)
def ecs(request):
    """A cloud on each back end, from 2030 on."""
    with EcsEvents(backend=request.param) as ecs_events:
        yield ecs_events


def naive_views():
    """Return the local time that each function returns, as a naive datetime."""
    now = time.time()
    return {
        "datetime.now": dt.datetime.now(),
        "datetime.today": dt.datetime.today(),
        "datetime.fromtimestamp": dt.datetime.fromtimestamp(now),
        "datetime.now(utc).astimezone": dt.datetime.now(UTC).astimezone().replace(tzinfo=None),
        "datetime.fromtimestamp(utc).astimezone": dt.datetime.fromtimestamp(now, UTC).astimezone().replace(tzinfo=None),
    }


def views_to_the_second():
    """Return the local time of functions without fractions of a second, as a naive datetime."""
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
def test_every_function_returns_the_local_time_of_the_zone(backend, name, zone):
    """In winter, in summer and around each change, every function returns the local time of the zone."""
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
def test_functions_that_return_utc_ignore_the_zone(backend, name, zone):
    """utcnow, now(timezone.utc) and gmtime return the instant in every zone."""
    zone(name)
    with EcsEvents("2030-07-01T00:00:00.5Z", backend=backend) as ecs:
        assert dt.datetime.now(UTC) == ecs.now
        assert dt.datetime.utcnow() == dt.datetime.utcfromtimestamp(time.time()) == ecs.now.replace(tzinfo=None)
        assert tuple(time.gmtime()) == (2030, 7, 1, 0, 0, 0, 0, 182, 0)
        assert (time.gmtime().tm_zone, time.gmtime().tm_gmtoff) == (time.gmtime(0).tm_zone, 0)


def readings_of(naive):
    """Return what the functions that take a local time make of one, as comparable values."""
    second = tuple(naive.timetuple())[:8]
    return {
        "timestamp": naive.timestamp(),
        "astimezone()": naive.astimezone().isoformat(),
        "astimezone(UTC)": naive.astimezone(UTC).isoformat(),
        "mktime of winter": time.mktime((*second, 0)),
        "mktime of summer": time.mktime((*second, 1)),
        "ctime": time.ctime(naive.timestamp()),
        "asctime": time.asctime((*second, -1)),
        "localtime": repr(time.localtime(naive.timestamp())),
        "strftime": time.strftime("%c %Z", time.localtime(naive.timestamp())),
        "fromtimestamp": dt.datetime.fromtimestamp(naive.timestamp()).isoformat(),
        "fold": dt.datetime.fromtimestamp(naive.timestamp()).fold,
    }


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize(
    ("name", "naive"),
    [
        ("America/New_York", (2030, 3, 10, 2, 30)),
        ("America/New_York", (2030, 11, 3, 1, 30, 0, 250000)),
        ("Europe/London", (2030, 3, 31, 1, 30)),
        ("Europe/London", (2030, 10, 27, 1, 30)),
        ("Australia/Lord_Howe", (2030, 4, 7, 1, 45)),
        ("Asia/Shanghai", (1986, 5, 4, 2, 30)),
        ("Asia/Kolkata", (2030, 1, 1)),
    ],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_times_that_come_never_or_twice_mean_what_they_mean_otherwise(backend, name, naive, fold, zone):
    """A local time in a gap, or one that comes twice, means the same instant as without a frozen clock."""
    zone(name)
    real = readings_of(dt.datetime(*naive, fold=fold))
    with EcsEvents("2030-07-01T00:00:00Z", backend=backend):
        assert readings_of(dt.datetime(*naive, fold=fold)) == real


def test_an_aware_now_in_the_hour_that_comes_twice_is_the_instant(ecs):
    """now(tz), astimezone(tz) and fromtimestamp(t, tz) distinguish both passes of the hour."""
    new_york = ZoneInfo("America/New_York")
    for instant in ("2030-11-03T05:30:00Z", "2030-11-03T06:30:00Z"):
        ecs.advance_to(instant)
        for said in (
            dt.datetime.now(new_york),
            dt.datetime.now(UTC).astimezone(new_york),
            dt.datetime.fromtimestamp(time.time(), new_york),
            dt.datetime.fromtimestamp(timestamp=time.time(), tz=new_york),
        ):
            assert said.astimezone(UTC) == ecs.now


def test_a_far_year_keeps_its_microseconds(zone):
    """The local now of a year whose seconds fill a float is exact under freezegun; older time-machines keep a float."""
    zone("Asia/Shanghai")
    with EcsEvents("9999-12-01T00:00:00.123457Z"):
        assert dt.datetime.now() == dt.datetime(9999, 12, 1, 8, 0, 0, 123457)


def test_functions_refuse_what_they_refuse_otherwise(ecs):
    """They refuse an invalid zone, and None instead of a tuple."""
    with pytest.raises(TypeError, match="tzinfo"):
        dt.datetime.now("Asia/Shanghai")
    with pytest.raises(TypeError, match="Tuple or struct_time"):
        time.asctime(None)


def test_a_zone_that_the_test_sets_holds_at_once(ecs, zone):
    """If the process's zone changes while the clock is frozen, local time follows at once."""
    zone("Asia/Kolkata")
    assert time.strftime("%H:%M") == f"{dt.datetime.now():%H:%M}" == "05:30"
    zone("America/New_York")
    assert time.strftime("%H:%M") == f"{dt.datetime.now():%H:%M}" == "19:00"
    assert dt.date.today() == dt.date(2029, 12, 31)


def test_the_zone_of_the_machine_is_left_alone(ecs):
    """Neither back end sets TZ, which child processes would inherit."""
    assert os.environ.get("TZ") == TZ_BEFORE


def test_the_offset_of_a_freeze_time_within_the_test_applies(zone):
    """A freeze_time within the test uses its tz_offset as local time, and the zone is back after it."""
    zone("Asia/Shanghai")
    with EcsEvents("2030-01-01T00:00:00Z"):
        with freeze_time("2031-01-01 00:00:00", tz_offset=2):
            assert dt.datetime.now() == dt.datetime(2031, 1, 1, 2)
            assert dt.datetime.fromtimestamp(0) == dt.datetime(1970, 1, 1, 2)
            assert dt.datetime(1970, 1, 1, 2).timestamp() == 0
            assert dt.date.today() == dt.date(2031, 1, 1)
            assert (time.localtime().tm_hour, time.gmtime().tm_year) == (8, 2031)
        assert dt.datetime.now() == dt.datetime(2030, 1, 1, 8)


def test_the_offset_of_a_freeze_time_around_the_test_applies(zone):
    """A clock that freeze_time has frozen keeps its tz_offset as local time; ctime agrees with its localtime."""
    zone("Asia/Shanghai")
    with freeze_time("2031-01-01 00:00:00", tz_offset=2), EcsEvents():
        assert dt.datetime.now() == dt.datetime(2031, 1, 1, 2)
        assert (time.ctime(), ctime()) == ("Wed Jan  1 08:00:00 2031",) * 2
        assert time.asctime() == time.asctime(time.localtime())


def test_a_module_that_freezegun_is_to_ignore_reads_real_local_time(zone):
    """A module that freezegun.configure excludes has the machine's local time."""
    zone("Asia/Shanghai")
    ignored = {"__name__": "ignored_by_freezegun", "time": time}
    exec("def read():\n    return time.localtime().tm_year, time.gmtime().tm_year", ignored)  # noqa: S102  # for its name
    lists = list(freezegun.config.settings.default_ignore_list)
    freezegun.configure(extend_ignore_list=["ignored_by_freezegun"])
    try:
        with EcsEvents("2030-06-01T00:00:00Z"):
            assert max(ignored["read"]()) < time.localtime().tm_year == 2030
    finally:
        freezegun.configure(default_ignore_list=lists)


def test_what_drives_the_test_run_reads_the_real_ctime(ecs):
    """A plugin of pytest reads the real date from ctime and asctime."""
    plugin = {"__name__": "pytest_timeout", "time": time}
    exec("def read():\n    return time.ctime()[-4:], time.asctime()[-4:]", plugin)  # noqa: S102  # for its name
    assert max(plugin["read"]()) < "2030" == time.ctime()[-4:]


@pytest.mark.parametrize("sleep", ["virtual", "real"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_ctime_is_real_again_afterwards(backend, sleep):
    """Both functions return virtual time with either kind of sleep, and real time after the test."""
    before = time.ctime, time.asctime, ctime, asctime
    with EcsEvents(backend=backend, sleep=sleep):
        years = time.ctime()[-4:], time.asctime()[-4:], ctime()[-4:], asctime()[-4:]
    assert years in {("2030",) * 4, ("2029",) * 4}
    assert (time.ctime, time.asctime, ctime, asctime) == before


def test_a_mock_of_ctime_is_kept(monkeypatch):
    """A test's own patch stays in place."""
    monkeypatch.setattr(time, "ctime", lambda: "mocked")
    with EcsEvents():
        assert time.ctime() == "mocked"


@dataclasses.dataclass
class Record:
    """Keeps a function that returns local time, as programs do."""

    at: dt.datetime = dataclasses.field(default_factory=dt.datetime.now)
    stamp = staticmethod(time.ctime)


FORM = partial(time.strftime, "%H:%M")


def minute(read=time.localtime, *, form=FORM):
    """Keep functions as default arguments."""
    return f"{read().tm_hour:02}:{read().tm_min:02}", form()


@pytest.mark.parametrize("backend", BACKENDS)
def test_functions_kept_before_the_test_return_local_time_too(backend, zone):
    """Functions that a program kept at import return the zone's time, in summer too."""
    zone("America/New_York")
    with EcsEvents("2030-07-01T00:30:00Z", backend=backend):
        assert Record().at == dt.datetime(2030, 6, 30, 20, 30)
        assert Record.stamp() == "Sun Jun 30 20:30:00 2030"
        assert minute() == ("20:30", "20:30")


@pytest.mark.parametrize(("name", "in_utc"), [("Asia/Shanghai", "01:00"), ("America/New_York", "14:00")])
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_that_sleeps_until_nine_wakes_at_nine(backend, name, in_utc, zone):
    """A loop that computes its sleep from the local now wakes at nine in the zone."""
    zone(name)
    with EcsEvents(backend=backend) as ecs:
        now = dt.datetime.now()
        nine = now.replace(hour=9, minute=0)
        nine += dt.timedelta(days=nine <= now)
        time.sleep((nine - now).total_seconds())
        assert (f"{ecs.now:%H:%M}", time.localtime().tm_hour) == (in_utc, 9)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_daily_job_of_schedule_runs_at_its_local_time(backend, zone):
    """A job that schedule runs every day at nine runs at nine in the zone, in winter and in summer."""
    schedule = pytest.importorskip("schedule")
    zone("America/New_York")
    log, scheduler = [], schedule.Scheduler()
    with EcsEvents("2030-03-09T12:00:00Z", backend=backend) as ecs:
        scheduler.every().day.at("09:00").do(lambda: log.append(f"{ecs.now:%d %H:%M}"))
        while ecs.now.day < 12:
            scheduler.run_pending()
            time.sleep(60)
    assert log == ["09 14:00", "10 13:00", "11 13:00"]
