"""The scenarios of `ecs_scenarios`, one row each, and which types of events can live through which."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pytest_ecsevents.clock import SECOND, Micros
from pytest_ecsevents.services.ecs import EVENT_TYPES, EventStatus, Trigger, first_statuses, next_status

MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

NOTICE: Final = 24 * HOUR
"""From publication to NotBefore: scheduled maintenance is published 24 to 48 hours ahead (documented)."""

LASTS: Final = 10 * MINUTE
"""How long the event of a scenario is Executing: within ten minutes (documented in 2021)."""

_INQUIRING, _SCHEDULED, _EXECUTING = EventStatus.INQUIRING, EventStatus.SCHEDULED, EventStatus.EXECUTING
_EXECUTED, _AVOIDED = EventStatus.EXECUTED, EventStatus.AVOIDED
_CANCELED, _FAILED = EventStatus.CANCELED, EventStatus.FAILED

ANSWERS: Final = (Trigger.REBOOT, Trigger.REDEPLOY)
"""What a handler can do through the API to have a Scheduled event Avoided."""


@dataclass(frozen=True, slots=True)
class Act:
    """What the cloud does of itself in a scenario, besides running the event.

    Attributes:
        at: When, counted from the NotBefore that the event is published with; from publication, if it is Executing then.
        kind: "cancel", or "reschedule".
        to: The new NotBefore, counted likewise.
    """

    at: Micros
    kind: Literal["cancel", "reschedule"]
    to: Micros = 0


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """One scenario.

    Attributes:
        name: `canceled-before`.
        what: What happens, in a sentence.
        born: The status the event is published in: the first of these that its type can be born in.
        looks: When the handler first looks, counted as `Act.at` is; never before publication.
        evidence: What speaks for it: the documentation, or a guess.
        kinds: Whether the event is simulated, in order of preference.
        moves: (status, trigger) of which one must move such an event, or the type has no such scenario.
        acts: What the cloud does of itself.
        throttling: The calls that are refused, and with what; none if it is empty.
        ends: The event's status when all is over and nobody did anything.
        answered: The statuses in which a correct handler may have it instead, where it can be answered in time.
    """

    name: str
    what: str
    born: tuple[EventStatus, ...]
    looks: Micros
    evidence: str
    kinds: tuple[bool, ...] = (True, False)
    moves: tuple[tuple[EventStatus, Trigger], ...] = ()
    acts: tuple[Act, ...] = ()
    throttling: Literal["", "Throttling", "Throttling.User"] = ""
    ends: EventStatus = _EXECUTED
    answered: tuple[EventStatus, ...] = ()


_PLANNED: Final = (_SCHEDULED,)
_EITHER: Final = (_SCHEDULED, _EXECUTING)

_ROWS: Final = (
    ScenarioRow(
        "executed",
        "The event has run and ended when the handler first looks.",
        _EITHER,
        LASTS + MINUTE,
        "documented: a handler may have been down; finished events are what history shows unasked",
    ),
    ScenarioRow(
        "avoidable",
        "The event is published 24 hours ahead, and can be answered in time.",
        _PLANNED,
        -NOTICE,
        "documented: 24 to 48 hours of notice; RebootInstance or RedeployInstance answers it",
        moves=((_SCHEDULED, Trigger.REBOOT), (_SCHEDULED, Trigger.REDEPLOY)),
        answered=(_AVOIDED,),
    ),
    ScenarioRow(
        "canceled-before",
        "The event is canceled 12 hours before its NotBefore, unless it has been answered by then.",
        _PLANNED,
        -NOTICE,
        "documented: CancelSimulatedSystemEvents of a Scheduled event; the provider withdraws real ones alike",
        kinds=(True,),
        moves=((_SCHEDULED, Trigger.CANCEL),),
        acts=(Act(-12 * HOUR, "cancel"),),
        ends=_CANCELED,
        answered=(_CANCELED, _AVOIDED),
    ),
    ScenarioRow(
        "canceled-during",
        "The event is Executing when the handler first looks, and canceled 4 minutes later.",
        _EITHER,
        MINUTE,
        "documented: CancelSimulatedSystemEvents of an Executing event",
        kinds=(True,),
        moves=((_EXECUTING, Trigger.CANCEL),),
        acts=(Act(5 * MINUTE, "cancel"),),
        ends=_CANCELED,
    ),
    ScenarioRow(
        "failed",
        "The event is Executing when the handler first looks, and ends Failed.",
        _EITHER,
        MINUTE,
        "documented: Scheduled, Executing, then Executed or Failed; no source has a simulated event fail",
        kinds=(False,),
        moves=((_EXECUTING, Trigger.EXECUTION_FAILS),),
        ends=_FAILED,
    ),
    ScenarioRow(
        "rescheduled-later",
        "NotBefore is moved a day on, 12 hours before it comes.",
        _PLANNED,
        -NOTICE,
        "ModifySystemEventAttribute is in the SDK; which events and instants it takes is a guess",
        kinds=(False,),
        acts=(Act(-12 * HOUR, "reschedule", 24 * HOUR),),
        answered=(_AVOIDED,),
    ),
    ScenarioRow(
        "rescheduled-earlier",
        "NotBefore is moved from 24 to 12 hours after publication, 6 hours before it comes.",
        _PLANNED,
        -NOTICE,
        "ModifySystemEventAttribute is in the SDK; which events and instants it takes is a guess",
        kinds=(False,),
        acts=(Act(-18 * HOUR, "reschedule", -12 * HOUR),),
        answered=(_AVOIDED,),
    ),
    ScenarioRow(
        "inquired",
        "The event has no NotBefore, and waits for AcceptInquiredSystemEvent for as long as it takes.",
        (_INQUIRING,),
        0,
        "documented: Inquiring becomes Executing when the user has accepted; simulated events are never Inquiring",
        kinds=(False,),
        moves=((_INQUIRING, Trigger.ACCEPT),),
        ends=_INQUIRING,
        answered=(_EXECUTED, _AVOIDED),
    ),
    ScenarioRow(
        "throttled",
        "Every call is refused with Throttling in the minute that begins with the handler's first.",
        _EITHER,
        -NOTICE,
        "observed: a quota for each minute, said by authors of Alibaba's own drivers; how much it is, is a guess",
        throttling="Throttling",
        answered=(_AVOIDED,),
    ),
    ScenarioRow(
        "throttled-user",
        "The first call of each action is refused with Throttling.User, which no SDK repeats by itself.",
        _EITHER,
        -NOTICE,
        "documented code; measured that the SDKs do not repeat it; which calls it meets is a guess",
        throttling="Throttling.User",
        answered=(_AVOIDED,),
    ),
    ScenarioRow(
        "duplicate-polls",
        "The event can be seen for half an hour before its NotBefore, and for 10 minutes while it is Executing.",
        _EITHER,
        -30 * MINUTE,
        "documented: queries show an event for as long as it has the status asked for",
        answered=(_AVOIDED,),
    ),
    ScenarioRow(
        "just-before",
        "The handler first looks one second before NotBefore.",
        _PLANNED,
        -SECOND,
        "documented: a reboot before NotBefore avoids; instants have whole seconds",
        answered=(_AVOIDED, _EXECUTED),
    ),
    ScenarioRow(
        "at-not-before",
        "The handler first looks at NotBefore itself, when it is too late.",
        _PLANNED,
        0,
        "documented: the event runs at NotBefore",
    ),
    ScenarioRow(
        "just-after",
        "The handler first looks one second after NotBefore, while the event is Executing.",
        _PLANNED,
        SECOND,
        "documented: the event runs at NotBefore",
    ),
)

SCENARIOS: Final = {row.name: row for row in _ROWS}


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario for one type of event.

    Attributes:
        row: The scenario.
        event_type: The type.
        simulated: Whether the event is a simulated one.
    """

    row: ScenarioRow
    event_type: str
    simulated: bool

    @property
    def case_id(self) -> str:
        """`SystemMaintenance.Reboot-canceled-before`."""
        return f"{self.event_type}-{self.row.name}"

    @property
    def born(self) -> EventStatus:
        """The status the event is published in, as documented; a setting may have it otherwise."""
        status = _born(self.row, self.event_type, self.simulated)
        assert status is not None
        return status

    @property
    def expected(self) -> tuple[EventStatus, ...]:
        """The statuses in which a handler that answers events correctly may have it when all is over."""
        if not self.row.answered:
            return (self.row.ends,)
        can_be = _outcomes(self.event_type, self.simulated, self.born)
        return tuple(status for status in self.row.answered if status in can_be) or (self.row.ends,)


def case_of(row: ScenarioRow, event_type: str, simulated: bool | None = None) -> Case | None:
    """The scenario for a type, or None where the type has no such scenario.

    Args:
        row: The scenario.
        event_type: The type.
        simulated: Whether the event must be simulated or must be real; None for whichever can be answered, and of two such
            a simulated one.
    """
    kinds = row.kinds if simulated is None else [kind for kind in row.kinds if kind is simulated]
    legal = [Case(row, event_type, kind) for kind in kinds if _is_legal(row, event_type, kind)]
    return max(legal, key=lambda case: _AVOIDED in case.expected, default=None)


def types_of(row: ScenarioRow, simulated: bool | None = None) -> Iterable[str]:
    """The types that have a scenario."""
    return (name for name in EVENT_TYPES if case_of(row, name, simulated) is not None)


def scenarios_of(event_type: str, simulated: bool | None = None) -> Iterable[str]:
    """The names of the scenarios that a type has."""
    return (name for name, row in SCENARIOS.items() if case_of(row, event_type, simulated) is not None)


def _born(row: ScenarioRow, event_type: str, simulated: bool) -> EventStatus | None:
    can_be = first_statuses(EVENT_TYPES[event_type], simulated, failures_are_scheduled=False)
    return next((status for status in row.born if status in can_be), None)


def _is_legal(row: ScenarioRow, event_type: str, simulated: bool) -> bool:
    known = EVENT_TYPES[event_type]
    if (simulated and not known.can_simulate) or _born(row, event_type, simulated) is None:
        return False
    # The published list of statuses is of real events; simulated ones can be canceled whatever it says.
    if not simulated and row.ends not in known.statuses:
        return False
    moved = (next_status(event_type, simulated, status, trigger) for status, trigger in row.moves)
    return not row.moves or any(moved)


def _outcomes(event_type: str, simulated: bool, born: EventStatus) -> set[EventStatus | None]:
    """The final statuses that an event may be brought to from the status it is born in."""
    if born == _INQUIRING:
        return {_EXECUTED, next_status(event_type, simulated, born, Trigger.REDEPLOY)}
    answered = {next_status(event_type, simulated, born, trigger) for trigger in ANSWERS}
    return {_CANCELED, _EXECUTED, *answered} if _AVOIDED in answered else set()
