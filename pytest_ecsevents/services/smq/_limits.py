"""Numbers of the Simple Message Queue, each with its range and default as the API reference has them."""

from dataclasses import dataclass
from typing import Final

from pytest_ecsevents.services.smq._refusal import SmqRefusal


@dataclass(frozen=True, slots=True)
class Limit:
    """The range of one number.

    Attributes:
        name: By name on the wire.
        low: The least.
        high: The most.
        default: Where nobody says.
    """

    name: str
    low: int
    high: int
    default: int

    def checked(self, value: int | None, otherwise: int) -> int:
        """The value, or what holds where there is none.

        Raises:
            SmqRefusal: It is out of range.
        """
        if value is None:
            return otherwise
        if not self.low <= value <= self.high:
            raise SmqRefusal("InvalidArgument", self.name, self.low, self.high)
        return value


QUEUE_LIMITS: Final = (
    Limit("DelaySeconds", 0, 604_800, 0),
    Limit("MaximumMessageSize", 1_024, 65_536, 65_536),
    Limit("MessageRetentionPeriod", 60, 604_800, 345_600),
    Limit("VisibilityTimeout", 1, 43_200, 30),
    Limit("PollingWaitSeconds", 0, 30, 0),
    Limit("LoggingEnabled", 0, 1, 0),
)
"""Attributes of a queue; LoggingEnabled is a yes or no, and does nothing here."""

TOPIC_LIMITS: Final = (
    Limit("MaximumMessageSize", 1_024, 65_536, 65_536),
    Limit("LoggingEnabled", 0, 1, 0),
)
"""Attributes of a topic."""
