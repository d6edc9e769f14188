"""A program: sends itself SIGINT at lines of the package while a cloud starts and stops, and writes what that leaves.

Arguments: what to do, the clock's back end, and a stride: of the lines that are executed, in the order of their first
execution, the signal comes at every stride-th, each in a round of its own. Writes JSON: the number of rounds, and where something
was left, with what. It ends there, because the process is no longer as it was.
"""

import json
import signal
import sys
import threading
import time
from pathlib import Path

from process_state import ProcessState

import pytest_ecsevents
from pytest_ecsevents import EcsEvents

PACKAGE = str(Path(pytest_ecsevents.__file__).parent)
WHOLE_EVERY = 25
"""Rounds from one whole comparison to the next; a quick look comes after each."""

# Lines before the stop begins, and after the start has ended. What comes there comes in the test.
BEFORE = {
    ("__enter__", "_ecs_events.py"),
    ("__exit__", "_ecs_events.py"),
    ("leave", "_wiring.py"),
    ("close", "_wiring.py"),
}


class Interrupt:
    """Sends SIGINT when the main thread is about to execute the `number`th new line of the package."""

    def __init__(self, number):
        self.number, self.seen, self.place = number, set(), None

    def __enter__(self):
        sys.settrace(self._enter)
        return self

    def __exit__(self, *_):
        sys.settrace(None)

    def _enter(self, frame, *_):
        path = frame.f_code.co_filename
        is_ours = path.startswith(PACKAGE) and (frame.f_code.co_name, Path(path).name) not in BEFORE
        return self._step if is_ours else None

    def _step(self, frame, event, _):
        if event == "line":
            line = frame.f_code.co_filename, frame.f_lineno
            if line not in self.seen:
                self.seen.add(line)
                if len(self.seen) == self.number:
                    self.place = f"{Path(line[0]).relative_to(PACKAGE)}:{line[1]}"
                    sys.settrace(None)
                    signal.raise_signal(signal.SIGINT)
        return self._step


def clock(ecs):
    """Only start and stop the clock."""


def server(ecs):
    """Start the server; it stops with the cloud."""
    assert ecs.endpoint


def quick_look():
    """Return what can be looked at in no time."""
    threads = sorted(thread.name for thread in threading.enumerate())
    names = (
        time.time,
        time.sleep,
        time.monotonic,
        threading.Thread.start,
        sys.meta_path[0],
        signal.getsignal(signal.SIGINT),
    )
    return threads, list(map(id, names)), len(list(Path("/proc/self/fd").iterdir()))


def a_round(act, backend, number):
    """Return where the signal came; None if it did not come any more."""
    interrupt, was_raised = Interrupt(number), False
    try:
        with interrupt, EcsEvents(backend=backend) as ecs:
            act(ecs)
    except KeyboardInterrupt:
        was_raised = True
    assert was_raised == (interrupt.place is not None)
    return interrupt.place


def main(what, backend, stride):
    """Go through all rounds."""
    act = {"clock": clock, "server": server}[what]
    for _ in range(2):
        a_round(act, backend, 10**9)
    whole, quick = ProcessState(), quick_look()
    places, changes = [], []
    while not changes and (not places or places[-1] is not None):
        places.append(a_round(act, backend, 1 + len(places) * stride))
        if quick_look() != quick or len(places) % WHOLE_EVERY == 0 or places[-1] is None:
            changes = list(whole.changes(ProcessState()))
    sys.stdout.write(
        json.dumps({"rounds": len(places), "after": places[-WHOLE_EVERY:] if changes else [], "left": changes})
    )


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
