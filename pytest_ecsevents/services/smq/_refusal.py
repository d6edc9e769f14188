"""What the Simple Message Queue refuses, before it takes the service's words."""

from dataclasses import dataclass
from typing import Final

from pytest_ecsevents.clock import Micros


@dataclass(frozen=True, slots=True, eq=False)
class RefusedRequest:
    """A request to queues or topics that was refused.

    Attributes:
        at_micros: When, in microseconds since the epoch.
        what: What was asked for: `ReceiveMessage of ecs-cms-event`.
        http_status: Of the answer.
        code: Its `Code`.
        is_usual: Whether it is what a poll of an empty queue meets.
        hint: What the fake knows beyond the service's words, with a leading space; "" for nothing.
    """

    at_micros: Micros
    what: str
    http_status: int
    code: str
    is_usual: bool
    hint: str


class SmqRefusal(Exception):  # noqa: N818  # as the cloud's refusals are called
    """A refusal.

    Attributes:
        code: `Code` of the service's error.
        values: What its words leave open, in their order.
    """

    def __init__(self, code: str, *values: object) -> None:
        super().__init__(code, *values)
        self.code: Final = code
        self.values: Final = values
