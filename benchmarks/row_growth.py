"""Whether a thousand times as many events cost more each."""

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from _measure import Row, duration_row, ratio_row

WORKER = Path(__file__).with_name("_growth_worker.py")
SMALL = 1_000
MOST_TRANSITION, MOST_DESCRIBE, MOST_BYTES = 1.25, 1.5, 900


@contextmanager
def worker(size):
    """A function that has a store of `size` events measured in a process of its own."""
    command = [sys.executable, str(WORKER), str(size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def ask(what):
            process.stdin.write(f"{what}\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"{' '.join(command)} has ended while it was to {what}")
            return json.loads(line)

        try:
            yield ask
        finally:
            process.stdin.close()


def rows(quick):
    for size in (10_000,) if quick else (100_000, 1_000_000):
        yield from _rows(size, repeats=5 if quick else 15, rounds=5 if quick else 21)


def _rows(size, *, repeats, rounds):
    with ExitStack() as stack:
        small, big = (stack.enter_context(worker(number)) for number in (SMALL, size))
        builds = [small("build")["seconds"] for _ in range(repeats)]
        built = big("build")
        builds += [small("build")["seconds"] for _ in range(repeats)]
        yield duration_row(f"a transition, {SMALL:,} events", median(builds))
        yield ratio_row(
            f"a transition, {size:,} events / {SMALL:,}", built["seconds"], median(builds), most=MOST_TRANSITION
        )
        taken = [(big("describe")["seconds"], small("describe")["seconds"]) for _ in range(rounds)]
        figures = (median(column) for column in zip(*taken, strict=True))
        yield ratio_row(f"events of one instance, {size:,} / {SMALL:,}", *figures, most=MOST_DESCRIBE)
        kept = built["bytes"]
        limit = f"<= {MOST_BYTES}"
        yield Row(
            f"memory an event, {size:,} events", f"{kept:,.0f} bytes", "", f"{kept:,.0f}", limit, kept, MOST_BYTES
        )
