"""The page that compares says how many faults tests with mocks find: it is counted here."""

import re

import pytest
from pages import DOCS, fences
from sizes import NIGHTLY

PAGE = (DOCS / "compared-with.md").read_text("utf-8")
FILES = {fence.name: fence.text for fence in fences((DOCS / "coming-from-mocks.md").read_text("utf-8")) if fence.name}

# By the row of the page, what stands in the handler and what is put in its place.
FAULTS = {
    "asks for events in `Executing`": ('["Scheduled"]', '["Executing"]'),
    "asks without a status": ('        request.set_InstanceEventCycleStatuss(["Scheduled"])\n', ""),
    "misspells a parameter's name": (
        'request.set_InstanceEventCycleStatuss(["Scheduled"])',
        'request.add_query_param("InstanceEventCycleStatus", "Scheduled")',
    ),
    "asks in another region": ("cn-hangzhou", "cn-beijing"),
    "reboots as soon as an event is announced": ("timedelta(hours=2)", "timedelta(days=9)"),
    "reboots two minutes ahead, but polls each half hour": ("timedelta(hours=2)", "timedelta(minutes=2)"),
    "reboots by the id of the event": ('event["InstanceId"]', 'event["EventId"]'),
    "polls once a day": ("time.sleep(1800)", "time.sleep(86400)"),
    "stops the instance": ("RebootInstance", "StopInstance"),
    "takes local time for UTC": ("datetime.now(timezone.utc)", "datetime.now().replace(tzinfo=timezone.utc)"),
}


def found_by(pytester, fault, *options):
    """How many files with mocks, and how many with the plugin, have a test that fails for a fault."""
    shown, instead = FAULTS[fault]
    assert shown in FILES["poller.py"]
    for name, text in FILES.items():
        (pytester.path / name).write_text(text.replace(shown, instead) if name == "poller.py" else text, "utf-8")
    result = pytester.runpytest_inprocess("--tb=no", "-rfE", "-Wignore", *options)
    names = set(re.findall(r"^(?:FAILED|ERROR) test_(\w+)\.py", result.stdout.str(), re.MULTILINE))
    return [sum(name.endswith(kind) for name in names) for kind in ("before", "after")]


@pytest.mark.parametrize("fault", list(FAULTS)[:: 1 if NIGHTLY else 4])
def test_the_page_says_how_many_tests_find_a_fault(pytester, monkeypatch, fault):
    """Of five pairs of tests, the file with mocks and the file with the plugin; by day for some faults."""
    monkeypatch.setenv("TZ", "UTC")
    with_mocks, with_plugin = found_by(pytester, fault)
    assert f"| {fault} | {with_mocks} of 5 | {with_plugin} of 5 |\n" in PAGE


def test_the_page_has_no_other_row():
    """Each row of the table is counted."""
    assert re.findall(r"^\| (.+) \| \d of 5 \| \d of 5 \|$", PAGE, re.MULTILINE) == list(FAULTS)


def test_a_zone_lets_local_time_be_found(pytester, monkeypatch):
    """The setting that the page names does it, for one test with the plugin."""
    monkeypatch.setenv("TZ", "UTC")
    assert "one of the five tests with this plugin finds it" in PAGE
    assert found_by(pytester, "takes local time for UTC", "-oecs_events_tz=Asia/Shanghai") == [0, 1]
