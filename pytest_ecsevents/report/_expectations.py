"""Assertions about an event: what was expected, what happened, and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock._times import Micros, When, parse_when
from pytest_ecsevents.report._reasons import STATUSES, causes_to_avoid, history_lines, why_not
from pytest_ecsevents.report._story import Story
from pytest_ecsevents.services.ecs._catalogue import EventStatus
from pytest_ecsevents.services.ecs._model import EventRecord, Transition

__tracebackhide__ = hidden_in_reports


@dataclass(frozen=True, slots=True)
class Step:
    """One status that is expected of an event.

    Attributes:
        at: The instant, or None for any.
    """

    status: EventStatus
    at: Micros | None = None

    def is_met_by(self, change: Transition) -> bool:
        return change.to_status == self.status and self.at in (None, change.at_micros)

    def text(self, story: Story) -> str:
        """`Executed`, or `Executed at +24:00:01`."""
        return f"{self.status}" if self.at is None else f"{self.status} at {story.stamp(self.at)}"


def check_avoided(event: EventRecord, by: str | None, story: Story) -> None:
    """Check that an event is Avoided, by a cause if one is given.

    Raises:
        AssertionError: It is not.
        BadArgumentError: The cause never avoids events.
    """
    known = causes_to_avoid()
    if by is not None and by not in known:
        raise BadArgumentError(
            f"assert_avoided got by={by!r}.{did_you_mean(str(by), known)} Events are avoided by: {listed(known)}."
        )
    wanted = "to be avoided" if by is None else f"to be avoided by {by}"
    if event.status != EventStatus.AVOIDED:
        _fail(event, f"{wanted}, but it is {event.status}: {why_not(event, 'Avoided', story)}", story)
    last = event.transitions[-1]
    cause = last.cause.removesuffix(" before NotBefore")
    if by not in (None, cause):
        _fail(event, f"{wanted}, but it was avoided by {cause} at {story.stamp(last.at_micros)}", story)


def check_transitions(event: EventRecord, expected: "Iterable[str | tuple[str, When]]", story: Story) -> None:
    """Check that an event took exactly these statuses, at these instants where they are given.

    Raises:
        AssertionError: It did not.
        BadArgumentError: That is not a list of statuses.
    """
    steps = _steps(expected, story)
    problem = transition_problem(event, steps, story)
    if problem:
        wanted = " -> ".join(step.text(story) for step in steps) or "through no status"
        went = " -> ".join(change.to_status for change in event.transitions)
        _fail(event, f"to go {wanted}, but it went {went}: {problem}", story)


def transition_problem(event: EventRecord, steps: Sequence[Step], story: Story) -> str:
    """Describe the first difference between an event's history and what was expected; "" if there is none."""
    for number, change in enumerate(event.transitions):
        if number == len(steps):
            return f"it went on to {change.to_status} at {story.stamp(change.at_micros)} ({change.cause})"
        if not steps[number].is_met_by(change):
            step, came = steps[number], f"{change.to_status} came at {story.stamp(change.at_micros)} ({change.cause})"
            is_late = step.status == change.to_status
            return came if is_late else f"{came}; not {step.status}: {_why_not_again(event, step, story)}"
    missing = steps[len(event.transitions) :]
    return f"it is not {missing[0].status}: {_why_not_again(event, missing[0], story)}" if missing else ""


def _why_not_again(event: EventRecord, step: Step, story: Story) -> str:
    if any(change.to_status == step.status for change in event.transitions):
        return "it takes that status only once"
    return why_not(event, step.status, story)


def _steps(expected: object, story: Story) -> list[Step]:
    if isinstance(expected, str) or not isinstance(expected, Iterable):
        raise BadArgumentError(
            f'assert_transitions got {expected!r}. Pass a list, such as ["Scheduled", "Executing", "Executed"], or of '
            'pairs with instants, such as [("Scheduled", "+0s"), ("Avoided", "+23h")].'
        )
    return [_step(one, story) for one in expected]


def _step(given: object, story: Story) -> Step:
    status, when = given if isinstance(given, tuple) and len(given) == 2 else (given, None)
    if status not in STATUSES:
        raise BadArgumentError(
            f"assert_transitions got {given!r}.{did_you_mean(str(status), STATUSES)} Statuses are: {listed(STATUSES)}."
        )
    if when is None:
        return Step(EventStatus(status))
    return Step(EventStatus(status), parse_when(when, f"the instant of {status}", story.started_at))


def _fail(event: EventRecord, problem: str, story: Story) -> None:
    lines = (f"\n  {line}" for line in history_lines(event, story))
    raise AssertionError(f"expected {event.event_id} {problem}.{''.join(lines)}")
