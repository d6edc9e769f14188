"""Simple Message Queue (formerly MNS): queues, topics, their protocol, and both as a test uses them."""

from pytest_ecsevents.services.smq._author import Queue, Topic
from pytest_ecsevents.services.smq._errors import ERRORS
from pytest_ecsevents.services.smq._limits import BATCH, HIDDEN, PRIORITY, QUEUE_LIMITS, TOPIC_LIMITS, WAIT
from pytest_ecsevents.services.smq._messaging import Messaging
from pytest_ecsevents.services.smq._protocol import HEADER, VERSION, Route, SmqCall
from pytest_ecsevents.services.smq._queues import MessageStep, QueueMessage
from pytest_ecsevents.services.smq._topics import TopicMessage, TopicPush, TopicSubscription

__all__ = [
    "BATCH",
    "ERRORS",
    "HEADER",
    "HIDDEN",
    "PRIORITY",
    "QUEUE_LIMITS",
    "TOPIC_LIMITS",
    "VERSION",
    "WAIT",
    "MessageStep",
    "Messaging",
    "Queue",
    "QueueMessage",
    "Route",
    "SmqCall",
    "Topic",
    "TopicMessage",
    "TopicPush",
    "TopicSubscription",
]
