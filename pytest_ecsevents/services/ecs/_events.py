"""The events of a cloud: created, looked up, moved through their lifecycle, and what they do to their instances."""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed, pass_one_of
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import SECOND, Micros, instant_text, minute_text
from pytest_ecsevents.rpc._parameters import minutes_instant
from pytest_ecsevents.services.ecs._catalogue import (
    EVENT_TYPES,
    FINAL,
    KNOWN_TYPES,
    REHEARSED_TYPES,
    SIMULATED_TYPES,
    UNFINISHED,
    EventStatus,
    EventType,
    InstanceEffect,
)
from pytest_ecsevents.services.ecs._changes import Changes
from pytest_ecsevents.services.ecs._checks import (
    disk_concerned,
    event_type_named,
    legal_outcome,
    passed,
    planned,
    type_for,
)
from pytest_ecsevents.services.ecs._effects import effect_row
from pytest_ecsevents.services.ecs._extended import checked_extended
from pytest_ecsevents.services.ecs._ids import Ids
from pytest_ecsevents.services.ecs._instances import InstanceStore
from pytest_ecsevents.services.ecs._lifecycle import NEXT_STATUS, Trigger, first_statuses, next_status
from pytest_ecsevents.services.ecs._model import EventRecord, InstanceRecord, Interruption, SystemEvent, Transition
from pytest_ecsevents.services.ecs._refusals import (
    NotBeforePassedError,
    NotInquiringError,
    NotSimulatedError,
    TooManySimulatedEventsError,
    UnknownEventError,
)
from pytest_ecsevents.services.ecs._settings import CloudSettings

__tracebackhide__ = hidden_in_reports

NOTICE: Final = 300 * SECOND
"""A preemptible instance is notified this long before it is reclaimed (documented as about five minutes)."""

_RECLAIMED: Final = "PreemptibleInstanceInterruption"

SIMULATED_REASON: Final = "A simulated event."
_READS_KEPT: Final = 200
"""An assertion that fails is explained if it compares no more statuses than this."""


def newest_first(events: Iterable[EventRecord]) -> list[EventRecord]:
    """Sort events as they are listed: newest publication first, then by id (a guess)."""
    found = sorted(events, key=attrgetter("event_id"))  # two stable sorts, whose keys are read in C
    found.sort(key=attrgetter("published_at"), reverse=True)
    return found


class EventStore:
    """The events of one cloud.

    Attributes:
        by_id: Every event, in order of creation.
        last_read: The events whose status or history a test read last; a status alone does not say whose it is.
    """

    def __init__(
        self, clock: Clock, ids: Ids, settings: CloudSettings, changes: Changes, instances: InstanceStore
    ) -> None:
        self.by_id: Final[dict[str, EventRecord]] = {}
        self.last_read: Final[deque[EventRecord]] = deque(maxlen=_READS_KEPT)
        self._clock: Final = clock
        self._ids: Final = ids
        self._settings: Final = settings
        self._changes: Final = changes
        self._instances: Final = instances
        # By instance id, or by disk id for events of disks; the two never collide.
        self._of: Final[dict[str, list[EventRecord]]] = {}
        self._unfinished: Final[dict[str, dict[str, EventRecord]]] = {}
        # Events of instances by account and region, then by status and id. Those that have ended stay where they are: a list
        # takes a fifth of the memory.
        self._by_status: Final[dict[tuple[str, str], dict[EventStatus, dict[str, EventRecord]]]] = {}
        self._ended: Final[dict[tuple[str, str], dict[EventStatus, list[EventRecord]]]] = {}
        # The same, sorted, from when they are listed until one comes or goes: pollers read the same events again and again.
        self._listed: Final[dict[tuple[tuple[str, str], EventStatus], list[EventRecord]]] = {}
        self._scheduled_simulated: Final[Counter[str]] = Counter()  # by account
        # Each event keeps some of these: one bound method for all saves 64 bytes an event.
        self._settle: Final = clock.settle
        self._note_read: Final = self.last_read.append
        self._when_not_before: Final = self._at_not_before
        self._when_ended: Final = self._at_end
        instances.when_added = self._plan_declared_release

    # -- looking up

    def get(self, event_id: str, *, account_id: str | None = None, region_id: str | None = None) -> EventRecord:
        """Return the event.

        Raises:
            UnknownEventError: The account does not have it in the region.
        """
        try:
            event = self.by_id.get(event_id)
        except TypeError:  # not hashable, so no id
            event = None
        if event is None:
            raise UnknownEventError(
                f"There is no event {event_id!r}.{did_you_mean(str(event_id), self.by_id)} "
                f"Events are: {listed(self.by_id, most=10)}.",
                event_id,
            )
        if account_id is not None and event.account_id != account_id:
            raise UnknownEventError(f"{event_id} belongs to account {event.account_id}, not to {account_id}.", event_id)
        if region_id is not None and event.region_id != region_id:
            raise UnknownEventError(f"{event_id} is in {event.region_id}, not in {region_id}.", event_id)
        return event

    def of(self, owner_id: str) -> list[EventRecord]:
        """Return the events of an instance, also after its release, or of a disk, in order of creation."""
        return self._of.get(owner_id, [])

    def unfinished(self, instance_id: str) -> list[EventRecord]:
        return list(self._unfinished.get(instance_id, {}).values())

    def has_unfinished_of_disk(self, disk_id: str) -> bool:
        return disk_id in self._unfinished

    def with_status(self, account_id: str, region_id: str, statuses: Collection[EventStatus]) -> Sequence[EventRecord]:
        """Return the events of the account's instances in the region that have one of `statuses`, newest first."""
        place = (account_id, region_id)
        if len(statuses) != 1:
            return newest_first(event for status in statuses for event in self._with(place, status))
        (status,) = statuses
        listed = self._listed.get((place, status))
        if listed is None:
            listed = self._listed[place, status] = newest_first(self._with(place, status))
        return listed

    def _with(self, place: tuple[str, str], status: EventStatus) -> Collection[EventRecord]:
        if status in FINAL:
            return self._ended.get(place, {}).get(status, ())
        return self._by_status.get(place, {}).get(status, {}).values()

    def elsewhere(self, account_id: str, region_id: str, statuses: Iterable[EventStatus]) -> list[str]:
        """Say in which other accounts and regions there are events with one of `statuses`, for a hint."""
        wanted = tuple(statuses)
        return [
            (f"in {region}" if account == account_id else f"of account {account} in {region}")
            for account, region in dict.fromkeys((*self._by_status, *self._ended))
            if (account, region) != (account_id, region_id)
            and any(self._with((account, region), status) for status in wanted)
        ]

    # -- creating

    def check_simulation(
        self,
        event_type: str,
        instances: list[InstanceRecord],
        not_before: Micros,
        now: Micros,
        account_id: str,
        *,
        acts: bool,
    ) -> None:
        """Refuse what CreateSimulatedSystemEvents refuses; `acts` is TriggerRealOps.

        Raises:
            UnknownEventTypeError: The type cannot be simulated.
            NotBeforePassedError: `not_before` is earlier than now.
            TooManySimulatedEventsError: The account would exceed its limit.
        """
        row = event_type_named(event_type, "EventType", among=REHEARSED_TYPES if acts else SIMULATED_TYPES)
        if not_before < now:
            raise NotBeforePassedError(passed("NotBefore", not_before, now, self._clock.earlier))
        first = first_statuses(row, True, self._settings.failures_are_scheduled)[0]
        scheduled = self._scheduled_simulated[account_id]
        if first == EventStatus.SCHEDULED and scheduled + len(instances) > self._settings.simulated_limit:
            raise TooManySimulatedEventsError(
                f"Account {account_id} has {scheduled} simulated events in Scheduled; {len(instances)} more would exceed "
                f"the limit of {self._settings.simulated_limit}."
            )

    def create(
        self,
        event_type: str,
        instance: InstanceRecord,
        *,
        not_before: Micros | None,
        simulated: bool = True,
        acts: bool | None = None,
        status: str | None = None,
        reason: str | None = None,
        outcome: str = "Executed",
        executing_for: Micros | None = None,
        disk_id: object = None,
        extended: object = MappingProxyType({}),
        cause: str,
    ) -> EventRecord:
        """Publish an event.

        Raises:
            UnknownEventTypeError: No such type, or it cannot be simulated.
            BadArgumentError: The type cannot have that first status or outcome, NotBefore is missing, or a value is of a
                wrong type.
            NotBeforePassedError: `not_before` is earlier than now.
        """
        if not isinstance(simulated, bool):
            raise BadArgumentError(f"simulated is {simulated!r}. Pass True or False.")
        if reason is not None and not isinstance(reason, str):
            raise BadArgumentError(f"reason is {reason!r}. Pass a text.")
        with self._changes.changing() as now:
            row = event_type_named(
                type_for(event_type, instance, simulated),
                "event_type",
                among=(REHEARSED_TYPES if acts else SIMULATED_TYPES) if simulated else tuple(EVENT_TYPES),
            )
            lasts = self._settings.executing_for if executing_for is None else executing_for
            first = self._first_status(row, simulated, status)
            event = EventRecord(
                event_id=self._new_event_id(instance.region_id),
                event_type=row.name,
                instance_id=instance.instance_id,
                region_id=instance.region_id,
                account_id=instance.account_id,
                simulated=simulated,
                acts=not simulated if acts is None else acts,
                reason=reason if reason is not None or not simulated else SIMULATED_REASON,
                outcome=legal_outcome(row, simulated, outcome),
                published_at=now,
                not_before=planned(first, not_before, now, self._clock.earlier),
                lasts=NOTICE if row.effect is InstanceEffect.INTERRUPT else lasts,
                disk=disk_concerned(row, instance, disk_id),
                extended=checked_extended(extended),
            )
            event.view = SystemEvent(event, self._settle, self._note_read)
            self.by_id[event.event_id] = event
            self._of.setdefault(_owner(event), []).append(event)
            self._enter(event, None, first, now, cause)
            return event

    def _new_event_id(self, region_id: str) -> str:
        event_id = self._ids.resource("e", region_id)
        return event_id if event_id not in self.by_id else self._new_event_id(region_id)

    def _first_status(self, row: EventType, simulated: bool, given: str | None) -> EventStatus:
        legal = first_statuses(row, simulated, self._settings.failures_are_scheduled)
        if given is None:
            return legal[0]
        if given in legal:
            return EventStatus(given)
        kind = "A simulated" if simulated else "A real"
        raise BadArgumentError(
            f"{kind} {row.name} event cannot have the first status {given!r}. {pass_one_of(given, legal)}"
        )

    # -- what users do with events

    def cancel(self, events: list[EventRecord], *, cause: str = Trigger.CANCEL.value) -> None:
        """Cancel simulated events, all or none.

        Raises:
            NotSimulatedError: One of them is real.
            UnknownEventError: One of them has ended.
        """
        with self._changes.changing() as now:
            for event in events:
                if not event.simulated:
                    raise NotSimulatedError(
                        f"{event.event_id} is a real event; only simulated events can be canceled by their user."
                    )
                if event.status not in UNFINISHED:
                    raise UnknownEventError(
                        f"{event.event_id} is {event.status} already; only unfinished events can be canceled.",
                        event.event_id,
                    )
            for event in dict.fromkeys(events):
                self._move(event, Trigger.CANCEL, now, cause)

    def accept(self, event: EventRecord, *, cause: str = Trigger.ACCEPT.value) -> None:
        """Authorise an Inquiring event, which runs at once.

        Raises:
            NotInquiringError: It is not Inquiring.
        """
        with self._changes.changing() as now:
            if not self._move(event, Trigger.ACCEPT, now, cause):
                raise NotInquiringError(
                    f"{event.event_id} is {event.status}, not Inquiring; there is nothing to accept."
                )

    def reschedule(self, event: EventRecord, not_before: Micros, *, cause: str) -> None:
        """Give a Scheduled event another NotBefore.

        Raises:
            UnknownEventError: It is not Scheduled.
            NotBeforePassedError: `not_before` is earlier than now.
        """
        with self._changes.changing() as now:
            if event.status != EventStatus.SCHEDULED:
                raise UnknownEventError(
                    f"{event.event_id} is {event.status}; only Scheduled events can be rescheduled.", event.event_id
                )
            if not_before < now:
                raise NotBeforePassedError(passed("NotBefore", not_before, now, self._clock.earlier))
            event.earlier_not_befores += (event.not_before,)
            event.not_before = not_before
            self._withdraw_due(event)
            self._add_transition(event, event.last, event.status, now, f"{cause}: NotBefore {instant_text(not_before)}")
            self._plan(event, now)

    def answer(self, instance: InstanceRecord, triggers: Iterable[Trigger], at: Micros, cause: str) -> bool:
        """Apply `triggers` to each unfinished event of the instance; return whether one moved."""
        events = self.unfinished(instance.instance_id)
        has_moved = False
        for trigger in triggers:
            for event in events:
                has_moved |= self._move(event, trigger, at, cause)
        return has_moved

    def release(self, instance: InstanceRecord, at: Micros, cause: str) -> None:
        """Take the instance out of the cloud, after its unfinished events have ended: most of them are canceled."""
        self.answer(instance, (Trigger.RELEASE,), at, cause)
        self._instances.remove(instance, at, cause)

    # -- the lifecycle

    def _move(self, event: EventRecord, trigger: Trigger, at: Micros, cause: str | None = None) -> bool:
        before = event.status
        after = NEXT_STATUS.get((event.event_type, event.simulated, before, trigger))
        if after is None:
            return False
        self._withdraw_due(event)
        if not KNOWN_TYPES[event.event_type].is_of_disk:
            place = (event.account_id, event.region_id)
            here = self._by_status[place]
            del here[before][event.event_id]
            if not here[before]:
                del here[before]  # an empty dict keeps the memory of all that it held
            self._listed.pop((place, before), None)
        if event.simulated and before == EventStatus.SCHEDULED:
            self._scheduled_simulated[event.account_id] -= 1
        self._enter(event, before, after, at, cause or trigger.value)
        return True

    def _withdraw_due(self, event: EventRecord) -> None:
        if event.due is not None:
            self._clock.queue.withdraw(event.due)
            event.due = None

    def _add_transition(
        self, event: EventRecord, previous: Transition | None, status: EventStatus, at: Micros, cause: str
    ) -> None:
        event.last = Transition(event, previous, status, at, cause)
        event.rendered = None
        self._changes.add(event.last)

    def _enter(
        self, event: EventRecord, before: EventStatus | None, status: EventStatus, at: Micros, cause: str
    ) -> None:
        owner = _owner(event)
        if not KNOWN_TYPES[event.event_type].is_of_disk:
            place = (event.account_id, event.region_id)
            if status in FINAL:
                self._ended.setdefault(place, {}).setdefault(status, []).append(event)
            else:
                self._by_status.setdefault(place, {}).setdefault(status, {})[event.event_id] = event
            self._listed.pop((place, status), None)
        if event.simulated and status == EventStatus.SCHEDULED:
            self._scheduled_simulated[event.account_id] += 1
        event.status = status
        self._add_transition(event, None if before is None else event.last, status, at, cause)
        if status in FINAL:
            unfinished = self._unfinished.get(owner, {})
            unfinished.pop(event.event_id, None)
            if not unfinished:
                self._unfinished.pop(owner, None)
        else:
            self._unfinished.setdefault(owner, {})[event.event_id] = event
            self._plan(event, at, before)
        if event.acts:
            self._act(event, at)

    def _plan(self, event: EventRecord, at: Micros, before: EventStatus | None = None) -> None:
        """Push what happens next by itself; for an event that was Scheduled `before`, NotBefore has passed."""
        if event.status == EventStatus.INQUIRING:
            return
        not_before = event.not_before if before != EventStatus.SCHEDULED else None
        if not_before is not None and next_status(event.event_type, event.simulated, event.status, Trigger.NOT_BEFORE):
            event.due = self._clock.queue.push(not_before, self._when_not_before, event)
        else:
            event.due = self._clock.queue.push(at + event.lasts, self._when_ended, event)

    def _at_not_before(self, event: object, at: Micros) -> None:
        assert isinstance(event, EventRecord)
        event.due = None
        self._move(event, Trigger.NOT_BEFORE, at)

    def _at_end(self, event: object, at: Micros) -> None:
        assert isinstance(event, EventRecord)
        event.due = None
        failed = event.outcome == EventStatus.FAILED
        self._move(event, Trigger.EXECUTION_FAILS if failed else Trigger.EXECUTION_ENDS, at)

    def _act(self, event: EventRecord, at: Micros) -> None:
        """Do to the instance what the event does in its new status."""
        instance = self._instances.existing.get(event.instance_id)
        if instance is None:
            return
        row = KNOWN_TYPES[event.event_type]
        if row.lock and event.status == EventStatus.EXECUTING:
            instance.locks = tuple(dict.fromkeys((*instance.locks, row.lock)))
        if row.effect is InstanceEffect.INTERRUPT and event.status == EventStatus.EXECUTING:
            self.interrupt(instance, at, event.event_type)
        self._affect(instance, row.effect, event.status, at, event.event_type)

    def _affect(
        self, instance: InstanceRecord, effect: InstanceEffect, taken: EventStatus, at: Micros, cause: str
    ) -> None:
        done = effect_row(effect, taken, instance.status)
        if done is None:
            return
        if done.way is None:
            self.release(instance, at, cause)
        elif done.way:
            self._instances.divert(instance, done.way, at, cause)

    # -- instances that are released by themselves

    def _plan_declared_release(self, instance: InstanceRecord) -> None:
        at = minutes_instant(instance.texts["auto_release_time"])
        if at is not None and at >= self._clock.now():
            self._push_release(instance, at)

    def plan_release(self, instance: InstanceRecord, at: Micros | None) -> None:
        """Release the instance at this minute, or no longer by itself: ModifyInstanceAutoReleaseTime."""
        with self._changes.changing():
            if instance.release_due is not None:
                self._clock.queue.withdraw(instance.release_due)
                instance.release_due = None
            instance.texts["auto_release_time"] = ""
            if at is not None:
                at -= at % (60 * SECOND)
                instance.texts["auto_release_time"] = minute_text(at)
                self._push_release(instance, at)

    def _push_release(self, instance: InstanceRecord, at: Micros) -> None:
        instance.release_due = self._clock.queue.push(at, self._release_by_itself, instance)

    def _release_by_itself(self, instance: object, at: Micros) -> None:
        assert isinstance(instance, InstanceRecord)
        instance.release_due = None
        self.release(instance, at, "AutoReleaseTime")

    # -- preemptible instances

    def interrupt(self, instance: InstanceRecord, at: Micros, cause: str) -> None:
        """Announce that a preemptible instance is reclaimed, unless it has been: it is released, or stops, `NOTICE` later."""
        if instance.reclaims_at is not None:
            return
        instance.reclaims_at = at + NOTICE
        instance.locks = tuple(dict.fromkeys((*instance.locks, "Recycling")))
        behavior = instance.texts["spot_interruption_behavior"]
        self._changes.add(Interruption(instance, behavior, at, instance.reclaims_at, cause))
        self._clock.queue.push(instance.reclaims_at, self._reclaim, instance)

    def _reclaim(self, instance: object, at: Micros) -> None:
        assert isinstance(instance, InstanceRecord)
        if instance.instance_id not in self._instances.existing:
            return
        if instance.texts["spot_interruption_behavior"] == "Terminate":
            self._affect(instance, InstanceEffect.RELEASE, EventStatus.EXECUTED, at, _RECLAIMED)
            return
        # Once it has stopped, it is no longer reclaimed: it can be started again.
        instance.reclaims_at, instance.stopped_mode = None, "StopCharging"
        instance.locks = tuple(reason for reason in instance.locks if reason != "Recycling")
        self._affect(instance, InstanceEffect.STOP, EventStatus.EXECUTING, at, _RECLAIMED)


def _owner(event: EventRecord) -> str:
    """Return the disk's id for an event of a disk, else the instance's id, though the event may concern a disk."""
    if event.disk is None or not KNOWN_TYPES[event.event_type].is_of_disk:
        return event.instance_id
    return event.disk.disk_id
