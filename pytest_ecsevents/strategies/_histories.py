"""Legal histories: what an event may live through, by the table of the lifecycle."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from hypothesis import strategies as st

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents.clock import SECOND, Duration, Micros, parse_duration
from pytest_ecsevents.services.ecs import (
    EVENT_TYPES,
    FINAL,
    EventStatus,
    SystemEvent,
    Trigger,
    first_statuses,
    next_status,
)
from pytest_ecsevents.strategies._schedules import (
    WEEK,
    Types,
    has_not_before,
    kinds_of,
    micros_between,
    of_types,
    outcomes_of,
)

if TYPE_CHECKING:
    from pytest_ecsevents import EcsEvents

__tracebackhide__ = hidden_in_reports

_SCHEDULED, _EXECUTING = EventStatus.SCHEDULED, EventStatus.EXECUTING

_Act: TypeAlias = "Callable[[EcsEvents, SystemEvent], None]"

# What somebody does to an event, each with what does it.
_INTERVENTIONS: Final[dict[Trigger, tuple[str, _Act]]] = {
    Trigger.REBOOT: ("reboot", lambda ecs_events, event: ecs_events.reboot(event.instance_id)),
    Trigger.CANCEL: ("cancel", lambda ecs_events, event: ecs_events.cancel(event)),
    Trigger.ACCEPT: ("accept", lambda ecs_events, event: ecs_events.accept(event)),
    Trigger.REDEPLOY: ("redeploy", lambda ecs_events, event: ecs_events.redeploy(event.instance_id)),
    Trigger.REDEPLOY_LOCAL_DISKS: ("redeploy", lambda ecs_events, event: ecs_events.redeploy(event.instance_id)),
    Trigger.RENEW: ("renew", lambda ecs_events, event: ecs_events.renew(event.instance_id)),
    Trigger.RELEASE: ("release", lambda ecs_events, event: ecs_events.release(event.instance_id)),
}
_BY_CAUSE: Final = dict(_INTERVENTIONS.values())
_LOCAL_DISK: Final = {"disk_id": "d-local", "category": "local_ssd_pro"}


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of a history.

    Attributes:
        status: The status that the event takes.
        at: When, from its publication on.
        cause: What does it: "published", "not-before", "ends", "fails", "reschedule", "reboot", "cancel", "accept",
            "redeploy", "renew" or "release".
        not_before: The NotBefore that it has from then on, from publication on; None where it has none ahead.
    """

    status: str
    at: dt.timedelta
    cause: str
    not_before: dt.timedelta | None


@dataclass(frozen=True, slots=True)
class History:
    """What one event lives through.

    Attributes:
        event_type: `SystemMaintenance.Reboot`, ...
        simulated: Whether it is a simulated event.
        outcome: How it ends when nobody interferes: "Executed" or "Failed".
        executing_for: How long it is Executing where it ends by itself.
        moments: Its moments in order, the first its publication.
    """

    event_type: str
    simulated: bool
    outcome: str
    executing_for: dt.timedelta
    moments: tuple[Moment, ...]

    @property
    def is_finished(self) -> bool:
        """Whether nothing can happen to the event any more."""
        return self.moments[-1].status in FINAL

    @property
    def lasts(self) -> dt.timedelta:
        """From publication to the last moment."""
        return self.moments[-1].at

    def publish(self, ecs_events: "EcsEvents", instance_id: str = "i-1") -> SystemEvent:
        """Publish the event now, on an instance that is declared for it, and have the history come true as time moves.

        Args:
            ecs_events: The cloud; it must have no such instance yet.
            instance_id: What the instance is to be called.
        """
        first = self.moments[0]
        ecs_events.instances.add(instance_id, disks=[_LOCAL_DISK] if self._needs_local_disk else [])
        event = ecs_events.create(
            self.event_type,
            instance_id,
            not_before=first.not_before,
            simulated=self.simulated,
            # Of simulated ones a setting decides.
            status=None if self.simulated else first.status,
            outcome=self.outcome,
            executing_for=self.executing_for,
        )
        for moment in self.moments[1:]:
            self._plan(ecs_events, event, moment)
        return event

    @property
    def _needs_local_disk(self) -> bool:
        """Whether it is redeployed while it is Executing, which only instances with local disks can be (documented)."""
        steps = zip(self.moments, self.moments[1:], strict=False)
        return any(before.status == _EXECUTING and after.cause == "redeploy" for before, after in steps)

    def _plan(self, ecs_events: "EcsEvents", event: SystemEvent, moment: Moment) -> None:
        when = event.publish_time + moment.at
        if moment.cause == "reschedule":
            assert moment.not_before is not None
            ecs_events.at(when, ecs_events.reschedule, event, event.publish_time + moment.not_before)
        elif moment.cause in _BY_CAUSE:
            ecs_events.at(when, _BY_CAUSE[moment.cause], ecs_events, event)


def histories(
    types: Types = None,
    *,
    simulated: bool | None = None,
    within: Duration = WEEK,
    finished: bool = False,
) -> st.SearchStrategy[History]:
    """Histories that the table of the lifecycle allows, in all of which somebody may have interfered.

        @given(histories(simulated=True, finished=True))
        def test_it(history):
            with EcsEvents() as ecs_events:
                event = history.publish(ecs_events)
                ecs_events.run(handler, until=history.lasts + timedelta(hours=1))

    Args:
        types: The types of their events: names, or a strategy that gives names; left out, `event_types()`, or of simulated
            events those that can be.
        simulated: Whether all events are simulated, or none; left out, either.
        within: The longest that an event waits for its NotBefore, and for leave.
        finished: Whether each history is told to its end; else some break off.

    Raises:
        BadArgumentError: `within` is no duration, or `types` are no types.
    """
    return _histories(of_types(types, simulated), simulated, parse_duration(within, "within"), finished)


@st.composite
def _histories(
    draw: st.DrawFn, types: st.SearchStrategy[str], simulated: bool | None, within: Micros, finished: bool
) -> History:
    event_type = draw(types)
    is_simulated = draw(kinds_of(event_type, simulated))
    outcome = draw(st.sampled_from(outcomes_of(event_type, is_simulated)))
    walk = _Walk(draw, event_type, is_simulated, outcome, within)
    return History(event_type, is_simulated, outcome, _delta(walk.executing_for), walk.moments(finished=finished))


def _delta(span: Micros) -> dt.timedelta:
    return dt.timedelta(microseconds=span)


class _Walk:
    """One way through the table of the lifecycle, drawn step by step; instants count from publication."""

    MOST_RESCHEDULINGS: Final = 2

    def __init__(self, draw: st.DrawFn, event_type: str, simulated: bool, outcome: str, within: Micros) -> None:
        self._draw: Final = draw
        self._type: Final = event_type
        self._simulated: Final = simulated
        self._ends_by: Final = Trigger.EXECUTION_FAILS if outcome == "Failed" else Trigger.EXECUTION_ENDS
        self._within: Final = within
        self.executing_for: Final = draw(micros_between(0, 3600 * SECOND))
        born = first_statuses(EVENT_TYPES[event_type], simulated, failures_are_scheduled=False)
        self._status = draw(st.sampled_from(born))
        self._at: Micros = 0
        ahead = has_not_before(self._status, simulated)
        self._not_before = draw(micros_between(0, within)) if ahead else None
        self._told = [self._moment("published")]

    def moments(self, *, finished: bool) -> tuple[Moment, ...]:
        """The moments, as far as they are told."""
        while self._status not in FINAL and (finished or self._draw(st.sampled_from((True, True, True, False)))):
            self._step()
        return tuple(self._told)

    def _moment(self, cause: str) -> Moment:
        not_before = None if self._not_before is None else _delta(self._not_before)
        return Moment(str(self._status), _delta(self._at), cause, not_before)

    def _step(self) -> None:
        """What comes by itself, or something that somebody does before."""
        comes = self._by_itself()
        chosen = self._draw(st.sampled_from(self._choices(comes)))
        if chosen is None:
            assert comes is not None
            trigger, self._at = comes
            cause = {Trigger.NOT_BEFORE: "not-before", Trigger.EXECUTION_FAILS: "fails"}.get(trigger, "ends")
            self._move(trigger, cause)
            return
        self._at = self._draw(micros_between(self._at, self._before(comes)))
        if isinstance(chosen, Trigger):
            self._move(chosen, _INTERVENTIONS[chosen][0])
        else:
            self._not_before = self._draw(micros_between(self._at, self._at + self._within))
            self._told.append(self._moment("reschedule"))

    def _move(self, trigger: Trigger, cause: str) -> None:
        status = next_status(self._type, self._simulated, self._status, trigger)
        assert status is not None
        if status == _EXECUTING:
            self._not_before = None
        self._status = status
        self._told.append(self._moment(cause))

    def _by_itself(self) -> "tuple[Trigger, Micros] | None":
        """What comes next when nobody interferes, and when."""
        if self._status == EventStatus.INQUIRING:
            return None
        if self._not_before is not None:
            return Trigger.NOT_BEFORE, self._not_before
        return self._ends_by, self._at + self.executing_for

    def _choices(self, comes: "tuple[Trigger, Micros] | None") -> "list[Trigger | str | None]":
        choices: list[Trigger | str | None] = [] if comes is None else [None]
        if self._before(comes) < self._at:
            return choices
        reschedulings = [moment for moment in self._told if moment.cause == "reschedule"]
        if self._status == _SCHEDULED and len(reschedulings) < self.MOST_RESCHEDULINGS:
            choices.append("reschedule")
        moves = (
            trigger for trigger in _INTERVENTIONS if next_status(self._type, self._simulated, self._status, trigger)
        )
        return [*choices, *moves]

    def _before(self, comes: "tuple[Trigger, Micros] | None") -> Micros:
        """The latest instant at which somebody is not too late."""
        return self._at + self._within if comes is None else comes[1] - SECOND
