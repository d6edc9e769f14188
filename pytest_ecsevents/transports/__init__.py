"""Interception, one file for each client library: decode to a request, encode the reply, nothing else."""

import socket
from collections.abc import Callable
from functools import partial
from typing import Protocol

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._after_import import call_after_import
from pytest_ecsevents.rpc._wire import Answerer, Outcome
from pytest_ecsevents.services.metadata._calls import MetadataRequest
from pytest_ecsevents.transports import _aiohttp, _http_client, _httpx, _pycurl, _requests, _resolver, _sockets
from pytest_ecsevents.transports._routing import (
    METADATA_URL,
    Hosts,
    Route,
    decode_api_request,
    decode_metadata_request,
)
from pytest_ecsevents.transports._webhooks import METHODS, push

__tracebackhide__ = hidden_in_reports


class MetadataAnswerer(Protocol):
    """Answers requests to the metadata service."""

    def __call__(self, request: MetadataRequest, /) -> Outcome:
        """Answer a request; the calling thread waits for it."""


def intercept(
    answer: Answerer,
    metadata: MetadataAnswerer,
    undo: Undo,
    *,
    uncaught_connection: Callable[[], None],
    refuse: Callable[[str], None],
    hosts: Hosts,
    is_ours: Callable[[], bool],
) -> None:
    """Intercept every client library that is loaded, or will be, until `undo` closes.

    Args:
        answer: Answers calls to Alibaba Cloud.
        metadata: Answers requests to the metadata address.
        undo: Restores what was replaced.
        uncaught_connection: Called when an unknown client connects to the metadata address; may raise.
        refuse: Called with a host that no client may reach and nothing answers; may raise.
        hosts: Which hosts are answered or refused.
        is_ours: Whether the calling thread belongs to no other cloud.
    """
    routes = (
        Route(hosts.is_api, decode_api_request, answer, is_ours),
        Route(METADATA_URL.match, decode_metadata_request, metadata, is_ours),
    )
    hosts.enter(undo)
    _guard(routes, refuse, hosts, is_ours, undo)
    _sockets.intercept(routes[1], uncaught_connection, undo)
    _requests.intercept_legacy(routes, undo)
    _requests.intercept(routes, undo)
    libraries = {name: partial(_httpx.intercept, name, routes, undo) for name in _httpx.NAMES}
    call_after_import({"aiohttp": partial(_aiohttp.intercept, routes, undo), **libraries}, undo)


def guard(refuse: Callable[[str], None], undo: Undo) -> None:
    """Refuse every host of Alibaba Cloud's, and answer nothing, until `undo` closes; arguments as of `intercept`.

    It works below the libraries, so that mocks of the user's answer first.
    """
    _guard((), refuse, Hosts(), lambda: True, undo)


def _guard(
    routes: "tuple[Route, ...]",
    refuse: Callable[[str], None],
    hosts: Hosts,
    is_ours: Callable[[], bool],
    undo: Undo,
) -> None:
    def check(host: object) -> None:
        name = hosts.guarded(host)
        if name and is_ours():
            refuse(name)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    _resolver.guard(check, undo)
    _http_client.intercept(routes, check, undo)
    libraries = {name: partial(_httpx.guard, name, check, undo) for name in _httpx.CORES}
    call_after_import(
        {
            "aiohttp": partial(_aiohttp.guard, check, undo),
            "pycurl": partial(_pycurl.guard, check, undo),
            "uvloop": partial(_resolver.guard_uvloop, check, undo),
            **libraries,
        },
        undo,
    )


__all__ = ["METHODS", "Hosts", "decode_api_request", "guard", "intercept", "push"]
