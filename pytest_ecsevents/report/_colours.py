"""Colours for the timeline. Reports carry its text without them."""

import re
from typing import Final, Protocol

_LINE: Final = re.compile(r"( +[+-](?:\d+d )?[\d:.]+  )(\w+ *)( .*)?")
_FAILED_CALL: Final = re.compile(r"-> (?:[345]\d\d\b|no answer)")
_NOT_FOUND: Final = re.compile(r"-> 404\b")
_STATUS: Final = re.compile(r"(Executing|Executed|Avoided|Canceled|Failed)(?=: |, NotBefore | \()")

_KINDS: Final = {
    "event": "cyan",
    "instance": "blue",
    "fault": "yellow",
    "sleep": "light",
}
_STATUSES: Final = {
    "Executing": "yellow",
    "Executed": "bold",
    "Avoided": "green",
    "Canceled": "purple",
    "Failed": "red",
}


class Markup(Protocol):
    """pytest's `TerminalWriter.markup`."""

    def __call__(self, text: str, /, **markup: bool) -> str:
        """Colour a text."""


def colour_timeline(timeline: str, markup: Markup) -> str:
    header, *lines = timeline.splitlines()
    return "\n".join([markup(header, bold=True), *(_colour_line(line, markup) for line in lines)])


def _colour_line(line: str, markup: Markup) -> str:
    parts = _LINE.fullmatch(line)
    if parts is None:
        return markup(line, red=True) if _FAILED_CALL.search(line) else line
    stamp, kind, text = parts[1], parts[2], parts[3] or ""
    colour = _KINDS.get(kind.strip())
    if colour == "cyan":
        text = _STATUS.sub(lambda found: markup(found[0], **{_STATUSES[found[0]]: True}), text)
    elif colour in ("yellow", "light"):
        text = markup(text, **{colour: True})
    elif _FAILED_CALL.search(text) and not (kind.strip() == "metadata" and _NOT_FOUND.search(text)):
        text = markup(text, red=True)
    return markup(stamp, light=True) + (markup(kind, **{colour: True}) if colour else kind) + text
