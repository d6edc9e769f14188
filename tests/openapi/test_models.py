"""The models of the newer SDK, the request classes of the legacy one, and the fake agree on each action."""

import datetime as dt
import functools
import importlib
import importlib.util
import inspect
import itertools
import json
import re
import typing

import pytest

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.rpc._parameters import ENVELOPE, UnusableValueError
from pytest_ecsevents.rpc._wire import ApiRequest
from pytest_ecsevents.services._products import ACTIONS, PRODUCTS
from pytest_ecsevents.services.ecs._attributes import ATTRIBUTES
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, INSTANCE_EVENT_TYPES, SIMULATED_TYPES, EventStatus

models = pytest.importorskip("alibabacloud_ecs20140526.models")
MODELS = {"Ecs": models, "Cms": pytest.importorskip("alibabacloud_cms20190101.models")}
LEGACY = {"Ecs": "aliyunsdkecs", "Cms": "aliyunsdkcms"}
PRODUCT_OF = {name: product for product in PRODUCTS.values() for name in product.actions}
Utils = pytest.importorskip("alibabacloud_tea_openapi.utils").Utils

# What an SDK sends and the fake does not accept: (action, name on the wire) -> reason.
NOT_TAKEN: "dict[tuple[str, str], str]" = {}

# What the fake accepts and the newer SDK does not send: (action, name on the wire) -> reason.
NOT_IN_MODEL: "dict[tuple[str, str], str]" = {
    ("RunInstances", "CpuOptions.EnableVISST"): "only the legacy SDK sends it",
    ("RunInstances", "CpuOptions.EnableVRDT"): "only the legacy SDK sends it",
    ("RunInstances", "CpuOptions.TurboMode"): "only the legacy SDK sends it",
    ("PutEventRule", "EventPattern.N.KeywordFilter.Keywords.N"): "only the legacy SDK sends it",
    ("PutEventRule", "EventPattern.N.KeywordFilter.Relation"): "only the legacy SDK sends it",
}

# Required parameters on which the newer SDK's comment and the reference differ: (action, name) -> reason for the
# choice.
REQUIRED_OTHERWISE: "dict[tuple[str, str], str]" = {}

# Values of another JSON type than the model's attribute: (action, path) -> reason; it covers nested values too.
TYPED_OTHERWISE: "dict[tuple[str, str], str]" = {
    ("DescribeEventRuleList", "EventRules.EventRule[].EventPattern"): (
        "the reference's samples and Terraform's provider have one pattern's members where the model has a list of them"
    ),
}


def _legacy_module(action):
    product = PRODUCT_OF[action]
    return f"{LEGACY[product.name]}.request.v{product.version.replace('-', '')}.{action}Request"


def _has_legacy_class(action):
    package = importlib.util.find_spec(LEGACY[PRODUCT_OF[action].name])
    return package is not None and importlib.util.find_spec(_legacy_module(action)) is not None


LEGACY_ACTIONS = [name for name in ACTIONS if _has_legacy_class(name)]


# -- reading the models


@functools.cache
def hints(model):
    """Return the type of each attribute of a model, by the attribute's name in Python."""
    found = typing.get_type_hints(model.__init__)
    found.pop("return", None)
    return {name: _without_none(hint) for name, hint in found.items()}


def _without_none(hint):
    """Undo that Python 3.10 reads a default of None as Optional."""
    inner = [one for one in typing.get_args(hint) if one is not type(None)]
    return inner[0] if typing.get_origin(hint) is typing.Union else hint


def is_model(hint):
    """Return whether an attribute is a model itself."""
    return hasattr(hint, "to_map")


def filled(hint):
    """Return a value of a type, with every attribute set."""
    if is_model(hint):
        return hint(**{name: filled(inner) for name, inner in hints(hint).items()})
    if typing.get_origin(hint) is list:
        return [filled(typing.get_args(hint)[0])]
    return {str: "1", int: 1, float: 1.5, bool: True}[hint]


@functools.cache
def wire_types(model):
    """Return the type of each attribute of a model, by its key on the wire."""
    empty = model().to_map()
    found = {}
    for name, hint in hints(model).items():
        said = model(**{name: filled(hint)}).to_map()
        (key,) = (key for key, value in said.items() if value != empty.get(key))
        found[key] = hint
    return found


def folded(names):
    """Names on the wire with their numbers as N: `InstanceId.N`, `Tag.N.Key`."""
    return {re.sub(r"\.\d+", ".N", name) for name in names}


def request_model(action):
    """Return the newer SDK's request model; of one with parameters in JSON, what the SDK makes of it."""
    models = MODELS[PRODUCT_OF[action].name]
    return getattr(models, f"{action}ShrinkRequest", None) or getattr(models, f"{action}Request")


@functools.cache
def query_of_the_model(action):
    """Return what the newer SDK sends when everything is set: names on the wire and texts."""
    return Utils.query(filled(request_model(action)).to_map())


def sent_by_the_model(action):
    """Return the names of it."""
    return folded(query_of_the_model(action))


def declared(action):
    """Return the parameters of the fake's action, by name on the wire."""
    return set(ACTIONS[action].parameters.known_names())


@functools.cache
def query_of_the_legacy_class(action):
    """Return what the setters of the legacy SDK's request class set: names on the wire and values."""

    class Text(str):
        """A text, or a struct, or a list of one."""

        __slots__ = ()

        def get(self, _member, _default=None):
            return self

    class Struct(list):
        """A struct, or a list of two: it has every member that a setter reads."""

        def get(self, _member, _default=None):
            return Text("1")

    legacy = getattr(importlib.import_module(_legacy_module(action)), f"{action}Request")
    reached = {}
    for setter in (name for name in vars(legacy) if name.startswith("set_")):
        request = legacy()
        before = dict(request.get_query_params())
        getattr(request, setter)(Struct([Struct(), Struct()]))
        found = {name: value for name, value in request.get_query_params().items() if before.get(name) != value}
        assert found, f"{setter} sets nothing"
        reached.update(found)
    return reached


def sent_by_the_legacy_class(action):
    """Return the names of it."""
    return folded(query_of_the_legacy_class(action))


# -- parameters


def unread(action, query):
    """Return the names that the fake does not know in the form in which the SDK sends them."""
    return ACTIONS[action].parameters.sort(query)[1]


def not_taken_of(action):
    """Return the parameters of an action that the fake does not take, for a reason above."""
    return {name for of, name in NOT_TAKEN if of == action}


# One test for all actions: to start a test takes longer than to compare the parameters of one.


def test_the_fake_takes_what_the_newer_sdk_sends():
    """Each parameter of the request model is declared and read, common to all actions, or not taken for a reason above."""
    unknown = {one: sent_by_the_model(one) - declared(one) - ENVELOPE - not_taken_of(one) for one in ACTIONS}
    assert {action: names for action, names in unknown.items() if names} == {}
    skipped = {one: folded(unread(one, query_of_the_model(one))) for one in ACTIONS}
    assert skipped == {one: not_taken_of(one) & sent_by_the_model(one) for one in ACTIONS}


def test_the_newer_sdk_sends_what_the_fake_takes():
    """Each declared parameter is in the request model, or listed above with the reason why the SDK lacks it."""
    lacking = [(action, name) for action in ACTIONS for name in declared(action) - sent_by_the_model(action)]
    assert [pair for pair in lacking if pair not in NOT_IN_MODEL] == []


def test_the_fake_takes_what_the_legacy_sdk_sends():
    """Setters of the legacy request class set a parameter that is declared and read, common, or listed above."""
    unknown = {
        one: sent_by_the_legacy_class(one) - declared(one) - ENVELOPE - not_taken_of(one) for one in LEGACY_ACTIONS
    }
    assert {action: names for action, names in unknown.items() if names} == {}
    skipped = {one: folded(unread(one, query_of_the_legacy_class(one))) for one in LEGACY_ACTIONS}
    assert skipped == {one: not_taken_of(one) & sent_by_the_legacy_class(one) for one in LEGACY_ACTIONS}


def test_no_exception_is_stale():
    """Each listed difference exists: an SDK sends it and it is not declared, or it is declared and not sent."""
    sent = {name: sent_by_the_model(name) for name in ACTIONS}
    for name in LEGACY_ACTIONS:
        sent[name] |= sent_by_the_legacy_class(name)
    assert [pair for pair in NOT_TAKEN if pair[1] not in sent.get(pair[0], ())] == []
    assert [pair for pair in NOT_TAKEN if pair[1] in declared(pair[0])] == []
    assert [pair for pair in NOT_IN_MODEL if pair[0] not in ACTIONS or pair[1] not in declared(pair[0])] == []
    assert [pair for pair in NOT_IN_MODEL if pair[1] in sent_by_the_model(pair[0])] == []
    assert [pair for pair in REQUIRED_OTHERWISE if required_by_the_fake(pair[0], pair[1]) is None] == []
    assert [pair for pair in REQUIRED_OTHERWISE if pair[1] not in disputed(pair[0])] == []
    assert [
        pair for pair in TYPED_OTHERWISE if not any(_is_below(path, [pair[1]]) for path, _ in mistyped(pair[0]))
    ] == []
    reasons = [
        reason for table in (NOT_TAKEN, NOT_IN_MODEL, REQUIRED_OTHERWISE, TYPED_OTHERWISE) for reason in table.values()
    ]
    assert all(reason.strip() for reason in reasons)


KINDS = {
    "integer": (int,),
    "number": (float,),
    "boolean": (bool,),
    "string": (str,),
    "time": (str,),
    "JSON array": (str,),
    "list": (list,),
}


def test_each_parameter_is_of_the_models_type():
    """An integer of the fake is an integer of the model, a list a list, and so on."""
    wrong = {
        (action, parameter.wire_name): (parameter.kind, types[parameter.wire_name])
        for action in ACTIONS
        for types in [dict(_flat_types(request_model(action)))]
        for parameter in ACTIONS[action].parameters.parameters
        if not parameter.members and (action, parameter.wire_name) not in NOT_IN_MODEL
        if types[parameter.wire_name] not in KINDS[parameter.kind]
    }
    assert wrong == {}


def _flat_types(model, prefix=""):
    """Return the types of a model's attributes, by name on the wire; for a list, `list`."""
    for key, hint in wire_types(model).items():
        if is_model(hint):
            yield from _flat_types(hint, f"{prefix}{key}.")
        elif typing.get_origin(hint) is not list:
            yield prefix + key, hint
        elif is_model(inner := typing.get_args(hint)[0]):
            yield from _flat_types(inner, f"{prefix}{key}.N.")
        else:
            yield f"{prefix}{key}.N", list


@functools.cache
def comments(action):
    """What the request model says of each attribute, by name on the wire; of a list, by its name before the `.N`."""
    source = inspect.getsource(request_model(action).__init__)
    names = {name: key for key, name in _keyed(request_model(action))}
    found = re.findall(r"((?:^ +#.*\n)*)^ +self\.(\w+) = \2$", source, re.MULTILINE)
    return {names[name]: comment for comment, name in found}


def _keyed(model):
    return zip(wire_types(model), hints(model), strict=True)


def required_by_the_model(action):
    """Return what the comments in the request model call required, by name on the wire."""
    types = wire_types(request_model(action))
    return {
        f"{key}.N" if typing.get_origin(types[key]) is list else key
        for key, comment in comments(action).items()
        if "This parameter is required." in comment
    }


def required_by_the_fake(action, name):
    """Return whether the fake requires a parameter; None for an unknown name."""
    if name == "RegionId":
        return ACTIONS[action].needs_region
    return {one.wire_name: one.required for one in ACTIONS[action].parameters.parameters}.get(name)


def disputed(action):
    """Return the parameters that only the fake or only the model requires."""
    names = {one.wire_name for one in ACTIONS[action].parameters.parameters} | {"RegionId"}
    return {name for name in names if required_by_the_fake(action, name)} ^ required_by_the_model(action)


def test_the_same_parameters_are_required():
    """The fake requires what the model's comments call required, RegionId included, and nothing else."""
    found = [(action, name) for action in ACTIONS for name in disputed(action)]
    assert [pair for pair in found if pair not in REQUIRED_OTHERWISE] == []


_VALUE = re.compile(r"^ +# +[-*] +`?([\w.-]+)`?(?=:| *\(|,|\.?\s*$)", re.MULTILINE)


def listed_by_the_model(action, name):
    """Return the valid values that the model's comment lists, each on its own line."""
    found = _VALUE.findall(comments(action)[name].partition("alid values")[2])
    return [value.removesuffix(".") for value in found]


def refused(action, name, values):
    """Return those of the values that the fake refuses because of their form."""
    (parameter,) = (one for one in ACTIONS[action].parameters.parameters if one.name == name)
    return [value for value in values if not _parses(parameter, value)]


def _parses(parameter, value):
    try:
        parameter.parse([value] if parameter.is_list else value)
    except UnusableValueError:
        return False
    return True


def test_each_value_that_the_model_lists_is_accepted():
    """No value that the model's comment lists as valid is refused as malformed."""
    listed = {
        (action, parameter.name): listed_by_the_model(action, parameter.name)
        for action in ACTIONS
        for parameter in ACTIONS[action].parameters.parameters
        if (action, parameter.wire_name) not in NOT_IN_MODEL and parameter.name in comments(action)
    }
    assert sum(map(bool, listed.values())) > 50
    wrong = {(action, name): refused(action, name, values) for (action, name), values in listed.items() if values}
    assert {key: values for key, values in wrong.items() if values} == {}


def test_seven_types_can_be_simulated():
    """The model lists eight, InstanceFailure.Reboot twice; the fake treats that as an error and accepts seven."""
    listed = listed_by_the_model("CreateSimulatedSystemEvents", "EventType")
    assert len(listed) == 8
    assert sorted(set(listed)) == sorted(SIMULATED_TYPES)
    others = [name for name in EVENT_TYPES if name not in SIMULATED_TYPES]
    assert refused("CreateSimulatedSystemEvents", "EventType", EVENT_TYPES) == others


@pytest.mark.parametrize("name", ["EventType", "InstanceEventType"])
@pytest.mark.parametrize("action", ["DescribeInstanceHistoryEvents", "DescribeInstancesFullStatus"])
def test_queries_filter_by_any_type(action, name):
    """The model lists some types only, without the Stop types that can be simulated.

    The fake filters by each type that it knows, because a reply can have any of them.
    """
    listed = listed_by_the_model(action, name)
    assert not {"SystemMaintenance.Stop", "SystemFailure.Stop"} & {*listed}
    assert set(listed) < set(INSTANCE_EVENT_TYPES)
    assert refused(action, name, INSTANCE_EVENT_TYPES) == []


@pytest.mark.parametrize("action", [name for name in ACTIONS if "MaxResults" in comments(name)])
def test_max_results_is_moved_into_its_range(action):
    """The model lists valid values and how others are changed; the fake refuses no value."""
    assert refused(action, "MaxResults", ["1", "9", "10", "100", "101", "5000"]) == []


def test_the_models_spelling_of_hosts_is_not_the_only_one():
    """The model has managedhost, the reference also managehost; the fake accepts both."""
    listed = listed_by_the_model("DescribeInstanceHistoryEvents", "ResourceType")
    assert "managehost" not in listed
    assert refused("DescribeInstanceHistoryEvents", "ResourceType", ["managehost", "managedhost"]) == []


# -- replies


REGION = "cn-hangzhou"
FULL, PLAIN, STOPPED = "i-full", "i-plain", "i-stopped"
_DISK = {"disk_id": "d-tagged", "category": "local_ssd_pro", "tags": {"role": "web"}, "resource_group_id": "rg-1"}
_EXTENDED = {
    "PunishType": "p",
    "PunishDomain": "example.org",
    "PunishUrl": "https://example.org",
    "Code": "1",
    "CanAccept": "true",
    "ResponseResult": "r",
    "HostType": "ddh",
    "HostId": "dh-1",
    "Rack": "rack-1",
    "OnlineRepairPolicy": "o",
    "MetricName": "cpu",
    "MetricValue": "1",
    "MigrationOptions": ["MigrationPlan"],
    "InactiveDisks": [
        {
            "CreationTime": "2029-01-01T00:00Z",
            "DeviceCategory": "local_ssd_pro",
            "DeviceSize": "10",
            "DeviceType": "data",
        }
        | {"ReleaseTime": "2029-01-02T00:00Z"}
    ],
}
_MAINTENANCE = "SystemMaintenance.Reboot"
_TEXTS = {"expired_time": "2031-01-01T00:00Z", "auto_release_time": "2031-01-01T00:00Z"}


def _attribute(row):
    """A value that is not the default, and that blocks no operation."""
    if row.name == "operation_locks":
        return ["Recycling"]
    if row.kind is tuple:
        return [f"{row.name}-1", f"{row.name}-2"]
    if row.allowed:
        return row.allowed[-1]
    return {str: _TEXTS.get(row.name, row.name), int: 7, float: 0.5, bool: row.default is False}[row.kind]


def populate(ecs_events):
    """Add instances without and with every attribute, and events of every type in every possible status."""
    add = ecs_events.instances.add
    add(FULL, tags={"role": "web", "empty": ""}, **{name: _attribute(row) for name, row in ATTRIBUTES.items()})
    add(STOPPED, status="Stopped")
    for number, row in enumerate(EVENT_TYPES.values()):
        for outcome in (EventStatus.EXECUTED, EventStatus.FAILED):
            if outcome in row.statuses:
                instance_id = add(f"i-{outcome}-{number}").instance_id
                ecs_events.create(row.name, instance_id, simulated=False, status="Executing", outcome=outcome)
    for number in range(6):
        add(f"i-spare-{number}", tags={"role": "spare"})
        ecs_events.create(_MAINTENANCE, f"i-spare-{number}", not_before="+1h")
    ecs_events.reboot("i-spare-0")
    ecs_events.cancel(ecs_events.one(instance_id="i-spare-1"))
    ecs_events.advance("2h")
    for number, row in enumerate(EVENT_TYPES.values()):
        if row.can_simulate:
            ecs_events.create(row.name, FULL, not_before="+1h")
        for status, not_before in (("Inquiring", None), ("Scheduled", "+1h"), ("Executing", None)):
            if status in row.statuses:
                add(f"i-{status}-{number}")
                given = {"not_before": not_before, "status": status, "reason": "risk", "simulated": False}
                ecs_events.create(row.name, f"i-{status}-{number}", **given)
    concerned = add("i-concerned", disks=[_DISK, "d-other"])
    given = {"simulated": False, "status": "Inquiring", "extended_attribute": _EXTENDED}
    ecs_events.create("SystemMaintenance.RebootAndIsolateErrorDisk", concerned, disk_id="d-tagged", **given)
    ecs_events.create("Stalled", concerned, simulated=False, disk_id="d-tagged")
    ecs_events.create("ErrorDetected", concerned, simulated=False, disk_id="d-tagged", executing_for="1d")
    ecs_events.advance("2s")
    add(PLAIN)


_MAINTAINED = {
    "InstanceId.1": FULL,
    "ActionOnMaintenance": "Stop",
    "NotifyOnMaintenance": "true",
    "MaintenanceWindow.1.StartTime": "02:00:00",
    "MaintenanceWindow.1.EndTime": "18:00:00",
}

# Further parameters for actions whose required parameters alone have no effect.
BESIDES = {
    "ModifyInstanceMetadataOptions": {"InstanceId": FULL},
    "ModifyInstanceMaintenanceAttributes": _MAINTAINED,
    "CreatePlanMaintenanceWindow": {"MinMaintenanceInterval": "24"},
    "RenewInstance": {"Period": "1"},
    "TagResources": {"Tag.1.Key": "role", "Tag.1.Value": "web"},
    "UntagResources": {"All": "true"},
    "ListTagResources": {"ResourceId.1": FULL},
    "RunInstances": {"ImageId": "m-1", "InstanceType": "ecs.g7.large", "Amount": "2"},
    "CreateInstance": {"ImageId": "m-1"},
    "PutEventRule": {
        "EventPattern.1.Product": "ecs",
        "EventPattern.1.EventTypeList.1": "*",
        "EventPattern.1.LevelList.1": "CRITICAL",
        "EventPattern.1.NameList.1": "Instance:StateChange",
        "EventPattern.1.StatusList.1": "Normal",
        "EventPattern.1.KeywordFilter.Keywords.1": "i-1",
        "EventPattern.1.CustomFilters": "i-1",
        "EventPattern.1.SQLFilter": "i-1",
        "Description": "A rule.",
        "GroupId": "7",
    },
}

_TARGETS = {
    "ContactParameters": ("ContactGroupName", "Level"),
    "FcParameters": ("Region", "ServiceName", "FunctionName"),
    "MnsParameters": ("Region", "Queue", "Topic"),
    "SlsParameters": ("Region", "Project", "LogStore"),
    "WebhookParameters": ("Url",),
    "OpenApiParameters": ("Product", "Action", "Version", "Region", "Role", "Arn", "JsonParams"),
}
_ALL_TARGETS = {
    f"{kind}.1.{member}": str(number) if member == "Id" else "4"
    for number, (kind, members) in enumerate(_TARGETS.items(), 1)
    for member in ("Id", *members)
}
BESIDES["PutEventRuleTargets"] = _ALL_TARGETS

# Calls before each call of an action that would otherwise have less to return.
BEFORE = {
    "DescribeInstanceMaintenanceAttributes": ("ModifyInstanceMaintenanceAttributes",),
    "DescribeInstanceHistoryEvents": ("ModifySystemEventAttribute",),
    "DescribeInstancesFullStatus": ("ModifySystemEventAttribute",),
    "ModifyPlanMaintenanceWindow": ("CreatePlanMaintenanceWindow",),
    "DeletePlanMaintenanceWindow": ("CreatePlanMaintenanceWindow",),
    "DescribePlanMaintenanceWindows": ("CreatePlanMaintenanceWindow",),
    "PutEventRuleTargets": ("PutEventRule",),
    "DescribeEventRuleList": ("PutEventRule",),
    "DescribeEventRuleAttribute": ("PutEventRule",),
    "DescribeEventRuleTargetList": ("PutEventRule", "PutEventRuleTargets"),
    "EnableEventRules": ("PutEventRule",),
    "DisableEventRules": ("PutEventRule",),
    "DeleteEventRules": ("PutEventRule",),
    "DeleteEventRuleTargets": ("PutEventRule", "PutEventRuleTargets"),
}


def _candidates(ecs_events):
    """Return values for required parameters, by name; the first that the action accepts is used."""
    # Earlier than the events of the scenario: a user can only pull them forward.
    soon = ecs_events.now.replace(microsecond=0) + dt.timedelta(minutes=30)
    return {
        "InstanceId": list(ecs_events.instances),
        "EventId": [event.event_id for event in ecs_events if event.finish_time is None],
        "EventType": list(SIMULATED_TYPES),
        "NotBefore": [f"{soon:%Y-%m-%dT%H:%M:%SZ}"],
        "Description": ["It does not answer."],
        "HttpEndpoint": ["enabled"],
        "ResourceType": ["instance"],
        "ResourceId": [PLAIN],
        "PlanWindowId": [window.window_id for window in ecs_events._cloud.windows.of("1000000000000001")],
        "PlanWindowName": ["nightly"],
        "Enable": ["true"],
        "SupportMaintenanceAction": ["Reboot"],
        "TargetResource": [
            json.dumps({"Scope": "Tag", "ResourceGroupId": "rg-1", "Tags": [{"Key": "k", "Value": "v"}]})
        ],
        "TimePeriod": ['{"PeriodUnit": "Daily", "RangeList": [{"StartTime": "22:00", "EndTime": "04:00"}]}'],
        "InstanceType": ["ecs.g7.large"],
        "RuleName": ["rule-1"],
        "RuleNames": ["rule-1"],
        "Ids": ["1"],
        "Product": ["ecs"],
        "EventName": ["Instance:StateChange"],
    }


# Further parameters, for actions that have a parameter of that name.
VARIANTS = {
    "PageNumber": [{"PageNumber": "2", "PageSize": "5"}, {"PageNumber": "1000"}],
    "PageSize": [{"PageSize": "50"}],
    "MaxResults": [{"MaxResults": "10"}],
    "InstanceEventCycleStatus": [
        *({"InstanceEventCycleStatus.1": str(status), "PageSize": "100"} for status in EventStatus),
        {f"InstanceEventCycleStatus.{number}": str(one) for number, one in enumerate(EventStatus, 1)},
    ],
    "InstanceEventType": [{"InstanceEventType.1": "SystemMaintenance.RebootAndIsolateErrorDisk", "PageSize": "100"}],
    "InstanceIds": [{"InstanceIds": "[]"}, {"InstanceIds": json.dumps([FULL])}],
    "AdditionalAttributes": [{"AdditionalAttributes.1": "META_OPTIONS"}],
    "Tag": [{"Tag.1.Key": "role", "Tag.1.Value": "web"}],
    "Force": [{"Force": "true"}],
    "TriggerRealOps": [{"TriggerRealOps": "true"}],
    "SpotDuration": [{"InstanceChargeType": "PrePaid", "Period": "1"}],
    "ContactParameters": [{f"{kind}.2.Id": "9" for kind in _TARGETS}, {"FcParameters.2.Id": "nine"}],
    "NamePrefix": [{"NamePrefix": "rule-", "IsEnable": "true"}],
}


def _variants(action, instance_ids):
    yield {}
    names = {one.name for one in ACTIONS[action].parameters.parameters}
    for name in VARIANTS.keys() & names:
        yield from VARIANTS[name]
    if "BatchOptimization" in names:
        several = {f"InstanceId.{number}": one for number, one in enumerate([*instance_ids[:90], "i-nobody"], 1)}
        yield {"BatchOptimization": "SuccessFirst", **several}


def _asked(ecs_events, action, params):
    """Return the HTTP status and the reply."""
    product = PRODUCT_OF[action]
    common = {"Action": action, "Version": product.version, "Format": "JSON", "AccessKeyId": "any", "RegionId": REGION}
    host = f"{product.hosts[0]}.{REGION}.aliyuncs.com"
    request = ApiRequest("POST", host, {**common, **params}, {}, "hand-written")
    reply = ecs_events._parts.gateway(request)
    return reply.http_status, json.loads(reply.body)


def _answered(ecs_events, action, variant, order):
    """Return a request that succeeds, and the reply; each required parameter has the first accepted candidate."""
    candidates = _candidates(ecs_events)
    required = [one for one in ACTIONS[action].parameters.parameters if one.required and not one.members]
    names = [f"{one.name}.1" if one.is_list else one.name for one in required]
    refusals = set()
    for values in itertools.product(*(order(candidates[one.name]) for one in required)):
        params = {**dict(zip(names, values, strict=True)), **BESIDES.get(action, {}), **variant}
        status, reply = _asked(ecs_events, action, params)
        if status == 200:
            return params, reply
        refusals.add(f"{status} {reply['Code']}")
    raise AssertionError(f"{action} with {variant} is never answered, but always refused: {sorted(refusals)}")


@functools.cache
def replies(action):
    """Return the fake's replies in a populated cloud, page by page."""
    found = []
    with EcsEvents("2030-01-01T00:00:00.5Z") as ecs_events:
        populate(ecs_events)
        for variant, order in itertools.product(_variants(action, list(ecs_events.instances)), (iter, reversed)):
            for earlier in BEFORE.get(action, ()):
                _answered(ecs_events, earlier, {}, iter)
            params, reply = _answered(ecs_events, action, variant, order)
            found.append(reply)
            while reply.get("NextToken"):
                status, reply = _asked(ecs_events, action, {**params, "NextToken": reply["NextToken"]})
                assert status == 200
                found.append(reply)
    return found


def reply_model(action):
    """Return the newer SDK's model of the reply's body."""
    return getattr(MODELS[PRODUCT_OF[action].name], f"{action}ResponseBody")


def problems(value, hint, path):
    """Yield (path, problem) for each key that the model lacks, and each value of another type."""
    if is_model(hint):
        if not isinstance(value, dict):
            yield path, f"{value!r} is no object"
            return
        types = wire_types(hint)
        for key, inner in value.items():
            if key in types:
                yield from problems(inner, types[key], f"{path}.{key}".lstrip("."))
            else:
                yield f"{path}.{key}".lstrip("."), "is not in the model"
    elif typing.get_origin(hint) is list:
        if not isinstance(value, list):
            yield path, f"{value!r} is no list"
            return
        for inner in value:
            yield from problems(inner, typing.get_args(hint)[0], f"{path}[]")
    elif type(value) is not hint and (hint, type(value)) != (float, int):  # JSON has one kind of number
        yield path, f"{value!r} is no {hint.__name__}"


def mistyped(action):
    """Return everything in the action's replies that differs from the model."""
    model = reply_model(action)
    return {problem for reply in replies(action) for problem in problems(reply, model, "")}


def test_replies_hold_what_the_model_holds():
    """Each key of the fake's reply is in the model's nested classes, and its value has that JSON type."""
    found = [(action, *problem) for action in ACTIONS for problem in mistyped(action)]
    assert [one for one in found if not _is_below(one[1], _excused(one[0]))] == []


def _excused(action):
    return {path for of, path in TYPED_OTHERWISE if of == action}


def _is_below(path, others):
    return any(f"{path}.".startswith(f"{other}.") for other in others)


def test_a_pattern_of_the_list_of_rules_is_one_of_the_models():
    """Each item of the list, and the members beside it, are those of an item of the model's list."""
    models_rule = wire_types(reply_model("DescribeEventRuleList"))["EventRules"]
    (models_rule,) = typing.get_args(wire_types(models_rule)["EventRule"])
    (pattern,) = typing.get_args(wire_types(wire_types(models_rule)["EventPattern"])["EventPattern"])
    shown = [
        rule["EventPattern"] for reply in replies("DescribeEventRuleList") for rule in reply["EventRules"]["EventRule"]
    ]
    for one in shown:
        items = one["EventPattern"]
        assert items[0] == {key: value for key, value in one.items() if key != "EventPattern"}
        assert [list(problems(item, pattern, "")) for item in items] == [[]] * len(items)
    assert {key for one in shown for key in one} - {"EventPattern"} == set(wire_types(pattern))


def test_replies_pass_through_the_model_unchanged():
    """A reply read into the model and written again is equal: nothing is lost or added."""
    plain = [(action, reply) for action in ACTIONS if not _excused(action) for reply in replies(action)]
    assert len(plain) > 50
    assert [one for one in plain if reply_model(one[0])().from_map(one[1]).to_map() != one[1]] == []


def test_the_scenario_shows_every_list():
    """No list is empty in all replies, so that its entries are checked."""
    shown = {}
    for action in ACTIONS:
        for reply in replies(action):
            for path, length in _lists(reply, ""):
                shown[action, path] = max(shown.get((action, path), 0), length)
    assert [place for place, length in shown.items() if not length] == []


def _lists(value, path):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _lists(inner, f"{path}.{key}")
    elif isinstance(value, list):
        yield path, len(value)
        for inner in value:
            yield from _lists(inner, f"{path}[]")


def test_the_scenario_shows_events_of_every_status_and_both_paging_styles():
    """The history's replies have each status, finished and unfinished events, reasons, and pages with a token."""
    pages = replies("DescribeInstanceHistoryEvents")
    events = [event for page in pages for event in page["InstanceSystemEventSet"]["InstanceSystemEventType"]]
    assert {event["EventCycleStatus"]["Name"] for event in events} == set(map(str, EventStatus))
    assert {event["EventType"]["Name"] for event in events} == set(INSTANCE_EVENT_TYPES)
    for key in ("EventFinishTime", "NotBefore", "Reason"):
        assert {key in event for event in events} == {True, False}
    assert {"NextToken" in page for page in pages} == {True, False}
    assert {page["PageNumber"] for page in pages} == {1, 2, 1000}


def test_the_history_shows_every_extended_attribute():
    """An event's ExtendedAttribute has each member of the model that the test passed, and the derived ones."""
    pages = replies("DescribeInstanceHistoryEvents")
    events = [event for page in pages for event in page["InstanceSystemEventSet"]["InstanceSystemEventType"]]
    model = (
        models.DescribeInstanceHistoryEventsResponseBodyInstanceSystemEventSetInstanceSystemEventTypeExtendedAttribute
    )
    assert {name for event in events for name in event["ExtendedAttribute"]} == set(wire_types(model))


def test_the_full_status_has_fewer_extended_attributes():
    """The reference names nine types that fill it here too; the model has three members, and the fake sides with it."""
    pages = replies("DescribeInstancesFullStatus")
    sets = [
        one["ScheduledSystemEventSet"]
        for page in pages
        for one in page["InstanceFullStatusSet"]["InstanceFullStatusType"]
    ]
    events = [event for one in sets for event in one["ScheduledSystemEventType"]]
    shown = {name for event in events for name in event["ExtendedAttribute"]}
    assert shown == {"DiskId", "Device", "InactiveDisks"}


def test_disks_show_lasting_and_ended_events():
    """DescribeDisksFullStatus has events with an end and without, and disks with events and without."""
    pages = replies("DescribeDisksFullStatus")
    disks = [disk for page in pages for disk in page["DiskFullStatusSet"]["DiskFullStatusType"]]
    counts = {len(disk["DiskEventSet"]["DiskEventType"]) for disk in disks}
    events = [event for disk in disks for event in disk["DiskEventSet"]["DiskEventType"]]
    assert counts == {0, 1, 2}
    assert {"EventEndTime" in event for event in events} == {True, False}


def test_the_scenario_shows_every_attribute_of_an_instance():
    """DescribeInstances says of the fully declared instance whatever it says of any other, tags and IPv6 included."""
    pages = [page["Instances"]["Instance"] for page in replies("DescribeInstances")]
    (full,) = next(page for page in pages if [one["InstanceId"] for one in page] == [FULL])
    others = [one for page in pages for one in page]
    assert set(full) == {key for one in others for key in one}
    assert {"Tags", "KeyPairName", "HpcClusterId", "RdmaIpAddress"} <= set(full)
    assert full["NetworkInterfaces"]["NetworkInterface"][0]["Ipv6Sets"]["Ipv6Set"]
