"""`ecs_events.instances`: the instances of a test."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents.clock import Duration, parse_duration
from pytest_ecsevents.services.ecs import AttributeValue, Cloud, GivenDisk, Instance, InstanceRecord, InstanceStatus

__tracebackhide__ = hidden_in_reports


def declared(
    cloud: Cloud,
    instance_id: str | None,
    *,
    region_id: str | None,
    account_id: str | None,
    status: str,
    tags: Mapping[str, str],
    given: dict[str, Any],
    where: str,
) -> InstanceRecord:
    """Declare an instance as `add` and the marker do: durations, disks and maintenance apart from attributes."""
    takes = {
        status: parse_duration(given.pop(name, "0s"), f"{where}'s {name}")
        for name, status in (("stopping_takes", InstanceStatus.STOPPING), ("starting_takes", InstanceStatus.STARTING))
    }
    disks, action = given.pop("disks", ()), given.pop("action_on_maintenance", None)
    return cloud.instances.declare(
        instance_id,
        region_id=region_id,
        account_id=account_id,
        status=status,
        tags=tags,
        attributes=given,
        where=where,
        takes=takes,
        disks=disks,
        action_on_maintenance=action,
    )


class Instances(Mapping[str, Instance]):
    """The instances that exist now, by id, in order of declaration and creation.

    How long instances that the handler creates take can be set before it does: `pending_takes`, `starting_takes` and
    `stopping_takes`. Those that the test declares have durations of their own.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud: Final = cloud

    @property
    def pending_takes(self) -> dt.timedelta:
        """How long a new instance is Pending, in virtual time (documented: seconds; here no time unless set)."""
        return self._takes(InstanceStatus.PENDING)

    @pending_takes.setter
    def pending_takes(self, duration: Duration) -> None:
        self._set_takes(InstanceStatus.PENDING, duration, "pending_takes")

    @property
    def starting_takes(self) -> dt.timedelta:
        """How long a new instance is Starting, each time (a guess: no time unless set)."""
        return self._takes(InstanceStatus.STARTING)

    @starting_takes.setter
    def starting_takes(self, duration: Duration) -> None:
        self._set_takes(InstanceStatus.STARTING, duration, "starting_takes")

    @property
    def stopping_takes(self) -> dt.timedelta:
        """How long a new instance is Stopping, each time (a guess: no time unless set)."""
        return self._takes(InstanceStatus.STOPPING)

    @stopping_takes.setter
    def stopping_takes(self, duration: Duration) -> None:
        self._set_takes(InstanceStatus.STOPPING, duration, "stopping_takes")

    def _takes(self, status: InstanceStatus) -> dt.timedelta:
        return dt.timedelta(microseconds=self._cloud.instances.new_instances_take.get(status, 0))

    def _set_takes(self, status: InstanceStatus, duration: Duration, name: str) -> None:
        self._cloud.instances.new_instances_take[status] = parse_duration(duration, f"instances.{name}")

    def add(
        self,
        instance_id: str | None = None,
        *,
        region_id: str | None = None,
        status: str = "Running",
        account_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        stopping_takes: Duration = "0s",
        starting_takes: Duration = "0s",
        disks: Iterable[GivenDisk] = (),
        action_on_maintenance: str | None = None,
        **attributes: "AttributeValue | list[str]",
    ) -> Instance:
        """Declare an instance.

        Args:
            instance_id: Its id; left out, one is made up.
            region_id: Its region; left out, the one that the id's prefix tells (`i-2ze...` is cn-beijing), else the
                test's.
            status: "Running" or "Stopped".
            account_id: Its owner; left out, the test's account.
            tags: Its tags.
            stopping_takes: How long it is Stopping, in virtual time (a guess: no time).
            starting_takes: How long it is Starting.
            disks: Its disks beyond the system disk that every instance has: ids, or dicts of `Disk`'s attributes.
            action_on_maintenance: "AutoRecover", "Stop" or "AutoRedeploy"; left out, the service's default.
            **attributes: What DescribeInstances is to say of it, by the names there in snake_case:
                `instance_name="web1"`, `zone_id=...`, `private_ip_addresses=[...]`.

        Raises:
            BadArgumentError: An attribute does not exist or cannot have the value, or the instance was declared
                otherwise before.
        """
        given = {
            "stopping_takes": stopping_takes,
            "starting_takes": starting_takes,
            "disks": disks,
            "action_on_maintenance": action_on_maintenance,
            **attributes,
        }
        return declared(
            self._cloud,
            instance_id,
            region_id=region_id,
            account_id=account_id,
            status=status,
            tags={} if tags is None else tags,
            given=given,
            where="instances.add",
        ).view

    def __getitem__(self, instance_id: str) -> Instance:
        """The instance of that id.

        Raises:
            UnknownInstanceError: A KeyError: there is none; the sentence names the nearest.
        """
        return self._cloud.instances.get(instance_id).view

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._cloud.instances.existing))

    def __len__(self) -> int:
        return len(self._cloud.instances.existing)
