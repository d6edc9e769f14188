"""Reboot ECS instances ahead of planned maintenance, after taking them out of service.

Alibaba Cloud announces maintenance of a host a day or two ahead, as a SystemMaintenance.Reboot event on each instance
there. A reboot through the API before the event's NotBefore avoids the event:

    poller = MaintenancePoller(client, drain=take_out_of_balancer, undrain=put_back, lead=timedelta(hours=6))
    poller.serve_forever()
"""

import json
import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import groupby
from operator import attrgetter
from typing import Any

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import RpcRequest
from aliyunsdkecs.request.v20140526.DescribeInstanceHistoryEventsRequest import DescribeInstanceHistoryEventsRequest
from aliyunsdkecs.request.v20140526.DescribeInstancesRequest import DescribeInstancesRequest
from aliyunsdkecs.request.v20140526.RebootInstanceRequest import RebootInstanceRequest

log = logging.getLogger(__name__)

PAGE_SIZE = 100  # the maximum page size of the service
UNFINISHED = ("Scheduled", "Executing")
FINISHED = ("Executed", "Avoided", "Canceled", "Failed")

# Prefixes of the codes that refuse a call for now, and leave the instance as it was.
NOT_NOW = ("Throttling", "ServiceUnavailable", "LimitedOperation.ServiceUnavailable", "IncorrectInstanceStatus")


@dataclass(frozen=True)
class PlannedReboot:
    """One SystemMaintenance.Reboot event."""

    event_id: str
    instance_id: str
    status: str
    not_before: datetime


class MaintenancePoller:
    """Answers planned reboots: drains the instance, reboots it in time, gives it back when all is over.

    It is given back at a later poll than the one that rebooted it: the service may report an instance as Running for
    a while after it has accepted the reboot. Whatever fails is tried again at the next poll.

    Args:
        client: The client of the account and region to look after.
        drain: Takes an instance out of service, and returns when it is out. Must stand being called again.
        undrain: Puts it back. Must stand being called again.
        lead: How long before NotBefore to reboot at the earliest.
        margin: How long before NotBefore to reboot at the latest: more than a call's timeout and the clocks' skew.
    """

    def __init__(
        self,
        client: AcsClient,
        *,
        drain: Callable[[str], object],
        undrain: Callable[[str], object],
        lead: timedelta = timedelta(hours=2),
        margin: timedelta = timedelta(seconds=30),
    ) -> None:
        self._client = client
        self._drain = drain
        self._undrain = undrain
        self._lead = lead
        self._margin = margin
        self._drained: dict[str, set[str]] = {}  # by instance, the events that it was drained for
        self._answered: set[str] = set()  # the events that a reboot was sent for

    def serve_forever(
        self, interval: timedelta = timedelta(minutes=1), stop: Callable[[], bool] = lambda: False
    ) -> None:
        """Poll until `stop` returns True."""
        while not stop():
            self.poll_once()
            time.sleep(interval.total_seconds())

    def poll_once(self) -> None:
        """Put back the instances whose maintenance is over, then answer maintenance that is near."""
        for instance_id, event_ids in list(self._drained.items()):
            with _surviving(f"giving {instance_id} back"):
                self._give_back(instance_id, event_ids)
        with _surviving("asking for events"):
            for instance_id, events in groupby(self._scheduled(), key=attrgetter("instance_id")):
                with _surviving(f"answering the maintenance of {instance_id}"):
                    self._answer(instance_id, list(events))

    def _answer(self, instance_id: str, events: list[PlannedReboot]) -> None:
        if not self._is_time(events):
            return
        log.info("%s: draining, to be rebooted before %s", instance_id, _first(events))
        self._drained.setdefault(instance_id, set()).update(event.event_id for event in events)
        self._drain(instance_id)
        # Draining takes a while: the event can have been cancelled, NotBefore can have passed.
        events = self._scheduled(instance_id)
        if self._is_time(events):
            self._reboot(instance_id, {event.event_id for event in events})
        else:
            log.warning("%s: drained, but no longer to be rebooted", instance_id)

    def _is_time(self, events: list[PlannedReboot]) -> bool:
        """Return whether to reboot now. One reboot answers all events of an instance, so the earliest decides."""
        return bool(events) and self._margin < _first(events) - datetime.now(timezone.utc) <= self._lead

    def _reboot(self, instance_id: str, event_ids: set[str]) -> None:
        # Recorded before the call: one whose response is lost may have rebooted the instance.
        self._answered |= event_ids
        request = RebootInstanceRequest()
        request.set_InstanceId(instance_id)
        try:
            self._send(request)
        except ServerException as error:
            if error.get_error_code() == "InvalidInstanceId.NotFound":
                log.info("%s: released meanwhile", instance_id)
                del self._drained[instance_id]
                return
            if _is_not_now(error):
                self._answered -= event_ids
            raise
        log.info("%s: rebooting, which answers %s", instance_id, ", ".join(sorted(event_ids)))

    def _give_back(self, instance_id: str, event_ids: set[str]) -> None:
        events = self._events(UNFINISHED + FINISHED, event_ids=event_ids)
        if any(event.status in UNFINISHED for event in events):
            return
        status = self._instance_status(instance_id)
        if status not in {"Running", None}:
            return
        for event in events:
            level = logging.INFO if event.status in {"Avoided", "Canceled"} else logging.ERROR
            log.log(level, "%s: %s ended %s", instance_id, event.event_id, event.status)
        if status == "Running":
            self._undrain(instance_id)
        log.info("%s: %s", instance_id, "back in service" if status else "released meanwhile")
        del self._drained[instance_id]

    def _scheduled(self, instance_id: str | None = None) -> list[PlannedReboot]:
        """Return the planned reboots that are still open, grouped by instance."""
        events = self._events(["Scheduled"], instance_id=instance_id)
        return sorted((e for e in events if e.event_id not in self._answered), key=attrgetter("instance_id"))

    def _events(
        self, statuses: Collection[str], *, instance_id: str | None = None, event_ids: Collection[str] = ()
    ) -> list[PlannedReboot]:
        request = DescribeInstanceHistoryEventsRequest()
        request.set_InstanceEventTypes(["SystemMaintenance.Reboot"])
        request.set_InstanceEventCycleStatuss(list(statuses))
        request.set_EventIds(sorted(event_ids))
        request.add_query_param("MaxResults", PAGE_SIZE)  # by name: old request classes have no setter
        if instance_id:
            request.set_InstanceId(instance_id)
        events: list[PlannedReboot] = []
        while True:
            page = self._send(request)
            events += map(_planned_reboot, page["InstanceSystemEventSet"]["InstanceSystemEventType"])
            if not page.get("NextToken"):
                return events
            request.add_query_param("NextToken", page["NextToken"])

    def _instance_status(self, instance_id: str) -> str | None:
        request = DescribeInstancesRequest()
        request.set_InstanceIds(json.dumps([instance_id]))
        instances = self._send(request)["Instances"]["Instance"]
        return instances[0]["Status"] if instances else None

    def _send(self, request: RpcRequest) -> Any:
        request.set_protocol_type("https")
        return json.loads(self._client.do_action_with_exception(request))


def _planned_reboot(event: dict[str, Any]) -> PlannedReboot:
    not_before = datetime.strptime(event["NotBefore"], "%Y-%m-%dT%H:%M:%S%z")
    return PlannedReboot(event["EventId"], event["InstanceId"], event["EventCycleStatus"]["Name"], not_before)


def _first(events: list[PlannedReboot]) -> datetime:
    return min(event.not_before for event in events)


@contextmanager
def _surviving(doing: str) -> Iterator[None]:
    """Log an error of one instance and go on; the next poll tries again."""
    try:
        yield
    except Exception as error:
        if _is_not_now(error):
            log.warning("%s: not now: %s", doing, error)
        else:
            log.exception("%s failed", doing)


def _is_not_now(error: Exception) -> bool:
    return isinstance(error, ServerException) and error.get_error_code().startswith(NOT_NOW)
