"""Who holds the process's clock, and what each holder can do."""

from typing import Protocol

from pytest_ecsevents.clock._times import Micros


class ClockSource(Protocol):
    """A library that replaces the process's clock.

    `is_active`, `read` and `move_to` serve whoever started it, the user included; `start` and `stop` are ours.
    None of them imports the library, `start` excepted.

    Attributes:
        name: The library's.
        freezes_monotonic: Whether `time.monotonic` stands still with the clock.
    """

    name: str
    freezes_monotonic: bool

    def is_active(self) -> bool:
        """Whether anybody has replaced the clock with this library."""

    def read(self) -> Micros:
        """The replaced clock's instant."""

    def move_to(self, at: Micros) -> None:
        """Move the replaced clock."""

    def start(self, at: Micros) -> None:
        """Replace the clock."""

    def stop(self) -> None:
        """Undo `start`."""
