"""Renders the templates; every value is escaped."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pytest_ecsevents._words import printable
from pytest_ecsevents.clock._times import Micros, instant_text
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


@lru_cache(maxsize=4096)
def _instant(at: Micros) -> Markup:
    """An instant as an element; it may wrap between date and time."""
    text = instant_text(at)
    date, _, time = text[:-1].partition("T")
    return Markup('<time datetime="{}"><span>{}</span> <span>{}</span></time>').format(text, date, time)


@lru_cache(maxsize=256)
def _pill(status: str) -> Markup:
    """A status as an element with a colour and a shape of its own."""
    return Markup('<span class="pill s-{}">{}</span>').format(status.lower(), status)


@lru_cache(maxsize=256)
def _type_code(name: str) -> Markup:
    """The code of an event type as an element; it may wrap after a dot."""
    return Markup('<span class="code faint">{}</span>').format(Markup(".<wbr>").join(name.split(".")))


PAGES.globals.update(instant=_instant, pill=_pill, type_code=_type_code)
PAGES.filters["instant"] = instant_text
PAGES.filters["spaced"] = lambda at: instant_text(at)[:-1].replace("T", " ")
PAGES.filters["away"] = away


def render(template: str, context: Context) -> str:
    return PAGES.get_template(template).render(context)


def static(name: str) -> bytes:
    """A file that pages refer to."""
    return (_HERE / "static" / name).read_bytes()
