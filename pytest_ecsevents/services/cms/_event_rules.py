"""The event rules of CloudMonitor, as its API sets them up: what they match, and who is told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pytest_ecsevents._errors import NoSuchNameError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.services.cms._delivery import Delivery
from pytest_ecsevents.services.cms._filters import EventFilter
from pytest_ecsevents.services.cms._notification import Notification

__tracebackhide__ = hidden_in_reports

MUTED_FOR: Final = 86_400
"""How many seconds a rule is silent to people after it has fired, unless it says otherwise (documented)."""


class NoSuchRuleError(NoSuchNameError):
    """An account has no event rule of that name, or a rule no such target."""


@dataclass(frozen=True, slots=True)
class EventPattern:
    """What a rule matches; an empty list matches everything, as `ALL` does.

    Attributes:
        product: `ecs`, in any case, or `ALL`.
        event_types: `Maintenance`, ...
        levels: `CRITICAL`, ...
        names: `Instance:StateChange`, ...
        statuses: `Scheduled`, ...
        keywords: Words in the content.
        relation: What is wanted of the keywords: "OR" for any of them, "NOT" for none.
        custom_filter: One more word, which the content must hold.
        sql_filter: A query of Log Service's, which is kept and shown, but not looked at.
    """

    product: str
    event_types: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    relation: str = "OR"
    custom_filter: str = ""
    sql_filter: str = ""

    def matches(self, notification: Notification) -> bool:
        """Whether it is one of those that are meant."""
        wanted = EventFilter(
            names=frozenset(self.names),
            levels=frozenset(self.levels),
            statuses=frozenset(self.statuses),
            event_types=frozenset(self.event_types),
            products=frozenset({self.product}),
            keywords=frozenset(self.keywords),
            keyword_relation=self.relation,
        )
        custom = EventFilter(keywords=frozenset(filter(None, [self.custom_filter])))
        return wanted.passes(notification) and custom.passes(notification)


@dataclass(frozen=True, slots=True, eq=False)
class RuleTarget:
    """One target of a rule.

    Attributes:
        kind: `FcParameters`, `MnsParameters`, ...: the parameter that it came by.
        target_id: Its id, the only one in its rule.
        members: What it says, by the names on the wire.
    """

    kind: str
    target_id: str
    members: Mapping[str, str]


@dataclass(slots=True, eq=False)
class EventRule:
    """One event rule.

    Attributes:
        name: Its name, the only one in its account.
        account_id: Its owner.
        patterns: What it matches: any of these.
        description: In its owner's words.
        event_type: "SYSTEM" or "CUSTOM"; only the first fires here.
        group_id: The application group that it belongs to, or "".
        is_enabled: Whether it fires.
        silence_time: How many seconds people are left alone after it has fired; machines are told each time (a guess).
        targets: Who is told, by id.
        deliveries: Every try to tell one of them, in order; of those too that nobody took.
    """

    name: str
    account_id: str
    patterns: tuple[EventPattern, ...]
    description: str = ""
    event_type: str = "SYSTEM"
    group_id: str = ""
    is_enabled: bool = True
    silence_time: int = MUTED_FOR
    targets: dict[str, RuleTarget] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list, repr=False)

    def fires_for(self, notification: Notification) -> bool:
        """Whether its targets are told."""
        return (
            self.is_enabled and self.event_type == "SYSTEM" and any(one.matches(notification) for one in self.patterns)
        )


class EventRules:
    """The rules of every account, in order of creation."""

    def __init__(self) -> None:
        self.by_account: Final[dict[str, dict[str, EventRule]]] = {}

    def of(self, account_id: str) -> list[EventRule]:
        """An account's rules."""
        return list(self.by_account.get(account_id, {}).values())

    def get(self, account_id: str, name: str) -> EventRule | None:
        """An account's rule, if there is one of that name."""
        return self.by_account.get(account_id, {}).get(name)

    def rule(self, account_id: str, name: str) -> EventRule:
        """An account's rule.

        Raises:
            NoSuchRuleError: There is none of that name.
        """
        rule = self.get(account_id, name)
        if rule is None:
            known = [one.name for one in self.of(account_id)]
            raise NoSuchRuleError(
                f"Account {account_id} has no event rule {name!r}.{did_you_mean(name, known)} It has: {listed(known)}.",
                name,
            )
        return rule

    def add(self, rule: EventRule) -> None:
        """Keep a new rule."""
        self.by_account.setdefault(rule.account_id, {})[rule.name] = rule

    def enable(self, account_id: str, names: Iterable[str], *, is_enabled: bool) -> None:
        """Have rules fire, or no more; all of them or none (a guess).

        Raises:
            NoSuchRuleError: There is none of a name.
        """
        for rule in [self.rule(account_id, name) for name in names]:
            rule.is_enabled = is_enabled

    def delete(self, account_id: str, names: Iterable[str]) -> None:
        """Delete rules and their targets; all of them or none (a guess).

        Raises:
            NoSuchRuleError: There is none of a name.
        """
        for rule in [self.rule(account_id, name) for name in names]:
            self.by_account[account_id].pop(rule.name, None)

    def delete_targets(self, account_id: str, name: str, target_ids: Iterable[str]) -> None:
        """Delete targets of a rule; all of them or none (a guess).

        Raises:
            NoSuchRuleError: There is no such rule, or target of it.
        """
        rule = self.rule(account_id, name)
        wanted = list(target_ids)
        for target_id in wanted:
            if target_id not in rule.targets:
                raise NoSuchRuleError(
                    f"Event rule {name!r} has no target {target_id!r}. It has: {listed(rule.targets)}.", target_id
                )
        for target_id in wanted:
            rule.targets.pop(target_id, None)
