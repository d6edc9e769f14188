"""An instance in replies: declared attributes, and plausible values for the rest."""

import re
from collections.abc import Mapping
from typing import Final

from pytest_ecsevents.clock._times import instant_text, minute_text
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs._attributes import ATTRIBUTES
from pytest_ecsevents.services.ecs._catalogue import InstanceStatus
from pytest_ecsevents.services.ecs._instances import flag, number
from pytest_ecsevents.services.ecs._model import InstanceRecord


def _attributes(keys: str) -> dict[str, str]:
    """The attribute of each key of a reply: `os_name_en` of `OSNameEn`."""
    return {key: re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", key).lower() for key in keys.split()}


# The keys and their types are those of a captured reply.
_WORDS: Final = _attributes(
    "ResourceGroupId InstanceChargeType OSName OSNameEn OSType InstanceNetworkType ExpiredTime ImageId "
    "HostName AutoReleaseTime InternetChargeType InstanceName DeploymentSetId SerialNumber Description "
    "InstanceType InstanceTypeFamily GPUSpec SpotStrategy ZoneId ClusterId CreditSpecification"
)
_NUMBERS: Final = _attributes("Cpu Memory GPUAmount InternetMaxBandwidthIn InternetMaxBandwidthOut")
_FLAGS: Final = _attributes("DeviceAvailable IoOptimized DeletionProtection Recyclable")
# Left out when they are not set (no captured reply has them).
_OPTIONAL: Final = {**_attributes("KeyPairName HpcClusterId"), "ISP": "isp"}
_OPTIONAL_NUMBERS: Final = _attributes("DeploymentSetGroupNo LocalStorageAmount LocalStorageCapacity")
# Objects that are left out unless one of their members is set.
_OPTIONAL_OBJECTS: Final[Mapping[str, Mapping[str, str]]] = {
    "AdditionalInfo": {"EnableHighDensityMode": "enable_high_density_mode"},
    "ClockOptions": {"PtpStatus": "ptp_status"},
    "PrivateDnsNameOptions": {
        "HostnameType": "hostname_type",
        "EnableInstanceIdDnsARecord": "enable_instance_id_dns_a_record",
        "EnableInstanceIdDnsAAAARecord": "enable_instance_id_dns_aaaa_record",
        "EnableIpDnsARecord": "enable_ip_dns_a_record",
        "EnableIpDnsPtrRecord": "enable_ip_dns_ptr_record",
    },
    "SecurityOptions": {"EnableSecureBoot": "enable_secure_boot"},
}
# Members of objects that are always there, left out when they are not set.
_OPTIONAL_MEMBERS: Final[Mapping[str, Mapping[str, str]]] = {
    "CpuOptions": {"TopologyType": "cpu_topology_type"},
    "DedicatedHostAttribute": {"DedicatedHostClusterId": "dedicated_host_cluster_id"},
    "ImageOptions": {"LoginAsNonRoot": "login_as_non_root"},
}

_SHARED_KEYS: Final = (
    "Status SerialNumber Description InstanceName InstanceNetworkType Memory ImageId ClusterId VlanId StoppedMode "
    "HostName InstanceId InstanceType InternetMaxBandwidthIn InternetMaxBandwidthOut RegionId InstanceChargeType "
    "Cpu ExpiredTime ZoneId InternetChargeType CreditSpecification SecurityGroupIds PublicIpAddress "
    "InnerIpAddress VpcAttributes EipAddress DedicatedHostAttribute OperationLocks"
)
# Members that DescribeInstanceAttribute lacks, by the key of their object.
_ONLY_IN_LISTS: Final = {"EipAddress": "IsSupportUnassociate", "DedicatedHostAttribute": "DedicatedHostClusterId"}


def instance_view(instance: InstanceRecord) -> JsonObject:
    """One entry of `Instances.Instance[]`; times have minute precision."""
    if instance.is_preemptible:
        spot: JsonObject = {
            "SpotDuration": number(instance, "spot_duration"),
            "SpotInterruptionBehavior": instance.texts["spot_interruption_behavior"],
        }
    else:
        spot = {}
    is_stopped = instance.status == InstanceStatus.STOPPED
    price_limit = instance.attributes.get("spot_price_limit", 0.0)
    assert isinstance(price_limit, float)
    texts = instance.texts
    view: JsonObject = {key: texts[name] for key, name in _WORDS.items()}
    view.update((key, number(instance, name)) for key, name in _NUMBERS.items())
    view.update((key, flag(instance, name)) for key, name in _FLAGS.items())
    view.update((key, said) for key, name in _OPTIONAL.items() if (said := texts[name]))
    view.update((key, size) for key, name in _OPTIONAL_NUMBERS.items() if (size := number(instance, name)))
    view.update(
        InstanceId=instance.instance_id,
        RegionId=instance.region_id,
        Status=instance.status.value,
        StoppedMode=instance.stopped_mode if is_stopped else instance.texts["stopped_mode"],
        CreationTime=minute_text(instance.created_at),
        StartTime=minute_text(instance.started_at),
        SpotPriceLimit=int(price_limit) if price_limit.is_integer() else price_limit,
        **spot,
        SaleCycle="",
        VlanId="",
        ImageOptions={},
        CpuOptions=_processor(instance),
        HibernationOptions={"Configured": flag(instance, "hibernation_configured")},
        DedicatedInstanceAttribute={"Tenancy": texts["tenancy"], "Affinity": texts["affinity"]},
        DedicatedHostAttribute={
            "DedicatedHostId": texts["dedicated_host_id"],
            "DedicatedHostName": texts["dedicated_host_name"],
        },
        EcsCapacityReservationAttr={
            "CapacityReservationPreference": texts["capacity_reservation_preference"],
            "CapacityReservationId": texts["capacity_reservation_id"],
        },
        MetadataOptions={
            "HttpTokens": instance.metadata_options.tokens,
            "HttpEndpoint": instance.metadata_options.endpoint,
        },
        SecurityGroupIds={"SecurityGroupId": _listed(instance, "security_group_ids")},
        OperationLocks={"LockReason": [{"LockReason": reason} for reason in instance.locks]},
        **_network(instance),
    )
    if instance.tags:
        view["Tags"] = {"Tag": [{"TagKey": key, "TagValue": value} for key, value in instance.tags.items()]}
    if instance.lists["rdma_ip_addresses"]:
        view["RdmaIpAddress"] = {"IpAddress": _listed(instance, "rdma_ip_addresses")}
    for key, members in _OPTIONAL_OBJECTS.items():
        values = _values(instance, members)
        if any(values.values()):
            view[key] = values
    for key, members in _OPTIONAL_MEMBERS.items():
        always = view[key]
        assert isinstance(always, dict)
        always.update((member, value) for member, value in _values(instance, members).items() if value)
    return view


def attribute_view(instance: InstanceRecord) -> JsonObject:
    """The reply of DescribeInstanceAttribute: what DescribeInstances says and more, with two differences seen in a capture."""
    whole = instance_view(instance)
    view = {key: whole[key] for key in _SHARED_KEYS.split()}
    for key, member in _ONLY_IN_LISTS.items():
        members = view[key]
        assert isinstance(members, dict)
        members.pop(member, None)
    network: JsonObject = {
        "EnableJumboFrame": flag(instance, "enable_jumbo_frame"),
        "EnableNetworkEncryption": flag(instance, "enable_network_encryption"),
    }
    weighting = instance.texts["bandwidth_weighting"]
    return {
        **view,
        **network,
        "NetworkOptions": {**network, **({"BandwidthWeighting": weighting} if weighting else {})},
        "SecurityOptions": {"EnableSecureBoot": flag(instance, "enable_secure_boot")},
        "IoOptimized": "optimized" if flag(instance, "io_optimized") else "none",
        "CreationTime": instant_text(instance.created_at),
    }


def _values(instance: InstanceRecord, members: Mapping[str, str]) -> JsonObject:
    """Members that are texts or flags."""
    return {
        member: instance.texts[name] if isinstance(ATTRIBUTES[name].default, str) else flag(instance, name)
        for member, name in members.items()
    }


def _processor(instance: InstanceRecord) -> JsonObject:
    threads = number(instance, "cpu_threads_per_core")
    cores = number(instance, "cpu_core_count") or max(number(instance, "cpu") // max(threads, 1), 1)
    return {"ThreadsPerCore": threads, "Numa": "ON", "CoreCount": cores}


def _elastic_address(instance: InstanceRecord) -> JsonObject:
    """Without an address the members are those of a captured reply."""
    texts = instance.texts
    if not texts["eip_address"]:
        return {"AllocationId": "", "IpAddress": "", "InternetChargeType": ""}
    return {
        "AllocationId": texts["eip_allocation_id"],
        "IpAddress": texts["eip_address"],
        "InternetChargeType": texts["eip_internet_charge_type"],
        "Bandwidth": number(instance, "eip_bandwidth"),
        "IsSupportUnassociate": flag(instance, "eip_is_support_unassociate"),
    }


def _listed(instance: InstanceRecord, name: str) -> list[Json]:
    return list(instance.lists[name])


def _network(instance: InstanceRecord) -> JsonObject:
    private = instance.lists["private_ip_addresses"]
    primary = private[0] if private else ""
    interface: JsonObject = {
        "Type": "Primary",
        "PrimaryIpAddress": primary,
        "MacAddress": instance.texts["mac_address"],
        "NetworkInterfaceId": instance.texts["network_interface_id"],
        "PrivateIpSets": {"PrivateIpSet": [{"PrivateIpAddress": primary, "Primary": True}]},
    }
    if instance.lists["ipv6_addresses"]:
        interface["Ipv6Sets"] = {"Ipv6Set": [{"Ipv6Address": address} for address in instance.lists["ipv6_addresses"]]}
    return {
        "PublicIpAddress": {"IpAddress": _listed(instance, "public_ip_addresses")},
        "InnerIpAddress": {"IpAddress": _listed(instance, "inner_ip_addresses")},
        "EipAddress": _elastic_address(instance),
        "VpcAttributes": {
            "PrivateIpAddress": {"IpAddress": list(private)},
            "VpcId": instance.texts["vpc_id"],
            "VSwitchId": instance.texts["vswitch_id"],
            "NatIpAddress": "",
        },
        "NetworkInterfaces": {"NetworkInterface": [interface]},
    }
