"""Imports that fail while freezegun's `date` stands in `datetime`.

`pydantic.v1` has a class with a metaclass of its own that is derived from `date`, and freezegun's `date` has another
metaclass: "metaclass conflict". FastAPI imports `pydantic.v1` only when an application gets its first endpoint, which may be
in a test. So it is imported with the real `date` as soon as FastAPI is. Without this, no test could make the first application
of its process. Tried with FastAPI 0.165, pydantic 2.14 and freezegun 1.5.
"""

import datetime as dt
import importlib
import warnings
from contextlib import suppress
from typing import Any


def import_for_fastapi(api: Any) -> None:
    """Import what FastAPI will import.

    Args:
        api: The module `freezegun.api`.
    """
    frozen = dt.date, dt.datetime
    dt.date, dt.datetime = api.real_date, api.real_datetime  # type: ignore[misc]  # as freezegun does
    try:
        with warnings.catch_warnings(), suppress(Exception):  # it warns on Python 3.14, and FastAPI does without it
            warnings.simplefilter("ignore")
            importlib.import_module("pydantic.v1")
    finally:
        dt.date, dt.datetime = frozen  # type: ignore[misc]
