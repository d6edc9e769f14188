"""The instances of a cloud: declared or created, looked up, on their way from one status to another; their attributes."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from types import MappingProxyType
from typing import Final, TypeVar

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.services.ecs._attributes import ATTRIBUTES, AttributeValue, checked_attributes, checked_tags
from pytest_ecsevents.services.ecs._catalogue import InstanceStatus
from pytest_ecsevents.services.ecs._changes import Changes
from pytest_ecsevents.services.ecs._checks import (
    check_id,
    check_region,
    checked_maintenance,
    refuse_difference,
    settled_status,
)
from pytest_ecsevents.services.ecs._disks import Disk, checked_disks
from pytest_ecsevents.services.ecs._ids import Ids
from pytest_ecsevents.services.ecs._model import Instance, InstanceRecord, InstanceTransition, Maintenance
from pytest_ecsevents.services.ecs._refusals import (
    InstanceArrearsError,
    InstanceLockedError,
    InstanceStatusError,
    UnknownInstanceError,
)
from pytest_ecsevents.services.ecs._regions import REGIONS, UNLISTED_REGIONS, id_prefix, region_of_id
from pytest_ecsevents.services.ecs._settings import CloudSettings

__tracebackhide__ = hidden_in_reports

_RUNNING, _STOPPED = InstanceStatus.RUNNING, InstanceStatus.STOPPED
_STARTING, _PENDING = InstanceStatus.STARTING, InstanceStatus.PENDING


class InstanceStore:
    """The instances of one cloud.

    Attributes:
        existing: The instances that are not released, by id, in order of declaration and creation.
        regions: Ids of the service's regions and of those of declared instances.
        on_the_way: When instances that are in the middle of an operation go on, by instance id.
        takes: How long instances keep a status on their way to another, unless they were declared otherwise.
    """

    def __init__(self, clock: Clock, ids: Ids, settings: CloudSettings, changes: Changes) -> None:
        self.existing: Final[dict[str, InstanceRecord]] = {}
        self.regions: Final[set[str]] = {*REGIONS, *UNLISTED_REGIONS, settings.region_id}
        self.on_the_way: Final[dict[str, Micros]] = {}
        self.takes: Final[dict[InstanceStatus, Micros]] = {}
        self._clock: Final = clock
        self._settle: Final = clock.settle  # one bound method for all views
        self._ids: Final = ids
        self._settings: Final = settings
        self._changes: Final = changes
        self._released: Final[dict[str, InstanceRecord]] = {}
        self.when_added: Callable[[InstanceRecord], None] = lambda _: None
        """Called with each new instance; set by the store of events."""
        self._addresses: Final = count()
        self._disk_owners: Final[dict[str, str]] = {}

    # -- declaring and creating

    def declare(
        self,
        instance_id: str | None = None,
        *,
        region_id: str | None,
        account_id: str | None,
        status: str,
        tags: Mapping[str, str],
        attributes: dict[str, object],
        where: str,
        takes: Mapping[InstanceStatus, Micros] = MappingProxyType({}),
        disks: object = (),
        action_on_maintenance: object = None,
    ) -> InstanceRecord:
        """Declare an instance. Declaring it again with the same arguments changes nothing.

        Raises:
            BadArgumentError: An argument is wrong, or the instance was declared with others.
        """
        with self._changes.changing() as now:
            check_id("i" if instance_id is None else instance_id, where)
            region = check_region(
                region_id or region_of_id(instance_id or "") or self._settings.region_id, self.regions
            )
            instance = InstanceRecord(
                instance_id=instance_id or self._ids.resource("i", region),
                region_id=region,
                account_id=str(account_id or self._settings.account_id),
                status=settled_status(status, where),
                tags=checked_tags(tags, where),
                attributes=checked_attributes(attributes, where),
                created_at=now,
                number=self.count_ever,
                takes=takes,
                declared_disks=checked_disks(disks, where),
                maintenance=checked_maintenance(action_on_maintenance, where),
            )
            known = self.existing.get(instance.instance_id) or self._released.get(instance.instance_id)
            if known is not None:
                refuse_difference(known, instance, where)
                return known
            self._add(instance, where)
            self.regions.add(region)
            return instance

    def _add(self, instance: InstanceRecord, where: str) -> None:
        for disk in instance.declared_disks:
            owner = self._disk_owners.get(disk.disk_id)
            if owner is not None:
                raise BadArgumentError(
                    f"{where} declares the disk {disk.disk_id} on {instance.instance_id}, but {owner} has it already. "
                    "Give each disk one instance."
                )
        self._disk_owners.update((disk.disk_id, instance.instance_id) for disk in instance.declared_disks)
        instance.texts, instance.lists = _Values(partial(_text, instance)), _Values(partial(_list, instance))
        instance.view = Instance(instance, self._settle)
        self.existing[instance.instance_id] = instance
        self.when_added(instance)

    def create(
        self,
        instance_id: str,
        *,
        region_id: str,
        account_id: str,
        tags: Mapping[str, str],
        attributes: Mapping[str, AttributeValue],
        disks: tuple[Disk, ...],
        starts: bool,
        cause: str,
    ) -> InstanceRecord:
        """Create an instance as the API does: it is Pending, then Starting and Running, or Stopped unless it `starts`."""
        with self._changes.changing() as now:
            instance = InstanceRecord(
                instance_id=instance_id,
                region_id=region_id,
                account_id=account_id,
                status=_PENDING,
                tags=tags,
                attributes=attributes,
                created_at=now,
                number=self.count_ever,
                takes={},
                declared_disks=disks,
                maintenance=Maintenance(),
            )
            self._add(instance, cause)
            self._changes.add(InstanceTransition(instance, None, _PENDING, now, cause))
            way = (_STARTING, _RUNNING) if starts else (_STOPPED,)
            if not self._stays(instance, way, now, cause):
                self.pass_through(instance, way, now, cause)
            return instance

    # -- looking up

    @property
    def count_ever(self) -> int:
        """How many instances there have been, including released ones."""
        return len(self.existing) + len(self._released)

    def ever(self) -> dict[str, InstanceRecord]:
        """Every instance by id, including released ones."""
        return {**self.existing, **self._released}

    def get(self, instance_id: str, *, account_id: str | None = None, region_id: str | None = None) -> InstanceRecord:
        """Return the instance.

        Raises:
            UnknownInstanceError: The account does not have it in the region.
        """
        try:
            instance = self.existing.get(instance_id)
        except TypeError:  # not hashable, so no id
            instance = None
        if instance is None:
            check_id(instance_id, "the call")
            problem = f"{instance_id} has been released."
            if instance_id not in self._released:
                problem = (
                    f"There is no instance {instance_id!r}.{did_you_mean(str(instance_id), self.existing)} "
                    f"Declared are: {listed(self.existing, most=10)}. Add it with {self._clock.add.format(instance_id)}."
                )
            raise UnknownInstanceError(problem, instance_id)
        if account_id is not None and instance.account_id != account_id:
            raise UnknownInstanceError(
                f"{instance_id} belongs to account {instance.account_id}, not to {account_id}.", instance_id
            )
        if region_id is not None and instance.region_id != region_id:
            raise UnknownInstanceError(f"{instance_id} is in {instance.region_id}, not in {region_id}.", instance_id)
        return instance

    def get_or_declare(self, instance_id: str) -> InstanceRecord:
        """Return the instance; declare it if there has never been one of that id.

        Raises:
            UnknownInstanceError: It has been released.
        """
        check_id(instance_id, "create")
        if instance_id in self.existing or instance_id in self._released:
            return self.get(instance_id)
        return self.declare(
            instance_id, region_id=None, account_id=None, status=_RUNNING, tags={}, attributes={}, where="create"
        )

    def get_ever(self, instance_id: str) -> InstanceRecord:
        """Return the instance, also after its release."""
        return self.existing.get(instance_id) or self._released[instance_id]

    def of_account(self, account_id: str, region_id: str) -> Iterator[InstanceRecord]:
        """Yield the account's instances in the region, in order of declaration and creation."""
        for instance in self.existing.values():
            if instance.region_id == region_id and instance.account_id == account_id:
                yield instance

    # -- changing status

    def pass_through(self, instance: InstanceRecord, way: tuple[InstanceStatus, ...], at: Micros, cause: str) -> None:
        """Give an instance one status after the other, each for as long as it takes."""
        for number, status in enumerate(way, start=1):
            self._changes.add(InstanceTransition(instance, instance.status, status, at, cause))
            instance.status = status
            if status == _STARTING:
                instance.started_at, instance.stopped_mode = at, "KeepCharging"
                if instance.lacks_address:
                    self._give_address(instance)
            elif status == _STOPPED and instance.stopped_mode == "StopCharging":
                self._take_address(instance)
            if (self.takes or instance.takes) and self._stays(instance, way[number:], at, cause):
                return

    def _take_address(self, instance: InstanceRecord) -> None:
        """Take the public address of an instance that stops in economical mode (documented); an EIP stays."""
        if instance.lists["public_ip_addresses"]:
            instance.lists["public_ip_addresses"], instance.lacks_address = (), True

    def _give_address(self, instance: InstanceRecord) -> None:
        """Give another public address, of a range reserved for tests, to an instance whose own was taken."""
        number = next(self._addresses)
        instance.lists["public_ip_addresses"] = (f"198.19.{number // 250 % 250}.{number % 250 + 1}",)
        instance.lacks_address = False

    def _stays(self, instance: InstanceRecord, rest: tuple[InstanceStatus, ...], at: Micros, cause: str) -> bool:
        """Plan the `rest` of its way if it keeps its status for a while; return whether it does."""
        until = at + instance.takes.get(instance.status, self.takes.get(instance.status, 0))
        if until == at:
            return False
        instance.way = (rest, cause)
        self.on_the_way[instance.instance_id] = until
        instance.due = self._clock.queue.push(until, self._go_on, instance)
        return True

    def _go_on(self, instance: object, at: Micros) -> None:
        assert isinstance(instance, InstanceRecord)
        assert instance.way is not None
        way, cause = instance.way
        del self.on_the_way[instance.instance_id]
        instance.way = instance.due = None
        self.pass_through(instance, way, at, cause)

    def divert(self, instance: InstanceRecord, way: tuple[InstanceStatus, ...], at: Micros, cause: str) -> None:
        """Give an instance another way, wherever it is on its own.

        If the first status of the way is the one that it has, it keeps that for as long as was planned.
        """
        if instance.way is not None and way[0] == instance.status:
            instance.way = (way[1:], cause)
            return
        self._forget_way(instance)
        self.pass_through(instance, way, at, cause)

    def _forget_way(self, instance: InstanceRecord) -> None:
        if instance.due is not None:
            self._clock.queue.withdraw(instance.due)
            del self.on_the_way[instance.instance_id]
            instance.way = instance.due = None

    def remove(self, instance: InstanceRecord, at: Micros, cause: str) -> None:
        """Take an instance out when it is released; it can still be found with `get_ever`."""
        del self.existing[instance.instance_id]
        for disk in instance.declared_disks:
            del self._disk_owners[disk.disk_id]
        self._released[instance.instance_id] = instance
        self._forget_way(instance)
        if instance.release_due is not None:
            self._clock.queue.withdraw(instance.release_due)
            instance.release_due = None
        self._changes.add(InstanceTransition(instance, instance.status, None, at, cause))


def check_operable(instance: InstanceRecord, *allowed: InstanceStatus, operation: str) -> None:
    """Refuse an operation that the instance's status or locks do not allow.

    Raises:
        InstanceStatusError: Its status is not `allowed`.
        InstanceLockedError: It is locked for security reasons.
        InstanceArrearsError: It is locked because of arrears.
    """
    if "security" in instance.locks:
        raise InstanceLockedError(f"{instance.instance_id} is locked for security reasons; {operation} is refused.")
    if "financial" in instance.locks:
        raise InstanceArrearsError(f"{instance.instance_id} is locked because of arrears; {operation} is refused.")
    if instance.status not in allowed:
        raise InstanceStatusError(
            f"{instance.instance_id} is {instance.status}; {operation} needs it {' or '.join(allowed)}.",
            "The specified instance is in an incorrect status for the requested action; Status of the specified instance "
            f"is {instance.status} but the expected status is in ({','.join(allowed)}).",
        )


# -- attributes: declared, default, or made up from the id


def _digest(*words: str) -> str:
    return hashlib.sha256("/".join(words).encode()).hexdigest()


def _id(kind: str, region_id: str, *owner: str) -> str:
    return f"{kind}-{id_prefix(region_id)}{_digest(kind, *owner)[:17]}"


def _shared_id(instance: InstanceRecord, kind: str) -> str:
    """An id that all instances of an account in a region have in common."""
    return _id(kind, instance.region_id, instance.account_id, instance.region_id)


def _mac_address(instance: InstanceRecord) -> str:
    digest = _digest(instance.instance_id)
    return f"00:16:3e:{digest[:2]}:{digest[2:4]}:{digest[4:6]}"


_DERIVED: Final[dict[str, Callable[[InstanceRecord], str]]] = {
    "instance_name": lambda instance: instance.instance_id,
    "host_name": lambda instance: f"iZ{instance.instance_id.partition('-')[2]}Z",
    "serial_number": lambda instance: str(uuid.UUID(_digest(instance.instance_id)[:32])),
    "zone_id": lambda instance: f"{instance.region_id}-a",
    "instance_type_family": lambda instance: instance.texts["instance_type"].rpartition(".")[0],
    "vpc_id": lambda instance: _shared_id(instance, "vpc"),
    "vswitch_id": lambda instance: _shared_id(instance, "vsw"),
    "network_interface_id": lambda instance: _id("eni", instance.region_id, instance.instance_id),
    "mac_address": _mac_address,
    "eip_allocation_id": lambda instance: _id("eip", instance.region_id, instance.texts["eip_address"]),
}


_V = TypeVar("_V")


class _Values(dict[str, _V]):
    """Attributes by name; each is found when it is first read."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], _V]) -> None:
        super().__init__()
        self._find: Final = find

    def __missing__(self, name: str) -> _V:
        value = self[name] = self._find(name)
        return value


def _text(instance: InstanceRecord, name: str) -> str:
    value = instance.attributes.get(name, ATTRIBUTES[name].default)
    return _DERIVED[name](instance) if value is None else str(value)


def _list(instance: InstanceRecord, name: str) -> tuple[str, ...]:
    value = instance.attributes.get(name)
    if isinstance(value, tuple):
        return value
    if name == "private_ip_addresses":
        number = instance.number + 10
        return (f"172.16.{number // 250 % 250}.{number % 250 + 1}",)
    return (_shared_id(instance, "sg"),) if name == "security_group_ids" else ()


def flag(instance: InstanceRecord, name: str) -> bool:
    return bool(instance.attributes.get(name, ATTRIBUTES[name].default))


def number(instance: InstanceRecord, name: str) -> int:
    value = instance.attributes.get(name, ATTRIBUTES[name].default)
    assert isinstance(value, int)
    return value
