"""What an instance shows of its attributes: what the test declared, and plausible values for the rest."""

import hashlib
import uuid
from collections.abc import Callable
from operator import attrgetter
from typing import Final

from pytest_ecsevents.services.ecs._attributes import ATTRIBUTES
from pytest_ecsevents.services.ecs._model import InstanceRecord
from pytest_ecsevents.services.ecs._regions import id_prefix


def _digest(*words: str) -> str:
    return hashlib.sha256("/".join(words).encode()).hexdigest()


def _own(instance: InstanceRecord, letters: str) -> str:
    return f"{letters}-{id_prefix(instance.region_id)}{_digest(letters, instance.instance_id)[:17]}"


def _shared(instance: InstanceRecord, letters: str) -> str:
    """An id that all instances of an account in a region have in common."""
    digest = _digest(letters, instance.account_id, instance.region_id)
    return f"{letters}-{id_prefix(instance.region_id)}{digest[:17]}"


def _private_ip(instance: InstanceRecord) -> str:
    number = instance.number + 10
    return f"172.16.{number // 250 % 250}.{number % 250 + 1}"


_DERIVED: Final[dict[str, Callable[[InstanceRecord], str]]] = {
    "instance_name": attrgetter("instance_id"),
    "host_name": lambda instance: f"iZ{instance.instance_id.partition('-')[2]}Z",
    "serial_number": lambda instance: str(uuid.UUID(_digest(instance.instance_id)[:32])),
    "zone_id": lambda instance: f"{instance.region_id}-a",
    "instance_type_family": lambda instance: word(instance, "instance_type").rpartition(".")[0],
    "vpc_id": lambda instance: _shared(instance, "vpc"),
    "vswitch_id": lambda instance: _shared(instance, "vsw"),
    "network_interface_id": lambda instance: _own(instance, "eni"),
    "mac_address": lambda instance: "00:16:3e:" + ":".join(_digest(instance.instance_id)[n : n + 2] for n in (0, 2, 4)),
}


def word(instance: InstanceRecord, name: str) -> str:
    """A text attribute: declared, default or derived from the instance's id."""
    value = instance.attributes.get(name, ATTRIBUTES[name].default)
    return _DERIVED[name](instance) if value is None else str(value)


def words(instance: InstanceRecord, name: str) -> tuple[str, ...]:
    """A list attribute: declared, or that of a captured instance."""
    value = instance.attributes.get(name)
    if isinstance(value, tuple):
        return value
    if name == "private_ip_addresses":
        return (_private_ip(instance),)
    return (_shared(instance, "sg"),) if name == "security_group_ids" else ()


def flag(instance: InstanceRecord, name: str) -> bool:
    """A yes-or-no attribute."""
    return bool(instance.attributes.get(name, ATTRIBUTES[name].default))


def number(instance: InstanceRecord, name: str) -> int:
    """A numeric attribute."""
    value = instance.attributes.get(name, ATTRIBUTES[name].default)
    assert isinstance(value, int)
    return value
