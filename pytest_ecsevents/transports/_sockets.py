"""Sockets of http.client and urllib3: a connection to the metadata address gets a socket that answers by itself.

This covers urllib.request and everything else built on them. Nothing connects to that address for real.
"""

import errno
import importlib
import io
import os
import re
import socket
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from http.client import responses
from typing import Any, Final, Protocol

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.rpc._wire import ApiReply, NoReply, Outcome, Patience
from pytest_ecsevents.services.metadata._calls import HOST, PORT, MetadataRequest
from pytest_ecsevents.transports._decoding import decode_metadata_request, micros

__tracebackhide__ = hidden_in_reports


@dataclass(frozen=True, slots=True)
class Client:
    """A client library with its own function to connect.

    Attributes:
        module: The module of its `create_connection`.
    """

    name: str
    module: str
    is_urllib3: bool = False


_CLIENTS: Final = (
    Client("http.client", "socket"),
    Client("urllib3", "urllib3.util.connection", is_urllib3=True),
)


class MetadataAnswerer(Protocol):
    """Answers requests to the metadata service."""

    def __call__(self, request: MetadataRequest, /) -> Outcome:
        """Answer a request; the calling thread waits for it."""


def intercept(
    answer: MetadataAnswerer, uncaught_connection: Callable[[], None], is_ours: Callable[[], bool], undo: Undo
) -> None:
    """Answer requests to the metadata address with `answer`, in threads for which `is_ours`, until `undo` closes."""
    for client in _CLIENTS:
        module: Any = sys.modules.get(client.module) or importlib.import_module(client.module)
        undo.replace(
            module, "create_connection", _make_create_connection(answer, client, is_ours, module.create_connection)
        )
    real_bypass: Any = urllib.request.proxy_bypass

    def proxy_bypass(host: str, *args: Any) -> Any:
        """Bypass proxies for the metadata address, which no proxy serves."""
        return host.partition(":")[0] == HOST or real_bypass(host, *args)

    undo.replace(urllib.request, "proxy_bypass", proxy_bypass)
    for name in ("connect", "connect_ex"):
        _block_connect(name, uncaught_connection, is_ours, undo)


def _make_create_connection(answer: MetadataAnswerer, client: Client, is_ours: Callable[[], bool], real: Any) -> Any:
    def create_connection(address: Any, *args: Any, **kwargs: Any) -> Any:
        if tuple(address[:2]) != (HOST, PORT) or not is_ours():
            return real(address, *args, **kwargs)
        return AnsweringSocket(answer, client, args[0] if args else kwargs.get("timeout", ...))

    return create_connection


def _block_connect(name: str, uncaught_connection: Callable[[], None], is_ours: Callable[[], bool], undo: Undo) -> None:
    kind = socket.socket  # another tool may replace the class during the test
    real: Any = getattr(kind, name)

    def connect(sock: socket.socket, address: Any) -> Any:
        """Connect, except to the metadata address, where no other port is open."""
        is_to_us = sock.type == socket.SOCK_STREAM and isinstance(address, tuple) and address[:1] == (HOST,)
        if not is_to_us or not is_ours():
            return real(sock, address)
        error: OSError = _refused()
        if address[1] == PORT:
            uncaught_connection()
            error = TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        if name == "connect_ex":
            return error.errno
        raise error

    undo.replace(kind, name, connect)


class AnsweringSocket:
    """The part of a connected socket that HTTP clients use. It takes one request and answers it.

    urllib3 sets its read timeout only after sending, so its request is answered when it reads. Other clients get the answer
    as soon as the request is complete, since they expect an error in connecting while they send.

    Args:
        answer: Answers requests.
        client: The client library.
        timeout: The client's connect timeout in seconds, None for no timeout, or a placeholder for the default.
    """

    def __init__(self, answer: MetadataAnswerer, client: Client, timeout: object) -> None:
        self._ask: Final = answer
        self._client: Final = client
        self._connect: Final = _seconds(timeout)
        self._timeout = self._connect
        self._sent = b""
        self._answer: Any = None
        self._file: Final = io.BufferedReader(_ReplyStream(self._reply_file))

    # -- sending

    def sendall(self, data: Any, _flags: int = 0) -> None:
        """Take a part of the request; answer it when it is complete."""
        self._sent += bytes(data)
        if not self._client.is_urllib3 and self._answer is None and b"\r\n\r\n" in self._sent:
            _, headers, body = _parts(self._sent)
            length = headers.get("content-length", "")
            if len(body) >= (int(length) if _LENGTH.fullmatch(length) else 0):
                self._answer = self._reply()

    def send(self, data: Any, flags: int = 0) -> int:
        self.sendall(data, flags)
        return len(data)

    def _reply(self) -> Any:
        line, headers, _ = _parts(self._sent)
        method, target = (*line.split(), "", "")[:2]
        outcome = self._ask(
            decode_metadata_request(
                method,
                target,
                headers,
                None,
                self._client.name,
                patience=lambda: Patience(micros(self._connect), micros(self._timeout)),
            )
        )
        if isinstance(outcome, ApiReply):
            return io.BytesIO(_encode(outcome))
        if outcome in _CONNECT_ERRORS:
            error = _CONNECT_ERRORS[outcome]()
            raise _of_urllib3(error, self._connect) if self._client.is_urllib3 else error
        return _BrokenReply(outcome)

    # -- receiving

    def makefile(self, _mode: str = "rb", *_args: Any, **_options: Any) -> Any:
        """The reply as a file; reading it answers the request."""
        return self._file

    def _reply_file(self) -> Any:
        if self._answer is None:
            self._answer = self._reply() if self._sent else io.BytesIO()
        return self._answer

    def recv(self, size: int, _flags: int = 0) -> bytes:
        received: bytes = self.makefile().read1(size)
        return received

    def recv_into(self, buffer: Any, size: int = 0, _flags: int = 0) -> int:
        received = self.recv(size or len(buffer))
        buffer[: len(received)] = received
        return len(received)

    # -- other methods of a socket

    def settimeout(self, timeout: object) -> None:
        self._timeout = _seconds(timeout)

    def gettimeout(self) -> Any:
        return self._timeout

    def setsockopt(self, *_option: Any) -> None:
        """Do nothing."""

    def getpeername(self) -> tuple[str, int]:
        return HOST, PORT

    def fileno(self) -> int:
        """-1: the operating system has no such socket."""
        return -1

    def shutdown(self, _how: int) -> None:
        """Do nothing: no connection is open."""

    def close(self) -> None:
        """Do nothing: no connection is open."""

    def __enter__(self) -> "AnsweringSocket":  # noqa: PYI034  # Self is in typing from Python 3.11 on
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _seconds(timeout: object) -> object:
    """A placeholder stands for the default of all sockets."""
    return timeout if timeout is None or isinstance(timeout, (int, float)) else socket.getdefaulttimeout()


_LENGTH: Final = re.compile("[0-9]{1,9}")


def _parts(sent: bytes) -> "tuple[str, dict[str, str], bytes]":
    """Split into request line, headers by lower-case name, and the body so far."""
    head, _, body = sent.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    pairs = (field.partition(":") for field in fields)
    return line, {name.strip().lower(): value.strip() for name, _, value in pairs}, body


def _encode(reply: ApiReply) -> bytes:
    status = f"HTTP/1.1 {reply.http_status} {responses.get(reply.http_status, '')}"
    headers = {"Content-Length": str(len(reply.body)), **reply.headers, "Connection": "close"}
    lines = (f"{name}: {value}" for name, value in headers.items())
    return "\r\n".join([status, *lines, "", ""]).encode("latin-1") + reply.body


# -- network faults


_timed_out: Final = partial(TimeoutError, "timed out")
_refused: Final = partial(ConnectionRefusedError, errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
_reset: Final = partial(ConnectionResetError, errno.ECONNRESET, os.strerror(errno.ECONNRESET))


def _of_urllib3(error: OSError, timeout: object) -> Exception:
    """The error that urllib3 raises for an error in connecting."""
    from urllib3.connection import HTTPConnection
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    connection = HTTPConnection(HOST, PORT)
    if isinstance(error, TimeoutError):
        return ConnectTimeoutError(connection, f"Connection to {HOST} timed out. (connect timeout={timeout})")
    return NewConnectionError(connection, f"Failed to establish a new connection: {error}")


_CONNECT_ERRORS: Final[dict[NoReply, Callable[[], OSError]]] = {
    NoReply.CONNECT_TIMEOUT: _timed_out,
    NoReply.CONNECTION_REFUSED: _refused,
}
_READ_ERRORS: Final[dict[NoReply, Callable[[], OSError]]] = {
    NoReply.READ_TIMEOUT: _timed_out,
    NoReply.CONNECTION_RESET: _reset,
}


class _ReplyStream(io.RawIOBase):
    """The reply as a raw stream. `source` is called when the client reads: it expects errors only then."""

    def __init__(self, source: Callable[[], Any]) -> None:
        super().__init__()
        self._source: Final = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return int(self._source().readinto(buffer))


class _BrokenReply:
    """Reading it raises the error of a network fault, or ends at once."""

    def __init__(self, no_reply: NoReply) -> None:
        self._no_reply: Final = no_reply

    def readinto(self, _buffer: Any) -> int:
        if self._no_reply in _READ_ERRORS:
            error = _READ_ERRORS[self._no_reply]()
            raise error
        return 0
