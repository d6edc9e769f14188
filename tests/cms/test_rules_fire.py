"""Event rules that a handler has created through the API, and what they deliver."""

import http.server
import json
import threading
import urllib.parse

import pytest
import responses

from pytest_ecsevents import BadArgumentError

pytest.importorskip("aliyunsdkcms")

SCHEDULED = "Instance:SystemMaintenance.Reboot:Scheduled"


@pytest.fixture
def rule(ask):
    """Put a rule with targets: `rule("reboots", {"Product": "ecs"}, MnsParameterss=[...])`."""

    def rule(name, pattern=None, *, more=(), **targets):
        ask("PutEventRule", RuleName=name, EventPatterns=[pattern or {"Product": "ecs"}, *more])
        if targets:
            ask("PutEventRuleTargets", RuleName=name, **targets)

    return rule


FUNCTION = [{"Id": "1", "Region": "cn-hangzhou", "ServiceName": "ops", "FunctionName": "on-event"}]


@pytest.fixture
def function(ecs):
    """A function that rules invoke; returns the list of events that it received."""
    got = []
    ecs.function_compute(lambda event, _context: got.append(json.loads(event)), name="ops/on-event", rules_only=True)
    return got


def outcomes(ecs, name):
    """Return (notification, receiver, outcome) of each delivery of a rule."""
    return [
        (one.name.removeprefix("Instance:"), one.subscription.receiver, one.outcome)
        for one in ecs.event_rules[name].deliveries
    ]


def scheduled(ecs, instance_id="i-web1"):
    """Publish an event whose only notification is Scheduled."""
    return ecs.create("SystemMaintenance.Reboot", instance_id, not_before="+1h")


# -- Function Compute


def test_a_rule_invokes_the_function_that_it_names(ecs, rule, function):
    """The function gets the flat form of what the rule matches, nothing else; the timeline names the rule."""
    rule("reboots", {"Product": "ecs", "NameList": [SCHEDULED]}, FcParameterss=FUNCTION)
    event = scheduled(ecs)
    ecs.advance("2h")
    (sent,) = function
    assert sent == next(one for one in ecs.notifications if one["name"] == SCHEDULED)
    assert sent["content"]["eventId"] == event.event_id
    assert outcomes(ecs, "reboots") == [("SystemMaintenance.Reboot:Scheduled", "function ops/on-event", "delivered")]
    assert "of i-web1 -> function ops/on-event (rule reboots)" in ecs.timeline()


def test_a_function_is_invoked_by_itself_too_unless_it_is_for_rules_only(ecs, rule):
    """A subscription delivers everything once, and each rule that names the function once more."""
    names = []
    subscription = ecs.function_compute(lambda event, _: names.append(json.loads(event)["name"]), name="ops/on-event")
    rule("reboots", FcParameterss=FUNCTION)
    scheduled(ecs)
    assert names == [SCHEDULED] * 2
    assert sorted(delivery.rule_name for delivery in subscription.deliveries) == ["", "reboots"]


def test_a_function_that_is_not_registered_gets_a_hint(ecs, rule):
    """The timeline says how to register it; the test goes on."""
    rule("reboots", FcParameterss=FUNCTION)
    scheduled(ecs)
    (delivery,) = ecs.event_rules["reboots"].deliveries
    assert (delivery.outcome, delivery.attempt, delivery.subscription.receiver) == (
        "not delivered",
        0,
        "function ops/on-event",
    )
    assert str(delivery.error) == (
        'no function ops/on-event here; register it with ecs_events.function_compute(handler, name="ops/on-event")'
    )
    assert " ".join(ecs.timeline().split()).endswith(
        f"{SCHEDULED} of i-web1 -> function ops/on-event (rule reboots): not delivered, {delivery.error}"
    )


def test_a_function_is_sought_when_the_rule_fires(ecs, rule):
    """It can be registered after the rule, and replaced by another one."""
    rule("reboots", FcParameterss=FUNCTION)
    first, second = [], []
    for got in (first, second):
        ecs.function_compute(lambda event, _, got=got: got.append(event), name="ops/on-event", rules_only=True)
        scheduled(ecs)
    assert (len(first), len(second)) == (1, 1)


def test_a_function_that_was_canceled_or_has_another_name_is_missing(ecs, rule):
    """The timeline has the nearest name."""
    ecs.function_compute(lambda *_: None, name="ops/on-events", rules_only=True)
    ecs.function_compute(lambda *_: None, name="ops/on-event", rules_only=True).cancel()
    rule("reboots", FcParameterss=[{**FUNCTION[0], "FunctionName": "on-even"}, {**FUNCTION[0], "Id": "2"}])
    scheduled(ecs)
    assert [str(one.error).partition(";")[0] for one in ecs.event_rules["reboots"].deliveries] == [
        "no function ops/on-even here (did you mean ops/on-events?)",
        "no function ops/on-event here (did you mean ops/on-events?)",
    ]


def test_a_function_without_a_service_stands_for_it_in_any(ecs, rule):
    """A function with the whole name has priority."""
    any_service, own = [], []
    ecs.function_compute(lambda event, _: any_service.append(event), name="on-event", rules_only=True)
    rule("reboots", FcParameterss=FUNCTION)
    scheduled(ecs)
    ecs.function_compute(lambda event, _: own.append(event), name="ops/on-event", rules_only=True)
    scheduled(ecs)
    assert (len(any_service), len(own)) == (1, 1)


def test_a_function_in_another_region_is_not_the_one(ecs, rule):
    """If the test declares its region, that must be the rule's."""
    ecs.function_compute(lambda *_: None, name="ops/on-event", region_id="cn-beijing", rules_only=True)
    rule("reboots", FcParameterss=FUNCTION)
    rule("in-beijing", FcParameterss=[{**FUNCTION[0], "Region": "cn-beijing"}])
    scheduled(ecs)
    (refused,) = ecs.event_rules["reboots"].deliveries
    assert str(refused.error) == "function ops/on-event is in cn-beijing here, not in cn-hangzhou"
    assert [one.outcome for one in ecs.event_rules["in-beijing"].deliveries] == ["delivered"]


def test_a_function_that_fails_is_tried_again(ecs, rule):
    """As with any asynchronous invocation; each try is one of the rule's deliveries."""
    tries = []

    def handler(_event, _context):
        tries.append(ecs.now)
        if len(tries) < 3:
            raise ValueError("not yet")

    ecs.function_compute(handler, name="ops/on-event", rules_only=True)
    rule("reboots", {"Product": "ecs", "NameList": [SCHEDULED]}, FcParameterss=FUNCTION)
    scheduled(ecs)
    ecs.advance("10s")
    assert [one.outcome for one in ecs.event_rules["reboots"].deliveries] == ["failed", "failed", "delivered"]
    assert "(rule reboots, attempt 3)" in ecs.timeline()


# -- URLs


@pytest.fixture
def server():
    """A server on loopback; returns its URL and the list of received (method, path, headers, body)."""
    got = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            got.append((self.command, self.path, self.headers, body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST = answer  # noqa: N815  # the library's names

        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}/hook", got
        httpd.shutdown()
        thread.join()


def webhook(url, **more):
    """The parameter of one URL."""
    return {"WebhookParameterss": [{"Id": "1", "Url": url, **more}]}


def test_a_url_on_loopback_gets_a_real_post(server, ecs, rule):
    """The body is the documented one of a callback: flat, with the rule's name."""
    url, got = server
    rule("reboots", {"Product": "ecs", "NameList": [SCHEDULED]}, **webhook(url, Protocol="http", Method="POST"))
    scheduled(ecs)
    ((method, path, headers, body),) = got
    (sent,) = ecs.notifications
    assert (method, path, headers["Content-Type"]) == ("POST", "/hook", "application/json; charset=UTF-8")
    assert json.loads(body) == {**sent, "ruleName": "reboots", "traceId": sent["id"]}
    assert outcomes(ecs, "reboots") == [("SystemMaintenance.Reboot:Scheduled", f"POST {url}", "delivered")]
    assert ecs.event_rules["reboots"].deliveries[0].payload == json.loads(body)


def test_a_url_may_get_a_get(server, ecs, rule):
    """One parameter holds the whole notification."""
    url, got = server
    rule("reboots", **webhook(url, Method="GET"))
    scheduled(ecs)
    ((method, path, _headers, body),) = got
    fields = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query)
    assert (method, body) == ("GET", b"")
    assert json.loads(fields["data"][0])["ruleName"] == "reboots"


@pytest.mark.parametrize("url", ["https://ops.example.com/hook", "http://10.0.0.1/", "http://[::1/", "hook", "//x"])
def test_a_url_elsewhere_gets_a_hint(ecs, rule, url):
    """A rule that the handler creates never sends a test's request to the network; the timeline says how to go on."""
    rule("reboots", **webhook(url))
    scheduled(ecs)
    (delivery,) = ecs.event_rules["reboots"].deliveries
    assert delivery.outcome == "not delivered"
    assert str(delivery.error) == (
        f'tests reach no network; give it a receiver with ecs_events.webhook("{url}", receiver)'
    )


def test_a_url_that_differs_slightly_from_a_registered_one_gets_a_hint(ecs, rule):
    """One slash too many is recognised."""
    ecs.webhook("https://ops.example.com/hook/", lambda _: None)
    rule("reboots", **webhook("https://ops.example.com/hook"))
    scheduled(ecs)
    (delivery,) = ecs.event_rules["reboots"].deliveries
    assert str(delivery.error).startswith(
        "tests reach no network (did you mean https://ops.example.com/hook/?); give it"
    )


def test_a_function_may_answer_for_a_url(ecs, rule):
    """It gets what the URL would get; if it is registered later, it gets later notifications."""
    url, got = "https://ops.example.com/hook", []
    rule("reboots", **webhook(url))
    scheduled(ecs)
    ecs.webhook(url, got.append)
    scheduled(ecs)
    assert [one["ruleName"] for one in got] == ["reboots"]
    assert [outcome for _, _, outcome in outcomes(ecs, "reboots")] == ["not delivered", "delivered"]
    assert outcomes(ecs, "reboots")[1][1] == f"POST {url}"


def test_another_url_may_answer_for_a_url(server, ecs, rule):
    """The server of the test gets the requests, one after the other through one subscription."""
    url, got = server
    ecs.webhook("https://ops.example.com/hook", url)
    rule("reboots", **webhook("https://ops.example.com/hook"))
    scheduled(ecs)
    scheduled(ecs)
    assert [method for method, *_ in got] == ["POST", "POST"]
    assert len({id(one.subscription) for one in ecs.event_rules["reboots"].deliveries}) == 1


def test_a_mock_may_answer_for_a_url(ecs, rule):
    """A URL that is registered without a receiver is really called, and the user's mock answers."""
    ecs.webhook("https://ops.example.com/hook")
    rule("reboots", **webhook("https://ops.example.com/hook"))
    with responses.RequestsMock() as mock:
        mock.post("https://ops.example.com/hook", status=202)
        scheduled(ecs)
    assert outcomes(ecs, "reboots") == [
        ("SystemMaintenance.Reboot:Scheduled", "POST https://ops.example.com/hook", "delivered")
    ]


def test_a_url_that_fails_is_tried_three_times(ecs, rule):
    """As documented; after the last try, teardown raises an error."""
    ecs.webhook("https://ops.example.com/hook")
    rule("reboots", **webhook("https://ops.example.com/hook"))
    with responses.RequestsMock() as mock:
        mock.post("https://ops.example.com/hook", status=500)
        scheduled(ecs)
        ecs.advance("10s")
    assert [(one.outcome, str(one.error)) for one in ecs.event_rules["reboots"].deliveries] == [
        ("failed", "HTTP 500")
    ] * 3
    ecs.strict -= {"receivers"}


@pytest.mark.parametrize("protocol", ["telnet", "ping"])
def test_other_protocols_get_a_hint(ecs, rule, protocol):
    """The API accepts them; nothing is sent."""
    rule("reboots", **webhook("127.0.0.1", Protocol=protocol))
    scheduled(ecs)
    (delivery,) = ecs.event_rules["reboots"].deliveries
    assert (delivery.subscription.receiver, str(delivery.error)) == (
        f"{protocol} 127.0.0.1",
        f"{protocol} is not faked",
    )


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("hook",), "webhook got 'hook'. Pass a URL such as \"http://127.0.0.1:8000/events\", or a function."),
        (
            ("http://ops.example.com/", "hook"),
            "webhook got 'hook'. Pass a URL such as \"http://127.0.0.1:8000/events\", or a function.",
        ),
        (
            ("http://ops.example.com/", 7),
            "webhook got 7. Pass a function that takes the notification, or a URL.",
        ),
    ],
)
def test_a_webhook_that_cannot_be_is_refused_in_a_sentence(ecs, args, sentence):
    """A value that is neither a URL nor a function gets a message that says how to go on."""
    with pytest.raises(BadArgumentError) as error:
        ecs.webhook(*args)
    assert str(error.value) == sentence


# -- queues, topics, logs, people


@pytest.mark.parametrize(("kind", "member"), [("queue", "Queue"), ("topic", "Topic")])
def test_a_missing_queue_or_topic_gets_a_hint(ecs, rule, kind, member):
    """The timeline says how to create it."""
    rule("reboots", MnsParameterss=[{"Id": "1", member: "ecs-events"}])
    scheduled(ecs)
    (delivery,) = ecs.event_rules["reboots"].deliveries
    assert str(delivery.error) == f'no {kind} ecs-events here; create it with ecs_events.{kind}("ecs-events")'


def test_people_logs_and_actions_are_noted(ecs, rule):
    """What no program of the test receives is a delivery of the rule, with its payload."""
    rule(
        "reboots",
        ContactParameterss=[{"ContactGroupName": "on-call"}],
        SlsParameterss=[{"Project": "ops", "LogStore": "events"}],
        OpenApiParameterss=[{"Product": "Ecs", "Action": "RebootInstance", "Version": "2014-05-26"}],
    )
    scheduled(ecs)
    people, log, action = ecs.event_rules["reboots"].deliveries
    assert [one.outcome for one in (people, log, action)] == ["delivered"] * 3
    assert [one.subscription.receiver for one in (people, log, action)] == [
        "contact group on-call",
        "log store ops/events",
        "action RebootInstance of Ecs 2014-05-26",
    ]
    (sent,) = ecs.notifications
    assert people.payload == sent
    assert log.payload == {**sent, "content": json.dumps(sent["content"], separators=(",", ":"))}


@pytest.mark.parametrize(
    ("json_params", "sent"),
    [
        ('{"InstanceId": "$.content.instanceId", "ForceStop": true}', {"InstanceId": "i-web1", "ForceStop": True}),
        ('{"Name": "$.name", "Half": "$.content.nothing", "Odd": "$.name.more"}', None),
        ("{}", {}),
    ],
)
def test_an_action_gets_its_parameters_with_variables(ecs, rule, json_params, sent):
    """Variables are values of the flat form; one that has no value stays as it is."""
    target = {"Product": "Ecs", "Action": "RebootInstance", "Version": "2014-05-26", "JsonParams": json_params}
    rule("reboots", OpenApiParameterss=[target])
    scheduled(ecs)
    (delivery,) = ecs.event_rules["reboots"].deliveries
    expected = {"Name": SCHEDULED, "Half": "$.content.nothing", "Odd": "$.name.more"} if sent is None else sent
    assert delivery.payload == expected


@pytest.mark.parametrize("json_params", [None, "no JSON", "[]"])
def test_an_action_without_parameters_gets_the_flat_form(ecs, rule, json_params):
    """So does one whose JsonParams is no object."""
    target = {"Product": "Ecs", "Action": "RebootInstance", "Version": "2014-05-26"}
    rule("reboots", OpenApiParameterss=[target if json_params is None else {**target, "JsonParams": json_params}])
    scheduled(ecs)
    (delivery,) = ecs.event_rules["reboots"].deliveries
    assert [delivery.payload] == ecs.notifications


# -- which rules fire


PATTERNS = [
    ({}, True),
    ({"Product": "Ecs"}, True),
    ({"Product": "*"}, True),
    ({"Product": "oss"}, False),
    ({"NameList": [SCHEDULED, "Instance:StateChange"]}, True),
    ({"NameList": ["*"]}, True),
    ({"NameList": ["Instance:StateChange"]}, False),
    ({"LevelList": ["CRITICAL"]}, True),
    ({"LevelList": ["WARN", "*"]}, True),
    ({"LevelList": ["INFO"]}, False),
    ({"EventTypeList": ["Maintenance"]}, True),
    ({"EventTypeList": ["Exception"]}, False),
    ({"StatusList": ["Scheduled"]}, True),
    ({"StatusList": ["Executed"]}, False),
    ({"KeywordFilter": {"Keywords": ["nowhere", "i-web1"], "Relation": "OR"}}, True),
    ({"KeywordFilter": {"Keywords": ["nowhere"]}}, False),
    ({"KeywordFilter": {"Keywords": ["nowhere"], "Relation": "NOT"}}, True),
    ({"KeywordFilter": {"Keywords": ["i-web1"], "Relation": "NOT"}}, False),
    ({"CustomFilters": "SystemMaintenance"}, True),
    ({"CustomFilters": "nowhere"}, False),
    ({"CustomFilters": "i-web1", "KeywordFilter": {"Keywords": ["nowhere"]}}, False),
    ({"LevelList": ["CRITICAL"], "StatusList": ["Executed"]}, False),
    ({"SQLFilter": "i-web1"}, True),
    ({"SQLFilter": "nowhere"}, False),
    ({"SQLFilter": "web1"}, False),
    ({"SQLFilter": "scheduled and (i-web2 or I-WEB1) not executed"}, True),
    ({"SQLFilter": "scheduled and (i-web2 or i-web3) not executed"}, False),
    ({"SQLFilter": "scheduled i-web1 not scheduled"}, False),
    ({"SQLFilter": "not executed AND i-web1"}, True),
    ({"SQLFilter": "nowhere or i-web1"}, True),
    ({"SQLFilter": '"SystemMaintenance.Reboot:Scheduled"'}, True),
    ({"SQLFilter": '"SystemMaintenance.Reboot:Executed"'}, False),
    ({"SQLFilter": "systemmaint*"}, True),
    ({"SQLFilter": "systemfail*"}, False),
    ({"SQLFilter": "* | select 1"}, True),
    ({"SQLFilter": "nowhere | select 1"}, False),
    ({"SQLFilter": "level:INFO"}, True),
    ({"SQLFilter": "i-web1", "StatusList": ["Executed"]}, False),
]


@pytest.mark.parametrize(("pattern", "fires"), PATTERNS, ids=str)
def test_a_rule_fires_for_what_its_pattern_says(ecs, rule, function, pattern, fires):
    """Each list is one condition; `*` and an empty list match everything; keywords are required or excluded."""
    rule("reboots", {"Product": "ecs", **pattern}, FcParameterss=FUNCTION)
    scheduled(ecs)
    assert bool(function) is fires


def test_any_of_several_patterns_is_enough(ecs, rule, function):
    """A rule fires once for a notification that several of its patterns match."""
    more = [{"Product": "ecs", "StatusList": ["Scheduled"]}, {"Product": "ecs", "LevelList": ["CRITICAL"]}]
    rule("reboots", {"Product": "oss"}, more=more, FcParameterss=FUNCTION)
    scheduled(ecs)
    assert len(function) == 1


def test_a_rule_fires_while_it_is_enabled(ecs, ask, rule, function):
    """Disabled, of another kind, or deleted, it does not fire; enabled again, it fires for later notifications."""
    rule("reboots", FcParameterss=FUNCTION)
    steps = [
        (lambda: ask("DisableEventRules", RuleNamess=["reboots"]), 0),
        (lambda: ask("EnableEventRules", RuleNamess=["reboots"]), 1),
        (lambda: ask("PutEventRule", RuleName="reboots", EventPatterns=[{"Product": "ecs"}], EventType="CUSTOM"), 0),
        (lambda: ask("PutEventRule", RuleName="reboots", EventPatterns=[{"Product": "ecs"}], EventType="SYSTEM"), 1),
        (lambda: ask("DeleteEventRuleTargets", RuleName="reboots", Idss=["1"]), 0),
        (lambda: ask("PutEventRuleTargets", RuleName="reboots", FcParameterss=FUNCTION), 1),
        (lambda: ask("DeleteEventRules", RuleNamess=["reboots"]), 0),
    ]
    for step, times in steps:
        function.clear()
        step()
        scheduled(ecs)
        assert len(function) == times


def test_a_rule_fires_for_all_regions_of_its_account(ecs, ask, rule, function):
    """It does not fire for other accounts, which can have a rule of the same name."""
    ecs.access_keys["ak-2"] = "222"
    ecs.instances.add("i-2zeweb2")
    ecs.instances.add("i-theirs", account_id="222")
    rule("reboots", FcParameterss=FUNCTION)
    ask("PutEventRule", access_key="ak-2", RuleName="reboots", EventPatterns=[{"Product": "ecs"}])
    scheduled(ecs, "i-2zeweb2")
    scheduled(ecs, "i-theirs")
    assert [one["regionId"] for one in function] == ["cn-beijing"]


def test_several_rules_fire_in_order(ecs, rule, function):
    """Each rule delivers every notification that it matches to its targets."""
    rule("all", FcParameterss=FUNCTION)
    rule("again", FcParameterss=FUNCTION)
    scheduled(ecs)
    assert len(function) == 2
    assert [len(one.deliveries) for one in ecs.event_rules.values()] == [1, 1]


# -- dry runs


def test_a_dry_run_reaches_the_targets_of_matching_rules(ecs, ask, rule, function):
    """EventContent overrides the defaults of the name; the history does not contain dry runs."""
    rule("reboots", {"Product": "ecs", "NameList": [SCHEDULED]}, FcParameterss=FUNCTION)
    rule("others", {"Product": "ecs", "NameList": ["Instance:StateChange"]}, FcParameterss=FUNCTION)
    ask("SendDryRunSystemEvent", Product="ecs", EventName=SCHEDULED)
    (sent,) = function
    assert {key: sent[key] for key in ("product", "name", "level", "status", "eventType", "content", "regionId")} == {
        "product": "ECS",
        "name": SCHEDULED,
        "level": "CRITICAL",
        "status": "Scheduled",
        "eventType": "Maintenance",
        "content": {},
        "regionId": "cn-hangzhou",
    }
    assert ecs.notifications == []
    assert outcomes(ecs, "others") == []


def test_a_dry_run_delivers_its_content(ecs, ask, rule, function):
    """This is the example of the reference, for another product."""
    content = {
        "product": "CloudMonitor",
        "resourceId": "acs:ecs:cn-hongkong:173651113438:instance/i-1",
        "level": "CRITICAL",
        "instanceName": "instanceName",
        "regionId": "cn-hangzhou",
        "groupId": "7",
        "eventType": "Exception",
        "name": "Agent_Status_Stopped",
        "content": {"ipGroup": "0.0.0.0,0.0.0.1", "tianjimonVersion": "1.2.11"},
        "status": "stopped",
    }
    rule("agents", {"Product": "CloudMonitor", "StatusList": ["stopped"]}, FcParameterss=FUNCTION)
    rule("ecs", {"Product": "ecs"}, FcParameterss=FUNCTION)
    ask(
        "SendDryRunSystemEvent",
        Product="CloudMonitor",
        EventName="Agent_Status_Stopped",
        EventContent=json.dumps(content),
    )
    (sent,) = function
    assert {key: sent[key] for key in content} == content
    assert "has no notification" not in ecs.timeline()


def test_a_dry_run_is_of_an_application_group(ask, rule, function):
    """It has the given group; EventContent overrides it."""
    rule("all", FcParameterss=FUNCTION)
    for content in ("{}", '{"groupId": "9"}'):
        ask("SendDryRunSystemEvent", Product="ecs", EventName=SCHEDULED, GroupId="7378", EventContent=content)
    assert [one["groupId"] for one in function] == ["7378", "9"]


def test_a_dry_run_ignores_what_is_no_text(ecs, ask, rule, function):
    """Members of other types than in the form are ignored."""
    rule("all", {"Product": "*"}, FcParameterss=FUNCTION)
    odd = json.dumps({"level": 7, "content": "text", "resourceId": None, "product": ""})
    ask("SendDryRunSystemEvent", Product="oss", EventName="BucketIngressBandwidth", EventContent=odd)
    (sent,) = function
    assert (sent["product"], sent["level"], sent["status"], sent["content"]) == ("oss", "INFO", "Normal", {})


def test_a_dry_run_reaches_subscriptions_too(ecs, ask):
    """Subscriptions of the test stand for rules of the console."""
    got = []
    ecs.subscribe(got.append, names=[SCHEDULED])
    ask("SendDryRunSystemEvent", Product="ecs", EventName=SCHEDULED)
    assert [one["name"] for one in got] == [SCHEDULED]


def test_missing_receivers_are_one_receiver(ecs, rule):
    """All notifications without a receiver are deliveries of one subscription."""
    rule("reboots", FcParameterss=FUNCTION)
    for _ in range(3):
        scheduled(ecs)
    assert len({id(one.subscription) for one in ecs.event_rules["reboots"].deliveries}) == 1
