"""A socket that answers by itself, for http.client, urllib3 and what is built on them. Nothing connects for real."""

from __future__ import annotations

import errno
import importlib
import io
import os
import re
import socket
from collections.abc import Callable
from functools import partial
from http.client import responses
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.rpc._wire import ApiReply, NoReply, Patience
from pytest_ecsevents.services.metadata._calls import HOST, PORT
from pytest_ecsevents.transports._routing import Route, micros

__tracebackhide__ = hidden_in_reports


def intercept(metadata: Route, uncaught_connection: Callable[[], None], undo: Undo) -> None:
    """Answer bare sockets to the metadata address, and stop other ways to connect there, until `undo` closes."""
    real: Any = socket.create_connection

    def create_connection(address: Any, *args: Any, **kwargs: Any) -> Any:
        if tuple(address[:2]) != (HOST, PORT) or not metadata.is_ours():
            return real(address, *args, **kwargs)
        return AnsweringSocket(metadata, (HOST, PORT), args[0] if args else kwargs.get("timeout", ...))

    undo.replace(socket, "create_connection", create_connection)
    for name in ("connect", "connect_ex"):
        _block_connect(name, uncaught_connection, metadata.is_ours, undo)


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

    Attributes:
        route: Answers requests.

    Args:
        route: The attribute.
        address: The host and port that the client connects to.
        timeout: The client's connect timeout in seconds, None for no timeout, or a placeholder for the default.
        scheme: The scheme of the URLs.
        connection: urllib3's connection; None for other clients.
    """

    def __init__(
        self, route: Route, address: tuple[str, int], timeout: object, scheme: str = "http", connection: Any = None
    ) -> None:
        self.route: Final = route
        self._address: Final = address
        self._scheme: Final = scheme
        self._connection: Final = connection
        self._connect: Final = _seconds(timeout)
        self._timeout = self._connect
        self._sent = bytearray()
        self._head_ends_at = 0
        self._headers: dict[str, str] = {}
        self._answer: Any = None
        self._file: Final = io.BufferedReader(_ReplyStream(self._reply_file))

    def replaces(self, old: object) -> bool:
        """Whether a connection needs this socket in place of `old`: a real one, none, or one of another cloud."""
        return not isinstance(old, AnsweringSocket) or old.route is not self.route

    # -- sending

    def sendall(self, data: Any, _flags: int = 0) -> None:
        """Take a part of the request; answer it when it is complete."""
        self._sent += data
        if self._connection is None and self._answer is None and self._is_complete():
            self._answer = self._reply()

    def _is_complete(self) -> bool:
        if not self._head_ends_at:
            at = self._sent.find(_HEAD_END)
            if at < 0:
                return False
            self._head_ends_at = at + len(_HEAD_END)
            self._headers = _parts(self._sent)[1]
        if _is_chunked(self._headers) and not self._sent.endswith(_HEAD_END):  # often asked, and quickly answered
            return False
        return _decoded_body(self._headers, bytes(self._sent[self._head_ends_at :])) is not None

    def send(self, data: Any, flags: int = 0) -> int:
        self.sendall(data, flags)
        return len(data)

    def _reply(self) -> Any:
        line, headers, sent = _parts(self._sent)
        body = _decoded_body(headers, sent)
        method, target = (*line.split(), "", "")[:2]
        if not _WHOLE_URL.match(target):  # as sent to a proxy
            target = f"{self._scheme}://{self._address[0]}{'' if target[:1] == '/' else '/'}{target}"
        name = "http.client" if self._connection is None else "urllib3"
        outcome = self.route.answer(
            self.route.decode(
                method,
                target,
                headers,
                sent if body is None else body,
                name,
                patience=lambda: Patience(micros(self._connect), micros(self._timeout)),
            )
        )
        if isinstance(outcome, ApiReply):
            return io.BytesIO(_encode(outcome))
        if outcome in _CONNECT_ERRORS:
            error = _CONNECT_ERRORS[outcome]()
            raise (
                error
                if self._connection is None
                else _of_urllib3(error, self._connection, self._address[0], self._connect)
            )
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
        return self._address

    def fileno(self) -> int:
        """-1: the operating system has no such socket."""
        return -1

    def shutdown(self, _how: int) -> None:
        """Do nothing: no connection is open."""

    def close(self) -> None:
        """Do nothing: no connection is open."""

    def __enter__(self) -> AnsweringSocket:  # noqa: PYI034  # Self is in typing from Python 3.11 on
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _seconds(timeout: object) -> object:
    """A placeholder stands for the default of all sockets."""
    return timeout if timeout is None or isinstance(timeout, (int, float)) else socket.getdefaulttimeout()


_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = re.compile("[0-9]{1,9}")
_SIZE: Final = re.compile(b"[0-9A-Fa-f]{1,8}")
_WHOLE_URL: Final = re.compile("https?://", re.IGNORECASE)


def _parts(sent: bytearray) -> tuple[str, dict[str, str], bytes]:
    """Split into request line, headers by lower-case name, and what was sent of the body so far."""
    head, _, body = sent.partition(_HEAD_END)
    line, *fields = head.decode("latin-1").split("\r\n")
    pairs = (field.partition(":") for field in fields)
    return line, {name.strip().lower(): value.strip() for name, _, value in pairs}, bytes(body)


def _is_chunked(headers: dict[str, str]) -> bool:
    return headers.get("transfer-encoding", "").lower() == "chunked"


def _decoded_body(headers: dict[str, str], sent: bytes) -> bytes | None:
    """The body; None while it is not complete."""
    if _is_chunked(headers):
        return _joined_chunks(sent)
    length = headers.get("content-length", "")
    return sent if len(sent) >= (int(length) if _LENGTH.fullmatch(length) else 0) else None


def _joined_chunks(sent: bytes) -> bytes | None:
    """The chunks, joined; None while the last one is missing. What is malformed stays as it was sent."""
    if not sent.endswith(_HEAD_END):
        return None
    chunks: list[bytes] = []
    at = 0
    while at < len(sent):
        end = sent.index(b"\r\n", at)
        size = sent[at:end].partition(b";")[0].strip()
        if not _SIZE.fullmatch(size):
            return sent
        at, length = end + 2, int(size, 16)
        if not length:
            return b"".join(chunks)
        chunks.append(sent[at : at + length])
        at += length + 2
    return None  # the end of a chunk looked like the end of the last one


def _encode(reply: ApiReply) -> bytes:
    status = f"HTTP/1.1 {reply.http_status} {responses.get(reply.http_status, '')}"
    headers = {"Content-Length": str(len(reply.body)), **reply.headers, "Connection": "close"}
    lines = (f"{name}: {value}" for name, value in headers.items())
    return "\r\n".join([status, *lines, "", ""]).encode("latin-1") + reply.body


# -- network faults


_timed_out: Final = partial(TimeoutError, "timed out")
_refused: Final = partial(ConnectionRefusedError, errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
_reset: Final = partial(ConnectionResetError, errno.ECONNRESET, os.strerror(errno.ECONNRESET))


def _of_urllib3(error: OSError, connection: Any, host: str, timeout: object) -> Exception:
    """The error that a copy of urllib3 raises for an error in connecting."""
    exceptions: Any = importlib.import_module(f"{urllib3_of(type(connection))}.exceptions")
    made: Exception
    if isinstance(error, TimeoutError):
        made = exceptions.ConnectTimeoutError(
            connection, f"Connection to {host} timed out. (connect timeout={timeout})"
        )
    else:
        made = exceptions.NewConnectionError(connection, f"Failed to establish a new connection: {error}")
    return made


def urllib3_of(kind: type) -> str:
    """The copy of urllib3 that a class of connections comes from; "" if it comes from none."""
    names = (one.__module__ for one in kind.__mro__)
    return next((name.removesuffix(".connection") for name in names if name.endswith("urllib3.connection")), "")


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
