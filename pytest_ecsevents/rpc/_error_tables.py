"""Reads the error tables: each service keeps its rows in an `errors.csv` in its package.

Columns: `code`, `status`, `message`, `source`, `actions` (those that can answer with it, separated by spaces; empty for
any), `name` (see `ErrorRow`), `notes` (for readers of the file). Rows are sorted by code. Another service gets its table
with `error_table("pytest_ecsevents.services.smq")`: pass the package, and the action if the rows differ by action.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from io import FileIO
from typing import Final

from pytest_ecsevents.rpc._errors import ErrorRow, ErrorTable


def error_table(package: str, action: str = "") -> ErrorTable:
    """The rows of an action, or of any action, in the package's `errors.csv`; read on first use."""
    return ErrorTable(lambda: _read(package).get(action, ()))


@cache
def _read(package: str) -> Mapping[str, Sequence[ErrorRow]]:
    """The rows of a file by action."""
    tables: dict[str, list[ErrorRow]] = {}
    for code, status, message, source, actions, name, _ in csv_rows(package, "errors.csv"):
        for action in actions.split() or [""]:
            tables.setdefault(action, []).append(ErrorRow(code, int(status), message, source, name))
    return tables


def csv_rows(package: str, name: str) -> Iterator[list[str]]:
    """The rows of a CSV file in a package, without its header."""
    # Not with `open`: a test may have replaced it, and the file system with it (pyfakefs).
    with FileIO(f"{import_module(package).__path__[0]}/{name}") as file:
        rows = csv.reader(file.readall().decode().splitlines())
    next(rows)
    return rows


COMMON: Final = error_table("pytest_ecsevents.rpc")
"""Errors of all actions."""
