"""What the handler could know of an event that it did not answer: its calls, their replies, and missed notifications."""

from collections.abc import Collection, Sequence
from typing import Final

from pytest_ecsevents._words import listed
from pytest_ecsevents.report._entries import JournalEntry
from pytest_ecsevents.report._story import Story
from pytest_ecsevents.report._texts import api_request_text
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.services.ecs._catalogue import EventStatus
from pytest_ecsevents.services.ecs._model import EventRecord, Transition
from pytest_ecsevents.services.metadata._calls import MetadataCall

_LOOKUPS: Final = (
    "DescribeInstanceHistoryEvents",
    "DescribeInstancesFullStatus",
    "DescribeDisksFullStatus",
    "DescribeSystemEventAttribute",
)
"""Actions whose replies list events."""


def why_unanswered(event: EventRecord, statuses: Collection[EventStatus], story: Story) -> str:
    """Say why the handler did nothing in time: `; no API was called`; "" if nothing is known.

    Args:
        event: The event.
        statuses: Those in which an answer would have counted.
        story: What happened.
    """
    calls = [entry for entry in story.journal if isinstance(entry, (ApiCall, MetadataCall))]
    in_time = [
        call for call in _while_open(event, statuses, story.journal) if isinstance(call, (ApiCall, MetadataCall))
    ]
    if not in_time:
        return _missed(event, story) or _no_call(event, calls, story)
    return _looked_elsewhere(event, in_time) or _shown(event, in_time, story) or not_shown(event, statuses, story)


def not_shown(event: EventRecord, statuses: Collection[EventStatus], story: Story) -> str:
    """Say that the lookups in time did not list the event, with the request of the last one; "" if one did."""
    calls = [entry for entry in _while_open(event, statuses, story.journal) if isinstance(entry, ApiCall)]
    regions = ("", event.region_id)
    lookups = [
        call
        for call in calls
        if call.action in _LOOKUPS and call.region_id in regions and call.http_status == 200 and not call.failure
    ]
    if not lookups or any(_lists(event, call) for call in calls):
        return ""
    asked = api_request_text(lookups[-1])
    if len(lookups) == 1:
        return f"; {asked} did not show it"
    return f"; {len(lookups)} lookups in time did not show it, the last was {asked}"


def _while_open(
    event: EventRecord, statuses: Collection[EventStatus], journal: Sequence[JournalEntry]
) -> list[JournalEntry]:
    """What happened while the event could be answered."""
    found: list[JournalEntry] = []
    is_open = False
    for entry in journal:
        if isinstance(entry, Transition) and entry.record is event:
            is_open = entry.to_status in statuses
        elif is_open:
            found.append(entry)
    return found


def _missed(event: EventRecord, story: Story) -> str:
    late = [one.receiver for one in story.subscriptions if one.has_missed(event.event_id)]
    if not late:
        return ""
    return f"; {listed(late)} did not get it, since the event was published before: publish it after subscribing"


def _no_call(event: EventRecord, calls: Sequence[ApiCall | MetadataCall], story: Story) -> str:
    published = event.transitions[0].at_micros
    later = [call for call in calls if call.at_micros >= published]
    if later and later[0].at_micros > published:
        return f"; the first call came at {story.stamp(later[0].at_micros)}"
    return "; no API was called" + (" after it was published" if calls else "")


def _looked_elsewhere(event: EventRecord, calls: Sequence[ApiCall | MetadataCall]) -> str:
    """Say that all calls named other regions than the event's: a client with the wrong region finds no event."""
    regions = {call.region_id for call in calls if isinstance(call, ApiCall)}
    if not regions or "" in regions or event.region_id in regions:
        return ""
    return f"; the event is in {event.region_id}, and all calls named {listed(sorted(regions))}"


def _shown(event: EventRecord, calls: Sequence[ApiCall | MetadataCall], story: Story) -> str:
    seen = [call for call in calls if _lists(event, call)]
    if not seen:
        return ""
    last = seen[-1]
    who, at = last.action if isinstance(last, ApiCall) else last.path, story.stamp(last.at_micros)
    often = "" if len(seen) == 1 else f" {len(seen)} times, the last"
    return f"; {who} showed it{often} at {at}"


def _lists(event: EventRecord, call: ApiCall | MetadataCall) -> bool:
    reply = call.reply
    return call.http_status == 200 and not call.failure and reply is not None and event.event_id.encode() in reply.body
