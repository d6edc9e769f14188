"""What a test may set, and where each setting may come from: marker, command line, ini."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.checks._strictness import strict_checks
from pytest_ecsevents.clock import BACKENDS, SLEEPS, parse_duration, parse_when

__tracebackhide__ = hidden_in_reports


class Settings(NamedTuple):
    """Every setting, as it stands when nobody sets it.

    Attributes:
        region: The region of instances whose id does not tell one.
        account_id: The account that instances and access keys belong to unless the test says otherwise.
        start: Where the clock is frozen.
        clock: The back end that freezes it.
        sleep: "virtual": `time.sleep` in the test's own thread moves the clock; "real": it waits.
        executing_for: How long an event stays Executing after NotBefore (a guess).
        failure_events: "executing": simulated failure events are born Executing (documented since 2020-12);
            "scheduled": they are born Scheduled, as older documentation shows.
        strict: What fails a test that would otherwise pass: "true" for all checks, "false" for none, or their names.
        timeline: "failed": the report of a failed test has the timeline; "all": that of every test.
    """

    region: str = "cn-hangzhou"
    account_id: str = "1000000000000001"
    start: str = "2030-01-01T00:00:00Z"
    clock: str = "freezegun"
    sleep: str = "virtual"
    executing_for: str = "1s"
    failure_events: str = "executing"
    strict: str = "true"
    timeline: str = "failed"


_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "clock": BACKENDS,
    "sleep": SLEEPS,
    "failure_events": ("executing", "scheduled"),
    "timeline": ("failed", "all"),
}


def with_given(settings: Settings, given: dict[str, Any], spoken: Callable[[str], str]) -> Settings:
    """`settings` with those of `given` that are not None or empty, checked.

    Args:
        settings: What stands so far.
        given: Values by name.
        spoken: What an error calls the setting of a name: "the ini option ecs_events_clock".

    Raises:
        BadArgumentError: One cannot be used.
    """
    said = {name: value for name, value in given.items() if value not in (None, "")}
    if not said:
        return settings
    for name, value in said.items():
        _check(name, value, spoken(name))
    return settings._replace(**said)


def _check(name: str, value: Any, what: str) -> None:
    allowed = _CHOICES.get(name)
    if allowed is not None and value not in allowed:
        raise BadArgumentError(
            f"{what} is {value!r}. Pass one of: {listed(allowed)}.{did_you_mean(str(value), allowed)}"
        )
    if name == "start":
        parse_when(value, what, 0)
    elif name == "executing_for":
        parse_duration(value, what)
    elif name == "strict":
        strict_checks(value, what)


NAMES: Final = Settings._fields
