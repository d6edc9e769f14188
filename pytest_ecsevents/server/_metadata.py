"""Serves the metadata service on loopback, for agents in other processes."""

from collections.abc import Callable
from typing import Final

from pytest_ecsevents.rpc._http import HttpRequest, HttpService
from pytest_ecsevents.rpc._wire import NoReply, Outcome
from pytest_ecsevents.server._ecs import ELSEWHERE, NAME
from pytest_ecsevents.services.metadata._calls import MetadataRequest
from pytest_ecsevents.services.metadata._service import VERSIONS

PREFIXES: Final = tuple(f"/{version}" for version in VERSIONS)
"""How paths of the metadata service begin, for every host."""


def metadata_service(
    answer: Callable[[MetadataRequest], Outcome], report: Callable[[BaseException], None]
) -> HttpService:
    """The metadata service for the server.

    Args:
        answer: Answers requests; the calling thread waits for it.
        report: Called with an error that cannot be raised in the caller, to fail the test.
    """

    def service(http: HttpRequest) -> Outcome:
        try:
            return answer(MetadataRequest(http.method, http.path, http.headers, NAME, lambda: ELSEWHERE))
        except Exception as problem:  # noqa: BLE001  # the test gets it, the caller gets no response
            report(problem)
            return NoReply.CONNECTION_CLOSED

    return service
