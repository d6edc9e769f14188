"""Strategies for event types, instants and schedules of events."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from hypothesis import strategies as st

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents.clock._times import (
    SECOND,
    Duration,
    Micros,
    When,
    delta_micros,
    from_micros,
    parse_duration,
    parse_when,
)
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, SIMULATED_TYPES, EventStatus
from pytest_ecsevents.services.ecs._checks import event_type_named
from pytest_ecsevents.services.ecs._lifecycle import first_statuses
from pytest_ecsevents.services.ecs._model import SystemEvent

if TYPE_CHECKING:
    from pytest_ecsevents import EcsEvents

__tracebackhide__ = hidden_in_reports

DEFAULT_START: Final = "2030-01-01T00:00:00Z"
WEEK: Final = "7d"
INSTANCE_IDS: Final = ("i-1", "i-2", "i-3")

# Offsets at which handlers often decide differently; drawn more often, so that instants of events coincide.
_NOTABLE: Final = tuple(seconds * SECOND for seconds in (0, 1, 60, 3_600, 24 * 3_600, 48 * 3_600))


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """One event to publish.

    Attributes:
        event_type: `SystemMaintenance.Reboot`, ...
        instance_id: Its instance.
        offset: From publication to NotBefore; None for events that wait to be accepted or run immediately.
        simulated: Whether it is a simulated event.
        status: Its first status, as documented.
        outcome: Its last status without intervention: "Executed" or "Failed".
    """

    event_type: str
    instance_id: str
    offset: dt.timedelta | None
    simulated: bool
    status: str
    outcome: str

    def publish(self, ecs_events: "EcsEvents") -> SystemEvent:
        """Publish the event now; declare its instance if necessary."""
        if self.instance_id not in ecs_events.instances:
            ecs_events.instances.add(self.instance_id)
        return ecs_events.create(
            self.event_type,
            self.instance_id,
            not_before=self.offset,
            simulated=self.simulated,
            # The setting `failure_events` decides on simulated ones.
            status=None if self.simulated else self.status,
            outcome=self.outcome,
        )


Types: TypeAlias = "st.SearchStrategy[str] | Sequence[str] | None"
"""Event types: a strategy, names, or None for all possible ones."""


def of_types(types: Types, simulated: bool | None) -> st.SearchStrategy[str]:
    """Names of the types in an argument; `simulated=True` allows only those that can be simulated."""
    if types is None:
        return event_types(simulated=simulated is True)
    if isinstance(types, st.SearchStrategy):
        return types
    names = [types] if isinstance(types, str) else types
    if not isinstance(names, (list, tuple)) or not names:
        raise BadArgumentError(
            f'types is {types!r}. Pass a list of names, such as ["SystemMaintenance.Reboot"], a strategy that gives names, or '
            "None for all."
        )
    among = SIMULATED_TYPES if simulated else tuple(EVENT_TYPES)
    return st.sampled_from([event_type_named(name, "types", among=among).name for name in names])


def event_types(*, simulated: bool = False) -> st.SearchStrategy[str]:
    """Names of event types; with `simulated=True` only those of CreateSimulatedSystemEvents (documented: seven)."""
    return st.sampled_from(SIMULATED_TYPES if simulated else tuple(EVENT_TYPES))


def offsets(within: Duration = WEEK, *, at_least: Duration = "0s") -> st.SearchStrategy[dt.timedelta]:
    """Durations from `at_least` to `within`, in whole seconds (the precision of event times); round ones more often."""
    longest, shortest = parse_duration(within, "within"), parse_duration(at_least, "at_least")
    if longest < shortest:
        raise BadArgumentError(f"at_least is {at_least!r}, longer than within, {within!r}. Pass a shorter one.")
    return micros_between(shortest, longest).map(lambda span: dt.timedelta(microseconds=span))


def micros_between(shortest: Micros, longest: Micros) -> st.SearchStrategy[Micros]:
    """The same in microseconds."""
    steps = st.integers(0, (longest - shortest) // SECOND).map(lambda seconds: shortest + seconds * SECOND)
    notable = [shortest + span for span in _NOTABLE if shortest + span < longest]
    return st.sampled_from([*notable, longest]) | steps


def instants(start: When = DEFAULT_START, *, within: Duration = WEEK) -> st.SearchStrategy[dt.datetime]:
    """Aware UTC datetimes of whole seconds, from `start` to `within` later."""
    earliest = parse_when(start, "start", 0)
    return offsets(within).map(lambda offset: from_micros(earliest + delta_micros(offset)))


def planned_events(
    instance_ids: Sequence[str] = INSTANCE_IDS,
    *,
    types: Types = None,
    simulated: bool | None = None,
    within: Duration = WEEK,
) -> st.SearchStrategy[PlannedEvent]:
    """Events to publish, each with properties that its type allows.

    Args:
        instance_ids: Ids of their instances.
        types: Their types: names, or a strategy for names; default: all that are possible.
        simulated: True for simulated events only, False for real ones only; default: both.
        within: The longest time from publication to NotBefore.
    """
    if isinstance(instance_ids, str) or not instance_ids:
        raise BadArgumentError(f'instance_ids is {instance_ids!r}. Pass a list, such as ["i-1", "i-2"].')
    return _planned_events(tuple(instance_ids), of_types(types, simulated), simulated, offsets(within))


@st.composite
def _planned_events(
    draw: st.DrawFn,
    instance_ids: tuple[str, ...],
    types: st.SearchStrategy[str],
    simulated: bool | None,
    offset: st.SearchStrategy[dt.timedelta],
) -> PlannedEvent:
    event_type = draw(types)
    is_simulated = draw(kinds_of(event_type, simulated))
    status = draw(st.sampled_from(first_statuses(EVENT_TYPES[event_type], is_simulated, failures_are_scheduled=False)))
    return PlannedEvent(
        event_type=event_type,
        instance_id=draw(st.sampled_from(instance_ids)),
        offset=draw(offset) if has_not_before(status, is_simulated) else None,
        simulated=is_simulated,
        status=str(status),
        outcome=draw(st.sampled_from(outcomes_of(event_type, is_simulated))),
    )


def kinds_of(event_type: str, simulated: bool | None) -> st.SearchStrategy[bool]:
    can_be = EVENT_TYPES[event_type].can_simulate
    if simulated and not can_be:
        raise BadArgumentError(
            f"types gave {event_type!r}, which cannot be simulated. Pass event_types(simulated=True), or leave simulated out."
        )
    return st.sampled_from((True, False)) if can_be and simulated is None else st.just(bool(simulated))


def has_not_before(status: EventStatus, simulated: bool) -> bool:
    """Whether a new event in that status has a NotBefore: a simulated one that is Executing ends at its NotBefore."""
    return status == EventStatus.SCHEDULED or (status == EventStatus.EXECUTING and simulated)


def outcomes_of(event_type: str, simulated: bool) -> tuple[str, ...]:
    """The possible last statuses without intervention; only real events fail."""
    can_fail = not simulated and EventStatus.FAILED in EVENT_TYPES[event_type].statuses
    return ("Executed", "Failed") if can_fail else ("Executed",)


def schedules(
    instance_ids: Sequence[str] = INSTANCE_IDS,
    *,
    types: Types = None,
    simulated: bool | None = None,
    within: Duration = WEEK,
    min_size: int = 0,
    max_size: int = 10,
) -> st.SearchStrategy[list[PlannedEvent]]:
    """Lists of `min_size` to `max_size` events, to be published one after the other.

        @given(schedules(simulated=True))
        def test_it(schedule):
            with EcsEvents() as ecs_events:
                events = [planned.publish(ecs_events) for planned in schedule]

    The other arguments are those of `planned_events`.
    """
    events = planned_events(instance_ids, types=types, simulated=simulated, within=within)
    return st.lists(events, min_size=min_size, max_size=max_size)
