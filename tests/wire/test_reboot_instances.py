"""RebootInstances."""

import re

import pytest

REBOOT = "SystemMaintenance.Reboot"
DRY_RUN = (400, "DRYRUN.SUCCESS", "This request is a dryrun request with successful result.")


@pytest.fixture
def three(ecs_events):
    """The ids of three Running instances."""
    return [ecs_events.instances.add(name).instance_id for name in ("i-a", "i-b", "i-c")]


@pytest.fixture
def rebooted(ecs_events):
    """Record the ids of the instances that reboot from here on."""
    seen = []

    def watch(change):
        if not hasattr(change, "event") and change.to_status == "Starting":
            seen.append(change.instance.instance_id)

    ecs_events.on_change(watch)
    return seen


@pytest.fixture
def events(ecs_events, three):
    """One Scheduled reboot event for each of the three instances, by instance id."""
    return {name: ecs_events.create(REBOOT, name, not_before="+1h") for name in three}


def statuses(events):
    """The statuses of events."""
    return [event.status.value for event in events.values()]


# -- the call


def test_reply(call, ecs_events, three, rebooted):
    """The reply has one entry for each instance, in the documented form."""
    reply = call("RebootInstances", InstanceIds=["i-a", "i-b"])

    assert set(reply) == {"RequestId", "InstanceResponses"}
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", reply["RequestId"])
    assert reply["InstanceResponses"]["InstanceResponse"] == [
        {
            "Code": "200",
            "Message": "success",
            "InstanceId": name,
            "CurrentStatus": "Stopping",
            "PreviousStatus": "Running",
        }
        for name in ("i-a", "i-b")
    ]
    assert rebooted == ["i-a", "i-b"]
    assert ecs_events.instances["i-a"].status == "Running"


@pytest.mark.parametrize("flag", ["true", True, "false", False])
def test_force_reboot(call, three, rebooted, flag):
    """ForceReboot is true in any case, and the instances reboot."""
    call("RebootInstances", InstanceIds=["i-a"], ForceReboot=flag)

    assert rebooted == ["i-a"]


def test_hundred_instances(call, ecs_events, rebooted):
    """A call takes 100 instance ids."""
    ids = [ecs_events.instances.add(f"i-{number:03}").instance_id for number in range(100)]

    reply = call("RebootInstances", InstanceIds=ids)

    assert [entry["InstanceId"] for entry in reply["InstanceResponses"]["InstanceResponse"]] == ids
    assert rebooted == ids


def test_hundred_and_one_instances(refused, ecs_events, rebooted):
    """101 instance ids are refused, and nothing reboots."""
    ids = [ecs_events.instances.add(f"i-{number:03}").instance_id for number in range(101)]

    assert refused("RebootInstances", InstanceIds=ids) == (
        403,
        "InvalidParameter.TooManyInstanceIds",
        "Instance ids cannot be more than 100.",
    )
    assert rebooted == []


def test_gap_in_the_list(call, three, rebooted):
    """A list whose indices have a gap is read as the ids that are there."""
    call("RebootInstances", {"InstanceId.2": "i-a", "InstanceId.9": "i-c"})

    assert rebooted == ["i-a", "i-c"]


def test_missing_instance_ids(refused, three, rebooted):
    """A call without instance ids is refused."""
    assert refused("RebootInstances") == (403, "InvalidInstanceId.NotFound", "InstanceId should not be null.")
    assert rebooted == []


def test_missing_region(http, three, rebooted):
    """A call without RegionId is refused as missing a parameter."""
    status, reply = http({"Action": "RebootInstances", "InstanceId.1": "i-a"})

    assert (status, reply["Code"]) == (400, "MissingParameter")
    assert rebooted == []


@pytest.mark.parametrize("batch", [None, "AllTogether"])
def test_one_unknown_instance(refused, three, rebooted, batch):
    """All together: one unknown instance makes the whole call fail."""
    params = {} if batch is None else {"BatchOptimization": batch}

    refusal = refused("RebootInstances", InstanceIds=["i-a", "i-none"], **params)

    assert refusal[:2] == (404, "InvalidInstanceId.NotFound")
    assert rebooted == []


@pytest.mark.parametrize("batch", [None, "AllTogether"])
def test_one_stopped_instance(refused, ecs_events, three, rebooted, batch):
    """All together: one instance that is not Running makes the whole call fail."""
    ecs_events.stop("i-b")
    params = {} if batch is None else {"BatchOptimization": batch}

    refusal = refused("RebootInstances", InstanceIds=["i-a", "i-b", "i-c"], **params)

    assert refusal[:2] == (403, "IncorrectInstanceStatus")
    assert rebooted == []


def test_locked_instance(refused, ecs_events, rebooted):
    """An instance that is locked for security reasons is refused."""
    ecs_events.instances.add("i-a", operation_locks=["security"])

    assert refused("RebootInstances", InstanceIds=["i-a"])[:2] == (403, "InstanceLockedForSecurity")
    assert rebooted == []


def test_success_first(call, ecs_events, three, rebooted):
    """Success first: those that can reboot do, and the reply has each instance's outcome."""
    ecs_events.stop("i-b")

    reply = call("RebootInstances", InstanceIds=["i-a", "i-b", "i-c"], BatchOptimization="SuccessFirst")

    first, second, third = reply["InstanceResponses"]["InstanceResponse"]
    assert [entry["InstanceId"] for entry in (first, second, third)] == ["i-a", "i-b", "i-c"]
    assert (first["Code"], first["Message"]) == (third["Code"], third["Message"]) == ("200", "success")
    assert isinstance(second["Code"], str)
    assert second["Code"] != "200"
    assert second["Message"] != "success"
    assert rebooted == ["i-a", "i-c"]


def test_success_first_with_an_unknown_instance(call, three, rebooted):
    """Success first: an unknown instance does not keep the others from rebooting."""
    reply = call("RebootInstances", InstanceIds=["i-none", "i-a"], BatchOptimization="SuccessFirst")

    codes = {entry["InstanceId"]: entry["Code"] for entry in reply["InstanceResponses"]["InstanceResponse"]}
    assert codes["i-a"] == "200"
    assert codes["i-none"] != "200"
    assert rebooted == ["i-a"]


def test_unknown_batch_optimization(refused, three, rebooted):
    """BatchOptimization outside its two values is refused."""
    refusal = refused("RebootInstances", InstanceIds=["i-a"], BatchOptimization="Sometimes")

    assert refusal.code.startswith("InvalidParameter")
    assert refusal.status in {400, 403}
    assert rebooted == []


# -- accounts and regions


def test_instance_of_another_account(refused, ecs_events, three, rebooted):
    """An instance of another account is refused as unknown."""
    ecs_events.instances.add("i-theirs", account_id="222")

    assert refused("RebootInstances", InstanceIds=["i-a", "i-theirs"])[:2] == (404, "InvalidInstanceId.NotFound")
    assert rebooted == []


def test_second_account(other_account, ecs_events, rebooted):
    """A second account reboots its own instances."""
    ecs_events.instances.add("i-theirs", account_id="222")

    other_account.call("RebootInstances", InstanceIds=["i-theirs"])

    assert rebooted == ["i-theirs"]


def test_instance_of_another_region(refused, ecs_events, three, rebooted):
    """An instance of another region than RegionId is refused as unknown."""
    ecs_events.instances.add("i-north", region_id="cn-beijing")

    assert refused("RebootInstances", InstanceIds=["i-a", "i-north"])[:2] == (404, "InvalidInstanceId.NotFound")
    assert rebooted == []


# -- dry runs


@pytest.mark.parametrize("flag", ["true", True])
@pytest.mark.parametrize("batch", ["AllTogether", "SuccessFirst"])
def test_dry_run(refused, three, rebooted, flag, batch):
    """DryRun returns the error that reports success, and nothing changes."""
    assert refused("RebootInstances", InstanceIds=three, DryRun=flag, BatchOptimization=batch) == DRY_RUN
    assert rebooted == []


@pytest.mark.parametrize("flag", ["false", False])
def test_no_dry_run(call, three, rebooted, flag):
    """DryRun=false is the default."""
    call("RebootInstances", InstanceIds=three, DryRun=flag)

    assert rebooted == three


def test_dry_run_all_together_with_a_stopped_instance(refused, ecs_events, three):
    """All together, a dry run checks the instances."""
    ecs_events.stop("i-b")

    assert refused("RebootInstances", InstanceIds=three, DryRun=True)[:2] == (403, "IncorrectInstanceStatus")


def test_dry_run_success_first_with_a_stopped_instance(refused, ecs_events, three, rebooted):
    """Success first, a dry run always succeeds."""
    ecs_events.stop("i-b")

    assert refused("RebootInstances", InstanceIds=three, DryRun=True, BatchOptimization="SuccessFirst") == DRY_RUN
    assert rebooted == []


# -- its effect on events


def test_avoided(call, ecs_events, events):
    """A reboot before NotBefore makes the events of these instances Avoided at once, and of no others."""
    ecs_events.advance(minutes=59, seconds=59)

    call("RebootInstances", InstanceIds=["i-a", "i-c"])

    assert statuses(events) == ["Avoided", "Scheduled", "Avoided"]
    entries = call("DescribeInstanceHistoryEvents")["InstanceSystemEventSet"]["InstanceSystemEventType"]
    assert {entry["EventFinishTime"] for entry in entries} == {"2030-01-01T00:59:59Z"}


def test_exactly_at_not_before(call, ecs_events, three, events):
    """At NotBefore itself it is too late."""
    ecs_events.advance(hours=1)

    call("RebootInstances", InstanceIds=three)

    assert statuses(events) == ["Executing"] * 3


@pytest.mark.parametrize("batch", ["AllTogether", "SuccessFirst"])
def test_dry_run_does_not_avoid(refused, three, events, batch):
    """A dry run avoids nothing."""
    refused("RebootInstances", InstanceIds=three, DryRun=True, BatchOptimization=batch)

    assert statuses(events) == ["Scheduled"] * 3


def test_refused_call_does_not_avoid(refused, ecs_events, three, events):
    """A call that is refused because of one instance avoids nothing for the others."""
    ecs_events.stop("i-b")

    refused("RebootInstances", InstanceIds=three)

    assert statuses(events) == ["Scheduled"] * 3


def test_success_first_avoids_for_those_that_reboot(call, ecs_events, three, events):
    """Success first: the events of those that reboot are avoided, and no others."""
    ecs_events.stop("i-b")

    call("RebootInstances", InstanceIds=three, BatchOptimization="SuccessFirst")

    assert statuses(events) == ["Avoided", "Scheduled", "Avoided"]


@pytest.mark.parametrize("event_type", ["SystemMaintenance.Stop", "SystemMaintenance.Redeploy"])
def test_other_types(call, ecs_events, three, event_type):
    """Events of other types are not avoided."""
    event = ecs_events.create(event_type, "i-a", not_before="+1h")

    call("RebootInstances", InstanceIds=three)

    assert event.status == "Scheduled"
