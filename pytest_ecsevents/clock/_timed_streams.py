"""Streams of sockets that end at an instant of real time, however slowly the peer sends.

A socket's own timeout starts anew with each byte, so a peer that sends one byte a second would never time out.
"""

import _socket
import io
import socket
from http.client import HTTPResponse
from typing import Any, Final, Literal

from pytest_ecsevents.clock._threads import real_now

# That of the class below: the timeout of `socket.socket.recv_into` is virtual while a test runs.
_READ_INTO: Final = _socket.socket.recv_into

_LONGEST_LINE: Final = 65537  # what `http.server` and `http.client` read at most


class Limit:
    """When the streams of a connection end: an instant of `real_now`; None for never."""

    def __init__(self, seconds: float | None = None) -> None:
        self._until: float | None = None
        if seconds is not None:
            self.set(seconds)

    def set(self, seconds: float) -> None:
        self._until = real_now() + seconds

    def lift(self, connection: socket.socket) -> None:
        """Let the streams continue without end."""
        self._until = None
        connection.settimeout(None)

    def apply(self, connection: socket.socket) -> None:
        """Set the connection's timeout to the remaining time.

        Raises:
            TimeoutError: No time is left.
        """
        if self._until is not None:
            left = self._until - real_now()
            if left <= 0:
                raise TimeoutError("timed out")
            connection.settimeout(left)


class _TimedSocket(io.RawIOBase):
    def __init__(self, connection: socket.socket, mode: Literal["rb", "wb"], limit: Limit) -> None:
        self._connection: Final = connection
        self._raw: Final[Any] = connection.makefile(mode, buffering=0)
        self._limit: Final = limit

    def readable(self) -> bool:
        return bool(self._raw.readable())

    def writable(self) -> bool:
        return bool(self._raw.writable())

    def readinto(self, buffer: Any) -> int | None:
        connection = self._connection  # `_real_work` looks for it here
        self._limit.apply(connection)
        try:
            return _READ_INTO(connection, buffer)
        except BlockingIOError:  # no data yet, and the connection does not block
            return None

    def write(self, data: Any) -> int | None:
        self._limit.apply(self._connection)
        count: int | None = self._raw.write(data)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Reader(io.BufferedReader):
    def readline(self, size: int | None = -1) -> bytes:
        """Read a line, at most as long as HTTP allows: werkzeug sets no limit for the sizes of chunks before 3.1."""
        return super().readline(_LONGEST_LINE if size is None or size < 0 else size)


def timed_reader(connection: socket.socket, limit: Limit) -> io.BufferedReader:
    return _Reader(_TimedSocket(connection, "rb", limit))


def timed_writer(connection: socket.socket, limit: Limit) -> io.BufferedWriter:
    return io.BufferedWriter(_TimedSocket(connection, "wb", limit))


def timed_response(seconds: float) -> type[HTTPResponse]:
    """A `response_class` of `http.client` whose head and body must arrive within `seconds` of real time."""

    class TimedResponse(HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
            super().__init__(sock, *args, **kwargs)
            self.fp.close()
            self.fp = timed_reader(sock, Limit(seconds))

    return TimedResponse
