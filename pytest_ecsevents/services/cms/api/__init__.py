"""The actions of the CloudMonitor API."""

from typing import Final

PACKAGE: Final = "pytest_ecsevents.services.cms"
"""Its `errors.csv` has what these actions may answer instead."""
