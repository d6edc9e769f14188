"""The metadata service on loopback: the same door that answers requests inside the process."""

from collections.abc import Callable, Iterable
from typing import Final

from pytest_ecsevents._words import NoGuestError
from pytest_ecsevents.guest import Door, refusal
from pytest_ecsevents.openapi import NoReply, Outcome
from pytest_ecsevents.server._ecs import ELSEWHERE, NAME, no_reply
from pytest_ecsevents.server._wsgi import CONNECTION, Environ, StartResponse, answer, headers_of
from pytest_ecsevents.transports import asked


class MetadataApp:
    """Answers requests to the metadata service that come over HTTP.

    Args:
        door: Who answers.
        reported: Told of an error that is the author's to know of, and cannot be raised where the request came from.
    """

    PREFIXES: Final = ("/latest", "/2016-01-01")

    def __init__(self, door: Door, reported: Callable[[BaseException], None]) -> None:
        self._door: Final = door
        self._reported: Final = reported

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        outcome = self._outcome(environ)
        if isinstance(outcome, NoReply):
            return no_reply(outcome, environ[CONNECTION])
        # What becomes of the connection is the server's to say.
        headers = {name: value for name, value in outcome.headers.items() if name != "Connection"}
        return answer(environ, start_response, outcome.http_status, headers, outcome.body)

    def _outcome(self, environ: Environ) -> Outcome:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        try:
            return self._door(asked(method, path, headers_of(environ), None, NAME, patience=lambda: ELSEWHERE))
        except Exception as problem:  # noqa: BLE001  # the caller hears of it in the service's words, the author in ours
            self._reported(problem)
            return refusal("NotFound" if isinstance(problem, NoGuestError) else "InternalError")
