"""Check that pages, docstrings and messages keep to plain words.

Give it Markdown files, Python files and folders. It prints each word of the list with its place and what to write instead, and
exits with 1 if there are any. In Markdown, code is not looked at; in Python, only docstrings and longer strings, without code
in backticks.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

INSTEAD = {
    "be it": "say when, or leave it out",
    "courier": "sender",
    "door": "webhook, queue, API",
    "doors": "webhooks, queues, APIs",
    "felt": "measured, seen",
    "for ever": "without end",
    "furnish": "give, declare",
    "he": "it, you, the test",
    "his": "its, your",
    "in earnest": "for real",
    "mishap": "fault",
    "mishaps": "faults",
    "nobody": "no test, no program",
    "none of": "no",
    "of old": "from before",
    "so many": "a number",
    "told": "notified, named, shown",
    "whoever": "the test that",
    "witness": "test",
}
"""A word to avoid, and what to write instead."""

_WORDS = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in INSTEAD)
_WORD = re.compile(rf"(?<![\w-])(?:{_WORDS})(?![\w-])", re.IGNORECASE)
_CODE = re.compile(r"^(```+|:::+).*?^\1[^\n]*|`[^`\n]*`|\]\([^)\s]*\)", re.DOTALL | re.MULTILINE)


def _blank(found: "re.Match[str]") -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _found(text: str, first_line: int) -> Iterator[tuple[int, str]]:
    """Yield the line and the word of each find in prose."""
    prose = _CODE.sub(_blank, text)
    for found in _WORD.finditer(prose):
        yield first_line + prose.count("\n", 0, found.start()), " ".join(found[0].lower().split())


def _strings(text: str) -> Iterator[tuple[int, str]]:
    """Yield the strings of a Python file that hold a sentence, with their lines."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.count(" ") > 2:
            yield node.lineno, node.value


def find(path: Path) -> Iterator[str]:
    """Yield a sentence for each word to avoid in a file."""
    text = path.read_text(encoding="utf-8")
    places = _strings(text) if path.suffix == ".py" else [(1, text)]
    for first_line, words in places:
        for line, word in _found(words, first_line):
            yield f"{path}:{line}: {word!r}; write: {INSTEAD[word]}"


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Check what the command line names.

    Args:
        arguments: Files and folders.

    Returns:
        1 if a word was found, else 0.
    """
    given = [Path(name) for name in (sys.argv[1:] if arguments is None else arguments)]
    files = [file for path in given for file in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    found = sorted({sentence for file in files for sentence in find(file)})
    for sentence in found:
        print(sentence, file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
