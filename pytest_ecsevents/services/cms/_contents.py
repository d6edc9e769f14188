"""The `content` of each kind of notification, after the documented examples."""

from collections.abc import Callable, Mapping
from typing import Final

from pytest_ecsevents.clock._times import SECOND, Micros, instant_text
from pytest_ecsevents.services.cms._names import NotificationName
from pytest_ecsevents.services.cms._notification import Content
from pytest_ecsevents.services.ecs._catalogue import FINAL, KNOWN_TYPES, EventStatus, InstanceStatus
from pytest_ecsevents.services.ecs._model import InstanceRecord, SystemEvent, Transition, record_of, steps_back

# `state` of Instance:StateChange; an instance that is Pending has just been created.
_STATES: Final = {
    None: "Deleted",
    InstanceStatus.PENDING: "Created",
    InstanceStatus.STARTING: "Starting",
    InstanceStatus.RUNNING: "Running",
    InstanceStatus.STOPPING: "Stopping",
    InstanceStatus.STOPPED: "Stopped",
}

_STARTED: Final = FINAL | {EventStatus.EXECUTING}
"""Statuses whose content has `executeStartTime` (documented; Failed is a guess)."""


def of_event(change: Transition) -> Content:
    event = change.record
    not_before = event.not_before_at(change)
    content: dict[str, object] = {
        "eventId": event.event_id,
        "publishTime": instant_text(event.published_at),
        "instanceId": event.instance_id,
        "eventType": event.event_type,
        "eventStatus": change.to_status.value,
    }
    if not_before is not None and KNOWN_TYPES[event.event_type].cause == "SystemMaintenance":
        content["notBefore"] = instant_text(not_before)
    if change.to_status in _STARTED:
        content["executeStartTime"] = instant_text(_started_at(change))
    if change.to_status in FINAL:
        content["executeFinishTime"] = instant_text(change.at_micros)
    return content


def content_of(event: SystemEvent) -> Content:
    return of_event(record_of(event).last)


def of_disk_event(change: Transition, instance: InstanceRecord) -> Content:
    event, disk = change.record, change.record.disk
    assert disk is not None
    content: dict[str, object] = {
        "eventId": event.event_id,
        "diskId": disk.disk_id,
        "device": disk.device,
        "eventType": event.event_type,
        "executeStartTime": instant_text(_started_at(change)),
        "ecsInstanceId": event.instance_id,
        "ecsInstanceName": instance.texts["instance_name"],
    }
    if change.to_status in FINAL:
        content["executeFinishTime"] = instant_text(change.at_micros)
    return content


def _started_at(change: Transition) -> Micros:
    """When the event began to run, up to the change; if it had not, when it changed (documented for Avoided)."""
    starts = [step.at_micros for step in steps_back(change) if step.to_status == EventStatus.EXECUTING]
    return starts[-1] if starts else change.at_micros


def public_address(instance: InstanceRecord) -> str:
    return next(iter(instance.lists["public_ip_addresses"]), "")


def of_state(instance: InstanceRecord, status: InstanceStatus | None, public: str) -> Content:
    return {
        "resourceId": instance.instance_id,
        "resourceType": "ALIYUN::ECS::Instance",
        "state": _STATES[status],
        "instanceName": instance.texts["instance_name"],
        "instanceType": instance.texts["instance_type"],
        "privateIpAddress": _private_address(instance),
        "publicIpAddress": public,
    }


# `action` of Instance:PreemptibleInstanceInterruption, by SpotInterruptionBehavior, with the evidence.
INTERRUPTION_ACTIONS: Final[Mapping[str, tuple[str, str]]] = {
    "Terminate": ("delete", "documented"),
    "Stop": ("delete", "guess: no source has another action"),
}


def of_interruption(instance: InstanceRecord, behavior: str) -> Content:
    return {"instanceId": instance.instance_id, "action": INTERRUPTION_ACTIONS[behavior][0]}


_HOUR: Final = 3600 * SECOND
_WHILE: Final = 8 * SECOND
"""The duration of a completed operation in a sample."""


def _hour_text(at: Micros) -> str:
    return f"{instant_text(at - at % _HOUR)[:16]}Z"


def _disk_id(instance: InstanceRecord) -> str:
    return instance.disks[-1].disk_id


def _private_address(instance: InstanceRecord) -> str:
    return next(iter(instance.lists["private_ip_addresses"]), "")


def _addresses_of(instance: InstanceRecord) -> Content:
    return {
        "eniId": instance.texts["network_interface_id"],
        "primaryPrivateIp": _private_address(instance),
        "secondaryPrivateIps": [],
        "ipv4Prefixes": [],
    }


SAMPLES: Final[Mapping[str, Callable[[InstanceRecord, Micros], Content]]] = {
    "Instance:StateChange": lambda instance, _: of_state(instance, instance.status, public_address(instance)),
    "Instance:PreemptibleInstanceInterruption": lambda instance, _: of_interruption(
        instance, instance.texts["spot_interruption_behavior"]
    ),
    "Instance:LiveMigrationAcrossDDH": lambda instance, now: {
        "instanceId": instance.instance_id,
        "sourceDedicatedHostId": "dh-source",
        "destinationDedicatedHostId": "dh-destination",
        "startTime": instant_text(now - _WHILE),
        "endTime": instant_text(now),
        "status": "accomplished",
    },
    "Instance:PerformanceModeChange": lambda instance, _: {
        "instanceId": instance.instance_id,
        "creditSpecification": "Unlimited",
        "operator": "System",
    },
    "Instance:BurstablePerformanceRestricted": lambda instance, now: {
        "instanceId": instance.instance_id,
        "intervalStart": _hour_text(now - _HOUR),
        "intervalEnd": _hour_text(now),
    },
    "Instance:VSwitchChanged": lambda instance, _: {
        "instanceId": instance.instance_id,
        "vswitchId": instance.texts["vswitch_id"],
        "privateIpAddress": _private_address(instance),
        "vpcId": instance.texts["vpc_id"],
        "secondaryPrivateIps": [],
    },
    "NetworkInterface:PrivateIPAssigned": lambda instance, _: _addresses_of(instance),
    "NetworkInterface:PrivateIPUnassigned": lambda instance, _: _addresses_of(instance),
    "Disk:DiskOperationCompleted": lambda instance, _: {
        "diskId": _disk_id(instance),
        "operation": "AttachDisk",
        "result": "accomplished",
    },
    "Disk:ConvertToPostpaidCompleted": lambda instance, _: {"diskId": _disk_id(instance), "result": "accomplished"},
    "Disk:OverduePaymentRelease": lambda instance, _: {
        "instanceId": instance.instance_id,
        "diskId": _disk_id(instance),
    },
    "Snapshot:CreateSnapshotCompleted": lambda instance, now: {
        "result": "accomplished",
        "snapshotId": f"s-{_disk_id(instance).removeprefix('d-')}",
        "snapshotName": "test-snapshot",
        "snapshotType": "user",
        "diskId": _disk_id(instance),
        "startTime": instant_text(now - _WHILE),
        "endTime": instant_text(now),
    },
}
"""Contents of notifications without a system event, by name; keys and types are those of the documented examples."""


def level_of(row: NotificationName, content: Content) -> str:
    """Its level; a failed operation has another one (documented)."""
    has_failed = row.name == "Disk:DiskOperationCompleted" and content.get("result") == "failed"
    return "WARN" if has_failed else row.level


RESOURCES: Final = {
    "Disk": ("disk", "diskId"),
    "Snapshot": ("snapshot", "snapshotId"),
    "NetworkInterface": ("eni", "eniId"),  # a guess: the word of RAM's policies
}
"""The ends of ARNs of other resources than instances: by the first part of the name, the word, and the content's key for the id."""
