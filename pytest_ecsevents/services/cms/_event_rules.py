"""The event rules of CloudMonitor's API: patterns and targets."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pytest_ecsevents._errors import NoSuchNameError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.services.cms._delivery import Delivery
from pytest_ecsevents.services.cms._filters import EventFilter, searched_text
from pytest_ecsevents.services.cms._log_query import Search, words_of
from pytest_ecsevents.services.cms._notification import Notification

__tracebackhide__ = hidden_in_reports


class NoSuchRuleError(NoSuchNameError):
    """No event rule of the account, or no target of the rule, has the name."""


@dataclass(frozen=True, slots=True)
class EventPattern:
    """What a rule matches. An empty list matches everything, as `*` does.

    Attributes:
        product: `ecs`, in any case, or `ALL`.
        event_types: `Maintenance`, ...
        levels: `CRITICAL`, ...
        names: `Instance:StateChange`, ...
        statuses: `Scheduled`, ...
        keywords: Words in the content.
        relation: "OR" for any of the keywords, "NOT" for none.
        custom_filter: Another word, which the content must hold.
        sql_filter: A query of Log Service.
        search: Its search part; None where there is none, or none that can be evaluated.
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
    search: Search | None = None

    def matches(self, notification: Notification) -> bool:
        wanted = EventFilter(
            self.names,
            self.levels,
            self.statuses,
            self.event_types,
            products=(self.product,),
            keywords=self.keywords,
            keyword_relation=self.relation,
        )
        custom = EventFilter(keywords=(self.custom_filter,) if self.custom_filter else ())
        return (
            wanted.passes(notification)
            and custom.passes(notification)
            and (self.search is None or self.search(words_of(searched_text(notification))))
        )


@dataclass(frozen=True, slots=True, eq=False)
class RuleTarget:
    """One target of a rule.

    Attributes:
        kind: `FcParameters`, `MnsParameters`, ...: the parameter that set it.
        target_id: Its id, unique in its rule.
        members: Its values by their names on the wire.
    """

    kind: str
    target_id: str
    members: Mapping[str, str]


@dataclass(slots=True, eq=False)
class EventRule:
    """One event rule.

    Attributes:
        name: Its name, unique in its account.
        account_id: Its owner.
        patterns: It fires if any of them matches.
        description: `Description`.
        event_type: "SYSTEM" or "CUSTOM"; a custom one never fires here.
        group_id: Its application group, or "".
        is_enabled: Whether it fires.
        silence_time: The seconds in which contacts get no further notification after it has fired. Other targets are not
            silenced (a guess).
        targets: By id.
        deliveries: Every try to deliver to a target, in order, also to targets that are not faked.
    """

    name: str
    account_id: str
    patterns: tuple[EventPattern, ...]
    description: str = ""
    event_type: str = "SYSTEM"
    group_id: str = ""
    is_enabled: bool = True
    silence_time: int = 86_400  # the documented default
    targets: dict[str, RuleTarget] = field(default_factory=dict)
    deliveries: list[Delivery] = field(default_factory=list, repr=False)

    def fires_for(self, notification: Notification) -> bool:
        """Whether its targets get a notification."""
        return (
            self.is_enabled and self.event_type == "SYSTEM" and any(one.matches(notification) for one in self.patterns)
        )


class EventRules:
    """The rules of every account, in order of creation. Unknown names of rules and targets raise NoSuchRuleError."""

    def __init__(self) -> None:
        self.by_account: Final[dict[str, dict[str, EventRule]]] = {}

    def of(self, account_id: str) -> list[EventRule]:
        return list(self.by_account.get(account_id, {}).values())

    def get(self, account_id: str, name: str) -> EventRule | None:
        return self.by_account.get(account_id, {}).get(name)

    def rule(self, account_id: str, name: str) -> EventRule:
        try:
            rule = self.get(account_id, name)
        except TypeError:  # not hashable, so no name
            rule = None
        if rule is None:
            known = [one.name for one in self.of(account_id)]
            raise NoSuchRuleError(
                f"Account {account_id} has no event rule {name!r}.{did_you_mean(str(name), known)} It has: {listed(known)}.",
                name,
            )
        return rule

    def add(self, rule: EventRule) -> None:
        self.by_account.setdefault(rule.account_id, {})[rule.name] = rule

    def enable(self, account_id: str, names: Iterable[str], *, is_enabled: bool) -> None:
        """Enable or disable rules; all of them or none (a guess)."""
        for rule in [self.rule(account_id, name) for name in names]:
            rule.is_enabled = is_enabled

    def delete(self, account_id: str, names: Iterable[str]) -> None:
        """Delete rules and their targets; all of them or none (a guess)."""
        for rule in [self.rule(account_id, name) for name in names]:
            self.by_account[account_id].pop(rule.name, None)

    def delete_targets(self, account_id: str, name: str, target_ids: Iterable[str]) -> None:
        """Delete targets of a rule; all of them or none (a guess)."""
        rule = self.rule(account_id, name)
        wanted = list(target_ids)
        for target_id in wanted:
            if target_id not in rule.targets:
                raise NoSuchRuleError(
                    f"Event rule {name!r} has no target {target_id!r}. It has: {listed(rule.targets)}.", target_id
                )
        for target_id in wanted:
            rule.targets.pop(target_id, None)
