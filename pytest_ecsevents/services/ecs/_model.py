"""Events and instances: plain records that the cloud works on, and the views of them that tests get."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from types import MappingProxyType
from typing import Final, TypeAlias

from pytest_ecsevents.clock._times import Micros, from_micros, instant_text
from pytest_ecsevents.rpc._wire import Fragment
from pytest_ecsevents.services.ecs._attributes import AttributeValue
from pytest_ecsevents.services.ecs._catalogue import FINAL, EventStatus, InstanceStatus
from pytest_ecsevents.services.ecs._disks import Disk, system_disk
from pytest_ecsevents.services.ecs._extended import ExtendedAttribute

Settle: TypeAlias = Callable[[], None]


# -- records


@dataclass(slots=True, eq=False, kw_only=True, repr=False)
class EventRecord:
    """One system event of an instance or of its disk, as of the last change; reading it changes nothing.

    Attributes:
        acts: Whether it has its type's effect on its instance.
        lasts: How long it is Executing, if it ends by itself.
        earlier_not_befores: NotBefore before each reschedule.
        last: Its last transition, which refers to the one before.
        due: The number of its entry in the clock's queue.
        rendered: How DescribeInstanceHistoryEvents shows it; None until it does, and after each transition.
        view: The object that tests get.
    """

    event_id: str
    event_type: str
    instance_id: str
    region_id: str
    account_id: str
    simulated: bool
    acts: bool
    reason: str | None
    outcome: EventStatus
    published_at: Micros
    not_before: Micros | None
    lasts: Micros
    disk: Disk | None
    extended: ExtendedAttribute
    status: EventStatus = EventStatus.SCHEDULED
    earlier_not_befores: tuple[Micros | None, ...] = ()
    last: "Transition" = field(init=False)
    due: int | None = None
    rendered: Fragment | None = None
    view: "SystemEvent" = field(init=False)

    @property
    def finished_at(self) -> Micros | None:
        return self.last.at_micros if self.status in FINAL else None

    @property
    def planned(self) -> Micros | None:
        """NotBefore as it was when the event was published."""
        return self.earlier_not_befores[0] if self.earlier_not_befores else self.not_before

    @property
    def initial_not_before(self) -> Micros | None:
        """NotBefore before the first reschedule; None if it was not rescheduled."""
        return self.earlier_not_befores[0] if self.earlier_not_befores else None

    def not_before_at(self, change: "Transition") -> Micros | None:
        """NotBefore as it was after one of its transitions."""
        reschedules = 0
        if self.earlier_not_befores:
            later = takewhile(lambda step: step is not change, steps_back(self.last))
            reschedules = sum(step.from_status == step.to_status for step in later)
        return self.earlier_not_befores[-reschedules] if reschedules else self.not_before

    @property
    def transitions(self) -> "tuple[Transition, ...]":
        return tuple(steps_back(self.last))[::-1]

    @property
    def disk_id(self) -> str | None:
        return None if self.disk is None else self.disk.disk_id

    @property
    def subject(self) -> str:
        """`i-web1`, or `d-data1 of i-web1`."""
        return self.instance_id if self.disk is None else f"{self.disk_id} of {self.instance_id}"

    def __repr__(self) -> str:
        if self.finished_at is not None:
            when = f" at {instant_text(self.finished_at)}: {self.last.cause}"
        elif self.not_before is not None:
            when = f", due {instant_text(self.not_before)}"
        else:
            when = ""
        return f"<SystemEvent {self.event_id} {self.event_type} on {self.subject}: {self.status}{when}>"


DEFAULT_ACTION: Final = "AutoRecover"
"""`ActionOnMaintenance` of an instance for which it was never set (documented)."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """The maintenance settings of an instance.

    Attributes:
        action: `ActionOnMaintenance`; None, if it was never set, means `DEFAULT_ACTION`.
        notify: `NotifyOnMaintenance`.
        window: Start and end of the maintenance window, HH:mm:ss in UTC+8.
    """

    action: str | None = None
    notify: bool = False
    window: "tuple[str, str] | None" = None


@dataclass(frozen=True, slots=True)
class MetadataOptions:
    """Who may read an instance's metadata; "" is what the service shows until it is set.

    Attributes:
        endpoint: `HttpEndpoint`: "enabled" (the default) or "disabled".
        tokens: `HttpTokens`: "optional" (the default), or "required": only the hardened mode serves.
        tags: `InstanceMetadataTags`: "enabled", or "disabled" (the default): the metadata has no tags.
    """

    endpoint: str = ""
    tokens: str = ""
    tags: str = ""

    @property
    def is_enabled(self) -> bool:
        return self.endpoint != "disabled"

    @property
    def needs_token(self) -> bool:
        return self.tokens == "required"


@dataclass(slots=True, eq=False, kw_only=True)
class InstanceRecord:
    """One ECS instance, as of the last change; reading it changes nothing.

    Attributes:
        number: The number of instances before it.
        takes: How long it keeps a status during an operation, where it was declared with that.
        declared_disks: Its disks, perhaps without the system disk.
        locks: `OperationLocks`.
        lacks_address: Whether it gave up its public address when it stopped in economical mode.
        reclaims_at: When it is released or stopped, once its reclaiming was announced.
        texts: Its attributes that are texts: declared, default or made up. Names, groups and types do not change: notifications
            are rendered from them later.
        lists: Its attributes that are lists.
        way: The remaining statuses of an operation that takes time, and the operation's cause.
        due: The number of its entry in the clock's queue, on such a way.
        release_due: The same of its release at `AutoReleaseTime`.
        view: The object that tests get.
    """

    instance_id: str
    region_id: str
    account_id: str
    status: InstanceStatus
    tags: Mapping[str, str]
    attributes: Mapping[str, AttributeValue]
    created_at: Micros
    number: int
    takes: Mapping[InstanceStatus, Micros]
    declared_disks: tuple[Disk, ...]
    maintenance: Maintenance
    stopped_mode: str = "KeepCharging"
    reclaims_at: Micros | None = None
    lacks_address: bool = False
    way: "tuple[tuple[InstanceStatus, ...], str] | None" = None
    due: int | None = None
    release_due: int | None = None
    started_at: Micros = field(init=False)
    metadata_options: MetadataOptions = field(init=False)
    locks: tuple[str, ...] = field(init=False)
    texts: dict[str, str] = field(init=False, repr=False)
    lists: dict[str, tuple[str, ...]] = field(init=False, repr=False)
    view: "Instance" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.tags = MappingProxyType(dict(self.tags))
        self.attributes = MappingProxyType(dict(self.attributes))
        self.started_at = self.created_at
        self.metadata_options = MetadataOptions(
            *(str(self.attributes.get(name, "")) for name in ("http_endpoint", "http_tokens", "instance_metadata_tags"))
        )
        locks = self.attributes.get("operation_locks", ())
        assert isinstance(locks, tuple)
        self.locks = locks

    @property
    def is_preemptible(self) -> bool:
        return self.texts["spot_strategy"] != "NoSpot"

    @property
    def disks(self) -> tuple[Disk, ...]:
        """The declared disks, after a system disk unless one of them is it."""
        if any(disk.type == "system" for disk in self.declared_disks):
            return self.declared_disks
        return (system_disk(self.instance_id, self.region_id), *self.declared_disks)


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

    record: EventRecord
    _previous: "Transition | None" = field(compare=False)
    to_status: EventStatus
    at_micros: Micros
    cause: str

    @property
    def from_status(self) -> EventStatus | None:
        return None if self._previous is None else self._previous.to_status

    @property
    def event(self) -> "SystemEvent":
        return self.record.view

    @property
    def at(self) -> dt.datetime:
        return from_micros(self.at_micros)

    def __repr__(self) -> str:
        before = self.from_status or "published"
        return (
            f"<Transition {self.record.event_id} {before} -> {self.to_status} "
            f"at {instant_text(self.at_micros)}: {self.cause}>"
        )


def steps_back(change: Transition) -> Iterator[Transition]:
    """Yield a transition and those of its event before it, the latest first."""
    step: Transition | None = change
    while step is not None:
        yield step
        step = step._previous  # noqa: SLF001  # not public: `history` has them in order


@dataclass(frozen=True, slots=True)
class InstanceTransition:
    """One change of an instance's status.

    Attributes:
        instance: The instance.
        from_status: The status it had; None when a call created it. Declaring an instance is no transition.
        to_status: The status it took; None when it was released.
        at: When, aware UTC.
        cause: What did it, in words.
    """

    record: InstanceRecord
    from_status: InstanceStatus | None
    to_status: InstanceStatus | None
    at_micros: Micros
    cause: str

    @property
    def instance(self) -> "Instance":
        return self.record.view

    @property
    def at(self) -> dt.datetime:
        return from_micros(self.at_micros)


@dataclass(frozen=True, slots=True)
class Interruption:
    """The announcement that a preemptible instance is reclaimed.

    Attributes:
        behavior: `SpotInterruptionBehavior`: "Terminate" releases the instance, "Stop" stops it in economical mode.
        reclaims_at_micros: When that happens.
    """

    record: InstanceRecord
    behavior: str
    at_micros: Micros
    reclaims_at_micros: Micros
    cause: str


Change: TypeAlias = Transition | InstanceTransition
Observed: TypeAlias = Change | Interruption
"""What observers of the cloud are called with."""


# -- views


class SystemEvent:
    """One system event of an instance or of its disk, live: its attributes are those of the clock's now.

    Reading its status or its history runs what is due, and is remembered to explain a failed assertion. There is one object
    for each event, so `is` and `in` work.
    """

    __slots__ = ("_note_read", "_record", "_settle")

    def __init__(self, record: EventRecord, settle: Settle, note_read: Callable[[EventRecord], None]) -> None:
        self._record: Final = record
        self._settle: Final = settle
        self._note_read: Final = note_read

    @property
    def event_id(self) -> str:
        """`e-` and 20 letters and digits; the first three are the region's."""
        return self._record.event_id

    @property
    def event_type(self) -> str:
        """`SystemMaintenance.Reboot`, ..."""
        return self._record.event_type

    @property
    def instance_id(self) -> str:
        """The instance it concerns."""
        return self._record.instance_id

    @property
    def disk_id(self) -> str | None:
        """The disk that it concerns, or None."""
        return self._record.disk_id

    @property
    def region_id(self) -> str:
        """The region of the instance."""
        return self._record.region_id

    @property
    def account_id(self) -> str:
        """The account that owns the instance."""
        return self._record.account_id

    @property
    def simulated(self) -> bool:
        """Whether it is a simulated event, which never touches its instance."""
        return self._record.simulated

    @property
    def reason(self) -> str | None:
        """`Reason` on the wire, or None when the service gives none."""
        return self._record.reason

    @property
    def outcome(self) -> EventStatus:
        """How it ends if nothing interferes: Executed or Failed."""
        return self._record.outcome

    @property
    def publish_time(self) -> dt.datetime:
        """When the event was published, aware UTC."""
        return from_micros(self._record.published_at)

    @property
    def not_before(self) -> dt.datetime | None:
        """The planned time, aware UTC; None while the event is Inquiring."""
        return None if self._record.not_before is None else from_micros(self._record.not_before)

    @property
    def status(self) -> EventStatus:
        """`EventCycleStatus.Name` at the clock's now; equal to its name as text."""
        self._settle()
        self._note_read(self._record)
        return self._record.status

    @property
    def finish_time(self) -> dt.datetime | None:
        """When the event ended, aware UTC; None while it is unfinished."""
        self._settle()
        return None if self._record.finished_at is None else from_micros(self._record.finished_at)

    @property
    def history(self) -> tuple[Transition, ...]:
        """Every transition so far; the first is the event's publication, from None."""
        self._settle()
        self._note_read(self._record)
        return self._record.transitions

    def __repr__(self) -> str:
        self._settle()
        return repr(self._record)


def record_of(event: SystemEvent) -> EventRecord:
    return event._record  # noqa: SLF001  # not public: reading a record does not run what is due


class Instance:
    """One ECS instance, live: its status is that of the clock's now."""

    __slots__ = ("_record", "_settle")

    def __init__(self, record: InstanceRecord, settle: Settle) -> None:
        self._record: Final = record
        self._settle: Final = settle

    @property
    def instance_id(self) -> str:
        """`i-...`, or any name that the test gives it."""
        return self._record.instance_id

    @property
    def region_id(self) -> str:
        """Its region."""
        return self._record.region_id

    @property
    def account_id(self) -> str:
        """Its owner."""
        return self._record.account_id

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags."""
        return self._record.tags

    @property
    def attributes(self) -> Mapping[str, AttributeValue]:
        """What else was declared, or asked for by the call that created it, by the names of DescribeInstances in snake_case.

        `ram_role_name` and `user_data` are shown by its metadata only.
        """
        return self._record.attributes

    @property
    def status(self) -> InstanceStatus:
        """`Status` at the clock's now; equal to its name as text."""
        self._settle()
        return self._record.status

    @property
    def disks(self) -> tuple[Disk, ...]:
        """Its disks. A system disk comes first unless one was declared."""
        return self._record.disks

    def __repr__(self) -> str:
        return f"<Instance {self.instance_id} in {self.region_id}: {self.status}>"
