"""The items of an instance's metadata, one row each."""

import base64
import ipaddress
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from pytest_ecsevents.clock._times import Micros, instant_text
from pytest_ecsevents.services.ecs._cloud import Cloud
from pytest_ecsevents.services.ecs._model import EventRecord, InstanceRecord
from pytest_ecsevents.services.metadata._credentials import Credentials


@dataclass(frozen=True, slots=True)
class Reading:
    """What the items of one request are read from; `active_event` gives an event the form that the test set."""

    instance: InstanceRecord
    cloud: Cloud
    now: Micros
    credentials: Credentials
    active_event: Callable[[EventRecord], object]


@dataclass(frozen=True, slots=True)
class MetadataItem:
    """One row of the table.

    Attributes:
        path: The path below the version; `*` stands for names, any number of them.
        read: Returns the text; None if the instance lacks the item.
        each: Returns the names that `*` stands for.
        summary: What a text holds, in a word or two, for the timeline.
        is_list: Whether `meta-data/all` has its lines as a list.
        is_secret: Whether `meta-data/all` leaves it out.
        is_always: Whether every instance has it, or every one with such a name.
        has_slash: Whether lists show the name with a slash, as one documented example does.
        evidence: The source.
    """

    path: str
    read: Callable[[Reading, str], str | None]
    each: "Callable[[InstanceRecord], Iterable[str]] | None" = None
    summary: "Callable[[str], str]" = lambda _: ""
    is_list: bool = False
    is_secret: bool = False
    is_always: bool = False
    has_slash: bool = False
    evidence: str = "documented"


_Read = Callable[[Reading, str], str | None]


def _word(attribute: str) -> _Read:
    return lambda reading, _: reading.instance.texts[attribute] or None


def _always(text: str) -> _Read:
    return lambda _reading, _name: text


def _never(_reading: Reading, _name: str) -> None:
    """No instance here has it."""


def _only(os_type: str, text: str) -> _Read:
    return lambda reading, _: text if reading.instance.texts["os_type"] == os_type else None


# -- addresses


def _private(reading: Reading, _name: str) -> str | None:
    return next(iter(reading.instance.lists["private_ip_addresses"]), None)


def _privates(reading: Reading, _name: str) -> str | None:
    addresses = reading.instance.lists["private_ip_addresses"]
    return json.dumps(addresses) if addresses else None


def _public(reading: Reading, _name: str) -> str | None:
    return next(iter(reading.instance.lists["public_ip_addresses"]), None)


def _network(length: int, show: "Callable[[ipaddress.IPv4Network], object]" = str) -> _Read:
    """The block that the private address is in; `length` is the prefix length."""

    def read(reading: Reading, _name: str) -> str | None:
        try:
            return str(show(ipaddress.IPv4Network(f"{_private(reading, '')}/{length}", strict=False)))
        except ValueError:
            return None

    return read


# -- what changes


def _termination_time(reading: Reading, _name: str) -> str | None:
    at = reading.instance.reclaims_at
    return None if at is None else instant_text(at)


def _landing_time(reading: Reading, _name: str) -> str:
    """When the instance came to its host, in the form of a published sample."""
    return instant_text(reading.instance.created_at).replace("T", " ").removesuffix("Z")


def _active_events(reading: Reading, _name: str) -> str:
    events = reading.cloud.events.unfinished(reading.instance.instance_id)
    return json.dumps([reading.active_event(event) for event in events], ensure_ascii=False)


def _count_of_events(text: str) -> str:
    number = len(json.loads(text))
    return f"{number} event{'' if number == 1 else 's'}"


def _role_credentials(reading: Reading, role: str) -> str:
    key, temporary, document = reading.credentials.of(reading.instance, role, reading.now)
    reading.cloud.temporary_keys[key] = temporary
    if reading.instance.account_id != reading.cloud.settings.account_id:
        reading.cloud.access_keys[key] = reading.instance.account_id
    return document


# -- names that `*` stands for


def _macs(instance: InstanceRecord) -> Iterable[str]:
    return (instance.texts["mac_address"],)


def _given(attribute: str) -> "Callable[[InstanceRecord], Iterable[str]]":
    return lambda instance: filter(None, (instance.texts[attribute],))


def _tag_keys(instance: InstanceRecord) -> Iterable[str]:
    return instance.tags if instance.metadata_options.tags == "enabled" else ()


def _serials(instance: InstanceRecord) -> "dict[str, str]":
    return {disk.disk_id.removeprefix("d-"): disk.disk_id for disk in instance.disks}


def _public_key(_reading: Reading, name: str) -> str:
    blob = base64.b64encode(f"\0\0\0\x07ssh-rsa made up for {name}".encode()).decode()
    return f"ssh-rsa {blob} {name}"


# -- the identity


_IDENTITY: Final = ("zone-id", "serial-number", "instance-id", "region-id", "private-ipv4", "owner-account-id", "mac")


def _document(reading: Reading, _name: str) -> str:
    said: dict[str, str | None] = {name: META_DATA[f"meta-data/{name}"].read(reading, "") for name in _IDENTITY}
    said |= {"image-id": reading.instance.texts["image_id"], "instance-type": reading.instance.texts["instance_type"]}
    return json.dumps({name: text or "" for name, text in said.items()}, separators=(",", ":"))


# -- the table

_MAC: Final = "meta-data/network/interfaces/macs/*"
_OBSERVED: Final = "read by cloud-init"
_EXAMPLE: Final = "documented, the value is the example's"
_FROM_ADDRESS: Final = "documented, the value is made up from the private address"

ITEMS: Final = (
    MetadataItem("dynamic/instance-identity/document", _document, is_always=True),
    MetadataItem(
        "dynamic/instance-identity/pkcs7",
        lambda reading, _: base64.b64encode(_document(reading, "").encode()).decode(),
        is_always=True,
        evidence="documented; here nothing that can be verified",
    ),
    MetadataItem(
        "maintenance/active-system-events",
        _active_events,
        summary=_count_of_events,
        is_always=True,
        evidence="documented, its shape is a guess: see ecs_events.metadata.active_event",
    ),
    MetadataItem("meta-data/disks/*/id", lambda reading, serial: _serials(reading.instance)[serial], _serials),
    MetadataItem("meta-data/disks/*/name", _always(""), _serials, evidence=_OBSERVED),
    MetadataItem(
        "meta-data/dns-conf/nameservers",
        _always("100.100.2.136\n100.100.2.138"),
        is_list=True,
        evidence="documented, the value is a usual one",
    ),
    MetadataItem("meta-data/eipv4", lambda reading, _: reading.instance.texts["eip_address"] or _public(reading, "")),
    MetadataItem("meta-data/hibernation/configured", _always("false"), evidence=_OBSERVED),
    MetadataItem("meta-data/hostname", _word("host_name")),
    MetadataItem("meta-data/image-id", _word("image_id")),
    MetadataItem("meta-data/image/market-place/charge-type", _never),
    MetadataItem("meta-data/image/market-place/product-code", _never),
    MetadataItem("meta-data/instance-id", lambda reading, _: reading.instance.instance_id),
    MetadataItem("meta-data/instance/instance-name", _word("instance_name"), evidence="documented of edge instances"),
    MetadataItem("meta-data/instance/instance-type", _word("instance_type")),
    MetadataItem(
        "meta-data/instance/last-host-landing-time",
        _landing_time,
        evidence=f"{_OBSERVED}; here the time of the creation, in UTC (a guess)",
    ),
    MetadataItem("meta-data/instance/max-netbw-egress", _always("1228800"), evidence=_EXAMPLE),
    MetadataItem("meta-data/instance/max-netbw-ingress", _always("1228800"), evidence=_EXAMPLE),
    MetadataItem("meta-data/instance/spot/termination-time", _termination_time, summary=str),
    MetadataItem("meta-data/instance/virtualization-solution", _always("ECS Virt"), evidence=_EXAMPLE),
    MetadataItem("meta-data/instance/virtualization-solution-version", _always("2.0"), evidence=_EXAMPLE),
    MetadataItem("meta-data/kms-server", _only("windows", "kms.cloud.aliyuncs.com")),
    MetadataItem("meta-data/mac", _word("mac_address")),
    MetadataItem("meta-data/network-type", _word("instance_network_type")),
    MetadataItem(f"{_MAC}/gateway", _network(24, itemgetter(-3)), _macs, evidence=_FROM_ADDRESS),
    MetadataItem(f"{_MAC}/netmask", _always("255.255.255.0"), _macs, evidence=_FROM_ADDRESS),
    MetadataItem(f"{_MAC}/network-interface-id", _word("network_interface_id"), _macs),
    MetadataItem(f"{_MAC}/primary-ip-address", _private, _macs),
    MetadataItem(f"{_MAC}/private-ipv4s", _privates, _macs),
    MetadataItem(f"{_MAC}/vpc-cidr-block", _network(16), _macs, evidence=_FROM_ADDRESS),
    MetadataItem(f"{_MAC}/vpc-id", _word("vpc_id"), _macs),
    MetadataItem(f"{_MAC}/vswitch-cidr-block", _network(24), _macs, evidence=_FROM_ADDRESS),
    MetadataItem(f"{_MAC}/vswitch-id", _word("vswitch_id"), _macs),
    MetadataItem("meta-data/ntp-conf/ntp-servers", _always("ntp1.aliyun.com"), is_list=True, evidence=_EXAMPLE),
    MetadataItem("meta-data/owner-account-id", lambda reading, _: reading.instance.account_id),
    MetadataItem("meta-data/private-ipv4", _private),
    MetadataItem("meta-data/public-ipv4", _public, evidence="documented in 2018"),
    MetadataItem(
        "meta-data/public-keys/*/openssh-key",
        _public_key,
        _given("key_pair_name"),
        is_always=True,
        has_slash=True,
        evidence="documented, the key is made up",
    ),
    MetadataItem(
        "meta-data/ram/security-credentials/*",
        _role_credentials,
        _given("ram_role_name"),
        is_secret=True,
        is_always=True,
    ),
    MetadataItem("meta-data/region-id", lambda reading, _: reading.instance.region_id),
    MetadataItem("meta-data/serial-number", _word("serial_number")),
    MetadataItem("meta-data/source-address", _only("linux", "http://mirrors.cloud.aliyuncs.com")),
    MetadataItem(
        "meta-data/tags/instance/*",
        lambda reading, key: reading.instance.tags[key],
        _tag_keys,
        evidence="documented; only while InstanceMetadataTags is enabled",
    ),
    MetadataItem("meta-data/vpc-cidr-block", _network(16), evidence=_FROM_ADDRESS),
    MetadataItem("meta-data/vpc-id", _word("vpc_id")),
    MetadataItem("meta-data/vswitch-cidr-block", _network(24), evidence=_FROM_ADDRESS),
    MetadataItem("meta-data/vswitch-id", _word("vswitch_id")),
    MetadataItem("meta-data/wsus-server/wu-server", _only("windows", "http://update.cloud.aliyuncs.com")),
    MetadataItem("meta-data/wsus-server/wu-status-server", _only("windows", "http://update.cloud.aliyuncs.com")),
    MetadataItem("meta-data/zone-id", _word("zone_id")),
    MetadataItem("user-data", _word("user_data")),
    MetadataItem("vendor-data", _never, evidence=_OBSERVED),
)
"""Every item but those of IPv6. No instance here has Marketplace's or the vendor's data."""

META_DATA: Final = {item.path: item for item in ITEMS if item.each is None}
"""Those whose path is the same in every instance."""
