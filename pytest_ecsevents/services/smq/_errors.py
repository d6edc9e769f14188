"""What the Simple Message Queue refuses requests with."""

from typing import Final

from pytest_ecsevents.rpc._error_tables import error_table
from pytest_ecsevents.rpc._errors import ApiError

ERRORS: Final = error_table("pytest_ecsevents.services.smq")
"""Codes, statuses and messages."""


class OutOfRangeError(ApiError):
    """A value that is out of its range."""

    def __init__(self, name: str, low: object, high: object) -> None:
        row = ERRORS["InvalidArgument"]
        super().__init__(row.code, row.http_status, row.message % (name, low, high))
        self.name: Final = name
        self.low: Final = low
        self.high: Final = high
