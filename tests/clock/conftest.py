"""The cloud of most tests of the clock."""

import pytest

from pytest_ecsevents import EcsEvents


@pytest.fixture
def ecs(either_backend):
    """A cloud at 2030-01-01T00:00:00Z with one instance."""
    with EcsEvents(backend=either_backend) as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events
