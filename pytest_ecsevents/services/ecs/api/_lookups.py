"""DescribeInstanceAttribute, DescribeRegions and DescribeTags."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._paging import PAGE_NUMBER, numbered, page_size
from pytest_ecsevents.rpc._parameters import choice, structs, text
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs._cloud import ActionCall
from pytest_ecsevents.services.ecs._refusals import UnknownInstanceError
from pytest_ecsevents.services.ecs._regions import CLOSED, REGIONS
from pytest_ecsevents.services.ecs.api import PACKAGE
from pytest_ecsevents.services.ecs.api._event_filters import has_tags
from pytest_ecsevents.services.ecs.api._instance_view import attribute_view

ACTIONS: Final = Actions[ActionCall](PACKAGE)

# -- DescribeInstanceAttribute

_INSTANCE: Final = text("InstanceId", required=True)


@ACTIONS.action(
    "DescribeInstanceAttribute",
    _INSTANCE,
    refusals={UnknownInstanceError: "InvalidInstanceId.NotFound"},
    needs_region=False,
    notes=(
        "IoOptimized is a text and CreationTime has seconds here, unlike in DescribeInstances (observed).",
        "NetworkOptions and SecurityOptions are always there.",
    ),
)
def _describe_attribute(call: ActionCall) -> JsonObject:
    return attribute_view(call.instance(call[_INSTANCE]))


# -- DescribeRegions

_CHARGE_TYPE: Final = choice(
    "InstanceChargeType",
    ("PostPaid", "PrePaid", "SpotWithPriceLimit", "SpotAsPriceGo"),
    refusal="Invalid.InstanceChargeType",
    note="checked, no effect on what is listed",
)
_RESOURCE_TYPE: Final = choice(
    "ResourceType",
    ("instance", "disk", "reservedinstance", "scu"),
    refusal="InvalidResourceType.NotFound",
    note="checked, no effect on what is listed",
)
_LANGUAGE: Final = choice(
    "AcceptLanguage",
    ("zh-CN", "zh-TW", "en-US", "ja", "fr", "de", "ko"),
    refusal="InvalidAcceptLanguage.NotFound",
    note="default zh-CN; names are Chinese or English",
)


def _endpoint(region_id: str) -> str:
    """cn-hangzhou has the one without a region in it (observed)."""
    return "ecs.aliyuncs.com" if region_id == "cn-hangzhou" else f"ecs.{region_id}.aliyuncs.com"


@ACTIONS.action(
    "DescribeRegions",
    _CHARGE_TYPE,
    _RESOURCE_TYPE,
    _LANGUAGE,
    needs_region=False,
    is_regional=False,
    notes=(
        "Which regions are listed, and their names other than Qingdao's; of newer ones the name is the id.",
        "Every endpoint answers it for any region: the error NotSupportedEndpoint advises to call it.",
    ),
)
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
        if region.region_id not in CLOSED
    ]
    return {"Regions": {"Region": views}}


# -- DescribeTags


def _tagged(call: ActionCall) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """The resources that can carry tags: kind, id and tags."""
    for instance in call.cloud.instances.of_account(call.account_id, call.region_id):
        yield "instance", instance.instance_id, instance.tags
        for disk in instance.disks:
            yield "disk", disk.disk_id, disk.tags


_KINDS: Final = (
    "instance disk snapshot image securitygroup volume eni ddh keypair launchtemplate reservedinstance snapshotpolicy"
)
_TAGS_PAGE_SIZE: Final = page_size(100, 50)
_KIND: Final = choice("ResourceType", tuple(_KINDS.split()), refusal="InvalidResourceType.NotFound")
_RESOURCE: Final = text("ResourceId")
_WANTED_TAGS: Final = structs("Tag", "Key Value", most=20, refusal="InvalidTagCount")
_CATEGORY: Final = text("Category", note="no effect")


@ACTIONS.action(
    "DescribeTags",
    _KIND,
    _RESOURCE,
    _WANTED_TAGS,
    _CATEGORY,
    PAGE_NUMBER,
    _TAGS_PAGE_SIZE,
    notes=(
        "Only instances and disks carry tags here; of other types nothing is listed.",
        "With several Tag.N only resources that carry all of them count, and only these tags are listed.",
        "ResourceTypeCount holds the types that carry the tag; the order is that of keys and values.",
        "Up to 20 Tag.N, as elsewhere; the old page says 5.",
    ),
)
def _describe_tags(call: ActionCall) -> JsonObject:
    """Each pair of key and value with how many resources carry it; every filter narrows which resources count."""
    if not all(tag.get("Key") for tag in call[_WANTED_TAGS]):
        raise call.action.not_supplied("Tag.N.Key")
    pairs = [(tag["Key"], tag.get("Value")) for tag in call[_WANTED_TAGS]]
    found: dict[tuple[str, str], Counter[str]] = {}
    for kind, resource_id, tags in _tagged(call):
        if call[_KIND] not in ("", kind) or call[_RESOURCE] not in ("", resource_id) or not has_tags(tags, pairs):
            continue
        for key, value in tags.items():
            if not pairs or any(has_tags({key: value}, [pair]) for pair in pairs):
                found.setdefault((key, value), Counter())[kind.title()] += 1
    page, envelope = numbered(call, sorted(found.items(), key=lambda item: item[0]), _TAGS_PAGE_SIZE)
    views: list[Json] = [
        {"TagKey": key, "TagValue": value, "ResourceTypeCount": dict(counts)} for (key, value), counts in page
    ]
    return {**envelope, "Tags": {"Tag": views}}
