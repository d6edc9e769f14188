"""The fake cloud: accounts, regions, instances, events, and what happens to them."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, EcsEventsError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock import SECOND, Clock, Micros, instant_text
from pytest_ecsevents.services.ecs._attributes import AttributeValue, checked_attributes, checked_tags
from pytest_ecsevents.services.ecs._catalogue import (
    EVENT_TYPES,
    FINAL,
    SIMULATED_TYPES,
    UNFINISHED,
    Effect,
    EventStatus,
    EventType,
    InstanceStatus,
)
from pytest_ecsevents.services.ecs._checks import (
    check_id,
    check_region,
    checked_maintenance,
    disk_concerned,
    event_type_named,
    legal_outcome,
    passed,
    planned,
    refuse_difference,
    settled_status,
    type_for,
)
from pytest_ecsevents.services.ecs._disks import Disk, checked_disks
from pytest_ecsevents.services.ecs._extended import checked_extended
from pytest_ecsevents.services.ecs._ids import Ids
from pytest_ecsevents.services.ecs._lifecycle import Trigger, first_statuses, next_status
from pytest_ecsevents.services.ecs._model import (
    EventRecord,
    Instance,
    InstanceRecord,
    InstanceTransition,
    Interruption,
    Maintenance,
    MetadataOptions,
    Observed,
    SystemEvent,
    Transition,
)
from pytest_ecsevents.services.ecs._refusals import (
    InstanceArrearsError,
    InstanceLockedError,
    InstanceStatusError,
    NotBeforePassedError,
    NothingToRedeployError,
    NotInquiringError,
    NotPreemptibleError,
    NotSimulatedError,
    TooManySimulatedEventsError,
    UnknownEventError,
    UnknownInstanceError,
)
from pytest_ecsevents.services.ecs._regions import REGIONS, region_of_id
from pytest_ecsevents.services.ecs._shown import word

__tracebackhide__ = hidden_in_reports

SIMULATED_REASON: Final = "A simulated event."
NOTICE: Final = 300 * SECOND
"""How long before its release a preemptible instance is told (documented as about five minutes)."""

SIMULATED_LIMIT: Final = 1000
"""Scheduled simulated events an account may have, over all regions: the source article's number."""

LAST_SEEN: Final = 200
"""How many reads of events' statuses are remembered: as many as an assertion may compare at once."""

_RUNNING, _STOPPED = InstanceStatus.RUNNING, InstanceStatus.STOPPED
_STARTING, _STOPPING = InstanceStatus.STARTING, InstanceStatus.STOPPING
_PENDING: Final = InstanceStatus.PENDING


@dataclass(frozen=True, slots=True)
class Rules:
    """What a test may set of the cloud's behaviour.

    Attributes:
        account_id: The account that instances and access keys belong to unless the test says otherwise.
        region_id: The region of instances whose id does not tell one.
        executing_for: How long an event stays Executing after NotBefore, in microseconds (a guess).
        failures_are_scheduled: Simulated failure events are born Scheduled, as before 2020-12.
        simulated_limit: How many Scheduled simulated events an account may have.
    """

    account_id: str
    region_id: str
    executing_for: Micros = SECOND
    failures_are_scheduled: bool = False
    simulated_limit: int = SIMULATED_LIMIT


class Cloud:
    """One test's cloud. Everything that changes it runs under the clock's one lock.

    Args:
        clock: The test's clock.
        ids: The test's source of ids.
        rules: What the test set.
    """

    def __init__(self, clock: Clock, ids: Ids, rules: Rules) -> None:
        self.clock: Final = clock
        self.ids: Final = ids
        self.rules: Final = rules
        self.access_keys: dict[str, str] = {}
        self.events: dict[str, EventRecord] = {}
        self.instances: dict[str, InstanceRecord] = {}
        self.observers: list[Callable[[Observed], None]] = []
        self.on_the_way: dict[str, Micros] = {}
        """Instances in the middle of an operation, and when they go on."""
        self.new_instances_take: dict[InstanceStatus, Micros] = {}
        """How long instances that are created from now on have a status on their way."""
        self.last_read: deque[EventRecord] = deque(maxlen=LAST_SEEN)
        """Whose status or history was read last: a status is its name alone, and does not tell whose it is."""
        self._released: dict[str, InstanceRecord] = {}
        # By instance, and of a disk's events by disk: an id of one is never an id of the other.
        self._of: dict[str, list[EventRecord]] = {}
        self._unfinished: dict[str, dict[str, EventRecord]] = {}
        self._by_status: dict[tuple[str, str], dict[EventStatus, dict[str, EventRecord]]] = {}
        self._scheduled_simulated: Counter[str] = Counter()
        self._undelivered: deque[Observed] = deque()
        self._operating: int | None = None  # the thread that is in the middle of an operation
        self._telling: Final = threading.RLock()
        # One bound method for all: each event and instance keeps it.
        self._settle: Final = clock.settle
        self._note_read: Final = self.last_read.append
        self._disk_owners: dict[str, str] = {}
        self._regions: set[str] = {*REGIONS, rules.region_id}
        clock.after_step = self.deliver

    # -- telling observers

    @contextmanager
    def changing(self) -> Iterator[Micros]:
        """Hold the cloud for one operation at the instant yielded; observers are told after it."""
        self.check_entered()
        self.clock.settle()
        try:
            with self.clock.lock:
                outer, self._operating = self._operating, threading.get_ident()
                try:
                    now = self.clock.now()
                    yield now
                finally:
                    self._operating = outer
        finally:
            self.deliver()
        due = self.clock.due_from()
        if due is not None and due <= now:
            self.clock.settle()  # what observers have planned for this instant

    def settled(self) -> Micros:
        """The instant, once all that is due has happened.

        Raises:
            EcsEventsError: The cloud has not been entered, or has been left.
        """
        self.check_entered()
        return self.clock.settled()

    def check_entered(self) -> None:
        """Refuse to work on a clock that stands still.

        Raises:
            EcsEventsError: The cloud has not been entered, or has been left.
        """
        if self.clock.is_still:
            raise EcsEventsError(
                "EcsEvents works only inside its with block: outside it neither clock nor network is the fake's. "
                "Write `with EcsEvents(...) as ecs_events:`, and read events and timeline() afterwards as you like."
            )

    def deliver(self) -> None:
        """Tell every observer every change not told yet, in order; the first error is raised when all were told."""
        if self._operating == threading.get_ident():
            return  # the operation's end will tell
        errors: list[BaseException | None] = []
        # Waiting for a thread that tells could be for ever: what it tells may be waiting for this one. It goes on to
        # these changes too, or has stopped telling, and then the condition is looked at again.
        while self._undelivered and self._telling.acquire(blocking=False):
            try:
                while self._undelivered:
                    change = self._undelivered.popleft()
                    errors.extend(_told(observer, change) for observer in tuple(self.observers))
            finally:
                self._telling.release()
        for error in filter(None, errors):
            raise error

    # -- accounts and regions

    def account_of(self, access_key_id: str | None) -> str:
        """The account an access key belongs to: the default one, unless the test named another."""
        return str(self.access_keys.get(access_key_id or "", self.rules.account_id))

    @property
    def regions(self) -> set[str]:
        """Every region known: the service's, and those of declared instances."""
        return self._regions

    # -- instances

    def add_instance(
        self,
        instance_id: str | None = None,
        *,
        region_id: str | None,
        account_id: str | None,
        status: str,
        tags: Mapping[str, str],
        attributes: dict[str, object],
        where: str,
        takes: Mapping[InstanceStatus, Micros] = MappingProxyType({}),
        disks: object = (),
        action_on_maintenance: object = None,
    ) -> InstanceRecord:
        """Declare an instance; declaring it again the same way changes nothing."""
        with self.changing() as now:
            check_id(instance_id or "i", where)
            region = check_region(region_id or region_of_id(instance_id or "") or self.rules.region_id, self._regions)
            instance = InstanceRecord(
                instance_id=instance_id or self.ids.resource("i", region),
                region_id=region,
                account_id=str(account_id or self.rules.account_id),
                status=settled_status(status, where),
                tags=checked_tags(tags, where),
                attributes=checked_attributes(attributes, where),
                created_at=now,
                number=self.instances_so_far,
                takes=takes,
                declared_disks=checked_disks(disks, where),
                maintenance=checked_maintenance(action_on_maintenance, where),
            )
            instance.view = Instance(instance, self._settle)
            known = self.instances.get(instance.instance_id) or self._released.get(instance.instance_id)
            if known is not None:
                refuse_difference(known, instance, where)
                return known
            self._own_disks(instance, where)
            self._regions.add(region)
            self.instances[instance.instance_id] = instance
            return instance

    def _own_disks(self, instance: InstanceRecord, where: str) -> None:
        for disk in instance.declared_disks:
            owner = self._disk_owners.get(disk.disk_id)
            if owner is not None:
                raise BadArgumentError(
                    f"{where} declares the disk {disk.disk_id} on {instance.instance_id}, but {owner} has it already. "
                    "Give each disk one instance."
                )
        self._disk_owners.update((disk.disk_id, instance.instance_id) for disk in instance.declared_disks)

    def create_instance(
        self,
        instance_id: str,
        *,
        region_id: str,
        account_id: str,
        tags: Mapping[str, str],
        attributes: Mapping[str, AttributeValue],
        disks: tuple[Disk, ...],
        starts: bool,
        cause: str,
    ) -> InstanceRecord:
        """Create an instance as the API does: it is Pending, then Starting and Running, or else Stopped.

        Args:
            instance_id: Its id, which no other instance has.
            region_id: Its region.
            account_id: Its owner.
            tags: Its tags.
            attributes: What DescribeInstances is to say of it.
            disks: Its disks, whose ids no others have.
            starts: Whether it starts by itself.
            cause: What created it, in words.
        """
        with self.changing() as now:
            instance = InstanceRecord(
                instance_id=instance_id,
                region_id=region_id,
                account_id=account_id,
                status=_PENDING,
                tags=tags,
                attributes=attributes,
                created_at=now,
                number=self.instances_so_far,
                takes=self.new_instances_take,
                declared_disks=disks,
                maintenance=Maintenance(),
            )
            instance.view = Instance(instance, self._settle)
            self._own_disks(instance, cause)
            self.instances[instance_id] = instance
            self._undelivered.append(InstanceTransition(instance, None, _PENDING, now, cause))
            way = (_STARTING, _RUNNING) if starts else (_STOPPED,)
            if not self._stays(instance, way, now, cause):
                self._pass_through(instance, way, now, cause)
            return instance

    @property
    def instances_so_far(self) -> int:
        """How many instances there have been, released ones included."""
        return len(self.instances) + len(self._released)

    def instances_ever(self) -> dict[str, InstanceRecord]:
        """Every instance by id, released ones included."""
        return {**self.instances, **self._released}

    def instance(
        self, instance_id: str, *, account_id: str | None = None, region_id: str | None = None
    ) -> InstanceRecord:
        """The instance, if the account has it in the region.

        Raises:
            UnknownInstanceError: It has not.
        """
        check_id(instance_id, "the call")
        instance = self.instances.get(instance_id)
        if instance is None:
            raise UnknownInstanceError(self._no_instance(instance_id), instance_id)
        if account_id is not None and instance.account_id != account_id:
            raise UnknownInstanceError(
                f"{instance_id} belongs to account {instance.account_id}, not to {account_id}.", instance_id
            )
        if region_id is not None and instance.region_id != region_id:
            raise UnknownInstanceError(f"{instance_id} is in {instance.region_id}, not in {region_id}.", instance_id)
        return instance

    def _no_instance(self, instance_id: str) -> str:
        if instance_id in self._released:
            return f"{instance_id} has been released."
        return (
            f"There is no instance {instance_id!r}.{did_you_mean(str(instance_id), self.instances)} "
            f'Declared are: {listed(self.instances, most=10)}. Add it with @pytest.mark.ecs_instance("{instance_id}") '
            f'or ecs_events.instances.add("{instance_id}").'
        )

    def account_instances(self, account_id: str, region_id: str) -> Iterator[InstanceRecord]:
        """The account's instances in the region, in order of declaration and creation."""
        for instance in self.instances.values():
            if instance.region_id == region_id and instance.account_id == account_id:
                yield instance

    def tags_of(self, instance_id: str) -> Mapping[str, str]:
        """An instance's tags, also after its release."""
        return self.any_instance(instance_id).tags

    def any_instance(self, instance_id: str) -> InstanceRecord:
        """An instance, also after its release."""
        return self.instances.get(instance_id) or self._released[instance_id]

    def resource_group_of(self, instance_id: str) -> object:
        """An instance's resource group, also after its release."""
        return self.any_instance(instance_id).attributes.get("resource_group_id", "")

    def check_operable(self, instance: InstanceRecord, *allowed: InstanceStatus, operation: str) -> None:
        """Refuse an operation that the instance's status or locks do not allow.

        Raises:
            InstanceStatusError: It has another status than `allowed`.
            InstanceLockedError: It is locked for security reasons.
            InstanceArrearsError: It is locked because money is owed.
        """
        locks = instance.locks
        if "security" in locks:
            raise InstanceLockedError(f"{instance.instance_id} is locked for security reasons; {operation} is refused.")
        if "financial" in locks:
            raise InstanceArrearsError(f"{instance.instance_id} is locked because of arrears; {operation} is refused.")
        if instance.status not in allowed:
            raise InstanceStatusError(
                f"{instance.instance_id} is {instance.status}; {operation} needs it {' or '.join(allowed)}."
            )

    def reboot(self, instance: InstanceRecord, *, cause: str, in_guest: bool = False) -> None:
        """Reboot a Running instance; by console or API, that answers its Scheduled SystemMaintenance.Reboot events."""
        with self.changing() as now:
            self.check_operable(instance, _RUNNING, operation="a reboot")
            if not in_guest:
                self._answer_events(instance, (Trigger.REBOOT,), now, f"{cause} before NotBefore")
            self._pass_through(instance, (_STOPPING, _STARTING, _RUNNING), now, cause)

    def stop(self, instance: InstanceRecord, *, cause: str, stopped_mode: str = "KeepCharging") -> None:
        """Stop a Running instance."""
        with self.changing() as now:
            self.check_operable(instance, _RUNNING, operation="a stop")
            instance.stopped_mode = stopped_mode
            self._pass_through(instance, (_STOPPING, _STOPPED), now, cause)

    def start(self, instance: InstanceRecord, *, cause: str) -> None:
        """Start a Stopped instance."""
        with self.changing() as now:
            self.check_operable(instance, _STOPPED, operation="a start")
            self._pass_through(instance, (_STARTING, _RUNNING), now, cause)

    def redeploy(self, instance: InstanceRecord, *, cause: str) -> None:
        """Redeploy a Running or Stopped instance, which answers its answerable real events.

        Raises:
            NothingToRedeployError: It has none.
        """
        with self.changing() as now:
            self.check_operable(instance, _RUNNING, _STOPPED, operation="a redeployment")
            has_local_disk = any(disk.is_local for disk in instance.disks)
            triggers = (Trigger.REDEPLOY, Trigger.REDEPLOY_LOCAL_DISKS) if has_local_disk else (Trigger.REDEPLOY,)
            if not self._answer_events(instance, triggers, now, cause):
                raise NothingToRedeployError(
                    f"{instance.instance_id} has no event that RedeployInstance answers. Its unfinished events: "
                    f"{listed(self.unfinished(instance.instance_id))}. Simulated events are not answered."
                )
            way = (_STOPPING, _STARTING, _RUNNING) if instance.status == _RUNNING else (_STARTING, _RUNNING)
            self._pass_through(instance, way, now, cause)

    def renew(self, instance: InstanceRecord, *, cause: str) -> None:
        """Pay what an instance owes: that avoids its Scheduled billing events, and takes a financial lock off it."""
        with self.changing() as now:
            self._answer_events(instance, (Trigger.RENEW,), now, f"{cause} before NotBefore")
            instance.locks = tuple(reason for reason in instance.locks if reason != "financial")

    def interrupt(self, instance: InstanceRecord, *, cause: str) -> None:
        """Announce that a preemptible instance is being reclaimed; it is released `NOTICE` later.

        Raises:
            NotPreemptibleError: It is no preemptible one.
        """
        with self.changing() as now:
            if word(instance, "spot_strategy") == "NoSpot":
                raise NotPreemptibleError(
                    f"{instance.instance_id} is no preemptible instance. Declare it with "
                    'spot_strategy="SpotAsPriceGo", or "SpotWithPriceLimit".'
                )
            if instance.releases_at is not None:
                return
            instance.releases_at = now + NOTICE
            instance.locks = tuple(dict.fromkeys((*instance.locks, "Recycling")))
            self._undelivered.append(Interruption(instance, now, now + NOTICE, cause))
            self.clock.queue.push(now + NOTICE, self._reclaim, instance)

    def _reclaim(self, instance: object, at: Micros) -> None:
        assert isinstance(instance, InstanceRecord)
        if instance.instance_id in self.instances:
            self._release(instance, at, "PreemptibleInstanceInterruption")

    def release(self, instance: InstanceRecord, *, cause: str) -> None:
        """Release an instance; its unfinished events are canceled, its history stays."""
        with self.changing() as now:
            self._release(instance, now, cause)

    def _release(self, instance: InstanceRecord, at: Micros, cause: str) -> None:
        self._answer_events(instance, (Trigger.RELEASE,), at, cause)
        del self.instances[instance.instance_id]
        for disk in instance.declared_disks:
            del self._disk_owners[disk.disk_id]
        self._released[instance.instance_id] = instance
        self.on_the_way.pop(instance.instance_id, None)
        self._undelivered.append(InstanceTransition(instance, instance.status, None, at, cause))

    def _pass_through(self, instance: InstanceRecord, way: tuple[InstanceStatus, ...], at: Micros, cause: str) -> None:
        """Take one status after the other, for as long as each takes."""
        for number, status in enumerate(way, start=1):
            self._undelivered.append(InstanceTransition(instance, instance.status, status, at, cause))
            instance.status = status
            if status == _STARTING:
                instance.started_at = at
            if self._stays(instance, way[number:], at, cause):
                return

    def _stays(self, instance: InstanceRecord, rest: tuple[InstanceStatus, ...], at: Micros, cause: str) -> bool:
        """Whether it stays in its status for a while; what is left of its way comes then."""
        until = at + instance.takes.get(instance.status, 0)
        if until == at:
            return False
        instance.way = (rest, cause)
        self.on_the_way[instance.instance_id] = until
        self.clock.queue.push(until, self._go_on, instance)
        return True

    def _go_on(self, instance: object, at: Micros) -> None:
        assert isinstance(instance, InstanceRecord)
        if self.on_the_way.pop(instance.instance_id, None) is None or instance.way is None:
            return  # it was released meanwhile
        way, cause = instance.way
        instance.way = None
        self._pass_through(instance, way, at, cause)

    # -- events: looking them up

    def event(self, event_id: str, *, account_id: str | None = None, region_id: str | None = None) -> EventRecord:
        """The event, if the account has it in the region.

        Raises:
            UnknownEventError: It has not.
        """
        event = self.events.get(event_id)
        if event is None:
            raise UnknownEventError(
                f"There is no event {event_id!r}.{did_you_mean(str(event_id), self.events)} "
                f"Events are: {listed(self.events, most=10)}.",
                event_id,
            )
        if account_id is not None and event.account_id != account_id:
            raise UnknownEventError(f"{event_id} belongs to account {event.account_id}, not to {account_id}.", event_id)
        if region_id is not None and event.region_id != region_id:
            raise UnknownEventError(f"{event_id} is in {event.region_id}, not in {region_id}.", event_id)
        return event

    def events_of(self, instance_id: str) -> list[EventRecord]:
        """An instance's events in order of creation, also after its release."""
        return self._of.get(instance_id, [])

    def events_of_disk(self, disk_id: str) -> list[EventRecord]:
        """A disk's events in order of creation; events of its instance that concern it are not among them."""
        return self._of.get(disk_id, [])

    def unfinished(self, instance_id: str) -> list[EventRecord]:
        """An instance's events that have not ended."""
        return list(self._unfinished.get(instance_id, {}).values())

    def has_disk_event(self, disk_id: str) -> bool:
        """Whether an event of the disk lasts."""
        return disk_id in self._unfinished

    def elsewhere(self, account_id: str, region_id: str, statuses: Iterable[EventStatus]) -> list[str]:
        """Where else there are events with one of `statuses`, in words: what to tell who found none here."""
        wanted = tuple(statuses)
        return [
            (f"in {region}" if account == account_id else f"of account {account} in {region}")
            for (account, region), by_status in self._by_status.items()
            if (account, region) != (account_id, region_id) and any(by_status.get(status) for status in wanted)
        ]

    def events_in(self, account_id: str, region_id: str, statuses: Iterable[EventStatus]) -> list[EventRecord]:
        """The account's events in the region that have one of `statuses`."""
        by_status = self._by_status.get((account_id, region_id), {})
        found: list[EventRecord] = []
        for status in statuses:
            found += by_status.get(status, {}).values()
        return found

    # -- events: creating them

    def check_simulation(
        self, event_type: str, instances: list[InstanceRecord], not_before: Micros, now: Micros, account_id: str
    ) -> None:
        """Refuse what CreateSimulatedSystemEvents refuses.

        Raises:
            UnknownEventTypeError: The type cannot be simulated.
            NotBeforePassedError: `not_before` is earlier than now.
            TooManySimulatedEventsError: The account would pass its limit.
        """
        row = event_type_named(event_type, "EventType", among=SIMULATED_TYPES)
        if not_before < now:
            raise NotBeforePassedError(passed("NotBefore", not_before, now))
        born = first_statuses(row, True, self.rules.failures_are_scheduled)[0]
        scheduled = self._scheduled_simulated[account_id]
        if born == EventStatus.SCHEDULED and scheduled + len(instances) > self.rules.simulated_limit:
            raise TooManySimulatedEventsError(
                f"Account {account_id} has {scheduled} simulated events in Scheduled; {len(instances)} more would pass "
                f"the limit of {self.rules.simulated_limit}."
            )

    def create_event(
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
            BadArgumentError: The type cannot be born in that status, or cannot end so, or NotBefore is missing.
            NotBeforePassedError: `not_before` is earlier than now.
        """
        if not isinstance(simulated, bool):
            raise BadArgumentError(f"simulated is {simulated!r}. Pass True or False.")
        with self.changing() as now:
            planned_type = type_for(event_type, instance, simulated)
            row = event_type_named(
                planned_type, "event_type", among=SIMULATED_TYPES if simulated else tuple(EVENT_TYPES)
            )
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
                not_before=planned(first, not_before, simulated, now),
                lasts=self.rules.executing_for if executing_for is None else executing_for,
                disk=disk_concerned(row, instance, disk_id),
                extended=checked_extended(extended),
            )
            event.view = SystemEvent(event, self._settle, self._note_read)
            self.events[event.event_id] = event
            self._of.setdefault(_owner(event), []).append(event)
            self._enter(event, None, first, now, cause)
            return event

    def _new_event_id(self, region_id: str) -> str:
        event_id = self.ids.resource("e", region_id)
        return event_id if event_id not in self.events else self._new_event_id(region_id)

    def _first_status(self, row: EventType, simulated: bool, asked: str | None) -> EventStatus:
        legal = first_statuses(row, simulated, self.rules.failures_are_scheduled)
        if asked is None:
            return legal[0]
        if asked in legal:
            return EventStatus(asked)
        kind = "A simulated" if simulated else "A real"
        raise BadArgumentError(
            f"{kind} {row.name} event cannot be born {asked!r}. Pass one of: {listed(legal)}.{did_you_mean(asked, legal)}"
        )

    # -- events: moving them

    def cancel(self, events: list[EventRecord], *, cause: str = Trigger.CANCEL.value) -> None:
        """Cancel simulated events, all or none.

        Raises:
            NotSimulatedError: One of them is real.
            UnknownEventError: One of them has ended.
        """
        with self.changing() as now:
            for event in events:
                self._check_cancelable(event)
            for event in dict.fromkeys(events):
                self._move(event, Trigger.CANCEL, now, cause)

    @staticmethod
    def _check_cancelable(event: EventRecord) -> None:
        if not event.simulated:
            raise NotSimulatedError(
                f"{event.event_id} is a real event; only simulated events can be canceled by their user."
            )
        if event.status not in UNFINISHED:
            raise UnknownEventError(
                f"{event.event_id} is {event.status} already; only unfinished events can be canceled.", event.event_id
            )

    def accept(self, event: EventRecord, *, cause: str = Trigger.ACCEPT.value) -> None:
        """Authorise an Inquiring event, which runs at once.

        Raises:
            NotInquiringError: It is not Inquiring.
        """
        with self.changing() as now:
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
        with self.changing() as now:
            if event.status != EventStatus.SCHEDULED:
                raise UnknownEventError(
                    f"{event.event_id} is {event.status}; only Scheduled events can be rescheduled.", event.event_id
                )
            if not_before < now:
                raise NotBeforePassedError(passed("NotBefore", not_before, now))
            if event.initial_not_before is None:
                event.initial_not_before = event.not_before
            event.not_before = not_before
            self._withdraw_due(event)
            self._note(event, event.status, event.status, now, f"{cause}: NotBefore {instant_text(not_before)}")
            self._plan(event, now)

    def modify_maintenance(self, instance: InstanceRecord, maintenance: Maintenance) -> None:
        """Set an instance's maintenance attributes."""
        with self.changing():
            instance.maintenance = maintenance

    def modify_metadata_options(self, instance: InstanceRecord, options: MetadataOptions) -> None:
        """Set who may read an instance's metadata."""
        with self.changing():
            instance.metadata_options = options

    def _answer_events(self, instance: InstanceRecord, triggers: Iterable[Trigger], at: Micros, cause: str) -> bool:
        """Apply `triggers` to each unfinished event of the instance; whether one moved."""
        events = self.unfinished(instance.instance_id)
        moved = [self._move(event, trigger, at, cause) for trigger in triggers for event in events]
        return any(moved)

    def _move(self, event: EventRecord, trigger: Trigger, at: Micros, cause: str | None = None) -> bool:
        before = event.status
        after = next_status(event.event_type, event.simulated, before, trigger)
        if after is None:
            return False
        self._withdraw_due(event)
        self._leave(event)
        self._enter(event, before, after, at, cause or trigger.value)
        return True

    def _withdraw_due(self, event: EventRecord) -> None:
        if event.due is not None:
            self.clock.queue.withdraw(event.due)
            event.due = None

    def _note(self, event: EventRecord, before: EventStatus | None, after: EventStatus, at: Micros, cause: str) -> None:
        transition = Transition(event, before, after, at, cause)
        event.transitions += (transition,)
        self._undelivered.append(transition)

    def _leave(self, event: EventRecord) -> None:
        if EVENT_TYPES[event.event_type].is_of_disk:
            return
        here = self._by_status[event.account_id, event.region_id]
        del here[event.status][event.event_id]
        if not here[event.status]:
            # A dict never shrinks by itself.
            del here[event.status]
        if event.simulated and event.status == EventStatus.SCHEDULED:
            self._scheduled_simulated[event.account_id] -= 1

    def _enter(
        self, event: EventRecord, before: EventStatus | None, status: EventStatus, at: Micros, cause: str
    ) -> None:
        if not EVENT_TYPES[event.event_type].is_of_disk:
            by_status = self._by_status.setdefault((event.account_id, event.region_id), {})
            by_status.setdefault(status, {})[event.event_id] = event
        if event.simulated and status == EventStatus.SCHEDULED:
            self._scheduled_simulated[event.account_id] += 1
        event.status = status
        self._note(event, before, status, at, cause)
        if status in FINAL:
            event.finished_at = at
            self._forget_unfinished(event)
        else:
            self._unfinished.setdefault(_owner(event), {})[event.event_id] = event
            self._plan(event, at, before)
        self._act(event, at)

    def _forget_unfinished(self, event: EventRecord) -> None:
        unfinished = self._unfinished.get(_owner(event), {})
        unfinished.pop(event.event_id, None)
        if not unfinished:
            self._unfinished.pop(_owner(event), None)

    def _plan(self, event: EventRecord, at: Micros, before: EventStatus | None = None) -> None:
        """Push what happens next by itself; an event that was Scheduled before has had its NotBefore."""
        if event.status == EventStatus.INQUIRING:
            return
        not_before = event.not_before if before != EventStatus.SCHEDULED else None
        if not_before is not None and next_status(event.event_type, event.simulated, event.status, Trigger.NOT_BEFORE):
            event.due = self.clock.queue.push(not_before, self._at_not_before, event)
        else:
            event.due = self.clock.queue.push(at + event.lasts, self._at_end, event)

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
        """Do to the instance what an event that acts does to it."""
        instance = self.instances.get(event.instance_id)
        if not event.acts or instance is None:
            return
        row = EVENT_TYPES[event.event_type]
        if row.lock and event.status == EventStatus.EXECUTING:
            instance.locks = tuple(dict.fromkeys((*instance.locks, row.lock)))
        way = _WAYS.get((row.effect, event.status, instance.status))
        if way == ():
            self._release(instance, at, event.event_type)
        elif way is not None:
            self._pass_through(instance, way, at, event.event_type)


def _owner(event: EventRecord) -> str:
    """Whose event it is: the disk's, or the instance's, though it may concern a disk."""
    disk = event.disk if EVENT_TYPES[event.event_type].is_of_disk else None
    return event.instance_id if disk is None else disk.disk_id


def _told(observer: Callable[[Observed], None], change: Observed) -> BaseException | None:
    """Tell one observer; its error must not keep the others from hearing."""
    try:
        observer(change)
    except BaseException as error:  # noqa: BLE001  # raised again by the caller
        return error
    return None


# What an event that acts does to its instance on entering a status; an empty way releases it (a guess: when the
# event has run). A Stopped instance stays Stopped (documented).
_WAYS: Final[dict[tuple[Effect, EventStatus, InstanceStatus], tuple[InstanceStatus, ...]]] = {
    (Effect.REBOOT, EventStatus.EXECUTING, _RUNNING): (_STOPPING, _STARTING, _RUNNING),
    (Effect.STOP, EventStatus.EXECUTING, _RUNNING): (_STOPPING, _STOPPED),
    (Effect.RELEASE, EventStatus.EXECUTED, _RUNNING): (),
    (Effect.RELEASE, EventStatus.EXECUTED, _STOPPED): (),
}
