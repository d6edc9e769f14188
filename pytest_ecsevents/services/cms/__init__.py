"""CloudMonitor: notifications of changes, their forms and filters, event rules and delivery."""

from pytest_ecsevents.services.cms._contents import content_of
from pytest_ecsevents.services.cms._delivery import Courier, Delivery, Dispatcher, Subscription
from pytest_ecsevents.services.cms._delivery_faults import DeliveryFaults, Retries
from pytest_ecsevents.services.cms._event_rules import EventPattern, EventRule, EventRules, NoSuchRuleError, RuleTarget
from pytest_ecsevents.services.cms._filters import ALL, EventFilter, is_name
from pytest_ecsevents.services.cms._formats import FORMATS, RULE_NAME, callback, cloudmonitor, eventbridge, subscription
from pytest_ecsevents.services.cms._functions import FunctionContext, FunctionCredentials, FunctionMeta, ServiceMeta
from pytest_ecsevents.services.cms._monitor import CloudMonitor
from pytest_ecsevents.services.cms._names import EVENT_TYPES, LEVELS, PUBLISHED, NotificationName, NotificationNames
from pytest_ecsevents.services.cms._notification import Notification
from pytest_ecsevents.services.cms._options import DeliveryOptions, read_options

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
    "DeliveryFaults",
    "DeliveryOptions",
    "Dispatcher",
    "EventFilter",
    "EventPattern",
    "EventRule",
    "EventRules",
    "FunctionContext",
    "FunctionCredentials",
    "FunctionMeta",
    "NoSuchRuleError",
    "Notification",
    "NotificationName",
    "NotificationNames",
    "Retries",
    "RuleTarget",
    "ServiceMeta",
    "Subscription",
    "callback",
    "cloudmonitor",
    "content_of",
    "eventbridge",
    "is_name",
    "read_options",
    "subscription",
]
