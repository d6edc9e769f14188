"""The timeline as a picture."""

import re
import time
import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.report._chart import chart
from pytest_ecsevents.report._svg import COLOURS

SVG = "{http://www.w3.org/2000/svg}"


def _parsed(ecs_events):
    return ET.fromstring(ecs_events.svg())  # noqa: S314  # it is our own


def _texts(svg):
    return ["".join(element.itertext()).removeprefix("".join(_titles(element))) for element in svg.iter(f"{SVG}text")]


def _titles(svg):
    """Return the tooltip of every bar and mark."""
    return [element.text for element in svg.iter(f"{SVG}title")]


def _classes(svg):
    return Counter(name for element in svg.iter() for name in element.get("class", "").split())


@pytest.fixture
def ecs():
    """A cloud from 2030-01-01T00:00:00Z on."""
    with EcsEvents("2030-01-01T00:00:00Z", seed="chart") as ecs_events:
        ecs_events.strict = False
        yield ecs_events


def test_the_picture_shows_everything(ecs, call):
    """A lane for each instance, a bar for each status, a shape for each end, marks for calls, and a legend."""
    ecs.instances.add("i-web1", stopping_takes="10m")
    ecs.instances.add("i-web2")
    first = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    real = ecs.create("SystemMaintenance.Stop", "i-web2", not_before="+2h", simulated=False, executing_for="1h")
    failed = ecs.create("SystemMaintenance.Reboot", "i-web2", not_before="+1h", simulated=False, outcome="Failed")
    canceled = ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+24h")
    inquiring = ecs.create("SystemMaintenance.Reboot", "i-web2", simulated=False, status="Inquiring")
    ecs.fail("RebootInstance", "NotNow", message="Not now.", http_status=400)
    for hour in range(4):
        call("DescribeInstances")
        if hour in (0, 3):
            with pytest.raises(ServerException):
                call("RebootInstance", InstanceId="i-web1" if hour == 0 else "i-none")
        time.sleep(3600)
    call("RebootInstance", InstanceId="i-web1")
    ecs.cancel(canceled)
    ecs.advance("1h")
    svg = _parsed(ecs)
    assert svg.tag == f"{SVG}svg"
    assert (svg.get("role"), svg.get("aria-label")) == (
        "img",
        "ECS events: clock 2030-01-01T00:00:00Z +05:00:00 = 2030-01-01T05:00:00Z (freezegun); 5 events, 7 calls, 1 fault",
    )
    assert _texts(svg) == [
        svg.get("aria-label"),
        *("start", "+1h", "+2h", "+3h", "+4h", "+5h"),
        "calls",
        "i-web1",
        "SystemMaintenance.Reboot",
        "SystemMaintenance.Stop",
        "i-web2",
        "SystemMaintenance.Stop",
        "SystemMaintenance.Reboot",
        "SystemMaintenance.Reboot",
        *("Inquiring", "Scheduled", "Executing", "Executed", "Avoided", "Canceled", "Failed"),
        *("look", "other call", "refused call", "fault", "Running", "Stopped", "on the way"),
    ]
    titles = _titles(svg)
    assert titles[0] == svg.get("aria-label")
    reboot, stop = (f"{event.event_id}: {event.event_type} on {event.instance_id}" for event in (first, real))
    for title in (
        f"{reboot}\nScheduled from +00:00:00 to +04:00:00: created by the test",
        f"{reboot}\nAvoided at +04:00:00: RebootInstance before NotBefore",
        f"{stop}\nExecuting from +02:00:00 to +03:00:00: NotBefore reached",
        f"{stop}\nExecuted at +03:00:00: execution ended",
        f"{canceled.event_id}: SystemMaintenance.Stop on i-web1\nCanceled at +04:00:00: canceled by the test",
        f"{failed.event_id}: SystemMaintenance.Reboot on i-web2\nFailed at +01:00:01: execution failed",
        f"{inquiring.event_id}: SystemMaintenance.Reboot on i-web2\nInquiring from +00:00:00 to +05:00:00: created by the test",
        "+00:00:00  RebootInstance(InstanceId=i-web1) -> 400 NotNow",
        "+03:00:00  RebootInstance(InstanceId=i-none) -> 404 InvalidInstanceId.NotFound",
        "+04:00:00  RebootInstance(InstanceId=i-web1) -> 200",
        "+01:00:00  DescribeInstances() -> 200, 2 instances",
        "i-web1\nRunning from +00:00:00 to +04:00:00",
        "i-web1\nStopping from +04:00:00 to +04:10:00",
        "i-web1\nRunning from +04:10:00 to +05:00:00",
        "i-web2\nRunning from +00:00:00 to +01:00:00",
        "i-web2\nRunning from +01:00:00 to +02:00:00",
        "i-web2\nStopped from +02:00:00 to +05:00:00",
    ):
        assert titles.count(title) == 1, title


def test_what_is_still_to_come_is_outlined(ecs):
    """The picture goes as far beyond now as now is from the start; it shows planned times, and now itself."""
    ecs.instances.add("i-web1")
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    assert _texts(_parsed(ecs))[1:] == [
        *("start", "+3h", "+6h", "+9h", "+12h", "+15h", "+18h", "+21h", "+1d", "now"),
        *("i-web1", "Scheduled", "Running"),
    ]
    ecs.advance("2h")
    svg = _parsed(ecs)
    assert _texts(svg)[1:] == [
        *("start", "+30m", "+1h", "+1h30m", "+2h", "+2h30m", "+3h", "+3h30m", "+4h", "now"),
        *("i-web1", "SystemMaintenance.Reboot", "Scheduled", "Running"),
    ]
    assert f"{event.event_id}: SystemMaintenance.Reboot on i-web1\nScheduled; NotBefore +1d 00:00:00" in _titles(svg)


def test_an_empty_story_is_a_picture_too(ecs):
    """Without instances, events and calls there is only an axis."""
    assert _texts(_parsed(ecs))[1:] == ["start", "+10s", "+20s", "+30s", "+40s", "+50s", "+1m", "now"]


def test_events_share_a_row_where_there_is_room(ecs):
    """An event that begins after another has ended is beside it; one that overlaps is below."""
    ecs.instances.add("i-web1")
    ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+1h")
    ecs.advance("10h")
    ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+1h")
    ecs.create("SystemMaintenance.Stop", "i-web1", not_before="+2h")
    ecs.advance("10h")
    svg = _parsed(ecs)
    rows = [
        float(bar.get("y"))
        for bar in svg.iter(f"{SVG}rect")
        if "ecse-f-scheduled" in bar.get("class", "") and bar.get("y")
    ]
    assert rows[0] == rows[1] == rows[2] - 18


def test_an_instance_has_a_line_only_while_it_is_there(ecs, call):
    """It was created in the middle of the test and released before its end."""
    ecs.instances.add("i-web1")
    ecs.instances.pending_takes = "30m"
    ecs.advance("1h")
    call("CreateInstance", ImageId="any", InstanceType="ecs.t6-c1m1.large", SecurityGroupId="sg-1")
    ecs.advance("1h")
    ecs.release("i-web1")
    ecs.advance("1h")
    new = next(iter(ecs.instances))
    lives = [title.splitlines() for title in _titles(_parsed(ecs)) if " from " in title]
    assert lives == [
        [new, "Pending from +01:00:00 to +01:30:00"],
        [new, "Stopped from +01:30:00 to +03:00:00"],
        ["i-web1", "Running from +00:00:00 to +02:00:00"],
    ]


def test_of_too_much_the_rest_is_counted(ecs):
    """Fifty instances and two hundred events are shown, those with events first; bars are thin then."""
    for number in range(60):
        ecs.instances.add(f"i-{number:02}")
    for number in range(230):
        ecs.create("SystemMaintenance.Stop", f"i-{59 - number % 55:02}", not_before="+1h")
    ecs.reboot("i-00")
    svg = _parsed(ecs)
    texts = _texts(svg)
    assert texts[-1] == "Not shown: 10 more instances and 45 more events."
    assert [text for text in texts if text.startswith("i-")] == [f"i-{number:02}" for number in range(59, 9, -1)]
    assert "SystemMaintenance.Stop" not in texts
    assert float(svg.get("viewBox").split()[-1]) < 4000


def test_one_instance_too_many_is_noted_in_the_singular(ecs):
    """The note below the picture is a correct sentence."""
    for number in range(51):
        ecs.instances.add(f"i-{number:02}")
    assert _texts(_parsed(ecs))[-1] == "Not shown: 1 more instance."


def test_marks_that_are_near_each_other_are_one(ecs, call):
    """The mark lists the first calls and the number of further ones."""
    for _ in range(7):
        call("DescribeRegions")
    ecs.advance("1h")
    assert _titles(_parsed(ecs))[1].splitlines() == [
        *["+00:00:00  DescribeRegions() -> 200"] * 5,
        "and 2 more",
    ]


@pytest.mark.parametrize(("days", "ticks"), [(0.00001, 5), (1, 9), (40, 9), (400, 7), (20000, 8)])
def test_the_axis_has_a_handful_of_ticks(ecs, days, ticks):
    """The axis stays readable at any length of the test."""
    ecs.advance(days=days)
    assert len(_texts(_parsed(ecs))) - 1 == ticks


def test_a_clock_that_was_moved_back_is_shown(freezer):
    """Events before the start are left of it."""
    freezer.move_to("2030-01-02T00:00:00")
    with EcsEvents() as ecs_events:
        freezer.move_to("2030-01-01T12:00:00")
        ecs_events.instances.add("i-web1")
        ecs_events.create("SystemMaintenance.Stop", "i-web1", not_before="2030-01-02T12:00:00Z")
        freezer.move_to("2030-01-02T06:00:00")
        assert _texts(_parsed(ecs_events))[1:8] == ["-12h", "-9h", "-6h", "-3h", "start", "+3h", "+6h"]


def test_names_are_written_so_that_they_cannot_break_the_picture(ecs):
    """Angle brackets, quotes and characters outside XML are harmless.

    A long name is cut, and complete in its tooltip.
    """
    name = "i-<script>\"&'\x00" + "x" * 40
    ecs.instances.add(name)
    svg = _parsed(ecs)
    assert "i-<script>\"&'\\x00xxxxxxxxxxxx…" in _texts(svg)
    assert f"i-<script>\"&'\\x00{'x' * 40}" in _titles(svg)
    assert not list(svg.iter(f"{SVG}script"))


def test_the_picture_needs_nothing_else(ecs):
    """It has no script, no reference to another file, and no id that would clash in a page with two pictures."""
    text = ecs.svg()
    for word in ("<script", "href", "url(", "@import", " id=", "http"):
        assert word not in text.replace('xmlns="http://www.w3.org/2000/svg"', ""), word
    assert re.search(r"@media \(prefers-color-scheme:dark\)", text)


def _luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one, other):
    brighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("page", [0, 1], ids=["light", "dark"])
def test_colours_differ_enough_from_the_background(page):
    """Shapes have a contrast of 3, words one of 4.5, also on bars, as WCAG 2.1 requires."""
    ground = [COLOURS[name][page] for name in ("paper", "stripe")]
    for name in ("inquiring", "scheduled", "executing", "executed", "avoided", "canceled", "failed", "fault"):
        assert min(_contrast(COLOURS[name][page], colour) for colour in ground) >= 3, name
    for name in ("ink", "faint"):
        assert min(_contrast(COLOURS[name][page], colour) for colour in ground) >= 4.5, name
    for name in ("inquiring", "scheduled", "executing"):
        assert _contrast("#ffffff", COLOURS[name][page]) >= 4.5, name


@pytest.mark.parametrize(("letters", "length"), [(138, None), (139, "972")])
def test_a_title_that_is_too_long_is_squeezed(ecs, letters, length):
    """With a clock that runs with the machine, its instants have microseconds."""
    svg = ET.fromstring(chart("x" * letters, [], {}, ecs._parts.story()))  # noqa: S314  # it is our own
    head = next(one for one in svg.iter(f"{SVG}text") if "ecse-head" in one.get("class"))
    assert head.get("textLength") == length
