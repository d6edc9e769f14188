"""The server of a test; it starts when its address is first read."""

from _thread import allocate_lock
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents._whole import Whole
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._server_waits import ClientGoneError
from pytest_ecsevents.rpc._http import HttpRequest, HttpService
from pytest_ecsevents.rpc._wire import Answerer, ApiReply, Outcome
from pytest_ecsevents.server._ecs import EcsService

if TYPE_CHECKING:  # an extra, and loaded only when a test uses it
    from pytest_ecsevents.server._server import LoopbackServer

__tracebackhide__ = hidden_in_reports


@dataclass(frozen=True, slots=True)
class ServedService:
    """A service, and which requests it answers.

    Attributes:
        service: The service.
        prefix: Whole segments at the start of the path; "" for every path.
        host: The start of the requested host (`metrics.`); "" for every host.
        header: A header that requests must have, in lower case; "" for none.
        is_home: Whether it answers only what a browser asks for if its user types the address alone.
        malformed: Makes the response to a malformed request; None to leave that to the RPC APIs.
        roots: The starts of the paths of malformed requests that it answers.
    """

    service: HttpService
    prefix: str = ""
    host: str = ""
    header: str = ""
    is_home: bool = False
    malformed: Callable[[int, str], ApiReply] | None = None
    roots: tuple[str, ...] = ()

    def matches(self, request: HttpRequest) -> bool:
        return (
            f"{request.path}/".startswith(f"{self.prefix}/" if self.prefix else "")
            and request.host.lower().startswith(self.host)
            and (not self.header or self.header in request.headers)
            and (not self.is_home or _is_for_home(request))
        )


def _is_for_home(request: HttpRequest) -> bool:
    return (request.path, request.query) == ("/", "") and "text/html" in request.headers.get("accept", "")


class Serving:
    """The services of one test on loopback, and their server.

    Args:
        gateway: Answers calls of RPC APIs.
        request_id: Makes ids of responses.
        clock: The test's clock.
        report: Called with errors that fail the test.
        undo: Stops the server when it closes.
        add_services: Called before the server starts, to add the other services.
    """

    def __init__(
        self,
        gateway: Answerer,
        request_id: Callable[[], str],
        clock: Clock,
        *,
        report: Callable[[BaseException], None],
        undo: Undo,
        add_services: Callable[[], object],
    ) -> None:
        self._ecs: Final = EcsService(gateway, request_id)
        self._clock: Final = clock
        self._report: Final = report
        self._undo: Final = undo
        self._add_services: Final = add_services
        self._services: Final[list[ServedService]] = []
        self._lock: Final = allocate_lock()
        self._running: LoopbackServer | None = None

    def add(self, service: ServedService) -> None:
        """Add a service; the first one that matches a request answers it."""
        self._services.append(service)

    def answer(self, request: HttpRequest) -> Outcome:
        """Answer a request; errors in answering are reported, and the client gets the service's error."""
        services = (one.service for one in self._services if one.matches(request))
        try:
            return next(services, self._ecs)(request)
        except ClientGoneError:
            raise
        except Exception as problem:  # noqa: BLE001  # the caller gets the service's error, the test gets this one
            self._report(problem)
            return self.malformed(request.path, 500, f"{type(problem).__name__}: {problem}")

    def malformed(self, path: str, status: int, problem: str) -> ApiReply:
        """Answer a malformed request as its service does."""
        for one in self._services:
            if one.malformed is not None and path.startswith(one.roots):
                return one.malformed(status, problem)
        return self._ecs.malformed(status, problem)

    def check(self, what: str, also: tuple[str, ...] = ()) -> None:
        """Check that the extra `server` is installed; `also` are modules of it that not every user of a server needs.

        Raises:
            EcsEventsError: It is not.
        """
        missing = [name for name in ("defusedxml", *also, "werkzeug") if find_spec(name) is None]
        if missing:
            raise EcsEventsError(
                f"{what} needs a server on loopback, but {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed. "
                "Run: pip install 'pytest-ecsevents[server]'"
            )

    def address(self, what: str) -> str:
        """Start the server if necessary, and return `127.0.0.1:40213`."""
        self.check(what)
        with self._lock, Whole():
            if self._running is None:
                from pytest_ecsevents.server._server import LoopbackServer

                self._add_services()
                self._running = LoopbackServer(
                    self.answer, self.malformed, self._clock, self._report, partial(self._undo.callback, self._stop)
                )
            host, port = self._running.address
        return f"{host}:{port}"

    def serve_at(self, server: "LoopbackServer") -> None:
        """Answer at a server that another object started and stops."""
        self._add_services()
        self._running = server

    def _stop(self, running: "LoopbackServer") -> None:
        self._running = None
        left = running.stop()
        if left:
            self._report(
                EcsEventsError(
                    f"The test has ended, but {left} of its HTTP requests {'is' if left == 1 else 'are'} still being answered. "
                    "A function that answers them, perhaps a stub, does not return; make it return."
                )
            )
