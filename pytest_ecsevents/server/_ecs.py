"""Serves the RPC APIs on loopback, with the same gateway that answers calls inside the process."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pytest_ecsevents.rpc._api import encoded, error_body
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._http import HttpRequest
from pytest_ecsevents.rpc._wire import ELSEWHERE, Answerer, ApiReply, ApiRequest, JsonObject, Outcome
from pytest_ecsevents.services._products import PRODUCTS
from pytest_ecsevents.transports._routing import decode_api_request

NAME: Final = "server"

ALIYUN: Final = ".aliyuncs.com"
ECS: Final = "ecs.aliyuncs.com"
"""The default host: for requests without a host of Alibaba Cloud and without the version of another product."""

_BY_VERSION: Final = {product.version: f"{product.hosts[0]}{ALIYUN}" for product in PRODUCTS.values()}

# Errors of requests that reach no action. The codes are a guess; the statuses are HTTP's own.
_MALFORMED: Final = {
    403: "Forbidden",
    413: "RequestEntityTooLarge",
    431: "RequestHeaderTooLarge",
    500: "InternalError",
    501: "NotImplemented",
}

# The reference says that a call without a key is refused, but not with which code.
_UNSIGNED: Final = ApiError(
    "MissingParameter",
    400,
    'The input parameter "AccessKeyId" that is mandatory for processing this request is not supplied.',
)


class EcsService:
    """Answers calls of RPC APIs that come over HTTP.

    Args:
        answerer: Answers calls.
        request_id: Makes the ids of responses that come from no action.
    """

    def __init__(self, answerer: Answerer, request_id: Callable[[], str]) -> None:
        self._answerer: Final = answerer
        self._request_id: Final = request_id

    def __call__(self, http: HttpRequest) -> Outcome:
        request = _decoded(http)
        if not (request.params.get("AccessKeyId") or request.headers.get("authorization")):
            body = self._body(_UNSIGNED, request.host)  # the signature itself is not checked
            return encoded(_UNSIGNED.http_status, body, request.params.get("Format", "XML"), "Error")
        return self._answerer(request)

    def _body(self, error: ApiError, host: str) -> JsonObject:
        return error_body(error, PRODUCTS.name_of(host), host, self._request_id())

    def malformed(self, status: int, problem: str) -> ApiReply:
        """The response to a malformed or too large request."""
        error = ApiError(_MALFORMED.get(status, "BadRequest"), status, problem)
        return encoded(status, self._body(error, ECS), "XML", "Error")


def _decoded(http: HttpRequest) -> ApiRequest:
    host = http.host.lower().partition(":")[0]
    is_redirected = not host.endswith(ALIYUN)
    url = f"http://{ECS if is_redirected else host}/?{http.query}"
    request = decode_api_request(http.method, url, http.headers, http.body, NAME, patience=lambda: ELSEWHERE)
    version = request.params.get("Version") or request.headers.get("x-acs-version", "")
    host = request.host if request.host != ECS else _BY_VERSION.get(version, ECS)
    return replace(request, host=host, client=http.connection, is_redirected=is_redirected)
