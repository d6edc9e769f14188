"""CloudMonitor's actions on event rules and their targets."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final

from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._parameters import (
    Parameter,
    Struct,
    choice,
    integer,
    nested_structs,
    repeated,
    structs,
    text,
    whole,
    yes_or_no,
)
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.cms._event_rules import EventPattern, EventRule, NoSuchRuleError, RuleTarget
from pytest_ecsevents.services.cms._filters import ALL, is_name
from pytest_ecsevents.services.cms._log_query import QueryError, search_of
from pytest_ecsevents.services.cms._monitor import MonitorCall
from pytest_ecsevents.services.cms._names import EVENT_TYPES, LEVELS
from pytest_ecsevents.services.cms.api import PACKAGE
from pytest_ecsevents.services.cms.api._monitor_actions import page_of, reply

ACTIONS: Final = Actions[MonitorCall](
    PACKAGE,
    unusable="ParameterInvalid",
    refusals={NoSuchRuleError: "ResourceNotFound"},
    needs_region=False,
    methods=("GET", "POST", "PUT"),
)
_UNKNOWN_NOTE: Final = "An unknown rule is ResourceNotFound."

_RULE_NAME: Final = text("RuleName", required=True)
_RULE_NAMES: Final = repeated("RuleNames", most=20, required=True)

# -- PutEventRule

_STATES: Final = ("ENABLED", "DISABLED")
_MOST_VALUES: Final = 50
_LISTS: Final = ("EventTypeList", "LevelList", "NameList", "StatusList", "KeywordFilter.Keywords")

_PATTERNS: Final = nested_structs(
    "EventPattern",
    f"Product {' '.join(f'{name}.N' for name in _LISTS)} KeywordFilter.Relation CustomFilters SQLFilter",
    most=_MOST_VALUES,
    allowed={
        "EventTypeList": (*EVENT_TYPES, ALL),
        "LevelList": (*LEVELS, ALL),
        "KeywordFilter.Relation": ("OR", "NOT"),
    },
    required=True,
    note=f"1 to {_MOST_VALUES}, any of which may match; Product is required, its lists hold up to {_MOST_VALUES} values, * is "
    "all. SQLFilter is searched for: a and (b or c) not d; fields, and what follows |, are not evaluated",
)
_DESCRIPTION: Final = text("Description")
_KIND: Final = choice("EventType", ("SYSTEM", "CUSTOM"), note="SYSTEM or CUSTOM, which never fires; default SYSTEM")
_GROUP: Final = text("GroupId", note="kept, but a rule fires for every resource")
_STATE: Final = choice("State", _STATES, note="ENABLED or DISABLED; default ENABLED")
_SILENCE: Final = whole("SilenceTime", least=0, note="seconds, default 86400; kept, without effect")


@ACTIONS.action(
    "PutEventRule",
    _RULE_NAME,
    _PATTERNS,
    _KIND,
    _GROUP,
    _DESCRIPTION,
    _STATE,
    _SILENCE,
    refusals={},
    notes=(
        "An existing rule keeps what is not sent, except its patterns.",
        "Rules belong to an account, and fire for events in all of its regions.",
        "SilenceTime concerns contacts: other targets get every notification.",
        "There is no limit on the number of rules.",
    ),
)
def _put_rule(call: MonitorCall) -> JsonObject:
    patterns = tuple(_pattern(call, number, sent) for number, sent in enumerate(call[_PATTERNS], 1))
    rules = call.monitor.rules
    rule = rules.get(call.account_id, call[_RULE_NAME])
    if rule is None:
        rule = EventRule(call[_RULE_NAME], call.account_id, patterns)
        rules.add(rule)
    rule.patterns = patterns
    rule.description = call[_DESCRIPTION] or rule.description
    rule.event_type = call[_KIND] or rule.event_type
    rule.group_id = call[_GROUP] or rule.group_id
    rule.is_enabled = call[_STATE] == "ENABLED" if call[_STATE] else rule.is_enabled
    silence = call[_SILENCE]
    rule.silence_time = rule.silence_time if silence is None else silence
    call.hint = " ".join(_doubts(call, patterns))
    return reply({"Data": "1"})


def _doubts(call: MonitorCall, patterns: Iterable[EventPattern]) -> Iterator[str]:
    """What is accepted, but probably not meant."""
    known = call.monitor.names
    for pattern in patterns:
        if problem := _problem_of(pattern.sql_filter):
            yield f"SQLFilter is not evaluated: {problem}. The rule fires if the rest of its pattern matches."
        elif "|" in pattern.sql_filter:
            yield "What follows | in SQLFilter is not evaluated."
        if pattern.product.lower() == "ecs":
            for name in pattern.names:
                if name != ALL and not is_name(name, known):
                    yield f"ECS has no notification {name!r}.{did_you_mean(name, known)}"


def _pattern(call: MonitorCall, number: int, sent: Struct) -> EventPattern:
    product = _word(sent, "Product")
    if not product:
        raise call.action.not_supplied(f"EventPattern.{number}.Product")
    event_types, levels, names, statuses, keywords = (tuple(filter(None, sent.get(name, ()))) for name in _LISTS)
    query = _word(sent, "SQLFilter")
    return EventPattern(
        product=product,
        event_types=event_types,
        levels=levels,
        names=names,
        statuses=statuses,
        keywords=keywords,
        relation=_word(sent, "KeywordFilter.Relation") or "OR",
        custom_filter=_word(sent, "CustomFilters"),
        sql_filter=query,
        search=None if not query or _problem_of(query) else search_of(query),
    )


def _problem_of(query: str) -> str:
    """Why the search part of a query cannot be evaluated; "" if it can, or if there is none."""
    try:
        if query:
            search_of(query)
    except QueryError as problem:
        return str(problem)
    return ""


def _word(sent: Struct, member: str) -> str:
    return str(sent.get(member, ""))


# -- how rules are shown


def _pattern_view(pattern: EventPattern) -> JsonObject:
    view: JsonObject = {"Product": pattern.product}
    lists = (("EventTypeList", pattern.event_types), ("LevelList", pattern.levels), ("NameList", pattern.names))
    view.update({name: {name: list(values)} for name, values in lists if values})
    if pattern.sql_filter:
        view["SQLFilter"] = pattern.sql_filter
    return view


def _rule_view(rule: EventRule, pattern: JsonObject) -> JsonObject:
    view: JsonObject = {
        "Name": rule.name,
        "State": _STATES[not rule.is_enabled],
        "EventType": rule.event_type,
        "EventPattern": pattern,
    }
    view.update({name: said for name, said in (("Description", rule.description), ("GroupId", rule.group_id)) if said})
    return view


# -- DescribeEventRuleList

_OF_GROUP: Final = text("GroupId")
_PREFIX: Final = text("NamePrefix")
_IS_ENABLED: Final = yes_or_no("IsEnable", note="only enabled rules, or only disabled ones")
# Texts in the reference and in the models.
_PAGE_NUMBER: Final = replace(integer("PageNumber", 1, least=1), kind="string")
_PAGE_SIZE: Final = replace(integer("PageSize", 10, least=1, most=100), kind="string")


@ACTIONS.action(
    "DescribeEventRuleList",
    _PREFIX,
    _IS_ENABLED,
    _OF_GROUP,
    _PAGE_NUMBER,
    _PAGE_SIZE,
    refusals={},
    notes=(
        "Without IsEnable all rules are listed, as Terraform's provider expects; the reference says that it defaults to true.",
        "Patterns are a list, as the SDK reads them; the first one's members stand beside it, as older programs read them.",
        "In order of creation; PageSize up to 100.",
    ),
)
def _describe_rules(call: MonitorCall) -> JsonObject:
    found = [
        rule
        for rule in call.monitor.rules.of(call.account_id)
        if rule.name.startswith(call[_PREFIX])
        and call[_IS_ENABLED] in (None, rule.is_enabled)
        and call[_OF_GROUP] in ("", rule.group_id)
    ]
    views: list[Json] = [_listed_view(rule) for rule in page_of(found, call[_PAGE_NUMBER], call[_PAGE_SIZE])]
    return reply({"Total": len(found), "EventRules": {"EventRule": views}})


def _listed_view(rule: EventRule) -> JsonObject:
    """The patterns as the models read them, a list; the first one as older programs do, an object."""
    patterns: list[JsonObject] = []
    for pattern in rule.patterns:
        view = _pattern_view(pattern)
        if pattern.custom_filter:
            view["CustomFilters"] = pattern.custom_filter
        if pattern.keywords:
            keywords: list[Json] = list(pattern.keywords)
            view["KeywordFilter"] = {"Relation": pattern.relation, "Keywords": {"Keywords": keywords}}
        patterns.append(view)
    both: JsonObject = {**patterns[0], "EventPattern": list[Json](patterns)}
    return {**_rule_view(rule, both), "SilenceTime": rule.silence_time}


# -- DescribeEventRuleAttribute

_ASKED_SILENCE: Final = replace(text("SilenceTime"), note="without effect")


@ACTIONS.action(
    "DescribeEventRuleAttribute",
    _RULE_NAME,
    _ASKED_SILENCE,
    notes=(_UNKNOWN_NOTE, "Of several patterns the first is shown."),
)
def _describe_rule(call: MonitorCall) -> JsonObject:
    rule = call.monitor.rules.rule(call.account_id, call[_RULE_NAME])
    first = rule.patterns[0]
    pattern = _pattern_view(first)
    if first.statuses:
        pattern["StatusList"] = {"StatusList": list(first.statuses)}
    if first.keywords:
        pattern["KeywordFilterObj"] = {"Relation": first.relation, "Keywords": {"keyword": list(first.keywords)}}
    return reply({"Result": _rule_view(rule, pattern)})


# -- targets


@dataclass(frozen=True, slots=True, eq=False)
class TargetKind:
    """One kind of targets.

    Attributes:
        name: The parameter: `FcParameters`.
        item: The name of one target in DescribeEventRuleTargetList.
        members: What a target says, with "Id"; separated by spaces.
        needed: The members without which a target fails (a guess); "A or B" needs one of them.
        hidden: A member that DescribeEventRuleTargetList leaves out.
        arns: Its ARN, with members to fill in: the first whose members are there.
        failed: The names of the list of failed targets and of one of them; "" where the reply has none.
        allowed: Documented values of members; the first is the default (a guess).
        parameter: The parameter as the action takes it.
    """

    name: str
    item: str
    members: str
    needed: tuple[str, ...]
    hidden: str = ""
    arns: tuple[str, ...] = ()
    failed: tuple[str, str] = ("", "")
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameter: "Parameter[tuple[Mapping[str, str], ...]]" = field(init=False)

    def __post_init__(self) -> None:
        allowed = [f"{member} is one of {listed(values)}" for member, values in self.allowed.items()]
        note = "; ".join([f"1 to {_MOST_TARGETS}", *allowed, f"failed without {' and '.join(self.needed)}"])
        parameter = structs(self.name, self.members, most=_MOST_TARGETS, allowed=self.allowed, note=note)
        object.__setattr__(self, "parameter", parameter)

    def lacks(self, members: Mapping[str, str]) -> list[str]:
        return [need for need in self.needed if not any(member in members for member in need.split(" or "))]


_MOST_TARGETS: Final = 5
TARGET_KINDS: Final = (
    TargetKind(
        "ContactParameters",
        "ContactParameter",
        "Id ContactGroupName Level",
        ("ContactGroupName",),
        failed=("FailedContactParameters", "ContactParameter"),
        allowed={"Level": ("4", "3", "2")},
    ),
    TargetKind(
        "FcParameters",
        "FCParameter",
        "Id Region ServiceName FunctionName",
        ("ServiceName", "FunctionName"),
        arns=("acs:fc:{Region}:{account}:services/{ServiceName}/functions/{FunctionName}",),
        failed=("FailedFcParameters", "FcParameter"),
    ),
    TargetKind(
        "MnsParameters",
        "MnsParameter",
        "Id Region Queue Topic",
        ("Queue or Topic",),
        arns=(
            "acs:mns:{Region}:{account}:/queues/{Queue}/messages",
            "acs:mns:{Region}:{account}:/topics/{Topic}/messages",
        ),
        failed=("FailedMnsParameters", "MnsParameter"),
    ),
    TargetKind(
        "SlsParameters",
        "SlsParameter",
        "Id Region Project LogStore",
        ("Project", "LogStore"),
        arns=("acs:log:{Region}:{account}:project/{Project}/logstore/{LogStore}",),
    ),
    TargetKind(
        "WebhookParameters",
        "WebhookParameter",
        "Id Protocol Method Url",
        ("Url",),
        allowed={"Protocol": ("http", "telnet", "ping"), "Method": ("POST", "GET")},
    ),
    TargetKind(
        "OpenApiParameters",
        "OpenApiParameters",
        "Id Product Action Version Region Role Arn JsonParams",
        ("Product", "Action", "Version"),
        hidden="JsonParams",
    ),
)

# -- PutEventRuleTargets


@ACTIONS.action(
    "PutEventRuleTargets",
    _RULE_NAME,
    *(kind.parameter for kind in TARGET_KINDS),
    notes=(
        _UNKNOWN_NOTE,
        "An id is unique in its rule, across kinds; a target without one gets the next free number.",
        "A target without its address fails; the others are added, and Success is true.",
        "Defaults: Region is that of the call, Method POST, Protocol http, Level 4.",
    ),
)
def _put_targets(call: MonitorCall) -> JsonObject:
    rule = call.monitor.rules.rule(call.account_id, call[_RULE_NAME])
    sent = [(kind, _with_defaults(call, kind, members)) for kind in TARGET_KINDS for members in call[kind.parameter]]
    for kind, members in sent:
        if not kind.lacks(members):
            target_id = members.get("Id") or next(str(one) for one in count(1) if str(one) not in rule.targets)
            rule.targets[target_id] = RuleTarget(kind.name, target_id, {**members, "Id": target_id})
    return reply(_failures(call, [(kind, members) for kind, members in sent if kind.lacks(members)]))


def _with_defaults(call: MonitorCall, kind: TargetKind, sent: Mapping[str, str]) -> Mapping[str, str]:
    defaults = {member: values[0] for member, values in kind.allowed.items()}
    if "Region" in kind.members:
        defaults["Region"] = call.region_id or call.cloud.settings.region_id
    return defaults | {member: value for member, value in sent.items() if value}


def _failures(call: MonitorCall, failed: "list[tuple[TargetKind, Mapping[str, str]]]") -> JsonObject:
    body: JsonObject = {}
    if failed:
        lacking = [f"one of {kind.name} lacks {listed(kind.lacks(members))}" for kind, members in failed]
        call.hint = f"Some targets failed: {'; '.join(lacking)}."
        body["FailedParameterCount"] = str(len(failed))
    for kind in dict.fromkeys(kind for kind, _ in failed if kind.failed[0]):
        name, item = kind.failed
        body[name] = {item: [_failed_view(members) for of, members in failed if of is kind]}
    return body


def _failed_view(members: Mapping[str, str]) -> JsonObject:
    """Its id is a number here, as in the official model; another id is left out."""
    view: JsonObject = {name: value for name, value in members.items() if name not in ("Id", "Topic")}
    target_id = members.get("Id", "")
    if target_id.isascii() and target_id.isdigit():
        view["Id"] = int(target_id[:18])
    return view


# -- DescribeEventRuleTargetList


@ACTIONS.action(
    "DescribeEventRuleTargetList",
    _RULE_NAME,
    notes=(
        _UNKNOWN_NOTE,
        "ParameterCount, which samples of 2020 have, is left out, as in the official model.",
        "An Arn is in the form that the reference of other actions has.",
    ),
)
def _describe_targets(call: MonitorCall) -> JsonObject:
    rule = call.monitor.rules.rule(call.account_id, call[_RULE_NAME])
    lists: JsonObject = {}
    for kind in TARGET_KINDS:
        views: list[Json] = [
            _target_view(kind, target.members, rule.account_id)
            for target in rule.targets.values()
            if target.kind == kind.name
        ]
        lists[kind.name] = {kind.item: views}
    return reply(lists, success=None)


def _target_view(kind: TargetKind, members: Mapping[str, str], account_id: str) -> JsonObject:
    view: JsonObject = {name: value for name, value in members.items() if name != kind.hidden}
    for arn in kind.arns:
        if all(name in members for name in _FIELD.findall(arn)):
            view["Arn"] = arn.format(account=account_id, **members)
            break
    return view


_FIELD: Final = re.compile(r"\{([A-Z]\w*)\}")


# -- EnableEventRules, DisableEventRules, DeleteEventRules, DeleteEventRuleTargets

_SEVERAL_NOTES: Final = ("All or nothing.", _UNKNOWN_NOTE)


@ACTIONS.action("EnableEventRules", _RULE_NAMES, notes=_SEVERAL_NOTES)
def _enable(call: MonitorCall) -> JsonObject:
    call.monitor.rules.enable(call.account_id, call[_RULE_NAMES], is_enabled=True)
    return reply({})


@ACTIONS.action("DisableEventRules", _RULE_NAMES, notes=_SEVERAL_NOTES)
def _disable(call: MonitorCall) -> JsonObject:
    call.monitor.rules.enable(call.account_id, call[_RULE_NAMES], is_enabled=False)
    return reply({})


@ACTIONS.action("DeleteEventRules", _RULE_NAMES, notes=_SEVERAL_NOTES)
def _delete(call: MonitorCall) -> JsonObject:
    call.monitor.rules.delete(call.account_id, call[_RULE_NAMES])
    return reply({})


_IDS: Final = repeated("Ids", most=20, required=True)


@ACTIONS.action(
    "DeleteEventRuleTargets",
    _RULE_NAME,
    _IDS,
    notes=("All or nothing.", "An unknown rule or target is ResourceNotFound."),
)
def _delete_targets(call: MonitorCall) -> JsonObject:
    call.monitor.rules.delete_targets(call.account_id, call[_RULE_NAME], call[_IDS])
    return reply({})
