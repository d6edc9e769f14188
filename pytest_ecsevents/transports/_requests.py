"""requests: the Tea SDK's synchronous calls, clients that sign by hand, and the legacy SDK, which has a copy of it."""

from __future__ import annotations

import http.client
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache, partial
from io import BytesIO
from types import NoneType
from typing import Any, Final

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.rpc._wire import NoReply
from pytest_ecsevents.transports._failures import failure, patience_of
from pytest_ecsevents.transports._routing import Route, route_for

__tracebackhide__ = hidden_in_reports

NAME: Final = "requests"


def intercept(routes: tuple[Route, ...], undo: Undo) -> None:
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


# -- the legacy SDK, aliyunsdkcore: `responses` answers its vendored copy of requests


LEGACY: Final = "aliyun-python-sdk-core"
_COPY: Final = "aliyunsdkcore.vendored.requests"
_ADAPTERS: Final = f"{_COPY}.adapters"


def intercept_legacy(routes: tuple[Route, ...], undo: Undo) -> None:
    """Answer the SDK's calls from `routes` until `undo` closes; does nothing if the SDK is not installed.

    Calls to other hosts go to the method that was replaced, which may be a mock of the user's.
    """
    if _ADAPTERS not in sys.modules and importlib.util.find_spec("aliyunsdkcore") is None:
        return
    try:
        adapter = (sys.modules.get(_ADAPTERS) or importlib.import_module(_ADAPTERS)).HTTPAdapter
    except ModuleNotFoundError:
        raise EcsEventsError(
            "The installed aliyun-python-sdk-core is too old: its calls cannot be intercepted. Install 2.13.2 or newer. For "
            "aliyun-python-sdk-core-v3, which old versions of aliyun-python-sdk-ecs need, install 2.13.3 or newer."
        ) from None
    mock = _mock_class()(
        assert_all_requests_are_fired=False, real_adapter_send=adapter.send, passthru_prefixes=("http",)
    )
    mock.routes = routes
    # `mock.start()` would set the same function, but more slowly: it finds the class by its name.
    undo.replace(adapter, "send", mock.unbound_on_send())


@cache  # a new class for each test would be the most expensive step of the set-up
def _mock_class() -> Any:
    import responses

    class CloudMock(responses.RequestsMock):
        """Answers our hosts before it parses, matches and records anything: the test's call log has the calls.

        `_on_request` is a private name, tried with responses 0.25.0 to 0.26.3. Where it is missing, calls go on to the SDK's
        own connections, and `_http_client` answers them there.
        """

        routes: tuple[Route, ...]

        def _on_request(self, adapter: Any, request: Any, **options: Any) -> Any:
            route = route_for(str(request.url), self.routes)
            if route is None:
                return super()._on_request(adapter, request, **options)
            # The SDK's own copy of urllib3 does not check the length of a body: it accepts a truncated one.
            timeout, names = options.get("timeout"), {"transport": LEGACY, "library": _COPY}
            return response_to(adapter, request, timeout, route, **names, enforce_content_length=False)

    return CloudMock
