"""RebootInstance, and its effect on events."""

import re

import pytest

REBOOT = "SystemMaintenance.Reboot"


@pytest.fixture
def changes(ecs_events):
    """Record the statuses that instances pass through from here on."""
    seen = []
    ecs_events.on_change(lambda change: None if hasattr(change, "event") else seen.append(str(change.to_status)))
    return seen


# -- the call


def test_reply(call, ecs_events, web1):
    """The reply holds a request id and nothing else, and the instance is Running again."""
    reply = call("RebootInstance", InstanceId=web1)

    assert set(reply) == {"RequestId"}
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", reply["RequestId"])
    assert ecs_events.instances[web1].status == "Running"


def test_statuses_in_between(call, changes, web1):
    """A rebooted instance passes through Stopping and Starting."""
    call("RebootInstance", InstanceId=web1)

    assert changes == ["Stopping", "Starting", "Running"]


@pytest.mark.parametrize("flag", ["true", "TRUE", True, "false", False])
def test_force_stop(call, changes, web1, flag):
    """ForceStop is true in any case, and the instance reboots."""
    call("RebootInstance", InstanceId=web1, ForceStop=flag)

    assert changes[-1] == "Running"


def test_stopped_instance(refused, ecs_events, web1):
    """An instance that is not Running is refused."""
    ecs_events.stop(web1)

    assert refused("RebootInstance", InstanceId=web1) == (
        403,
        "IncorrectInstanceStatus",
        "The current status of the resource does not support this operation.",
    )
    assert ecs_events.instances[web1].status == "Stopped"


NOT_FOUND = (404, "InvalidInstanceId.NotFound", "The specified InstanceId does not exist.")


def test_unknown_instance(refused, web1):
    """An unknown instance is refused."""
    assert refused("RebootInstance", InstanceId="i-none") == NOT_FOUND


def test_released_instance(refused, ecs_events, web1):
    """A released instance is refused as unknown."""
    ecs_events.release(web1)

    assert refused("RebootInstance", InstanceId=web1) == NOT_FOUND


def test_instance_of_another_account(refused, changes, ecs_events):
    """An instance of another account is refused as unknown."""
    ecs_events.instances.add("i-theirs", account_id="222")

    assert refused("RebootInstance", InstanceId="i-theirs") == NOT_FOUND
    assert changes == []


def test_second_account(other_account, changes, ecs_events):
    """A second account reboots its own instances."""
    ecs_events.instances.add("i-theirs", account_id="222")

    other_account.call("RebootInstance", InstanceId="i-theirs")

    assert changes[-1] == "Running"


def test_instance_of_another_region(refused, changes, ecs_events):
    """An instance of another region than RegionId is refused as unknown."""
    ecs_events.instances.add("i-north", region_id="cn-beijing")

    assert refused("RebootInstance", InstanceId="i-north") == NOT_FOUND
    assert changes == []


def test_region_of_the_client(new_sdk, changes, ecs_events):
    """A client of the instance's region reboots it."""
    ecs_events.instances.add("i-north", region_id="cn-beijing")

    new_sdk(region_id="cn-beijing").call("RebootInstance", InstanceId="i-north")

    assert changes[-1] == "Running"


def test_without_region(http, changes, ecs_events):
    """Without RegionId, which the action does not declare, the instance is found by its id."""
    ecs_events.instances.add("i-north", region_id="cn-beijing")

    status, reply = http({"Action": "RebootInstance", "InstanceId": "i-north"})

    assert status == 200
    assert set(reply) == {"RequestId"}
    assert changes[-1] == "Running"


def test_missing_instance_id(refused, web1):
    """A call without InstanceId is refused with 400 MissingParameter."""
    refusal = refused("RebootInstance")

    assert refusal == (
        400,
        "MissingParameter",
        'The input parameter "InstanceId" that is mandatory for processing this request is not supplied.',
    )


def test_locked_for_security(refused, changes, ecs_events):
    """An instance that is locked for security reasons is refused."""
    ecs_events.instances.add("i-web1", operation_locks=["security"])

    assert refused("RebootInstance", InstanceId="i-web1") == (
        403,
        "InstanceLockedForSecurity",
        "The specified operation is denied as your instance is locked for security reasons.",
    )
    assert changes == []


# -- dry runs


@pytest.mark.parametrize("flag", ["true", "TRUE", True])
def test_dry_run(refused, changes, web1, flag):
    """DryRun returns the error that reports success, and nothing changes."""
    assert refused("RebootInstance", InstanceId=web1, DryRun=flag) == (
        400,
        "DryRunOperation",
        "Request validation has been passed with DryRun flag set.",
    )
    assert changes == []


@pytest.mark.parametrize("flag", ["false", False])
def test_no_dry_run(call, changes, web1, flag):
    """DryRun=false is the default."""
    call("RebootInstance", InstanceId=web1, DryRun=flag)

    assert changes[-1] == "Running"


def test_dry_run_of_an_unknown_instance(refused, web1):
    """DryRun checks the request: an unknown instance is refused."""
    assert refused("RebootInstance", InstanceId="i-none", DryRun=True) == NOT_FOUND


def test_dry_run_of_a_stopped_instance(refused, ecs_events, web1):
    """DryRun checks the request: an instance that is not Running is refused."""
    ecs_events.stop(web1)

    assert refused("RebootInstance", InstanceId=web1, DryRun=True)[:2] == (403, "IncorrectInstanceStatus")


# -- its effect on events


def test_avoided(call, ecs_events, web1):
    """A reboot before NotBefore makes the event Avoided at the instant of acceptance."""
    event = ecs_events.create(REBOOT, web1, not_before="+24h")
    ecs_events.advance(hours=23, seconds=7)

    call("RebootInstance", InstanceId=web1)

    assert event.status == "Avoided"
    (entry,) = call("DescribeInstanceHistoryEvents")["InstanceSystemEventSet"]["InstanceSystemEventType"]
    assert entry["EventId"] == event.event_id
    assert entry["EventCycleStatus"] == {"Code": 8, "Name": "Avoided"}
    assert entry["EventFinishTime"] == "2030-01-01T23:00:07Z"
    assert entry["NotBefore"] == "2030-01-02T00:00:00Z"


def test_avoided_event_does_not_run(call, ecs_events, web1):
    """Nothing happens at the NotBefore of an Avoided event."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")
    call("RebootInstance", InstanceId=web1)

    assert ecs_events.advance(hours=2) == []
    assert event.status == "Avoided"


def test_avoided_event_leaves_full_status(call, ecs_events, web1):
    """An Avoided event is no longer among the scheduled events of its instance."""
    ecs_events.create(REBOOT, web1, not_before="+1h")
    call("RebootInstance", InstanceId=web1)

    (entry,) = call("DescribeInstancesFullStatus")["InstanceFullStatusSet"]["InstanceFullStatusType"]

    assert entry["ScheduledSystemEventSet"] == {"ScheduledSystemEventType": []}


def test_created_and_avoided_over_the_api(call, web1):
    """An event made by CreateSimulatedSystemEvents is avoided too."""
    reply = call("CreateSimulatedSystemEvents", InstanceIds=[web1], EventType=REBOOT, NotBefore="2030-01-01T01:00:00Z")
    call("RebootInstance", InstanceId=web1)

    (entry,) = call("DescribeInstanceHistoryEvents")["InstanceSystemEventSet"]["InstanceSystemEventType"]

    assert [entry["EventId"]] == reply["EventIdSet"]["EventId"]
    assert entry["EventCycleStatus"]["Name"] == "Avoided"


def test_every_event_of_the_instance(call, ecs_events, web1):
    """Every Scheduled reboot event of the instance is avoided, simulated or real."""
    events = [ecs_events.create(REBOOT, web1, not_before=f"+{hours}h") for hours in (1, 2, 3)]
    events.append(ecs_events.create(REBOOT, web1, not_before="+4h", simulated=False))

    call("RebootInstance", InstanceId=web1)

    assert {event.status.value for event in events} == {"Avoided"}


def test_events_of_other_instances(call, ecs_events, web1):
    """Events of other instances stay as they are."""
    ecs_events.instances.add("i-web2")
    event = ecs_events.create(REBOOT, "i-web2", not_before="+1h")

    call("RebootInstance", InstanceId=web1)

    assert event.status == "Scheduled"


@pytest.mark.parametrize("force", [True, False])
def test_force_stop_avoids(call, ecs_events, web1, force):
    """A forced reboot avoids as an orderly one does."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")

    call("RebootInstance", InstanceId=web1, ForceStop=force)

    assert event.status == "Avoided"


@pytest.mark.parametrize(
    ("event_type", "status"),
    [
        ("SystemMaintenance.Stop", "Scheduled"),
        ("SystemMaintenance.Redeploy", "Scheduled"),
        ("SystemFailure.Reboot", "Executing"),
        ("SystemFailure.Stop", "Executing"),
        ("SystemFailure.Redeploy", "Executing"),
        ("InstanceFailure.Reboot", "Executing"),
    ],
)
def test_other_types(call, ecs_events, web1, event_type, status):
    """Simulated events of other types are not avoided by a reboot, and run as planned."""
    event = ecs_events.create(event_type, web1, not_before="+1h")

    call("RebootInstance", InstanceId=web1)

    assert event.status == status
    ecs_events.advance(hours=2)
    assert event.status == "Executed"


def test_a_microsecond_before_not_before(call, ecs_events, web1):
    """The last microsecond before NotBefore is still in time."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")
    ecs_events.advance(minutes=59, seconds=59, microseconds=999_999)

    call("RebootInstance", InstanceId=web1)

    assert event.status == "Avoided"


def test_exactly_at_not_before(call, ecs_events, web1):
    """At NotBefore itself it is too late."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")
    ecs_events.advance(hours=1)

    call("RebootInstance", InstanceId=web1)

    assert event.status == "Executing"
    ecs_events.advance(seconds=1)
    assert event.status == "Executed"


def test_after_the_end(call, ecs_events, web1):
    """An Executed event stays Executed."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")
    ecs_events.advance(hours=2)

    call("RebootInstance", InstanceId=web1)

    assert event.status == "Executed"


def test_canceled_event(call, ecs_events, web1):
    """A Canceled event stays Canceled."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")
    call("CancelSimulatedSystemEvents", EventIds=[event.event_id])

    call("RebootInstance", InstanceId=web1)

    assert event.status == "Canceled"


def test_dry_run_does_not_avoid(refused, ecs_events, web1):
    """A dry run avoids nothing: the event runs."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")

    refused("RebootInstance", InstanceId=web1, DryRun=True)

    assert event.status == "Scheduled"
    ecs_events.advance(hours=2)
    assert event.status == "Executed"


def test_refused_call_does_not_avoid(refused, ecs_events, web1):
    """A call that is refused because of the instance's status avoids nothing."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")
    ecs_events.stop(web1)

    refused("RebootInstance", InstanceId=web1)

    assert event.status == "Scheduled"


@pytest.mark.parametrize("code", ["InternalError", "LimitedOperation.ServiceUnavailable", "Throttling", "DiskError"])
def test_provider_error_does_not_avoid(refused, ecs_events, web1, code):
    """A call that the provider answers with an error avoids nothing; the next one does."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")
    ecs_events.fail("RebootInstance", code)

    assert refused("RebootInstance", InstanceId=web1).code == code
    assert event.status == "Scheduled"


def test_reboot_after_a_provider_error(call, refused, ecs_events, web1):
    """A call repeated after an error avoids the event."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")
    ecs_events.fail("RebootInstance", "InternalError")
    refused("RebootInstance", InstanceId=web1)

    call("RebootInstance", InstanceId=web1)

    assert event.status == "Avoided"


def test_other_account_does_not_avoid(other_account, ecs_events, web1):
    """A call of another account avoids nothing."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")

    other_account.refused("RebootInstance", InstanceId=web1)

    assert event.status == "Scheduled"


def test_reboot_inside_the_guest(call, ecs_events, web1):
    """A reboot typed inside the guest avoids nothing."""
    event = ecs_events.create(REBOOT, web1, not_before="+1h")

    ecs_events.reboot(web1, in_guest=True)

    assert event.status == "Scheduled"
    assert call("DescribeInstanceHistoryEvents")["TotalCount"] == 0


def test_inquiring_event(call, ecs_events, web1):
    """An Inquiring event is not Scheduled and stays as it is."""
    event = ecs_events.create(REBOOT, web1, simulated=False, status="Inquiring")

    call("RebootInstance", InstanceId=web1)

    assert event.status == "Inquiring"


@pytest.mark.ecs_clock(failure_events="scheduled")
def test_scheduled_failure_event(call, ecs_events, web1):
    """A failure event that starts as Scheduled by setting is not avoided either."""
    event = ecs_events.create("SystemFailure.Reboot", web1, not_before="+1h")

    call("RebootInstance", InstanceId=web1)

    assert event.status == "Scheduled"


def test_count_of_reboots(call, changes, web1):
    """Every accepted call is a reboot of its own."""
    for _ in range(3):
        call("RebootInstance", InstanceId=web1)

    assert changes.count("Starting") == 3
