"""What each check shows, and its outcome."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

FunctionT = TypeVar("FunctionT", bound=Callable[..., None])

_ATTRIBUTE: Final = "_ecs_rule"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one check shows.

    Attributes:
        text: The rule, in one sentence.
        source: Where it is documented; "" for a guess.
        guess: The point of the manual's list of guesses that it settles; "" for a documented rule.
    """

    text: str
    source: str = ""
    guess: str = ""


def rule(text: str, *, source: str = "", guess: str = "") -> Callable[[FunctionT], FunctionT]:
    """Declare what the decorated check shows: a documented rule with its source, or a guess."""

    def declare(function: FunctionT) -> FunctionT:
        setattr(function, _ATTRIBUTE, Rule(text, source, guess))
        return function

    return declare


def rule_of(function: object) -> Rule | None:
    """The rule that a check shows; None for another function."""
    found: Rule | None = getattr(function, _ATTRIBUTE, None)
    return found


class DiffersError(AssertionError):
    """The service does not do what the rule says."""

    def __init__(self, what: str, expected: object, seen: object) -> None:
        super().__init__(f"{what}: expected {expected!r}, saw {seen!r}")


def same(what: str, seen: object, expected: object) -> None:
    """Raise DiffersError unless the service did what the rule says."""
    if seen != expected:
        raise DiffersError(what, expected, seen)


def table(outcomes: "list[tuple[Rule, str, str]]") -> str:
    """The outcomes of rules, each with what was seen, as a table in Markdown."""
    rows = ["| rule | kind | outcome | seen |", "| --- | --- | --- | --- |"]
    for one, outcome, seen in outcomes:
        kind = f"guess: {one.guess}" if one.guess else f"documented: {one.source}"
        rows.append("| " + " | ".join(_cell(text) for text in (one.text, kind, outcome, seen)) + " |")
    return "\n".join(rows)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
