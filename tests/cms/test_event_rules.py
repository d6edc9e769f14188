"""Event rules: what their API accepts, keeps, returns and refuses."""

import pytest

from pytest_ecsevents import NoSuchNameError

pytest.importorskip("aliyunsdkcms")

ALL_TARGETS = {
    "FcParameterss": [{"Id": "1", "Region": "cn-beijing", "ServiceName": "ops", "FunctionName": "on-event"}],
    "MnsParameterss": [{"Id": "2", "Region": "cn-hangzhou", "Queue": "ecs-events"}, {"Id": "3", "Topic": "ecs-topic"}],
    "ContactParameterss": [{"Id": "4", "ContactGroupName": "on-call", "Level": "3"}],
    "SlsParameterss": [{"Id": "5", "Region": "cn-hangzhou", "Project": "ops", "LogStore": "events"}],
    "WebhookParameterss": [{"Id": "6", "Protocol": "http", "Method": "GET", "Url": "http://127.0.0.1:9/hook"}],
    "OpenApiParameterss": [{"Id": "7", "Product": "Ecs", "Action": "RebootInstance", "Version": "2014-05-26"}],
}
OWNER = "1000000000000001"


@pytest.fixture
def put(ask):
    """Put a rule for all events of ECS: `put("reboots")`."""

    def put(name, pattern=None, **params):
        return ask("PutEventRule", RuleName=name, EventPatterns=[pattern or {"Product": "ecs"}], **params)

    return put


def without_id(reply):
    """Return a reply without the values that differ each time."""
    return {key: value for key, value in reply.items() if key != "RequestId"}


def listed(ask, **params):
    """Return the names of the listed rules."""
    return [rule["Name"] for rule in ask("DescribeEventRuleList", **params)["EventRules"]["EventRule"]]


# -- PutEventRule


def test_a_rule_is_made_with_defaults(ecs, ask, put):
    """The reply is the documented one; a rule without further parameters is enabled and for system events."""
    assert without_id(put("reboots")) == {"Data": "1", "Code": "200", "Success": True}
    reply = ask("DescribeEventRuleAttribute", RuleName="reboots")
    assert without_id(reply) == {
        "Code": "200",
        "Success": True,
        "Result": {"Name": "reboots", "State": "ENABLED", "EventType": "SYSTEM", "EventPattern": {"Product": "ecs"}},
    }
    assert (ecs.event_rules["reboots"].silence_time, ecs.event_rules["reboots"].is_enabled) == (86_400, True)


FULL = {
    "Product": "ECS",
    "EventTypeList": ["Maintenance", "Exception"],
    "LevelList": ["CRITICAL", "*"],
    "NameList": ["Instance:SystemMaintenance.Reboot:Scheduled"],
    "StatusList": ["Scheduled"],
    "KeywordFilter": {"Keywords": ["i-web1", "i-web2"], "Relation": "NOT"},
    "CustomFilters": "web",
    "SQLFilter": "* | select 1",
}


def test_a_rule_keeps_all_its_parameters(ecs, ask, put):
    """Both queries return it in their own form: lists under a key of their name, keywords by two names."""
    put("full", FULL, Description="Reboots.", GroupId="7378", State="DISABLED", SilenceTime=60)
    lists = {
        "Product": "ECS",
        "EventTypeList": {"EventTypeList": ["Maintenance", "Exception"]},
        "LevelList": {"LevelList": ["CRITICAL", "*"]},
        "NameList": {"NameList": ["Instance:SystemMaintenance.Reboot:Scheduled"]},
        "SQLFilter": "* | select 1",
    }
    rule = {"Name": "full", "State": "DISABLED", "EventType": "SYSTEM", "Description": "Reboots.", "GroupId": "7378"}
    assert ask("DescribeEventRuleAttribute", RuleName="full", SilenceTime="1")["Result"] == {
        **rule,
        "EventPattern": {
            **lists,
            "StatusList": {"StatusList": ["Scheduled"]},
            "KeywordFilterObj": {"Relation": "NOT", "Keywords": {"keyword": ["i-web1", "i-web2"]}},
        },
    }
    reply = ask("DescribeEventRuleList", IsEnable=False)
    pattern = {
        **lists,
        "CustomFilters": "web",
        "KeywordFilter": {"Relation": "NOT", "Keywords": {"Keywords": ["i-web1", "i-web2"]}},
    }
    assert without_id(reply) == {
        "Code": "200",
        "Success": True,
        "Total": 1,
        "EventRules": {
            "EventRule": [
                {
                    **rule,
                    "SilenceTime": 60,
                    "EventPattern": {**pattern, "EventPattern": [pattern]},
                }
            ]
        },
    }
    assert "What follows | in SQLFilter is not evaluated." in ecs.timeline()


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("level:CRITICAL", "'level:CRITICAL' is about a field"),
        ("a and size > 3", "'>' is about a field"),
        ("(a or b", "a parenthesis is not closed"),
        ("a) or b", "there is no parenthesis for ')'"),
        ("a and", "it ends too early"),
        ("a or and b", "a word is missing before 'and'"),
        ('a and "b', "a quotation mark has no second one"),
        ("(" * 60 + "a" + ")" * 60, "it has too many parentheses"),
        ("| select 1", "it ends too early"),
    ],
)
def test_a_query_that_cannot_be_evaluated_gets_a_hint(ecs, put, query, problem):
    """The rule is kept, and fires as without it."""
    put("odd", {"Product": "ecs", "SQLFilter": query})
    text = f"SQLFilter is not evaluated: {problem}. The rule fires if the rest of its pattern matches."
    assert text in " ".join(ecs.timeline().split())


def test_several_patterns_are_a_list_beside_the_first(ask):
    """The SDK's models read all of them; programs that read one pattern's members get the first."""
    patterns = [{"Product": "ecs", "LevelList": [level]} for level in ("CRITICAL", "WARN")]
    ask("PutEventRule", RuleName="two", EventPatterns=patterns)
    first, second = ({"Product": "ecs", "LevelList": {"LevelList": [level]}} for level in ("CRITICAL", "WARN"))

    (rule,) = ask("DescribeEventRuleList")["EventRules"]["EventRule"]

    assert rule["EventPattern"] == {**first, "EventPattern": [first, second]}


def test_a_name_that_no_notification_has_gets_a_hint(ecs, put):
    """The service accepts it, and the rule never fires; names by the grammar, `*` and other products are accepted."""
    put("typo", {"Product": "ecs", "NameList": ["Instance:SystemMaintenance.Rebot:Scheduled", "Instance:StateChange"]})
    put("fine", {"Product": "ECS", "NameList": ["*", "Instance:SystemUpgrade.Migrate:Executed"]})
    put("other", {"Product": "slb", "NameList": ["Anything"]})
    hints = [line.strip() for line in ecs.timeline().splitlines() if "has no notification" in line]
    assert hints == [
        "ECS has no notification 'Instance:SystemMaintenance.Rebot:Scheduled'. Did you mean "
        "Instance:SystemMaintenance.Reboot:Scheduled?"
    ]


def test_a_rule_of_that_name_is_changed(ecs, ask, put):
    """The pattern is replaced; what the call omits stays (a guess), also the targets."""
    put("reboots", FULL, Description="Reboots.", GroupId="7", State="DISABLED", SilenceTime=60)
    ask("PutEventRuleTargets", RuleName="reboots", **ALL_TARGETS)
    assert put("reboots", {"Product": "*"})["Data"] == "1"
    rule = ecs.event_rules["reboots"]
    assert [pattern.product for pattern in rule.patterns] == ["*"]
    assert (rule.description, rule.group_id, rule.is_enabled, rule.silence_time) == ("Reboots.", "7", False, 60)
    assert len(rule.targets) == 7
    put("reboots", Description="All.", EventType="CUSTOM", State="ENABLED", SilenceTime=0)
    assert (rule.description, rule.event_type, rule.is_enabled, rule.silence_time) == ("All.", "CUSTOM", True, 0)
    assert len(ecs.event_rules) == 1


PRODUCT_MISSING = (
    'The input parameter "EventPattern.{}.Product" that is mandatory for processing this request is not supplied.'
)


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        ([], 'The input parameter "EventPattern.N" that is mandatory for processing this request is not supplied.'),
        ([{"LevelList": ["*"]}], PRODUCT_MISSING.format(1)),
        ([{"Product": "ecs"}, {"CustomFilters": "x"}], PRODUCT_MISSING.format(2)),
    ],
)
def test_a_pattern_with_its_product_is_needed(refused, patterns, message):
    """A call without a pattern, or without a product in each, is refused as one with a missing parameter."""
    assert refused("PutEventRule", RuleName="r", EventPatterns=patterns) == (400, "MissingParameter", message)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (
            {"LevelList": ["CRITICAL", "Warning"]},
            "The specified parameter EventPattern.1.LevelList.N is not valid: 'Warning'. Allowed values are: CRITICAL, WARN, "
            "INFO, *. Did you mean WARN?",
        ),
        (
            {"EventTypeList": ["maintenance"]},
            "The specified parameter EventPattern.1.EventTypeList.N is not valid: 'maintenance'. Allowed values are: "
            "StatusNotification, Exception, Maintenance, *. Did you mean Maintenance?",
        ),
        (
            {"KeywordFilter": {"Relation": "AND"}},
            "The specified parameter EventPattern.1.KeywordFilter.Relation is not valid: 'AND'. Allowed values are: OR, NOT.",
        ),
        (
            {"NameList": [f"name-{number}" for number in range(51)]},
            "The specified parameter EventPattern.1.NameList.N is not valid: 51 values. It takes at most 50.",
        ),
    ],
)
def test_a_pattern_that_cannot_be_is_refused(refused, pattern, message):
    """Undocumented values are refused with the nearest one, in a code that is a guess."""
    refusal = refused("PutEventRule", RuleName="r", EventPatterns=[{"Product": "ecs", **pattern}])
    assert refusal == (400, "ParameterInvalid", message)


def test_there_may_be_fifty_patterns(ecs, put, ask, refused):
    """The documented limit is exact."""
    ask("PutEventRule", RuleName="r", EventPatterns=[{"Product": "ecs"}] * 50)
    assert len(ecs.event_rules["r"].patterns) == 50
    assert refused("PutEventRule", RuleName="r", EventPatterns=[{"Product": "ecs"}] * 51) == (
        400,
        "ParameterInvalid",
        "The specified parameter EventPattern.N is not valid: 51 values. It takes at most 50.",
    )


@pytest.mark.parametrize(
    ("params", "name"),
    [({"State": "ON"}, "State"), ({"EventType": "OTHER"}, "EventType"), ({"SilenceTime": "-1"}, "SilenceTime")],
)
def test_other_values_that_cannot_be_are_refused(refused, params, name):
    """Each parameter with documented values refuses others."""
    status, code, message = refused("PutEventRule", RuleName="r", EventPatterns=[{"Product": "ecs"}], **params)
    assert (status, code) == (400, "ParameterInvalid")
    assert message.startswith(f"The specified parameter {name} is not valid:")


# -- DescribeEventRuleList


def test_rules_are_listed_in_pages(ask, put):
    """Ten per page by default, in order of creation, with the total."""
    for number in range(12):
        put(f"rule-{number}")
    assert listed(ask) == [f"rule-{number}" for number in range(10)]
    assert listed(ask, PageNumber="2") == ["rule-10", "rule-11"]
    assert listed(ask, PageNumber="2", PageSize="5") == [f"rule-{number}" for number in range(5, 10)]
    assert listed(ask, PageNumber="9") == []
    assert ask("DescribeEventRuleList", PageSize="1")["Total"] == 12


def test_rules_are_filtered(ask, put):
    """They can be filtered by prefix, state and group; without a state all are listed."""
    put("web-on", GroupId="7")
    put("web-off", State="DISABLED")
    put("db-on")
    assert listed(ask, NamePrefix="web-") == ["web-on", "web-off"]
    assert listed(ask, IsEnable=True) == ["web-on", "db-on"]
    assert listed(ask, IsEnable=False) == ["web-off"]
    assert listed(ask, GroupId="7") == ["web-on"]
    assert listed(ask) == ["web-on", "web-off", "db-on"]


@pytest.mark.parametrize(
    "params", [{"PageSize": "101"}, {"PageNumber": "0"}, {"IsEnable": "perhaps"}], ids=lambda params: next(iter(params))
)
def test_a_list_that_cannot_be_is_refused(refused, params):
    """Numbers out of range are refused, and values that are neither true nor false."""
    assert refused("DescribeEventRuleList", **params)[:2] == (400, "ParameterInvalid")


def test_rules_are_of_an_account(ecs, ask, put):
    """Another account has its own rules, also under the same name."""
    ecs.access_keys["ak-2"] = "222"
    put("reboots")
    put("reboots", access_key="ak-2", State="DISABLED")
    assert listed(ask, IsEnable=True) == ["reboots"]
    assert listed(ask, access_key="ak-2", IsEnable=True) == []
    assert list(ecs.event_rules) == ["reboots"]


# -- targets


def test_targets_are_kept_and_shown(ecs, ask, put):
    """Each kind is in its list with its own names; resource names are built from the parameters."""
    put("reboots")
    assert without_id(ask("PutEventRuleTargets", RuleName="reboots", **ALL_TARGETS)) == {"Code": "200", "Success": True}
    assert without_id(ask("DescribeEventRuleTargetList", RuleName="reboots")) == {
        "Code": "200",
        "FcParameters": {
            "FCParameter": [
                {
                    "Id": "1",
                    "Region": "cn-beijing",
                    "ServiceName": "ops",
                    "FunctionName": "on-event",
                    "Arn": f"acs:fc:cn-beijing:{OWNER}:services/ops/functions/on-event",
                }
            ]
        },
        "MnsParameters": {
            "MnsParameter": [
                {
                    "Id": "2",
                    "Region": "cn-hangzhou",
                    "Queue": "ecs-events",
                    "Arn": f"acs:mns:cn-hangzhou:{OWNER}:/queues/ecs-events/messages",
                },
                {
                    "Id": "3",
                    "Region": "cn-hangzhou",
                    "Topic": "ecs-topic",
                    "Arn": f"acs:mns:cn-hangzhou:{OWNER}:/topics/ecs-topic/messages",
                },
            ]
        },
        "ContactParameters": {"ContactParameter": [{"Id": "4", "ContactGroupName": "on-call", "Level": "3"}]},
        "SlsParameters": {
            "SlsParameter": [
                {
                    "Id": "5",
                    "Region": "cn-hangzhou",
                    "Project": "ops",
                    "LogStore": "events",
                    "Arn": f"acs:log:cn-hangzhou:{OWNER}:project/ops/logstore/events",
                }
            ]
        },
        "WebhookParameters": {
            "WebhookParameter": [{"Id": "6", "Protocol": "http", "Method": "GET", "Url": "http://127.0.0.1:9/hook"}]
        },
        "OpenApiParameters": {
            "OpenApiParameters": [
                {
                    "Id": "7",
                    "Product": "Ecs",
                    "Action": "RebootInstance",
                    "Version": "2014-05-26",
                    "Region": "cn-hangzhou",
                }
            ]
        },
    }


def test_targets_are_added_and_changed_by_their_id(ecs, ask, put):
    """A second call adds; a known id replaces its target; a target without an id gets the next free number."""
    put("reboots")
    ask(
        "PutEventRuleTargets", RuleName="reboots", MnsParameterss=[{"Id": "1", "Queue": "a"}, {"Id": "9", "Queue": "b"}]
    )
    ask("PutEventRuleTargets", RuleName="reboots", MnsParameterss=[{"Id": "1", "Queue": "c"}, {"Queue": "d"}])
    targets = ecs.event_rules["reboots"].targets
    assert {target_id: target.members["Queue"] for target_id, target in targets.items()} == {
        "1": "c",
        "9": "b",
        "2": "d",
    }
    ask("PutEventRuleTargets", RuleName="reboots", ContactParameterss=[{"Id": "1", "ContactGroupName": "on-call"}])
    assert ecs.event_rules["reboots"].targets["1"].members == {"Id": "1", "ContactGroupName": "on-call", "Level": "4"}


def test_targets_that_lack_something_are_failed_and_the_others_taken(ecs, ask, put):
    """The reply counts them and lists the kinds that it has a list for; the timeline says what is missing."""
    put("reboots")
    reply = ask(
        "PutEventRuleTargets",
        RuleName="reboots",
        FcParameterss=[{"Id": "1", "ServiceName": "ops"}, {"Id": "f", "FunctionName": "on-event"}],
        MnsParameterss=[{"Id": "2", "Region": "cn-beijing"}, {"Id": "3", "Queue": "a"}],
        ContactParameterss=[{"Id": "4"}],
        WebhookParameterss=[{"Id": "5"}],
    )
    assert without_id(reply) == {
        "Code": "200",
        "Success": True,
        "FailedParameterCount": "5",
        "FailedFcParameters": {
            "FcParameter": [
                {"Id": 1, "Region": "cn-hangzhou", "ServiceName": "ops"},
                {"Region": "cn-hangzhou", "FunctionName": "on-event"},
            ]
        },
        "FailedMnsParameters": {"MnsParameter": [{"Id": 2, "Region": "cn-beijing"}]},
        "FailedContactParameters": {"ContactParameter": [{"Id": 4, "Level": "4"}]},
    }
    assert list(ecs.event_rules["reboots"].targets) == ["3"]
    assert (
        "Some targets failed: one of ContactParameters lacks ContactGroupName; one of FcParameters lacks FunctionName; "
        "one of FcParameters lacks ServiceName; one of MnsParameters lacks Queue or Topic; one of WebhookParameters lacks Url."
    ) in " ".join(ecs.timeline().split())


def test_five_targets_of_a_kind_may_be_sent(ask, put, refused):
    """The documented limit of one call is exact."""
    put("reboots")
    ask("PutEventRuleTargets", RuleName="reboots", MnsParameterss=[{"Queue": f"queue-{number}"} for number in range(5)])
    targets = [{"Queue": f"queue-{number}"} for number in range(6)]
    assert refused("PutEventRuleTargets", RuleName="reboots", MnsParameterss=targets) == (
        400,
        "ParameterInvalid",
        "The specified parameter MnsParameters.N is not valid: 6 values. It takes at most 5.",
    )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"WebhookParameterss": [{"Url": "http://127.0.0.1/", "Method": "PUT"}]},
            "The specified parameter WebhookParameters.1.Method is not valid: 'PUT'. Allowed values are: POST, GET.",
        ),
        (
            {"WebhookParameterss": [{"Url": "http://127.0.0.1/", "Protocol": "https"}]},
            "The specified parameter WebhookParameters.1.Protocol is not valid: 'https'. Allowed values are: http, telnet, "
            "ping. Did you mean http?",
        ),
        (
            {"ContactParameterss": [{"ContactGroupName": "a"}, {"ContactGroupName": "b", "Level": "1"}]},
            "The specified parameter ContactParameters.2.Level is not valid: '1'. Allowed values are: 4, 3, 2.",
        ),
    ],
)
def test_a_target_that_cannot_be_is_refused(ecs, put, refused, params, message):
    """Undocumented values are refused, and no target is added."""
    put("reboots")
    assert refused("PutEventRuleTargets", RuleName="reboots", **params) == (400, "ParameterInvalid", message)
    assert ecs.event_rules["reboots"].targets == {}


def test_targets_are_deleted(ecs, ask, put, refused):
    """The call deletes all named targets, or no target."""
    put("reboots")
    ask("PutEventRuleTargets", RuleName="reboots", **ALL_TARGETS)
    assert refused("DeleteEventRuleTargets", RuleName="reboots", Idss=["1", "no"])[:2] == (404, "ResourceNotFound")
    assert "Event rule 'reboots' has no target 'no'. It has: 4, 1, 2, 3, 5, 6, 7." in " ".join(ecs.timeline().split())
    assert without_id(ask("DeleteEventRuleTargets", RuleName="reboots", Idss=["1", "3", "1"])) == {
        "Code": "200",
        "Success": True,
    }
    assert list(ecs.event_rules["reboots"].targets) == ["4", "2", "5", "6", "7"]


# -- several rules at once


@pytest.mark.parametrize(
    ("action", "state"),
    [("EnableEventRules", [True, True]), ("DisableEventRules", [False, False]), ("DeleteEventRules", [])],
)
def test_rules_are_enabled_disabled_and_deleted(ecs, ask, put, action, state):
    """Checks the reply and the state of the rules."""
    put("one")
    put("two", State="DISABLED")
    assert without_id(ask(action, RuleNamess=["one", "two", "two"])) == {"Code": "200", "Success": True}
    assert [rule.is_enabled for rule in ecs.event_rules.values()] == state


@pytest.mark.parametrize("action", ["EnableEventRules", "DisableEventRules", "DeleteEventRules"])
def test_one_unknown_rule_spoils_the_call(ecs, put, refused, action):
    """No rule is changed, and the error names the unknown one (a guess); the timeline names the nearest."""
    put("one", State="DISABLED")
    put("two")
    assert refused(action, RuleNamess=["one", "two", "tow"]) == (
        404,
        "ResourceNotFound",
        "The specified resource does not exist: tow",
    )
    assert [rule.is_enabled for rule in ecs.event_rules.values()] == [False, True]
    story = " ".join(ecs.timeline().split())
    assert f"Account {OWNER} has no event rule 'tow'. Did you mean two? It has: one, two." in story


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("PutEventRuleTargets", {}),
        ("DescribeEventRuleAttribute", {}),
        ("DescribeEventRuleTargetList", {}),
        ("DeleteEventRuleTargets", {"Idss": ["1"]}),
    ],
)
def test_an_unknown_rule_is_not_found(refused, action, params):
    """Each action on one rule refuses it."""
    assert refused(action, RuleName="none", **params)[:2] == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("action", "name", "params"),
    [
        ("EnableEventRules", "RuleNames.N", {}),
        ("DisableEventRules", "RuleNames.N", {}),
        ("DeleteEventRules", "RuleNames.N", {}),
        ("DeleteEventRuleTargets", "Ids.N", {"RuleName": "r"}),
        ("DeleteEventRuleTargets", "RuleName", {"Idss": ["1"]}),
        ("PutEventRuleTargets", "RuleName", {}),
        ("DescribeEventRuleAttribute", "RuleName", {}),
        ("DescribeEventRuleTargetList", "RuleName", {}),
        ("PutEventRule", "RuleName", {"EventPatterns": [{"Product": "ecs"}]}),
    ],
)
def test_a_missing_parameter_is_named(refused, action, name, params):
    """The refusal names the missing parameter."""
    assert refused(action, **params) == (
        400,
        "MissingParameter",
        f'The input parameter "{name}" that is mandatory for processing this request is not supplied.',
    )


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("EnableEventRules", {"RuleNamess": ["rule"] * 21}),
        ("DeleteEventRuleTargets", {"RuleName": "r", "Idss": ["1"] * 21}),  # a warning would take letters for a text
    ],
)
def test_twenty_may_be_named(put, refused, action, params):
    """This is the documented limit."""
    put("r")
    assert refused(action, **params)[1] == "ParameterInvalid"


# -- what the test can read


def test_a_rule_that_is_not_there_names_the_nearest(ecs, put):
    """`event_rules` is a mapping; a wrong name raises an error in the test."""
    put("reboots")
    with pytest.raises(NoSuchNameError) as error:
        ecs.event_rules["reboot"]
    assert str(error.value) == f"Account {OWNER} has no event rule 'reboot'. Did you mean reboots? It has: reboots."
    assert repr(ecs.event_rules) == "<event rules: reboots>"
