"""What there is to say when an assertion about events or their statuses fails.

A status is its name and nothing else, so that it may be compared by `is` as well; whose it is tells the order in which
statuses were read: those that an assertion compares were read last.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final

from pytest_ecsevents.report._expectations import Step, transition_problem
from pytest_ecsevents.report._reasons import STATUSES, Story, history_lines, why_not
from pytest_ecsevents.services.ecs import EventRecord, EventStatus, SystemEvent, record_of

_MOST_SHOWN: Final = 3
_LONGEST_HEAD: Final = 160
_EQUAL: Final = ("==", "is")
_UNEQUAL: Final = ("!=", "is not", "not in")


def explained(
    operator: str, left: object, right: object, seen: Sequence[EventRecord], story: Story
) -> list[str] | None:
    """The lines that explain a comparison which failed, the first of them the comparison itself; None for no idea.

    Args:
        operator: `==`, ...
        left: What stood on its left.
        right: What stood on its right.
        seen: Whose statuses were read, the last one last.
        story: What happened.
    """
    told = list(_told(operator, left, right, seen, story))
    return [_head(operator, left, right), *told] if told else None


def _head(operator: str, left: object, right: object) -> str:
    text = f"{left!r} {operator} {right!r}"
    return text if len(text) <= _LONGEST_HEAD else f"{text[: _LONGEST_HEAD - 3]}..."


def _told(operator: str, left: object, right: object, seen: Sequence[EventRecord], story: Story) -> Iterator[str]:
    if _are(SystemEvent, left, right) and operator == "==":
        yield from _only_on("left", left, right, story)
        yield from _only_on("right", right, left, story)
    elif _are(EventStatus, left) or _are(EventStatus, right):
        yield from _statuses_told(operator, left, right, seen, story) or _statuses_told(
            operator, right, left, seen, story
        )
    elif seen and isinstance(left, EventStatus) and seen[-1].status == left:
        yield from _status_told(operator, right, seen[-1], story)
    elif seen and isinstance(right, EventStatus) and seen[-1].status == right:
        yield from _status_told(operator, left, seen[-1], story)


def _are(kind: type, *values: object) -> bool:
    """Whether all are lists or tuples of that kind, and not all of them empty."""
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


def _status_told(operator: str, other: object, event: EventRecord, story: Story) -> Iterator[str]:
    if operator in _UNEQUAL:
        yield f"{event.event_id} is {event.status}:"
    else:
        wanted = [one for one in _wanted(operator, other) if isinstance(one, str)][:_MOST_SHOWN]
        yield from (f"{event.event_id} is not {one}: {why_not(event, one, story)}" for one in wanted)
        if not wanted:
            return
    yield from _history(event, story)


def _wanted(operator: str, other: object) -> Iterable[object]:
    if operator in _EQUAL:
        return (other,)
    return other if operator == "in" and isinstance(other, Collection) and not isinstance(other, str) else ()


def _statuses_told(operator: str, ours: Any, others: Any, seen: Sequence[EventRecord], story: Story) -> list[str]:
    """What there is to say of a list of statuses: of several events, or of one that went through them."""
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
        return _way_told(events[-1], others, story)
    return []


def _way_told(event: EventRecord, wanted: Sequence[object], story: Story) -> list[str]:
    steps = [Step(EventStatus(status)) for status in wanted if status in STATUSES]
    if len(steps) < len(wanted):
        return []
    return [f"{event.event_id}: {transition_problem(event, steps, story)}", *_history(event, story)]


def _history(event: EventRecord, story: Story) -> Iterator[str]:
    return (f"  {line}" for line in history_lines(event, story))
