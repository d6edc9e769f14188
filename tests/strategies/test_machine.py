"""The state machine that drives a cloud."""

import contextlib
import datetime as dt
import json
import sys
from dataclasses import replace

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.request import CommonRequest
from clients import acs_client
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, rule, run_state_machine_as_test
from sizes import size

from pytest_ecsevents import EcsEvents, UnexpectedCallError
from pytest_ecsevents.strategies import CloudMachine, PlannedEvent

# Failures are to be found, not shrunk: shrinking takes long.
FEW = settings(
    phases=[Phase.generate],
    max_examples=size(10, 30),
    stateful_step_count=10,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def call(action, host="ecs.aliyuncs.com", version="2014-05-26", **params):
    """Call an action with the real SDK."""
    request = CommonRequest(domain=host, version=version, action_name=action)
    for name, value in params.items():
        request.add_query_param(name.replace("__", "."), value)
    return json.loads(acs_client().do_action_with_exception(request))


def reboot_ahead():
    """A handler: reboots each instance that has maintenance scheduled."""
    with contextlib.suppress(ServerException):
        reply = call("DescribeInstanceHistoryEvents", InstanceEventCycleStatus__1="Scheduled")
        for event in reply["InstanceSystemEventSet"]["InstanceSystemEventType"]:
            call("RebootInstance", InstanceId=event["InstanceId"])


class PollerMachine(CloudMachine):
    """A handler as users write it, with its invariants."""

    def handler(self, _ecs_events):
        reboot_ahead()

    @invariant()
    def calls_are_answered(self):
        """Each call has a reply, which can be an error."""
        assert all(call.http_status for call in self.ecs_events.calls)


TestPoller = PollerMachine.TestCase


class TestWithoutHandler(CloudMachine.TestCase):
    """Runs the machine alone."""


def test_a_failing_example_shows_its_timeline():
    """The steps are those of the machine, with readable ids, and the timeline comes last."""

    class Machine(PollerMachine):
        simulated_types = ("SystemMaintenance.Reboot",)
        real_types = ()

        @invariant()
        def nobody_reboots(self):
            self.ecs_events.assert_not_called("RebootInstance")

    with pytest.raises(AssertionError, match="expected no calls of RebootInstance") as found:
        run_state_machine_as_test(Machine, settings=settings(FEW, max_examples=300))
    notes = "\n".join(found.value.__notes__)
    assert "state.publish_first(events=[PlannedEvent(" in notes or "state.create_" in notes
    assert "state.handle()" in notes
    assert "clock 2030-01-01T00:00:00Z" in notes
    assert "RebootInstance(InstanceId=i-" in notes


def test_an_error_that_the_handler_swallows_fails_the_example():
    """An error that would fail a test at its end fails the example at its teardown."""

    class Machine(CloudMachine):
        def handler(self, _ecs_events):
            with contextlib.suppress(Exception):
                call("RebootInstnces")

    with pytest.raises(UnexpectedCallError):
        run_state_machine_as_test(Machine, settings=FEW)


def test_a_failed_example_gets_no_further_error():
    """The invariant's error is reported, not the unexpected call swallowed before it."""

    class Machine(CloudMachine):
        def handler(self, _ecs_events):
            with contextlib.suppress(Exception):
                call("RebootInstnces")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_state_machine_as_test(Machine, settings=FEW)


def test_types_instances_and_codes_may_be_chosen():
    """Class attributes select them; an empty one disables them."""
    seen = set()

    class Simulated(CloudMachine):
        simulated_types = ("SystemMaintenance.Stop",)
        real_types = ()
        first_instances = most_instances = 1
        codes = ()

        @invariant()
        def look(self):
            seen.update((event.event_type, event.simulated, event.instance_id) for event in self.ecs_events)
            assert len(self.ecs_events.instances) <= 1

    class Real(Simulated):
        simulated_types = ()
        real_types = ("Stalled",)

    for machine, expected in ((Simulated, ("SystemMaintenance.Stop", True)), (Real, ("Stalled", False))):
        seen.clear()
        run_state_machine_as_test(machine, settings=FEW)
        assert {one[:2] for one in seen} == {expected}


def test_there_may_be_nothing_at_the_start():
    """Without instances there are no events at first."""

    class Machine(CloudMachine):
        first_instances = 0
        real_types = simulated_types = ()

        @invariant(check_during_init=True)
        def nothing(self):
            assert not len(self.ecs_events)

    run_state_machine_as_test(Machine, settings=FEW)


def test_a_subclass_can_add_rules():
    """A subclass adds rules, and creates its own cloud."""
    regions = set()

    class Machine(CloudMachine):
        def make_cloud(self):
            return EcsEvents(region_id="cn-beijing")

        @rule()
        def look(self):
            regions.update(instance.region_id for instance in self.ecs_events.instances.values())

    run_state_machine_as_test(Machine, settings=FEW)
    assert regions == {"cn-beijing"}


@pytest.mark.parametrize("enters", [True, False])
def test_a_subclass_that_cannot_be_made_leaves_nothing_patched(enters):
    """After an error in its __init__, before or after the cloud was entered, the clock is real."""

    class Machine(CloudMachine):
        def __init__(self):
            if enters:
                super().__init__()
            raise LookupError

    with pytest.raises(LookupError):
        Machine()


def test_a_cloud_without_instances_may_have_some_later():
    """The __init__ of the subclass succeeds."""

    class Machine(CloudMachine):
        def __init__(self):
            super().__init__()
            self.mine = 1

        @invariant()
        def is_mine(self):
            assert self.mine == 1

    run_state_machine_as_test(Machine, settings=FEW)


@pytest.fixture
def machine():
    """A machine that the test drives itself."""
    made = CloudMachine()
    yield made
    made.ecs_events.__exit__(None, None, None)


def test_a_rule_redeploys(machine):
    """An instance with an event that a redeployment avoids can be chosen."""
    assert machine.redeployable() == []
    instance_id = next(iter(machine.ecs_events.instances))
    event = machine.ecs_events.create("SystemMaintenance.Redeploy", instance_id, not_before="+1d", simulated=False)
    assert machine.redeployable() == [instance_id]
    machine.redeploy(instance_id)
    machine.ecs_events.advance("1h")
    assert event.status == "Avoided"


def test_first_events_of_a_released_instance_are_not_published(machine):
    """Publishing one would declare the instance again."""
    gone, stays = machine.ecs_events.instances
    delete = PlannedEvent("SystemFailure.Delete", gone, None, simulated=False, status="Executing", outcome="Executed")
    reboot = PlannedEvent(
        "SystemMaintenance.Reboot", gone, dt.timedelta(hours=1), simulated=False, status="Scheduled", outcome="Executed"
    )
    machine.ecs_events.release(gone)
    machine.publish_first(events=[delete, reboot, replace(reboot, instance_id=stays)])
    assert [event.instance_id for event in machine.ecs_events] == [stays]
    assert list(machine.ecs_events.instances) == [stays]


def test_only_the_next_call_is_refused(machine):
    """A refusal applies to one call of Ecs, not to other products or actions that the test answers itself."""
    machine.ecs_events.stub("Slb", "DescribeLoadBalancers", {})
    machine.ecs_events.stub("Ecs", "DescribeSnapshots", {})
    machine.fail("ServiceUnavailable")
    call("DescribeLoadBalancers", "slb.aliyuncs.com", "2014-05-15")
    call("DescribeSnapshots")
    with pytest.raises(ServerException) as refused:
        call("RebootInstance", InstanceId="i-1")
    assert refused.value.get_error_code() == "ServiceUnavailable"
    call("RebootInstance", InstanceId="i-1")


def test_the_brink_is_just_before_what_is_due(machine):
    """It is a microsecond before; there is none when nothing is due, or it is due now."""
    assert machine._brink() is None
    machine.ecs_events.create("SystemMaintenance.Stop", "i-1", not_before="+1h")
    machine.advance_to_the_brink()
    assert machine.ecs_events.now.isoformat() == "2030-01-01T00:59:59.999999+00:00"
    assert machine._brink() is None


# -- the extra


@pytest.mark.parametrize(
    ("fake", "error"),
    [
        (
            "import sys\nsys.modules['hypothesis'] = None\n",
            "ModuleNotFoundError: pytest_ecsevents.strategies needs Hypothesis, which is not installed. Install it with: "
            "pip install 'pytest-ecsevents[hypothesis]'",
        ),
        (
            "import sys\nsys.modules['attr'] = sys.modules['attrs'] = sys.modules['sortedcontainers'] = None\n"
            "class Broken:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            "        if name == 'hypothesis':\n"
            "            raise ModuleNotFoundError('No module named another', name='another')\n"
            "sys.meta_path.insert(0, Broken())\n",
            "ModuleNotFoundError: No module named another",
        ),
    ],
    ids=["missing", "broken"],
)
def test_without_hypothesis_the_error_says_what_to_install(pytester, fake, error):
    """The message is only for a missing Hypothesis; a broken one raises its own error."""
    result = pytester.run(sys.executable, "-c", f"{fake}import pytest_ecsevents.strategies")
    assert result.ret == 1
    result.stderr.fnmatch_lines([error.replace("[", "[[]")])


def test_the_package_loads_no_hypothesis(pytester):
    """Only an import of the strategies loads it."""
    code = "import sys, pytest_ecsevents.plugin, pytest_ecsevents.face; print('hypothesis' in sys.modules)"
    pytester.run(sys.executable, "-c", code).stdout.fnmatch_lines(["False"])
