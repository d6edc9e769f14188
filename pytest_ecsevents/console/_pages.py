"""What each page shows: a template, and its values."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from pytest_ecsevents.checks._call_log import CallLog
from pytest_ecsevents.clock._times import SECOND, instant_text
from pytest_ecsevents.console._cloud import Context, Form, Shown
from pytest_ecsevents.console._rows import (
    channels,
    delivery_rows,
    event_row,
    fault_rows,
    instance_row,
    newest_first,
    notifications_of,
)
from pytest_ecsevents.rpc._error_tables import COMMON
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS
from pytest_ecsevents.services._products import ACTIONS
from pytest_ecsevents.services.ecs._attributes import SPOT_STRATEGIES
from pytest_ecsevents.services.ecs._catalogue import (
    KNOWN_TYPES,
    REHEARSED_TYPES,
    SIMULATED_TYPES,
    UNFINISHED,
    EventStatus,
)
from pytest_ecsevents.services.ecs._model import DEFAULT_ACTION

DAY: Final = 86_400 * SECOND

PAGE_SIZES: Final = (20, 50, 100)
USUAL_SIZE: Final = 50

MOST_SHOWN: Final = 200
"""Deliveries and messages that a page shows, the newest first."""

MOST_LINES: Final = 1000
"""Lines of the story."""


class NotThereError(Exception):
    """The page's subject does not exist."""


class Page(NamedTuple):
    """One page.

    Attributes:
        template: Its template.
        title: Its title; `{}` is its subject.
        nav: The entry of the navigation that it belongs to.
        values: What it shows: of the cloud, the subject in its path, and its query.
    """

    template: str
    title: str
    nav: str
    values: Callable[[Shown, str, Form], Context]


# -- events


def _events(shown: Shown, _subject: str, query: Form) -> Context:
    parts = shown.parts
    everything = list(parts.cloud.events.by_id.values())
    shows_all = query.get("show") == "all"
    wanted = {name: query.get(name, "") for name in _FILTERS}
    active = [(_FILTERS[name], value) for name, value in wanted.items() if value]
    matching = [
        event
        for event in everything
        if (shows_all or event.status in UNFINISHED) and all(value_of(event) == value for value_of, value in active)
    ]
    size = _whole(query.get("size"), USUAL_SIZE)
    size = size if size in PAGE_SIZES else USUAL_SIZE
    pages = max(1, -(-len(matching) // size))
    number = min(max(1, _whole(query.get("page"), 1)), pages)
    first = (number - 1) * size
    kept = {"show": "all"} if shows_all else {}
    kept |= {name: value for name, value in wanted.items() if value}
    kept |= {} if size == USUAL_SIZE else {"size": str(size)}

    def link(**changes: str) -> str:
        return f"?{urlencode({**kept, **changes})}"

    return {
        "rows": [event_row(parts, event) for event in newest_first(matching)[first : first + size]],
        "total": len(matching),
        "all_total": len(everything),
        "shows_all": shows_all,
        "wanted": wanted,
        "is_filtered": any(wanted.values()),
        "choices": {
            "region": sorted({event.region_id for event in everything}),
            "type": sorted({event.event_type for event in everything}),
            "status": [status.value for status in EventStatus],
        },
        "size": size,
        "sizes": PAGE_SIZES,
        "first": first + 1,
        "last": min(first + size, len(matching)),
        "previous": link(page=str(number - 1)) if number > 1 else "",
        "next": link(page=str(number + 1)) if number < pages else "",
        "page_number": number,
        "pages": pages,
        "forms": {
            "types": SIMULATED_TYPES,
            "rehearsed": tuple(name for name in REHEARSED_TYPES if name not in SIMULATED_TYPES),
            "known": tuple(name for name in KNOWN_TYPES if name not in (*REHEARSED_TYPES, *SIMULATED_TYPES)),
            "instances": _by_region(shown),
            "statuses": [status.value for status in EventStatus if status in UNFINISHED],
            "tomorrow": instant_text(parts.clock.now() + DAY),
        },
    }


_FILTERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "region": lambda event: event.region_id,
    "type": lambda event: event.event_type,
    "status": lambda event: event.status.value,
    "instance": lambda event: event.instance_id,
}


def _whole(text: "str | None", default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else default


def _by_region(shown: Shown) -> dict[str, list[Context]]:
    found: dict[str, list[Context]] = {}
    for instance in tuple(shown.parts.cloud.instances.existing.values()):
        found.setdefault(instance.region_id, []).append(
            {"id": instance.instance_id, "name": instance.texts["instance_name"]}
        )
    return found


def _event(shown: Shown, subject: str, query: Form) -> Context:
    parts = shown.parts
    event = parts.cloud.events.by_id.get(subject)
    if event is None:
        raise NotThereError(f"There is no event {subject} in this cloud.")
    sent = notifications_of(parts, event)
    number = _whole(query.get("notification"), len(sent)) or len(sent)
    number = min(number, len(sent))
    chosen = sent[number - 1] if sent else None
    return {
        "event": event_row(parts, event),
        "reason": event.reason,
        "account_id": event.account_id,
        "history": event.transitions,
        "sent": [{"name": one.row.status, "at": one.at_micros} for one in sent],
        "chosen": number,
        "notification_name": "" if chosen is None else chosen.name,
        "channels": list(channels(parts, event, chosen)),
        "deliveries": delivery_rows(parts, frozenset(one.uuid for one in sent)),
    }


# -- instances


def _instances(shown: Shown, _subject: str, _query: Form) -> Context:
    cloud = shown.parts.cloud
    existing = tuple(cloud.instances.existing.values())
    return {
        "rows": [instance_row(shown.parts, instance) for instance in existing],
        "released": [one for one in cloud.instances.ever().values() if one.instance_id not in cloud.instances.existing],
        "regions": sorted(cloud.regions),
        "region_id": cloud.settings.region_id,
        "strategies": SPOT_STRATEGIES,
    }


def _instance(shown: Shown, subject: str, _query: Form) -> Context:
    parts = shown.parts
    instance = parts.cloud.instances.ever().get(subject)
    if instance is None:
        raise NotThereError(f"There is no instance {subject} in this cloud.")
    given = {
        name: ", ".join(value) if isinstance(value, tuple) else value for name, value in instance.attributes.items()
    }
    return {
        "instance": instance_row(parts, instance),
        "facts": {
            "Region": instance.region_id,
            "Zone": instance.texts["zone_id"],
            "Account": instance.account_id,
            "Type": instance.texts["instance_type"],
            "Private address": ", ".join(instance.lists["private_ip_addresses"]),
            "Locks": ", ".join(instance.locks) or "none",
            "Maintenance action": instance.maintenance.action or DEFAULT_ACTION,
            **given,
        },
        "tags": instance.tags,
        "disks": instance.disks,
        "rows": [event_row(parts, event) for event in newest_first(parts.cloud.events.of(subject))],
    }


# -- time and faults


def _clock(shown: Shown, _subject: str, _query: Form) -> Context:
    clock = shown.parts.clock
    planned = [event for event in tuple(shown.parts.cloud.events.by_id.values()) if event.status in UNFINISHED]
    rows = [event_row(shown.parts, event) for event in planned if event.not_before is not None]
    return {
        "started": clock.started_at,
        "tomorrow": instant_text(clock.now() + DAY),
        "can_reset": shown.reset is not None,
        "holder": clock.holder,
        "upcoming": sorted(
            (row for row in rows if (row.planned or 0) >= clock.now()), key=lambda row: row.planned or 0
        )[:MOST_SHOWN],
    }


def _faults(shown: Shown, _subject: str, _query: Form) -> Context:
    logs: tuple[CallLog[Any], ...] = (shown.parts.recorder.log, shown.parts.recorder.metadata)
    return {
        "rows": fault_rows(shown.parts),
        "actions": ["*", "metadata", *sorted(ACTIONS)],
        "codes": sorted({*COMMON.codes(), *NETWORK_FAULTS}),
        "calls": sum(len(log.calls) for log in logs),
    }


def _timeline(shown: Shown, _subject: str, _query: Form) -> Context:
    svg = shown.parts.svg()
    return {"svg": _without_styles(svg), "story": shown.parts.timeline(MOST_LINES)}


def _without_styles(svg: str) -> str:
    """The picture without inline styles, which the policy of the page forbids; the style sheet has them."""
    before, _, rest = svg.partition("<style>")
    return f"{before}{rest.partition('</style>')[2]}".replace(' style="max-width:100%;height:auto"', "", 1)


# -- queues and rules


def _queues(shown: Shown, _subject: str, _query: Form) -> Context:
    parts, messaging = shown.parts, shown.parts.messaging
    queues = filter(None, map(messaging.queues.get, messaging.queues))
    topics = list(filter(None, map(messaging.topics.get, messaging.topics)))
    deliveries = delivery_rows(parts)
    return {
        "queues": [
            {
                "name": queue.name,
                "counts": queue.counts(),
                "sent": len(queue.sent),
                "messages": [
                    {
                        "at": one.sent_micros,
                        "summary": one.summary,
                        "body": one.body,
                        "received": one.dequeue_count,
                        "is_here": queue.holds(one),
                    }
                    for one in reversed(queue.sent[-MOST_SHOWN:])
                ],
            }
            for queue in queues
        ],
        "topics": topics,
        "rules": [rule for rules in tuple(parts.monitor.rules.by_account.values()) for rule in tuple(rules.values())],
        "receivers": [one for one in tuple(parts.receivers.subscriptions) if not one.is_canceled],
        "deliveries": deliveries[: -MOST_SHOWN - 1 : -1],
        "delivered": len(deliveries),
    }


PAGES: Final[Mapping[str, Page]] = {
    "/events": Page("events.html", "Events", "/events", _events),
    "/events/": Page("event.html", "Event {}", "/events", _event),
    "/instances": Page("instances.html", "Instances", "/instances", _instances),
    "/instances/": Page("instance.html", "Instance {}", "/instances", _instance),
    "/timeline": Page("timeline.html", "Timeline", "/timeline", _timeline),
    "/clock": Page("clock.html", "Clock", "/clock", _clock),
    "/faults": Page("faults.html", "Faults", "/faults", _faults),
    "/queues": Page("queues.html", "Queues and rules", "/queues", _queues),
}
"""The pages by path below `/console`. A path that ends with a slash is followed by the page's subject."""

NAVIGATION: Final = (
    ("/events", "Events"),
    ("/instances", "Instances"),
    ("/timeline", "Timeline"),
    ("/clock", "Clock"),
    ("/faults", "Faults"),
    ("/queues", "Queues and rules"),
)


def found(paths: Iterable[str], path: str) -> "tuple[str, str] | None":
    """Which of the paths a request is for, and its subject; None for none."""
    for one in paths:
        if one.endswith("/"):
            subject = path.removeprefix(one)
            if path.startswith(one) and subject:
                return one, subject
        elif path == one:
            return one, ""
    return None


def clock_values(shown: Shown) -> Context:
    """What each page shows of the clock."""
    now, due = shown.parts.cloud.settled(), shown.parts.clock.next_due()
    return {"now": now, "next_due": due, "speed": shown.speed}
