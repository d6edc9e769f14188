"""What a notification to a function costs, and whether many of them to many receivers cost more each."""

from statistics import median

from _measure import Row, duration, ratio_row, timed

from pytest_ecsevents import EcsEvents

EVENTS = 1_000
INSTANCES = 50
MOST_MICROSECONDS, MOST_GROWTH = 60, 1.2
PER_EVENT = 2
"""Executing and Executed; Scheduled is before the clock runs."""


def ignore(_notification):
    """A receiver that does nothing."""


def advanced(transitions, receivers):
    """Seconds for all transitions."""
    with EcsEvents() as ecs_events:
        for number in range(INSTANCES):
            ecs_events.instances.add(f"i-bench{number}")
        for number in range(transitions // PER_EVENT):
            ecs_events.create("SystemMaintenance.Reboot", f"i-bench{number % INSTANCES}", not_before=f"+{number + 1}m")
        for _ in range(receivers):
            ecs_events.subscribe(ignore)
        return timed(lambda: ecs_events.advance(minutes=transitions + 1))


def rows(quick):
    rounds = 3 if quick else 7
    pairs = [(advanced(EVENTS, 1), advanced(EVENTS, 0)) for _ in range(rounds)]
    cost = median((told - silent) / EVENTS for told, silent in pairs)
    told, silent = (median(column) / EVENTS for column in zip(*pairs, strict=True))
    microseconds = cost * 1e6
    yield Row(
        "a notification to a function",
        duration(told),
        duration(silent),
        f"+{microseconds:.1f} us",
        f"<= {MOST_MICROSECONDS} us",
        microseconds,
        MOST_MICROSECONDS,
    )
    taken = [(advanced(10 * EVENTS, 10) / (10 * EVENTS), advanced(EVENTS, 10) / EVENTS) for _ in range(rounds)]
    many, few = (median(column) for column in zip(*taken, strict=True))
    growth = median(one / other for one, other in taken)
    yield ratio_row("a transition that notifies 10, 10,000 / 1,000", many, few, ratio=growth, most=MOST_GROWTH)
