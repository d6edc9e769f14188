"""The zone that a test chooses ends with the test."""

import os
import subprocess
import sys
import time
import zoneinfo
from pathlib import Path
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest

from pytest_ecsevents import BadArgumentError, EcsEvents, EcsEventsError

BACKENDS = ["freezegun", "time-machine"]


@pytest.fixture(autouse=True)
def zone_before(monkeypatch):
    """The machine is in London."""
    monkeypatch.setenv("TZ", "Europe/London")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def zone_now():
    """Return the process's zone as each function sees it."""
    return os.environ.get("TZ"), time.tzname, time.timezone, time.altzone, time.daylight, time.strftime("%H:%M %Z")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_chosen_zone_is_the_process_s(backend):
    """TZ, the constants of time and local time are those of the zone, and afterwards as before."""
    before = zone_now()[:5]
    with EcsEvents("2030-07-01T00:00:00Z", backend=backend, tz="America/New_York") as ecs:
        assert zone_now() == ("America/New_York", ("EST", "EDT"), 18000, 14400, 1, "20:00 EDT")
        ecs.advance_to("2030-12-01T00:00:00Z")
        assert time.strftime("%H:%M %Z") == "19:00 EST"
    assert zone_now()[:5] == before


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    ("tz", "inherited"), [(None, "Europe/London"), ("local", "Europe/London"), ("Asia/Kolkata",) * 2]
)
def test_child_processes_have_the_zone_of_the_test(tz, inherited, backend):
    """A child process inherits the chosen zone, and otherwise the machine's."""
    program = "import os, time; print(os.environ['TZ'], time.strftime('%z', time.localtime(0)))"
    with EcsEvents(backend=backend, tz=tz):
        said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert said.split() == [inherited, {"Europe/London": "+0100", "Asia/Kolkata": "+0530"}[inherited]]


def test_a_process_without_tz_has_none_afterwards(monkeypatch):
    """If TZ was not set before, it is not set afterwards."""
    monkeypatch.delenv("TZ")
    with EcsEvents(tz="Asia/Shanghai"):
        assert os.environ["TZ"] == "Asia/Shanghai"
    assert "TZ" not in os.environ


def test_the_zone_ends_with_an_error():
    """A block that raises restores the zone."""
    with pytest.raises(ZeroDivisionError), EcsEvents(tz="Asia/Shanghai"):
        _ = 1 / 0
    assert zone_now()[:2] == ("Europe/London", ("GMT", "BST"))


def test_the_zone_ends_with_a_start_that_fails():
    """If the clock cannot be frozen, the zone is restored."""
    with EcsEvents("2030-01-01T00:00:00Z"), pytest.raises(EcsEventsError, match="already frozen it"):
        EcsEvents("2031-01-01T00:00:00Z", tz="Asia/Shanghai").__enter__()
    assert zone_now()[:2] == ("Europe/London", ("GMT", "BST"))


def test_zones_of_blocks_within_each_other():
    """The inner block's zone applies within it, whatever happened to TZ before."""
    with EcsEvents(tz="Asia/Shanghai"):
        os.environ["TZ"] = "Asia/Kolkata"
        with EcsEvents(tz="America/New_York"):
            assert time.strftime("%H:%M") == "19:00"
        assert time.strftime("%H:%M") == "05:30"
    assert zone_now()[:2] == ("Europe/London", ("GMT", "BST"))


def test_a_zone_that_ends_before_a_later_one_does():
    """The zone chosen last applies until it ends, then the original one."""
    first, second = EcsEvents(tz="Asia/Shanghai"), EcsEvents(tz="America/New_York")
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert time.strftime("%H:%M") == "19:00"
    second.__exit__(None, None, None)
    assert zone_now()[:2] == ("Europe/London", ("GMT", "BST"))


@pytest.mark.parametrize(
    ("tz", "words"),
    [
        ("Asia/Beijing", ["tz is 'Asia/Beijing'", '"Asia/Shanghai"', '"local"']),
        ("asia/shanghai", ["Did you mean Asia/Shanghai?"]),
        ("CST-8", ["tz is 'CST-8'"]),
        ("Asia", ["tz is 'Asia'"]),
        ("../zoneinfo/UTC", ["tz is '../zoneinfo/UTC'"]),
        (8, ["tz is 8", "not the name of a zone"]),
        (ZoneInfo("Europe/London"), ["key='Europe/London'", "Did you mean"]),
    ],
)
def test_what_names_no_zone_is_refused(tz, words):
    """The message has the value, what was expected, and what can be passed."""
    with pytest.raises(BadArgumentError) as refused:
        EcsEvents(tz=tz)
    assert [word for word in words if word not in str(refused.value)] == []


def test_a_system_that_cannot_set_a_zone(monkeypatch):
    """If time has no tzset, as on Windows, a zone is refused, but "local" is not."""
    monkeypatch.delattr(time, "tzset")
    with pytest.raises(EcsEventsError, match=r"tz is 'Asia/Shanghai', but .* no time\.tzset.* pass \"local\""):
        EcsEvents(tz="Asia/Shanghai")
    with EcsEvents(tz="local"):
        pass
    monkeypatch.undo()


@pytest.fixture
def zone_files():
    """Return a function that makes Python search zones in one folder only."""

    def only(*folders):
        zoneinfo.reset_tzpath(folders)
        ZoneInfo.clear_cache()

    yield only
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()


def test_a_machine_without_a_zone_database(zone_files, monkeypatch):
    """If Python finds no zone at all, the message says what to install."""
    for name in ("tzdata", *(name for name in sys.modules if name.startswith("tzdata."))):
        monkeypatch.setitem(sys.modules, name, None)
    zone_files()
    with pytest.raises(EcsEventsError, match=r"tz is 'Asia/Shanghai', but .* no time zone database\. .* tzdata"):
        EcsEvents(tz="Asia/Shanghai")


def test_a_zone_that_only_python_knows(zone_files, tmp_path):
    """If the C library lacks the zone and would use UTC, the message says what to install."""
    shanghai = next(path for root in zoneinfo.TZPATH if (path := Path(root, "Asia/Shanghai")).exists())
    (tmp_path / "Own").mkdir()
    (tmp_path / "Own" / "Zone").write_bytes(shanghai.read_bytes())
    zone_files(str(tmp_path))
    with pytest.raises(EcsEventsError, match=r"tz is 'Own/Zone', .* not the system's.* tzdata"):
        EcsEvents(tz="Own/Zone").__enter__()
    assert zone_now()[:2] == ("Europe/London", ("GMT", "BST"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_cron_jobs_of_apscheduler_keep_the_chosen_zone(backend):
    """A cron job runs at its local time over a change of summer time, although an earlier test chose another zone."""
    schedulers = pytest.importorskip("apscheduler.schedulers.background")
    ran = {}
    for tz in ("Asia/Shanghai", "America/New_York"):
        with EcsEvents("2030-03-09T12:00:00Z", backend=backend, tz=tz) as ecs:
            log, scheduler = ran.setdefault(tz, []), schedulers.BackgroundScheduler()
            scheduler.add_job(lambda ecs=ecs, log=log: log.append(f"{ecs.now:%d %H:%M}"), "cron", hour=9)
            scheduler.start()
            ecs.advance("48h")
            scheduler.shutdown()
    assert ran == {"Asia/Shanghai": ["10 01:00", "11 01:00"], "America/New_York": ["09 14:00", "10 13:00"]}


def test_tzlocal_need_not_be_there(monkeypatch):
    """A program that has not imported it has the chosen zone too."""
    monkeypatch.delitem(sys.modules, "tzlocal.unix", raising=False)
    with EcsEvents(tz="Asia/Shanghai"):
        assert time.strftime("%H:%M") == "08:00"
    assert "tzlocal.unix" not in sys.modules


def test_a_tzlocal_of_another_kind_does_no_harm(monkeypatch):
    """A version of tzlocal that caches its zone elsewhere is not touched."""
    monkeypatch.setitem(sys.modules, "tzlocal.unix", ModuleType("tzlocal.unix"))
    with EcsEvents(tz="Asia/Shanghai"):
        assert time.strftime("%H:%M") == "08:00"
