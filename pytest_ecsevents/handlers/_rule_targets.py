"""Delivers the notifications of event rules to the test's receivers for the rules' targets."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from pytest_ecsevents._errors import DeliveryError, hidden_in_reports
from pytest_ecsevents._words import nearest
from pytest_ecsevents.handlers._receivers import Receivers
from pytest_ecsevents.handlers._senders import NullSender
from pytest_ecsevents.rpc._http import is_loopback
from pytest_ecsevents.services.cms._delivery import Subscription
from pytest_ecsevents.services.cms._event_rules import EventRule, RuleTarget
from pytest_ecsevents.services.cms._monitor import CloudMonitor
from pytest_ecsevents.services.cms._notification import Notification, cloudmonitor

__tracebackhide__ = hidden_in_reports


Mail = Callable[[str, str], Subscription | None]
"""Finds the subscription of a "queue" or "topic" by its name; None if there is none."""


def log_entry(notification: Notification) -> dict[str, Any]:
    """The entry in Log Service: the flat form, with content as text (a guess)."""
    flat = cloudmonitor(notification)
    return {**flat, "content": json.dumps(flat["content"], ensure_ascii=False, separators=(",", ":"))}


_VARIABLE: Final = "$."


def action_parameters(notification: Notification, *, json_params: str) -> dict[str, Any]:
    """What JsonParams sends to an action: values such as "$.content.instanceId" are taken from the flat form.

    Without JsonParams, or where it is no JSON object, it is the flat form (a guess).
    """
    flat = cloudmonitor(notification)
    try:
        given = json.loads(json_params)
    except (ValueError, RecursionError):
        return flat
    return {name: _filled(value, flat) for name, value in given.items()} if isinstance(given, dict) else flat


def _filled(value: Any, flat: Mapping[str, Any]) -> Any:
    """A value; a variable without one in the flat form stays as it is (a guess)."""
    if not isinstance(value, str) or not value.startswith(_VARIABLE):
        return value
    found: Any = flat
    for key in value.removeprefix(_VARIABLE).split("."):
        if not isinstance(found, Mapping) or key not in found:
            return value
        found = found[key]
    return found


_Form: TypeAlias = Callable[[Notification], dict[str, Any]]

_RECORDED: Final[Mapping[str, tuple[str, Callable[[Mapping[str, str]], _Form]]]] = {
    "ContactParameters": ("contact group {ContactGroupName}", lambda _: cloudmonitor),
    "SlsParameters": ("log store {Project}/{LogStore}", lambda _: log_entry),
    "OpenApiParameters": (
        "action {Action} of {Product} {Version}",
        lambda members: partial(action_parameters, json_params=members.get("JsonParams", "")),
    ),
}
"""Targets that are no program, by the parameter that sets them: the receiver's name, and the form of what it gets."""


class RuleTargets:
    def __init__(self, monitor: CloudMonitor, receivers: Receivers, mail: Mail) -> None:
        self._monitor: Final = monitor
        self._receivers: Final = receivers
        self._mail: Final = mail
        self._known: Final[dict[RuleTarget, tuple[object, Subscription]]] = {}
        self._by_kind: Final[Mapping[str, Callable[[RuleTarget, Notification], None]]] = {
            "FcParameters": self._send_to_function,
            "MnsParameters": self._send_to_mail,
            "WebhookParameters": self._send_to_webhook,
        }
        monitor.rule_listeners.append(self.fire_rules)

    def fire_rules(self, notification: Notification) -> None:
        for rule in self._monitor.rules.of(notification.account_id):
            if rule.fires_for(notification):
                sent = replace(notification, rule_name=rule.name, keep_delivery=rule.deliveries.append)
                for target in list(rule.targets.values()):
                    self._by_kind.get(target.kind, self._record)(target, sent)

    # -- each kind of targets

    def _send_to_function(self, target: RuleTarget, sent: Notification) -> None:
        service, function, region_id = (target.members[name] for name in ("ServiceName", "FunctionName", "Region"))
        name = f"{service}/{function}"
        here = {key: row for key, row in self._receivers.functions.items() if not row[0].is_canceled}
        # A function that the test registered without a service matches every service.
        found, own_region_id = here.get(name) or here.get(f"/{function}") or (None, None)
        if found is None:
            how = f'register it with ecs_events.function_compute(handler, name="{name}")'
            self._refuse(target, sent, f"function {name}", f"no function {name} here{_near(name, here)}; {how}")
        elif own_region_id not in (None, region_id):
            problem = f"function {name} is in {own_region_id} here, not in {region_id}"
            self._refuse(target, sent, f"function {name}", problem)
        else:
            found.take(sent)

    def _send_to_mail(self, target: RuleTarget, sent: Notification) -> None:
        kind = "queue" if "Queue" in target.members else "topic"
        name = target.members[kind.capitalize()]
        found = self._mail(kind, name)
        if found is None:
            problem = f'no {kind} {name} here; create it with ecs_events.{kind}("{name}")'
            self._refuse(target, sent, f"{kind} {name}", problem)
        else:
            found.take(sent)

    def _send_to_webhook(self, target: RuleTarget, sent: Notification) -> None:
        url, method, protocol = (target.members[name] for name in ("Url", "Method", "Protocol"))
        receiver = self._receivers.webhooks.get(url, url if _leads_here(url) else None)
        if protocol != "http":
            self._refuse(target, sent, f"{protocol} {url}", f"{protocol} is not faked")
        elif receiver is None:
            how = f'give it a receiver with ecs_events.webhook("{url}", receiver)'
            problem = f"tests reach no network{_near(url, self._receivers.webhooks)}; {how}"
            self._refuse(target, sent, f"{method} {url}", problem)
        else:
            made = self._subscription(target, receiver, lambda: self._receivers.to_webhook(url, method, receiver))
            made.take(sent)

    def _record(self, target: RuleTarget, sent: Notification) -> None:
        words, form_of = _RECORDED[target.kind]
        sender = NullSender(words.format(**target.members))
        form = form_of(target.members)
        self._subscription(target, "", lambda: self._receivers.of_a_rule(sender, form)).take(sent)

    def _refuse(self, target: RuleTarget, sent: Notification, receiver: str, problem: str) -> None:
        subscription = self._subscription(target, receiver, lambda: self._receivers.of_a_rule(NullSender(receiver)))
        subscription.refuse(sent, DeliveryError(problem))

    def _subscription(self, target: RuleTarget, receiver: object, make: Callable[[], Subscription]) -> Subscription:
        """The subscription for a target; a new one when its receiver has changed."""
        before, known = self._known.get(target, (None, None))
        if known is None or before != receiver:
            known = make()
            self._known[target] = receiver, known
        return known


def _near(name: str, known: Iterable[str]) -> str:
    found = nearest(name, known, likeness=0.8)
    return f" (did you mean {found}?)" if found else ""


def _leads_here(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


class RuleBook(Mapping[str, EventRule]):
    """The event rules of the test's account by name."""

    def __init__(self, monitor: CloudMonitor, account_id: str) -> None:
        self._rules: Final = monitor.rules
        self._account_id: Final = account_id

    def __getitem__(self, name: str) -> EventRule:
        return self._rules.rule(self._account_id, name)

    def __iter__(self) -> Iterator[str]:
        return iter([rule.name for rule in self._rules.of(self._account_id)])

    def __len__(self) -> int:
        return len(self._rules.of(self._account_id))

    def __repr__(self) -> str:
        return f"<event rules: {', '.join(self) or 'none'}>"
