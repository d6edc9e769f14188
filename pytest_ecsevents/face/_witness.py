"""Who watches the calls of a test: records them, hands out faults, objects to what cannot be answered."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pytest_ecsevents._words import EcsEventsError, did_you_mean, hidden_in_reports
from pytest_ecsevents.clock import HandlerStop, Micros
from pytest_ecsevents.face._calls import CallLog, standing_clock, unexpected_call
from pytest_ecsevents.face._faults import Faults
from pytest_ecsevents.face._stubs import Stubs
from pytest_ecsevents.face._timeline import Entry
from pytest_ecsevents.openapi import ApiCall, ApiError

__tracebackhide__ = hidden_in_reports


MOST_CALLS_AT_ONE_INSTANT: Final = 1000
"""Looks that may come in a row at one instant while an instance is in the middle of an operation."""


class CallWitness:
    """The watcher of one test.

    Attributes:
        strict: Whether a call that cannot be answered is an error; else the cloud's own error answers it.
        log: The calls.
        faults: The declared faults.
        stubs: The author's own answers.
        journal: What happened, in order.
        waiting_for: Instances in the middle of an operation, and when they go on.
        test_failed: Whether the test has failed of itself; then nothing more is complained of.
        cue: What may declare a fault for the very call that has come in, if no other meets it; whether it did.
    """

    def __init__(self, strict: bool, waiting_for: Mapping[str, Micros]) -> None:
        self.strict = strict
        self.log: Final = CallLog()
        self.faults: Final = Faults()
        self.stubs: Final = Stubs()
        self.journal: Final[list[Entry]] = []
        self.test_failed = False
        self.waiting_for = waiting_for
        self._stands_at: Micros | None = None
        self._calls_there = 0
        self.cue: Callable[[ApiCall], bool] | None = None
        self._raised: list[EcsEventsError] = []
        self._failures: list[BaseException] = []

    def called(self, call: ApiCall) -> ApiError | None:
        """Record a call; the error returned is its answer."""
        self.log.add(call)
        self.journal.append(call)
        self._check_time_passes(call)
        fault = self.faults.take(call)
        if fault is None and self.cue is not None and self.cue(call):
            return self.faults.take(call)
        return fault

    def _check_time_passes(self, call: ApiCall) -> None:
        """Object to a handler that waits for an instance in a loop without sleeping, which would never end."""
        only_looks = call.action.startswith("Describe")
        if call.at_micros != self._stands_at or not self.waiting_for or not only_looks:
            self._stands_at, self._calls_there = call.at_micros, 0
        self._calls_there += 1
        if self._calls_there > MOST_CALLS_AT_ONE_INSTANT:
            error = standing_clock(call, self.waiting_for)
            self._raised.append(error)
            raise error

    def stubbed(self, call: ApiCall) -> dict[str, Any] | None:
        """The author's own answer to a call that is not faked."""
        return self.stubs.answer(call)

    def unexpected(self, call: ApiCall, problem: str) -> None:
        """Object to a call, and remember that: handlers catch Exception."""
        nearest_stub = did_you_mean(f"{call.product} {call.action}", self.stubs.actions())
        call.hint = f"{problem}{nearest_stub}"
        if self.strict:
            error = unexpected_call(call, call.hint)
            self._raised.append(error)
            raise error

    def watched(self, function: Callable[..., object], args: tuple[object, ...], kwargs: dict[str, object]) -> None:
        """Call a function of the author's, and remember its error: handlers catch Exception."""
        try:
            function(*args, **kwargs)
        except (HandlerStop, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._failures.append(error)
            raise

    def surfaced(self, error: BaseException) -> None:
        """Note that the author sees an error."""
        self._failures = [failure for failure in self._failures if failure is not error]

    def surface(self) -> None:
        """Raise the first error of a function of the author's that he has not seen."""
        if self._failures:
            raise self._failures.pop(0)

    def complaint(self) -> BaseException | None:
        """What is wrong when the test has ended well: a swallowed error, or a fault that was not met."""
        if self._failures and not self.test_failed:
            return self._failures[0]
        if not self.strict or self.test_failed:
            return None
        return self._raised[0] if self._raised else self.faults.unused()
