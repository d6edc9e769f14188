"""The scenarios of `ecs_scenarios`, a table in `scenarios.csv`, and the types of events that each is possible for."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pytest_ecsevents.clock._times import SECOND, Micros, parse_duration
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, EventStatus
from pytest_ecsevents.services.ecs._lifecycle import Trigger, first_statuses, next_status

MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

NOTICE: Final = 24 * HOUR
"""From publication to NotBefore: scheduled maintenance is published 24 to 48 hours ahead (documented)."""

LASTS: Final = 10 * MINUTE
"""How long the event of a scenario is Executing: within ten minutes (documented in 2021)."""

_INQUIRING, _CANCELED = EventStatus.INQUIRING, EventStatus.CANCELED
_EXECUTED, _AVOIDED = EventStatus.EXECUTED, EventStatus.AVOIDED

_AVOIDED_BY: Final = (Trigger.REBOOT, Trigger.REDEPLOY)
"""What a handler can do through the API to have a Scheduled event Avoided."""


@dataclass(frozen=True, slots=True)
class ProviderStep:
    """Something that the provider does in a scenario, besides running the event."""

    kind: str
    at: Micros
    to: Micros


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """One scenario.

    Attributes:
        name: `canceled-before`.
        what: What happens, in a sentence.
        born: The status of a new event: the first of these that its type allows.
        looks: When the handler first looks, counted as `ProviderStep.at`; never before publication.
        kinds: Whether the event is simulated, in order of preference.
        moves: Pairs of status and trigger. A type that no pair applies to has no such scenario.
        steps: What the provider does.
        throttling: The error of refused calls, or the network fault of the first that changes something; empty for none.
        ends: The event's last status without a handler.
        answered: Its last statuses with a correct handler, for types that a handler can answer in time.
        evidence: The documentation for it, or that it is a guess.
    """

    name: str
    what: str
    born: tuple[EventStatus, ...]
    looks: Micros
    kinds: tuple[bool, ...]
    moves: tuple[tuple[EventStatus, Trigger], ...]
    steps: tuple[ProviderStep, ...]
    throttling: str
    ends: EventStatus
    answered: tuple[EventStatus, ...]
    evidence: str


def _row(cells: dict[str, str]) -> ScenarioRow:
    moves = (move.split(":") for move in cells["moves"].split())  # Scheduled:CANCEL
    return ScenarioRow(
        name=cells["name"],
        what=cells["what"],
        born=tuple(map(EventStatus, cells["born"].split())),
        looks=_offset(cells["looks"]),
        kinds=tuple(kind == "simulated" for kind in cells["kinds"].split()),
        moves=tuple((EventStatus(status), Trigger[trigger]) for status, trigger in moves),
        steps=tuple(map(_step, cells["steps"].split())),
        throttling=cells["throttling"],
        ends=EventStatus(cells["ends"]),
        answered=tuple(map(EventStatus, cells["answered"].split())),
        evidence=cells["evidence"],
    )


def _step(text: str) -> ProviderStep:
    """`reschedule@-12h>1d`."""
    kind, _, times = text.partition("@")
    at, _, to = times.partition(">")
    return ProviderStep(kind, _offset(at), _offset(to or "0s"))


def _offset(text: str) -> Micros:
    span = parse_duration(text.removeprefix("-"), "scenarios.csv")
    return -span if text.startswith("-") else span


with Path(__file__).with_name("scenarios.csv").open(encoding="utf-8", newline="") as _file:
    _ROWS: Final = [_row(cells) for cells in csv.DictReader(_file)]

SCENARIOS: Final = {row.name: row for row in _ROWS}


@dataclass(frozen=True, slots=True)
class Case:
    row: ScenarioRow
    event_type: str
    simulated: bool

    @property
    def case_id(self) -> str:
        """`SystemMaintenance.Reboot-canceled-before`."""
        return f"{self.event_type}-{self.row.name}"

    @property
    def born(self) -> EventStatus:
        """The first status, as documented; the setting `failure_events` may change it."""
        status = _born(self.row, self.event_type, self.simulated)
        assert status is not None
        return status

    @property
    def expected(self) -> tuple[EventStatus, ...]:
        """The possible last statuses with a correct handler."""
        if not self.row.answered:
            return (self.row.ends,)
        # The last statuses that a handler can bring an event to from its first one.
        next_by = partial(next_status, self.event_type, self.simulated, self.born)
        can_be = {_EXECUTED, next_by(Trigger.REDEPLOY)}
        if self.born != _INQUIRING:
            answered = set(map(next_by, _AVOIDED_BY))
            can_be = {_CANCELED, _EXECUTED, *answered} if _AVOIDED in answered else set()
        return tuple(status for status in self.row.answered if status in can_be) or (self.row.ends,)


def case_of(row: ScenarioRow, event_type: str, simulated: bool | None = None) -> Case | None:
    """The scenario for a type; None if the type has no such scenario.

    `simulated=None` prefers an event that can be answered, then a simulated one.
    """
    kinds = row.kinds if simulated is None else [kind for kind in row.kinds if kind is simulated]
    legal = [Case(row, event_type, kind) for kind in kinds if _is_legal(row, event_type, kind)]
    return max(legal, key=lambda case: _AVOIDED in case.expected, default=None)


def types_of(row: ScenarioRow, simulated: bool | None = None) -> Iterable[str]:
    return (name for name in EVENT_TYPES if case_of(row, name, simulated) is not None)


def scenarios_of(event_type: str, simulated: bool | None = None) -> Iterable[str]:
    """The names of the scenarios of a type."""
    return (name for name, row in SCENARIOS.items() if case_of(row, event_type, simulated) is not None)


def _born(row: ScenarioRow, event_type: str, simulated: bool) -> EventStatus | None:
    can_be = first_statuses(EVENT_TYPES[event_type], simulated, failures_are_scheduled=False)
    return next((status for status in row.born if status in can_be), None)


def _is_legal(row: ScenarioRow, event_type: str, simulated: bool) -> bool:
    known = EVENT_TYPES[event_type]
    if (simulated and not known.can_simulate) or _born(row, event_type, simulated) is None:
        return False
    # The documented statuses of a type are those of real events; simulated ones can always be canceled.
    if not simulated and row.ends not in known.statuses:
        return False
    moved = (next_status(event_type, simulated, status, trigger) for status, trigger in row.moves)
    return not row.moves or any(moved)
