"""The cloud, compared with a model of it that was written from the documentation only.

Both take the same random steps, legal and illegal, by the fixture's methods and by the real SDK. After each step
everything visible must agree.
"""

import datetime as dt
import json

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.request import CommonRequest
from clients import acs_client
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from reference_model import (
    PUBLISHED,
    REDEPLOYABLE,
    SIMULATED_FAILURES,
    SIMULATED_MAINTENANCE,
    UNFINISHED,
    Model,
    Refused,
    births,
    on_the_wire,
    statuses,
)
from sizes import size

from pytest_ecsevents import EcsEvents, InstanceTransition
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, SIMULATED_TYPES
from pytest_ecsevents.services.ecs._lifecycle import first_statuses
from pytest_ecsevents.strategies import CloudMachine, event_types, offsets

SIMULATED = (*SIMULATED_MAINTENANCE, *SIMULATED_FAILURES)
EXAMPLES = size(6, settings.default.max_examples)

EVERY_STATUS = (*UNFINISHED, "Executed", "Avoided", "Canceled", "Failed")


def test_the_catalogue_is_that_of_the_documentation():
    """The types, those that can be simulated, and the possible and first statuses of each."""
    assert set(EVENT_TYPES) == set(PUBLISHED)
    assert set(SIMULATED_TYPES) == set(SIMULATED)
    for name, row in EVENT_TYPES.items():
        assert set(row.statuses) == set(statuses(name))
        for simulated in (True, False) if name in SIMULATED else (False,):
            born = first_statuses(row, simulated, failures_are_scheduled=False)
            assert set(born) == births(name, simulated), (name, simulated)


class Twin(EcsEvents):
    """A cloud that repeats its every operation in the model."""

    def __init__(self, *, model=None, **settings):
        super().__init__(**settings)
        self.model = Model(self.now, **(model or {}))
        self.changes = []
        self.on_change(self._note)
        real_add = self.instances.add

        def add(instance_id, *, status):
            self.model.declare(instance_id, status)
            return real_add(instance_id, status=status)

        self.instances.add = add

    def _note(self, change):
        if isinstance(change, InstanceTransition):
            self.changes.append((change.instance.instance_id, change.from_status, change.to_status, change.at))

    def create(self, event_type, instance_id, **given):
        event = super().create(event_type, instance_id, **given)
        offset = given["not_before"]
        self.model.create(
            event.event_id,
            event_type,
            instance_id,
            simulated=given["simulated"],
            not_before=None if offset is None else self.model.now + offset,
            status=str(event.history[0].to_status),
            outcome=given["outcome"],
        )
        self.model.advance_to(self.model.now)  # work that is due at once happens before the next event is published
        return event

    def cancel(self, event):
        self.model.cancel([event])
        super().cancel(event)

    def accept(self, event):
        self.model.accept(event)
        super().accept(event)

    def reschedule(self, event, not_before):
        self.model.reschedule(event, self.now + not_before)
        super().reschedule(event, not_before)

    def reboot(self, instance_id, *, in_guest=False):
        self.model.reboot(instance_id, in_guest=in_guest)
        super().reboot(instance_id, in_guest=in_guest)

    def stop(self, instance_id):
        self.model.stop(instance_id)
        super().stop(instance_id)

    def start(self, instance_id):
        self.model.start(instance_id)
        super().start(instance_id)

    def redeploy(self, instance_id):
        self.model.redeploy(instance_id)
        super().redeploy(instance_id)

    def renew(self, instance_id):
        self.model.renew(instance_id)
        super().renew(instance_id)

    def release(self, instance_id):
        self.model.release(instance_id)
        super().release(instance_id)


def call(action, **params):
    """Call an action with the real SDK; lists are numbered."""
    request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name=action)
    for name, value in params.items():
        listed = enumerate(value, start=1) if isinstance(value, list) else ()
        for number, one in listed:
            request.add_query_param(f"{name}.{number}", one)
        if not isinstance(value, list):
            request.add_query_param(name, value)
    return json.loads(acs_client().do_action_with_exception(request))


def answer(action, **params):
    """Return the reply, or the code of the refusal."""
    try:
        return call(action, **params), None
    except ServerException as refused:
        return None, refused.get_error_code()


any_instance = st.runner().flatmap(lambda machine: st.sampled_from(["i-none", *machine.model.instances]))
any_event = st.runner().flatmap(
    lambda machine: st.sampled_from(["e-none", *(event.event_id for event in machine.model.events)])
)
refusals = st.sampled_from(["", "", "", "", "InternalError", "Throttling.User"])


def seen(view):
    """Return the members of an event on the wire that the model has, without codes."""
    extended = view.pop("ExtendedAttribute")
    view = {name: value["Name"] if isinstance(value, dict) else value for name, value in view.items()}
    initial = extended.get("InitialNotBefore")
    return view if initial is None else {**view, "InitialNotBefore": initial}


class LifecycleMachine(CloudMachine):
    """Every step of a cloud, and of its users with the SDK, also taken by the model."""

    # Types that can be answered are drawn more often than the others.
    simulated_types = (*SIMULATED, *["SystemMaintenance.Reboot"] * 3)
    real_types = (*PUBLISHED, *["SystemMaintenance.Reboot"] * 8, *REDEPLOYABLE)
    codes = ()  # the queries of the invariants must be answered

    def make_cloud(self):
        return Twin()

    @property
    def model(self):
        """Return the model, at the cloud's now."""
        model = self.ecs_events.model
        model.advance_to(self.ecs_events.now)
        return model

    def born(self, event_type):
        """Return the first status of a simulated event."""
        return "Executing" if event_type in SIMULATED_FAILURES else "Scheduled"

    # -- users with the SDK, who make errors, and get errors that they did not cause

    def _both(self, refusal, expected, action, **params):
        """Call the cloud as the model was called; both must answer alike."""
        before = self.model.now
        if refusal:
            self.ecs_events.fail(action, refusal)
            assert answer(action, **params) == (None, refusal)
            return None
        code = None
        try:
            expected()
        except Refused as refused:
            code = str(refused)
        reply, answered = answer(action, **params)
        assert answered == code
        assert self.ecs_events.now == before
        return reply

    @rule(instance_id=any_instance, refusal=refusals)
    def sdk_reboot(self, instance_id, refusal):
        """RebootInstance."""
        model = self.model
        self._both(refusal, lambda: model.reboot(instance_id), "RebootInstance", InstanceId=instance_id)

    @rule(instance_id=any_instance, refusal=refusals)
    def sdk_redeploy(self, instance_id, refusal):
        """RedeployInstance."""
        model = self.model
        self._both(refusal, lambda: model.redeploy(instance_id), "RedeployInstance", InstanceId=instance_id)

    @rule(instance_id=any_instance, refusal=refusals)
    def sdk_stop(self, instance_id, refusal):
        """StopInstance."""
        model = self.model
        self._both(refusal, lambda: model.stop(instance_id), "StopInstance", InstanceId=instance_id)

    @precondition(lambda self: len(self.ecs_events.instances) < self.most_instances)
    @rule(starts=st.booleans(), refusal=refusals)
    def sdk_run(self, starts, refusal):
        """RunInstances, or CreateInstance."""
        action = "RunInstances" if starts else "CreateInstance"
        model = self.model
        reply = self._both(refusal, lambda: None, action, ImageId="m-1", InstanceType="ecs.g7.large")
        if reply:
            model.run(reply["InstanceIdSets"]["InstanceIdSet"][0] if starts else reply["InstanceId"], starts=starts)

    @rule(instance_id=any_instance, force=st.booleans(), refusal=refusals)
    def sdk_delete(self, instance_id, force, refusal):
        """DeleteInstance, with Force or without."""
        model = self.model
        self._both(
            refusal,
            lambda: model.delete(instance_id, force=force),
            "DeleteInstance",
            InstanceId=instance_id,
            Force=json.dumps(force),
        )

    @precondition(lambda self: self.model.events)
    @rule(event_ids=st.lists(any_event, min_size=1, max_size=3), refusal=refusals)
    def sdk_cancel(self, event_ids, refusal):
        """CancelSimulatedSystemEvents, of one or several."""
        model = self.model
        self._both(refusal, lambda: model.cancel(event_ids), "CancelSimulatedSystemEvents", EventId=event_ids)

    @precondition(lambda self: self.model.events)
    @rule(event_id=any_event, refusal=refusals)
    def sdk_accept(self, event_id, refusal):
        """AcceptInquiredSystemEvent."""
        model = self.model
        self._both(refusal, lambda: model.accept(event_id), "AcceptInquiredSystemEvent", EventId=event_id)

    @precondition(lambda self: self.model.events)
    @rule(event_id=any_event.filter(lambda event_id: event_id != "e-none"), offset=offsets("3d"), refusal=refusals)
    def sdk_reschedule(self, event_id, offset, refusal):
        """ModifySystemEventAttribute, to a whole second in the past, now or in the future."""
        model = self.model
        when = (model.now + offset - dt.timedelta(hours=1)).replace(microsecond=0)
        event = model.event(event_id)

        def expected():
            model.existing(event.instance_id)
            model.reschedule(event_id, when, by_user=True)

        self._both(
            refusal,
            expected,
            "ModifySystemEventAttribute",
            InstanceId=event.instance_id,
            EventId=event_id,
            NotBefore=on_the_wire(when),
        )

    @rule(
        instance_ids=st.lists(any_instance, min_size=1, max_size=3),
        event_type=event_types(simulated=True),
        offset=offsets("3d"),
        refusal=refusals,
    )
    def sdk_create(self, instance_ids, event_type, offset, refusal):
        """CreateSimulatedSystemEvents on some instances, for a whole second in the past, now or in the future."""
        model = self.model
        when = (model.now + offset - dt.timedelta(minutes=1)).replace(microsecond=0)

        def expected():
            for instance_id in instance_ids:
                model.existing(instance_id)
            if when < model.now:
                raise Refused("InvalidNotBefore.Passed")

        reply = self._both(
            refusal,
            expected,
            "CreateSimulatedSystemEvents",
            InstanceId=instance_ids,
            EventType=event_type,
            NotBefore=on_the_wire(when),
        )
        for instance_id, event_id in zip(instance_ids, reply["EventIdSet"]["EventId"] if reply else [], strict=False):
            model.create(
                event_id,
                event_type,
                instance_id,
                simulated=True,
                not_before=when,
                status=self.born(event_type),
                outcome="Executed",
            )

    # -- what must agree

    @invariant()
    def events_agree(self):
        """Compare status, history with instants, and finish time of every event, and the order of events."""
        assert [
            (str(event.status), [(str(step.to_status), step.at) for step in event.history], event.finish_time)
            for event in self.ecs_events
        ] == [(event.status, event.history, event.finished) for event in self.model.events]
        assert [(event.event_id, event.not_before) for event in self.ecs_events] == [
            (event.event_id, event.not_before) for event in self.model.events
        ]

    @invariant()
    def instances_agree(self):
        """Compare the status of every instance, and every change with its instant."""
        model = self.model
        assert {name: str(instance.status) for name, instance in self.ecs_events.instances.items()} == {
            name: instance.status for name, instance in model.instances.items() if not instance.is_released
        }
        assert self.ecs_events.changes == model.changes

    @invariant()
    def queries_agree(self):
        """Compare the SDK's views: finished events, all events, and instances with their planned ones."""
        model = self.model
        for wanted in ((), EVERY_STATUS):
            reply = call("DescribeInstanceHistoryEvents", PageSize="100", InstanceEventCycleStatus=list(wanted))
            shown = reply["InstanceSystemEventSet"]["InstanceSystemEventType"]
            assert [seen(view) for view in shown] == (
                model.history_events(wanted) if wanted else model.history_events()
            )
            assert reply["TotalCount"] == len(shown)
        reply = call("DescribeInstancesFullStatus", PageSize="100")
        assert {
            view["InstanceId"]: (
                view["Status"]["Name"],
                [seen(event) for event in view["ScheduledSystemEventSet"]["ScheduledSystemEventType"]],
            )
            for view in reply["InstanceFullStatusSet"]["InstanceFullStatusType"]
        } == model.full_status()


TestLifecycle = LifecycleMachine.TestCase
TestLifecycle.settings = settings(TestLifecycle.settings, max_examples=EXAMPLES)


class OtherSettingsMachine(LifecycleMachine):
    """The same with failures that start as Scheduled, and events that are over as soon as they run."""

    def make_cloud(self):
        model = {"executing_for": dt.timedelta(0), "failures_are_scheduled": True}
        return Twin(executing_for="0s", failure_events="scheduled", model=model)

    def born(self, event_type):  # noqa: ARG002  # whatever it is
        return "Scheduled"


TestOtherSettings = OtherSettingsMachine.TestCase
TestOtherSettings.settings = settings(TestOtherSettings.settings, max_examples=EXAMPLES // 2)


class SlowInstancesMachine(LifecycleMachine):
    """The same with instances whose operations take as long as events are Executing."""

    first_instances = 1
    simulated_types = ()
    # Types that act on an instance in any status.
    real_types = (
        "SystemFailure.Delete",
        "SystemFailure.Stop",
        "SystemFailure.Reboot",
        "InstanceExpiration.Delete",
        "SystemMaintenance.Stop",
    )
    within = "1h"

    def make_cloud(self):
        takes = {"Pending": "10m", "Starting": "20m", "Stopping": "15m"}
        model = {
            "executing_for": dt.timedelta(minutes=15),
            "takes": {status: dt.timedelta(minutes=int(said[:-1])) for status, said in takes.items()},
        }
        cloud = Twin(executing_for="15m", model=model)
        for status, said in takes.items():
            setattr(cloud.instances, f"{status.lower()}_takes", said)
        return cloud


TestSlowInstances = SlowInstancesMachine.TestCase
TestSlowInstances.settings = settings(TestSlowInstances.settings, max_examples=EXAMPLES)
