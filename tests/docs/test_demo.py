"""`make demo` shows the plugin in one screen or two."""

import re
import subprocess
import sys

import pytest
from pages import ROOT

DEMO = ROOT / "tools" / "demo"


def test_it_is_short_and_shows_a_failure_with_its_story(tmp_path):
    """With one example it prints a handler, its failure, and a line for the example; the report has pictures.

    With a line for each of the other examples it stays under 80 lines, without the SDKs' debug output.
    """
    pytest.importorskip("pytest_html")
    report = tmp_path / "demo.html"
    command = [sys.executable, str(DEMO), "function_compute", "--html", str(report), "--workers", "0"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")

    lines = ended.stdout.splitlines()
    examples = list((ROOT / "examples").glob("*/test_*.py"))
    assert len(lines) + len(examples) - 1 < 80
    assert "DEBUG" not in ended.stdout
    assert "def serve_forever" in ended.stdout
    assert "Scheduled -> Avoided: RebootInstance before NotBefore" in ended.stdout
    assert re.search(r"rescheduled-earlier\] FAILED", ended.stdout)
    assert "rescheduled by scenario rescheduled-earlier" in ended.stdout
    assert re.search(r"function_compute +\d+ passed", ended.stdout)
    assert lines[-1].endswith("demo.html")
    assert report.read_text("utf-8").count("&lt;svg") >= 5


def test_it_describes_every_example():
    """A new example needs a line in the demo."""
    described = re.findall(r'^    "(\w+)": "', (DEMO / "__main__.py").read_text("utf-8"), re.MULTILINE)
    assert sorted(described) == sorted(path.parent.name for path in (ROOT / "examples").glob("*/test_*.py"))
