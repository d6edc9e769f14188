"""Real events: how their type is chosen, their effect on instances, and events of disks."""

import pytest

from pytest_ecsevents import BadArgumentError, EcsEvents, EcsEventsError, InstanceArrearsError, InstanceLockedError


@pytest.fixture
def ecs():
    """A cloud with one running instance, without pytest's fixture."""
    with EcsEvents() as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


def refusal(act):
    """Return the message of the refusal."""
    with pytest.raises(EcsEventsError) as refused:
        act()
    return str(refused.value)


# -- maintenance attributes


@pytest.mark.parametrize(
    ("action", "impact"),
    [(None, "Reboot"), ("AutoRecover", "Reboot"), ("Stop", "Stop"), ("AutoRedeploy", "Redeploy")],
)
@pytest.mark.parametrize("cause", ["SystemMaintenance", "SystemFailure"])
@pytest.mark.parametrize("simulated", [True, False])
def test_a_cause_alone_follows_the_maintenance_attribute(ecs, cause, action, impact, simulated):
    """The type follows the instance's ActionOnMaintenance; AutoRecover is its default."""
    instance = ecs.instances.add("i-set", action_on_maintenance=action)

    event = ecs.create(cause, instance, not_before="+1h", simulated=simulated)

    assert event.event_type == f"{cause}.{impact}"


def test_the_attribute_may_be_set_through_the_api(ecs, call):
    """A value set by ModifyInstanceMaintenanceAttributes applies to events planned afterwards, not to earlier ones."""
    before = ecs.create("SystemMaintenance", "i-web1", not_before="+1h", simulated=False)
    params = {"InstanceId__1": "i-web1", "ActionOnMaintenance": "Stop"}
    call("ModifyInstanceMaintenanceAttributes", **params)
    after = ecs.create("SystemMaintenance", "i-web1", not_before="+1h", simulated=False)

    assert (before.event_type, after.event_type) == ("SystemMaintenance.Reboot", "SystemMaintenance.Stop")


@pytest.mark.parametrize(
    ("action", "event_type", "planned"),
    [
        ("Stop", "SystemMaintenance.Reboot", "SystemMaintenance.Stop"),
        ("Stop", "SystemFailure.Reboot", "SystemFailure.Stop"),
        ("AutoRecover", "SystemMaintenance.Stop", "SystemMaintenance.Reboot"),
    ],
)
def test_a_real_event_that_the_service_would_not_plan_is_refused(ecs, action, event_type, planned):
    """If the attribute is set, a type that belongs to another action is an error of the test."""
    ecs.instances.add("i-set", action_on_maintenance=action)
    cause = planned.partition(".")[0]

    assert refusal(lambda: ecs.create(event_type, "i-set", simulated=False, not_before="+1h")) == (
        f"event_type is '{event_type}', but i-set has ActionOnMaintenance {action}, with which the service plans "
        f'{planned}. Pass that, or "{cause}" alone for whichever type the instance asks for.'
    )


@pytest.mark.parametrize("event_type", ["SystemMaintenance.Reboot", "SystemMaintenance.Stop"])
def test_any_type_is_accepted_without_the_attribute_and_for_simulated_events(ecs, event_type):
    """A test need not set what it does not use; users can simulate any type."""
    ecs.instances.add("i-set", action_on_maintenance="Stop")

    assert ecs.create(event_type, "i-web1", simulated=False, not_before="+1h").event_type == event_type
    assert ecs.create(event_type, "i-set", not_before="+1h").event_type == event_type


def test_a_wrong_action_is_refused_with_the_nearest(ecs):
    """The message lists the known actions."""
    assert refusal(lambda: ecs.instances.add("i-set", action_on_maintenance="AutoRecovery")) == (
        "instances.add got action_on_maintenance='AutoRecovery'. Pass one of: AutoRecover, Stop, AutoRedeploy. "
        "Did you mean AutoRecover?"
    )


# -- durations and other properties


def test_an_event_may_have_an_execution_time_of_its_own(ecs):
    """executing_for of one event overrides that of the test."""
    event = ecs.create("SystemFailure.Reboot", "i-web1", simulated=False, executing_for="36m")

    ecs.advance("35m59s")
    assert event.status == "Executing"
    ecs.advance("1s")
    assert event.status == "Executed"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"executing_for": "long"}, "executing_for is 'long', which is not a duration. Pass a timedelta or text such as "
         '"90s", "2h30m" or "1d".'),
        ({"extended_attribute": "PunishType"}, "extended_attribute is 'PunishType'. Pass a dict, such as "
         '{"PunishType": "..."}.'),
        ({"extended_attribute": {"Punishtype": "x"}}, "extended_attribute got 'Punishtype', which no event has. Did you "
         "mean PunishType? Pass some of: HostType, HostId, OnlineRepairPolicy, Rack, PunishType, PunishDomain, PunishUrl, "
         "Code, CanAccept, ResponseResult, MetricName, MetricValue, InactiveDisks, MigrationOptions; disk_id gives DiskId "
         "and Device."),
        ({"extended_attribute": {"PunishType": 1}}, "extended_attribute got PunishType=1. Pass text."),
        ({"extended_attribute": {"MigrationOptions": "MigrationPlan"}},
         "extended_attribute got MigrationOptions='MigrationPlan'. Pass a list of texts."),
        ({"extended_attribute": {"MigrationOptions": [1]}},
         "extended_attribute got MigrationOptions=[1]. Pass a list of texts."),
        ({"extended_attribute": {"InactiveDisks": [{"Size": "1"}]}},
         "extended_attribute got InactiveDisks=[{'Size': '1'}]. Pass a list of dicts with some of CreationTime, "
         "DeviceCategory, DeviceSize, DeviceType, ReleaseTime."),
        ({"extended_attribute": {"InactiveDisks": ["d-1"]}},
         "extended_attribute got InactiveDisks=['d-1']. Pass a list of dicts with some of CreationTime, DeviceCategory, "
         "DeviceSize, DeviceType, ReleaseTime."),
    ],
)  # fmt: skip
def test_what_an_event_cannot_have_is_refused(ecs, given, sentence):
    """Each refusal has the value, and what can be passed."""
    assert refusal(
        lambda: ecs.create("SecurityPunish.Locked", "i-web1", simulated=False, not_before="+1h", **given)
    ) == (sentence)


# -- billing and security


@pytest.mark.parametrize("event_type", ["InstanceExpiration.Stop", "AccountUnbalanced.Stop"])
def test_a_billing_stop_stops_and_locks_until_it_is_paid(ecs, call, event_type):
    """The instance is Stopped with a financial lock and cannot be started until it is renewed."""
    ecs.create(event_type, "i-web1", simulated=False, not_before="+3d")
    ecs.advance("3d")
    instance = call("DescribeInstances")["Instances"]["Instance"][0]
    assert instance["Status"] == "Stopped"
    assert instance["OperationLocks"] == {"LockReason": [{"LockReason": "financial"}]}
    assert call("DescribeInstances", LockReason="financial")["TotalCount"] == 1
    with pytest.raises(InstanceArrearsError):
        ecs.start("i-web1")

    ecs.renew("i-web1")
    ecs.start("i-web1")
    assert ecs.instances["i-web1"].status == "Running"
    assert call("DescribeInstances", LockReason="financial")["TotalCount"] == 0


def test_a_renewal_in_time_avoids_billing_events_and_no_other(ecs):
    """As in the documented sample, the event of an expiry is Avoided before NotBefore."""
    billing = [
        ecs.create(event_type, "i-web1", simulated=False, not_before="+3d")
        for event_type in ("InstanceExpiration.Stop", "AccountUnbalanced.Delete")
    ]
    other = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+3d")

    ecs.renew("i-web1")

    assert [str(event.status) for event in (*billing, other)] == ["Avoided", "Avoided", "Scheduled"]
    assert billing[0].history[-1].cause == "renewal by the test before NotBefore"


def test_a_punishment_locks(ecs, call):
    """SecurityPunish.Locked locks its instance when it runs: operations are refused, also for a Stopped one."""
    ecs.create("SecurityPunish.Locked", "i-web1", simulated=False, not_before="+1h", extended_attribute={"Code": "1"})
    ecs.instances.add("i-off", status="Stopped", operation_locks=["security"])
    ecs.create("SecurityPunish.Locked", "i-off", simulated=False, not_before="+1h")
    ecs.reboot("i-web1")
    ecs.advance("2h")
    for act in (lambda: ecs.reboot("i-web1"), lambda: ecs.start("i-off")):
        with pytest.raises(InstanceLockedError):
            act()
    assert [one["OperationLocks"] for one in call("DescribeInstances")["Instances"]["Instance"]] == [
        {"LockReason": [{"LockReason": "security"}]}
    ] * 2


# -- disks


def test_disks_of_an_instance(ecs):
    """An instance has its system disk and the declared ones, each with a device and its declared values."""
    instance = ecs.instances.add("i-disks", disks=["d-1", {"disk_id": "d-2", "category": "local_hdd_pro"}])

    assert [(disk.disk_id, disk.device, disk.type, disk.is_local) for disk in instance.disks[1:]] == [
        ("d-1", "/dev/xvdb", "data", False),
        ("d-2", "/dev/xvdc", "data", True),
    ]
    assert (instance.disks[0].type, instance.disks[0].device) == ("system", "/dev/xvda")


@pytest.mark.parametrize(
    ("disks", "sentence"),
    [
        ("d-1", "instances.add got disks='d-1'. Pass a list, such as [\"d-data1\"]."),
        ([1], 'instances.add got the disk 1. Pass its id, or a dict such as {"disk_id": "d-data1"}.'),
        ([""], "instances.add got the disk '', which has no disk_id. Pass one, such as \"d-data1\"."),
        ([{"device": "/dev/vdb"}], "instances.add got the disk {'device': '/dev/vdb'}, which has no disk_id. Pass one, "
         'such as "d-data1".'),
        ([{"disk_id": "d-1", "size": 1}], "instances.add got a disk with 'size', which no disk has. Disks have: disk_id, "
         "device, category, type, status, health_status, resource_group_id, tags."),
        ([{"disk_id": "d-1", "category": "cloud_esd"}], "instances.add got a disk with category='cloud_esd'. Pass one of: "
         "cloud, cloud_efficiency, cloud_ssd, cloud_essd, cloud_auto, cloud_regional_disk_auto, cloud_essd_entry, "
         "elastic_ephemeral_disk_standard, elastic_ephemeral_disk_premium, local_ssd_pro, local_hdd_pro, ephemeral, "
         "ephemeral_ssd. Did you mean cloud_essd?"),
        ([{"disk_id": 1}], "instances.add got a disk with disk_id=1. Pass text."),
        ([{"disk_id": "d-1", "tags": "web"}], "instances.add's disk got tags='web'. Pass a dict of texts, such as "
         '{"role": "web"}.'),
        (["d-1", "d-1"], "instances.add declares two disks with disk_id='d-1'. Give each its own."),
        ([{"disk_id": "d-1", "device": "/dev/xvdc"}, "d-2"], "instances.add declares two disks with device='/dev/xvdc'. "
         "Give each its own."),
        (["d-taken"], "instances.add declares the disk d-taken on i-disks, but i-has has it already. Give each disk one "
         "instance."),
    ],
)  # fmt: skip
def test_a_disk_that_cannot_be_is_refused(ecs, disks, sentence):
    """Each refusal has the value, and what can be passed; nothing is declared."""
    ecs.instances.add("i-has", disks=["d-taken"])

    assert refusal(lambda: ecs.instances.add("i-disks", disks=disks)) == sentence
    assert list(ecs.instances) == ["i-web1", "i-has"]


def test_declaring_other_disks_the_second_time_is_refused(ecs):
    """Two declarations of an instance must agree on its disks."""
    ecs.instances.add("i-disks", disks=["d-1"])
    ecs.instances.add("i-disks", disks=["d-1"])

    with pytest.raises(BadArgumentError, match="declares i-disks with disks="):
        ecs.instances.add("i-disks", disks=["d-2"])


def test_a_disk_event_finds_its_disk(ecs):
    """It concerns the named disk, else the only data disk, else the system disk."""
    one, two = ecs.instances.add("i-one", disks=["d-1"]), ecs.instances.add("i-two", disks=["d-2", "d-3"])
    real = {"simulated": False}

    assert ecs.create("Stalled", "i-web1", **real).disk_id == ecs.instances["i-web1"].disks[0].disk_id
    assert ecs.create("Stalled", one, **real).disk_id == "d-1"
    assert ecs.create("Stalled", two, disk_id=two.disks[2], **real).disk_id == "d-3"
    assert ecs.create("SystemFailure.Reboot", two, **real).disk_id is None
    assert refusal(lambda: ecs.create("Stalled", two, **real)) == (
        "disk_id is missing: Stalled is the event of a disk, and i-two has d-2, d-3. Name the one."
    )
    system = two.disks[0].disk_id
    assert refusal(lambda: ecs.create("Stalled", two, disk_id="d-1", **real)) == (
        f"disk_id is 'd-1', which is no disk of i-two. Did you mean d-3? It has: {system}, d-2, d-3. "
        'Declare it with instances.add("i-two", disks=["d-1"]).'
    )
    assert repr(ecs.one(disk_id="d-3")).endswith("Stalled on d-3 of i-two: Executing, due 2030-01-01T00:00:00Z>")
    assert f"{ecs.one(disk_id='d-3').event_id}  Stalled on d-3 of i-two: Executing" in ecs.timeline()


def test_a_disk_event_cannot_be_simulated(ecs):
    """The service simulates seven types, all of instances."""
    assert refusal(lambda: ecs.create("Stalled", "i-web1")).startswith(
        "event_type is 'Stalled', which cannot be simulated; pass simulated=False for a real one. Allowed are: "
    )


def test_an_event_of_the_instance_may_concern_a_disk(ecs, call):
    """Its ExtendedAttribute names the disk and its device."""
    ecs.instances.add("i-local", disks=[{"disk_id": "d-bad", "category": "local_ssd_pro"}])
    ecs.create(
        "SystemMaintenance.RebootAndIsolateErrorDisk", "i-local", disk_id="d-bad", simulated=False, status="Inquiring"
    )

    reply = call("DescribeInstanceHistoryEvents", InstanceEventCycleStatus__1="Inquiring")
    (event,) = reply["InstanceSystemEventSet"]["InstanceSystemEventType"]
    assert event["ExtendedAttribute"] == {"DiskId": "d-bad", "Device": "/dev/xvdb"}


def test_a_redeployment_answers_a_failure_under_way_where_there_is_a_local_disk(ecs):
    """This is documented for instances with local disks only; on others there is nothing to answer."""
    ecs.instances.add("i-local", disks=[{"disk_id": "d-1", "category": "local_ssd_pro"}])
    events = [
        ecs.create("SystemFailure.Reboot", name, simulated=False, executing_for="40m") for name in ("i-local", "i-web1")
    ]

    ecs.redeploy("i-local")
    with pytest.raises(EcsEventsError, match=r"i-web1 has no event that RedeployInstance answers\."):
        ecs.redeploy("i-web1")

    assert [str(event.status) for event in events] == ["Executed", "Executing"]


def test_autoredeploy_is_supported_where_there_is_a_local_disk(ecs, call):
    """SupportedValues contains it for instances that depend on their host's disks."""
    ecs.instances.add("i-local", disks=[{"disk_id": "d-1", "category": "local_ssd_pro"}])

    reply = call("DescribeInstanceMaintenanceAttributes")["MaintenanceAttributes"]["MaintenanceAttribute"]
    supported = {one["InstanceId"]: one["ActionOnMaintenance"]["SupportedValues"]["SupportedValue"] for one in reply}
    assert supported == {"i-web1": ["Stop", "AutoRecover"], "i-local": ["Stop", "AutoRecover", "AutoRedeploy"]}
