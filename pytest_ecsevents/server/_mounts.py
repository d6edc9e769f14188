"""Which request goes to whom: services of one server, by path, host or header."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pytest_ecsevents.server._wsgi import Environ, StartResponse, WsgiApp


@dataclass(frozen=True, slots=True)
class Mount:
    """One service of the server.

    Attributes:
        app: Who answers: a WSGI application.
        prefix: How the paths begin that are his, whole segments; "" for every path.
        host: How the host begins that is asked (`metrics.`); "" for every host.
        header: A header that his requests have; "" for none.
    """

    app: WsgiApp
    prefix: str = ""
    host: str = ""
    header: str = ""

    def takes(self, environ: Environ) -> bool:
        """Whether a request is for it."""
        return (
            _is_below(environ["PATH_INFO"], self.prefix)
            and environ.get("HTTP_HOST", "").lower().startswith(self.host)
            and (not self.header or f"HTTP_{self.header.upper().replace('-', '_')}" in environ)
        )


def _is_below(path: str, prefix: str) -> bool:
    return not prefix or path == prefix or path.startswith(f"{prefix}/")


class Mounts:
    """The table of services; the first that takes a request answers it.

    Args:
        default: Who answers what nobody takes.
    """

    def __init__(self, default: WsgiApp) -> None:
        self._default: Final = default
        self._mounts: Final[list[Mount]] = []

    def add(self, app: WsgiApp, *, prefix: str = "", host: str = "", header: str = "") -> None:
        """Add a service, before the server starts or while it runs."""
        self._mounts.append(Mount(app, prefix, host, header))

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Have the request answered by whoever takes it."""
        apps = (mount.app for mount in self._mounts if mount.takes(environ))
        return next(apps, self._default)(environ, start_response)
