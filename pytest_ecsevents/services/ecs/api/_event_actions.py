"""Actions on system events."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from pytest_ecsevents._words import listed
from pytest_ecsevents.clock._times import SECOND, instant_text
from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._paging import MAX_RESULTS, NEXT_TOKEN, PAGE_NUMBER, numbered, page_size, paged
from pytest_ecsevents.rpc._parameters import boolean, choice, instant, repeated, text
from pytest_ecsevents.rpc._wire import Fragment, Json, JsonObject, Listing
from pytest_ecsevents.services.ecs._attributes import HEALTH_STATUSES
from pytest_ecsevents.services.ecs._catalogue import (
    EVENT_STATUS_CODES,
    FINAL,
    HEALTH_STATUS_CODES,
    INSTANCE_STATUS_CODES,
    INTERRUPTION,
    KNOWN_TYPES,
    REHEARSED_TYPES,
    SIMULATED_TYPES,
    UNFINISHED,
    EventStatus,
)
from pytest_ecsevents.services.ecs._cloud import ActionCall
from pytest_ecsevents.services.ecs._events import newest_first
from pytest_ecsevents.services.ecs._extended import LISTS as EXTENDED_LISTS
from pytest_ecsevents.services.ecs._model import EventRecord, InstanceRecord
from pytest_ecsevents.services.ecs._refusals import (
    NotBeforePassedError,
    NotSimulatedError,
    TooManySimulatedEventsError,
    UnknownEventError,
    UnknownInstanceError,
)
from pytest_ecsevents.services.ecs.api import PACKAGE
from pytest_ecsevents.services.ecs.api import _event_filters as filters

ACTIONS: Final = Actions[ActionCall](PACKAGE)

VISIBLE_FOR: Final = 30 * 86_400 * SECOND
"""How long a finished event can be queried (documented; 7 days in older editions)."""

PAGE_SIZE: Final = page_size(100)

# -- CreateSimulatedSystemEvents

_TYPE: Final = choice(
    "EventType",
    tuple(dict.fromkeys((*SIMULATED_TYPES, *REHEARSED_TYPES))),
    required=True,
    note=f"with TriggerRealOps one of {listed(REHEARSED_TYPES)}, else all but {INTERRUPTION.name}",
)
_NOT_BEFORE: Final = instant("NotBefore", required=True, note="yyyy-MM-ddTHH:mm:ssZ, UTC; not before now")
_INSTANCES: Final = repeated("InstanceId", most=100, refusal="InstanceIdLimitExceeded", required=True)
_REAL_OPS: Final = boolean("TriggerRealOps", note="true: the event affects its instance (in newer SDKs only)")

REDEPLOYED_AFTER: Final = 24 * 3600 * SECOND
"""With TriggerRealOps a redeployment ignores NotBefore, and the system picks the time (documented): this one is a guess."""


@ACTIONS.action(
    "CreateSimulatedSystemEvents",
    _TYPE,
    _NOT_BEFORE,
    _INSTANCES,
    _REAL_OPS,
    refusals={
        UnknownInstanceError: "InvalidInstanceId.NotFound",
        NotBeforePassedError: "InvalidNotBefore.Passed",
        TooManySimulatedEventsError: "SimulatedEventLimitExceeded",
    },
    notes=(
        "All or nothing when one instance id is bad; the error is that of the first bad one.",
        "NotBefore equal to now is accepted.",
        "The limit counts Scheduled events of the account in all regions.",
        "An id given twice gets two events.",
        "With TriggerRealOps another type is refused with InvalidParameter (a guess).",
        "SystemMaintenance.Redeploy with TriggerRealOps ignores NotBefore (documented), and runs after 24 hours (a guess).",
        f"{INTERRUPTION.name} needs preemptible instances. Their interruption is announced at NotBefore (a guess).",
        "Five minutes later they are released or stopped. Queries show it as other simulated events (a guess).",
    ),
)
def _create_simulated(call: ActionCall) -> JsonObject:
    instances = [call.instance(instance_id) for instance_id in call[_INSTANCES]]
    not_before = call[_NOT_BEFORE]
    assert not_before is not None
    _check_type(call, instances)
    if call[_REAL_OPS] and call[_TYPE] == "SystemMaintenance.Redeploy":
        not_before = call.now + REDEPLOYED_AFTER
    call.cloud.events.check_simulation(
        call[_TYPE], instances, not_before, call.now, call.account_id, acts=call[_REAL_OPS]
    )
    event_ids: list[Json] = [
        call.cloud.events.create(
            call[_TYPE], instance, not_before=not_before, acts=call[_REAL_OPS], cause=call.cause
        ).event_id
        for instance in instances
    ]
    return {"EventIdSet": {"EventId": event_ids}}


def _check_type(call: ActionCall, instances: Iterable[InstanceRecord]) -> None:
    types = REHEARSED_TYPES if call[_REAL_OPS] else SIMULATED_TYPES
    if call[_TYPE] not in types:
        mode = "With" if call[_REAL_OPS] else "Without"
        raise call.invalid("EventType", repr(call[_TYPE]), f"{mode} TriggerRealOps it must be one of {listed(types)}.")
    for instance in instances if call[_TYPE] == INTERRUPTION.name else ():
        if not instance.is_preemptible:
            raise call.invalid("InstanceId.N", repr(instance.instance_id), "It must be a preemptible instance.")


# -- CancelSimulatedSystemEvents

_CANCEL_IDS: Final = repeated("EventId", most=100, refusal="EventIdLimitExceeded", required=True)


@ACTIONS.action(
    "CancelSimulatedSystemEvents",
    _CANCEL_IDS,
    refusals={UnknownEventError: "InvalidEventId.NotFound", NotSimulatedError: "CannotCancelSystemEvent.NotSimulated"},
    notes=("All or nothing.", "An event that has ended is InvalidEventId.NotFound."),
)
def _cancel_simulated(call: ActionCall) -> JsonObject:
    cloud = call.cloud
    cloud.events.cancel(
        [
            cloud.events.get(event_id, account_id=call.account_id, region_id=call.region_id)
            for event_id in call[_CANCEL_IDS]
        ],
        cause=call.cause,
    )
    return {}


# -- DescribeInstanceHistoryEvents

_HOST_TYPES: Final = ("ddh", "managehost", "managedhost")
_BY_NAME: Final = {str(status): status for status in EventStatus}
_STATUSES: Final = tuple(_BY_NAME)

_INSTANCE: Final = text("InstanceId", note="one instance; ResourceId.N wins over it")
_RESOURCE_TYPE: Final = choice(
    "ResourceType", ("instance", *_HOST_TYPES), note="default instance; hosts have no events"
)
_RESOURCES: Final = repeated("ResourceId", most=100)
_STATUS: Final = choice("EventCycleStatus", _STATUSES, note="only without InstanceEventCycleStatus.N")
_STATUSES_N: Final = repeated("InstanceEventCycleStatus", most=7, allowed=_STATUSES)
_IMPACT_LEVEL: Final = text("ImpactLevel", note="not publicly available: refused")
_RESOURCE_GROUP: Final = text("ResourceGroupId")


@ACTIONS.action(
    "DescribeInstanceHistoryEvents",
    _INSTANCE,
    _RESOURCE_TYPE,
    _RESOURCES,
    _STATUS,
    _STATUSES_N,
    *filters.SHARED,
    _IMPACT_LEVEL,
    _RESOURCE_GROUP,
    filters.TAGS,
    PAGE_NUMBER,
    PAGE_SIZE,
    NEXT_TOKEN,
    MAX_RESULTS,
    notes=(
        "Without a status filter only finished events are listed, also with EventId.N; the setting history has another way.",
        "Finished events are listed for 30 days.",
        "Newest publication first, then by event id.",
        "Ranges include both ends.",
        "At most 20 tags.",
    ),
)
def _describe_history(call: ActionCall) -> JsonObject:
    if call[_IMPACT_LEVEL]:
        raise call.error(
            "OperationDenied.NotInWhiteList", "The specified parameter ImpactLevel is not publicly available."
        )
    asked = call[_STATUSES_N] or ((call[_STATUS],) if call[_STATUS] else ())
    is_pending = call.cloud.settings.history_is_pending and not asked
    statuses = frozenset(map(_BY_NAME.__getitem__, asked)) or (UNFINISHED if is_pending else FINAL)
    oldest = call.now - VISIBLE_FOR
    tests = filters.shared_tests(call) + filters.owner_tests(call.cloud, call[filters.TAGS], call[_RESOURCE_GROUP])
    events = _history_candidates(call, statuses)
    if not statuses.isdisjoint(FINAL):
        events = [event for event in events if event.finished_at is None or event.finished_at >= oldest]
    for test in tests:
        events = [event for event in events if test(event)]
    if not events:
        call.hint = _found_elsewhere(call, statuses)
    page, envelope = paged(call, events, PAGE_SIZE, filters.list_place)
    views = [event.rendered or _render(event) for event in page]
    if is_pending:
        envelope["TotalCount"] = 0
    return Listing(envelope, "InstanceSystemEventSet", "InstanceSystemEventType", views)


def _found_elsewhere(call: ActionCall, statuses: "Iterable[EventStatus]") -> str:
    places = call.cloud.events.elsewhere(call.account_id, call.region_id, statuses)
    known = f"None in {call.region_id} of account {call.account_id}; such events exist {listed(places, most=3)}."
    return known if places else ""


def _history_candidates(call: ActionCall, statuses: "frozenset[EventStatus]") -> Sequence[EventRecord]:
    """The caller's events in these statuses, newest first, from the narrowest index that the call allows."""
    cloud, resources = call.cloud, call[_RESOURCES] or ((call[_INSTANCE],) if call[_INSTANCE] else ())
    if call[_RESOURCE_TYPE] in _HOST_TYPES:
        return ()
    if resources:
        narrowed = [event for resource in dict.fromkeys(resources) for event in cloud.events.of(resource)]
    elif call[filters.EVENT_IDS]:
        known = filter(None, map(cloud.events.by_id.get, dict.fromkeys(call[filters.EVENT_IDS])))
        narrowed = [event for event in known if not KNOWN_TYPES[event.event_type].is_of_disk]
    else:
        return cloud.events.with_status(call.account_id, call.region_id, statuses)
    mine = (call.account_id, call.region_id)
    return newest_first(e for e in narrowed if e.status in statuses and (e.account_id, e.region_id) == mine)


def _render(event: EventRecord) -> Fragment:
    """Render an event, and keep that until the event changes: pollers read the same events again and again."""
    view = {**_event_view(event), "InstanceId": event.instance_id, "ExtendedAttribute": _extended_view(event)}
    if event.finished_at is not None:
        view["EventFinishTime"] = instant_text(event.finished_at)
    event.rendered = Fragment(view)
    return event.rendered


# Made once: each event of each reply shows them.
_TYPE_VIEWS: Final[dict[str, JsonObject]] = {
    row.name: {"Code": row.code, "Name": row.name} for row in KNOWN_TYPES.values()
}
_STATUS_VIEWS: Final[dict[EventStatus, JsonObject]] = {
    status: {"Code": code, "Name": status.value} for status, (code, *_) in EVENT_STATUS_CODES.items()
}


def _event_view(event: EventRecord) -> JsonObject:
    view: JsonObject = {
        "EventId": event.event_id,
        "EventType": _TYPE_VIEWS[event.event_type],
        "EventCycleStatus": _STATUS_VIEWS[event.status],
        "EventPublishTime": instant_text(event.published_at),
        "ExtendedAttribute": {},
    }
    if event.not_before is not None:
        view["NotBefore"] = instant_text(event.not_before)
    if event.reason is not None:
        view["Reason"] = event.reason
    return view


def _extended_view(event: EventRecord) -> JsonObject:
    """`ExtendedAttribute`: the disk of an event that concerns one, and what the test gave; mostly empty (documented)."""
    view: JsonObject = {name: _extended_member(name, value) for name, value in event.extended.items()}
    if event.disk is not None:
        view.update(DiskId=event.disk.disk_id, Device=event.disk.device)
    if event.initial_not_before is not None:
        view["InitialNotBefore"] = instant_text(event.initial_not_before)
    return view


def _extended_member(name: str, value: object) -> Json:
    if not isinstance(value, tuple):
        return str(value)
    entries: list[Json] = [dict(one) if isinstance(one, Mapping) else str(one) for one in value]
    return {EXTENDED_LISTS[name].item: entries}


# -- DescribeInstancesFullStatus

_FULL_INSTANCES: Final = repeated("InstanceId", most=100, refusal="InstanceIdLimitExceeded")
_INSTANCE_STATUS: Final = choice("Status", ("Starting", "Running", "Stopped"))
_HEALTH: Final = choice("HealthStatus", tuple(name for name in HEALTH_STATUSES if name != "Ok"))
_PLANNED_EXTENDED: Final = ("DiskId", "Device", "InactiveDisks")
_PLANNED: Final = frozenset({EventStatus.SCHEDULED, EventStatus.INQUIRING})


@ACTIONS.action(
    "DescribeInstancesFullStatus",
    _FULL_INSTANCES,
    _INSTANCE_STATUS,
    _HEALTH,
    *filters.SHARED,
    PAGE_NUMBER,
    PAGE_SIZE,
    notes=(
        "Events in Scheduled and Inquiring only.",
        "With an event filter, instances without a matching event are left out.",
        "HealthStatus is Ok unless the test declares another; events do not change it.",
        "Unknown instance ids are left out.",
    ),
)
def _describe_full_status(call: ActionCall) -> JsonObject:
    tests = filters.shared_tests(call)
    matching = []
    for instance in _full_status_instances(call):
        events = [event for event in call.cloud.events.unfinished(instance.instance_id) if event.status in _PLANNED]
        for test in tests:
            events = [event for event in events if test(event)]
        if events or not tests:
            matching.append((instance, newest_first(events)))
    if not any(events for _, events in matching):
        call.hint = _found_elsewhere(call, _PLANNED)
    page, envelope = numbered(call, matching, PAGE_SIZE)
    views: list[Json] = [_full_view(instance, events) for instance, events in page]
    return {**envelope, "InstanceFullStatusSet": {"InstanceFullStatusType": views}}


def _full_status_instances(call: ActionCall) -> Iterable[InstanceRecord]:
    wanted = frozenset(call[_FULL_INSTANCES])
    for instance in call.cloud.instances.of_account(call.account_id, call.region_id):
        if (
            (not wanted or instance.instance_id in wanted)
            and call[_INSTANCE_STATUS] in ("", instance.status)
            and call[_HEALTH] in ("", _health(instance))
        ):
            yield instance


def _health(instance: InstanceRecord) -> str:
    return str(instance.attributes.get("health_status", "Ok"))


def _full_view(instance: InstanceRecord, events: Iterable[EventRecord]) -> JsonObject:
    status, health = instance.status, _health(instance)
    views: list[Json] = []
    for event in events:
        # Only those extended attributes that the official reply model has here.
        extended = {name: said for name, said in _extended_view(event).items() if name in _PLANNED_EXTENDED}
        views.append({**_event_view(event), "ExtendedAttribute": extended})
    return {
        "InstanceId": instance.instance_id,
        "Status": {"Code": INSTANCE_STATUS_CODES[status][0], "Name": status.value},
        "HealthStatus": {"Code": HEALTH_STATUS_CODES[health][0], "Name": health},
        "ScheduledSystemEventSet": {"ScheduledSystemEventType": views},
    }
