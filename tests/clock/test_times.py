"""Instants and durations as users write them."""

import datetime as dt

import pytest

from pytest_ecsevents import BadArgumentError
from pytest_ecsevents.clock._times import (
    duration_text,
    from_micros,
    instant_text,
    is_duration,
    minute_text,
    parse_duration,
    parse_when,
    to_micros,
)

NOW = to_micros(dt.datetime(2018, 8, 22, 10, 39, 49, tzinfo=dt.timezone.utc))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2018-09-01T00:00:00Z", "2018-09-01T00:00:00+00:00"),
        ("2018-09-01T00:00:00z", "2018-09-01T00:00:00+00:00"),
        ("2018-09-01T08:00:00+08:00", "2018-09-01T00:00:00+00:00"),
        (" 2018-09-01 00:00:00.250000Z ", "2018-09-01T00:00:00.250000+00:00"),
        ("2018-09-01T00:00:00.5Z", "2018-09-01T00:00:00.500000+00:00"),
        ("2018-09-01T00:00:00.123456789+00:00", "2018-09-01T00:00:00.123456+00:00"),
        (dt.datetime(2018, 9, 1, 8, tzinfo=dt.timezone(dt.timedelta(hours=8))), "2018-09-01T00:00:00+00:00"),
        (dt.timedelta(hours=2), "2018-08-22T12:39:49+00:00"),
        ("+2h30m", "2018-08-22T13:09:49+00:00"),
        ("-1d", "2018-08-21T10:39:49+00:00"),
        ("+ 90s", "2018-08-22T10:41:19+00:00"),
    ],
)
def test_an_instant_can_be_written_in_many_ways(written, meant):
    """Aware datetimes, ISO 8601 with a zone, and relative forms are instants."""
    assert from_micros(parse_when(written, "start", NOW)).isoformat() == meant


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            dt.datetime(2018, 9, 1),  # noqa: DTZ001  # naive on purpose
            "start is datetime 2018-09-01T00:00:00, which has no time zone, so its meaning would depend on the zone "
            "of the machine. Add "
            'one: "2018-09-01T00:00:00Z", or tzinfo=timezone.utc.',
        ),
        (
            "2018-09-01T00:00:00",
            "start is '2018-09-01T00:00:00', which has no time zone, so its meaning would depend on the zone of the "
            "machine. Add "
            'one: "2018-09-01T00:00:00Z", or tzinfo=timezone.utc.',
        ),
        (
            "tomorrow",
            "start is 'tomorrow', which is not an instant. Pass an aware datetime, text with a zone such as "
            '"2018-09-01T00:00:00Z", or one relative to the clock: a timedelta or "+2h30m".',
        ),
        (
            17,
            "start is 17, which is not an instant. Pass an aware datetime, text with a zone such as "
            '"2018-09-01T00:00:00Z", or one relative to the clock: a timedelta or "+2h30m".',
        ),
        (
            "+9999999d",
            "start is '+9999999d', outside the years 1 to 9999. Pass an instant within them.",
        ),
    ],
    ids=["naive datetime", "text without zone", "no time", "number", "too far"],
)
def test_what_is_no_instant_is_refused_in_a_sentence(written, sentence):
    """A naive or malformed time is refused; the message says why and how to write it."""
    with pytest.raises(BadArgumentError) as error:
        parse_when(written, "start", NOW)
    assert str(error.value) == sentence


@pytest.mark.parametrize(
    ("written", "micros"),
    [
        ("90s", 90_000_000),
        ("2h30m", 9_000_000_000),
        ("1d 2h", 93_600_000_000),
        ("1.5s", 1_500_000),
        ("250ms", 250_000),
        ("0s", 0),
        (dt.timedelta(microseconds=1), 1),
    ],
)
def test_a_duration_can_be_written_as_text_or_timedelta(written, micros):
    """Durations are exact to the microsecond."""
    assert parse_duration(written, "executing_for") == micros


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            "soon",
            "executing_for is 'soon', which is not a duration. Pass a timedelta or text such as \"90s\", "
            '"2h30m" or "1d".',
        ),
        (
            5,
            'executing_for is 5, which is not a duration. Pass a timedelta or text such as "90s", "2h30m" or "1d".',
        ),
        (
            dt.timedelta(seconds=-90),
            "executing_for is -1m30s, a negative duration. Pass one of zero or more.",
        ),
    ],
)
def test_what_is_no_duration_is_refused_in_a_sentence(written, sentence):
    """A bad duration is refused, with examples of good ones."""
    with pytest.raises(BadArgumentError) as error:
        parse_duration(written, "executing_for")
    assert str(error.value) == sentence


def test_a_duration_of_thousands_of_digits_is_none():
    """Python does not convert such a number, and neither form of an instant takes it."""
    long = "9" * 5000 + "d"
    with pytest.raises(BadArgumentError, match="not a duration"):
        parse_duration(long, "by")
    with pytest.raises(BadArgumentError, match="not an instant"):
        parse_when(f"+{long}", "not_before", NOW)
    assert not is_duration(long)


def test_instants_are_printed_as_the_service_prints_them():
    """Event times have seconds, DescribeInstances minutes; fractions are dropped, not rounded."""
    assert instant_text(NOW + 999_999) == "2018-08-22T10:39:49Z"
    assert minute_text(NOW) == "2018-08-22T10:39Z"


@pytest.mark.parametrize(
    ("micros", "text"), [(0, "0s"), (9_000_000_000, "2h30m"), (86_400_500_000, "1d0.5s"), (-1_000_000, "-1s")]
)
def test_durations_are_printed_as_they_are_written(micros, text):
    """A duration in a message can be passed back."""
    assert duration_text(micros) == text


@pytest.mark.parametrize("written", ["1000000000d", f"{'9' * 40}d", f"1d {'9' * 900}h"])
def test_a_duration_is_not_longer_than_a_timedelta(written):
    """Nothing else could be shown as one; the longest is taken."""
    with pytest.raises(BadArgumentError, match=r"^retry_after is '.*', which is too long\. Pass at most 999999999d\."):
        parse_duration(written, "retry_after")
    assert parse_duration("999999999d", "retry_after") == dt.timedelta.max.days * 86_400_000_000
