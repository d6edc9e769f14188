"""The console, made at the first request for it: Jinja2 takes a tenth of a second to load."""

from collections.abc import Callable
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final

from pytest_ecsevents.console._cloud import CONSOLE, Shown
from pytest_ecsevents.rpc._http import HttpRequest
from pytest_ecsevents.rpc._wire import ApiReply

if TYPE_CHECKING:
    from pytest_ecsevents.console._console import Console


class LazyConsole:
    """Answers the requests below `/console`.

    Args:
        shown: Returns the cloud that requests are about.
    """

    def __init__(self, shown: Callable[[], Shown]) -> None:
        self._shown: Final = shown
        self._lock: Final = Lock()

    @cached_property
    def _made(self) -> "Console":
        from pytest_ecsevents.console._console import Console

        return Console(self._shown)

    def _console(self) -> "Console":
        with self._lock:  # two requests at once must not make two, each with a token of its own
            return self._made

    def __call__(self, request: HttpRequest) -> ApiReply:
        """Answer a request."""
        return self._console()(request)

    @staticmethod
    def home(_request: HttpRequest) -> ApiReply:
        """Lead a browser from the address alone to the console."""
        return ApiReply(303, b"", {"Location": CONSOLE})

    def malformed(self, status: int, problem: str) -> ApiReply:
        """The response to a malformed request."""
        return self._console().malformed(status, problem)
