"""Answer the system events of ECS instances at night, before Alibaba Cloud acts on them by day.

    ALIBABA_CLOUD_ACCESS_KEY_ID=... ALIBABA_CLOUD_ACCESS_KEY_SECRET=... python maintenance_daemon.py --region cn-beijing

The table ANSWERS says which call answers which event; all other events are only logged. An event is answered in the first
night before its NotBefore or, if no night comes in time, in the last hours before it. SIGTERM or Ctrl-C end the daemon.
"""

import argparse
import json
import logging
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

log = logging.getLogger("maintenance_daemon")

UNFINISHED = ("Inquiring", "Scheduled", "Executing")
FINISHED = ("Executed", "Avoided", "Canceled", "Failed")
PAGE_SIZE = 100  # the maximum page size of the service, and the maximum number of ids in a call
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
FOR_GOOD = datetime.max.replace(tzinfo=timezone.utc)

# The call that answers an event, by type and status. Of several events on one instance the first row applies:
# redeploying an instance answers its planned reboots too.
ANSWERS = {
    ("SystemMaintenance.Redeploy", "Inquiring"): "RedeployInstance",
    ("SystemMaintenance.Redeploy", "Scheduled"): "RedeployInstance",
    ("SystemMaintenance.Reboot", "Scheduled"): "RebootInstance",
    ("SystemMaintenance.Reboot", "Inquiring"): "AcceptInquiredSystemEvent",
    ("SystemMaintenance.RebootAndIsolateErrorDisk", "Inquiring"): "AcceptInquiredSystemEvent",
    ("SystemMaintenance.RebootAndReInitErrorDisk", "Inquiring"): "AcceptInquiredSystemEvent",
    ("SystemMaintenance.IsolateErrorDisk", "Inquiring"): "AcceptInquiredSystemEvent",
    ("SystemMaintenance.ReInitErrorDisk", "Inquiring"): "AcceptInquiredSystemEvent",
}


class TroubleError(Exception):
    """The service or the network fails: the call may or may not have taken effect."""


class BusyError(TroubleError):
    """The service has refused a call for now, and nothing has changed."""


@dataclass(frozen=True)
class SystemEvent:
    """One system event, as last read from the service. An event that waits for acceptance has no NotBefore."""

    event_id: str
    instance_id: str
    event_type: str
    status: str
    not_before: datetime | None

    @property
    def answer(self) -> str | None:
        return ANSWERS.get((self.event_type, self.status))

    def __str__(self) -> str:
        due = f", due {self.not_before:%d %b %H:%M}" if self.not_before else ""
        return f"{self.event_id} on {self.instance_id}: {self.event_type}, {self.status}{due}"


@dataclass(frozen=True)
class Policy:
    """When an event is answered.

    Args:
        opens: When the night begins, counted from midnight UTC.
        lasts: How long it lasts.
        last_call: How long before NotBefore an event is answered by day too.
        margin: How long before NotBefore it is left to Alibaba Cloud: more than a call can take.
    """

    opens: timedelta = timedelta(hours=18)  # two in the morning in China
    lasts: timedelta = timedelta(hours=3)
    last_call: timedelta = timedelta(hours=3)
    margin: timedelta = timedelta(minutes=1)

    def is_time(self, event: SystemEvent, now: datetime) -> bool:
        is_night = (now - EPOCH - self.opens) % timedelta(days=1) < self.lasts
        if event.not_before is None:
            return is_night
        left = event.not_before - now
        return left > self.margin and (is_night or left <= self.last_call)


class MaintenanceDaemon:
    """Polls one region and answers its events.

    It keeps no state on disk: an answered event is no longer Scheduled, so the daemon may be restarted at any time. In memory
    it keeps the events that it has just answered, so that it does not answer them twice. If a response was lost, it waits for
    `settling`; an event that is unchanged then was not answered.

    Args:
        client: The client of the account and region; it must not repeat calls by itself.
        policy: When an event is answered.
        interval: Time between two polls; after a failure it is short and doubles with each further one.
        settling: How long a call whose response was lost may still take effect, and how long to wait after a refusal.
    """

    FIRST_PAUSE = timedelta(seconds=1)
    WORTH_A_WARNING = 4  # failures in a row; fewer are normal

    def __init__(
        self,
        client: AcsClient,
        policy: Policy,
        *,
        interval: timedelta = timedelta(minutes=5),
        settling: timedelta = timedelta(minutes=10),
    ) -> None:
        self._client = client
        self._policy = policy
        self._interval = interval
        self._settling = settling
        self._stopping = threading.Event()
        self._known: dict[str, SystemEvent] = {}  # unfinished events, as first read
        self._waiting: dict[str, datetime] = {}  # answered events, and until when to ignore them
        self._answers = 0

    # -- the loop

    def stop(self) -> None:
        """Let `serve_forever` return; a call under way is finished first."""
        self._stopping.set()

    def serve_forever(self) -> int:
        """Poll until stopped; return the number of calls that answered events."""
        log.info("Watching the events of %s", self._client.get_region_id())
        failed = 0
        while not self._stopping.is_set():
            pause = self._interval.total_seconds()
            try:
                self.poll()
            except Exception as error:
                failed += 1
                pause = self._pause(failed)
                is_known = isinstance(error, (TroubleError, ServerException))
                level = self._level(failed) if is_known else logging.ERROR
                log.log(level, "Failed (%d), again in %.0f s: %s", failed, pause, error, exc_info=not is_known)
            else:
                if failed >= self.WORTH_A_WARNING:
                    log.warning("All is well again, after %d failures", failed)
                failed = 0
            self._stopping.wait(pause)
        log.info("Stopped after %d answers; unfinished events: %d", self._answers, len(self._known))
        return self._answers

    def _level(self, failed: int) -> int:
        return logging.INFO if failed < self.WORTH_A_WARNING else logging.WARNING

    def _pause(self, failed: int) -> float:
        """Return twice the previous pause, up to the interval, with jitter to spread out clients."""
        longest = min(self.FIRST_PAUSE * 2 ** min(failed - 1, 30), self._interval)
        return round(longest.total_seconds() * random.uniform(0.5, 1), 1)

    # -- one poll

    def poll(self) -> None:
        """Read the events, log new and ended ones, and answer those that are due.

        Raises:
            TroubleError: Something failed; the next poll continues with the rest.
        """
        events = self._events(UNFINISHED)
        for event in events:
            if event.event_id not in self._known:
                self._known[event.event_id] = event
                log.log(logging.INFO if event.answer else logging.WARNING, "New: %s", event)
        self._tell_ended(self._known.keys() - {event.event_id for event in events})
        of_instances: dict[str, list[SystemEvent]] = {}
        for event in sorted(events, key=lambda event: event.not_before or FOR_GOOD):
            of_instances.setdefault(event.instance_id, []).append(event)
        for of_one in of_instances.values():
            if self._stopping.is_set():
                return
            self._answer(of_one)

    def _tell_ended(self, event_ids: Collection[str]) -> None:
        event_ids = sorted(event_ids)[:PAGE_SIZE]  # the next poll handles the others
        ended = self._events(FINISHED, event_ids) if event_ids else []
        for event in ended:
            avoidable = self._known[event.event_id].answer in {"RebootInstance", "RedeployInstance"}
            is_bad = avoidable and event.status in {"Executed", "Failed"}
            log.log(logging.ERROR if is_bad else logging.INFO, "Ended: %s", event)
        for event_id in event_ids:
            del self._known[event_id]
            self._waiting.pop(event_id, None)

    def _answer(self, events: list[SystemEvent]) -> None:
        """Answer what is due on one instance by one call; the next poll handles the rest."""
        now = datetime.now(timezone.utc)
        events = [event for event in events if self._waiting.get(event.event_id, now) <= now]
        due = {event.answer for event in events if event.answer and self._policy.is_time(event, now)}
        for action in dict.fromkeys(ANSWERS.values()):
            if action in due:
                self._ask(action, [event for event in events if event.answer == action])
                return

    def _ask(self, action: str, events: list[SystemEvent]) -> None:
        """Make the call that answers events of one instance."""
        if action == "AcceptInquiredSystemEvent":
            events = events[:1]
            target = {"EventId": events[0].event_id}
        else:
            target = {"InstanceId": events[0].instance_id}
        what = f"{action} of {events[0].instance_id} for {', '.join(event.event_id for event in events)}"
        # Recorded before the call: even if its response is lost, it can take effect.
        self._let_all_be(events, datetime.now(timezone.utc) + self._settling)
        try:
            self._call(action, **target)
        except ServerException as refusal:
            log.warning("Refused: %s: %s", what, refusal)
        except BusyError:
            self._let_all_be(events, EPOCH)
            raise
        except TroubleError:
            log.warning("In doubt: %s", what)
            raise
        else:
            self._let_all_be(events, FOR_GOOD)
            self._answers += 1
            log.info("Done: %s", what)

    def _let_all_be(self, events: list[SystemEvent], until: datetime) -> None:
        self._waiting.update((event.event_id, until) for event in events)

    # -- the service

    def _events(self, statuses: Collection[str], event_ids: Collection[str] = ()) -> list[SystemEvent]:
        parameters: dict[str, Any] = {"MaxResults": PAGE_SIZE}
        parameters.update(_numbered("InstanceEventCycleStatus", statuses))
        parameters.update(_numbered("EventId", event_ids))
        events: list[SystemEvent] = []
        while True:
            page = self._call("DescribeInstanceHistoryEvents", **parameters)
            events += map(_system_event, page["InstanceSystemEventSet"]["InstanceSystemEventType"])
            if not page.get("NextToken"):
                return events
            parameters["NextToken"] = page["NextToken"]

    def _call(self, action: str, **parameters: Any) -> Any:
        """Return the reply to a call of any action, by its documented name: old SDKs lack some classes.

        Raises:
            BusyError: It was refused for now.
            TroubleError: It may or may not have taken effect.
            ServerException: It was refused.
        """
        request = CommonRequest(version="2014-05-26", action_name=action, product="Ecs")
        request.set_method("POST")
        request.set_protocol_type("https")
        for name, value in parameters.items():
            request.add_query_param(name, value)
        try:
            return json.loads(self._client.do_action_with_exception(request))
        except ServerException as error:
            if error.get_error_code().startswith("Throttling"):
                raise BusyError(f"{action}: {error}") from error
            if error.get_http_status() >= 500:
                raise TroubleError(f"{action}: {error}") from error
            raise
        except (ClientException, ValueError) as error:  # no response, or half of one
            raise TroubleError(f"{action}: {error}") from error


def _numbered(name: str, values: Collection[str]) -> dict[str, str]:
    return {f"{name}.{number}": value for number, value in enumerate(values, 1)}


def _system_event(event: dict[str, Any]) -> SystemEvent:
    not_before = event.get("NotBefore")
    return SystemEvent(
        event["EventId"],
        event["InstanceId"],
        event["EventType"]["Name"],
        event["EventCycleStatus"]["Name"],
        datetime.strptime(not_before, "%Y-%m-%dT%H:%M:%S%z") if not_before else None,
    )


# -- as a program


@contextmanager
def on_signals(act: Callable[[], object], *numbers: int) -> Iterator[None]:
    """Call a function on signals, and restore the previous handlers afterwards."""
    before = {number: signal.signal(number, lambda *_: act()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal arrives; return the process's exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--region", default="cn-hangzhou")
    parser.add_argument("--every", type=int, default=300, metavar="SECONDS", help="from one poll to the next")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    client = AcsClient(
        os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID"),
        os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
        options.region,
        auto_retry=False,  # its pauses would not end at the signal
    )
    daemon = MaintenanceDaemon(client, Policy(), interval=timedelta(seconds=options.every))
    with on_signals(daemon.stop, signal.SIGTERM, signal.SIGINT):
        daemon.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
