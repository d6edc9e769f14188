"""aiohttp: the Tea SDK's asynchronous calls."""

import asyncio
import errno
import http.client
import json
import os
import socket
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import urlencode

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.rpc._wire import ApiReply, NoReply, Patience
from pytest_ecsevents.transports._routing import Route, micros, route_for

__tracebackhide__ = hidden_in_reports

NAME: Final = "aiohttp"


def intercept(routes: "tuple[Route, ...]", undo: Undo) -> None:
    """Answer calls from `routes` until `undo` closes."""
    from aiohttp import ClientSession

    # Every method of a session calls `_request` (tried with aiohttp 3.14.5). Without that name, set-up fails with an
    # AttributeError that names it.
    undo.replace(ClientSession, "_request", _make_request_method(routes, ClientSession._request))  # noqa: SLF001  # see above


def guard(check: Callable[[object], None], undo: Undo) -> None:
    """Stop connections to hosts that `check` refuses, also through a proxy and those from before."""
    from aiohttp import BaseConnector, ClientConnectorError

    real: Any = BaseConnector.connect

    async def connect(connector: Any, request: Any, *args: Any, **options: Any) -> Any:
        try:
            check(request.url.host)
        except socket.gaierror as error:
            raise ClientConnectorError(request.connection_key, error) from error
        return await real(connector, request, *args, **options)

    undo.replace(BaseConnector, "connect", connect)


def _make_request_method(routes: "tuple[Route, ...]", real: Any) -> Any:
    from multidict import CIMultiDict, CIMultiDictProxy

    async def _request(session: Any, method: str, str_or_url: Any, **options: Any) -> Any:
        url = session._build_url(str_or_url)  # noqa: SLF001  # adds the base URL, as `_request` does
        whole = str(url)
        route = route_for(whole, routes)
        if route is None:
            return await real(session, method, str_or_url, **options)
        if options.get("params"):
            url = url.update_query(options["params"])
            whole = str(url)
        headers = CIMultiDict(session.headers)
        headers.update(options.get("headers") or {})
        timeouts = partial(_Timeouts, session, options)
        request = route.decode(method, whole, headers, _body(options), NAME, patience=lambda: timeouts().patience)
        outcome = await route.answer.awaited(request)
        if isinstance(outcome, NoReply) and outcome in _LOST_CONNECTION and _retries(session, method):
            outcome = await route.answer.awaited(request)
        if isinstance(outcome, NoReply):
            raise asyncio.TimeoutError if timeouts().is_total(outcome) else _FAILURES[outcome](url)
        reply = CloudResponse(method, url, outcome, CIMultiDictProxy(CIMultiDict(outcome.headers)))
        if options.get("raise_for_status") or session._raise_for_status is True:  # noqa: SLF001  # as `_request` reads it
            reply.raise_for_status()
        return reply

    return _request


def _body(options: Mapping[str, Any]) -> "str | bytes | None":
    data = options.get("data")
    if isinstance(data, (dict, list, tuple)):
        return urlencode(data)
    if data is not None and hasattr(data, "read"):
        return bytes(data.read())
    return data if isinstance(data, (str, bytes)) else None


# -- network faults

_LOST_CONNECTION: Final = (NoReply.CONNECTION_RESET, NoReply.CONNECTION_CLOSED)


def _retries(session: Any, method: str) -> bool:
    """Whether aiohttp repeats a request whose connection was lost, as it does once for some methods."""
    from aiohttp import client

    methods = getattr(client, "IDEMPOTENT_METHODS", ())  # since 3.10
    return method.upper() in methods and getattr(session, "_retry_connection", True)


class _Timeouts:
    """The timeouts of a call: the shortest one counts."""

    def __init__(self, session: Any, options: Mapping[str, Any]) -> None:
        from aiohttp import ClientTimeout
        from aiohttp.helpers import sentinel

        given = options.get("timeout", sentinel)
        whole = session.timeout if given is sentinel else given
        if not isinstance(whole, ClientTimeout):
            whole = ClientTimeout(total=whole)
        self._total: Final = micros(whole.total or None)
        connect = _shortest(micros(whole.connect or None), micros(whole.sock_connect or None))
        read = micros(whole.sock_read or None)
        self.patience: Final = Patience(_shortest(connect, self._total), _shortest(read, self._total))
        self._parts: Final = {NoReply.CONNECT_TIMEOUT: connect, NoReply.READ_TIMEOUT: read}

    def is_total(self, no_reply: NoReply) -> bool:
        """Whether the timeout of the whole call is the one that expires."""
        if self._total is None or no_reply not in self._parts:
            return False
        part = self._parts[no_reply]
        return part is None or self._total < part


def _shortest(*timeouts: int | None) -> int | None:
    return min((limit for limit in timeouts if limit is not None), default=None)


def _timeout_error(name: str, words: str) -> Exception:
    """An error by its name since aiohttp 3.10; older versions have one class for both timeouts."""
    import aiohttp

    error: Exception = getattr(aiohttp, name, aiohttp.ServerTimeoutError)(words)
    return error


def _refused(url: Any) -> Exception:
    from aiohttp import ClientConnectorError
    from aiohttp.client_reqrep import ConnectionKey

    key: Any = ConnectionKey(url.host, url.port, url.scheme == "https", True, None, None, None)
    refused = ConnectionRefusedError(errno.ECONNREFUSED, f"Connect call failed ('{url.host}', {url.port})")
    return ClientConnectorError(key, refused)


def _reset(_url: Any) -> Exception:
    from aiohttp import ClientOSError

    return ClientOSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


def _closed(_url: Any) -> Exception:
    from aiohttp import ServerDisconnectedError

    return ServerDisconnectedError()


_FAILURES: Final[dict[NoReply, Callable[[Any], Exception]]] = {
    NoReply.CONNECT_TIMEOUT: lambda url: _timeout_error("ConnectionTimeoutError", f"Connection timeout to host {url}"),
    NoReply.CONNECTION_REFUSED: _refused,
    NoReply.READ_TIMEOUT: lambda _: _timeout_error("SocketTimeoutError", "Timeout on reading data from socket"),
    NoReply.CONNECTION_RESET: _reset,
    NoReply.CONNECTION_CLOSED: _closed,
}


# -- replies


class CloudResponse:
    """The part of `aiohttp.ClientResponse` that clients use."""

    def __init__(self, method: str, url: Any, reply: ApiReply, headers: Any) -> None:
        self.method = method
        self.url = url
        self.status = reply.http_status
        self.reason = http.client.responses.get(reply.http_status, "")
        self.headers = headers
        self._body = reply.body

    @property
    def content_type(self) -> str:
        return str(self.headers["Content-Type"]).partition(";")[0]

    @property
    def ok(self) -> bool:
        return self.status < 400

    async def read(self) -> bytes:
        """The body.

        Raises:
            ClientPayloadError: It is shorter than announced.
        """
        announced = int(self.headers.get("Content-Length", len(self._body)))
        if announced > len(self._body):
            from aiohttp import ClientPayloadError
            from aiohttp.http_exceptions import ContentLengthError

            missing = ContentLengthError("Not enough data to satisfy content length header.")
            raise ClientPayloadError(f"Response payload is not completed: {missing!r}") from missing
        return self._body

    async def text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return (await self.read()).decode(encoding, errors)

    async def json(
        self,
        *,
        encoding: str | None = None,
        loads: Callable[[str], Any] = json.loads,
        content_type: str | None = "application/json",
    ) -> Any:
        """The decoded body; None for an empty one.

        Raises:
            ContentTypeError: The content type is not JSON.
        """
        text = (await self.text(encoding or "utf-8")).strip()
        if content_type and content_type not in self.content_type:
            from aiohttp import ContentTypeError

            raise self._error(ContentTypeError, f"Attempt to decode JSON with unexpected mimetype: {self.content_type}")
        return loads(text) if text else None

    def raise_for_status(self) -> None:
        """Raise aiohttp's own error for a status of 400 or more."""
        from aiohttp import ClientResponseError

        if not self.ok:
            raise self._error(ClientResponseError, self.reason)

    def _error(self, kind: Any, message: str) -> Exception:
        from aiohttp import RequestInfo

        info = RequestInfo(self.url, self.method, self.headers, self.url)
        error: Exception = kind(info, (), status=self.status, message=message, headers=self.headers)
        return error

    def release(self) -> None:
        """Do nothing: no connection is held."""

    def close(self) -> None:
        """Do nothing: no connection is open."""

    async def wait_for_close(self) -> None:
        """Return at once. Older versions of aiohttp wait when a reply is left."""

    async def __aenter__(self) -> "CloudResponse":  # noqa: PYI034  # Self is in typing from Python 3.11 on
        return self

    async def __aexit__(self, *error: object) -> None:
        self.release()
