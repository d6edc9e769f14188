"""Who holds the process's clock, and what each holder can do."""

from typing import Protocol

from pytest_ecsevents.clock._times import Micros


class ClockSource(Protocol):
    """A library that replaces the process's clock.

    `read` and `move_to` work also if the user has started it; `start` and `stop` are ours.
    None of them imports the library, `start` excepted.
    """

    name: str
    freezes_monotonic: bool

    def read(self) -> Micros | None:
        """The replaced clock's instant; None unless the clock is replaced with this library."""

    def move_to(self, at: Micros) -> None:
        """Move the replaced clock."""

    def start(self, at: Micros) -> None:
        """Replace the clock."""

    def stop(self) -> None:
        """Undo `start`."""
