"""The story of a test."""

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.face._timeline import elapsed_text


def test_the_timeline_tells_the_whole_story(call):
    """Calls, events and instances with their causes, and faults, each at its instant, in the order they happened."""
    with EcsEvents("2030-01-01T00:00:00Z", seed="story") as ecs_events:
        ecs_events.instances.add("i-web1")
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
        real = ecs_events.create("SystemFailure.Delete", "i-web1", simulated=False)
        ecs_events.fail("RebootInstance", "Throttling.User")
        ecs_events.advance("500ms")
        call("DescribeInstancesFullStatus", InstanceId__1="i-web1")
        with pytest.raises(ServerException):
            call("RebootInstance", InstanceId="i-web1")
        call("RebootInstance", InstanceId="i-web1")
        ecs_events.advance("2d")
        with pytest.raises(ServerException):
            call("RebootInstance", InstanceId="i-web1")
        text = ecs_events.timeline()
    assert text.splitlines() == [
        "clock 2030-01-01T00:00:00Z +2d 00:00:00.5 = 2030-01-03T00:00:00Z (freezegun); 2 events, 4 calls, 1 fault",
        f"      +00:00:00  event     {event.event_id}  simulated SystemMaintenance.Reboot on i-web1: Scheduled, NotBefore "
        "2030-01-02T00:00:00Z (created by the test)",
        f"      +00:00:00  event     {real.event_id}  SystemFailure.Delete on i-web1: Executing, NotBefore "
        "2030-01-01T00:00:00Z (created by the test)",
        "    +00:00:00.5  call      DescribeInstancesFullStatus(InstanceId=[i-web1]) -> 200, 1 instance",
        "    +00:00:00.5  fault     RebootInstance(InstanceId=i-web1) -> 400 Throttling.User",
        "    +00:00:00.5  call      RebootInstance(InstanceId=i-web1) -> 200",
        f"    +00:00:00.5  event     {event.event_id}  Scheduled -> Avoided: RebootInstance before NotBefore",
        "    +00:00:00.5  instance  i-web1  Running -> Stopping -> Starting -> Running: RebootInstance",
        f"      +00:00:01  event     {real.event_id}  Executing -> Executed: execution ended",
        "      +00:00:01  instance  i-web1  Running -> released: SystemFailure.Delete",
        " +2d 00:00:00.5  call      RebootInstance(InstanceId=i-web1) -> 404 InvalidInstanceId.NotFound",
        "                             i-web1 has been released.",
    ]


def test_a_call_repeated_to_the_letter_is_one_line(call):
    """A poll that says the same each time is told once, with its number and its end."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        for _ in range(3):
            call("DescribeInstances")
            ecs_events.advance("10m")
        call("DescribeInstances", Status="Running")
        assert ecs_events.timeline().splitlines()[1:] == [
            " +00:00:00  call      DescribeInstances() -> 200, 0 instances (3 times until +00:20:00)",
            " +00:30:00  call      DescribeInstances(Status=Running) -> 200, 0 instances",
        ]


def test_the_timeline_stays_as_it_was_when_the_cloud_was_left():
    """After the test the timeline's clock is the one it ended with."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.advance("1h")
    assert ecs_events.timeline() == (
        "clock 2030-01-01T00:00:00Z +01:00:00 = 2030-01-01T01:00:00Z (freezegun); 0 events, 0 calls, 0 faults"
    )
    assert repr(ecs_events) == "<EcsEvents at 2030-01-01T01:00:00Z: 0 events, 0 instances, 0 calls>"


def test_an_empty_answer_says_where_there_are_events(call):
    """A poll in the wrong region or account is told apart from a world without events."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        ecs_events.instances.add("i-web1", region_id="cn-beijing")
        ecs_events.instances.add("i-web2", account_id="222", region_id="cn-hangzhou")
        for name in ("i-web1", "i-web2"):
            ecs_events.create("SystemMaintenance.Reboot", name, not_before="+1h")
        call("DescribeInstanceHistoryEvents", EventCycleStatus="Scheduled")
        call("DescribeInstancesFullStatus")
        hint = (
            "                        None in cn-hangzhou of account 1000000000000001; there are such events in "
            "cn-beijing, of account 222 in cn-hangzhou."
        )
        lines = ecs_events.timeline().splitlines()
        assert (lines[4], lines[6]) == (hint, hint)


def test_faults_not_met_yet_are_counted():
    """The header tells how many of the declared faults were met."""
    with EcsEvents() as ecs_events:
        ecs_events.strict = False
        ecs_events.fail("RebootInstance", "Throttling", times=3)
        assert ecs_events.timeline().endswith("0 calls, 0 of 3 faults met")


def test_a_long_list_in_a_call_is_cut(call):
    """A call with many ids shows the first three and a count; a tag is shown as key:value."""
    with EcsEvents() as ecs_events:
        call("DescribeInstanceStatus", **{f"InstanceId__{n}": f"i-{n}" for n in range(1, 6)})
        call("DescribeInstances", Tag__1__Key="role", Tag__1__Value="web")
        lines = ecs_events.timeline().splitlines()
    assert lines[1].endswith("DescribeInstanceStatus(InstanceId=[i-1, i-2, i-3, and 2 more]) -> 200, 0 instances")
    assert lines[2].endswith("DescribeInstances(Tag=[role:web]) -> 200, 0 instances")


@pytest.mark.parametrize(
    ("micros", "text"),
    [
        (0, "+00:00:00"),
        (3_723_000_001, "+01:02:03.000001"),
        (90_000_000_000, "+1d 01:00:00"),
        (-1_000_000, "-00:00:01"),
    ],
)
def test_elapsed_time_is_printed_in_days_and_hours(micros, text):
    """Instants of the timeline count from the start, also backwards when somebody moved the clock back."""
    assert elapsed_text(micros) == text
