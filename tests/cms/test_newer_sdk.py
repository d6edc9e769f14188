"""The newer SDK of CloudMonitor, alibabacloud-cms20190101, sync and async, with the same rules."""

import asyncio
import json

import pytest
from cms_requests import AT

pytest.importorskip("aliyunsdkcms")

models = pytest.importorskip("alibabacloud_cms20190101.models")
Client = pytest.importorskip("alibabacloud_cms20190101.client").Client
ClientException = pytest.importorskip("alibabacloud_tea_openapi.exceptions").ClientException
Config = pytest.importorskip("alibabacloud_tea_openapi.models").Config
pytest.importorskip("aiohttp")


@pytest.fixture(params=["sync", "async"])
def send(request, ecs):
    """Call a method of the client, sync or async: `send("put_event_rule", request)`."""

    def sync(method, what):
        return getattr(client(), method)(what).body

    def asynchronous(method, what):
        async def run():
            return (await getattr(client(), f"{method}_async")(what)).body

        return asyncio.run(run())

    return {"sync": sync, "async": asynchronous}[request.param]


def client():
    """A client without an endpoint: the SDK uses that of its region."""
    return Client(Config(access_key_id="any", access_key_secret="key", region_id="cn-hangzhou"))


PATTERN = models.PutEventRuleRequestEventPattern(
    product="ecs", level_list=["CRITICAL"], name_list=["Instance:SystemMaintenance.Reboot:Scheduled"]
)
RULE = models.PutEventRuleRequest(rule_name="reboots", event_pattern=[PATTERN], state="ENABLED")
TARGETS = models.PutEventRuleTargetsRequest(
    rule_name="reboots",
    fc_parameters=[
        models.PutEventRuleTargetsRequestFcParameters(
            id="1", region="cn-hangzhou", service_name="ops", function_name="on-event"
        )
    ],
)


def test_a_rule_is_set_up_and_fires(ecs, send):
    """The cloud understands the SDK's requests, and the SDK's models read the replies."""
    got = []
    ecs.function_compute(lambda event, _context: got.append(json.loads(event)), name="ops/on-event", rules_only=True)
    put = send("put_event_rule", RULE)
    assert (put.success, put.code, put.data) == (True, "200", "1")
    assert send("put_event_rule_targets", TARGETS).failed_parameter_count is None
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.advance("2h")
    assert [one["name"] for one in got] == ["Instance:SystemMaintenance.Reboot:Scheduled"]
    attribute = send("describe_event_rule_attribute", models.DescribeEventRuleAttributeRequest(rule_name="reboots"))
    assert attribute.result.event_pattern.level_list.level_list == ["CRITICAL"]
    targets = send("describe_event_rule_target_list", models.DescribeEventRuleTargetListRequest(rule_name="reboots"))
    assert targets.fc_parameters.fcparameter[0].function_name == "on-event"
    (rule,) = send("describe_event_rule_list", models.DescribeEventRuleListRequest()).event_rules.event_rule
    assert (rule.name, rule.silence_time) == ("reboots", 86_400)
    (pattern,) = rule.event_pattern.event_pattern
    assert pattern.level_list.level_list == ["CRITICAL"]
    deleted = send("delete_event_rules", models.DeleteEventRulesRequest(rule_names=["reboots"]))
    assert (deleted.success, len(ecs.event_rules)) == (True, 0)


def test_the_history_can_be_queried(ecs, send):
    """Times are numbers, Success is a text if the model has one, Content is JSON text."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    request = models.DescribeSystemEventAttributeRequest(product="ECS", level="CRITICAL", start_time=str(AT // 1000))
    reply = send("describe_system_event_attribute", request)
    (shown,) = reply.system_events.system_event
    assert (reply.success, shown.time, json.loads(shown.content)["eventStatus"]) == ("true", AT, "Scheduled")
    count = send("describe_system_event_count", models.DescribeSystemEventCountRequest(level="CRITICAL"))
    assert [one.num for one in count.system_event_counts.system_event_count] == [1]
    ecs.advance("15m")
    histogram = send("describe_system_event_histogram", models.DescribeSystemEventHistogramRequest(level="CRITICAL"))
    intervals = histogram.system_event_histograms.system_event_histogram
    assert (len(intervals), intervals[0].count, sum(one.count for one in intervals)) == (30, 1, 1)
    names = send("describe_system_event_meta_list", models.DescribeSystemEventMetaListRequest())
    assert (names.success, names.code) == (True, 200)
    assert {one.product for one in names.data.resource} == {"ECS"}


def test_an_error_is_what_the_sdk_makes_of_it(ecs, send):
    """The SDK's message has the code, as for any error."""
    with pytest.raises(ClientException, match=r"The specified resource does not exist: none"):
        send("enable_event_rules", models.EnableEventRulesRequest(rule_names=["none"]))
    assert [(call.product, call.code) for call in ecs.calls] == [("Cms", "ResourceNotFound")]
