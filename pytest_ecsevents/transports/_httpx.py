"""httpx and httpx2, synchronous and asynchronous, and the connections of httpcore and httpcore2 below them.

httpx2 is httpx under another name, with the same classes; `httpx2.alias_httpx` makes the name `httpx` stand for it.
"""

import errno
import http.client
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.rpc._wire import ApiReply, NoReply, Outcome, Patience
from pytest_ecsevents.transports._routing import Route, micros, route_for

__tracebackhide__ = hidden_in_reports

NAMES: Final = ("httpx", "httpx2")
CORES: Final = ("httpcore", "httpcore2")


def intercept(name: str, routes: "tuple[Route, ...]", undo: Undo) -> None:
    """Answer calls from `routes` until `undo` closes. `name` is one of `NAMES`, and loaded.

    These two classes carry what clients send, over HTTP/2 and through proxies too (tried with httpx 0.28.1 and httpx2 2.16.2).
    A transport of the user's own, such as `httpx.MockTransport`, stays in place.
    """
    library: Any = sys.modules[name]
    if library.__name__ != name:  # an alias; the library is intercepted under its own name
        return
    sync, asynchronous = library.HTTPTransport, library.AsyncHTTPTransport
    real, real_async = sync.handle_request, asynchronous.handle_async_request

    def handle_request(transport: Any, request: Any) -> Any:
        route = route_for(str(request.url), routes)
        if route is None:
            return real(transport, request)
        outcome: Outcome = route.answer(_decoded(name, route, request, request.read()))
        return _response(library, request, outcome, _SYNC_ERRORS)

    async def handle_async_request(transport: Any, request: Any) -> Any:
        route = route_for(str(request.url), routes)
        if route is None:
            return await real_async(transport, request)
        outcome: Outcome = await route.answer.awaited(_decoded(name, route, request, await request.aread()))
        return _response(library, request, outcome, _ASYNC_ERRORS)

    undo.replace(sync, "handle_request", handle_request)
    undo.replace(asynchronous, "handle_async_request", handle_async_request)


def _decoded(name: str, route: Route, request: Any, body: bytes) -> Any:
    def patience() -> Patience:
        timeout = request.extensions.get("timeout", {})
        return Patience(micros(timeout.get("connect")), micros(timeout.get("read")))

    return route.decode(request.method, str(request.url), request.headers, body, name, patience=patience)


def _response(library: Any, request: Any, outcome: Outcome, errors: Mapping[NoReply, tuple[str, str]]) -> Any:
    if isinstance(outcome, NoReply):
        kind, text = errors[outcome]
        raise getattr(library, kind)(text, request=request)
    headers = {"Content-Length": str(len(outcome.body)), **outcome.headers}
    return library.Response(
        outcome.http_status,
        headers=headers,
        stream=_body_class(library)(outcome, int(headers["Content-Length"])),
        request=request,
        extensions={
            "http_version": b"HTTP/1.1",
            "reason_phrase": http.client.responses.get(outcome.http_status, "").encode(),
        },
    )


@cache
def _body_class(library: Any) -> Any:
    class Body(library.SyncByteStream, library.AsyncByteStream):  # type: ignore[misc]  # loaded late: mypy sees no base class
        """The body of a reply, whole or cut short."""

        def __init__(self, reply: ApiReply, announced: int) -> None:
            self._body: Final = reply.body
            self._announced: Final = announced

        def __iter__(self) -> Iterator[bytes]:
            yield self._body
            if self._announced > len(self._body):
                raise library.RemoteProtocolError(
                    "peer closed connection without sending complete message body "
                    f"(received {len(self._body)} bytes, expected {self._announced})"
                )

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for part in self:
                yield part

    return Body


# -- network faults: the name of httpx's error, and its text

_CLOSED: Final = ("RemoteProtocolError", "Server disconnected without sending a response.")
_SYNC_ERRORS: Final = {
    NoReply.CONNECT_TIMEOUT: ("ConnectTimeout", "timed out"),
    NoReply.CONNECTION_REFUSED: ("ConnectError", f"[Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"),
    NoReply.READ_TIMEOUT: ("ReadTimeout", "timed out"),
    NoReply.CONNECTION_RESET: ("ReadError", f"[Errno {errno.ECONNRESET}] {os.strerror(errno.ECONNRESET)}"),
    NoReply.CONNECTION_CLOSED: _CLOSED,
}
_ASYNC_ERRORS: Final = {
    NoReply.CONNECT_TIMEOUT: ("ConnectTimeout", ""),
    NoReply.CONNECTION_REFUSED: ("ConnectError", "All connection attempts failed"),
    NoReply.READ_TIMEOUT: ("ReadTimeout", ""),
    NoReply.CONNECTION_RESET: ("ReadError", ""),
    NoReply.CONNECTION_CLOSED: _CLOSED,
}


# -- connections of httpcore


def guard(name: str, check: Callable[[object], None], undo: Undo) -> None:
    """Stop requests to hosts that `check` refuses, also through a proxy and over older connections.

    A patch of the user's mock, such as respx, stays in place. `name` is one of `CORES`, and loaded.
    """
    core: Any = sys.modules[name]
    if core.__name__ != name:  # an alias
        return

    def checked(request: Any) -> None:
        try:
            check(request.url.host)
        except socket.gaierror as error:
            raise core.ConnectError(str(error)) from error

    real, real_async = core.ConnectionPool.handle_request, core.AsyncConnectionPool.handle_async_request

    def handle_request(pool: Any, request: Any) -> Any:
        checked(request)
        return real(pool, request)

    async def handle_async_request(pool: Any, request: Any) -> Any:
        checked(request)
        return await real_async(pool, request)

    if _is_original(real):
        undo.replace(core.ConnectionPool, "handle_request", handle_request)
    if _is_original(real_async):
        undo.replace(core.AsyncConnectionPool, "handle_async_request", handle_async_request)


def _is_original(method: Any) -> bool:
    return str(method.__module__).startswith(("httpcore", __name__))
