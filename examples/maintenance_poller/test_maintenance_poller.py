"""Tests of the poller in virtual time.

Every test begins on 2030-01-01T00:00:00Z, unless it says otherwise; an event's NotBefore is 24 hours later. The poller
reboots from two hours before NotBefore until half a minute before it.
"""

import time
from datetime import timedelta

import pytest
from aliyunsdkcore.client import AcsClient
from maintenance_poller import MaintenancePoller

planned_reboot = pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+24h")


class LoadBalancer:
    """Records which instances are in service, and every call; a test can add an action to a drain."""

    def __init__(self):
        self.diary = []
        self.while_draining = lambda _: None

    def drain(self, instance_id):
        self.diary.append(f"drain {instance_id}")
        self.while_draining(instance_id)

    def undrain(self, instance_id):
        self.diary.append(f"undrain {instance_id}")


def busy_on(busy_id):
    """Return a drain that fails for one instance."""

    def drain(instance_id):
        if instance_id == busy_id:
            raise RuntimeError(f"{instance_id} still has sessions")

    return drain


@pytest.fixture
def balancer():
    return LoadBalancer()


@pytest.fixture
def poller(balancer):
    client = AcsClient("<access key id>", "<access key secret>", "cn-hangzhou")
    return MaintenancePoller(client, drain=balancer.drain, undrain=balancer.undrain)


class TestInTime:
    """Maintenance that is near is answered once, and the instance is put back."""

    @planned_reboot
    def test_reboot_is_avoided(self, ecs_events, poller, balancer):
        """An instance is drained, rebooted in the lead window, and put back when it runs again."""
        event = ecs_events.one()

        ecs_events.advance(hours=23)
        poller.poll_once()
        assert event.status == "Avoided"
        assert balancer.diary == ["drain i-web1"]

        ecs_events.advance(minutes=1)
        poller.poll_once()
        assert balancer.diary == ["drain i-web1", "undrain i-web1"]
        assert ecs_events.instances["i-web1"].status == "Running"

    @planned_reboot
    def test_not_before_the_lead_window(self, ecs_events, poller, balancer):
        """Earlier than two hours ahead, an instance is not touched."""
        ecs_events.advance("21h59m59s")
        poller.poll_once()

        assert balancer.diary == []
        ecs_events.assert_not_called("RebootInstance")

    @planned_reboot
    def test_never_twice(self, ecs_events, poller):
        """However often it polls, one event leads to one reboot."""
        ecs_events.advance(hours=22)
        for _ in range(10):
            poller.poll_once()
            ecs_events.advance(minutes=1)

        ecs_events.assert_called("RebootInstance", times=1, instance_id="i-web1")

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+3h")
    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+6h")
    def test_two_events_on_one_instance(self, ecs_events, poller):
        """One reboot answers both events, also one whose lead window has not begun."""
        ecs_events.advance(hours=2)
        poller.poll_once()
        ecs_events.advance(hours=3)
        poller.poll_once()

        assert [event.status for event in ecs_events] == ["Avoided", "Avoided"]
        ecs_events.assert_called("RebootInstance", times=1)

    @pytest.mark.ecs_instance("i-web1")
    @pytest.mark.ecs_instance("i-web2")
    def test_two_events_on_each_of_two(self, ecs_events, poller, balancer):
        """In whatever order the service lists them, each instance is drained and rebooted once."""
        for instance_id in ("i-web1", "i-web2", "i-web1", "i-web2"):
            ecs_events.create("SystemMaintenance.Reboot", instance_id, not_before="+2h")
            ecs_events.advance(minutes=1)

        poller.poll_once()

        assert {event.status for event in ecs_events} == {"Avoided"}
        assert balancer.diary == ["drain i-web1", "drain i-web2"]
        ecs_events.assert_called("RebootInstance", times=2)

    def test_events_over_several_pages(self, ecs_events, poller, balancer, monkeypatch):
        """Events are read page by page, here 21 in three pages of 10, and no instance is missed."""
        monkeypatch.setattr("maintenance_poller.PAGE_SIZE", 10)
        for number in range(21):
            instance = ecs_events.instances.add(f"i-web{number}")
            ecs_events.create("SystemMaintenance.Reboot", instance.instance_id, not_before="+1h")

        poller.poll_once()

        assert {event.status for event in ecs_events} == {"Avoided"}
        assert len(balancer.diary) == 21
        assert len([call for call in ecs_events.calls if "NextToken" in call.params]) == 2

    @planned_reboot
    def test_not_back_before_it_runs(self, ecs_events, poller, balancer):
        """An instance that does not run again stays out of service until it does."""
        ecs_events.advance(hours=23)
        poller.poll_once()
        ecs_events.stop("i-web1")
        poller.poll_once()
        assert balancer.diary == ["drain i-web1"]

        ecs_events.start("i-web1")
        poller.poll_once()
        assert balancer.diary == ["drain i-web1", "undrain i-web1"]

    @planned_reboot
    def test_days_of_service(self, ecs_events, poller, balancer):
        """Three virtual days of hourly polls take almost no real time."""
        event = ecs_events.one()
        end = ecs_events.now + timedelta(days=3)

        poller.serve_forever(timedelta(hours=1), stop=lambda: ecs_events.now >= end)

        assert event.status == "Avoided"
        assert event.finish_time == event.not_before - timedelta(hours=2)
        assert balancer.diary == ["drain i-web1", "undrain i-web1"]
        ecs_events.assert_called("RebootInstance", times=1)


class TestScenarios:
    """In every scenario of a planned reboot the poller does what is possible, and leaves the instance in service."""

    @pytest.mark.ecs_scenarios(exclude="inquired")  # a person decides about those
    def test_scenario(self, ecs_events, ecs_scenario, poller, balancer):
        """The event has the best outcome; the instance is rebooted at most once, and put back if it was drained."""
        ecs_events.run(poller.serve_forever, timedelta(minutes=30), until=ecs_scenario.until)

        ecs_scenario.assert_expected()
        assert balancer.diary[-1:] in ([], [f"undrain {ecs_scenario.instance_id}"])
        reboots = [
            call for call in ecs_events.calls_to("RebootInstance") if "200" in (str(call.http_status), call.lost)
        ]
        assert len(reboots) == (ecs_scenario.event.status == "Avoided")


class TestTooLate:
    """At NotBefore Alibaba Cloud reboots the instance, and the poller does not reboot it again."""

    @planned_reboot
    def test_poller_was_down(self, ecs_events, poller, balancer):
        """A poller that starts after NotBefore does not touch the instance."""
        ecs_events.advance(hours=25)
        poller.poll_once()

        assert ecs_events.one().status == "Executed"
        assert balancer.diary == []
        ecs_events.assert_not_called("RebootInstance")

    @pytest.mark.parametrize(
        ("after", "outcome"),
        [
            ("21h59m59s", "Executed"),
            ("22h", "Avoided"),
            ("23h59m29s", "Avoided"),
            ("23h59m30s", "Executed"),
            ("23h59m59s", "Executed"),
            ("24h", "Executed"),
            ("24h1s", "Executed"),
        ],
    )
    @planned_reboot
    def test_edges_of_the_window(self, ecs_events, poller, after, outcome):
        """A poller that polls once reboots from two hours to half a minute ahead of NotBefore, or not at all."""
        ecs_events.advance(after)
        poller.poll_once()
        ecs_events.advance(days=1)

        assert ecs_events.one().status == outcome
        assert len(ecs_events.calls_to("RebootInstance")) == (outcome == "Avoided")

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+1h", simulated=False)
    @pytest.mark.parametrize("minutes", [59.5, 60, 75])
    def test_draining_takes_too_long(self, ecs_events, poller, balancer, minutes):
        """If draining takes too long, the poller waits for the cloud's own reboot, and then puts the instance back."""
        balancer.while_draining = lambda _: time.sleep(60 * minutes)
        event = ecs_events.one()

        poller.poll_once()
        assert balancer.diary == ["drain i-web1"]
        ecs_events.assert_not_called("RebootInstance")

        ecs_events.advance(minutes=1)
        poller.poll_once()
        assert event.status == "Executed"
        assert balancer.diary == ["drain i-web1", "undrain i-web1"]
        ecs_events.assert_not_called("RebootInstance")


class TestCancelled:
    """Cancelled events are not answered."""

    @planned_reboot
    def test_before_the_poll(self, ecs_events, poller, balancer):
        """An event cancelled in time has no effect."""
        ecs_events.cancel(ecs_events.one())
        ecs_events.advance(hours=23)
        poller.poll_once()

        assert balancer.diary == []
        ecs_events.assert_not_called("RebootInstance")

    @planned_reboot
    def test_while_draining(self, ecs_events, poller, balancer):
        """If an event is cancelled between drain and reboot, the instance is put back without a reboot."""
        event = ecs_events.one()
        balancer.while_draining = lambda _: ecs_events.cancel(event)

        ecs_events.advance(hours=23)
        poller.poll_once()
        poller.poll_once()

        assert balancer.diary == ["drain i-web1", "undrain i-web1"]
        ecs_events.assert_not_called("RebootInstance")


class TestTrouble:
    """A refused call is repeated as long as that is safe."""

    @planned_reboot
    def test_user_throttled(self, ecs_events, poller):
        """Throttling.User, which the SDK does not retry by itself, costs one poll."""
        ecs_events.advance(hours=23)
        ecs_events.fail("DescribeInstanceHistoryEvents", "Throttling.User")

        poller.poll_once()
        assert ecs_events.one().status == "Scheduled"

        poller.poll_once()
        assert ecs_events.one().status == "Avoided"

    @planned_reboot
    def test_throttled(self, ecs_events, poller):
        """The SDK retries Throttling itself, and its pauses take virtual time."""
        ecs_events.advance(hours=23)
        before = ecs_events.now
        ecs_events.fail("DescribeInstanceHistoryEvents", "Throttling", times=3)

        poller.poll_once()

        assert ecs_events.one().status == "Avoided"
        assert ecs_events.now > before

    @pytest.mark.parametrize("code", ["Throttling", "ServiceUnavailable", "IncorrectInstanceStatus"])
    @planned_reboot
    def test_reboot_refused(self, ecs_events, poller, balancer, code):
        """A reboot that was refused for now is repeated at the next poll; until then the instance is out of service."""
        ecs_events.advance(hours=23)
        ecs_events.fail("RebootInstance", code)

        poller.poll_once()
        assert ecs_events.one().status == "Scheduled"
        assert "undrain i-web1" not in balancer.diary

        ecs_events.advance(minutes=1)
        poller.poll_once()
        assert ecs_events.one().status == "Avoided"
        ecs_events.assert_called("RebootInstance", times=2)

    @planned_reboot
    def test_reboot_in_doubt(self, ecs_events, poller, balancer):
        """After an InternalError the reboot may have happened, so the poller does not repeat it and waits."""
        ecs_events.advance(hours=23)
        ecs_events.fail("RebootInstance", "InternalError")

        poller.poll_once()
        poller.poll_once()
        assert balancer.diary == ["drain i-web1"]

        ecs_events.advance(hours=2)
        poller.poll_once()
        assert ecs_events.one().status == "Executed"
        assert balancer.diary == ["drain i-web1", "undrain i-web1"]
        ecs_events.assert_called("RebootInstance", times=1)

    @planned_reboot
    def test_out_for_a_whole_window(self, ecs_events, poller):
        """A service that is down until after NotBefore causes no late reboot."""
        ecs_events.fail("DescribeInstanceHistoryEvents", "ServiceUnavailable", times=8, between=("+22h", "+25h"))

        ecs_events.advance(hours=23)
        poller.poll_once()
        ecs_events.advance(hours=1)
        poller.poll_once()
        ecs_events.advance(hours=2)
        poller.poll_once()

        assert ecs_events.one().status == "Executed"
        ecs_events.assert_not_called("RebootInstance")

    @planned_reboot
    def test_stopped_instance(self, ecs_events, poller, balancer):
        """A stopped instance cannot be rebooted until it is started."""
        ecs_events.stop("i-web1")
        ecs_events.advance(hours=23)
        poller.poll_once()
        assert ecs_events.one().status == "Scheduled"

        ecs_events.start("i-web1")
        poller.poll_once()
        assert ecs_events.one().status == "Avoided"

        poller.poll_once()
        assert balancer.diary[-1] == "undrain i-web1"

    @planned_reboot
    def test_throttled_when_giving_back(self, ecs_events, poller, balancer):
        """An instance whose status cannot be read stays out of service until it can."""
        ecs_events.advance(hours=23)
        ecs_events.fail("DescribeInstances", "Throttling.User")

        poller.poll_once()
        poller.poll_once()
        assert balancer.diary == ["drain i-web1"]

        poller.poll_once()
        assert balancer.diary == ["drain i-web1", "undrain i-web1"]

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id=["i-web1", "i-web2"], not_before="+1h")
    def test_drain_fails(self, ecs_events, poller, balancer):
        """An instance that cannot be drained is not rebooted, and delays no other."""
        balancer.while_draining = busy_on("i-web1")
        poller.poll_once()

        assert ecs_events.one(instance_id="i-web1").status == "Scheduled"
        assert ecs_events.one(instance_id="i-web2").status == "Avoided"

        balancer.while_draining = busy_on("nobody")
        poller.poll_once()
        assert ecs_events.one(instance_id="i-web1").status == "Avoided"

    @planned_reboot
    def test_drain_fails_and_event_is_cancelled(self, ecs_events, poller, balancer):
        """A drain that failed halfway is undone when its event is gone."""
        balancer.while_draining = busy_on("i-web1")
        ecs_events.advance(hours=23)
        poller.poll_once()
        ecs_events.cancel(ecs_events.one())
        poller.poll_once()

        assert balancer.diary == ["drain i-web1", "undrain i-web1"]


class TestReleased:
    """An instance can be released before its maintenance."""

    @planned_reboot
    def test_while_draining(self, ecs_events, poller, balancer):
        """An instance released between drain and reboot is dropped."""
        balancer.while_draining = ecs_events.release
        ecs_events.advance(hours=23)
        poller.poll_once()
        poller.poll_once()

        assert balancer.diary == ["drain i-web1"]
        ecs_events.assert_not_called("RebootInstance")

    @planned_reboot
    def test_just_before_the_reboot(self, ecs_events, poller, balancer):
        """One released an instant before its reboot is dropped too, without further calls."""
        ecs_events.advance(hours=23)
        ecs_events.fail("RebootInstance", "InvalidInstanceId.NotFound")
        poller.poll_once()
        ecs_events.advance(hours=2)
        poller.poll_once()

        assert balancer.diary == ["drain i-web1"]
        ecs_events.assert_called("RebootInstance", times=1)


class TestNotOurs:
    """Everything but planned reboots of this region is ignored."""

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-2ze0000000000000web1", not_before="+1h")
    def test_another_region(self, ecs_events, poller, balancer):
        """A poller of cn-hangzhou ignores an instance in cn-beijing."""
        poller.poll_once()

        assert ecs_events.one().region_id == "cn-beijing"
        assert ecs_events.one().status == "Scheduled"
        assert balancer.diary == []

    @pytest.mark.ecs_event("SystemFailure.Reboot", instance_id="i-web1", not_before="+1h")
    def test_failure(self, ecs_events, poller, balancer):
        """A failure's reboot is under way from the start, and cannot be avoided."""
        assert ecs_events.one().status == "Executing"
        poller.poll_once()
        ecs_events.advance(hours=1)
        poller.poll_once()

        assert ecs_events.one().status == "Executed"
        assert balancer.diary == []
        ecs_events.assert_not_called("RebootInstance")

    @pytest.mark.ecs_event("SystemMaintenance.Redeploy", instance_id="i-web1", not_before="+1h")
    def test_redeployment(self, ecs_events, poller, balancer):
        """A planned redeployment is ignored: a reboot does not answer it."""
        poller.poll_once()

        assert ecs_events.one().status == "Scheduled"
        assert balancer.diary == []
