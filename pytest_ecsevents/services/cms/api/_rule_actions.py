"""The actions of CloudMonitor on event rules and their targets."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Final

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.rpc import Action
from pytest_ecsevents.rpc._parameters import (
    ParameterSet,
    Struct,
    UnusableValueError,
    choice,
    integer,
    nested_structs,
    one_of,
    repeated,
    structs,
    text,
    whole,
    yes_or_no,
)
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.cms import (
    ALL,
    EVENT_TYPES,
    LEVELS,
    EventPattern,
    EventRule,
    NoSuchRuleError,
    RuleTarget,
    is_name,
)
from pytest_ecsevents.services.cms._calls import MonitorCall
from pytest_ecsevents.services.cms.api import INVALID, PACKAGE
from pytest_ecsevents.services.cms.api._monitor_actions import framed, page_number, page_of

_METHODS: Final = ("GET", "POST", "PUT")
_UNKNOWN: Final[Mapping[type[EcsEventsError], str]] = {NoSuchRuleError: "ResourceNotFound"}
_UNKNOWN_NOTE: Final = "An unknown rule is ResourceNotFound."

_RULE_NAME: Final = text("RuleName", required=True)
_RULE_NAMES: Final = repeated("RuleNames", most=20, required=True)

# -- PutEventRule

_STATES: Final = ("ENABLED", "DISABLED")
_MOST_VALUES: Final = 50
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "EventTypeList": (*EVENT_TYPES, ALL),
    "LevelList": (*LEVELS, ALL),
    "NameList": (),
    "StatusList": (),
    "KeywordFilter.Keywords": (),
}
"""The lists of a pattern, and what they may hold where that is documented."""

_PATTERNS: Final = nested_structs(
    "EventPattern",
    "Product",
    *(f"{name}.N" for name in _LISTS),
    "KeywordFilter.Relation",
    "CustomFilters",
    "SQLFilter",
    most=_MOST_VALUES,
    required=True,
    note=f"1 to {_MOST_VALUES}, any of which may match; Product is required, its lists hold up to {_MOST_VALUES} values, * is "
    "all. SQLFilter is kept, but not looked at",
)
_DESCRIPTION: Final = text("Description")
_KIND: Final = choice(
    "EventType",
    ("SYSTEM", "CUSTOM"),
    note="SYSTEM or CUSTOM, which never fires; default SYSTEM",
)
_GROUP: Final = text("GroupId", note="kept; a rule fires for every resource all the same")
_STATE: Final = choice("State", _STATES, note="ENABLED or DISABLED; default ENABLED")
_SILENCE: Final = whole("SilenceTime", least=0, note="seconds, default 86400; kept, but without effect")


def _put_rule(call: MonitorCall) -> JsonObject:
    patterns = tuple(_pattern(call, f"EventPattern.{number}", one) for number, one in enumerate(call[_PATTERNS], 1))
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
    return framed({"Data": "1"})


def _doubts(call: MonitorCall, patterns: Iterable[EventPattern]) -> Iterator[str]:
    """What the service takes, and yet is probably not what was meant."""
    known = call.monitor.names
    for pattern in patterns:
        if pattern.sql_filter:
            yield "SQLFilter is kept, but not looked at: the rule fires for whatever else of its pattern fits."
        if pattern.product.lower() == "ecs":
            for name in pattern.names:
                if name != ALL and not is_name(name, known):
                    yield f"No notification of ECS is called {name!r}.{did_you_mean(name, known)}"


def _pattern(call: MonitorCall, name: str, sent: Struct) -> EventPattern:
    """One pattern.

    Raises:
        ApiError: It names no product, or a value cannot be.
    """
    product = _word(sent, "Product")
    if not product:
        raise call.action.not_supplied(f"{name}.Product")
    lists = {key: _values(call, f"{name}.{key}.N", sent.get(key, ()), allowed) for key, allowed in _LISTS.items()}
    return EventPattern(
        product=product,
        event_types=lists["EventTypeList"],
        levels=lists["LevelList"],
        names=lists["NameList"],
        statuses=lists["StatusList"],
        keywords=lists["KeywordFilter.Keywords"],
        relation=_one_of(call, f"{name}.KeywordFilter.Relation", _word(sent, "KeywordFilter.Relation"), ("OR", "NOT")),
        custom_filter=_word(sent, "CustomFilters"),
        sql_filter=_word(sent, "SQLFilter"),
    )


def _word(sent: Struct, member: str) -> str:
    return str(sent.get(member, ""))


def _values(call: MonitorCall, name: str, sent: "str | Iterable[str]", allowed: tuple[str, ...]) -> tuple[str, ...]:
    values = tuple(filter(None, sent))
    if len(values) > _MOST_VALUES:
        raise call.invalid(name, f"{len(values)} values", f"It takes at most {_MOST_VALUES}.")
    return tuple(_one_of(call, name, value, allowed) for value in values) if allowed else values


def _one_of(call: MonitorCall, name: str, value: str, allowed: tuple[str, ...]) -> str:
    """A value out of a fixed set; the first where none was sent."""
    if not value:
        return allowed[0]
    try:
        return one_of(value, allowed)
    except UnusableValueError as problem:
        raise call.invalid(name, problem.value, problem.expected) from None


PUT: Final = Action(
    "PutEventRule",
    ParameterSet((_RULE_NAME, _PATTERNS, _KIND, _GROUP, _DESCRIPTION, _STATE, _SILENCE)),
    PACKAGE,
    _put_rule,
    unusable=INVALID,
    needs_region=False,
    methods=_METHODS,
    notes=(
        "A rule that exists keeps what is not sent, but for its patterns.",
        "Rules are of an account, and fire for events in all of its regions.",
        "SilenceTime is about people: machines are told each time.",
        "There is no limit on the number of rules.",
    ),
)

# -- how rules are shown


def _pattern_view(pattern: EventPattern) -> JsonObject:
    view: JsonObject = {"Product": pattern.product}
    lists = (
        ("EventTypeList", pattern.event_types),
        ("LevelList", pattern.levels),
        ("NameList", pattern.names),
    )
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

_PREFIX: Final = text("NamePrefix")
_IS_ENABLED: Final = yes_or_no("IsEnable", note="those that are enabled, or those that are not")
# Texts in the reference and in the models.
_PAGE_NUMBER: Final = replace(page_number(), kind="string")
_PAGE_SIZE: Final = replace(integer("PageSize", 10, least=1, most=100), kind="string")


def _describe_rules(call: MonitorCall) -> JsonObject:
    found = [
        rule
        for rule in call.monitor.rules.of(call.account_id)
        if rule.name.startswith(call[_PREFIX])
        and call[_IS_ENABLED] in (None, rule.is_enabled)
        and call[_OF_GROUP] in ("", rule.group_id)
    ]
    views: list[Json] = [_listed_view(rule) for rule in page_of(found, call[_PAGE_NUMBER], call[_PAGE_SIZE])]
    return framed({"Total": len(found), "EventRules": {"EventRule": views}})


def _listed_view(rule: EventRule) -> JsonObject:
    first = rule.patterns[0]
    pattern = _pattern_view(first)
    if first.custom_filter:
        pattern["CustomFilters"] = first.custom_filter
    if first.keywords:
        pattern["KeywordFilter"] = {"Relation": first.relation, "Keywords": {"Keywords": list(first.keywords)}}
    return {**_rule_view(rule, pattern), "SilenceTime": rule.silence_time}


_OF_GROUP: Final = text("GroupId")

LIST: Final = Action(
    "DescribeEventRuleList",
    ParameterSet((_PREFIX, _IS_ENABLED, _OF_GROUP, _PAGE_NUMBER, _PAGE_SIZE)),
    PACKAGE,
    _describe_rules,
    unusable=INVALID,
    needs_region=False,
    methods=_METHODS,
    notes=(
        "Without IsEnable all rules are listed, as Terraform's provider finds them, though it is said to default to true.",
        "Of several patterns the first is shown, as an object, as samples have it; the official model has a list there.",
        "In order of creation; PageSize up to 100.",
    ),
)

# -- DescribeEventRuleAttribute

_ASKED_SILENCE: Final = replace(text("SilenceTime"), note="without effect")


def _describe_rule(call: MonitorCall) -> JsonObject:
    rule = call.monitor.rules.rule(call.account_id, call[_RULE_NAME])
    first = rule.patterns[0]
    pattern = _pattern_view(first)
    if first.statuses:
        pattern["StatusList"] = {"StatusList": list(first.statuses)}
    if first.keywords:
        pattern["KeywordFilterObj"] = {"Relation": first.relation, "Keywords": {"keyword": list(first.keywords)}}
    return framed({"Result": _rule_view(rule, pattern)})


ATTRIBUTE: Final = Action(
    "DescribeEventRuleAttribute",
    ParameterSet((_RULE_NAME, _ASKED_SILENCE)),
    PACKAGE,
    _describe_rule,
    _UNKNOWN,
    unusable=INVALID,
    needs_region=False,
    methods=_METHODS,
    notes=(_UNKNOWN_NOTE, "Of several patterns the first is shown."),
)

# -- targets


@dataclass(frozen=True, slots=True, eq=False)
class TargetKind:
    """One kind of targets.

    Attributes:
        name: `FcParameters`, as it is sent and listed.
        item: What one of them is called in the list.
        members: What one says.
        needed: What it cannot do without, one of each of these (a guess).
        hidden: What the list does not show.
        arns: Its resource name, with the account and members to fill in: the first for which they are there.
        failed: What the reply calls the list of those that are failed, and one of them; "" where it has none.
        allowed: What members may say, where that is documented; the first is taken where nothing is sent (a guess).
    """

    name: str
    item: str
    members: tuple[str, ...]
    needed: tuple[tuple[str, ...], ...]
    hidden: tuple[str, ...] = ()
    arns: tuple[str, ...] = ()
    failed: tuple[str, str] = ("", "")
    allowed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


TARGET_KINDS: Final = (
    TargetKind(
        "ContactParameters",
        "ContactParameter",
        ("Id", "ContactGroupName", "Level"),
        (("ContactGroupName",),),
        failed=("FailedContactParameters", "ContactParameter"),
        allowed={"Level": ("4", "3", "2")},
    ),
    TargetKind(
        "FcParameters",
        "FCParameter",
        ("Id", "Region", "ServiceName", "FunctionName"),
        (("ServiceName",), ("FunctionName",)),
        arns=("acs:fc:{Region}:{account}:services/{ServiceName}/functions/{FunctionName}",),
        failed=("FailedFcParameters", "FcParameter"),
    ),
    TargetKind(
        "MnsParameters",
        "MnsParameter",
        ("Id", "Region", "Queue", "Topic"),
        (("Queue", "Topic"),),
        arns=(
            "acs:mns:{Region}:{account}:/queues/{Queue}/messages",
            "acs:mns:{Region}:{account}:/topics/{Topic}/messages",
        ),
        failed=("FailedMnsParameters", "MnsParameter"),
    ),
    TargetKind(
        "SlsParameters",
        "SlsParameter",
        ("Id", "Region", "Project", "LogStore"),
        (("Project",), ("LogStore",)),
        arns=("acs:log:{Region}:{account}:project/{Project}/logstore/{LogStore}",),
    ),
    TargetKind(
        "WebhookParameters",
        "WebhookParameter",
        ("Id", "Protocol", "Method", "Url"),
        (("Url",),),
        allowed={"Protocol": ("http", "telnet", "ping"), "Method": ("POST", "GET")},
    ),
    TargetKind(
        "OpenApiParameters",
        "OpenApiParameters",
        ("Id", "Product", "Action", "Version", "Region", "Role", "Arn", "JsonParams"),
        (("Product",), ("Action",), ("Version",)),
        hidden=("JsonParams",),
    ),
)
_MOST_TARGETS: Final = 5


def _note(kind: TargetKind) -> str:
    """What there is to know of its parameter, for documentation."""
    allowed = [f"{member} is one of {listed(values)}" for member, values in kind.allowed.items()]
    needed = " and ".join(" or ".join(ways) for ways in kind.needed)
    return "; ".join([f"1 to {_MOST_TARGETS}", *allowed, f"failed without {needed}"])


_KINDS: Final = {
    kind.name: (
        kind,
        structs(kind.name, *kind.members, most=_MOST_TARGETS, note=_note(kind)),
    )
    for kind in TARGET_KINDS
}

# -- PutEventRuleTargets


def _put_targets(call: MonitorCall) -> JsonObject:
    rule = call.monitor.rules.rule(call.account_id, call[_RULE_NAME])
    sent = [
        (kind, _completed(call, kind, f"{kind.name}.{number}", members))
        for kind, parameter in _KINDS.values()
        for number, members in enumerate(call[parameter], 1)
    ]
    failed = [(kind, members) for kind, members in sent if _lacks(kind, members)]
    for kind, members in sent:
        if not _lacks(kind, members):
            target_id = members.get("Id") or _free_id(rule)
            rule.targets[target_id] = RuleTarget(kind.name, target_id, {**members, "Id": target_id})
    return framed(_failures(call, failed))


def _completed(call: MonitorCall, kind: TargetKind, name: str, sent: Mapping[str, str]) -> Mapping[str, str]:
    """What one target says, beside what it is taken to say.

    Raises:
        ApiError: A value cannot be.
    """
    said = {member: value for member, value in sent.items() if value}
    for member, allowed in kind.allowed.items():
        said[member] = _one_of(call, f"{name}.{member}", said.get(member, ""), allowed)
    if "Region" in kind.members:
        said.setdefault("Region", call.region_id or call.cloud.settings.region_id)
    return said


def _lacks(kind: TargetKind, members: Mapping[str, str]) -> list[str]:
    return [" or ".join(ways) for ways in kind.needed if not any(way in members for way in ways)]


def _free_id(rule: EventRule) -> str:
    return next(str(number) for number in count(1) if str(number) not in rule.targets)


def _failures(call: MonitorCall, failed: "list[tuple[TargetKind, Mapping[str, str]]]") -> JsonObject:
    """What the reply says of targets that lack something."""
    body: JsonObject = {}
    if failed:
        lacking = [f"one of {kind.name} lacks {listed(_lacks(kind, members))}" for kind, members in failed]
        call.hint = f"Not all targets were taken: {'; '.join(lacking)}."
        body["FailedParameterCount"] = str(len(failed))
    for kind in dict.fromkeys(kind for kind, _ in failed if kind.failed[0]):
        name, item = kind.failed
        body[name] = {item: [_failed_view(members) for of, members in failed if of is kind]}
    return body


def _failed_view(members: Mapping[str, str]) -> JsonObject:
    """Its id is a number here, as in the official model; one that is none is left out."""
    view: JsonObject = {name: value for name, value in members.items() if name not in ("Id", "Topic")}
    target_id = members.get("Id", "")
    if target_id.isascii() and target_id.isdigit():
        view["Id"] = int(target_id[:18])
    return view


PUT_TARGETS: Final = Action(
    "PutEventRuleTargets",
    ParameterSet((_RULE_NAME, *(parameter for _, parameter in _KINDS.values()))),
    PACKAGE,
    _put_targets,
    _UNKNOWN,
    unusable=INVALID,
    needs_region=False,
    methods=_METHODS,
    notes=(
        _UNKNOWN_NOTE,
        "An id is of one target of the rule, whatever its kind; a target without one gets the next free number.",
        "A target that lacks what it is to be told at is failed; the others are taken, and Success is true.",
        "What is left out: Region is that of the call, Method POST, Protocol http, Level 4.",
    ),
)

# -- DescribeEventRuleTargetList


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
    return framed(lists, success=None)


def _target_view(kind: TargetKind, members: Mapping[str, str], account_id: str) -> JsonObject:
    view: JsonObject = {name: value for name, value in members.items() if name not in kind.hidden}
    for arn in kind.arns:
        if all(name in members for name in _FIELD.findall(arn)):
            view["Arn"] = arn.format(account=account_id, **members)
            break
    return view


_FIELD: Final = re.compile(r"\{([A-Z]\w*)\}")

TARGETS: Final = Action(
    "DescribeEventRuleTargetList",
    ParameterSet((_RULE_NAME,)),
    PACKAGE,
    _describe_targets,
    _UNKNOWN,
    unusable=INVALID,
    needs_region=False,
    methods=_METHODS,
    notes=(
        _UNKNOWN_NOTE,
        "ParameterCount, which samples of 2020 have, is left out, as in the official model.",
        "An Arn is in the form that the reference of other actions has.",
    ),
)

# -- EnableEventRules, DisableEventRules, DeleteEventRules, DeleteEventRuleTargets


def _enable(call: MonitorCall) -> JsonObject:
    call.monitor.rules.enable(call.account_id, call[_RULE_NAMES], is_enabled=True)
    return framed({})


def _disable(call: MonitorCall) -> JsonObject:
    call.monitor.rules.enable(call.account_id, call[_RULE_NAMES], is_enabled=False)
    return framed({})


def _delete(call: MonitorCall) -> JsonObject:
    call.monitor.rules.delete(call.account_id, call[_RULE_NAMES])
    return framed({})


_IDS: Final = repeated("Ids", most=20, required=True)


def _delete_targets(call: MonitorCall) -> JsonObject:
    call.monitor.rules.delete_targets(call.account_id, call[_RULE_NAME], call[_IDS])
    return framed({})


def _of_several(
    name: str, answer: Callable[[MonitorCall], JsonObject], parameters: ParameterSet, what: str
) -> Action[MonitorCall]:
    return Action(
        name,
        parameters,
        PACKAGE,
        answer,
        _UNKNOWN,
        unusable=INVALID,
        needs_region=False,
        methods=_METHODS,
        notes=("All or nothing.", f"An unknown {what} is ResourceNotFound."),
    )


ENABLE: Final = _of_several("EnableEventRules", _enable, ParameterSet((_RULE_NAMES,)), "rule")
DISABLE: Final = _of_several("DisableEventRules", _disable, ParameterSet((_RULE_NAMES,)), "rule")
DELETE: Final = _of_several("DeleteEventRules", _delete, ParameterSet((_RULE_NAMES,)), "rule")
DELETE_TARGETS: Final = _of_several(
    "DeleteEventRuleTargets", _delete_targets, ParameterSet((_RULE_NAME, _IDS)), "rule or target"
)

RULE_ACTIONS: Final = (PUT, PUT_TARGETS, LIST, ATTRIBUTE, TARGETS, ENABLE, DISABLE, DELETE, DELETE_TARGETS)
