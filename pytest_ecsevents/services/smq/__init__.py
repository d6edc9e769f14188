"""Simple Message Queue (formerly MNS): queues, topics and their protocol."""

from pytest_ecsevents.services.smq._errors import SMQ_ERRORS
from pytest_ecsevents.services.smq._limits import QUEUE_LIMITS, TOPIC_LIMITS, Limit
from pytest_ecsevents.services.smq._protocol import VERSION as SMQ_VERSION
from pytest_ecsevents.services.smq._protocol import Route, SmqService
from pytest_ecsevents.services.smq._push import EndpointPusher
from pytest_ecsevents.services.smq._queues import (
    BATCH,
    HIDDEN,
    MOST_AT_ONCE,
    PRIORITY,
    WAIT,
    MessageStep,
    QueueMessage,
    Queues,
    QueueState,
    Receipt,
    check_attributes,
)
from pytest_ecsevents.services.smq._refusal import RefusedRequest, SmqRefusal
from pytest_ecsevents.services.smq._topic_forms import CONTENT_TYPES
from pytest_ecsevents.services.smq._topic_protocol import TopicRoutes
from pytest_ecsevents.services.smq._topics import (
    ANSWER_WITHIN,
    CONTENT_FORMATS,
    STRATEGIES,
    TopicMessage,
    TopicPush,
    Topics,
    TopicState,
    TopicSubscription,
)

__all__ = [
    "ANSWER_WITHIN",
    "BATCH",
    "CONTENT_FORMATS",
    "CONTENT_TYPES",
    "HIDDEN",
    "MOST_AT_ONCE",
    "PRIORITY",
    "QUEUE_LIMITS",
    "SMQ_ERRORS",
    "SMQ_VERSION",
    "STRATEGIES",
    "TOPIC_LIMITS",
    "WAIT",
    "EndpointPusher",
    "Limit",
    "MessageStep",
    "QueueMessage",
    "QueueState",
    "Queues",
    "Receipt",
    "RefusedRequest",
    "Route",
    "SmqRefusal",
    "SmqService",
    "TopicMessage",
    "TopicPush",
    "TopicRoutes",
    "TopicState",
    "TopicSubscription",
    "Topics",
    "check_attributes",
]
