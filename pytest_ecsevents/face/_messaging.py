"""The Simple Message Queue of a test: its queues and topics, and what CloudMonitor sends to them."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from pytest_ecsevents._errors import BadArgumentError, DeliveryError, hidden_in_reports
from pytest_ecsevents.checks._witness import CallWitness
from pytest_ecsevents.clock import Clock
from pytest_ecsevents.face._queues import Queue, Topic, queue_attributes, smq_error
from pytest_ecsevents.handlers._receivers import Receivers
from pytest_ecsevents.server import Serving
from pytest_ecsevents.services.cms import Courier, Delivery, Subscription
from pytest_ecsevents.services.smq import (
    EndpointPusher,
    MessageStep,
    Queues,
    QueueState,
    SmqRefusal,
    SmqService,
    TopicPush,
    TopicRoutes,
    Topics,
    TopicState,
)

__tracebackhide__ = hidden_in_reports


class QueueCourier:
    """Sends notifications to a queue.

    Args:
        queue: The queue.
    """

    def __init__(self, queue: Queue) -> None:
        self.receiver: Final = f"queue {queue.name}"
        self._queue: Final = queue

    def deliver(self, delivery: Delivery) -> object:
        """The message's id.

        Raises:
            DeliveryError: The queue does not take it.
        """
        try:
            return self._queue.send(_json(delivery.payload)).message_id
        except BadArgumentError as problem:
            raise DeliveryError(str(problem)) from None


class TopicCourier:
    """Publishes notifications in a topic.

    Args:
        topic: The topic.
    """

    def __init__(self, topic: Topic) -> None:
        self.receiver: Final = f"topic {topic.name}"
        self._topic: Final = topic

    def deliver(self, delivery: Delivery) -> object:
        """The message's id; None where the handler has deleted the topic.

        Raises:
            DeliveryError: The topic does not take it.
        """
        if not self._topic.is_there:
            return None
        try:
            return self._topic.publish(_json(delivery.payload)).message_id
        except BadArgumentError as problem:
            raise DeliveryError(str(problem)) from None


class Messaging:
    """The queues and topics of one test.

    Attributes:
        smq: Answers requests about them.

    Args:
        clock: The test's.
        receivers: Through whom they get notifications.
        serving: Through which they are reached.
        owner: The account that they belong to.
        seed: What makes their ids this test's own.
        told: Told of what clients do to messages, and of what is pushed.
        witness: Watches the requests of clients.
    """

    def __init__(
        self,
        clock: Clock,
        receivers: Receivers,
        serving: Serving,
        owner: str,
        seed: str,
        *,
        told: Callable[[MessageStep | TopicPush], None],
        witness: CallWitness,
    ) -> None:
        self._receivers: Final = receivers
        self._serving: Final = serving
        self._queues: Final = Queues(clock, seed, told)
        self._topics: Final = Topics(clock, self._queues, owner, seed, push=EndpointPusher(clock, seed), told=told)
        self.smq: Final = SmqService(
            self._queues,
            clock,
            seed,
            TopicRoutes(self._topics),
            asked=lambda what: witness.asked_queue(what, clock.now()),
            refused=witness.journal.append,
        )
        serving.add_smq(self.smq)
        self._made: Final[dict[str, Queue]] = {}
        self._made_topics: Final[dict[str, Topic]] = {}
        self._by_rules: Final[dict[QueueState | TopicState, Subscription]] = {}

    def queue(
        self, name: str, attributes: Mapping[str, object], options: Mapping[str, object], *, rules_only: bool
    ) -> Queue:
        """A queue that gets notifications; asked for again, the same one."""
        self._serving.check("ecs_events.queue")
        wire = queue_attributes(attributes)
        _check_name("queue", name)
        found = self._made.get(name)
        if found is not None:
            _check_same("queue", name, given={**wire, **options})
            return found
        self._receivers.check("queue", options)
        try:
            state, _ = self._queues.create(name, wire)
        except SmqRefusal as refusal:
            raise smq_error(refusal, f"The queue {name!r}") from None
        made = Queue(state, self._serving.address)
        made.subscription = self._receivers.attach(QueueCourier(made), "queue", options, rules_only=rules_only)
        self._made[name] = made
        return made

    def topic(self, name: str, options: Mapping[str, object], *, rules_only: bool) -> Topic:
        """A topic in which notifications are published; asked for again, the same one."""
        self._serving.check("ecs_events.topic")
        _check_name("topic", name)
        found = self._made_topics.get(name)
        if found is not None:
            _check_same("topic", name, given=options)
            return found
        self._receivers.check("topic", options)
        try:
            state, _ = self._topics.create(name, {})
        except SmqRefusal as refusal:
            raise smq_error(refusal, f"The topic {name!r}") from None
        made = Topic(state, self._topics, self._serving.address)
        made.subscription = self._receivers.attach(TopicCourier(made), "topic", options, rules_only=rules_only)
        self._made_topics[name] = made
        return made

    def subscription_of(self, kind: str, name: str) -> Subscription | None:
        """What brings notifications of event rules to a queue or a topic, be it the test's or made through the SDK.

        Args:
            kind: "queue" or "topic".
            name: Its name.

        Returns:
            None where there is none of that name.
        """
        try:
            state = self._queues[name] if kind == "queue" else self._topics[name]
        except SmqRefusal:
            return None
        made = self._made.get(name) if kind == "queue" else self._made_topics.get(name)
        if made is not None and made._state is state and not made.subscription.is_canceled:
            return made.subscription
        if state not in self._by_rules:
            self._by_rules[state] = self._receivers.of_a_rule(self._courier(state))
        return self._by_rules[state]

    def _courier(self, state: QueueState | TopicState) -> Courier:
        if isinstance(state, QueueState):
            return QueueCourier(Queue(state, self._serving.address))
        return TopicCourier(Topic(state, self._topics, self._serving.address))


def _check_name(kind: str, name: object) -> None:
    if not isinstance(name, str):
        raise BadArgumentError(f'A {kind} was called {name!r}. Pass its name, such as "ecs-cms-event".')


def _check_same(kind: str, name: str, *, given: Mapping[str, object]) -> None:
    if given:
        raise BadArgumentError(
            f"The {kind} {name!r} is there already. ecs_events.{kind}({name!r}) alone returns it; what it gets was said when "
            "it was first asked for."
        )


def _json(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
