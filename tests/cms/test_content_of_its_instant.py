"""A notification says what was true when it was sent, also where it is read after things have changed."""

import json

import pytest
from cms_requests import START

from pytest_ecsevents import EcsEvents

pytest.importorskip("aliyunsdkcms")

REBOOT = "SystemMaintenance.Reboot"
SCHEDULED = f"Instance:{REBOOT}:Scheduled"


@pytest.fixture
def channels(ecs, ask):
    """Subscribe every channel; return a function that reads the notifications from each of them, in order.

    Each is reduced to what the history of CloudMonitor's API shows of it. Receivers decode what they got when it came.
    """
    got = {"function": [], "rule": []}
    queue = ecs.queue("everything")
    subscription = ecs.subscribe(lambda body: got["function"].append(json.loads(json.dumps(body))))
    ecs.function_compute(lambda event, _: got["rule"].append(json.loads(event)), name="ops/all", rules_only=True)
    ask("PutEventRule", RuleName="all", EventPatterns=[{"Product": "ecs"}])
    target = [{"Id": "1", "Region": "cn-hangzhou", "ServiceName": "ops", "FunctionName": "all"}]
    ask("PutEventRuleTargets", RuleName="all", FcParameterss=target)

    def read():
        found = {
            **got,
            "deliveries": [one.payload for one in subscription.deliveries],
            "queue": [message.event for message in queue],
            "notifications": ecs.notifications,
        }
        shown = ask("DescribeSystemEventAttribute", PageSize=100)["SystemEvents"]["SystemEvent"]
        history = [{**one, "Content": json.loads(one["Content"])} for one in reversed(shown)]
        for one in history:
            del one["Time"]  # in milliseconds; the forms have it as text
        return {"history": history} | {name: [_as_history(one) for one in sent] for name, sent in found.items()}

    return read


def _as_history(flat):
    return {
        "Content": flat["content"],
        "GroupId": flat["groupId"],
        "Id": flat["id"],
        "InstanceName": flat["instanceName"],
        "Level": flat["level"],
        "Name": flat["name"],
        "Product": flat["product"],
        "RegionId": flat["regionId"],
        "ResourceId": flat["resourceId"],
        "Status": flat["status"],
    }


def same(channels):
    """Return the notifications, which are the same in every channel and on every reading."""
    found = channels()
    for name, sent in found.items():
        assert sent == found["function"], name
    assert channels() == found
    return found["function"]


@pytest.mark.parametrize("by", ["test", "action"])
def test_a_rescheduled_event_was_announced_with_its_old_time(ecs, call, channels, by):
    """The first notification keeps NotBefore as it was; those that follow have the latest."""
    event = ecs.create(REBOOT, "i-web1", not_before="+6h")
    for hour in (5, 4):
        at = f"2030-01-01T0{hour}:00:00Z"
        if by == "test":
            ecs.reschedule(event, at)
        else:
            call("ModifySystemEventAttribute", InstanceId="i-web1", EventId=event.event_id, NotBefore=at)
    assert [one["Content"]["notBefore"] for one in same(channels)] == ["2030-01-01T06:00:00Z"]
    ecs.advance("7h")
    assert [(one["Status"], one["Content"]["notBefore"]) for one in same(channels)] == [
        ("Scheduled", "2030-01-01T06:00:00Z"),
        ("Executing", "2030-01-01T04:00:00Z"),
        ("Executed", "2030-01-01T04:00:00Z"),
    ]


def test_an_accepted_event_had_no_time_before(ecs, call, channels):
    """An Inquiring event is announced without NotBefore and start; once accepted, it runs at that instant."""
    event = ecs.create("SystemMaintenance.Redeploy", "i-web1", simulated=False, status="Inquiring")
    ecs.advance("1h")
    call("AcceptInquiredSystemEvent", EventId=event.event_id)
    ecs.advance("1h")
    contents = [one["Content"] for one in same(channels) if "eventId" in one["Content"]]
    assert [content["eventStatus"] for content in contents] == ["Inquiring", "Executing", "Executed"]
    assert [content.get("executeStartTime") for content in contents] == [None, *2 * ["2030-01-01T01:00:00Z"]]
    assert [content.get("notBefore") for content in contents] == [None] * 3


def test_a_row_that_the_test_replaces_counts_from_then_on(ecs, channels):
    """Notifications before it keep the old level, type and status."""
    ecs.create(REBOOT, "i-web1", not_before="+2h")
    ecs.notification_names.add(SCHEDULED, level="INFO", event_type="Exception", status="Planned")
    ecs.create(REBOOT, "i-web1", not_before="+2h")
    ecs.notification_names.add(SCHEDULED, level="WARN")
    ecs.notification_names.add("Instance:Other", level="WARN")
    ecs.create(REBOOT, "i-web1", not_before="+2h")
    assert [(one["Level"], one["Status"]) for one in same(channels)] == [
        ("CRITICAL", "Scheduled"),
        ("INFO", "Planned"),
        ("WARN", "Normal"),
    ]
    assert [one["eventType"] for one in ecs.notifications] == ["Maintenance", "Exception", "StatusNotification"]


def test_a_name_that_no_table_has_can_be_added_after_its_first_notification(ecs, channels):
    """The first one is named by the grammar of names, with its level; the next has that of the test."""
    ecs.create("SystemFailure.PerformanceImpact", "i-web1", simulated=False, executing_for="1h")
    ecs.notification_names.add("Instance:SystemFailure.PerformanceImpact:Executed", level="INFO")
    ecs.notification_names.add("Instance:SystemFailure.PerformanceImpact:Executing", level="INFO")
    ecs.advance("2h")
    assert [(one["Name"].rpartition(":")[2], one["Level"]) for one in same(channels)] == [
        ("Executing", "CRITICAL"),
        ("Executed", "INFO"),
    ]


def test_an_instance_that_loses_its_address_had_it_before(ecs, call, channels):
    """Each change of an instance has the public address of then: economical mode takes it, a start gives another."""
    ecs.instances.stopping_takes = "30s"
    ecs.instances.add("i-db1", public_ip_addresses=["198.18.0.1"])
    for action, mode in (("StopInstance", {"StoppedMode": "StopCharging"}), ("StartInstance", {})) * 2:
        call(action, InstanceId="i-db1", **mode)
        ecs.advance("1h")
    found = [(one["Content"]["state"], one["Content"]["publicIpAddress"]) for one in same(channels)]
    first, second, third = "198.18.0.1", "198.19.0.1", "198.19.0.2"
    assert found == [
        *(("Stopping", first), ("Stopped", ""), ("Starting", second), ("Running", second)),
        *(("Stopping", second), ("Stopped", ""), ("Starting", third), ("Running", third)),
    ]


def test_a_change_of_tags_and_settings_leaves_older_ones_as_they_were(ecs, call, channels):
    """What actions change of an instance is in no notification that was sent before."""
    ecs.instances.add("i-db1", tags={"role": "db"}, instance_name="db", resource_group_id="rg-db")
    ecs.create(REBOOT, "i-db1", not_before="+2h")
    ecs.reboot("i-db1")
    before = same(channels)
    call("ModifyInstanceMaintenanceAttributes", InstanceId__1="i-db1", ActionOnMaintenance="Stop")
    call("ModifyInstanceMetadataOptions", InstanceId="i-db1", HttpEndpoint="disabled")
    call("ModifyInstanceAutoReleaseTime", InstanceId="i-db1", AutoReleaseTime="2030-01-01T03:00:00Z")
    assert same(channels) == before
    ecs.advance("4h")
    assert "i-db1" not in ecs.instances
    assert same(channels)[: len(before)] == before


def live(ecs, look):
    """Let everything that sends a notification happen, and call `look` after each step."""
    ecs.instances.add("i-db1", disks=[{"disk_id": "d-data1", "device": "/dev/xvdb"}], spot_strategy="SpotAsPriceGo")
    event = ecs.create(REBOOT, "i-web1", not_before="+2h", simulated=False)
    steps = (
        lambda: ecs.reschedule(event, "+3h"),
        lambda: ecs.announce("Instance:VSwitchChanged", "i-web1"),
        lambda: ecs.create("Stalled", "i-db1", simulated=False, disk_id="d-data1", executing_for="2m"),
        lambda: ecs.notification_names.add(SCHEDULED, level="INFO"),
        lambda: ecs.create(REBOOT, "i-db1", not_before="+4h"),
        lambda: ecs.advance("3h"),
        lambda: ecs.interrupt("i-db1"),
        lambda: ecs.advance("1h"),
    )
    for step in steps:
        step()
        look()


def test_a_reader_at_the_end_finds_what_each_reader_before_found():
    """Ids and contents depend neither on when a test reads nor on whether it does; what was read does not change."""
    read = []
    with EcsEvents(START, seed="cms") as early:
        live(early, lambda: read.append(early.notifications))
        found = early.notifications
    with EcsEvents(START, seed="cms") as late:
        live(late, lambda: None)
        assert late.notifications == found
    assert len({one["id"] for one in found}) == len(found) > 10
    for one in read:
        assert found[: len(one)] == one


def test_a_dry_run_shifts_no_id(ecs, ask):
    """It has an id of its own, and the notifications after it have those that they would have without it."""
    got = []
    ecs.subscribe(got.append)
    ask("SendDryRunSystemEvent", Product="ecs", EventName=SCHEDULED)
    ask("SendDryRunSystemEvent", Product="ecs", EventName=SCHEDULED)
    ecs.create(REBOOT, "i-web1", not_before="+2h")
    assert len({one["id"] for one in got}) == 3
    with EcsEvents(START, seed="cms") as another:
        another.create(REBOOT, "i-web1", not_before="+2h")
        assert [one["id"] for one in another.notifications] == [one["id"] for one in ecs.notifications]


def test_a_subscription_says_how_many_it_has_missed(ecs):
    """Those that its filter would have passed, by their rows of then."""
    ecs.create(REBOOT, "i-web1", not_before="+2h")
    ecs.notification_names.add(SCHEDULED, level="INFO")
    ecs.create(REBOOT, "i-web1", not_before="+2h")
    everything, critical = ecs.subscribe(lambda _: None), ecs.subscribe(lambda _: None, levels="CRITICAL")
    ecs.create(REBOOT, "i-web1", not_before="+2h")
    assert "2 came before it was subscribed>" in repr(everything)
    assert "1 came before it was subscribed>" in repr(critical)
