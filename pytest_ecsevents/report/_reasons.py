"""Why an event does not have the status that a test expects: what was missing, or came too late."""

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, TypeAlias

from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.report._sightings import not_shown, why_unanswered
from pytest_ecsevents.report._story import Story
from pytest_ecsevents.report._texts import call_text
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.services.ecs._catalogue import EventStatus, InstanceStatus
from pytest_ecsevents.services.ecs._lifecycle import Trigger, ways_to
from pytest_ecsevents.services.ecs._model import EventRecord, InstanceTransition, Transition

STATUSES: Final = tuple(map(str, EventStatus))

IN_GUEST: Final = "reboot inside the guest"
TEST: Final = "by the test"
CONSOLE: Final = "at the console"
COMMAND: Final = "by a command"
CONTROL_API: Final = "by the control API"
SEED: Final = "by the seed"

ACTOR: Final = ContextVar("actor", default=TEST)


class Acting:
    """Names the one who causes what happens in its block, such as `CONSOLE`. Each notification to a function has one."""

    __slots__ = ("_actor", "_token")

    def __init__(self, actor: str) -> None:
        self._actor: Final = actor

    def __enter__(self) -> None:
        self._token = ACTOR.set(self._actor)

    def __exit__(self, *_error: object) -> None:
        ACTOR.reset(self._token)


def by_actor(deed: str) -> str:
    """A cause: `reboot by the test`."""
    return _cause(deed, ACTOR.get())


@cache
def _cause(deed: str, actor: str) -> str:
    return f"{deed} {actor}"  # each history that has it keeps the same text


_MOST_REASONS: Final = 3


@dataclass(frozen=True, slots=True)
class Remedy:
    done: str
    actions: tuple[str, ...]
    deed: str

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes that transitions name."""
        return (*self.actions, *_by_each(self.deed))


def _by_each(deed: str) -> list[str]:
    return [f"{deed} {actor}" for actor in (TEST, CONSOLE, COMMAND, CONTROL_API)]


REMEDIES: Final = {
    Trigger.REBOOT: Remedy("rebooted", ("RebootInstance", "RebootInstances"), "reboot"),
    Trigger.REDEPLOY: Remedy("redeployed", ("RedeployInstance",), "redeployment"),
    Trigger.RENEW: Remedy("renewed", ("RenewInstance", "ReActivateInstances"), "renewal"),
}


def causes_to_avoid() -> tuple[str, ...]:
    return tuple(cause for remedy in REMEDIES.values() for cause in remedy.causes)


def history_lines(event: EventRecord, story: Story) -> list[str]:
    """Format an event's history, one line for each transition."""
    published, *later = event.transitions
    planned = event.planned
    due = "" if planned is None else f", NotBefore {story.stamp(planned)}"
    what = f"{event.event_type} on {event.subject}: {published.to_status}{due} ({published.cause})"
    return [
        f"{story.stamp(published.at_micros)}  {what}",
        *(f"{story.stamp(change.at_micros)}  {change.to_status}: {change.cause}" for change in later),
    ]


def why_not(event: EventRecord, wanted: str, story: Story) -> str:
    if wanted not in STATUSES:
        return f"{wanted!r} is not a status of events.{did_you_mean(wanted, STATUSES)} Statuses are: {listed(STATUSES)}"
    status = EventStatus(wanted)
    left = [number for number, change in enumerate(event.transitions) if change.to_status == status]
    if left and event.status != status:
        after = event.transitions[left[-1] + 1]
        return f"it was {wanted} until {story.stamp(after.at_micros)}; then: {after.cause}"
    if status not in _FIRST_STATUSES and not ways_to(event.event_type, event.simulated, status):
        kind = "simulated" if event.simulated else "real"
        return f"a {kind} {event.event_type} event is never {wanted}"
    return next(filter(None, (check(event, story) for check in _CHECKS[status])))


# -- the checks: each returns its reason, or ""

Check: TypeAlias = Callable[[EventRecord, Story], str]


def _reached(event: EventRecord, status: EventStatus) -> Transition | None:
    return next((change for change in event.transitions if change.to_status == status), None)


def _was(status: EventStatus, event: EventRecord, story: Story) -> str:
    change = _reached(event, status)
    return "" if change is None else f"it was {status.lower()} at {story.stamp(change.at_micros)} ({change.cause})"


_canceled: Final = partial(_was, EventStatus.CANCELED)
_avoided: Final = partial(_was, EventStatus.AVOIDED)


def _failed(event: EventRecord, story: Story) -> str:
    change = _reached(event, EventStatus.FAILED)
    if change is None:
        return ""
    return f"it failed at {story.stamp(change.at_micros)}, as it was created to (outcome='Failed')"


def _not_accepted(event: EventRecord, _story: Story) -> str:
    return f"it has not been accepted; it is {event.status}" if event.status == EventStatus.INQUIRING else ""


def _not_due(event: EventRecord, story: Story) -> str:
    if event.status != EventStatus.SCHEDULED:
        return ""
    assert event.not_before is not None
    return f"NotBefore is {story.stamp(event.not_before)}, and the clock stands at {story.stamp(story.now)}"


def _executed_instead(event: EventRecord, _story: Story) -> str:
    return f"it was created to end {event.outcome}" if event.outcome != EventStatus.FAILED else ""


def _under_way(event: EventRecord, story: Story) -> str:
    since = event.transitions[-1].at_micros
    return f"it has been {event.status} since {story.stamp(since)}, and the clock stands at {story.stamp(story.now)}"


def _not_canceled(event: EventRecord, _story: Story) -> str:
    if event.simulated:
        return "it was not canceled"
    return f"only the release of its instance cancels a real event, and {event.instance_id} was not released in time"


def _published_otherwise(event: EventRecord, _story: Story) -> str:
    return f"it was published as {event.transitions[0].to_status}"


def _not_avoided(event: EventRecord, story: Story) -> str:
    ways = ways_to(event.event_type, event.simulated, EventStatus.AVOIDED)
    reasons = [
        reason for trigger, statuses in ways.items() for reason in _attempts(event, REMEDIES[trigger], statuses, story)
    ]
    open_in = {status for statuses in ways.values() for status in statuses}
    if not reasons:
        return _no_attempt(event, ways, story) + why_unanswered(event, open_in, story)
    return "; ".join(reasons[-_MOST_REASONS:]) + not_shown(event, open_in, story)


def _no_attempt(event: EventRecord, ways: "dict[Trigger, tuple[EventStatus, ...]]", story: Story) -> str:
    done = " or ".join(REMEDIES[trigger].done for trigger in ways)
    due = None if event.not_before is None else story.stamp(event.not_before)
    if any(event.status in statuses for statuses in ways.values()):
        until = "" if due is None else f"NotBefore is {due}, "
        return f"{event.instance_id} has not been {done} yet; {until}the clock stands at {story.stamp(story.now)}"
    return f"{event.instance_id} was not {done} " + ("in time" if due is None else f"before NotBefore, which was {due}")


def _attempts(event: EventRecord, remedy: Remedy, statuses: Sequence[EventStatus], story: Story) -> list[str]:
    """List attempts that did not avoid the event: refused calls, then operations, up to the first that was too late."""
    status: EventStatus | None = None
    refused: dict[str, list[Micros]] = {}
    steps: list[str] = []
    for entry in story.journal:
        if isinstance(entry, Transition):
            status = entry.to_status if entry.record is event else status
        elif isinstance(entry, ApiCall):
            if status in statuses and _is_refused(entry, remedy, event.instance_id):
                refused.setdefault(call_text(entry), []).append(entry.at_micros)
        elif (
            isinstance(entry, InstanceTransition)
            and entry.record.instance_id == event.instance_id
            and entry.from_status == InstanceStatus.RUNNING
        ):
            step = _attempt_text(event, entry, story, remedy=remedy, statuses=statuses, status=status)
            steps += [step] if step else []
            if step and status not in (None, *statuses):
                break
    for text, instants in reversed(refused.items()):
        often = "" if len(instants) == 1 else f" {len(instants)} times, the last"
        steps.insert(0, f"{text}{often} at {story.stamp(instants[-1])}")
    return steps


def _is_refused(call: ApiCall, remedy: Remedy, instance_id: str) -> bool:
    named = call.params.get("InstanceId")
    is_about = instance_id in named if isinstance(named, list) else instance_id == named
    return is_about and call.action in remedy.actions and call.http_status != 200


def _attempt_text(
    event: EventRecord,
    step: InstanceTransition,
    story: Story,
    *,
    remedy: Remedy,
    statuses: Sequence[EventStatus],
    status: EventStatus | None,
) -> str:
    at = story.stamp(step.at_micros)
    if step.cause in remedy.causes:
        who = f"{step.cause}({event.instance_id})" if step.cause in remedy.actions else f"the {step.cause}"
        if status is None:
            return f"{who} came at {at}, before the event was published"
        if status == EventStatus.INQUIRING:
            return (
                f"{who} came at {at}, when the event was Inquiring; only a {' or '.join(statuses)} one is avoided by it"
            )
        if event.not_before is None:
            return f"{who} came at {at}, when the event was {status} already"
        return f"{who} came at {at}, NotBefore was {story.stamp(event.not_before)}; it must come before"
    if status in statuses and remedy is REMEDIES[Trigger.REBOOT]:
        return _WITHOUT_EFFECT.get(step.cause, "").format(at)
    return ""


_WITHOUT_EFFECT: Final = {
    IN_GUEST: "the reboot inside the guest at {} does not count",
    **dict.fromkeys(
        ("StopInstance", "StopInstances", *_by_each("stop")),
        "the stop at {} avoids nothing, nor does a start",
    ),
}
_FIRST_STATUSES: Final = (EventStatus.INQUIRING, EventStatus.SCHEDULED)

_BEFORE_IT_RUNS: Final[tuple[Check, ...]] = (_avoided, _canceled, _not_accepted, _not_due)

# Checks in this order for an event that has not reached the status; the last one always finds a reason.
_CHECKS: Final[dict[EventStatus, tuple[Check, ...]]] = {
    EventStatus.INQUIRING: (_published_otherwise,),
    EventStatus.SCHEDULED: (_published_otherwise,),
    EventStatus.EXECUTING: _BEFORE_IT_RUNS,
    EventStatus.EXECUTED: (*_BEFORE_IT_RUNS, _failed, _under_way),
    EventStatus.FAILED: (_executed_instead, *_BEFORE_IT_RUNS, _under_way),
    EventStatus.AVOIDED: (_canceled, _not_avoided),
    EventStatus.CANCELED: (_avoided, _not_canceled),
}
