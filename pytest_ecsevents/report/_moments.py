"""What the timeline tells of: each kind of thing that happens, as a moment with its words."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from itertools import groupby
from typing import Any, Final, NamedTuple, TypeAlias

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.clock import Micros, duration_text, instant_text
from pytest_ecsevents.report._sleeps import Sleep
from pytest_ecsevents.report._texts import METADATA, asked_text, call_text
from pytest_ecsevents.rpc import ApiCall, Call
from pytest_ecsevents.services.cms import Delivery, Notification
from pytest_ecsevents.services.ecs import InstanceTransition, Interruption, Transition
from pytest_ecsevents.services.metadata import MetadataCall
from pytest_ecsevents.services.smq import MessageStep, RefusedRequest, TopicPush

Entry: TypeAlias = (
    Transition
    | InstanceTransition
    | Interruption
    | Notification
    | Delivery
    | MessageStep
    | RefusedRequest
    | TopicPush
    | Call
)

Texts: TypeAlias = dict[object, tuple[int, str]]
"""What was told before, so that a call repeated to the letter is worded once: by all that it says, its number and words."""

INSTANCE: Final = "instance"
"""The kind of what instances do."""

LOOKS: Final = ("Describe", "List", "Get", "Query")
_LONGEST_IN_SECONDS: Final = 120_000_000
_SLEEP_KEY: Final = -1


class Rank(IntEnum):
    """What goes first when a story is too long to be told."""

    LOOK = 0
    """Looks that went well, and sleeps."""
    DEED = 1
    """Other calls that went well, and what instances did."""
    NEWS = 2
    """Events, faults, errors."""


class Moment(NamedTuple):
    """One thing that happened.

    Attributes:
        at: When.
        kind: What, in a word.
        text: What, in words.
        thread: The thread that did it; "" for what the cloud does.
        rank: What goes first when there are too many.
        hint: What the fake can tell about it, beyond the cloud's own words.
        key: Two of one kind with the same are the same thing done again.
        until: When it ended, where it lasted.
    """

    at: Micros
    kind: str
    text: str
    thread: str = ""
    rank: Rank = Rank.NEWS
    hint: str = ""
    key: int = 0
    until: Micros = 0


def moments(journal: Iterable[Entry], sleeps: Sequence[Sleep]) -> list[Moment]:
    """What happened, in order.

    Args:
        journal: What was recorded, in order.
        sleeps: What the threads slept, in order of their starts; each comes after all else at its start.
    """
    told = []
    texts: Texts = {}
    waiting = iter(sleeps)
    sleep = next(waiting, None)
    for entry in _joined(journal):
        while sleep is not None and sleep.at_micros < entry[0].at_micros:
            told.append(_slept(sleep))
            sleep = next(waiting, None)
        told.append(_TELL[type(entry[0])](entry, texts))
    if sleep is not None:
        told.append(_slept(sleep))
    told.extend(map(_slept, waiting))
    return told


def _joined(journal: Iterable[Entry]) -> Iterator[list[Any]]:
    """The entries; an instance's way through several statuses at one instant is one."""
    for _, entries in groupby(enumerate(journal), key=_joint):
        yield [entry for _, entry in entries]


def _joint(numbered: "tuple[int, Entry]") -> object:
    number, entry = numbered
    if isinstance(entry, InstanceTransition):
        return id(entry.record), entry.at_micros, entry.cause
    return number


def _slept(sleep: Sleep) -> Moment:
    return Moment(
        sleep.at_micros,
        "sleep",
        span_text(sleep.until - sleep.at_micros),
        thread=sleep.thread,
        rank=Rank.LOOK,
        key=_SLEEP_KEY,
        until=sleep.until,
    )


def span_text(*spans: Micros) -> str:
    """`60s`, `5m`, `2h30m`; of several, the shortest and the longest: `54s to 66s`."""
    least, most = min(spans), max(spans)
    if least != most:
        return f"{span_text(least)} to {span_text(most)}"
    return f"{least / 1_000_000:g}s" if least < _LONGEST_IN_SECONDS else duration_text(least)


def _called(calls: list[ApiCall], texts: Texts) -> Moment:
    call = calls[0]
    key = (
        call.product,
        call.action,
        str(call.params),
        call.http_status,
        call.code,
        call.summary,
        call.hint,
        call.fault,
        call.failure,
        call.lost,
        call.took_micros,
    )
    known = texts.get(key)
    if known is None:
        known = texts[key] = (len(texts), call_text(call))
    number, text = known
    rank = Rank.NEWS
    if call.http_status == 200 and not call.fault:
        rank = Rank.LOOK if call.action.startswith(LOOKS) else Rank.DEED
    return Moment(
        call.at_micros,
        "fault" if call.fault else "call",
        text,
        thread=call.thread,
        rank=rank,
        hint=call.hint,
        key=number,
    )


def _asked(calls: list[MetadataCall], texts: Texts) -> Moment:
    (call,) = calls
    text = f"{asked_text(call)}{', a fault' if call.fault else ''}"
    number, text = texts.setdefault((METADATA, text, call.hint), (len(texts), text))
    rank = Rank.NEWS if call.fault or call.failure or not call.is_usual else Rank.LOOK
    return Moment(call.at_micros, METADATA, text, thread=call.thread, rank=rank, hint=call.hint, key=number)


def _changed(transitions: list[Transition], _texts: Texts) -> Moment:
    transition = transitions[0]
    event = transition.record
    text = f"{event.event_id}  {transition.from_status} -> {transition.to_status}: {transition.cause}"
    if transition.from_status is None:
        kind = "simulated " if event.simulated else ""
        due = "" if event.planned is None else f", NotBefore {instant_text(event.planned)}"
        text = (
            f"{event.event_id}  {kind}{event.event_type} on {event.subject}: {transition.to_status}{due} "
            f"({transition.cause})"
        )
    return Moment(transition.at_micros, "event", text)


def _went(steps: list[InstanceTransition], texts: Texts) -> Moment:
    way = [str(steps[0].from_status or "created"), *(str(step.to_status or "released") for step in steps)]
    text = f"{steps[0].record.instance_id}  {' -> '.join(way)}: {steps[0].cause}"
    return _of_instance(steps[0].at_micros, text, texts)


def _of_instance(at: Micros, text: str, texts: Texts) -> Moment:
    number, _ = texts.setdefault((INSTANCE, text), (len(texts), text))
    return Moment(at, INSTANCE, text, rank=Rank.DEED, key=number)


def _interrupted(entries: list[Interruption], texts: Texts) -> Moment:
    (announced,) = entries
    text = (
        f"{announced.record.instance_id}  reclaimed at {instant_text(announced.releases_at_micros)}: {announced.cause}"
    )
    return _of_instance(announced.at_micros, text, texts)


def _announced(entries: list[Notification], _texts: Texts) -> Moment:
    (notification,) = entries
    text = f"{notification.summary}: announced by the test"
    return Moment(notification.at_micros, "notice", text)


def _delivered(deliveries: list[Delivery], _texts: Texts) -> Moment:
    (delivery,) = deliveries
    notes = [text for is_so, text in _delivery_notes(delivery) if is_so]
    text = f"{delivery.summary} -> {delivery.subscription.receiver}" + (f" ({', '.join(notes)})" if notes else "")
    has_gone_well = delivery.outcome == "delivered"
    if not has_gone_well:
        text += f": {delivery.outcome}" + ("" if delivery.error is None else f", {_error_text(delivery.error)}")
    return Moment(
        delivery.at_micros,
        "push",
        text,
        rank=Rank.DEED if has_gone_well else Rank.NEWS,
        hint="" if has_gone_well or delivery.attempt != 1 else json.dumps(delivery.payload, ensure_ascii=False),
    )


def _delivery_notes(delivery: Delivery) -> "Iterator[tuple[bool, str]]":
    yield bool(delivery.rule_name), f"rule {delivery.rule_name}"
    yield delivery.is_duplicate, "duplicate"
    yield delivery.attempt > 1, f"attempt {delivery.attempt}"


def _handled(steps: list[MessageStep], _texts: Texts) -> Moment:
    (step,) = steps
    return Moment(step.at_micros, "queue", f"{step.queue}: {step.message.summary} {step.did}", rank=Rank.DEED)


def _refused(requests: list[RefusedRequest], texts: Texts) -> Moment:
    (request,) = requests
    key = ("queue", request.what, request.code, request.hint)
    number, text = texts.setdefault(key, (len(texts), f"{request.what} -> {request.http_status} {request.code}"))
    rank = Rank.LOOK if request.is_usual else Rank.NEWS
    return Moment(request.at_micros, "queue", text, thread="server", rank=rank, hint=request.hint, key=number)


def _pushed(pushes: list[TopicPush], _texts: Texts) -> Moment:
    (push,) = pushes
    attempt = f" (attempt {push.attempt})" if push.attempt > 1 else ""
    problem = f": failed, {push.problem}" if push.problem else ""
    text = f"topic {push.topic} -> {push.endpoint}{attempt}{problem}"
    return Moment(push.at_micros, "push", text, rank=Rank.NEWS if push.problem else Rank.DEED)


def _error_text(error: BaseException) -> str:
    return str(error) if isinstance(error, EcsEventsError) else f"{type(error).__name__}: {error}"


# How each kind of entry is told; a new kind is a row here.
_TELL: Final[dict[type, Callable[[Any, Texts], Moment]]] = {
    ApiCall: _called,
    MetadataCall: _asked,
    Transition: _changed,
    InstanceTransition: _went,
    Interruption: _interrupted,
    Notification: _announced,
    Delivery: _delivered,
    MessageStep: _handled,
    RefusedRequest: _refused,
    TopicPush: _pushed,
}
