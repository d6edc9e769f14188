"""Prepares a scenario for a test: publishes the event, plans the provider's steps, moves the clock."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents.clock._times import Micros, from_micros, instant_text
from pytest_ecsevents.face._ecs_events import EcsEvents, parts_of
from pytest_ecsevents.face._scenarios import HOUR, LASTS, MINUTE, NOTICE, Case, ProviderStep
from pytest_ecsevents.face._wiring import Parts
from pytest_ecsevents.report._reasons import why_not
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.services._products import ACTIONS
from pytest_ecsevents.services.ecs._catalogue import EventStatus
from pytest_ecsevents.services.ecs._model import EventRecord, SystemEvent, record_of

__tracebackhide__ = hidden_in_reports

_ONE_MORE_DAY: Final = 24 * HOUR
"""Time for a handler to answer an event that does not end by itself."""


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a scenario that happens by itself, unless the handler answers the event.

    Attributes:
        at_micros: When, in microseconds since the epoch.
        what: The event's new status, or another change of it, in words.
    """

    at_micros: Micros
    what: str

    @property
    def at(self) -> dt.datetime:
        """When, aware UTC."""
        return from_micros(self.at_micros)

    def __repr__(self) -> str:
        return f"<PlannedStep {instant_text(self.at_micros)}: {self.what}>"


@dataclass(frozen=True, slots=True)
class Scenario:
    """What `@pytest.mark.ecs_scenarios` prepared for a test: the fixture `ecs_scenario`.

    Attributes:
        name: `canceled-before`.
        event: The event.
        what: What happens, in a sentence.
        evidence: The documentation for it, or that it is a guess.
        plan: The steps that happen by themselves, unless the handler answers the event.
        until_micros: An hour after the last step, in microseconds since the epoch.
        expected_without_handler: The event's status at that time without a handler.
        expected: The possible statuses at that time with a correct handler.
    """

    name: str
    event: SystemEvent
    what: str
    evidence: str
    plan: tuple[PlannedStep, ...]
    until_micros: Micros
    expected_without_handler: EventStatus
    expected: tuple[EventStatus, ...]
    _parts: Parts = field(repr=False, compare=False)

    @property
    def event_type(self) -> str:
        """`SystemMaintenance.Reboot`."""
        return self.event.event_type

    @property
    def instance_id(self) -> str:
        """The event's instance."""
        return self.event.instance_id

    @property
    def until(self) -> dt.datetime:
        """The end of the scenario, for `run` and `advance_to`; aware UTC."""
        return from_micros(self.until_micros)

    def assert_expected(self) -> None:
        """Assert that the event has one of the `expected` statuses.

        Raises:
            AssertionError: It has another one; the message gives the reason and describes the scenario.
        """
        status = self.event.status
        if status in self.expected:
            return
        record, story = record_of(self.event), self._parts.story()
        reasons = [f"It is not {one}: {why_not(record, one, story)}" for one in self.expected]
        lines = [f"expected the event to be {_either(self.expected)}, but it is {status}.", *reasons]
        raise AssertionError("\n".join([*lines, self.text(), f"The event: {self.event!r}"]))

    def text(self) -> str:
        """The scenario in a few lines, for the failure report."""
        steps = [f"\n  {instant_text(step.at_micros)}  {step.what}" for step in self.plan]
        return (
            f"Scenario {self.name} of {self.event_type} on {self.instance_id}: {self.what}\n"
            f"At {instant_text(self.until_micros)} it is {self.expected_without_handler} without a handler, and "
            f"{_either(self.expected)} with a correct one."
            f"{' Without a handler these steps happen:' if steps else ''}{''.join(steps)}"
        )

    def __repr__(self) -> str:
        return f"<Scenario {self.event_type}-{self.name} on {self.instance_id}>"


def _either(statuses: tuple[EventStatus, ...]) -> str:
    return " or ".join(statuses)


def stage_case(ecs_events: EcsEvents, case: Case, instance_id: str) -> Scenario:
    """Publish the event of a case, plan the provider's steps, and move to the handler's first look."""
    cause = f"scenario {case.row.name}"
    event = _publish_event(ecs_events, case, instance_id, cause)
    record = record_of(event)
    planned = record.not_before if record.status == EventStatus.SCHEDULED else None
    begins = record.published_at if planned is None else planned  # when the event is Executing
    for step in case.row.steps:
        ecs_events.at(from_micros(begins + step.at), partial(_perform, ecs_events, record, begins, step, cause))
    if case.row.throttling:
        parts_of(ecs_events).recorder.refuse(case.row.throttling, _GATES[case.row.throttling]())
    looks = max(record.published_at, begins + case.row.looks)
    plan = tuple(_plan(record, begins, case))
    ecs_events.advance_to(from_micros(looks))
    ends = max([looks, *(step.at_micros for step in plan)])
    return Scenario(
        name=case.row.name,
        event=event,
        what=case.row.what,
        evidence=case.row.evidence,
        plan=plan,
        until_micros=ends + (HOUR if plan else _ONE_MORE_DAY),
        expected_without_handler=case.row.ends,
        expected=case.expected,
        _parts=parts_of(ecs_events),
    )


def _publish_event(ecs_events: EcsEvents, case: Case, instance_id: str, cause: str) -> SystemEvent:
    not_before = {
        EventStatus.SCHEDULED: dt.timedelta(microseconds=NOTICE),
        # A simulated event that starts Executing ends at its NotBefore; a real one has none.
        EventStatus.EXECUTING: dt.timedelta(microseconds=LASTS) if case.simulated else None,
        EventStatus.INQUIRING: None,
    }
    return parts_of(ecs_events).create_event(
        f"published by {cause}",
        case.event_type,
        instance_id,
        not_before[case.born],
        simulated=case.simulated,
        # The setting `failure_events` decides on simulated ones.
        status=None if case.simulated else case.born,
        outcome="Failed" if case.row.ends == EventStatus.FAILED else "Executed",
        executing_for=dt.timedelta(microseconds=LASTS),
    )


def _perform(ecs_events: EcsEvents, event: EventRecord, begins: Micros, step: ProviderStep, cause: str) -> None:
    """Take a step of the provider, if the event's status still allows it."""
    if step.kind == "cancel" and not event.status.is_final:
        parts_of(ecs_events).cloud.events.cancel([event], cause=f"canceled by {cause}")
    elif step.kind == "reschedule" and event.status == EventStatus.SCHEDULED:
        parts_of(ecs_events).cloud.events.reschedule(event, begins + step.to, cause=f"rescheduled by {cause}")


def _plan(event: EventRecord, begins: Micros, case: Case) -> Iterator[PlannedStep]:
    """The steps from publication on that happen by themselves."""
    if event.status == EventStatus.INQUIRING:
        return
    runs, canceled_at = begins, None
    for step in case.row.steps:
        if step.kind == "cancel":
            canceled_at = begins + step.at
        else:
            runs = begins + step.to
            yield PlannedStep(begins + step.at, f"NotBefore is moved to {instant_text(runs)}")
    ends = runs + LASTS
    if event.status == EventStatus.SCHEDULED and (canceled_at is None or canceled_at > runs):
        yield PlannedStep(runs, str(EventStatus.EXECUTING))
    yield PlannedStep(ends if canceled_at is None else canceled_at, str(case.row.ends))


# -- throttling


@dataclass(slots=True)
class _ForAMinute:
    """Matches all calls in the minute that begins with the first call."""

    ends_at: Micros | None = None

    def applies(self, call: ApiCall) -> bool:
        if not is_of_ecs(call):
            return False
        if self.ends_at is None:
            self.ends_at = call.at_micros + MINUTE
        return call.at_micros < self.ends_at


@dataclass(slots=True)
class _OncePerAction:
    seen: set[str] = field(default_factory=set)

    def applies(self, call: ApiCall) -> bool:
        is_first = is_of_ecs(call) and call.action not in self.seen
        self.seen.add(call.action)
        return is_first


@dataclass(slots=True)
class _FirstChange:
    was_met: bool = False

    def applies(self, call: ApiCall) -> bool:
        is_it = not self.was_met and is_of_ecs(call) and not call.action.startswith("Describe")
        self.was_met |= is_it
        return is_it


_GATES: Final = {
    "Throttling": _ForAMinute,
    "Throttling.User": _OncePerAction,
    "connection reset": _FirstChange,
}


def is_of_ecs(call: ApiCall) -> bool:
    """Whether a call is answered by the fake ECS, and not by a stub."""
    return call.product == "Ecs" and call.action in ACTIONS
