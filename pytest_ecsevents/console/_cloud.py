"""The cloud as the console sees it: the public verbs of `EcsEvents`, and the records behind them.

The console shows records, not the views that tests get: reading those would count as the test's own reading.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pytest_ecsevents.checks._recorder import CallRecorder
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.handlers._receivers import Receivers
from pytest_ecsevents.services.cms._monitor import CloudMonitor
from pytest_ecsevents.services.ecs._cloud import Cloud
from pytest_ecsevents.services.ecs._model import Transition
from pytest_ecsevents.services.smq._messaging import Messaging

CONSOLE: Final = "/console"
"""How the paths of the console begin."""


class Declared(Protocol):
    """`ecs_events.instances`."""

    @property
    def add(self) -> Callable[..., object]:
        """Declare an instance."""


class Verbs(Protocol):
    """The methods of `EcsEvents` that the console calls."""

    @property
    def instances(self) -> Declared:
        """The instances."""

    @property
    def advance(self) -> Callable[[str], list[Transition]]:
        """Move the clock by a duration."""

    @property
    def advance_to(self) -> Callable[[str], list[Transition]]:
        """Move the clock to an instant."""

    @property
    def advance_to_next(self) -> Callable[[], list[Transition]]:
        """Move the clock to the next transition of an event."""

    @property
    def create(self) -> Callable[..., object]:
        """Publish an event."""

    @property
    def interrupt(self) -> Callable[[str], object]:
        """Reclaim a preemptible instance."""

    @property
    def renew(self) -> Callable[[str], object]:
        """Pay for an instance."""

    @property
    def fail(self) -> Callable[..., object]:
        """Declare a fault."""

    @property
    def queue(self) -> Callable[[str], object]:
        """Create a queue."""

    @property
    def subscribe(self) -> Callable[[str], object]:
        """Send notifications to a URL."""


class Backstage(Protocol):
    """The objects behind an `EcsEvents`."""

    @property
    def clock(self) -> Clock:
        """Its clock."""

    @property
    def cloud(self) -> Cloud:
        """Its events and instances."""

    @property
    def monitor(self) -> CloudMonitor:
        """Its notifications and event rules."""

    @property
    def recorder(self) -> CallRecorder:
        """Its calls, faults and journal."""

    @property
    def receivers(self) -> Receivers:
        """Its subscriptions."""

    @property
    def messaging(self) -> Messaging:
        """Its queues and topics."""

    def timeline(self, most: int | None = None) -> str:
        """The story as text, shortened to `most` lines."""

    def svg(self) -> str:
        """The story as a picture."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The cloud that a request is about.

    Attributes:
        verbs: What users do with it.
        parts: What is behind it.
        speed: Virtual seconds for each second of the machine, of a clock of the cloud's own; None for a test's clock.
        reset: Lets the cloud begin again; None in a test.
    """

    verbs: Verbs
    parts: Backstage
    speed: float | None = None
    reset: Callable[[], None] | None = None


Form = Mapping[str, str]
"""The fields of a form that were filled in."""

Context = dict[str, Any]
"""What a template shows."""
