"""What a route of the control API takes, and how it refuses other values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.cli._shapes import Schema

__tracebackhide__ = hidden_in_reports


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of values.

    Attributes:
        words: For messages: `a text`.
        schema: Its schema.
        fits: Whether a JSON value is of this kind.
    """

    words: str
    schema: Schema
    fits: Callable[[object], bool]


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and _is_texts(value)


def _is_steps(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) or _is_pair(one) for one in value)


TEXT: Final = Kind("a text", {"type": "string"}, lambda value: isinstance(value, str))
FLAG: Final = Kind("true or false", {"type": "boolean"}, lambda value: isinstance(value, bool))
WHOLE: Final = Kind("a whole number", {"type": "integer"}, _is_whole)
TIMES: Final = Kind(
    "a whole number, or null for every call",
    {"type": ["integer", "null"]},
    lambda value: value is None or _is_whole(value),
)
NUMBER: Final = Kind("a number", {"type": "number"}, lambda value: _is_whole(value) or isinstance(value, float))
TEXTS: Final = Kind("a list of texts", {"type": "array", "items": {"type": "string"}}, _is_texts)
PAIR: Final = Kind(
    "a list of two instants",
    {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
    _is_pair,
)
STEPS: Final = Kind(
    "a list of statuses, or of pairs of a status and an instant",
    {"type": "array", "items": {"type": ["string", "array"], "items": {"type": "string"}}},
    _is_steps,
)
OBJECT: Final = Kind("an object", {"type": "object"}, lambda value: isinstance(value, dict))
DISKS: Final = Kind(
    "a list of ids or objects",
    {"type": "array", "items": {"type": ["string", "object"]}},
    lambda value: isinstance(value, list) and all(isinstance(one, (str, dict)) for one in value),
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a route.

    Attributes:
        name: As the fixture's method calls it.
        what: What it is, in a sentence without a full stop.
        kind: The kind of its values.
        is_required: Whether it must be given.
    """

    name: str
    what: str
    kind: Kind = TEXT
    is_required: bool = False


def checked(
    what: str, given: Mapping[str, object], parameters: tuple[Parameter, ...], *, takes_more: bool = False
) -> dict[str, Any]:
    """The values given, each of which a parameter takes.

    Args:
        what: What takes them, for messages.
        given: The values by name.
        parameters: What there is.
        takes_more: Whether other names are passed on, for the cloud to judge, except `self` and names with an underscore first.

    Raises:
        BadArgumentError: A name is unknown, a value is missing or of another kind.
    """
    by_name = {one.name: one for one in parameters}
    for name, value in given.items():
        row = by_name.get(name)
        if row is None:
            if takes_more and not name.startswith("_") and name != "self":
                continue
            raise BadArgumentError(
                f"{what} has no parameter {name!r}.{did_you_mean(name, by_name)} It takes: {listed(by_name)}."
            )
        if not row.kind.fits(value):
            raise BadArgumentError(f"{name} of {what} is {value!r}. Pass {row.kind.words}: {row.what}.")
    for row in parameters:
        if row.is_required and row.name not in given:
            raise BadArgumentError(f"{what} needs {row.name!r}: {row.what}.")
    return dict(given)
