"""A process that polls for six virtual hours whenever it is told to: `ours` as a daemon under `run`, `static` as bare calls.

For each line read, a line is written: the seconds that these polls took.
"""

import contextlib
import re
import sys
import time

import _sdk
from _measure import processor_clock, timed

LASTS, INTERVAL = 6 * 3600, 60


def ours():
    from pytest_ecsevents import EcsEvents

    poll = _sdk.history_call("InstanceEventCycleStatuss", ["Scheduled"])

    def daemon():
        while True:
            poll()
            time.sleep(INTERVAL)

    with EcsEvents() as ecs_events:
        poll()
        ecs_events.advance(seconds=INTERVAL)
        yield
        while True:
            # The poll that falls on the end counts for the next.
            yield timed(lambda: ecs_events.run(daemon, until=f"{LASTS - 1}s"), clock=processor_clock)
            ecs_events.advance(seconds=1)


def static():
    import responses

    from pytest_ecsevents import EcsEvents

    poll = _sdk.history_call("InstanceEventCycleStatuss", ["Scheduled"])
    with EcsEvents():
        body = poll()
    headers = {"Content-Type": "application/json;charset=utf-8"}
    with responses.RequestsMock(target=_sdk.ADAPTER_SEND) as mock:
        mock.add_callback("POST", re.compile(r"https?://ecs\b.*"), lambda _: (200, headers, body))
        poll()
        yield
        while True:
            yield timed(poll, LASTS // INTERVAL, clock=processor_clock) * (LASTS // INTERVAL)


def serve():
    _sdk.load()
    with contextlib.closing({"ours": ours, "static": static}[sys.argv[1]]()) as turns:
        next(turns)
        for _ in sys.stdin:
            print(next(turns), flush=True)


if __name__ == "__main__":
    serve()
