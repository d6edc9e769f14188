"""What the author of a test touches: `EcsEvents`, its call log, faults, strictness and timeline."""

from pytest_ecsevents.face._ecs_events import EcsEvents, parts_of
from pytest_ecsevents.face._instances import Instances
from pytest_ecsevents.face._scenarios import SCENARIOS
from pytest_ecsevents.face._settings import NAMES, Settings, override_settings
from pytest_ecsevents.face._staging import PlannedStep, Scenario
from pytest_ecsevents.services.smq import Queue, Topic

__all__ = [
    "NAMES",
    "SCENARIOS",
    "EcsEvents",
    "Instances",
    "PlannedStep",
    "Queue",
    "Scenario",
    "Settings",
    "Topic",
    "override_settings",
    "parts_of",
]
