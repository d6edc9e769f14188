"""Timeline entries: the text of each kind of thing that happens."""

import json
from collections.abc import Callable, Collection, Sequence
from enum import IntEnum
from functools import partial
from itertools import groupby, pairwise
from typing import Any, Final, NamedTuple, TypeAlias

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents._words import error_text
from pytest_ecsevents.clock._times import Micros, duration_text, instant_text
from pytest_ecsevents.report._sleeps import Sleep
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

_MANY_SLEEPS: Final = 64
"""Sleeps with nothing else in between that get an entry each."""

_MOST_STRETCHES: Final = 20
"""Entries for more sleeps than that, as long as their lengths change seldom."""


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

    def wording(self) -> str:
        """What happened."""
        return self.text if isinstance(self.text, str) else self.text()


def timeline_entries(journal: Collection[JournalEntry], sleeps: Sequence[Sleep]) -> list[TimelineEntry]:
    """Make the entries of a timeline, in order.

    Args:
        journal: What was recorded, in order.
        sleeps: Sleeps in order of their starts; each comes after everything else at its start.
    """
    entries: list[TimelineEntry] = []
    texts = Texts()
    regions = {entry.region_id for entry in journal if isinstance(entry, ApiCall)}
    texts.with_regions = len(regions - {""}) > 1
    place = 0
    # Transitions of one instance at one instant become one entry.
    for _, numbered in groupby(enumerate(journal), key=_merge_key):
        group = [entry for _, entry in numbered]
        until = place
        while until < len(sleeps) and sleeps[until].at_micros < group[0].at_micros:
            until += 1
        if until > place:
            entries.extend(_sleep_entries(sleeps[place:until]))
            place = until
        entries.append(FORMATTERS[type(group[0])](group, texts))
    entries.extend(_sleep_entries(sleeps[place:]))
    return entries


def _merge_key(numbered: "tuple[int, JournalEntry]") -> object:
    number, entry = numbered
    if isinstance(entry, InstanceTransition):
        return id(entry.record), entry.at_micros, entry.cause
    return number


def _sleep_entries(sleeps: Sequence[Sleep]) -> list[TimelineEntry]:
    """Make the entries of sleeps with nothing else in between; many of one thread become few entries."""
    if len(sleeps) <= _MANY_SLEEPS:
        return [_sleep_entry(sleep.thread, [sleep]) for sleep in sleeps]
    streams: dict[str, list[Sleep]] = {}
    for sleep in sleeps:
        streams.setdefault(sleep.thread, []).append(sleep)
    entries = [_sleep_entry(thread, stretch) for thread, stream in streams.items() for stretch in _stretches(stream)]
    return sorted(entries, key=lambda entry: entry.at)


def _stretches(stream: Sequence[Sleep]) -> list[Sequence[Sleep]]:
    """Split the sleeps of a thread where their length changes much; if it does so too often, leave them together."""
    starts = [0]
    first = stream[0].until - stream[0].at_micros
    for place, sleep in enumerate(stream):
        if not is_near(sleep.until - sleep.at_micros, first):
            first = sleep.until - sleep.at_micros
            starts.append(place)
            if len(starts) > _MOST_STRETCHES:
                return [stream]
    return [stream[start:end] for start, end in pairwise([*starts, len(stream)])]


def _sleep_entry(thread: str, stretch: Sequence[Sleep]) -> TimelineEntry:
    first, last = stretch[0], stretch[-1]
    many = None
    if len(stretch) > 1:
        spans = [sleep.until - sleep.at_micros for sleep in stretch]
        gaps = [after.at_micros - before.at_micros for before, after in pairwise(stretch)]
        many = ManySleeps(len(stretch), min(gaps), max(gaps), min(spans), max(spans), last)
    return TimelineEntry(
        first.at_micros,
        "sleep",
        "",  # the round of the sleep shows how long it took
        thread=thread,
        rank=Rank.QUERY,
        key=_SLEEP_KEY,
        until=last.until,
        sleeps=many,
    )


def is_near(one: Micros, other: Micros) -> bool:
    """Whether two spans differ by no more than half, as those of a poller with jitter do."""
    return one * 2 <= other * 3 and other * 2 <= one * 3


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


def _event_entry(transitions: list[Transition], _texts: Texts) -> TimelineEntry:
    return TimelineEntry(transitions[0].at_micros, "event", partial(_event_text, transitions[0]))


def _event_text(transition: Transition) -> str:
    event = transition.record
    what = f"{transition.from_status} -> {transition.to_status}: {transition.cause}"
    if transition.from_status is None:
        kind = "simulated " if event.simulated else ""
        due = "" if event.planned is None else f", NotBefore {instant_text(event.planned)}"
        what = f"{kind}{event.event_type} on {event.subject}: {transition.to_status}{due} ({transition.cause})"
    return f"{event.event_id}  {what}"


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
