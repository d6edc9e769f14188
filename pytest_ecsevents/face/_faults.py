"""Provider errors on request: the next calls of an action are refused before they act."""

from dataclasses import dataclass
from typing import Final

from pytest_ecsevents._words import BadArgumentError, UnusedFaultError, did_you_mean, hidden_in_reports, listed
from pytest_ecsevents.clock import Micros, instant_text
from pytest_ecsevents.openapi import ACTIONS, COMMON, ApiCall, ApiError

__tracebackhide__ = hidden_in_reports


@dataclass(slots=True)
class Fault:
    """One declared fault.

    Attributes:
        action: The action whose calls it meets.
        error: The reply.
        times: How many calls it meets.
        between: The window of virtual time in which it meets them, both ends included; None for any time.
        met: How many it has met.
    """

    action: str
    error: ApiError
    times: int
    between: "tuple[Micros, Micros] | None"
    met: int = 0

    def meets(self, call: ApiCall) -> bool:
        """Whether this call gets it."""
        in_window = self.between is None or self.between[0] <= call.at_micros <= self.between[1]
        return call.action == self.action and self.met < self.times and in_window


class Faults:
    """The faults of one test, met in order of declaration."""

    def __init__(self) -> None:
        self._faults: Final[list[Fault]] = []

    @property
    def met(self) -> int:
        """How many calls met a fault."""
        return sum(fault.met for fault in self._faults)

    @property
    def declared(self) -> int:
        """How many calls the faults are for."""
        return sum(fault.times for fault in self._faults)

    def add(
        self,
        action: str,
        code: str,
        *,
        times: int,
        message: str | None,
        http_status: int | None,
        between: "tuple[Micros, Micros] | None",
    ) -> None:
        """Declare a fault.

        Raises:
            BadArgumentError: No such action, a code that it never answers given without status, or no calls to meet.
        """
        if action not in ACTIONS:
            raise BadArgumentError(
                f"{action!r} is no action of Ecs.{did_you_mean(str(action), ACTIONS)} Actions are: {listed(ACTIONS)}."
            )
        if not _is_count(times):
            raise BadArgumentError(f"fail({action!r}, {code!r}) got times={times!r}. Pass a whole number of 1 or more.")
        self._faults.append(Fault(action, _error(action, code, message, http_status), times, between))

    def take(self, call: ApiCall) -> ApiError | None:
        """The error this call gets, if any."""
        for fault in self._faults:
            if fault.meets(call):
                fault.met += 1
                return fault.error
        return None

    def unused(self) -> UnusedFaultError | None:
        """The error about faults that were not met as often as they were declared."""
        left = [fault for fault in self._faults if fault.met < fault.times]
        if not left:
            return None
        return UnusedFaultError(
            "Faults were declared that the handler did not meet:\n"
            + "\n".join(f"  - {_fault_text(fault)}" for fault in left)
            + "\nMake the handler call the action, or declare fewer; ecs_events.strict = False lets them be."
        )


def _is_count(times: object) -> bool:
    return isinstance(times, int) and times >= 1


def _fault_text(fault: Fault) -> str:
    window = ""
    if fault.between is not None:
        window = f" between {instant_text(fault.between[0])} and {instant_text(fault.between[1])}"
    return f"{fault.action}: {fault.error.code}, met {fault.met} of {fault.times} times{window}"


def _error(action: str, code: str, message: str | None, http_status: int | None) -> ApiError:
    row = ACTIONS[action].errors.get(code) or COMMON.get(code)
    if row is None and (http_status is None or message is None):
        known = tuple(dict.fromkeys((*ACTIONS[action].errors.codes(), *COMMON.codes())))
        raise BadArgumentError(
            f"{code!r} is no error that {action} is known to answer.{did_you_mean(str(code), known)} For one of your "
            f"own pass message= and http_status= too. Known are: {listed(known)}."
        )
    if row is not None:
        http_status = row.http_status if http_status is None else http_status
        message = row.error().message if message is None else message
    assert http_status is not None
    assert message is not None
    if not 300 <= http_status <= 599:
        raise BadArgumentError(f"fail({action!r}, {code!r}) got http_status={http_status}. Pass one from 300 to 599.")
    return ApiError(code, http_status, message)
