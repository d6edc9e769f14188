"""Calls of the standard library that wait for something real, replaced where their frames don't tell what for.

- `recv` and `recv_into` of sockets are written in C. They get a frame that holds the socket, for `_real_work`. A timeout of a socket
  that a thread of the test serves is virtual, for the server may sleep. So it is with TLS.
- `listen` and `accept` note which addresses threads of the test serve.
- `shutdown` of a server waits until the server's thread has looked, which it does in real time.
- asyncio waits for its children without a thread, so `wait` and `communicate` of its processes note that they wait.
"""

from __future__ import annotations

import asyncio.subprocess
import socket
import socketserver
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from pytest_ecsevents._frames import AUTHOR, kind_of_caller
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._polled_waits import Polling, polling_of_caller
from pytest_ecsevents.clock._real_work import is_from_outside, is_readable
from pytest_ecsevents.clock._scheduler import Scheduler

_INTERNET: Final = (socket.AF_INET, socket.AF_INET6)


def replace_outside_calls(scheduler: Scheduler, polling: Polling, undo: Undo) -> None:
    """Replace these calls until `undo` closes."""
    of_socket: Any = socket.socket
    real_recv, real_recv_into, real_accept = of_socket.recv, of_socket.recv_into, of_socket.accept
    served = scheduler.outside.served

    await_input = _await_input(scheduler, polling)

    def recv(connection: Any, *args: Any, **kwargs: Any) -> Any:
        await_input(connection)
        return real_recv(connection, *args, **kwargs)

    def recv_into(connection: Any, *args: Any, **kwargs: Any) -> Any:
        await_input(connection)
        return real_recv_into(connection, *args, **kwargs)

    def accept(listener: Any) -> Any:
        if kind_of_caller(1) == AUTHOR:
            await_input(listener)
        accepted = real_accept(listener)
        if scheduler.me() is not None:
            connection = accepted[0]
            served.add(connection.getsockname())
            if connection.family in _INTERNET:
                # Else the system may hold a short answer back until the client has acknowledged the one before it: 40 ms.
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return accepted

    real_listen = of_socket.listen

    def listen(listener: Any, *backlog: Any) -> None:
        real_listen(listener, *backlog)
        if scheduler.me() is not None:
            served.add(listener.getsockname())

    undo.replace(ssl.SSLSocket, "read", _READ_ENCRYPTED)
    undo.replace(of_socket, "listen", listen)
    undo.replace(of_socket, "recv", recv)
    undo.replace(of_socket, "recv_into", recv_into)
    undo.replace(of_socket, "accept", accept)

    real_shutdown = socketserver.BaseServer.shutdown

    def shutdown(server: Any) -> None:
        with scheduler.aside():
            real_shutdown(server)

    undo.replace(socketserver.BaseServer, "shutdown", shutdown)

    of_process = asyncio.subprocess.Process
    undo.replace(of_process, "wait", _noting(scheduler, of_process.wait))
    undo.replace(of_process, "communicate", _noting(scheduler, of_process.communicate))


def _await_input(scheduler: Scheduler, polling: Polling) -> Callable[[Any], None]:
    def await_input(connection: Any) -> None:
        """Wait until there is something to read, if no other process writes it.

        Raises:
            TimeoutError: The timeout of the socket passed in virtual time.
        """
        timeout, thread = connection.gettimeout(), scheduler.me()
        if not timeout or thread is None or is_from_outside(connection, scheduler.outside.served):
            return
        with suppress(OSError):  # a listening socket has no peer
            if connection.getpeername() in scheduler.outside.ours:  # `_server_waits` knows when to wait for it
                return
        has_input = True
        with suppress(OSError, ValueError):  # it was closed; the call itself says so
            has_input = polling.wait(thread, timeout, lambda: is_readable(connection))
        if not has_input:
            raise TimeoutError("timed out")

    return await_input


def _read_encrypted(real: Callable[..., Any]) -> Callable[..., Any]:
    """`read` of a socket with TLS, which its `recv` calls.

    The bytes that have come may hold no data, such as the first ones after a handshake. So the real one does not block
    meanwhile, and tries again whenever there are more.
    """

    def read(connection: Any, *args: Any, **kwargs: Any) -> Any:
        polling, thread = polling_of_caller()
        timeout = connection.gettimeout()
        is_virtual = thread is not None and timeout and not connection.pending()
        if not is_virtual or is_from_outside(connection, polling.scheduler.outside.served):
            return real(connection, *args, **kwargs)
        found: list[Any] = []

        def take() -> bool:
            with suppress(ssl.SSLWantReadError):
                found.append(real(connection, *args, **kwargs))
            return bool(found)

        connection.settimeout(0)
        try:
            polling.attempt(thread, timeout, take, lambda: _may_be_readable(connection))
        finally:
            connection.settimeout(timeout)
        if not found:
            raise TimeoutError("The read operation timed out")
        return found[0]

    return read


_READ_ENCRYPTED: Final = _read_encrypted(ssl.SSLSocket.read)


def _may_be_readable(connection: Any) -> bool:
    try:
        return is_readable(connection)
    except (OSError, ValueError):  # it was closed; the call itself says so
        return True


def _noting(scheduler: Scheduler, real: Callable[..., Any]) -> Callable[..., Any]:
    async def noting(*args: Any, **kwargs: Any) -> Any:
        if scheduler.me() is None:
            return await real(*args, **kwargs)
        with scheduler.outside.working():
            return await real(*args, **kwargs)

    return noting
