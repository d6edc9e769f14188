"""What answering a call costs beyond the least that `responses` can do."""

import re
from contextlib import contextmanager

import _sdk
from _measure import in_turn, ratio_row

from pytest_ecsevents import EcsEvents

EVENTS = 100


def rows(quick):
    import responses

    call = _sdk.history_call("InstanceEventCycleStatuss", ["Scheduled"])

    @contextmanager
    def answered_statically():
        with responses.RequestsMock(target=_sdk.ADAPTER_SEND) as mock:
            mock.add_callback("POST", re.compile(r"https?://ecs\b.*"), lambda _: (200, headers, body))
            yield

    # Both sides stand under the one frozen clock: reading a frozen clock costs more than reading a real one.
    with EcsEvents() as ecs_events:
        fill(ecs_events)
        body = call()
        headers = {"Content-Type": "application/json;charset=utf-8"}
        ours, other, ratio = in_turn(call, call, rounds=21 if quick else 101, around_other=answered_statically)
    yield ratio_row(f"a call, {EVENTS} events / static reply", ours, other, ratio=ratio, most=1.1)


def fill(ecs_events):
    for number in range(EVENTS // 10):
        instance = ecs_events.instances.add(f"i-bench{number}")
        for hours in range(1, 11):
            ecs_events.create("SystemMaintenance.Reboot", instance.instance_id, not_before=f"+{hours}h")
