"""`ecs_events.instances`: the instances of a test."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents.checks._recorder import Origin
from pytest_ecsevents.clock._times import Duration, parse_duration
from pytest_ecsevents.services.ecs._attributes import AttributeValue
from pytest_ecsevents.services.ecs._catalogue import InstanceStatus
from pytest_ecsevents.services.ecs._cloud import Cloud
from pytest_ecsevents.services.ecs._disks import GivenDisk
from pytest_ecsevents.services.ecs._model import Instance

__tracebackhide__ = hidden_in_reports


class Instances(Mapping[str, Instance]):
    """The existing instances by id, in order of declaration and creation.

    `pending_takes`, `starting_takes` and `stopping_takes` are durations in virtual time, for all instances that were not
    declared with their own.
    """

    def __init__(self, cloud: Cloud, origin: Origin) -> None:
        self._cloud: Final = cloud
        self._origin: Final = origin

    @property
    def pending_takes(self) -> dt.timedelta:
        """How long a new instance is Pending (documented: seconds; default here: no time)."""
        return self._takes(InstanceStatus.PENDING)

    @pending_takes.setter
    def pending_takes(self, duration: Duration) -> None:
        self._set_takes(InstanceStatus.PENDING, duration, "pending_takes")

    @property
    def starting_takes(self) -> dt.timedelta:
        """How long an instance is Starting, each time (a guess; default: no time)."""
        return self._takes(InstanceStatus.STARTING)

    @starting_takes.setter
    def starting_takes(self, duration: Duration) -> None:
        self._set_takes(InstanceStatus.STARTING, duration, "starting_takes")

    @property
    def stopping_takes(self) -> dt.timedelta:
        """How long an instance is Stopping, each time (a guess; default: no time)."""
        return self._takes(InstanceStatus.STOPPING)

    @stopping_takes.setter
    def stopping_takes(self, duration: Duration) -> None:
        self._set_takes(InstanceStatus.STOPPING, duration, "stopping_takes")

    def _takes(self, status: InstanceStatus) -> dt.timedelta:
        return dt.timedelta(microseconds=self._cloud.instances.takes.get(status, 0))

    def _set_takes(self, status: InstanceStatus, duration: Duration, name: str) -> None:
        self._cloud.instances.takes[status] = parse_duration(duration, f"instances.{name}")

    def add(
        self,
        instance_id: str | None = None,
        *,
        region_id: str | None = None,
        status: str = "Running",
        account_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        stopping_takes: Duration | None = None,
        starting_takes: Duration | None = None,
        disks: Iterable[GivenDisk] = (),
        action_on_maintenance: str | None = None,
        _where: str = "instances.add",
        **attributes: "AttributeValue | list[str]",
    ) -> Instance:
        """Declare an instance.

        Args:
            instance_id: Its id; default: a new one.
            region_id: Its region; default: the one of the id's prefix (`i-2ze...` is cn-beijing), else the test's.
            status: "Running" or "Stopped".
            account_id: Its owner; default: the test's account.
            tags: Its tags.
            stopping_takes: How long it is Stopping, in virtual time; default: `instances.stopping_takes`.
            starting_takes: How long it is Starting; default: `instances.starting_takes`.
            disks: Its disks besides the system disk, which every instance has: ids, or dicts of `Disk`'s attributes.
            action_on_maintenance: "AutoRecover", "Stop" or "AutoRedeploy"; default: the service's.
            **attributes: Members of DescribeInstances in snake_case: `instance_name="web1"`, `zone_id=...`,
                `private_ip_addresses=[...]`.

        Raises:
            BadArgumentError: An attribute does not exist or cannot have the value, or the same instance was declared
                differently before.
        """
        takes = {
            status: parse_duration(duration, f"{_where}'s {name}")
            for status, name, duration in (
                (InstanceStatus.STOPPING, "stopping_takes", stopping_takes),
                (InstanceStatus.STARTING, "starting_takes", starting_takes),
            )
            if duration is not None
        }
        with self._origin.entered():
            record = self._cloud.instances.declare(
                instance_id,
                region_id=region_id,
                account_id=account_id,
                status=status,
                tags={} if tags is None else tags,
                attributes=dict(attributes),
                where=_where,
                takes=takes,
                disks=disks,
                action_on_maintenance=action_on_maintenance,
            )
        return record.view

    def __getitem__(self, instance_id: str) -> Instance:
        return self._cloud.instances.get(instance_id).view

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._cloud.instances.existing))

    def __len__(self) -> int:
        return len(self._cloud.instances.existing)
