"""The calls of a test: what was called, what must have been, and what must not."""

from collections.abc import Iterable, Mapping
from typing import Final

from pytest_ecsevents._words import (
    BadArgumentError,
    StandingClockError,
    UnexpectedCallError,
    did_you_mean,
    hidden_in_reports,
    listed,
)
from pytest_ecsevents.clock import Micros, instant_text
from pytest_ecsevents.openapi import ACTIONS, ApiCall

__tracebackhide__ = hidden_in_reports


class CallLog:
    """Every intercepted call in order, and questions about them."""

    def __init__(self) -> None:
        self.calls: Final[list[ApiCall]] = []
        self.stubbed: Final[set[str]] = set()
        self._by_action: dict[str, list[ApiCall]] = {}

    def add(self, call: ApiCall) -> None:
        """Record a call."""
        self.calls.append(call)
        self._by_action.setdefault(call.action, []).append(call)

    def matching(self, action: str, params: Mapping[str, object]) -> list[ApiCall]:
        """The calls to `action` with all of `params`.

        Raises:
            BadArgumentError: No such action, or it has no such parameter.
        """
        wanted = _wire_params(self._checked_action(action), params)
        return [call for call in self._by_action.get(action, []) if _has(call, wanted)]

    def check_called(self, action: str, times: int | None, params: Mapping[str, object]) -> None:
        """Raise an AssertionError unless `action` was called with `params`, `times` times or at least once."""
        if times is not None and not _is_number(times):
            raise BadArgumentError(f"assert_called got times={times!r}. Pass a whole number, or leave it out.")
        found = self.matching(action, params)
        if (times is None and not found) or (times is not None and len(found) != times):
            raise AssertionError(self._not_called(action, times, params, len(found)))

    def check_not_called(self, action: str, params: Mapping[str, object]) -> None:
        """Raise an AssertionError if `action` was called with `params`."""
        found = self.matching(action, params)
        if found:
            raise AssertionError(
                f"{_spoken(action, params)} was to be left alone, but was called {_times(len(found))}:\n"
                f"{_bullets(found)}"
            )

    def _not_called(self, action: str, times: int | None, params: Mapping[str, object], found: int) -> str:
        wanted = "" if times is None else f" {_times(times)}"
        outcome = f"was called {_times(found)}" if found else "was not"
        said = f"{_spoken(action, params)} was to be called{wanted}, but {outcome}."
        same = self._by_action.get(action, [])
        if same:
            return f"{said} Calls to {action}:\n{_bullets(same)}"
        if self.calls:
            return f"{said} Calls to other actions:\n{_bullets(self.calls)}"
        return f"{said} Nothing was called at all."

    def _checked_action(self, action: str) -> str:
        known = [*ACTIONS, *self._by_action, *self.stubbed]
        if action not in known:
            raise BadArgumentError(
                f"{action!r} is no action of Ecs.{did_you_mean(str(action), known)} Actions are: {listed(ACTIONS)}."
            )
        return action


def _wire_params(action: str, params: Mapping[str, object]) -> dict[str, object]:
    """Parameters by their names on the wire; `instance_id` reads as `InstanceId`."""
    declared = ACTIONS.get(action)
    if declared is None:
        return dict(params)
    known = [parameter.name for parameter in declared.parameters.parameters] + ["RegionId"]
    return {_wire_name(action, name, known): value for name, value in params.items()}


def _wire_name(action: str, name: str, known: list[str]) -> str:
    for candidate in (name, "".join(word[:1].upper() + word[1:] for word in name.split("_"))):
        if candidate in known:
            return candidate
    raise BadArgumentError(f"{action} has no parameter {name!r}.{did_you_mean(name, known)} It has: {listed(known)}.")


def _has(call: ApiCall, wanted: Mapping[str, object]) -> bool:
    return all(_matches(_param(call, name), value) for name, value in wanted.items())


def _param(call: ApiCall, name: str) -> object:
    return call.region_id if name == "RegionId" else call.params.get(name)


def _matches(sent: object, wanted: object) -> bool:
    """A list must be the list that was sent; one value may be any of a list's; True matches "true" and "True"."""
    if isinstance(wanted, (list, tuple)):
        return isinstance(sent, list) and [str(value) for value in sent] == [str(value) for value in wanted]
    if isinstance(sent, list):
        return str(wanted) in sent
    if isinstance(wanted, bool):
        return str(sent).lower() == str(wanted).lower()
    return sent is not None and str(sent) == str(wanted)


def _spoken(action: str, params: Mapping[str, object]) -> str:
    said = ", ".join(f"{name}={value!r}" for name, value in params.items())
    return f"{action}({said})" if said else action


def _is_number(times: object) -> bool:
    return isinstance(times, int) and times >= 0


def _times(count: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _bullets(calls: Iterable[ApiCall], most: int = 10) -> str:
    lines = [f"  - {call_text(call)}" for call in calls]
    if len(lines) > most:
        lines[:-most] = [f"  - ... {len(lines) - most} earlier ones"]
    return "\n".join(lines)


def call_text(call: ApiCall) -> str:
    """`RebootInstance(InstanceId=i-web1) -> 200`."""
    params = ", ".join(f"{name}={_param_text(name, value)}" for name, value in call.params.items())
    product = "" if call.product == "Ecs" else f"{call.product} "
    outcome = "no answer" if call.http_status is None else str(call.http_status)
    code = f" {call.code}" if call.code else ""
    return f"{product}{call.action}({params}) -> {outcome}{code}" + (f", {call.summary}" if call.summary else "")


# Reports end up in logs that many may read.
_SECRET: Final = ("Password",)

_MOST_OF_A_VALUE: Final = 60
"""Characters of a value that a line shows: `InstanceIds` may be a hundred ids in one text."""


def _param_text(name: str, value: object) -> str:
    return "***" if name in _SECRET else _value_text(value)


def _value_text(value: object) -> str:
    if isinstance(value, list):
        return f"[{listed((_value_text(one) for one in value), most=3)}]"
    if isinstance(value, dict) and value.keys() <= {"Key", "Value"}:
        return ":".join(value.values())
    if isinstance(value, dict):
        return " ".join(f"{member}={_value_text(inner)}" for member, inner in value.items())
    text = str(value)
    return text if len(text) <= _MOST_OF_A_VALUE else f"{text[: _MOST_OF_A_VALUE - 3]}..."


def standing_clock(call: ApiCall, waiting_for: Mapping[str, Micros]) -> StandingClockError:
    """The error for a handler that waits without sleeping."""
    instance_id, until = min(waiting_for.items(), key=lambda item: item[1])
    return StandingClockError(
        f"The handler called {call.action} again and again while the clock stands at {instant_text(call.at_micros)}. It "
        f"waits for {instance_id}, which goes on at {instant_text(until)}, but time does not pass by itself: sleep in the "
        "loop (time.sleep moves the clock), or leave out the pending_takes, starting_takes or stopping_takes that the "
        "instance was given."
    )


def unexpected_call(call: ApiCall, problem: str) -> UnexpectedCallError:
    """The error for a call that the fake cannot answer."""
    return UnexpectedCallError(
        f"The handler called {call.action or 'nothing'} of {call.product}, which cannot be answered: {problem} "
        "To let the handler see the service's own InvalidAction.NotFound instead, set ecs_events.strict = False in "
        "the test, or ecs_events_strict = false in the ini file."
    )
