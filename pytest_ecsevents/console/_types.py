"""Event types in words, and what users can do about an event.

The words are ours: those of the real console are not published. What changes an event is read from the lifecycle.
"""

from typing import Final, NamedTuple

from pytest_ecsevents.services.ecs._catalogue import EventStatus
from pytest_ecsevents.services.ecs._lifecycle import Trigger, next_status
from pytest_ecsevents.services.ecs._model import EventRecord

_IMPACTS: Final = {
    "Reboot": "Restart",
    "Stop": "Stop",
    "Redeploy": "Redeployment",
    "Delete": "Release",
    "RebootAndIsolateErrorDisk": "Restart and isolation of a damaged disk",
    "RebootAndReInitErrorDisk": "Restart and replacement of a damaged disk",
    "IsolateErrorDisk": "Isolation of a damaged disk",
    "ReInitErrorDisk": "Replacement of a damaged disk",
    "CleanInactiveDisks": "Removal of released disks",
    "StopAndRepair": "Stop and repair",
    "PerformanceImpact": "Lower performance",
    "PerformanceAffect": "Lower performance",
    "Migrate": "Migration",
    "Locked": "Lock",
    "WebsiteBanned": "Website banned",
    "TpmAlert": "Alert of the TPM",
}
_CAUSES: Final = {
    "SystemMaintenance": "scheduled maintenance",
    "SystemUpgrade": "system upgrade",
    "SystemFailure": "system failure",
    "InstanceFailure": "instance failure",
    "InstanceExpiration": "expiry",
    "AccountUnbalanced": "overdue payment",
    "SecurityPunish": "security penalty",
    "Security": "security",
}
_WHOLE: Final = {
    "Stalled": "Disk stalled",
    "Degraded": "Disk performance degraded",
    "SeverelyDegraded": "Disk performance severely degraded",
    "ErrorDetected": "Damaged disk",
    "Instance:PreemptibleInstanceInterruption": "Preemptible instance reclaimed",
}


def type_words(name: str) -> str:
    """`Restart: scheduled maintenance` of `SystemMaintenance.Reboot`."""
    if name in _WHOLE:
        return _WHOLE[name]
    cause, _, impact = name.partition(".")
    return f"{_IMPACTS[impact]}: {_CAUSES[cause]}"


class Deed(NamedTuple):
    """What a user can do about an event.

    Attributes:
        name: Of the button that does it.
        words: On the button.
        advice: As a recommended action; "" if it is none.
    """

    name: str
    words: str
    advice: str = ""


_RESCHEDULE: Final = Deed("reschedule", "Change time")
_DEEDS: Final = {
    Trigger.ACCEPT: Deed("accept", "Accept", "Accept the event"),
    Trigger.REBOOT: Deed("reboot", "Restart instance", "Restart the instance"),
    Trigger.REDEPLOY: Deed("redeploy", "Redeploy instance", "Redeploy the instance"),
    Trigger.RENEW: Deed("renew", "Renew instance", "Renew the instance"),
    Trigger.CANCEL: Deed("cancel", "Cancel event"),
}


def deeds(event: EventRecord) -> list[Deed]:
    """What changes the event in its status, as the lifecycle says."""
    found = [
        deed
        for trigger, deed in _DEEDS.items()
        if next_status(event.event_type, event.simulated, event.status, trigger) is not None
    ]
    if event.status == EventStatus.SCHEDULED:
        found.append(_RESCHEDULE)
    return found


def advice(event: EventRecord, found: "list[Deed]") -> str:
    """The recommended action."""
    if event.status.is_final:
        return "None"
    said = [deed.advice for deed in found if deed.advice]
    words = " or ".join([said[0], *(one[0].lower() + one[1:] for one in said[1:])]) if said else "Wait"
    return f"{words} before the planned time" if said and event.status == EventStatus.SCHEDULED else words
