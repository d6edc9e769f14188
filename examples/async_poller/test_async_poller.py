"""Tests of the poller on its own event loop, through hours and days of virtual time.

Every test begins on 2030-01-01T00:00:00Z. The poller polls every half hour, and reboots two hours before NotBefore at
the earliest. Instances whose ids begin with i-2ze are in cn-beijing, the others in cn-hangzhou.
"""

import signal
import sys
import threading
from datetime import timedelta
from itertools import pairwise

import pytest

pytest.importorskip(
    "alibabacloud_ecs20140526", reason="the newer SDK is not installed: pip install 'pytest-ecsevents[tea]'"
)

import async_poller  # it needs the SDK
from async_poller import AsyncPoller

HANGZHOU, BEIJING = "i-web1", "i-2ze0000000000000web1"

planned_reboots = pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id=[HANGZHOU, BEIJING], not_before="+24h")
one_planned_reboot = pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id=HANGZHOU, not_before="+24h")


@pytest.fixture(autouse=True)
def access_key(monkeypatch):
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "<access key id>")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "<access key secret>")


def poller(*regions):
    """Return a poller of the named regions, by default of all."""
    # Without TLS: with https the SDK reads all certificates of the machine for each call.
    clients = {name: async_poller.connect(name, protocol="http") for name in regions or ("cn-hangzhou", "cn-beijing")}
    return AsyncPoller(clients, interval=timedelta(minutes=30))


class TestInTime:
    """Planned reboots are answered in all regions, each in time."""

    @planned_reboots
    def test_every_region(self, ecs_events):
        """In each region the reboot is at the first poll within two hours before NotBefore."""
        ecs_events.run(poller().serve, until="25h")

        for event in ecs_events:
            ecs_events.assert_avoided(event, by="RebootInstance")
            ecs_events.assert_transitions(event, [("Scheduled", "+0s"), ("Avoided", "+22h")])

    @planned_reboots
    def test_no_other_region(self, ecs_events):
        """A region that it was not started for is not touched."""
        ecs_events.run(poller("cn-beijing").serve, until="25h")

        assert ecs_events.one(instance_id=BEIJING).status == "Avoided"
        assert ecs_events.one(instance_id=HANGZHOU).status == "Executed"

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id=HANGZHOU, not_before="+1h")
    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id=HANGZHOU, not_before="+5h")
    def test_two_on_one_instance(self, ecs_events):
        """One reboot answers all events of an instance."""
        ecs_events.run(poller().serve, until="1d")

        assert [event.status for event in ecs_events] == ["Avoided", "Avoided"]
        ecs_events.assert_called("RebootInstance", times=1)

    def test_more_than_a_page(self, ecs_events, monkeypatch):
        """Events that fill three pages are all answered."""
        monkeypatch.setattr(async_poller, "PAGE_SIZE", 2)
        for number in range(5):
            instance = ecs_events.instances.add(f"i-web{number}")
            ecs_events.create("SystemMaintenance.Reboot", instance, not_before="+2h")

        ecs_events.run(poller("cn-hangzhou").serve, until="1h")

        assert {event.status for event in ecs_events} == {"Avoided"}


class TestOneAfterTheOther:
    """In a region one instance at a time is down."""

    @pytest.fixture
    def slow(self, ecs_events):
        """Three instances that take five minutes to return, and their planned reboots."""
        for instance_id in ("i-web1", "i-web2", "i-web3"):
            ecs_events.instances.add(instance_id, starting_takes="5m")
            ecs_events.create("SystemMaintenance.Reboot", instance_id, not_before="+2h")

    @pytest.mark.usefixtures("slow")
    def test_each_when_the_one_before_runs_again(self, ecs_events):
        """The next reboot follows when the previous instance runs, at most ten seconds late."""
        ecs_events.run(poller().serve, until="1h")

        assert {event.status for event in ecs_events} == {"Avoided"}
        reboots = [call.at for call in ecs_events.calls_to("RebootInstance")]
        for earlier, later in pairwise(reboots):
            assert timedelta(minutes=5) <= later - earlier <= timedelta(minutes=5, seconds=10)

    @pytest.mark.usefixtures("slow")
    def test_regions_do_not_wait_for_each_other(self, ecs_events):
        """In another region an instance is rebooted in the meantime."""
        ecs_events.create("SystemMaintenance.Reboot", ecs_events.instances.add(BEIJING), not_before="+2h")

        ecs_events.run(poller().serve, until="1h")

        ecs_events.assert_transitions(ecs_events.one(instance_id=BEIJING), [("Scheduled", "+0s"), ("Avoided", "+0s")])

    @pytest.mark.usefixtures("slow")
    def test_one_whose_answer_was_lost(self, ecs_events):
        """An instance that may be rebooting because a response was lost is waited for too."""
        ecs_events.fail("RebootInstance", "connection reset", acted=True)

        ecs_events.run(poller().serve, until="1h")

        first, second, _ = (call.at for call in ecs_events.calls_to("RebootInstance"))
        assert timedelta(minutes=5) <= second - first <= timedelta(minutes=5, seconds=10)

    def test_one_that_does_not_come_back(self, ecs_events, caplog):
        """After ten minutes the next one is rebooted, and the log has a warning."""
        ecs_events.instances.add("i-web1", starting_takes="3h")
        ecs_events.instances.add("i-web2")
        for instance_id in ("i-web1", "i-web2"):
            ecs_events.create("SystemMaintenance.Reboot", instance_id, not_before="+2h")

        ecs_events.run(poller().serve, until="1h")

        first, second = (call.at for call in ecs_events.calls_to("RebootInstance"))
        assert second - first == timedelta(minutes=10)
        assert "cn-hangzhou: i-web1 does not come back" in caplog.messages

    @pytest.mark.usefixtures("slow")
    def test_one_that_cannot_be_looked_at(self, ecs_events):
        """While the service does not return an instance's status, it counts as down."""
        ecs_events.fail("DescribeInstanceStatus", "Throttling.User", times=40)

        ecs_events.run(poller().serve, until="1h")

        first, second, _ = (call.at for call in ecs_events.calls_to("RebootInstance"))
        assert timedelta(minutes=6, seconds=30) <= second - first <= timedelta(minutes=7)

    @pytest.mark.usefixtures("slow")
    def test_one_that_is_released(self, ecs_events):
        """The poller stops waiting for an instance that is released while it reboots."""
        threading.Timer(60, ecs_events.release, ["i-web1"]).start()

        ecs_events.run(poller().serve, until="1h")

        first, second, _ = (call.at for call in ecs_events.calls_to("RebootInstance"))
        assert second - first <= timedelta(minutes=1, seconds=10)

    @pytest.mark.usefixtures("slow")
    def test_cancelled_meanwhile(self, ecs_events):
        """An instance whose event is cancelled while it waits for the lock is not rebooted."""
        threading.Timer(60, ecs_events.cancel, [ecs_events.one(instance_id="i-web3")]).start()

        ecs_events.run(poller().serve, until="1h")

        assert [event.status for event in ecs_events] == ["Avoided", "Avoided", "Canceled"]
        ecs_events.assert_not_called("RebootInstance", InstanceId="i-web3")


class TestTrouble:
    """A failure delays no other instance or region, and the reboot is retried."""

    @planned_reboots
    def test_a_region_is_down(self, ecs_events, caplog):
        """While one region does not answer, the other is polled; when it answers again, it is polled too."""
        ecs_events.fail("*", "ServiceUnavailable", times=None, between=("+0h", "+22h45m"), RegionId="cn-beijing")

        ecs_events.run(poller().serve, until="25h")

        ecs_events.assert_transitions(ecs_events.one(instance_id=HANGZHOU), [("Scheduled", "+0s"), ("Avoided", "+22h")])
        ecs_events.assert_transitions(ecs_events.one(instance_id=BEIJING), [("Scheduled", "+0s"), ("Avoided", "+23h")])
        warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
        assert len(warnings) == 46
        assert warnings[0].startswith("cn-beijing: cannot ask for events: ServiceUnavailable: ")

    @planned_reboots
    def test_a_region_is_slow(self, ecs_events):
        """A region that takes nine seconds for each response slows down only itself."""
        ecs_events.delay("*", "9s", RegionId="cn-beijing")

        ecs_events.run(poller().serve, until="25h")

        hangzhou = ecs_events.one(instance_id=HANGZHOU)
        ecs_events.assert_transitions(hangzhou, [("Scheduled", "+0s"), ("Avoided", "+22h")])
        assert ecs_events.one(instance_id=BEIJING).status == "Avoided"

    @one_planned_reboot
    def test_a_lost_answer(self, ecs_events):
        """A reboot that happened, although its response was lost, is not repeated."""
        ecs_events.fail("RebootInstance", "read timeout", acted=True)

        ecs_events.run(poller().serve, until="25h")

        assert ecs_events.one().status == "Avoided"
        ecs_events.assert_called("RebootInstance", times=1)

    @pytest.mark.parametrize("fault", ["read timeout", "connection reset", "bad gateway", "Throttling.User"])
    @one_planned_reboot
    def test_a_lost_call(self, ecs_events, fault):
        """A reboot that did not happen is repeated at the next poll."""
        ecs_events.fail("RebootInstance", fault)

        ecs_events.run(poller().serve, until="25h")

        assert ecs_events.one().status == "Avoided"
        ecs_events.assert_called("RebootInstance", times=2)

    def test_a_week(self, ecs_events):
        """Of 60 planned reboots on 20 instances each is answered, and only once, whatever fails."""
        ecs_events.fail("*", "Throttling.User", probability=0.1)
        ecs_events.fail("*", "connection reset", probability=0.05)
        ecs_events.fail("RebootInstance", "read timeout", acted=True, probability=0.2)
        instances = [ecs_events.instances.add(f"i-web{number:02}", starting_takes="1m") for number in range(20)]
        for number in range(60):
            due = timedelta(days=1, hours=2 * number)
            ecs_events.create("SystemMaintenance.Reboot", instances[number % 20], not_before=due)

        ecs_events.run(poller("cn-hangzhou").serve, until="7d")

        assert {event.status for event in ecs_events} == {"Avoided"}
        answered = {(event.instance_id, event.finish_time) for event in ecs_events}
        reboots = [
            call for call in ecs_events.calls_to("RebootInstance") if "200" in {str(call.http_status), call.lost}
        ]
        assert sorted(answered) == sorted((call.params["InstanceId"], call.at) for call in reboots)


@pytest.mark.skipif(sys.platform == "win32", reason="event loops take no signals there")
class TestEnd:
    """It ends on request."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_by_signal(self, ecs_events, number):
        """The program waits for the instance that is being rebooted, and starts no other reboot."""
        for instance_id in ("i-web1", "i-web2"):
            ecs_events.instances.add(instance_id, starting_takes="5m")
            ecs_events.create("SystemMaintenance.Reboot", instance_id, not_before="+2h")
        threading.Timer(60, signal.raise_signal, [number]).start()

        assert ecs_events.run(async_poller.main, ["cn-hangzhou"], protocol="http", until="30d") is None

        assert [event.status for event in ecs_events] == ["Avoided", "Scheduled"]
        assert ecs_events.instances["i-web1"].status == "Running"
        assert ecs_events.now.minute == 5

    def test_in_a_pause(self, ecs_events, caplog):
        """While it waits for the next poll, it stops at once."""
        caplog.set_level("INFO", "async_poller")
        threading.Timer(45 * 60, signal.raise_signal, [signal.SIGTERM]).start()

        ecs_events.run(async_poller.main, ["cn-hangzhou"], protocol="http", until="30d")

        assert ecs_events.now.minute == 45
        assert caplog.messages == ["Watching cn-hangzhou", "Stopped"]
