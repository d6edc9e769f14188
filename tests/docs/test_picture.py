"""The picture in the README and the manual is what the plugin draws of a test of an example."""

import importlib.util
import os
import sys
from datetime import timedelta

from aliyunsdkcore.client import AcsClient
from pages import DOCS, ROOT

from pytest_ecsevents import EcsEvents

SPEC = importlib.util.spec_from_file_location(
    "lanes_daemon", ROOT / "examples" / "maintenance_daemon" / "maintenance_daemon.py"
)
EXAMPLE = sys.modules["lanes_daemon"] = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(EXAMPLE)  # now, since what is imported under a frozen clock keeps it

PICTURE = DOCS / "pictures" / "lanes.svg"


def test_the_picture_is_what_is_drawn():
    """To draw it anew: WRITE_PICTURES=1 .venv/bin/python -m pytest tests/docs/test_picture.py."""
    with EcsEvents("2030-01-01T00:00:00Z", tz="UTC") as ecs_events:
        ecs_events.instances.add("i-web1", stopping_takes="10m", starting_takes="20m")
        first, second, third = (
            ecs_events.create("SystemMaintenance.Reboot", f"i-web{number}", not_before="+26h") for number in (1, 2, 3)
        )
        ecs_events.fail("RebootInstance", "IncorrectInstanceStatus", times=None, InstanceId="i-web2")
        ecs_events.at("+12h", ecs_events.cancel, third)
        client = AcsClient("any", "key", "cn-hangzhou", auto_retry=False)
        daemon = EXAMPLE.MaintenanceDaemon(client, EXAMPLE.Policy(), interval=timedelta(hours=1))
        ecs_events.run(daemon.serve_forever, until="30h")

        assert [first.status, second.status, third.status] == ["Avoided", "Executed", "Canceled"]
        drawn = ecs_events.svg() + "\n"
    if "WRITE_PICTURES" in os.environ:
        PICTURE.write_text(drawn, "utf-8")
    assert PICTURE.read_text("utf-8") == drawn
