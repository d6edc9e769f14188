"""What happens in the cloud, as CloudMonitor and EventBridge tell of it."""

from pytest_ecsevents.channels._formats import FORMATS, cloudmonitor, eventbridge, subscription
from pytest_ecsevents.channels._monitor import CloudMonitor
from pytest_ecsevents.channels._names import EVENT_TYPES, LEVELS, PUBLISHED, NotificationName, NotificationNames
from pytest_ecsevents.channels._notification import Notification
from pytest_ecsevents.channels._rules import ALL, EventPattern, EventRule, EventRules, NoSuchRuleError, RuleTarget

__all__ = [
    "ALL",
    "EVENT_TYPES",
    "FORMATS",
    "LEVELS",
    "PUBLISHED",
    "CloudMonitor",
    "EventPattern",
    "EventRule",
    "EventRules",
    "NoSuchRuleError",
    "Notification",
    "NotificationName",
    "NotificationNames",
    "RuleTarget",
    "cloudmonitor",
    "eventbridge",
    "subscription",
]
