"""An instance in the reply of DescribeInstances: declared attributes, and plausible values for the rest."""

import re
from typing import Final

from pytest_ecsevents.clock._times import minute_text
from pytest_ecsevents.rpc._wire import Json, JsonObject
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
# Left out when empty (no captured reply has them).
_OPTIONAL: Final = _attributes("KeyPairName HpcClusterId")


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
    view: JsonObject = {key: instance.texts[name] for key, name in _WORDS.items()}
    view.update((key, number(instance, name)) for key, name in _NUMBERS.items())
    view.update((key, flag(instance, name)) for key, name in _FLAGS.items())
    view.update((key, said) for key, name in _OPTIONAL.items() if (said := instance.texts[name]))
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
        CpuOptions={"ThreadsPerCore": 2, "Numa": "ON", "CoreCount": max(number(instance, "cpu") // 2, 1)},
        HibernationOptions={"Configured": False},
        DedicatedInstanceAttribute={"Tenancy": "", "Affinity": ""},
        DedicatedHostAttribute={"DedicatedHostId": "", "DedicatedHostName": ""},
        EcsCapacityReservationAttr={"CapacityReservationPreference": "", "CapacityReservationId": ""},
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
    return view


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
        "EipAddress": {"AllocationId": "", "IpAddress": instance.texts["eip_address"], "InternetChargeType": ""},
        "VpcAttributes": {
            "PrivateIpAddress": {"IpAddress": list(private)},
            "VpcId": instance.texts["vpc_id"],
            "VSwitchId": instance.texts["vswitch_id"],
            "NatIpAddress": "",
        },
        "NetworkInterfaces": {"NetworkInterface": [interface]},
    }
