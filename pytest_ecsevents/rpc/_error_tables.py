"""Reads the error tables: each service keeps its rows in an `errors.csv` in its package.

Columns: `code`, `status`, `message`, `source`, `actions` (those that can answer with it, separated by spaces; empty for
any), `name` (see `ErrorRow`), `notes` (for readers of the file). Rows are sorted by code. Where a row's message is only
"%s", or empty, the text for its code is in a `words.csv` beside it, with its source; a code without one gets a neutral
sentence. Another service gets its table
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
    words = words_of(package)
    for code, status, message, source, actions, name, _ in csv_rows(package, "errors.csv"):
        for action in actions.split() or [""]:
            row = ErrorRow(code, int(status), message, source, name, words.get(code, ("", ""))[0])
            tables.setdefault(action, []).append(row)
    return tables


def words_of(package: str) -> "dict[str, tuple[str, str]]":
    """The texts by code in the package's `words.csv`, if it has one, each with its source."""
    try:
        return {code: (words, source) for code, words, source in csv_rows(package, "words.csv")}
    except FileNotFoundError:
        return {}


def csv_rows(package: str, name: str) -> Iterator[list[str]]:
    """The rows of a CSV file in a package, without its header."""
    # Not with `open`: a test may have replaced it, and the file system with it (pyfakefs).
    with FileIO(f"{import_module(package).__path__[0]}/{name}") as file:
        rows = csv.reader(file.readall().decode().splitlines())
    next(rows)
    return rows


COMMON: Final = error_table("pytest_ecsevents.rpc")
"""Errors of all actions."""
