"""`ecs_events.queue(...)` and `ecs_events.topic(...)`: queues and topics as a test uses them."""

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, checked_text, hidden_in_reports
from pytest_ecsevents._words import pass_one_of, sendable
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.services.cms._delivery import Subscription
from pytest_ecsevents.services.smq._errors import OutOfRangeError
from pytest_ecsevents.services.smq._limits import QUEUE_LIMITS
from pytest_ecsevents.services.smq._queues import DeadLetters, QueueMessage, QueueState
from pytest_ecsevents.services.smq._topics import (
    CONTENT_FORMATS,
    STRATEGIES,
    TopicMessage,
    Topics,
    TopicState,
    TopicSubscription,
)

__tracebackhide__ = hidden_in_reports

_NAME: Final = (
    "A name consists of letters, digits and hyphens, does not begin with a hyphen, and has at most 120 of them (a topic's: "
    "255)."
)


def queue_attributes(given: Mapping[str, object]) -> dict[str, int]:
    """Attributes by their names on the wire.

    Args:
        given: By the names of the SDK; None for those left out.

    Raises:
        BadArgumentError: A value is out of range.
    """
    limits = {limit.name: limit for limit in QUEUE_LIMITS}
    found: dict[str, int] = {}
    for name, value in given.items():
        if value is None:
            continue
        limit = limits[name.title().replace("_", "")]
        if isinstance(value, bool) or not isinstance(value, int) or not limit.low <= value <= limit.high:
            raise BadArgumentError(f"{name} is {value!r}. Pass a whole number from {limit.low} to {limit.high}.")
        found[limit.name] = value
    return found


@contextmanager
def argument_errors(what: str) -> Iterator[None]:
    """Raise errors of the service as errors about the test's arguments."""
    try:
        yield
    except OutOfRangeError as error:
        raise BadArgumentError(f"{error.name} must be from {error.low} to {error.high}.") from None
    except ApiError as error:
        named = f"{what} cannot have that name. {_NAME}"
        refused = f"{what}: the service refuses this with {error.code}."
        raise BadArgumentError(named if "Name" in error.code else refused) from None


_MOST_RECEIVES: Final = 1_000
"""The limit of `max_receive_count` (a guess)."""


class Queue:
    """A queue of the Simple Message Queue (formerly MNS) that the service's own SDKs talk to.

    Iteration and `len` cover the messages that are neither deleted nor too old.

    Attributes:
        subscription: CloudMonitor's deliveries to it; `cancel` ends them.
    """

    subscription: Subscription

    def __init__(self, state: QueueState, endpoint: Callable[[str], str]) -> None:
        self._state: Final = state
        self._endpoint: Final = endpoint

    @property
    def name(self) -> str:
        """Its name."""
        return self._state.name

    @property
    def endpoint(self) -> str:
        """The URL for the SDK's `Account`; reading it starts the server."""
        return f"http://{self._endpoint('queue.endpoint')}"

    @property
    def messages(self) -> list[QueueMessage]:
        """All messages that were sent to it, in order, with deleted ones."""
        return list(self._state.sent)

    @property
    def attributes(self) -> dict[str, int]:
        """Its attributes, by their names on the wire: `VisibilityTimeout`, ..."""
        return dict(self._state.attributes)

    def __iter__(self) -> Iterator[QueueMessage]:
        """The messages that are neither deleted nor too old, in order."""
        return iter([message for message in self._state.sent if self._state.holds(message)])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Queue {self.name!r}: {len(self)} of {len(self._state.sent)} messages left>"

    def send(
        self, body: str, *, delay_seconds: int | None = None, priority: int | None = None, raw: bool = False
    ) -> QueueMessage:
        """Send a message, as another program would.

        Args:
            body: The text.
            delay_seconds: Seconds until it can be received; default: the queue's `DelaySeconds`.
            priority: From 1 (received first) to 16; default: 8.
            raw: True: send the body as it is. False: send it in base64, as the SDK does.

        Raises:
            BadArgumentError: The body is no text, or an argument is out of range.
        """
        _check_body(body)
        text = body if raw else base64.b64encode(body.encode()).decode()
        for what, value in (("delay_seconds", delay_seconds), ("priority", priority)):
            if value is not None and type(value) is not int:
                raise BadArgumentError(f"{what} is {value!r}. Pass a whole number.")
        with argument_errors(f"The queue {self.name}"):
            return self._state.send(text, delay_seconds=delay_seconds, priority=priority)

    def set_dead_letter_queue(self, queue: "Queue", *, max_receive_count: int = 16) -> None:
        """Move messages that were received too often to another queue, as its `DLQPolicy` does.

        A message is moved when it becomes visible after its last receive. There it has the system properties `DLQSourceArn`
        and `DLQOriginMessageId`. These names are those of the service's SDKs; everything else is a guess.

        Args:
            queue: The dead-letter queue.
            max_receive_count: A message that was received this often is moved.

        Raises:
            BadArgumentError: It is the same queue, no queue, or the number is not from 1 to 1000.
        """
        wrong = f'queue is {queue!r}. Pass another queue, such as ecs_events.queue("dead-letters").'
        if not isinstance(queue, Queue):
            raise BadArgumentError(wrong)
        if queue.name == self.name:
            raise BadArgumentError(wrong)
        if type(max_receive_count) is not int or not 1 <= max_receive_count <= _MOST_RECEIVES:
            raise BadArgumentError(
                f"max_receive_count is {max_receive_count!r}. Pass a whole number from 1 to {_MOST_RECEIVES}."
            )
        self._state.dead_letters = DeadLetters(queue.name, max_receive_count)


def _check_body(body: object) -> None:
    if not isinstance(body, str) or sendable(body) != body:
        raise BadArgumentError(f"body is {body!r}. Pass text, such as json.dumps({{...}}).")


def _check_tag(tag: object) -> None:
    if tag != "":
        checked_text(tag, "tag", "urgent")


class Topic:
    """A topic of the Simple Message Queue (formerly MNS), which pushes to HTTP endpoints and to queues.

    Attributes:
        subscription: CloudMonitor's deliveries to it; `cancel` ends them.
    """

    subscription: Subscription

    def __init__(self, state: TopicState, topics: Topics, endpoint: Callable[[str], str]) -> None:
        self._state: Final = state
        self._topics: Final = topics
        self._endpoint: Final = endpoint

    @property
    def name(self) -> str:
        """Its name."""
        return self._state.name

    @property
    def endpoint(self) -> str:
        """The URL for the SDK's `Account`; reading it starts the server."""
        return f"http://{self._endpoint('topic.endpoint')}"

    @property
    def messages(self) -> list[TopicMessage]:
        """All messages that were published in it, in order."""
        return list(self._state.published)

    @property
    def is_there(self) -> bool:
        """Whether it has not been deleted."""
        return self._topics.get(self.name) is self._state

    @property
    def subscriptions(self) -> list[TopicSubscription]:
        """Its subscriptions, including those that the handler created through the SDK."""
        return list(self._state.subscriptions.values())

    def __repr__(self) -> str:
        return f"<Topic {self.name!r}: {len(self.messages)} messages, {len(self.subscriptions)} subscriptions>"

    def publish(self, body: str, *, tag: str = "") -> TopicMessage:
        """Publish a message, as another program would; it is pushed before this returns.

        Raises:
            BadArgumentError: The body is no text, or the body or the tag is too long.
        """
        _check_body(body)
        _check_tag(tag)
        with argument_errors(f"The topic {self.name}"):
            return self._topics.publish(self.name, body, tag)

    def subscribe(
        self,
        endpoint: "str | Queue",
        name: str | None = None,
        *,
        strategy: str = STRATEGIES[0],
        content_format: str = CONTENT_FORMATS[0],
        tag: str = "",
    ) -> TopicSubscription:
        """Push messages to an endpoint.

        Args:
            endpoint: A URL on loopback, or a queue.
            name: The subscription's name; default: `subscription-1`, ...
            strategy: Retries of a failed push: "BACKOFF_RETRY", three after 10 to 20 seconds each, or
                "EXPONENTIAL_DECAY_RETRY", 176 over a day. Both documented.
            content_format: "XML", "JSON" or "SIMPLIFIED" (the message alone).
            tag: Push only messages with this tag; default: all.

        Raises:
            BadArgumentError: An argument is wrong.
        """
        for what, value, known in (
            ("strategy", strategy, STRATEGIES),
            ("content_format", content_format, CONTENT_FORMATS),
        ):
            if value not in known:
                raise BadArgumentError(f"{what} is {value!r}. {pass_one_of(value, known)}")
        target = (
            f"acs:mns:cn-hangzhou:{self._topics.owner}:queues/{endpoint.name}"
            if isinstance(endpoint, Queue)
            else endpoint
        )
        if not str(target).startswith(("http://", "acs:mns:")) or sendable(target) != target:
            raise BadArgumentError(
                f"endpoint is {endpoint!r}. Pass a URL on loopback, such as http://127.0.0.1:8000/notifications, or a queue."
            )
        given = f"subscription-{len(self._state.subscriptions) + 1}" if name is None else name
        named = checked_text(given, "name of the subscription", "subscription-1")
        _check_tag(tag)
        with argument_errors(f"The subscription {named!r}"):
            made, _ = self._topics.subscribe(
                self.name, named, target, strategy=strategy, content_format=content_format, tag=tag
            )
            return made
