"""What the README shows works."""

import re
from pathlib import Path

import pytest
from hypothesis import settings
from sizes import NIGHTLY

from pytest_ecsevents import EcsEvents, Scenario, SystemEvent, strategies
from pytest_ecsevents.checks._strictness import CHECKS
from pytest_ecsevents.checks._strictness import README as LINK
from pytest_ecsevents.face._scenarios import SCENARIOS
from pytest_ecsevents.face._settings import NAMES, Settings
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS
from pytest_ecsevents.services._products import ACTIONS

README = (Path(__file__).parents[2] / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)

# What makes a snippet short by day: what the README shows, and what stands in its place.
SHORTER = {
    "test_whatever_becomes_of_the_maintenance": [("sleep(300)", "sleep(3600)")],
    "test_a_month_of_maintenance": [('"30d"', '"3d"'), ("30 * 24", "3 * 24")],
    "test_the_queue_is_drained_while_the_clock_moves": [('"+2h"', '"+2m"'), ('"6h"', '"10m"')],
    "test_the_agent_drains_in_time": [("+1h2s", "+2m2s"), ("T01:05:02Z", "T00:07:02Z"), ("01:00:05", "00:02:05")],
}


settings.register_profile("snippets", max_examples=5, stateful_step_count=10, deadline=None, derandomize=True)


@pytest.fixture(autouse=not NIGHTLY)
def few_examples():
    """By day, what Hypothesis tries in a snippet is little."""
    settings.load_profile("snippets")
    yield
    settings.load_profile("default")


def first_test(snippet):
    """The name of a snippet's first test."""
    return re.findall(r"def (test_\w+)", snippet)[0]


@pytest.mark.parametrize("snippet", SNIPPETS, ids=first_test)
def test_every_snippet_runs_as_it_stands(pytester, snippet):
    """A snippet pasted into a file is a passing test file; by day some wait less long."""
    for shown, by_day in () if NIGHTLY else SHORTER.get(first_test(snippet), ()):
        assert shown in snippet
        snippet = snippet.replace(shown, by_day)
    for package in re.findall(r"^from (aliyunsdk\w+)", snippet, re.MULTILINE):
        pytest.importorskip(package)
    pytester.makepyfile(snippet)
    result = pytester.runpytest_inprocess()
    outcomes = result.parseoutcomes()
    assert set(outcomes) == {"passed"}
    # A test may be run several times over.
    assert outcomes["passed"] >= len(re.findall(r"def test_", snippet))


def test_every_action_is_named():
    """The table of what is faked names each action."""
    assert [name for name in ACTIONS if name not in README] == []


def test_every_network_fault_and_every_check_is_named():
    """The tables of faults and of checks have each, and the anchor that complaints link to is there."""
    assert [name for name in NETWORK_FAULTS if f'`"{name}"`' not in README] == []
    assert [name for name in CHECKS if f"| `{name}` |" not in README] == []
    assert LINK == 'README, "Strictness" (README.md#strictness)'
    assert "\n### Strictness\n" in README


def test_every_setting_is_named_with_its_default():
    """The table of settings has each setting, option and default."""
    for name in NAMES:
        option = f"--ecs-events-{name.replace('_', '-')}"
        assert f"| `ecs_events_{name}` | `{option}` | `{getattr(Settings(), name)}` |" in README


def test_every_strategy_is_named():
    """And what they give."""
    assert [name for name in strategies.__all__ if not re.search(rf"`[^`]*\b{name}\b", README)] == []


def test_every_scenario_is_named():
    """The table of scenarios has each."""
    assert [name for name in SCENARIOS if f"`{name}`" not in README] == []


def test_every_public_name_of_the_fixtures_and_of_events_is_named():
    """What the author of a test can reach, the README tells."""
    for owner in (EcsEvents, Scenario, SystemEvent):
        names = [name for name in dir(owner) if not name.startswith("_") and not name.endswith("_micros")]
        assert [name for name in names if not re.search(rf"`[^`]*\b{name}\b", README)] == []
