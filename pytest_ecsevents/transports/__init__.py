"""One file for each client library's insides: decode to a request, encode `ApiReply`, nothing else."""

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.rpc import Answerer
from pytest_ecsevents.services.metadata import Door
from pytest_ecsevents.transports import _aiohttp, _legacy, _requests, _sockets
from pytest_ecsevents.transports._decoding import ALIYUN_URL, METADATA_URL, Desk, asked, decoded
from pytest_ecsevents.transports._webhooks import METHODS, is_loopback, push


def intercept(answer: Answerer, door: Door, undo: Undo) -> None:
    """Have a cloud and its metadata service answer every client library that is installed, until `undo` closes.

    Args:
        answer: Who answers calls to Alibaba Cloud.
        door: Who answers requests to the metadata address.
        undo: What undoes it.
    """
    desks = (Desk(ALIYUN_URL, decoded, answer), Desk(METADATA_URL, asked, door))
    for transport in (_legacy, _requests, _aiohttp):
        transport.intercept(desks, undo)
    _sockets.intercept(door, undo)


__all__ = ["METHODS", "decoded", "intercept", "is_loopback", "push"]
