"""RunInstances and CreateInstance."""

import calendar
import datetime as dt
import ipaddress
import re
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, Final

from pytest_ecsevents._words import did_you_mean
from pytest_ecsevents.clock import LAST, SECOND, Micros, from_micros, minute_text, to_micros
from pytest_ecsevents.rpc import Actions
from pytest_ecsevents.rpc._parameters import Parameter
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs import DISK_CATEGORIES, AttributeValue, Disk
from pytest_ecsevents.services.ecs._cloud import ActionCall
from pytest_ecsevents.services.ecs.api import PACKAGE
from pytest_ecsevents.services.ecs.api._creation_parameters import (
    AMOUNT,
    AUTO_RELEASE,
    BANDWIDTH_IN,
    BANDWIDTH_OUT,
    CHARGE_TYPE,
    CREATE_PARAMETERS,
    CREATE_PERIOD_UNIT,
    CREATE_SHOWN,
    DATA_DISKS,
    DRY_RUN_FLAG,
    HOST_NAME,
    HOST_NAMES,
    IMAGE,
    IMAGE_FAMILY,
    INSTANCE_NAME,
    INTERFACES,
    MIN_AMOUNT,
    PASSWORD,
    PASSWORD_INHERIT,
    PERIOD,
    PRIVATE_ADDRESS,
    RESOURCE_GROUP,
    RUN_PARAMETERS,
    RUN_PERIOD_UNIT,
    RUN_SHOWN,
    RUN_TYPE,
    SECURITY_GROUP,
    SECURITY_GROUPS,
    SPOT_STRATEGY,
    SYSTEM_DISK,
    TAGS,
    TEMPLATE_ID,
    TEMPLATE_NAME,
    UNIQUE_SUFFIX,
    V6_ADDRESSES,
    V6_COUNT,
    ZONE,
    Shown,
    is_host_name,
)
from pytest_ecsevents.services.ecs.api._instance_queries import is_zone

ACTIONS: Final = Actions[ActionCall](PACKAGE, missing="MissingParameter/any", unusable="InvalidParameter/any")

PRICE: Final = 0.165
"""`TradePrice` of every order: that of the reference's sample."""
_DAY: Final = 86_400 * SECOND

# -- what is asked for


def _shown(call: ActionCall, rows: Iterable[Shown]) -> dict[str, AttributeValue]:
    """The attributes that the parameters sent set."""
    return {
        one.attribute: one.read(call[one.parameter])
        for one in rows
        if call[one.parameter] not in (one.parameter.default, None)
    }


def _most_inward(call: ActionCall) -> int:
    return max(call[BANDWIDTH_OUT], 10)


def _bandwidth(call: ActionCall) -> dict[str, AttributeValue]:
    """The default for what comes in, of an instance that may send something out (documented)."""
    left_open = call[BANDWIDTH_OUT] and call[BANDWIDTH_IN] is None
    return {"internet_max_bandwidth_in": _most_inward(call)} if left_open else {}


_PERIODS: Final = {"Week": range(1, 5), "Month": (*range(1, 10), 12, 24, 36, 48, 60)}


def _expiry(call: ActionCall, unit: Parameter[str]) -> dict[str, AttributeValue]:
    """When a subscription ends: as much later as was asked for, to the minute (a guess)."""
    period = call[PERIOD]
    if call[CHARGE_TYPE] != "PrePaid" or period is None:
        return {}
    in_weeks = call[unit] == "Week"
    ends = call.now + period * 7 * _DAY if in_weeks else _months_later(call.now, period)
    return {"expired_time": minute_text(min(ends, LAST))}


def _months_later(at: Micros, months: int) -> Micros:
    when = from_micros(at)
    years, month = divmod(when.month - 1 + months, 12)
    if when.year + years > dt.MAXYEAR:
        return LAST
    last = calendar.monthrange(when.year + years, month + 1)[1]
    return to_micros(when.replace(year=when.year + years, month=month + 1, day=min(when.day, last)))


def _tags(call: ActionCall) -> dict[str, str]:
    tags: dict[str, str] = {}
    for tag in call[TAGS]:
        key, value = tag.get("Key", ""), tag.get("Value", "")
        if not key or key.startswith(("aliyun", "acs:")) or not _is_tag_text(key):
            raise call.error("InvalidTagKey.Malformed", hint=f"the key of a tag is {key!r}")
        if not _is_tag_text(value):
            raise call.error("InvalidTagValue.Malformed", hint=f"the value of the tag {key} is {value!r}")
        if key in tags:
            raise call.error("Duplicate.TagKey", hint=f"{key!r} comes twice")
        tags[key] = value
    return tags


def _is_tag_text(said: str) -> bool:
    return len(said) <= 128 and "http://" not in said and "https://" not in said


def _disks(call: ActionCall, tags: dict[str, str]) -> tuple[Disk, ...]:
    """The system disk, then data disks in order; they have the instance's tags (documented) and group (a guess)."""
    categories = (call[SYSTEM_DISK], *(one.get("Category") for one in call[DATA_DISKS]))
    return tuple(
        Disk(
            call.cloud.ids.resource("d", call.region_id),
            f"/dev/xvd{chr(ord('a') + number)}",
            category=category or "cloud_efficiency",
            type="data" if number else "system",
            resource_group_id=call[RESOURCE_GROUP],
            tags=MappingProxyType(tags),
        )
        for number, category in enumerate(categories)
    )


# -- what both refuse


def _check(call: ActionCall, unit: Parameter[str], *exclusive: tuple[Parameter[Any], Parameter[Any]]) -> None:
    """Refuse what cannot be asked for together, and what the account has not."""
    for one, other in ((IMAGE, IMAGE_FAMILY), *exclusive):
        if call[one] and call[other]:
            raise call.error(
                "InvalidParameter.Conflict",
                f"{one.wire_name} and {other.wire_name} cannot be specified at the same time.",
            )
    if call[PASSWORD] and call[PASSWORD_INHERIT]:
        raise call.error("InvalidPasswordParam.Mismatch")
    inward = call[BANDWIDTH_IN]
    if inward is not None and inward > _most_inward(call):
        raise call.invalid(BANDWIDTH_IN.name, str(inward), f"It must be from 1 to {_most_inward(call)}.")
    zone, mine = call[ZONE], call.cloud.instances.of_account(call.account_id, call.region_id)
    if zone and not is_zone(zone, call.region_id, mine):
        raise call.error("InvalidZoneId.NotFound", hint=f"{zone!r} is no zone of {call.region_id}")
    for disk in call[DATA_DISKS]:
        if disk.get("Category", "") not in ("", *DISK_CATEGORIES):
            raise call.error(
                "InvalidDataDiskCategory.ValueNotSupported",
                hint=f"the Category of a data disk is {disk['Category']!r}.{did_you_mean(disk['Category'], DISK_CATEGORIES)}",
            )
    _check_payment(call, unit)


def _check_payment(call: ActionCall, unit: Parameter[str]) -> None:
    if call[CHARGE_TYPE] != "PrePaid":
        return
    if call[SPOT_STRATEGY] not in ("", "NoSpot"):
        raise call.error("InvalidSpotPrepaid")
    if call[PERIOD] is None:
        raise call.error("MissingParamter", hint="Period was not sent")
    if call[PERIOD] not in _PERIODS[call[unit] or "Month"]:
        raise call.error("InvalidPeriod", hint=f"Period is {call[PERIOD]}, of {call[unit] or 'Month'}")


def _order(call: ActionCall) -> JsonObject:
    """What a reply says of the order; only a subscription has an id (documented)."""
    paid: JsonObject = {"OrderId": call.cloud.ids.order()} if call[CHARGE_TYPE] == "PrePaid" else {}
    return {"TradePrice": PRICE, **paid}


# -- RunInstances

_SHARED_NOTES: Final = (
    "ImageId, VSwitchId, SecurityGroupId, KeyPairName, ResourceGroupId and the like may be any: none of them is known here.",
    "What is left out has the value of a captured instance; Cpu and Memory do not follow InstanceType.",
    "InstanceType is refused when it does not look like ecs.g7.large, ZoneId when it is no zone of the region.",
    "Disks are of cloud_efficiency unless asked for otherwise, with the instance's tags (documented) and its resource group.",
    "A security group and a vSwitch are not asked for: the default ones are taken.",
    f"TradePrice is always {PRICE}, that of the reference's sample; the digits of OrderId are made up.",
    "ExpiredTime of a subscription is the period after now.",
    "A DryRun ends after every check.",
)

_HALF_AN_HOUR: Final = 1_800 * SECOND
_THREE_YEARS: Final = 1_096 * _DAY
_EXCLUSIVE: Final = ((SECURITY_GROUP, SECURITY_GROUPS), (HOST_NAME, HOST_NAMES), (V6_ADDRESSES, V6_COUNT))
# A name, the longest that it may be with its suffix, and the error when it is longer.
_SUFFIXED: Final = (
    (INSTANCE_NAME, 128, "InvalidParams.InstanceNameExceed"),
    (HOST_NAME, 64, "InvalidParams.HostnameExceed"),
)


@ACTIONS.action(
    "RunInstances",
    *RUN_PARAMETERS,
    missing="MissingParameter/any",
    unusable="InvalidParameter/any",
    notes=(
        "Pending -> Starting -> Running at one instant, unless the test sets instances.pending_takes or starting_takes.",
        "Every launch template is taken to exist; what it would say has the value of a captured instance.",
        "AutoReleaseTime is shown, but the instance is not released then.",
        "MinAmount above Amount is refused with the code for a bad MinAmount; Amount is always in stock.",
        "HostNames.N names the first instances, HostName none of the others.",
        "PublicIpAddress of an instance with InternetMaxBandwidthOut, and what Ipv6AddressCount asks for, are made up.",
        *_SHARED_NOTES,
    ),
)
def _run(call: ActionCall) -> JsonObject:
    _check(call, RUN_PERIOD_UNIT, *_EXCLUSIVE)
    _check_complete(call)
    _check_amount(call)
    _check_names(call)
    _check_release(call)
    tags = _tags(call)
    if call[DRY_RUN_FLAG]:
        raise call.error("DryRunOperation")
    shared = {
        **_shown(call, RUN_SHOWN),
        **_of_primary_interface(call),
        **_bandwidth(call),
        **_expiry(call, RUN_PERIOD_UNIT),
    }
    ids: list[Json] = [_run_one(call, tags, shared, ordinal) for ordinal in range(call[AMOUNT])]
    return {"InstanceIdSets": {"InstanceIdSet": ids}, **_order(call)}


def _run_one(call: ActionCall, tags: dict[str, str], shared: dict[str, AttributeValue], ordinal: int) -> str:
    instance_id = call.cloud.ids.resource("i", call.region_id)
    call.cloud.instances.create(
        instance_id,
        region_id=call.region_id,
        account_id=call.account_id,
        tags=tags,
        disks=_disks(call, tags),
        attributes={**shared, **_names(call, ordinal, instance_id), **_addresses(call, ordinal)},
        starts=True,
        cause=call.cause,
    )
    return instance_id


def _check_complete(call: ActionCall) -> None:
    """Without a launch template, image and type must be there (documented)."""
    if call[TEMPLATE_ID] or call[TEMPLATE_NAME]:
        return
    if not call[IMAGE] and not call[IMAGE_FAMILY]:
        raise call.error(
            "MissingParameter/ImageId", hint="neither ImageId nor ImageFamily nor a launch template was sent"
        )
    if not call[RUN_TYPE]:
        raise call.error("MissingParameter/InstanceType", hint="neither InstanceType nor a launch template was sent")


def _check_amount(call: ActionCall) -> None:
    amount = call[AMOUNT]
    if call[MIN_AMOUNT] > amount:
        raise call.error("InvalidMinAmount.Malformed", hint=f"MinAmount is {call[MIN_AMOUNT]}, Amount {amount}")
    if call[V6_ADDRESSES] and amount > 1:
        raise call.error("InvalidParam.Amount", f"With Ipv6Address.N Amount can only be 1, not {amount}.")
    if call[PRIVATE_ADDRESS] and int(ipaddress.IPv4Address(call[PRIVATE_ADDRESS])) + amount > 2**32:
        raise call.error("InvalidPrivateIpAddress.Malformed", hint=f"there are no {amount} addresses from there on")


def _check_names(call: ActionCall) -> None:
    for name in call[HOST_NAMES]:
        if not is_host_name(name):
            raise call.error("InvalidHostName.Malformed", hint=f"{name!r} in HostNames.N cannot be a host name")
    for parameter, longest, code in _SUFFIXED:
        if call[UNIQUE_SUFFIX] and len(call[parameter]) + 3 > longest:
            raise call.error(code)


def _check_release(call: ActionCall) -> None:
    at = call[AUTO_RELEASE]
    if at is not None and not call.now + _HALF_AN_HOUR <= at <= call.now + _THREE_YEARS:
        raise call.error(
            "InvalidAutoReleaseTime.Malformed",
            hint=f"AutoReleaseTime is {minute_text(at)}; it must lie from half an hour to three years from now",
        )


# Member of the primary interface -> attribute.
_OF_INTERFACE: Final = {
    "VSwitchId": "vswitch_id",
    "SecurityGroupId": "security_group_ids",
    "SecurityGroupIds": "security_group_ids",
    "PrimaryIpAddress": "private_ip_addresses",
    "Ipv6Address": "ipv6_addresses",
}


def _of_primary_interface(call: ActionCall) -> dict[str, AttributeValue]:
    """What the primary interface is to have; it takes the place of parameters of the instance (documented)."""
    primary = next((one for one in call[INTERFACES] if one.get("InstanceType") == "Primary"), {})
    shown: dict[str, AttributeValue] = {}
    for member, attribute in _OF_INTERFACE.items():
        asked = primary.get(member)
        if isinstance(asked, list):
            shown[attribute] = tuple(asked)
        elif asked:
            shown[attribute] = asked if attribute == "vswitch_id" else (asked,)
    return shown


_SEQUENCE: Final = re.compile(r"(?P<prefix>.+?)\[(?:(?P<begin>[0-9]{0,6}),(?P<bits>[1-6]?))?\](?P<suffix>.*)")


def _names(call: ActionCall, ordinal: int, instance_id: str) -> dict[str, AttributeValue]:
    """Of one of several instances: numbered, or each its own; `${instance_id}` stands for its id in a host name."""
    own, hosts = call[INSTANCE_NAME], call[HOST_NAMES]
    host = hosts[ordinal] if ordinal < len(hosts) else _numbered(call, call[HOST_NAME], ordinal)
    names = {
        "instance_name": _numbered(call, own, ordinal),
        "host_name": host.replace("${instance_id}", instance_id),
    }
    return {attribute: name for attribute, name in names.items() if name}


def _numbered(call: ActionCall, name: str, ordinal: int) -> str:
    """`web-[7,3]` counts from web-007; UniqueSuffix appends 001, 002, ..., but not to a number (documented)."""
    match = _SEQUENCE.fullmatch(name)
    if match:
        begin, bits = match["begin"] or "0", int(match["bits"] or 6)
        number = f"{int(begin) + ordinal:0{bits if len(begin) <= bits else 6}}"
        name = f"{match['prefix']}{number}{match['suffix']}"
    ends_in_number = match is not None and not match["suffix"]
    appended = name and call[UNIQUE_SUFFIX] and call[AMOUNT] > 1 and not ends_in_number
    return f"{name}{ordinal + 1:03}" if appended else name


def _addresses(call: ActionCall, ordinal: int) -> dict[str, AttributeValue]:
    """Private addresses follow each other; public and IPv6 ones are made up, of ranges that belong to nobody."""
    number = call.cloud.instances.count_ever
    own: dict[str, AttributeValue] = {}
    if call[PRIVATE_ADDRESS]:
        own["private_ip_addresses"] = (str(ipaddress.IPv4Address(call[PRIVATE_ADDRESS]) + ordinal),)
    if call[BANDWIDTH_OUT]:
        own["public_ip_addresses"] = (f"198.18.{number // 250 % 250}.{number % 250 + 1}",)
    if v6_count := call[V6_COUNT]:
        own["ipv6_addresses"] = tuple(f"2001:db8::{number + 1:x}:{place:x}" for place in range(1, v6_count + 1))
    return own


# -- CreateInstance


@ACTIONS.action(
    "CreateInstance",
    *CREATE_PARAMETERS,
    missing="MissingParameter/any",
    unusable="InvalidParameter/any",
    notes=(
        "Pending -> Stopped at one instant, unless the test sets instances.pending_takes; StartInstance starts it.",
        "No public address is assigned (documented).",
        *_SHARED_NOTES,
    ),
)
def _create(call: ActionCall) -> JsonObject:
    _check(call, CREATE_PERIOD_UNIT)
    if not call[IMAGE] and not call[IMAGE_FAMILY]:
        raise call.error("MissingParameter/ImageId", hint="neither ImageId nor ImageFamily was sent")
    tags = _tags(call)
    if call[DRY_RUN_FLAG]:
        raise call.error("DryRunOperation")
    instance_id = call.cloud.ids.resource("i", call.region_id)
    call.cloud.instances.create(
        instance_id,
        region_id=call.region_id,
        account_id=call.account_id,
        tags=tags,
        disks=_disks(call, tags),
        attributes={**_shown(call, CREATE_SHOWN), **_bandwidth(call), **_expiry(call, CREATE_PERIOD_UNIT)},
        starts=False,
        cause=call.cause,
    )
    return {"InstanceId": instance_id, **_order(call)}
