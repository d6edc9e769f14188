"""StopInstance and StartInstance."""

import re

import pytest


def incorrect(action):
    """The refusal of an action that needs the other status, in the words that were seen."""
    status, expected = ("Running", "Stopped") if action == "StartInstance" else ("Stopped", "Running")
    return (
        403,
        "IncorrectInstanceStatus",
        "The specified instance is in an incorrect status for the requested action; Status of the specified instance is "
        f"{status} but the expected status is in ({expected}).",
    )


NOT_FOUND = (404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")
DRY_RUN = (400, "DryRunOperation", "Request validation has been passed with DryRun flag set.")
STATUS_BEFORE = {"StopInstance": "Running", "StartInstance": "Stopped"}
STATUS_AFTER = {"StopInstance": "Stopped", "StartInstance": "Running"}


@pytest.fixture
def changes(ecs_events):
    """Record the statuses that instances pass through from here on."""
    seen = []
    ecs_events.on_change(lambda change: None if hasattr(change, "event") else seen.append(str(change.to_status)))
    return seen


@pytest.fixture(params=["StopInstance", "StartInstance"])
def action(request):
    """Parametrize with each of the two actions."""
    return request.param


@pytest.fixture
def ready(ecs_events, action):
    """The id of an instance in the status that the action needs."""
    return ecs_events.instances.add("i-web1", status=STATUS_BEFORE[action]).instance_id


def test_reply(call, ecs_events, action, ready):
    """The reply holds a request id and nothing else, and the instance is in its new status."""
    reply = call(action, InstanceId=ready)

    assert set(reply) == {"RequestId"}
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", reply["RequestId"])
    assert ecs_events.instances[ready].status == STATUS_AFTER[action]


def test_statuses_in_between(call, changes, action, ready):
    """Stopping leads through Stopping, starting through Starting."""
    call(action, InstanceId=ready)

    assert changes == (["Stopping", "Stopped"] if action == "StopInstance" else ["Starting", "Running"])


def test_status_over_the_api(call, action, ready):
    """Every query has the new status."""
    call(action, InstanceId=ready)

    after = STATUS_AFTER[action]
    assert call("DescribeInstances")["Instances"]["Instance"][0]["Status"] == after
    assert call("DescribeInstanceStatus")["InstanceStatuses"]["InstanceStatus"][0]["Status"] == after
    (entry,) = call("DescribeInstancesFullStatus")["InstanceFullStatusSet"]["InstanceFullStatusType"]
    assert entry["Status"]["Name"] == after


def test_wrong_status(refused, changes, ecs_events, action):
    """An instance that is already in that status is refused."""
    ecs_events.instances.add("i-web1", status=STATUS_AFTER[action])

    assert refused(action, InstanceId="i-web1") == incorrect(action)
    assert changes == []


def test_unknown_instance(refused, action, ready):
    """An unknown instance is refused."""
    assert refused(action, InstanceId="i-none") == NOT_FOUND


def test_released_instance(refused, ecs_events, action, ready):
    """A released instance is refused as unknown."""
    ecs_events.release(ready)

    assert refused(action, InstanceId=ready) == NOT_FOUND


def test_instance_of_another_account(other_account, changes, action, ready):
    """An instance of another account is refused as unknown."""
    assert other_account.refused(action, InstanceId=ready) == NOT_FOUND
    assert changes == []


def test_second_account(other_account, ecs_events, action):
    """A second account acts on its own instances."""
    ecs_events.instances.add("i-theirs", account_id="222", status=STATUS_BEFORE[action])

    other_account.call(action, InstanceId="i-theirs")

    assert ecs_events.instances["i-theirs"].status == STATUS_AFTER[action]


def test_instance_of_another_region(new_sdk, changes, action, ready):
    """An instance of another region than RegionId is refused as unknown."""
    assert new_sdk(region_id="cn-beijing").refused(action, InstanceId=ready) == NOT_FOUND
    assert changes == []


def test_without_region(http, ecs_events, action, ready):
    """Without RegionId, which the action does not declare, the instance is found by its id."""
    status, reply = http({"Action": action, "InstanceId": ready})

    assert status == 200
    assert set(reply) == {"RequestId"}
    assert ecs_events.instances[ready].status == STATUS_AFTER[action]


def test_missing_instance_id(refused, action, ready):
    """A call without InstanceId is refused with 400 MissingParameter."""
    assert refused(action) == (
        400,
        "MissingParameter",
        'The input parameter "InstanceId" that is mandatory for processing this request is not supplied.',
    )


def test_locked_for_security(refused, changes, ecs_events, action):
    """An instance that is locked for security reasons is refused."""
    ecs_events.instances.add("i-web1", status=STATUS_BEFORE[action], operation_locks=["security"])

    assert refused(action, InstanceId="i-web1")[:2] == (403, "InstanceLockedForSecurity")
    assert changes == []


@pytest.mark.parametrize("flag", ["true", "TRUE", True])
def test_dry_run(refused, changes, action, ready, flag):
    """DryRun returns the error that reports success, and nothing changes."""
    assert refused(action, InstanceId=ready, DryRun=flag) == DRY_RUN
    assert changes == []


@pytest.mark.parametrize("flag", ["false", False])
def test_no_dry_run(call, ecs_events, action, ready, flag):
    """DryRun=false is the default."""
    call(action, InstanceId=ready, DryRun=flag)

    assert ecs_events.instances[ready].status == STATUS_AFTER[action]


def test_dry_run_of_an_unknown_instance(refused, action, ready):
    """DryRun checks the request: an unknown instance is refused."""
    assert refused(action, InstanceId="i-none", DryRun=True) == NOT_FOUND


def test_dry_run_in_the_wrong_status(refused, ecs_events, action):
    """DryRun checks the request: an instance that is there already is refused."""
    ecs_events.instances.add("i-web1", status=STATUS_AFTER[action])

    assert refused(action, InstanceId="i-web1", DryRun=True) == incorrect(action)


@pytest.mark.parametrize("name", ["ForceStop", "ConfirmStop"])
@pytest.mark.parametrize("flag", ["true", True, "false", False])
def test_flags_of_stop(call, ecs_events, web1, name, flag):
    """ForceStop and ConfirmStop are accepted, and the instance stops."""
    call("StopInstance", **{"InstanceId": web1, name: flag})

    assert ecs_events.instances[web1].status == "Stopped"


def test_no_hibernation(call, ecs_events, web1):
    """Hibernate=false is an ordinary stop."""
    call("StopInstance", InstanceId=web1, Hibernate=False)

    assert ecs_events.instances[web1].status == "Stopped"


@pytest.mark.parametrize("flag", ["true", True, "false", False])
def test_init_local_disk(call, ecs_events, flag):
    """InitLocalDisk is accepted, and the instance starts."""
    ecs_events.instances.add("i-web1", status="Stopped")

    call("StartInstance", InstanceId="i-web1", InitLocalDisk=flag)

    assert ecs_events.instances["i-web1"].status == "Running"


@pytest.mark.parametrize("mode", ["StopCharging", "KeepCharging"])
def test_stopped_mode(call, web1, mode):
    """A Stopped instance has StoppedMode until it starts again."""
    call("StopInstance", InstanceId=web1, StoppedMode=mode)
    assert call("DescribeInstances")["Instances"]["Instance"][0]["StoppedMode"] == mode

    call("StartInstance", InstanceId=web1)
    assert call("DescribeInstances")["Instances"]["Instance"][0]["StoppedMode"] == "Not-applicable"


def test_stopped_mode_by_default(call, web1):
    """Without StoppedMode a Stopped instance keeps being charged."""
    call("StopInstance", InstanceId=web1)

    assert call("DescribeInstances")["Instances"]["Instance"][0]["StoppedMode"] == "KeepCharging"


def test_unknown_stopped_mode(refused, changes, web1):
    """StoppedMode outside its two values is refused."""
    refusal = refused("StopInstance", InstanceId=web1, StoppedMode="Sometimes")

    assert refusal.code.startswith("InvalidParameter")
    assert changes == []


def test_start_time(call, ecs_events, web1):
    """StartTime is the last start, to the minute; CreationTime does not change."""
    call("StopInstance", InstanceId=web1)
    ecs_events.advance(hours=3, minutes=4, seconds=5)
    call("StartInstance", InstanceId=web1)

    (instance,) = call("DescribeInstances")["Instances"]["Instance"]

    assert instance["StartTime"] == "2030-01-01T03:04Z"
    assert instance["CreationTime"] == "2030-01-01T00:00Z"


@pytest.mark.parametrize("event_type", ["SystemMaintenance.Reboot", "SystemMaintenance.Stop"])
def test_stop_and_start_avoid_nothing(call, ecs_events, web1, event_type):
    """Stopping and starting an instance avoids no event; it runs as planned."""
    event = ecs_events.create(event_type, web1, not_before="+1h")

    call("StopInstance", InstanceId=web1)
    assert event.status == "Scheduled"
    call("StartInstance", InstanceId=web1)
    assert event.status == "Scheduled"

    ecs_events.advance(hours=1, seconds=1)
    assert event.status == "Executed"


def test_reboot_after_a_start(call, ecs_events, web1):
    """An instance that was stopped and started can be rebooted, which avoids the event."""
    event = ecs_events.create("SystemMaintenance.Reboot", web1, not_before="+1h")
    call("StopInstance", InstanceId=web1)
    call("StartInstance", InstanceId=web1)

    call("RebootInstance", InstanceId=web1)

    assert event.status == "Avoided"


def test_simulated_event_on_a_stopped_instance(call, ecs_events, web1):
    """A simulated event runs on a Stopped instance too, and leaves it Stopped."""
    event = ecs_events.create("SystemMaintenance.Reboot", web1, not_before="+1h")
    call("StopInstance", InstanceId=web1)

    ecs_events.advance(hours=2)

    assert event.status == "Executed"
    assert ecs_events.instances[web1].status == "Stopped"
