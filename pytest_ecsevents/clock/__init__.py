"""Freezing back ends, virtual sleep and the queue of what falls due."""

from pytest_ecsevents.clock._clock import BACKENDS, SLEEPS, Clock, ClockMemo
from pytest_ecsevents.clock._times import (
    SECOND,
    Duration,
    Micros,
    When,
    delta_micros,
    duration_text,
    from_micros,
    instant_text,
    minute_text,
    parse_duration,
    parse_when,
    to_micros,
)

__all__ = [
    "BACKENDS",
    "SECOND",
    "SLEEPS",
    "Clock",
    "ClockMemo",
    "Duration",
    "Micros",
    "When",
    "delta_micros",
    "duration_text",
    "from_micros",
    "instant_text",
    "minute_text",
    "parse_duration",
    "parse_when",
    "to_micros",
]
