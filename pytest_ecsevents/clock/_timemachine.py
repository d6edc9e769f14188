"""The clock held by time-machine. Everything that touches time-machine's private names is here."""

import datetime as dt
import sys
import time
from typing import Any

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.clock._names import Replacement
from pytest_ecsevents.clock._times import SECOND, Micros


class TimeMachineSource:
    """time-machine, started by this plugin or by the user."""

    name = "time-machine"
    freezes_monotonic = False

    def __init__(self) -> None:
        self._travel: Any = None

    @staticmethod
    def _travellers() -> "list[Any]":
        module = sys.modules.get("time_machine")
        # Called coordinates_stack before time-machine 3.
        return getattr(module, "traveller_stack", None) or getattr(module, "coordinates_stack", None) or []

    def read(self) -> Micros | None:
        return _now() if self._travellers() else None

    def move_to(self, at: Micros) -> None:
        self._travellers()[-1].shift(dt.timedelta(microseconds=at - _now()))

    def load(self) -> None:
        try:
            import time_machine  # noqa: F401  # `start` finds it
        except ImportError:
            raise EcsEventsError(
                'The clock back end "time-machine" needs time-machine, which is not installed. '
                'Run: pip install "pytest-ecsevents[time-machine]", or use backend="freezegun".'
            ) from None

    def start(self, at: Micros, *, ticks: bool) -> None:
        import time_machine

        # An aware datetime would set the process's zone to its own, in child processes too.
        self._travel = time_machine.travel(at // SECOND, tick=ticks)
        self._travel.start()
        if at % SECOND:
            self.move_to(at)

    def stop(self) -> None:
        self._travel.stop()
        self._travel = None

    def fakes(self) -> list[Replacement]:
        return []  # it changes the functions themselves


def _now() -> Micros:
    # Versions before 3.6 store the instant as a float, a few nanoseconds off.
    return (time.time_ns() + 500) // 1_000
