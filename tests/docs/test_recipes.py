"""The recipes can be found."""

import re

import pytest
from pages import DOCS

RECIPES = DOCS / "recipes"
PAGES = sorted(path for path in RECIPES.glob("*.md") if path.name != "index.md")


def test_the_index_leads_to_each_recipe():
    """Its tables have each page."""
    linked = re.findall(r"\]\((\S+\.md)\)", (RECIPES / "index.md").read_text("utf-8"))
    assert sorted(set(linked)) == [path.name for path in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_a_recipe_begins_with_what_it_is_for(page):
    """A title, and a paragraph below it."""
    title, paragraph = page.read_text("utf-8").split("\n\n")[:2]
    assert re.fullmatch(r"# \S.*", title)
    assert not paragraph.startswith(("#", "```", "|", "<"))
