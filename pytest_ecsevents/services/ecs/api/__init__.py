"""The actions of the ECS API."""

from typing import Final

PACKAGE: Final = "pytest_ecsevents.services.ecs"
"""Its `errors.csv` has what these actions may answer instead."""
