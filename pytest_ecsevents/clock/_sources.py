"""The interface of the libraries that freeze the process's clock."""

from typing import Protocol

from pytest_ecsevents.clock._names import Replacement
from pytest_ecsevents.clock._times import Micros


class ClockSource(Protocol):
    """A library that replaces the process's clock.

    `read` and `move_to` also work if the user has started it; `load`, `start` and `stop` are for this plugin. Only `load`
    imports the library.
    """

    name: str
    freezes_monotonic: bool

    def read(self) -> Micros | None:
        """The instant of the replaced clock; None if this library does not replace it now."""

    def move_to(self, at: Micros) -> None:
        """Move the replaced clock."""

    def load(self) -> None:
        """Import the library, before modules are looked at.

        Raises:
            EcsEventsError: It is not installed.
        """

    def start(self, at: Micros, *, ticks: bool) -> None:
        """Replace the clock. It stands, or goes on with the machine's if it `ticks`."""

    def stop(self) -> None:
        """Undo `start`."""

    def fakes(self) -> list[Replacement]:
        """What it replaces under the names of modules alone."""
