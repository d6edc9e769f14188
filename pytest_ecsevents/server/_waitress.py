"""Everything that touches waitress: one small server on loopback, gone when its test has ended.

waitress because it parses strictly, refuses what is malformed or too large before anybody sees it, keeps connections
alive, needs nothing else, and ends at once; and its answers are as fast as any in Python.
"""

import socket
import threading
from _queue import SimpleQueue
from _thread import allocate_lock
from collections.abc import Callable
from contextlib import suppress
from struct import pack
from typing import Any, Final, NoReturn

from waitress import wasyncore
from waitress.channel import ClientDisconnected, HTTPChannel
from waitress.parser import HTTPRequestParser, ParsingError
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock import Callers, Clock, Hold, Micros, TestIsOver, real_now
from pytest_ecsevents.server._wsgi import CONNECTION, Environ, Refusal, WsgiApp

HOST: Final = "127.0.0.1"

LARGEST_HEAD: Final = 64 * 1024
"""Bytes of a request's line and headers."""

LARGEST_BODY: Final = 2 * 1024 * 1024
"""Bytes of a request's body: sixteen messages of 64 KiB, base64 and all, with room to spare."""

END_WITHIN: Final = 2.0
"""Real seconds that requests have to be answered when their test has ended."""

_A_MOMENT: Final = 0.01
_FOR_EVER: Final = 10**12
_RESET: Final = pack("ii", 1, 0)

_OPTIONS: Final[dict[str, Any]] = {
    "host": HOST,
    "port": 0,
    "ident": None,
    "clear_untrusted_proxy_headers": False,
    # Idleness is measured with the test's clock, which a test moves by days.
    "channel_timeout": _FOR_EVER,
    "cleanup_interval": _FOR_EVER,
    # A client that hangs up is noticed while its request is held.
    "channel_request_lookahead": 1,
    "max_request_header_size": LARGEST_HEAD,
    "max_request_body_size": LARGEST_BODY,
}


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress publishes no types
    path = ""  # which waitress asks for where none was understood, and who asked has gone

    def parse_header(self, header_plus: bytes) -> None:
        try:
            super().parse_header(header_plus)
        except ValueError as problem:  # of a host in brackets that are not closed
            raise ParsingError(str(problem)) from None


class _Task(WSGITask):  # type: ignore[misc]  # the same
    def get_environment(self) -> Environ:
        environ: Environ = super().get_environment()
        environ[CONNECTION] = self.channel
        self.channel.task = self
        return environ

    @property
    def has_body(self) -> bool:
        return self.status.startswith("204") or bool(super().has_body)

    def build_response_header(self) -> bytes:
        """An answer without content keeps its connection, which waitress closes where no length is told."""
        head: bytes = super().build_response_header()
        return head.replace(b"Content-Length: 0\r\n", b"") if self.status.startswith("204") else head


class _RefusalTask(ErrorTask):  # type: ignore[misc]  # the same
    """What cannot be parsed, or is too large, is refused in the words of the service it was meant for."""

    def execute(self) -> None:
        error = self.request.error
        self.status, headers, body = self.channel.server.refusal(
            self.request.path, error.code, error.reason, error.body
        )
        self.response_headers.extend(headers)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Connection(HTTPChannel):  # type: ignore[misc]  # the same
    """One connection, as whoever answers its requests sees it.

    Attributes:
        is_gone: Whether nobody waits for the answer any more.
        task: The request that is being answered.
    """

    task_class = _Task
    error_task_class = _RefusalTask
    parser_class = _Parser
    is_gone = False
    task: _Task
    _hold: Hold | None = None

    @property
    def port(self) -> int:
        """The caller's."""
        return int(self.addr[1])

    def handle_read(self) -> None:
        super().handle_read()
        if not self.connected:
            self.leave()

    def handle_close(self) -> None:
        super().handle_close()
        self.leave()

    def leave(self) -> None:
        """Note that nobody waits for the answer any more."""
        self.is_gone = True
        hold = self._hold
        if hold is not None:
            hold.wake()

    def wait(self, until: Micros | None, wakes: Callable[[Hold], None]) -> bool:
        """Hold the request until an instant, or until somebody wakes it; whether somebody did.

        Args:
            until: The instant; None for never.
            wakes: Given what is woken.

        Raises:
            Exception: waitress's own: the caller waits no longer.
        """
        hold = self._hold = self.server.clock.hold(until)
        wakes(hold)
        was_woken = False
        with self.server.callers.held(self.port), suppress(TestIsOver):
            was_woken = not self.is_gone and hold.wait()
        self._hold = None
        if self.is_gone:
            raise ClientDisconnected
        return was_woken

    def close_after(self) -> None:
        """End the connection after the answer."""
        self.task.set_close_on_finish()

    def hang_up(self, *, reset: bool = False) -> NoReturn:
        """End the connection instead of an answer."""
        if reset:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        raise ClientDisconnected


class _Listener(TcpWSGIServer):  # type: ignore[misc]  # the same
    channel_class = Connection
    clock: Clock
    callers: Callers
    refusal: Refusal


class _Workers:
    """Threads that answer, as many as there are requests at once.

    Args:
        serve: Answers the next request of a connection.
    """

    def __init__(self, serve: Callable[[Connection], None]) -> None:
        self._serve: Final = serve
        self._work: Final[SimpleQueue[Connection | None]] = SimpleQueue()
        self._lock: Final = allocate_lock()
        self._free = 0
        self._threads: Final[list[threading.Thread]] = []

    def add_task(self, connection: Connection) -> None:
        """Have a request answered."""
        with self._lock:
            self._free -= 1
            needs_another = self._free < 0
            self._free += needs_another
        if needs_another:
            thread = threading.Thread(target=self._run, name="server", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._work.put(connection)

    def _run(self) -> None:
        while (connection := self._work.get()) is not None:
            self._serve(connection)
            with self._lock:
                self._free += 1

    def end(self, dismiss: Callable[[], None]) -> int:
        """Wait until all have ended, but not for ever.

        Args:
            dismiss: Ends what they wait for; called again and again.

        Returns:
            How many have not.
        """
        for _ in self._threads:
            self._work.put(None)
        until = real_now() + END_WITHIN
        while (left := [thread for thread in self._threads if thread.is_alive()]) and real_now() < until:
            dismiss()
            left[0].join(_A_MOMENT)
        return len(left)


class LoopbackServer:
    """A server for one test.

    Args:
        app: Who answers.
        refusal: The words in which what is malformed is refused.
        clock: The test's.

    Attributes:
        address: Host and port.
    """

    def __init__(self, app: WsgiApp, refusal: Refusal, clock: Clock) -> None:
        self._clock: Final = clock
        self._undo: Final = Undo()
        self._workers: Final = _Workers(self._serve)
        self._connections: Final[dict[int, Any]] = {}
        self._is_over = False
        listener = self._listener = _Listener(app, map=self._connections, dispatcher=self._workers, **_OPTIONS)
        self.address: Final[tuple[str, int]] = listener.socket.getsockname()
        self._callers: Final = clock.callers_of(self.address)
        listener.clock, listener.callers, listener.refusal = clock, self._callers, refusal
        self._callers.given_up = self._given_up
        self._callers.attend(self._undo)
        self._thread: Final = threading.Thread(target=self._run, name="server", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_over:
            wasyncore.loop(timeout=60, use_poll=True, map=self._connections, count=1)

    def _serve(self, connection: Connection) -> None:
        """Answer one request; no time passes until the answer is on its way, but while it is held."""
        connection.is_gone = not connection.connected
        with self._callers.handled(connection.port):
            try:
                with suppress(TestIsOver):
                    connection.service()
            finally:
                self._callers.answered(connection.port)

    def _given_up(self, port: int) -> None:
        for connection in self._open():
            if connection.port == port:
                connection.leave()

    def _open(self) -> list[Connection]:
        return list(self._listener.active_channels.values())

    def stop(self) -> int:
        """End it: who still waits for an answer gets none. Returns how many requests are still being answered."""
        with self._clock.aside():
            self._is_over = True
            self._listener.pull_trigger()
            self._thread.join()
            for connection in self._open():
                connection.leave()
            left = self._workers.end(self._callers.dismiss)
            self._listener.close()
            wasyncore.close_all(self._connections, ignore_all=True)
        self._undo.close()
        return left
