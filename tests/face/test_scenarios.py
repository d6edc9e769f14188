"""The scenarios, row by row: their event types, and what happens in them."""

import datetime as dt

import pytest
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException

from pytest_ecsevents import EcsEvents, EcsEventsError
from pytest_ecsevents.face._scenarios import SCENARIOS, case_of
from pytest_ecsevents.face._staging import stage_case
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES

MAINTENANCE = ["SystemMaintenance.Reboot", "SystemMaintenance.Stop", "SystemMaintenance.Redeploy"]
FAILURES = ["SystemFailure.Reboot", "SystemFailure.Stop", "SystemFailure.Redeploy", "InstanceFailure.Reboot"]
START = dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc)


@pytest.fixture
def stage():
    """Run a scenario on an instance in a new cloud; return both: `stage("failed", event_type)`."""
    opened = []

    def stage(name, event_type="SystemMaintenance.Reboot", simulated=None, **settings):
        case = case_of(SCENARIOS[name], event_type, simulated)
        ecs_events = EcsEvents(START, backend="time-machine", **settings)  # the one that starts sooner
        opened.append(ecs_events)
        ecs_events.__enter__()
        ecs_events.instances.add("i-web1")
        return ecs_events, stage_case(ecs_events, case, "i-web1")

    yield stage
    for ecs_events in opened:
        ecs_events.__exit__(None, None, None)


def test_every_row_states_its_evidence():
    """A row describes what happens in a sentence, and has its evidence."""
    for name, row in SCENARIOS.items():
        assert name == row.name
        assert row.what.endswith(".")
        assert row.evidence


def every_case(simulated=None):
    """Yield each scenario of each type, with the documented conditions for it."""
    for name, row in SCENARIOS.items():
        for event_type in EVENT_TYPES:
            yield name, event_type, case_of(row, event_type, simulated)


def test_the_type_that_users_can_answer_has_every_scenario():
    """SystemMaintenance.Reboot is documented with every known status."""
    assert [name for name, row in SCENARIOS.items() if not case_of(row, "SystemMaintenance.Reboot")] == []


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("executed", set(EVENT_TYPES)),
        ("throttled", set(EVENT_TYPES)),
        ("duplicate-polls", set(EVENT_TYPES)),
        ("avoidable", {"SystemMaintenance.Reboot", "SystemMaintenance.Redeploy"}),
        ("canceled-before", set(MAINTENANCE)),
        ("canceled-during", {*MAINTENANCE, *FAILURES}),
    ],
)
def test_a_scenario_is_of_the_documented_types(name, types):
    """Scenarios are answers, cancellations, and the course without an answer."""
    assert {event_type for one, event_type, case in every_case() if one == name and case} == types


def test_failing_and_inquiring_are_for_real_events_of_known_types():
    """No source documents these statuses for simulated events; for real ones the list of statuses has the types."""
    for name, status in (("failed", "Failed"), ("inquired", "Inquiring")):
        cases = {event_type: case for one, event_type, case in every_case() if one == name}
        assert {event_type for event_type, case in cases.items() if case} == {
            name for name, row in EVENT_TYPES.items() if status in row.statuses
        }
        assert not any(case.simulated for case in cases.values() if case)
    assert not any(case for name, _, case in every_case(simulated=True) if name in ("failed", "inquired"))


def test_what_is_never_scheduled_has_no_time_before():
    """Events of disks, and failures except redeployment, run from publication on."""
    for name, event_type, case in every_case():
        if SCENARIOS[name].born == ("Scheduled",) and case:
            assert "Scheduled" in EVENT_TYPES[event_type].statuses


def test_simulated_events_are_preferred_unless_only_a_real_one_can_be_answered():
    """A redeployment answers no simulated event (documented), so an event with this answer is real."""
    assert case_of(SCENARIOS["throttled"], "SystemMaintenance.Reboot").simulated
    assert case_of(SCENARIOS["executed"], "SystemMaintenance.Redeploy").simulated
    assert not case_of(SCENARIOS["throttled"], "SystemMaintenance.Redeploy").simulated
    assert case_of(SCENARIOS["throttled"], "SystemMaintenance.Redeploy", simulated=True).expected == ("Executed",)


def test_a_case_of_no_kind_is_that_of_a_simulated_or_a_real_event():
    """There is no third way through a scenario."""
    for name, event_type, case in every_case():
        row = SCENARIOS[name]
        assert case in (case_of(row, event_type, simulated=True), case_of(row, event_type, simulated=False))


@pytest.mark.parametrize("simulated", [True, False])
@pytest.mark.parametrize("name", SCENARIOS)
def test_without_a_handler_all_goes_as_planned(stage, name, simulated):
    """For each type, the event's history equals the plan, each step at its instant, with the stated end."""
    for one, event_type, case in every_case(simulated):
        if one != name or case is None:
            continue
        ecs_events, scenario = stage(name, event_type, simulated)
        ecs_events.advance_to(scenario.until)
        assert scenario.event.status == scenario.expected_without_handler
        assert [(step.at, step.what) for step in scenario.plan] == [
            (
                change.at,
                f"NotBefore is moved to {change.cause.rpartition(' ')[2]}"
                if change.from_status == change.to_status
                else change.to_status,
            )
            for change in scenario.event.history[1:]
        ]
        assert (scenario.event_type, scenario.instance_id) == (event_type, "i-web1")
        ecs_events.__exit__(None, None, None)


@pytest.mark.parametrize("name", SCENARIOS)
def test_an_answer_at_the_first_poll_has_the_expected_outcome(stage, name):
    """For each type, rebooting, redeploying or accepting at the first poll ends in an expected status."""
    for one, event_type, case in every_case():
        if one != name or case is None:
            continue
        ecs_events, scenario = stage(name, event_type)
        if scenario.event.status == "Inquiring":
            ecs_events.accept(scenario.event)
        elif scenario.event.status == "Scheduled" and event_type == "SystemMaintenance.Reboot":
            ecs_events.reboot("i-web1")
        elif scenario.event.status == "Scheduled" and "Avoided" in scenario.expected:
            ecs_events.redeploy("i-web1")
        ecs_events.advance_to(scenario.until)
        scenario.assert_expected()
        ecs_events.__exit__(None, None, None)


@pytest.mark.parametrize(
    ("name", "event_type", "first_look", "until"),
    [
        ("executed", "SystemMaintenance.Reboot", "24:11:00", "25:11:00"),
        ("avoidable", "SystemMaintenance.Reboot", "00:00:00", "25:10:00"),
        ("canceled-before", "SystemMaintenance.Reboot", "00:00:00", "13:00:00"),
        ("canceled-during", "SystemMaintenance.Reboot", "24:01:00", "25:05:00"),
        ("canceled-during", "SystemFailure.Reboot", "00:01:00", "01:05:00"),
        ("failed", "SystemMaintenance.Reboot", "24:01:00", "25:10:00"),
        ("rescheduled-later", "SystemMaintenance.Reboot", "00:00:00", "49:10:00"),
        ("rescheduled-earlier", "SystemMaintenance.Reboot", "00:00:00", "13:10:00"),
        ("inquired", "SystemMaintenance.Reboot", "00:00:00", "24:00:00"),
        ("throttled", "SystemMaintenance.Reboot", "00:00:00", "25:10:00"),
        ("duplicate-polls", "SystemMaintenance.Reboot", "23:30:00", "25:10:00"),
        ("duplicate-polls", "Stalled", "00:00:00", "01:10:00"),
        ("just-before", "SystemMaintenance.Reboot", "23:59:59", "25:10:00"),
        ("at-not-before", "SystemMaintenance.Reboot", "24:00:00", "25:10:00"),
        ("just-after", "SystemMaintenance.Reboot", "24:00:01", "25:10:00"),
    ],
)
def test_the_clock_stands_where_the_handler_first_looks(stage, name, event_type, first_look, until):
    """Both the beginning of the test and the end are counted from publication."""
    ecs_events, scenario = stage(name, event_type)

    def after(text):
        hours, minutes, seconds = map(int, text.split(":"))
        return START + dt.timedelta(hours=hours, minutes=minutes, seconds=seconds)

    assert (ecs_events.now, scenario.until) == (after(first_look), after(until))


@pytest.mark.parametrize("name", ["canceled-before", "rescheduled-later", "rescheduled-earlier"])
def test_what_is_over_is_neither_canceled_nor_moved(stage, name):
    """If the handler was faster than the scenario's own step, that step does not happen."""
    ecs_events, scenario = stage(name)
    ecs_events.reboot("i-web1")
    history = scenario.event.history
    ecs_events.advance_to(scenario.until)
    assert scenario.event.history == history


@pytest.mark.parametrize("name", ["executed", "canceled-during", "throttled", "duplicate-polls"])
def test_failures_may_be_born_scheduled(stage, name):
    """With failure_events="scheduled" a failure's scenario counts from its NotBefore."""
    ecs_events, scenario = stage(name, "SystemFailure.Reboot", failure_events="scheduled")
    assert str(scenario.event.history[0].to_status) == "Scheduled"
    ecs_events.advance_to(scenario.until)
    assert scenario.event.status == scenario.expected_without_handler
    assert scenario.event.history[1].to_status == "Executing"


def test_a_scenario_has_a_text_and_a_repr(stage):
    """Reports use its text and its repr."""
    ecs_events, scenario = stage("rescheduled-later")
    assert repr(scenario) == "<Scenario SystemMaintenance.Reboot-rescheduled-later on i-web1>"
    assert scenario.text() == (
        "Scenario rescheduled-later of SystemMaintenance.Reboot on i-web1: The provider moves NotBefore a day on, 12 hours "
        "before it comes.\n"
        "At 2030-01-03T01:10:00Z it is Executed without a handler, and Avoided with a correct one. Without a handler these "
        "steps happen:\n"
        "  2030-01-01T12:00:00Z  NotBefore is moved to 2030-01-03T00:00:00Z\n"
        "  2030-01-03T00:00:00Z  Executing\n"
        "  2030-01-03T00:10:00Z  Executed"
    )
    assert repr(scenario.plan[1]) == "<PlannedStep 2030-01-03T00:00:00Z: Executing>"
    ecs_events.advance("13h")
    assert [change.cause for change in scenario.event.history] == [
        "published by scenario rescheduled-later",
        "rescheduled by scenario rescheduled-later: NotBefore 2030-01-03T00:00:00Z",
    ]


def test_an_unexpected_status_is_reported_with_the_scenario(stage):
    """The assertion has the actual and the expected status, the reasons, and the steps of the scenario."""
    _, scenario = stage("inquired")
    with pytest.raises(AssertionError) as wrong:
        scenario.assert_expected()
    first, executed, avoided, *others = str(wrong.value).splitlines()
    assert first == "expected the event to be Executed or Avoided, but it is Inquiring."
    assert executed == "It is not Executed: it has not been accepted; it is Inquiring"
    assert avoided.startswith(f"It is not Avoided: {scenario.instance_id} has not been rebooted or redeployed yet")
    assert others == [*scenario.text().splitlines(), f"The event: {scenario.event!r}"]


# -- throttling


def code_of(refused_call):
    """Return the error code of a refused call, or None."""
    try:
        refused_call()
    except ServerException as error:
        return error.get_error_code()
    return None


def test_a_used_up_quota_refuses_every_call_for_a_minute(stage, call):
    """The minute starts at the handler's first call; retries of the SDK are refused too."""
    ecs_events, _ = stage("throttled")
    ecs_events.advance("1h")
    looks = lambda: code_of(lambda: call("DescribeInstanceHistoryEvents"))  # noqa: E731  # it is what is repeated
    reboots = lambda: code_of(lambda: call("RebootInstance", InstanceId="i-web1"))  # noqa: E731  # the same

    first = ecs_events.now
    assert (looks(), reboots()) == ("Throttling", "Throttling")
    assert len(ecs_events.calls) == 5
    ecs_events.advance_to(first + dt.timedelta(seconds=59.9))
    assert reboots() == "Throttling"
    ecs_events.advance_to(first + dt.timedelta(seconds=60))
    assert (looks(), reboots()) == (None, None)


def test_a_throttled_user_is_refused_the_first_call_of_each_action(stage, call):
    """Each action is refused once."""
    ecs_events, _ = stage("throttled-user")
    for action, params in (("DescribeInstanceHistoryEvents", {}), ("RebootInstance", {"InstanceId": "i-web1"})):
        assert code_of(lambda action=action, params=params: call(action, **params)) == "Throttling.User"
        call(action, **params)
    assert len(ecs_events.calls) == 4


def test_the_first_call_that_changes_something_loses_its_answer(stage, call):
    """It has avoided the event, although its client raises; queries before it and later calls are answered."""
    ecs_events, scenario = stage("answer-lost")
    call("DescribeInstanceHistoryEvents")
    with pytest.raises(ClientException):
        call("RebootInstance", InstanceId="i-web1")
    scenario.assert_expected()
    assert scenario.event.status == "Avoided"
    call("RebootInstance", InstanceId="i-web1")
    (lost,) = [seen for seen in ecs_events.calls if seen.failure]
    assert (lost.action, lost.lost) == ("RebootInstance", "200")


def test_only_calls_of_ecs_are_throttled(stage, call):
    """Other products, and actions that the test answers itself, have their own throttling."""
    ecs_events, _ = stage("throttled")
    ecs_events.stub("Slb", "DescribeLoadBalancers", {"LoadBalancers": {}})
    ecs_events.stub("Ecs", "DescribeSnapshots", {"Snapshots": {}})
    assert "LoadBalancers" in call("DescribeLoadBalancers", product_host="slb.aliyuncs.com", version="2014-05-15")
    assert "Snapshots" in call("DescribeSnapshots")
    assert code_of(lambda: call("DescribeInstances")) == "Throttling"


def test_faults_of_the_test_come_after_it(stage, call):
    """One fault applies to a call: the scenario's first, then the test's."""
    ecs_events, _ = stage("throttled-user")
    ecs_events.fail("RebootInstance", "InternalError")
    codes = [code_of(lambda: call("RebootInstance", InstanceId="i-web1")) for _ in range(3)]
    assert codes == ["Throttling.User", "InternalError", None]


def test_a_type_that_the_instance_does_not_plan_is_refused(stage):
    """What create refuses for a real event is refused here too."""
    ecs_events, _ = stage("executed")
    ecs_events.instances.add("i-set", action_on_maintenance="Stop")
    case = case_of(SCENARIOS["failed"], "SystemMaintenance.Reboot")
    with pytest.raises(EcsEventsError, match=r"with which the service plans SystemMaintenance\.Stop"):
        stage_case(ecs_events, case, "i-set")
