"""Name look-ups of hosts that a test may not reach: what no other file here answers is stopped before it connects.

Replaces the look-ups of `socket`, that of event loops, and connecting by name. `socket.getaddrinfo` calls `_socket.getaddrinfo`, which is
replaced, so that programs that keep the former are stopped too, and one that the user replaced is left alone (tried with
CPython 3.10 to 3.15). uvloop looks names up in C, so two methods of its loop are replaced too (tried with 0.23). pycurl has a
file of its own. Not stopped are other libraries in C, such as curl_cffi and grpcio, and child processes.
"""

from __future__ import annotations

import _socket
import asyncio
import socket
import sys
from collections.abc import Callable
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo

__tracebackhide__ = hidden_in_reports

_LOOKUPS: Final = ((_socket, "getaddrinfo"), *((socket, f"gethostby{what}") for what in ("name", "name_ex", "addr")))


def guard(check: Callable[[object], None], undo: Undo) -> None:
    """Let `check` refuse hosts, until `undo` closes."""
    for module, name in _LOOKUPS:
        undo.replace(module, name, _checked_lookup(check, getattr(module, name)))
    for name in ("connect", "connect_ex", "sendto"):
        undo.replace(socket.socket, name, _checked_address(check, getattr(socket.socket, name)))
    real: Any = asyncio.BaseEventLoop.getaddrinfo

    async def getaddrinfo(loop: Any, host: Any, *args: Any, **options: Any) -> Any:
        check(host)  # in the caller's task: the loop resolves in another thread
        return await real(loop, host, *args, **options)

    undo.replace(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)


def guard_uvloop(check: Callable[[object], None], undo: Undo) -> None:
    """The same for loops of uvloop, which is loaded."""
    loop_class: Any = sys.modules["uvloop"].Loop
    real_connection, real_lookup = loop_class.create_connection, loop_class.getaddrinfo

    async def create_connection(loop: Any, factory: Any, host: Any = None, *args: Any, **options: Any) -> Any:
        check(host)
        return await real_connection(loop, factory, host, *args, **options)

    async def getaddrinfo(loop: Any, host: Any, *args: Any, **options: Any) -> Any:
        check(host)
        return await real_lookup(loop, host, *args, **options)

    undo.replace(loop_class, "create_connection", create_connection)
    undo.replace(loop_class, "getaddrinfo", getaddrinfo)


def _checked_lookup(check: Callable[[object], None], real: Any) -> Any:
    def look_up(host: Any, *args: Any, **options: Any) -> Any:
        check(host)
        return real(host, *args, **options)

    return look_up


def _checked_address(check: Callable[[object], None], real: Any) -> Any:
    def reach(sock: socket.socket, *args: Any) -> Any:
        """`args` ends with the address."""
        address = args[-1] if args else None
        if isinstance(address, tuple) and address:
            check(address[0])
        return real(sock, *args)

    return reach
