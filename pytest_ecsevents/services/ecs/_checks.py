"""Checks of what tests pass to the cloud, and the messages if it is wrong."""

import warnings
from collections.abc import Collection, Mapping

from pytest_ecsevents._errors import BadArgumentError, UnknownRegionWarning, checked_text, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed, pass_one_of, sendable
from pytest_ecsevents.clock._times import Micros, duration_text, instant_text
from pytest_ecsevents.services.ecs._catalogue import (
    DISK_EVENT_TYPES,
    EVENT_TYPES,
    INTERRUPTION,
    KNOWN_TYPES,
    MAINTENANCE_CAUSES,
    MAINTENANCE_IMPACTS,
    EventStatus,
    EventType,
    InstanceStatus,
)
from pytest_ecsevents.services.ecs._disks import Disk
from pytest_ecsevents.services.ecs._model import DEFAULT_ACTION, InstanceRecord, Maintenance
from pytest_ecsevents.services.ecs._refusals import NotBeforePassedError, UnknownEventTypeError
from pytest_ecsevents.services.ecs._regions import UNLISTED_REGIONS

__tracebackhide__ = hidden_in_reports


def check_region(region_id: str, known: Collection[str]) -> str:
    """Return the region, and warn if it is unknown: new regions are opened, so it may exist.

    Raises:
        BadArgumentError: It is not a text.
    """
    checked_text(region_id, "region_id", "cn-hangzhou")
    if region_id not in known and region_id not in UNLISTED_REGIONS:
        warnings.warn(
            f"region_id is {region_id!r}, which is no known region.{did_you_mean(region_id, (*known, *UNLISTED_REGIONS))} It "
            "is used all the same. If it exists, silence this with the filter ignore::pytest_ecsevents.UnknownRegionWarning.",
            UnknownRegionWarning,
            stacklevel=2,
        )
    return region_id


def check_id(instance_id: object, where: str) -> None:
    """Refuse what is not an id.

    Raises:
        BadArgumentError: It is not a text, it is empty, or it has a lone surrogate.
    """
    if not isinstance(instance_id, str) or not instance_id or sendable(instance_id) != instance_id:
        why = ", which UTF-8 cannot encode" if isinstance(instance_id, str) and instance_id else ""
        raise BadArgumentError(f'{where} got {instance_id!r} for an instance{why}. Pass one id, such as "i-web1".')


def event_type_named(name: object, what: str, *, among: tuple[str, ...]) -> EventType:
    """Return the catalogue's row of an event type.

    Raises:
        UnknownEventTypeError: It is not one of `among`.
    """
    if name in among:
        return KNOWN_TYPES[name]
    if not isinstance(name, str):
        problem = f"{what} is {name!r}, which is no event type."
    elif name == INTERRUPTION.name:
        problem = f'{what} is {name!r}, which is no system event; use ecs_events.interrupt("i-...").'
    elif name in EVENT_TYPES:
        problem = f"{what} is {name!r}, which cannot be simulated; pass simulated=False for a real one."
    else:
        problem = f"{what} is {name!r}, which is no event type.{did_you_mean(str(name), among)}"
    raise UnknownEventTypeError(f"{problem} Allowed are: {listed(among)}.")


def passed(what: str, not_before: Micros, now: Micros, earlier: str) -> str:
    return (
        f"{what} is {instant_text(not_before)}, {duration_text(now - not_before)} before the clock's now, "
        f"{instant_text(now)}. Pass a later instant, or {earlier}."
    )


def type_for(event_type: str, instance: InstanceRecord, simulated: bool) -> str:
    """Return the type that the service plans: for a cause alone, the instance's ActionOnMaintenance decides.

    Raises:
        BadArgumentError: The service does not plan a real event of this type with the instance's ActionOnMaintenance.
    """
    set_action = instance.maintenance.action
    wanted = MAINTENANCE_IMPACTS[set_action or DEFAULT_ACTION]
    if event_type in MAINTENANCE_CAUSES:
        return f"{event_type}.{wanted}"
    cause, _, impact = str(event_type).partition(".")
    if simulated or set_action is None or cause not in MAINTENANCE_CAUSES or {impact, wanted} != {"Reboot", "Stop"}:
        return event_type
    raise BadArgumentError(
        f"event_type is {event_type!r}, but {instance.instance_id} has ActionOnMaintenance {set_action}, with which the "
        f'service plans {cause}.{wanted}. Pass that, or "{cause}" alone for whichever type the instance asks for.'
    )


def checked_maintenance(action: object, where: str) -> Maintenance:
    """Return the maintenance attributes of a declared instance.

    Raises:
        BadArgumentError: There is no such action.
    """
    if action is None or (isinstance(action, str) and action in MAINTENANCE_IMPACTS):
        return Maintenance(action=None if action is None else str(action))
    raise BadArgumentError(f"{where} got action_on_maintenance={action!r}. {pass_one_of(action, MAINTENANCE_IMPACTS)}")


def disk_concerned(row: EventType, instance: InstanceRecord, disk_id: object) -> Disk | None:
    """Return the disk that an event is about.

    The default for an event of a disk is the only data disk, or the system disk if there is no data disk.

    Raises:
        BadArgumentError: The instance has no such disk, or a default would be ambiguous.
    """
    if disk_id is None and row.name not in DISK_EVENT_TYPES:
        return None
    if disk_id is not None:
        disks = {disk.disk_id: disk for disk in instance.disks}
        wanted = disk_id.disk_id if isinstance(disk_id, Disk) else disk_id
        if isinstance(wanted, str) and wanted in disks:
            return disks[str(wanted)]
        raise BadArgumentError(
            f"disk_id is {wanted!r}, which is no disk of {instance.instance_id}.{did_you_mean(str(wanted), disks)} "
            f'It has: {listed(disks)}. Declare it with instances.add("{instance.instance_id}", disks=["{wanted}"]).'
        )
    data = [disk for disk in instance.disks if disk.type == "data"]
    if len(data) > 1:
        raise BadArgumentError(
            f"disk_id is missing: {row.name} is the event of a disk, and {instance.instance_id} has "
            f"{listed(disk.disk_id for disk in data)}. Name the one."
        )
    return data[0] if data else instance.disks[0]


def planned(first: EventStatus, not_before: Micros | None, now: Micros, earlier: str) -> Micros | None:
    """Return the event's NotBefore: for a real event that runs at once, the instant of its publication (observed).

    Raises:
        BadArgumentError: The event cannot have one.
        NotBeforePassedError: It is earlier than now.
    """
    if first == EventStatus.INQUIRING:
        if not_before is not None:
            raise BadArgumentError(
                "An Inquiring event has no NotBefore: it waits until it is accepted. Leave not_before out."
            )
        return None
    if not_before is None:
        return now
    if not_before < now:
        raise NotBeforePassedError(passed("not_before", not_before, now, earlier))
    return not_before


def legal_outcome(row: EventType, simulated: bool, outcome: str) -> EventStatus:
    """Return how the event will end.

    Raises:
        BadArgumentError: Its type cannot end like this. Only real events can fail.
    """
    executed, failed = EventStatus.EXECUTED, EventStatus.FAILED
    can_fail = not simulated and failed in row.statuses
    legal = (executed, failed) if can_fail else (executed,)
    if outcome in legal:
        return EventStatus(outcome)
    kind = "A simulated" if simulated else "A real"
    raise BadArgumentError(f"{kind} {row.name} event cannot end {outcome!r}. {pass_one_of(outcome, legal)}")


def settled_status(status: str, where: str) -> InstanceStatus:
    """Return the status of a declared instance.

    Raises:
        BadArgumentError: It is not Running or Stopped.
    """
    allowed = (InstanceStatus.RUNNING, InstanceStatus.STOPPED)
    if status in allowed:
        return InstanceStatus(status)
    raise BadArgumentError(f"{where} got status={status!r}. {pass_one_of(status, allowed)}")


def refuse_difference(known: InstanceRecord, again: InstanceRecord, where: str) -> None:
    """Refuse a second declaration of an instance that differs from the first.

    Raises:
        BadArgumentError: It differs.
    """
    for what in ("region_id", "account_id", "tags", "attributes", "disks", "status"):
        before, after = getattr(known, what), getattr(again, what)
        if before != after:
            raise BadArgumentError(
                f"{where} declares {known.instance_id} with {what}={_plain(after)!r}, but it was declared with "
                f"{what}={_plain(before)!r}. Declare it once."
            )
    if known.takes != again.takes:
        raise BadArgumentError(
            f"{where} declares {known.instance_id} with other stopping_takes or starting_takes than it was declared with. "
            "Declare it once."
        )


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value
