"""What those who answer HTTP requests have in common."""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, NoReturn, Protocol, TypeAlias

from pytest_ecsevents.clock import Hold, Micros

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[[str, list[tuple[str, str]]], object]
WsgiApp: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]
Refusal: TypeAlias = Callable[[str, int, str, str], tuple[str, list[tuple[str, str]], bytes]]
"""From a path, an HTTP status, its reason and what was wrong to status line, headers and body."""

CONNECTION: Final = "pytest_ecsevents.connection"
"""The key of a request's environment under which its `Connection` stands."""


class Line(Protocol):
    """The connection that a request came through."""

    @property
    def is_gone(self) -> bool:
        """Whether nobody waits for the answer any more."""

    def wait(self, until: Micros | None, wakes: Callable[[Hold], None]) -> bool:
        """Hold the request until an instant, or until somebody wakes it; whether somebody did.

        Where its caller waits no longer, an error of the server's ends it.
        """

    def close_after(self) -> None:
        """End the connection after the answer."""

    def hang_up(self, *, reset: bool = False) -> NoReturn:
        """End the connection instead of an answer."""


def status_line(status: int) -> str:
    """`404 Not Found`."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} Unknown"


def headers_of(environ: Environ) -> dict[str, str]:
    """A request's headers, by name in lower case."""
    given = {
        key[5:].lower().replace("_", "-"): value
        for key, value in environ.items()
        if key.startswith("HTTP_") and isinstance(value, str)
    }
    if environ.get("CONTENT_TYPE"):
        given["content-type"] = environ["CONTENT_TYPE"]
    return given


def body_of(environ: Environ) -> bytes:
    """A request's body, whole."""
    body: bytes = environ["wsgi.input"].read()
    return body


def answer(
    environ: Environ, start_response: StartResponse, status: int, headers: Mapping[str, str], body: bytes
) -> list[bytes]:
    """Answer with this status, these headers and this body, which an answer to HEAD leaves out."""
    with_length = {"Content-Length": str(len(body)), **headers}
    if with_length.pop("Connection", "") == "close":  # it is not for applications to say so in a header
        environ[CONNECTION].close_after()
    start_response(status_line(status), list(with_length.items()))
    return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]
