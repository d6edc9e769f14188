"""What an event that acts does to its instance, by its effect, the status that it takes and the instance's status.

The rows are complete: each effect acts on an instance in every status.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from pytest_ecsevents.services.ecs._catalogue import EventStatus, InstanceEffect, InstanceStatus

Way: TypeAlias = tuple[InstanceStatus, ...]
"""The statuses that an instance takes one after the other."""


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One row of the table.

    Attributes:
        effect: The effect of the event's type.
        taken: The status that the event takes.
        status: The status that the instance has.
        way: The statuses of the instance from then on. If the first is the one that it has, it keeps that for as long as
            was planned. Empty if it goes on as it would without the event; None if it is released.
        evidence: Where the row comes from.
    """

    effect: InstanceEffect
    taken: EventStatus
    status: InstanceStatus
    way: Way | None
    evidence: str


_PENDING, _STARTING, _RUNNING = InstanceStatus.PENDING, InstanceStatus.STARTING, InstanceStatus.RUNNING
_STOPPING, _STOPPED = InstanceStatus.STOPPING, InstanceStatus.STOPPED

_REBOOTED: Final[dict[InstanceStatus, tuple[Way, str]]] = {
    _PENDING: ((), "guess: it is not running yet, and starts once"),
    _STARTING: ((_STOPPING, _STARTING, _RUNNING), "guess: it is rebooted as when it is Running"),
    _RUNNING: ((_STOPPING, _STARTING, _RUNNING), "documented; of a redeployment a guess"),
    _STOPPING: ((), "guess: it stops already, and starts again if it was to"),
    _STOPPED: ((), "documented: a Stopped instance stays Stopped"),
}
_HALTED: Final[dict[InstanceStatus, tuple[Way, str]]] = {
    _PENDING: ((_STOPPED,), "documented of SystemFailure.Delete; of others it follows from it"),
    _STARTING: ((_STOPPING, _STOPPED), "documented of SystemFailure.Delete; of others it follows from it"),
    _RUNNING: ((_STOPPING, _STOPPED), "documented"),
    _STOPPING: ((_STOPPING, _STOPPED), "follows: it stops, and does not start again"),
    _STOPPED: ((), "documented: a Stopped instance stays Stopped"),
}


def _rows() -> Iterator[EffectRow]:
    for status, (way, evidence) in _REBOOTED.items():
        yield EffectRow(InstanceEffect.REBOOT, EventStatus.EXECUTING, status, way, evidence)
    for effect in (InstanceEffect.STOP, InstanceEffect.ROLL_BACK):
        for status, (way, evidence) in _HALTED.items():
            yield EffectRow(effect, EventStatus.EXECUTING, status, way, evidence)
    for effect, evidence in (
        (InstanceEffect.RELEASE, "documented that it is released; that it is when the event has run is a guess"),
        (InstanceEffect.ROLL_BACK, "documented"),
    ):
        for status in InstanceStatus:
            yield EffectRow(effect, EventStatus.EXECUTED, status, None, evidence)


EFFECTS: Final = tuple(_rows())
_BY_STATUSES: Final = {(row.effect, row.taken, row.status): row for row in EFFECTS}


def effect_row(effect: InstanceEffect, taken: EventStatus, status: InstanceStatus) -> EffectRow | None:
    """Return the row, or None if events with this effect do nothing when they take this status."""
    return _BY_STATUSES.get((effect, taken, status))
