"""The HTTP server of a test on loopback. Everything that touches werkzeug is here.

werkzeug reads requests and has one thread for each connection, so idle connections block no others. Its own `run_wsgi` is
replaced (tried with 2.3.3 to 3.1.9): it closes every connection after one response, after waiting 10 ms for more data.
With the replacement, a client of Simple Message Queue needs a fifth of the time.
"""

import ipaddress
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext, suppress
from email.utils import formatdate
from functools import lru_cache
from struct import pack
from threading import Thread
from types import FrameType
from typing import Any, Final
from urllib.parse import urlsplit

from werkzeug import exceptions
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request

from pytest_ecsevents._errors import EndlessCallError
from pytest_ecsevents._undo import PATCHING, Undo
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._real_work import is_readable
from pytest_ecsevents.clock._server_waits import ServerWait
from pytest_ecsevents.clock._stop import TestIsOver
from pytest_ecsevents.clock._threads import real_now
from pytest_ecsevents.clock._timed_streams import Limit, timed_reader, timed_writer
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._http import HttpRequest, HttpService, is_loopback
from pytest_ecsevents.rpc._wire import ApiReply, NoReply
from pytest_ecsevents.services.metadata._calls import HOST as METADATA_HOST
from pytest_ecsevents.transports._routing import CLOUD_URL

HOST: Final = "127.0.0.1"

_EVERYWHERE: Final = "0.0.0.0"  # noqa: S104  # only if the user says so

LARGEST_BODY: Final = 2 * 1024 * 1024
"""Bytes of a request's body: enough for sixteen messages of 64 KiB in base64."""

LARGEST_HEAD: Final = 64 * 1024
"""Characters of a request's headers in all; each line may have as many, and `http.client` allows 100 headers."""

MOST_CONNECTIONS: Final = 1000
"""Open connections. Each has a thread; one more is closed at once."""

TRANSFER_WITHIN: Final = 20.0
"""Real seconds from the first to the last byte of a request, and of a response. Idle connections and polls have no limit."""

HELD_FOR: Final = 60.0
"""Real seconds for which a request is held whose response never comes, if its client has no timeout."""

END_WITHIN: Final = 2.0
"""Real seconds in which requests must be answered after their test has ended."""

DRAIN_WITHIN: Final = 1.0
"""Real seconds for which the rest of a malformed request is read before its connection is closed."""

LONGEST_NAME: Final = 300
"""Characters of a Host: those of a name in the DNS, and a port."""

_A_MOMENT: Final = 0.01
_RESET: Final = pack("ii", 1, 0)  # SO_LINGER of zero seconds
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"

Malformed = Callable[[str, int, str], ApiReply]
"""Makes the response to a malformed request from its path, an HTTP status and the problem."""


class _Handler(WSGIRequestHandler):
    """One connection, in a thread of its own."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.0"  # a response of HTTP/0.9 has no head, so no status
    wbufsize = -1  # one write for each response: two are slow, by Nagle's algorithm and the client's delayed ACK
    server: "LoopbackServer"
    path = ""
    is_malformed = False
    _is_gone = False
    _was_probed = False
    _has_next = False
    _wait: ServerWait | None = None
    _held_until: float | None = None

    def setup(self) -> None:
        super().setup()
        self._limit = Limit()
        self.rfile.close()
        self.wfile.close()
        self.rfile, self.wfile = timed_reader(self.connection, self._limit), timed_writer(self.connection, self._limit)
        self.port = self.client_address[1]
        self.server.handlers[self.port] = self

    def finish(self) -> None:
        del self.server.handlers[self.port]
        with suppress(OSError):  # the client has closed its connection
            super().finish()
        self.rfile.close()
        if self.is_malformed:
            self._drain()

    def handle(self) -> None:
        with suppress(TestIsOver):
            super().handle()

    def _drain(self) -> None:
        """Read the rest of a malformed request: closing with unread data would reset the connection and lose the response."""
        until = real_now() + DRAIN_WITHIN
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while (left := until - real_now()) > 0 and is_readable(self.connection, seconds=left):
                if not self.connection.recv(65536):
                    break

    def handle_one_request(self) -> None:
        """Read a request and answer it. No virtual time passes meanwhile, unless the request is held."""
        # The first byte stays in the socket until this thread counts as running, so time cannot move in between.
        if not self._has_next and not self.connection.recv(1, socket.MSG_PEEK):
            self.close_connection = True
            return
        with self.server.clients.answering(self.port):
            self.server.idle.pop(self.connection, None)
            self._limit.set(TRANSFER_WITHIN)
            super().handle_one_request()
            self.wfile.flush()
            self._limit.lift(self.connection)
            self.server.clients.answered(self.port)
            if not self.close_connection:
                self._has_next = self._is_buffered()
                self.server.idle[self.connection] = None

    def _is_buffered(self) -> bool:
        """Whether the buffer already holds the next request, after the last one."""
        self.connection.setblocking(False)
        try:
            return bool(self.rfile.peek(1))  # type: ignore[attr-defined]  # it is a BufferedReader
        finally:
            self.connection.setblocking(True)

    def handle_expect_100(self) -> bool:
        is_to_go_on = super().handle_expect_100()
        self.wfile.flush()
        return is_to_go_on

    def log(self, *_message: object) -> None:
        """Write no access log: the timeline shows calls."""

    # -- one request

    def run_wsgi(self) -> None:
        """Answer a request whose head has been read; werkzeug calls this for every method."""
        try:
            request = self._read()
        except exceptions.HTTPException as problem:
            self.send_error(problem.code or 400, problem.description)
            return
        except (OSError, ValueError) as problem:  # a bad chunk or host, or a client that closed its connection
            self.send_error(400, str(problem))
            return
        self._limit.lift(self.connection)
        outcome = self.server.answer(request)
        if isinstance(outcome, NoReply):
            self._withhold(outcome)
        else:
            self._send(outcome)

    def _read(self) -> HttpRequest:
        """Read the whole request.

        Raises:
            HTTPException, ValueError, OSError: It is malformed or too large.
        """
        if any("MissingHeaderBodySeparator" in type(defect).__name__ for defect in self.headers.defects):
            raise exceptions.BadRequest("a header has no colon")
        if sum(len(name) + len(value) for name, value in self.headers.raw_items()) > LARGEST_HEAD:
            raise exceptions.RequestHeaderFieldsTooLarge
        length, encoding = self.headers.get("Content-Length", "0"), self.headers.get("Transfer-Encoding", "chunked")
        if encoding.strip().lower() != "chunked":
            raise exceptions.NotImplemented(f"Transfer-Encoding {encoding!r}")
        if not (length.isascii() and length.isdigit()):
            raise exceptions.BadRequest(f"Content-Length {length!r}")
        if len(length) > len(str(LARGEST_BODY)):  # int() itself refuses thousands of digits
            raise exceptions.RequestEntityTooLarge
        environ = self.make_environ()
        check_sender(environ, is_open=self.server.is_open)
        request = Request(environ)
        request.max_content_length = LARGEST_BODY
        has_body = length.strip("0") or "Transfer-Encoding" in self.headers
        body = request.get_data(cache=False) if has_body else b""
        if len(body) == LARGEST_BODY:  # werkzeug silently stops reading chunks here
            raise exceptions.RequestEntityTooLarge
        return HttpRequest(
            request.method,
            request.path,
            environ["QUERY_STRING"],
            dict(_headers(environ)),
            body,
            self,
        )

    def _send(self, reply: ApiReply) -> None:
        self._limit.set(TRANSFER_WITHIN)
        headers = {"Content-Length": str(len(reply.body)), "Date": _date(int(time.time())), **reply.headers}
        if reply.http_status == 204:
            del headers["Content-Length"]
        elif headers["Content-Length"] != str(len(reply.body)):
            self.close_connection = True
        if self.close_connection or self.request_version != self.protocol_version:
            headers["Connection"] = "close"  # `send_header` reads it, too
        if self.request_version == "HTTP/0.9":
            self.request_version = "HTTP/1.0"
        self.send_response_only(reply.http_status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def send_error(self, code: int, message: str | None = None, _explain: str | None = None) -> None:
        """Answer a malformed request as its service does, and close the connection."""
        self.is_malformed = self.close_connection = True
        status = 431 if code == 414 else code
        self._send(self.server.malformed(self.path, status, message or self.responses[code][0]))

    # -- its client

    @property
    def name(self) -> str:
        return f"the client at {self.client_address[0]}:{self.port}"

    def frame(self) -> FrameType | None:
        return self.server.clients.frame(self.port)

    # -- a request whose response comes later or never

    def wait_until(self, at: Micros | None) -> ServerWait:
        self._wait = self.server.clock.server_wait(at, self.is_gone)
        return self._wait

    def _withhold(self, no_reply: NoReply) -> None:
        """Imitate a network fault on the connection, as far as a server can."""
        self.close_connection = True
        if no_reply in (NoReply.READ_TIMEOUT, NoReply.CONNECT_TIMEOUT):
            has_timeout = self.server.clients.has_timeout(self.port)
            self._held_until = None if has_timeout else real_now() + (HELD_FOR if has_timeout is None else 0.0)
            self.wait_until(None).wait()
        if no_reply is NoReply.CONNECTION_RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.server.to_reset.add(self.connection)

    def give_up(self) -> None:
        """Note that the client no longer waits for its response."""
        self._is_gone = True
        if self._wait is not None:
            self._wait.wake()

    def is_gone(self) -> bool:
        """Whether the client no longer waits for the response.

        A client that closed its connection and one that only ended its sending look the same until something is sent. So
        "100 Continue" is sent: clients ignore it, and a closed connection fails.
        """
        if self._is_gone or self.server.is_over or self.server.clients.has_given_up(self.port):
            return True
        if self._held_until is not None and real_now() >= self._held_until:
            self._is_gone = True
            self.server.report(endless_client())
            return True
        try:
            if is_readable(self.connection) and not self.connection.recv(1, socket.MSG_PEEK):
                if not self._was_probed and self.request_version == self.protocol_version:
                    self.connection.send(_CONTINUE)
                    self._was_probed = True
                # HTTP/1.0 has no interim responses, so such a client counts as gone.
                error = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                self._is_gone = bool(error) or not self._was_probed
        except OSError:
            self._is_gone = True
        return self._is_gone


class LoopbackServer(ThreadedWSGIServer):
    """Serves until `stop`, which must be called even if the constructor was interrupted: `made` gets the server first.

    Args:
        answer: Answers requests.
        malformed: Answers malformed requests.
        clock: The test's clock.
        report: Called with an error that cannot be raised in the caller, to fail the test.
        made: Called with the server before anything is opened, started or replaced.
        port: The port; 0 for any that is free.
        host: The address that it listens at. One that is not on loopback opens it to other machines.

    Raises:
        OSError: The port or the address cannot be used.
    """

    request_queue_size = 1024  # with werkzeug's 128, hundreds of clients need a second to connect at once

    def __init__(
        self,
        answer: HttpService,
        malformed: Malformed,
        clock: Clock,
        report: Callable[[BaseException], None],
        made: "Callable[[LoopbackServer], object]",
        *,
        port: int = 0,
        host: str = HOST,
    ) -> None:
        self.is_open: Final = not is_loopback(host)
        self.answer: Final = answer
        self.malformed: Final = malformed
        self.clock = clock
        self.report: Final = report
        self.handlers: Final[dict[int, _Handler]] = {}
        self.idle: Final[dict[socket.socket, None]] = {}
        self.to_reset: Final[set[socket.socket]] = set()
        self.is_over = False
        self._is_accepting = False
        self._workers: list[Thread] = []
        self._undo: Final = Undo()
        self._acceptor: Final = Thread(target=self._accept, name="server", daemon=True)
        made(self)
        with _listening(host, port, self.request_queue_size) if port or host != HOST else nullcontext() as listening:
            fd = None if listening is None else listening.fileno()
            super().__init__(host, 0, exceptions.NotFound(), _Handler, fd=fd)  # the handler never calls the application
        at, own_port = self.socket.getsockname()
        self.address: Final[tuple[str, int]] = (HOST if at == _EVERYWHERE else at, own_port)
        """Where programs on this machine reach it."""
        self.clients: Final = clock.clients_of(self.address)
        with PATCHING:
            self.clients.attend(self.has_request, self._given_up, self._undo)
        self._acceptor.start()

    def _accept(self) -> None:
        while not self.is_over:
            self.handle_request()
            self._is_accepting = False

    def get_request(self) -> "tuple[socket.socket, tuple[str, int]]":
        self._is_accepting = True
        return super().get_request()

    def verify_request(self, _request: object, _client_address: object) -> bool:
        """Drop the connection that `stop` makes to wake the accepting thread, and connections beyond the limit."""
        self._workers = [one for one in self._workers if one.is_alive()]
        return not self.is_over and len(self._workers) < MOST_CONNECTIONS

    def process_request(self, request: socket.socket, client_address: "tuple[str, int]") -> None:  # type: ignore[override]  # no datagrams here
        """Start a thread for a connection. Unlike the library's threads it has a name, and `stop` waits for it."""
        self.idle[request] = None
        worker = Thread(target=self.process_request_thread, args=(request, client_address), name="server", daemon=True)
        self._workers.append(worker)
        worker.start()

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]  # no datagrams here
        self.idle.pop(request, None)
        if request in self.to_reset:
            self.close_request(request)  # `shutdown` would send an end of file before the reset
        else:
            super().shutdown_request(request)

    def has_request(self) -> bool:
        """Whether a request has arrived that no thread has begun to read."""
        try:
            return self._is_accepting or is_readable(self.socket, *tuple(self.idle))
        except (KeyError, ValueError):  # another thread is closing a connection
            return True

    def _given_up(self, port: int) -> None:
        with suppress(KeyError):  # its connection is closed already, or not accepted yet
            self.handlers[port].give_up()

    def stop(self) -> int:
        """End the server; clients that still wait get no response. Returns how many requests are still being answered.

        If it is interrupted, it ends the rest before the interrupt goes on.
        """
        try:
            return self._stop()
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> int:
        """Do what is left to do of `stop`."""
        self.is_over = True
        left: list[Thread] = []
        with self.clock.aside():
            if self._acceptor.is_alive():
                with suppress(OSError):  # its socket is closed already
                    socket.create_connection(self.address, END_WITHIN).close()
                self._acceptor.join()
            for handler in tuple(self.handlers.values()):
                with suppress(OSError):
                    handler.connection.shutdown(socket.SHUT_RDWR)
                handler.give_up()
            until = real_now() + END_WITHIN
            while (left := [worker for worker in self._workers if worker.is_alive()]) and real_now() < until:
                self.clients.dismiss()
                left[0].join(_A_MOMENT)
            if hasattr(self, "socket"):  # else the constructor was interrupted before
                self.server_close()
        self._undo.close()
        return len(left)


def _listening(host: str, port: int, most_waiting: int) -> socket.socket:
    """A socket that listens. werkzeug itself would print and exit the process where a port is in use."""
    listening = socket.socket()
    try:
        if sys.platform != "win32":  # pragma: no branch  # on Windows it would share the port with another program
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(most_waiting)
    except BaseException:
        listening.close()
        raise
    return listening


def check_sender(environ: Mapping[str, Any], *, is_open: bool = False) -> None:
    """Refuse a request that a web page of another site made.

    A page may have its own name point to this machine (DNS rebinding); then the Host is that name. Or it may call this
    machine as a page of another site; then browsers send Origin or Sec-Fetch-Site.

    Args:
        environ: The request, as WSGI has it.
        is_open: Whether other machines may call, too.

    Raises:
        HTTPException: It is refused.
        ValueError: The Host or Origin cannot be read.
    """
    host, origin = environ.get("HTTP_HOST", HOST), environ.get("HTTP_ORIGIN")
    if not (_is_ours(host) or (is_open and _is_local_name(host))):
        raise exceptions.Forbidden(
            f"Host {host[:LONGEST_NAME]!r} is neither this machine nor a host of Alibaba Cloud's. Call "
            f"{'it by an address, or by a name without a dot' if is_open else '127.0.0.1 or localhost'}."
        )
    if origin is None:
        is_foreign = environ.get("HTTP_SEC_FETCH_SITE", "").strip().lower() == "cross-site"
    else:
        sender = origin.partition("://")[2]
        is_foreign = not (_is_loopback(sender) or (is_open and sender == host))
    if is_foreign:
        raise exceptions.Forbidden("A web page of another origin called. Programs send no Origin.")


@lru_cache(maxsize=16)
def _date(seconds: int) -> str:
    """`Date`: `Tue, 01 Jan 2030 00:00:00 GMT`. Many responses are sent at one instant of a standing clock."""
    return formatdate(seconds, usegmt=True)


def _headers(environ: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The headers by name in lower case, as WSGI has them."""
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            yield key[5:].replace("_", "-").lower(), value
        elif key in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            yield key.replace("_", "-").lower(), value


def _is_ours(host: str) -> bool:
    return len(host) <= LONGEST_NAME and _is_known(host)


@lru_cache(maxsize=1000)
def _is_known(host: str) -> bool:
    return (
        _is_loopback(host)
        or host.partition(":")[0] == METADATA_HOST
        or CLOUD_URL.fullmatch(f"http://{host}/") is not None
    )


def _is_local_name(host: str) -> bool:
    """Whether a host is an address, or a name without a dot: no page of the internet can have these by DNS."""
    name = "" if "@" in host or len(host) > LONGEST_NAME else urlsplit(f"//{host}").hostname or ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return bool(name) and "." not in name
    return True


def _is_loopback(host: str) -> bool:
    return "@" not in host and is_loopback((urlsplit(f"//{host}").hostname or "").rstrip("."))


def endless_client() -> EndlessCallError:
    """The error for a client without a timeout whose response never comes."""
    return EndlessCallError(
        "A client of the server met a fault in which no reply comes, and did not give up: it has no timeout, or one of more "
        f"than {HELD_FOR:g} real seconds. Its connection was closed. Give the client a shorter one, or declare another fault, such "
        'as "connection reset".'
    )
