"""Receivers that hang are cut off."""

from _thread import allocate_lock
from collections.abc import Callable
from typing import Final, TypeVar

from pytest_ecsevents._errors import StuckHandlerError, hidden_in_reports
from pytest_ecsevents._frames import is_debugged
from pytest_ecsevents.clock import HandlerStop, real_now
from pytest_ecsevents.handlers._interrupts import Interrupter, place_of_thread, start_watch

__tracebackhide__ = hidden_in_reports

T = TypeVar("T")

_LOOK_EVERY: Final = 0.05


class _Running:
    """A receiver that is at work."""

    __slots__ = ("interrupter", "stuck_at")

    def __init__(self) -> None:
        self.interrupter: Final = Interrupter()
        self.stuck_at = ""


class Guard:
    """Watches, from outside and in real time, whether the receiver that is called gets on.

    Args:
        patience: Real seconds within which it must sleep or call the cloud.
        activity: What changes whenever it does.
        is_watched: Whether `run` watches already.
    """

    def __init__(
        self, patience: Callable[[], float], activity: Callable[[], object], is_watched: Callable[[], bool]
    ) -> None:
        self._patience: Final = patience
        self._activity: Final = activity
        self._is_watched: Final = is_watched
        self._running: Final[list[_Running]] = []
        self._wake: Final = allocate_lock()

    def end(self) -> None:
        """Watch no longer."""
        if self._wake.locked():
            self._wake.release()

    def call(self, what: str, function: Callable[[], T]) -> T:
        """What the function returns.

        Args:
            what: What an error calls it.
            function: It.

        Raises:
            StuckHandlerError: It hung, and was cut off.
        """
        if self._is_watched():
            return function()
        if not self._wake.locked():
            self._wake.acquire()
            start_watch(self._watch)
        running = _Running()
        self._running.append(running)
        running.interrupter.begin()
        try:
            try:
                return function()
            finally:
                running.interrupter.end()
        except HandlerStop:
            raise StuckHandlerError(
                f"{what} neither slept nor called the cloud for {self._patience():g} seconds of real time, and was cut off. "
                f"It was at {running.stuck_at}. If it works that long, set ecs_events.patience to more seconds."
            ) from None
        finally:
            self._running.remove(running)

    def _watch(self) -> None:
        seen: tuple[object, ...] = ()
        since = real_now()
        while not self._wake.acquire(True, _LOOK_EVERY):
            running, before = next(reversed(self._running), None), seen
            seen = (running, self._activity())
            if running is None or seen != before or is_debugged(running.interrupter.ident):
                since = real_now()
            elif real_now() - since > self._patience():
                running.stuck_at = running.stuck_at or place_of_thread(running.interrupter.ident)
                running.interrupter.press()
