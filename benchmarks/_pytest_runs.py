"""Running pytest in processes of its own."""

import os
import resource
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from statistics import median

OURS = "ecsevents"

# Installed packages have their bytecode at hand; so do these, also where the environment forbids Python to write it.
BYTECODE = Path(__file__).parent / "__pycache__" / "prefix"


@contextmanager
def folder():
    """An empty directory with a configuration of its own."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name)
        (path / "pytest.ini").write_text("[pytest]\n")
        yield path


def arguments(file, *, with_plugin, needs=None):
    """pytest's arguments: every other installed plugin off but one that the file needs, and this one off where asked."""
    off = {entry.name for entry in entry_points(group="pytest11")} | {"cacheprovider"}
    if with_plugin:
        off.discard(OURS)
    off.discard(needs)
    return ["-q", *(f"-pno:{name}" for name in sorted(off)), str(file)]


def python(*words, folder):
    """Run Python in a process of its own, and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(BYTECODE)
    command = [sys.executable, *map(str, words)]
    result = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder, env=environment)
    if result.returncode:
        raise SystemExit(f"{' '.join(command)}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result.stdout


def run(file, *options, with_plugin, needs=None):
    """Run pytest on a file in a process of its own."""
    python("-m", "pytest", *arguments(file, with_plugin=with_plugin, needs=needs), *options, folder=file.parent)


def spent(function):
    """Seconds of processor time that the processes take which a function starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    function()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class Suite:
    """The same test written once and many times, to tell what one more costs."""

    def __init__(self, path, name, header, test, count, *, with_plugin, needs=None):
        self.count, self.with_plugin, self.needs = count, with_plugin, needs
        self.one, self.many = path / f"test_{name}_1.py", path / f"test_{name}_n.py"
        for file, times in (self.one, 1), (self.many, count):
            file.write_text(header + "".join(test.format(number) for number in range(times)))

    def run(self, file):
        return spent(lambda: run(file, with_plugin=self.with_plugin, needs=self.needs))

    def cost(self):
        """Seconds of processor time that each further test takes."""
        alone = self.run(self.one)
        return (self.run(self.many) - alone) / (self.count - 1)


def costs_in_rounds(suites, rounds):
    """What a test of each suite costs, round by round."""
    for suite in suites:
        suite.run(suite.one)
    return [[suite.cost() for suite in suites] for _ in range(rounds)]


def costs_in_turn(suites, rounds):
    """The median cost of a test of each suite."""
    return [median(column) for column in zip(*costs_in_rounds(suites, rounds), strict=True)]
