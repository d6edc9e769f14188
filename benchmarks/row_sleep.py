"""What a sleep costs when nothing is due, beyond moving freezegun's clock by hand."""

import time

from _measure import Row, duration, in_turn

from pytest_ecsevents import EcsEvents

MOST = 20e-6
_SLEEPS = 500


def rows(quick):
    from freezegun import api

    rounds = 21 if quick else 101
    with EcsEvents() as ecs_events:

        def sleep():
            time.sleep(1)

        def tick():
            api.freeze_factories[-1].tick(1)

        def sleep_under_run():
            ecs_events.run(_sleeper, until=f"{_SLEEPS - 1}s")

        yield _row("an idle sleep / freezegun's tick", *in_turn(sleep, tick, rounds=rounds))
        under_run, alone, _ = in_turn(sleep_under_run, tick, rounds=rounds)
        yield _row("the same in a loop under run", under_run / _SLEEPS, alone)


def _sleeper():
    while True:
        time.sleep(1)


def _row(what, ours, other, _ratio=None):
    added = ours - other
    return Row(what, duration(ours), duration(other), f"+{duration(added)}", f"<= +{duration(MOST)}", added, MOST)
