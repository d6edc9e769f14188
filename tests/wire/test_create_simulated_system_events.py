"""CreateSimulatedSystemEvents, and the lifecycle of its events."""

import re

import pytest

TYPES_BORN_SCHEDULED = ["SystemMaintenance.Reboot", "SystemMaintenance.Stop", "SystemMaintenance.Redeploy"]
TYPES_BORN_EXECUTING = [
    "SystemFailure.Reboot",
    "SystemFailure.Stop",
    "SystemFailure.Redeploy",
    "InstanceFailure.Reboot",
]
TYPES_NOT_SIMULATED = [
    "SystemMaintenance.RebootAndIsolateErrorDisk",
    "SystemMaintenance.RebootAndReInitErrorDisk",
    "SystemMaintenance.IsolateErrorDisk",
    "SystemMaintenance.ReInitErrorDisk",
    "SystemMaintenance.CleanInactiveDisks",
    "SystemMaintenance.StopAndRepair",
    "SystemMaintenance.PerformanceImpact",
    "SystemUpgrade.Migrate",
    "SystemFailure.Delete",
    "InstanceExpiration.Stop",
    "InstanceExpiration.Delete",
    "AccountUnbalanced.Stop",
    "AccountUnbalanced.Delete",
    "SecurityPunish.Locked",
    "Stalled",
    "Reboot",
    "systemmaintenance.reboot",
]
ALL_STATUSES = ["Inquiring", "Scheduled", "Executing", "Executed", "Avoided", "Canceled", "Failed"]
REBOOT = {"EventType": "SystemMaintenance.Reboot", "NotBefore": "2030-01-01T01:00:00Z"}


@pytest.fixture
def create(call):
    """Create events; it returns the ids."""

    def make(*instance_ids, **params):
        reply = call("CreateSimulatedSystemEvents", InstanceIds=list(instance_ids), **{**REBOOT, **params})
        return reply["EventIdSet"]["EventId"]

    return make


@pytest.fixture
def history(call):
    """Read an event over the API, in any status."""

    def read(event_id):
        reply = call("DescribeInstanceHistoryEvents", EventIds=[event_id], InstanceEventCycleStatuss=ALL_STATUSES)
        (entry,) = reply["InstanceSystemEventSet"]["InstanceSystemEventType"]
        return entry

    return read


@pytest.mark.parametrize("event_type", TYPES_BORN_SCHEDULED)
def test_maintenance_is_born_scheduled(create, history, web1, event_type):
    """A simulated maintenance event is Scheduled after its creation, with the planned time and its reason."""
    (event_id,) = create(web1, EventType=event_type)

    entry = history(event_id)
    assert entry["EventCycleStatus"]["Name"] == "Scheduled"
    assert entry["EventCycleStatus"]["Code"] == 24
    assert entry["EventType"]["Name"] == event_type
    assert entry["InstanceId"] == web1
    assert entry["EventPublishTime"] == "2030-01-01T00:00:00Z"
    assert entry["NotBefore"] == "2030-01-01T01:00:00Z"
    assert entry["Reason"] == "A simulated event."
    assert "EventFinishTime" not in entry


@pytest.mark.parametrize("event_type", TYPES_BORN_EXECUTING)
def test_failure_is_born_executing(create, history, ecs_events, web1, event_type):
    """A simulated failure event is Executing after its creation and Executed at NotBefore."""
    (event_id,) = create(web1, EventType=event_type)
    assert history(event_id)["EventCycleStatus"]["Name"] == "Executing"
    assert "EventFinishTime" not in history(event_id)

    ecs_events.advance(minutes=59, seconds=59)
    assert history(event_id)["EventCycleStatus"]["Name"] == "Executing"

    ecs_events.advance(seconds=1)
    assert history(event_id)["EventCycleStatus"] == {"Code": 0, "Name": "Executed"}
    assert history(event_id)["EventFinishTime"] == "2030-01-01T01:00:00Z"


@pytest.mark.ecs_clock(failure_events="scheduled")
@pytest.mark.parametrize("event_type", TYPES_BORN_EXECUTING)
def test_failure_born_scheduled_by_setting(create, history, web1, event_type):
    """With that setting a simulated failure event starts as Scheduled."""
    (event_id,) = create(web1, EventType=event_type)

    assert history(event_id)["EventCycleStatus"]["Name"] == "Scheduled"


@pytest.mark.parametrize("event_type", TYPES_NOT_SIMULATED)
def test_types_that_cannot_be_simulated(refused, ecs_events, web1, event_type):
    """A type outside the seven is refused with a message that names the parameter."""
    refusal = refused(
        "CreateSimulatedSystemEvents", InstanceIds=[web1], EventType=event_type, NotBefore=REBOOT["NotBefore"]
    )

    assert refusal[:2] == (403, "InvalidParameter")
    assert "EventType" in refusal.message
    assert len(ecs_events) == 0


def test_reply(call, ecs_events, web1):
    """The reply holds the event ids and a request id, and nothing else."""
    ecs_events.instances.add("i-web2")

    reply = call("CreateSimulatedSystemEvents", InstanceIds=[web1, "i-web2"], **REBOOT)

    assert set(reply) == {"EventIdSet", "RequestId"}
    assert set(reply["EventIdSet"]) == {"EventId"}
    assert re.fullmatch(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", reply["RequestId"])
    ids = reply["EventIdSet"]["EventId"]
    assert [ecs_events[event_id].instance_id for event_id in ids] == [web1, "i-web2"]


@pytest.mark.parametrize(
    ("region_id", "prefix"), [("cn-hangzhou", "bp1"), ("cn-shanghai", "uf6"), ("cn-beijing", "2ze")]
)
def test_event_id_shape(ecs_events, new_sdk, region_id, prefix):
    """An event id is `e-` and 20 lower-case letters and digits; the first three derive from the region."""
    ecs_events.instances.add("i-web1", region_id=region_id)

    reply = new_sdk(region_id=region_id).call("CreateSimulatedSystemEvents", InstanceIds=["i-web1"], **REBOOT)

    (event_id,) = reply["EventIdSet"]["EventId"]
    assert re.fullmatch(rf"e-{prefix}[0-9a-z]{{17}}", event_id)


def test_two_calls_have_different_request_ids(call, web1):
    """Every reply has a request id of its own."""
    first = call("CreateSimulatedSystemEvents", InstanceIds=[web1], **REBOOT)
    second = call("CreateSimulatedSystemEvents", InstanceIds=[web1], **REBOOT)

    assert first["RequestId"] != second["RequestId"]


def test_hundred_instances(create, ecs_events):
    """A call takes 100 instance ids and creates one event for each, in their order."""
    ids = [ecs_events.instances.add(f"i-{number:03}").instance_id for number in range(100)]

    event_ids = create(*ids)

    assert len(set(event_ids)) == 100
    assert [ecs_events[event_id].instance_id for event_id in event_ids] == ids


def test_hundred_and_one_instances(refused, ecs_events):
    """A call with 101 instance ids is refused and creates nothing."""
    ids = [ecs_events.instances.add(f"i-{number:03}").instance_id for number in range(101)]

    refusal = refused("CreateSimulatedSystemEvents", InstanceIds=ids, **REBOOT)

    assert refusal == (403, "InstanceIdLimitExceeded", "The amount of InstanceId specified exceeds limit.")
    assert len(ecs_events) == 0


def test_gap_in_the_list(call, ecs_events, web1):
    """A list whose indices have a gap is read as the ids that are there."""
    ecs_events.instances.add("i-web2")

    reply = call("CreateSimulatedSystemEvents", {"InstanceId.1": web1, "InstanceId.7": "i-web2"}, **REBOOT)

    ids = reply["EventIdSet"]["EventId"]
    assert [ecs_events[event_id].instance_id for event_id in ids] == [web1, "i-web2"]


def test_instance_twice(create, ecs_events, web1):
    """An instance that is listed twice gets two events."""
    event_ids = create(web1, web1)

    assert len(set(event_ids)) == 2
    assert len(ecs_events.where(instance_id=web1, status="Scheduled")) == 2


def test_list_order_is_numeric(call, ecs_events):
    """List members are read in the order of their indices as numbers."""
    ids = [ecs_events.instances.add(f"i-{number:02}").instance_id for number in range(1, 12)]
    raw = {f"InstanceId.{number}": ids[number - 1] for number in (11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)}

    reply = call("CreateSimulatedSystemEvents", raw, **REBOOT)

    assert [ecs_events[event_id].instance_id for event_id in reply["EventIdSet"]["EventId"]] == ids


@pytest.mark.parametrize("missing", ["EventType", "NotBefore", "InstanceIds"])
def test_missing_parameter(refused, ecs_events, web1, missing):
    """A call without a mandatory parameter is refused with 404 MissingParameter."""
    params = {**REBOOT, "InstanceIds": [web1]}
    del params[missing]

    refusal = refused("CreateSimulatedSystemEvents", **params)

    assert refusal[:2] == (404, "MissingParameter")
    assert refusal.message == "The input parameter that is mandatory for processing this request is not supplied."
    assert len(ecs_events) == 0


def test_missing_region(http, web1):
    """A call without RegionId is refused with 404 MissingParameter."""
    status, reply = http({"Action": "CreateSimulatedSystemEvents", "InstanceId.1": web1, **REBOOT})

    assert (status, reply["Code"]) == (404, "MissingParameter")


def test_unknown_instance(refused, ecs_events, web1):
    """Because of one unknown instance among good ones the whole call is refused."""
    refusal = refused("CreateSimulatedSystemEvents", InstanceIds=[web1, "i-none"], **REBOOT)

    assert refusal[:2] == (404, "InvalidInstanceId.NotFound")
    assert len(ecs_events) == 0


def test_unknown_instance_is_named(refused, web1):
    """The refusal names the first bad instance id."""
    refusal = refused("CreateSimulatedSystemEvents", InstanceIds=[web1, "i-none-b", "i-none-a"], **REBOOT)

    assert refusal[:2] == (404, "InvalidInstanceId.NotFound")
    assert refusal.message.startswith("Cannot find InstanceId.")
    assert "i-none-b" in refusal.message
    assert "i-none-a" not in refusal.message


def test_instance_of_another_account(refused, ecs_events):
    """An instance of another account cannot be found."""
    ecs_events.instances.add("i-theirs", account_id="222")

    refusal = refused("CreateSimulatedSystemEvents", InstanceIds=["i-theirs"], **REBOOT)

    assert refusal[:2] == (404, "InvalidInstanceId.NotFound")
    assert len(ecs_events) == 0


def test_second_account_on_its_own_instance(other_account, ecs_events):
    """A second account creates events on its own instances, and they belong to it."""
    ecs_events.instances.add("i-theirs", account_id="222")

    reply = other_account.call("CreateSimulatedSystemEvents", InstanceIds=["i-theirs"], **REBOOT)

    (event_id,) = reply["EventIdSet"]["EventId"]
    assert ecs_events[event_id].account_id == "222"


def test_instance_of_another_region(refused, ecs_events):
    """An instance of another region than RegionId cannot be found."""
    ecs_events.instances.add("i-north", region_id="cn-beijing")

    refusal = refused("CreateSimulatedSystemEvents", InstanceIds=["i-north"], **REBOOT)

    assert refusal[:2] == (404, "InvalidInstanceId.NotFound")


def test_region_of_the_request(call, ecs_events):
    """RegionId of the request counts, whatever the client's region is."""
    ecs_events.instances.add("i-north", region_id="cn-beijing")

    reply = call("CreateSimulatedSystemEvents", {"RegionId": "cn-beijing"}, InstanceIds=["i-north"], **REBOOT)

    (event_id,) = reply["EventIdSet"]["EventId"]
    assert ecs_events[event_id].region_id == "cn-beijing"


def test_stopped_instance(create, history, ecs_events):
    """A Stopped instance takes events too."""
    ecs_events.instances.add("i-web1", status="Stopped")

    (event_id,) = create("i-web1")

    assert history(event_id)["EventCycleStatus"]["Name"] == "Scheduled"


def test_released_instance(refused, ecs_events, web1):
    """A released instance cannot be found."""
    ecs_events.release(web1)

    refusal = refused("CreateSimulatedSystemEvents", InstanceIds=[web1], **REBOOT)

    assert refusal[:2] == (404, "InvalidInstanceId.NotFound")


def test_several_events_on_one_instance(create, ecs_events, web1):
    """One instance holds several unfinished events of different types at once."""
    for event_type in (*TYPES_BORN_SCHEDULED, *TYPES_BORN_EXECUTING):
        create(web1, EventType=event_type)

    assert len(ecs_events.where(instance_id=web1, status="Scheduled")) == 3
    assert len(ecs_events.where(instance_id=web1, status="Executing")) == 4


def test_not_before_in_the_past(refused, ecs_events, web1):
    """NotBefore earlier than now is refused."""
    refusal = refused(
        "CreateSimulatedSystemEvents",
        InstanceIds=[web1],
        EventType="SystemMaintenance.Reboot",
        NotBefore="2029-12-31T23:59:59Z",
    )

    assert refusal == (403, "InvalidNotBefore.Passed", "The NotBefore of system event has passed.")
    assert len(ecs_events) == 0


def test_not_before_in_the_second_that_runs(refused, ecs_events, web1):
    """NotBefore at the beginning of the second that has begun is earlier than now."""
    ecs_events.advance(milliseconds=500)

    refusal = refused(
        "CreateSimulatedSystemEvents",
        InstanceIds=[web1],
        EventType="SystemMaintenance.Reboot",
        NotBefore="2030-01-01T00:00:00Z",
    )

    assert refusal[:2] == (403, "InvalidNotBefore.Passed")


def test_not_before_now(create, ecs_events, web1):
    """NotBefore equal to now is accepted, and the event runs."""
    (event_id,) = create(web1, NotBefore="2030-01-01T00:00:00Z")

    ecs_events.advance(seconds=1)

    assert ecs_events[event_id].status == "Executed"
    assert [step.to_status for step in ecs_events[event_id].history] == ["Scheduled", "Executing", "Executed"]


def test_not_before_two_seconds_ahead(create, ecs_events, web1):
    """NotBefore two seconds from now is accepted."""
    (event_id,) = create(web1, NotBefore="2030-01-01T00:00:02Z")

    assert ecs_events[event_id].status == "Scheduled"


def test_not_before_years_ahead(create, history, web1):
    """NotBefore has no upper bound."""
    (event_id,) = create(web1, NotBefore="2039-12-31T23:59:59Z")

    assert history(event_id)["NotBefore"] == "2039-12-31T23:59:59Z"


@pytest.mark.parametrize(
    "not_before",
    [
        "tomorrow",
        "2030-01-02",
        "2030-01-02 00:00:00",
        "2030-01-02T00:00:00",
        "2030-01-02T00:00:00+08:00",
        "2030-13-01T00:00:00Z",
        "2030-02-30T00:00:00Z",
        "2030-01-02T24:00:01Z",
        "1893542400",
        "2030-01-02T00:00Z",
        "2030-01-02T00:00:00.5Z",
        "2030-01-02t00:00:00z",
        "2030-1-2T00:00:00Z",
        " 2030-01-02T00:00:00Z",
        "20300102T000000Z",
        "2030-01-02T00:00:00Z\n",
        "２０３０-01-02T00:00:00Z",
    ],
    ids=ascii,
)
def test_not_before_that_is_no_time(refused, ecs_events, web1, not_before):
    """NotBefore in another format is refused with a message that names it."""
    refusal = refused(
        "CreateSimulatedSystemEvents",
        InstanceIds=[web1],
        EventType="SystemMaintenance.Reboot",
        NotBefore=not_before,
    )

    assert refusal[:2] == (403, "InvalidParameter")
    assert "NotBefore" in refusal.message
    assert len(ecs_events) == 0


@pytest.mark.parametrize("event_type", TYPES_BORN_SCHEDULED)
def test_lifecycle_of_maintenance(create, history, ecs_events, web1, event_type):
    """A maintenance event is Scheduled until NotBefore, Executing from there on, and Executed a second later."""
    (event_id,) = create(web1, EventType=event_type)

    ecs_events.advance(minutes=59, seconds=59)
    assert history(event_id)["EventCycleStatus"]["Name"] == "Scheduled"

    ecs_events.advance(seconds=1)
    assert history(event_id)["EventCycleStatus"]["Name"] == "Executing"
    assert "EventFinishTime" not in history(event_id)

    ecs_events.advance(milliseconds=999)
    assert history(event_id)["EventCycleStatus"]["Name"] == "Executing"

    ecs_events.advance(milliseconds=1)
    assert history(event_id)["EventCycleStatus"] == {"Code": 0, "Name": "Executed"}
    assert history(event_id)["EventFinishTime"] == "2030-01-01T01:00:01Z"


@pytest.mark.ecs_clock(executing_for="0s")
def test_executing_for_no_time(create, history, ecs_events, web1):
    """With an Executing time of zero the event passes through both states at NotBefore."""
    (event_id,) = create(web1)

    moved = ecs_events.advance(hours=1)

    assert [step.to_status for step in moved] == ["Executing", "Executed"]
    assert history(event_id)["EventFinishTime"] == "2030-01-01T01:00:00Z"


@pytest.mark.ecs_clock(executing_for="10m")
def test_executing_for_ten_minutes(create, history, ecs_events, web1):
    """The Executing time can be set."""
    (event_id,) = create(web1)

    ecs_events.advance(hours=1, minutes=9)
    assert history(event_id)["EventCycleStatus"]["Name"] == "Executing"

    ecs_events.advance(minutes=1)
    assert history(event_id)["EventCycleStatus"]["Name"] == "Executed"


@pytest.mark.parametrize("event_type", [*TYPES_BORN_SCHEDULED, *TYPES_BORN_EXECUTING])
def test_instance_is_not_changed(create, call, ecs_events, web1, event_type):
    """A simulated event never touches its instance."""
    (before,) = call("DescribeInstances")["Instances"]["Instance"]
    create(web1, EventType=event_type)

    ecs_events.advance(hours=2)

    assert call("DescribeInstances")["Instances"]["Instance"] == [before]


@pytest.mark.parametrize("flag", ["false", "FALSE", False])
def test_trigger_real_ops_false(call, ecs_events, web1, flag):
    """TriggerRealOps=false is the default: the event has no effect on the instance."""
    call(
        "CreateSimulatedSystemEvents",
        {"TriggerRealOps": flag},
        InstanceIds=[web1],
        EventType="SystemMaintenance.Stop",
        NotBefore=REBOOT["NotBefore"],
    )

    ecs_events.advance(hours=2)

    assert ecs_events.instances[web1].status == "Running"


@pytest.mark.parametrize("flag", ["true", True])
def test_trigger_real_ops_true(call, ecs_events, web1, flag):
    """With TriggerRealOps=true the simulated event affects its instance as a real one does."""
    reply = call(
        "CreateSimulatedSystemEvents",
        {"TriggerRealOps": flag},
        InstanceIds=[web1],
        EventType="SystemMaintenance.Stop",
        NotBefore=REBOOT["NotBefore"],
    )

    ecs_events.advance(hours=2)

    (event_id,) = reply["EventIdSet"]["EventId"]
    assert ecs_events[event_id].simulated
    assert ecs_events[event_id].status == "Executed"
    assert ecs_events.instances[web1].status == "Stopped"


def test_trigger_real_ops_of_a_reboot(call, ecs_events, web1):
    """TriggerRealOps=true of a reboot event reboots the instance at NotBefore."""
    passed = []
    ecs_events.on_change(lambda change: None if hasattr(change, "event") else passed.append(str(change.to_status)))
    call("CreateSimulatedSystemEvents", {"TriggerRealOps": True}, InstanceIds=[web1], **REBOOT)

    ecs_events.advance(hours=2)

    assert passed == ["Stopping", "Starting", "Running"]


def test_trigger_real_ops_and_cancel(call, ecs_events, web1):
    """A canceled event has no effect, with TriggerRealOps or without."""
    reply = call(
        "CreateSimulatedSystemEvents",
        {"TriggerRealOps": True},
        InstanceIds=[web1],
        EventType="SystemMaintenance.Stop",
        NotBefore=REBOOT["NotBefore"],
    )
    call("CancelSimulatedSystemEvents", EventIds=reply["EventIdSet"]["EventId"])

    ecs_events.advance(hours=2)

    assert ecs_events.instances[web1].status == "Running"


def test_trigger_real_ops_that_is_no_boolean(refused, ecs_events, web1):
    """TriggerRealOps that is neither true nor false is refused."""
    refusal = refused("CreateSimulatedSystemEvents", {"TriggerRealOps": "perhaps"}, InstanceIds=[web1], **REBOOT)

    assert refusal[:2] == (403, "InvalidParameter")
    assert "TriggerRealOps" in refusal.message
    assert len(ecs_events) == 0


def test_owner_parameters(call, ecs_events, web1):
    """The owner parameters that every action takes change nothing."""
    call(
        "CreateSimulatedSystemEvents",
        InstanceIds=[web1],
        OwnerId=1,
        OwnerAccount="a",
        ResourceOwnerId=1,
        ResourceOwnerAccount="a",
        **REBOOT,
    )

    assert len(ecs_events) == 1


def fill(ecs_events, count, *, account_id=None, region_id="cn-hangzhou", name="i-full"):
    """Create the given number of Scheduled simulated events on an instance of their own."""
    ecs_events.instances.add(name, account_id=account_id, region_id=region_id)
    return [ecs_events.create("SystemMaintenance.Reboot", name, not_before="+1h") for _ in range(count)]


LIMIT_EXCEEDED = (
    403,
    "SimulatedEventLimitExceeded",
    "The amount of active simulated system event exceeds limit.",
)


def test_thousandth_event_fits(create, ecs_events, web1):
    """An account may have 1000 Scheduled simulated events."""
    fill(ecs_events, 999)

    create(web1)

    assert len(ecs_events.where(status="Scheduled")) == 1000


def test_thousand_and_first_event(refused, ecs_events, web1):
    """The 1001st Scheduled simulated event is refused."""
    fill(ecs_events, 1000)

    assert refused("CreateSimulatedSystemEvents", InstanceIds=[web1], **REBOOT) == LIMIT_EXCEEDED
    assert len(ecs_events) == 1000


def test_call_that_would_pass_the_limit_creates_none(refused, ecs_events, web1):
    """A call that would pass the limit with its second instance creates no event for the first."""
    ecs_events.instances.add("i-web2")
    fill(ecs_events, 999)

    assert refused("CreateSimulatedSystemEvents", InstanceIds=[web1, "i-web2"], **REBOOT) == LIMIT_EXCEEDED
    assert len(ecs_events) == 999


def test_limit_reached_by_calls_alone(create, refused, ecs_events, web1):
    """Ten calls of 100 instances reach the limit, and the eleventh is refused."""
    ids = [ecs_events.instances.add(f"i-{number:03}").instance_id for number in range(100)]
    for _ in range(10):
        create(*ids)

    assert refused("CreateSimulatedSystemEvents", InstanceIds=[web1], **REBOOT) == LIMIT_EXCEEDED


def test_limit_counts_all_regions(refused, ecs_events, web1):
    """The limit counts an account's events in all regions together."""
    fill(ecs_events, 600, region_id="cn-beijing", name="i-north")
    fill(ecs_events, 400)

    assert refused("CreateSimulatedSystemEvents", InstanceIds=[web1], **REBOOT) == LIMIT_EXCEEDED


def test_limit_is_per_account(other_account, ecs_events):
    """One account's events do not count for another."""
    fill(ecs_events, 1000)
    ecs_events.instances.add("i-theirs", account_id="222")

    reply = other_account.call("CreateSimulatedSystemEvents", InstanceIds=["i-theirs"], **REBOOT)

    assert len(reply["EventIdSet"]["EventId"]) == 1


def test_limit_after_a_cancel(call, create, refused, ecs_events, web1):
    """One canceled event makes room for one more."""
    events = fill(ecs_events, 1000)
    call("CancelSimulatedSystemEvents", EventIds=[events[0].event_id])

    create(web1)

    assert refused("CreateSimulatedSystemEvents", InstanceIds=[web1], **REBOOT) == LIMIT_EXCEEDED


def test_limit_after_execution(create, ecs_events, web1):
    """Events that have left Scheduled no longer count."""
    fill(ecs_events, 1000)
    ecs_events.advance(hours=1)

    (event_id,) = create(web1, NotBefore="2030-01-01T05:00:00Z")

    assert ecs_events[event_id].status == "Scheduled"


def test_limit_after_a_reboot(call, create, ecs_events, web1):
    """Avoided events no longer count."""
    fill(ecs_events, 1000)
    call("RebootInstance", InstanceId="i-full")

    assert len(create(web1)) == 1


def test_limit_does_not_count_failure_events(create, ecs_events, web1):
    """Failure events, born Executing, are not counted."""
    ids = [ecs_events.instances.add(f"i-{number:03}").instance_id for number in range(100)]
    create(*ids, EventType="SystemFailure.Reboot")
    fill(ecs_events, 999)

    create(web1)

    assert len(ecs_events) == 1100


def test_failure_event_at_the_limit(create, ecs_events, web1):
    """A failure event fits even when the limit is reached."""
    fill(ecs_events, 1000)

    (event_id,) = create(web1, EventType="InstanceFailure.Reboot")

    assert ecs_events[event_id].status == "Executing"


def test_limit_does_not_count_real_events(create, ecs_events, web1):
    """Real events are not counted."""
    fill(ecs_events, 999)
    ecs_events.create("SystemMaintenance.Reboot", web1, not_before="+1h", simulated=False)

    (event_id,) = create(web1)

    assert ecs_events[event_id].status == "Scheduled"


@pytest.mark.ecs_clock(failure_events="scheduled")
def test_limit_counts_failure_events_born_scheduled(refused, ecs_events, web1):
    """Failure events that start as Scheduled by setting count like others."""
    for _ in range(1000):
        ecs_events.create("SystemFailure.Reboot", web1, not_before="+1h")

    assert refused("CreateSimulatedSystemEvents", InstanceIds=[web1], **REBOOT) == LIMIT_EXCEEDED
