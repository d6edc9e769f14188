"""The types of ECS that EventBridge publishes: those of its list, in which some of CloudMonitor's names are missing."""

from typing import Final

from pytest_ecsevents.services.cms._names import NotificationName

_LISTED: Final = {
    "Disk": "ConvertToPostpaidCompleted DiskOperationCompleted ErrorDetected OverduePaymentRelease Stalled",
    "Instance": "AutoReactivateCompleted BurstablePerformanceRestricted InstanceFailure.Reboot LiveMigrationAcrossDDH "
    "PerformanceModeChange PreemptibleInstanceInterruption Security.TpmAlert StateChange SurplusCreditIncurCharge "
    "SystemFailure.Delete SystemFailure.Reboot SystemFailure.Redeploy SystemFailure.Stop "
    "SystemMaintenance.CleanReleasedDisks SystemMaintenance.IsolateErrorDisk SystemMaintenance.ReInitErrorDisk "
    "SystemMaintenance.Reboot SystemMaintenance.RebootAndIsolateErrorDisk SystemMaintenance.RebootAndReInitErrorDisk "
    "SystemMaintenance.Redeploy SystemMaintenance.Stop VSwitchChanged",
    "NetworkInterface": "NetworkInterfaceOperateCompleted PrivateIPAssigned PrivateIPUnassigned PrivateIPv6Assigned "
    "PrivateIPv6Unassigned SlaveEniWorkStateChanged",
    "Snapshot": "CreateSnapshotCompleted CreateSnapshotInitiated SnapshotDeleted",
    "CloudAssistant": "TaskCompleted",
}

TYPES: Final = frozenset(f"ecs:{kind}:{name}" for kind, names in _LISTED.items() for name in names.split())
"""Every type of the list, without `ecs:ActionTrail:*`."""

# By CloudMonitor's name without its status. That the list means the same event by its name is a guess.
_RENAMED: Final = {"Instance:SystemMaintenance.CleanInactiveDisks": "Instance:SystemMaintenance.CleanReleasedDisks"}

NOT_PUBLISHED: Final = "EventBridge publishes no such type"


def eventbridge_type(row: NotificationName) -> str:
    """The type on EventBridge: `ecs:Instance:SystemMaintenance.Reboot`, without the status."""
    return f"ecs:{_RENAMED.get(row.base, row.base)}"
