"""One call of an ECS action."""

from dataclasses import dataclass

from pytest_ecsevents.rpc import ParsedCall
from pytest_ecsevents.services.ecs._cloud import Cloud
from pytest_ecsevents.services.ecs._model import InstanceRecord


@dataclass(slots=True, kw_only=True, eq=False)
class ActionCall(ParsedCall):
    """One call of an ECS action, with the test's cloud."""

    cloud: Cloud

    def instance(self, instance_id: str) -> InstanceRecord:
        """The caller's instance; in any region where no RegionId was sent."""
        return self.cloud.instances.get(instance_id, account_id=self.account_id, region_id=self.region_id or None)
