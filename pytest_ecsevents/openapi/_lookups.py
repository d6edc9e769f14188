"""DescribeInstanceAttribute and DescribeRegions."""

from typing import Final

from pytest_ecsevents.clock import instant_text
from pytest_ecsevents.cloud import REGIONS, UnknownInstanceError
from pytest_ecsevents.openapi._action import Action, ActionCall
from pytest_ecsevents.openapi._errors import ATTRIBUTE, NO_INSTANCE, REGIONS_ERRORS
from pytest_ecsevents.openapi._instance_view import flag, instance_view
from pytest_ecsevents.openapi._parameters import ParameterSet, choice, text
from pytest_ecsevents.openapi._wire import Json, JsonObject

# -- DescribeInstanceAttribute

_INSTANCE: Final = text("InstanceId", required=True)
_SHARED_KEYS: Final = (
    "Status",
    "SerialNumber",
    "Description",
    "InstanceName",
    "InstanceNetworkType",
    "Memory",
    "ImageId",
    "ClusterId",
    "VlanId",
    "StoppedMode",
    "HostName",
    "InstanceId",
    "InstanceType",
    "InternetMaxBandwidthIn",
    "InternetMaxBandwidthOut",
    "RegionId",
    "InstanceChargeType",
    "Cpu",
    "ExpiredTime",
    "ZoneId",
    "InternetChargeType",
    "CreditSpecification",
    "SecurityGroupIds",
    "PublicIpAddress",
    "InnerIpAddress",
    "VpcAttributes",
    "EipAddress",
    "OperationLocks",
)


def _describe_attribute(call: ActionCall) -> JsonObject:
    """What DescribeInstances says, flat, with two differences seen in a capture."""
    instance = call.instance(call[_INSTANCE])
    whole = instance_view(instance)
    view = {key: whole[key] for key in _SHARED_KEYS}
    view["IoOptimized"] = "optimized" if flag(instance, "io_optimized") else "none"
    view["CreationTime"] = instant_text(instance._created_at)
    return view


DESCRIBE_ATTRIBUTE: Final = Action(
    "DescribeInstanceAttribute",
    ParameterSet((_INSTANCE,)),
    ATTRIBUTE,
    _describe_attribute,
    {UnknownInstanceError: NO_INSTANCE},
    needs_region=False,
    notes=("IoOptimized is a text and CreationTime has seconds here, unlike in DescribeInstances (observed).",),
)

# -- DescribeRegions

_CHARGE_TYPE: Final = choice(
    "InstanceChargeType",
    ("PostPaid", "PrePaid", "SpotWithPriceLimit", "SpotAsPriceGo"),
    refusal=REGIONS_ERRORS["Invalid.InstanceChargeType"],
    note="checked, no effect on what is listed",
)
_RESOURCE_TYPE: Final = choice(
    "ResourceType",
    ("instance", "disk", "reservedinstance", "scu"),
    refusal=REGIONS_ERRORS["InvalidResourceType.NotFound"],
    note="checked, no effect on what is listed",
)
_LANGUAGE: Final = choice(
    "AcceptLanguage",
    ("zh-CN", "zh-TW", "en-US", "ja", "fr", "de", "ko"),
    refusal=REGIONS_ERRORS["InvalidAcceptLanguage.NotFound"],
    note="default zh-CN; names are Chinese or English",
)


def _endpoint(region_id: str) -> str:
    """cn-hangzhou has the one without a region in it (observed)."""
    return "ecs.aliyuncs.com" if region_id == "cn-hangzhou" else f"ecs.{region_id}.aliyuncs.com"


def _describe_regions(call: ActionCall) -> JsonObject:
    chinese = call[_LANGUAGE] in ("", "zh-CN", "zh-TW")
    views: list[Json] = [
        {
            "RegionId": region.region_id,
            "RegionEndpoint": _endpoint(region.region_id),
            "LocalName": region.chinese_name if chinese else region.name,
            "Status": "available",
        }
        for region in REGIONS.values()
    ]
    return {"Regions": {"Region": views}}


REGIONS_LIST: Final = Action(
    "DescribeRegions",
    ParameterSet((_CHARGE_TYPE, _RESOURCE_TYPE, _LANGUAGE)),
    REGIONS_ERRORS,
    _describe_regions,
    {},
    needs_region=False,
    notes=("Which regions are listed, and their names other than Qingdao's.",),
)

LOOKUP_ACTIONS: Final = (DESCRIBE_ATTRIBUTE, REGIONS_LIST)
