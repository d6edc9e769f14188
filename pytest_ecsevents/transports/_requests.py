"""requests: the Tea SDK's synchronous calls, and clients that sign by hand. The legacy SDK has a copy of it: see `_legacy`."""

import http.client
from collections.abc import Iterator
from functools import cache, partial
from io import BytesIO
from types import NoneType
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.rpc._wire import NoReply
from pytest_ecsevents.transports._decoding import Route, route_for
from pytest_ecsevents.transports._failures import failure, patience_of

__tracebackhide__ = hidden_in_reports

NAME: Final = "requests"


def intercept(routes: "tuple[Route, ...]", undo: Undo) -> None:
    """Answer calls from `routes` until `undo` closes.

    Sessions get an adapter of ours for these hosts. `HTTPAdapter.send` is not replaced, since the user's own `responses`
    may replace it before or during the test.
    """
    from requests import Session

    real = Session.get_adapter
    made: dict[Route, Any] = {}
    is_over: list[bool] = []
    undo.callback(is_over.append, True)

    def get_adapter(session: Session, url: Any) -> Any:
        if is_over:  # requests-mock leaves it on the sessions that it mocked (jamielennox/requests-mock#27)
            return Session.get_adapter(session, url)
        route = route_for(str(url), routes)
        if route is None:
            return real(session, url)
        if route not in made:
            made[route] = _adapter(route)
        return made[route]

    undo.replace(Session, "get_adapter", get_adapter)


def _adapter(route: Route) -> Any:
    from requests.adapters import HTTPAdapter

    class CloudAdapter(HTTPAdapter):
        """An adapter that gets the response from the fake cloud."""

        def send(self, request: Any, *_args: Any, timeout: Any = None, **_options: Any) -> Any:
            return response_to(self, request, timeout, route, transport=NAME, library=NAME)

    return CloudAdapter()


@cache
def _raw_response() -> Any:
    from urllib3.response import HTTPResponse

    return HTTPResponse


def response_to(
    adapter: Any, request: Any, timeout: Any, route: Route, *, transport: str, library: str, **options: Any
) -> Any:
    """Answer a prepared request; also one of the legacy SDK's copy of requests.

    Args:
        adapter: Builds the response.
        request: A `PreparedRequest`.
        timeout: The client's `timeout`.
        route: The route of its URL.
        transport: The client library's name in the call log.
        library: The dotted name of the requests whose errors network faults raise.
        **options: Of urllib3's response.
    """
    body = request.body
    if not isinstance(body, (str, bytes, NoneType)):
        body = body.read() if hasattr(body, "read") else body
        if isinstance(body, Iterator):  # it is sent in chunks
            body = b"".join(part.encode() if isinstance(part, str) else part for part in body)
    patience = partial(patience_of, timeout)
    decoded = route.decode(request.method, str(request.url), request.headers, body, transport, patience=patience)
    reply = route.answer(decoded)
    if isinstance(reply, NoReply):
        raise failure(library, reply, request, timeout)
    raw = _raw_response()(
        status=reply.http_status,
        reason=http.client.responses.get(reply.http_status),
        body=BytesIO(reply.body),
        headers=dict(reply.headers),
        preload_content=False,
        request_method=request.method,
        **options,
    )
    response = adapter.build_response(request, raw)
    if "Content-Length" not in reply.headers:
        # The body is complete: reading it from the stream in pieces would only cost time.
        response._content, response._content_consumed = reply.body, True  # noqa: SLF001  # no public way
    return response
