"""CloudMonitor: turns each change in the cloud into the notification that the service sends."""

import json
import random
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.services.cms._contents import (
    RESOURCES,
    SAMPLES,
    level_of,
    of_disk_event,
    of_event,
    of_interruption,
    of_state,
)
from pytest_ecsevents.services.cms._event_rules import EventRules
from pytest_ecsevents.services.cms._names import (
    NORMAL,
    PUBLISHED,
    NotificationName,
    NotificationNames,
    by_grammar,
    check_level,
)
from pytest_ecsevents.services.cms._notification import Content, Notification
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, INTERRUPTION
from pytest_ecsevents.services.ecs._cloud import ActionCall, Cloud
from pytest_ecsevents.services.ecs._model import InstanceRecord, InstanceTransition, Interruption, Observed, Transition

__tracebackhide__ = hidden_in_reports


class CloudMonitor:
    def __init__(self, cloud: Cloud, seed: str) -> None:
        self._cloud: Final = cloud
        self._seed: Final = seed
        self.names: Final = NotificationNames()
        self.rules: Final = EventRules()
        self.notifications: Final[list[Notification]] = []
        self.listeners: Final[list[Callable[[Notification], None]]] = []
        self.rule_listeners: Final[list[Callable[[Notification], None]]] = []
        """Called before the others, and only while there are event rules."""

    @cached_property
    def _random(self) -> random.Random:
        return random.Random(f"{self._seed}/notifications")

    def record_change(self, change: Observed) -> None:
        if isinstance(change, Transition):
            # No notification of a rescheduled event is known; that of an interruption is sent when it is announced.
            if change.from_status != change.to_status and change.record.event_type != INTERRUPTION.name:
                self.send(self._of_event(change))
            return
        if isinstance(change, InstanceTransition):
            name, content = "Instance:StateChange", of_state(change.record, change.to_status)
        else:
            last: Interruption = change  # mypy refuses it when a kind of changes has no branch
            name, content = "Instance:PreemptibleInstanceInterruption", of_interruption(last.record, last.behavior)
        self.send(self._of_instance(change.record, self.names.rows[name], change.at_micros, content))

    def announce(
        self,
        name: str,
        instance: InstanceRecord,
        content: Mapping[str, object],
        resource: str | None,
        level: str | None,
    ) -> Notification:
        """Make a notification without a change in the cloud, for `send`.

        Args:
            name: A known name.
            instance: The instance whose region and owner it has.
            content: Its content; replaces values of the documented example.
            resource: The end of its ARN; None for the name's default.
            level: Its level; None for the name's.

        Raises:
            BadArgumentError: The name, the level, or a key of the content is unknown.
        """
        row = self.names.known(name)
        if level is not None:
            check_level(level)
        with self._cloud.changing() as now:
            said = _checked_content(row, content, instance, now)
            leveled = replace(row, level=level or level_of(row, said))
            kind, key = RESOURCES.get(name.partition(":")[0], ("", ""))
            default = f"{kind}/{said[key]}" if said.get(key) else ""
            return self._of_instance(instance, leveled, now, said, resource=resource or default)

    def send(self, notification: Notification, *, is_kept: bool = True) -> None:
        if is_kept:
            self.notifications.append(notification)
        for listener in (*(self.rule_listeners if self.rules.by_account else ()), *self.listeners):
            listener(notification)

    def send_dry_run(
        self, name: str, product: str, flat: Mapping[str, object], *, account_id: str, region_id: str, now: Micros
    ) -> Notification:
        """Send the notification of a dry run; it is in no history.

        Args:
            name: Any name.
            product: The product that the caller named.
            flat: Its flat form; what is left out comes from the name's row.
            account_id: The caller's account.
            region_id: The region that the caller named, or "".
            now: The instant.
        """
        row = self.names.get(name) or NotificationName(name, "StatusNotification", NORMAL, "INFO", "named by a dry run")
        content, arn = flat.get("content"), _text(flat, "resourceId")
        resource = arn.rpartition(":")[2]
        region_id = _text(flat, "regionId") or region_id or self._cloud.settings.region_id
        notification = Notification(
            row=replace(
                row,
                level=_text(flat, "level") or row.level,
                status=_text(flat, "status") or row.status,
                event_type=_text(flat, "eventType") or row.event_type,
            ),
            uuid=uuid.UUID(int=self._random.getrandbits(128), version=4),
            resource=resource,
            arn=arn or f"acs:ecs:{region_id}:{account_id}:{resource}",
            region_id=region_id,
            account_id=account_id,
            instance_name=_text(flat, "instanceName"),
            resource_group_id="",
            content=content if isinstance(content, dict) else {},
            at_micros=now,
            product=_text(flat, "product") or ("ECS" if product.lower() == "ecs" else product),
            group_id=_text(flat, "groupId") or "0",
        )
        self.send(notification, is_kept=False)
        return notification

    def _of_event(self, change: Transition) -> Notification:
        event = change.record
        instance = self._cloud.instances.get_ever(event.instance_id)
        if EVENT_TYPES[event.event_type].is_of_disk:
            kind, resource, content = "Disk", f"disk/{event.disk_id}", of_disk_event(event, change, instance)
        else:
            kind, resource, content = "Instance", "", of_event(event, change)
        code, status = event.event_type, change.to_status.value
        name = self.names.rows.get(f"{kind}:{code}:{status}") or by_grammar(kind, code, status)
        return self._of_instance(instance, name, change.at_micros, content, resource=resource)

    def _of_instance(
        self, instance: InstanceRecord, row: NotificationName, at: Micros, content: Content, *, resource: str = ""
    ) -> Notification:
        resource = resource or f"instance/{instance.instance_id}"
        return Notification(
            row=row,
            uuid=uuid.UUID(int=self._random.getrandbits(128), version=4),
            resource=resource,
            arn=f"acs:ecs:{instance.region_id}:{instance.account_id}:{resource}",
            region_id=instance.region_id,
            account_id=instance.account_id,
            instance_name=instance.texts["instance_name"],
            resource_group_id=instance.texts["resource_group_id"],
            content=content,
            at_micros=at,
        )


def _text(flat: Mapping[str, object], key: str) -> str:
    value = flat.get(key)
    return value if isinstance(value, str) else ""


def _checked_content(row: NotificationName, given: object, instance: InstanceRecord, now: Micros) -> Content:
    if not isinstance(given, Mapping) or not _is_json(given):
        raise BadArgumentError(
            f'content is {given!r}. Pass a dict that JSON can encode, such as {{"instanceId": "{instance.instance_id}"}}.'
        )
    sample = SAMPLES[row.name](instance, now) if row.name in SAMPLES else {}
    if not sample and not given:
        raise BadArgumentError(f"The content of {row.name} is not published. Pass content=, a dict.")
    if sample and PUBLISHED[row.name].evidence == row.evidence:
        for key in given:
            if key not in sample:
                raise BadArgumentError(
                    f"Unknown key {key!r} in the content of {row.name}. It has: {listed(sample)}.{did_you_mean(key, sample)} "
                    "To send any content, add the name with ecs_events.notification_names.add."
                )
    return {**sample, **given}


def _is_json(given: Mapping[object, object]) -> bool:
    try:
        json.dumps(dict(given))
    except (TypeError, ValueError):
        return False
    return all(isinstance(key, str) for key in given)


@dataclass(slots=True, kw_only=True, eq=False)
class MonitorCall(ActionCall):
    """One call of a CloudMonitor action, with the test's cloud and CloudMonitor."""

    monitor: CloudMonitor
