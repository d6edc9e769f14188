"""Calls of the standard library that wait for something real, replaced where their frames don't tell what for.

- `recv` and `recv_into` of sockets are written in C. They get a frame that holds the socket, for `_real_work`.
- `accept` notes which addresses threads of the test serve.
- `shutdown` of a server waits until the server's thread has looked, which it does in real time.
- asyncio waits for its children without a thread, so `wait` and `communicate` of its processes note that they wait.
"""

import asyncio.subprocess
import socket
import socketserver
from collections.abc import Callable
from typing import Any

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._scheduler import Scheduler


def replace_outside_calls(scheduler: Scheduler, undo: Undo) -> None:
    """Replace these calls until `undo` closes."""
    of_socket: Any = socket.socket
    real_recv, real_recv_into, real_accept = of_socket.recv, of_socket.recv_into, of_socket.accept

    def recv(connection: Any, *args: Any, **kwargs: Any) -> Any:
        return real_recv(connection, *args, **kwargs)

    def recv_into(connection: Any, *args: Any, **kwargs: Any) -> Any:
        return real_recv_into(connection, *args, **kwargs)

    def accept(listener: Any) -> Any:
        accepted = real_accept(listener)
        if scheduler.me() is not None:
            scheduler.outside.served.add(accepted[0].getsockname())
        return accepted

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


def _noting(scheduler: Scheduler, real: Callable[..., Any]) -> Callable[..., Any]:
    async def noting(*args: Any, **kwargs: Any) -> Any:
        if scheduler.me() is None:
            return await real(*args, **kwargs)
        with scheduler.outside.working():
            return await real(*args, **kwargs)

    return noting
