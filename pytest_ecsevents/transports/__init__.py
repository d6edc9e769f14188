"""Interception, one file for each client library: decode to a request, encode the reply, nothing else."""

from collections.abc import Callable

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.rpc._wire import Answerer
from pytest_ecsevents.transports import _aiohttp, _legacy, _requests, _sockets
from pytest_ecsevents.transports._decoding import (
    ALIYUN_URL,
    METADATA_URL,
    Route,
    decode_api_request,
    decode_metadata_request,
)
from pytest_ecsevents.transports._sockets import MetadataAnswerer
from pytest_ecsevents.transports._webhooks import METHODS, push


def intercept(
    answer: Answerer,
    metadata: MetadataAnswerer,
    uncaught_connection: Callable[[], None],
    is_ours: Callable[[], bool],
    undo: Undo,
) -> None:
    """Intercept every installed client library until `undo` closes.

    Args:
        answer: Answers calls to Alibaba Cloud.
        metadata: Answers requests to the metadata address.
        uncaught_connection: Called when an unknown client connects to the metadata address; may raise.
        is_ours: Whether the calling thread belongs to no other cloud.
        undo: Restores what was replaced.
    """
    routes = (
        Route(ALIYUN_URL, decode_api_request, answer, is_ours),
        Route(METADATA_URL, decode_metadata_request, metadata, is_ours),
    )
    for transport in (_legacy, _requests, _aiohttp):
        transport.intercept(routes, undo)
    _sockets.intercept(metadata, uncaught_connection, is_ours, undo)


__all__ = ["METHODS", "decode_api_request", "intercept", "push"]
