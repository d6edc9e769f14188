"""Who watches the calls of a test: records them, hands out faults, objects to what cannot be answered."""

from typing import Any, Final

from pytest_ecsevents._words import EcsEventsError, UnexpectedCallError, did_you_mean, hidden_in_reports
from pytest_ecsevents.face._calls import CallLog, unexpected_call
from pytest_ecsevents.face._faults import Faults
from pytest_ecsevents.face._stubs import Stubs
from pytest_ecsevents.face._timeline import Entry
from pytest_ecsevents.openapi import ApiCall, ApiError

__tracebackhide__ = hidden_in_reports


class CallWitness:
    """The watcher of one test.

    Attributes:
        strict: Whether a call that cannot be answered is an error; else the cloud's own error answers it.
        log: The calls.
        faults: The declared faults.
        stubs: The author's own answers.
        journal: What happened, in order.
        test_failed: Whether the test has failed of itself; then nothing more is complained of.
    """

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.log: Final = CallLog()
        self.faults: Final = Faults()
        self.stubs: Final = Stubs()
        self.journal: Final[list[Entry]] = []
        self.test_failed = False
        self._raised: list[UnexpectedCallError] = []

    def called(self, call: ApiCall) -> ApiError | None:
        """Record a call; the error returned is its answer."""
        self.log.add(call)
        self.journal.append(call)
        return self.faults.take(call)

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

    def complaint(self) -> EcsEventsError | None:
        """What is wrong when the test has ended well: a swallowed error, or a fault that was not met."""
        if not self.strict or self.test_failed:
            return None
        return self._raised[0] if self._raised else self.faults.unused()
