"""The protocol of topics and subscriptions."""

from collections.abc import Iterator
from typing import Final

from pytest_ecsevents.clock import SECOND
from pytest_ecsevents.services.smq._limits import TOPIC_LIMITS
from pytest_ecsevents.services.smq._protocol import Route, SmqCall, SmqReply, listing, numbers, shown
from pytest_ecsevents.services.smq._refusal import SmqRefusal
from pytest_ecsevents.services.smq._topics import STRATEGIES, Topics, TopicState, TopicSubscription
from pytest_ecsevents.services.smq._xml import document, element, members, one, parsed

RETENTION: Final = 86_400
"""Seconds for which a topic keeps messages (documented); nobody can change it."""


class TopicRoutes:
    """Answers requests about topics.

    Args:
        topics: The test's.
    """

    def __init__(self, topics: Topics) -> None:
        self._topics: Final = topics

    def __iter__(self) -> Iterator[Route]:
        """The rows of the table."""
        topic, subscription = r"/topics/([^/]*)", r"/topics/([^/]*)/subscriptions/([^/]*)"
        yield Route("ListTopic", "GET", r"/topics/?", "", self._list)
        yield Route("SetTopicAttributes", "PUT", topic, "metaoverride", self._set_attributes)
        yield Route("CreateTopic", "PUT", topic, "", self._create)
        yield Route("GetTopicAttributes", "GET", topic, "", self._get_attributes)
        yield Route("DeleteTopic", "DELETE", topic, "", self._delete)
        yield Route("PublishMessage", "POST", r"/topics/([^/]*)/messages", "", self._publish)
        yield Route("ListSubscriptionByTopic", "GET", r"/topics/([^/]*)/subscriptions/?", "", self._list_subscriptions)
        yield Route("SetSubscriptionAttributes", "PUT", subscription, "metaoverride", self._set_subscription)
        yield Route("Subscribe", "PUT", subscription, "", self._subscribe)
        yield Route("GetSubscriptionAttributes", "GET", subscription, "", self._get_subscription)
        yield Route("Unsubscribe", "DELETE", subscription, "", self._unsubscribe)

    def _create(self, call: SmqCall) -> SmqReply:
        attributes = numbers(parsed(call.body, "Topic"), TOPIC_LIMITS) if call.body else {}
        _, is_new = self._topics.create(call.names[0], attributes)
        return SmqReply(201 if is_new else 204, headers={"Location": _url(call, call.names[0])})

    def _set_attributes(self, call: SmqCall) -> SmqReply:
        self._topics.change(call.names[0], numbers(parsed(call.body, "Topic"), TOPIC_LIMITS))
        return SmqReply(204)

    def _get_attributes(self, call: SmqCall) -> SmqReply:
        return SmqReply(200, one("Topic", _topic_meta(self._topics[call.names[0]])))

    def _delete(self, call: SmqCall) -> SmqReply:
        self._topics.delete(call.names[0])
        return SmqReply(204)

    def _list(self, call: SmqCall) -> SmqReply:
        page, marker = listing(call, self._topics)
        with_meta = call.headers.get("x-mns-with-meta", "").lower() == "true"
        rows = "".join(
            element("Topic", {"TopicURL": _url(call, name)} | (_topic_meta(self._topics[name]) if with_meta else {}))
            for name in page
        )
        return SmqReply(200, document("Topics", rows + marker))

    def _publish(self, call: SmqCall) -> SmqReply:
        said = members(parsed(call.body, "Message"))
        message = self._topics.publish(call.names[0], said.get("MessageBody", ""), said.get("MessageTag", ""))
        return SmqReply(201, one("Message", {"MessageId": message.message_id, "MessageBodyMD5": message.md5}))

    # -- subscriptions

    def _subscribe(self, call: SmqCall) -> SmqReply:
        said = members(parsed(call.body, "Subscription"))
        topic, name = call.names
        _, is_new = self._topics.subscribe(
            topic,
            name,
            said.get("Endpoint", ""),
            strategy=said.get("NotifyStrategy", STRATEGIES[0]),
            content_format=said.get("NotifyContentFormat", "XML"),
            tag=said.get("FilterTag", ""),
        )
        return SmqReply(201 if is_new else 204, headers={"Location": _url(call, topic, name)})

    def _set_subscription(self, call: SmqCall) -> SmqReply:
        said = members(parsed(call.body, "Subscription"))
        topic, name = call.names
        if "NotifyStrategy" not in said:
            raise SmqRefusal("InvalidArgument", "NotifyStrategy", *STRATEGIES)
        self._topics.change_subscription(topic, name, said["NotifyStrategy"])
        return SmqReply(204)

    def _get_subscription(self, call: SmqCall) -> SmqReply:
        topic, name = call.names
        there = self._topics.subscription(topic, name)
        return SmqReply(200, one("Subscription", self._subscription_meta(there)))

    def _unsubscribe(self, call: SmqCall) -> SmqReply:
        self._topics.unsubscribe(*call.names)
        return SmqReply(204)

    def _list_subscriptions(self, call: SmqCall) -> SmqReply:
        topic = self._topics[call.names[0]]
        page, marker = listing(call, sorted(topic.subscriptions))
        rows = "".join(element("Subscription", {"SubscriptionURL": _url(call, topic.name, name)}) for name in page)
        return SmqReply(200, document("Subscriptions", rows + marker))

    def _subscription_meta(self, there: TopicSubscription) -> dict[str, object]:
        return {
            "SubscriptionName": there.name,
            "Subscriber": self._topics.owner,
            "TopicOwner": self._topics.owner,
            "TopicName": there.topic,
            "Endpoint": there.endpoint,
            "NotifyStrategy": there.strategy,
            "NotifyContentFormat": there.content_format,
            "FilterTag": there.tag,
            "CreateTime": there.created_at // SECOND,
            "LastModifyTime": there.modified_at // SECOND,
        }


def _url(call: SmqCall, topic: str, subscription: str = "") -> str:
    end = f"/subscriptions/{subscription}" if subscription else ""
    return f"http://{call.host}/topics/{topic}{end}"


def _topic_meta(topic: TopicState) -> dict[str, object]:
    return {
        "TopicName": topic.name,
        "CreateTime": topic.created_at // SECOND,
        "LastModifyTime": topic.modified_at // SECOND,
        **shown(topic.attributes),
        "MessageRetentionPeriod": RETENTION,
        "MessageCount": len(topic.published),
    }
