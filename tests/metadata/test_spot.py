"""One interruption of a preemptible instance, in all views of a program."""

import time

import pytest
import requests

TERMINATION = "http://100.100.100.200/latest/meta-data/instance/spot/termination-time"


@pytest.fixture
def spot(ecs_events):
    """A preemptible instance."""
    return ecs_events.instances.add("i-spot", spot_strategy="SpotAsPriceGo")


@pytest.fixture
def lasting(ecs_events):
    """A preemptible instance that an interruption stops."""
    return ecs_events.instances.add(
        "i-spot", spot_strategy="SpotAsPriceGo", spot_interruption_behavior="Stop", internet_max_bandwidth_out=5
    )


def termination_time():
    """Return what a program inside reads; None without an interruption."""
    reply = requests.get(TERMINATION, timeout=5)
    return None if reply.status_code == 404 else reply.text


@pytest.fixture
def locks(call):
    """Return the reasons of `OperationLocks`; None once the instance is gone."""

    def locks():
        found = call("DescribeInstances", InstanceIds='["i-spot"]')["Instances"]["Instance"]
        return [lock["LockReason"] for lock in found[0]["OperationLocks"]["LockReason"]] if found else None

    return locks


def test_five_views_of_an_interruption(ecs_events, spot, locks):
    """Push, EventBridge, metadata and locks agree at once, and five minutes later all say Deleted."""
    pushed, bridged = [], []
    ecs_events.subscribe(pushed.append)
    ecs_events.subscribe(bridged.append, format="eventbridge")
    ecs_events.advance("1h")
    assert (pushed, bridged, termination_time(), locks()) == ([], [], None, [])

    ecs_events.interrupt("i-spot")

    content = {"instanceId": "i-spot", "action": "delete"}
    ((push,), (event,)) = pushed, bridged
    assert push["name"] == "Instance:PreemptibleInstanceInterruption"
    assert (push["content"], push["eventTime"]) == (content, "20300101T090000.000+0800")
    assert event["type"] == "ecs:Instance:PreemptibleInstanceInterruption"
    assert (event["data"], event["time"]) == (content, "2030-01-01T09:00:00+08:00")
    assert termination_time() == "2030-01-01T01:05:00Z"
    assert locks() == ["Recycling"]

    ecs_events.advance("4m59s")
    assert (len(pushed), len(bridged), termination_time(), locks()) == (1, 1, "2030-01-01T01:05:00Z", ["Recycling"])

    ecs_events.advance("1s")
    assert (pushed[-1]["name"], pushed[-1]["content"]["state"]) == ("Instance:StateChange", "Deleted")
    assert pushed[-1]["eventTime"] == "20300101T090500.000+0800"
    assert (bridged[-1]["type"], bridged[-1]["data"]["state"]) == ("ecs:Instance:StateChange", "Deleted")
    assert bridged[-1]["time"] == "2030-01-01T09:05:00+08:00"
    assert locks() is None
    assert list(ecs_events.instances) == []


def test_an_interruption_changes_no_status(ecs_events, spot):
    """A receiver of status changes gets only the release."""
    changes = []
    ecs_events.on_change(changes.append)
    ecs_events.interrupt("i-spot")
    assert changes == []

    ecs_events.advance("5m")
    assert [(change.to_status, change.cause) for change in changes] == [(None, "PreemptibleInstanceInterruption")]


def test_an_agent_drains_in_time(ecs_events, spot):
    """A program that polls every five seconds notices it in time, and its polls are one line of the timeline."""
    drained = []

    def agent():
        while (at := termination_time()) is None:
            time.sleep(5)
        drained.append((at, f"{ecs_events.now:%H:%M:%S}"))

    ecs_events.at("+2m2s", ecs_events.interrupt, "i-spot")
    ecs_events.run(agent)

    assert drained == [("2030-01-01T00:07:02Z", "00:02:05")]
    (polls,) = [line for line in ecs_events.timeline().splitlines() if "404" in line]
    assert polls == (
        " +00:00:00  metadata  i-spot GET /latest/meta-data/instance/spot/termination-time -> 404 (25 times, every 5s, "
        "until +00:02:00)"
    )


def test_a_shell_script_would_read_no_date(spot):
    """`date --date` does not parse the page of a 404 as a time."""
    text = requests.get(TERMINATION, timeout=5).text

    assert "404 - Not Found" in text
    assert not text[:4].isdigit()


def test_five_views_of_an_interruption_that_stops(ecs_events, lasting, call, locks):
    """All agree as for one that releases, but five minutes later the instance is Stopped in economical mode."""
    sent = {name: [] for name in ("cloudmonitor", "subscription", "eventbridge")}
    for name, received in sent.items():
        ecs_events.subscribe(received.append, format=name)

    ecs_events.interrupt("i-spot")

    content = {"instanceId": "i-spot", "action": "delete"}
    assert [one["content"] for one in sent["cloudmonitor"]] == [content]
    assert [one["alert"]["eventContentMap"] for one in sent["subscription"]] == [content]
    assert [one["data"] for one in sent["eventbridge"]] == [content]
    assert (termination_time(), locks()) == ("2030-01-01T00:05:00Z", ["Recycling"])

    ecs_events.advance("5m")

    states = [one["alert"]["eventContentMap"].get("state") for one in sent["subscription"]]
    assert states == [None, "Stopping", "Stopped"]
    (instance,) = call("DescribeInstances")["Instances"]["Instance"]
    assert (instance["Status"], instance["StoppedMode"]) == ("Stopped", "StopCharging")
    assert (instance["SpotInterruptionBehavior"], instance["SpotDuration"]) == ("Stop", 1)
    assert locks() == []


def test_an_interrupted_instance_can_be_started_and_interrupted_again(ecs_events, lasting, call):
    """It is Running again after StartInstance, and its next interruption is announced and stops it as the first did."""
    ecs_events.interrupt("i-spot")
    ecs_events.advance("1h")
    call("StartInstance", InstanceId="i-spot")
    assert lasting.status == "Running"
    assert termination_time() is None
    ecs_events.advance("1h")
    assert lasting.status == "Running"

    ecs_events.interrupt("i-spot")

    assert termination_time() == "2030-01-01T02:05:00Z"
    ecs_events.advance("5m")
    assert lasting.status == "Stopped"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Pending", ["Stopped"]),
        ("Starting", ["Stopping", "Stopped"]),
        ("Stopping", ["Stopped"]),
        ("Stopped", []),
    ],
)
def test_an_interruption_stops_an_instance_in_any_status(ecs_events, call, status, expected):
    """In the middle of any operation, it ends Stopped when its five minutes are over."""
    instances = ecs_events.instances
    instances.pending_takes, instances.starting_takes = ("20m", "20m") if status == "Pending" else ("0s", "20m")
    instances.stopping_takes = "20m"
    wanted = {"SpotStrategy": "SpotAsPriceGo", "SpotInterruptionBehavior": "Stop"}
    reply = call("RunInstances", ImageId="m-1", InstanceType="ecs.g7.large", **wanted)
    (instance_id,) = reply["InstanceIdSets"]["InstanceIdSet"]
    if status in ("Stopping", "Stopped"):
        ecs_events.advance("20m")
        call("StopInstance", InstanceId=instance_id)
        ecs_events.advance("20m" if status == "Stopped" else "0s")
    ecs_events.interrupt(instance_id)
    ecs_events.advance("299s")
    assert instances[instance_id].status == status
    passed = []
    ecs_events.on_change(lambda change: passed.append(str(change.to_status)))

    ecs_events.advance("1h")

    assert passed == expected
    (instance,) = call("DescribeInstances")["Instances"]["Instance"]
    assert (instance["Status"], instance["StoppedMode"]) == ("Stopped", "StopCharging")


def test_an_instance_that_stopped_in_economical_mode_may_stop_otherwise_later(ecs_events, lasting, call):
    """StoppedMode is that of the last stop."""
    ecs_events.interrupt("i-spot")
    ecs_events.advance("5m")
    call("StartInstance", InstanceId="i-spot")
    ecs_events.create("SystemFailure.Stop", "i-spot", simulated=False)

    (instance,) = call("DescribeInstances")["Instances"]["Instance"]
    assert (instance["Status"], instance["StoppedMode"]) == ("Stopped", "KeepCharging")
