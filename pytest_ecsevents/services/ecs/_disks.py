"""Disks that a test declares on an instance."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed, pass_one_of
from pytest_ecsevents.services.ecs._attributes import HEALTH_STATUSES, checked_tags
from pytest_ecsevents.services.ecs._catalogue import DISK_STATUS_CODES
from pytest_ecsevents.services.ecs._regions import id_prefix

__tracebackhide__ = hidden_in_reports

GivenDisk: TypeAlias = "str | Mapping[str, object]"
"""A disk as a test passes it: its id, or a dict of `Disk`'s attributes."""

CATEGORIES: Final = (
    "cloud",
    "cloud_efficiency",
    "cloud_ssd",
    "cloud_essd",
    "cloud_auto",
    "cloud_regional_disk_auto",
    "cloud_essd_entry",
    "elastic_ephemeral_disk_standard",
    "elastic_ephemeral_disk_premium",
    "local_ssd_pro",
    "local_hdd_pro",
    "ephemeral",
    "ephemeral_ssd",
)
_LOCAL: Final = ("local_", "ephemeral")


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk of an instance.

    Attributes:
        disk_id: `d-...`, or any name that the test gives it.
        device: Its device in the instance: `/dev/xvdb`.
        category: `cloud_essd`, `local_ssd_pro`, ...
        type: "system" or "data".
        status: `Status` of DescribeDisksFullStatus.
        health_status: `HealthStatus` there while the disk has no unfinished event.
        resource_group_id: Its resource group.
        tags: Its tags.
    """

    disk_id: str
    device: str
    category: str = "cloud_essd"
    type: str = "data"
    status: str = "In_use"
    health_status: str = "Ok"
    resource_group_id: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_local(self) -> bool:
        """Whether it is a disk of the host: a redeployment loses its data."""
        return self.category.startswith(_LOCAL)


_NAMES: Final = tuple(one.name for one in fields(Disk))
_ALLOWED: Final = {
    "category": CATEGORIES,
    "type": ("system", "data"),
    "status": tuple(DISK_STATUS_CODES),
    "health_status": HEALTH_STATUSES,
}


def system_disk(instance_id: str, region_id: str) -> Disk:
    """Return the disk from which an instance starts; its id is derived from the instance's."""
    digest = hashlib.sha256(f"disk/{instance_id}".encode()).hexdigest()
    return Disk(f"d-{id_prefix(region_id)}{digest[:17]}", "/dev/xvda", type="system")


def checked_disks(given: object, where: str) -> tuple[Disk, ...]:
    """Check the disks that a test declares.

    Raises:
        BadArgumentError: It is not a list, or one of the disks is wrong.
    """
    if not isinstance(given, (list, tuple)):
        raise BadArgumentError(f'{where} got disks={given!r}. Pass a list, such as ["d-data1"].')
    disks = [_checked(one, number, where) for number, one in enumerate(given)]
    for what in ("disk_id", "device"):
        values = [getattr(disk, what) for disk in disks]
        for number, value in enumerate(values):
            if value in values[:number]:
                raise BadArgumentError(f"{where} declares two disks with {what}={value!r}. Give each its own.")
    return tuple(disks)


def _checked(given: object, number: int, where: str) -> Disk:
    said: dict[str, Any] = {"disk_id": given} if isinstance(given, str) else _names(given, where)
    said.setdefault("device", f"/dev/xvd{chr(ord('b') + number % 25)}")
    for name, value in said.items():
        allowed = _ALLOWED.get(name, ())
        if allowed and value not in allowed:
            raise BadArgumentError(f"{where} got a disk with {name}={value!r}. {pass_one_of(value, allowed)}")
        if name != "tags" and not isinstance(value, str):
            raise BadArgumentError(f"{where} got a disk with {name}={value!r}. Pass text.")
    if not said.get("disk_id"):
        raise BadArgumentError(f'{where} got the disk {given!r}, which has no disk_id. Pass one, such as "d-data1".')
    if "tags" in said:
        said["tags"] = MappingProxyType(dict(checked_tags(said["tags"], f"{where}'s disk")))
    return Disk(**said)


def _names(given: object, where: str) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise BadArgumentError(
            f'{where} got the disk {given!r}. Pass its id, or a dict such as {{"disk_id": "d-data1"}}.'
        )
    for name in given:
        if name not in _NAMES:
            raise BadArgumentError(
                f"{where} got a disk with {name!r}, which no disk has.{did_you_mean(str(name), _NAMES)} "
                f"Disks have: {listed(_NAMES)}."
            )
    return dict(given)
