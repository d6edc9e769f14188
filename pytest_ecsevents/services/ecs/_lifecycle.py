"""The lifecycle: (event type, simulated or real, status, trigger) -> next status.

The rows are complete: without a row, a trigger does not change an event.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pytest_ecsevents.services.ecs._catalogue import (
    BILLING_EVENT_TYPES,
    EVENT_TYPES,
    INSTANCE_EVENT_TYPES,
    INTERRUPTION,
    RELEASES,
    SIMULATED_TYPES,
    EventStatus,
    EventType,
)


class Trigger(Enum):
    """What can change an event's status."""

    NOT_BEFORE = "NotBefore reached"
    EXECUTION_ENDS = "execution ended"
    EXECUTION_FAILS = "execution failed"
    REBOOT = "RebootInstance before NotBefore"
    CANCEL = "CancelSimulatedSystemEvents"
    ACCEPT = "AcceptInquiredSystemEvent"
    REDEPLOY = "RedeployInstance"
    REDEPLOY_LOCAL_DISKS = "RedeployInstance, local disks"
    RENEW = "renewal before NotBefore"
    RELEASE = "instance released"

    # Each transition looks up its trigger; the hash of Enum runs Python code.
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True)
class LifecycleRow:
    """One rule of the lifecycle, for several event types.

    Attributes:
        types: Event type names.
        simulated: Simulated events (True), real ones (False) or both (None).
        status: The status the event is in.
        trigger: What happens.
        to_status: The status it takes.
        evidence: Where the rule comes from: the documentation, or a guess.
    """

    types: tuple[str, ...]
    simulated: bool | None
    status: EventStatus
    trigger: Trigger
    to_status: EventStatus
    evidence: str


_INQUIRING, _SCHEDULED, _EXECUTING = EventStatus.INQUIRING, EventStatus.SCHEDULED, EventStatus.EXECUTING
_EXECUTED, _AVOIDED, _CANCELED = EventStatus.EXECUTED, EventStatus.AVOIDED, EventStatus.CANCELED
_ALL: Final = tuple(EVENT_TYPES)
_OF_INSTANCES: Final = INSTANCE_EVENT_TYPES
_REHEARSED: Final = (INTERRUPTION.name,)
_SIMULATED_FAILURES: Final = tuple(name for name in SIMULATED_TYPES if EVENT_TYPES[name].is_failure)
_RELEASING: Final = tuple(name for name in _ALL if EVENT_TYPES[name].effect in RELEASES)
_ERROR_DISK: Final = tuple(name for name in _ALL if name.endswith("ErrorDisk"))
_REBOOT: Final = ("SystemMaintenance.Reboot",)
_PLANNED: Final = (*_REBOOT, "SystemMaintenance.Redeploy")
_INQUIRED: Final = (*_PLANNED, "SystemFailure.Redeploy", *_ERROR_DISK)

_AVOIDED_BY_A_GUESS: Final = "documented which events it answers; that they are Avoided is a guess"
_EXECUTED_BY_A_GUESS: Final = (
    "documented that it is answered on instances with local disks; that it is then Executed is a guess"
)
_AVOIDED_BY_RELEASE: Final = "documented of SystemFailure.Delete for a release by hand; for others a guess"
_ON_TIME: Final = "source article; documented for real events"
_AS_OTHERS: Final = "guess: as other simulated events"
_RENEWED: Final = "documented by a sample; by what is inferred"

ROWS: Final = (
    LifecycleRow(_OF_INSTANCES, None, _SCHEDULED, Trigger.NOT_BEFORE, _EXECUTING, _ON_TIME),
    LifecycleRow(_SIMULATED_FAILURES, True, _EXECUTING, Trigger.NOT_BEFORE, _EXECUTED, "documented since 2020-12"),
    LifecycleRow(_ALL, None, _EXECUTING, Trigger.EXECUTION_ENDS, _EXECUTED, "documented"),
    LifecycleRow(_OF_INSTANCES, None, _EXECUTING, Trigger.EXECUTION_FAILS, EventStatus.FAILED, "documented"),
    LifecycleRow(_REBOOT, None, _SCHEDULED, Trigger.REBOOT, _AVOIDED, "documented"),
    LifecycleRow(SIMULATED_TYPES, True, _SCHEDULED, Trigger.CANCEL, _CANCELED, "documented"),
    LifecycleRow(SIMULATED_TYPES, True, _EXECUTING, Trigger.CANCEL, _CANCELED, "documented"),
    LifecycleRow(_OF_INSTANCES, False, _INQUIRING, Trigger.ACCEPT, _EXECUTING, "documented"),
    LifecycleRow(_INQUIRED, False, _INQUIRING, Trigger.REDEPLOY, _AVOIDED, _AVOIDED_BY_A_GUESS),
    LifecycleRow(_PLANNED, False, _SCHEDULED, Trigger.REDEPLOY, _AVOIDED, _AVOIDED_BY_A_GUESS),
    LifecycleRow(
        ("SystemFailure.Reboot",), False, _EXECUTING, Trigger.REDEPLOY_LOCAL_DISKS, _EXECUTED, _EXECUTED_BY_A_GUESS
    ),
    LifecycleRow(BILLING_EVENT_TYPES, False, _SCHEDULED, Trigger.RENEW, _AVOIDED, _RENEWED),
    LifecycleRow(_OF_INSTANCES, None, _INQUIRING, Trigger.RELEASE, _CANCELED, "guess"),
    LifecycleRow(_OF_INSTANCES, None, _SCHEDULED, Trigger.RELEASE, _CANCELED, "guess"),
    LifecycleRow(SIMULATED_TYPES, True, _EXECUTING, Trigger.RELEASE, _CANCELED, "guess"),
    LifecycleRow(_REHEARSED, True, _SCHEDULED, Trigger.NOT_BEFORE, _EXECUTING, _AS_OTHERS),
    LifecycleRow(_REHEARSED, True, _EXECUTING, Trigger.EXECUTION_ENDS, _EXECUTED, _AS_OTHERS),
    LifecycleRow(_REHEARSED, True, _SCHEDULED, Trigger.CANCEL, _CANCELED, "documented"),
    LifecycleRow(_REHEARSED, True, _EXECUTING, Trigger.CANCEL, _CANCELED, _AS_OTHERS),
    LifecycleRow(_REHEARSED, True, _SCHEDULED, Trigger.RELEASE, _CANCELED, "guess"),
    LifecycleRow(_REHEARSED, True, _EXECUTING, Trigger.RELEASE, _CANCELED, "guess"),
    LifecycleRow(_RELEASING, False, _EXECUTING, Trigger.RELEASE, _AVOIDED, _AVOIDED_BY_RELEASE),
)


def _compiled(rows: Iterable[LifecycleRow]) -> dict[tuple[str, bool, EventStatus, Trigger], EventStatus]:
    table = {}
    for row in rows:
        for name in row.types:
            for simulated in (True, False) if row.simulated is None else (row.simulated,):
                table[name, simulated, row.status, row.trigger] = row.to_status
    return table


NEXT_STATUS: Final = _compiled(ROWS)


def next_status(event_type: str, simulated: bool, status: EventStatus, trigger: Trigger) -> EventStatus | None:
    """Return the status that `trigger` leads to, or None if it does not change the event."""
    return NEXT_STATUS.get((event_type, simulated, status, trigger))


def ways_to(event_type: str, simulated: bool, to_status: EventStatus) -> dict[Trigger, tuple[EventStatus, ...]]:
    """Return the triggers that lead an event to a status, each with the statuses from which it does."""
    found: dict[Trigger, tuple[EventStatus, ...]] = {}
    for (name, is_simulated, status, trigger), after in NEXT_STATUS.items():
        if (name, is_simulated, after) == (event_type, simulated, to_status):
            found[trigger] = (*found.get(trigger, ()), status)
    return found


def first_statuses(event_type: EventType, simulated: bool, failures_are_scheduled: bool) -> tuple[EventStatus, ...]:
    """Return the statuses that an event may have first, the usual one first."""
    if simulated:
        return (_EXECUTING,) if event_type.is_failure and not failures_are_scheduled else (_SCHEDULED,)
    usual = (_EXECUTING, _SCHEDULED, _INQUIRING) if event_type.is_failure else (_SCHEDULED, _INQUIRING, _EXECUTING)
    return tuple(status for status in usual if status in event_type.statuses)
