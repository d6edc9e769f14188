"""One file for each client library's insides: decode to `ApiRequest`, encode `ApiReply`, nothing else."""

from contextlib import ExitStack

from pytest_ecsevents.openapi import Answerer
from pytest_ecsevents.transports import _legacy


def intercept(answer: Answerer, undo: ExitStack) -> None:
    """Have `answer` answer the calls of every client library that is installed, until `undo` closes."""
    if _legacy.is_installed():
        _legacy.intercept(answer, undo)


__all__ = ["intercept"]
