"""What an author may ask of the cloud, and the sentences for what he may not."""

from collections.abc import Collection, Mapping
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed, nearest
from pytest_ecsevents.clock import Micros, duration_text, instant_text
from pytest_ecsevents.services.ecs._catalogue import (
    DISK_EVENT_TYPES,
    EVENT_TYPES,
    MAINTENANCE_CAUSES,
    MAINTENANCE_IMPACTS,
    EventStatus,
    EventType,
    InstanceStatus,
)
from pytest_ecsevents.services.ecs._disks import Disk
from pytest_ecsevents.services.ecs._model import DEFAULT_ACTION, InstanceRecord, Maintenance
from pytest_ecsevents.services.ecs._refusals import (
    NotBeforePassedError,
    UnknownEventTypeError,
)

__tracebackhide__ = hidden_in_reports

_RUNNING: Final = InstanceStatus.RUNNING
_STOPPED: Final = InstanceStatus.STOPPED


def check_region(region_id: str, known: Collection[str]) -> str:
    """The region, unless it is a known one misspelt; regions that nobody knows are taken as they are.

    Raises:
        BadArgumentError: It is almost a known one.
    """
    if region_id in known:
        return region_id
    meant = nearest(region_id, known, likeness=0.85)
    if meant is None:
        return region_id
    raise BadArgumentError(f"region_id is {region_id!r}, which is no region. Did you mean {meant}?")


def check_id(instance_id: object, where: str) -> None:
    """Refuse what is no id at all.

    Raises:
        BadArgumentError: It is no text, or empty.
    """
    if not isinstance(instance_id, str) or not instance_id:
        raise BadArgumentError(f'{where} got {instance_id!r} for an instance. Pass one id, such as "i-web1".')


def event_type_named(name: str, what: str, *, among: tuple[str, ...]) -> EventType:
    """The catalogue's row of a type.

    Raises:
        UnknownEventTypeError: It is not one of `among`.
    """
    if name in among:
        return EVENT_TYPES[name]
    if name in EVENT_TYPES:
        problem = f"{what} is {name!r}, which cannot be simulated; pass simulated=False for a real one."
    else:
        problem = f"{what} is {name!r}, which is no event type.{did_you_mean(str(name), among)}"
    raise UnknownEventTypeError(f"{problem} Allowed are: {listed(among)}.")


def passed(what: str, not_before: Micros, now: Micros) -> str:
    """The sentence for a planned time that lies before now."""
    return (
        f"{what} is {instant_text(not_before)}, {duration_text(now - not_before)} before the clock's now, "
        f"{instant_text(now)}. Pass a later instant, or start the clock earlier with @pytest.mark.ecs_clock(start=...)."
    )


def type_for(event_type: str, instance: InstanceRecord, simulated: bool) -> str:
    """The type that the service plans: of a cause alone, the one that the instance's ActionOnMaintenance asks for.

    Raises:
        BadArgumentError: A real event was asked for by a type that the service does not plan with the action set.
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
    """The maintenance attributes of a declared instance.

    Raises:
        BadArgumentError: There is no such action.
    """
    if action is None or action in MAINTENANCE_IMPACTS:
        return Maintenance(action=None if action is None else str(action))
    raise BadArgumentError(
        f"{where} got action_on_maintenance={action!r}. Pass one of: {listed(MAINTENANCE_IMPACTS)}."
        f"{did_you_mean(str(action), MAINTENANCE_IMPACTS)}"
    )


def disk_concerned(row: EventType, instance: InstanceRecord, disk_id: object) -> Disk | None:
    """The disk that an event is about: the one named; of a disk event that names none, the only data disk, else the
    system disk.

    Raises:
        BadArgumentError: The instance has no such disk, or more than one that could be meant.
    """
    disks = {disk.disk_id: disk for disk in instance.disks}
    if disk_id is not None:
        wanted = disk_id.disk_id if isinstance(disk_id, Disk) else disk_id
        if wanted in disks:
            return disks[str(wanted)]
        raise BadArgumentError(
            f"disk_id is {wanted!r}, which is no disk of {instance.instance_id}.{did_you_mean(str(wanted), disks)} "
            f'It has: {listed(disks)}. Declare it with instances.add("{instance.instance_id}", disks=["{wanted}"]).'
        )
    if row.name not in DISK_EVENT_TYPES:
        return None
    data = [disk for disk in instance.disks if disk.type == "data"]
    if len(data) > 1:
        raise BadArgumentError(
            f"disk_id is missing: {row.name} is the event of a disk, and {instance.instance_id} has "
            f"{listed(disk.disk_id for disk in data)}. Name the one."
        )
    return data[0] if data else instance.disks[0]


def planned(first: EventStatus, not_before: Micros | None, simulated: bool, now: Micros) -> Micros | None:
    """NotBefore as the event carries it; a real event that runs at once has its publication's instant (observed)."""
    if first == EventStatus.INQUIRING:
        if not_before is not None:
            raise BadArgumentError(
                "An Inquiring event has no NotBefore: it waits until it is accepted. Leave not_before out."
            )
        return None
    if not_before is None:
        if first == EventStatus.EXECUTING and not simulated:
            return now
        raise BadArgumentError(
            'not_before is missing: the event needs its planned time. Pass an instant, a timedelta or "+2h30m".'
        )
    if not_before < now:
        raise NotBeforePassedError(passed("not_before", not_before, now))
    return not_before


def legal_outcome(row: EventType, simulated: bool, outcome: str) -> EventStatus:
    """How the event is to end, if its type can; only real events fail.

    Raises:
        BadArgumentError: It cannot.
    """
    executed, failed = EventStatus.EXECUTED, EventStatus.FAILED
    can_fail = not simulated and failed in row.statuses
    legal = (executed, failed) if can_fail else (executed,)
    if outcome in legal:
        return EventStatus(outcome)
    kind = "A simulated" if simulated else "A real"
    raise BadArgumentError(
        f"{kind} {row.name} event cannot end {outcome!r}. Pass one of: {listed(legal)}.{did_you_mean(str(outcome), legal)}"
    )


def settled_status(status: str, where: str) -> InstanceStatus:
    """The status of a declared instance.

    Raises:
        BadArgumentError: It is not Running or Stopped.
    """
    if status in (_RUNNING, _STOPPED):
        return InstanceStatus(status)
    allowed = (_RUNNING, _STOPPED)
    raise BadArgumentError(
        f"{where} got status={status!r}. Pass one of: {listed(allowed)}.{did_you_mean(str(status), allowed)}"
    )


def refuse_difference(known: InstanceRecord, again: InstanceRecord, where: str) -> None:
    """Take a second declaration of an instance only if it says the same.

    Raises:
        BadArgumentError: It says something else.
    """
    for what in ("region_id", "account_id", "tags", "attributes", "disks"):
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
    if known.status != again.status:
        raise BadArgumentError(
            f"{where} declares {known.instance_id} with status={str(again.status)!r}, but it was declared with "
            f"status={str(known.status)!r}. Declare it once."
        )


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else value
