"""HTTP requests as the server on loopback hands them to a service, free of any library."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from pytest_ecsevents.clock._server_waits import ServerWait
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._wire import Client, Outcome


class Connection(Client, Protocol):
    def is_gone(self) -> bool:
        """Whether the client no longer waits for the answer."""

    def wait_until(self, at: Micros | None) -> ServerWait:
        """A wait of the request that ends at an instant (None for never) or when it is woken."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request.

    Attributes:
        method: GET, PUT, ...
        path: Without the query, percent signs resolved.
        query: The part after the question mark, as sent.
        headers: By name in lower case.
        body: As sent.
        connection: The connection that it came through.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    connection: Connection

    @property
    def host(self) -> str:
        return self.headers.get("host", "")


HttpService: TypeAlias = Callable[[HttpRequest], Outcome]


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself: by its address, or as localhost."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
