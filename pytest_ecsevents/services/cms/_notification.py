"""One notification of CloudMonitor, independent of its form."""

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.services.cms._names import NotificationName

Content: TypeAlias = "dict[str, object]"
"""`content`: values by their names on the wire; mostly texts."""


@dataclass(frozen=True, slots=True, eq=False)
class Notification:
    """One notification. Its id and its content are rendered when they are read: most notifications are read by no test.

    Attributes:
        row: Its name with level, status and event type.
        id_seed: What its id is derived from; no two notifications of a test have the same.
        resource: The end of its ARN: `instance/i-web1`.
        region_id: The resource's region.
        account_id: The resource's owner.
        instance_name: The instance's name, or "".
        resource_group_id: The instance's resource group, or "".
        render: Makes `content`, always the same.
        at_micros: When it was sent, in microseconds since the epoch.
        product: The product of the resource.
        group_id: The application group of the resource; "0" for none.
        given_arn: The whole ARN, where it is not derived from the resource.
        rule_name: The event rule that sends it to a receiver; "" for none.
        keep_delivery: Keeps a delivery for that rule.
    """

    row: NotificationName
    id_seed: str
    resource: str
    region_id: str
    account_id: str
    instance_name: str
    resource_group_id: str
    render: "Callable[[], Mapping[str, object]]"
    at_micros: Micros
    product: str = "ECS"
    group_id: str = "0"
    given_arn: str = ""
    rule_name: str = ""
    keep_delivery: Callable[..., None] | None = None

    @property
    def uuid(self) -> uuid.UUID:
        """Its id; `eventId` in its content is that of the event."""
        return uuid.UUID(bytes=hashlib.blake2b(self.id_seed.encode(), digest_size=16).digest(), version=4)

    @property
    def content(self) -> "Mapping[str, object]":
        """`content`, of the instant at which it was sent."""
        return self.render()

    @property
    def arn(self) -> str:
        """The whole ARN: `acs:ecs:cn-hangzhou:1000000000000001:instance/i-web1`."""
        return self.given_arn or f"acs:ecs:{self.region_id}:{self.account_id}:{self.resource}"

    @property
    def name(self) -> str:
        """`Instance:SystemMaintenance.Reboot:Scheduled`."""
        return self.row.name

    @property
    def summary(self) -> str:
        """`Instance:StateChange Stopping of i-web1`."""
        state = self.content.get("state")
        return f"{self.name}{f' {state}' if state else ''} of {self.resource.rpartition('/')[2]}"
