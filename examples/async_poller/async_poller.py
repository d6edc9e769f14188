"""Reboot ECS instances ahead of planned maintenance, in several regions at once.

    ALIBABA_CLOUD_ACCESS_KEY_ID=... ALIBABA_CLOUD_ACCESS_KEY_SECRET=... python async_poller.py cn-hangzhou cn-beijing

A task for each region looks for SystemMaintenance.Reboot events; a region that is in trouble holds up no other. In a region
one instance is rebooted after the other: the next one has its turn when the one before runs again. It ends by SIGTERM or
Ctrl-C, when the instances that are being rebooted run again.
"""

import argparse
import asyncio
import logging
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from alibabacloud_ecs20140526 import models
from alibabacloud_ecs20140526.client import Client
from alibabacloud_tea_openapi.models import Config
from Tea.exceptions import TeaException

log = logging.getLogger("async_poller")

PAGE_SIZE = 100  # the most that the service gives at a time


@dataclass(frozen=True)
class Policy:
    """When instances are rebooted.

    Args:
        lead: How long before NotBefore at the earliest.
        margin: How long before NotBefore at the latest: more than a call can take.
        patience: How long to wait for an instance to run again before the next one is rebooted anyway.
        look_every: How often an instance is polled during that time.
    """

    lead: timedelta = timedelta(hours=2)
    margin: timedelta = timedelta(minutes=1)
    patience: timedelta = timedelta(minutes=10)
    look_every: timedelta = timedelta(seconds=10)

    def is_time(self, not_before: datetime, now: datetime) -> bool:
        return self.margin < not_before - now <= self.lead


@dataclass
class Region:
    """One region: its client, and the lock for the instance being rebooted."""

    name: str
    client: Client
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class AsyncPoller:
    """Polls regions, and answers their planned reboots.

    It remembers nothing: an event that a reboot has answered is no longer Scheduled, also when the answer to the reboot was
    lost. One that is still Scheduled at the next poll was not answered, and is tried again.

    Args:
        clients: By the names of the regions.
        policy: When instances are rebooted.
        interval: From the end of one poll to the next.
    """

    def __init__(
        self, clients: dict[str, Client], policy: Policy | None = None, *, interval: timedelta = timedelta(minutes=5)
    ) -> None:
        self._clients = clients
        self._policy = policy or Policy()
        self._interval = interval.total_seconds()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `serve` return after the reboots that are under way."""
        self._stopping.set()

    async def serve(self) -> None:
        """Poll until stopped; it can also be cancelled, and then waits for nothing."""
        log.info("Watching %s", ", ".join(self._clients))
        await asyncio.gather(*(self._serve(Region(name, client)) for name, client in self._clients.items()))
        log.info("Stopped")

    async def _serve(self, region: Region) -> None:
        while not self._stopping.is_set():
            try:
                await self._poll(region)
            except TeaException as error:
                log.warning("%s: cannot ask for events: %s", region.name, _words(error))
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), self._interval)

    async def _poll(self, region: Region) -> None:
        now = datetime.now(timezone.utc)
        events = await self._scheduled(region)
        due = {event.instance_id for event in events if self._policy.is_time(_instant(event.not_before), now)}
        await asyncio.gather(*(self._reboot(region, instance_id) for instance_id in sorted(due)))

    async def _reboot(self, region: Region, instance_id: str) -> None:
        """Wait for the region's lock, reboot an instance, and keep the lock until it runs again."""
        async with region.turn:
            try:
                # The lock can have come late: the event can have been cancelled, NotBefore can have passed.
                if self._stopping.is_set() or not await self._is_still_time(region, instance_id):
                    return
                await region.client.reboot_instance_async(models.RebootInstanceRequest(instance_id=instance_id))
                log.info("%s: %s is rebooting", region.name, instance_id)
            except TeaException as error:
                log.warning("%s: %s: %s", region.name, instance_id, _words(error))
                if error.code:  # otherwise the response was lost, and it can be rebooting
                    return
            try:
                await asyncio.wait_for(self._until_running(region, instance_id), self._policy.patience.total_seconds())
                log.info("%s: %s runs", region.name, instance_id)
            except asyncio.TimeoutError:
                log.warning("%s: %s does not come back", region.name, instance_id)

    async def _is_still_time(self, region: Region, instance_id: str) -> bool:
        events = await self._scheduled(region, instance_id=instance_id)
        now = datetime.now(timezone.utc)
        return any(self._policy.is_time(_instant(event.not_before), now) for event in events)

    async def _until_running(self, region: Region, instance_id: str) -> None:
        while True:
            await asyncio.sleep(self._policy.look_every.total_seconds())
            if await self._status(region, instance_id) in {"Running", "released"}:
                return

    async def _status(self, region: Region, instance_id: str) -> str:
        request = models.DescribeInstanceStatusRequest(region_id=region.name, instance_id=[instance_id])
        try:
            reply = await region.client.describe_instance_status_async(request)
        except TeaException as error:
            log.warning("%s: %s: %s", region.name, instance_id, _words(error))
            return "unknown"
        statuses = reply.body.instance_statuses.instance_status
        return statuses[0].status if statuses else "released"

    async def _scheduled(self, region: Region, *, instance_id: str | None = None) -> list[Any]:
        """Return the planned reboots of a region, or of one of its instances."""
        request = models.DescribeInstanceHistoryEventsRequest(
            region_id=region.name,
            instance_id=instance_id,
            instance_event_type=["SystemMaintenance.Reboot"],
            instance_event_cycle_status=["Scheduled"],
            max_results=PAGE_SIZE,
        )
        events = []
        while True:
            page = (await region.client.describe_instance_history_events_async(request)).body
            events += page.instance_system_event_set.instance_system_event_type
            if not page.next_token:
                return events
            request.next_token = page.next_token


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z")


def _words(error: TeaException) -> str:
    """Return the service's message, or the network's."""
    return f"{error.code}: {error.message}" if error.code else str(error).partition("\n")[0]


# -- as a program


def connect(region: str, **options: Any) -> Client:
    """Return a client with the access key of the environment."""
    return Client(
        Config(
            access_key_id=os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID"),
            access_key_secret=os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
            region_id=region,
            connect_timeout=5_000,
            read_timeout=10_000,
            **options,
        )
    )


async def main(regions: Iterable[str], **options: Any) -> None:
    """Serve until a signal arrives."""
    poller = AsyncPoller({region: connect(region, **options) for region in regions})
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, poller.stop)
    await poller.serve()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("regions", nargs="+", metavar="region")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(main(parser.parse_args().regions))
