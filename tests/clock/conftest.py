"""The cloud of most tests of the clock."""

import pytest

from pytest_ecsevents import EcsEvents


@pytest.fixture(params=["freezegun", "time-machine"])
def ecs(request):
    """A cloud at 2030-01-01T00:00:00Z with one instance, on each back end."""
    with EcsEvents(backend=request.param) as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events
