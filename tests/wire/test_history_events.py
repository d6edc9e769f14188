"""DescribeInstanceHistoryEvents."""

import itertools
import re

import pytest

ALL_STATUSES = ["Inquiring", "Scheduled", "Executing", "Executed", "Avoided", "Canceled", "Failed"]
REBOOT = "SystemMaintenance.Reboot"


@pytest.fixture
def events(call):
    """Query events; return the entries."""

    def query(raw=None, **params):
        reply = call("DescribeInstanceHistoryEvents", raw, **params)
        return reply["InstanceSystemEventSet"]["InstanceSystemEventType"]

    return query


@pytest.fixture
def ids(events):
    """Query events; return their ids."""

    def query(raw=None, **params):
        return [entry["EventId"] for entry in events(raw, **params)]

    return query


@pytest.fixture
def all_ids(ids):
    """Query events of every status; return their ids."""

    def query(raw=None, **params):
        return ids(raw, InstanceEventCycleStatuss=ALL_STATUSES, **params)

    return query


@pytest.fixture
def one_of_each(ecs_events, web1):
    """The ids of one event in each of the seven statuses, by status."""
    made = {}
    made["Executed"] = ecs_events.create(REBOOT, web1, not_before="+1m")
    made["Failed"] = ecs_events.create(REBOOT, web1, not_before="+2m", simulated=False, outcome="Failed")
    ecs_events.advance(minutes=5)
    made["Avoided"] = ecs_events.create(REBOOT, web1, not_before="+1h")
    ecs_events.reboot(web1)
    made["Canceled"] = ecs_events.create(REBOOT, web1, not_before="+1h")
    ecs_events.cancel(made["Canceled"])
    made["Scheduled"] = ecs_events.create(REBOOT, web1, not_before="+1h")
    made["Executing"] = ecs_events.create("SystemFailure.Reboot", web1, not_before="+1h")
    made["Inquiring"] = ecs_events.create("SystemMaintenance.Redeploy", web1, simulated=False, status="Inquiring")
    assert {status: event.status.value for status, event in made.items()} == {status: status for status in made}
    return {status: event.event_id for status, event in made.items()}


# -- the reply


def test_empty_region(call, web1):
    """A region without events answers an empty list and a count of zero."""
    reply = call("DescribeInstanceHistoryEvents")

    assert set(reply) == {"InstanceSystemEventSet", "PageNumber", "PageSize", "RequestId", "TotalCount"}
    assert reply["InstanceSystemEventSet"] == {"InstanceSystemEventType": []}
    assert (reply["TotalCount"], reply["PageNumber"], reply["PageSize"]) == (0, 1, 10)
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", reply["RequestId"])


def test_executed_entry(call, ecs_events, in_status, web1):
    """An Executed simulated event has exactly these keys and values."""
    event = in_status("Executed")

    reply = call("DescribeInstanceHistoryEvents")

    assert "NextToken" not in reply
    assert reply["TotalCount"] == 1
    assert reply["InstanceSystemEventSet"]["InstanceSystemEventType"] == [
        {
            "EventId": event.event_id,
            "InstanceId": "i-web1",
            "EventType": {"Code": 1, "Name": "SystemMaintenance.Reboot"},
            "EventCycleStatus": {"Code": 0, "Name": "Executed"},
            "EventPublishTime": "2030-01-01T00:00:00Z",
            "NotBefore": "2030-01-01T01:00:00Z",
            "EventFinishTime": "2030-01-01T01:00:01Z",
            "ExtendedAttribute": {},
            "Reason": "A simulated event.",
        }
    ]


def test_avoided_entry(events, ecs_events, web1):
    """An Avoided event has the instant of the reboot as its finish time, before NotBefore."""
    ecs_events.create(REBOOT, web1, not_before="+48h")
    ecs_events.advance(minutes=66)
    ecs_events.reboot(web1)

    (entry,) = events()

    assert entry["EventCycleStatus"] == {"Code": 8, "Name": "Avoided"}
    assert entry["EventFinishTime"] == "2030-01-01T01:06:00Z"
    assert entry["NotBefore"] == "2030-01-03T00:00:00Z"


@pytest.mark.parametrize("status", ["Scheduled", "Executing", "Inquiring"])
def test_unfinished_entry_has_no_finish_time(events, one_of_each, status):
    """An event that has not ended has no EventFinishTime."""
    (entry,) = events(InstanceEventCycleStatuss=[status])

    assert entry["EventId"] == one_of_each[status]
    assert "EventFinishTime" not in entry


@pytest.mark.parametrize("status", ["Executed", "Avoided", "Canceled", "Failed"])
def test_finished_entry_has_a_finish_time(events, one_of_each, status):
    """An event that has ended has an EventFinishTime."""
    (entry,) = events(InstanceEventCycleStatuss=[status])

    assert entry["EventId"] == one_of_each[status]
    assert re.fullmatch(r"2030-01-01T00:0\d:\d\dZ", entry["EventFinishTime"])


def test_inquiring_entry(events, one_of_each):
    """An Inquiring event has no NotBefore."""
    (entry,) = events(InstanceEventCycleStatuss=["Inquiring"])

    assert entry["EventCycleStatus"] == {"Code": 28, "Name": "Inquiring"}
    assert entry["EventType"] == {"Code": 9, "Name": "SystemMaintenance.Redeploy"}
    assert "NotBefore" not in entry
    assert "EventFinishTime" not in entry


def test_entry_without_reason(events, ecs_events, web1):
    """A real event without a reason has no Reason."""
    ecs_events.create(REBOOT, web1, not_before="+1h", simulated=False)

    (entry,) = events(EventCycleStatus="Scheduled")

    assert "Reason" not in entry


def test_entry_with_reason(events, ecs_events, web1):
    """A real event has its reason unchanged."""
    ecs_events.create(
        "SystemFailure.Delete", web1, simulated=False, status="Executing", reason="OperationDenied.NoStock"
    )

    (entry,) = events(InstanceEventCycleStatuss=ALL_STATUSES)

    assert entry["Reason"] == "OperationDenied.NoStock"
    assert entry["EventType"] == {"Code": 66, "Name": "SystemFailure.Delete"}


def test_real_failure_event(events, ecs_events, web1):
    """A real failure event has its publication as NotBefore."""
    ecs_events.create("SystemFailure.Reboot", web1, simulated=False)

    (entry,) = events(InstanceEventCycleStatuss=ALL_STATUSES)

    assert entry["EventType"] == {"Code": 65, "Name": "SystemFailure.Reboot"}
    assert entry["NotBefore"] == entry["EventPublishTime"] == "2030-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("event_type", "code"),
    [
        ("SystemMaintenance.Reboot", 1),
        ("SystemMaintenance.Redeploy", 9),
        ("SystemFailure.Reboot", 65),
    ],
)
def test_type_codes(events, ecs_events, web1, event_type, code):
    """Types whose numeric code is published have that code."""
    ecs_events.create(event_type, web1, not_before="+1h")

    (entry,) = events(InstanceEventCycleStatuss=ALL_STATUSES)

    assert entry["EventType"] == {"Code": code, "Name": event_type}


@pytest.mark.parametrize(("status", "code"), [("Executed", 0), ("Avoided", 8), ("Scheduled", 24), ("Inquiring", 28)])
def test_status_codes(events, one_of_each, status, code):
    """Statuses whose numeric code is published have that code."""
    (entry,) = events(EventCycleStatus=status)

    assert entry["EventCycleStatus"] == {"Code": code, "Name": status}


def test_codes_are_unique(events, one_of_each):
    """Each status has a numeric code of its own."""
    codes = {entry["EventCycleStatus"]["Code"] for entry in events(InstanceEventCycleStatuss=ALL_STATUSES)}

    assert len(codes) == 7


# -- status filters


def test_default_is_finished_only(ids, one_of_each):
    """Without a status filter only the events that have ended are listed."""
    assert set(ids()) == {one_of_each[status] for status in ("Executed", "Avoided", "Canceled", "Failed")}


def test_default_with_event_ids(ids, one_of_each):
    """Filtering by ids does not change the default: unfinished events are not listed."""
    assert set(ids(EventIds=list(one_of_each.values()))) == {
        one_of_each[status] for status in ("Executed", "Avoided", "Canceled", "Failed")
    }


def test_unfinished_event_by_its_id_alone(ids, one_of_each):
    """An unfinished event is not found by its id alone."""
    assert ids(EventIds=[one_of_each["Scheduled"]]) == []


@pytest.mark.parametrize("status", ALL_STATUSES)
def test_one_status(ids, one_of_each, status):
    """EventCycleStatus lists the events of one status."""
    assert ids(EventCycleStatus=status) == [one_of_each[status]]


@pytest.mark.parametrize("status", ALL_STATUSES)
def test_one_status_of_the_list(ids, one_of_each, status):
    """InstanceEventCycleStatus.N with one member lists the events of that status."""
    assert ids(InstanceEventCycleStatuss=[status]) == [one_of_each[status]]


@pytest.mark.parametrize("pair", list(itertools.combinations(ALL_STATUSES, 2)), ids="-".join)
def test_two_statuses(ids, one_of_each, pair):
    """InstanceEventCycleStatus.N lists the events of any of its statuses."""
    assert set(ids(InstanceEventCycleStatuss=list(pair))) == {one_of_each[status] for status in pair}


def test_all_seven_statuses(all_ids, one_of_each):
    """All seven statuses can be passed in one call."""
    assert set(all_ids()) == set(one_of_each.values())


def test_list_of_statuses_wins(ids, one_of_each):
    """EventCycleStatus is read only without InstanceEventCycleStatus.N."""
    assert ids(EventCycleStatus="Executed", InstanceEventCycleStatuss=["Scheduled"]) == [one_of_each["Scheduled"]]


def test_eight_statuses(refused, web1):
    """More than seven statuses are refused."""
    refusal = refused("DescribeInstanceHistoryEvents", InstanceEventCycleStatuss=[*ALL_STATUSES, "Executed"])

    assert refusal[:2] == (403, "InvalidParameter")


@pytest.mark.parametrize("status", ["Avoidated", "executed", "Done"])
def test_unknown_status(refused, web1, status):
    """A status that does not exist is refused."""
    assert refused("DescribeInstanceHistoryEvents", EventCycleStatus=status)[:2] == (403, "InvalidParameter")


@pytest.mark.parametrize("status", ["Avoidated", "executed", "Done"])
def test_unknown_status_in_the_list(refused, web1, status):
    """A status that does not exist is refused in the list too."""
    refusal = refused("DescribeInstanceHistoryEvents", InstanceEventCycleStatuss=["Executed", status])

    assert refusal[:2] == (403, "InvalidParameter")


def test_gap_in_the_list_of_statuses(ids, one_of_each):
    """A list whose indices have a gap is read as the members that are there."""
    raw = {"InstanceEventCycleStatus.2": "Scheduled", "InstanceEventCycleStatus.7": "Avoided"}

    assert set(ids(raw)) == {one_of_each["Scheduled"], one_of_each["Avoided"]}


# -- thirty days


@pytest.mark.parametrize("status", ["Executed", "Avoided", "Canceled"])
def test_finished_events_stay_for_thirty_days(all_ids, ecs_events, in_status, web1, status):
    """An event that has ended is visible for 30 days from its end, then no longer."""
    event = in_status(status)

    ecs_events.advance(days=29, hours=23)
    assert all_ids() == [event.event_id]

    ecs_events.advance(hours=1, seconds=1)
    assert all_ids() == []
    assert all_ids(EventIds=[event.event_id]) == []


def test_unfinished_events_stay(all_ids, ecs_events, web1):
    """An event that has not ended is visible without limit."""
    event = ecs_events.create(REBOOT, web1, not_before="+90d")

    ecs_events.advance(days=80)

    assert all_ids() == [event.event_id]


def test_old_publication_with_a_late_end(ids, ecs_events, web1):
    """The 30 days run from the end of the event and not from its publication."""
    event = ecs_events.create(REBOOT, web1, not_before="+90d")

    ecs_events.advance(days=91)

    assert ids() == [event.event_id]


def test_thirty_days_and_the_count(call, ecs_events, in_status, web1):
    """Events that are no longer visible are not counted."""
    in_status("Canceled")
    ecs_events.advance(days=31)
    in_status("Canceled")

    assert call("DescribeInstanceHistoryEvents")["TotalCount"] == 1


# -- other filters


@pytest.fixture
def fleet(ecs_events):
    """Six Scheduled events: three types on two instances, by (instance, type)."""
    made = {}
    for instance_id in ("i-a", "i-b"):
        ecs_events.instances.add(instance_id)
        for event_type in ("SystemMaintenance.Reboot", "SystemMaintenance.Stop", "SystemMaintenance.Redeploy"):
            event = ecs_events.create(event_type, instance_id, not_before="+1h")
            made[instance_id, event_type] = event.event_id
    return made


def test_one_instance(all_ids, fleet):
    """InstanceId lists the events of one instance."""
    assert set(all_ids(InstanceId="i-a")) == {event for (instance, _), event in fleet.items() if instance == "i-a"}


def test_unknown_instance(all_ids, fleet):
    """An instance that does not exist has no events; that is no error."""
    assert all_ids(InstanceId="i-none") == []


def test_one_type(all_ids, fleet):
    """EventType lists the events of one type."""
    assert set(all_ids(EventType="SystemMaintenance.Stop")) == {
        fleet["i-a", "SystemMaintenance.Stop"],
        fleet["i-b", "SystemMaintenance.Stop"],
    }


def test_several_types(all_ids, fleet):
    """InstanceEventType.N lists the events of any of its types."""
    wanted = ["SystemMaintenance.Reboot", "SystemMaintenance.Redeploy"]

    assert set(all_ids(InstanceEventTypes=wanted)) == {event for (_, kind), event in fleet.items() if kind in wanted}


def test_list_of_types_wins(all_ids, fleet):
    """EventType is read only without InstanceEventType.N."""
    found = all_ids(
        EventType="SystemMaintenance.Stop", InstanceEventTypes=["SystemMaintenance.Reboot"], InstanceId="i-a"
    )

    assert found == [fleet["i-a", "SystemMaintenance.Reboot"]]


@pytest.mark.parametrize("event_type", ["Stalled", "ErrorDetected", "Degraded"])
def test_disk_types(refused, fleet, event_type):
    """Types of disk events are refused, because this action returns events of instances."""
    assert refused("DescribeInstanceHistoryEvents", EventType=event_type)[:2] == (403, "InvalidParameter")


def test_instance_and_type(all_ids, fleet):
    """Filters are ANDed."""
    found = all_ids(InstanceId="i-b", EventType="SystemMaintenance.Redeploy")

    assert found == [fleet["i-b", "SystemMaintenance.Redeploy"]]


def test_types_limit(call, refused, web1):
    """InstanceEventType.N takes 30 members and no more."""
    reply = call("DescribeInstanceHistoryEvents", InstanceEventTypes=[REBOOT] * 30)
    refusal = refused("DescribeInstanceHistoryEvents", InstanceEventTypes=[REBOOT] * 31)

    assert reply["TotalCount"] == 0
    assert refusal[:2] == (403, "InvalidParameter")


def test_event_ids(all_ids, fleet):
    """EventId.N lists the events of these ids."""
    wanted = [fleet["i-a", "SystemMaintenance.Stop"], fleet["i-b", "SystemMaintenance.Reboot"]]

    assert set(all_ids(EventIds=wanted)) == set(wanted)


def test_repeated_event_id(all_ids, fleet):
    """An id given twice is one event."""
    wanted = fleet["i-a", "SystemMaintenance.Stop"]

    assert all_ids(EventIds=[wanted, wanted]) == [wanted]


def test_unknown_event_id(call, fleet):
    """An unknown event id is no error and finds nothing."""
    reply = call("DescribeInstanceHistoryEvents", EventIds=["e-bp100000000000000000"])

    assert reply["InstanceSystemEventSet"] == {"InstanceSystemEventType": []}
    assert reply["TotalCount"] == 0


def test_event_id_of_another_instance(all_ids, fleet):
    """An event id together with another instance finds nothing."""
    assert all_ids(EventIds=[fleet["i-a", "SystemMaintenance.Stop"]], InstanceId="i-b") == []


def test_gap_in_the_list_of_event_ids(all_ids, fleet):
    """A list whose indices have a gap is read as the ids that are there."""
    wanted = [fleet["i-a", "SystemMaintenance.Stop"], fleet["i-b", "SystemMaintenance.Reboot"]]

    assert set(all_ids({"EventId.3": wanted[0], "EventId.9": wanted[1]})) == set(wanted)


def test_hundred_event_ids(all_ids, fleet):
    """EventId.N takes 100 members."""
    wanted = fleet["i-a", "SystemMaintenance.Stop"]

    assert all_ids(EventIds=[*(f"e-bp1{number:017}" for number in range(99)), wanted]) == [wanted]


def test_hundred_and_one_event_ids(refused, web1):
    """101 event ids are refused."""
    refusal = refused("DescribeInstanceHistoryEvents", EventIds=[f"e-bp1{number:017}" for number in range(101)])

    assert refusal == (403, "EventIdLimitExceeded", "The amount of EventId specified exceeds limit 100.")


def test_resource_ids(all_ids, fleet):
    """ResourceId.N lists the events of these instances."""
    assert set(all_ids(ResourceIds=["i-a"])) == {event for (instance, _), event in fleet.items() if instance == "i-a"}
    assert set(all_ids(ResourceIds=["i-a", "i-b"])) == set(fleet.values())


def test_resource_ids_win_over_instance_id(all_ids, fleet):
    """ResourceId.N overrides InstanceId."""
    found = all_ids(ResourceIds=["i-a"], InstanceId="i-b")

    assert set(found) == {event for (instance, _), event in fleet.items() if instance == "i-a"}


def test_resource_ids_limit(call, refused, fleet):
    """ResourceId.N takes 100 members and no more."""
    hundred = [f"i-{number}" for number in range(100)]

    assert call("DescribeInstanceHistoryEvents", ResourceIds=hundred)["TotalCount"] == 0
    assert refused("DescribeInstanceHistoryEvents", ResourceIds=[*hundred, "i-a"])[0] == 403


def test_resource_type_instance(all_ids, fleet):
    """ResourceType=instance is the default."""
    assert set(all_ids(ResourceType="instance")) == set(fleet.values())


@pytest.mark.parametrize("resource_type", ["ddh", "managehost", "managedhost"])
def test_other_resource_types(all_ids, fleet, resource_type):
    """Dedicated and managed hosts have no events here; both spellings are known."""
    assert all_ids(ResourceType=resource_type) == []


def test_unknown_resource_type(refused, fleet):
    """A resource type that does not exist is refused."""
    assert refused("DescribeInstanceHistoryEvents", ResourceType="disk")[:2] == (403, "InvalidParameter")


def test_resource_group(all_ids, ecs_events):
    """ResourceGroupId lists the events of the group's instances."""
    ecs_events.instances.add("i-a", resource_group_id="rg-1")
    ecs_events.instances.add("i-b", resource_group_id="rg-2")
    event = ecs_events.create(REBOOT, "i-a", not_before="+1h")
    ecs_events.create(REBOOT, "i-b", not_before="+1h")

    assert all_ids(ResourceGroupId="rg-1") == [event.event_id]


def test_tags(all_ids, ecs_events):
    """Tag.N lists the events of instances that have all these tags."""
    ecs_events.instances.add("i-a", tags={"env": "prod", "tier": "web"})
    ecs_events.instances.add("i-b", tags={"env": "prod", "tier": "db"})
    made = {name: ecs_events.create(REBOOT, name, not_before="+1h").event_id for name in ("i-a", "i-b")}

    assert set(all_ids(Tags=[{"Key": "env", "Value": "prod"}])) == set(made.values())
    assert all_ids(Tags=[{"Key": "env", "Value": "prod"}, {"Key": "tier", "Value": "db"}]) == [made["i-b"]]
    assert all_ids(Tags=[{"Key": "env", "Value": "test"}]) == []
    assert set(all_ids(Tags=[{"Key": "tier"}])) == set(made.values())


# -- ranges


@pytest.fixture
def hourly(ecs_events, web1):
    """The ids of three events published at 00:00, 01:00 and 02:00, due at 10:00, 11:00 and 12:00."""
    made = []
    for _ in range(3):
        made.append(ecs_events.create(REBOOT, web1, not_before="+10h").event_id)
        if len(made) < 3:
            ecs_events.advance(hours=1)
    return made


RANGES = {
    "from-the-middle": ("01:00:00", None, [1, 2]),
    "to-the-middle": (None, "01:00:00", [0, 1]),
    "exactly-the-middle": ("01:00:00", "01:00:00", [1]),
    "all": ("00:00:00", "02:00:00", [0, 1, 2]),
    "a-second-inside": ("00:00:01", "01:59:59", [1]),
    "between": ("00:00:01", "00:59:59", []),
    "after": ("02:00:01", None, []),
}


@pytest.mark.parametrize(("start", "end", "found"), RANGES.values(), ids=RANGES)
def test_publish_time_range(all_ids, hourly, start, end, found):
    """EventPublishTime.Start and .End include both ends, and each is optional."""
    params = {"EventPublishTimeStart": start, "EventPublishTimeEnd": end}

    ids = all_ids(**{name: f"2030-01-01T{value}Z" for name, value in params.items() if value})

    assert set(ids) == {hourly[number] for number in found}


@pytest.mark.parametrize(("start", "end", "found"), RANGES.values(), ids=RANGES)
def test_not_before_range(all_ids, hourly, start, end, found):
    """NotBefore.Start and .End include both ends, and each is optional."""
    params = {"NotBeforeStart": start, "NotBeforeEnd": end}

    ids = all_ids(**{name: f"2030-01-01T1{value[1:]}Z" for name, value in params.items() if value})

    assert set(ids) == {hourly[number] for number in found}


@pytest.mark.parametrize("name", ["EventPublishTime", "NotBefore"])
def test_range_of_exactly_the_printed_time(events, all_ids, ecs_events, web1, name):
    """A range from an event's printed time to the same printed time contains the event."""
    ecs_events.advance(milliseconds=1750)
    event = ecs_events.create(REBOOT, web1, not_before="+1h")
    (entry,) = events(EventCycleStatus="Scheduled")

    assert all_ids({f"{name}.Start": entry[name], f"{name}.End": entry[name]}) == [event.event_id]


def test_both_ranges(all_ids, hourly):
    """The two ranges are ANDed."""
    found = all_ids(EventPublishTimeStart="2030-01-01T01:00:00Z", NotBeforeEnd="2030-01-01T11:00:00Z")

    assert found == [hourly[1]]


@pytest.mark.parametrize("name", ["NotBefore", "EventPublishTime"])
def test_end_before_start(refused, web1, name):
    """A range that ends before it starts is refused."""
    refusal = refused(
        "DescribeInstanceHistoryEvents",
        {f"{name}.Start": "2030-01-02T00:00:00Z", f"{name}.End": "2030-01-01T23:59:59Z"},
    )

    assert refusal[:2] == (403, "InvalidParameter.TimeEndBeforeStart")
    assert refusal.message == "The event time end should be after event time start."


@pytest.mark.parametrize("name", ["NotBefore", "EventPublishTime"])
@pytest.mark.parametrize("end", ["Start", "End"])
def test_range_end_that_is_no_time(refused, web1, name, end):
    """A range whose end is no time is refused with a message that names it."""
    refusal = refused("DescribeInstanceHistoryEvents", {f"{name}.{end}": "yesterday"})

    assert refusal[:2] == (403, "InvalidParameter")
    assert f"{name}.{end}" in refusal.message


def test_inquiring_event_and_not_before_range(all_ids, one_of_each):
    """An Inquiring event has no planned time and so is in no range of planned times."""
    found = all_ids(NotBeforeStart="2000-01-01T00:00:00Z")

    assert set(found) == set(one_of_each.values()) - {one_of_each["Inquiring"]}


# -- accounts and regions


def test_other_account(other_account, ecs_events, in_status, web1):
    """An account sees its own events only."""
    in_status("Canceled")
    ecs_events.instances.add("i-theirs", account_id="222")
    theirs = in_status("Canceled", "i-theirs")

    reply = other_account.call("DescribeInstanceHistoryEvents")

    assert [entry["EventId"] for entry in reply["InstanceSystemEventSet"]["InstanceSystemEventType"]] == [
        theirs.event_id
    ]
    assert reply["TotalCount"] == 1


def test_other_account_by_event_id(other_account, in_status, web1):
    """Another account's event is not found by its id."""
    event = in_status("Canceled")

    assert other_account.call("DescribeInstanceHistoryEvents", EventIds=[event.event_id])["TotalCount"] == 0


def test_other_region(new_sdk, ids, ecs_events, in_status, web1):
    """A region's events are found under its RegionId only."""
    here = in_status("Canceled")
    ecs_events.instances.add("i-north", region_id="cn-beijing")
    north = in_status("Canceled", "i-north")

    reply = new_sdk(region_id="cn-beijing").call("DescribeInstanceHistoryEvents")

    assert [entry["EventId"] for entry in reply["InstanceSystemEventSet"]["InstanceSystemEventType"]] == [
        north.event_id
    ]
    assert ids() == [here.event_id]


def test_missing_region(http, web1):
    """A call without RegionId is refused with 404 MissingParameter."""
    status, reply = http({"Action": "DescribeInstanceHistoryEvents"})

    assert (status, reply["Code"]) == (404, "MissingParameter")
    assert reply["Message"] == "The input parameter that is mandatory for processing this request is not supplied."


def test_events_of_a_released_instance(ids, ecs_events, in_status, web1):
    """The history of a released instance stays readable."""
    event = in_status("Scheduled")
    ecs_events.release(web1)

    assert ids() == [event.event_id]
    assert ids(InstanceId=web1) == [event.event_id]


# -- order and pages


def test_newest_first(all_ids, hourly):
    """Events come with the newest publication first."""
    assert all_ids() == hourly[::-1]


def test_same_publication_by_event_id(all_ids, fleet):
    """Events published at the same instant come in the order of their ids."""
    assert all_ids() == sorted(fleet.values())


def test_each_poll_shows_what_has_changed_since_the_last(call, ecs_events, web1):
    """Order and views are kept between polls, until an event comes, goes or changes."""

    def poll():
        reply = call("DescribeInstanceHistoryEvents", InstanceEventCycleStatuss=["Scheduled"])
        shown = reply["InstanceSystemEventSet"]["InstanceSystemEventType"]
        return [(one["EventId"], one["NotBefore"]) for one in shown]

    first = ecs_events.create(REBOOT, web1, not_before="2030-01-03T00:00:00Z")
    expected = [(first.event_id, "2030-01-03T00:00:00Z")]
    assert poll() == poll() == expected
    ecs_events.advance(seconds=1)
    second = ecs_events.create(REBOOT, web1, not_before="2030-01-02T00:00:00Z")
    expected.insert(0, (second.event_id, "2030-01-02T00:00:00Z"))
    assert poll() == poll() == expected
    ecs_events.reschedule(first, not_before="2030-01-04T00:00:00Z")
    expected[1] = (first.event_id, "2030-01-04T00:00:00Z")
    assert poll() == poll() == expected
    ecs_events.cancel(second)
    assert poll() == poll() == expected[1:]


@pytest.fixture
def many(ecs_events, web1):
    """The ids of 25 canceled events in the order in which they are listed."""
    made = []
    for _ in range(25):
        made.append(ecs_events.create(REBOOT, web1, not_before="+1h"))
        ecs_events.cancel(made[-1])
        if len(made) % 3 == 0:
            ecs_events.advance(seconds=1)
    made.sort(key=lambda event: (-event.publish_time.timestamp(), event.event_id))
    return [event.event_id for event in made]


def listed(reply):
    """Return the event ids of a reply."""
    return [entry["EventId"] for entry in reply["InstanceSystemEventSet"]["InstanceSystemEventType"]]


def test_first_page_by_default(call, many):
    """Without paging parameters the first ten events are returned, with the total."""
    reply = call("DescribeInstanceHistoryEvents")

    assert listed(reply) == many[:10]
    assert (reply["PageNumber"], reply["PageSize"], reply["TotalCount"]) == (1, 10, 25)
    assert "NextToken" not in reply


@pytest.mark.parametrize(("number", "size"), [(1, 10), (2, 10), (3, 10), (1, 1), (25, 1), (1, 100), (2, 24)])
def test_page(call, many, number, size):
    """PageNumber and PageSize choose a page, and the reply repeats them."""
    reply = call("DescribeInstanceHistoryEvents", PageNumber=number, PageSize=size)

    assert listed(reply) == many[(number - 1) * size : number * size]
    assert (reply["PageNumber"], reply["PageSize"], reply["TotalCount"]) == (number, size, 25)
    assert "NextToken" not in reply


@pytest.mark.parametrize(("number", "size"), [(4, 10), (26, 1), (2, 100), (1000, 100), (2**31 - 1, 100)])
def test_page_past_the_end(call, many, number, size):
    """A page past the end is empty and has the true count."""
    reply = call("DescribeInstanceHistoryEvents", PageNumber=number, PageSize=size)

    assert listed(reply) == []
    assert reply["TotalCount"] == 25


@pytest.mark.parametrize("size", [0, -1, 101, 1000, "ten", "1_0", "10.0", " 10", "1e1"], ids=ascii)
def test_page_size_out_of_range(refused, many, size):
    """PageSize outside 1 to 100 is refused with a message that names it."""
    refusal = refused("DescribeInstanceHistoryEvents", PageSize=size)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "PageSize" in refusal.message


@pytest.mark.parametrize("number", [0, -1, "two"])
def test_page_number_out_of_range(refused, many, number):
    """PageNumber below 1 is refused with a message that names it."""
    refusal = refused("DescribeInstanceHistoryEvents", PageNumber=number)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "PageNumber" in refusal.message


def walk(call, **params):
    """Return all pages by NextToken, as lists of event ids."""
    reply = call("DescribeInstanceHistoryEvents", **params)
    pages = [listed(reply)]
    while reply.get("NextToken"):
        reply = call("DescribeInstanceHistoryEvents", **params, NextToken=reply["NextToken"])
        pages.append(listed(reply))
    assert "NextToken" not in reply
    return pages


@pytest.mark.parametrize(
    ("asked", "sizes"),
    [(10, [10, 10, 5]), (12, [12, 12, 1]), (24, [24, 1]), (25, [25]), (100, [25])],
    ids=lambda value: value if isinstance(value, int) else "+".join(map(str, value)),
)
def test_walk_by_token(call, many, asked, sizes):
    """NextToken leads to every event once, in order, and the last page has no token."""
    pages = walk(call, MaxResults=asked)

    assert [len(page) for page in pages] == sizes
    assert [event_id for page in pages for event_id in page] == many


@pytest.mark.parametrize(("asked", "given"), [(1, 10), (9, 10), (10, 10), (11, 11)])
def test_max_results_below_ten(call, many, asked, given):
    """MaxResults below 10 counts as 10."""
    assert len(listed(call("DescribeInstanceHistoryEvents", MaxResults=asked))) == given


@pytest.mark.parametrize("asked", [101, 1000])
def test_max_results_above_a_hundred(call, ecs_events, web1, asked):
    """MaxResults above 100 counts as 100."""
    for _ in range(101):
        ecs_events.cancel(ecs_events.create(REBOOT, web1, not_before="+1h"))

    pages = walk(call, MaxResults=asked)

    assert [len(page) for page in pages] == [100, 1]


def test_max_results_that_is_no_number(refused, many):
    """MaxResults that is no number is refused with a message that names it."""
    refusal = refused("DescribeInstanceHistoryEvents", MaxResults="ten")

    assert refusal[:2] == (403, "InvalidParameter")
    assert "MaxResults" in refusal.message


def test_exact_last_page_has_no_token(call, ecs_events, web1):
    """If the events fill the last page exactly, it has no token."""
    for _ in range(20):
        ecs_events.cancel(ecs_events.create(REBOOT, web1, not_before="+1h"))

    assert [len(page) for page in walk(call, MaxResults=10)] == [10, 10]


def test_walk_with_filters(call, ecs_events, many):
    """A walk by token keeps its filters."""
    ecs_events.instances.add("i-web2")
    for _ in range(12):
        ecs_events.cancel(ecs_events.create(REBOOT, "i-web2", not_before="+1h"))

    pages = walk(call, MaxResults=10, InstanceId="i-web2", EventType=REBOOT)

    assert [len(page) for page in pages] == [10, 2]
    assert not set(many) & {event_id for page in pages for event_id in page}


def test_walk_while_events_are_published(call, ecs_events, many):
    """Events published during a walk neither duplicate nor displace the others."""
    first = call("DescribeInstanceHistoryEvents", MaxResults=10)
    ecs_events.cancel(ecs_events.create(REBOOT, "i-web1", not_before="+1h"))
    second = call("DescribeInstanceHistoryEvents", MaxResults=10, NextToken=first["NextToken"])
    third = call("DescribeInstanceHistoryEvents", MaxResults=10, NextToken=second["NextToken"])

    seen = [*listed(first), *listed(second), *listed(third)]

    assert len(seen) == len(set(seen))
    assert set(many) <= set(seen)


def test_token_alone(call, many):
    """NextToken without MaxResults continues with ten per page."""
    first = call("DescribeInstanceHistoryEvents", MaxResults=10)

    reply = call("DescribeInstanceHistoryEvents", NextToken=first["NextToken"])

    assert listed(reply) == many[10:20]


@pytest.mark.parametrize("token", ["garbage", "1", "ffffffff", "AAAA", "10"])
def test_garbage_token(refused, many, token):
    """An unknown token is refused."""
    refusal = refused("DescribeInstanceHistoryEvents", MaxResults=10, NextToken=token)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "NextToken" in refusal.message


@pytest.mark.parametrize(
    "other",
    [
        {"InstanceId": "i-web1"},
        {"EventType": REBOOT},
        {"EventCycleStatus": "Executed"},
        {"EventPublishTimeStart": "2030-01-01T00:00:00Z"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_token_of_another_query(call, refused, many, other):
    """A token is refused by a query with other filters."""
    token = call("DescribeInstanceHistoryEvents", MaxResults=10)["NextToken"]

    refusal = refused("DescribeInstanceHistoryEvents", MaxResults=10, NextToken=token, **other)

    assert refusal[:2] == (403, "InvalidParameter")


def test_token_of_another_account(call, other_account, many):
    """A token is refused when another account presents it."""
    token = call("DescribeInstanceHistoryEvents", MaxResults=10)["NextToken"]

    refusal = other_account.refused("DescribeInstanceHistoryEvents", MaxResults=10, NextToken=token)

    assert refusal[:2] == (403, "InvalidParameter")


def test_token_of_another_action(call, refused, ecs_events, many):
    """A token is refused by another action."""
    for number in range(11):
        ecs_events.instances.add(f"i-more{number}")
    token = call("DescribeInstances", MaxResults=10)["NextToken"]

    refusal = refused("DescribeInstanceHistoryEvents", MaxResults=10, NextToken=token)

    assert refusal[:2] == (403, "InvalidParameter")
