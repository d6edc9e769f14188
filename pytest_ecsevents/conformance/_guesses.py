"""The guesses of the fake: what each one says, and which check settles it, or why none does."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from pytest_ecsevents.conformance._rules import Rule, rules_in
from pytest_ecsevents.rpc._error_tables import csv_rows

PACKAGE: Final = "pytest_ecsevents.conformance"
MODULES: Final = (
    "test_simulated_events",
    "test_queries",
    "test_refusals",
    "test_monitor",
    "test_metadata",
    "test_queues",
)
"""The modules that hold checks."""


@dataclass(frozen=True, slots=True)
class Guess:
    """One guess.

    Attributes:
        name: What checks and marks name it by.
        about: The part of the cloud that it is about.
        text: What the fake does, in sentences.
        change: How a test changes that; "" if no setting does.
        unseen: Why no check settles it; "" if one does.
    """

    name: str
    about: str
    text: str
    change: str
    unseen: str


@cache
def guesses() -> dict[str, Guess]:
    """All guesses by name, in the order of the manual's page."""
    return {row[0]: Guess(*row) for row in csv_rows(PACKAGE, "guesses.csv")}


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of all checks."""
    return tuple(_rules())


def _rules() -> Iterator[Rule]:
    for name in MODULES:
        yield from rules_in(importlib.import_module(f"{PACKAGE}.{name}"))
