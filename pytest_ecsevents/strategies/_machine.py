"""A cloud that does whatever a cloud and its users may do, while the author's invariants are checked."""

import datetime as dt
import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.face import parts_of
from pytest_ecsevents.face._staging import is_of_ecs
from pytest_ecsevents.rpc import ApiCall
from pytest_ecsevents.services.ecs import (
    EVENT_TYPES,
    SIMULATED_TYPES,
    EventStatus,
    Instance,
    SystemEvent,
    Trigger,
    next_status,
)
from pytest_ecsevents.strategies._schedules import PlannedEvent, offsets, planned_events

CODES: Final = ("Throttling", "Throttling.User", "ServiceUnavailable", "InternalError")
"""What calls are refused with: common errors that any action may answer."""

Rule = TypeVar("Rule", bound=Callable[..., None])

_MICROSECOND: Final = dt.timedelta(microseconds=1)


def _one_of(choices: "Callable[[CloudMachine], Iterable[Any]]") -> Any:
    """One of what there is at that moment."""
    return st.runner().flatmap(lambda machine: st.sampled_from(list(choices(machine))))


def _if_any(choices: "Callable[[CloudMachine], Iterable[Any]]") -> Callable[[Rule], Rule]:
    """Have a rule run only when there is something to choose from."""
    return precondition(lambda machine: any(True for _ in choices(machine)))


def _planned(*, simulated: bool) -> st.SearchStrategy[PlannedEvent]:
    """An event on one of the instances that there are at that moment."""

    def events(machine: "CloudMachine") -> st.SearchStrategy[PlannedEvent]:
        return planned_events(
            list(machine.ecs_events.instances),
            types=machine.simulated_types if simulated else machine.real_types,
            simulated=simulated,
            within=machine.within,
        )

    return st.runner().flatmap(events)


def _first_events(machine: "CloudMachine") -> st.SearchStrategy[list[PlannedEvent]]:
    """What is published at the start: without, many an example would have nothing to do."""
    kinds = [
        planned_events(list(machine.ecs_events.instances), types=types, simulated=simulated, within=machine.within)
        for types, simulated in ((machine.simulated_types, True), (machine.real_types, False))
        if types and machine.ecs_events.instances
    ]
    return st.lists(st.one_of(kinds), max_size=4) if kinds else st.just([])


def _leaving_on_error(init: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(init)
    def guarded(machine: "CloudMachine", *args: object, **kwargs: object) -> None:
        try:
            init(machine, *args, **kwargs)
        except BaseException:
            ecs_events = vars(machine).get("ecs_events")
            if ecs_events is not None:
                parts_of(ecs_events).undo.close()
            raise

    return guarded


class _Story:
    """The timeline, written only when it is to be read."""

    def __init__(self, ecs_events: EcsEvents) -> None:
        self._ecs_events: Final = ecs_events

    def __repr__(self) -> str:
        return self._ecs_events.timeline()


class CloudMachine(RuleBasedStateMachine):
    """Drives a cloud with random actions, all of them legal, and your handler among them.

    Subclass it, say what a `handler` does, and what must hold with `@invariant()`; more rules of your own are welcome.
    Instances and events are called by their ids, the same in each run, so that a failing example can be read; it ends
    with the timeline.

        class PollerMachine(CloudMachine):
            def handler(self, ecs_events):
                poll_once()

            @invariant()
            def nobody_is_rebooted_for_nothing(self):
                ...

        TestPoller = PollerMachine.TestCase

    Attributes:
        ecs_events: The cloud.
        first_instances: How many Running instances there are from the start.
        most_instances: How many instances there may be at a time.
        simulated_types: The types of simulated events; none, if it is empty.
        real_types: The types of real events; none, if it is empty.
        within: The longest from publication to NotBefore, and the longest that the clock is moved at once.
        codes: What calls are refused with; none are, if it is empty.
    """

    first_instances: ClassVar[int] = 2
    most_instances: ClassVar[int] = 3
    simulated_types: ClassVar[tuple[str, ...]] = SIMULATED_TYPES
    real_types: ClassVar[tuple[str, ...]] = tuple(EVENT_TYPES)
    within: ClassVar[str] = "3d"
    codes: ClassVar[tuple[str, ...]] = CODES

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Have the cloud left also when a subclass's `__init__` fails after it was entered: nobody tears that down."""
        super().__init_subclass__(**kwargs)
        own = cls.__dict__.get("__init__")
        if own is not None:
            cls.__init__ = _leaving_on_error(own)  # type: ignore[method-assign]

    def __init__(self) -> None:
        super().__init__()
        self._declared = 0
        self._next_refusal = _NextRefusal()
        self.ecs_events: EcsEvents = self.make_cloud()
        for code in self.codes:
            parts_of(self.ecs_events).witness.refuse(code, _Refusal(self._next_refusal, code))
        self.ecs_events.__enter__()
        for _ in range(self.first_instances):
            self._declare("Running")

    def make_cloud(self) -> EcsEvents:
        """The cloud of an example, not entered yet; for a subclass to make another."""
        return EcsEvents()

    def handler(self, ecs_events: EcsEvents) -> None:
        """What your handler does once, with whichever SDK; for a subclass to say. Left out, no handler runs."""

    def teardown(self) -> None:
        """Leave the cloud, with nothing left patched; what fails a test at its end fails the example here."""
        note(_Story(self.ecs_events))
        kind, error, traceback = sys.exc_info()
        self.ecs_events.__exit__(kind, error, traceback)

    # -- what there is

    def running(self) -> list[str]:
        """Ids of instances that can be rebooted and stopped."""
        return [one.instance_id for one in self._unlocked() if one.status == "Running"]

    def stopped(self) -> list[str]:
        """Ids of instances that can be started."""
        return [one.instance_id for one in self._unlocked() if one.status == "Stopped"]

    def redeployable(self) -> list[str]:
        """Ids of instances with an event that a redeployment answers."""
        return [
            one.instance_id
            for one in self._unlocked()
            if one.status in ("Running", "Stopped") and any(map(_is_redeployable, self._of(one.instance_id)))
        ]

    def cancelable(self) -> list[str]:
        """Ids of simulated events that have not ended."""
        return [event.event_id for event in self.ecs_events if event.simulated and not event.status.is_final]

    def inquiring(self) -> list[str]:
        """Ids of events that wait for leave."""
        return [event.event_id for event in self.ecs_events if event.status == "Inquiring"]

    def scheduled(self) -> list[str]:
        """Ids of events that can be rescheduled."""
        return [event.event_id for event in self.ecs_events if event.status == "Scheduled"]

    def _unlocked(self) -> list[Instance]:
        records = parts_of(self.ecs_events).cloud.instances.existing
        return [one for one in self.ecs_events.instances.values() if not records[one.instance_id].locks]

    def _of(self, instance_id: str) -> list[SystemEvent]:
        return self.ecs_events.where(instance_id=instance_id)

    # -- instances

    @precondition(lambda self: len(self.ecs_events.instances) < self.most_instances)
    @rule(status=st.sampled_from(["Running", "Stopped"]))
    def declare_instance(self, status: str) -> None:
        """There is one more instance."""
        self._declare(status)

    def _declare(self, status: str) -> None:
        self._declared += 1
        self.ecs_events.instances.add(f"i-{self._declared}", status=status)

    @_if_any(running)
    @rule(instance_id=_one_of(running))
    def reboot(self, instance_id: str) -> None:
        """Somebody reboots it by console or API."""
        self.ecs_events.reboot(instance_id)

    @_if_any(running)
    @rule(instance_id=_one_of(running))
    def reboot_in_guest(self, instance_id: str) -> None:
        """Somebody reboots it inside the guest."""
        self.ecs_events.reboot(instance_id, in_guest=True)

    @_if_any(running)
    @rule(instance_id=_one_of(running))
    def stop(self, instance_id: str) -> None:
        """Somebody stops it."""
        self.ecs_events.stop(instance_id)

    @_if_any(stopped)
    @rule(instance_id=_one_of(stopped))
    def start(self, instance_id: str) -> None:
        """Somebody starts it."""
        self.ecs_events.start(instance_id)

    @_if_any(redeployable)
    @rule(instance_id=_one_of(redeployable))
    def redeploy(self, instance_id: str) -> None:
        """Somebody redeploys it, which answers an event."""
        self.ecs_events.redeploy(instance_id)

    @_if_any(lambda self: self.ecs_events.instances)
    @rule(instance_id=_one_of(lambda self: self.ecs_events.instances))
    def renew(self, instance_id: str) -> None:
        """Somebody pays for it."""
        self.ecs_events.renew(instance_id)

    @_if_any(lambda self: self.ecs_events.instances)
    @rule(instance_id=_one_of(lambda self: self.ecs_events.instances))
    def release(self, instance_id: str) -> None:
        """Somebody releases it."""
        self.ecs_events.release(instance_id)

    # -- events

    @initialize(events=st.runner().flatmap(_first_events))
    def publish_first(self, events: list[PlannedEvent]) -> None:
        """Some events are there from the start, but on no instance that one of them has released."""
        for event in events:
            if event.instance_id in self.ecs_events.instances:
                event.publish(self.ecs_events)

    @_if_any(lambda self: self.simulated_types)
    @_if_any(lambda self: self.ecs_events.instances)
    @rule(event=_planned(simulated=True))
    def create_simulated(self, event: PlannedEvent) -> None:
        """Somebody simulates an event."""
        event.publish(self.ecs_events)

    @_if_any(lambda self: self.real_types)
    @_if_any(lambda self: self.ecs_events.instances)
    @rule(event=_planned(simulated=False))
    def create_real(self, event: PlannedEvent) -> None:
        """The service publishes an event."""
        event.publish(self.ecs_events)

    @_if_any(cancelable)
    @rule(event_id=_one_of(cancelable))
    def cancel(self, event_id: str) -> None:
        """Somebody cancels a simulated event."""
        self.ecs_events.cancel(event_id)

    @_if_any(inquiring)
    @rule(event_id=_one_of(inquiring))
    def accept(self, event_id: str) -> None:
        """Somebody gives leave for an event."""
        self.ecs_events.accept(event_id)

    @_if_any(scheduled)
    @rule(event_id=_one_of(scheduled), offset=st.runner().flatmap(lambda self: offsets(self.within)))
    def reschedule(self, event_id: str, offset: dt.timedelta) -> None:
        """NotBefore is moved to so long from now."""
        self.ecs_events.reschedule(event_id, offset)

    # -- time

    @rule(by=st.runner().flatmap(lambda self: offsets(self.within, at_least="1s")))
    def advance(self, by: dt.timedelta) -> None:
        """Time passes."""
        self.ecs_events.advance(by)

    @precondition(lambda self: parts_of(self.ecs_events).clock.queue.next_due() is not None)
    @rule()
    def advance_to_next(self) -> None:
        """Time passes until an event is due."""
        self.ecs_events.advance_to_next()

    @precondition(lambda self: self._brink() is not None)
    @rule()
    def advance_to_the_brink(self) -> None:
        """Time passes until just before an event is due."""
        brink = self._brink()
        assert brink is not None
        self.ecs_events.advance_to(brink)

    def _brink(self) -> dt.datetime | None:
        """A microsecond before something is due, if that is yet to come."""
        due = parts_of(self.ecs_events).clock.queue.next_due()
        if due is None:
            return None
        ahead = dt.timedelta(microseconds=due - parts_of(self.ecs_events).clock.now()) - _MICROSECOND
        return self.ecs_events.now + ahead if ahead > dt.timedelta(0) else None

    # -- the handler

    @precondition(lambda self: type(self).handler is not CloudMachine.handler)
    @rule()
    def handle(self) -> None:
        """The handler has its turn."""
        self.handler(self.ecs_events)

    @_if_any(lambda self: self.codes)
    @rule(code=_one_of(lambda self: self.codes))
    def fail(self, code: str) -> None:
        """The next call is going to be refused; if none comes, that is well too."""
        self._next_refusal.code = code


class _NextRefusal:
    """What the next call is refused with; "" if it is not refused."""

    code = ""


class _Refusal:
    """Strikes the next call, if it is to be refused with a code."""

    def __init__(self, next_refusal: _NextRefusal, code: str) -> None:
        self._next: Final = next_refusal
        self._code: Final = code

    def strikes(self, call: ApiCall) -> bool:
        if self._next.code != self._code or not is_of_ecs(call):
            return False
        self._next.code = ""
        return True


def _is_redeployable(event: SystemEvent) -> bool:
    return next_status(event.event_type, event.simulated, EventStatus(event.status), Trigger.REDEPLOY) is not None
