"""Waits that take no time, or hardly any: `sleep(0)`, `Event.wait(0)`, and loops that land exactly on their deadline.

`while monotonic() <= end: sleep(max(0, end - monotonic()))` ends on a real clock, because time passes between two steps.
On a clock that only waiting moves, it lands on `end` and stays there. `concurrent.futures.as_completed` does the same.
So when a thread makes many waits of no length at one instant, one of them lasts a microsecond, later one lasts two, then
four. Other threads run meanwhile, and such a wait never goes past the instant at which one of them, or a timer, wakes. A thread
that nothing can wake gets about a second in this way.

Brief waits are no sign of life while virtual time is slower than real time: `while True: sleep(1e-6)` would take hours to
sleep for one. After `patience` real seconds of that, `run` ends the handler, and outside `run` the next one raises.
"""

import sys
from collections.abc import Callable
from typing import Final

from pytest_ecsevents._errors import StandingClockError, hidden_in_reports
from pytest_ecsevents._frames import author_frame, place_of
from pytest_ecsevents.clock._threads import TestThread, Wait, Waker, real_now
from pytest_ecsevents.clock._times import SECOND, Micros, instant_text

__tracebackhide__ = hidden_in_reports

BRIEF: Final = SECOND // 1000
"""Shorter waits are brief."""

MANY: Final = 2_000
"""Waits of no length at one instant before one of them lasts. Programs that only ask whether to stop make fewer."""

THEN_EVERY: Final = 100
"""Of the waits that follow, one in this many lasts."""

LONGEST_ALONE: Final = SECOND
"""The longest such wait of a thread that nothing can wake."""


MOST_CAUSED: Final = 5_000
"""Calls of the user's functions at one instant that others of the user's functions caused."""


class CausedCalls:
    """Counts functions of the user called by others at the same instant, because they can call each other endlessly."""

    __slots__ = ("_at", "_count")

    def __init__(self) -> None:
        self._at: Micros | None = None
        self._count = 0

    def add(self, what: str, at: Micros) -> None:
        """Count one.

        Raises:
            StandingClockError: There are too many.
        """
        if at != self._at:
            self._at, self._count = at, 0
        self._count += 1
        if self._count > MOST_CAUSED:
            raise StandingClockError(
                f"{what} and others like it were called {MOST_CAUSED} times while the clock stands at {instant_text(at)}, each "
                "because of what one of them did. That has no end: let it do so once, or only when time has passed."
            )


class ZeroWait(Wait):
    """A wait of no length, or one that lasts after all. Of waits for one instant it ends last.

    Attributes:
        until: The instant at which it ends.
        lasts: Whether that is later than now.
    """

    is_brief = True

    __slots__ = ("lasts", "until")

    def __init__(self, scheduler: Waker, thread: TestThread, until: Micros, *, since: Micros) -> None:
        super().__init__(scheduler, thread, until, rank=sys.maxsize)
        self.until: Final = until
        self.lasts: Final = until > since


class ZeroWaits:
    """The waits of no length that one thread makes in a row.

    Attributes:
        is_used_up: Whether all of them are used up.
    """

    __slots__ = ("_at", "_left", "_step", "is_used_up")

    def __init__(self) -> None:
        self._at: Micros | None = None
        self._left = MANY
        self._step: Micros = 1
        self.is_used_up = False

    def end_of(self, now: Micros, next_wakes_at: Callable[[], Micros | None]) -> Micros:
        """Count a wait. Returns the instant at which it ends, which is usually `now`.

        Args:
            now: The instant.
            next_wakes_at: When the next other thread or timer wakes, or None.
        """
        if now != self._at:
            self._at, self._left, self._step, self.is_used_up = now, MANY, 1, False
        self._left -= 1
        if self._left:
            return now
        self._left = THEN_EVERY
        wakes_at = next_wakes_at()
        self.is_used_up = wakes_at is None and self._step > LONGEST_ALONE
        if self.is_used_up:
            return now
        self._at = now + self._step if wakes_at is None else min(now + self._step, max(wakes_at, now + 1))
        self._step *= 2
        return self._at


class Pace:
    """Whether the waits of a test move time.

    Attributes:
        signs_of_life: Grows with each wait, except for brief ones while virtual time is slower than real time.
        patience: Real seconds that such brief waits may go on for.
        calls: Grows with each call of the cloud.
        brief: How many brief waits there were since the last sign of life.
    """

    def __init__(self, now: Micros) -> None:
        self.signs_of_life = 0
        self.patience: Callable[[], float] = lambda: 10.0
        self.calls: Callable[[], int] = lambda: 0
        self.brief = 0
        self._at, self._real = now, real_now()  # of the first brief wait since the last sign of life

    def note_brief(self, now: Micros) -> None:
        """Count a brief wait."""
        if not self.brief:
            self._at, self._real = now, real_now()
        self.brief += 1
        if (now - self._at) / SECOND > real_now() - self._real:
            self.brief = 0
            self.signs_of_life += 1

    def check(self, now: Micros) -> None:
        """Check that brief waits do not go on for too long.

        Raises:
            StandingClockError: They do.
        """
        if self.brief < MANY or real_now() - self._real <= self.patience():
            return
        raise StandingClockError(
            f"The clock moved by {(now - self._at) / SECOND:g} seconds in {self.patience():g} seconds of real time, to "
            f"{instant_text(now)}, with {self.brief} waits that take no time or hardly any, such as time.sleep(0). The last "
            f"of them was at {place_of(author_frame())}. Sleep longer in the loop. If it waits for something real, set "
            "ecs_events.patience to more seconds."
        )
