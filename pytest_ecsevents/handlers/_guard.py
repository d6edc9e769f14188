"""Ends receivers that hang."""

import sys
from _thread import allocate_lock
from collections.abc import Callable
from typing import Final, TypeVar, cast

from pytest_ecsevents._errors import StuckHandlerError, hidden_in_reports
from pytest_ecsevents._frames import is_debugged, place_of_thread
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._references import REFERENCES
from pytest_ecsevents.clock._stop import HandlerStop
from pytest_ecsevents.clock._threads import real_now
from pytest_ecsevents.handlers._interrupts import LOOK_EVERY, Interrupter, start_watch

__tracebackhide__ = hidden_in_reports

T = TypeVar("T")


class _Running:
    __slots__ = ("interrupter", "is_stubborn", "keeps", "stuck_at", "what")

    def __init__(self, what: str, clock: Clock) -> None:
        self.what: Final = what
        self.interrupter: Final = Interrupter(clock)
        self.stuck_at = self.keeps = ""
        self.is_stubborn = False

    def sentence(self, patience: float) -> str:
        ended = "it caught the error that was to end it" if self.is_stubborn else "it was cut off"
        return (
            f"{self.what} neither slept nor called the cloud for {patience:g} seconds of real time, and {ended}. "
            f"It was at {self.stuck_at}. "
            f"{self.keeps or 'If it works that long, set ecs_events.patience to more seconds.'}"
        )


class Guard:
    """Watches, from another thread and in real time, whether the called receiver makes progress.

    Args:
        patience: Real seconds within which it must sleep or call the cloud.
        activity: Its value changes whenever the receiver sleeps or calls.
    """

    def __init__(self, clock: Clock, patience: Callable[[], float], activity: Callable[[], object]) -> None:
        self._clock: Final = clock
        self._patience: Final = patience
        self._activity: Final = activity
        self._running: Final[list[_Running]] = []
        self._wake: Final = allocate_lock()

    def end(self) -> None:
        if self._wake.locked():
            self._wake.release()

    def call(self, what: str, function: Callable[[], T]) -> T:
        """Call a function and return its result.

        Raises:
            StuckHandlerError: It hung, and was ended.
        """
        from pytest_ecsevents.handlers._leaving import call_leavable

        waits = self._clock.waits
        if waits is not None and waits.stop is not None:  # `run` watches already
            return cast("T", call_leavable(function))
        if not self._wake.locked():
            self._wake.acquire()
            start_watch(self._watch)
        running = _Running(what, self._clock)
        self._running.append(running)
        running.interrupter.begin()
        try:
            try:
                result = call_leavable(function)
            finally:
                running.interrupter.end()
            if not running.interrupter.raised:
                return cast("T", result)
        except HandlerStop:
            running.interrupter.end()  # again: the `HandlerStop` may have hit the first `end`
        finally:
            self._running.remove(running)
        raise StuckHandlerError(running.sentence(self._patience()))

    def _watch(self) -> None:
        seen: tuple[object, ...] = ()
        since = real_now()
        while not self._wake.acquire(True, LOOK_EVERY):
            now, before = real_now(), seen
            running = next(reversed(self._running), None)
            seen = (running, self._activity(), running and running.interrupter.raised)
            if running is None or is_debugged(running.interrupter.ident):
                since = now
            elif running.is_stubborn:
                running.interrupter.leave()
            elif seen != before:
                since = now
            elif now - since > self._patience():
                running.is_stubborn = running.interrupter.raised > 0
                running.stuck_at = place_of_thread(running.interrupter.ident)
                running.keeps = REFERENCES.sentence(sys._current_frames().get(running.interrupter.ident))
                running.interrupter.interrupt()
