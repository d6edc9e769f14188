"""What can happen to a delivery on its way, and how often it is tried: read from what the author wrote."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents.clock import SECOND, Micros, duration_text, parse_duration

__tracebackhide__ = hidden_in_reports

HELD_FOR: Final = 60 * SECOND
"""How long a delivery is held that is to be overtaken, when none comes that overtakes it."""

MOST_RETRIES: Final = 176
"""As many as the longest documented strategy has."""

Span = tuple[Micros, Micros]
"""The shortest and the longest."""


@dataclass(frozen=True, slots=True)
class Mishaps:
    """How likely each thing is to happen to a delivery, from 0 to 1, and how long it is on its way.

    Attributes:
        duplicate: It is delivered twice.
        reorder: The next one overtakes it.
        drop: It is lost.
        delay: How long it takes.
    """

    duplicate: float = 0
    reorder: float = 0
    drop: float = 0
    delay: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a delivery that failed is tried again, and when.

    Attributes:
        most: How many times, beyond the first.
        gap: How long after a try the next one is.
        doubles: Whether each gap is twice the one before.
    """

    most: int
    gap: Span = (0, 0)
    doubles: bool = False

    def after(self, attempt: int, dice: random.Random) -> Micros:
        """How long after this try the next one is; the first is 1."""
        span = spread(self.gap, dice)
        return span << (attempt - 1) if self.doubles else span


def spread(span: Span, dice: random.Random) -> Micros:
    """A length between the shortest and the longest."""
    least, most = span
    return least if least == most else dice.randint(least, most)


def checked_mishaps(given: Mapping[str, object]) -> Mishaps:
    """What the author asked for.

    Raises:
        BadArgumentError: A probability or a duration is none.
    """
    likely = {name: _likelihood(name, given.get(name, False)) for name in ("duplicate", "reorder", "drop")}
    delay = given.get("delay")
    return Mishaps(**likely, delay=(0, 0) if delay is None else _span("delay", delay))


def checked_retries(given: Mapping[str, object], usual: Retries) -> Retries:
    """How often is tried again: what the author asked for, else what is usual for such a receiver.

    Raises:
        BadArgumentError: The number or the gap is none.
    """
    most, gap = given.get("retries"), given.get("retry_after")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or not 0 <= most <= MOST_RETRIES):
        raise BadArgumentError(f"retries is {most!r}. Pass a whole number from 0 to {MOST_RETRIES}.")
    return Retries(
        usual.most if most is None else most,
        usual.gap if gap is None else _span("retry_after", gap),
        usual.doubles and gap is None,
    )


def _likelihood(name: str, value: object) -> float:
    if not isinstance(value, (bool, int, float)) or not 0 <= value <= 1:
        raise BadArgumentError(f"{name} is {value!r}. Pass True, False, or how likely it is, from 0 to 1.")
    return float(value)


def _span(name: str, value: object) -> Span:
    """A duration, or the shortest and the longest."""
    ends = value if isinstance(value, tuple) and len(value) == 2 else (value, value)
    least, most = (parse_duration(end, name) for end in ends)
    if most < least:
        raise BadArgumentError(
            f"{name} is from {duration_text(least)} to {duration_text(most)}. Pass the shorter duration first."
        )
    return least, most
