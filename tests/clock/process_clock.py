"""Reads the clock of the process."""

import datetime as dt


def clock():
    """Return the process's clock, `HH:MM:SS`."""
    return dt.datetime.now(dt.timezone.utc).strftime("%H:%M:%S")
