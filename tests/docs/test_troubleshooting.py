"""The page of troubleshooting has each error of the package, with the words of its messages."""

import ast
import re
from functools import cache

import pytest
from pages import DOCS, ROOT

import pytest_ecsevents
from pytest_ecsevents import BadArgumentError, EcsEventsError

PAGE = (DOCS / "troubleshooting.md").read_text("utf-8")
CLASSES = [name for name in pytest_ecsevents.__all__ if name.endswith(("Error", "Warning")) and name != "ApiError"]
OF_THE_PROGRAM = ("ClientError", "PortError", "SeedError")
"""What only the program `ecsevents` raises: they share a section."""
PROGRAM = "The program ecsevents"
ITS_OWN_TABLE = {"BadArgumentError"}
"""Whose messages need no row: each names an argument and says what to pass."""


def text_of(node):
    """The literal text of a string, with `...` for what is put in; None for no string."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(text_of(value) or "..." for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{text_of(left) or '...'}{text_of(right) or '...'}"
        case _:
            return None


@cache
def nodes():
    """The strings and calls of the package, each with its file."""
    return [
        (path.relative_to(ROOT), node)
        for path in sorted((ROOT / "pytest_ecsevents").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.Constant, ast.JoinedStr, ast.Call))
    ]


def raised():
    """Yield (path, class, message) of each error and warning that the package makes."""
    for path, node in nodes():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in (*CLASSES, *OF_THE_PROGRAM)
            and node.args
        ):
            text = text_of(node.args[0])
            if text is not None and re.search(r"\w", text):
                yield path, node.func.id, text


def holds(text, words):
    """Whether a text has the words of a row, in order; `...` stands for values."""
    at = 0
    for part in words.split("..."):
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


def rows():
    """The words of each row, by class: those of a section, or those of a table whose first column is the class."""
    for section in re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        for line in re.findall(r"^\| (.+) \|$", body, re.MULTILINE):
            cells = line.split(" | ")
            named = [name for name in re.findall(r"`(\w+)`", cells[0]) if name in CLASSES]
            if title in (*CLASSES, PROGRAM) and not named:
                yield from ((title, words) for words in re.findall(r"`([^`]+)`", cells[0]))
            for name in named:
                yield from ((name, words) for words in re.findall(r"`([^`]+)`", cells[1]))


ROWS = sorted(set(rows()))


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_has_its_place(name):
    """A section is called like it, or a table has its row."""
    assert re.search(rf"^## {name}$|^\|.*`{name}`.* \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("name", CLASSES)
def test_a_message_links_to_its_place(name):
    """The link ends with the anchor of a section, in which the class is named."""
    kind = getattr(pytest_ecsevents, name)
    link = kind.manual if issubclass(kind, EcsEventsError) else str(kind("any"))
    anchor = re.search(r"manual: docs/troubleshooting\.md#([\w-]+)", link)[1]
    sections = {
        title.lower().replace(" ", "-"): body for title, body in re.findall(r"^## (.+)\n([^#]*)", PAGE, re.MULTILINE)
    }
    assert anchor == name.lower() or f"`{name}`" in sections[anchor]
    assert anchor in sections


def test_each_message_has_its_row():
    """The words of a row of its class, or of one of its bases, are in the message."""
    found = [one for one in raised() if one[1] not in ITS_OWN_TABLE]
    assert len(found) > 50
    for path, name, text in found:
        kind = getattr(pytest_ecsevents, name, None)
        bases = {PROGRAM} if kind is None else {base.__name__ for base in kind.__mro__}
        assert any(holds(text, words) for owner, words in ROWS if owner in bases), f"{path}: {text}"


def test_each_row_has_its_message():
    """The package has a text with its words."""
    texts = {text for _, node in nodes() if (text := text_of(node))}
    assert [row for row in ROWS if not any(holds(text, row[1]) for text in texts)] == []


def test_a_pattern_for_the_end_of_a_message_needs_the_flag_of_the_table():
    """Matching sees the place in the manual, too, since it is a note."""
    error = BadArgumentError("by is nothing.")
    with pytest.raises(AssertionError), pytest.raises(BadArgumentError, match=r"nothing\.$"):
        raise error
    with pytest.raises(BadArgumentError, match=r"(?m)nothing\.$"):
        raise error
