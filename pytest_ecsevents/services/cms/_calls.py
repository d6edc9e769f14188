"""One call of a CloudMonitor action."""

from dataclasses import dataclass

from pytest_ecsevents.services.cms._monitor import CloudMonitor
from pytest_ecsevents.services.ecs._cloud import ActionCall


@dataclass(slots=True, kw_only=True, eq=False)
class MonitorCall(ActionCall):
    """One call of a CloudMonitor action, with the test's cloud and CloudMonitor."""

    monitor: CloudMonitor
