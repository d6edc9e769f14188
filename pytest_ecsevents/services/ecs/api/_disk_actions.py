"""DescribeDisksFullStatus: the events of disks."""

from collections.abc import Iterable, Iterator
from typing import Final

from pytest_ecsevents.clock._times import SECOND, instant_text
from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._paging import PAGE_NUMBER, numbered, page_size
from pytest_ecsevents.rpc._parameters import choice, instant, repeated, text
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs._attributes import HEALTH_STATUSES
from pytest_ecsevents.services.ecs._catalogue import (
    DISK_EVENT_TYPES,
    DISK_STATUS_CODES,
    EVENT_TYPES,
    HEALTH_STATUS_CODES,
)
from pytest_ecsevents.services.ecs._cloud import ActionCall, Cloud
from pytest_ecsevents.services.ecs._disks import Disk
from pytest_ecsevents.services.ecs._events import newest_first
from pytest_ecsevents.services.ecs._model import EventRecord, InstanceRecord
from pytest_ecsevents.services.ecs.api import PACKAGE
from pytest_ecsevents.services.ecs.api import _event_filters as filters

ACTIONS: Final = Actions[ActionCall](PACKAGE)

VISIBLE_FOR: Final = 7 * 86_400 * SECOND
"""How long an ended disk event can be queried (documented), from its start (a guess)."""

_DISKS: Final = repeated("DiskId", most=100, refusal="DiskIdLimitExceeded")
_STATUS: Final = choice("Status", tuple(DISK_STATUS_CODES))
_HEALTH: Final = choice("HealthStatus", tuple(name for name in HEALTH_STATUSES if name not in ("Ok", "Maintaining")))
_TYPE: Final = choice("EventType", DISK_EVENT_TYPES)
_START: Final = instant("EventTime.Start")
_END: Final = instant("EventTime.End")
_GROUP: Final = text("ResourceGroupId")
_PAGE_SIZE: Final = page_size(100)


@ACTIONS.action(
    "DescribeDisksFullStatus",
    _DISKS,
    filters.EVENT_IDS,
    _TYPE,
    _STATUS,
    _HEALTH,
    _START,
    _END,
    _GROUP,
    filters.TAGS,
    PAGE_NUMBER,
    _PAGE_SIZE,
    notes=(
        "Every instance has a system disk, and the disks that the test declares on it.",
        "HealthStatus is Impaired while an event of the disk lasts, else what the test declares.",
        "Events that have ended are listed for 7 days from their start, lasting ones without limit.",
        "With an event filter, disks without a matching event are left out.",
        "Unknown disk ids are left out.",
        "ImpactLevel is that of the documented sample.",
    ),
)
def _describe_disks(call: ActionCall) -> JsonObject:
    tests: list[filters.EventTest] = []
    if call[_TYPE]:
        tests.append(lambda event: event.event_type == call[_TYPE])
    if call[filters.EVENT_IDS]:
        tests.append(lambda event: event.event_id in call[filters.EVENT_IDS])
    filters.add_range(call, _START, _END, lambda event: event.published_at, tests)
    oldest = call.now - VISIBLE_FOR
    matching = []
    for instance, disk in _disks(call):
        events = [
            event
            for event in call.cloud.events.of(disk.disk_id)
            if (event.finished_at is None or event.published_at >= oldest) and all(test(event) for test in tests)
        ]
        if events or not tests:
            matching.append((instance, disk, newest_first(events)))
    page, envelope = numbered(call, matching, _PAGE_SIZE)
    views: list[Json] = [_view(call.cloud, instance, disk, events) for instance, disk, events in page]
    return {**envelope, "DiskFullStatusSet": {"DiskFullStatusType": views}}


def _disks(call: ActionCall) -> "Iterator[tuple[InstanceRecord, Disk]]":
    """The caller's matching disks, in order of declaration."""
    wanted, tags = frozenset(call[_DISKS]), [(tag.get("Key", ""), tag.get("Value")) for tag in call[filters.TAGS]]
    for instance in call.cloud.instances.of_account(call.account_id, call.region_id):
        for disk in instance.disks:
            if (
                (not wanted or disk.disk_id in wanted)
                and call[_STATUS] in ("", disk.status)
                and call[_HEALTH] in ("", _health(call.cloud, disk))
                and call[_GROUP] in ("", disk.resource_group_id)
                and filters.has_tags(disk.tags, tags)
            ):
                yield instance, disk


def _health(cloud: Cloud, disk: Disk) -> str:
    """Impaired while an event lasts (as in the documented sample; a guess)."""
    return "Impaired" if cloud.events.has_unfinished_of_disk(disk.disk_id) else disk.health_status


def _view(cloud: Cloud, instance: InstanceRecord, disk: Disk, events: Iterable[EventRecord]) -> JsonObject:
    health = _health(cloud, disk)
    views: list[Json] = [_event_view(event) for event in events]
    return {
        "DiskId": disk.disk_id,
        "InstanceId": instance.instance_id,
        "Device": disk.device,
        "Status": {"Code": DISK_STATUS_CODES[disk.status][0], "Name": disk.status},
        "HealthStatus": {"Code": HEALTH_STATUS_CODES[health][0], "Name": health},
        "DiskEventSet": {"DiskEventType": views},
    }


def _event_view(event: EventRecord) -> JsonObject:
    """EventTime is publication, plan and start in one; EventEndTime is left out until the end (documented)."""
    view: JsonObject = {
        "EventId": event.event_id,
        "EventType": {"Code": EVENT_TYPES[event.event_type].code, "Name": event.event_type},
        "EventTime": instant_text(event.published_at),
        "ImpactLevel": "100",
    }
    if event.finished_at is not None:
        view["EventEndTime"] = instant_text(event.finished_at)
    return view
