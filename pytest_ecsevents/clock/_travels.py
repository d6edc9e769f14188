"""time-machine's `travel`, its fixture and its decorator, in a test whose clock freezegun holds.

time-machine refuses to start while freezegun is active. So while our clock is freezegun's innermost, a travel moves that
one, and moves it back when it stops; the clock stands between waits, also with `tick=True`. Within a `freeze_time` of the
user's, time-machine says itself that it cannot start.

It replaces `travel.start`, and calls `extract_timestamp_tzname`, tried with time-machine 2.19 to 3.6. Where one is missing,
the test fails with an AttributeError at its start.
"""

import datetime as dt
import sys
from typing import Any, Final

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._freezegun import FreezegunSource
from pytest_ecsevents.clock._times import MICROSECOND, SECOND, Micros
from pytest_ecsevents.clock._zone import LOCAL, use_zone


class _Traveller:
    """What `travel.start` returns.

    Args:
        source: What holds the clock.
        travel: The `time_machine.travel`; its `stop` calls this object until it is called.
        at: Where the travel goes.
    """

    def __init__(self, source: FreezegunSource, travel: Any, at: Micros) -> None:
        self._source: Final = source
        self._before: Final = source.read()
        self._undo: Final = Undo()
        self._undo.replace(travel, "stop", self.stop)
        use_zone(travel.destination_tzname or LOCAL, self._undo)
        source.move_to(at)

    def move_to(self, destination: object, tick: object = None) -> None:  # noqa: ARG002  # as of time-machine's own
        """Move the clock."""
        self._source.move_to(_micros(sys.modules["time_machine"].extract_timestamp_tzname(destination)[0]))

    def shift(self, delta: "dt.timedelta | float") -> None:
        """Move the clock by a timedelta or seconds."""
        now = self._source.read()
        assert now is not None
        self._source.move_to(now + (delta // MICROSECOND if isinstance(delta, dt.timedelta) else round(delta * SECOND)))

    def stop(self) -> None:
        """Move the clock back, unless the test has ended."""
        self._undo.close()
        if self._source.is_innermost and self._before is not None:
            self._source.move_to(self._before)


def follow_travels(source: FreezegunSource, undo: Undo) -> None:
    """Let travels of time-machine, which is loaded, move the clock that `source` holds, until `undo` closes."""
    travel: Any = sys.modules["time_machine"].travel
    real = travel.start

    def start(one: Any) -> Any:
        if not source.is_innermost:
            return real(one)
        seconds = getattr(one, "destination_timestamp", None)  # before time-machine 3
        return _Traveller(source, one, _micros(one.destination_timestamp_ns if seconds is None else seconds))

    undo.replace(travel, "start", start)


def _micros(destination: float) -> Micros:
    """Nanoseconds, or seconds as of versions before 3."""
    return destination // 1_000 if isinstance(destination, int) else round(destination * SECOND)
