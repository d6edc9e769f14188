"""One file for each client library's insides: decode to `ApiRequest`, encode `ApiReply`, nothing else."""

from contextlib import ExitStack
from typing import Final

from pytest_ecsevents.openapi import Answerer
from pytest_ecsevents.transports import _aiohttp, _legacy, _requests
from pytest_ecsevents.transports._webhooks import METHODS, push

_TRANSPORTS: Final = (_legacy, _requests, _aiohttp)


def intercept(answer: Answerer, undo: ExitStack) -> None:
    """Have `answer` answer the calls of every client library that is installed, until `undo` closes."""
    for transport in _TRANSPORTS:
        transport.intercept(answer, undo)


__all__ = ["METHODS", "intercept", "push"]
