"""The checks that fail a test which would otherwise pass, and how to relax them."""

import json
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from pytest_ecsevents._errors import (
    BadArgumentError,
    DeliveryError,
    EcsEventsError,
    LeftThreadsError,
    ReceiverError,
    StrictnessError,
    hidden_in_reports,
)
from pytest_ecsevents._frames import place_of_error
from pytest_ecsevents._words import did_you_mean, error_text, listed
from pytest_ecsevents.clock._times import Micros, instant_text
from pytest_ecsevents.services.cms._delivery import Delivery
from pytest_ecsevents.services.ecs._model import Change, Transition

__tracebackhide__ = hidden_in_reports

CHECKS: Final = {
    "calls": "calls that cannot be answered, that would never end, or that are repeated while the clock stands still",
    "faults": "faults and delays that no call met",
    "stubs": "stubs that were not called",
    "receivers": "errors of a receiver, or of a function planned with `at`, though the test passed",
    "threads": "threads of the test that still ran at its end",
    "portability": "calls that depend on what the sources of the API dispute",
}
"""The checks by name, each with what it finds."""

_BY_DEFAULT: Final = frozenset(CHECKS) - {"portability"}

_YES_NO: Final[dict[str, frozenset[str]]] = {
    **dict.fromkeys(("true", "yes", "on", "1"), _BY_DEFAULT),
    **dict.fromkeys(("false", "no", "off", "0"), frozenset()),
}


def parse_checks(strict: object, what: str) -> frozenset[str]:
    """Parse the choice of checks.

    Args:
        strict: True for the default checks, False for none; names of checks, in a collection or in text with commas. Among
            names "true" stands for the default ones.
        what: Its name in errors.

    Raises:
        BadArgumentError: It is something else.
    """
    text = str(strict).strip().lower() if isinstance(strict, (bool, str)) else ""
    if text in _YES_NO:
        return _YES_NO[text]
    names = re.split(r"[\s,]+", text.strip(", ")) if isinstance(strict, str) else strict
    wrong = [name for name in names if name not in (*CHECKS, "true")] if isinstance(names, Iterable) else [""]
    if not isinstance(names, Iterable) or wrong:
        raise BadArgumentError(
            f"{what} is {strict!r}. Pass true or false, or some of the checks: {listed(CHECKS)}; true has all but portability."
            f"{did_you_mean(str(wrong[0]), [*CHECKS, 'true', 'false'])}"
        )
    return (_BY_DEFAULT if "true" in tuple(names) else frozenset()) | (frozenset(names) - {"true"})


class Checks(frozenset[str]):
    """The checks that are made. Only names of checks can be subtracted: a misspelt one would change nothing."""

    __slots__ = ()

    def __sub__(self, others: AbstractSet[object]) -> "Checks":
        return Checks(super().__sub__(parse_checks(others, "the set subtracted from ecs_events.strict")))


MANUAL: Final = 'the manual, "Strictness" (docs/reference/strictness.md)'


def how_to_relax(check: str) -> str:
    return (
        f'ecs_events.strict -= {{"{check}"}} in the test, or leave "{check}" out of ecs_events_strict in the ini file; '
        f"see {MANUAL}."
    )


def with_remedy(problem: str, check: str, remedy: str) -> str:
    """A message: the problem, what to do about it, and how to relax the check."""
    return f"{problem}\n{remedy} If that is intended: {how_to_relax(check)}"


# -- found at teardown


def receiver_error(noun: str, errors: Sequence[str]) -> ReceiverError | None:
    """Make the error about these texts of errors; `noun` says what raised them, a "receiver" or a planned "function"."""
    if not errors:
        return None
    subject = "Receivers" if noun == "receiver" else "Functions planned with at"
    problem = "\n".join([f"{subject} raised errors that the test did not notice:", *map("  - {}".format, errors)])
    return ReceiverError(with_remedy(problem, "receivers", f"Correct the {noun}, or catch its error there."))


def planned_error_text(at: Micros, place: str, error: BaseException) -> str:
    """Say what a planned function raised, where, when it was called, and where it was planned."""
    when = f"called at {instant_text(at)}, planned at {place}"
    return f"{type(error).__name__} at {place_of_error(error)}, {when}: {error_text(error)}"


def change_error_text(change: Change, error: Exception) -> str:
    """Say what a receiver of `on_change` raised, where, and for which change."""
    subject = change.record.event_id if isinstance(change, Transition) else change.record.instance_id
    what = f"{subject} {change.from_status or 'nothing'} -> {change.to_status or 'released'} ({change.cause})"
    where = f"{place_of_error(error)}, called with {what} at {instant_text(change.at_micros)}"
    return f"{type(error).__name__} at {where}: {error_text(error)}"


def delivery_error_text(delivery: Delivery, error: BaseException) -> str:
    """Say what a receiver of notifications raised, where, and its payload; or what went wrong with a URL."""
    is_ours = isinstance(error, EcsEventsError)
    kind = "" if is_ours else f"{type(error).__name__} at {place_of_error(error)}: "
    tries = f", attempt {delivery.attempt}" if delivery.attempt > 1 else ""
    did = "sent" if isinstance(error, DeliveryError) else "delivered"
    return (
        f"{kind}{error_text(error)}\n    {delivery.name} was {did} to {delivery.subscription.receiver} at "
        f"{instant_text(delivery.at_micros)}{tries}:\n    {json.dumps(delivery.payload, ensure_ascii=False)}"
    )


def thread_error(names: Sequence[str]) -> LeftThreadsError | None:
    """Make the error about threads, if there are any."""
    if not names:
        return None
    return LeftThreadsError(
        with_remedy(
            f"Threads that the test started still ran at its end: {listed(names)}. Their calls would reach "
            "the next test's cloud.",
            "threads",
            "Stop and join them before the test ends.",
        )
    )


def combine_errors(errors: Sequence[tuple[EcsEventsError, int]]) -> EcsEventsError | None:
    """Combine the errors of one test into one; a single error is returned as it is."""
    if len(errors) < 2:
        return errors[0][0] if errors else None
    texts = [
        f"{number}. {error}{_origin(error, times)}".replace("\n", "\n   ")
        for number, (error, times) in enumerate(errors, start=1)
    ]
    return StrictnessError(
        f"{len(errors)} things went wrong that the test did not notice:\n\n" + "\n\n".join(texts),
        tuple(error for error, _ in errors),
    )


def _origin(error: EcsEventsError, times: int) -> str:
    """Say where and how often a call was made whose error was swallowed."""
    place = place_of_error(error, in_authors_code=True)
    if not place:
        return f"\nThis happened {times} times." if times > 1 else ""
    often = f", {times} times" if times > 1 else ""
    return f"\nIt was called at {place}{often}."
