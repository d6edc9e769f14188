"""What a failed test's report costs after many sleeps and many events, and whether many cost more each."""

import time
from statistics import median

from _measure import duration_row, processor_clock, ratio_row, timed

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.plugin import REPORT_LINES

SIZES, FEWER = ((150_000, "sleeps"), (20_000, "events"), (160_000, "events")), 10
MOST_SECONDS, MOST_GROWTH = 0.2, 2.0


def report(ecs_events):
    """The report of a failed test."""
    return ecs_events._parts.timeline(REPORT_LINES)  # noqa: SLF001  # tests can only ask for the whole timeline


def slept(number):
    """Seconds to report sleeps of ever other lengths."""
    with EcsEvents() as ecs_events:
        for turn in range(number):
            time.sleep(2.0 ** (turn % 17))
        return timed(lambda: report(ecs_events), clock=processor_clock)


def published(number):
    """Seconds to report events."""
    with EcsEvents() as ecs_events:
        for turn in range(100):
            ecs_events.instances.add(f"i-bench{turn}")
        for turn in range(number):
            ecs_events.create("SystemMaintenance.Reboot", f"i-bench{turn % 100}", not_before="+1h")
        return timed(lambda: report(ecs_events), clock=processor_clock)


def rows(quick):
    size = 10 if quick else 1
    for whole, noun in SIZES:
        number, report = whole // size, {"sleeps": slept, "events": published}[noun]
        pairs = [(report(number), report(number // FEWER)) for _ in range(3)]
        many, few = (median(column) for column in zip(*pairs, strict=True))
        yield duration_row(f"report of {number:,} {noun}", many, most=MOST_SECONDS)
        growth = many / few / FEWER
        name = f"one of {number:,} {noun} / {number // FEWER:,}"
        yield ratio_row(name, many / number, few / number * FEWER, ratio=growth, most=MOST_GROWTH)
