"""How DescribeInstances shows an instance: what the test declared, and plausible values for the rest."""

import hashlib
import uuid
from collections.abc import Callable
from typing import Final

from pytest_ecsevents.clock import minute_text
from pytest_ecsevents.cloud import ATTRIBUTES, Instance, InstanceStatus, id_prefix
from pytest_ecsevents.openapi._wire import Json, JsonObject


def _digest(*words: str) -> str:
    return hashlib.sha256("/".join(words).encode()).hexdigest()


def _own(instance: Instance, letters: str) -> str:
    return f"{letters}-{id_prefix(instance.region_id)}{_digest(letters, instance.instance_id)[:17]}"


def _shared(instance: Instance, letters: str) -> str:
    """An id that all instances of an account in a region have in common."""
    digest = _digest(letters, instance.account_id, instance.region_id)
    return f"{letters}-{id_prefix(instance.region_id)}{digest[:17]}"


def _private_ip(instance: Instance) -> str:
    number = instance._number + 10
    return f"172.16.{number // 250 % 250}.{number % 250 + 1}"


_DERIVED: Final[dict[str, Callable[[Instance], str]]] = {
    "instance_name": lambda instance: instance.instance_id,
    "host_name": lambda instance: f"iZ{instance.instance_id.partition('-')[2]}Z",
    "serial_number": lambda instance: str(uuid.UUID(_digest(instance.instance_id)[:32])),
    "zone_id": lambda instance: f"{instance.region_id}-a",
    "instance_type_family": lambda instance: word(instance, "instance_type").rpartition(".")[0],
    "vpc_id": lambda instance: _shared(instance, "vpc"),
    "vswitch_id": lambda instance: _shared(instance, "vsw"),
    "network_interface_id": lambda instance: _own(instance, "eni"),
    "mac_address": lambda instance: "00:16:3e:" + ":".join(_digest(instance.instance_id)[n : n + 2] for n in (0, 2, 4)),
}


def word(instance: Instance, name: str) -> str:
    """A text attribute: declared, default or derived from the instance's id."""
    value = instance.attributes.get(name, ATTRIBUTES[name].default)
    return _DERIVED[name](instance) if value is None else str(value)


def words(instance: Instance, name: str) -> tuple[str, ...]:
    """A list attribute: declared, or that of a captured instance."""
    value = instance.attributes.get(name)
    if isinstance(value, tuple):
        return value
    if name == "private_ip_addresses":
        return (_private_ip(instance),)
    return (_shared(instance, "sg"),) if name == "security_group_ids" else ()


def flag(instance: Instance, name: str) -> bool:
    """A yes-or-no attribute."""
    return bool(instance.attributes.get(name, ATTRIBUTES[name].default))


def number(instance: Instance, name: str) -> int:
    """A numeric attribute."""
    value = instance.attributes.get(name, ATTRIBUTES[name].default)
    assert isinstance(value, int)
    return value


def _price_limit(instance: Instance) -> float:
    value = instance.attributes.get("spot_price_limit", 0.0)
    assert isinstance(value, float)
    return value


def _stopped_mode(instance: Instance) -> str:
    return instance._stopped_mode if instance._status == InstanceStatus.STOPPED else word(instance, "stopped_mode")


# Key on the wire -> attribute; the keys and their types are those of a captured reply.
_WORDS: Final = {
    "ResourceGroupId": "resource_group_id",
    "InstanceChargeType": "instance_charge_type",
    "OSName": "os_name",
    "OSNameEn": "os_name_en",
    "OSType": "os_type",
    "InstanceNetworkType": "instance_network_type",
    "ExpiredTime": "expired_time",
    "ImageId": "image_id",
    "HostName": "host_name",
    "AutoReleaseTime": "auto_release_time",
    "InternetChargeType": "internet_charge_type",
    "InstanceName": "instance_name",
    "DeploymentSetId": "deployment_set_id",
    "SerialNumber": "serial_number",
    "Description": "description",
    "InstanceType": "instance_type",
    "InstanceTypeFamily": "instance_type_family",
    "GPUSpec": "gpu_spec",
    "SpotStrategy": "spot_strategy",
    "ZoneId": "zone_id",
    "ClusterId": "cluster_id",
    "CreditSpecification": "credit_specification",
}
_NUMBERS: Final = {
    "Cpu": "cpu",
    "Memory": "memory",
    "GPUAmount": "gpu_amount",
    "InternetMaxBandwidthIn": "internet_max_bandwidth_in",
    "InternetMaxBandwidthOut": "internet_max_bandwidth_out",
}
_FLAGS: Final = {
    "DeviceAvailable": "device_available",
    "IoOptimized": "io_optimized",
    "DeletionProtection": "deletion_protection",
    "Recyclable": "recyclable",
}
# Present only where they say something (in no captured reply).
_OPTIONAL: Final = {"KeyPairName": "key_pair_name", "HpcClusterId": "hpc_cluster_id"}


def instance_view(instance: Instance) -> JsonObject:
    """One entry of `Instances.Instance[]`; times have minute precision."""
    view: JsonObject = {key: word(instance, name) for key, name in _WORDS.items()}
    view.update((key, number(instance, name)) for key, name in _NUMBERS.items())
    view.update((key, flag(instance, name)) for key, name in _FLAGS.items())
    view.update((key, said) for key, name in _OPTIONAL.items() if (said := word(instance, name)))
    view.update(
        InstanceId=instance.instance_id,
        RegionId=instance.region_id,
        Status=instance._status.value,
        StoppedMode=_stopped_mode(instance),
        CreationTime=minute_text(instance._created_at),
        StartTime=minute_text(instance._started_at),
        SpotPriceLimit=_price_limit(instance),
        SaleCycle="",
        VlanId="",
        ImageOptions={},
        CpuOptions={"ThreadsPerCore": 2, "Numa": "ON", "CoreCount": max(number(instance, "cpu") // 2, 1)},
        HibernationOptions={"Configured": False},
        DedicatedInstanceAttribute={"Tenancy": "", "Affinity": ""},
        MetadataOptions={
            "HttpTokens": word(instance, "http_tokens"),
            "HttpEndpoint": word(instance, "http_endpoint"),
        },
        SecurityGroupIds={"SecurityGroupId": _listed(instance, "security_group_ids")},
        OperationLocks={"LockReason": [{"LockReason": reason} for reason in instance._locks]},
        **_network(instance),
    )
    if instance.tags:
        view["Tags"] = {"Tag": [{"TagKey": key, "TagValue": value} for key, value in instance.tags.items()]}
    if words(instance, "rdma_ip_addresses"):
        view["RdmaIpAddress"] = {"IpAddress": _listed(instance, "rdma_ip_addresses")}
    return view


def _listed(instance: Instance, name: str) -> list[Json]:
    return list(words(instance, name))


def _network(instance: Instance) -> JsonObject:
    private = words(instance, "private_ip_addresses")
    primary = private[0] if private else ""
    return {
        "PublicIpAddress": {"IpAddress": _listed(instance, "public_ip_addresses")},
        "InnerIpAddress": {"IpAddress": _listed(instance, "inner_ip_addresses")},
        "EipAddress": {"AllocationId": "", "IpAddress": word(instance, "eip_address"), "InternetChargeType": ""},
        "VpcAttributes": {
            "PrivateIpAddress": {"IpAddress": list(private)},
            "VpcId": word(instance, "vpc_id"),
            "VSwitchId": word(instance, "vswitch_id"),
            "NatIpAddress": "",
        },
        "NetworkInterfaces": {"NetworkInterface": [_interface(instance, primary)]},
    }


def _interface(instance: Instance, primary: str) -> JsonObject:
    view: JsonObject = {
        "Type": "Primary",
        "PrimaryIpAddress": primary,
        "MacAddress": word(instance, "mac_address"),
        "NetworkInterfaceId": word(instance, "network_interface_id"),
        "PrivateIpSets": {"PrivateIpSet": [{"PrivateIpAddress": primary, "Primary": True}]},
    }
    if words(instance, "ipv6_addresses"):
        view["Ipv6Sets"] = {"Ipv6Set": [{"Ipv6Address": address} for address in words(instance, "ipv6_addresses")]}
    return view
