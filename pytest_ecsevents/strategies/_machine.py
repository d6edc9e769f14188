"""A Hypothesis state machine that drives a fake cloud at random."""

import datetime as dt
import functools
import sys
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Final, TypeVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.face._ecs_events import parts_of
from pytest_ecsevents.face._staging import is_of_ecs
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, SIMULATED_TYPES, EventStatus
from pytest_ecsevents.services.ecs._lifecycle import Trigger, next_status
from pytest_ecsevents.services.ecs._model import Instance
from pytest_ecsevents.strategies._schedules import PlannedEvent, offsets, planned_events

CODES: Final = ("Throttling", "Throttling.User", "ServiceUnavailable", "InternalError")
"""Errors that any action may answer."""

Rule = TypeVar("Rule", bound=Callable[..., None])

_MICROSECOND: Final = dt.timedelta(microseconds=1)


def _one_of(choices: "Callable[[CloudMachine], Iterable[Any]]") -> Any:
    return st.runner().flatmap(lambda machine: st.sampled_from(list(choices(machine))))


def _if_any(choices: "Callable[[CloudMachine], Iterable[Any]]") -> Callable[[Rule], Rule]:
    """Skip a rule while there is nothing to choose from."""
    return precondition(lambda machine: any(True for _ in choices(machine)))


def _events(machine: "CloudMachine", *, simulated: bool) -> st.SearchStrategy[PlannedEvent]:
    types = machine.simulated_types if simulated else machine.real_types
    return planned_events(list(machine.ecs_events.instances), types=types, simulated=simulated, within=machine.within)


def _first_events(machine: "CloudMachine") -> st.SearchStrategy[list[PlannedEvent]]:
    """Events published at the start; without them many examples would have nothing to do."""
    can_be = ((True, machine.simulated_types), (False, machine.real_types))
    kinds = [_events(machine, simulated=kind) for kind, types in can_be if types and machine.ecs_events.instances]
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


class _Timeline:
    """The timeline, rendered only when Hypothesis prints it."""

    def __init__(self, ecs_events: EcsEvents) -> None:
        self._ecs_events: Final = ecs_events

    def __repr__(self) -> str:
        return self._ecs_events.timeline()


class CloudMachine(RuleBasedStateMachine):
    """Drives a cloud with random legal actions, among them your handler.

    Subclass it, define `handler`, and invariants with `@invariant()`; you may add rules. Arguments of rules are ids, the
    same in each run, so that a failing example can be read. It ends with the timeline.

        class PollerMachine(CloudMachine):
            def handler(self, ecs_events):
                poll_once()

            @invariant()
            def nobody_is_rebooted_for_nothing(self):
                ...

        TestPoller = PollerMachine.TestCase

    Attributes:
        ecs_events: The cloud.
        first_instances: Number of Running instances at the start.
        most_instances: Most instances at a time.
        simulated_types: Types of simulated events; empty for none.
        real_types: Types of real events; empty for none.
        within: The longest time from publication to NotBefore, and the longest step of the clock.
        codes: Errors of refused calls; empty for none.
    """

    first_instances: ClassVar[int] = 2
    most_instances: ClassVar[int] = 3
    simulated_types: ClassVar[tuple[str, ...]] = SIMULATED_TYPES
    real_types: ClassVar[tuple[str, ...]] = tuple(EVENT_TYPES)
    within: ClassVar[str] = "3d"
    codes: ClassVar[tuple[str, ...]] = CODES

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Make a subclass's `__init__` leave the cloud if it fails: Hypothesis calls `teardown` only after it."""
        super().__init_subclass__(**kwargs)
        own = cls.__dict__.get("__init__")
        if own is not None:
            cls.__init__ = _leaving_on_error(own)  # type: ignore[method-assign]  # wraps the subclass's own

    def __init__(self) -> None:
        super().__init__()
        self._declared = 0
        self._refusals = {code: _Refusal() for code in self.codes}
        self.ecs_events: EcsEvents = self.make_cloud()
        for code, refusal in self._refusals.items():
            parts_of(self.ecs_events).recorder.refuse(code, refusal)
        self.ecs_events.__enter__()
        for _ in range(self.first_instances):
            self._declare("Running")

    def make_cloud(self) -> EcsEvents:
        """The cloud of an example, not entered yet; override it to use another."""
        return EcsEvents()

    def handler(self, ecs_events: EcsEvents) -> None:
        """One turn of your handler; override it. Default: no handler."""

    def teardown(self) -> None:
        """Leave the cloud; checks that fail a test at teardown fail the example."""
        note(_Timeline(self.ecs_events))
        kind, error, traceback = sys.exc_info()
        self.ecs_events.__exit__(kind, error, traceback)

    # -- choices

    def running(self) -> list[str]:
        """Ids of instances that can be rebooted and stopped."""
        return [one.instance_id for one in self._unlocked() if one.status == "Running"]

    def stopped(self) -> list[str]:
        """Ids of instances that can be started."""
        return [one.instance_id for one in self._unlocked() if one.status == "Stopped"]

    def redeployable(self) -> list[str]:
        """Ids of instances with an event that a redeployment avoids."""
        return [
            one.instance_id
            for one in self._unlocked()
            if one.status in ("Running", "Stopped")
            and any(
                next_status(event.event_type, event.simulated, EventStatus(event.status), Trigger.REDEPLOY)
                for event in self.ecs_events.where(instance_id=one.instance_id)
            )
        ]

    def cancelable(self) -> list[str]:
        """Ids of simulated events that have not ended."""
        return [event.event_id for event in self.ecs_events if event.simulated and not event.status.is_final]

    def inquiring(self) -> list[str]:
        """Ids of events that wait to be accepted."""
        return [event.event_id for event in self.ecs_events if event.status == "Inquiring"]

    def scheduled(self) -> list[str]:
        """Ids of events that can be rescheduled."""
        return [event.event_id for event in self.ecs_events if event.status == "Scheduled"]

    def _unlocked(self) -> list[Instance]:
        records = parts_of(self.ecs_events).cloud.instances.existing
        return [one for one in self.ecs_events.instances.values() if not records[one.instance_id].locks]

    # -- instances

    @precondition(lambda self: len(self.ecs_events.instances) < self.most_instances)
    @rule(status=st.sampled_from(["Running", "Stopped"]))
    def declare_instance(self, status: str) -> None:
        self._declare(status)

    def _declare(self, status: str) -> None:
        self._declared += 1
        self.ecs_events.instances.add(f"i-{self._declared}", status=status)

    @_if_any(running)
    @rule(instance_id=_one_of(running))
    def reboot(self, instance_id: str) -> None:
        self.ecs_events.reboot(instance_id)

    @_if_any(running)
    @rule(instance_id=_one_of(running))
    def reboot_in_guest(self, instance_id: str) -> None:
        self.ecs_events.reboot(instance_id, in_guest=True)

    @_if_any(running)
    @rule(instance_id=_one_of(running))
    def stop(self, instance_id: str) -> None:
        self.ecs_events.stop(instance_id)

    @_if_any(stopped)
    @rule(instance_id=_one_of(stopped))
    def start(self, instance_id: str) -> None:
        self.ecs_events.start(instance_id)

    @_if_any(redeployable)
    @rule(instance_id=_one_of(redeployable))
    def redeploy(self, instance_id: str) -> None:
        self.ecs_events.redeploy(instance_id)

    @_if_any(lambda self: self.ecs_events.instances)
    @rule(instance_id=_one_of(lambda self: self.ecs_events.instances))
    def renew(self, instance_id: str) -> None:
        self.ecs_events.renew(instance_id)

    @_if_any(lambda self: self.ecs_events.instances)
    @rule(instance_id=_one_of(lambda self: self.ecs_events.instances))
    def release(self, instance_id: str) -> None:
        self.ecs_events.release(instance_id)

    # -- events

    @initialize(events=st.runner().flatmap(_first_events))
    def publish_first(self, events: list[PlannedEvent]) -> None:
        """Publish events at the start, except on instances that an earlier one released."""
        for event in events:
            if event.instance_id in self.ecs_events.instances:
                event.publish(self.ecs_events)

    @_if_any(lambda self: self.simulated_types and self.ecs_events.instances)
    @rule(event=st.runner().flatmap(lambda self: _events(self, simulated=True)))
    def create_simulated(self, event: PlannedEvent) -> None:
        event.publish(self.ecs_events)

    @_if_any(lambda self: self.real_types and self.ecs_events.instances)
    @rule(event=st.runner().flatmap(lambda self: _events(self, simulated=False)))
    def create_real(self, event: PlannedEvent) -> None:
        event.publish(self.ecs_events)

    @_if_any(cancelable)
    @rule(event_id=_one_of(cancelable))
    def cancel(self, event_id: str) -> None:
        self.ecs_events.cancel(event_id)

    @_if_any(inquiring)
    @rule(event_id=_one_of(inquiring))
    def accept(self, event_id: str) -> None:
        self.ecs_events.accept(event_id)

    @_if_any(scheduled)
    @rule(event_id=_one_of(scheduled), offset=st.runner().flatmap(lambda self: offsets(self.within)))
    def reschedule(self, event_id: str, offset: dt.timedelta) -> None:
        self.ecs_events.reschedule(event_id, offset)

    # -- time

    @rule(by=st.runner().flatmap(lambda self: offsets(self.within, at_least="1s")))
    def advance(self, by: dt.timedelta) -> None:
        self.ecs_events.advance(by)

    @precondition(lambda self: parts_of(self.ecs_events).clock.queue.next_due() is not None)
    @rule()
    def advance_to_next(self) -> None:
        self.ecs_events.advance_to_next()

    @precondition(lambda self: self._brink() is not None)
    @rule()
    def advance_to_the_brink(self) -> None:
        """Move the clock to one microsecond before something is due."""
        brink = self._brink()
        assert brink is not None
        self.ecs_events.advance_to(brink)

    def _brink(self) -> dt.datetime | None:
        """A microsecond before something is due, if that is in the future."""
        due = parts_of(self.ecs_events).clock.queue.next_due()
        if due is None:
            return None
        ahead = dt.timedelta(microseconds=due - parts_of(self.ecs_events).clock.now()) - _MICROSECOND
        return self.ecs_events.now + ahead if ahead > dt.timedelta(0) else None

    # -- the handler

    @precondition(lambda self: type(self).handler is not CloudMachine.handler)
    @rule()
    def handle(self) -> None:
        self.handler(self.ecs_events)

    @_if_any(lambda self: self.codes)
    @rule(code=_one_of(lambda self: self.codes))
    def fail(self, code: str) -> None:
        """Refuse the next call, if there is one."""
        for one, refusal in self._refusals.items():
            refusal.is_next = one == code


class _Refusal:
    """Matches the next call, once, while `is_next` is set."""

    def __init__(self) -> None:
        self.is_next = False

    def applies(self, call: ApiCall) -> bool:
        if not self.is_next or not is_of_ecs(call):
            return False
        self.is_next = False
        return True
