"""What happens in the cloud, as CloudMonitor and EventBridge tell of it."""

from pytest_ecsevents.channels._contents import content_of
from pytest_ecsevents.channels._delivery import Courier, Delivery, Dispatcher, Subscription
from pytest_ecsevents.channels._filters import ALL, EventFilter, is_name
from pytest_ecsevents.channels._formats import FORMATS, RULE_NAME, callback, cloudmonitor, eventbridge, subscription
from pytest_ecsevents.channels._functions import FunctionContext, FunctionCredentials, FunctionMeta, ServiceMeta
from pytest_ecsevents.channels._limits import QUEUE_LIMITS, TOPIC_LIMITS, Limit
from pytest_ecsevents.channels._mishaps import Mishaps, Retries
from pytest_ecsevents.channels._monitor import CloudMonitor
from pytest_ecsevents.channels._names import EVENT_TYPES, LEVELS, PUBLISHED, NotificationName, NotificationNames
from pytest_ecsevents.channels._notification import Notification
from pytest_ecsevents.channels._options import DeliveryOptions, checked_options
from pytest_ecsevents.channels._queues import (
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
from pytest_ecsevents.channels._refusal import RefusedRequest, SmqRefusal
from pytest_ecsevents.channels._rules import EventPattern, EventRule, EventRules, NoSuchRuleError, RuleTarget
from pytest_ecsevents.channels._topic_forms import CONTENT_TYPES
from pytest_ecsevents.channels._topics import (
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
    "ALL",
    "ANSWER_WITHIN",
    "BATCH",
    "CONTENT_FORMATS",
    "CONTENT_TYPES",
    "EVENT_TYPES",
    "FORMATS",
    "HIDDEN",
    "LEVELS",
    "MOST_AT_ONCE",
    "PRIORITY",
    "PUBLISHED",
    "QUEUE_LIMITS",
    "RULE_NAME",
    "STRATEGIES",
    "TOPIC_LIMITS",
    "WAIT",
    "CloudMonitor",
    "Courier",
    "Delivery",
    "DeliveryOptions",
    "Dispatcher",
    "EventFilter",
    "EventPattern",
    "EventRule",
    "EventRules",
    "FunctionContext",
    "FunctionCredentials",
    "FunctionMeta",
    "Limit",
    "MessageStep",
    "Mishaps",
    "NoSuchRuleError",
    "Notification",
    "NotificationName",
    "NotificationNames",
    "QueueMessage",
    "QueueState",
    "Queues",
    "Receipt",
    "RefusedRequest",
    "Retries",
    "RuleTarget",
    "ServiceMeta",
    "SmqRefusal",
    "Subscription",
    "TopicMessage",
    "TopicPush",
    "TopicState",
    "TopicSubscription",
    "Topics",
    "callback",
    "check_attributes",
    "checked_options",
    "cloudmonitor",
    "content_of",
    "eventbridge",
    "is_name",
    "subscription",
]
