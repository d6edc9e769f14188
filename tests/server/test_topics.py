"""Topics: what is pushed to which endpoint, and how it is retried."""

import base64
import datetime as dt
import hashlib
import json
import socket
import threading
import time
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from mns.account import Account
from mns.mns_exception import MNSServerException
from mns.queue import QueueMeta
from mns.subscription import SubscriptionMeta
from mns.topic import DirectMailInfo, TopicMessage, TopicMeta

from pytest_ecsevents import BadArgumentError, EcsEvents, ReceiverError
from pytest_ecsevents.clock import _server_waits as _callers

OWNER = "1000000000000001"


class Receiver:
    """An HTTP endpoint on loopback that records its requests.

    Attributes:
        url: Where it listens, with a path.
        answers: The statuses of its next answers; then 204.
        got: (path, headers, body) of each request.
        sleeps: The duration of its answer, in virtual time in a thread of the test.
    """

    def __init__(self):
        self.answers, self.got, self.sleeps = [], [], 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):  # the name that http.server uses
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.got.append((self.path, self.headers, body))
                if receiver.sleeps:
                    time.sleep(receiver.sleeps)
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.end_headers()

            def log_message(self, *_words):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.root = f"http://127.0.0.1:{self.server.server_port}"
        self.url = f"{self.root}/hook?a=b"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self):
        """Stop it."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver():
    """An endpoint that exists before the test begins."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def ecs(receiver, ecs):
    """A cloud that starts after the endpoint, whose threads are therefore not the test's."""
    del receiver
    return ecs


@pytest.fixture
def topic(ecs):
    """A topic in which CloudMonitor publishes."""
    return ecs.topic("ecs-events")


@pytest.fixture
def account(topic):
    """The SDK's account."""
    made = Account(topic.endpoint, "key-id", "key-secret")
    yield made
    made.get_client().close_connection()


def code_of(function, *args):
    """Return the code of a refused call, from the SDK's error."""
    with pytest.raises(MNSServerException) as refused:
        function(*args)
    return refused.value.type


def published(ecs):
    """Let CloudMonitor publish one notification."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+48h")
    return ecs.notifications[-1]


# -- what is pushed


def test_a_notification_is_pushed_as_xml(ecs, topic, receiver):
    """It has the documented members, such as the message's MD5 and its time."""
    topic.subscribe(receiver.url, "mine")
    sent = published(ecs)
    ((path, headers, body),) = receiver.got
    root = ET.fromstring(body)  # noqa: S314  # our own
    said = {node.tag.removeprefix("{http://mns.aliyuncs.com/doc/v1/}"): node.text for node in root}
    assert json.loads(said["Message"]) == sent
    assert said == {
        "TopicOwner": OWNER,
        "TopicName": "ecs-events",
        "Subscriber": OWNER,
        "SubscriptionName": "mine",
        "MessageId": topic.messages[0].message_id,
        "MessageMD5": hashlib.md5(said["Message"].encode(), usedforsecurity=False).hexdigest().upper(),
        "Message": said["Message"],
        "MessageTag": None,
        "PublishTime": str(round(ecs.now.timestamp() * 1000)),
    }
    assert (path, headers["Content-Type"]) == ("/hook?a=b", "text/xml;charset=utf-8")


def test_the_headers_are_the_services(topic, receiver):
    """It has all documented headers; the signature is invalid."""
    topic.subscribe(receiver.root)
    topic.publish("hello")
    ((path, headers, body),) = receiver.got
    md5 = hashlib.md5(body.encode(), usedforsecurity=False).digest()
    assert headers["Content-MD5"] == base64.b64encode(md5).decode()
    assert base64.b64decode(headers["x-mns-signing-cert-url"]).startswith(
        b"https://mnstest.oss-cn-hangzhou.aliyuncs.com/"
    )
    assert base64.b64decode(headers["Authorization"]) == b"not signed: this is pytest-ecsevents"
    assert (len(headers["x-mns-request-id"]), path) == (24, "/notifications")


def test_simplified_is_the_message_alone(topic, receiver):
    """Its id and tag are headers."""
    topic.subscribe(receiver.url, content_format="SIMPLIFIED")
    plain, tagged = topic.publish("hello <you>"), topic.publish("again", tag="important")
    assert [body for _, _, body in receiver.got] == ["hello <you>", "again"]
    shown = [(headers["x-mns-message-id"], headers["x-mns-message-tag"]) for _, headers, _ in receiver.got]
    assert shown == [(plain.message_id, None), (tagged.message_id, "important")]


def test_json_has_the_members_of_xml(topic, receiver):
    """They have the same names."""
    topic.subscribe(receiver.url, content_format="JSON")
    topic.publish("hello")
    said = json.loads(receiver.got[0][2])
    assert (said["Message"], said["TopicName"], said["PublishTime"]) == ("hello", "ecs-events", 1893456000000)


def test_a_filter_tag_lets_its_messages_pass(topic, receiver):
    """A subscription without a tag gets all messages."""
    topic.subscribe(receiver.url, tag="important", content_format="SIMPLIFIED")
    topic.subscribe(receiver.url, content_format="SIMPLIFIED")
    topic.publish("one")
    topic.publish("two", tag="important")
    assert sorted(body for _, _, body in receiver.got) == ["one", "two", "two"]


def test_a_queue_may_subscribe(ecs, topic):
    """It is addressed here, or by its URL; a receiver reads the content unchanged."""
    queue = ecs.queue("mine", names="Disk:Stalled:Executing")
    subscription = topic.subscribe(queue, content_format="SIMPLIFIED")
    topic.publish("hello")
    assert [message.raw for message in queue.messages] == ["hello"]
    assert subscription.endpoint == f"acs:mns:cn-hangzhou:{OWNER}:queues/mine"
    assert [push.problem for push in subscription.pushes] == [""]


def test_only_what_the_filter_matches_is_published(ecs):
    """This is as with queues."""
    topic = ecs.topic("some", names="ecs:Instance:StateChange", format="eventbridge")
    published(ecs)
    ecs.stop("i-web1")
    assert [json.loads(message.body)["type"] for message in topic.messages] == ["ecs:Instance:StateChange"] * 2


# -- failures


def test_backoff_tries_three_times_more(ecs, topic, receiver):
    """The retries follow after 10 to 20 seconds each (documented), in virtual time."""
    receiver.answers = [500, 403, 302, 500, 500]
    subscription = topic.subscribe(receiver.url)
    topic.publish("hello")
    ecs.advance("1h")
    pushes = subscription.pushes
    assert [(push.attempt, push.http_status, push.problem) for push in pushes] == [
        (1, 500, "HTTP 500"),
        (2, 403, "HTTP 403"),
        (3, 302, "HTTP 302"),
        (4, 500, "HTTP 500"),
    ]
    waits = [(after.at - before.at).total_seconds() for before, after in pairwise(pushes)]
    assert all(10 <= wait <= 20 for wait in waits)


def test_what_arrives_is_not_sent_again(ecs, topic, receiver):
    """Any status of 200 to 299 is a success."""
    receiver.answers = [500, 200]
    subscription = topic.subscribe(receiver.url)
    topic.publish("hello")
    ecs.advance("1h")
    assert [push.http_status for push in subscription.pushes] == [500, 200]


def test_pushes_are_in_the_story(ecs, topic, receiver):
    """Each line has the endpoint and the outcome."""
    receiver.answers = [500]
    topic.subscribe(receiver.root)
    topic.publish("hello")
    ecs.advance("20s")
    shown = [line.partition("push")[2].strip() for line in ecs.timeline().splitlines() if "  push  " in line]
    assert shown == [
        f"topic ecs-events -> {receiver.root}: failed, HTTP 500",
        f"topic ecs-events -> {receiver.root} (attempt 2)",
    ]


def test_exponential_decay_tries_for_a_day(ecs, topic):
    """It tries 176 more times, after 1, 2, 4, ... 512 seconds (documented)."""
    subscription = topic.subscribe("http://127.0.0.1:9/", strategy="EXPONENTIAL_DECAY_RETRY")
    topic.publish("hello")
    ecs.advance("2d")
    seconds = [(push.at - subscription.pushes[0].at).total_seconds() for push in subscription.pushes]
    assert len(seconds) == 177
    assert seconds[:4] == [0, 1, 3, 7]
    assert seconds[-1] == 511 + 167 * 512
    assert subscription.pushes[0].problem.startswith("ConnectionRefusedError: ")


def test_an_endpoint_that_sleeps_answers_in_virtual_time(ecs):
    """It is a thread of the test and sleeps two seconds each time; the clock waits for it."""
    receiver = Receiver()
    receiver.sleeps, receiver.answers = 2, [500, 500]
    subscription = ecs.topic("slow").subscribe(receiver.url)
    ecs.topic("slow").publish("hello")
    assert ecs.now.second == 2
    ecs.advance("1m")
    assert [push.http_status for push in subscription.pushes] == [500, 500, 204]
    receiver.close()


def test_an_endpoint_that_sleeps_too_long_has_not_answered(ecs):
    """The timeout is five seconds (documented)."""
    receiver = Receiver()
    receiver.sleeps = 6
    subscription = ecs.topic("slow").subscribe(receiver.url)
    ecs.topic("slow").publish("hello")
    receiver.sleeps = 0
    assert ecs.now.second == 5
    ecs.advance("20s")
    assert [(push.http_status, push.problem) for push in subscription.pushes] == [
        (None, "no answer within 5s"),
        (204, ""),
    ]
    receiver.close()


def test_an_endpoint_that_never_answers_has_five_seconds_of_real_time(ecs, monkeypatch):
    """The five virtual seconds have passed by then too."""
    monkeypatch.setattr(_callers, "ANSWER_WITHIN", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        subscription = ecs.topic("t").subscribe(f"http://127.0.0.1:{silent.getsockname()[1]}/")
        ecs.topic("t").publish("hello")
    assert [push.problem for push in subscription.pushes] == ["no answer within 5s"]
    assert ecs.now.second == 5


def test_where_sleeping_is_real_an_answer_is_waited_for_as_usual(receiver):
    """It waits in real time."""
    with EcsEvents(sleep="real") as ecs:
        subscription = ecs.topic("t").subscribe(receiver.url)
        ecs.topic("t").publish("hello")
    assert [push.http_status for push in subscription.pushes] == [204]


@pytest.mark.parametrize(
    ("endpoint", "problem"),
    [
        ("http://example.com/hook", "http://example.com is not on loopback over http, and was not called"),
        ("http://127.example.com/", "http://127.example.com is not on loopback over http, and was not called"),
        ("acs:mns:cn-hangzhou:1:queues/none", "there is no such queue"),
    ],
)
def test_an_unreachable_endpoint_is_in_the_timeline(topic, endpoint, problem):
    """No request ever leaves the machine."""
    subscription = topic.subscribe(endpoint)
    topic.publish("hello")
    assert [(push.http_status, push.problem) for push in subscription.pushes] == [(None, problem)]


def test_a_subscription_that_has_ended_is_tried_no_more(ecs, topic, account, receiver):
    """One whose topic was deleted is not tried either."""
    receiver.answers = [500] * 8
    one, other = topic.subscribe(receiver.url, "one"), topic.subscribe(receiver.url, "other")
    topic.publish("hello")
    account.get_topic("ecs-events").get_subscription("one").unsubscribe()
    ecs.advance("15s")
    account.get_topic("ecs-events").delete()
    ecs.advance("1h")
    published(ecs)
    assert (len(one.pushes), len(other.pushes) <= 2, len(topic.messages)) == (1, True, 1)
    assert not topic.is_there


def test_what_does_not_fit_into_the_topic_fails_the_test():
    """The service would lose it without any sign."""
    with pytest.raises(ReceiverError) as error, EcsEvents() as other:
        other.instances.add("i-web1")
        topic = other.topic("mine")
        topics = other._parts.messaging.topics
        topics.change(topics["mine"], {"MaximumMessageSize": 1024})
        other.announce("Disk:DiskOperationCompleted", "i-web1", {"diskId": "d" * 1024})
    assert len(topic.messages) == 0
    assert "topic mine" in str(error.value)
    assert "MessageBody must be from 1 to 1024." in str(error.value)


def test_nothing_is_pushed_when_the_test_has_ended(receiver):
    """Planned pushes are discarded."""
    receiver.answers = [500]
    with EcsEvents() as ecs:
        ecs.topic("t").subscribe(receiver.url)
        ecs.topic("t").publish("hello")
    ecs._parts.messaging.topics.deliver(ecs._parts.messaging.topics["t"].subscriptions["subscription-1"], None, 2)
    assert len(receiver.got) == 1


# -- with the SDK


def test_clients_make_change_list_and_delete_topics(ecs, topic, account):
    """Creating a topic twice succeeds with equal attributes, and fails with others."""
    made = account.get_topic("mine")
    url = made.create(TopicMeta(2048, logging_enabled=True))
    assert url == made.create(TopicMeta(2048, logging_enabled=True)) == f"{topic.endpoint}/topics/mine"
    assert code_of(made.create, TopicMeta(4096)) == "TopicAlreadyExist"
    ecs.advance("1m")
    made.set_attributes(TopicMeta(1024, logging_enabled=False))
    meta = made.get_attributes()
    assert (meta.topic_name, meta.maximum_message_size, meta.logging_enabled) == ("mine", 1024, False)
    assert (meta.message_count, meta.last_modify_time - meta.create_time) == (0, 60)
    assert account.list_topic() == ([f"{topic.endpoint}/topics/ecs-events", url], "")
    made.delete()
    assert code_of(made.get_attributes) == "TopicNotExist"


def test_clients_subscribe_and_publish(ecs, topic, account, receiver):
    """Their messages are pushed at once; queries return the subscription."""
    mine = account.get_topic("ecs-events").get_subscription("mine")
    meta = SubscriptionMeta(receiver.url, "BACKOFF_RETRY", "SIMPLIFIED", "important")
    assert mine.subscribe(meta) == mine.subscribe(meta) == f"{topic.endpoint}/topics/ecs-events/subscriptions/mine"
    assert code_of(mine.subscribe, SubscriptionMeta(receiver.url)) == "SubscriptionAlreadyExist"
    sent = account.get_topic("ecs-events").publish_message(TopicMessage("hello", "important"))
    assert [body for _, _, body in receiver.got] == ["hello"]
    assert (topic.messages[0].message_id, topic.messages[0].tag) == (sent.message_id, "important")
    ecs.advance("1m")
    mine.set_attributes(SubscriptionMeta("", "EXPONENTIAL_DECAY_RETRY"))
    shown = mine.get_attributes()
    assert (shown.endpoint, shown.notify_strategy, shown.topic_owner) == (
        receiver.url,
        "EXPONENTIAL_DECAY_RETRY",
        OWNER,
    )
    assert shown.last_modify_time - shown.create_time == 60
    assert account.get_topic("ecs-events").list_subscription() == (
        [f"{topic.endpoint}/topics/ecs-events/subscriptions/mine"],
        "",
    )
    mine.unsubscribe()
    assert code_of(mine.get_attributes) == "SubscriptionNotExist"
    assert code_of(mine.unsubscribe) == "SubscriptionNotExist"


def test_no_time_passes_while_an_endpoint_answers_what_a_client_publishes(ecs, topic, account, receiver):
    """The endpoint takes real time, so the client waits in real time too."""
    receiver.sleeps = 0.05
    topic.subscribe(receiver.url)
    account.get_topic("ecs-events").publish_message(TopicMessage("hello"))
    assert topic.subscriptions[0].pushes[0].http_status == 204
    assert ecs.now.second == 0


def test_a_message_for_mail_is_published_too(topic, account):
    """Mail and text messages are not sent; their attributes are ignored."""
    message = TopicMessage("hello", direct_mail=DirectMailInfo("a@example.com", "a", "s", 0, 0))
    account.get_topic("ecs-events").publish_message(message)
    assert [message.body for message in topic.messages] == ["hello"]


def test_a_list_of_topics_may_leave_their_attributes_out(topic, request_at):
    """The SDK always requests them."""
    signed = {"Authorization": "MNS id:x", "Date": "now"}
    _, _, body = request_at(
        topic.endpoint.removeprefix("http://"), "GET", "/topics", **signed, x_mns_version="2015-06-06"
    )
    assert b"MessageCount" not in body


def test_what_is_wrong_is_refused(topic, account, receiver, request_at):
    """The codes are those of the service."""
    wrong = account.get_topic("ecs-events")
    assert code_of(wrong.publish_message, TopicMessage("x" * 70_000)) == "InvalidArgument"
    for code, meta in {
        "EndpointInvalid": SubscriptionMeta("ftp://x"),
        "InvalidArgument": SubscriptionMeta(receiver.url, "SOMETIMES"),
    }.items():
        assert code_of(wrong.get_subscription("x").subscribe, meta) == code
    assert (
        code_of(wrong.get_subscription("x").subscribe, SubscriptionMeta(receiver.url, "", "YAML")) == "InvalidArgument"
    )
    assert code_of(wrong.get_subscription("-x").subscribe, SubscriptionMeta(receiver.url)) == "SubscriptionNameInvalid"
    long = wrong.get_subscription("x" * 256)
    assert code_of(long.subscribe, SubscriptionMeta(receiver.url)) == "SubscriptionNameLengthError"
    assert code_of(wrong.set_attributes, TopicMeta(1)) == "InvalidArgument"
    assert code_of(account.get_topic("a_b").create, TopicMeta(1024)) == "TopicNameInvalid"
    assert code_of(account.get_topic("x" * 256).create, TopicMeta(1024)) == "TopicNameLengthError"
    assert code_of(account.get_topic("none").publish_message, TopicMessage("x")) == "TopicNotExist"
    topic.subscribe(receiver.url, "mine")
    assert code_of(wrong.get_subscription("mine").set_attributes, SubscriptionMeta()) == "InvalidArgument"
    signed = {"Authorization": "MNS id:x", "Date": "now", "x_mns_version": "2015-06-06"}
    endpoint = topic.endpoint.removeprefix("http://")
    assert request_at(endpoint, "PUT", "/topics/plain", **signed)[0] == 201


def test_a_queue_of_the_clients_gets_what_is_pushed(topic, account):
    """Both are created with the SDK."""
    account.get_queue("q").create(QueueMeta())
    address = f"acs:mns:cn-hangzhou:{OWNER}:queues/q"
    account.get_topic("ecs-events").get_subscription("s").subscribe(SubscriptionMeta(address, "", "SIMPLIFIED"))
    topic.publish("hello")
    queue = account.get_queue("q")
    queue.set_encoding(False)
    assert queue.receive_message().message_body == "hello"


# -- the test's own objects


def test_topics_and_subscriptions_have_a_repr(ecs, topic, receiver):
    """Each has a repr of one line."""
    subscription = topic.subscribe(receiver.url)
    message = topic.publish("hello")
    assert repr(topic) == "<Topic 'ecs-events': 1 messages, 1 subscriptions>"
    assert repr(subscription) == f"<TopicSubscription 'subscription-1' of 'ecs-events': 1 pushes to {receiver.url}>"
    assert (topic.name, topic.subscriptions, message.at) == ("ecs-events", [subscription], ecs.now)
    assert subscription.pushes[0].at == dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc)
    assert ecs.topic("ecs-events") is topic


SENTENCES = {
    "a topic twice": (lambda ecs, _: ecs.topic("ecs-events", levels="INFO"), "The topic 'ecs-events' exists already* "
        "ecs_events.topic('ecs-events') *"),
    "a name of no topic": (lambda ecs, _: ecs.topic("a_b"), "The topic 'a_b' cannot have that name. *letters, digits "
        "and hyphens*255*"),
    "no text": (lambda _, topic: topic.publish(3), "body is 3. Pass text, such as json.dumps({...})."),
    "too long a tag": (lambda _, topic: topic.publish("x", tag="x" * 17), "MessageTag must be from 1 to 16."),
    "too long a filter": (lambda _, topic: topic.subscribe("http://x", tag="x" * 17), "FilterTag must be from 1 to 16."),
    "no endpoint": (lambda _, topic: topic.subscribe(3), "endpoint is 3. Pass a URL on loopback, such as "
        "http://127.0.0.1:8000/notifications, or a queue."),
    "no such strategy": (lambda _, topic: topic.subscribe("http://x", strategy="BACKOFF"), "strategy is 'BACKOFF'. Pass one "
        "of: BACKOFF_RETRY, EXPONENTIAL_DECAY_RETRY. Did you mean BACKOFF_RETRY?"),
    "no such format": (lambda _, topic: topic.subscribe("http://x", content_format="xml"), "content_format is 'xml'. Pass one "
        "of: XML, JSON, SIMPLIFIED. Did you mean XML?"),
    "another of that name": (lambda _, topic: [topic.subscribe(f"http://{n}", "s") for n in "ab"], "The subscription 's': the "
        "service refuses this with SubscriptionAlreadyExist."),
}  # fmt: skip


@pytest.mark.parametrize("what", SENTENCES)
def test_invalid_arguments_are_refused_with_a_message(ecs, topic, what):
    """The message has the value, what is expected, and the nearest name."""
    act, sentence = SENTENCES[what]
    with pytest.raises(BadArgumentError) as error:
        act(ecs, topic)
    assert fnmatchcase(str(error.value), sentence)
