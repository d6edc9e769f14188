"""The fake cloud: accounts, instances, events, and what users do with instances."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._words import listed
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._action import ParsedCall
from pytest_ecsevents.services.ecs._catalogue import InstanceStatus
from pytest_ecsevents.services.ecs._changes import Changes
from pytest_ecsevents.services.ecs._events import EventStore
from pytest_ecsevents.services.ecs._ids import Ids
from pytest_ecsevents.services.ecs._instances import InstanceStore, check_operable
from pytest_ecsevents.services.ecs._lifecycle import Trigger
from pytest_ecsevents.services.ecs._model import InstanceRecord, Maintenance, MetadataOptions
from pytest_ecsevents.services.ecs._refusals import NothingToRedeployError, NotPreemptibleError
from pytest_ecsevents.services.ecs._settings import CloudSettings
from pytest_ecsevents.services.ecs._windows import PlanWindows

__tracebackhide__ = hidden_in_reports

_RUNNING, _STOPPED = InstanceStatus.RUNNING, InstanceStatus.STOPPED
_STARTING, _STOPPING = InstanceStatus.STARTING, InstanceStatus.STOPPING


@dataclass(frozen=True, slots=True)
class TemporaryKey:
    """An access key that is valid with its security token only, and for a time."""

    token: str
    expires_at: Micros


class Cloud:
    """One test's cloud. Every operation on it holds the clock's lock.

    Attributes:
        access_keys: The accounts of access keys that are not the default account's.
        observers: Called with every change, after the operation that made it; ours.
        receivers: The same, of the user's.
        windows: The maintenance windows.
        changing, settled, check_entered: Those of `Changes`; without a call in between.
    """

    def __init__(self, clock: Clock, ids: Ids, settings: CloudSettings) -> None:
        self.clock: Final = clock
        self.ids: Final = ids
        self.settings: Final = settings
        self.access_keys: Final[dict[str, str]] = {}
        self.temporary_keys: Final[dict[str, TemporaryKey]] = {}
        self._changes: Final = Changes(clock)
        self.instances: Final = InstanceStore(clock, ids, settings, self._changes)
        self.events: Final = EventStore(clock, ids, settings, self._changes, self.instances)
        self.windows: Final = PlanWindows(ids)
        self.regions: Final = self.instances.regions
        self.observers: Final = self._changes.observers
        self.receivers: Final = self._changes.receivers
        self.changing: Final = self._changes.changing
        self.settled: Final = self._changes.settled
        self.check_entered: Final = self._changes.check_entered

    def account_of(self, access_key_id: str | None) -> str:
        return str(self.access_keys.get(access_key_id or "", self.settings.account_id))

    def problem_with_token(self, access_key_id: str | None, token: str, now: Micros) -> str:
        """The error code for an invalid temporary key; "" if the key is not temporary, or valid."""
        key = self.temporary_keys.get(access_key_id or "")
        if key is None:
            return ""
        if not token:
            return "MissingSecurityToken"
        if token != key.token:
            is_other = any(token == other.token for other in self.temporary_keys.values())
            return f"InvalidSecurityToken.{'MismatchWithAccessKey' if is_other else 'Malformed'}"
        return "InvalidSecurityToken.Expired" if now >= key.expires_at else ""

    def reboot(self, instance: InstanceRecord, *, cause: str, in_guest: bool = False) -> None:
        """Reboot a Running instance, which answers its Scheduled SystemMaintenance.Reboot events unless it is `in_guest`."""
        with self._changes.changing() as now:
            check_operable(instance, _RUNNING, operation="a reboot")
            if not in_guest:
                self.events.answer(instance, (Trigger.REBOOT,), now, f"{cause} before NotBefore")
            self.instances.pass_through(instance, (_STOPPING, _STARTING, _RUNNING), now, cause)

    def stop(self, instance: InstanceRecord, *, cause: str, stopped_mode: str = "KeepCharging") -> None:
        with self._changes.changing() as now:
            check_operable(instance, _RUNNING, operation="a stop")
            instance.stopped_mode = stopped_mode
            self.instances.pass_through(instance, (_STOPPING, _STOPPED), now, cause)

    def start(self, instance: InstanceRecord, *, cause: str) -> None:
        with self._changes.changing() as now:
            check_operable(instance, _STOPPED, operation="a start")
            self.instances.pass_through(instance, (_STARTING, _RUNNING), now, cause)

    def redeploy(self, instance: InstanceRecord, *, cause: str) -> None:
        """Redeploy a Running or Stopped instance, which answers some of its real events.

        Raises:
            NothingToRedeployError: It has no such event.
        """
        with self._changes.changing() as now:
            check_operable(instance, _RUNNING, _STOPPED, operation="a redeployment")
            has_local_disk = any(disk.is_local for disk in instance.disks)
            triggers = (Trigger.REDEPLOY, Trigger.REDEPLOY_LOCAL_DISKS) if has_local_disk else (Trigger.REDEPLOY,)
            if not self.events.answer(instance, triggers, now, cause):
                raise NothingToRedeployError(
                    f"{instance.instance_id} has no event that RedeployInstance answers. Its unfinished events: "
                    f"{listed(self.events.unfinished(instance.instance_id))}. Simulated events are not answered."
                )
            way = (_STOPPING, _STARTING, _RUNNING) if instance.status == _RUNNING else (_STARTING, _RUNNING)
            self.instances.pass_through(instance, way, now, cause)

    def renew(self, instance: InstanceRecord, *, cause: str) -> None:
        """Pay what an instance owes: that avoids its Scheduled billing events, and removes a financial lock."""
        with self._changes.changing() as now:
            self.events.answer(instance, (Trigger.RENEW,), now, f"{cause} before NotBefore")
            instance.locks = tuple(reason for reason in instance.locks if reason != "financial")

    def interrupt(self, instance: InstanceRecord, *, cause: str) -> None:
        """Announce that a preemptible instance is reclaimed; `EventStore.interrupt` says what follows.

        Raises:
            NotPreemptibleError: It is not preemptible.
        """
        with self._changes.changing() as now:
            if not instance.is_preemptible:
                raise NotPreemptibleError(
                    f"{instance.instance_id} is no preemptible instance. Declare it with "
                    'spot_strategy="SpotAsPriceGo", or "SpotWithPriceLimit".'
                )
            self.events.interrupt(instance, now, cause)

    def release(self, instance: InstanceRecord, *, cause: str) -> None:
        """Release an instance; its unfinished events are canceled, its history stays."""
        with self._changes.changing() as now:
            self.events.release(instance, now, cause)

    def modify_maintenance(self, instance: InstanceRecord, maintenance: Maintenance) -> None:
        with self._changes.changing():
            instance.maintenance = maintenance

    def modify_tags(self, instance: InstanceRecord, place: int | None, tags: Mapping[str, str]) -> None:
        """Give an instance, or the disk at a place among its disks, other tags."""
        with self._changes.changing():
            if place is None:
                instance.tags = MappingProxyType(dict(tags))
            else:
                disks = list(instance.disks)
                disks[place] = replace(disks[place], tags=MappingProxyType(dict(tags)))
                instance.declared_disks = tuple(disks)

    def modify_metadata_options(self, instance: InstanceRecord, options: MetadataOptions) -> None:
        with self._changes.changing():
            instance.metadata_options = options


@dataclass(slots=True, kw_only=True, eq=False)
class ActionCall(ParsedCall):
    """One call of an ECS action, with the test's cloud."""

    cloud: Cloud

    def instance(self, instance_id: str) -> InstanceRecord:
        """The caller's instance; in any region where no RegionId was sent."""
        return self.cloud.instances.get(instance_id, account_id=self.account_id, region_id=self.region_id or None)
