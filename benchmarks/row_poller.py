"""What a month of a poller of the newer SDK takes in all: three regions, each asked every five minutes, under `run`.

It stands beside no other thing: `--base` puts another revision beside it.
"""

import time
from importlib.util import find_spec

from _measure import Row, duration_row, processor_clock, timed

from pytest_ecsevents import EcsEvents

REGIONS = ("cn-hangzhou", "cn-beijing", "cn-shanghai")
INTERVAL, DAY = 300, 86_400


def rows(quick):
    if find_spec("alibabacloud_ecs20140526") is None:
        yield Row("a poller of three regions", "", "", "not measured: pip install alibabacloud-ecs20140526")
        return
    days = 2 if quick else 30
    _month(1)  # loads the SDK
    polls = days * DAY // INTERVAL * len(REGIONS)
    yield duration_row(f"a poll of the newer SDK, {days} days of 3 regions", _month(days) / polls)


def _month(days):
    """Seconds of processor time that all polls of these days take, with an event a day in each region."""
    from alibabacloud_ecs20140526 import models
    from alibabacloud_ecs20140526.client import Client
    from alibabacloud_tea_openapi.models import Config

    with EcsEvents() as ecs_events:
        for region in REGIONS:
            ecs_events.instances.add(f"i-{region}", region_id=region)
            for day in range(days):
                not_before = f"+{day * 24 + 12}h"
                ecs_events.create("SystemMaintenance.Reboot", f"i-{region}", not_before=not_before)
        asked = [
            (
                Client(Config(access_key_id="key-id", access_key_secret="key-secret", region_id=region)),
                models.DescribeInstanceHistoryEventsRequest(
                    region_id=region, instance_event_cycle_status=["Scheduled", "Executing"]
                ),
            )
            for region in REGIONS
        ]

        def poller():
            while True:
                for client, request in asked:
                    client.describe_instance_history_events(request)
                time.sleep(INTERVAL)

        return timed(lambda: ecs_events.run(poller, until=f"{days}d"), clock=processor_clock)
