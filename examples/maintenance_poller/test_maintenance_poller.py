"""What the poller promises, each promise kept or broken in virtual time.

Every test stands on 2030-01-01T00:00:00Z, unless it says otherwise; an event's NotBefore is 24 hours later. The poller
reboots from two hours before NotBefore until half a minute before it.
"""

import time
from datetime import timedelta

import pytest
from aliyunsdkcore.client import AcsClient
from maintenance_poller import MaintenancePoller

planned_reboot = pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+24h")


class LoadBalancer:
    """Who is in service, and what was done to whom; a test may have more happen while an instance drains."""

    def __init__(self):
        self.diary = []
        self.while_draining = lambda _: None

    def drain(self, instance_id):
        self.diary.append(f"drain {instance_id}")
        self.while_draining(instance_id)

    def undrain(self, instance_id):
        self.diary.append(f"undrain {instance_id}")


def busy_on(busy_id):
    """A drain that fails for one instance."""

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
    """Maintenance that is near is answered, once, and the instance given back."""

    @planned_reboot
    def test_reboot_is_avoided(self, ecs_events, poller, balancer):
        """An instance is drained, rebooted inside the lead window, and put back when it runs again."""
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
        """Earlier than two hours ahead, an instance is left in peace."""
        ecs_events.advance("21h59m59s")
        poller.poll_once()

        assert balancer.diary == []
        ecs_events.assert_not_called("RebootInstance")

    @planned_reboot
    def test_never_twice(self, ecs_events, poller):
        """However often it polls, one event brings one reboot."""
        ecs_events.advance(hours=22)
        for _ in range(10):
            poller.poll_once()
            ecs_events.advance(minutes=1)

        ecs_events.assert_called("RebootInstance", times=1, instance_id="i-web1")

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+3h")
    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+6h")
    def test_two_events_on_one_instance(self, ecs_events, poller):
        """One reboot answers both events, also the one whose lead window has not begun."""
        ecs_events.advance(hours=2)
        poller.poll_once()
        ecs_events.advance(hours=3)
        poller.poll_once()

        assert [event.status for event in ecs_events] == ["Avoided", "Avoided"]
        ecs_events.assert_called("RebootInstance", times=1)

    @pytest.mark.ecs_instance("i-web1")
    @pytest.mark.ecs_instance("i-web2")
    def test_two_events_on_each_of_two(self, ecs_events, poller, balancer):
        """Whatever order the service lists them in, each instance is drained and rebooted once."""
        for instance_id in ("i-web1", "i-web2", "i-web1", "i-web2"):
            ecs_events.create("SystemMaintenance.Reboot", instance_id, not_before="+2h")
            ecs_events.advance(minutes=1)

        poller.poll_once()

        assert {event.status for event in ecs_events} == {"Avoided"}
        assert balancer.diary == ["drain i-web1", "drain i-web2"]
        ecs_events.assert_called("RebootInstance", times=2)

    def test_events_over_several_pages(self, ecs_events, poller, balancer, monkeypatch):
        """Events are read page by page, here 21 in three pages of 10, and nobody is forgotten."""
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
        """An instance that does not come up again stays out of service until it does."""
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
        """Three days of hourly polls pass in virtual time, in the blink of an eye."""
        event = ecs_events.one()
        end = ecs_events.now + timedelta(days=3)

        poller.serve_forever(timedelta(hours=1), stop=lambda: ecs_events.now >= end)

        assert event.status == "Avoided"
        assert event.finish_time == event.not_before - timedelta(hours=2)
        assert balancer.diary == ["drain i-web1", "undrain i-web1"]
        ecs_events.assert_called("RebootInstance", times=1)


class TestWhateverComes:
    """In every scenario of a planned reboot the poller does what can be done, and leaves the instance in service."""

    @pytest.mark.ecs_scenarios(exclude="inquired")  # who answers those is no poller's to decide
    def test_scenario(self, ecs_events, ecs_scenario, poller, balancer):
        """The event ends as well as it can; the instance is rebooted once at most, and put back if it was drained."""
        ecs_events.run(poller.serve_forever, timedelta(minutes=10), until=ecs_scenario.until)

        ecs_scenario.assert_expected()
        assert balancer.diary[-1:] in ([], [f"undrain {ecs_scenario.instance_id}"])
        reboots = [
            call for call in ecs_events.calls_to("RebootInstance") if "200" in (str(call.http_status), call.lost)
        ]
        assert len(reboots) == (ecs_scenario.event.status == "Avoided")


class TestTooLate:
    """At NotBefore the instance is Alibaba Cloud's; nobody reboots it a second time."""

    @planned_reboot
    def test_poller_was_down(self, ecs_events, poller, balancer):
        """A poller that comes back after NotBefore leaves the instance alone."""
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
        """A poller that polls just once reboots from two hours to half a minute ahead of NotBefore, or not at all."""
        ecs_events.advance(after)
        poller.poll_once()
        ecs_events.advance(days=1)

        assert ecs_events.one().status == outcome
        assert len(ecs_events.calls_to("RebootInstance")) == (outcome == "Avoided")

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+1h", simulated=False)
    @pytest.mark.parametrize("minutes", [59.5, 60, 75])
    def test_draining_takes_too_long(self, ecs_events, poller, balancer, minutes):
        """When a drain leaves no time, the cloud's own reboot is waited for, and then the instance put back."""
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
    """What has been cancelled is not answered."""

    @planned_reboot
    def test_before_the_poll(self, ecs_events, poller, balancer):
        """An event cancelled in good time costs nothing."""
        ecs_events.cancel(ecs_events.one())
        ecs_events.advance(hours=23)
        poller.poll_once()

        assert balancer.diary == []
        ecs_events.assert_not_called("RebootInstance")

    @planned_reboot
    def test_while_draining(self, ecs_events, poller, balancer):
        """An event cancelled between drain and reboot spares the instance the reboot, and it is put back."""
        event = ecs_events.one()
        balancer.while_draining = lambda _: ecs_events.cancel(event)

        ecs_events.advance(hours=23)
        poller.poll_once()
        poller.poll_once()

        assert balancer.diary == ["drain i-web1", "undrain i-web1"]
        ecs_events.assert_not_called("RebootInstance")


class TestTrouble:
    """A cloud that refuses is asked again, as long as that is safe."""

    @planned_reboot
    def test_user_throttled(self, ecs_events, poller):
        """Throttling.User, which the SDK does not repeat by itself, costs one poll."""
        ecs_events.advance(hours=23)
        ecs_events.fail("DescribeInstanceHistoryEvents", "Throttling.User")

        poller.poll_once()
        assert ecs_events.one().status == "Scheduled"

        poller.poll_once()
        assert ecs_events.one().status == "Avoided"

    @planned_reboot
    def test_throttled(self, ecs_events, poller):
        """Throttling is repeated by the SDK itself, whose pauses pass in virtual time."""
        ecs_events.advance(hours=23)
        before = ecs_events.now
        ecs_events.fail("DescribeInstanceHistoryEvents", "Throttling", times=3)

        poller.poll_once()

        assert ecs_events.one().status == "Avoided"
        assert ecs_events.now > before

    @pytest.mark.parametrize("code", ["Throttling", "ServiceUnavailable", "IncorrectInstanceStatus"])
    @planned_reboot
    def test_reboot_refused(self, ecs_events, poller, balancer, code):
        """A reboot that was refused for now is asked for again at the next poll; meanwhile the instance stays out."""
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
        """An InternalError may hide a reboot that did happen, so the poller asks no second time and waits."""
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
        """A service that is down until after NotBefore brings no late reboot."""
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
        """An instance that is stopped cannot be rebooted, until somebody starts it."""
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
        """An instance whose status cannot be asked for stays out of service until it can."""
        ecs_events.advance(hours=23)
        ecs_events.fail("DescribeInstances", "Throttling.User")

        poller.poll_once()
        poller.poll_once()
        assert balancer.diary == ["drain i-web1"]

        poller.poll_once()
        assert balancer.diary == ["drain i-web1", "undrain i-web1"]

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id=["i-web1", "i-web2"], not_before="+1h")
    def test_drain_fails(self, ecs_events, poller, balancer):
        """An instance that cannot be drained is not rebooted, and holds up no other."""
        balancer.while_draining = busy_on("i-web1")
        poller.poll_once()

        assert ecs_events.one(instance_id="i-web1").status == "Scheduled"
        assert ecs_events.one(instance_id="i-web2").status == "Avoided"

        balancer.while_draining = busy_on("nobody")
        poller.poll_once()
        assert ecs_events.one(instance_id="i-web1").status == "Avoided"

    @planned_reboot
    def test_drain_fails_and_event_is_cancelled(self, ecs_events, poller, balancer):
        """A drain that got stuck halfway is undone when there is nothing left to drain for."""
        balancer.while_draining = busy_on("i-web1")
        ecs_events.advance(hours=23)
        poller.poll_once()
        ecs_events.cancel(ecs_events.one())
        poller.poll_once()

        assert balancer.diary == ["drain i-web1", "undrain i-web1"]


class TestReleased:
    """An instance may be gone before its maintenance comes."""

    @planned_reboot
    def test_while_draining(self, ecs_events, poller, balancer):
        """An instance released between drain and reboot is forgotten."""
        balancer.while_draining = ecs_events.release
        ecs_events.advance(hours=23)
        poller.poll_once()
        poller.poll_once()

        assert balancer.diary == ["drain i-web1"]
        ecs_events.assert_not_called("RebootInstance")

    @planned_reboot
    def test_at_the_last_moment(self, ecs_events, poller, balancer):
        """One released an instant before its reboot is forgotten as well, and asked for no more."""
        ecs_events.advance(hours=23)
        ecs_events.fail("RebootInstance", "InvalidInstanceId.NotFound")
        poller.poll_once()
        ecs_events.advance(hours=2)
        poller.poll_once()

        assert balancer.diary == ["drain i-web1"]
        ecs_events.assert_called("RebootInstance", times=1)


class TestNotOurs:
    """What is no planned reboot of this region is left alone."""

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-2ze0000000000000web1", not_before="+1h")
    def test_another_region(self, ecs_events, poller, balancer):
        """An instance in cn-beijing is not the business of a poller of cn-hangzhou."""
        poller.poll_once()

        assert ecs_events.one().region_id == "cn-beijing"
        assert ecs_events.one().status == "Scheduled"
        assert balancer.diary == []

    @pytest.mark.ecs_event("SystemFailure.Reboot", instance_id="i-web1", not_before="+1h")
    def test_failure(self, ecs_events, poller, balancer):
        """A failure's reboot is under way from the start, and nothing can avoid it."""
        assert ecs_events.one().status == "Executing"
        poller.poll_once()
        ecs_events.advance(hours=1)
        poller.poll_once()

        assert ecs_events.one().status == "Executed"
        assert balancer.diary == []
        ecs_events.assert_not_called("RebootInstance")

    @pytest.mark.ecs_event("SystemMaintenance.Redeploy", instance_id="i-web1", not_before="+1h")
    def test_redeployment(self, ecs_events, poller, balancer):
        """A planned redeployment is no reboot's business: it takes more than that."""
        poller.poll_once()

        assert ecs_events.one().status == "Scheduled"
        assert balancer.diary == []
