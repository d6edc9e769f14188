"""Attributes of instances in DescribeInstances or in their metadata, beside id, region, status and tags.

Each row has the name in Python, the default and the values allowed. The defaults are those of a captured reply: a small
pay-as-you-go Linux instance.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeGuard

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed, pass_one_of

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
SPOT_STRATEGIES: Final = ("NoSpot", "SpotWithPriceLimit", "SpotAsPriceGo")
INTERRUPTION_BEHAVIORS: Final = ("Terminate", "Stop")
NETWORK_TYPES: Final = ("vpc", "classic")
HOSTNAME_TYPES: Final = ("Custom", "IpBased", "InstanceIdBased")

_DERIVED: Final = (
    "instance_name host_name serial_number zone_id instance_type_family vpc_id vswitch_id mac_address network_interface_id "
    "eip_allocation_id"
)
_EMPTY: Final = (
    "description cluster_id gpu_spec eip_address key_pair_name resource_group_id hpc_cluster_id deployment_set_id "
    "credit_specification auto_release_time http_endpoint http_tokens instance_metadata_tags ram_role_name user_data "
    "dedicated_host_id dedicated_host_name dedicated_host_cluster_id tenancy affinity capacity_reservation_id "
    "capacity_reservation_preference isp ptp_status hostname_type cpu_topology_type bandwidth_weighting"
)
_ZEROS: Final = "gpu_amount deployment_set_group_no local_storage_amount local_storage_capacity cpu_core_count"
_FLAGS: Final = (
    "deletion_protection recyclable hibernation_configured login_as_non_root enable_secure_boot enable_high_density_mode "
    "enable_network_encryption enable_instance_id_dns_a_record enable_instance_id_dns_aaaa_record enable_ip_dns_a_record "
    "enable_ip_dns_ptr_record"
)
_LISTS: Final = (
    "security_group_ids private_ip_addresses public_ip_addresses inner_ip_addresses rdma_ip_addresses ipv6_addresses "
    "operation_locks"
)
_DEFAULTS: Final[Mapping[str, AttributeValue | None]] = {
    **dict.fromkeys(_DERIVED.split()),
    **dict.fromkeys(_EMPTY.split(), ""),
    **dict.fromkeys(_ZEROS.split(), 0),
    **dict.fromkeys(_FLAGS.split(), False),
    **dict.fromkeys(_LISTS.split(), ()),
    "instance_type": "ecs.g7.large",
    "cpu": 2,
    "memory": 8192,
    "cpu_threads_per_core": 2,
    "image_id": "aliyun_3_x64_20G_alibase_20240528.vhd",
    "os_name": "Alibaba Cloud Linux  3.2104 LTS 64位",
    "os_name_en": "Alibaba Cloud Linux  3.2104 LTS 64 bit",
    "os_type": "linux",
    "instance_charge_type": "PostPaid",
    "internet_charge_type": "PayByTraffic",
    "internet_max_bandwidth_in": -1,
    "internet_max_bandwidth_out": 0,
    "instance_network_type": "vpc",
    "spot_strategy": "NoSpot",
    "spot_price_limit": 0.0,
    "spot_duration": 1,
    "spot_interruption_behavior": "Terminate",
    "expired_time": "2099-12-31T15:59Z",
    "io_optimized": True,
    "device_available": True,
    "eip_bandwidth": 5,
    "eip_internet_charge_type": "PayByTraffic",
    "eip_is_support_unassociate": True,
    "enable_jumbo_frame": True,
    "stopped_mode": "Not-applicable",
    "health_status": "Ok",
}
_ALLOWED: Final = {
    "instance_charge_type": CHARGE_TYPES,
    "internet_charge_type": INTERNET_CHARGE_TYPES,
    "eip_internet_charge_type": INTERNET_CHARGE_TYPES,
    "instance_network_type": NETWORK_TYPES,
    "hostname_type": ("", *HOSTNAME_TYPES),
    "spot_strategy": SPOT_STRATEGIES,
    "spot_interruption_behavior": INTERRUPTION_BEHAVIORS,
    "http_endpoint": ("", "enabled", "disabled"),
    "http_tokens": ("", "optional", "required"),
    "instance_metadata_tags": ("", "enabled", "disabled"),
    "health_status": HEALTH_STATUSES,
    "operation_locks": LOCK_REASONS,
}

ATTRIBUTES: Final = {name: Attribute(name, default, _ALLOWED.get(name, ())) for name, default in _DEFAULTS.items()}
_A_KIND: Final = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "True or False",
    tuple: "a list of texts",
}


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
    if row.kind is float and _is_finite(value):
        return float(value)
    if row.kind is tuple and isinstance(value, (list, tuple)) and all(isinstance(word, str) for word in value):
        value = tuple(value)
    elif row.kind in (tuple, float) or type(value) is not row.kind:
        raise BadArgumentError(f"{where} got {name}={value!r}. Pass {_A_KIND[row.kind]}.")
    for word in value if isinstance(value, tuple) else (value,):
        if row.allowed and word not in row.allowed:
            raise BadArgumentError(f"{where} got {name}={word!r}. {pass_one_of(word, row.allowed)}")
    return value  # type: ignore[return-value]  # its type is the row's kind


def _is_finite(value: object) -> "TypeGuard[float]":
    return isinstance(value, (int, float)) and type(value) is not bool and abs(value) <= sys.float_info.max


def checked_tags(tags: object, where: str) -> Mapping[str, str]:
    """Check that tags are a dict of texts.

    Raises:
        BadArgumentError: They are not.
    """
    if isinstance(tags, Mapping) and all(isinstance(word, str) for pair in tags.items() for word in pair):
        return tags
    raise BadArgumentError(f'{where} got tags={tags!r}. Pass a dict of texts, such as {{"role": "web"}}.')
