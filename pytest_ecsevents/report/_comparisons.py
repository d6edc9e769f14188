"""Explanations of failed comparisons of events and their statuses.

A status does not know its event: statuses may be compared by `is` as well. The event is found by the order of reads: an
assertion compares what was read last.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final, TypeGuard

from pytest_ecsevents._words import repr_text
from pytest_ecsevents.report._expectations import Step, transition_problem
from pytest_ecsevents.report._reasons import STATUSES, history_lines, why_not
from pytest_ecsevents.report._story import Story
from pytest_ecsevents.services.ecs._catalogue import EventStatus
from pytest_ecsevents.services.ecs._model import EventRecord, SystemEvent, record_of

_MOST_SHOWN: Final = 3
_LONGEST_HEAD: Final = 160
_EQUAL: Final = ("==", "is")
_UNEQUAL: Final = ("!=", "is not", "not in")


def explain_comparison(
    operator: str, left: object, right: object, seen: Sequence[EventRecord], story: Story
) -> list[str] | None:
    """Explain a comparison that failed.

    Args:
        operator: `==`, ...
        left: Its left side.
        right: Its right side.
        seen: The events whose statuses were read, in order.
        story: What happened.

    Returns:
        Lines, the comparison itself first; None if nothing is known about it.
    """
    lines = list(_explanation(operator, left, right, seen, story))
    head = f"{repr_text(left)} {operator} {repr_text(right)}"
    head = head if len(head) <= _LONGEST_HEAD else f"{head[: _LONGEST_HEAD - 3]}..."
    return [head, *lines] if lines else None


def _explanation(
    operator: str, left: object, right: object, seen: Sequence[EventRecord], story: Story
) -> Iterator[str]:
    if _are(SystemEvent, left, right) and operator == "==":
        yield from _only_on("left", left, right, story)
        yield from _only_on("right", right, left, story)
    elif isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        yield from _explain_statuses(operator, left, right, seen, story) or _explain_statuses(
            operator, right, left, seen, story
        )
    elif operator == "==" and isinstance(left, (set, frozenset)) and isinstance(right, (set, frozenset)):
        yield from _explain_sets(left, right, seen, story) or _explain_sets(right, left, seen, story)
    elif seen and isinstance(left, EventStatus) and seen[-1].status == left:
        yield from _explain_status(operator, right, seen[-1], story)
    elif seen and isinstance(right, EventStatus) and seen[-1].status == right:
        yield from _explain_status(operator, left, seen[-1], story)


def _are(kind: type, *values: object) -> bool:
    """Whether all values are lists or tuples of that kind, with at least one member."""
    members = [member for value in values if isinstance(value, (list, tuple)) for member in value]
    return (
        bool(members)
        and all(isinstance(value, (list, tuple)) for value in values)
        and all(isinstance(member, kind) for member in members)
    )


def _only_on(side: str, mine: Any, others: Any, story: Story) -> Iterator[str]:
    for event in [record_of(event) for event in mine if event not in others][:_MOST_SHOWN]:
        yield f"only on the {side}: {event.event_id}, {event.status}"
        yield from _history(event, story)


def _explain_status(operator: str, other: object, event: EventRecord, story: Story) -> Iterator[str]:
    if operator in _UNEQUAL:
        yield f"{event.event_id} is {event.status}:"
    else:
        if operator in _EQUAL and _is_collection(other):
            yield f"a status is never equal to a {type(other).__name__}: write `in` instead of `{operator}`"
        wanted = [one for one in _wanted(operator, other) if isinstance(one, str) and one != event.status][:_MOST_SHOWN]
        yield from (f"{event.event_id} is not {one}: {why_not(event, one, story)}" for one in wanted)
        if not wanted:
            return
    yield from _history(event, story)


def _wanted(operator: str, other: object) -> Iterable[object]:
    if operator not in (*_EQUAL, "in"):
        return ()
    if _is_collection(other):
        return other
    return () if operator == "in" else (other,)


def _is_collection(value: object) -> TypeGuard[Collection[object]]:
    return isinstance(value, Collection) and not isinstance(value, str)


def _explain_statuses(operator: str, ours: Any, others: Any, seen: Sequence[EventRecord], story: Story) -> list[str]:
    """Explain a list of statuses: of several events, or of one event's history."""
    if operator != "==" or not _are(EventStatus, ours) or not isinstance(others, (list, tuple)):
        return []
    events = list(seen)[-len(ours) :]
    if [event.status for event in events] == list(ours):
        wrong = [pair for pair in zip(events, others, strict=False) if pair[0].status != pair[1]]
        lines = [
            f"{event.event_id} is not {wanted}: {why_not(event, str(wanted), story)}"
            for event, wanted in wrong[:_MOST_SHOWN]
        ]
        return [*lines, *_history(wrong[0][0], story)] if wrong else []
    if events and [change.to_status for change in events[-1].transitions] == list(ours):
        steps = [Step(EventStatus(status)) for status in others if status in STATUSES]
        if len(steps) == len(others):
            problem = transition_problem(events[-1], steps, story)
            return [f"{events[-1].event_id}: {problem}", *_history(events[-1], story)]
    return []


def _explain_sets(
    ours: AbstractSet[object], others: AbstractSet[object], seen: Sequence[EventRecord], story: Story
) -> list[str]:
    """Explain a set of statuses, `{event.status for event in ecs_events} == {"Avoided"}`, by one event of each wrong one."""
    wanted = [one for one in others if isinstance(one, str)]
    if len(wanted) != 1 or not all(isinstance(status, EventStatus) for status in ours):
        return []
    lines: list[str] = []
    for status in sorted(map(str, ours - others))[:_MOST_SHOWN]:
        for event in [one for one in dict.fromkeys(seen) if one.status == status][:1]:
            lines.append(f"{event.event_id} is not {wanted[0]}: {why_not(event, wanted[0], story)}")
            lines += _history(event, story)
    return lines


def _history(event: EventRecord, story: Story) -> Iterator[str]:
    return (f"  {line}" for line in history_lines(event, story))
