"""A clock of the cloud's own, for a program that is nothing but the fake cloud. It replaces nothing of the process."""

import time
from collections.abc import Callable
from threading import Event, Lock
from typing import Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._follower import Follower
from pytest_ecsevents.clock._names import Replacement
from pytest_ecsevents.clock._server_waits import RealServerWait, ServerWait
from pytest_ecsevents.clock._sources import ClockSource
from pytest_ecsevents.clock._times import END, SECOND, Micros
from pytest_ecsevents.clock._zone import LOCAL

__tracebackhide__ = hidden_in_reports

_LOOK_EVERY: Final = 0.05
"""Real seconds between two looks of a delayed call at the clock."""


def machine_now() -> Micros:
    """The machine's instant."""
    return time.time_ns() // 1_000


class _OwnSource:
    """An instant that stands, or goes on with the machine's clock; it is never earlier than it was.

    Args:
        speed: Virtual seconds for each second of the machine; 0: it stands.
    """

    name = "the cloud's own clock"
    freezes_monotonic = False

    def __init__(self, speed: float) -> None:
        self._speed: Final = speed
        self._lock: Final = Lock()
        self._at: Micros = 0
        self._since: Micros = 0

    def read(self) -> Micros:
        with self._lock:
            return self._read()

    def _read(self) -> Micros:
        if self._speed:
            machine = machine_now()
            # A machine whose clock was set back does not turn the cloud's back.
            passed = max(machine - self._since, 0)
            self._at, self._since = min(self._at + round(passed * self._speed), END), machine
        return self._at

    def move_to(self, at: Micros) -> None:
        with self._lock:
            self._at = max(self._read(), at)

    def load(self) -> None: ...

    def start(self, at: Micros, *, ticks: bool) -> None:  # noqa: ARG002  # the speed says so
        with self._lock:
            self._at, self._since = at, machine_now()

    def stop(self) -> None: ...

    def fakes(self) -> list[Replacement]:
        return []


class OwnClock(Clock):
    """A clock that no other code reads. Waits of the server are real, at the clock's speed.

    Args:
        start: The first instant; None for the machine's.
        speed: Virtual seconds for each second of the machine; 0 for a clock that stands until `advance` moves it.
    """

    is_own = True
    earlier = "start the server earlier with --clock START"
    add = "`ecsevents add {0}`"

    def __init__(self, start: Micros | None, speed: float) -> None:
        at = machine_now() if start is None else start
        super().__init__(start=at, default_start=at, backend="freezegun", tz=LOCAL, sleep="real")
        self.speed: Final = speed
        self.goes_on = speed > 0
        self._source: Final[ClockSource] = _OwnSource(speed)
        self._sources = (self._source,)
        self._waits: Final[dict[ServerWait, None]] = {}

    def enter(self) -> None:
        """Start the clock. The process's own clock stays as it is."""
        self._source.start(self.started_at, ticks=self.goes_on)
        self.still_at = None
        kind = (
            "standing" if not self.speed else "with the machine" if self.speed == 1 else f"{self.speed:g} times as fast"
        )
        self.holder = f"the server's, {kind}"
        if self.goes_on:
            self._follower = Follower(self.settle)

    def leave(self) -> None:
        """Stop the clock, and end the waits of requests."""
        if self._follower is not None:
            self._follower.stop()
        self.still_at = self.now()
        self._wake_waits()

    def move_to(self, at: Micros) -> None:
        self._source.move_to(at)
        self._wake_waits()

    def _wake_waits(self) -> None:
        for wait in tuple(self._waits):
            wait.wake()

    def pass_until(self, target: Micros) -> None:
        """Wait until a delayed call may go on: with a clock that stands, the call moves it."""
        if not self.goes_on:
            self.advance_to(target)
            return
        ended = Event()
        while not self.is_still and (left := target - self.now()) > 0:
            ended.wait(min(left / SECOND / self.speed, _LOOK_EVERY))
        self.settle()

    def server_wait(self, until: Micros | None, is_over: Callable[[], bool]) -> ServerWait:
        """A wait for the calling thread, in real time. It ends when the clock is moved, so that its request looks again."""
        if until is None:
            return RealServerWait(None, is_over)
        return _MovableWait((until - self.now()) / SECOND / (self.speed or 1), is_over, self._waits)


class _MovableWait(RealServerWait):
    """A wait that stands in a table while it lasts, so that a move of the clock can end it."""

    def __init__(self, seconds: float, is_over: Callable[[], bool], table: "dict[ServerWait, None]") -> None:
        super().__init__(seconds, is_over)
        self._table: Final = table
        table[self] = None

    def wait(self) -> bool:
        try:
            return super().wait()
        finally:
            del self._table[self]
