"""The same cloud behind a port on loopback: for other processes, other languages, and SDKs that cannot be intercepted."""

from importlib.util import find_spec
from typing import Protocol

from pytest_ecsevents.clock import Clock
from pytest_ecsevents.server._ecs import EcsApp
from pytest_ecsevents.server._metadata import PREFIXES, MetadataApp
from pytest_ecsevents.server._mounts import Mount, Mounts
from pytest_ecsevents.server._wsgi import CONNECTION, Environ, Line, Refusal, StartResponse, WsgiApp


class Running(Protocol):
    """A server that runs."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""

    def stop(self) -> int:
        """End it; how many requests are still being answered."""


def can_serve() -> bool:
    """Whether the extra `server` is installed."""
    return find_spec("waitress") is not None


def serve(app: WsgiApp, refusal: Refusal, clock: Clock) -> Running:
    """Start a server.

    Args:
        app: Who answers.
        refusal: The words in which what is malformed is refused.
        clock: The test's.
    """
    from pytest_ecsevents.server._waitress import LoopbackServer  # an extra, and only loaded where it is used

    return LoopbackServer(app, refusal, clock)


__all__ = [
    "CONNECTION",
    "PREFIXES",
    "EcsApp",
    "Environ",
    "Line",
    "MetadataApp",
    "Mount",
    "Mounts",
    "Running",
    "StartResponse",
    "WsgiApp",
    "can_serve",
    "serve",
]
