"""Tests of the daemon on its own loop, through days and a month of virtual time.

Every test begins on 2030-01-01T00:00:00Z. The night, in which the daemon answers events, is from 18:00 to 21:00 UTC.
"""

import logging
import random
import signal
import threading
import time
from datetime import timedelta
from itertools import pairwise

import maintenance_daemon
import pytest
from aliyunsdkcore.client import AcsClient
from maintenance_daemon import MaintenanceDaemon, Policy

INSTANCES = [f"i-web{number:02}" for number in range(50)]

# The events of a month: type, first status, and number.
AVOIDABLE = {
    ("SystemMaintenance.Reboot", "Scheduled"): 130,
    ("SystemMaintenance.Redeploy", "Scheduled"): 15,
    ("SystemMaintenance.Redeploy", "Inquiring"): 10,
}
OTHERS = {
    ("SystemMaintenance.Reboot", "Inquiring"): 15,
    ("SystemMaintenance.IsolateErrorDisk", "Inquiring"): 10,
    ("SystemFailure.Reboot", "Executing"): 20,
}

planned_reboot = pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+36h")


@pytest.fixture
def daemon():
    random.seed(4)  # for the jitter of its pauses
    client = AcsClient("<access key id>", "<access key secret>", "cn-hangzhou", auto_retry=False)
    return MaintenanceDaemon(client, Policy(), interval=timedelta(hours=1))


@pytest.fixture
def logged(caplog):
    """Return its log messages from a level on, without the SDK's own."""
    caplog.set_level(logging.INFO, "maintenance_daemon")

    def logged(level=logging.INFO):
        records = [record for record in caplog.records if record.name == "maintenance_daemon"]
        return [record.message for record in records if record.levelno >= level]

    return logged


class TestWhen:
    """Events are answered by night, and by day only if no night comes in time."""

    @planned_reboot
    def test_in_the_night_before(self, ecs_events, daemon):
        """A reboot planned for noon tomorrow is avoided when the night begins."""
        ecs_events.run(daemon.serve_forever, until="2d")

        ecs_events.assert_avoided(ecs_events.one(), by="RebootInstance")
        ecs_events.assert_transitions(ecs_events.one(), [("Scheduled", "+0s"), ("Avoided", "+18h")])

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+12h")
    def test_by_day(self, ecs_events, daemon):
        """An event without a night before it waits until three hours before it, so that people can object."""
        ecs_events.run(daemon.serve_forever, until="2d")

        ecs_events.assert_transitions(ecs_events.one(), [("Scheduled", "+0s"), ("Avoided", "+9h")])

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+59s")
    def test_too_late(self, ecs_events, daemon):
        """An event that a call might not reach in time is left to Alibaba Cloud."""
        ecs_events.run(daemon.serve_forever, until="2d")

        assert ecs_events.one().status == "Executed"
        ecs_events.assert_not_called("RebootInstance")

    @pytest.mark.ecs_instance("i-web1")
    def test_what_waits_for_consent(self, ecs_events, daemon):
        """An event that waits for acceptance is accepted by night."""
        event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", simulated=False, status="Inquiring")

        ecs_events.run(daemon.serve_forever, until="2d")

        ecs_events.assert_transitions(event, [("Inquiring", "+0s"), ("Executing", "+18h"), ("Executed", "+18h1s")])


class TestWhat:
    """Each event gets the answer for its type, once."""

    @pytest.mark.parametrize(
        ("kind", "answer", "outcome"),
        [
            (("SystemMaintenance.Reboot", "Scheduled"), "RebootInstance", "Avoided"),
            (("SystemMaintenance.Redeploy", "Scheduled"), "RedeployInstance", "Avoided"),
            (("SystemMaintenance.Redeploy", "Inquiring"), "RedeployInstance", "Avoided"),
            (("SystemMaintenance.IsolateErrorDisk", "Inquiring"), "AcceptInquiredSystemEvent", "Executed"),
            (("SystemMaintenance.Stop", "Scheduled"), None, "Executed"),
            (("SystemFailure.Reboot", "Executing"), None, "Executed"),
        ],
    )
    @pytest.mark.ecs_instance("i-web1")
    def test_by_type_and_status(self, ecs_events, daemon, kind, answer, outcome):
        """A row of the table is one call; an event in no row is ignored."""
        event_type, status = kind
        due = {} if status == "Inquiring" else {"not_before": "+36h"}
        event = ecs_events.create(event_type, "i-web1", simulated=False, status=status, **due)

        ecs_events.run(daemon.serve_forever, until="3d")

        assert event.status == outcome
        calls = [call.action for call in ecs_events.calls if not call.action.startswith("Describe")]
        assert calls == ([answer] if answer else [])

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+36h")
    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+60h")
    def test_two_on_one_instance(self, ecs_events, daemon):
        """One reboot answers both."""
        ecs_events.run(daemon.serve_forever, until="3d")

        assert [event.status for event in ecs_events] == ["Avoided", "Avoided"]
        ecs_events.assert_called("RebootInstance", times=1)

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+36h", simulated=False)
    @pytest.mark.ecs_event("SystemMaintenance.Redeploy", instance_id="i-web1", not_before="+60h", simulated=False)
    def test_a_redeployment_spares_the_reboot(self, ecs_events, daemon):
        """An instance to be redeployed is not rebooted as well."""
        ecs_events.run(daemon.serve_forever, until="3d")

        assert [event.status for event in ecs_events] == ["Avoided", "Avoided"]
        ecs_events.assert_not_called("RebootInstance")

    def test_more_than_a_page(self, ecs_events, daemon, logged, monkeypatch):
        """Events that fill three pages are all answered, and their ends logged, two at a time."""
        monkeypatch.setattr(maintenance_daemon, "PAGE_SIZE", 2)
        for instance_id in INSTANCES[:5]:
            ecs_events.create("SystemMaintenance.Reboot", ecs_events.instances.add(instance_id), not_before="+36h")

        ecs_events.run(daemon.serve_forever, until="1d")

        assert {event.status for event in ecs_events} == {"Avoided"}
        assert len([line for line in logged() if line.startswith("Ended: ")]) == 5

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-2ze0000000000000web1", not_before="+36h")
    def test_another_region(self, ecs_events, daemon):
        """A daemon of cn-hangzhou ignores an instance in cn-beijing."""
        ecs_events.run(daemon.serve_forever, until="2d")

        assert ecs_events.one().status == "Executed"


class TestTrouble:
    """A call that is refused or gets no response is repeated as long as that is safe."""

    @planned_reboot
    def test_a_lost_answer(self, ecs_events, daemon):
        """A reboot that happened, although its response was lost, is not repeated."""
        ecs_events.fail("RebootInstance", "read timeout", acted=True)

        ecs_events.run(daemon.serve_forever, until="2d")

        assert ecs_events.one().status == "Avoided"
        ecs_events.assert_called("RebootInstance", times=1)

    @planned_reboot
    def test_a_late_reboot(self, ecs_events, daemon):
        """Nor is one that happens minutes after the daemon has given up on it."""
        ecs_events.delay("RebootInstance", "5m")

        ecs_events.run(daemon.serve_forever, until="2d")

        ecs_events.assert_transitions(ecs_events.one(), [("Scheduled", "+0s"), ("Avoided", "+18h5m")])
        ecs_events.assert_called("RebootInstance", times=1)

    @pytest.mark.parametrize("fault", ["read timeout", "connection reset", "bad gateway", "InternalError"])
    @planned_reboot
    def test_a_lost_call(self, ecs_events, daemon, fault):
        """A reboot that did not happen is repeated, once it can no longer be under way."""
        ecs_events.fail("RebootInstance", fault)

        ecs_events.run(daemon.serve_forever, until="2d")

        assert ecs_events.one().status == "Avoided"
        first, second = ecs_events.calls_to("RebootInstance")
        assert second.at - first.at >= timedelta(minutes=10)

    def test_back_off(self, ecs_events, daemon):
        """While it is throttled, each pause can be twice as long as the last, up to the interval."""
        ecs_events.fail("*", "Throttling.User", times=None)

        ecs_events.run(daemon.serve_forever, until="8h")

        calls = [call.at for call in ecs_events.calls]
        pauses = [(later - earlier).total_seconds() for earlier, later in pairwise(calls)]
        longest = [min(2**number, 3600) for number in range(len(pauses))]
        assert longest[-1] == 3600
        assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))

    @planned_reboot
    def test_a_night_without_service(self, ecs_events, daemon, logged):
        """Events of a night lost to an outage are answered by day, and the log has the outage."""
        ecs_events.fail("*", "ServiceUnavailable", times=None, between=("+17h30m", "+22h"))

        ecs_events.run(daemon.serve_forever, until="2d")

        event = ecs_events.one()
        assert event.status == "Avoided"
        assert event.not_before - event.finish_time <= timedelta(hours=3)
        first, *_, last = logged(logging.WARNING)
        assert first.startswith("Failed (4), again in ")
        assert last.startswith("All is well again, after ")

    @pytest.mark.parametrize("fault", ["truncated body", "garbled body", "empty body"])
    @planned_reboot
    def test_half_an_answer(self, ecs_events, daemon, fault):
        """A list of events that is incomplete is requested again."""
        ecs_events.fail("DescribeInstanceHistoryEvents", fault, times=6)

        ecs_events.run(daemon.serve_forever, until="2d")

        assert ecs_events.one().status == "Avoided"

    @pytest.mark.ecs_instance("i-web1", status="Stopped")
    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id=["i-web1", "i-web2"], not_before="+36h")
    def test_a_refusal(self, ecs_events, daemon, logged):
        """An instance that cannot be rebooted delays no other, and is retried as long as there is time."""
        ecs_events.run(daemon.serve_forever, until="2d")

        assert [event.status for event in ecs_events] == ["Executed", "Avoided"]
        refused = ecs_events.calls_to("RebootInstance", instance_id="i-web1")
        assert len(refused) == len([line for line in logged() if line.startswith("Refused: ")]) == 6
        assert [line.partition(":")[0] for line in logged(logging.ERROR)] == ["Ended"]

    @planned_reboot
    def test_its_own_error(self, ecs_events, daemon, caplog, monkeypatch):
        """An error of its own is logged with its traceback, and does not end it."""
        with monkeypatch.context() as patch:
            patch.setattr(Policy, "is_time", lambda *_: 1 // 0)
            ecs_events.run(daemon.serve_forever, until="2s")
        ecs_events.run(daemon.serve_forever, until="1d")

        assert ecs_events.one().status == "Avoided"
        assert "ZeroDivisionError" in caplog.text


class TestEnd:
    """It ends on request."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    @planned_reboot
    def test_by_signal(self, ecs_events, logged, monkeypatch, number):
        """A signal ends the program during a pause, with its own exit status."""
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "<access key id>")
        monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "<access key secret>")
        threading.Timer(20.5 * 3600, signal.raise_signal, [number]).start()

        assert ecs_events.run(maintenance_daemon.main, ["--every", "3600"], until="30d") == 0

        assert (ecs_events.now.hour, ecs_events.now.minute) == (20, 30)
        assert logged()[-1] == "Stopped after 1 answers; unfinished events: 0"

    @pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id=["i-web1", "i-web2"], not_before="+36h")
    def test_in_the_midst_of_a_poll(self, ecs_events, daemon):
        """A call under way is finished, and no other is begun."""
        ecs_events.delay("RebootInstance", "5s")
        threading.Timer(18 * 3600 + 1, daemon.stop).start()

        assert ecs_events.run(daemon.serve_forever, until="30d") == 1

        assert sorted(event.status for event in ecs_events) == ["Avoided", "Scheduled"]


def test_a_month(ecs_events, daemon, logged, caplog):
    """Of 200 events on 50 instances the avoidable ones are avoided, no instance is rebooted twice, doubts are logged."""
    caplog.set_level(logging.WARNING, "maintenance_daemon")
    for instance_id in INSTANCES:
        ecs_events.instances.add(instance_id, stopping_takes="20s", starting_takes="40s")
    ecs_events.quota("RebootInstance", per_minute=2)
    ecs_events.fail("*", "ServiceUnavailable", times=None, between=("+9d17h", "+9d20h"))
    ecs_events.fail("*", "Throttling.User", probability=0.02)
    ecs_events.fail("*", "connection reset", probability=0.01)
    ecs_events.fail("RebootInstance", "read timeout", acted=True, probability=0.2)
    ecs_events.fail("RebootInstance", "truncated body", times=2)
    ecs_events.fail("DescribeInstanceHistoryEvents", "truncated body", probability=0.01)
    threading.Thread(target=publish, args=(ecs_events, random.Random(2030))).start()

    ecs_events.run(daemon.serve_forever, until="30d")

    assert len(ecs_events) == 200
    assert {event.status for event in ecs_events if kind(event) in AVOIDABLE} == {"Avoided"}
    assert {event.status for event in ecs_events} == {"Avoided", "Executed"}
    calls = ecs_events.calls_to("RebootInstance")
    reboots = [(call.params["InstanceId"], call.at) for call in calls if call.http_status == 200 or call.lost == "200"]
    answered = {(event.instance_id, event.finish_time) for event in ecs_events if by_reboot(event)}
    assert sorted(reboots) == sorted(answered)
    in_doubt = [line for line in logged() if line.startswith("In doubt: RebootInstance")]
    assert len(in_doubt) == len([call for call in calls if call.failure or call.code == "ServiceUnavailable"]) > 10


def kind(event):
    """Return its type, and the status that it was published in."""
    return event.event_type, event.history[0].to_status


def by_reboot(event):
    """Return whether a reboot by the daemon has avoided it."""
    return event.history[-1].cause.startswith("RebootInstance")


def publish(ecs_events, dice):
    """Publish the events of a month, in any order."""
    kinds = [kind for kind, times in (AVOIDABLE | OTHERS).items() for _ in range(times)]
    dice.shuffle(kinds)
    for event_type, status in kinds:
        time.sleep(dice.randint(0, 6 * 3600))
        due = {} if status == "Inquiring" else {"not_before": timedelta(hours=dice.randint(24, 48))}
        ecs_events.create(event_type, dice.choice(INSTANCES), simulated=False, status=status, **due)
