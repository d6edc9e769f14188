"""RunInstances and CreateInstance."""

import ipaddress
import re
from collections.abc import Iterable
from types import MappingProxyType
from typing import Any, Final

from pytest_ecsevents._words import did_you_mean
from pytest_ecsevents.clock._times import minute_text
from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._parameters import Parameter
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs._attributes import AttributeValue
from pytest_ecsevents.services.ecs._cloud import ActionCall
from pytest_ecsevents.services.ecs._disks import CATEGORIES as DISK_CATEGORIES
from pytest_ecsevents.services.ecs._disks import Disk
from pytest_ecsevents.services.ecs._periods import PERIODS, end_of
from pytest_ecsevents.services.ecs.api import PACKAGE
from pytest_ecsevents.services.ecs.api import _creation_parameters as given
from pytest_ecsevents.services.ecs.api._instance_queries import is_zone
from pytest_ecsevents.services.ecs.api._tags import read_tags

ACTIONS: Final = Actions[ActionCall](PACKAGE, missing="MissingParameter/any", unusable="InvalidParameter/any")

PRICE: Final = 0.165
"""`TradePrice` of every order: that of the reference's sample."""

# -- attributes from parameters


def _shown(call: ActionCall, rows: Iterable[given.Shown]) -> dict[str, AttributeValue]:
    shown = {
        one.attribute: one.read(call[one.parameter])
        for one in rows
        if call[one.parameter] not in (one.parameter.default, None)
    }
    if shown.get("zone_id") == given.RANDOM_ZONE:
        del shown["zone_id"]
    return shown


def _most_inward(call: ActionCall) -> int:
    return max(call[given.BANDWIDTH_OUT], 10)


def _bandwidth(call: ActionCall) -> dict[str, AttributeValue]:
    """The default inbound bandwidth of an instance that has outbound bandwidth (documented)."""
    uses_default = call[given.BANDWIDTH_OUT] and call[given.BANDWIDTH_IN] is None
    return {"internet_max_bandwidth_in": _most_inward(call)} if uses_default else {}


def _expiry(call: ActionCall, unit: Parameter[str]) -> dict[str, AttributeValue]:
    """The end of a subscription: now plus the period, to the minute (a guess)."""
    period = call[given.PERIOD]
    if call[given.CHARGE_TYPE] != "PrePaid" or period is None:
        return {}
    return {"expired_time": minute_text(end_of(call.now, period, call[unit]))}


def _disks(call: ActionCall, tags: dict[str, str]) -> tuple[Disk, ...]:
    """The system disk, then data disks in order; they have the instance's tags (documented) and group (a guess)."""
    categories = (call[given.SYSTEM_DISK], *(one.get("Category") for one in call[given.DATA_DISKS]))
    return tuple(
        Disk(
            call.cloud.ids.resource("d", call.region_id),
            f"/dev/xvd{chr(ord('a') + number)}",
            category=category or "cloud_efficiency",
            type="data" if number else "system",
            resource_group_id=call[given.RESOURCE_GROUP],
            tags=MappingProxyType(tags),
        )
        for number, category in enumerate(categories)
    )


# -- checks of both actions


# The code for a bad PeriodUnit differs (documented).
_BAD_UNIT: Final = {
    "RunInstances": "InvalidPeriodType.ValueNotSupported",
    "CreateInstance": "InvalidPeriodUnit.ValueNotSupported",
}


def _check(call: ActionCall, unit: Parameter[str], *exclusive: tuple[Parameter[Any], Parameter[Any]]) -> None:
    """Refuse exclusive parameters, and values that depend on others or on the account."""
    for one, other in ((given.IMAGE, given.IMAGE_FAMILY), *exclusive):
        if call[one] and call[other]:
            raise call.error(
                "InvalidParameter.Conflict",
                f"{one.wire_name} and {other.wire_name} cannot be specified at the same time.",
            )
    if call[given.PASSWORD] and call[given.PASSWORD_INHERIT]:
        raise call.error("InvalidPasswordParam.Mismatch")
    inward = call[given.BANDWIDTH_IN]
    if inward is not None and inward > _most_inward(call):
        raise call.invalid(given.BANDWIDTH_IN.name, str(inward), f"It must be from 1 to {_most_inward(call)}.")
    zone, mine = call[given.ZONE], call.cloud.instances.of_account(call.account_id, call.region_id)
    if zone not in ("", given.RANDOM_ZONE) and not is_zone(zone, call.region_id, mine):
        raise call.error("InvalidZoneId.NotFound", hint=f"{zone!r} is not a zone of {call.region_id}")
    for disk in call[given.DATA_DISKS]:
        if disk.get("Category", "") not in ("", *DISK_CATEGORIES):
            raise call.error(
                "InvalidDataDiskCategory.ValueNotSupported",
                hint=f"the Category of a data disk is {disk['Category']!r}.{did_you_mean(disk['Category'], DISK_CATEGORIES)}",
            )
    _check_payment(call, unit)


def _check_payment(call: ActionCall, unit: Parameter[str]) -> None:
    """Refuse bad terms of payment; those of another kind of instance have no effect, and are not checked."""
    is_spot = call[given.SPOT_STRATEGY] not in ("", "NoSpot")
    if is_spot and call[given.SPOT_DURATION] not in (None, 0, 1):
        raise call.error("InvalidSpotDuration", hint=f"SpotDuration is {call[given.SPOT_DURATION]}; it must be 0 or 1")
    if call[given.CHARGE_TYPE] != "PrePaid":
        return
    if is_spot:
        raise call.error("InvalidSpotPrepaid")
    if call[unit] not in ("", *PERIODS):
        raise call.error(
            _BAD_UNIT[call.action.name], hint=f"PeriodUnit is {call[unit]!r}.{did_you_mean(call[unit], PERIODS)}"
        )
    if call[given.PERIOD] is None:
        raise call.error("MissingParamter", hint="Period was not sent")
    if call[given.PERIOD] not in PERIODS[call[unit] or "Month"]:
        raise call.error("InvalidPeriod", hint=f"Period is {call[given.PERIOD]}, of {call[unit] or 'Month'}")


def _order(call: ActionCall) -> JsonObject:
    """The order's part of a reply; only a subscription has an id (documented)."""
    paid: JsonObject = {"OrderId": call.cloud.ids.order()} if call[given.CHARGE_TYPE] == "PrePaid" else {}
    return {"TradePrice": PRICE, **paid}


# -- RunInstances

_SHARED_NOTES: Final = (
    "ImageId, VSwitchId, SecurityGroupId, KeyPairName, ResourceGroupId and the like are not checked.",
    "Defaults are those of a captured instance; Cpu and Memory do not follow InstanceType.",
    "InstanceType must look like ecs.g7.large, and ZoneId must be a zone of the region.",
    "Disks have the category cloud_efficiency by default, the instance's tags (documented) and its resource group.",
    "Without a security group or a vSwitch the default ones are used.",
    f"TradePrice is always {PRICE}, that of the reference's sample; OrderId is random.",
    "ExpiredTime of a subscription is now plus the period.",
    "A DryRun makes every check.",
)

_EXCLUSIVE: Final = (
    (given.SECURITY_GROUP, given.SECURITY_GROUPS),
    (given.HOST_NAME, given.HOST_NAMES),
    (given.V6_ADDRESSES, given.V6_COUNT),
)
# A parameter, the most characters with its suffix, and the error for more.
_SUFFIXED: Final = (
    (given.INSTANCE_NAME, 128, "InvalidParams.InstanceNameExceed"),
    (given.HOST_NAME, 64, "InvalidParams.HostnameExceed"),
)


@ACTIONS.action(
    "RunInstances",
    *given.RUN_PARAMETERS,
    notes=(
        "Pending -> Starting -> Running at one instant, unless the test sets instances.pending_takes or starting_takes.",
        "Every launch template exists; its values are those of a captured instance.",
        "AutoReleaseTime releases the instance in any status.",
        "MinAmount above Amount is refused with the code for a bad MinAmount; Amount is always in stock.",
        "HostNames.N names the first instances; HostName does not name the others.",
        "PublicIpAddress of an instance with InternetMaxBandwidthOut, and addresses for Ipv6AddressCount, are invented.",
        *_SHARED_NOTES,
    ),
)
def _run(call: ActionCall) -> JsonObject:
    _check(call, given.RUN_PERIOD_UNIT, *_EXCLUSIVE)
    _check_complete(call)
    _check_amount(call)
    for name in call[given.HOST_NAMES]:
        if not given.is_host_name(name):
            raise call.error("InvalidHostName.Malformed", hint=f"{name!r} in HostNames.N cannot be a host name")
    for parameter, longest, code in _SUFFIXED:
        if call[given.UNIQUE_SUFFIX] and len(call[parameter]) + 3 > longest:
            raise call.error(code)
    given.check_auto_release(call)
    tags = read_tags(call, call[given.TAGS])
    if call[given.DRY_RUN_FLAG]:
        raise call.error("DryRunOperation")
    shared = {
        **_shown(call, given.RUN_SHOWN),
        **_of_primary_interface(call),
        **_bandwidth(call),
        **_expiry(call, given.RUN_PERIOD_UNIT),
    }
    ids: list[Json] = []
    for ordinal in range(call[given.AMOUNT]):
        instance_id = call.cloud.ids.resource("i", call.region_id)
        own = {**_names(call, ordinal, instance_id), **_addresses(call, ordinal)}
        ids.append(_created(call, instance_id, tags, {**shared, **own}, starts=True))
    return {"InstanceIdSets": {"InstanceIdSet": ids}, **_order(call)}


def _created(
    call: ActionCall, instance_id: str, tags: dict[str, str], attributes: dict[str, AttributeValue], *, starts: bool
) -> str:
    call.cloud.instances.create(
        instance_id,
        region_id=call.region_id,
        account_id=call.account_id,
        tags=tags,
        disks=_disks(call, tags),
        attributes=attributes,
        starts=starts,
        cause=call.cause,
    )
    return instance_id


def _check_complete(call: ActionCall) -> None:
    """Without a launch template, image and type are required (documented)."""
    if call[given.TEMPLATE_ID] or call[given.TEMPLATE_NAME]:
        return
    if not call[given.IMAGE] and not call[given.IMAGE_FAMILY]:
        raise call.error(
            "MissingParameter/ImageId", hint="neither ImageId nor ImageFamily nor a launch template was sent"
        )
    if not call[given.RUN_TYPE]:
        raise call.error("MissingParameter/InstanceType", hint="neither InstanceType nor a launch template was sent")


def _check_amount(call: ActionCall) -> None:
    amount = call[given.AMOUNT]
    if call[given.MIN_AMOUNT] > amount:
        raise call.error("InvalidMinAmount.Malformed", hint=f"MinAmount is {call[given.MIN_AMOUNT]}, Amount {amount}")
    if call[given.V6_ADDRESSES] and amount > 1:
        raise call.error("InvalidParam.Amount", f"With Ipv6Address.N Amount can only be 1, not {amount}.")
    if call[given.PRIVATE_ADDRESS] and int(ipaddress.IPv4Address(call[given.PRIVATE_ADDRESS])) + amount > 2**32:
        raise call.error("InvalidPrivateIpAddress.Malformed", hint=f"there are no {amount} addresses from there on")


# Member of the primary interface -> attribute of the instance.
_OF_INTERFACE: Final = {
    "VSwitchId": "vswitch_id",
    "SecurityGroupId": "security_group_ids",
    "SecurityGroupIds": "security_group_ids",
    "PrimaryIpAddress": "private_ip_addresses",
    "Ipv6Address": "ipv6_addresses",
}


def _of_primary_interface(call: ActionCall) -> dict[str, AttributeValue]:
    """Attributes from the primary interface, which replace the instance's parameters (documented)."""
    primary = next((one for one in call[given.INTERFACES] if one.get("InstanceType") == "Primary"), {})
    shown: dict[str, AttributeValue] = {}
    for member, attribute in _OF_INTERFACE.items():
        value = primary.get(member)
        if isinstance(value, list):
            shown[attribute] = tuple(value)
        elif value:
            shown[attribute] = value if attribute == "vswitch_id" else (value,)
    return shown


_SEQUENCE: Final = re.compile(r"(?P<prefix>.+?)\[(?:(?P<begin>[0-9]{0,6}),(?P<bits>[1-6]?))?\](?P<suffix>.*)")


def _names(call: ActionCall, ordinal: int, instance_id: str) -> dict[str, AttributeValue]:
    """The names of one of several instances; `${instance_id}` in a host name stands for its id."""
    own, hosts = call[given.INSTANCE_NAME], call[given.HOST_NAMES]
    host = hosts[ordinal] if ordinal < len(hosts) else _numbered(call, call[given.HOST_NAME], ordinal)
    names = {"instance_name": _numbered(call, own, ordinal), "host_name": host.replace("${instance_id}", instance_id)}
    return {attribute: name for attribute, name in names.items() if name}


def _numbered(call: ActionCall, name: str, ordinal: int) -> str:
    """`web-[7,3]` counts from web-007; UniqueSuffix appends 001, 002, ..., but not to a number (documented)."""
    match = _SEQUENCE.fullmatch(name)
    if match:
        begin, bits = match["begin"] or "0", int(match["bits"] or 6)
        number = f"{int(begin) + ordinal:0{bits if len(begin) <= bits else 6}}"
        name = f"{match['prefix']}{number}{match['suffix']}"
    ends_in_number = match is not None and not match["suffix"]
    appended = name and call[given.UNIQUE_SUFFIX] and call[given.AMOUNT] > 1 and not ends_in_number
    return f"{name}{ordinal + 1:03}" if appended else name


def _addresses(call: ActionCall, ordinal: int) -> dict[str, AttributeValue]:
    """Private addresses are consecutive; public and IPv6 ones come from reserved test ranges."""
    number = call.cloud.instances.count_ever
    own: dict[str, AttributeValue] = {}
    if call[given.PRIVATE_ADDRESS]:
        own["private_ip_addresses"] = (str(ipaddress.IPv4Address(call[given.PRIVATE_ADDRESS]) + ordinal),)
    if call[given.BANDWIDTH_OUT]:
        own["public_ip_addresses"] = (f"198.18.{number // 250 % 250}.{number % 250 + 1}",)
    if v6_count := call[given.V6_COUNT]:
        own["ipv6_addresses"] = tuple(f"2001:db8::{number + 1:x}:{place:x}" for place in range(1, v6_count + 1))
    return own


# -- CreateInstance


@ACTIONS.action(
    "CreateInstance",
    *given.CREATE_PARAMETERS,
    notes=(
        "Pending -> Stopped at one instant, unless the test sets instances.pending_takes; StartInstance starts it.",
        "No public address is assigned (documented).",
        *_SHARED_NOTES,
    ),
)
def _create(call: ActionCall) -> JsonObject:
    _check(call, given.CREATE_PERIOD_UNIT)
    if not call[given.IMAGE] and not call[given.IMAGE_FAMILY]:
        raise call.error("MissingParameter/ImageId", hint="neither ImageId nor ImageFamily was sent")
    tags = read_tags(call, call[given.TAGS])
    if call[given.DRY_RUN_FLAG]:
        raise call.error("DryRunOperation")
    instance_id = call.cloud.ids.resource("i", call.region_id)
    attributes = {**_shown(call, given.CREATE_SHOWN), **_bandwidth(call), **_expiry(call, given.CREATE_PERIOD_UNIT)}
    return {"InstanceId": _created(call, instance_id, tags, attributes, starts=False), **_order(call)}
