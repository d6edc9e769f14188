"""DescribeInstances and DescribeInstanceStatus."""

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._paging import MAX_RESULTS, NEXT_TOKEN, PAGE_NUMBER, numbered, page_size, paged
from pytest_ecsevents.rpc._parameters import (
    Parameter,
    boolean,
    choice,
    integer,
    json_list,
    minutes_instant,
    repeated,
    structs,
    text,
    yes_or_no,
)
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs._attributes import CHARGE_TYPES, INTERNET_CHARGE_TYPES, LOCK_REASONS, NETWORK_TYPES
from pytest_ecsevents.services.ecs._catalogue import InstanceStatus
from pytest_ecsevents.services.ecs._cloud import ActionCall
from pytest_ecsevents.services.ecs._instances import flag
from pytest_ecsevents.services.ecs._model import InstanceRecord
from pytest_ecsevents.services.ecs.api import PACKAGE
from pytest_ecsevents.services.ecs.api._event_filters import has_tags
from pytest_ecsevents.services.ecs.api._instance_view import instance_view

ACTIONS: Final = Actions[ActionCall](PACKAGE)

Matches: TypeAlias = Callable[[InstanceRecord, Any], bool]


@dataclass(frozen=True, slots=True)
class Filter:
    """A parameter of DescribeInstances that filters instances; all sent filters must match."""

    parameter: Parameter[Any]
    matches: Matches


def _is(attribute: str) -> Matches:
    return lambda instance, value: instance.texts[attribute] == value


def _any_of(attribute: str) -> Matches:
    return lambda instance, value: not set(value).isdisjoint(instance.lists[attribute])


def _name_like(instance: InstanceRecord, pattern: str) -> bool:
    """Match a pattern in which only `*` is special."""
    literal = re.sub(r"([\[?])", r"[\1]", pattern)
    return fnmatch.fnmatchcase(instance.texts["instance_name"], literal)


_STATUSES: Final = tuple(str(status) for status in InstanceStatus)
_TAGS: Final = structs("Tag", "Key Value", most=20, refusal="InvalidTagCount")
_FILTERS: Final = structs("Filter", "Key Value", most=4, refusal="InvalidFilterKey.NotFound")
_DRY_RUN: Final = boolean("DryRun")
PAGE_SIZE: Final = page_size(100)

FILTERS: Final = (
    Filter(json_list("InstanceIds"), lambda instance, value: instance.instance_id in value),
    Filter(
        choice("Status", _STATUSES, refusal="InvalidStatus.NotFound"), lambda instance, value: instance.status == value
    ),
    Filter(text("InstanceName", note="* stands for any text"), _name_like),
    Filter(text("VpcId"), _is("vpc_id")),
    Filter(text("VSwitchId"), _is("vswitch_id")),
    Filter(text("ZoneId"), _is("zone_id")),
    Filter(
        choice("InstanceNetworkType", NETWORK_TYPES, refusal="InvalidNetworkType.NotFound"),
        _is("instance_network_type"),
    ),
    Filter(text("SecurityGroupId"), lambda instance, value: value in instance.lists["security_group_ids"]),
    Filter(json_list("PrivateIpAddresses"), _any_of("private_ip_addresses")),
    Filter(json_list("PublicIpAddresses"), _any_of("public_ip_addresses")),
    Filter(json_list("InnerIpAddresses"), _any_of("inner_ip_addresses")),
    Filter(json_list("EipAddresses"), lambda instance, value: instance.texts["eip_address"] in value),
    Filter(json_list("RdmaIpAddresses"), _any_of("rdma_ip_addresses")),
    Filter(repeated("Ipv6Address", most=100), _any_of("ipv6_addresses")),
    Filter(
        choice("InstanceChargeType", CHARGE_TYPES, refusal="InvalidInstanceChargeType.NotFound"),
        _is("instance_charge_type"),
    ),
    Filter(
        choice("InternetChargeType", INTERNET_CHARGE_TYPES, refusal="InvalidInternetChargeType.ValueNotSupported"),
        _is("internet_charge_type"),
    ),
    Filter(text("ImageId"), _is("image_id")),
    Filter(text("InstanceType"), _is("instance_type")),
    Filter(text("InstanceTypeFamily"), _is("instance_type_family")),
    Filter(text("KeyPairName"), _is("key_pair_name")),
    Filter(
        choice("LockReason", LOCK_REASONS, refusal="InvalidLockReason.NotFound"),
        lambda instance, value: value in instance.locks,
    ),
    Filter(text("ResourceGroupId"), _is("resource_group_id")),
    Filter(text("HpcClusterId"), _is("hpc_cluster_id")),
    Filter(text("HttpEndpoint"), lambda instance, value: instance.metadata_options.endpoint == value),
    Filter(text("HttpTokens"), lambda instance, value: instance.metadata_options.tokens == value),
    Filter(yes_or_no("IoOptimized"), lambda instance, value: flag(instance, "io_optimized") == value),
    Filter(yes_or_no("DeviceAvailable"), lambda instance, value: flag(instance, "device_available") == value),
)

# Accepted, without effect.
_NO_EFFECT: Final = (
    repeated("AdditionalAttributes", most=100, note="no effect"),
    boolean("NeedSaleCycle", note="no effect"),
    integer("HttpPutResponseHopLimit", 0, least=0, note="no effect"),
)


@ACTIONS.action(
    "DescribeInstances",
    *(one.parameter for one in FILTERS),
    _TAGS,
    _FILTERS,
    _DRY_RUN,
    *_NO_EFFECT,
    PAGE_NUMBER,
    PAGE_SIZE,
    NEXT_TOKEN,
    MAX_RESULTS,
    notes=(
        "Instances in order of declaration and creation.",
        "Attributes that the test does not declare have the values of a captured reply.",
        "InstanceIds is also read as Python's str() of a list.",
    ),
)
def _describe_instances(call: ActionCall) -> JsonObject:
    tests = _tests(call)
    if call[_DRY_RUN]:
        raise call.error("DryRunOperation")
    instances = [
        instance
        for instance in call.cloud.instances.of_account(call.account_id, call.region_id)
        if all(test(instance) for test in tests)
    ]
    page, envelope = paged(call, instances, PAGE_SIZE, lambda one: (one.number, one.instance_id), last_token="")
    views: list[Json] = [instance_view(instance) for instance in page]
    return {"NextToken": "", **envelope, "Instances": {"Instance": views}}


def _tests(call: ActionCall) -> "list[Callable[[InstanceRecord], bool]]":
    tests: list[Callable[[InstanceRecord], bool]] = []
    # An empty JSON array differs from the default: it matches no instance.
    given = [one for one in FILTERS if call[one.parameter] != one.parameter.default]
    tests.extend(_bound(one.matches, call[one.parameter]) for one in given)
    if not all(tag.get("Key") for tag in call[_TAGS]):
        raise call.error("InvalidTag.Mismatch", hint="a Tag.N.Value without its Tag.N.Key")
    if pairs := [(tag["Key"], tag.get("Value")) for tag in call[_TAGS]]:
        tests.append(lambda instance: has_tags(instance.tags, pairs))
    tests.extend(_time_test(call, pair) for pair in call[_FILTERS])
    wanted = call.values["HpcClusterId"]
    known = {instance.texts["hpc_cluster_id"] for instance in call.cloud.instances.existing.values()}
    if wanted and wanted not in known:
        raise call.error("InvalidHpcClusterId.NotFound", hint="no instance declares that hpc_cluster_id")
    return tests


def _bound(matches: Matches, value: object) -> Callable[[InstanceRecord], bool]:
    return lambda instance: matches(instance, value)


def _expired_at(instance: InstanceRecord) -> Micros:
    at = minutes_instant(instance.texts["expired_time"])
    assert at is not None
    return at


_TIME_KEYS: Final[dict[str, Callable[[InstanceRecord, Micros], bool]]] = {
    "CreationStartTime": lambda instance, at: instance.created_at >= at,
    "CreationEndTime": lambda instance, at: instance.created_at - instance.created_at % 60_000_000 <= at,
    "ExpiredStartTime": lambda instance, at: _expired_at(instance) >= at,
    "ExpiredEndTime": lambda instance, at: _expired_at(instance) <= at,
}


def _time_test(call: ActionCall, pair: Mapping[str, str]) -> Callable[[InstanceRecord], bool]:
    key, value = pair.get("Key", ""), pair.get("Value", "")
    matches, at = _TIME_KEYS.get(key), minutes_instant(value)
    if matches is None:
        raise call.error(
            "InvalidFilterKey.NotFound", hint=f"unknown Filter.N.Key {key!r}; it must be one of {', '.join(_TIME_KEYS)}"
        )
    if at is None:
        raise call.error("InvalidFilterValue", hint=f"{value!r} is not in the form yyyy-MM-ddTHH:mmZ")
    return _bound(matches, at)


# -- DescribeInstanceStatus

_ZONE: Final = text("ZoneId")
_CLUSTER: Final = text("ClusterId", note="deprecated")
_IDS: Final = repeated("InstanceId", most=100, refusal="InvalidParameter.TooManyInstanceIds")
_STATUS_PAGE_SIZE: Final = page_size(50)
_ZONE_FORM: Final = re.compile(r"-?[a-z0-9]{1,2}")


@ACTIONS.action(
    "DescribeInstanceStatus",
    _ZONE,
    _CLUSTER,
    _IDS,
    PAGE_NUMBER,
    _STATUS_PAGE_SIZE,
    notes=(
        "Unknown instance ids are left out.",
        "Abs.InvalidInstanceIds.MalFormed only through a fault: its cause is unknown.",
    ),
)
def _describe_status(call: ActionCall) -> JsonObject:
    zone, cluster, wanted = call[_ZONE], call[_CLUSTER], frozenset(call[_IDS])
    mine = list(call.cloud.instances.of_account(call.account_id, call.region_id))
    if zone and not is_zone(zone, call.region_id, mine):
        raise call.error("InvalidZoneId.NotFound", hint=f"{zone!r} is not a zone of {call.region_id}")
    instances = [
        instance
        for instance in mine
        if (not wanted or instance.instance_id in wanted)
        and zone in ("", instance.texts["zone_id"])
        and cluster in ("", instance.texts["cluster_id"])
    ]
    page, envelope = numbered(call, instances, _STATUS_PAGE_SIZE)
    views: list[Json] = [{"InstanceId": one.instance_id, "Status": one.status.value} for one in page]
    return {**envelope, "InstanceStatuses": {"InstanceStatus": views}}


def is_zone(zone: str, region_id: str, instances: Iterable[InstanceRecord]) -> bool:
    """Whether the zone is named like those of the region, or an instance is in it."""
    named_so = zone.startswith(region_id) and _ZONE_FORM.fullmatch(zone[len(region_id) :]) is not None
    return named_so or any(zone == instance.texts["zone_id"] for instance in instances)
