"""What the README and the manual show works.

A Python block is a file of its own, as it would be pasted. A block whose first line is a comment with a file's name is that
file, and stays for the blocks below it on the page. A block under `<!-- output of: pytest ... -->`, or a block of `console`
that begins with `$ pytest ...`, is what pytest prints with the files so far; a line `...` stands for any lines. In the comment,
`; file.py: old -> new` changes a file for this call alone.
"""

import os
import re
import subprocess
import sys
import warnings
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shutil import which

import pytest
from hypothesis import settings
from pages import PAGES, fences, page_id
from sizes import NIGHTLY

# What makes a snippet short by day: what the page shows, and what stands in its place.
SHORTER = {
    "test_a_month": [("28 * 24", "2 * 24"), ("30d", "4d")],
    "test_whatever_becomes_of_the_maintenance": [("sleep(300)", "sleep(3600)")],
    "test_a_month_of_maintenance": [('"30d"', '"3d"'), ("30 * 24", "3 * 24")],
    "test_the_queue_is_drained_while_the_clock_moves": [('"+2h"', '"+2m"'), ('"6h"', '"10m"')],
    "test_the_agent_drains_in_time": [("+1h2s", "+2m2s"), ("T01:05:02Z", "T00:07:02Z"), ("01:00:05", "00:02:05")],
}

settings.register_profile("snippets", max_examples=5, stateful_step_count=10, deadline=None, derandomize=True)


@pytest.fixture(autouse=not NIGHTLY)
def few_examples():
    """By day, Hypothesis tries little in a snippet."""
    settings.load_profile("snippets")
    yield
    settings.load_profile("default")


@pytest.fixture(autouse=True, scope="module")
def load_once():
    """Load what takes long: a run of pytest inside a test forgets what it loads."""
    for name in ("alibabacloud_ecs20140526.client", "fastapi.testclient", "flask", "hypothesis.stateful"):
        with suppress(ModuleNotFoundError), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # starlette's, about the client library that it prefers
            import_module(name)


# Warnings of other libraries differ from version to version; those of the plugin must not come.
OURS = ("RealWorkWarning", "TextForListWarning", "UnknownParameterWarning", "UnknownRegionWarning")
OPTIONS = [
    *("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "ignore"),
    *(f"-Werror::pytest_ecsevents.{name}" for name in OURS),
]


OWN_TESTS = f"{Path(__file__).parents[1]}{os.sep}"
OPTIONAL = ("aliyunsdk", "alibabacloud", "click", "fastapi", "flask", "mns", "oss2", "werkzeug")


def by_day(fence):
    """The text of a block; by day some wait less long."""
    text = fence.text
    for shown, shorter in () if NIGHTLY or not fence.tests else SHORTER.get(fence.tests[0], ()):
        assert shown in text
        text = text.replace(shown, shorter)
    return text


def is_runnable(text, name=None):
    """Whether the environment has the SDKs, frameworks and packages of Node that a block loads."""
    modules = re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE)
    if str(name).endswith("js"):
        return which("node") is not None and all(map(can_require, re.findall(r'require\("(.+?)"\)', text)))
    return all(find_spec(module) for module in modules if module.startswith(OPTIONAL))


@cache
def can_require(name):
    """Whether Node finds a package; NODE_PATH says where."""
    asked = ["node", "-e", f"require.resolve('{name}')"]
    return subprocess.run(asked, check=False, capture_output=True).returncode == 0


def without_chance(line):
    """A line without real seconds, the rules whose length depends on them, and the ports of servers."""
    line = re.sub(r"\d+\.\d\ds", "?s", line)
    return re.sub(r"(?<=127\.0\.0\.1:)\d+", "?", line).strip("= ")


@contextmanager
def edited(folder, edit):
    """Replace a text in a file for a while."""
    if edit is None:
        yield
        return
    name, before, after = edit
    file = folder / name
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")
    yield
    file.write_text(text, "utf-8")


def lack(printed, expected):
    """The first expected line that was not printed, in order.

    A line `...` stands for any lines, and `...` in a line for any text.
    """
    lines = iter(without_chance(line) for line in printed)
    for line in expected:
        pattern = re.escape(without_chance(line)).replace(re.escape("..."), ".*")
        if line.strip() != "..." and not any(re.fullmatch(pattern, one) for one in lines):
            return line
    return None


def call_of(fence):
    """The arguments of pytest and the lines it prints; by day without workers of xdist, which are processes of their own."""
    arguments, lines = fence.arguments, fence.text.splitlines()
    if "-n" not in arguments:
        return arguments, lines
    if NIGHTLY:
        return ["-p", pytest.importorskip("xdist").__name__, *arguments], lines
    place = arguments.index("-n")
    return arguments[:place] + arguments[place + 2 :], [line for line in lines if not re.match(WITH_WORKERS, line)]


WITH_WORKERS = r"\d+ workers \[|[.]+ "
"""Lines that look otherwise without workers."""


@pytest.mark.parametrize("page", [page for page in PAGES if "```" in page.read_text("utf-8")], ids=page_id)
def test_every_snippet_runs_as_it_stands(pytester, monkeypatch, page):
    """The blocks of a page, pasted into files, are tests that pass, and print what the page says."""
    # Files of this project's own tests may have the same names.
    for name, module in list(sys.modules.items()):
        if name.startswith("test_") and str(getattr(module, "__file__", None)).startswith(OWN_TESTS):
            monkeypatch.delitem(sys.modules, name)
    tests, done = {}, None
    for number, fence in enumerate(fences(page.read_text("utf-8"))):
        if fence.arguments is not None:
            arguments, lines = call_of(fence)
            with edited(pytester.path, fence.edit):
                result = pytester.runpytest_inprocess(*arguments, *OPTIONS)
            missing = lack(result.outlines, lines)
            assert missing is None, f"{missing!r} was not printed, or not in this place"
            done = None if fence.edit else result.parseoutcomes()
        elif fence.name or fence.language == "python":
            text = by_day(fence)
            if is_runnable(text, fence.name):
                file = pytester.path / (fence.name or f"test_{number}.py")
                file.parent.mkdir(exist_ok=True, parents=True)
                file.write_text(text, "utf-8")
                tests[file], done = text.count("def test_"), None
            elif fence.name:
                pytest.skip(f"{fence.name} needs what is not installed")
    if sum(tests.values()):
        done = done or pytester.runpytest_inprocess(*OPTIONS).parseoutcomes()
        left_out = done.pop("deselected", 0)
        assert set(done) == {"passed"}
        # A test may be run several times over.
        assert done["passed"] + left_out >= sum(tests.values())


@pytest.mark.parametrize("page", [page for page in PAGES if "```ini" in page.read_text("utf-8")], ids=page_id)
def test_every_setting_shown_exists(pytestconfig, page):
    """The blocks of an ini file name settings that pytest, this plugin, or a plugin that is named there have."""
    text = "\n".join(fence.text for fence in fences(page.read_text("utf-8")) if fence.language == "ini")
    names = re.findall(r"^(\w+)\s*=", text, re.MULTILINE)
    assert names
    assert [name for name in names if name not in pytestconfig._parser._inidict] == []
