"""Events and instances as the author of a test sees them."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from pytest_ecsevents.clock import Micros, from_micros, instant_text
from pytest_ecsevents.services.ecs._attributes import AttributeValue
from pytest_ecsevents.services.ecs._catalogue import EventStatus, InstanceStatus
from pytest_ecsevents.services.ecs._disks import Disk, system_disk
from pytest_ecsevents.services.ecs._extended import ExtendedAttribute

Settle: TypeAlias = Callable[[], None]


class SystemEvent:
    """One system event of an instance or of its disk, live: its status is that of the clock's now.

    Attributes:
        event_id: `e-` and 20 letters and digits; the first three are the region's.
        event_type: `SystemMaintenance.Reboot`, ...
        instance_id: The instance it concerns.
        region_id: The region of the instance.
        account_id: The account that owns the instance.
        simulated: Whether it is a simulated event, which never touches its instance.
        reason: `Reason` on the wire, or None when the service gives none.
        outcome: How it ends when nobody interferes: Executed or Failed.
    """

    __slots__ = (
        "_acts",
        "_disk",
        "_due",
        "_extended",
        "_finished_at",
        "_initial_not_before",
        "_lasts",
        "_not_before",
        "_published_at",
        "_seen",
        "_settle",
        "_shown",
        "_status",
        "_transitions",
        "account_id",
        "event_id",
        "event_type",
        "instance_id",
        "outcome",
        "reason",
        "region_id",
        "simulated",
    )

    def __init__(
        self,
        *,
        event_id: str,
        event_type: str,
        instance_id: str,
        region_id: str,
        account_id: str,
        simulated: bool,
        acts: bool,
        reason: str | None,
        outcome: EventStatus,
        published_at: Micros,
        not_before: Micros | None,
        settle: Settle,
        seen: "Callable[[SystemEvent], None]",
        lasts: Micros,
        disk: Disk | None = None,
        extended: ExtendedAttribute = MappingProxyType({}),
    ) -> None:
        self.event_id: Final = event_id
        self.event_type: Final = event_type
        self.instance_id: Final = instance_id
        self.region_id: Final = region_id
        self.account_id: Final = account_id
        self.simulated: Final = simulated
        self._acts: Final = acts
        self.reason: Final = reason
        self.outcome: Final = outcome
        self._disk: Final = disk
        self._lasts: Final = lasts
        self._extended: Final = extended
        self._published_at: Final = published_at
        self._not_before = not_before
        self._initial_not_before: Micros | None = None
        self._finished_at: Micros | None = None
        self._status = EventStatus.SCHEDULED
        self._transitions: tuple[Transition, ...] = ()
        self._due: int | None = None
        self._settle = settle
        self._seen = seen
        self._shown: tuple[object, Any] | None = None  # how it was shown last, and in what state

    @property
    def status(self) -> EventStatus:
        """`EventCycleStatus.Name` at the clock's now; equal to its name as text."""
        self._settle()
        self._seen(self)
        return self._status

    @property
    def publish_time(self) -> dt.datetime:
        """When the event was published, aware UTC."""
        return from_micros(self._published_at)

    @property
    def not_before(self) -> dt.datetime | None:
        """The planned time, aware UTC; None while the event is Inquiring."""
        return None if self._not_before is None else from_micros(self._not_before)

    @property
    def finish_time(self) -> dt.datetime | None:
        """When the event ended, aware UTC; None while it is unfinished."""
        self._settle()
        return None if self._finished_at is None else from_micros(self._finished_at)

    @property
    def history(self) -> "tuple[Transition, ...]":
        """Every transition so far; the first is the event's publication, from None."""
        self._settle()
        self._seen(self)
        return self._transitions

    def __repr__(self) -> str:
        self._settle()
        if self._finished_at is not None:
            when = f" at {instant_text(self._finished_at)}: {self._transitions[-1].cause}"
        elif self._not_before is not None:
            when = f", due {instant_text(self._not_before)}"
        else:
            when = ""
        return f"<SystemEvent {self.event_id} {self.event_type} on {self._subject}: {self._status}{when}>"

    @property
    def disk_id(self) -> str | None:
        """The disk that it is about or concerns, or None."""
        return None if self._disk is None else self._disk.disk_id

    @property
    def _planned(self) -> Micros | None:
        """NotBefore as it was when the event was published."""
        return self._not_before if self._initial_not_before is None else self._initial_not_before

    @property
    def _subject(self) -> str:
        """What it is about, in words: `i-web1`, or `d-data1 of i-web1`."""
        return self.instance_id if self._disk is None else f"{self.disk_id} of {self.instance_id}"


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of an event's status.

    Attributes:
        event: The event.
        from_status: The status it had; None when it was published.
        to_status: The status it took.
        at: When, aware UTC.
        cause: What did it, in words.
    """

    event: SystemEvent
    from_status: EventStatus | None
    to_status: EventStatus
    at_micros: Micros
    cause: str

    @property
    def at(self) -> dt.datetime:
        """When, aware UTC."""
        return from_micros(self.at_micros)

    def __repr__(self) -> str:
        before = self.from_status or "published"
        return (
            f"<Transition {self.event.event_id} {before} -> {self.to_status} "
            f"at {instant_text(self.at_micros)}: {self.cause}>"
        )


DEFAULT_ACTION: Final = "AutoRecover"
"""`ActionOnMaintenance` of an instance for which nobody set it (documented)."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """What a user set of an instance's maintenance.

    Attributes:
        action: `ActionOnMaintenance`; None where nobody set it, which means `DEFAULT_ACTION`.
        notify: `NotifyOnMaintenance`.
        window: Start and end of the maintenance window, HH:mm:ss in UTC+8.
    """

    action: str | None = None
    notify: bool = False
    window: "tuple[str, str] | None" = None


@dataclass(frozen=True, slots=True)
class MetadataOptions:
    """Who may read an instance's metadata; "" is what the service shows until somebody sets it.

    Attributes:
        endpoint: `HttpEndpoint`: "enabled" (the default) or "disabled".
        tokens: `HttpTokens`: "optional" (the default), or "required": only the hardened mode serves.
    """

    endpoint: str = ""
    tokens: str = ""

    @property
    def is_enabled(self) -> bool:
        """Whether anybody may."""
        return self.endpoint != "disabled"

    @property
    def needs_token(self) -> bool:
        """Whether only who sends a token may."""
        return self.tokens == "required"


class Instance:
    """One ECS instance, live: its status is that of the clock's now.

    Attributes:
        instance_id: `i-...`, or whatever the test calls it.
        region_id: Its region.
        account_id: Its owner.
        tags: Its tags.
        attributes: What the test gave, or the call that created it asked for, beyond these, by the names of
            DescribeInstances in snake_case; `ram_role_name` and `user_data` are told by its metadata alone.
    """

    __slots__ = (
        "_created_at",
        "_declared_disks",
        "_locks",
        "_maintenance",
        "_metadata_options",
        "_number",
        "_releases_at",
        "_settle",
        "_started_at",
        "_status",
        "_stopped_mode",
        "_takes",
        "_way",
        "account_id",
        "attributes",
        "instance_id",
        "region_id",
        "tags",
    )

    def __init__(
        self,
        *,
        instance_id: str,
        region_id: str,
        account_id: str,
        status: InstanceStatus,
        tags: Mapping[str, str],
        attributes: Mapping[str, AttributeValue],
        created_at: Micros,
        number: int,
        takes: "Mapping[InstanceStatus, Micros]",
        disks: tuple[Disk, ...],
        maintenance: Maintenance,
        settle: Settle,
    ) -> None:
        self.instance_id: Final = instance_id
        self.region_id: Final = region_id
        self.account_id: Final = account_id
        self.tags: Final = MappingProxyType(dict(tags))
        self.attributes: Final = MappingProxyType(dict(attributes))
        self._status = status
        self._created_at: Final = created_at
        self._started_at = created_at
        self._number: Final = number
        self._stopped_mode = "KeepCharging"
        self._maintenance = maintenance
        self._metadata_options = MetadataOptions(
            str(attributes.get("http_endpoint", "")), str(attributes.get("http_tokens", ""))
        )
        self._declared_disks: Final = disks
        locks = attributes.get("operation_locks", ())
        assert isinstance(locks, tuple)
        self._locks = locks
        self._takes: Final = dict(takes)
        # When it is released, once its reclaiming was announced.
        self._releases_at: Micros | None = None
        # What is left of an operation that takes its time: (statuses, cause).
        self._way: tuple[tuple[InstanceStatus, ...], str] | None = None
        self._settle = settle

    @property
    def status(self) -> InstanceStatus:
        """`Status` at the clock's now; equal to its name as text."""
        self._settle()
        return self._status

    @property
    def disks(self) -> tuple[Disk, ...]:
        """Its disks: the system disk that every instance has, then those declared; or those declared alone, if one is it."""
        if any(disk.type == "system" for disk in self._declared_disks):
            return self._declared_disks
        return (system_disk(self.instance_id, self.region_id), *self._declared_disks)

    def __repr__(self) -> str:
        return f"<Instance {self.instance_id} in {self.region_id}: {self.status}>"


@dataclass(frozen=True, slots=True)
class InstanceTransition:
    """One change of an instance's status.

    Attributes:
        instance: The instance.
        from_status: The status it had; None when it was created by a call. A declared instance is just there.
        to_status: The status it took; None when it was released.
        cause: What did it, in words.
    """

    instance: Instance
    from_status: InstanceStatus | None
    to_status: InstanceStatus | None
    at_micros: Micros
    cause: str

    @property
    def at(self) -> dt.datetime:
        """When, aware UTC."""
        return from_micros(self.at_micros)


@dataclass(frozen=True, slots=True)
class Interruption:
    """The announcement that a preemptible instance is being reclaimed.

    Attributes:
        instance: The instance.
        releases_at_micros: When it is released, in microseconds since the epoch.
        cause: What did it, in words.
    """

    instance: Instance
    at_micros: Micros
    releases_at_micros: Micros
    cause: str


Change: TypeAlias = Transition | InstanceTransition
Happening: TypeAlias = Change | Interruption
