"""Renders the templates; every value is escaped."""

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pytest_ecsevents._words import printable
from pytest_ecsevents.clock._times import instant_text
from pytest_ecsevents.console._cloud import Context
from pytest_ecsevents.console._rows import away

_HERE: Final = Path(__file__).parent

PAGES: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=lambda value: printable(value) if type(value) is str and not value.isprintable() else value,
)
PAGES.filters["instant"] = instant_text
PAGES.filters["spaced"] = lambda at: instant_text(at)[:-1].replace("T", " ")
PAGES.filters["away"] = away


def render(template: str, context: Context) -> str:
    return PAGES.get_template(template).render(context)


def static(name: str) -> bytes:
    """A file that pages refer to."""
    return (_HERE / "static" / name).read_bytes()
