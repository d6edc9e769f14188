"""Values of an instance's attributes: declared, default, or made up from its id."""

import hashlib
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pytest_ecsevents.services.ecs._attributes import ATTRIBUTES
from pytest_ecsevents.services.ecs._regions import id_prefix

if TYPE_CHECKING:
    from pytest_ecsevents.services.ecs._model import InstanceRecord


def _digest(*words: str) -> str:
    return hashlib.sha256("/".join(words).encode()).hexdigest()


def _own_id(instance: "InstanceRecord", kind: str) -> str:
    return f"{kind}-{id_prefix(instance.region_id)}{_digest(kind, instance.instance_id)[:17]}"


def _shared_id(instance: "InstanceRecord", kind: str) -> str:
    """An id that all instances of an account in a region have in common."""
    digest = _digest(kind, instance.account_id, instance.region_id)
    return f"{kind}-{id_prefix(instance.region_id)}{digest[:17]}"


def _mac_address(instance: "InstanceRecord") -> str:
    digest = _digest(instance.instance_id)
    return f"00:16:3e:{digest[:2]}:{digest[2:4]}:{digest[4:6]}"


def _private_ip(instance: "InstanceRecord") -> str:
    number = instance.number + 10
    return f"172.16.{number // 250 % 250}.{number % 250 + 1}"


_DERIVED: Final[dict[str, Callable[["InstanceRecord"], str]]] = {
    "instance_name": lambda instance: instance.instance_id,
    "host_name": lambda instance: f"iZ{instance.instance_id.partition('-')[2]}Z",
    "serial_number": lambda instance: str(uuid.UUID(_digest(instance.instance_id)[:32])),
    "zone_id": lambda instance: f"{instance.region_id}-a",
    "instance_type_family": lambda instance: instance.texts["instance_type"].rpartition(".")[0],
    "vpc_id": lambda instance: _shared_id(instance, "vpc"),
    "vswitch_id": lambda instance: _shared_id(instance, "vsw"),
    "network_interface_id": lambda instance: _own_id(instance, "eni"),
    "mac_address": _mac_address,
}


class TextValues(dict[str, str]):
    """Text attributes by name; each is found when it is first read."""

    __slots__ = ("_instance",)

    def __init__(self, instance: "InstanceRecord") -> None:
        super().__init__()
        self._instance: Final = instance

    def __missing__(self, name: str) -> str:
        value = self._instance.attributes.get(name, ATTRIBUTES[name].default)
        text = self[name] = _DERIVED[name](self._instance) if value is None else str(value)
        return text


class ListValues(dict[str, tuple[str, ...]]):
    """List attributes by name; each is found when it is first read."""

    __slots__ = ("_instance",)

    def __init__(self, instance: "InstanceRecord") -> None:
        super().__init__()
        self._instance: Final = instance

    def __missing__(self, name: str) -> tuple[str, ...]:
        value = self._instance.attributes.get(name)
        if not isinstance(value, tuple):
            value = ()
            if name == "private_ip_addresses":
                value = (_private_ip(self._instance),)
            elif name == "security_group_ids":
                value = (_shared_id(self._instance, "sg"),)
        self[name] = value
        return value


def flag(instance: "InstanceRecord", name: str) -> bool:
    return bool(instance.attributes.get(name, ATTRIBUTES[name].default))


def number(instance: "InstanceRecord", name: str) -> int:
    value = instance.attributes.get(name, ATTRIBUTES[name].default)
    assert isinstance(value, int)
    return value
