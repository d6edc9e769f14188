"""DescribeDisksFullStatus."""

import re

import pytest

# A local SSD and an ESSD of one instance, which also has a system disk.
DISKS = [
    {"disk_id": "d-fast", "category": "local_ssd_pro", "tags": {"role": "cache"}, "resource_group_id": "rg-1"},
    {"disk_id": "d-data", "device": "/dev/vdz", "status": "Detaching", "health_status": "Warning"},
]


def entries(reply):
    """Return the disks of a reply."""
    return reply["DiskFullStatusSet"]["DiskFullStatusType"]


@pytest.fixture
def disks(ecs_events):
    """An instance with two declared disks; its system disk's id."""
    return ecs_events.instances.add("i-web1", disks=DISKS).disks[0].disk_id


@pytest.fixture
def shown(call):
    """Query disks; it returns the names of each one's events, by disk id in the order of the reply."""

    def query(raw=None, **params):
        return {
            entry["DiskId"]: [event["EventType"]["Name"] for event in entry["DiskEventSet"]["DiskEventType"]]
            for entry in entries(call("DescribeDisksFullStatus", raw, **params))
        }

    return query


def test_no_disks(call):
    """An account without instances gets an empty list and a count of zero."""
    reply = call("DescribeDisksFullStatus")

    assert set(reply) == {"DiskFullStatusSet", "PageNumber", "PageSize", "RequestId", "TotalCount"}
    assert reply["DiskFullStatusSet"] == {"DiskFullStatusType": []}
    assert (reply["TotalCount"], reply["PageNumber"], reply["PageSize"]) == (0, 1, 10)


def test_every_instance_has_a_system_disk(call, web1):
    """Without a declared disk there is the system disk, with an id in the region's form."""
    (disk,) = entries(call("DescribeDisksFullStatus"))

    assert re.fullmatch("d-bp1[0-9a-z]{17}", disk.pop("DiskId"))
    assert disk == {
        "InstanceId": "i-web1",
        "Device": "/dev/xvda",
        "Status": {"Code": disk["Status"]["Code"], "Name": "In_use"},
        "HealthStatus": {"Code": 0, "Name": "Ok"},
        "DiskEventSet": {"DiskEventType": []},
    }


def test_a_declared_system_disk_takes_its_place(ecs_events, shown):
    """A declaration with the system disk declares all disks of the instance."""
    ecs_events.instances.add("i-web1", disks=[{"disk_id": "d-root", "type": "system", "device": "/dev/vda"}, "d-data"])

    assert list(shown()) == ["d-root", "d-data"]


def test_a_stalled_disk(ecs_events, call, disks):
    """While it lasts the event has a start and no end, and the disk is Impaired; afterwards it has both and is not."""
    event = ecs_events.create("Stalled", "i-web1", disk_id="d-fast", simulated=False, executing_for="5m")
    said = {
        "EventId": event.event_id,
        "EventTime": "2030-01-01T00:00:00Z",
        "ImpactLevel": "100",
        "EventType": {"Name": "Stalled", "Code": 7},
    }

    (disk,) = entries(call("DescribeDisksFullStatus", DiskIds=["d-fast"]))
    assert disk["HealthStatus"] == {"Code": 128, "Name": "Impaired"}
    assert disk["DiskEventSet"] == {"DiskEventType": [said]}
    ecs_events.advance("5m")
    (disk,) = entries(call("DescribeDisksFullStatus", DiskIds=["d-fast"]))
    assert disk["HealthStatus"]["Name"] == "Ok"
    assert disk["DiskEventSet"] == {"DiskEventType": [{**said, "EventEndTime": "2030-01-01T00:05:00Z"}]}
    assert (event.disk_id, event.instance_id, event.status) == ("d-fast", "i-web1", "Executed")


def test_disk_events_are_in_no_query_of_instances(ecs_events, call, disks):
    """DescribeInstanceHistoryEvents and DescribeInstancesFullStatus return events of instances only."""
    event = ecs_events.create("ErrorDetected", "i-web1", disk_id="d-fast", simulated=False)
    every = ["Inquiring", "Scheduled", "Executing", "Executed", "Avoided", "Canceled", "Failed"]
    for _ in range(2):
        for params in ({}, {"InstanceId": "i-web1"}, {"EventIds": [event.event_id]}):
            history = call("DescribeInstanceHistoryEvents", InstanceEventCycleStatuss=every, **params)
            assert history["TotalCount"] == 0, params
        (instance,) = call("DescribeInstancesFullStatus")["InstanceFullStatusSet"]["InstanceFullStatusType"]
        assert instance["ScheduledSystemEventSet"] == {"ScheduledSystemEventType": []}
        ecs_events.advance("1h")


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({"DiskIds": ["d-data", "d-none"]}, ["d-data"]),
        ({"Status": "Detaching"}, ["d-data"]),
        ({"Status": "Attaching"}, []),
        ({"HealthStatus": "Warning"}, ["d-data"]),
        ({"ResourceGroupId": "rg-1"}, ["d-fast"]),
        ({"Tags": [{"Key": "role", "Value": "cache"}]}, ["d-fast"]),
        ({"Tags": [{"Key": "role"}]}, ["d-fast"]),
        ({"Tags": [{"Key": "role", "Value": "web"}]}, []),
    ],
    ids=str,
)
def test_filters_on_disks(shown, disks, params, found):
    """Each filter returns the disks that it describes."""
    assert list(shown(**params)) == found


def test_filters_on_events(ecs_events, shown, disks):
    """With a filter on events, only disks with a matching event are listed, with those events."""
    create = ecs_events.create
    stalled = create("Stalled", "i-web1", disk_id="d-fast", simulated=False)
    ecs_events.advance("1h")
    create("Degraded", "i-web1", disk_id="d-fast", simulated=False)
    create("Degraded", "i-web1", disk_id="d-data", simulated=False)

    assert shown() == {disks: [], "d-fast": ["Degraded", "Stalled"], "d-data": ["Degraded"]}
    assert shown(EventType="Degraded") == {"d-fast": ["Degraded"], "d-data": ["Degraded"]}
    assert shown(EventIds=[stalled.event_id]) == {"d-fast": ["Stalled"]}
    assert shown(EventTimeEnd="2030-01-01T00:30:00Z") == {"d-fast": ["Stalled"]}
    assert shown(EventTimeStart="2030-01-01T01:00:00Z", EventTimeEnd="2030-01-01T01:00:00Z") == {
        "d-fast": ["Degraded"],
        "d-data": ["Degraded"],
    }


def test_seven_days(ecs_events, shown, disks):
    """An event that has ended is listed for seven days from its start; one that lasts, as long as it lasts."""
    create = ecs_events.create
    create("Stalled", "i-web1", disk_id="d-fast", simulated=False, executing_for="1h")
    create("Degraded", "i-web1", disk_id="d-data", simulated=False, executing_for="10d")

    ecs_events.advance("7d")
    assert shown(DiskIds=["d-fast", "d-data"]) == {"d-fast": ["Stalled"], "d-data": ["Degraded"]}
    ecs_events.advance("1s")
    assert shown(DiskIds=["d-fast", "d-data"]) == {"d-fast": [], "d-data": ["Degraded"]}


def test_pages(ecs_events, call):
    """PageNumber and PageSize cut the list of disks; TotalCount counts all of them."""
    ecs_events.instances.add("i-web1", disks=[f"d-{number}" for number in range(4)])

    page = call("DescribeDisksFullStatus", PageNumber=2, PageSize=3)
    assert [disk["DiskId"] for disk in entries(page)] == ["d-2", "d-3"]
    assert (page["TotalCount"], page["PageNumber"], page["PageSize"]) == (5, 2, 3)


def test_disks_of_others_and_of_released_instances_are_not_listed(ecs_events, call, other_account, disks):
    """An account sees its own disks in the region, not those of a released instance, whose ids are free again."""
    assert entries(other_account.call("DescribeDisksFullStatus")) == []
    ecs_events.release("i-web1")
    assert entries(call("DescribeDisksFullStatus")) == []
    ecs_events.instances.add("i-web2", disks=["d-fast"])
    assert len(entries(call("DescribeDisksFullStatus"))) == 2


@pytest.mark.parametrize(
    ("params", "status", "code", "message"),
    [
        (
            {"DiskIds": [f"d-{number}" for number in range(101)]},
            403,
            "DiskIdLimitExceeded",
            "The specified parameter DiskId.N is not valid: 101 values. It takes at most 100.",
        ),
        (
            {"EventIds": [f"e-{number}" for number in range(101)]},
            403,
            "EventIdLimitExceeded",
            "The amount of EventId specified exceeds limit 100.",
        ),
        (
            {"EventTimeStart": "2030-01-02T00:00:00Z", "EventTimeEnd": "2030-01-01T00:00:00Z"},
            403,
            "InvalidParameter.TimeEndBeforeStart",
            "The event time end should be after event time start.",
        ),
        (
            {"EventType": "SystemMaintenance.Reboot"},
            403,
            "InvalidParameter",
            "The specified parameter EventType is not valid: 'SystemMaintenance.Reboot'. Allowed values are: Stalled, "
            "Degraded, SeverelyDegraded, ErrorDetected.",
        ),
        (
            {"PageSize": 101},
            403,
            "InvalidParameter",
            "The specified parameter PageSize is not valid: '101'. It must be a whole number from 1 to 100.",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_refusals(refused, params, status, code, message):
    """Each error has the documented code and status."""
    assert refused("DescribeDisksFullStatus", **params) == (status, code, message)


def test_region_is_needed(http):
    """Without RegionId the call is refused with 404, as for the other actions on events."""
    status, body = http({"Action": "DescribeDisksFullStatus"})

    assert (status, body["Code"]) == (404, "MissingParameter")
