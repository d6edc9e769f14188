"""What each further event keeps, counted: a test of a million events needs less than a gigabyte, and few passes of the collector."""

import gc
import tracemalloc
from contextlib import contextmanager

import pytest

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.services.cms._notification import Notification

EVENTS_PER_INSTANCE = 10


@contextmanager
def cloud(instances):
    """Yield a cloud with that many instances."""
    with EcsEvents() as ecs_events:
        for number in range(instances):
            ecs_events.instances.add(f"i-{number}")
        yield ecs_events


def live(ecs_events, first, number):
    """Let that many further events run their course: three transitions each."""
    for one in range(first, first + number):
        ecs_events.create("SystemMaintenance.Reboot", f"i-{one // EVENTS_PER_INSTANCE}", not_before=f"+{3600 + one}s")
    ecs_events.advance(seconds=3600 + first + number + 60)


def test_an_event_keeps_few_objects():
    """The collector visits at most six an event: the record, its view, and each transition."""
    with cloud(200) as ecs_events:
        live(ecs_events, 0, 1000)
        gc.collect()
        before = len(gc.get_objects())
        live(ecs_events, 1000, 1000)
        gc.collect()
        assert len(gc.get_objects()) - before <= 6 * 1000


def test_an_event_keeps_few_bytes():
    """At most 900 bytes an event, of which no notification is part."""
    with cloud(30) as ecs_events:
        live(ecs_events, 0, 100)
        tracemalloc.start()
        try:
            live(ecs_events, 100, 200)
            gc.collect()
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert kept <= 900 * 200


def notifications():
    """Return how many notifications there are as objects."""
    gc.collect()
    return sum(isinstance(one, Notification) for one in gc.get_objects())


@pytest.mark.parametrize("listens", [False, True])
def test_a_notification_is_kept_as_its_transition(listens):
    """It adds no object, whether something listens or not."""
    with cloud(1) as ecs_events:
        subscription = ecs_events.subscribe(lambda _: None, names="Instance:SystemMaintenance.Reboot:Failed")
        if not listens:
            subscription.cancel()
        before = notifications()
        live(ecs_events, 0, 2)
        assert notifications() == before
        assert len(ecs_events.notifications) == 6
