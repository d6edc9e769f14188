"""`make demo` shows the plugin in one screen or two."""

import os
import re
import subprocess
import sys

import pytest
from pages import ROOT

DEMO = ROOT / "tools" / "demo"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo with one example; its lines and its report."""
    pytest.importorskip("pytest_html")
    report = tmp_path_factory.mktemp("demo") / "demo.html"
    command = [sys.executable, str(DEMO), "queue_consumer", "--html", str(report), "--workers", "0"]
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "", "PYTEST_ADDOPTS": ""}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.splitlines(), report.read_text("utf-8")


def test_it_is_short(demo):
    """With a line for each of the other examples it stays under 80 lines, without the SDKs' debug output."""
    lines, _ = demo
    examples = [path for path in (ROOT / "examples").iterdir() if list(path.glob("test_*.py"))]
    assert len(lines) + len(examples) - 1 < 80
    assert not [line for line in lines if "DEBUG" in line]


def test_it_shows_a_failure_with_its_story_and_a_line_for_each_example(demo):
    """The handler misses one scenario; the example passes."""
    text = "\n".join(demo[0])
    assert "serve_forever" in text
    assert "Scheduled -> Avoided: RebootInstance before NotBefore" in text
    assert re.search(r"rescheduled-earlier\] FAILED", text)
    assert "rescheduled by scenario rescheduled-earlier" in text
    assert re.search(r"queue_consumer +\d+ passed", text)
    assert "demo.html" in text


def test_its_report_has_pictures(demo):
    """Of the demo's own tests, and of the examples'."""
    assert demo[1].count("&lt;svg") + demo[1].count("<svg") >= 5


def test_it_describes_every_example():
    """A new example needs a line in the demo."""
    described = re.findall(r'^    "(\w+)": "', (DEMO / "__main__.py").read_text("utf-8"), re.MULTILINE)
    assert sorted(described) == sorted(path.parent.name for path in (ROOT / "examples").glob("*/test_*.py"))
