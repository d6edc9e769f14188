"""The socket itself, under http.client and urllib3: what connects to the metadata address gets one that answers by itself.

So do urllib.request and whatever else is built upon these. Nothing connects there for real.
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
from http.client import responses
from typing import Any, Final, Protocol

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.rpc import ApiReply, NoReply, Outcome, Patience
from pytest_ecsevents.services.metadata import HOST, PORT, MetadataRequest
from pytest_ecsevents.transports._decoding import asked, micros

__tracebackhide__ = hidden_in_reports


@dataclass(frozen=True, slots=True)
class Client:
    """A client library that connects by a function of its own.

    Attributes:
        name: In the log of requests.
        module: Where its `create_connection` is.
        is_urllib3: Whether it is urllib3.
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


def intercept(answer: MetadataAnswerer, uncaught_connection: Callable[[], None], undo: Undo) -> None:
    """Have `answer` answer requests to the metadata address until `undo` closes."""
    for client in _CLIENTS:
        module: Any = sys.modules.get(client.module) or importlib.import_module(client.module)
        undo.replace(module, "create_connection", _connecting(answer, client, module.create_connection))
    undo.replace(urllib.request, "proxy_bypass", _bypassing(urllib.request.proxy_bypass))
    for name in ("connect", "connect_ex"):
        _guard(name, uncaught_connection, undo)


def _connecting(answer: MetadataAnswerer, client: Client, real: Any) -> Any:
    def create_connection(address: Any, *args: Any, **kwargs: Any) -> Any:
        """Connect; to the metadata address, with a socket that answers by itself."""
        if tuple(address[:2]) != (HOST, PORT):
            return real(address, *args, **kwargs)
        return AnsweringSocket(answer, client, args[0] if args else kwargs.get("timeout", ...))

    return create_connection


def _bypassing(real: Any) -> Any:
    def proxy_bypass(host: str, *args: Any) -> Any:
        """Whether urllib.request goes past its proxy: to the metadata address always, which no proxy serves."""
        return host.partition(":")[0] == HOST or real(host, *args)

    return proxy_bypass


def _guard(name: str, uncaught_connection: Callable[[], None], undo: Undo) -> None:
    kind = socket.socket  # another tool may put a class of its own there meanwhile
    own = vars(kind).get(name)
    real: Any = getattr(kind, name)

    def connect(sock: socket.socket, address: Any) -> Any:
        """Connect, but never to the metadata address, where nobody listens at other ports."""
        if sock.type != socket.SOCK_STREAM or not isinstance(address, tuple) or address[:1] != (HOST,):
            return real(sock, address)
        error = _refused()
        if address[1] == PORT:
            uncaught_connection()
            error = TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
        if name == "connect_ex":
            return error.errno
        raise error

    setattr(kind, name, connect)
    undo.callback(_give_back, kind, name, connect, own)


def _give_back(kind: "type[socket.socket]", name: str, ours: Any, own: Any) -> None:
    """Undo it, unless somebody else has done so meanwhile."""
    if vars(kind).get(name) is not ours:
        return
    if own is None:
        delattr(kind, name)
    else:
        setattr(kind, name, own)


class AnsweringSocket:
    """As much of a connected socket as HTTP clients use: what is sent is read as one request, and answered.

    urllib3 says how long it waits for an answer only when it begins to; others may have to hear while they send that
    no connection came about.

    Args:
        door: Answers requests.
        client: The client library.
        timeout: Seconds that the client waits for a connection, None for ever, or what stands for the default.
    """

    def __init__(self, door: MetadataAnswerer, client: Client, timeout: object) -> None:
        self._door: Final = door
        self._client: Final = client
        self._connect: Final = _seconds(timeout)
        self._timeout = self._connect
        self._sent = b""
        self._answer: Any = None
        self._file: Final = io.BufferedReader(_Incoming(self._received))

    # -- sending

    def sendall(self, data: Any, _flags: int = 0) -> None:
        """Take a part of the request."""
        self._sent += bytes(data)
        if not self._client.is_urllib3 and self._answer is None and _is_whole(self._sent):
            self._answer = self._answered()

    def send(self, data: Any, flags: int = 0) -> int:
        """The same; all of it is taken at once."""
        self.sendall(data, flags)
        return len(data)

    def _answered(self) -> Any:
        line, headers, _ = _parts(self._sent)
        method, target = (*line.split(), "", "")[:2]
        outcome = self._door(asked(method, target, headers, None, self._client.name, patience=self._patience))
        if isinstance(outcome, ApiReply):
            return io.BytesIO(_encoded(outcome))
        if outcome in _UNCONNECTED:
            error = _UNCONNECTED[outcome]()
            raise _of_urllib3(error, self._connect) if self._client.is_urllib3 else error
        return _Broken(outcome)

    def _patience(self) -> Patience:
        return Patience(micros(self._connect), micros(self._timeout))

    # -- receiving

    def makefile(self, _mode: str = "rb", *_args: Any, **_options: Any) -> Any:
        """What is to be read: it answers when it is."""
        return self._file

    def _received(self) -> Any:
        if self._answer is None:
            self._answer = self._answered() if self._sent else io.BytesIO()
        return self._answer

    def recv(self, size: int, _flags: int = 0) -> bytes:
        """A part of it."""
        received: bytes = self.makefile().read1(size)
        return received

    def recv_into(self, buffer: Any, size: int = 0, _flags: int = 0) -> int:
        """The same."""
        received = self.recv(size or len(buffer))
        buffer[: len(received)] = received
        return len(received)

    # -- what else a socket has

    def settimeout(self, timeout: object) -> None:
        """How long the client waits for an answer."""
        self._timeout = _seconds(timeout)

    def gettimeout(self) -> Any:
        """The same."""
        return self._timeout

    def setsockopt(self, *_option: Any) -> None:
        """Nothing is there to be tuned."""

    def getpeername(self) -> tuple[str, int]:
        """Whom it is connected to."""
        return HOST, PORT

    def fileno(self) -> int:
        """None: it is not one of the operating system's."""
        return -1

    def shutdown(self, _how: int) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """The same."""

    def __enter__(self) -> "AnsweringSocket":  # noqa: PYI034  # Self is in typing from Python 3.11 on
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _seconds(timeout: object) -> object:
    """What stands for the default is that of all sockets."""
    return timeout if timeout is None or isinstance(timeout, (int, float)) else socket.getdefaulttimeout()


_LENGTH: Final = re.compile("[0-9]{1,9}")


def _parts(sent: bytes) -> "tuple[str, dict[str, str], bytes]":
    """The request line, the headers by name in lower case, and what of the body has come."""
    head, _, body = sent.partition(b"\r\n\r\n")
    line, *fields = head.decode("latin-1").split("\r\n")
    pairs = (field.partition(":") for field in fields)
    return line, {name.strip().lower(): value.strip() for name, _, value in pairs}, body


def _is_whole(sent: bytes) -> bool:
    if b"\r\n\r\n" not in sent:
        return False
    _, headers, body = _parts(sent)
    length = headers.get("content-length", "")
    return len(body) >= (int(length) if _LENGTH.fullmatch(length) else 0)


def _encoded(reply: ApiReply) -> bytes:
    status = f"HTTP/1.1 {reply.http_status} {responses.get(reply.http_status, '')}"
    headers = {"Content-Length": str(len(reply.body)), **reply.headers, "Connection": "close"}
    lines = (f"{name}: {value}" for name, value in headers.items())
    return "\r\n".join([status, *lines, "", ""]).encode("latin-1") + reply.body


# -- where no reply comes


def _timed_out() -> OSError:
    return TimeoutError("timed out")


def _refused() -> OSError:
    return ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))


def _reset() -> OSError:
    return ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))


def _of_urllib3(error: OSError, timeout: object) -> Exception:
    """What urllib3 makes of an error where it connects."""
    from urllib3.connection import HTTPConnection
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

    connection = HTTPConnection(HOST, PORT)
    if isinstance(error, TimeoutError):
        return ConnectTimeoutError(connection, f"Connection to {HOST} timed out. (connect timeout={timeout})")
    return NewConnectionError(connection, f"Failed to establish a new connection: {error}")


_UNCONNECTED: Final[dict[NoReply, Callable[[], OSError]]] = {
    NoReply.CONNECT_TIMEOUT: _timed_out,
    NoReply.CONNECTION_REFUSED: _refused,
}
_BROKEN: Final[dict[NoReply, Callable[[], OSError]]] = {
    NoReply.READ_TIMEOUT: _timed_out,
    NoReply.CONNECTION_RESET: _reset,
}


class _Incoming(io.RawIOBase):
    """What comes in, from whatever is asked for it once somebody reads: no client expects an error any earlier."""

    def __init__(self, source: Callable[[], Any]) -> None:
        super().__init__()
        self._source: Final = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return int(self._source().readinto(buffer))


class _Broken:
    """What is read where no reply comes: an error, or the end at once."""

    def __init__(self, no_reply: NoReply) -> None:
        self._no_reply: Final = no_reply

    def readinto(self, _buffer: Any) -> int:
        """Nothing."""
        if self._no_reply in _BROKEN:
            error = _BROKEN[self._no_reply]()
            raise error
        return 0
