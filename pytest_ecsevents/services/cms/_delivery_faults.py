"""Faults of deliveries and their retries, read from a user's options."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents.clock._times import SECOND, Micros, duration_text, parse_duration

__tracebackhide__ = hidden_in_reports

HELD_FOR: Final = 60 * SECOND
"""How long `reorder` holds a delivery if no other one comes."""

MOST_RETRIES: Final = 176
"""The count of the longest documented strategy."""

Span = tuple[Micros, Micros]
"""The shortest and the longest."""


@dataclass(frozen=True, slots=True)
class DeliveryFaults:
    """The likelihood of each fault of a delivery, from 0 to 1, and its delay."""

    duplicate: float = 0
    reorder: float = 0
    drop: float = 0
    delay: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Retries:
    most: int
    gap: Span = (0, 0)
    doubles: bool = False

    def after(self, attempt: int, numbers: random.Random) -> Micros:
        """The time from this try, counted from 1, to the next."""
        span = spread(self.gap, numbers)
        return span << (attempt - 1) if self.doubles else span


def spread(span: Span, numbers: random.Random) -> Micros:
    least, most = span
    return least if least == most else numbers.randint(least, most)


def read_faults(given: Mapping[str, object]) -> DeliveryFaults:
    """Read the faults from options.

    Raises:
        BadArgumentError: A value is not a probability or a duration.
    """
    likely = {name: _likelihood(name, given.get(name, False)) for name in ("duplicate", "reorder", "drop")}
    delay = given.get("delay")
    return DeliveryFaults(**likely, delay=(0, 0) if delay is None else _span("delay", delay))


def read_retries(given: Mapping[str, object], usual: Retries) -> Retries:
    """Read the retries from options; what they leave out is `usual`.

    Raises:
        BadArgumentError: A value is not a count or a duration.
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
    """Read a duration, or a pair of the shortest and the longest."""
    ends = value if isinstance(value, tuple) and len(value) == 2 else (value, value)
    least, most = (parse_duration(end, name) for end in ends)
    if most < least:
        raise BadArgumentError(
            f"{name} is from {duration_text(least)} to {duration_text(most)}. Pass the shorter duration first."
        )
    return least, most
