"""Contributing names files that exist."""

import re

import pytest
from pages import ROOT

NEW = {"transports/_treq.py", "clock/_mylibrary.py"}
"""Files that its examples add."""

TEXT = re.sub(r"^```.*?^```", "", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
NAMED = sorted(set(re.findall(r"`((?:[\w.-]+/)*[\w.-]+\.(?:py|csv|md|toml))`", TEXT)) - NEW)


@pytest.mark.parametrize("name", NAMED)
def test_contributing_names_files_that_exist(name):
    """A name without a folder is a file of the folder that the text speaks of."""
    places = [ROOT / name, ROOT / "pytest_ecsevents" / name]
    if "/" not in name:
        places += [path for folder in ("pytest_ecsevents", "tests") for path in (ROOT / folder).rglob(name)]
    assert any(place.is_file() for place in places)
