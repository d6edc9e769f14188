"""Strategies for histories of events that the table of the lifecycle allows."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents.clock._times import SECOND, Duration, Micros, parse_duration
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, FINAL, EventStatus
from pytest_ecsevents.services.ecs._lifecycle import Trigger, first_statuses, next_status
from pytest_ecsevents.services.ecs._model import SystemEvent
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

_INTERVENTIONS: Final = {
    Trigger.REBOOT: "reboot",
    Trigger.CANCEL: "cancel",
    Trigger.ACCEPT: "accept",
    Trigger.REDEPLOY: "redeploy",
    Trigger.REDEPLOY_LOCAL_DISKS: "redeploy",
    Trigger.RENEW: "renew",
    Trigger.RELEASE: "release",
}
"""Methods of `EcsEvents` by the trigger that they set off."""

_LOCAL_DISK: Final = {"disk_id": "d-local", "category": "local_ssd_pro"}


@dataclass(frozen=True, slots=True)
class Moment:
    """One transition in a history.

    Attributes:
        status: The new status.
        at: When, counted from publication.
        cause: "published", "not-before", "ends", "fails", "reschedule", "reboot", "cancel", "accept", "redeploy", "renew"
            or "release".
        not_before: The NotBefore from then on, counted from publication; None if it has none ahead.
    """

    status: str
    at: dt.timedelta
    cause: str
    not_before: dt.timedelta | None


@dataclass(frozen=True, slots=True)
class History:
    """The history of one event.

    Attributes:
        event_type: `SystemMaintenance.Reboot`, ...
        simulated: Whether it is a simulated event.
        outcome: Its last status without intervention: "Executed" or "Failed".
        executing_for: How long it is Executing, if it ends by itself.
        moments: Its transitions in order, the first its publication.
    """

    event_type: str
    simulated: bool
    outcome: str
    executing_for: dt.timedelta
    moments: tuple[Moment, ...]

    @property
    def is_finished(self) -> bool:
        """Whether the last status is final."""
        return self.moments[-1].status in FINAL

    @property
    def lasts(self) -> dt.timedelta:
        """The time from publication to the last moment."""
        return self.moments[-1].at

    def publish(self, ecs_events: "EcsEvents", instance_id: str = "i-1") -> SystemEvent:
        """Publish the event now, on a new instance of that id; the rest of the history happens as time moves."""
        first = self.moments[0]
        ecs_events.instances.add(instance_id, disks=[_LOCAL_DISK] if self._needs_local_disk else [])
        event = ecs_events.create(
            self.event_type,
            instance_id,
            not_before=first.not_before,
            simulated=self.simulated,
            # The setting `failure_events` decides on simulated ones.
            status=None if self.simulated else first.status,
            outcome=self.outcome,
            executing_for=self.executing_for,
        )
        for moment in self.moments[1:]:
            self._plan(ecs_events, event, moment)
        return event

    @property
    def _needs_local_disk(self) -> bool:
        """Only instances with local disks can be redeployed while an event is Executing (documented)."""
        steps = zip(self.moments, self.moments[1:], strict=False)
        return any(before.status == _EXECUTING and after.cause == "redeploy" for before, after in steps)

    def _plan(self, ecs_events: "EcsEvents", event: SystemEvent, moment: Moment) -> None:
        when = event.publish_time + moment.at
        if moment.cause == "reschedule":
            assert moment.not_before is not None
            ecs_events.at(when, ecs_events.reschedule, event, event.publish_time + moment.not_before)
        elif moment.cause in _INTERVENTIONS.values():
            subject = event if moment.cause in ("cancel", "accept") else event.instance_id
            ecs_events.at(when, getattr(ecs_events, moment.cause), subject)


def histories(
    types: Types = None,
    *,
    simulated: bool | None = None,
    within: Duration = WEEK,
    finished: bool = False,
) -> st.SearchStrategy[History]:
    """Histories that the table of the lifecycle allows, with interventions at random.

        @given(histories(simulated=True, finished=True))
        def test_it(history):
            with EcsEvents() as ecs_events:
                event = history.publish(ecs_events)
                ecs_events.run(handler, until=history.lasts + timedelta(hours=1))

    Args:
        types: As of `planned_events`.
        simulated: As of `planned_events`.
        within: The longest time that an event waits for its NotBefore, or to be accepted.
        finished: True: every history reaches a final status. False: some break off.
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
    """A random walk through the table of the lifecycle; instants count from publication."""

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
        self._moments = [self._moment("published")]

    def moments(self, *, finished: bool) -> tuple[Moment, ...]:
        while self._status not in FINAL and (finished or self._draw(st.sampled_from((True, True, True, False)))):
            self._step()
        return tuple(self._moments)

    def _moment(self, cause: str) -> Moment:
        not_before = None if self._not_before is None else _delta(self._not_before)
        return Moment(str(self._status), _delta(self._at), cause, not_before)

    def _step(self) -> None:
        """Draw the next transition: the one that comes by itself, or an intervention before it."""
        comes: tuple[Trigger, Micros] | None = None  # the next transition without intervention, and its instant
        if self._not_before is not None:
            comes = Trigger.NOT_BEFORE, self._not_before
        elif self._status != EventStatus.INQUIRING:
            comes = self._ends_by, self._at + self.executing_for
        chosen = self._draw(st.sampled_from(self._choices(comes)))
        if chosen is None:
            assert comes is not None
            trigger, self._at = comes
            cause = {Trigger.NOT_BEFORE: "not-before", Trigger.EXECUTION_FAILS: "fails"}.get(trigger, "ends")
            self._move(trigger, cause)
            return
        self._at = self._draw(micros_between(self._at, self._before(comes)))
        if isinstance(chosen, Trigger):
            self._move(chosen, _INTERVENTIONS[chosen])
        else:
            self._not_before = self._draw(micros_between(self._at, self._at + self._within))
            self._moments.append(self._moment("reschedule"))

    def _move(self, trigger: Trigger, cause: str) -> None:
        status = next_status(self._type, self._simulated, self._status, trigger)
        assert status is not None
        if status == _EXECUTING:
            self._not_before = None
        self._status = status
        self._moments.append(self._moment(cause))

    def _choices(self, comes: "tuple[Trigger, Micros] | None") -> "list[Trigger | str | None]":
        choices: list[Trigger | str | None] = [] if comes is None else [None]
        if self._before(comes) < self._at:
            return choices
        reschedulings = [moment for moment in self._moments if moment.cause == "reschedule"]
        if self._status == _SCHEDULED and len(reschedulings) < self.MOST_RESCHEDULINGS:
            choices.append("reschedule")
        moves = (
            trigger for trigger in _INTERVENTIONS if next_status(self._type, self._simulated, self._status, trigger)
        )
        return [*choices, *moves]

    def _before(self, comes: "tuple[Trigger, Micros] | None") -> Micros:
        """The last instant for an intervention."""
        return self._at + self._within if comes is None else comes[1] - SECOND
