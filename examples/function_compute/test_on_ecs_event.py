"""The function, invoked through each channel: outcomes of events, and faults of deliveries."""

import json

import pytest
from on_ecs_event import handler

SCHEDULED = "Instance:SystemMaintenance.Reboot:Scheduled"
FORMATS = ("cloudmonitor", "cloudmonitor-minimal", "subscription", "eventbridge")

pytestmark = pytest.mark.ecs_instance("i-web1", spot_strategy="SpotAsPriceGo")


@pytest.fixture(autouse=True)
def weights(ecs_events, monkeypatch):
    """A load balancer, and the weights that it was set to, in order."""
    monkeypatch.setenv("LOAD_BALANCER_ID", "lb-1")
    calls = []

    def set_backend_servers(call):
        calls.extend((one["ServerId"], one["Weight"]) for one in json.loads(call.params["BackendServers"]))
        return {}

    ecs_events.stub("Slb", "SetBackendServers", set_backend_servers, optional=True)
    return calls


@pytest.fixture
def outcomes():
    """Return the function's result for each delivery."""
    return lambda subscription: [delivery.answer for delivery in subscription.deliveries]


@pytest.mark.parametrize("format_", FORMATS)
def test_maintenance_is_avoided_and_the_instance_put_back(ecs_events, weights, format_):
    """In every form: it is drained, rebooted, and back in service when the event is Avoided."""
    ecs_events.function_compute(handler, format=format_)
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")

    ecs_events.assert_avoided(event, by="RebootInstance")
    assert weights == [("i-web1", 0), ("i-web1", 100)]


@pytest.mark.parametrize("format_", FORMATS)
def test_an_instance_about_to_be_reclaimed_is_drained(ecs_events, weights, outcomes, format_):
    """The notice is five minutes ahead."""
    subscription = ecs_events.function_compute(handler, format=format_)
    ecs_events.interrupt("i-web1")

    assert weights == [("i-web1", 0)]
    assert outcomes(subscription) == ["drained"]


def test_a_second_delivery_reboots_nothing(ecs_events, outcomes):
    """At-least-once delivery sometimes means twice."""
    subscription = ecs_events.function_compute(handler, names=SCHEDULED, duplicate=True)
    ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")

    assert outcomes(subscription) == ["rebooted", "too late"]
    ecs_events.assert_called("RebootInstance", times=1)


def test_a_delivery_that_comes_too_late_reboots_nothing(ecs_events, outcomes):
    """By then the maintenance itself has rebooted the instance."""
    subscription = ecs_events.function_compute(handler, names=SCHEDULED, delay="2h")
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs_events.advance("3h")

    assert event.status == "Executed"
    assert outcomes(subscription) == ["too late"]


def test_deliveries_out_of_order_leave_the_instance_in_service(ecs_events, weights):
    """Another instance's event overtakes this one's; both are answered."""
    ecs_events.instances.add("i-web2")
    ecs_events.function_compute(handler, names=SCHEDULED, reorder=True)
    events = [ecs_events.create("SystemMaintenance.Reboot", name, not_before="+24h") for name in ("i-web1", "i-web2")]

    assert [event.status for event in events] == ["Avoided", "Avoided"]
    assert weights == [("i-web2", 0), ("i-web1", 0)]


def test_a_throttled_function_is_invoked_again(ecs_events):
    """It raises, and Function Compute invokes it again a second later."""
    ecs_events.fail("RebootInstance", "Throttling.User", times=1)
    subscription = ecs_events.function_compute(handler, names=SCHEDULED)
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    ecs_events.advance("1m")

    ecs_events.assert_avoided(event, by="RebootInstance")
    assert [(delivery.attempt, delivery.outcome) for delivery in subscription.deliveries] == [
        (1, "failed"),
        (2, "delivered"),
    ]


def test_a_reboot_whose_answer_was_lost_is_not_made_again(ecs_events, outcomes):
    """The next invocation finds the event Avoided."""
    ecs_events.fail("RebootInstance", "read timeout", acted=True)
    subscription = ecs_events.function_compute(handler, names=SCHEDULED, timeout="5m")
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    ecs_events.advance("1m")

    assert event.status == "Avoided"
    assert outcomes(subscription) == [None, "too late"]


def test_a_stopped_instance_is_not_rebooted(ecs_events, outcomes):
    """A stopped instance cannot be rebooted, and a retry would not help."""
    ecs_events.stop("i-web1")
    subscription = ecs_events.function_compute(handler, names=SCHEDULED)
    ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")

    assert outcomes(subscription) == ["not rebooted: IncorrectInstanceStatus"]


@pytest.mark.parametrize("event_type", ["SystemMaintenance.Stop", "SystemFailure.Reboot", "InstanceFailure.Reboot"])
def test_what_the_function_has_no_answer_to_is_ignored(ecs_events, outcomes, event_type):
    """Other functions handle other events."""
    subscription = ecs_events.function_compute(handler)
    ecs_events.create(event_type, "i-web1", not_before="+1h")
    ecs_events.advance("2h")

    assert set(outcomes(subscription)) == {"ignored"}


def test_what_is_about_no_instance_is_ignored(ecs_events, outcomes):
    """A rule without a filter also sends events of snapshots."""
    subscription = ecs_events.function_compute(handler)
    ecs_events.announce("Snapshot:CreateSnapshotCompleted", "i-web1")

    assert outcomes(subscription) == ["ignored"]
