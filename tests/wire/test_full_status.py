"""DescribeInstancesFullStatus."""

import re

import pytest

REBOOT = "SystemMaintenance.Reboot"


def entries(reply):
    """The instances of a reply."""
    return reply["InstanceFullStatusSet"]["InstanceFullStatusType"]


@pytest.fixture
def status(call):
    """Query instances; it returns the ids of each one's events, by instance id in the order of the reply."""

    def query(raw=None, **params):
        return {
            entry["InstanceId"]: [
                event["EventId"] for event in entry["ScheduledSystemEventSet"]["ScheduledSystemEventType"]
            ]
            for entry in entries(call("DescribeInstancesFullStatus", raw, **params))
        }

    return query


@pytest.fixture
def fleet(ecs_events):
    """Three instances: i-a with a Reboot and a Stop event, i-b with a Redeploy event, i-c without events.

    The ids of the events, by type; they are published at 00:00 and due at 01:00, 02:00 and 03:00.
    """
    for name in ("i-a", "i-b", "i-c"):
        ecs_events.instances.add(name)
    return {
        "Reboot": ecs_events.create(REBOOT, "i-a", not_before="+1h").event_id,
        "Stop": ecs_events.create("SystemMaintenance.Stop", "i-a", not_before="+2h").event_id,
        "Redeploy": ecs_events.create("SystemMaintenance.Redeploy", "i-b", not_before="+3h").event_id,
    }


# -- the reply


def test_no_instances(call):
    """An account without instances gets an empty list and a count of zero."""
    reply = call("DescribeInstancesFullStatus")

    assert set(reply) == {"InstanceFullStatusSet", "PageNumber", "PageSize", "RequestId", "TotalCount"}
    assert reply["InstanceFullStatusSet"] == {"InstanceFullStatusType": []}
    assert (reply["TotalCount"], reply["PageNumber"], reply["PageSize"]) == (0, 1, 10)
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", reply["RequestId"])


def test_instance_without_events(call, web1):
    """An instance without events is listed with an empty list of events."""
    reply = call("DescribeInstancesFullStatus")

    assert entries(reply) == [
        {
            "InstanceId": "i-web1",
            "Status": {"Code": 1, "Name": "Running"},
            "HealthStatus": {"Code": 0, "Name": "Ok"},
            "ScheduledSystemEventSet": {"ScheduledSystemEventType": []},
        }
    ]
    assert reply["TotalCount"] == 1


def test_instance_with_an_event(call, in_status, web1):
    """A Scheduled simulated event is listed with its type, times and reason; the instance stays Ok."""
    event = in_status("Scheduled")

    (entry,) = entries(call("DescribeInstancesFullStatus"))

    assert entry["HealthStatus"] == {"Code": 0, "Name": "Ok"}
    (shown,) = entry["ScheduledSystemEventSet"]["ScheduledSystemEventType"]
    expected = {
        "EventId": event.event_id,
        "EventType": {"Code": 1, "Name": "SystemMaintenance.Reboot"},
        "EventCycleStatus": {"Code": 24, "Name": "Scheduled"},
        "EventPublishTime": "2030-01-01T00:00:00Z",
        "NotBefore": "2030-01-01T01:00:00Z",
        "Reason": "A simulated event.",
    }
    assert {name: shown.get(name) for name in expected} == expected
    assert "EventFinishTime" not in shown


def test_inquiring_event(call, ecs_events, web1):
    """An Inquiring event is listed and has no NotBefore."""
    ecs_events.create("SystemMaintenance.Redeploy", web1, simulated=False, status="Inquiring")

    (entry,) = entries(call("DescribeInstancesFullStatus"))

    (shown,) = entry["ScheduledSystemEventSet"]["ScheduledSystemEventType"]
    assert shown["EventCycleStatus"] == {"Code": 28, "Name": "Inquiring"}
    assert "NotBefore" not in shown


def test_event_without_reason(call, ecs_events, web1):
    """A real event without a reason has no Reason."""
    ecs_events.create(REBOOT, web1, not_before="+1h", simulated=False)

    (entry,) = entries(call("DescribeInstancesFullStatus"))

    (shown,) = entry["ScheduledSystemEventSet"]["ScheduledSystemEventType"]
    assert not shown.get("Reason")


@pytest.mark.parametrize("event_status", ["Executing", "Executed", "Avoided", "Canceled"])
def test_other_statuses_are_not_listed(status, in_status, web1, event_status):
    """Events that are neither Scheduled nor Inquiring are not listed; their instance is."""
    in_status(event_status)

    assert status() == {"i-web1": []}


@pytest.mark.parametrize("event_type", ["SystemFailure.Reboot", "SystemFailure.Stop", "InstanceFailure.Reboot"])
def test_failure_events_are_not_listed(status, ecs_events, web1, event_type):
    """Simulated failure events, born Executing, never appear."""
    ecs_events.create(event_type, web1, not_before="+1h")

    assert status() == {"i-web1": []}


def test_stopped_instance(call, ecs_events):
    """A Stopped instance is listed as such."""
    ecs_events.instances.add("i-web1", status="Stopped")

    (entry,) = entries(call("DescribeInstancesFullStatus"))

    assert entry["Status"]["Name"] == "Stopped"


def test_several_events_of_one_instance(status, fleet):
    """An instance has one entry with all its events."""
    found = status()

    assert set(found) == {"i-a", "i-b", "i-c"}
    assert set(found["i-a"]) == {fleet["Reboot"], fleet["Stop"]}
    assert found["i-b"] == [fleet["Redeploy"]]
    assert found["i-c"] == []


def test_released_instance(status, ecs_events, fleet):
    """A released instance is gone."""
    ecs_events.release("i-b")

    assert set(status()) == {"i-a", "i-c"}


# -- filters that choose instances


def test_instance_ids(status, fleet):
    """InstanceId.N lists these instances, with or without events."""
    found = status(InstanceIds=["i-c", "i-b"])

    assert set(found) == {"i-b", "i-c"}
    assert found["i-b"] == [fleet["Redeploy"]]


def test_repeated_instance_id(call, fleet):
    """An id given twice is one instance."""
    reply = call("DescribeInstancesFullStatus", InstanceIds=["i-c", "i-c"])

    assert [entry["InstanceId"] for entry in entries(reply)] == ["i-c"]
    assert reply["TotalCount"] == 1


def test_unknown_instance_ids(status, fleet):
    """Unknown instances are left out."""
    assert set(status(InstanceIds=["i-none", "i-c"])) == {"i-c"}


def test_gap_in_the_list(status, fleet):
    """A list whose indices have a gap is read as the ids that are there."""
    assert set(status({"InstanceId.2": "i-a", "InstanceId.8": "i-c"})) == {"i-a", "i-c"}


def test_hundred_instance_ids(status, fleet):
    """InstanceId.N takes 100 members."""
    assert set(status(InstanceIds=[*(f"i-{number}" for number in range(99)), "i-a"])) == {"i-a"}


def test_hundred_and_one_instance_ids(refused, fleet):
    """101 instance ids are refused."""
    refusal = refused("DescribeInstancesFullStatus", InstanceIds=[f"i-{number}" for number in range(101)])

    assert refusal == (403, "InstanceIdLimitExceeded", "The amount of InstanceId specified exceeds limit 100.")


@pytest.mark.parametrize(("wanted", "found"), [("Running", "i-run"), ("Stopped", "i-stop")])
def test_status(status, ecs_events, wanted, found):
    """Status lists the instances in that status."""
    ecs_events.instances.add("i-run")
    ecs_events.instances.add("i-stop", status="Stopped")

    assert set(status(Status=wanted)) == {found}


def test_status_starting(status, web1):
    """Starting is a valid filter; no instance has that status here."""
    assert status(Status="Starting") == {}


def test_unknown_status(refused, web1):
    """A status that does not exist is refused with a message that names the parameter."""
    refusal = refused("DescribeInstancesFullStatus", Status="Sleeping")

    assert refusal[:2] == (403, "InvalidParameter")
    assert "Status" in refusal.message


@pytest.mark.parametrize(
    ("health", "code"), [("Impaired", 128), ("Warning", 64), ("InsufficientData", None), ("Maintaining", None)]
)
def test_health_status(call, ecs_events, web1, health, code):
    """HealthStatus lists the instances of that health; it accepts the published codes."""
    ecs_events.instances.add("i-ill", health_status=health)

    (entry,) = entries(call("DescribeInstancesFullStatus", HealthStatus=health))

    assert entry["InstanceId"] == "i-ill"
    assert entry["HealthStatus"]["Name"] == health
    assert code in {None, entry["HealthStatus"]["Code"]}


@pytest.mark.parametrize("health", ["Initializing", "NotApplicable", "Impaired"])
def test_health_status_without_a_match(status, fleet, health):
    """A health that no instance has returns an empty list."""
    assert status(HealthStatus=health) == {}


@pytest.mark.parametrize("health", ["warning", "WARNING", "Healthy", "Ok"])
def test_unknown_health_status(refused, web1, health):
    """HealthStatus is case-sensitive; what is not among its values, as Ok is not, is refused."""
    refusal = refused("DescribeInstancesFullStatus", HealthStatus=health)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "HealthStatus" in refusal.message


# -- filters that choose events


def test_event_ids(status, fleet):
    """EventId.N lists these events, and only instances that have one."""
    assert status(EventIds=[fleet["Stop"]]) == {"i-a": [fleet["Stop"]]}
    assert status(EventIds=[fleet["Stop"], fleet["Redeploy"]]) == {"i-a": [fleet["Stop"]], "i-b": [fleet["Redeploy"]]}


def test_unknown_event_id(call, fleet):
    """An unknown event id returns no instance."""
    reply = call("DescribeInstancesFullStatus", EventIds=["e-bp100000000000000000"])

    assert entries(reply) == []
    assert reply["TotalCount"] == 0


def test_event_id_in_another_status(status, in_status, web1):
    """An event that is neither Scheduled nor Inquiring is not found by its id either."""
    event = in_status("Canceled")

    assert status(EventIds=[event.event_id]) == {}


def test_hundred_event_ids(status, fleet):
    """EventId.N takes 100 members."""
    ids = [*(f"e-bp1{number:017}" for number in range(99)), fleet["Stop"]]

    assert status(EventIds=ids) == {"i-a": [fleet["Stop"]]}


def test_hundred_and_one_event_ids(refused, fleet):
    """101 event ids are refused."""
    refusal = refused("DescribeInstancesFullStatus", EventIds=[f"e-bp1{number:017}" for number in range(101)])

    assert refusal == (403, "EventIdLimitExceeded", "The amount of EventId specified exceeds limit 100.")


def test_one_type(status, fleet):
    """EventType lists the events of one type, and only instances that have one."""
    assert status(EventType="SystemMaintenance.Stop") == {"i-a": [fleet["Stop"]]}


def test_several_types(status, fleet):
    """InstanceEventType.N lists the events of any of its types."""
    found = status(InstanceEventTypes=["SystemMaintenance.Reboot", "SystemMaintenance.Redeploy"])

    assert found == {"i-a": [fleet["Reboot"]], "i-b": [fleet["Redeploy"]]}


def test_list_of_types_wins(status, fleet):
    """EventType is read only without InstanceEventType.N."""
    found = status(EventType="SystemMaintenance.Stop", InstanceEventTypes=["SystemMaintenance.Redeploy"])

    assert found == {"i-b": [fleet["Redeploy"]]}


def test_type_that_no_event_has(call, fleet):
    """A type that no event has returns no instance."""
    reply = call("DescribeInstancesFullStatus", EventType="SystemFailure.Reboot")

    assert entries(reply) == []
    assert reply["TotalCount"] == 0


def test_types_limit(call, refused, web1):
    """InstanceEventType.N takes 30 members and no more."""
    assert call("DescribeInstancesFullStatus", InstanceEventTypes=[REBOOT] * 30)["TotalCount"] == 0
    assert refused("DescribeInstancesFullStatus", InstanceEventTypes=[REBOOT] * 31)[:2] == (403, "InvalidParameter")


NOT_BEFORE_RANGES = {
    "from-the-middle": ("02:00:00", None, {"Stop", "Redeploy"}),
    "to-the-middle": (None, "02:00:00", {"Reboot", "Stop"}),
    "exactly-the-middle": ("02:00:00", "02:00:00", {"Stop"}),
    "all": ("01:00:00", "03:00:00", {"Reboot", "Stop", "Redeploy"}),
    "a-second-inside": ("01:00:01", "02:59:59", {"Stop"}),
    "between": ("01:00:01", "01:59:59", set()),
}


@pytest.mark.parametrize(("start", "end", "found"), NOT_BEFORE_RANGES.values(), ids=NOT_BEFORE_RANGES)
def test_not_before_range(status, fleet, start, end, found):
    """NotBefore.Start and .End include both ends; instances without an event in the range are left out."""
    params = {"NotBeforeStart": start, "NotBeforeEnd": end}

    shown = status(**{name: f"2030-01-01T{value}Z" for name, value in params.items() if value})

    assert {event for events in shown.values() for event in events} == {fleet[name] for name in found}
    assert all(shown.values())


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        ("2030-01-01T00:00:00Z", None, {"i-a", "i-b"}),
        (None, "2030-01-01T00:00:00Z", {"i-a", "i-b"}),
        ("2030-01-01T00:00:01Z", None, set()),
        (None, "2029-12-31T23:59:59Z", set()),
        ("2030-01-01T00:00:00Z", "2030-01-01T00:00:00Z", {"i-a", "i-b"}),
    ],
    ids=lambda value: len(value) if isinstance(value, set) else str(value),
)
def test_publish_time_range(status, fleet, start, end, found):
    """EventPublishTime.Start and .End include both ends; instances without an event in the range are left out."""
    params = {"EventPublishTimeStart": start, "EventPublishTimeEnd": end}

    assert set(status(**{name: value for name, value in params.items() if value})) == found


def test_range_does_not_widen_the_statuses(status, in_status, web1):
    """A range does not add events of other statuses."""
    in_status("Executed")

    assert status(EventPublishTimeStart="2030-01-01T00:00:00Z", NotBeforeEnd="2030-01-02T00:00:00Z") == {}


@pytest.mark.parametrize("name", ["NotBefore", "EventPublishTime"])
def test_end_before_start(refused, web1, name):
    """A range that ends before it starts is refused."""
    refusal = refused(
        "DescribeInstancesFullStatus",
        {f"{name}.Start": "2030-01-02T00:00:00Z", f"{name}.End": "2030-01-01T23:59:59Z"},
    )

    assert refusal[:2] == (403, "InvalidParameter.TimeEndBeforeStart")


@pytest.mark.parametrize("name", ["NotBefore", "EventPublishTime"])
@pytest.mark.parametrize("end", ["Start", "End"])
def test_range_end_that_is_no_time(refused, web1, name, end):
    """A range whose end is no time is refused with a message that names it."""
    refusal = refused("DescribeInstancesFullStatus", {f"{name}.{end}": "2030-01-01"})

    assert refusal[:2] == (403, "InvalidParameter")
    assert f"{name}.{end}" in refusal.message


def test_filters_together(status, fleet):
    """All filters are ANDed."""
    assert status(InstanceIds=["i-a", "i-c"], EventType="SystemMaintenance.Redeploy") == {}
    assert status(
        InstanceIds=["i-a"],
        Status="Running",
        InstanceEventTypes=["SystemMaintenance.Stop", "SystemMaintenance.Reboot"],
        NotBeforeStart="2030-01-01T02:00:00Z",
        EventIds=[fleet["Stop"], fleet["Reboot"]],
    ) == {"i-a": [fleet["Stop"]]}


# -- accounts, regions, pages


def test_other_account(other_account, ecs_events, fleet):
    """An account sees its own instances only."""
    ecs_events.instances.add("i-theirs", account_id="222")

    reply = other_account.call("DescribeInstancesFullStatus")

    assert [entry["InstanceId"] for entry in entries(reply)] == ["i-theirs"]
    assert reply["TotalCount"] == 1


def test_other_account_by_id(other_account, fleet):
    """Another account's instance is not found by its id."""
    assert entries(other_account.call("DescribeInstancesFullStatus", InstanceIds=["i-a"])) == []


def test_other_region(new_sdk, ecs_events, fleet):
    """A region's instances are found under its RegionId only."""
    ecs_events.instances.add("i-north", region_id="cn-beijing")

    reply = new_sdk(region_id="cn-beijing").call("DescribeInstancesFullStatus")

    assert [entry["InstanceId"] for entry in entries(reply)] == ["i-north"]


def test_missing_region(http, web1):
    """A call without RegionId is refused with 404 MissingParameter."""
    status, reply = http({"Action": "DescribeInstancesFullStatus"})

    assert (status, reply["Code"]) == (404, "MissingParameter")


@pytest.fixture
def many(ecs_events):
    """The ids of 25 instances."""
    return {ecs_events.instances.add(f"i-{number:02}").instance_id for number in range(25)}


def test_first_page_by_default(call, many):
    """Without paging parameters ten instances are returned, with the total."""
    reply = call("DescribeInstancesFullStatus")

    assert len(entries(reply)) == 10
    assert (reply["PageNumber"], reply["PageSize"], reply["TotalCount"]) == (1, 10, 25)


@pytest.mark.parametrize("size", [1, 7, 10, 24, 25, 100])
def test_all_pages(call, many, size):
    """The pages together hold every instance once."""
    seen = []
    for number in range(1, -(-25 // size) + 1):
        reply = call("DescribeInstancesFullStatus", PageNumber=number, PageSize=size)
        assert (reply["PageNumber"], reply["PageSize"], reply["TotalCount"]) == (number, size, 25)
        seen += [entry["InstanceId"] for entry in entries(reply)]

    assert len(seen) == 25
    assert set(seen) == many


def test_page_past_the_end(call, many):
    """A page past the end is empty and has the true count."""
    reply = call("DescribeInstancesFullStatus", PageNumber=4, PageSize=10)

    assert entries(reply) == []
    assert reply["TotalCount"] == 25


@pytest.mark.parametrize("size", [0, -1, 101, "ten"])
def test_page_size_out_of_range(refused, many, size):
    """PageSize outside 1 to 100 is refused with a message that names it."""
    refusal = refused("DescribeInstancesFullStatus", PageSize=size)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "PageSize" in refusal.message


@pytest.mark.parametrize("number", [0, -1, "two"])
def test_page_number_out_of_range(refused, many, number):
    """PageNumber below 1 is refused with a message that names it."""
    refusal = refused("DescribeInstancesFullStatus", PageNumber=number)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "PageNumber" in refusal.message


def test_count_is_of_instances(call, fleet):
    """TotalCount counts the instances that match the filters, not their events."""
    assert call("DescribeInstancesFullStatus")["TotalCount"] == 3
    assert call("DescribeInstancesFullStatus", InstanceEventTypes=[REBOOT, "SystemMaintenance.Stop"])["TotalCount"] == 1


def test_events_newest_first(call, ecs_events, web1):
    """The events of an instance come with the newest publication first."""
    made = []
    for _ in range(3):
        made.append(ecs_events.create(REBOOT, web1, not_before="+10h").event_id)
        ecs_events.advance(minutes=1)

    (entry,) = entries(call("DescribeInstancesFullStatus"))

    shown = entry["ScheduledSystemEventSet"]["ScheduledSystemEventType"]
    assert [event["EventId"] for event in shown] == made[::-1]
