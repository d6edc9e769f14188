"""Setters that the request classes of old SDKs lack, and how their users send such parameters."""

import importlib
import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from aliyunsdkcore.request import CommonRequest

ECS = version("aliyun-python-sdk-ecs")
IS_OLD = tuple(map(int, re.findall(r"\d+", ECS))) < (4, 24, 79)
"""Whether something of what follows may be missing."""

LATER = {
    "AcceptInquiredSystemEvent": ("EventId",),
    "CreateInstance": ("DeletionProtection", "ImageFamily"),
    "CreatePlanMaintenanceWindow": (
        "Enable",
        "MinMaintenanceInterval",
        "PlanWindowName",
        "SupportMaintenanceAction",
        "TargetResource",
        "TimePeriod",
    ),
    "DeleteInstances": ("InstanceIds",),
    "DeletePlanMaintenanceWindow": ("PlanWindowId",),
    "DescribeDisksFullStatus": ("ResourceGroupId", "Tags"),
    "DescribeInstanceHistoryEvents": (
        "MaxResults",
        "NextToken",
        "ResourceGroupId",
        "ResourceIds",
        "ResourceType",
        "Tags",
    ),
    "DescribeInstanceMaintenanceAttributes": ("InstanceIds",),
    "DescribeInstanceStatus": ("InstanceIds",),
    "DescribeInstances": ("AdditionalAttributess", "HttpEndpoint", "HttpTokens", "MaxResults", "NextToken"),
    "DescribePlanMaintenanceWindows": ("MaxResults", "NextToken", "PlanWindowId", "PlanWindowName"),
    "DescribeTags": ("Category",),
    "ModifyInstanceMaintenanceAttributes": ("InstanceIds",),
    "ModifyInstanceMetadataOptions": (
        "HttpEndpoint",
        "HttpPutResponseHopLimit",
        "HttpTokens",
        "InstanceId",
        "InstanceMetadataTags",
    ),
    "ModifyPlanMaintenanceWindow": ("Enable", "PlanWindowId"),
    "ModifySystemEventAttribute": ("EventId", "InstanceId", "NotBefore"),
    "RebootInstance": ("DryRun",),
    "RebootInstances": ("BatchOptimization", "DryRun", "ForceReboot", "InstanceIds"),
    "RedeployInstance": ("InstanceId",),
    "ReportInstancesStatus": ("Description", "InstanceIds"),
    "RunInstances": (
        "DeletionProtection",
        "DeploymentSetId",
        "HostNamess",
        "HttpEndpoint",
        "HttpTokens",
        "ImageFamily",
        "Ipv6AddressCount",
        "Ipv6Addresss",
        "MinAmount",
        "NetworkInterfaces",
        "PrivateIpAddress",
        "SecurityGroupIdss",
        "SpotDuration",
    ),
    "StartInstance": ("DryRun",),
    "StartInstances": ("InstanceIds",),
    "StopInstance": ("DryRun", "Hibernate"),
    "StopInstances": ("InstanceIds",),
}
"""By action the setters that aliyun-python-sdk-ecs 4.10.0 has not, or with fewer members; no other may be missing."""

JSON = ("TargetResource", "TimePeriod")
"""Setters that send JSON."""


def new_request(action: str) -> Any:
    """Return a request of the SDK's own class for the action; without a class, one that names the action."""
    try:
        module = importlib.import_module(f"aliyunsdkecs.request.v20140526.{action}Request")
    except ModuleNotFoundError:
        if not IS_OLD or action not in LATER:
            raise
        return CommonRequest(version="2014-05-26", action_name=action, product="Ecs")
    return getattr(module, f"{action}Request")()


def set_parameter(request: Any, action: str, name: str, value: Any) -> None:
    """Call the request's setter, and send by name what it lacks; without a setter, send the whole parameter by name."""
    setter = f"set_{name}"
    if hasattr(request, setter) or not IS_OLD or name not in LATER.get(action, ()):
        getattr(request, setter)(value)
    if IS_OLD and name in LATER.get(action, ()):
        for wire_name, text in by_name(name, value).items():
            request.add_query_param(wire_name, text)


def by_name(name: str, value: Any) -> "dict[str, Any]":
    """Return a parameter as it is on the wire; the setter of a list has the list's name with an s at the end."""
    if name in JSON:
        return {name: json.dumps(value)}
    return dict(_flat(name[:-1] if isinstance(value, list) else name, value))


def _flat(name: str, value: Any) -> "Iterator[tuple[str, Any]]":
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _flat(f"{name}.{number}", item)
    elif isinstance(value, dict):
        for member, item in value.items():
            yield from _flat(f"{name}.{member}", item)
    else:
        yield name, value
