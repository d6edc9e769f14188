"""What the checks are made on: the fake cloud, or the service behind an endpoint. Both through the SDK."""

import datetime as dt
import json
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_ecsevents.face._ecs_events import EcsEvents

_VERSION: Final = "2014-05-26"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the service.

    Attributes:
        status: The HTTP status.
        code: The code of an error; "" for success.
        body: The members of a successful reply.
    """

    status: int
    code: str
    body: Mapping[str, Any]

    @property
    def events(self) -> "list[dict[str, Any]]":
        """The events that a reply of DescribeInstanceHistoryEvents lists."""
        listed: list[dict[str, Any]] = self.body["InstanceSystemEventSet"]["InstanceSystemEventType"]
        return listed

    @property
    def refusal(self) -> tuple[int, str]:
        """The status and code of an error."""
        return self.status, self.code


class NotTriedError(Exception):
    """A check cannot be made on this subject; the text says why."""


class Subject(ABC):
    """One service, one region and one running instance in it.

    Attributes:
        region_id: The region.
        instance_id: The instance.
        may_reboot: Whether checks may reboot the instance.
        is_regional: Whether the endpoint is the region's own.
        created: The events that checks have created.
    """

    def __init__(self, client: Any, region_id: str, instance_id: str, endpoint: str, *, may_reboot: bool) -> None:
        self._client: Final = client
        self._endpoint: Final = endpoint
        self.region_id: Final = region_id
        self.instance_id: Final = instance_id
        self.may_reboot: Final = may_reboot
        self.is_regional: Final = endpoint == f"ecs.{region_id}.aliyuncs.com"
        self.created: Final[list[str]] = []

    @abstractmethod
    def now(self) -> dt.datetime:
        """The service's time, aware UTC, in whole seconds."""

    @abstractmethod
    def wait_until(self, when: dt.datetime) -> None:
        """Wait until the service's time is `when`.

        Raises:
            NotTriedError: That takes longer than the user allows.
        """

    def call(self, action: str, **params: object) -> Reply:
        """Call an action. A list is sent as `Name.1`, `Name.2`; RegionId is added unless it is given."""
        from aliyunsdkcore.acs_exception.exceptions import ServerException
        from aliyunsdkcore.request import CommonRequest

        request = CommonRequest(domain=self._endpoint, version=_VERSION, action_name=action)
        request.set_accept_format("json")
        for name, value in {"RegionId": self.region_id, **params}.items():
            items = {f"{name}.{i}": one for i, one in enumerate(value, 1)} if isinstance(value, list) else {name: value}
            for wire_name, item in items.items():
                request.add_query_param(wire_name, item)
        try:
            body: dict[str, Any] = json.loads(self._client.do_action_with_exception(request))
        except ServerException as error:
            return Reply(int(error.get_http_status()), str(error.get_error_code()), {})
        return Reply(200, "", body)

    # -- what several checks do

    def create(self, event_type: str = "SystemMaintenance.Reboot", *, within: int = 86_400) -> str:
        """Create a simulated event whose NotBefore is `within` seconds from now; returns its id."""
        not_before = text_of(self.now() + dt.timedelta(seconds=within))
        reply = self.call(
            "CreateSimulatedSystemEvents", EventType=event_type, NotBefore=not_before, InstanceId=[self.instance_id]
        )
        if reply.code:
            raise AssertionError(f"CreateSimulatedSystemEvents was refused with {reply.status} {reply.code}")
        (event_id,) = reply.body["EventIdSet"]["EventId"]
        self.created.append(event_id)
        return str(event_id)

    def cancel(self, *event_ids: str) -> Reply:
        """Cancel simulated events."""
        return self.call("CancelSimulatedSystemEvents", EventId=list(event_ids))

    def history(self, *statuses: str, **params: object) -> Reply:
        """Query history events in these statuses."""
        named = {"InstanceEventCycleStatus": list(statuses)} if statuses else {}
        return self.call("DescribeInstanceHistoryEvents", **named, **params)

    def event(self, event_id: str, *, among: Sequence[str]) -> "dict[str, Any]":
        """An event as the history lists it."""
        found = self.history(*among, EventId=[event_id]).events
        if len(found) != 1:
            raise AssertionError(f"{len(found)} events are listed in {', '.join(among)}, expected 1")
        return found[0]

    def cancel_what_is_left(self) -> None:
        """Cancel the events that checks have created and that have not ended: failures are Executing from the start."""
        if self.created:
            left = self.history("Scheduled", "Executing", EventId=self.created, PageSize=100).events
            if left:
                self.cancel(*(event["EventId"] for event in left))
            self.created.clear()


class FakeCloud(Subject):
    """The fake, in this process; its time is virtual."""

    def __init__(self, ecs_events: EcsEvents, client: Any) -> None:
        ecs_events.instances.add("i-checked")
        super().__init__(client, "cn-hangzhou", "i-checked", "ecs.cn-hangzhou.aliyuncs.com", may_reboot=True)
        self._ecs_events: Final = ecs_events

    def now(self) -> dt.datetime:
        return self._ecs_events.now.replace(microsecond=0)

    def wait_until(self, when: dt.datetime) -> None:
        self._ecs_events.advance_to(when)


class LiveService(Subject):
    """A service behind an endpoint, in real time.

    Args:
        client: The SDK's client.
        region_id: The region.
        instance_id: The instance.
        endpoint: The host, with a port if it has one.
        may_reboot: Whether checks may reboot the instance.
        longest_wait: The most seconds that one check may wait.
    """

    def __init__(
        self,
        client: Any,
        region_id: str,
        instance_id: str,
        endpoint: str,
        *,
        may_reboot: bool,
        longest_wait: int,
    ) -> None:
        super().__init__(client, region_id, instance_id, endpoint, may_reboot=may_reboot)
        self._longest_wait: Final = longest_wait

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.timezone.utc).replace(microsecond=0)

    def wait_until(self, when: dt.datetime) -> None:
        seconds = (when - dt.datetime.now(dt.timezone.utc)).total_seconds()
        if seconds > self._longest_wait:
            raise NotTriedError(f"it takes {seconds:.0f} seconds; --ecs-live-wait allows {self._longest_wait}")
        time.sleep(max(0.0, seconds))


def text_of(when: dt.datetime) -> str:
    """A time as the API takes it: `2030-01-01T00:00:00Z`."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
