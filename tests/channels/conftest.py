"""A cloud with one instance, whose events tests observe."""

import pytest
from printed import REBOOT

from pytest_ecsevents import EcsEvents


@pytest.fixture
def ecs():
    """A cloud in 2030 with one instance."""
    with EcsEvents(seed="receivers") as ecs_events:
        ecs_events.instances.add("i-web1", resource_group_id="rg-web")
        yield ecs_events


@pytest.fixture
def publish(ecs):
    """Publish a reboot due in a day; its notification is sent at once."""

    def publish(instance_id="i-web1", not_before="+24h", **options):
        return ecs.create(REBOOT, instance_id, not_before=not_before, **options)

    return publish
