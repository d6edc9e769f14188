"""What happens in the cloud, as CloudMonitor and EventBridge tell of it."""

from pytest_ecsevents.channels._formats import FORMATS, cloudmonitor, eventbridge, subscription
from pytest_ecsevents.channels._monitor import CloudMonitor
from pytest_ecsevents.channels._names import LEVELS, PUBLISHED, NotificationName, NotificationNames
from pytest_ecsevents.channels._notification import Notification

__all__ = [
    "FORMATS",
    "LEVELS",
    "PUBLISHED",
    "CloudMonitor",
    "Notification",
    "NotificationName",
    "NotificationNames",
    "cloudmonitor",
    "eventbridge",
    "subscription",
]
