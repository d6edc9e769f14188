"""The metadata service of instances on loopback, for agents that are programs of their own."""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from pytest_ecsevents.rpc import NoReply, Outcome
from pytest_ecsevents.server._ecs import ELSEWHERE, NAME, no_reply
from pytest_ecsevents.server._wsgi import CONNECTION, Environ, StartResponse, answer, headers_of
from pytest_ecsevents.services.metadata import VERSIONS, MetadataRequest

PREFIXES: Final = tuple(f"/{version}" for version in VERSIONS)
"""How the paths begin that are the metadata service's, whatever host is asked."""


class MetadataAnswerer(Protocol):
    """Whoever answers requests to the metadata service."""

    def __call__(self, request: MetadataRequest, /) -> Outcome:
        """What comes of a request; the calling thread waits for it."""


class MetadataApp:
    """Answers requests to the metadata service that come to the server.

    Args:
        answerer: Who answers them.
        reported: Told of an error that is the author's to know of, and cannot be raised where the request came from.
    """

    def __init__(self, answerer: MetadataAnswerer, reported: Callable[[BaseException], None]) -> None:
        self._answerer: Final = answerer
        self._reported: Final = reported

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request; where nobody can tell inside which instance it was made, there is no answer."""
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        try:
            outcome = self._answerer(MetadataRequest(method, path, headers_of(environ), NAME, lambda: ELSEWHERE))
        except Exception as problem:  # noqa: BLE001  # the author hears of it, the caller of nothing
            self._reported(problem)
            outcome = NoReply.CONNECTION_CLOSED
        if isinstance(outcome, NoReply):
            return no_reply(outcome, environ[CONNECTION])
        return answer(environ, start_response, outcome.http_status, outcome.headers, outcome.body)
