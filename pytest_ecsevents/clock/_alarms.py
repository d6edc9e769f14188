"""`signal.alarm` and `signal.setitimer`: a signal at an instant of virtual time.

An alarm is due work of the clock. Then the process sends itself SIGALRM, and Python calls the handler in the main thread, as it
does elsewhere; the clock stands until that thread has come to it. What the handler raises ends the wait in the main thread.

The alarms of pytest-timeout, pytest and debuggers stay real, and those of code that runs outside threads of the test. So do all
where the test's thread is not the main one.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents._frames import AUTHOR, kind_of_caller
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._names import Replacement
from pytest_ecsevents.clock._scheduler import Scheduler
from pytest_ecsevents.clock._threads import TestThread
from pytest_ecsevents.clock._times import SECOND, Micros
from pytest_ecsevents.clock._waits_in_c import ALARMS

__tracebackhide__ = hidden_in_reports


class Planner(Protocol):
    """The part of the clock that alarms need; the clock imports this module."""

    def now(self) -> Micros: ...

    def plan(self, at: Micros, function: Callable[[], object], what: str) -> Callable[[], None]: ...


_TIMERS: Final[list[_Timer]] = []
"""Of the clouds that are entered in the main thread."""


def replace_alarms(scheduler: Scheduler, clock: Planner, undo: Undo, shared: Undo) -> list[Replacement]:
    """Make alarms that threads of the test set virtual, until `undo` closes.

    Returns what to replace under the names of modules, until `shared` closes.
    """
    main = scheduler.me()
    if main is None or threading.current_thread() is not threading.main_thread() or not ALARMS:
        return []
    timer = _Timer(scheduler, clock, main)
    _TIMERS.append(timer)
    undo.callback(_TIMERS.remove, timer)
    undo.callback(timer.stop)
    for name, (real, fake, _) in zip(ALARMS, _REPLACEMENTS, strict=True):
        if getattr(signal, name) is real:  # else it is a mock, or replaced already
            shared.replace(signal, name, fake)
    return _REPLACEMENTS


def _timer() -> _Timer | None:
    """The timer of the calling thread's test; None for other threads, and for callers that keep real time."""
    if kind_of_caller(2) == AUTHOR:
        for timer in _TIMERS[::-1]:
            if timer.scheduler.me() is not None:
                return timer
    return None


def setitimer(which: int, seconds: float, interval: float = 0.0) -> Any:
    timer = _timer()
    is_ours = which == signal.ITIMER_REAL and seconds >= 0 and interval >= 0
    if timer is None or not is_ours:
        return ALARMS["setitimer"](which, seconds, interval)
    return timer.set(seconds, interval)


def getitimer(which: int) -> Any:
    timer = _timer()
    return ALARMS["getitimer"](which) if timer is None or which != signal.ITIMER_REAL else timer.left()


def alarm(seconds: int) -> int:
    timer = _timer()
    return int(ALARMS["alarm"](seconds)) if timer is None else -int(-timer.set(seconds, 0.0)[0] // 1)


def pause() -> None:
    timer = _timer()
    if timer is None or timer.at is None or not timer.pause(timer.at):
        ALARMS["pause"]()


_FAKES: Final[tuple[Any, ...]] = (alarm, setitimer, getitimer, pause)
_REPLACEMENTS: Final = [Replacement(ALARMS[fake.__name__], fake) for fake in _FAKES if fake.__name__ in ALARMS]


class _Timer:
    """The one timer of a process that sends SIGALRM.

    Attributes:
        at: When it does next; None if it is not set.
    """

    def __init__(self, scheduler: Scheduler, clock: Planner, main: TestThread) -> None:
        self.at: Micros | None = None
        self.scheduler: Final = scheduler
        self._clock: Final = clock
        self._main: Final = main
        self._interval: Micros = 0
        self._take_back: Callable[[], None] = lambda: None

    def pause(self, at: Micros) -> bool:
        """Let the main thread wait for the signal. Returns whether the calling one is that thread."""
        if self.scheduler.me() is not self._main:
            return False
        self.scheduler.advance_to(self._main, at, self._clock.now())
        return True

    def left(self) -> tuple[float, float]:
        """Seconds until it sends the signal next, and between two signals; 0 if it does not."""
        return (0.0 if self.at is None else (self.at - self._clock.now()) / SECOND), self._interval / SECOND

    def set(self, seconds: float, interval: float) -> tuple[float, float]:
        """Set it anew; 0 seconds stop it. Returns what `left` did before."""
        before = self.left()
        self.stop()
        if seconds:
            self._interval = round(interval * SECOND)
            self._plan(self._clock.now() + max(round(seconds * SECOND), 1))
        return before

    def stop(self) -> None:
        self._take_back()
        self._take_back, self.at, self._interval = (lambda: None), None, 0

    def _plan(self, at: Micros) -> None:
        self.at = at
        self._take_back = self._clock.plan(at, self._send, "the handler of SIGALRM")

    def _send(self) -> None:
        """Send the signal.

        Raises:
            EcsEventsError: It has no handler: it would end the process.
        """
        assert self.at is not None
        if self._interval:
            self._plan(self.at + self._interval)
        else:
            self.at = None
        if signal.getsignal(signal.SIGALRM) is signal.SIG_DFL:
            raise EcsEventsError(
                "The alarm that signal.alarm or signal.setitimer set has come, and SIGALRM has no handler. Outside a test that "
                "ends the process: call signal.signal(signal.SIGALRM, handler) before."
            )
        ident, wait = self._main.ident, self._main.wait
        assert ident is not None
        signal.pthread_kill(ident, signal.SIGALRM)
        if self.scheduler.me() is not self._main and wait is not None:  # the clock stands until it has looked
            wait.is_to_look = True
            wait.unpark()
