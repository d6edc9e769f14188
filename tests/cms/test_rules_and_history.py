"""Rules and queries agree for random events; threads can create rules; the report lists events without a receiver."""

import concurrent.futures
import json

import pytest
from aliyunsdkcore.client import AcsClient
from cms_requests import START, request_of
from hypothesis import given
from hypothesis import strategies as st

from pytest_ecsevents import EcsEvents

pytest.importorskip("aliyunsdkcms")

TYPES = ("SystemMaintenance.Reboot", "SystemFailure.Stop", "SystemMaintenance.PerformanceImpact", "Stalled")
NAMES = (
    "Instance:SystemMaintenance.Reboot:Scheduled",
    "Instance:SystemMaintenance.Reboot:Executed",
    "Instance:StateChange",
    "Disk:Stalled:Executing",
)


def some_of(values):
    """Draw none, some or all of these, sometimes the wildcard."""
    return st.lists(st.sampled_from([*values, "*"]), max_size=3, unique=True)


PATTERN = st.fixed_dictionaries(
    {
        "NameList": some_of(NAMES),
        "LevelList": some_of(["CRITICAL", "WARN", "INFO"]),
        "EventTypeList": some_of(["Maintenance", "Exception", "StatusNotification"]),
        "StatusList": some_of(["Scheduled", "Executing", "Executed", "Normal"]),
    }
)
_KEYS = {"NameList": "name", "LevelList": "level", "EventTypeList": "eventType", "StatusList": "status"}


def is_meant(pattern, notification):
    """Return whether a pattern matches: each list has the value or the wildcard, or is empty."""
    return all(not values or "*" in values or notification[_KEYS[name]] in values for name, values in pattern.items())


@given(st.lists(PATTERN, min_size=1, max_size=3), st.lists(st.sampled_from(TYPES), min_size=1, max_size=4))
def test_a_rule_delivers_what_its_patterns_match_and_the_history_has_it(patterns, types):
    """For random rules and events, the function gets exactly the matching ones, in the listed order."""
    with EcsEvents(START) as ecs:
        got = []
        ecs.instances.add("i-web1", disks=["d-1"])
        ecs.function_compute(lambda event, _: got.append(json.loads(event)), name="ops/all", rules_only=True)
        client = AcsClient("ak", "secret", "cn-hangzhou")

        def ask(action, **params):
            return json.loads(client.do_action_with_exception(request_of(action, **params)))

        ask("PutEventRule", RuleName="r", EventPatterns=[{"Product": "ecs", **pattern} for pattern in patterns])
        ask("PutEventRuleTargets", RuleName="r", FcParameterss=[{"ServiceName": "ops", "FunctionName": "all"}])
        for name in types:
            disk_id = "d-1" if name == "Stalled" else None
            ecs.create(name, "i-web1", simulated=False, status="Executing", disk_id=disk_id, executing_for="1h")
            ecs.advance("10m")
        ecs.advance("2h")
        meant = [one for one in ecs.notifications if any(is_meant(pattern, one) for pattern in patterns)]
        assert got == meant
        listed = ask("DescribeSystemEventAttribute", PageSize=100)["SystemEvents"]["SystemEvent"]
        assert [one["Id"] for one in reversed(listed)] == [one["id"] for one in ecs.notifications]


def test_many_threads_set_up_rules(ecs):
    """No rule and no target is lost, and each event reaches all of them."""

    def work(worker):
        client = AcsClient("ak", "secret", "cn-hangzhou")
        for number in range(10):
            name, target = f"rule-{worker}-{number}", {"ContactGroupName": "on-call"}
            client.do_action_with_exception(
                request_of("PutEventRule", RuleName=name, EventPatterns=[{"Product": "ecs"}])
            )
            client.do_action_with_exception(
                request_of("PutEventRuleTargets", RuleName=name, ContactParameterss=[target] * 3)
            )
            ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    before = {name: len(rule.deliveries) for name, rule in ecs.event_rules.items()}
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    assert len(before) == 80
    assert {name: len(rule.deliveries) - before[name] for name, rule in ecs.event_rules.items()} == dict.fromkeys(
        before, 3
    )


STORY = """
import json

import pytest
from aliyunsdkcore.client import AcsClient
from cms_requests import request_of

@pytest.mark.ecs_instance("i-web1")
def test_it(ecs_events):
    client = AcsClient("ak", "secret", "cn-hangzhou")
    pattern, target = {"Product": "ecs"}, {"Id": "1", "ServiceName": "ops", "FunctionName": "drain"}
    client.do_action_with_exception(request_of("PutEventRule", RuleName="reboots", EventPatterns=[pattern]))
    client.do_action_with_exception(request_of("PutEventRuleTargets", RuleName="reboots", FcParameterss=[target]))
    ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    assert ecs_events.event_rules["reboots"].deliveries[0].outcome == "delivered"
"""


def test_the_report_says_which_function_to_register(pytester):
    """The timeline has the rule's calls, the event, and the missing receiver, in order."""
    pytester.makepyfile(STORY)
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    start = next(number for number, line in enumerate(result.outlines) if line.endswith("1 event, 2 calls, 0 faults"))
    lines = result.outlines[start + 1 : start + 5]
    assert [line for line in lines if " event " not in line] == [
        " +00:00:00  call      Cms PutEventRule(RuleName=reboots, EventPattern=[Product=ecs]) -> 200",
        " +00:00:00  call      Cms PutEventRuleTargets(RuleName=reboots, FcParameters=[FunctionName=drain ServiceName=ops Id=1]) "
        "-> 200",
        " +00:00:00  push      Instance:SystemMaintenance.Reboot:Scheduled of i-web1 -> function ops/drain (rule reboots): not "
        'delivered, no function ops/drain here; register it with ecs_events.function_compute(handler, name="ops/drain")',
    ]
