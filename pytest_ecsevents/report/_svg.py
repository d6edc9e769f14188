"""SVG elements of the picture. They need no script, no font and no other file."""

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Final

from pytest_ecsevents._words import printable

# Each colour on a light page and on a dark one; the contrast to the ground is at least 3.
COLOURS: Final[Mapping[str, tuple[str, str]]] = {
    "paper": ("#ffffff", "#0d1117"),
    "stripe": ("#f6f8fa", "#161b22"),
    "grid": ("#d8dee4", "#30363d"),
    "ink": ("#1f2328", "#e6edf3"),
    "faint": ("#59636e", "#9198a1"),
    "white": ("#ffffff", "#ffffff"),
    "inquiring": ("#8250df", "#8957e5"),
    "scheduled": ("#0969da", "#1f6feb"),
    "executing": ("#9a6700", "#9e6a03"),
    "executed": ("#57606a", "#9198a1"),
    "avoided": ("#1a7f37", "#3fb950"),
    "canceled": ("#6e7781", "#848d97"),
    "failed": ("#cf222e", "#f85149"),
    "fault": ("#bc4c00", "#f0883e"),
}


def _rules(page: int) -> str:
    return "".join(
        f".ecse .ecse-f-{name}{{fill:{pair[page]}}}.ecse .ecse-s-{name}{{stroke:{pair[page]}}}"
        for name, pair in COLOURS.items()
    )


# Styles apply to the whole page around the picture, so the class names have a prefix.
STYLE: Final = (
    '.ecse text{font:11px system-ui,-apple-system,"Segoe UI",sans-serif}.ecse .ecse-head{font-weight:600;font-size:12px}'
    f".ecse .ecse-on{{pointer-events:none}}{_rules(0)}@media (prefers-color-scheme:dark){{{_rules(1)}}}"
)

# Characters that XML does not allow.
_NOT_IN_XML: Final = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _escape(text: str) -> str:
    return escape(_NOT_IN_XML.sub("?", printable(text)))


def _format_value(value: object) -> str:
    """Format an attribute's value; tenths are precise enough for coordinates."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else _escape(str(value))


def tag(
    name: str, *inside: str, title: str = "", fill: str = "", stroke: str = "", also: str = "", **given: object
) -> str:
    """Make an element.

    Args:
        name: Its name.
        *inside: Its content, as XML.
        title: The tooltip.
        fill: One of `COLOURS`.
        stroke: One of `COLOURS`.
        also: A further class.
        **given: Its attributes, with `_` for `-`.
    """
    classes = [also, f"ecse-f-{fill}" if fill else "", f"ecse-s-{stroke}" if stroke else ""]
    attributes = {"class": " ".join(filter(None, classes)), **given}
    content = (f"<title>{_escape(title)}</title>" if title else "") + "".join(inside)
    start = name + "".join(
        f' {key.replace("_", "-")}="{_format_value(value)}"' for key, value in attributes.items() if value != ""
    )
    return f"<{start}>{content}</{name}>" if content else f"<{start}/>"


def text_element(
    text: str,
    x: float,
    y: float,
    *,
    fill: str = "ink",
    title: str = "",
    also: str = "",
    anchor: str = "",
    length: int | None = None,
) -> str:
    """Make a text that starts there, or is centred there if `anchor` is "middle"; `length` squeezes it."""
    adjust = "" if length is None else "spacingAndGlyphs"
    return tag(
        "text",
        _escape(text),
        x=x,
        y=y,
        fill=fill,
        title=title,
        also=also,
        text_anchor=anchor,
        textLength="" if length is None else length,
        lengthAdjust=adjust,
    )


def shape(outline: str, x: float, y: float, colour: str, *, filled: bool, title: str = "") -> str:
    """Make a small shape around a point; a square around it shows the tooltip too."""
    ink = {"fill": colour} if filled else {"stroke": colour, "stroke_width": "2", "fill_opacity": "0"}
    drawn = tag("path", d=outline, **ink)
    target = tag("rect", x=-5, y=-6, width=10, height=12, fill_opacity=0) if title else ""
    return tag("g", drawn, target, title=title, transform=f"translate({_format_value(x)} {_format_value(y)})")


def svg_document(width: int, height: float, label: str, parts: Iterable[str]) -> str:
    """Make the document. Its own background makes it readable on light and dark pages."""
    ground = tag("rect", x=0.5, y=0.5, width=width - 1, height=height - 1, rx=6, fill="paper", stroke="grid")
    return tag(
        "svg",
        tag("style", STYLE),
        ground,
        *parts,
        title=label,
        also="ecse",
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        aria_label=label,
        viewBox=f"0 0 {width} {_format_value(height)}",
        width=width,
        style="max-width:100%;height:auto",
    )
