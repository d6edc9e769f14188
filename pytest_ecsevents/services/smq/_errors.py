"""What the Simple Message Queue refuses requests with."""

from typing import Final

from pytest_ecsevents.rpc import ApiError, error_table

ERRORS: Final = error_table("pytest_ecsevents.services.smq")
"""Codes, statuses and messages."""


class OutOfRangeError(ApiError):
    """A value that is out of its range.

    Attributes:
        name: The value's name on the wire.
        low: The least, or the first of the words allowed.
        high: The most, or the last of the words allowed.
    """

    def __init__(self, name: str, low: object, high: object) -> None:
        row = ERRORS["InvalidArgument"]
        super().__init__(row.code, row.http_status, row.message % (name, low, high))
        self.name: Final = name
        self.low: Final = low
        self.high: Final = high
