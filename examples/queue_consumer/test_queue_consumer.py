"""The unchanged consumer, with a queue on loopback: its waits take virtual time."""

import pytest

pytest.importorskip("mns.account", reason="aliyun-mns is not installed: pip install aliyun-mns")
pytest.importorskip("werkzeug", reason="the server is not installed: pip install 'pytest-ecsevents[server]'")

from aliyunsdkcore.client import AcsClient
from mns.account import Account
from queue_consumer import QUEUE, Consumer, main

planned_reboot = pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+24h")


@pytest.fixture
def queue(ecs_events):
    """The queue, with an event rule of CloudMonitor as its source."""
    return ecs_events.queue(QUEUE)


@pytest.fixture
def reclaimed():
    return []


@pytest.fixture
def consumer(queue, reclaimed):
    account = Account(queue.endpoint, "<access key id>", "<access key secret>")
    yield Consumer(account, AcsClient("<access key id>", "<access key secret>", "cn-hangzhou"), reclaimed.append)
    account.get_client().close_connection()


@pytest.mark.ecs_instance("i-web1")
def test_maintenance_is_avoided_when_it_is_announced(ecs_events, queue, consumer):
    """An event of the third hour is answered in that hour, and the queue is empty at the end."""
    ecs_events.run(consumer.serve_forever, until="3h")
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    ecs_events.run(consumer.serve_forever, until="1m")

    ecs_events.assert_avoided(event, by="RebootInstance")
    ecs_events.assert_transitions(event, [("Scheduled", "+3h"), ("Avoided", "+3h")])
    assert len(queue) == 0


@pytest.mark.ecs_instance("i-web1")
def test_an_instance_that_stops_is_started(ecs_events, consumer):
    """A notification reports the stop, whatever caused it."""
    ecs_events.stop("i-web1")
    ecs_events.run(consumer.serve_forever, until="1m")

    assert ecs_events.instances["i-web1"].status == "Running"
    ecs_events.assert_called("StartInstance", times=1, InstanceId="i-web1")


@pytest.mark.ecs_instance("i-spot1", spot_strategy="SpotAsPriceGo")
def test_a_spot_instance_leaves_the_pool_before_it_is_gone(ecs_events, consumer, reclaimed):
    """The notice is five minutes ahead."""
    ecs_events.interrupt("i-spot1")
    ecs_events.run(consumer.serve_forever, until="1m")

    assert reclaimed == ["i-spot1"]
    assert "i-spot1" in ecs_events.instances


@pytest.mark.ecs_instance("i-web1")
def test_a_reboot_that_is_throttled_is_tried_again(ecs_events, queue, consumer):
    """The message stays, and is received again half a minute later."""
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    ecs_events.fail("RebootInstance", "Throttling.User")
    ecs_events.run(consumer.serve_forever, until="10m")

    ecs_events.assert_transitions(event, [("Scheduled", "+0s"), ("Avoided", "+30s")])
    assert queue.messages[0].dequeue_count == 2
    assert len(queue) == 0


@pytest.mark.ecs_instance("i-web1")
def test_what_cannot_be_handled_is_given_up_at_last(ecs_events, queue, consumer):
    """A message that is no JSON is tried four times, and does not block the others."""
    queue.send("no JSON")
    ecs_events.run(consumer.serve_forever, until="10m")

    assert queue.messages[0].dequeue_count == 4
    assert len(queue) == 0


@pytest.mark.ecs_instance("i-web1")
def test_nothing_is_done_twice_when_a_message_comes_twice(ecs_events):
    """The queue delivers at least once; starting a running instance is refused, and the message is given up."""
    queue = ecs_events.queue(QUEUE, names="Instance:StateChange", duplicate=True)
    account = Account(queue.endpoint, "<access key id>", "<access key secret>")
    consumer = Consumer(account, AcsClient("<access key id>", "<access key secret>", "cn-hangzhou"))
    ecs_events.stop("i-web1")
    ecs_events.run(consumer.serve_forever, until="10m")
    account.get_client().close_connection()

    assert ecs_events.calls_to("StartInstance")[0].code is None
    assert ecs_events.instances["i-web1"].status == "Running"
    assert len(queue) == 0


def test_as_a_script(ecs_events, queue, monkeypatch):
    """Environment variables configure it."""
    monkeypatch.setenv("MNS_ENDPOINT", queue.endpoint)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "<access key id>")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "<access key secret>")
    stopped = ecs_events.run(main, until="1h")

    assert stopped.at == ecs_events.now
