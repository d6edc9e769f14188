"""Event types and statuses, each row with its evidence.

"documented" and "observed" rows are the service's own. "invented" numbers were published nowhere: they are unique,
they stand only here, and no handler should read them.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Final


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
        """Whether nothing can happen to the event any more."""
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

# Each number with its evidence.
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


class Effect(Enum):
    """What a real event does to its instance when it runs."""

    NONE = "nothing"
    REBOOT = "reboots it"
    STOP = "stops it"
    RELEASE = "releases it"


@dataclass(frozen=True, slots=True)
class EventType:
    """One system event type, of an instance or of a disk.

    Attributes:
        name: `EventType.Name`: of an instance `<cause>.<impact>`, of a disk one word.
        code: `EventType.Code`; those of disks are numbered apart.
        code_evidence: Where the number comes from.
        statuses: The statuses the type is known to take, from the CloudMonitor names of 2020-12; the types with no
            published list have all seven, as a guess.
        can_simulate: Whether CreateSimulatedSystemEvents accepts it (documented).
        effect: What a real one does to its instance.
        lock: The reason with which a real one locks its instance (`OperationLocks`), or "".
        cause: `SystemMaintenance`, `SystemFailure`, ...
        is_of_disk: Whether it is the event of a disk: DescribeDisksFullStatus lists it, queries of instances do not.
    """

    name: str
    code: int
    code_evidence: str
    statuses: frozenset[EventStatus]
    can_simulate: bool
    effect: Effect
    lock: str = ""
    cause: str = field(init=False)
    is_of_disk: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "cause", self.name.partition(".")[0])
        object.__setattr__(self, "is_of_disk", "." not in self.name)

    @property
    def is_failure(self) -> bool:
        """Whether the event reports something that has already happened, so that it is born Executing."""
        return self.is_of_disk or self.cause in ("SystemFailure", "InstanceFailure")


def _statuses(letters: str) -> frozenset[EventStatus]:
    by_letter = {"I": "Inquiring", "S": "Scheduled", "X": "Executing", "E": "Executed", "A": "Avoided", "C": "Canceled"}
    return frozenset(EventStatus(by_letter.get(letter, "Failed")) for letter in letters)


_ALL: Final = "ISXEACF"

# name, code, code evidence, statuses, can be simulated, effect of a real one.
# The effects of Reboot, Stop and Delete are documented; a redeploy is shown as a reboot (a guess: the instance stops
# here and starts on another host). Disk events touch no instance; that theirs end by themselves is a guess.
_ROWS: Final = (
    ("SystemMaintenance.Reboot", 1, "documented", "ISXEAFC", True, Effect.REBOOT),
    ("SystemMaintenance.Stop", 1000, "invented", "SXEAFC", True, Effect.STOP),
    ("SystemMaintenance.Redeploy", 9, "observed", "ISXEAC", True, Effect.REBOOT),
    ("SystemMaintenance.RebootAndIsolateErrorDisk", 3, "documented", "IXEAC", False, Effect.REBOOT),
    ("SystemMaintenance.RebootAndReInitErrorDisk", 1001, "invented", "IXEAC", False, Effect.REBOOT),
    ("SystemMaintenance.IsolateErrorDisk", 1002, "invented", "IXEAFC", False, Effect.NONE),
    ("SystemMaintenance.ReInitErrorDisk", 1003, "invented", "IXEAFC", False, Effect.NONE),
    ("SystemMaintenance.CleanInactiveDisks", 1004, "invented", _ALL, False, Effect.NONE),
    ("SystemMaintenance.StopAndRepair", 1005, "invented", _ALL, False, Effect.STOP),
    ("SystemMaintenance.PerformanceImpact", 1006, "invented", "XE", False, Effect.NONE),
    ("SystemUpgrade.Migrate", 1007, "invented", _ALL, False, Effect.NONE),
    ("SystemFailure.Reboot", 65, "documented", "XEF", True, Effect.REBOOT),
    ("SystemFailure.Stop", 1008, "invented", "XE", True, Effect.STOP),
    ("SystemFailure.Redeploy", 1009, "invented", "ISXEAC", True, Effect.REBOOT),
    ("SystemFailure.Delete", 66, "observed", "XEA", False, Effect.RELEASE),
    ("InstanceFailure.Reboot", 1010, "invented", "XE", True, Effect.REBOOT),
    ("InstanceExpiration.Stop", 34, "documented", "SXEAFC", False, Effect.STOP),
    ("InstanceExpiration.Delete", 1011, "invented", "SXEAFC", False, Effect.RELEASE),
    ("AccountUnbalanced.Stop", 1012, "invented", "SXEAFC", False, Effect.STOP),
    ("AccountUnbalanced.Delete", 1013, "invented", "SXEAFC", False, Effect.RELEASE),
    ("AccountUnbalanced.PerformanceAffect", 1014, "invented", "SXEAFC", False, Effect.NONE),
    ("SecurityPunish.Locked", 1015, "invented", _ALL, False, Effect.NONE),
    ("SecurityPunish.WebsiteBanned", 1016, "invented", _ALL, False, Effect.NONE),
    ("Security.TpmAlert", 1017, "invented", "XE", False, Effect.NONE),
    ("Stalled", 7, "documented", "XE", False, Effect.NONE),
    ("Degraded", 1, "documented", "XE", False, Effect.NONE),
    ("SeverelyDegraded", 1001, "invented", "XE", False, Effect.NONE),
    ("ErrorDetected", 1002, "invented", "XE", False, Effect.NONE),
)

# The console calls a Stopped instance with a lock expired, in arrears or locked (documented); that the event sets the
# lock when it runs is a guess.
_LOCKS: Final = {
    "InstanceExpiration.Stop": "financial",
    "AccountUnbalanced.Stop": "financial",
    "SecurityPunish.Locked": "security",
}

EVENT_TYPES: Final = {
    name: EventType(name, code, evidence, _statuses(letters), can_simulate, effect, _LOCKS.get(name, ""))
    for name, code, evidence, letters, can_simulate, effect in _ROWS
}
INSTANCE_EVENT_TYPES: Final = tuple(name for name, row in EVENT_TYPES.items() if not row.is_of_disk)
DISK_EVENT_TYPES: Final = tuple(name for name, row in EVENT_TYPES.items() if row.is_of_disk)
BILLING_EVENT_TYPES: Final = tuple(
    name for name, row in EVENT_TYPES.items() if row.cause in ("InstanceExpiration", "AccountUnbalanced")
)

# Which type the service plans, by the instance's ActionOnMaintenance (documented; that AutoRedeploy goes with
# SystemMaintenance.Redeploy is inferred).
MAINTENANCE_IMPACTS: Final = {"AutoRecover": "Reboot", "Stop": "Stop", "AutoRedeploy": "Redeploy"}
MAINTENANCE_CAUSES: Final = ("SystemMaintenance", "SystemFailure")

SIMULATED_TYPES: Final = tuple(name for name, row in EVENT_TYPES.items() if row.can_simulate)
