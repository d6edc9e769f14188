"""What the installed plugin adds to a run of pytest that does not use it."""

import json
from pathlib import Path
from statistics import median, quantiles

from _measure import Row, timed
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
        yield _row("pytest --collect-only, plugin unused / off", pairs)
        pairs = json.loads(python(WORKER, file, 21 if quick else 101, folder=path))
        yield _row("the same again and again in one process", pairs)


def _row(what, pairs):
    """The median of the differences, and how far it may be off by the spread of the pairs."""
    ours, other = (median(column) * 1e3 for column in zip(*pairs, strict=True))
    lower, added, upper = quantiles([one - two for one, two in pairs], n=4)
    noise = 1.57 * (upper - lower) / len(pairs) ** 0.5
    shown = f"{added * 1e3:+.1f}±{noise * 1e3:.1f} ms"
    return Row(what, f"{ours:.1f} ms", f"{other:.1f} ms", shown, f"<= +{MOST * 1e3:.0f} ms", added, MOST, noise)
