"""What the installed plugin adds to a run of pytest that does not use it."""

import json
from pathlib import Path

from _measure import added_row, timed
from _pytest_runs import folder, python, run

WORKER = Path(__file__).with_name("_startup_worker.py")
MOST = 5e-3


def rows(quick):
    with folder() as path:
        file = path / "test_trivial.py"
        file.write_text("def test_trivial(): pass\n")

        def start(with_plugin):
            return timed(lambda: run(file, "--collect-only", with_plugin=with_plugin))

        start(True), start(False)
        pairs = [(start(True), start(False)) for _ in range(5 if quick else 15)]
        yield added_row("pytest --collect-only, plugin unused / off", pairs, most=MOST)
        pairs = json.loads(python(WORKER, file, 21 if quick else 101, folder=path))
        yield added_row("the same again and again in one process", pairs, most=MOST)
