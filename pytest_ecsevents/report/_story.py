"""The story of a test, in which reasons are searched."""

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_ecsevents.clock._times import Micros, elapsed_text
from pytest_ecsevents.report._entries import JournalEntry
from pytest_ecsevents.services.cms._delivery import Subscription


@dataclass(frozen=True, slots=True)
class Story:
    """What reasons are searched in.

    Attributes:
        journal: What happened, in order.
        subscriptions: The receivers of notifications, but those of event rules.
    """

    journal: Sequence[JournalEntry]
    started_at: Micros
    now: Micros
    subscriptions: Sequence[Subscription] = ()

    def stamp(self, at: Micros) -> str:
        """`+24:00:00`, as in the timeline."""
        return elapsed_text(at - self.started_at)
