"""Maintenance windows, and the time of the events that are planned in them."""

import json

import pytest

NIGHTLY = {"PeriodUnit": "Daily", "RangeList": [{"StartTime": "22:00", "EndTime": "04:00"}]}
WEEKEND = {
    "PeriodUnit": "Weekly",
    "RangeList": [
        {"StartTime": "Saturday,22:00", "EndTime": "Monday,02:00"},
        {"StartTime": "Wednesday,03:00", "EndTime": "Wednesday,05:00"},
    ],
}
WEB = {"Scope": "Tag", "Tags": [{"Key": "role", "Value": "web"}]}
USUAL = {"PlanWindowName": "nightly", "Enable": "true", "SupportMaintenanceAction": "Reboot"}


def params(target=WEB, period=NIGHTLY, **changes):
    """Return the parameters of a call that makes a window."""
    return {**USUAL, "TargetResource": json.dumps(target), "TimePeriod": json.dumps(period), **changes}


@pytest.fixture
def create(call):
    """Make a window; it returns its id."""

    def create(target=WEB, period=NIGHTLY, **changes):
        return call("CreatePlanMaintenanceWindow", params(target, period, **changes))["PlanWindowId"]

    return create


@pytest.fixture
def listed(call):
    """Return the windows that a query lists."""
    return lambda **filters: call("DescribePlanMaintenanceWindows", filters)["PlanMaintenanceWindowList"]


@pytest.fixture
def web(ecs_events):
    """Declare an instance with the tag of the windows."""
    return ecs_events.instances.add("i-web1", tags={"role": "web"}, resource_group_id="rg-1")


def test_a_window_is_listed_as_it_was_made(ecs_events, create, listed):
    """It has an id, its times, and what was sent."""
    window_id = create(MinMaintenanceInterval="12")
    (window,) = listed()
    assert window == {
        "PlanWindowId": window_id,
        "PlanWindowName": "nightly",
        "Enable": True,
        "SupportMaintenanceAction": "Reboot",
        "TargetResource": WEB,
        "TimePeriod": NIGHTLY,
        "MinMaintenanceInterval": 12,
        "CreateTime": "2030-01-01T00:00:00Z",
        "ModifiedTime": "2030-01-01T00:00:00Z",
    }
    assert window_id.startswith("pw-bp1")


def test_a_change_keeps_what_is_not_sent(call, ecs_events, create, listed):
    """Each member can be changed alone."""
    window_id = create()
    ecs_events.advance("1h")
    changes = {
        "PlanWindowName": "weekend",
        "Enable": "false",
        "SupportMaintenanceAction": "Redeploy",
        "TargetResource": json.dumps({"Scope": "ResourceGroup", "ResourceGroupId": "rg-1"}),
        "TimePeriod": json.dumps(WEEKEND),
        "MinMaintenanceInterval": "48",
    }
    before = listed()[0]
    for name, value in changes.items():
        call("ModifyPlanMaintenanceWindow", {"PlanWindowId": window_id, name: value})
        after = listed()[0]
        assert {key for key in after if after[key] != before.get(key)} - {"ModifiedTime"} == {name}
        assert after["ModifiedTime"] == "2030-01-01T01:00:00Z"
        before = after


def test_a_deleted_window_is_gone(call, create, listed, refused):
    """It is not listed, and cannot be deleted again."""
    window_id = create()
    call("DeletePlanMaintenanceWindow", {"PlanWindowId": window_id})
    assert listed() == []
    assert refused("DeletePlanMaintenanceWindow", {"PlanWindowId": window_id})[:2] == (403, "InvalidParameter")


@pytest.mark.parametrize("action", ["ModifyPlanMaintenanceWindow", "DeletePlanMaintenanceWindow"])
def test_a_window_of_another_account_is_unknown(action, create, other_account):
    """As if it did not exist."""
    window_id = create()
    assert other_account.refused(action, {"PlanWindowId": window_id})[1] == "InvalidParameter"
    assert other_account.call("DescribePlanMaintenanceWindows")["TotalCount"] == 0


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["tagged", "grouped"]),
        ({"PlanWindowName": "tagged"}, ["tagged"]),
        ({"PlanWindowName": "tag"}, []),
        ({"Enable": "true"}, ["tagged"]),
        ({"Enable": "false"}, ["grouped"]),
        ({"TargetResourceGroupId": "rg-1"}, ["grouped"]),
        ({"TargetResourceTags": '{"Key": "role", "Value": "web"}'}, ["tagged"]),
        ({"TargetResourceTags": '{"Key": "role"}'}, ["tagged"]),
        ({"TargetResourceTags": '{"Key": "role", "Value": "db"}'}, []),
        ({"PlanWindowId": "pw-none"}, []),
    ],
)
def test_filters(create, listed, filters, names):
    """All that are sent must match."""
    create(PlanWindowName="tagged")
    create({"Scope": "ResourceGroup", "ResourceGroupId": "rg-1"}, PlanWindowName="grouped", Enable="false")
    assert [window["PlanWindowName"] for window in listed(**filters)] == names


def test_pages(call, create):
    """Ten windows are on a page unless MaxResults says more; the token leads on."""
    ids = [create() for _ in range(12)]
    first = call("DescribePlanMaintenanceWindows")
    assert (first["TotalCount"], first["MaxResults"], len(first["PlanMaintenanceWindowList"])) == (12, 10, 10)
    last = call("DescribePlanMaintenanceWindows", {"NextToken": first["NextToken"]})
    pages = first["PlanMaintenanceWindowList"] + last["PlanMaintenanceWindowList"]
    assert ([window["PlanWindowId"] for window in pages], last["NextToken"]) == (ids, "")
    assert len(call("DescribePlanMaintenanceWindows", {"MaxResults": "12"})["PlanMaintenanceWindowList"]) == 12


def test_windows_hold_in_all_regions(call, create):
    """RegionId only leads the call."""
    create()
    assert call("DescribePlanMaintenanceWindows", {"RegionId": "cn-beijing"})["TotalCount"] == 1


def time(name, value, period=NIGHTLY):
    """Return a period whose first range has another time."""
    (first, *others) = period["RangeList"]
    return {**period, "RangeList": [{**first, name: value}, *others]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PlanWindowName", "n" * 201),
        ("Enable", "maybe"),
        ("SupportMaintenanceAction", "Stop"),
        ("MinMaintenanceInterval", "0"),
        ("MinMaintenanceInterval", "49"),
        ("TargetResource", "[]"),
        ("TargetResource", "{"),
        ("TargetResource", '{"Scope": "All"}'),
        ("TargetResource", '{"Scope": "Tag"}'),
        ("TargetResource", '{"Scope": "ResourceGroup"}'),
        ("TargetResource", '{"Scope": "ResourceGroup", "ResourceGroupId": 7}'),
        ("TargetResource", '{"Scope": "Tag", "Tags": "role"}'),
        ("TargetResource", '{"Scope": "Tag", "Tags": ["role"]}'),
        ("TargetResource", '{"Scope": "Tag", "Tags": [{"Value": "web"}]}'),
        ("TargetResource", '{"Scope": "Tag", "Tags": [{"Key": 7}]}'),
        ("TimePeriod", '{"PeriodUnit": "Monthly"}'),
        ("TimePeriod", '{"PeriodUnit": "Daily"}'),
        ("TimePeriod", '{"PeriodUnit": "Daily", "RangeList": []}'),
        ("TimePeriod", '{"PeriodUnit": "Daily", "RangeList": ["22:00"]}'),
        ("TimePeriod", json.dumps(time("StartTime", "22:30"))),
        ("TimePeriod", json.dumps(time("EndTime", "24:00"))),
        ("TimePeriod", json.dumps(time("StartTime", "Monday,22:00"))),
        ("TimePeriod", json.dumps(time("EndTime", None))),
        ("TimePeriod", json.dumps(time("StartTime", "22:00", WEEKEND))),
        ("TimePeriod", json.dumps(time("StartTime", "Someday,22:00", WEEKEND))),
    ],
)
def test_wrong_values_are_refused(refused, listed, name, value):
    """No window is made, and the message names the parameter."""
    status, code, message = refused("CreatePlanMaintenanceWindow", params(**{name: value}))
    assert (status, code) == (403, "InvalidParameter")
    assert name in message
    assert listed() == []


@pytest.mark.parametrize("name", [*USUAL, "TargetResource", "TimePeriod"])
def test_what_is_required(refused, name):
    """Only MinMaintenanceInterval may be left out."""
    given = params()
    del given[name]
    assert refused("CreatePlanMaintenanceWindow", given)[:2] == (404, "MissingParameter")


# -- planned events; 2030-01-01 is a Tuesday


def planned(ecs_events, event_type="SystemMaintenance.Reboot", **given):
    """Return the NotBefore of a real event that is published now."""
    event = ecs_events.create(event_type, "i-web1", **{"simulated": False, **given})
    return f"{event.not_before:%a %dT%H:%M}"


@pytest.mark.parametrize(
    ("period", "changes", "expected"),
    [
        (NIGHTLY, {}, "Wed 02T00:00"),
        (NIGHTLY, {"MinMaintenanceInterval": "3"}, "Tue 01T03:00"),
        (NIGHTLY, {"MinMaintenanceInterval": "4"}, "Tue 01T22:00"),
        (NIGHTLY, {"MinMaintenanceInterval": "48"}, "Thu 03T00:00"),
        (WEEKEND, {}, "Wed 02T03:00"),
        (WEEKEND, {"MinMaintenanceInterval": "28"}, "Wed 02T04:00"),
        (WEEKEND, {"MinMaintenanceInterval": "48"}, "Sat 05T22:00"),
        (time("EndTime", "22:00"), {}, "Wed 02T00:00"),
    ],
)
@pytest.mark.usefixtures("web")
def test_maintenance_is_planned_in_the_window(ecs_events, create, period, changes, expected):
    """It is the first instant in a range that is MinMaintenanceInterval hours ahead, 24 without one."""
    create(WEB, period, **changes)
    assert planned(ecs_events) == expected


def test_the_end_of_a_week_is_open(ecs_events, create, web):
    """A range of a week may go on in the next one."""
    create(WEB, WEEKEND, MinMaintenanceInterval="1")
    ecs_events.advance_to("2030-01-07T00:00:00Z")
    assert planned(ecs_events) == "Mon 07T01:00"


@pytest.mark.parametrize(
    ("target", "changes"),
    [
        (WEB, {"Enable": "false"}),
        (WEB, {"SupportMaintenanceAction": "Redeploy"}),
        ({"Scope": "Tag", "Tags": [{"Key": "role", "Value": "db"}]}, {}),
        ({"Scope": "ResourceGroup", "ResourceGroupId": "rg-2"}, {}),
    ],
)
def test_other_windows_plan_nothing(ecs_events, create, web, target, changes):
    """The event is planned a day ahead, as without any window."""
    create(target, {"PeriodUnit": "Daily", "RangeList": [{"StartTime": "05:00", "EndTime": "06:00"}]}, **changes)
    assert planned(ecs_events) == "Wed 02T00:00"


def test_a_group_or_a_key_alone_select_instances(ecs_events, create, web):
    """So does a tag without a value."""
    early = {"PeriodUnit": "Daily", "RangeList": [{"StartTime": "05:00", "EndTime": "06:00"}]}
    create({"Scope": "ResourceGroup", "ResourceGroupId": "rg-1"}, early)
    assert planned(ecs_events) == "Wed 02T05:00"
    create({"Scope": "Tag", "Tags": [{"Key": "role"}]}, NIGHTLY)
    assert planned(ecs_events) == "Wed 02T00:00"


@pytest.mark.parametrize(
    "given", [{"simulated": True}, {"not_before": "+24h"}, {"event_type": "SystemMaintenance.Stop"}]
)
def test_windows_are_for_real_maintenance_without_a_time_of_its_own(ecs_events, create, web, given):
    """Simulated events, those with a NotBefore, and other types are planned as without a window."""
    create(WEB, {"PeriodUnit": "Daily", "RangeList": [{"StartTime": "05:00", "EndTime": "06:00"}]})
    assert planned(ecs_events, **given) == "Wed 02T00:00"


def test_a_redeployment_is_planned_by_its_own_windows(ecs_events, create, web):
    """The window supports Redeploy."""
    early = {"PeriodUnit": "Daily", "RangeList": [{"StartTime": "05:00", "EndTime": "06:00"}]}
    create(WEB, early, SupportMaintenanceAction="Redeploy")
    assert planned(ecs_events, "SystemMaintenance.Redeploy") == "Wed 02T05:00"


def test_the_newer_sdk_sends_structures(ecs_events):
    """Its models become JSON."""
    sdk = pytest.importorskip("alibabacloud_ecs20140526.client")
    models = pytest.importorskip("alibabacloud_ecs20140526.models")
    config = pytest.importorskip("alibabacloud_tea_openapi.models").Config(
        access_key_id="ak", access_key_secret="secret", region_id="cn-hangzhou", endpoint="ecs.cn-hangzhou.aliyuncs.com"
    )
    client = sdk.Client(config)
    target = models.CreatePlanMaintenanceWindowRequestTargetResource().from_map(WEB)
    period = models.CreatePlanMaintenanceWindowRequestTimePeriod().from_map(NIGHTLY)
    made = client.create_plan_maintenance_window(
        models.CreatePlanMaintenanceWindowRequest(
            region_id="cn-hangzhou",
            plan_window_name="nightly",
            enable=True,
            support_maintenance_action="Reboot",
            target_resource=target,
            time_period=period,
        )
    )
    query = models.DescribePlanMaintenanceWindowsRequest(region_id="cn-hangzhou")
    (window,) = client.describe_plan_maintenance_windows(query).body.plan_maintenance_window_list
    assert window.plan_window_id == made.body.plan_window_id
    assert (window.target_resource.to_map(), window.time_period.to_map()) == (WEB, NIGHTLY)
