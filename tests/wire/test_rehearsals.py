"""TriggerRealOps: simulated events that act on their instances, among them the rehearsal of a spot interruption."""

import pytest
import requests

tea = pytest.importorskip("alibabacloud_ecs20140526")
from alibabacloud_ecs20140526.client import Client  # noqa: E402  # after the check that it is installed
from alibabacloud_ecs20140526.models import (  # noqa: E402
    CancelSimulatedSystemEventsRequest,
    CreateSimulatedSystemEventsRequest,
    DescribeInstanceHistoryEventsRequest,
)
from alibabacloud_tea_openapi.models import Config  # noqa: E402

from pytest_ecsevents import EcsEventsError  # noqa: E402

REHEARSED = [
    "SystemMaintenance.Reboot",
    "SystemMaintenance.Redeploy",
    "SystemMaintenance.Stop",
    "InstanceFailure.Reboot",
    "SystemFailure.Reboot",
]
INTERRUPTION = "Instance:PreemptibleInstanceInterruption"
HANGZHOU = {"region_id": "cn-hangzhou"}


@pytest.fixture
def client(ecs_events):
    """The newer SDK, which has the parameter."""
    return Client(Config(access_key_id="any", access_key_secret="any", endpoint="ecs.aliyuncs.com", **HANGZHOU))


@pytest.fixture
def create(client):
    """Create a simulated event: `create("SystemMaintenance.Stop", "i-web1", real=True)`; it returns the id."""

    def create(event_type, instance_id, *, real, not_before="2030-01-01T01:00:00Z"):
        request = CreateSimulatedSystemEventsRequest(
            event_type=event_type, instance_id=[instance_id], not_before=not_before, trigger_real_ops=real, **HANGZHOU
        )
        (event_id,) = client.create_simulated_system_events(request).body.event_id_set.event_id
        return event_id

    return create


@pytest.fixture
def refusal(create):
    """(code, message) of a refused call."""

    def refusal(*args, **kwargs):
        with pytest.raises(Exception, match="InvalidParameter") as refused:
            create(*args, **kwargs)
        return refused.value.code, str(refused.value)

    return refusal


def listed(client):
    """(type, status) of each event in any status, as the SDK shows them."""
    statuses = ["Scheduled", "Executing", "Executed", "Avoided", "Canceled", "Failed"]
    request = DescribeInstanceHistoryEventsRequest(instance_event_cycle_status=statuses, **HANGZHOU)
    events = client.describe_instance_history_events(request).body.instance_system_event_set.instance_system_event_type
    return [(event.event_type.name, event.event_cycle_status.name) for event in events]


@pytest.mark.ecs_instance("i-web1")
class TestTypes:
    @pytest.mark.parametrize("event_type", REHEARSED)
    def test_five_types_are_taken_with_it_and_without(self, create, event_type):
        """The documentation lists these with TriggerRealOps."""
        assert create(event_type, "i-web1", real=True) != create(event_type, "i-web1", real=False)

    @pytest.mark.parametrize("event_type", ["SystemFailure.Stop", "SystemFailure.Redeploy"])
    def test_two_types_are_taken_only_without_it(self, create, refusal, event_type):
        """The refusal says which are taken with it."""
        code, message = refusal(event_type, "i-web1", real=True)
        assert code == "InvalidParameter"
        assert f"{event_type}'" in message
        assert "With TriggerRealOps it must be one of SystemMaintenance.Reboot, " in message
        assert create(event_type, "i-web1", real=False)

    def test_an_interruption_is_taken_only_with_it(self, refusal):
        """Without it an interruption would have no visible effect."""
        code, message = refusal(INTERRUPTION, "i-web1", real=False)
        assert code == "InvalidParameter"
        assert "Without TriggerRealOps it must be one of SystemMaintenance.Reboot, " in message

    def test_an_interruption_needs_a_preemptible_instance(self, refusal):
        """Another instance is refused by its id."""
        code, message = refusal(INTERRUPTION, "i-web1", real=True)
        assert code == "InvalidParameter"
        assert "i-web1" in message
        assert "must be a preemptible instance" in message

    @pytest.mark.parametrize("not_before", ["2030-01-01T01:00:00Z", "2029-01-01T00:00:00Z"])
    def test_a_redeployment_ignores_not_before(self, ecs_events, create, not_before):
        """The system picks its time, here a day later; one in the past is not refused."""
        event = ecs_events[create("SystemMaintenance.Redeploy", "i-web1", real=True, not_before=not_before)]
        assert f"{event.not_before:%d %H:%M}" == "02 00:00"

        ecs_events.advance("1d")

        assert event.status == "Executing"
        assert "Running -> Stopping -> Starting -> Running: SystemMaintenance.Redeploy" in ecs_events.timeline()

    def test_a_simulated_redeployment_does_not(self, ecs_events, create):
        """Without TriggerRealOps NotBefore counts."""
        event = ecs_events[create("SystemMaintenance.Redeploy", "i-web1", real=False)]
        assert f"{event.not_before:%d %H:%M}" == "01 01:00"


@pytest.mark.ecs_instance("i-spot1", spot_strategy="SpotAsPriceGo")
class TestInterruption:
    def test_it_is_announced_at_not_before_and_released_five_minutes_later(self, ecs_events, client, create):
        """Programs get the notification of a real interruption, and no other of the rehearsal."""
        received = []
        ecs_events.subscribe(received.append)
        create(INTERRUPTION, "i-spot1", real=True)
        assert listed(client) == [(INTERRUPTION, "Scheduled")]

        ecs_events.advance("59m59s")
        assert received == []
        ecs_events.advance("1s")
        assert [(one["name"], one["content"]) for one in received] == [
            (INTERRUPTION, {"instanceId": "i-spot1", "action": "delete"})
        ]
        assert listed(client) == [(INTERRUPTION, "Executing")]

        ecs_events.advance("5m")
        assert [one["content"].get("state") for one in received] == [None, "Deleted"]
        assert listed(client) == [(INTERRUPTION, "Executed")]
        assert "i-spot1" not in ecs_events.instances

    @pytest.mark.ecs_instance("i-spot2", spot_strategy="SpotAsPriceGo", spot_interruption_behavior="Stop")
    def test_it_stops_what_is_to_stop(self, ecs_events, create):
        """SpotInterruptionBehavior counts for a rehearsal too."""
        create(INTERRUPTION, "i-spot2", real=True)

        ecs_events.advance("65m")

        assert ecs_events.instances["i-spot2"].status == "Stopped"

    def test_it_can_be_canceled_before_it_begins(self, ecs_events, client, create):
        """As other simulated events can; then nothing happens."""
        event_id = create(INTERRUPTION, "i-spot1", real=True)
        client.cancel_simulated_system_events(CancelSimulatedSystemEventsRequest(event_id=[event_id], **HANGZHOU))

        ecs_events.advance("2h")

        assert listed(client) == [(INTERRUPTION, "Canceled")]
        assert ecs_events.instances["i-spot1"].status == "Running"

    def test_what_was_announced_goes_on_when_it_is_canceled(self, ecs_events, client, create):
        """Canceling a rehearsal that is Executing does not undo what it did."""
        event_id = create(INTERRUPTION, "i-spot1", real=True)
        ecs_events.advance("61m")
        client.cancel_simulated_system_events(CancelSimulatedSystemEventsRequest(event_id=[event_id], **HANGZHOU))

        ecs_events.advance("5m")

        assert listed(client) == [(INTERRUPTION, "Canceled")]
        assert "i-spot1" not in ecs_events.instances

    def test_one_that_meets_an_interruption_does_not_put_it_off(self, ecs_events, create):
        """The instance is reclaimed five minutes after the first announcement."""
        create(INTERRUPTION, "i-spot1", real=True)
        ecs_events.at("+58m", ecs_events.interrupt, "i-spot1")

        ecs_events.advance("62m59s")
        assert "i-spot1" in ecs_events.instances
        ecs_events.advance("1s")
        assert "i-spot1" not in ecs_events.instances

    def test_an_agent_in_the_instance_can_read_of_it(self, create):
        """The metadata's list of active events has the rehearsal, Scheduled."""
        create(INTERRUPTION, "i-spot1", real=True)
        (event,) = requests.get("http://100.100.100.200/latest/maintenance/active-system-events", timeout=2).json()
        assert (event["eventType"], event["eventStatus"]) == (INTERRUPTION, "Scheduled")

    @pytest.mark.parametrize("simulated", [True, False])
    def test_a_test_interrupts_by_a_method(self, ecs_events, simulated):
        """A real interruption is no system event: `create` refuses the type, and names the method."""
        with pytest.raises(EcsEventsError) as refused:
            ecs_events.create(INTERRUPTION, "i-spot1", not_before="+1h", simulated=simulated)
        assert f"event_type is '{INTERRUPTION}', which is no system event" in str(refused.value)
        assert 'ecs_events.interrupt("i-...")' in str(refused.value)
