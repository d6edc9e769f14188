"""Attributes of instances in DescribeInstances or in their metadata, beside id, region, status and tags.

Each row has the name in Python, the default and the values allowed. The defaults are those of a captured reply: a small
pay-as-you-go Linux instance.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed

__tracebackhide__ = hidden_in_reports

AttributeValue: TypeAlias = str | int | float | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute.

    Attributes:
        name: As `instances.add` and the marker take it.
        default: Its value if the test gives none; None if the value is derived from the instance's id.
        allowed: The values it may have; empty for any.
    """

    name: str
    default: AttributeValue | None
    allowed: tuple[str, ...] = ()

    @property
    def kind(self) -> type:
        return str if self.default is None else type(self.default)


LOCK_REASONS: Final = ("financial", "security", "Recycling", "dedicatedhostfinancial", "refunded")
HEALTH_STATUSES: Final = (
    "Ok",
    "Impaired",
    "Warning",
    "Maintaining",
    "Initializing",
    "InsufficientData",
    "NotApplicable",
)
CHARGE_TYPES: Final = ("PostPaid", "PrePaid")
INTERNET_CHARGE_TYPES: Final = ("PayByTraffic", "PayByBandwidth")
NETWORK_TYPES: Final = ("vpc", "classic")

_ROWS: Final = (
    Attribute("instance_name", None),
    Attribute("host_name", None),
    Attribute("description", ""),
    Attribute("serial_number", None),
    Attribute("zone_id", None),
    Attribute("cluster_id", ""),
    Attribute("instance_type", "ecs.g7.large"),
    Attribute("instance_type_family", None),
    Attribute("cpu", 2),
    Attribute("memory", 8192),
    Attribute("gpu_amount", 0),
    Attribute("gpu_spec", ""),
    Attribute("image_id", "aliyun_3_x64_20G_alibase_20240528.vhd"),
    Attribute("os_name", "Alibaba Cloud Linux  3.2104 LTS 64位"),
    Attribute("os_name_en", "Alibaba Cloud Linux  3.2104 LTS 64 bit"),
    Attribute("os_type", "linux"),
    Attribute("instance_charge_type", "PostPaid", CHARGE_TYPES),
    Attribute("internet_charge_type", "PayByTraffic", INTERNET_CHARGE_TYPES),
    Attribute("internet_max_bandwidth_in", -1),
    Attribute("internet_max_bandwidth_out", 0),
    Attribute("instance_network_type", "vpc", NETWORK_TYPES),
    Attribute("vpc_id", None),
    Attribute("vswitch_id", None),
    Attribute("security_group_ids", ()),
    Attribute("private_ip_addresses", ()),
    Attribute("public_ip_addresses", ()),
    Attribute("inner_ip_addresses", ()),
    Attribute("eip_address", ""),
    Attribute("rdma_ip_addresses", ()),
    Attribute("ipv6_addresses", ()),
    Attribute("mac_address", None),
    Attribute("network_interface_id", None),
    Attribute("key_pair_name", ""),
    Attribute("resource_group_id", ""),
    Attribute("hpc_cluster_id", ""),
    Attribute("deployment_set_id", ""),
    Attribute("credit_specification", ""),
    Attribute("spot_strategy", "NoSpot"),
    Attribute("spot_price_limit", 0.0),
    Attribute("expired_time", "2099-12-31T15:59Z"),
    Attribute("auto_release_time", ""),
    Attribute("io_optimized", True),
    Attribute("device_available", True),
    Attribute("deletion_protection", False),
    Attribute("recyclable", False),
    Attribute("http_endpoint", "", ("", "enabled", "disabled")),
    Attribute("http_tokens", "", ("", "optional", "required")),
    Attribute("ram_role_name", ""),
    Attribute("user_data", ""),
    Attribute("stopped_mode", "Not-applicable"),
    Attribute("health_status", "Ok", HEALTH_STATUSES),
    Attribute("operation_locks", (), LOCK_REASONS),
)

ATTRIBUTES: Final = {row.name: row for row in _ROWS}


def checked_attributes(given: dict[str, object], where: str) -> dict[str, AttributeValue]:
    """Check the attributes that a test gives an instance.

    Raises:
        BadArgumentError: A name, type or value is wrong.
    """
    return {name: _checked(name, value, where) for name, value in given.items()}


def _checked(name: str, value: object, where: str) -> AttributeValue:
    row = ATTRIBUTES.get(name)
    if row is None:
        raise BadArgumentError(
            f"{where} got {name}={value!r}, which no instance has.{did_you_mean(name, ATTRIBUTES)} "
            f"Attributes are: {listed(ATTRIBUTES, most=99)}."
        )
    if row.kind is tuple:
        return _checked_list(row, value, where)
    if row.kind is float and type(value) is int:
        return float(value)
    if type(value) is not row.kind:
        raise BadArgumentError(f"{where} got {name}={value!r}. Pass {_A_KIND[row.kind]}.")
    if row.allowed and value not in row.allowed:
        raise BadArgumentError(_not_allowed(row, value, where))
    return value  # type: ignore[return-value]  # its type is the row's kind


_A_KIND: Final = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    tuple: "a list of texts",
}


def _checked_list(row: Attribute, value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
        raise BadArgumentError(f"{where} got {row.name}={value!r}. Pass {_A_KIND[tuple]}.")
    for word in value:
        if row.allowed and word not in row.allowed:
            raise BadArgumentError(_not_allowed(row, word, where))
    return tuple(value)


def _not_allowed(row: Attribute, value: object, where: str) -> str:
    return (
        f"{where} got {row.name}={value!r}. Pass one of: {listed(row.allowed)}.{did_you_mean(str(value), row.allowed)}"
    )


def checked_tags(tags: object, where: str) -> Mapping[str, str]:
    """Check that tags are a dict of texts.

    Raises:
        BadArgumentError: They are not.
    """
    if isinstance(tags, Mapping) and all(isinstance(word, str) for pair in tags.items() for word in pair):
        return tags
    raise BadArgumentError(f'{where} got tags={tags!r}. Pass a dict of texts, such as {{"role": "web"}}.')
