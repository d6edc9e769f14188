"""http.client, and all that is built on it: urllib.request, and each copy of urllib3, those of SDKs too.

Every class of connections that connects in its own way gets a `connect` that makes an `AnsweringSocket` for the hosts that are
answered. It takes no part of TLS, and asks no proxy. `putrequest` replaces the socket of a connection that is older than
the test, or one to a proxy. A connection that was made at import is found as well, since the classes are patched. Tried with CPython
3.10 to 3.15, urllib3 2.8.0, and the urllib3 1.26 inside aliyun-python-sdk-core 2.16.1.
"""

from __future__ import annotations

import http.client
import ssl
import urllib.request
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.transports._routing import Route, route_for
from pytest_ecsevents.transports._sockets import AnsweringSocket, urllib3_of

__tracebackhide__ = hidden_in_reports

# What `set_tunnel` sets: the host that a proxy should connect to.
_PROXY_TO: Final = ("_tunnel_host", "_tunnel_port")


def intercept(routes: tuple[Route, ...], check: Callable[[object], None], undo: Undo) -> None:
    """Answer requests from `routes`, and stop others to hosts that `check` refuses, until `undo` closes."""
    answering = _Answering(routes, check)
    for kind in _connection_classes():
        if "connect" in vars(kind):
            undo.replace(kind, "connect", _make_connect(answering, kind.connect))
    kind = http.client.HTTPConnection
    undo.replace(kind, "putrequest", _make_putrequest(answering, kind.putrequest))
    real_bypass: Any = urllib.request.proxy_bypass

    def proxy_bypass(host: str, *args: Any) -> Any:
        """Bypass proxies for what is answered."""
        is_answered = any(route_for(f"{scheme}://{host}", routes) for scheme in ("http", "https"))
        return is_answered or real_bypass(host, *args)

    undo.replace(urllib.request, "proxy_bypass", proxy_bypass)


def _connection_classes() -> list[Any]:
    kinds: list[Any] = [http.client.HTTPConnection]
    for kind in kinds:  # it grows meanwhile
        kinds += kind.__subclasses__()
    return kinds


class _Answering:
    """Makes sockets that answer."""

    def __init__(self, routes: tuple[Route, ...], check: Callable[[object], None]) -> None:
        self._routes: Final = routes
        self._check: Final = check

    def socket_for(self, connection: Any, url: str = "") -> AnsweringSocket | None:
        """A socket for the host of a connection, or of the URL sent to its proxy; None for a real one."""
        target = _Target(connection, url)
        route = route_for(target.url, self._routes)
        if route is None:
            self._check(target.host)
            return None
        of_urllib3 = connection if urllib3_of(type(connection)) else None
        return AnsweringSocket(route, (target.host, target.port), connection.timeout, target.scheme, of_urllib3)


def _make_connect(answering: _Answering, real: Any) -> Any:
    def connect(connection: Any) -> None:
        made = answering.socket_for(connection)
        if made is None:
            real(connection)
            return
        connection.sock = made
        if hasattr(connection, "is_verified"):  # urllib3's, which warns of unverified certificates
            connection.is_verified = connection.cert_reqs not in ("CERT_NONE", ssl.CERT_NONE)

    return connect


def _make_putrequest(answering: _Answering, real: Any) -> Any:
    def putrequest(connection: Any, method: str, url: str, *args: Any, **options: Any) -> None:
        made, old = answering.socket_for(connection, url), connection.sock
        if made is not None and made.replaces(old):
            if old is not None:
                old.close()
            connection.sock = made
        real(connection, method, url, *args, **options)

    return putrequest


class _Target:
    """What a connection is for: the host behind a proxy, or its own."""

    def __init__(self, connection: Any, url: str) -> None:
        parts = urlsplit(url if url[:4].lower() == "http" else "")  # a whole URL is for a proxy
        behind, port = (getattr(connection, name, None) for name in _PROXY_TO)
        self.scheme: Final = parts.scheme or ("https" if connection.default_port == http.client.HTTPS_PORT else "http")
        self.host: Final = str(parts.hostname or behind or connection.host)
        self.port: Final = parts.port or port or connection.port
        self.url: Final = f"{self.scheme}://{self.host.rstrip('.')}:{self.port}/"
