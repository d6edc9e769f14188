"""Many threads, through both SDKs, in one cloud."""

import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from threading import Barrier

import pytest
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from sizes import size

from pytest_ecsevents import EcsEvents

try:
    from alibabacloud_ecs20140526 import models
    from alibabacloud_ecs20140526.client import Client
    from alibabacloud_tea_openapi.models import Config
except ModuleNotFoundError:
    models = None

THREADS = 8
ROUNDS = size(20, 125)  # of four calls


def legacy():
    """Call an action through the legacy SDK: `call("RebootInstance", InstanceId="i-web1")`."""
    client = AcsClient("ak", "secret", "cn-hangzhou")

    def call(action, **params):
        request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name=action)
        for name, value in params.items():
            for wire_name, text in _on_the_wire(name, value):
                request.add_query_param(wire_name, text)
        return json.loads(client.do_action_with_exception(request))

    return call


def _on_the_wire(name, value):
    return (
        [(f"{name}.{place}", item) for place, item in enumerate(value, 1)]
        if isinstance(value, list)
        else [(name, value)]
    )


def tea():
    """Call an action through the newer SDK with the same arguments."""
    client = Client(Config(access_key_id="ak", access_key_secret="secret", region_id="cn-hangzhou"))
    methods = {
        "CreateSimulatedSystemEvents": client.create_simulated_system_events,
        "DescribeInstanceHistoryEvents": client.describe_instance_history_events,
        "RebootInstance": client.reboot_instance,
        "CancelSimulatedSystemEvents": client.cancel_simulated_system_events,
    }

    def call(action, **params):
        region = {} if action == "RebootInstance" else {"RegionId": "cn-hangzhou"}
        request = getattr(models, f"{action}Request")().from_map({**region, **params})
        return methods[action](request).body.to_map()

    return call


class Handler:
    """One thread's handler: publishes events on its own instance, and answers or cancels each.

    Args:
        instance_id: Its instance.
        call: Calls an action through an SDK.
    """

    def __init__(self, instance_id, call):
        self.instance_id = instance_id
        self.call = call
        self.sent = []  # (action, parameters, reply) of every call

    def run(self, start):
        """Run every round, once all threads have started."""
        start.wait()
        for number in range(ROUNDS):
            self._round(_not_before(number), "Avoided" if number % 2 else "Canceled")

    def _round(self, not_before, end):
        event = {"EventType": "SystemMaintenance.Reboot", "NotBefore": not_before}
        reply = self._reply_to("CreateSimulatedSystemEvents", InstanceId=[self.instance_id], **event)
        (event_id,) = reply["EventIdSet"]["EventId"]
        expected = (event_id, self.instance_id, not_before)
        assert self._shown(event_id, "Scheduled") == expected
        if end == "Avoided":
            self._reply_to("RebootInstance", InstanceId=self.instance_id)
        else:
            self._reply_to("CancelSimulatedSystemEvents", EventId=[event_id])
        assert self._shown(event_id, end) == expected

    def _shown(self, event_id, status):
        which = {"EventId": [event_id], "InstanceEventCycleStatus": [status]}
        reply = self._reply_to("DescribeInstanceHistoryEvents", **which)
        (event,) = reply["InstanceSystemEventSet"]["InstanceSystemEventType"]
        return event["EventId"], event["InstanceId"], event["NotBefore"]

    def _reply_to(self, action, **params):
        reply = self.call(action, **params)
        self.sent.append((action, params, reply))
        return reply


def _not_before(number):
    return f"2031-01-01T{number // 60:02}:{number % 60:02}:00Z"


@pytest.fixture
def handlers():
    """Return handlers of both SDKs alternately; without the newer one, of the legacy one."""
    clients = cycle([legacy, tea] if models else [legacy])
    return [Handler(f"i-web{number}", client()) for number, client in zip(range(THREADS), clients, strict=False)]


@pytest.fixture
def eager_threads():
    """Switch threads more often, so that they interleave in more places."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("eager_threads")
def test_eight_threads_lose_double_and_mix_up_nothing(handlers):
    """Each of their calls is recorded once with its caller's reply, and each event exists once."""
    with EcsEvents() as ecs_events, ThreadPoolExecutor(THREADS) as pool:
        for handler in handlers:
            ecs_events.instances.add(handler.instance_id)
        start = Barrier(THREADS)
        for done in [pool.submit(handler.run, start) for handler in handlers]:
            done.result()

    sent = {reply["RequestId"]: call for handler in handlers for *call, reply in handler.sent}
    replies = {reply["RequestId"]: reply for handler in handlers for *_, reply in handler.sent}
    assert len(sent) == len(ecs_events.calls) == THREADS * 4 * ROUNDS
    assert {call.response["RequestId"]: [call.action, call.params] for call in ecs_events.calls} == sent
    assert {call.response["RequestId"]: call.response for call in ecs_events.calls} == replies
    created = [event_id for reply in replies.values() for event_id in reply.get("EventIdSet", {}).get("EventId", ())]
    assert len(set(created)) == THREADS * ROUNDS
    assert sorted(created) == sorted(event.event_id for event in ecs_events)
    ends = Counter(str(event.status) for event in ecs_events)
    assert ends == {"Canceled": THREADS * (ROUNDS - ROUNDS // 2), "Avoided": THREADS * (ROUNDS // 2)}


@pytest.mark.usefixtures("eager_threads")
def test_each_fault_is_met_once(handlers):
    """Concurrent threads share the faults: the declared number of calls is refused."""

    def refusals(call):
        start.wait()
        return sum(_is_refused(call) for _ in range(50))

    with EcsEvents() as ecs_events, ThreadPoolExecutor(THREADS) as pool:
        for _ in range(25 * THREADS):
            ecs_events.fail("DescribeInstanceHistoryEvents", "Throttling.User")
        start = Barrier(THREADS)
        counts = [pool.submit(refusals, handler.call) for handler in handlers]
        assert sum(count.result() for count in counts) == 25 * THREADS


def _is_refused(call):
    try:
        call("DescribeInstanceHistoryEvents")
    except Exception as error:
        if "Throttling.User" in str(error):  # each SDK has an exception of its own
            return True
        raise
    return False
