"""The settings and their checks. They come from markers, the command line, or the ini file."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.checks._strictness import parse_checks
from pytest_ecsevents.clock._clock import BACKENDS, FOLLOWS, SLEEPS
from pytest_ecsevents.clock._times import parse_duration, parse_when
from pytest_ecsevents.clock._zone import LOCAL, check_zone

__tracebackhide__ = hidden_in_reports


class Settings(NamedTuple):
    """The settings with their defaults. `EcsEvents` documents most of them.

    Attributes:
        failure_events: "executing": simulated failure events start Executing (documented since 2020-12); "scheduled": they
            start Scheduled, as in older documentation.
        history: What DescribeInstanceHistoryEvents returns without statuses. "reference": events that have ended (documented);
            "pending": those that have not, with a TotalCount of 0 (a note by staff of the service).
        timeline: "failed": the reports of failed tests have the timeline; "all": those of all tests.
        real_cloud: "refuse": tests without the fixture may not reach Alibaba Cloud either.
        secrets: Further parts of names whose values no report shows, with commas in between.
    """

    region: str = "cn-hangzhou"
    account_id: str = "1000000000000001"
    start: str = "2030-01-01T00:00:00Z"
    clock: str = "freezegun"
    tz: str = LOCAL
    sleep: str = "virtual"
    follow: str = "virtual"
    executing_for: str = "1s"
    failure_events: str = "executing"
    history: str = "reference"
    strict: str = "true"
    timeline: str = "failed"
    real_cloud: str = "allow"
    secrets: str = ""


_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "clock": BACKENDS,
    "sleep": SLEEPS,
    "follow": FOLLOWS,
    "failure_events": ("executing", "scheduled"),
    "history": ("reference", "pending"),
    "timeline": ("failed", "all"),
    "real_cloud": ("allow", "refuse"),
}


def override_settings(settings: Settings, given: dict[str, Any], label: Callable[[str], str]) -> Settings:
    """`settings` with those of `given` that are neither None nor empty."""
    values = {name: value for name, value in given.items() if value not in (None, "")}
    if not values:
        return settings
    for name, value in values.items():
        what, allowed = label(name), _CHOICES.get(name, (value,))
        if value not in allowed:
            raise BadArgumentError(
                f"{what} is {value!r}. Pass one of: {listed(allowed)}.{did_you_mean(str(value), allowed)}"
            )
        if name == "start":
            parse_when(value, what, 0)
        elif name == "tz":
            check_zone(value, what)
        elif name == "executing_for":
            parse_duration(value, what)
        elif name == "strict":
            parse_checks(value, what)
    return settings._replace(**values)


NAMES: Final = Settings._fields
