"""Serves the metadata service on loopback, for agents in other processes."""

from collections.abc import Callable
from typing import Final

from pytest_ecsevents.rpc._http import HttpRequest, HttpService
from pytest_ecsevents.rpc._wire import ELSEWHERE, Outcome
from pytest_ecsevents.server._ecs import NAME
from pytest_ecsevents.services.metadata._calls import MetadataRequest
from pytest_ecsevents.services.metadata._service import VERSIONS

PREFIXES: Final = tuple(f"/{version}" for version in VERSIONS)
"""How paths of the metadata service begin, for every host."""


def metadata_service(answer: Callable[[MetadataRequest], Outcome]) -> HttpService:
    """The metadata service for the server; `answer` answers its requests, and the calling thread waits for it."""

    def service(http: HttpRequest) -> Outcome:
        return answer(MetadataRequest(http.method, http.path, http.headers, NAME, lambda: ELSEWHERE, http.connection))

    return service
