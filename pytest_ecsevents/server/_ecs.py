"""The ECS API on loopback: the same gateway that answers calls inside the process."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.rpc import COMMON, Answerer, ApiError, ApiReply, ApiRequest, NoReply, Outcome, Patience, encoded
from pytest_ecsevents.rpc._api import error_body
from pytest_ecsevents.rpc._wire import JsonObject
from pytest_ecsevents.server._wsgi import (
    CONNECTION,
    Environ,
    Line,
    StartResponse,
    answer,
    body_of,
    headers_of,
    status_line,
)
from pytest_ecsevents.services._products import PRODUCTS
from pytest_ecsevents.transports import decode_api_request

NAME: Final = "server"

ALIYUN: Final = ".aliyuncs.com"
ECS: Final = "ecs.aliyuncs.com"
"""Which host a request means that was sent to loopback under no other name, in no version of another product."""

_BY_VERSION: Final = {product.version: f"{product.hosts[0]}{ALIYUN}" for product in PRODUCTS.values()}

ELSEWHERE: Final = Patience(is_elsewhere=True)

# What no action's table has, for no action is reached. The codes are a guess; statuses are HTTP's own.
_MALFORMED: Final = {
    400: "BadRequest",
    413: "RequestEntityTooLarge",
    431: "RequestHeaderTooLarge",
    501: "NotImplemented",
}


class EcsApp:
    """Answers ECS calls that come over HTTP.

    Args:
        answerer: Who answers calls.
        request_id: Makes the id of an answer that no action gave.
        reported: Told of an error that is the author's to know of, and cannot be raised where the call came from.
    """

    def __init__(
        self, answerer: Answerer, request_id: Callable[[], str], reported: Callable[[BaseException], None]
    ) -> None:
        self._answerer: Final = answerer
        self._request_id: Final = request_id
        self._reported: Final = reported

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one call."""
        request = _request(environ)
        outcome = self._outcome(request) if _is_signed(request) else self._refused(_UNSIGNED, request)
        if isinstance(outcome, NoReply):
            return no_reply(outcome, environ[CONNECTION])
        return answer(environ, start_response, outcome.http_status, outcome.headers, outcome.body)

    def _outcome(self, request: ApiRequest) -> Outcome:
        try:
            return self._answerer(request)
        except Exception as problem:  # noqa: BLE001  # the caller hears of it in the service's words, the author in ours
            self._reported(problem)
            row = "InvalidAction.NotFound" if isinstance(problem, EcsEventsError) else "InternalError"
            return self._refused(COMMON[row].error(), request)

    def _refused(self, error: ApiError, request: ApiRequest) -> ApiReply:
        wanted = request.params.get("Format", "XML")
        return encoded(error.http_status, self._body(error, request.host), wanted, "Error")

    def _body(self, error: ApiError, host: str) -> JsonObject:
        return error_body(error, PRODUCTS.name_of(host), host, self._request_id())

    def refusal(self, status: int, reason: str, problem: str) -> tuple[str, list[tuple[str, str]], bytes]:
        """How a request is refused that is no HTTP, or too large."""
        error = ApiError(_MALFORMED.get(status, "InternalError"), status, f"{reason}: {problem}")
        reply = encoded(status, self._body(error, ECS), "XML", "Error")
        return status_line(status), list(reply.headers.items()), reply.body


# That a call without a key is refused is documented, with which code is not.
_UNSIGNED: Final = ApiError(
    "MissingParameter",
    400,
    'The input parameter "AccessKeyId" that is mandatory for processing this request is not supplied.',
)


def _request(environ: Environ) -> ApiRequest:
    asked = environ.get("HTTP_HOST", "").lower().partition(":")[0]
    url = f"http://{asked if asked.endswith(ALIYUN) else ECS}/?{environ['QUERY_STRING']}"
    headers, body = headers_of(environ), body_of(environ)
    request = decode_api_request(environ["REQUEST_METHOD"], url, headers, body, NAME, patience=lambda: ELSEWHERE)
    version = request.params.get("Version") or request.headers.get("x-acs-version", "")
    return request if request.host != ECS else replace(request, host=_BY_VERSION.get(version, ECS))


def _is_signed(request: ApiRequest) -> bool:
    """Whether it says whose call it is; whether the signature is right is not looked at."""
    return bool(request.params.get("AccessKeyId") or request.headers.get("authorization"))


def no_reply(outcome: NoReply, line: Line) -> Iterable[bytes]:
    """Do to the connection what the outcome says, as nearly as a server can: who is connected was not refused."""
    if outcome in (NoReply.READ_TIMEOUT, NoReply.CONNECT_TIMEOUT):
        line.wait(None, lambda _hold: None)
    line.hang_up(reset=outcome is NoReply.CONNECTION_RESET)
