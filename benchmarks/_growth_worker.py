"""A process that holds a store of so many events, and measures it on command.

Each line read is a command, `build` or `describe`; each line written is its figures as JSON.
"""

import json
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import _sdk
from _measure import processor_clock, timed

from pytest_ecsevents import EcsEvents

EVENTS_PER_INSTANCE = 10


def resident_bytes():
    """What the process occupies, or 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Store:
    """One test's cloud after the other, each with `size` events that have run their course."""

    def __init__(self, size):
        self.size = size
        self.around = ExitStack()
        self.call = _sdk.history_call("InstanceId", f"i-bench{size // EVENTS_PER_INSTANCE // 2}")

    def build(self):
        """Create the events, each due at its own second, and let all of them happen."""
        self.around.close()
        ecs_events = self.around.enter_context(EcsEvents())
        ecs_events.patience = 3600  # its calls are all at one instant, and take long on a busy machine
        for number in range(self.size // EVENTS_PER_INSTANCE + 1):
            ecs_events.instances.add(f"i-bench{number}")
        before = resident_bytes()
        seconds = timed(lambda: self._live(ecs_events), clock=processor_clock)
        transitions = sum(len(event.history) for event in (*ecs_events,)[:10]) // 10 * self.size
        return {"seconds": seconds / transitions, "bytes": (resident_bytes() - before) / self.size}

    def _live(self, ecs_events):
        for number in range(self.size):
            instance_id = f"i-bench{number // EVENTS_PER_INSTANCE}"
            ecs_events.create("SystemMaintenance.Reboot", instance_id, not_before=f"+{3600 + number}s")
        ecs_events.advance(seconds=3600 + self.size + 60)

    def describe(self):
        """Ask for the events of one instance."""
        return {"seconds": timed(self.call, 100, clock=processor_clock)}


def serve():
    store = Store(int(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(getattr(store, line.strip())()), flush=True)


if __name__ == "__main__":
    serve()
