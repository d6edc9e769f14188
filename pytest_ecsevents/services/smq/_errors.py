"""The errors of the Simple Message Queue."""

from typing import Final

from pytest_ecsevents.rpc._error_tables import error_table
from pytest_ecsevents.rpc._errors import ApiError

ERRORS: Final = error_table("pytest_ecsevents.services.smq")
"""Codes, statuses and messages."""


class OutOfRangeError(ApiError):
    def __init__(self, name: str, low: object, high: object) -> None:
        row = ERRORS["InvalidArgument"]
        super().__init__(row.code, row.http_status, row.message % (name, low, high))
        self.name: Final = name
        self.low: Final = low
        self.high: Final = high
