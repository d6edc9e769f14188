"""What the request classes of old SDKs lack, and how their users send it all the same."""

import importlib
from typing import Any

from aliyunsdkcore.request import CommonRequest

LATER = {
    "AcceptInquiredSystemEvent": ("EventId",),
    "DeleteInstances": ("InstanceIds",),
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
    "ModifyInstanceMaintenanceAttributes": ("InstanceIds",),
    "ModifySystemEventAttribute": ("EventId", "InstanceId", "NotBefore"),
    "RebootInstance": ("DryRun",),
    "RebootInstances": ("BatchOptimization", "DryRun", "ForceReboot", "InstanceIds"),
    "RedeployInstance": ("InstanceId",),
    "ReportInstancesStatus": ("Description", "InstanceIds"),
    "StartInstance": ("DryRun",),
    "StartInstances": ("InstanceIds",),
    "StopInstance": ("DryRun", "Hibernate"),
    "StopInstances": ("InstanceIds",),
}
"""By action the setters that the tests call and that aliyun-python-sdk-ecs 4.10.0 has not; no other may be missing."""


def new_request(action: str) -> Any:
    """A request of the SDK's own class for the action; where it has none, one that names the action."""
    try:
        module = importlib.import_module(f"aliyunsdkecs.request.v20140526.{action}Request")
    except ModuleNotFoundError:
        if action not in LATER:
            raise
        return CommonRequest(version="2014-05-26", action_name=action, product="Ecs")
    return getattr(module, f"{action}Request")()


def set_parameter(request: Any, action: str, name: str, value: Any) -> None:
    """Call the request's setter; where it has none, send the parameter by its name on the wire."""
    setter = f"set_{name}"
    if name in LATER.get(action, ()) and not hasattr(request, setter):
        for wire_name, text in by_name(name, value).items():
            request.add_query_param(wire_name, text)
    else:
        getattr(request, setter)(value)


def by_name(name: str, value: Any) -> "dict[str, Any]":
    """A parameter as it stands on the wire; the setter of a list has the list's name with an s at the end."""
    if not isinstance(value, list):
        return {name: value}
    wire: dict[str, Any] = {}
    for number, item in enumerate(value, 1):
        members = {f".{member}": text for member, text in item.items()} if isinstance(item, dict) else {"": item}
        wire.update({f"{name[:-1]}.{number}{member}": text for member, text in members.items()})
    return wire
