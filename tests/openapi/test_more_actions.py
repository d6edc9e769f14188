"""Batches, deletion, redeployment, acceptance, rescheduling, maintenance attributes and look-ups."""

import pytest

from pytest_ecsevents import EcsEvents

pytestmark = pytest.mark.usefixtures("ecs")


@pytest.fixture
def ecs():
    """Two running instances and a stopped one."""
    with EcsEvents() as ecs_events:
        for name in ("i-web1", "i-web2"):
            ecs_events.instances.add(name)
        ecs_events.instances.add("i-off", status="Stopped")
        yield ecs_events


def outcomes(reply):
    """(instance, code, current, previous) of each instance of a batch."""
    return [
        (one["InstanceId"], one["Code"], one["CurrentStatus"], one["PreviousStatus"])
        for one in reply["InstanceResponses"]["InstanceResponse"]
    ]


def test_stop_and_start_instances(ecs, call):
    """Batches report Stopping and Starting, and the instances end Stopped and Running."""
    reply = call("StopInstances", InstanceId__1="i-web1", InstanceId__2="i-web2", StoppedMode="StopCharging")
    assert outcomes(reply) == [
        ("i-web1", "200", "Stopping", "Running"),
        ("i-web2", "200", "Stopping", "Running"),
    ]
    shown = call("DescribeInstances", InstanceIds='["i-web1"]')["Instances"]["Instance"][0]
    assert (shown["Status"], shown["StoppedMode"]) == ("Stopped", "StopCharging")
    reply = call("StartInstances", InstanceId__1="i-web1", InstanceId__2="i-off")
    assert outcomes(reply) == [("i-web1", "200", "Starting", "Stopped"), ("i-off", "200", "Starting", "Stopped")]
    assert [str(instance.status) for instance in ecs.instances.values()] == ["Running", "Stopped", "Running"]


@pytest.mark.parametrize(("action", "bad"), [("StopInstances", "i-off"), ("StartInstances", "i-web2")])
def test_a_batch_is_refused_together_or_one_by_one(ecs, call, refused, action, bad):
    """AllTogether changes nothing when one instance is refused; SuccessFirst gives each its outcome."""
    good = {"StopInstances": "i-web1", "StartInstances": "i-off"}[action]
    before = ecs.instances[good].status
    ids = {"InstanceId__1": good, "InstanceId__2": bad}
    assert refused(action, **ids)[:2] == (403, "IncorrectInstanceStatus")
    assert ecs.instances[good].status == before
    reply = call(action, BatchOptimization="SuccessFirst", **ids)
    assert [code for _, code, _, _ in outcomes(reply)] == ["200", "IncorrectInstanceStatus"]
    assert ecs.instances[good].status != before


def test_delete_an_instance(ecs, call, refused):
    """A Stopped instance is released, a Running one only with Force; its events end, its history stays."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    assert refused("DeleteInstance", InstanceId="i-web1")[:2] == (403, "IncorrectInstanceStatus")
    assert refused("DeleteInstance", InstanceId="i-web1", Force="true", DryRun="true")[:2] == (400, "DryRunOperation")
    assert set(call("DeleteInstance", InstanceId="i-web1", Force="true")) == {"RequestId"}
    assert "i-web1" not in ecs.instances
    assert event.status == "Canceled"
    assert call("DescribeInstanceHistoryEvents", InstanceId="i-web1")["TotalCount"] == 1
    assert refused("DeleteInstance", InstanceId="i-web1") == (
        404,
        "InvalidInstanceId.NotFound",
        "The specified InstanceId does not exist.",
    )
    call("DeleteInstance", InstanceId="i-off")
    assert list(ecs.instances) == ["i-web2"]


def test_protected_and_prepaid_instances_are_not_deleted(ecs, call, refused):
    """Deletion protection and an unexpired subscription refuse in the documented words."""
    ecs.instances.add("i-safe", deletion_protection=True, status="Stopped")
    ecs.instances.add("i-paid", instance_charge_type="PrePaid", status="Stopped")
    assert refused("DeleteInstance", InstanceId="i-safe") == (
        403,
        "InvalidOperation.DeletionProtection",
        "The operation is not allowed due to deletion protection.",
    )
    assert refused("DeleteInstance", InstanceId="i-paid") == (
        403,
        "ChargeTypeViolation",
        "The operation is not permitted due to charge type of the instance.",
    )
    call("DeleteInstance", InstanceId="i-paid", TerminateSubscription="true")
    assert "i-paid" not in ecs.instances


def test_delete_instances_all_or_none_and_once_a_token(ecs, call, refused):
    """One bad instance refuses all; a call repeated with its token succeeds again, with other parameters it does not."""
    assert refused("DeleteInstances", InstanceId__1="i-off", InstanceId__2="i-web1")[:2] == (
        403,
        "IncorrectInstanceStatus",
    )
    assert refused("DeleteInstances", InstanceId__1="i-off", DryRun="true")[:2] == (400, "DRYRUN.SUCCESS")
    assert "i-off" in ecs.instances
    for _ in range(2):
        assert set(call("DeleteInstances", InstanceId__1="i-off", ClientToken="t-1")) == {"RequestId"}
    assert "i-off" not in ecs.instances
    assert refused("DeleteInstances", InstanceId__1="i-web1", Force="true", ClientToken="t-1") == (
        400,
        "IdempotentParameterMismatch",
        "The request is retried with updated parameters.",
    )
    assert refused("DeleteInstances", InstanceId__1="i-off")[:2] == (404, "InvalidInstanceId.NotFound")


def test_redeploy_answers_real_events_only(ecs, call, refused):
    """A real event of a documented type becomes Avoided; with nothing but simulated ones the call is refused."""
    simulated = ecs.create("SystemMaintenance.Redeploy", "i-web1", not_before="+1h")
    assert refused("RedeployInstance", InstanceId="i-web1")[:2] == (403, "InvalidOperation.RedeployInstance")
    assert simulated.status == "Scheduled"
    real = ecs.create("SystemMaintenance.Redeploy", "i-web1", not_before="+1h", simulated=False)
    reply = call("RedeployInstance", InstanceId="i-web1")
    assert set(reply) == {"TaskId", "RequestId"}
    assert reply["TaskId"].startswith("t-bp1")
    assert (real.status, simulated.status) == ("Avoided", "Scheduled")
    assert refused("RedeployInstance", InstanceId="i-none") == (
        404,
        "InvalidInstanceId.NotFound",
        "The InstanceId provided does not exist in our records.",
    )


def test_accept_an_inquiring_event(ecs, call, refused):
    """An Inquiring event executes when it is accepted; any other is not found."""
    event = ecs.create("SystemMaintenance.Redeploy", "i-web1", simulated=False, status="Inquiring")
    assert set(call("AcceptInquiredSystemEvent", EventId=event.event_id)) == {"RequestId"}
    assert event.status == "Executing"
    for event_id in (event.event_id, "e-none"):
        assert refused("AcceptInquiredSystemEvent", EventId=event_id)[:2] == (
            404,
            "InvalidEventId.NoInquiringEventFound",
        )
    assert refused("AcceptInquiredSystemEvent")[:2] == (400, "MissingParameter")


def test_reschedule_an_event(ecs, call, refused):
    """A Scheduled event gets an earlier NotBefore, shows the first one, and runs at the new time only."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="2030-01-05T00:00:00Z")
    own = {"InstanceId": "i-web1", "EventId": event.event_id}
    for when in ("2030-01-03T00:00:00Z", "2030-01-04T00:00:00Z"):
        assert set(call("ModifySystemEventAttribute", NotBefore=when, **own)) == {"RequestId"}
    (shown,) = call("DescribeInstanceHistoryEvents", EventCycleStatus="Scheduled")["InstanceSystemEventSet"][
        "InstanceSystemEventType"
    ]
    assert shown["NotBefore"] == "2030-01-04T00:00:00Z"
    assert shown["ExtendedAttribute"] == {"InitialNotBefore": "2030-01-05T00:00:00Z"}
    assert [change.at.isoformat() for change in ecs.advance("4d")] == [
        "2030-01-04T00:00:00+00:00",
        "2030-01-04T00:00:01+00:00",
    ]
    assert event.history[1].cause == "ModifySystemEventAttribute: NotBefore 2030-01-03T00:00:00Z"
    assert (
        refused("ModifySystemEventAttribute", NotBefore="2030-02-01T00:00:00Z", **own)[1] == "InvalidEventId.NotFound"
    )


def test_rescheduling_refuses_what_cannot_be(ecs, refused):
    """A time that has passed, another instance's event and an unknown instance are refused."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1d")
    later = "2030-01-01T12:00:00Z"

    def code(**params):
        return refused("ModifySystemEventAttribute", **params)[1]

    own = {"InstanceId": "i-web1", "EventId": event.event_id}
    assert code(NotBefore="2029-12-31T23:59:59Z", **own) == "InvalidNotBefore.Passed"
    assert code(NotBefore=later, InstanceId="i-web2", EventId=event.event_id) == "InvalidEventId.NotFound"
    assert code(NotBefore=later, InstanceId="i-none", EventId=event.event_id) == "InvalidInstanceId.NotFound"
    assert code(**own) == "MissingParameter"


def test_an_event_is_put_off_to_its_first_time_at_most(ecs, call, refused):
    """What was pulled forward can be put back as far as it was planned first; only the provider can go further."""
    event = ecs.create("SystemMaintenance.Stop", "i-web1", not_before="2030-01-02T00:00:00Z")
    own = {"InstanceId": "i-web1", "EventId": event.event_id}

    def modify(when):
        return call("ModifySystemEventAttribute", NotBefore=when, **own)

    modify("2030-01-01T06:00:00Z")
    modify("2030-01-02T00:00:00Z")
    assert refused("ModifySystemEventAttribute", NotBefore="2030-01-02T00:00:01Z", **own) == (
        403,
        "InvalidParameter",
        "The specified parameter NotBefore is not valid: 2030-01-02T00:00:01Z. It must not be later than the time that was "
        "planned first, 2030-01-02T00:00:00Z.",
    )
    ecs.reschedule(event, "2030-01-09T00:00:00Z")
    assert refused("ModifySystemEventAttribute", NotBefore="2030-01-08T00:00:00Z", **own)[1] == "InvalidParameter"
    modify("2030-01-02T00:00:00Z")
    assert f"{event.not_before:%d}" == "02"


@pytest.mark.parametrize("event_type", ["InstanceExpiration.Stop", "SecurityPunish.Locked", "SystemFailure.Redeploy"])
def test_only_maintenance_can_be_modified(ecs, refused, event_type):
    """Billing, security and failures are no scheduled maintenance; the provider can move them."""
    event = ecs.create(event_type, "i-web1", simulated=False, status="Scheduled", not_before="+3d")
    own = {"InstanceId": "i-web1", "EventId": event.event_id}

    assert (
        refused("ModifySystemEventAttribute", NotBefore="2030-01-02T00:00:00Z", **own)[1] == "InvalidEventId.NotFound"
    )
    assert "only SystemMaintenance events can be modified" in ecs.timeline()
    ecs.reschedule(event, "2030-01-02T00:00:00Z")
    assert f"{event.not_before:%d}" == "02"


def test_an_action_that_an_instance_does_not_support_is_refused(ecs, call, refused):
    """AutoRedeploy is for instances with local disks; if one of several lacks it, nothing changes."""
    ecs.instances.add("i-local", disks=[{"disk_id": "d-1", "category": "local_ssd_pro"}])
    both = {"InstanceId__1": "i-local", "InstanceId__2": "i-web1", "ActionOnMaintenance": "AutoRedeploy"}

    assert refused("ModifyInstanceMaintenanceAttributes", **both) == (
        403,
        "InvalidParameter",
        "The specified parameter ActionOnMaintenance is not valid: 'AutoRedeploy'. i-web1 supports Stop, AutoRecover.",
    )
    shown = call("DescribeInstanceMaintenanceAttributes", InstanceId__1="i-local")["MaintenanceAttributes"]
    assert shown["MaintenanceAttribute"][0]["ActionOnMaintenance"]["Value"] == "AutoRecover"
    call("ModifyInstanceMaintenanceAttributes", InstanceId__1="i-local", ActionOnMaintenance="AutoRedeploy")
    shown = call("DescribeInstanceMaintenanceAttributes", InstanceId__1="i-local")["MaintenanceAttributes"]
    assert shown["MaintenanceAttribute"][0]["ActionOnMaintenance"]["Value"] == "AutoRedeploy"


def test_a_broken_disk_is_reported_with_the_disk(call, refused):
    """IssueCategory hardware-disk-error needs DiskId.N, or on bare metal Device.N."""
    report = {"InstanceId__1": "i-web1", "Description": "It is slow.", "IssueCategory": "hardware-disk-error"}

    status, code, message = refused("ReportInstancesStatus", **report)
    assert (status, code) == (403, "InvalidParameter")
    assert "hardware-disk-error needs at least one disk" in message
    for named in ({"DiskId__1": "d-1"}, {"Device__1": "/dev/sdb"}):
        assert set(call("ReportInstancesStatus", **report, **named)) == {"RequestId"}


@pytest.mark.parametrize("cause", ["SystemMaintenance", "SystemFailure", "InstanceFailure"])
def test_a_performance_impact_can_be_asked_for(ecs, call, cause):
    """Three types of it exist, two of them by invitation: real events have them, and queries filter by them."""
    event = ecs.create(f"{cause}.PerformanceImpact", "i-web1", simulated=False, status="Executing")
    status = {"EventCycleStatus": "Executing"}
    for name in ("EventType", "InstanceEventType__1"):
        reply = call("DescribeInstanceHistoryEvents", **{name: event.event_type}, **status)
        (shown,) = reply["InstanceSystemEventSet"]["InstanceSystemEventType"]
        assert (shown["EventId"], shown["EventType"]["Name"]) == (event.event_id, event.event_type)


def test_maintenance_attributes_are_set_and_shown(ecs, call):
    """What was set stays until it is set anew, each attribute by itself."""
    call(
        "ModifyInstanceMaintenanceAttributes",
        InstanceId__1="i-web1",
        ActionOnMaintenance="Stop",
        MaintenanceWindow__1__StartTime="02:00:00",
        MaintenanceWindow__1__EndTime="18:00:00",
    )
    call("ModifyInstanceMaintenanceAttributes", InstanceId__1="i-web1", NotifyOnMaintenance="true")
    reply = call("DescribeInstanceMaintenanceAttributes", InstanceId__1="i-web1")
    assert reply["MaintenanceAttributes"]["MaintenanceAttribute"] == [
        {
            "InstanceId": "i-web1",
            "NotifyOnMaintenance": True,
            "MaintenanceWindows": {"MaintenanceWindow": [{"StartTime": "02:00:00", "EndTime": "18:00:00"}]},
            "ActionOnMaintenance": {
                "DefaultValue": "AutoRecover",
                "Value": "Stop",
                "SupportedValues": {"SupportedValue": ["Stop", "AutoRecover"]},
            },
        }
    ]
    everything = call("DescribeInstanceMaintenanceAttributes", PageSize="2")
    assert (everything["TotalCount"], everything["PageSize"]) == (3, 2)
    assert everything["MaintenanceAttributes"]["MaintenanceAttribute"][1]["MaintenanceWindows"] == {
        "MaintenanceWindow": []
    }


@pytest.mark.parametrize(
    ("start", "end"), [("02:30:00", "18:00:00"), ("02:00:00", "02:00:00"), ("02:00:00", ""), ("24:00:00", "02:00:00")]
)
def test_a_wrong_maintenance_window_is_refused(refused, start, end):
    """A window has two different full hours."""
    assert refused(
        "ModifyInstanceMaintenanceAttributes",
        InstanceId__1="i-web1",
        MaintenanceWindow__1__StartTime=start,
        MaintenanceWindow__1__EndTime=end,
    )[:2] == (403, "InvalidParameter")


def test_maintenance_attributes_need_instances_that_exist(refused):
    """No instance, and one that does not exist, are refused."""
    assert refused("ModifyInstanceMaintenanceAttributes", ActionOnMaintenance="Stop")[:2] == (403, "InvalidParameter")
    for action in ("ModifyInstanceMaintenanceAttributes", "DescribeInstanceMaintenanceAttributes"):
        assert refused(action, InstanceId__1="i-none") == (
            404,
            "InvalidInstanceId.NotFound",
            "The specified InstanceId does not exist.",
        )


def test_report_instances_status(ecs, call, refused):
    """A report is taken and creates no event; the disk reasons need a disk, and unknown instances are refused."""
    report = {"InstanceId__1": "i-web1", "Description": "it hangs"}
    assert set(call("ReportInstancesStatus", Reason="instance-hang", **report)) == {"RequestId"}
    assert len(ecs) == 0
    assert refused("ReportInstancesStatus", Reason="abnormal-cloud-disk", **report)[:2] == (403, "InvalidParameter")
    call("ReportInstancesStatus", Reason="abnormal-cloud-disk", DiskId__1="d-1", **report)
    assert refused("ReportInstancesStatus", InstanceId__1="i-none", Description="x")[:2] == (
        403,
        "InvalidInstanceId.NotFound",
    )
    assert refused("ReportInstancesStatus", InstanceId__1="i-web1")[:2] == (404, "MissingParameter")


def test_the_network_options_that_were_asked_for(ecs, call):
    """DescribeInstanceAttribute shows what RunInstances got in NetworkOptions, and an EIP without IsSupportUnassociate."""
    options = {"BandwidthWeighting": "Vpc-L1", "EnableJumboFrame": False, "EnableNetworkEncryption": True}
    image = {"ImageId": "m-1", "InstanceType": "ecs.g7.large"}
    reply = call("RunInstances", **image, **{f"NetworkOptions__{name}": value for name, value in options.items()})
    (instance_id,) = reply["InstanceIdSets"]["InstanceIdSet"]
    ecs.instances.add("i-eip", eip_address="203.0.113.7")

    reply = call("DescribeInstanceAttribute", InstanceId=instance_id)
    assert reply["NetworkOptions"] == options
    assert (reply["EnableJumboFrame"], reply["EnableNetworkEncryption"]) == (False, True)
    address = call("DescribeInstanceAttribute", InstanceId="i-eip")["EipAddress"]
    assert set(address) == {"AllocationId", "Bandwidth", "InternetChargeType", "IpAddress"}


def test_describe_instance_attribute(ecs, call, refused):
    """The flat reply has IoOptimized as a text and CreationTime with seconds."""
    reply = call("DescribeInstanceAttribute", InstanceId="i-web1")
    assert (reply["InstanceId"], reply["Status"], reply["RegionId"]) == ("i-web1", "Running", "cn-hangzhou")
    assert (reply["IoOptimized"], reply["CreationTime"]) == ("optimized", "2030-01-01T00:00:00Z")
    assert reply["DedicatedHostAttribute"] == {"DedicatedHostId": "", "DedicatedHostName": ""}
    assert (reply["EnableJumboFrame"], reply["EnableNetworkEncryption"]) == (True, False)
    assert reply["NetworkOptions"] == {"EnableJumboFrame": True, "EnableNetworkEncryption": False}
    assert reply["SecurityOptions"] == {"EnableSecureBoot": False}
    assert refused("DescribeInstanceAttribute", InstanceId="i-none") == (
        404,
        "InvalidInstanceId.NotFound",
        "The specified InstanceId does not exist.",
    )


def test_describe_regions(ecs, call, refused):
    """Regions have endpoints and names, Chinese unless another language is asked for."""
    by_id = {region["RegionId"]: region for region in call("DescribeRegions")["Regions"]["Region"]}
    assert by_id["cn-qingdao"]["RegionEndpoint"] == "ecs.cn-qingdao.aliyuncs.com"
    assert by_id["cn-hangzhou"]["RegionEndpoint"] == "ecs.aliyuncs.com"
    assert by_id["cn-qingdao"]["LocalName"] == "华北1（青岛）"
    english = call("DescribeRegions", AcceptLanguage="en-US")["Regions"]["Region"]
    assert "China (Qingdao)" in [region["LocalName"] for region in english]
    assert refused("DescribeRegions", AcceptLanguage="klingon") == (
        404,
        "InvalidAcceptLanguage.NotFound",
        "Only Chinese (zh-CN), English (en-US), and Japanese (ja) are allowed.",
    )
    assert refused("DescribeRegions", InstanceChargeType="Free")[:2] == (403, "Invalid.InstanceChargeType")
    assert refused("DescribeRegions", ResourceType="moon")[:2] == (404, "InvalidResourceType.NotFound")
