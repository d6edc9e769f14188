"""The calls of a test, the assertions about them, and the errors about calls."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

from pytest_ecsevents._errors import (
    BadArgumentError,
    EndlessCallError,
    ServedCallError,
    StandingClockError,
    UnexpectedCallError,
    hidden_in_reports,
)
from pytest_ecsevents._words import error_text, nearest
from pytest_ecsevents.checks._faults import FaultRules
from pytest_ecsevents.checks._patterns import ALL, CallPattern, pattern
from pytest_ecsevents.checks._strictness import how_to_relax
from pytest_ecsevents.clock._times import Micros, instant_text
from pytest_ecsevents.report._texts import METADATA, api_request_text, call_text, request_text
from pytest_ecsevents.rpc._calls import ApiCall, Call
from pytest_ecsevents.rpc._wire import Client, NoReply
from pytest_ecsevents.services.metadata._calls import HOST, MetadataCall
from pytest_ecsevents.transports._routing import MESSAGE_QUEUE, what_is

__tracebackhide__ = hidden_in_reports


C = TypeVar("C", bound=Call)

_CLIENTS: Final = "requests, httpx, httpx2, aiohttp, urllib3, urllib.request or http.client"


class CallLog(Generic[C]):
    """The requests to one service, in order, and the faults and delays declared for them.

    Args:
        seed: Seed of random choices.
        text: Formats a request.
    """

    def __init__(self, seed: str, text: Callable[[C], str]) -> None:
        self.calls: Final[list[C]] = []
        self.faults: Final = FaultRules(seed, text)


class ApiLog(CallLog[ApiCall]):
    """The API calls, and the assertions about them."""

    def __init__(self, seed: str) -> None:
        super().__init__(seed, call_text)
        self.stubbed: Final[set[str]] = set()

    def matching(self, action: str, params: Mapping[str, object]) -> list[ApiCall]:
        """The calls to `action` with all of `params`.

        Raises:
            BadArgumentError: No such action, or it has no such parameter.
        """
        meant = pattern(action, params, besides=[*self._actions(), *self.stubbed])
        return [call for call in self.calls if meant.fits(call)]

    def _actions(self) -> set[str]:
        return {call.action for call in self.calls}

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
                f"expected no calls of {_pattern_text(action, params)}, got {len(found)}:\n{_bullets(found)}"
            )

    def _not_called(self, action: str, times: int | None, params: Mapping[str, object], found: int) -> str:
        wanted = "a call" if times is None else f"{times} call{'' if times == 1 else 's'}"
        text = f"expected {wanted} of {_pattern_text(action, params)}, got {found or 'none'}."
        same = [call for call in self.calls if call.action == action]
        if same:
            return f"{text} Calls of {action}:\n{_bullets(same)}"
        if self.calls:
            return f"{text} Calls of other actions:\n{self._others(action)}"
        return f"{text} There were no calls at all."

    def _others(self, action: str, most: int = 10) -> str:
        """Calls of other actions, those of the action with the most similar name first."""
        near = nearest(action, self._actions())
        lines = _lines(sorted(self.calls, key=lambda call: call.action != near))
        if len(lines) > most:
            lines[most:] = [f"  - ... {len(lines) - most} more"]
        return "\n".join(lines)


def _pattern_text(action: str, params: Mapping[str, object]) -> str:
    return str(CallPattern(action, params, {}))


def _is_number(times: object) -> bool:
    return isinstance(times, int) and times >= 0


def _bullets(calls: Iterable[ApiCall], most: int = 10) -> str:
    lines = _lines(calls)
    if len(lines) > most:
        lines[:-most] = [f"  - ... {len(lines) - most} earlier ones"]
    return "\n".join(lines)


def _lines(calls: Iterable[ApiCall]) -> list[str]:
    """One line for all calls with the same text, in order of the first of each."""
    counted = Counter(map(call_text, calls))
    often = {1: "", 2: " (twice)"}
    return [f"  - {text}{often.get(count, f' ({count} times)')}" for text, count in counted.items()]


def standing_clock(call: ApiCall, waiting_for: Mapping[str, Micros], client: Client | None) -> StandingClockError:
    """The error for a handler that polls an instance without sleeping."""
    instance_id, until = _next_to_go_on(waiting_for)
    is_elsewhere = client is not None and client.frame() is None
    sleep, who = "sleep in the loop (time.sleep moves the clock)", "The handler"
    if is_elsewhere:
        who = "A client of the server"
        sleep = (
            "sleep in its loop if it is a thread of the test (time.sleep moves the clock); for another process, call "
            f'ecs_events.advance meanwhile, or let its calls take virtual time: ecs_events.delay("{call.action}", "1s")'
        )
    return StandingClockError(
        f"{who} called {call.action} again and again while the clock stands at {instant_text(call.at_micros)}. It "
        f"waits for {instance_id}, whose status changes at {instant_text(until)}, but time does not pass by itself: {sleep}, "
        "or remove the instance's pending_takes, starting_takes or stopping_takes."
    )


def waiting_client(waiting_for: Mapping[str, Micros]) -> str:
    """What a client of the server waits for if it polls repeatedly while the clock stands still."""
    instance_id, until = _next_to_go_on(waiting_for)
    return (
        f"{instance_id} goes on at {instant_text(until)}. The clock stands meanwhile: ecs_events.advance, ecs_events.delay or "
        "a sleep in a thread of the test moves it, a sleep in another process does not."
    )


def _next_to_go_on(waiting_for: Mapping[str, Micros]) -> tuple[str, Micros]:
    return min(waiting_for.items(), key=lambda item: item[1])


def standing_run(call: Call, calls: int, place: str) -> StandingClockError:
    """The error for a handler under `run` that keeps calling while the clock stands still."""
    return StandingClockError(
        f"The handler made {calls} calls while the clock stands at {instant_text(call.at_micros)}, the last of them "
        f"{_request_text(call)} at {place}. Time does not pass by itself, so run would never end: sleep in the "
        "loop (time.sleep moves the clock), or let calls take virtual time: "
        f'ecs_events.delay("{METADATA if isinstance(call, MetadataCall) else ALL}", "50ms").'
    )


def standing_loop(call: Call, calls: int, patience: float, place: str) -> StandingClockError:
    """The error for a loop outside `run` that keeps calling while the clock stands still."""
    what = getattr(call, "what", "") or _request_text(call)
    return StandingClockError(
        f"A loop made {calls} calls while the clock stands at {instant_text(call.at_micros)}, for more than {patience:g} seconds "
        f"of real time, the last of them {what} at {place}. Time does not pass by itself: sleep in the loop (time.sleep "
        "moves the clock). If it ends by itself, set ecs_events.patience to more seconds."
    )


def standing_queue(what: str, at: Micros, requests: int) -> StandingClockError:
    """The error for a handler under `run` that keeps polling a queue while the clock stands still."""
    return StandingClockError(
        f"The handler made {requests} requests to queues while the clock stands at {instant_text(at)}, the last of them "
        f"{what}. Time does not pass by itself, so run would never end: poll with wait_seconds, or sleep in the "
        "loop."
    )


_REQUEST_TEXTS: Final[dict[type[Call], Callable[[Any], str]]] = {ApiCall: api_request_text, MetadataCall: request_text}


def _request_text(call: Call) -> str:
    return _REQUEST_TEXTS[type(call)](call)


def endless_call(call: Call, no_reply: NoReply) -> EndlessCallError:
    """The error for a call whose client would hang."""
    limit = "connect timeout" if no_reply is NoReply.CONNECT_TIMEOUT else "read timeout"
    return EndlessCallError(
        f'{_request_text(call)} met "{no_reply.value}", and its client has no {limit}, so it would hang. Give the client '
        'one (timeout=10 of requests), or declare another fault, such as "connection reset".'
    )


def served_call(problem: BaseException, answer: str) -> ServedCallError:
    """The error for a call over HTTP that ended in an error of the test's own; `answer` is its reply's status and code."""
    return ServedCallError(
        f"A call that came over HTTP ended in {type(problem).__name__}, and was answered with {answer}: "
        f"{error_text(problem)}"
    )


def uncaught_connection() -> UnexpectedCallError:
    """The error for a connection to the metadata address that no known client makes."""
    return UnexpectedCallError(
        f"An unknown HTTP client connected to the metadata service, {HOST}. Use {_CLIENTS}, or a library built on them. To "
        f"let it meet a timeout instead: {how_to_relax('calls')}"
    )


def real_host(host: str, place: str) -> UnexpectedCallError:
    """The error for a client that would reach a host of the real cloud from a test with a fake one."""
    what = what_is(host)
    if what == MESSAGE_QUEUE:
        problem = (
            f'is {what}. Give its client the address of the fake one: ecs_events.queue("...").endpoint, or a topic\'s.'
        )
    elif what:
        problem = (
            f"is {what}, which is not faked here. Mock it (responses, respx, requests-mock, aioresponses), or let the test "
            f'reach it for real: ecs_events.allow_host("{host}").'
        )
    else:
        problem = f"is an API, and its client is not intercepted. Use {_CLIENTS}, or a library built on them."
    return UnexpectedCallError(
        f"The real {host} was about to be reached at {place}. It {problem} To let the look-up of its name fail instead: "
        f"{how_to_relax('calls')}"
    )


def unexpected_call(call: ApiCall, problem: str) -> UnexpectedCallError:
    """The error for a call that the fake cannot answer."""
    return UnexpectedCallError(
        f"The handler called {api_request_text(call) if call.action else 'nothing'} of {call.product}, which cannot be "
        f"answered: {problem} To let the handler see the service's own InvalidAction.NotFound instead: {how_to_relax('calls')}"
    )
