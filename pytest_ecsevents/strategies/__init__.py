"""Strategies for Hypothesis: schedules of events, legal histories, and a state machine that drives a cloud.

    from pytest_ecsevents.strategies import CloudMachine, histories, schedules

Nothing else imports this package. It needs the extra `hypothesis`. Wrong arguments raise BadArgumentError.
"""

try:
    import hypothesis as _hypothesis  # noqa: F401  # only to see whether it is there
except ModuleNotFoundError as _error:
    if _error.name != "hypothesis":
        raise
    raise ModuleNotFoundError(
        "pytest_ecsevents.strategies needs Hypothesis, which is not installed. Install it with: "
        "pip install 'pytest-ecsevents[hypothesis]'",
        name="hypothesis",
    ) from None

from pytest_ecsevents.strategies._histories import History, Moment, histories
from pytest_ecsevents.strategies._machine import CloudMachine
from pytest_ecsevents.strategies._schedules import (
    PlannedEvent,
    event_types,
    instants,
    offsets,
    planned_events,
    schedules,
)

__all__ = [
    "CloudMachine",
    "History",
    "Moment",
    "PlannedEvent",
    "event_types",
    "histories",
    "instants",
    "offsets",
    "planned_events",
    "schedules",
]
