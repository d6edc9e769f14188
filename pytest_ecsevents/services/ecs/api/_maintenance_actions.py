"""Actions that answer or configure maintenance, other than reboots."""

import re
from collections.abc import Mapping
from typing import Final

from pytest_ecsevents._words import listed
from pytest_ecsevents.clock._times import instant_text
from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._paging import PAGE_NUMBER, numbered, page_size
from pytest_ecsevents.rpc._parameters import boolean, choice, instant, repeated, structs, text, whole, yes_or_no
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs._catalogue import KNOWN_TYPES, MAINTENANCE_IMPACTS, EventStatus
from pytest_ecsevents.services.ecs._cloud import ActionCall
from pytest_ecsevents.services.ecs._model import DEFAULT_ACTION, InstanceRecord, Maintenance, MetadataOptions
from pytest_ecsevents.services.ecs._refusals import (
    NotBeforePassedError,
    NothingToRedeployError,
    NotInquiringError,
    UnknownEventError,
    UnknownInstanceError,
)
from pytest_ecsevents.services.ecs.api import PACKAGE
from pytest_ecsevents.services.ecs.api._instance_actions import REFUSALS

ACTIONS: Final = Actions[ActionCall](PACKAGE, refusals={UnknownInstanceError: "InvalidInstanceId.NotFound"})

# -- RedeployInstance

_INSTANCE: Final = text("InstanceId", required=True)
_FORCE_STOP: Final = boolean("ForceStop", note="no effect on what the fake shows")


@ACTIONS.action(
    "RedeployInstance",
    _INSTANCE,
    _FORCE_STOP,
    refusals={**REFUSALS, NothingToRedeployError: "InvalidOperation.RedeployInstance"},
    needs_region=False,
    notes=(
        "Real events of the documented types and statuses become Avoided (a guess).",
        "An Executing SystemFailure.Reboot becomes Executed if the instance has a local disk.",
        "Refused if the instance has no such event; simulated events do not count.",
    ),
)
def _redeploy(call: ActionCall) -> JsonObject:
    instance = call.instance(call[_INSTANCE])
    call.cloud.redeploy(instance, cause=call.cause)
    return {"TaskId": call.cloud.ids.resource("t", instance.region_id)}


# -- AcceptInquiredSystemEvent

_EVENT: Final = text("EventId", required=True)
_CHOICE: Final = text("Choice", note="invitational preview, no effect")


@ACTIONS.action(
    "AcceptInquiredSystemEvent",
    _EVENT,
    _CHOICE,
    refusals=dict.fromkeys((UnknownEventError, NotInquiringError), "InvalidEventId.NoInquiringEventFound"),
    notes=("The event executes at once.",),
)
def _accept(call: ActionCall) -> JsonObject:
    cloud = call.cloud
    cloud.events.accept(
        cloud.events.get(call[_EVENT], account_id=call.account_id, region_id=call.region_id or None), cause=call.cause
    )
    return {}


# -- ModifySystemEventAttribute

_NOT_BEFORE: Final = instant("NotBefore", required=True, note="the new planned time, yyyy-MM-ddTHH:mm:ssZ, UTC")


@ACTIONS.action(
    "ModifySystemEventAttribute",
    _INSTANCE,
    _EVENT,
    _NOT_BEFORE,
    refusals={
        UnknownInstanceError: "InvalidInstanceId.NotFound",
        UnknownEventError: "InvalidEventId.NotFound",
        NotBeforePassedError: "InvalidNotBefore.Passed",
    },
    notes=(
        "Only Scheduled events of scheduled maintenance have their NotBefore modified (documented).",
        "Which types these are is a guess: SystemMaintenance.*.",
        "NotBefore lies between now and the planned time with which the event was created (documented).",
        "All error codes are guesses; a NotBefore after the first planned time is InvalidParameter.",
        "InitialNotBefore shows the first planned time.",
    ),
)
def _reschedule(call: ActionCall) -> JsonObject:
    call.instance(call[_INSTANCE])
    event = call.cloud.events.get(call[_EVENT], account_id=call.account_id, region_id=call.region_id)
    if event.instance_id != call[_INSTANCE]:
        raise UnknownEventError(f"{event.event_id} is an event of {event.instance_id}.", event.event_id)
    if KNOWN_TYPES[event.event_type].cause != "SystemMaintenance":
        raise UnknownEventError(
            f"{event.event_id} is {event.event_type}; only SystemMaintenance events can be modified.", event.event_id
        )
    not_before, latest = call[_NOT_BEFORE], event.planned
    assert not_before is not None
    if event.status == EventStatus.SCHEDULED and latest is not None and max(latest, call.now) < not_before:
        shown, last = instant_text(not_before), instant_text(latest)
        raise call.invalid("NotBefore", shown, f"It must not be later than the time that was planned first, {last}.")
    call.cloud.events.reschedule(event, not_before, cause=call.cause)
    return {}


# -- ModifyInstanceMaintenanceAttributes

_INSTANCES: Final = repeated("InstanceId", most=100)
_ACTION: Final = choice("ActionOnMaintenance", tuple(MAINTENANCE_IMPACTS))
_NOTIFY: Final = yes_or_no("NotifyOnMaintenance", note="default false")
_WINDOW: Final = structs(
    "MaintenanceWindow", "StartTime EndTime", most=1, note="one; HH:mm:ss on the full hour, 1 to 23 hours"
)
_FULL_HOUR: Final = re.compile(r"([01]\d|2[0-3]):00:00")


@ACTIONS.action(
    "ModifyInstanceMaintenanceAttributes",
    _INSTANCES,
    _ACTION,
    _NOTIFY,
    _WINDOW,
    notes=(
        "All or nothing.",
        "Without InstanceId.N it is refused.",
        "An action that is not among an instance's SupportedValues is refused (documented), with InvalidParameter (a guess).",
    ),
)
def _modify_maintenance(call: ActionCall) -> JsonObject:
    if not call[_INSTANCES]:
        raise call.invalid("InstanceId.N", "''", "Name at least one instance.")
    instances = [call.instance(instance_id) for instance_id in call[_INSTANCES]]
    windows = [_window(call, struct) for struct in call[_WINDOW]]
    for instance in instances:
        supported = _supported_actions(instance)
        if call[_ACTION] not in ("", *supported):
            expected = f"{instance.instance_id} supports {listed(supported)}."
            raise call.invalid(_ACTION.name, repr(call[_ACTION]), expected)
    for instance in instances:
        before = instance.maintenance
        call.cloud.modify_maintenance(
            instance,
            Maintenance(
                action=call[_ACTION] or before.action,
                notify=before.notify if call[_NOTIFY] is None else bool(call[_NOTIFY]),
                window=windows[0] if windows else before.window,
            ),
        )
    return {}


def _window(call: ActionCall, struct: Mapping[str, str]) -> "tuple[str, str]":
    start, end = struct.get("StartTime", ""), struct.get("EndTime", "")
    hours = [_FULL_HOUR.fullmatch(time) for time in (start, end)]
    if not all(hours) or start == end:
        expected = "StartTime and EndTime must both be HH:mm:ss on the full hour, 1 to 23 hours apart."
        raise call.invalid("MaintenanceWindow.N", repr(f"{start} to {end}"), expected)
    return start, end


# -- DescribeInstanceMaintenanceAttributes

_DESCRIBED: Final = repeated("InstanceId", most=100, refusal="InstanceIdLimitExceeded")
_PAGE_SIZE: Final = page_size(100)


@ACTIONS.action(
    "DescribeInstanceMaintenanceAttributes",
    _DESCRIBED,
    PAGE_NUMBER,
    _PAGE_SIZE,
    notes=("SupportedValues are Stop and AutoRecover, and AutoRedeploy if the instance has a local disk.",),
)
def _describe_maintenance(call: ActionCall) -> JsonObject:
    wanted = [call.instance(instance_id) for instance_id in dict.fromkeys(call[_DESCRIBED])]
    mine = list(call.cloud.instances.of_account(call.account_id, call.region_id))
    page, envelope = numbered(call, wanted or mine, _PAGE_SIZE)
    views: list[Json] = [_maintenance_view(instance) for instance in page]
    return {**envelope, "MaintenanceAttributes": {"MaintenanceAttribute": views}}


def _supported_actions(instance: InstanceRecord) -> tuple[str, ...]:
    redeploy = ("AutoRedeploy",) if any(disk.is_local for disk in instance.disks) else ()
    return ("Stop", "AutoRecover", *redeploy)


def _maintenance_view(instance: InstanceRecord) -> JsonObject:
    maintenance = instance.maintenance
    windows: list[Json] = (
        [dict(zip(("StartTime", "EndTime"), maintenance.window, strict=True))] if maintenance.window else []
    )
    return {
        "InstanceId": instance.instance_id,
        "NotifyOnMaintenance": maintenance.notify,
        "MaintenanceWindows": {"MaintenanceWindow": windows},
        "ActionOnMaintenance": {
            "DefaultValue": DEFAULT_ACTION,
            "Value": maintenance.action or DEFAULT_ACTION,
            "SupportedValues": {"SupportedValue": list(_supported_actions(instance))},
        },
    }


# -- ModifyInstanceMetadataOptions

_METADATA_INSTANCE: Final = text("InstanceId", note="without it the call is refused")
_HTTP_ENDPOINT: Final = choice(
    "HttpEndpoint", ("enabled", "disabled"), required=True, refusal="InvalidHttpEndpoint.NotSupported"
)
_HTTP_TOKENS: Final = choice(
    "HttpTokens",
    ("optional", "required"),
    refusal="InvalidHttpTokens.NotSupported",
    note="optional (default) or required",
)
_METADATA_TAGS: Final = choice(
    "InstanceMetadataTags",
    ("enabled", "disabled"),
    refusal="InvalidInstanceMetadataTags.NotSupported",
    note="enabled or disabled (default): whether the metadata has the instance's tags",
)


@ACTIONS.action(
    "ModifyInstanceMetadataOptions",
    _METADATA_INSTANCE,
    _HTTP_ENDPOINT,
    _HTTP_TOKENS,
    whole(
        "HttpPutResponseHopLimit",
        least=1,
        most=64,
        refusal="InvalidHttpPutResponseHopLimit.NotSupported",
        note="from 1 to 64; no effect",
    ),
    _METADATA_TAGS,
    notes=(
        "Without InstanceId, which is documented as optional, it is refused.",
        "HttpTokens left out makes it optional again, as documented. InstanceMetadataTags left out stays as it was.",
    ),
)
def _modify_metadata_options(call: ActionCall) -> JsonObject:
    if not call[_METADATA_INSTANCE]:
        raise call.error("InvalidInstanceId.NotFound", hint="InstanceId was not sent")
    instance = call.instance(call[_METADATA_INSTANCE])
    tags = call[_METADATA_TAGS] or instance.metadata_options.tags
    options = MetadataOptions(call[_HTTP_ENDPOINT], call[_HTTP_TOKENS] or "optional", tags)
    call.cloud.modify_metadata_options(instance, options)
    return {}


# -- ReportInstancesStatus

_DISK_REASONS: Final = ("abnormal-local-disk", "abnormal-cloud-disk")
_REASON: Final = choice(
    "Reason", ("instance-hang", "instance-stuck-in-status", "abnormal-network", *_DISK_REASONS, "others")
)
_PARTS: Final = ("cpu", "motherboard", "mem", "power", "disk", "networkcard", "raidcard", "fan")
_ISSUE: Final = choice("IssueCategory", (*(f"hardware-{part}-error" for part in _PARTS), "others"))
_DISKS: Final = repeated(
    "DiskId", most=100, refusal="DiskIdLimitExceeded", note="needed for the disk reasons, and for hardware-disk-error"
)
_DEVICES: Final = repeated("Device", most=100, note="of bare metal")
_DISK_ISSUE: Final = "hardware-disk-error"
_REPORTED: Final = repeated("InstanceId", most=100, refusal="InstanceIdLimitExceeded", required=True)
_DESCRIPTION: Final = text("Description", required=True)


@ACTIONS.action(
    "ReportInstancesStatus",
    _REPORTED,
    _DESCRIPTION,
    _REASON,
    instant("StartTime"),
    instant("EndTime"),
    _ISSUE,
    _DISKS,
    _DEVICES,
    notes=("Creates no event, as far as is documented.",),
)
def _report(call: ActionCall) -> JsonObject:
    for instance_id in call[_REPORTED]:
        call.instance(instance_id)
    if call[_REASON] in _DISK_REASONS and not call[_DISKS]:
        raise call.invalid("DiskId.N", "''", f"Reason {call[_REASON]} needs at least one disk.")
    if call[_ISSUE] == _DISK_ISSUE and not call[_DISKS] and not call[_DEVICES]:
        expected = f"IssueCategory {_DISK_ISSUE} needs at least one disk, or on bare metal a Device.N."
        raise call.invalid("DiskId.N", "''", expected)
    return {}
