"""The pages of what the fake can do, and of what is a guess, are those that their script writes."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ecsevents.face._scenarios import SCENARIOS, case_of
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS
from pytest_ecsevents.services._products import ACTIONS
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES
from pytest_ecsevents.services.metadata._errors import ERRORS
from pytest_ecsevents.services.metadata._items import ITEMS

SCRIPT = Path(__file__).parents[2] / "tools" / "generate_capabilities.py"
PAGE, GUESSES = (
    (SCRIPT.parents[1] / "docs" / name).read_text(encoding="utf-8") for name in ("capabilities.md", "guesses.md")
)
SECTIONS = dict(re.findall(r"^##+ (.+)\n((?:(?!##).*\n)*)", PAGE, re.MULTILINE))


@pytest.fixture
def script():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("generate_capabilities", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells(line):
    """The cells of a table's row; an escaped bar ends none."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def test_the_pages_are_up_to_date(script):
    """The pages in the repository are what the tables of the package give; else run the script."""
    assert script.page() == PAGE
    assert script.guesses_page() == GUESSES
    assert script.main(["--check"]) == 0


def test_another_process_writes_the_same_pages():
    """The pages depend on nothing that differs between two runs, the order of sets included."""
    environment = {**os.environ, "PYTHONHASHSEED": "1", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, str(SCRIPT), "--print"]
    run = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert run.stdout.decode().replace("\r\n", "\n") == PAGE + GUESSES


@pytest.mark.parametrize("before", [None, PAGE + "more\n"], ids=["missing", "out of date"])
def test_check_tells_what_writing_mends(script, monkeypatch, tmp_path, capsys, before):
    """`--check` is 1 and says what to run while a page is not the tables', and 0 once it has been written."""
    page = tmp_path / "capabilities.md"
    (tmp_path / "guesses.md").write_text(GUESSES, encoding="utf-8")
    if before is not None:
        page.write_text(before, encoding="utf-8")
    monkeypatch.setattr(script, "DOCS", tmp_path)
    assert script.main(["--check"]) == 1
    told = "capabilities.md is out of date. Run: python tools/generate_capabilities.py\n"
    assert capsys.readouterr().err == told
    assert script.main([]) == 0
    assert page.read_text(encoding="utf-8") == PAGE
    assert script.main(["--check"]) == 0
    assert capsys.readouterr() == ("", "")


def test_every_link_has_its_heading():
    """Each link within the page leads to a heading of it, and each action is linked."""
    anchors = {heading.lower().replace(" ", "-") for heading in SECTIONS}
    links = dict(re.findall(r"\[([^]]+)\]\(#([^)]+)\)", PAGE))
    assert set(links.values()) <= anchors
    assert set(ACTIONS) <= set(links)


def test_every_row_has_the_cells_of_its_header():
    """No text in a table ends its cell early."""
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        header, *rows = map(cells, table.splitlines())
        assert len(rows) > 1
        assert [row for row in rows if len(row) != len(header)] == []


@pytest.mark.parametrize("action", ACTIONS)
def test_an_action_is_told_in_full(action):
    """Its section names each parameter and member, each error with its status, and has each guess as a point."""
    section, row = SECTIONS[action], ACTIONS[action]
    assert [name for name in row.parameters.known_names() if f"`{name}`" not in section] == []
    rows = [cells(line)[:2] for line in section.splitlines() if line.startswith("|")]
    assert [one for one in row.errors.rows if [f"`{one.code}`", str(one.http_status)] not in rows] == []
    assert len(re.findall(r"^- ", section, re.MULTILINE)) == len(row.notes)


def test_every_network_fault_is_told():
    """The table of network faults has each by its name."""
    rows = [cells(line)[0] for line in SECTIONS["Network faults"].splitlines() if line.startswith("|")]
    assert rows[2:] == [f"`{name}`" for name in NETWORK_FAULTS]


def test_the_metadata_service_is_told():
    """The tables of items and of errors have each, with where it comes from."""
    rows = [cells(line) for line in SECTIONS["Metadata items"].splitlines() if line.startswith("|")]
    assert [(path, evidence.replace("\\", "")) for path, evidence in rows[2:]] == [
        (f"`{item.path}`", item.evidence) for item in ITEMS
    ]
    rows = [cells(line)[:2] for line in SECTIONS["Metadata errors"].splitlines() if line.startswith("|")]
    assert rows[2:] == [[f"`{row.code}`", str(row.http_status)] for row in ERRORS.rows]


def test_every_event_type_is_told_with_its_code():
    """The table of event types has each type with its statuses, its code and where that comes from."""
    rows = {line[0]: line for line in map(cells, SECTIONS["Event types"].splitlines()) if line}
    for row in EVENT_TYPES.values():
        name, statuses, simulated, effect, bridged, code, evidence = rows[f"`{row.name}`"]
        assert set(statuses.split(", ")) == set(map(str, row.statuses))
        assert bridged in ("", "not published")
        assert (simulated == "yes") is row.can_simulate
        assert (name, effect, code, evidence) == (f"`{row.name}`", row.effect.value, str(row.code), row.code_evidence)


def test_every_scenario_is_told_with_its_types():
    """The table of scenarios has each with what happens in it, and every type that has it."""
    rows = {line[0]: line for line in map(cells, SECTIONS["Scenarios"].splitlines()) if line}
    for row in SCENARIOS.values():
        _, what, types, ends, _, _ = rows[f"`{row.name}`"]
        assert (what, ends) == (row.what, row.ends)
        named = set(EVENT_TYPES) if types == "all" else set(re.findall("`([^`]+)`", types))
        assert named == {name for name in EVENT_TYPES if case_of(row, name) is not None}
