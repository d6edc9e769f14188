"""Event types and statuses, each row with its evidence.

"documented" and "observed" numbers are the service's own. "invented" numbers stand in for numbers that were never
published: they are unique, they stand only here, and no handler should read them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from pytest_ecsevents.rpc._error_tables import csv_rows


class EventStatus(str, Enum):
    """`EventCycleStatus.Name`; equal to its name as text."""

    INQUIRING = "Inquiring"
    SCHEDULED = "Scheduled"
    EXECUTING = "Executing"
    EXECUTED = "Executed"
    AVOIDED = "Avoided"
    CANCELED = "Canceled"
    FAILED = "Failed"

    __str__ = str.__str__
    __repr__ = str.__repr__

    @property
    def is_final(self) -> bool:
        """Whether the event has ended."""
        return self in FINAL


class InstanceStatus(str, Enum):
    """`Status` of an instance; equal to its name as text."""

    PENDING = "Pending"
    STARTING = "Starting"
    RUNNING = "Running"
    STOPPING = "Stopping"
    STOPPED = "Stopped"

    __str__ = str.__str__
    __repr__ = str.__repr__


FINAL: Final = frozenset({EventStatus.EXECUTED, EventStatus.AVOIDED, EventStatus.CANCELED, EventStatus.FAILED})
UNFINISHED: Final = frozenset(EventStatus) - FINAL

# Codes, each with its evidence.
EVENT_STATUS_CODES: Final = {
    EventStatus.EXECUTED: (0, "documented"),
    EventStatus.AVOIDED: (8, "documented"),
    EventStatus.SCHEDULED: (24, "documented"),
    EventStatus.INQUIRING: (28, "documented"),
    EventStatus.FAILED: (4, "invented"),
    EventStatus.CANCELED: (12, "invented"),
    EventStatus.EXECUTING: (16, "invented"),
}

INSTANCE_STATUS_CODES: Final = {
    InstanceStatus.RUNNING: (1, "documented"),
    InstanceStatus.STOPPED: (2, "observed"),
    InstanceStatus.PENDING: (1001, "invented"),
    InstanceStatus.STARTING: (1002, "invented"),
    InstanceStatus.STOPPING: (1003, "invented"),
}

HEALTH_STATUS_CODES: Final = {
    "Ok": (0, "documented"),
    "Warning": (64, "documented"),
    "Impaired": (128, "documented"),
    "InsufficientData": (1, "observed"),
    "Maintaining": (1001, "invented"),
    "Initializing": (1002, "invented"),
    "NotApplicable": (1003, "invented"),
}


DISK_STATUS_CODES: Final = {
    "Available": (129, "documented"),
    "In_use": (1001, "invented"),
    "Attaching": (1002, "invented"),
    "Detaching": (1003, "invented"),
    "Creating": (1004, "invented"),
    "ReIniting": (1005, "invented"),
}


class InstanceEffect(Enum):
    """What a real event does to its instance when it runs."""

    NONE = "nothing"
    REBOOT = "reboots it"
    STOP = "stops it"
    RELEASE = "releases it"
    ROLL_BACK = "stops it, then releases it"
    INTERRUPT = "reclaims it five minutes later"


RELEASES: Final = (InstanceEffect.RELEASE, InstanceEffect.ROLL_BACK)


@dataclass(frozen=True, slots=True)
class EventType:
    """One system event type, of an instance or of a disk.

    Attributes:
        name: `EventType.Name`: `<cause>.<impact>` for events of instances, one word for events of disks.
        code: `EventType.Code`; types of disks have a numbering of their own.
        code_evidence: Where the number comes from.
        statuses: The statuses the type is known to take, from the CloudMonitor names of 2020-12. Types without a
            published list have all seven (a guess).
        can_simulate: Whether CreateSimulatedSystemEvents accepts it (documented).
        effect: What a real event does to its instance.
        lock: The reason with which a real event locks its instance (`OperationLocks`), or "".
        cause: `SystemMaintenance`, `SystemFailure`, ...
        is_of_disk: Whether it is a type of disks: DescribeDisksFullStatus lists it, queries of instances do not.
    """

    name: str
    code: int
    code_evidence: str
    statuses: frozenset[EventStatus]
    can_simulate: bool
    effect: InstanceEffect
    lock: str = ""
    cause: str = field(init=False)
    is_of_disk: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cause", self.name.partition(".")[0])
        object.__setattr__(self, "is_of_disk", "." not in self.name and ":" not in self.name)

    @property
    def is_failure(self) -> bool:
        """Whether the event reports what has already happened, so that its first status is Executing."""
        return self.is_of_disk or self.cause in ("SystemFailure", "InstanceFailure")


def _event_types() -> Iterator[EventType]:
    by_letter = {"I": "Inquiring", "S": "Scheduled", "X": "Executing", "E": "Executed", "A": "Avoided", "C": "Canceled"}
    for name, code, evidence, letters, simulated, effect, lock in csv_rows(
        "pytest_ecsevents.services.ecs", "event_types.csv"
    ):
        statuses = frozenset(EventStatus(by_letter.get(letter, "Failed")) for letter in letters)
        yield EventType(name, int(code), evidence, statuses, simulated == "yes", InstanceEffect[effect], lock)


# The effects of Reboot, Stop and Delete are documented, and that SystemFailure.Delete stops the instance first; `_effects.py`
# says when. A redeployment has the effect of a reboot (a guess: the instance stops here and starts on another host). Events
# of disks have no effect on instances; that they end by themselves is a
# guess. The console shows a Stopped instance that has a lock as expired, in arrears or locked (documented). That the event
# sets the lock when it runs is a guess.
EVENT_TYPES: Final = {row.name: row for row in _event_types()}
INSTANCE_EVENT_TYPES: Final = tuple(name for name, row in EVENT_TYPES.items() if not row.is_of_disk)
DISK_EVENT_TYPES: Final = tuple(name for name, row in EVENT_TYPES.items() if row.is_of_disk)
BILLING_EVENT_TYPES: Final = tuple(
    name for name, row in EVENT_TYPES.items() if row.cause in ("InstanceExpiration", "AccountUnbalanced")
)

# The impact that the service plans, by the instance's ActionOnMaintenance (documented; inferred for AutoRedeploy).
MAINTENANCE_IMPACTS: Final = {"AutoRecover": "Reboot", "Stop": "Stop", "AutoRedeploy": "Redeploy"}
MAINTENANCE_CAUSES: Final = ("SystemMaintenance", "SystemFailure")

INTERRUPTION: Final = EventType(
    "Instance:PreemptibleInstanceInterruption",
    1018,
    "invented",
    frozenset(EventStatus),
    False,
    InstanceEffect.INTERRUPT,
)
"""The rehearsal of a spot interruption, which only TriggerRealOps allows. No real interruption is a system event."""

KNOWN_TYPES: Final = {**EVENT_TYPES, INTERRUPTION.name: INTERRUPTION}
"""Every type that an event may have."""

REHEARSED_TYPES: Final = (
    *("SystemMaintenance.Reboot", "SystemMaintenance.Redeploy", "SystemMaintenance.Stop"),
    *("InstanceFailure.Reboot", "SystemFailure.Reboot", INTERRUPTION.name),
)
"""The types that CreateSimulatedSystemEvents takes with TriggerRealOps (documented)."""

SIMULATED_TYPES: Final = tuple(name for name, row in EVENT_TYPES.items() if row.can_simulate)
