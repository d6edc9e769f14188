"""What messages carry beside their bodies, delayed messages, the account's attributes, and dead letters."""

import urllib.request

import pytest
from defusedxml.ElementTree import fromstring

from pytest_ecsevents import BadArgumentError

NAMESPACE = "{http://mns.aliyuncs.com/doc/v1/}"
HEADERS = {
    "x-mns-version": "2015-06-06",
    "Date": "Tue, 01 Jan 2030 00:00:00 GMT",
    "Authorization": "MNS id:signature",
    "Content-Type": "text/xml;charset=utf-8",
}
PROPERTIES = """
  <MessageGroupId>orders</MessageGroupId>
  <UserProperties>
    <PropertyValue><Name>colour</Name><Value>blau</Value><Type>STRING</Type></PropertyValue>
    <PropertyValue><Name>logo</Name><Value>AAE=</Value><Type>BINARY</Type></PropertyValue>
    <PropertyValue><Value>nameless</Value></PropertyValue>
  </UserProperties>
  <SystemProperties>
    <SystemPropertyValue><Name>traceparent</Name><Value>00-1-2-01</Value></SystemPropertyValue>
  </SystemProperties>"""


def message(inner, root="Message"):
    """A body in the service's namespace."""
    return f'<{root} xmlns="http://mns.aliyuncs.com/doc/v1/">{inner}</{root}>'


SENT = message(f"<MessageBody>aGk=</MessageBody>{PROPERTIES}")


@pytest.fixture
def smq(ecs):
    """Send a request: `smq("GET", "/queues/q/messages")`; returns the reply's XML, or None without a body."""
    ecs.queue("q")

    def smq(method, path, body=None):
        url = f"http://{ecs.endpoint}{path}"
        request = urllib.request.Request(url, method=method, headers=HEADERS, data=body and body.encode())
        with urllib.request.urlopen(request, timeout=10) as reply:
            text = reply.read()
        return fromstring(text) if text else None

    return smq


def properties(reply, outer, inner):
    """The properties in a reply: name, value and type of each."""
    found = reply.iterfind(f"{NAMESPACE}{outer}/{NAMESPACE}{inner}")
    return [tuple(one.findtext(f"{NAMESPACE}{member}") for member in ("Name", "Value", "Type")) for one in found]


def text(reply, member):
    """A member of a reply."""
    return reply.findtext(f"{NAMESPACE}{member}")


@pytest.mark.parametrize("path", ["/queues/q/messages", "/queues/q/messages?peekonly=true"])
def test_properties_and_group_come_with_the_message(ecs, smq, path):
    """A receiver reads them as they were sent; a property without a name is ignored."""
    assert text(smq("POST", "/queues/q/messages", SENT), "MessageGroupId") == "orders"
    reply = smq("GET", path)
    assert text(reply, "MessageGroupId") == "orders"
    user = properties(reply, "UserProperties", "PropertyValue")
    assert user == [("colour", "blau", "STRING"), ("logo", "AAE=", "BINARY")]
    assert properties(reply, "SystemProperties", "SystemPropertyValue") == [("traceparent", "00-1-2-01", "STRING")]


def test_the_test_reads_them_from_the_message(ecs, smq):
    """By name, with their values as sent."""
    smq("POST", "/queues/q/messages", message(SENT, "Messages"))
    (sent,) = ecs.queue("q")
    assert sent.group_id == "orders"
    assert sent.user_properties == {"colour": "blau", "logo": "AAE="}
    assert sent.system_properties == {"traceparent": "00-1-2-01"}


def test_a_message_without_them_has_none(ecs, smq):
    """Neither its sender nor its receiver sees such members."""
    ecs.queue("q").send("hello")
    reply = smq("GET", "/queues/q/messages")
    assert not {"MessageGroupId", "UserProperties", "SystemProperties"} & {
        one.tag.removeprefix(NAMESPACE) for one in reply
    }


def test_a_topic_passes_them_on(ecs, smq):
    """A queue that subscribes to the topic gets the message with them."""
    topic = ecs.topic("t")
    topic.subscribe(ecs.queue("q"), content_format="SIMPLIFIED")
    assert text(smq("POST", "/topics/t/messages", SENT), "MessageGroupId") == "orders"
    assert text(smq("POST", "/topics/t/messages", message("<MessageBody>b</MessageBody>")), "MessageGroupId") is None
    first, second = ecs.queue("q")
    assert (first.group_id, second.group_id) == ("orders", "")


def test_a_delayed_message_can_be_deleted_before_it_is_received(ecs, smq):
    """The reply to the sender has its handle; that of an undelayed one has none."""
    delayed = message("<MessageBody>b</MessageBody><DelaySeconds>60</DelaySeconds>")
    handle = text(smq("POST", "/queues/q/messages", delayed), "ReceiptHandle")
    assert text(smq("POST", "/queues/q/messages", SENT), "ReceiptHandle") is None
    assert smq("DELETE", f"/queues/q/messages?ReceiptHandle={handle}") is None
    ecs.advance("2m")
    assert [one.body for one in ecs.queue("q")] == ["hi"]


def test_the_accounts_attributes(ecs, smq):
    """The logging bucket is empty until it is set; a body without one changes nothing."""
    assert text(smq("GET", "/?accountmeta=true"), "LoggingBucket") == ""
    smq("PUT", "/?accountmeta=true", message("<LoggingBucket>logs</LoggingBucket>", "Account"))
    smq("PUT", "/?accountmeta=true", message("", "Account"))
    reply = smq("GET", "/?accountmeta=true")
    assert (reply.tag, text(reply, "LoggingBucket")) == (f"{NAMESPACE}Account", "logs")


# -- dead letters


@pytest.fixture
def queue(ecs, smq):
    """A queue whose messages are moved to `dead` after the second receive."""
    queue = ecs.queue("q")
    queue.set_dead_letter_queue(ecs.queue("dead", rules_only=True), max_receive_count=2)
    queue.send("poison")
    return queue


def test_a_message_that_was_received_too_often_is_moved(ecs, smq, queue):
    """It goes when it becomes visible again, and says where it comes from."""
    smq("POST", "/queues/q/messages", SENT)
    for _ in range(2):
        smq("GET", "/queues/q/messages?numOfMessages=16")
        assert len(ecs.queue("dead")) == 0
        ecs.advance("30s")
    assert len(queue) == 0
    moved, other = ecs.queue("dead")
    assert (moved.body, moved.dequeue_count) == ("poison", 0)
    assert moved.system_properties == {
        "DLQSourceArn": "acs:mns:cn-hangzhou:1000000000000001:queues/q",
        "DLQOriginMessageId": queue.messages[0].message_id,
    }
    assert other.group_id == "orders"
    assert other.system_properties["traceparent"] == "00-1-2-01"
    assert "moved to dead" in ecs.timeline()


def test_a_message_that_is_deleted_in_time_stays_away(ecs, smq, queue):
    """Its second receiver has done the work."""
    smq("GET", "/queues/q/messages")
    ecs.advance("30s")
    handle = text(smq("GET", "/queues/q/messages"), "ReceiptHandle")
    smq("DELETE", f"/queues/q/messages?ReceiptHandle={handle}")
    ecs.advance("1h")
    assert len(ecs.queue("dead")) == 0


def test_a_message_that_is_hidden_for_longer_is_moved_later(ecs, smq, queue):
    """Its last receiver still works on it."""
    smq("GET", "/queues/q/messages")
    ecs.advance("30s")
    handle = text(smq("GET", "/queues/q/messages"), "ReceiptHandle")
    smq("PUT", f"/queues/q/messages?ReceiptHandle={handle}&VisibilityTimeout=600")
    ecs.advance("599s")
    assert (len(queue), len(ecs.queue("dead"))) == (1, 0)
    ecs.advance("1s")
    assert (len(queue), len(ecs.queue("dead"))) == (0, 1)


def test_without_the_other_queue_messages_stay(ecs, smq, queue):
    """The dead-letter queue was deleted, so the message is received a third time."""
    smq("DELETE", "/queues/dead")
    for count in ("1", "2", "3"):
        assert text(smq("GET", "/queues/q/messages"), "DequeueCount") == count
        ecs.advance("30s")


@pytest.mark.parametrize(
    ("other", "count", "words"),
    [
        ("q", 2, "Pass another queue"),
        (None, 2, "queue is None. Pass another queue"),
        ("dead", 0, "max_receive_count is 0. Pass a whole number from 1 to 1000"),
        ("dead", True, "max_receive_count is True"),
    ],
)
def test_wrong_arguments_are_refused(ecs, queue, other, count, words):
    """The message has the value and what is allowed."""
    with pytest.raises(BadArgumentError, match=words):
        queue.set_dead_letter_queue(other and ecs.queue(other), max_receive_count=count)


# -- the documented SDK, aliyun-mns-sdk


def test_the_documented_sdk_reads_properties(ecs, smq):
    """What its sender gives a message, its receiver reads."""
    module = pytest.importorskip("mns.message_property", reason="aliyun-mns has no properties")
    from mns.account import Account
    from mns.queue import Message

    account = Account(ecs.queue("q").endpoint, "id", "key")
    client = account.get_queue("q")
    sent = Message("hello", message_group_id="orders")
    sent.add_user_property("colour", module.MessagePropertyValue(module.PropertyType.STRING, "blue"))
    client.send_message(sent)
    received = client.receive_message()
    assert received.get_user_properties()["colour"].string_value == "blue"
    assert received.message_group_id == "orders"
    assert account.get_attributes() is not None
    account.get_client().close_connection()
