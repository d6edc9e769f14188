"""Filters that the event queries share."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from pytest_ecsevents.clock._times import Micros, instant_text
from pytest_ecsevents.rpc._parameters import Parameter, choice, instant, repeated, structs
from pytest_ecsevents.services.ecs._catalogue import INSTANCE_EVENT_TYPES
from pytest_ecsevents.services.ecs._cloud import ActionCall, Cloud
from pytest_ecsevents.services.ecs._model import EventRecord

EventTest: TypeAlias = Callable[[EventRecord], bool]

EVENT_IDS: Final = repeated("EventId", most=100, refusal="EventIdLimitExceeded")
EVENT_TYPE: Final = choice(
    "EventType", INSTANCE_EVENT_TYPES, note="only without InstanceEventType.N; instance types only"
)
EVENT_TYPES_N: Final = repeated(
    "InstanceEventType", most=30, allowed=INSTANCE_EVENT_TYPES, note="1 to 30; wins over EventType"
)
NOT_BEFORE_START: Final = instant("NotBefore.Start")
NOT_BEFORE_END: Final = instant("NotBefore.End")
PUBLISHED_START: Final = instant("EventPublishTime.Start")
PUBLISHED_END: Final = instant("EventPublishTime.End")
TAGS: Final = structs("Tag", "Key Value", most=20)

SHARED: Final = (EVENT_IDS, EVENT_TYPE, EVENT_TYPES_N, NOT_BEFORE_START, NOT_BEFORE_END, PUBLISHED_START, PUBLISHED_END)


def shared_tests(call: ActionCall) -> list[EventTest]:
    """One test for each of the shared filters that was sent.

    Raises:
        ApiError: A range ends before it starts.
    """
    tests: list[EventTest] = []
    types = frozenset(call[EVENT_TYPES_N] or ((call[EVENT_TYPE],) if call[EVENT_TYPE] else ()))
    if types:
        tests.append(lambda event: event.event_type in types)
    if call[EVENT_IDS]:
        ids = frozenset(call[EVENT_IDS])
        tests.append(lambda event: event.event_id in ids)
    add_range(call, NOT_BEFORE_START, NOT_BEFORE_END, lambda event: event.not_before, tests)
    add_range(call, PUBLISHED_START, PUBLISHED_END, lambda event: event.published_at, tests)
    return tests


def add_range(
    call: ActionCall,
    start: Parameter[Micros | None],
    end: Parameter[Micros | None],
    of: Callable[[EventRecord], Micros | None],
    tests: list[EventTest],
) -> None:
    """Add the test of a range, if one was sent. It includes both ends (a guess), in whole seconds, as times are printed."""
    first, last = call[start], call[end]
    if first is None and last is None:
        return
    if first is not None and last is not None and last < first:
        raise call.error(
            "InvalidParameter.TimeEndBeforeStart",
            hint=f"{end.name} {instant_text(last)} lies before {start.name} {instant_text(first)}",
        )

    def within(event: EventRecord) -> bool:
        at = of(event)
        if at is None:
            return False
        at -= at % 1_000_000
        return (first is None or at >= first) and (last is None or at <= last)

    tests.append(within)


def owner_tests(cloud: Cloud, wanted: Iterable[Mapping[str, str]], resource_group_id: str) -> list[EventTest]:
    """Tests on the event's instance: all tags, and the resource group."""
    tests: list[EventTest] = []
    pairs = [(tag.get("Key", ""), tag.get("Value")) for tag in wanted]
    if pairs:
        tests.append(lambda event: has_tags(cloud.instances.get_ever(event.instance_id).tags, pairs))
    if resource_group_id:
        tests.append(
            lambda event: (
                cloud.instances.get_ever(event.instance_id).attributes.get("resource_group_id", "") == resource_group_id
            )
        )
    return tests


def list_place(event: EventRecord) -> "tuple[int, str]":
    """The place of an event in a list: its sort key, in the order of `newest_first`."""
    return -event.published_at, event.event_id


def has_tags(owned: Mapping[str, str], pairs: "Iterable[tuple[str, str | None]]") -> bool:
    """Whether every wanted key is there, with the wanted value unless that is empty."""
    return all(key in owned and value in (None, "", owned[key]) for key, value in pairs)
