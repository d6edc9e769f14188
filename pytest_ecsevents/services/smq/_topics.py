"""Topics of the Simple Message Queue: subscriptions, pushes to their endpoints, and retries.

The content of a push is documented for XML and SIMPLIFIED; that JSON has the same members is a guess.
"""

import datetime as dt
import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import SECOND, Micros, from_micros
from pytest_ecsevents.rpc._wire import JsonObject
from pytest_ecsevents.services.smq._errors import ERRORS, OutOfRangeError
from pytest_ecsevents.services.smq._limits import TOPIC_LIMITS, Attributes, States, check_name, check_size
from pytest_ecsevents.services.smq._properties import NO_EXTRAS, Extras
from pytest_ecsevents.services.smq._queues import Queues
from pytest_ecsevents.services.smq._xml import document

ANSWER_WITHIN: Final = 5
"""Seconds in which an endpoint must answer (documented)."""

LONGEST_TAG: Final = 16

OF_QUEUES: Final = "acs:mns:"
"""The start of the endpoint of a subscription that pushes to a queue."""

STRATEGIES: Final = ("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY")

_BACKOFF: Final = 3
_DECAY: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, *[512] * 167)

FORMS: Final[Mapping[str, Callable[[JsonObject], str]]] = {
    "XML": lambda members: document("Notification", members),
    "JSON": lambda members: json.dumps(members, ensure_ascii=False),
    "SIMPLIFIED": lambda members: str(members["Message"]),
}
"""Makes the content of a push, by `NotifyContentFormat`."""

CONTENT_FORMATS: Final = tuple(FORMS)

CONTENT_TYPES: Final[Mapping[str, str]] = {
    "XML": "text/xml;charset=utf-8",
    "JSON": "application/json;charset=utf-8",
    "SIMPLIFIED": "text/plain;charset=utf-8",
}
"""The content types; those of JSON and SIMPLIFIED are a guess."""


@dataclass(frozen=True, slots=True)
class TopicMessage:
    """One message that was published.

    Attributes:
        message_id: The service's id.
        body: The text.
        tag: Only subscriptions with this tag, or without one, get it.
        at_micros: When, in microseconds since the epoch.
        extras: Its group and properties.
    """

    message_id: str
    body: str
    tag: str
    at_micros: Micros
    extras: Extras = NO_EXTRAS

    @property
    def at(self) -> dt.datetime:
        """When it was published, aware UTC."""
        return from_micros(self.at_micros)

    @property
    def md5(self) -> str:
        """`MessageMD5`, in upper-case digits."""
        return hashlib.md5(self.body.encode(), usedforsecurity=False).hexdigest().upper()


@dataclass(frozen=True, slots=True)
class TopicPush:
    """One attempt to push a message to an endpoint.

    Attributes:
        message: The message.
        topic: The topic's name.
        endpoint: The endpoint's URL, or its queue.
        attempt: 1 for the first.
        at_micros: When, in microseconds since the epoch.
        http_status: The status of the endpoint's response; None if there was none.
        problem: Why the push failed; "" if it succeeded.
    """

    message: TopicMessage
    topic: str
    endpoint: str
    attempt: int
    at_micros: Micros
    http_status: int | None
    problem: str

    @property
    def at(self) -> dt.datetime:
        """When it was made, aware UTC."""
        return from_micros(self.at_micros)


@dataclass(slots=True, eq=False, kw_only=True, repr=False)
class TopicSubscription:
    """One subscription of a topic.

    Attributes:
        name: Its name.
        topic: The topic's name.
        endpoint: A URL, or a queue's `acs:mns:<region>:<account>:queues/<name>`.
        strategy: One of `STRATEGIES`.
        content_format: One of `CONTENT_FORMATS`.
        tag: Only messages with this tag are pushed; "" for all.
        created_at: When it was created, in microseconds since the epoch.
        modified_at: When its settings were changed last, in microseconds since the epoch.
        pushes: Every attempt so far, in order.
        is_over: Whether it was deleted.
    """

    name: str
    topic: str
    endpoint: str
    strategy: str
    content_format: str
    tag: str
    created_at: Micros
    modified_at: Micros
    pushes: list[TopicPush] = field(default_factory=list)
    is_over: bool = False

    def __repr__(self) -> str:
        return f"<TopicSubscription {self.name!r} of {self.topic!r}: {len(self.pushes)} pushes to {self.endpoint}>"

    def differs(self, other: "TopicSubscription") -> bool:
        """Whether it has other settings than another one."""
        settings = ("endpoint", "strategy", "content_format", "tag")
        return any(getattr(self, name) != getattr(other, name) for name in settings)


Pusher: TypeAlias = Callable[[TopicSubscription, TopicMessage, str], "tuple[int | None, str]"]
"""Pushes a message over HTTP with this content. Returns the status of the response (or None) and the problem (or "")."""


class TopicState:
    """One topic.

    Attributes:
        subscriptions: By name.
        published: Every message, in order.
    """

    def __init__(self, name: str, attributes: Attributes, now: Micros) -> None:
        self.name: Final = name
        self.attributes: Final = attributes
        self.subscriptions: Final[dict[str, TopicSubscription]] = {}
        self.published: Final[list[TopicMessage]] = []
        self.created_at: Final = now
        self.modified_at = now

    def end(self) -> None:
        """Stop all pushes."""
        for subscription in self.subscriptions.values():
            subscription.is_over = True


class Topics(States[TopicState]):
    KIND = "Topic"
    LIMITS = TOPIC_LIMITS
    NAME = (255, "TopicNameInvalid")

    def __init__(
        self, clock: Clock, queues: Queues, owner: str, seed: str, *, push: Pusher, record: Callable[[TopicPush], None]
    ) -> None:
        super().__init__(clock)
        self.owner: Final = owner
        self._record: Final = record
        self._queues: Final = queues
        self._dice: Final = random.Random(f"{seed}/topics")
        self._push: Final = push

    def _make(self, name: str, attributes: Attributes) -> TopicState:
        return TopicState(name, attributes, self._clock.now())

    # -- subscriptions

    def subscribe(
        self, topic_name: str, name: str, endpoint: str, *, strategy: str, content_format: str, tag: str
    ) -> tuple[TopicSubscription, bool]:
        """Subscribe, or return an existing subscription with the same name and settings.

        Returns:
            The subscription, and whether it is new.

        Raises:
            ApiError: One with other settings exists, or an argument is wrong.
        """
        topic = self[topic_name]
        check_name(name, "Subscription", 255, "SubscriptionNameInvalid")
        if not endpoint.startswith(("http://", "https://", OF_QUEUES)):
            raise ERRORS["EndpointInvalid"].error()
        _check_word("NotifyStrategy", strategy, STRATEGIES)
        _check_word("NotifyContentFormat", content_format, CONTENT_FORMATS)
        _check_tag("FilterTag", tag)
        with self._clock.lock:
            now = self._clock.now()
            made = TopicSubscription(
                name=name,
                topic=topic_name,
                endpoint=endpoint,
                strategy=strategy,
                content_format=content_format,
                tag=tag,
                created_at=now,
                modified_at=now,
            )
            found = topic.subscriptions.setdefault(name, made)
        if found.differs(made):
            raise ERRORS["SubscriptionAlreadyExist"].error()
        return found, found is made

    def subscription(self, topic_name: str, name: str) -> TopicSubscription:
        """A subscription.

        Raises:
            ApiError: There is none.
        """
        subscription = self[topic_name].subscriptions.get(name)
        if subscription is None:
            raise ERRORS["SubscriptionNotExist"].error()
        return subscription

    def change_subscription(self, topic_name: str, name: str, strategy: str) -> None:
        """Change how a subscription's pushes are retried."""
        subscription = self.subscription(topic_name, name)
        _check_word("NotifyStrategy", strategy, STRATEGIES)
        subscription.strategy, subscription.modified_at = strategy, self._clock.now()

    def unsubscribe(self, topic_name: str, name: str) -> None:
        self.subscription(topic_name, name).is_over = True
        del self[topic_name].subscriptions[name]

    # -- messages

    def publish(self, topic_name: str, body: str, tag: str, extras: Extras = NO_EXTRAS) -> TopicMessage:
        """Publish a message, and push it to each subscription with its tag or without one.

        Raises:
            ApiError: The message or its tag is too long.
        """
        topic = self[topic_name]
        check_size(body, topic.attributes)
        _check_tag("MessageTag", tag)
        with self._clock.lock:
            now = self._clock.now()
            number = 200_000_001 + len(topic.published)
            message_id = f"{self._dice.getrandbits(64):016X}-1-{now // 1_000:X}-{number}"
            message = TopicMessage(message_id, body, tag, now, extras)
            topic.published.append(message)
            subscriptions = [one for one in topic.subscriptions.values() if one.tag in ("", tag)]
        for subscription in subscriptions:
            self.deliver(subscription, message, 1)
        return message

    def deliver(self, subscription: TopicSubscription, message: TopicMessage, attempt: int) -> None:
        """Push once, and plan the next attempt if that fails."""
        if subscription.is_over or self._clock.is_still:
            return
        at = self._clock.now()
        status, problem = self._pushed(subscription, message)
        push = TopicPush(message, subscription.topic, subscription.endpoint, attempt, at, status, problem)
        subscription.pushes.append(push)
        self._record(push)
        if not problem:
            return
        if subscription.strategy == "BACKOFF_RETRY":  # how long until the next attempt (documented)
            wait = self._dice.randrange(10 * SECOND, 20 * SECOND + 1) if attempt <= _BACKOFF else None
        else:
            wait = _DECAY[attempt - 1] * SECOND if attempt <= len(_DECAY) else None
        if wait is not None:
            again = self._clock.now() + wait
            self._clock.later(again, lambda: self.deliver(subscription, message, attempt + 1))

    def _pushed(self, subscription: TopicSubscription, message: TopicMessage) -> tuple[int | None, str]:
        members: JsonObject = {
            "TopicOwner": self.owner,
            "TopicName": subscription.topic,
            "Subscriber": self.owner,
            "SubscriptionName": subscription.name,
            "MessageId": message.message_id,
            "MessageMD5": message.md5,
            "Message": message.body,
            "MessageTag": message.tag,
            "PublishTime": message.at_micros // 1_000,
        }
        content = FORMS[subscription.content_format](members)
        if not subscription.endpoint.startswith(OF_QUEUES):
            return self._push(subscription, message, content)
        queue = self._queues.get(subscription.endpoint.rpartition("/")[2])
        if queue is None:
            return None, "there is no such queue"
        queue.send(content, extras=message.extras)  # a guess: the documentation does not say that they go along
        return None, ""


def _check_word(name: str, word: str, allowed: tuple[str, ...]) -> None:
    if word not in allowed:
        raise OutOfRangeError(name, allowed[0], allowed[-1])


def _check_tag(name: str, tag: str) -> None:
    if len(tag) > LONGEST_TAG:
        raise OutOfRangeError(name, 1, LONGEST_TAG)
