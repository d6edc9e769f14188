"""Topics of the Simple Message Queue: who subscribes, what is pushed to him, and how often it is tried again."""

import datetime as dt
import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from pytest_ecsevents.clock import SECOND, Clock, Micros, from_micros
from pytest_ecsevents.services.smq._limits import TOPIC_LIMITS
from pytest_ecsevents.services.smq._queues import SUBSCRIPTION_NAME, TOPIC_NAME, Attributes, Queues
from pytest_ecsevents.services.smq._refusal import SmqRefusal
from pytest_ecsevents.services.smq._topic_forms import FORMS

ANSWER_WITHIN: Final = 5
"""Seconds in which an endpoint must answer (documented)."""

CONTENT_FORMATS: Final = tuple(FORMS)
STRATEGIES: Final = ("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY")

_BACKOFF: Final = 3
_DECAY: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, *[512] * 167)

LONGEST_TAG: Final = 16

OF_QUEUES: Final = "acs:mns:"
"""How endpoints begin that are queues."""


@dataclass(frozen=True, slots=True)
class TopicMessage:
    """One message that was published.

    Attributes:
        message_id: The service's id.
        body: What it says.
        tag: Which subscriptions with a filter get it; "" for those without one.
        at_micros: When, in microseconds since the epoch.
    """

    message_id: str
    body: str
    tag: str
    at_micros: Micros

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
        endpoint: Where to.
        attempt: 1 for the first.
        at_micros: When, in microseconds since the epoch.
        http_status: What the endpoint answered; None for nothing.
        problem: Why it counts as failed; "" where it does not.
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


class TopicSubscription:
    """One subscription of a topic.

    Attributes:
        name: Its name.
        topic: The topic's.
        endpoint: Where messages are pushed to: a URL, or a queue's `acs:mns:<region>:<account>:queues/<name>`.
        strategy: One of `STRATEGIES`.
        content_format: One of `CONTENT_FORMATS`.
        tag: Only messages with this tag are pushed; "" for all.
        pushes: Every attempt so far, in order.
    """

    def __init__(
        self, name: str, topic: str, endpoint: str, *, strategy: str, content_format: str, tag: str, now: Micros
    ) -> None:
        self.name: Final = name
        self.topic: Final = topic
        self.endpoint: Final = endpoint
        self.strategy = strategy
        self.content_format: Final = content_format
        self.tag: Final = tag
        self.pushes: Final[list[TopicPush]] = []
        self.is_over = False
        self.created_at: Final = now
        self.modified_at = now

    def __repr__(self) -> str:
        return f"<TopicSubscription {self.name!r} of {self.topic!r}: {len(self.pushes)} pushes to {self.endpoint}>"


Pusher: TypeAlias = Callable[[TopicSubscription, TopicMessage, str], "tuple[int | None, str]"]
"""Pushes a message over HTTP in these words; returns the status of the answer, and what was wrong."""


class TopicState:
    """One topic."""

    def __init__(self, name: str, now: Micros, attributes: Mapping[str, int]) -> None:
        self.name: Final = name
        self.attributes: Final[Attributes] = {limit.name: limit.default for limit in TOPIC_LIMITS} | dict(attributes)
        self.subscriptions: Final[dict[str, TopicSubscription]] = {}
        self.published: Final[list[TopicMessage]] = []
        self.created_at: Final = now
        self.modified_at = now


class Topics:
    """The topics of one test.

    Args:
        clock: The test's.
        queues: The queues that a subscription may push to.
        owner: The account that they belong to.
        seed: What makes this test's ids and waits its own.
        push: Pushes over HTTP.
        told: Told of each attempt.
    """

    def __init__(
        self,
        clock: Clock,
        queues: Queues,
        owner: str,
        seed: str,
        *,
        push: Pusher,
        told: Callable[[TopicPush], None],
    ) -> None:
        self._told: Final = told
        self.owner: Final = owner
        self._clock: Final = clock
        self._queues: Final = queues
        self._dice: Final = random.Random(f"{seed}/topics")
        self._push: Final = push
        self._by_name: Final[dict[str, TopicState]] = {}

    def __getitem__(self, name: str) -> TopicState:
        there = self._by_name.get(name)
        if there is None:
            raise SmqRefusal("TopicNotExist")
        return there

    def get(self, name: str) -> TopicState | None:
        """The topic of that name, or None."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[str]:
        """The names, sorted."""
        return iter(sorted(self._by_name))

    def create(self, name: str, attributes: Mapping[str, int]) -> tuple[TopicState, bool]:
        """Make a topic; one that is there already with the same attributes is returned, as with queues.

        Raises:
            SmqRefusal: There is one with other attributes, or something of this is out of range.
        """
        TOPIC_NAME.check(name)
        _check(attributes)
        with self._clock.lock:
            there = self._by_name.get(name)
            if there is None:
                made = self._by_name[name] = TopicState(name, self._clock.now(), attributes)
                return made, True
            if there.attributes != {limit.name: limit.default for limit in TOPIC_LIMITS} | dict(attributes):
                raise SmqRefusal("TopicAlreadyExist")
            return there, False

    def change(self, name: str, attributes: Mapping[str, int]) -> None:
        """Change a topic's attributes."""
        topic = self[name]
        _check(attributes)
        topic.attributes.update(attributes)
        topic.modified_at = self._clock.now()

    def delete(self, name: str) -> None:
        """Delete a topic and its subscriptions."""
        for subscription in self[name].subscriptions.values():
            subscription.is_over = True
        del self._by_name[name]

    # -- subscriptions

    def subscribe(
        self, topic_name: str, name: str, endpoint: str, *, strategy: str, content_format: str, tag: str
    ) -> tuple[TopicSubscription, bool]:
        """Subscribe; a subscription that is there already and is the same is returned.

        Returns:
            The subscription, and whether it is new.

        Raises:
            SmqRefusal: There is another of that name, or something of this cannot be.
        """
        topic = self[topic_name]
        SUBSCRIPTION_NAME.check(name)
        _check_subscription(endpoint, strategy, content_format, tag)
        with self._clock.lock:
            there = topic.subscriptions.get(name)
            made = TopicSubscription(
                name,
                topic_name,
                endpoint,
                strategy=strategy,
                content_format=content_format,
                tag=tag,
                now=self._clock.now(),
            )
            if there is None:
                topic.subscriptions[name] = made
                return made, True
            if _settings(there) != _settings(made):
                raise SmqRefusal("SubscriptionAlreadyExist")
            return there, False

    def subscription(self, topic_name: str, name: str) -> TopicSubscription:
        """A subscription.

        Raises:
            SmqRefusal: There is none.
        """
        there = self[topic_name].subscriptions.get(name)
        if there is None:
            raise SmqRefusal("SubscriptionNotExist")
        return there

    def change_subscription(self, topic_name: str, name: str, strategy: str) -> None:
        """Change how often a subscription's pushes are tried again."""
        there = self.subscription(topic_name, name)
        _check_subscription(there.endpoint, strategy, there.content_format, there.tag)
        there.strategy, there.modified_at = strategy, self._clock.now()

    def unsubscribe(self, topic_name: str, name: str) -> None:
        """End a subscription."""
        self.subscription(topic_name, name).is_over = True
        del self[topic_name].subscriptions[name]

    # -- messages

    def publish(self, topic_name: str, body: str, tag: str) -> TopicMessage:
        """Publish a message: it is pushed to each subscription that its tag fits.

        Raises:
            SmqRefusal: It is too long, or its tag is.
        """
        topic = self[topic_name]
        longest = topic.attributes["MaximumMessageSize"]
        if not 1 <= len(body.encode()) <= longest:
            raise SmqRefusal("InvalidArgument", "MessageBody", 1, longest)
        _check_tag("MessageTag", tag)
        with self._clock.lock:
            now = self._clock.now()
            number = 200_000_001 + len(topic.published)
            message = TopicMessage(f"{self._dice.getrandbits(64):016X}-1-{now // 1_000:X}-{number}", body, tag, now)
            topic.published.append(message)
            subscriptions = [one for one in topic.subscriptions.values() if one.tag in ("", tag)]
        for subscription in subscriptions:
            self._deliver(subscription, message, 1)
        return message

    def _deliver(self, subscription: TopicSubscription, message: TopicMessage, attempt: int) -> None:
        """Push once; where that fails, plan the next attempt."""
        if subscription.is_over or self._clock.is_still:
            return
        at = self._clock.now()
        status, problem = self._pushed(subscription, message)
        push = TopicPush(message, subscription.topic, subscription.endpoint, attempt, at, status, problem)
        subscription.pushes.append(push)
        self._told(push)
        wait = self._wait(subscription.strategy, attempt) if problem else None
        if wait is not None:
            again = self._clock.now() + wait
            self._clock.later(again, lambda: self._deliver(subscription, message, attempt + 1))

    def _pushed(self, subscription: TopicSubscription, message: TopicMessage) -> tuple[int | None, str]:
        content = self._content(subscription, message)
        if not subscription.endpoint.startswith(OF_QUEUES):
            return self._push(subscription, message, content)
        queue = self._queues.get(subscription.endpoint.rpartition("/")[2])
        if queue is None:
            return None, "there is no such queue"
        queue.send(content)
        return None, ""

    def _content(self, subscription: TopicSubscription, message: TopicMessage) -> str:
        return FORMS[subscription.content_format](
            {
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
        )

    def _wait(self, strategy: str, attempt: int) -> Micros | None:
        """How long until the next attempt (documented); None where it was the last."""
        if strategy == "BACKOFF_RETRY":
            return self._dice.randrange(10 * SECOND, 20 * SECOND + 1) if attempt <= _BACKOFF else None
        return _DECAY[attempt - 1] * SECOND if attempt <= len(_DECAY) else None


def _settings(one: TopicSubscription) -> tuple[str, ...]:
    return one.endpoint, one.strategy, one.content_format, one.tag


def _check(attributes: Mapping[str, int]) -> None:
    limits = {limit.name: limit for limit in TOPIC_LIMITS}
    for name, value in attributes.items():
        limits[name].checked(value, 0)


def _check_subscription(endpoint: str, strategy: str, content_format: str, tag: str) -> None:
    if not endpoint.startswith(("http://", "https://", OF_QUEUES)):
        raise SmqRefusal("EndpointInvalid")
    if strategy not in STRATEGIES:
        raise SmqRefusal("InvalidArgument", "NotifyStrategy", *STRATEGIES)
    if content_format not in CONTENT_FORMATS:
        raise SmqRefusal("InvalidArgument", "NotifyContentFormat", CONTENT_FORMATS[0], CONTENT_FORMATS[-1])
    _check_tag("FilterTag", tag)


def _check_tag(name: str, tag: str) -> None:
    if len(tag) > LONGEST_TAG:
        raise SmqRefusal("InvalidArgument", name, 1, LONGEST_TAG)
