"""Network errors of requests and of the legacy SDK's copy of it: each wraps an error of its urllib3."""

import errno
import http.client
import os
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_ecsevents.rpc._wire import NoReply, Patience
from pytest_ecsevents.transports._routing import micros


def patience_of(timeout: Any) -> Patience:
    """Read a `timeout`: two numbers, one for both, or urllib3's `Timeout`."""
    connect, read = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    return Patience(micros(getattr(connect, "connect_timeout", connect)), micros(getattr(read, "read_timeout", read)))


def failure(library: str, no_reply: NoReply, request: Any, timeout: Any) -> Exception:
    """Make the error.

    Args:
        library: The dotted name of the client's requests.
        no_reply: The network fault.
        request: The `PreparedRequest`.
        timeout: The client's `timeout`.
    """
    return _FAILURES[no_reply](_Errors(library, request, patience_of(timeout)))


class _Errors:
    def __init__(self, library: str, request: Any, patience: Patience) -> None:
        self._of_requests: Final = import_module(f"{library}.exceptions")
        self._urllib3: Final = import_module(f"{library}.packages").urllib3
        self._request: Final = request
        self._patience: Final = patience
        self._pool: Final = self._urllib3.connection_from_url(str(request.url))

    def connect_timeout(self) -> Exception:
        host = urlsplit(str(self._request.url)).hostname
        words = f"Connection to {host} timed out. (connect timeout={_seconds(self._patience.connect)})"
        return self._no_connection("ConnectTimeout", self._of_urllib3("ConnectTimeoutError", self._connection(), words))

    def refused(self) -> Exception:
        words = f"Failed to establish a new connection: [Errno {errno.ECONNREFUSED}] {os.strerror(errno.ECONNREFUSED)}"
        return self._no_connection("ConnectionError", self._of_urllib3("NewConnectionError", self._connection(), words))

    def read_timeout(self) -> Exception:
        words = f"Read timed out. (read timeout={_seconds(self._patience.read)})"
        return self._error("ReadTimeout", self._of_urllib3("ReadTimeoutError", self._pool, self._path, words))

    def reset(self) -> Exception:
        return self._aborted(ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))

    def closed(self) -> Exception:
        return self._aborted(http.client.RemoteDisconnected("Remote end closed connection without response"))

    @property
    def _path(self) -> str:
        return str(self._request.path_url)

    def _connection(self) -> Any:
        return self._pool.ConnectionCls(self._pool.host, self._pool.port)

    def _of_urllib3(self, name: str, *args: object) -> Exception:
        error: Exception = getattr(self._urllib3.exceptions, name)(*args)
        return error

    def _no_connection(self, name: str, reason: Exception) -> Exception:
        return self._error(name, self._of_urllib3("MaxRetryError", self._pool, self._path, reason))

    def _aborted(self, reason: Exception) -> Exception:
        return self._error("ConnectionError", self._of_urllib3("ProtocolError", "Connection aborted.", reason))

    def _error(self, name: str, reason: Exception) -> Exception:
        error: Exception = getattr(self._of_requests, name)(reason, request=self._request)
        return error


_FAILURES: Final[dict[NoReply, Callable[[_Errors], Exception]]] = {
    NoReply.CONNECT_TIMEOUT: _Errors.connect_timeout,
    NoReply.CONNECTION_REFUSED: _Errors.refused,
    NoReply.READ_TIMEOUT: _Errors.read_timeout,
    NoReply.CONNECTION_RESET: _Errors.reset,
    NoReply.CONNECTION_CLOSED: _Errors.closed,
}


def _seconds(span: int | None) -> float | None:
    return None if span is None else span / 1_000_000
