"""The handler of the demo, in five scenarios: in one of them it comes too late."""

import pytest
from aliyunsdkcore.client import AcsClient
from handler import serve_forever

from pytest_ecsevents import EcsEvents, Scenario


@pytest.mark.ecs_scenarios("avoidable", "canceled-*", "rescheduled-*", instance_id="i-web1")
def test_maintenance(ecs_events: EcsEvents, ecs_scenario: Scenario) -> None:
    """The event ends as well as it can."""
    ecs_events.run(serve_forever, AcsClient("any", "key", "cn-hangzhou"), until=ecs_scenario.until)

    ecs_scenario.assert_expected()
