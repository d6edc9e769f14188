"""A fake cloud that stands by itself: its clock is its own, and only its server leads to it."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from threading import RLock
from typing import Final

from pytest_ecsevents._errors import OF_THE_PROGRAM, EcsEventsError, hidden_in_reports
from pytest_ecsevents.cli._control import ROOT, ControlApi, api_document
from pytest_ecsevents.clock._own_clock import OwnClock
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.console._cloud import CONSOLE, Shown
from pytest_ecsevents.console._lazy import LazyConsole
from pytest_ecsevents.face._ecs_events import EcsEvents, parts_of
from pytest_ecsevents.face._settings import Settings
from pytest_ecsevents.rpc._http import HttpRequest
from pytest_ecsevents.rpc._wire import ApiReply, JsonObject, Outcome
from pytest_ecsevents.server._server import HOST, LoopbackServer
from pytest_ecsevents.server._serving import ServedService

__tracebackhide__ = hidden_in_reports


class PortError(EcsEventsError, section=OF_THE_PROGRAM):
    """The server cannot have its port."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a cloud begins, again after each reset.

    Attributes:
        settings: Its settings.
        start: The first instant; None for the machine's.
        speed: Virtual seconds for each second of the machine; 0 for a clock that stands.
        seed: Puts the first instances, events, rules and faults into it.
    """

    settings: Settings
    start: Micros | None
    speed: float
    seed: Callable[[EcsEvents], None]


class StandingCloud:
    """The cloud and its server, from `enter` to `leave`. The process stays as it is.

    Args:
        beginning: How it begins.
        port: Its port; 0 for any that is free.
        host: The address that it listens at.
    """

    def __init__(self, beginning: Beginning, port: int = 0, host: str = HOST) -> None:
        self._beginning: Final = beginning
        self._port: Final = port
        self._host: Final = host
        self._lock: Final = RLock()
        self._cleanup: Final = ExitStack()
        control, console = ControlApi(self), LazyConsole(self._shown)
        self._services: Final = (
            ServedService(control, prefix=ROOT, malformed=control.malformed, roots=(ROOT,)),
            ServedService(console, prefix=CONSOLE, malformed=console.malformed, roots=(CONSOLE,)),
            ServedService(console.home, is_home=True),
        )
        self._server: LoopbackServer | None = None
        self.ecs_events: EcsEvents = self._made()

    @property
    def speed(self) -> float:
        """Virtual seconds for each second of the machine; 0 while the clock stands."""
        return self._beginning.speed

    def document(self) -> JsonObject:
        """The OpenAPI document of the control API."""
        return api_document()

    def __enter__(self) -> "StandingCloud":  # noqa: PYI034  # Self is in typing from Python 3.11 on
        try:
            self._begin(self.ecs_events)
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._cleanup.close()

    def _begin(self, cloud: EcsEvents) -> None:
        self._cleanup.callback(lambda: _end(self.ecs_events))
        parts_of(cloud).serving.check("ecsevents serve", also=("jinja2",))
        cloud.__enter__()
        try:
            server = LoopbackServer(
                self._answer,
                self._malformed,
                parts_of(cloud).clock,
                self._report,
                lambda made: self._cleanup.callback(made.stop),
                port=self._port,
                host=self._host,
            )
        except OSError as problem:
            other = "--port" if self._host == HOST else "--port or --host"
            raise PortError(
                f"Port {self._port} of {self._host} cannot be used: {problem.strerror}. Pass another {other}."
            ) from None
        self._server = server
        self._serve(cloud, server)

    def _serve(self, cloud: EcsEvents, server: LoopbackServer) -> None:
        serving = parts_of(cloud).serving
        for service in self._services:
            serving.add(service)
        serving.serve_at(server)
        self._beginning.seed(cloud)

    def _made(self) -> EcsEvents:
        clock = OwnClock(self._beginning.start, self._beginning.speed)
        return EcsEvents(strict=False, _settings=self._beginning.settings, _clock=clock)

    @property
    def address(self) -> str:
        """`127.0.0.1:40213`: where programs on this machine find it."""
        assert self._server is not None
        host, port = self._server.address
        return f"{host}:{port}"

    def reset(self) -> None:
        """Begin again. Requests that wait in the old cloud get an answer of it."""
        with self._lock:
            assert self._server is not None
            old, new = self.ecs_events, self._made()
            new.__enter__()
            try:
                self._serve(new, self._server)
            except BaseException:
                _end(new)
                raise
            self._server.clock, self.ecs_events = parts_of(new).clock, new
            _end(old)

    def _shown(self) -> Shown:
        ecs_events = self.ecs_events
        return Shown(ecs_events, parts_of(ecs_events), self.speed, self.reset)

    def _report(self, problem: BaseException) -> None:
        parts_of(self.ecs_events).recorder.reported(problem)

    def _answer(self, request: HttpRequest) -> Outcome:
        return parts_of(self.ecs_events).serving.answer(request)

    def _malformed(self, path: str, status: int, problem: str) -> ApiReply:
        return parts_of(self.ecs_events).serving.malformed(path, status, problem)


def _end(cloud: EcsEvents) -> None:
    """End a cloud, and the requests that wait at its queues."""
    cloud.__exit__(None, None, None)
    queues = parts_of(cloud).messaging.queues
    for name in queues:
        queues.delete(name)
