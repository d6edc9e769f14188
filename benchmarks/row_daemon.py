"""What a month of a daemon costs beyond its calls: its sleeping, its clock, and all that is noted of 43,200 polls."""

import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

from _measure import ratio_row

WORKER = Path(__file__).with_name("_daemon_worker.py")
MOST = 1.30


@contextmanager
def worker(which):
    """A function that has six hours of polls made in a process of its own."""
    command = [sys.executable, str(WORKER), which]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def poll():
            process.stdin.write("\n")
            process.stdin.flush()
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"{' '.join(command)} has ended")
            return float(line)

        try:
            yield poll
        finally:
            process.stdin.close()


def rows(quick):
    days = 3 if quick else 30
    with ExitStack() as stack:
        ours, static = (stack.enter_context(worker(which)) for which in ("ours", "static"))
        taken = [(ours(), static()) for _ in range(4 * days)]
    yield ratio_row(
        f"a daemon, {days} days of 1,440 polls / bare calls", *map(sum, zip(*taken, strict=True)), most=MOST
    )
