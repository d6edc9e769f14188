"""The server of a test, which starts when somebody asks where it is."""

from _thread import allocate_lock
from collections.abc import Callable
from typing import Final

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock import Clock
from pytest_ecsevents.rpc import Answerer
from pytest_ecsevents.server import Running, can_serve, serve
from pytest_ecsevents.server._ecs import EcsApp
from pytest_ecsevents.server._mounts import Mounts
from pytest_ecsevents.services.smq import SmqApp

__tracebackhide__ = hidden_in_reports

_OF_SMQ: Final = ("/queues", "/topics")


class Serving:
    """What one test serves on loopback.

    Args:
        gateway: Answers ECS calls.
        request_id: Makes ids of answers.
        clock: The test's.
        reported: Told of errors that the author is to know of.
        undo: Stops the server when it closes.
        furnish: Adds what there is to serve beside ECS, before the server starts.

    Attributes:
        mounts: The services beside ECS; add to them.
    """

    def __init__(
        self,
        gateway: Answerer,
        request_id: Callable[[], str],
        clock: Clock,
        *,
        reported: Callable[[BaseException], None],
        undo: Undo,
        furnish: Callable[[], object],
    ) -> None:
        self._ecs: Final = EcsApp(gateway, request_id, reported)
        self.mounts: Final = Mounts(self._ecs)
        self._clock: Final = clock
        self._reported: Final = reported
        self._undo: Final = undo
        self._furnish: Final = furnish
        self._lock: Final = allocate_lock()
        self._smq: SmqApp | None = None
        self._running: Running | None = None

    def add_smq(self, smq: SmqApp) -> None:
        """Add the Simple Message Queue."""
        self._smq = smq
        self.mounts.add(smq, header=SmqApp.HEADER)

    def _refusal(self, path: str, status: int, reason: str, problem: str) -> tuple[str, list[tuple[str, str]], bytes]:
        service = self._smq if self._smq is not None and path.startswith(_OF_SMQ) else self._ecs
        return service.refusal(status, reason, problem)

    def check(self, what: str) -> None:
        """Refuse where the extra is not installed.

        Args:
            what: What the author asked for.

        Raises:
            EcsEventsError: It is not.
        """
        if not can_serve():
            raise EcsEventsError(
                f"{what} needs a server on loopback, and the library for it, waitress, is not installed. "
                "Run: pip install 'pytest-ecsevents[server]'"
            )

    def address(self, what: str) -> str:
        """`127.0.0.1:40213`; the server is started for it."""
        self.check(what)
        with self._lock:
            if self._running is None:
                self._furnish()
                self._running = serve(self.mounts, self._refusal, self._clock)
                self._undo.callback(self._stop)
            host, port = self._running.address
        return f"{host}:{port}"

    def _stop(self) -> None:
        running, self._running = self._running, None
        assert running is not None
        left = running.stop()
        if left:
            self._reported(
                EcsEventsError(
                    f"The test has ended, and {left} of its requests over HTTP {'is' if left == 1 else 'are'} still being "
                    "answered. Whatever answers, a stub perhaps, waits for something that does not come; have it return."
                )
            )
