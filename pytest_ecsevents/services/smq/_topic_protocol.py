"""The protocol of topics and subscriptions."""

from collections.abc import Iterator
from typing import Final

from pytest_ecsevents.clock._times import SECOND
from pytest_ecsevents.rpc._wire import JsonObject
from pytest_ecsevents.services.smq._errors import OutOfRangeError
from pytest_ecsevents.services.smq._properties import read_extras
from pytest_ecsevents.services.smq._protocol import SmqExchange, SmqReply, SmqRoute, StateRoutes, shown
from pytest_ecsevents.services.smq._topics import STRATEGIES, Topics, TopicState
from pytest_ecsevents.services.smq._xml import document, texts

RETENTION: Final = 86_400
"""Seconds for which a topic keeps messages (documented); they cannot be changed."""


class TopicRoutes(StateRoutes[TopicState]):
    def __init__(self, topics: Topics) -> None:
        super().__init__(topics)
        self._topics: Final = topics

    def __iter__(self) -> Iterator[SmqRoute]:
        yield from super().__iter__()
        subscription = r"/topics/([^/]*)/subscriptions/([^/]*)"
        yield SmqRoute("PublishMessage", "POST", r"/topics/([^/]*)/messages", "", self._publish)
        yield SmqRoute(
            "ListSubscriptionByTopic", "GET", r"/topics/([^/]*)/subscriptions/?", "", self._list_subscriptions
        )
        yield SmqRoute("SetSubscriptionAttributes", "PUT", subscription, "metaoverride", self._set_subscription)
        yield SmqRoute("Subscribe", "PUT", subscription, "", self._subscribe)
        yield SmqRoute("GetSubscriptionAttributes", "GET", subscription, "", self._get_subscription)
        yield SmqRoute("Unsubscribe", "DELETE", subscription, "", self._unsubscribe)

    def _meta(self, state: TopicState) -> JsonObject:
        return {
            "TopicName": state.name,
            "CreateTime": state.created_at // SECOND,
            "LastModifyTime": state.modified_at // SECOND,
            **shown(state.attributes),
            "MessageRetentionPeriod": RETENTION,
            "MessageCount": len(state.published),
        }

    def _publish(self, exchange: SmqExchange) -> SmqReply:
        node = exchange.xml("Message")
        given, extras = texts(node), read_extras(node)
        message = self._topics.publish(
            exchange.names[0], given.get("MessageBody", ""), given.get("MessageTag", ""), extras
        )
        members: JsonObject = {"MessageId": message.message_id, "MessageBodyMD5": message.md5}
        members |= {"MessageGroupId": extras.group_id} if extras.group_id else {}
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
        return SmqReply(201 if is_new else 204, location=self._url(exchange, f"{topic}/subscriptions/{name}"))

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
        rows: list[JsonObject] = [
            {"SubscriptionURL": self._url(exchange, f"{topic.name}/subscriptions/{name}")} for name in page
        ]
        return SmqReply(200, document("Subscriptions", {"Subscription": [*rows], **marker}))
