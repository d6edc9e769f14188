"""CloudMonitor: turns each change in the cloud into the notification that the service sends."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, checked_text, hidden_in_reports
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
    public_address,
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
from pytest_ecsevents.services.cms._notification import (
    Content,
    Notification,
    NotificationHistory,
    Rows,
    Sent,
    StateChange,
)
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, INTERRUPTION
from pytest_ecsevents.services.ecs._cloud import ActionCall, Cloud
from pytest_ecsevents.services.ecs._model import InstanceRecord, InstanceTransition, Interruption, Observed, Transition

__tracebackhide__ = hidden_in_reports


class CloudMonitor:
    def __init__(self, cloud: Cloud, seed: str) -> None:
        self._cloud: Final = cloud
        self._seed: Final = seed
        self._announced: Final = count()
        self.names: Final = NotificationNames()
        self.rules: Final = EventRules()
        self.notifications: Final = NotificationHistory(self._rendered)
        self.listeners: Final[list[Callable[[Notification], None]]] = []
        self.rule_listeners: Final[list[Callable[[Notification], None]]] = []
        """Called before the others, and only while there are event rules."""

    def record_change(self, change: Observed) -> None:
        """Send the notification of a change of the cloud. It is rendered only if something listens."""
        sent: Sent
        if isinstance(change, Transition):
            # No notification of a rescheduled event is known; that of an interruption is sent when it is announced.
            if change.from_status == change.to_status or change.record.event_type == INTERRUPTION.name:
                return
            sent = change
        elif isinstance(change, InstanceTransition):
            sent = StateChange(change, public_address(change.record))
        else:
            last: Interruption = change  # mypy refuses it when a kind of changes has no branch
            sent = last
        rows = self.names.rows
        number = self.notifications.add(sent, rows)
        if self.listeners or self.rules.by_account:
            self._call_listeners(self._rendered(sent, number, rows))

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
            about = checked_text(resource, "resource", "snapshot/s-1") if resource else default
            return self._of_instance(instance, leveled, now, lambda: said, self._next_id(), resource=about)

    def send(self, notification: Notification) -> None:
        self.notifications.add(notification, self.names.rows)
        self._call_listeners(notification)

    def _next_id(self) -> str:
        """The id's seed of a notification without a change: those of changes have ids by their numbers."""
        return f"{self._seed}/announced/{next(self._announced)}"

    def _call_listeners(self, notification: Notification) -> None:
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
        content = content if isinstance(content, dict) else {}
        region_id = _text(flat, "regionId") or region_id or self._cloud.settings.region_id
        notification = Notification(
            row=replace(
                row,
                level=_text(flat, "level") or row.level,
                status=_text(flat, "status") or row.status,
                event_type=_text(flat, "eventType") or row.event_type,
            ),
            id_seed=self._next_id(),
            resource=resource,
            given_arn=arn,
            region_id=region_id,
            account_id=account_id,
            instance_name=_text(flat, "instanceName"),
            resource_group_id="",
            render=lambda: content,
            at_micros=now,
            product=_text(flat, "product") or ("ECS" if product.lower() == "ecs" else product),
            group_id=_text(flat, "groupId") or "0",
        )
        self._call_listeners(notification)
        return notification

    # -- rendering what the history keeps

    def _rendered(self, sent: Sent, number: int, rows: Rows) -> Notification:
        if isinstance(sent, Notification):
            return sent
        id_seed = f"{self._seed}/notifications/{number}"
        if isinstance(sent, Transition):
            return self._of_event(sent, id_seed, rows)
        if isinstance(sent, StateChange):
            change = sent.change
            name = "Instance:StateChange"
            render = partial(of_state, change.record, change.to_status, sent.public_address)
            return self._of_instance(change.record, rows[name], change.at_micros, render, id_seed)
        name = "Instance:PreemptibleInstanceInterruption"
        render = partial(of_interruption, sent.record, sent.behavior)
        return self._of_instance(sent.record, rows[name], sent.at_micros, render, id_seed)

    def _of_event(self, change: Transition, id_seed: str, rows: Rows) -> Notification:
        event = change.record
        instance = self._cloud.instances.get_ever(event.instance_id)
        if EVENT_TYPES[event.event_type].is_of_disk:
            kind, resource, render = "Disk", f"disk/{event.disk_id}", partial(of_disk_event, change, instance)
        else:
            kind, resource, render = "Instance", "", partial(of_event, change)
        code, status = event.event_type, change.to_status.value
        row = rows.get(f"{kind}:{code}:{status}") or by_grammar(kind, code, status)
        return self._of_instance(instance, row, change.at_micros, render, id_seed, resource=resource)

    def _of_instance(
        self,
        instance: InstanceRecord,
        row: NotificationName,
        at: Micros,
        render: Callable[[], Content],
        id_seed: str,
        *,
        resource: str = "",
    ) -> Notification:
        return Notification(
            row=row,
            id_seed=id_seed,
            resource=resource or f"instance/{instance.instance_id}",
            region_id=instance.region_id,
            account_id=instance.account_id,
            instance_name=instance.texts["instance_name"],
            resource_group_id=instance.texts["resource_group_id"],
            render=render,
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
