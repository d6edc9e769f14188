"""What each check shows, and its outcome."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from pytest_ecsevents.conformance._subjects import Subject

FunctionT = TypeVar("FunctionT", bound=Callable[..., None])

_ATTRIBUTE: Final = "_ecs_rule"


@dataclass(frozen=True, slots=True)
class Rule:
    """What one check shows.

    Attributes:
        text: The rule, in one sentence.
        source: Where it is documented; "" for a guess.
        guess: The name of the guess in `guesses.csv` that it settles; "" for a documented rule.
    """

    text: str
    source: str = ""
    guess: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """One call that is refused, a parameter of a check.

    Attributes:
        rule: What that shows.
        action: The action.
        expected: The HTTP status and the code.
        params: Makes its parameters.
    """

    rule: Rule
    action: str
    expected: tuple[int, str]
    params: "Callable[[Subject], Mapping[str, object]]"


def reference(action: str) -> str:
    """The source of a rule that the reference of an action documents."""
    return f"reference of {action}"


def rule(text: str, *, source: str = "", guess: str = "") -> Callable[[FunctionT], FunctionT]:
    """Declare what the decorated check shows: a documented rule with its source, or a guess."""

    def declare(function: FunctionT) -> FunctionT:
        setattr(function, _ATTRIBUTE, Rule(text, source, guess))
        return function

    return declare


def rule_of(function: object, params: Mapping[str, Any]) -> Rule | None:
    """The rule that a check shows with its parameters; None for another function."""
    found: Rule | None = getattr(function, _ATTRIBUTE, None)
    case = params.get("case")
    return case.rule if found is None and isinstance(case, Refused) else found


def rules_in(module: ModuleType) -> Iterator[Rule]:
    """The rules of all checks of a module."""
    for value in vars(module).values():
        found = rule_of(value, {})
        if found is not None:
            yield found
        elif isinstance(value, tuple):
            yield from (one.rule for one in value if isinstance(one, Refused))


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
