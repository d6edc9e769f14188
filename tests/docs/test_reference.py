"""The README and the manual name everything that there is."""

import re

from pages import DOCS, PAGES, ROOT

from pytest_ecsevents import EcsEvents, Scenario, SystemEvent, strategies
from pytest_ecsevents.checks._strictness import CHECKS
from pytest_ecsevents.checks._strictness import MANUAL as LINK
from pytest_ecsevents.face._scenarios import SCENARIOS
from pytest_ecsevents.face._settings import NAMES, Settings
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS
from pytest_ecsevents.services._products import ACTIONS

MANUAL = "\n".join(page.read_text("utf-8") for page in PAGES if page != DOCS / "capabilities.md")
"""All but the generated page."""


def test_every_action_is_named():
    """The table of what is faked names each action."""
    assert [name for name in ACTIONS if name not in MANUAL] == []


def test_every_network_fault_and_every_check_is_named():
    """The tables of faults and of checks have each, and the page that messages name is there."""
    assert [name for name in NETWORK_FAULTS if f'`"{name}"`' not in MANUAL] == []
    assert [name for name in CHECKS if f"| `{name}` |" not in MANUAL] == []
    assert LINK == 'the manual, "Strictness" (docs/reference/strictness.md)'
    assert (DOCS / "reference" / "strictness.md").read_text("utf-8").startswith("# Strictness\n")


def test_every_setting_is_named_with_its_default():
    """The table of settings has each setting, option and default."""
    for name in NAMES:
        option = f"--ecs-events-{name.replace('_', '-')}"
        assert f"| `ecs_events_{name}` | `{option}` | `{getattr(Settings(), name)}` |" in MANUAL


def test_every_strategy_is_named():
    """And what they give."""
    assert [name for name in strategies.__all__ if not re.search(rf"`[^`]*\b{name}\b", MANUAL)] == []


def test_every_scenario_is_named():
    """The table of scenarios has each."""
    assert [name for name in SCENARIOS if f"`{name}`" not in MANUAL] == []


def test_every_public_name_of_the_fixtures_and_of_events_is_named():
    """What the author of a test can reach, a page tells."""
    for owner in (EcsEvents, Scenario, SystemEvent):
        names = [name for name in dir(owner) if not name.startswith("_") and not name.endswith("_micros")]
        assert [name for name in names if not re.search(rf"`[^`]*\b{name}\b", MANUAL)] == []


def test_the_readme_is_short():
    """It shows the way; what is complete is in the manual."""
    readme = (ROOT / "README.md").read_text("utf-8")
    assert len(readme.splitlines()) <= 200
    assert len(readme.encode()) <= 10_240
