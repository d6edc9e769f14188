"""Instants and durations: integers of microseconds inside, aware datetimes and text at the edge."""

import datetime as dt
import functools
import re
from decimal import Decimal
from typing import Final, TypeAlias

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports

__tracebackhide__ = hidden_in_reports

Micros: TypeAlias = int
"""Microseconds: of a duration, or since 1970-01-01T00:00:00Z."""

When: TypeAlias = dt.datetime | dt.timedelta | str
"""An instant in a test: an aware datetime, ISO 8601 text with a zone, or relative to now (timedelta, "+2h30m")."""

Duration: TypeAlias = dt.timedelta | str
"""A duration in a test: a timedelta, or text such as "90s" or "2h30m"."""

SECOND: Final = 1_000_000
MILLISECOND: Final = 1_000
MICROSECOND: Final = dt.timedelta(microseconds=1)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)
NAIVE_EPOCH: Final = _EPOCH.replace(tzinfo=None)
LAST: Final = (dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.timezone.utc) - _EPOCH) // MICROSECOND
END: Final = LAST - 86_400 * SECOND
"""The last instant of a clock: the local time of each zone, and what is planned a day ahead, are in the year 9999, too."""
A_CENTURY: Final = 100 * 365 * 86_400
"""Seconds. A longer wait counts as endless, as with `threading.TIMEOUT_MAX`."""
FIRST: Final = (dt.datetime(1, 1, 2, tzinfo=dt.timezone.utc) - _EPOCH) // MICROSECOND

_LONGEST_SPAN: Final = dt.timedelta.max.days * 86_400 * SECOND

_UNITS: Final = {"d": 86_400 * SECOND, "h": 3_600 * SECOND, "m": 60 * SECOND, "s": SECOND, "ms": 1_000}
_DURATION: Final = re.compile(r"(?:\d+(?:\.\d+)?(?:d|h|ms|m|s)\s*)+")
_LONGEST: Final = 1000  # Python refuses to convert a number of more than 4,300 digits
_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(d|h|ms|m|s)")


def to_micros(when: dt.datetime) -> Micros:
    return (when - _EPOCH) // MICROSECOND


def from_micros(at: Micros) -> dt.datetime:
    """The instant as a datetime; one after the year 9999, which a clock never reaches, as the last one before."""
    return _EPOCH + dt.timedelta(microseconds=min(at, LAST))


def naive_from_micros(at: Micros) -> dt.datetime:
    """The instant as a naive datetime that means UTC."""
    return NAIVE_EPOCH + dt.timedelta(microseconds=at)


def delta_micros(delta: dt.timedelta) -> Micros:
    return delta // MICROSECOND


@functools.lru_cache(maxsize=8192)
def instant_text(at: Micros) -> str:
    """`2018-09-01T00:00:00Z`: the precision of ECS event times, fractions dropped."""
    return (_EPOCH + dt.timedelta(seconds=min(at, LAST) // SECOND)).replace(tzinfo=None).isoformat() + "Z"


def before_end(at: Micros, now: Micros) -> Micros:
    """`at`, to which a clock is to move from `now`.

    Raises:
        BadArgumentError: It is after the end of the clock.
    """
    if at > END:
        raise BadArgumentError(
            f"This would move the clock by {duration_text(at - now)}, beyond {instant_text(END)}, where it ends. "
            "Pass an earlier instant, or a shorter duration."
        )
    return at


def minute_text(at: Micros) -> str:
    """`2018-09-01T00:00Z`: the precision of DescribeInstances."""
    return instant_text(at)[:16] + "Z"


def duration_text(span: Micros) -> str:
    """`2h30m`, the form that `parse_duration` reads."""
    if span == 0:
        return "0s"
    rest, words = abs(span), []
    for unit in ("d", "h", "m"):
        count, rest = divmod(rest, _UNITS[unit])
        if count:
            words.append(f"{count}{unit}")
    if rest:
        words.append(f"{Decimal(rest) / SECOND:f}s")
    return ("-" if span < 0 else "") + "".join(words)


def elapsed_text(span: Micros) -> str:
    """`+23:00:00`, `+2d 03:00:00`; fractions of a second only where there are some."""
    sign = "-" if span < 0 else "+"
    seconds, fraction = divmod(abs(span), SECOND)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    tail = f".{fraction:06}".rstrip("0") if fraction else ""
    return f"{sign}{days}d {clock}{tail}" if days else f"{sign}{clock}{tail}"


def is_duration(value: object) -> bool:
    """Whether a value is a duration as text: "90s", "2h30m"."""
    return isinstance(value, str) and len(value) < _LONGEST and _DURATION.fullmatch(value.strip()) is not None


def parse_duration(value: object, what: str, *, is_signed: bool = False) -> Micros:
    """Convert a duration to microseconds.

    Args:
        value: A timedelta, or text such as "90s", "2h30m", "1d".
        what: The name of the argument, for errors.
        is_signed: Whether it may be negative, and its text may begin with a sign.

    Raises:
        BadArgumentError: It is no duration, it is negative, or longer than a timedelta.
    """
    if isinstance(value, dt.timedelta):
        span = delta_micros(value)
        if span < 0 and not is_signed:
            raise BadArgumentError(f"{what} is {duration_text(span)}, a negative duration. Pass one of zero or more.")
        return span
    if isinstance(value, str):
        text = value.strip()
        sign = -1 if is_signed and text.startswith("-") else 1
        text = text[1:].strip() if is_signed and text.startswith(("+", "-")) else text
        if is_duration(text):
            span = _duration_micros(text)
            if span > _LONGEST_SPAN:
                raise BadArgumentError(
                    f"{what} is {value!r}, which is too long. Pass at most {duration_text(_LONGEST_SPAN)}."
                )
            return sign * span
    raise BadArgumentError(
        f'{what} is {value!r}, which is not a duration. Pass a timedelta or text such as "90s", "2h30m" or "1d".'
    )


@functools.lru_cache
def _duration_micros(text: str) -> Micros:
    return sum(int(Decimal(count) * _UNITS[unit]) for count, unit in _PART.findall(text))


def parse_when(value: object, what: str, now: Micros, also: str = "") -> Micros:
    """Convert an instant to microseconds since the epoch.

    Args:
        value: An aware datetime, ISO 8601 text with a zone, or relative to `now`: a timedelta or "+2h30m".
        what: The name of the argument, for errors.
        now: The instant that relative values count from.
        also: A sentence for errors about other values that the argument takes.

    Raises:
        BadArgumentError: It is no instant, or a datetime without a zone.
    """
    at = _absolute(value, what, now, also)
    if not FIRST <= at <= LAST:
        raise BadArgumentError(f"{what} is {value!r}, outside the years 1 to 9999. Pass an instant within them.")
    return at


def _absolute(value: object, what: str, now: Micros, also: str) -> Micros:
    if isinstance(value, dt.timedelta):
        return now + delta_micros(value)
    if isinstance(value, dt.datetime):
        return to_micros(_aware(value, what, value))
    if isinstance(value, str):
        text = value.strip()
        if text[:1] in ("+", "-") and is_duration(text[1:]):
            span = parse_duration(text[1:], what)
            return now + span if text[0] == "+" else now - span
        return _instant_micros(text, what, also)
    raise BadArgumentError(f"{what} is {value!r}, which is not an instant. {_FORMS}{also}")


@functools.lru_cache  # every test parses where its clock starts
def _instant_micros(text: str, what: str, also: str) -> Micros:
    return to_micros(_aware(_from_iso(text, what, also), what, text))


_FORMS: Final = (
    'Pass an aware datetime, text with a zone such as "2018-09-01T00:00:00Z", or one relative to the clock: '
    'a timedelta or "+2h30m".'
)


def _from_iso(text: str, what: str, also: str) -> dt.datetime:
    # Python 3.10 reads neither Z nor fractions of other than six digits.
    readable = f"{text[:-1]}+00:00" if text.endswith(("z", "Z")) else text
    if "." in readable:
        readable = re.sub(r"\.(\d+)", lambda match: f".{match[1][:6]:0<6}", readable)
    try:
        return dt.datetime.fromisoformat(readable)
    except ValueError:
        raise BadArgumentError(f"{what} is {text!r}, which is not an instant. {_FORMS}{also}") from None


def _aware(when: dt.datetime, what: str, written: object) -> dt.datetime:
    if when.utcoffset() is None:
        # No repr: freezegun's class has another name than the real one.
        shown = f"datetime {written.isoformat()}" if isinstance(written, dt.datetime) else repr(written)
        raise BadArgumentError(
            f"{what} is {shown}, which has no time zone, so its meaning would depend on the zone of the machine. "
            f'Add one: "{when.isoformat()}Z", or tzinfo=timezone.utc.'
        )
    return when
