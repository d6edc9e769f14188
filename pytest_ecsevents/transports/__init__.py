"""One file for each client library's insides: decode to a request, encode `ApiReply`, nothing else."""

from collections.abc import Callable

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.rpc import Answerer
from pytest_ecsevents.transports import _aiohttp, _legacy, _requests, _sockets
from pytest_ecsevents.transports._decoding import ALIYUN_URL, METADATA_URL, Desk, asked, decoded
from pytest_ecsevents.transports._sockets import MetadataAnswerer
from pytest_ecsevents.transports._webhooks import METHODS, is_loopback, push


def intercept(
    answer: Answerer, metadata: MetadataAnswerer, uncaught_connection: Callable[[], None], undo: Undo
) -> None:
    """Have a cloud and its metadata service answer every client library that is installed, until `undo` closes.

    Args:
        answer: Who answers calls to Alibaba Cloud.
        metadata: Answers requests to the metadata address.
        uncaught_connection: Called when an unknown client connects to the metadata address; may raise.
        undo: What undoes it.
    """
    desks = (Desk(ALIYUN_URL, decoded, answer), Desk(METADATA_URL, asked, metadata))
    for transport in (_legacy, _requests, _aiohttp):
        transport.intercept(desks, undo)
    _sockets.intercept(metadata, uncaught_connection, undo)


__all__ = ["METHODS", "decoded", "intercept", "is_loopback", "push"]
