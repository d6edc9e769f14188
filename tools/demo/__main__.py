"""What the plugin does, in less than a minute and 80 lines: `make demo`.

It shows a handler, how the clock jumps through an event that the handler answers, a scenario in which it fails, and the
examples' results. The HTML report has a picture of each test's story.
"""

import argparse
import inspect
import os
import re
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import handler
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EXAMPLES = {
    "simulate_system_events": "the program of Alibaba Cloud's article on simulated events",
    "maintenance_poller": "drains, reboots and puts back, one poll at a time",
    "maintenance_daemon": "a daemon's loop: lost answers, SIGTERM, a month of 200 events",
    "async_poller": "the newer SDK and asyncio, several regions at once",
    "queue_consumer": "a consumer of a message queue, polls in virtual time",
    "function_compute": "a function that event rules and EventBridge invoke",
}

BOLD, RED, GREEN = 1, 31, 32
INDENT = "   "
CLEAR = "\r\x1b[K"
COLOUR = re.compile(r"\x1b\[[\d;]*m")
RULE = re.compile(r"[=_-]{3,} (.+) [=_-]{3,}")

# This project's own settings are for its tests.
PLAIN = ["-o", "addopts=", "-o", "filterwarnings=ignore"]
OPTIONS = [*PLAIN, "-p", "ecsevents", "-p", "no:cacheprovider"]


def main() -> int:
    """Show it all; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make demo", description="Shows what pytest-ecsevents does.")
    parser.add_argument("examples", nargs="*", default=list(EXAMPLES), help="folders of examples/; default: all")
    parser.add_argument("--html", type=Path, default=ROOT / "build" / "demo.html", help="where the report goes")
    parser.add_argument(
        "--workers", default="auto", help="processes, if pytest-xdist is installed; default: all processors"
    )
    wanted = parser.parse_args()
    has_colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    show = Screen(has_colours=has_colours)

    show.title("1  A handler, as it runs in production: tools/demo/handler.py")
    show.code(inspect.getsource(handler.serve_forever))

    show.title("2  Maintenance is planned. The clock jumps from wait to wait, and a day takes no time")
    sections = sections_of(run_tests(has_colours=has_colours))
    show.lines(story(sections, "avoidable"))

    show.title("3  Other scenarios of the same event. In one the handler comes too late")
    show.lines(failure(sections))

    show.title("4  The examples, with their real SDKs, and the seconds that their tests take")
    summary = Summary(show)
    run_examples(wanted.examples, wanted.html, wanted.workers, summary)
    left_out = [name for name in wanted.examples if name not in summary.shown]
    show.lines([f"{name:<24} not run: a package is not installed" for name in left_out])

    if wanted.html.exists():
        show.title(
            "5  The report has a picture of each test: a lane for each instance, bars for statuses, marks for calls"
        )
        show.lines([os.path.relpath(wanted.html)])
    return int(summary.has_failed)


class Screen:
    """The terminal.

    Args:
        has_colours: Whether to use colours.
    """

    def __init__(self, *, has_colours: bool) -> None:
        self._has_colours = has_colours

    def paint(self, text: str, code: int) -> str:
        """The text in a colour, by its number in ANSI's escape codes."""
        return f"\x1b[{code}m{text}\x1b[0m" if self._has_colours else text

    def title(self, text: str) -> None:
        """A heading, after an empty line."""
        print("\n" + self.paint(text, BOLD), flush=True)

    def lines(self, lines: Iterable[str]) -> None:
        """Lines, indented."""
        for line in lines:
            print(INDENT + line, flush=True)

    def code(self, text: str) -> None:
        """Python code; in colours if Pygments is installed, as it is with pytest 8.4 and newer."""
        if self._has_colours:
            try:
                from pygments import highlight
                from pygments.formatters import TerminalFormatter
                from pygments.lexers import PythonLexer
            except ModuleNotFoundError:
                pass
            else:
                text = highlight(text, PythonLexer(), TerminalFormatter())
        self.lines(text.rstrip().splitlines())

    def progress(self, text: str) -> None:
        """A line that the next one replaces; nothing where the output is no terminal."""
        if sys.stdout.isatty():
            print(f"{CLEAR}{INDENT}{text}", end="", flush=True)

    def replace(self, text: str) -> None:
        """A line in the place of `progress`."""
        print(f"{CLEAR if sys.stdout.isatty() else ''}{INDENT}{text}", flush=True)


def run_tests(*, has_colours: bool) -> list[str]:
    """Run the demo's tests; returns what pytest prints."""
    command = [sys.executable, "-m", "pytest", "-v", "--no-header", "--tb=short", *OPTIONS]
    command += ["-rP", "--ecs-events-timeline=all", f"--color={'yes' if has_colours else 'no'}", str(HERE)]
    return subprocess.run(
        command, cwd=HERE, env=environment(), check=False, capture_output=True, text=True
    ).stdout.splitlines()


def environment() -> dict[str, str]:
    """The environment of pytest: of other plugins it loads those that the command names."""
    width = min(shutil.get_terminal_size().columns, 120) - len(INDENT)
    return {**os.environ, "COLUMNS": str(width), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}


class Section(NamedTuple):
    """A part of what pytest prints: its heading, as words and as a line, and the lines below."""

    words: str
    heading: str
    lines: list[str]


def sections_of(lines: list[str]) -> list[Section]:
    """What pytest prints, cut at its rules of `=`, `_` and `-`."""
    sections: list[Section] = []
    for line in lines:
        rule = RULE.fullmatch(COLOUR.sub("", line))
        if rule:
            sections.append(Section(rule[1], line, []))
        elif line.strip():
            sections[-1].lines.append(line)
    return sections


def story(sections: list[Section], scenario: str) -> list[str]:
    """The timeline of a test that passed."""
    words = [section.words for section in sections]
    name = next(word for word in words if word.endswith(f"-{scenario}]"))
    return sections[words.index("ECS events", words.index(name))].lines


def failure(sections: list[Section]) -> Iterator[str]:
    """The result of each scenario, the failure and its timeline, and the summary."""
    begin, *others, end = sections
    yield from (line for line in begin.lines if "::" in line)
    words = [section.words for section in others]
    failed = words.index("FAILURES") + 1
    for section in (others[failed], others[words.index("ECS events", failed)]):
        yield section.heading
        yield from section.lines
    yield end.heading


class Summary:
    """A plugin of pytest that prints a line for each example when its last test has ended.

    Args:
        screen: Where it prints.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._left: Counter[str] = Counter()
        self._outcomes: dict[str, dict[str, str]] = {}
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self.shown: list[str] = []
        self.has_failed = False

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Count the tests of each example, in a run without xdist."""
        self._expect(item.nodeid for item in session.items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Count them in a run with xdist; each worker has collected all of them."""
        self._expect(ids)

    def _expect(self, ids: Iterable[str]) -> None:
        counted = Counter(map(example_of, ids))
        self._left = self._left or counted

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note the report of a test's phase."""
        name = example_of(report.nodeid)
        outcomes = self._outcomes.setdefault(name, {})
        self._seconds[name] += report.duration
        if report.outcome != "passed" or report.when == "call":
            outcomes[report.nodeid] = report.outcome
        if report.when != "teardown":
            return
        self._left[name] -= 1
        done = sum(map(len, self._outcomes.values()))
        self._screen.progress(f"{done} of {done + self._left.total()} tests")
        if not self._left[name] and name in EXAMPLES:
            self._show(name, Counter(outcomes.values()))

    def _show(self, name: str, counted: "Counter[str]") -> None:
        self.shown.append(name)
        self.has_failed |= counted["failed"] > 0
        result = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counted.items()))
        painted = self._screen.paint(f"{result:<12}", RED if counted["failed"] else GREEN)
        self._screen.replace(f"{name:<24} {painted} {self._seconds[name]:4.0f} s  {EXAMPLES[name]}")


def example_of(nodeid: str) -> str:
    """The folder of a test's file."""
    return Path(nodeid.partition("::")[0]).parent.name


def run_examples(names: list[str], report: Path, workers: str, summary: Summary) -> None:
    """Run the examples, and the demo's own test for its picture.

    Args:
        names: Folders of the examples.
        report: Where the HTML report is written, if pytest-html is installed.
        workers: The number of processes, for pytest-xdist.
        summary: Prints the results.
    """
    options = [*OPTIONS, "-p", "no:terminal", "--ecs-events-timeline=all"]
    if find_spec("pytest_html"):
        options += ["-p", "metadata", "-p", "html", f"--html={report}", "--self-contained-html"]
    if find_spec("xdist") and workers != "0":
        options += ["-p", "xdist", "-n", workers]
    os.environ.update(environment())
    pytest.main([*options, str(HERE), *(str(ROOT / "examples" / name) for name in names)], plugins=[summary])


if __name__ == "__main__":
    sys.exit(main())
