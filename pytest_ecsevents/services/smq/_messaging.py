"""The Simple Message Queue of a test: its queues and topics, and what CloudMonitor sends to them."""

import json
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from pytest_ecsevents._errors import BadArgumentError, DeliveryError, checked_text, hidden_in_reports
from pytest_ecsevents._words import sendable
from pytest_ecsevents.rpc._exchange import Endpoint, Recorder
from pytest_ecsevents.services.cms._delivery import Delivery, Sender, Subscription
from pytest_ecsevents.services.ecs._cloud import Cloud
from pytest_ecsevents.services.smq._author import Queue, Topic, argument_errors, queue_attributes
from pytest_ecsevents.services.smq._protocol import AccountRoutes, SmqCall, SmqService
from pytest_ecsevents.services.smq._push import EndpointPusher
from pytest_ecsevents.services.smq._queue_protocol import QueueRoutes
from pytest_ecsevents.services.smq._queues import MessageStep, Queues, QueueState
from pytest_ecsevents.services.smq._topic_protocol import TopicRoutes
from pytest_ecsevents.services.smq._topics import TopicPush, Topics, TopicState

__tracebackhide__ = hidden_in_reports


class NotificationSource(Protocol):
    """Makes subscriptions to CloudMonitor's notifications."""

    def check(self, what: str, options: Mapping[str, object]) -> None:
        """Check options as `attach` does."""

    def attach(self, sender: Sender, what: str, options: Mapping[str, object], *, rules_only: bool) -> Subscription:
        """Deliver notifications to `sender`."""

    def of_a_rule(self, sender: Sender) -> Subscription:
        """Deliver notifications of event rules only."""


class Server(Protocol):
    def check(self, what: str) -> None:
        """Raise an error if it cannot start."""

    def address(self, what: str) -> str:
        """Its address; starts it."""


class MessageSender:
    def __init__(self, receiver: str, send: Callable[[str], object]) -> None:
        self.receiver: Final = receiver
        self._send: Final = send

    def deliver(self, delivery: Delivery) -> object:
        """Send a notification; returns the message's id.

        Raises:
            DeliveryError: The queue or topic refuses it.
        """
        try:
            return self._send(sendable(json.dumps(delivery.payload, ensure_ascii=False, separators=(",", ":"))))
        except BadArgumentError as problem:
            raise DeliveryError(str(problem)) from None


class Messaging:
    def __init__(
        self,
        cloud: Cloud,
        source: NotificationSource,
        server: Server,
        seed: str,
        *,
        record: Callable[[MessageStep | TopicPush | SmqCall], None],
        recorder: Recorder,
    ) -> None:
        self._source: Final = source
        self._server: Final = server
        self._check_entered: Final = cloud.check_entered
        clock, owner = cloud.clock, cloud.settings.account_id
        home = f"acs:mns:{cloud.settings.region_id}:{owner}:"
        self.queues: Final = Queues(clock, seed, record, home=home)
        self.topics: Final = Topics(clock, self.queues, owner, seed, push=EndpointPusher(clock, seed), record=record)
        routes = (*QueueRoutes(self.queues, clock), *TopicRoutes(self.topics), *AccountRoutes())
        self.service: Final = SmqService(routes, clock, seed, record)
        self.endpoint: Final = Endpoint(self.service, cloud, recorder)
        self._made: Final[dict[tuple[str, str], Queue | Topic]] = {}
        self._subscriptions: Final[dict[QueueState | TopicState, Subscription]] = {}
        self._of_rules: Final[dict[QueueState | TopicState, Subscription]] = {}

    def queue(
        self, name: str, attributes: Mapping[str, object], options: Mapping[str, object], *, rules_only: bool
    ) -> Queue:
        """A queue that gets notifications, as `EcsEvents.queue` makes or returns it."""
        wire = queue_attributes(attributes)
        made = self._made_before("queue", name, {**wire, **options})
        if not isinstance(made, Queue):
            self._source.check("queue", options)
            with argument_errors(f"The queue {name!r}"):
                state, _ = self.queues.create(name, wire)
            made = Queue(state, self._server.address)
            self._attach(made, state, "queue", options, rules_only=rules_only)
        return made

    def topic(self, name: str, options: Mapping[str, object], *, rules_only: bool) -> Topic:
        """A topic in which notifications are published, as `EcsEvents.topic` makes or returns it."""
        made = self._made_before("topic", name, options)
        if not isinstance(made, Topic):
            self._source.check("topic", options)
            with argument_errors(f"The topic {name!r}"):
                state, _ = self.topics.create(name, {})
            made = Topic(state, self.topics, self._server.address)
            self._attach(made, state, "topic", options, rules_only=rules_only)
        return made

    def _made_before(self, kind: str, name: object, given: Mapping[str, object]) -> Queue | Topic | None:
        """The queue or topic of that name, if the test has created it before."""
        self._check_entered()
        self._server.check(f"ecs_events.{kind}")
        made = self._made.get((kind, checked_text(name, f"name of ecs_events.{kind}", "ecs-cms-event")))
        if made is not None and given:
            raise BadArgumentError(
                f"The {kind} {name!r} exists already, so its arguments cannot change. ecs_events.{kind}({name!r}) without "
                "more arguments returns it."
            )
        return made

    def _attach(
        self,
        made: Queue | Topic,
        state: QueueState | TopicState,
        kind: str,
        options: Mapping[str, object],
        *,
        rules_only: bool,
    ) -> None:
        made.subscription = self._source.attach(_sender(made), kind, options, rules_only=rules_only)
        self._made[kind, made.name] = made
        self._subscriptions[state] = made.subscription

    def subscription_of(self, kind: str, name: str) -> Subscription | None:
        """The subscription for event rules' notifications to a queue or topic; None if that name is unknown."""
        state = self.queues.get(name) if kind == "queue" else self.topics.get(name)
        if state is None:
            return None
        subscription = self._subscriptions.get(state)
        if subscription is not None and not subscription.is_canceled:
            return subscription
        if state not in self._of_rules:
            made = (
                Queue(state, self._server.address)
                if isinstance(state, QueueState)
                else Topic(state, self.topics, self._server.address)
            )
            self._of_rules[state] = self._source.of_a_rule(_sender(made))
        return self._of_rules[state]


def _sender(made: Queue | Topic) -> MessageSender:
    if isinstance(made, Queue):
        queue = made
        return MessageSender(f"queue {made.name}", lambda body: queue.send(body).message_id)
    topic = made
    return MessageSender(f"topic {made.name}", lambda body: topic.publish(body).message_id if topic.is_there else None)
