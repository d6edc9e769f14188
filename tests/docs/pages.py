"""The pages that users read, and what stands in their fences."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]

_FENCE = re.compile(
    r"(?:^<!-- output of: pytest(?P<arguments>[^;\n]*)(?:; (?P<edit>.*))? -->\n+)?^```(?P<language>[^\n]*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_NAME = re.compile(r"(?:#|//) ([\w./-]+\.(?:py|ini|toml|js|mjs))\n")
_COMMAND = re.compile(r"\$ pytest(.*)\n")


@dataclass(frozen=True)
class Fence:
    """A fenced block of a page."""

    language: str
    text: str
    arguments: "list[str] | None"
    """Of the call of pytest whose output this is."""
    edit: "tuple[str, str, str] | None" = None
    """For this call alone: a file, a text in it, and what stands in its place."""

    @property
    def name(self):
        """The file that this block is; its first line names it."""
        match = _NAME.match(self.text)
        return match and match.group(1)

    @property
    def tests(self):
        """The names of its tests."""
        return re.findall(r"def (test_\w+)", self.text)


def fences(text):
    """The fenced blocks of a page's text, in order."""
    return [
        _fence(found["language"], found["text"], found["arguments"], found["edit"]) for found in _FENCE.finditer(text)
    ]


def _fence(language, text, arguments, edit):
    """A block; one that begins with a command of pytest is the output of that."""
    command = _COMMAND.match(text) if language == "console" else None
    if command:
        return Fence(language, text[command.end() :], command[1].split())
    change = edit and re.fullmatch(r"(\S+): (.+) -> (.+)", edit).groups()
    return Fence(language, text, None if arguments is None else arguments.split(), change)


def page_id(page):
    """The path of a page, for the names of tests."""
    return page.relative_to(ROOT).as_posix()
