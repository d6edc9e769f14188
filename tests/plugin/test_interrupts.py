"""Nothing is left running, listening or replaced after an interrupt at any line of a cloud's start and stop."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sizes import size

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="the process is compared by /proc")

PROGRAM = Path(__file__).parent / "interrupted_lines.py"
STRIDE = size(60, 1)
PAIRS = [(what, backend) for what in ("clock", "server") for backend in ("freezegun", "time-machine")]
"""By day the first and the last: each starts with the other's clock or without its server, so all parts are in them."""


@pytest.mark.parametrize(("what", "backend"), size(PAIRS[::3], PAIRS))
def test_an_interrupt_at_any_line_leaves_the_process_as_it_was(what, backend):
    """SIGINT comes once in each round; names, threads, sockets and handlers of signals are compared afterwards."""
    ran = subprocess.run(
        [sys.executable, PROGRAM, what, backend, str(STRIDE)],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": os.pathsep.join([str(PROGRAM.parent.parent), os.environ.get("PYTHONPATH", "")])},
    )
    found = json.loads(ran.stdout)
    assert found["left"] == [], found["after"]
    assert found["rounds"] * STRIDE > 700
