"""The protocol of topics and subscriptions."""

from collections.abc import Iterator
from typing import Final

from pytest_ecsevents.clock._times import SECOND
from pytest_ecsevents.rpc._wire import JsonObject
from pytest_ecsevents.services.smq._errors import OutOfRangeError
from pytest_ecsevents.services.smq._limits import TOPIC_LIMITS
from pytest_ecsevents.services.smq._protocol import SmqExchange, SmqReply, SmqRoute, shown
from pytest_ecsevents.services.smq._topics import STRATEGIES, Topics, TopicState
from pytest_ecsevents.services.smq._xml import document, texts

RETENTION: Final = 86_400
"""Seconds for which a topic keeps messages (documented); they cannot be changed."""


class TopicRoutes:
    """Answers requests about topics."""

    def __init__(self, topics: Topics) -> None:
        self._topics: Final = topics

    def __iter__(self) -> Iterator[SmqRoute]:
        """The rows of the table."""
        topic, subscription = r"/topics/([^/]*)", r"/topics/([^/]*)/subscriptions/([^/]*)"
        yield SmqRoute("ListTopic", "GET", r"/topics/?", "", self._list)
        yield SmqRoute("SetTopicAttributes", "PUT", topic, "metaoverride", self._set_attributes)
        yield SmqRoute("CreateTopic", "PUT", topic, "", self._create)
        yield SmqRoute("GetTopicAttributes", "GET", topic, "", self._get_attributes)
        yield SmqRoute("DeleteTopic", "DELETE", topic, "", self._delete)
        yield SmqRoute("PublishMessage", "POST", r"/topics/([^/]*)/messages", "", self._publish)
        yield SmqRoute(
            "ListSubscriptionByTopic", "GET", r"/topics/([^/]*)/subscriptions/?", "", self._list_subscriptions
        )
        yield SmqRoute("SetSubscriptionAttributes", "PUT", subscription, "metaoverride", self._set_subscription)
        yield SmqRoute("Subscribe", "PUT", subscription, "", self._subscribe)
        yield SmqRoute("GetSubscriptionAttributes", "GET", subscription, "", self._get_subscription)
        yield SmqRoute("Unsubscribe", "DELETE", subscription, "", self._unsubscribe)

    def _create(self, exchange: SmqExchange) -> SmqReply:
        attributes = exchange.attributes("Topic", TOPIC_LIMITS) if exchange.request.body else {}
        topic, is_new = self._topics.create(exchange.names[0], attributes)
        return SmqReply(201 if is_new else 204, location=_url(exchange, topic.name))

    def _set_attributes(self, exchange: SmqExchange) -> SmqReply:
        self._topics.change(exchange.names[0], exchange.attributes("Topic", TOPIC_LIMITS))
        return SmqReply(204)

    def _get_attributes(self, exchange: SmqExchange) -> SmqReply:
        return SmqReply(200, document("Topic", _meta(self._topics[exchange.names[0]])))

    def _delete(self, exchange: SmqExchange) -> SmqReply:
        self._topics.delete(exchange.names[0])
        return SmqReply(204)

    def _list(self, exchange: SmqExchange) -> SmqReply:
        page, marker = exchange.page(self._topics)
        rows = [self._row(exchange, self._topics[name]) for name in page]
        return SmqReply(200, document("Topics", {"Topic": [*rows], **marker}))

    @staticmethod
    def _row(exchange: SmqExchange, topic: TopicState) -> JsonObject:
        return {"TopicURL": _url(exchange, topic.name), **(_meta(topic) if exchange.with_meta else {})}

    def _publish(self, exchange: SmqExchange) -> SmqReply:
        given = texts(exchange.xml("Message"))
        message = self._topics.publish(exchange.names[0], given.get("MessageBody", ""), given.get("MessageTag", ""))
        members: JsonObject = {"MessageId": message.message_id, "MessageBodyMD5": message.md5}
        return SmqReply(201, document("Message", members))

    # -- subscriptions

    def _subscribe(self, exchange: SmqExchange) -> SmqReply:
        given = texts(exchange.xml("Subscription"))
        topic, name = exchange.names
        _, is_new = self._topics.subscribe(
            topic,
            name,
            given.get("Endpoint", ""),
            strategy=given.get("NotifyStrategy", STRATEGIES[0]),
            content_format=given.get("NotifyContentFormat", "XML"),
            tag=given.get("FilterTag", ""),
        )
        return SmqReply(201 if is_new else 204, location=_url(exchange, topic, name))

    def _set_subscription(self, exchange: SmqExchange) -> SmqReply:
        given = texts(exchange.xml("Subscription"))
        if "NotifyStrategy" not in given:
            raise OutOfRangeError("NotifyStrategy", *STRATEGIES)
        topic, name = exchange.names
        self._topics.change_subscription(topic, name, given["NotifyStrategy"])
        return SmqReply(204)

    def _get_subscription(self, exchange: SmqExchange) -> SmqReply:
        subscription = self._topics.subscription(*exchange.names)
        members: JsonObject = {
            "SubscriptionName": subscription.name,
            "Subscriber": self._topics.owner,
            "TopicOwner": self._topics.owner,
            "TopicName": subscription.topic,
            "Endpoint": subscription.endpoint,
            "NotifyStrategy": subscription.strategy,
            "NotifyContentFormat": subscription.content_format,
            "FilterTag": subscription.tag,
            "CreateTime": subscription.created_at // SECOND,
            "LastModifyTime": subscription.modified_at // SECOND,
        }
        return SmqReply(200, document("Subscription", members))

    def _unsubscribe(self, exchange: SmqExchange) -> SmqReply:
        self._topics.unsubscribe(*exchange.names)
        return SmqReply(204)

    def _list_subscriptions(self, exchange: SmqExchange) -> SmqReply:
        topic = self._topics[exchange.names[0]]
        page, marker = exchange.page(sorted(topic.subscriptions))
        rows: list[JsonObject] = [{"SubscriptionURL": _url(exchange, topic.name, name)} for name in page]
        return SmqReply(200, document("Subscriptions", {"Subscription": [*rows], **marker}))


def _url(exchange: SmqExchange, topic: str, subscription: str = "") -> str:
    end = f"/subscriptions/{subscription}" if subscription else ""
    return exchange.url(f"/topics/{topic}{end}")


def _meta(topic: TopicState) -> JsonObject:
    return {
        "TopicName": topic.name,
        "CreateTime": topic.created_at // SECOND,
        "LastModifyTime": topic.modified_at // SECOND,
        **shown(topic.attributes),
        "MessageRetentionPeriod": RETENTION,
        "MessageCount": len(topic.published),
    }
