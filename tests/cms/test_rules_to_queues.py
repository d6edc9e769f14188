"""Event rules whose targets are queues and topics, and CloudMonitor's API on loopback."""

import contextlib
import http.client
import json

import pytest
from aliyunsdkcore.client import AcsClient
from cms_requests import request_of

Account = pytest.importorskip("mns.account").Account
Message = pytest.importorskip("mns.queue").Message
QueueMeta = pytest.importorskip("mns.queue").QueueMeta
TopicMeta = pytest.importorskip("mns.topic").TopicMeta
pytest.importorskip("werkzeug")
pytest.importorskip("aliyunsdkcms")

SCHEDULED = "Instance:SystemMaintenance.Reboot:Scheduled"


@pytest.fixture
def to(ask):
    """Create a rule for all events of ECS with a queue or a topic as target: `to(Queue="ecs-events")`."""

    def to(**member):
        ask("PutEventRule", RuleName="reboots", EventPatterns=[{"Product": "ecs"}])
        ask("PutEventRuleTargets", RuleName="reboots", MnsParameterss=[{"Id": "1", **member}])

    return to


@pytest.fixture
def account(ecs):
    """The queue service's own SDK, as a handler uses it."""
    made = Account(f"http://{ecs.endpoint}", "key-id", "key-secret")
    yield made
    made.get_client().close_connection()


def scheduled(ecs):
    """Publish an event whose only notification is Scheduled."""
    return ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")


def outcomes(ecs):
    """Return (receiver, outcome) of each delivery of the rule."""
    return [(one.subscription.receiver, one.outcome) for one in ecs.event_rules["reboots"].deliveries]


def test_a_rule_sends_to_the_queue_that_it_names(ecs, to):
    """The message is the flat form; a queue for rules only gets nothing else."""
    queue = ecs.queue("ecs-events", rules_only=True)
    scheduled(ecs)
    assert len(queue) == 0
    to(Queue="ecs-events")
    scheduled(ecs)
    assert [message.event for message in queue] == [ecs.notifications[-1]]
    assert outcomes(ecs) == [("queue ecs-events", "delivered")]
    assert "of i-web1 -> queue ecs-events (rule reboots)" in ecs.timeline()


def test_a_queue_that_gets_everything_gets_it_by_the_rule_as_well(ecs, to):
    """A subscription delivers everything once, and each rule that names the queue once more."""
    queue = ecs.queue("ecs-events")
    to(Queue="ecs-events")
    scheduled(ecs)
    assert [message.event["name"] for message in queue] == [SCHEDULED] * 2


def test_what_happens_on_the_way_to_a_queue_happens_to_what_rules_send(ecs, to):
    """The queue's options apply to deliveries of rules."""
    queue = ecs.queue("ecs-events", rules_only=True, duplicate=True)
    to(Queue="ecs-events")
    scheduled(ecs)
    assert len(queue) == 2
    assert outcomes(ecs) == [("queue ecs-events", "delivered")] * 2


def test_a_queue_that_the_handler_has_made_gets_what_its_rule_sends(ecs, to, account):
    """The handler creates and reads the queue itself, through the service's SDK on loopback."""
    queue = account.get_queue("own-queue")
    queue.create(QueueMeta())
    to(Queue="own-queue")
    scheduled(ecs)
    scheduled(ecs)
    received = queue.receive_message(wait_seconds=1)
    assert json.loads(received.message_body) == ecs.notifications[0]
    assert len({id(one.subscription) for one in ecs.event_rules["reboots"].deliveries}) == 1


def test_a_queue_can_be_deleted_and_created_again(ecs, to, account):
    """The rule uses the queue that has the name when it fires, also one of the test."""
    ecs.queue("ecs-events", rules_only=True)
    to(Queue="ecs-events")
    account.get_queue("ecs-events").delete()
    scheduled(ecs)
    account.get_queue("ecs-events").create(QueueMeta())
    scheduled(ecs)
    assert outcomes(ecs) == [("queue ecs-events", "not delivered"), ("queue ecs-events", "delivered")]
    assert account.get_queue("ecs-events").receive_message(wait_seconds=1).message_id


def test_a_subscription_that_was_canceled_stops_no_rule(ecs, to):
    """The rule itself sends."""
    queue = ecs.queue("ecs-events")
    queue.subscription.cancel()
    to(Queue="ecs-events")
    scheduled(ecs)
    assert len(queue) == 1


def test_a_rule_publishes_in_the_topic_that_it_names(ecs, to, account):
    """This works for the test's own topic, for rules only, and for one that the handler has created."""
    topic = ecs.topic("ecs-topic", rules_only=True)
    scheduled(ecs)
    to(Topic="ecs-topic")
    scheduled(ecs)
    assert [json.loads(message.body)["name"] for message in topic.messages] == [SCHEDULED]
    account.get_topic("own-topic").create(TopicMeta())
    queue = ecs.queue("behind-it", rules_only=True)
    ecs.topic("ecs-topic").subscribe(queue)
    to(Topic="own-topic")
    scheduled(ecs)
    assert outcomes(ecs) == [("topic ecs-topic", "delivered"), ("topic own-topic", "delivered")]


# -- the API on loopback


def test_cloudmonitor_answers_on_loopback_too(ecs):
    """The version selects the product; a program in another process creates the rule in the same cloud."""
    client = AcsClient("ak", "secret", "cn-hangzhou")
    for action, params in (
        ("PutEventRule", {"RuleName": "reboots", "EventPatterns": [{"Product": "ecs"}]}),
        ("DescribeEventRuleList", {}),
    ):
        request = request_of(action, **params)
        request.set_endpoint(ecs.endpoint)
        reply = json.loads(client.do_action_with_exception(request))
    assert [rule["Name"] for rule in reply["EventRules"]["EventRule"]] == ["reboots"] == list(ecs.event_rules)
    assert {(call.product, call.transport) for call in ecs.calls} == {("Cms", "server")}


def test_a_version_of_no_product_is_taken_for_ecs(ecs):
    """The error is that of Ecs, as before Cms was added."""
    ecs.strict = False
    with contextlib.closing(http.client.HTTPConnection(ecs.endpoint)) as connection:
        connection.request("GET", "/?Action=PutEventRule&Version=2000-01-01&AccessKeyId=a&Format=JSON")
        reply = connection.getresponse()
        assert (reply.status, json.loads(reply.read())["HostId"]) == (404, "ecs.aliyuncs.com")
