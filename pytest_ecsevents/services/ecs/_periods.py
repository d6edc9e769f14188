"""The periods of subscriptions."""

import calendar
import datetime as dt
from typing import Final

from pytest_ecsevents.clock._times import LAST, SECOND, Micros, from_micros, to_micros

PERIODS: Final = {"Week": range(1, 5), "Month": (*range(1, 10), 12, 24, 36, 48, 60)}
"""How many weeks or months a subscription lasts (documented)."""

_WEEK: Final = 7 * 86_400 * SECOND


def end_of(start: Micros, period: int, unit: str) -> Micros:
    """When a period ends that starts then; the unit is one of `PERIODS`, or "" for months."""
    return min(start + period * _WEEK if unit == "Week" else _months_later(start, period), LAST)


def _months_later(at: Micros, months: int) -> Micros:
    when = from_micros(at)
    years, month = divmod(when.month - 1 + months, 12)
    if when.year + years > dt.MAXYEAR:
        return LAST
    last = calendar.monthrange(when.year + years, month + 1)[1]
    return to_micros(when.replace(year=when.year + years, month=month + 1, day=min(when.day, last)))
