"""What happens in the cloud, as CloudMonitor and EventBridge tell of it."""

from pytest_ecsevents.channels._contents import content_of
from pytest_ecsevents.channels._delivery import Courier, Delivery, Dispatcher, Subscription
from pytest_ecsevents.channels._filters import ALL, EventFilter
from pytest_ecsevents.channels._formats import FORMATS, RULE_NAME, callback, cloudmonitor, eventbridge, subscription
from pytest_ecsevents.channels._functions import FunctionContext, FunctionCredentials, FunctionMeta, ServiceMeta
from pytest_ecsevents.channels._mishaps import Mishaps, Retries
from pytest_ecsevents.channels._monitor import CloudMonitor
from pytest_ecsevents.channels._names import EVENT_TYPES, LEVELS, PUBLISHED, NotificationName, NotificationNames
from pytest_ecsevents.channels._notification import Notification
from pytest_ecsevents.channels._options import DeliveryOptions, checked_options
from pytest_ecsevents.channels._rules import EventPattern, EventRule, EventRules, NoSuchRuleError, RuleTarget

__all__ = [
    "ALL",
    "EVENT_TYPES",
    "FORMATS",
    "LEVELS",
    "PUBLISHED",
    "RULE_NAME",
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
    "Mishaps",
    "NoSuchRuleError",
    "Notification",
    "NotificationName",
    "NotificationNames",
    "Retries",
    "RuleTarget",
    "ServiceMeta",
    "Subscription",
    "callback",
    "checked_options",
    "cloudmonitor",
    "content_of",
    "eventbridge",
    "subscription",
]
