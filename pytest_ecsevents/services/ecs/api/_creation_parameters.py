"""Parameters of RunInstances and CreateInstance: those that instances show afterwards, and those without effect."""

import base64
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_ecsevents.clock._times import SECOND, minute_text
from pytest_ecsevents.rpc._action import ParsedCall
from pytest_ecsevents.rpc._parameters import (
    Parameter,
    boolean,
    choice,
    fitting,
    instant,
    integer,
    nested_structs,
    price,
    repeated,
    structs,
    text,
    whole,
    yes_or_no,
)
from pytest_ecsevents.services.ecs._attributes import (
    CHARGE_TYPES,
    HOSTNAME_TYPES,
    INTERNET_CHARGE_TYPES,
    INTERRUPTION_BEHAVIORS,
    SPOT_STRATEGIES,
    AttributeValue,
)
from pytest_ecsevents.services.ecs._disks import CATEGORIES as DISK_CATEGORIES

MOST_AT_ONCE: Final = 100
IGNORED: Final = "accepted, no effect"


def _alone(value: str) -> AttributeValue:
    return (value,)


def _decoded(value: str) -> AttributeValue:
    """Decode Base64; other text stays as it is (a guess)."""
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except ValueError:
        return value


@dataclass(frozen=True, slots=True)
class Shown:
    """A parameter that DescribeInstances, or the instance's metadata, shows afterwards."""

    parameter: Parameter[Any]
    attribute: str
    read: Callable[[Any], AttributeValue] = lambda value: value  # a default, not a name for a function


# -- the forms of texts

_PLACEHOLDER: Final = re.compile(r"\$\{instance_id\}|\[(?:[0-9]{0,6},[0-9]?)?\]")
_HOST_NAME: Final = re.compile(r"(?!.*(?:\.\.|--))[A-Za-z0-9][A-Za-z0-9.-]{0,62}[A-Za-z0-9]")
_INSTANCE_NAME: Final = re.compile(r"[\w:.,\[\]-]{2,128}")
_INSTANCE_TYPE: Final = re.compile(r"ecs(?:\.[\w-]+)+", re.ASCII)


def is_host_name(name: str) -> bool:
    """Whether it is a host name of Linux once its placeholders are filled in."""
    return _HOST_NAME.fullmatch(_PLACEHOLDER.sub("0", name)) is not None


def _is_address(address: str) -> bool:
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return True


# -- parameters of both actions

IMAGE: Final = text("ImageId")
IMAGE_FAMILY: Final = text("ImageFamily", note=f"instead of ImageId; {IGNORED}")
SECURITY_GROUP: Final = text("SecurityGroupId")
V_SWITCH: Final = text("VSwitchId")
RESOURCE_GROUP: Final = text("ResourceGroupId")
SYSTEM_DISK: Final = choice(
    "SystemDisk.Category", DISK_CATEGORIES, refusal="InvalidSystemDiskCategory.ValueNotSupported"
)
RANDOM_ZONE: Final = "random"
ZONE: Final = text("ZoneId", note=f"named like the region's zones, or the zone of an instance; {RANDOM_ZONE}: any")
CHARGE_TYPE: Final = choice(
    "InstanceChargeType",
    CHARGE_TYPES,
    refusal="InvalidInstanceChargeType.NotFound",
    note="PostPaid (default) or PrePaid",
)
SPOT_STRATEGY: Final = choice("SpotStrategy", SPOT_STRATEGIES, refusal="InvalidSpotStrategy")
SPOT_DURATION: Final = whole(
    "SpotDuration", least=0, refusal="InvalidSpotDuration", note="hours, 0 or 1 (default); of preemptible instances"
)
BANDWIDTH_OUT: Final = integer(
    "InternetMaxBandwidthOut", 0, least=0, most=100, refusal="InvalidParameter", note="from 0 to 100"
)
BANDWIDTH_IN: Final = whole(
    "InternetMaxBandwidthIn",
    least=1,
    note="from 1 to 10, or to InternetMaxBandwidthOut where that is more; the most is the default of an instance with "
    "InternetMaxBandwidthOut",
)
PRIVATE_ADDRESS: Final = fitting(
    "PrivateIpAddress", _is_address, "an IPv4 address", refusal="InvalidPrivateIpAddress.Malformed"
)
PERIOD: Final = whole(
    "Period",
    least=1,
    refusal="InvalidPeriod",
    note="only with PrePaid, which needs it: 1 to 4 weeks, or 1 to 9, 12, 24, 36, 48 or 60 months",
)
PASSWORD: Final = text("Password", note=IGNORED)
PASSWORD_INHERIT: Final = boolean("PasswordInherit", note=f"not with Password; {IGNORED}")
TAGS: Final = structs("Tag", "Key Value", most=20, refusal="InvalidTagCount")
CLIENT_TOKEN: Final = fitting(
    "ClientToken",
    lambda token: token.isascii() and len(token) <= 64,
    "at most 64 ASCII characters",
    refusal="InvalidClientToken.ValueNotSupported",
    note="a call repeated with the same token and parameters gets the first one's reply",
)
DRY_RUN_FLAG: Final = boolean("DryRun")
INSTANCE_NAME: Final = fitting(
    "InstanceName",
    lambda name: _INSTANCE_NAME.fullmatch(name) is not None,
    "2 to 128 letters, digits and any of : _ . - and, for numbering, [ , ]",
    refusal="InvalidInstanceName.Malformed",
    note="default the instance's id",
)
HOST_NAME: Final = fitting(
    "HostName",
    is_host_name,
    "2 to 64 letters, digits, single periods and single hyphens, with a letter or digit at both ends",
    refusal="InvalidHostName.Malformed",
)

SHOWN: Final = (
    Shown(IMAGE, "image_id"),
    Shown(
        fitting(
            "Description",
            lambda said: 2 <= len(said) <= 256 and not said.startswith(("http://", "https://")),
            "2 to 256 characters that do not begin with http:// or https://",
            refusal="InvalidDescription.Malformed",
        ),
        "description",
    ),
    Shown(ZONE, "zone_id"),
    Shown(V_SWITCH, "vswitch_id"),
    Shown(SECURITY_GROUP, "security_group_ids", _alone),
    Shown(PRIVATE_ADDRESS, "private_ip_addresses", _alone),
    Shown(CHARGE_TYPE, "instance_charge_type"),
    Shown(
        choice(
            "InternetChargeType",
            INTERNET_CHARGE_TYPES,
            refusal="InvalidInternetChargeType.ValueNotSupported",
            note="PayByTraffic (default) or PayByBandwidth",
        ),
        "internet_charge_type",
    ),
    Shown(BANDWIDTH_OUT, "internet_max_bandwidth_out"),
    Shown(BANDWIDTH_IN, "internet_max_bandwidth_in"),
    Shown(text("KeyPairName"), "key_pair_name"),
    Shown(RESOURCE_GROUP, "resource_group_id"),
    Shown(text("DeploymentSetId"), "deployment_set_id"),
    Shown(whole("DeploymentSetGroupNo", least=0), "deployment_set_group_no"),
    Shown(text("DedicatedHostId"), "dedicated_host_id"),
    Shown(text("Tenancy"), "tenancy"),
    Shown(text("Affinity"), "affinity"),
    Shown(text("PrivatePoolOptions.Id"), "capacity_reservation_id"),
    Shown(text("PrivatePoolOptions.MatchCriteria"), "capacity_reservation_preference"),
    Shown(boolean("HibernationOptions.Configured"), "hibernation_configured"),
    Shown(text("HpcClusterId"), "hpc_cluster_id"),
    Shown(boolean("DeletionProtection"), "deletion_protection"),
    Shown(SPOT_STRATEGY, "spot_strategy"),
    Shown(SPOT_DURATION, "spot_duration"),
    Shown(
        choice(
            "SpotInterruptionBehavior",
            INTERRUPTION_BEHAVIORS,
            refusal="InvalidSpotInterruptionBehavior",
            note="Terminate (default) or Stop; what an interruption does",
        ),
        "spot_interruption_behavior",
    ),
    Shown(price("SpotPriceLimit", refusal="InvalidSpotPriceLimit"), "spot_price_limit"),
    Shown(choice("CreditSpecification", ("Standard", "Unlimited")), "credit_specification"),
    Shown(choice("HttpEndpoint", ("enabled", "disabled"), refusal="InvalidHttpEndpoint.NotSupported"), "http_endpoint"),
    Shown(choice("HttpTokens", ("optional", "required"), refusal="InvalidHttpTokens.NotSupported"), "http_tokens"),
    Shown(text("RamRoleName", note="every role exists; the instance's metadata has its credentials"), "ram_role_name"),
    Shown(text("UserData", note="in Base64; the instance's metadata has it"), "user_data", _decoded),
)


def _ignored(texts: str = "", flags: str = "", numbers: str = "") -> Iterator[Parameter[Any]]:
    """Parameters that are accepted without effect, by kind; names are separated by spaces."""
    yield from (text(name, note=IGNORED) for name in texts.split())
    yield from (boolean(name, note=IGNORED) for name in flags.split())
    yield from (whole(name, least=0, note=IGNORED) for name in numbers.split())


_IGNORED_BY_BOTH: Final[tuple[Parameter[Any], ...]] = (
    IMAGE_FAMILY,
    PASSWORD,
    PASSWORD_INHERIT,
    *_ignored(
        texts="ManagedHostId SecurityEnhancementStrategy StorageSetId SystemDisk.Description SystemDisk.DiskName "
        "SystemDisk.PerformanceLevel SystemDisk.StorageClusterId",
        flags="AutoRenew",
        numbers="AutoRenewPeriod StorageSetPartitionNumber",
    ),
    whole(
        "HttpPutResponseHopLimit",
        least=1,
        most=64,
        refusal="InvalidHttpPutResponseHopLimit.NotSupported",
        note=f"from 1 to 64; {IGNORED}",
    ),
    structs("Arn", "AssumeRoleFor RoleType Rolearn", most=MOST_AT_ONCE, note=IGNORED),
)
_BOTH: Final[tuple[Parameter[Any], ...]] = (PERIOD, CLIENT_TOKEN, DRY_RUN_FLAG, TAGS, SYSTEM_DISK, *_IGNORED_BY_BOTH)

_DISK: Final = (
    "Category DeleteWithInstance Description Device DiskName EncryptAlgorithm Encrypted KMSKeyId PerformanceLevel Size "
    "SnapshotId StorageClusterId"
)


def _data_disks(more: str = "") -> "Parameter[tuple[Mapping[str, str], ...]]":
    return structs(
        "DataDisk", f"{_DISK} {more}", most=16, note=f"1 to 16; each is a disk of the Category, the rest {IGNORED}"
    )


DATA_DISKS: Final = _data_disks()


def _instance_type(*, required: bool) -> Parameter[str]:
    return fitting(
        "InstanceType",
        lambda name: _INSTANCE_TYPE.fullmatch(name) is not None,
        "like ecs.g7.large",
        refusal="InvalidInstanceType.ValueNotSupported",
        required=required,
        missing="MissingParameter/InstanceType" if required else "",
    )


def _optimized(value: str) -> AttributeValue:
    return value == "optimized"


# -- parameters of RunInstances alone

RUN_TYPE: Final = _instance_type(required=False)
RUN_PERIOD_UNIT: Final = text(
    "PeriodUnit", note="Week or Month (default); without PrePaid it has no effect, and may be anything"
)
AMOUNT: Final = integer("Amount", 1, least=1, most=MOST_AT_ONCE, refusal="InvalidParam.Amount")
MIN_AMOUNT: Final = integer(
    "MinAmount",
    1,
    least=1,
    most=MOST_AT_ONCE,
    refusal="InvalidMinAmount.Malformed",
    note="from 1 to Amount; stock is unlimited here: Amount instances are created",
)
UNIQUE_SUFFIX: Final = boolean(
    "UniqueSuffix", note="appends 001, 002, ... to InstanceName and HostName of several instances"
)
HOST_NAMES: Final = repeated("HostNames", most=MOST_AT_ONCE, note="not with HostName")
SECURITY_GROUPS: Final = repeated("SecurityGroupIds", most=MOST_AT_ONCE, note="not with SecurityGroupId")
V6_ADDRESSES: Final = repeated("Ipv6Address", most=10, note="1 to 10; only for one instance, not with Ipv6AddressCount")
V6_COUNT: Final = whole("Ipv6AddressCount", least=1, most=10)
AUTO_RELEASE: Final = instant(
    "AutoReleaseTime",
    refusal="InvalidAutoReleaseTime.Malformed",
    note="yyyy-MM-ddTHH:mm:ssZ, UTC; from half an hour to three years from now, to the minute",
)
_HALF_AN_HOUR: Final = 1_800 * SECOND
_THREE_YEARS: Final = 1_096 * 86_400 * SECOND


def check_auto_release(call: ParsedCall) -> None:
    """Refuse an AutoReleaseTime that is too early or too late (documented)."""
    at = call[AUTO_RELEASE]
    if at is not None and not call.now + _HALF_AN_HOUR <= at <= call.now + _THREE_YEARS:
        raise call.error(
            "InvalidAutoReleaseTime.Malformed",
            hint=f"AutoReleaseTime is {minute_text(at)}; it must lie from half an hour to three years from now",
        )


TEMPLATE_ID: Final = text("LaunchTemplateId", note="instead of ImageId and InstanceType; every template exists")
TEMPLATE_NAME: Final = text("LaunchTemplateName", note="the same")
INTERFACES: Final = nested_structs(
    "NetworkInterface",
    "DeleteOnRelease Description InstanceType Ipv6Address.N Ipv6AddressCount NetworkCardIndex NetworkInterfaceId "
    "NetworkInterfaceName NetworkInterfaceTrafficMode PrimaryIpAddress QueueNumber QueuePairNumber RxQueueSize "
    "SecondaryPrivateIpAddressCount SecurityGroupId SecurityGroupIds.N SourceDestCheck TxQueueSize VSwitchId",
    most=MOST_AT_ONCE,
    note="addresses, vSwitch and security groups of the one whose InstanceType is Primary are shown",
)

RUN_SHOWN: Final = (
    *SHOWN,
    Shown(RUN_TYPE, "instance_type"),
    Shown(SECURITY_GROUPS, "security_group_ids"),
    Shown(V6_ADDRESSES, "ipv6_addresses"),
    Shown(AUTO_RELEASE, "auto_release_time", minute_text),
    Shown(
        choice("IoOptimized", ("none", "optimized"), refusal="InvalidIoOptimize.ValueNotSupported"),
        "io_optimized",
        _optimized,
    ),
    Shown(text("Isp"), "isp"),
    Shown(text("ClockOptions.PtpStatus"), "ptp_status"),
    Shown(whole("CpuOptions.Core", least=1), "cpu_core_count"),
    Shown(whole("CpuOptions.ThreadsPerCore", least=1), "cpu_threads_per_core"),
    Shown(text("CpuOptions.TopologyType"), "cpu_topology_type"),
    Shown(boolean("ImageOptions.LoginAsNonRoot"), "login_as_non_root"),
    Shown(text("NetworkOptions.BandwidthWeighting"), "bandwidth_weighting"),
    Shown(
        yes_or_no("NetworkOptions.EnableJumboFrame", note="default true; DescribeInstanceAttribute shows it"),
        "enable_jumbo_frame",
    ),
    Shown(boolean("NetworkOptions.EnableNetworkEncryption"), "enable_network_encryption"),
    Shown(choice("PrivateDnsNameOptions.HostnameType", HOSTNAME_TYPES), "hostname_type"),
    Shown(boolean("PrivateDnsNameOptions.EnableInstanceIdDnsARecord"), "enable_instance_id_dns_a_record"),
    Shown(boolean("PrivateDnsNameOptions.EnableInstanceIdDnsAAAARecord"), "enable_instance_id_dns_aaaa_record"),
    Shown(boolean("PrivateDnsNameOptions.EnableIpDnsARecord"), "enable_ip_dns_a_record"),
    Shown(boolean("PrivateDnsNameOptions.EnableIpDnsPtrRecord"), "enable_ip_dns_ptr_record"),
    Shown(boolean("SecurityOptions.EnableSecureBoot"), "enable_secure_boot"),
    Shown(text("SchedulerOptions.DedicatedHostClusterId"), "dedicated_host_cluster_id"),
)

RUN_PARAMETERS: Final[tuple[Parameter[Any], ...]] = (
    AMOUNT,
    MIN_AMOUNT,
    *(one.parameter for one in RUN_SHOWN),
    INSTANCE_NAME,
    HOST_NAME,
    HOST_NAMES,
    UNIQUE_SUFFIX,
    V6_COUNT,
    TEMPLATE_ID,
    TEMPLATE_NAME,
    RUN_PERIOD_UNIT,
    *_BOTH,
    yes_or_no("AutoPay", note=f"default true; {IGNORED}"),
    _data_disks("AutoSnapshotPolicyId BurstingEnabled ProvisionedIops"),
    INTERFACES,
    *_ignored(
        texts="CpuOptions.EnableVISST CpuOptions.EnableVRDT CpuOptions.NestedVirtualization CpuOptions.Numa "
        "CpuOptions.TurboMode SecurityOptions.ConfidentialComputingMode SecurityOptions.TrustedSystemMode "
        "SystemDisk.AutoSnapshotPolicyId SystemDisk.EncryptAlgorithm SystemDisk.Encrypted "
        "SystemDisk.KMSKeyId SystemDisk.Size",
        flags="SystemDisk.BurstingEnabled",
        numbers="LaunchTemplateVersion NetworkInterfaceQueueNumber SystemDisk.ProvisionedIops",
    ),
)

# -- parameters of CreateInstance alone

CREATE_PERIOD_UNIT: Final = text(
    "PeriodUnit", note="Week or Month (default); without PrePaid it has no effect, and may be anything"
)

CREATE_SHOWN: Final = (
    Shown(_instance_type(required=True), "instance_type"),
    *SHOWN,
    Shown(INSTANCE_NAME, "instance_name"),
    Shown(HOST_NAME, "host_name"),
    Shown(text("ClusterId"), "cluster_id"),
    Shown(text("InnerIpAddress"), "inner_ip_addresses", _alone),
    Shown(
        choice("IoOptimized", ("none", "optimized"), refusal="InvalidIoOptimizedValue.ValueNotSupported"),
        "io_optimized",
        _optimized,
    ),
)

CREATE_PARAMETERS: Final[tuple[Parameter[Any], ...]] = (
    *(one.parameter for one in CREATE_SHOWN),
    CREATE_PERIOD_UNIT,
    *_BOTH,
    DATA_DISKS,
    *_ignored(texts="NodeControllerId VlanId", flags="UseAdditionalService", numbers="SystemDisk.Size"),
)
