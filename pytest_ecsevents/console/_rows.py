"""What the pages show of events, instances, deliveries and faults: plain values of the records."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

from pytest_ecsevents.checks._faults import FaultRules, Rule
from pytest_ecsevents.clock._times import SECOND, Micros, duration_text, instant_text
from pytest_ecsevents.console import _api
from pytest_ecsevents.console._cloud import Backstage, Context
from pytest_ecsevents.console._types import Deed, advice, deeds, type_words
from pytest_ecsevents.rpc._wire import JsonObject
from pytest_ecsevents.services.cms._delivery import Delivery
from pytest_ecsevents.services.cms._notification import Notification, cloudmonitor, eventbridge, subscription
from pytest_ecsevents.services.ecs._catalogue import KNOWN_TYPES, UNFINISHED, EventStatus
from pytest_ecsevents.services.ecs._model import EventRecord, InstanceRecord


class EventRow(NamedTuple):
    """One event in a list; instants are microseconds, None for none."""

    event_id: str
    event_type: str
    words: str
    instance_id: str
    instance_name: str
    disk_id: str | None
    region_id: str
    status: str
    is_pending: bool
    simulated: bool
    published: Micros
    planned: Micros | None
    ended: Micros | None
    advice: str
    deeds: list[Deed]


def event_row(parts: Backstage, event: EventRecord) -> EventRow:
    found = deeds(event)
    return EventRow(
        event_id=event.event_id,
        event_type=event.event_type,
        words=type_words(event.event_type),
        instance_id=event.instance_id,
        instance_name=parts.cloud.instances.get_ever(event.instance_id).texts["instance_name"],
        disk_id=event.disk_id,
        region_id=event.region_id,
        status=event.status.value,
        is_pending=event.status in UNFINISHED,
        simulated=event.simulated,
        published=event.published_at,
        planned=event.not_before,
        ended=event.finished_at,
        advice=advice(event, found),
        deeds=found,
    )


def newest_first(events: Iterable[EventRecord]) -> list[EventRecord]:
    """As the API lists them."""
    return sorted(events, key=lambda event: (-event.published_at, event.event_id))


def pending_count(parts: Backstage) -> int:
    """How many events have not ended."""
    return sum(event.status in UNFINISHED for event in tuple(parts.cloud.events.by_id.values()))


# -- one event


class Channel(NamedTuple):
    """What one channel says of an event.

    Attributes:
        key: For its place on the page.
        title: Its name.
        note: Where it goes.
        text: Its JSON, indented.
    """

    key: str
    title: str
    note: str
    text: str


def channels(parts: Backstage, event: EventRecord, notification: Notification | None) -> Iterator[Channel]:
    """What the API and each form of a notification say of an event."""
    action, reply = described(parts, event)
    yield Channel("api", "API reply", action, json_text(reply))
    if notification is not None:
        yield Channel("flat", "Flat", "CloudMonitor's event rules", json_text(cloudmonitor(notification)))
        yield Channel("nested", "Nested", "event subscriptions", json_text(subscription(notification)))
        yield Channel("eventbridge", "EventBridge", "the default bus", json_text(eventbridge(notification)))


def described(parts: Backstage, event: EventRecord) -> tuple[str, JsonObject]:
    """The action that describes an event, and its reply about that event alone."""
    if KNOWN_TYPES[event.event_type].is_of_disk:
        action, params = "DescribeDisksFullStatus", {"DiskId_1": event.disk_id or ""}
    else:
        action = "DescribeInstanceHistoryEvents"
        params = {"EventId_1": event.event_id, **_api.numbered("InstanceEventCycleStatus", EventStatus)}
    return action, _api.call(parts, action, event.account_id, event.region_id, **params)


def json_text(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def notifications_of(parts: Backstage, event: EventRecord) -> list[Notification]:
    """CloudMonitor's notifications of an event, in order."""
    known = tuple(parts.monitor.notifications)
    return [one for one in known if one.content.get("eventId") == event.event_id]


class DeliveryRow(NamedTuple):
    """One try to deliver a notification."""

    at: Micros
    name: str
    receiver: str
    rule: str
    outcome: str
    attempt: int
    answer: str


def delivery_rows(parts: Backstage, notification_ids: "frozenset[str] | None" = None) -> list[DeliveryRow]:
    """Every try to deliver, in order; with ids, of these notifications only."""
    rules = [rule for owned in tuple(parts.monitor.rules.by_account.values()) for rule in tuple(owned.values())]
    sources = [*(one.deliveries for one in tuple(parts.receivers.subscriptions)), *(rule.deliveries for rule in rules)]
    found = dict.fromkeys(
        delivery
        for deliveries in sources
        for delivery in tuple(deliveries)
        if notification_ids is None or delivery.notification_id in notification_ids
    )
    return sorted((_delivery_row(one, parts) for one in found), key=lambda row: row.at)


def _delivery_row(delivery: Delivery, parts: Backstage) -> DeliveryRow:
    said = delivery.answer if delivery.error is None else f"{type(delivery.error).__name__}: {delivery.error}"
    return DeliveryRow(
        at=delivery.at_micros,
        name=delivery.summary,
        receiver=delivery.subscription.receiver,
        rule=delivery.rule_name,
        outcome=delivery.outcome,
        attempt=delivery.attempt,
        answer="" if said is None else parts.recorder.secrets.mask_text(str(said)),
    )


# -- instances


def instance_row(parts: Backstage, instance: InstanceRecord) -> Context:
    events = parts.cloud.events.unfinished(instance.instance_id)
    return {
        "id": instance.instance_id,
        "name": instance.texts["instance_name"],
        "region_id": instance.region_id,
        "status": instance.status.value,
        "type": instance.texts["instance_type"],
        "pending": len(events),
        "is_preemptible": instance.is_preemptible,
        "exists": instance.instance_id in parts.cloud.instances.existing,
    }


# -- faults


class FaultRow(NamedTuple):
    """One fault, quota or delay, as it was declared."""

    calls: str
    name: str
    met: int
    times: int | None
    window: str
    is_over: bool


def fault_rules(parts: Backstage) -> "Iterator[FaultRules[Any]]":
    for log in (parts.recorder.log, parts.recorder.metadata, parts.recorder.queues):
        yield log.faults


def fault_rows(parts: Backstage) -> list[FaultRow]:
    return [_fault_row(rule) for rules in fault_rules(parts) for rule in tuple(rules.rules)]


def _fault_row(rule: "Rule[Any]") -> FaultRow:
    window = "any time" if rule.between is None else " to ".join(map(instant_text, rule.between))
    return FaultRow(str(rule.calls), rule.name, rule.met, rule.times, window, rule.is_over)


_MINUTE: Final = 60 * SECOND
_HOUR: Final = 60 * _MINUTE


def away(at: Micros, now: Micros) -> str:
    """`in 1d`, `2h ago`, `now`: to the second, or to the minute from an hour on."""
    span = abs(at - now)
    unit = SECOND if span < _HOUR else _MINUTE
    span = (span + unit // 2) // unit * unit
    if not span:
        return "now"
    return f"in {duration_text(span)}" if at > now else f"{duration_text(span)} ago"
