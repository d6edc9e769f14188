"""The sizes of tests: small by day, full at night."""

import os

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
"""Whether this is the nightly run: `make nightly`."""


def size(by_day, at_night):
    """Return `by_day`, or `at_night` in the nightly run."""
    return at_night if NIGHTLY else by_day
