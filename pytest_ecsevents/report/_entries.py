"""Timeline entries: the text of each kind of thing that happens."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from enum import IntEnum
from functools import partial
from itertools import groupby, islice
from typing import Any, Final, NamedTuple, TypeAlias

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents._words import error_text, listed
from pytest_ecsevents.clock._times import Micros, duration_text, instant_text
from pytest_ecsevents.report._sleeps import Sleep, SleepCursor, SleepPart, SleepStream
from pytest_ecsevents.report._texts import METADATA, asked_text, call_text, queue_request_text
from pytest_ecsevents.rpc._calls import ApiCall, Call
from pytest_ecsevents.services.cms._delivery import Delivery
from pytest_ecsevents.services.cms._notification import Notification
from pytest_ecsevents.services.ecs._model import InstanceTransition, Interruption, Transition
from pytest_ecsevents.services.metadata._calls import MetadataCall
from pytest_ecsevents.services.smq._protocol import SmqCall
from pytest_ecsevents.services.smq._queues import MessageStep
from pytest_ecsevents.services.smq._topics import TopicPush

JournalEntry: TypeAlias = (
    Transition | InstanceTransition | Interruption | Notification | Delivery | MessageStep | TopicPush | Call
)


class Texts(dict[object, tuple[int, str]]):
    """Number and text of each entry so far, by everything that the text depends on: a repeated call is formatted once.

    Attributes:
        with_regions: Whether calls name their region, since there is more than one.
    """

    with_regions = False


INSTANCE: Final = "instance"
"""The kind of an instance's entries."""

PUSH: Final = "push"
"""The kind of what is sent to a receiver, a URL or a topic's endpoint."""

QUEUE: Final = "queue"
"""The kind of a queue's messages and requests."""

QUERY_PREFIXES: Final = ("Describe", "List", "Get", "Query")
_LONGEST_IN_SECONDS: Final = 120_000_000
_SLEEP_KEY: Final = -1

_MANY_EVENTS: Final = 8
"""Events that change alike at one instant share a line from this number on, where the number of lines is limited."""

_EVENTS_NAMED: Final = 2
"""Events of such a line that are named."""

_MANY_SLEEPS: Final = 64
"""Sleeps with nothing else in between that get an entry each."""


class Rank(IntEnum):
    """How much an entry matters. If a timeline is too long, the lowest rank is left out first."""

    QUERY = 0
    """Queries that succeeded, and sleeps."""
    OPERATION = 1
    """Other calls that succeeded, and changes of instances."""
    EVENT = 2
    """Events, faults, errors."""


class ManySleeps(NamedTuple):
    """Sleeps of one thread with nothing else in between.

    Attributes:
        least, most: The time from one start to the next.
        shortest, longest: The time that one took.
    """

    times: int
    least: Micros
    most: Micros
    shortest: Micros
    longest: Micros
    last: Sleep


class TimelineEntry(NamedTuple):
    """One thing that happened.

    Attributes:
        at: When it happened.
        kind: `call`, `event`, `sleep`, ...
        text: What happened; a function where it is only made if the entry is shown.
        thread: The thread that did it; "" for the cloud.
        rank: How much it matters.
        hint: The fake's explanation, shown below the text.
        key: Entries of one kind with the same key are repetitions.
        until: When a sleep ended.
        sleeps: What the entry sums up, if it stands for many sleeps.
        request: Calls with the same number ask the same; 0 for others.
        hides: How many events it stands for, if it is certain that no line shows them; 0 for an entry of its own.
    """

    at: Micros
    kind: str
    text: str | Callable[[], str]
    thread: str = ""
    rank: Rank = Rank.EVENT
    hint: str = ""
    key: int = 0
    until: Micros = 0
    sleeps: ManySleeps | None = None
    request: int = 0
    hides: int = 0

    def wording(self) -> str:
        """What happened."""
        return self.text if isinstance(self.text, str) else self.text()


def timeline_entries(
    journal: Iterable[JournalEntry], sleeps: Iterable[SleepStream], most: int | None = None
) -> list[TimelineEntry]:
    """Make the entries of a timeline, in order.

    Args:
        journal: What was recorded, in order.
        sleeps: Each comes after everything else at its start.
        most: How many lines are shown at most: the middle of a longer run of events becomes one entry. None for all.
    """
    entries: list[TimelineEntry] = []
    texts = Texts()
    runs: list[tuple[type, list[Any]]] = [(kind, list(run)) for kind, run in groupby(journal, key=type)]
    regions = {entry.region_id for kind, run in runs if kind is ApiCall for entry in run}
    texts.with_regions = len(regions - {""}) > 1
    cursor = SleepCursor(sleeps)

    def add(group: "Sequence[Any]") -> None:
        if isinstance(group, TimelineEntry):
            entries.append(group)
            return
        if cursor.has_before(group[0].at_micros):
            entries.extend(_sleep_entries(cursor.take(group[0].at_micros)))
        entries.append(FORMATTERS[type(group[0])](group, texts))

    for kind, run in runs:
        if kind is InstanceTransition:  # those of one instance at one instant become one entry
            for _, group in groupby(run, key=_merge_key):
                add(list(group))
            continue
        is_limited = kind is Transition and most is not None
        for each in _limited(run, most or 0, cursor) if is_limited else ((one,) for one in run):
            add(each)
    entries.extend(_sleep_entries(cursor.take()))
    return entries


def _limited(
    run: Sequence[Transition], most: int, cursor: SleepCursor
) -> Iterator[Sequence[Transition] | TimelineEntry]:
    """Group changes that are alike; the middle of a longer run becomes one entry, and is not looked at."""
    groups = list(islice(_alike(run), 2 * most + 2))
    if len(groups) < 2 * most + 2:
        yield from groups
        return
    yield from groups[:most]
    last = [group[::-1] for group in islice(_alike(run[::-1]), most)][::-1]
    start, end = sum(map(len, groups[:most])), len(run) - sum(map(len, last))
    if cursor.has_before(last[0][0].at_micros):
        yield from _alike(run[start:])
    else:
        # At most `most` events are shown, and no more than half of them from either end: not these.
        yield TimelineEntry(run[start].at_micros, "event", "", hides=end - start)
        yield from last


def _alike(run: Sequence[Transition]) -> Iterator[Sequence[Transition]]:
    """Group the same change of many events at one instant; others are groups of one."""
    for _, alike in groupby(run, key=_change_key):
        group = list(alike)
        if len(group) < _MANY_EVENTS:
            yield from ((each,) for each in group)
        else:
            yield group


def _change_key(change: Transition) -> object:
    event = change.record
    return change.at_micros, change.from_status, change.to_status, change.cause, event.event_type, event.planned


def _merge_key(step: InstanceTransition) -> object:
    return id(step.record), step.at_micros, step.cause


def _sleep_entries(parts: Sequence[SleepPart]) -> list[TimelineEntry]:
    """Make the entries of sleeps with nothing else in between; many of one thread become few entries."""
    if sum(part.times for part in parts) <= _MANY_SLEEPS:
        return [_sleep_entry(sleep) for sleep in sorted(sleep for part in parts for sleep in part.sleeps)]
    entries = [_stretch_entry(stretch) for part in parts for stretch in part.stretches()]
    return sorted(entries, key=lambda entry: entry.at)


def _stretch_entry(stretch: SleepPart) -> TimelineEntry:
    if stretch.times == 1:
        return _sleep_entry(stretch.first)
    last = stretch.last
    many = ManySleeps(*stretch.stream.figures(stretch.start, stretch.end), last)
    return _sleep_entry(stretch.first)._replace(until=last.until, sleeps=many)


def _sleep_entry(sleep: Sleep) -> TimelineEntry:
    return TimelineEntry(
        sleep.at_micros,
        "sleep",
        "",  # the round of the sleep shows how long it took
        thread=sleep.thread,
        rank=Rank.QUERY,
        key=_SLEEP_KEY,
        until=sleep.until,
    )


def span_text(*spans: Micros) -> str:
    """`60s`, `5m`, `2h30m`; of several, the shortest and the longest: `54s to 66s`."""
    least, most = min(spans), max(spans)
    if least != most:
        return f"{span_text(least)} to {span_text(most)}"
    return f"{least / 1_000_000:g}s" if least < _LONGEST_IN_SECONDS else duration_text(least)


def _call_entry(calls: list[ApiCall], texts: Texts) -> TimelineEntry:
    call = calls[0]
    result = (
        call.http_status,
        call.code,
        call.summary,
        call.hint,
        call.fault,
        call.failure,
        call.lost,
        call.took_micros,
    )
    region = call.region_id if texts.with_regions else ""
    asked = (call.product, call.action, str(call.params), region)
    request, _ = texts.setdefault(asked, (len(texts) + 1, ""))
    key = (*asked, result)
    known = texts.get(key)
    if known is None:
        known = texts[key] = (len(texts), call_text(call, region))
    number, text = known
    rank = Rank.EVENT
    if call.http_status == 200 and not call.fault:
        rank = Rank.QUERY if call.action.startswith(QUERY_PREFIXES) else Rank.OPERATION
    return TimelineEntry(
        call.at_micros,
        "fault" if call.fault else "call",
        text,
        thread=call.thread,
        rank=rank,
        hint=call.hint,
        key=number,
        request=request,
    )


def _metadata_entry(calls: list[MetadataCall], texts: Texts) -> TimelineEntry:
    (call,) = calls
    text = f"{asked_text(call)}{', a fault' if call.fault else ''}"
    number, text = texts.setdefault((METADATA, text, call.hint), (len(texts), text))
    rank = Rank.EVENT if call.fault or call.failure or not call.is_usual else Rank.QUERY
    return TimelineEntry(call.at_micros, METADATA, text, thread=call.thread, rank=rank, hint=call.hint, key=number)


def _event_entry(transitions: Sequence[Transition], _texts: Texts) -> TimelineEntry:
    return TimelineEntry(transitions[0].at_micros, "event", partial(_event_text, transitions))


def _event_text(transitions: Sequence[Transition]) -> str:
    transition = transitions[0]
    event = transition.record
    what = f"{transition.from_status} -> {transition.to_status}: {transition.cause}"
    if transition.from_status is None:
        kind = "simulated " if event.simulated else ""
        due = "" if event.planned is None else f", NotBefore {instant_text(event.planned)}"
        subjects = _listed_few(dict.fromkeys(one.record.subject for one in transitions))
        what = f"{kind}{event.event_type} on {subjects}: {transition.to_status}{due} ({transition.cause})"
    return f"{_listed_few([one.record.event_id for one in transitions])}  {what}"


def _listed_few(texts: Collection[str]) -> str:
    return listed(texts, most=_EVENTS_NAMED)


def _instance_entry(steps: list[InstanceTransition], texts: Texts) -> TimelineEntry:
    way = [str(steps[0].from_status or "created"), *(str(step.to_status or "released") for step in steps)]
    text = f"{steps[0].record.instance_id}  {' -> '.join(way)}: {steps[0].cause}"
    return _make_instance_entry(steps[0].at_micros, text, texts)


def _make_instance_entry(at: Micros, text: str, texts: Texts) -> TimelineEntry:
    number, _ = texts.setdefault((INSTANCE, text), (len(texts), text))
    return TimelineEntry(at, INSTANCE, text, rank=Rank.OPERATION, key=number)


def _interruption_entry(entries: list[Interruption], texts: Texts) -> TimelineEntry:
    (announced,) = entries
    text = (
        f"{announced.record.instance_id}  reclaimed at {instant_text(announced.reclaims_at_micros)}: {announced.cause}"
    )
    return _make_instance_entry(announced.at_micros, text, texts)


def _notification_entry(entries: list[Notification], _texts: Texts) -> TimelineEntry:
    return TimelineEntry(entries[0].at_micros, "notice", f"{entries[0].summary}: announced by the test")


def _delivery_entry(deliveries: list[Delivery], _texts: Texts) -> TimelineEntry:
    (delivery,) = deliveries
    notes = [f"rule {delivery.rule_name}"] if delivery.rule_name else []
    notes += [delivery.note] if delivery.note else []
    notes += ["duplicate"] if delivery.is_duplicate else []
    notes += [f"attempt {delivery.attempt}"] if delivery.attempt > 1 else []
    text = f"{delivery.summary} -> {delivery.subscription.receiver}" + (f" ({', '.join(notes)})" if notes else "")
    has_succeeded = delivery.outcome == "delivered"
    if not has_succeeded:
        kind = "" if isinstance(delivery.error, EcsEventsError) else f"{type(delivery.error).__name__}: "
        text += f": {delivery.outcome}" + ("" if delivery.error is None else f", {kind}{error_text(delivery.error)}")
    return TimelineEntry(
        delivery.at_micros,
        PUSH,
        text,
        rank=Rank.OPERATION if has_succeeded else Rank.EVENT,
        hint="" if has_succeeded or delivery.attempt != 1 else json.dumps(delivery.payload, ensure_ascii=False),
    )


def _message_entry(steps: list[MessageStep], _texts: Texts) -> TimelineEntry:
    (step,) = steps
    return TimelineEntry(step.at_micros, QUEUE, f"{step.queue}: {step.message.summary} {step.did}", rank=Rank.OPERATION)


def _refusal_entry(requests: list[SmqCall], texts: Texts) -> TimelineEntry:
    (request,) = requests
    text = f"{queue_request_text(request)}{', a fault' if request.fault else ''}"
    number, text = texts.setdefault((QUEUE, text, request.hint), (len(texts), text))
    rank = Rank.QUERY if request.is_usual and not request.fault else Rank.EVENT
    return TimelineEntry(request.at_micros, QUEUE, text, thread="server", rank=rank, hint=request.hint, key=number)


def _push_entry(pushes: list[TopicPush], _texts: Texts) -> TimelineEntry:
    (push,) = pushes
    attempt = f" (attempt {push.attempt})" if push.attempt > 1 else ""
    problem = f": failed, {push.problem}" if push.problem else ""
    text = f"topic {push.topic} -> {push.endpoint}{attempt}{problem}"
    return TimelineEntry(push.at_micros, PUSH, text, rank=Rank.EVENT if push.problem else Rank.OPERATION)


# A new kind of journal entry gets a row here.
FORMATTERS: Final[dict[type, Callable[[Any, Texts], TimelineEntry]]] = {
    ApiCall: _call_entry,
    MetadataCall: _metadata_entry,
    Transition: _event_entry,
    InstanceTransition: _instance_entry,
    Interruption: _interruption_entry,
    Notification: _notification_entry,
    Delivery: _delivery_entry,
    MessageStep: _message_entry,
    SmqCall: _refusal_entry,
    TopicPush: _push_entry,
}
