"""What happens in the cloud, as CloudMonitor and EventBridge tell of it."""

from pytest_ecsevents.channels._delivery import Courier, Delivery, Dispatcher, Subscription
from pytest_ecsevents.channels._filters import EventFilter
from pytest_ecsevents.channels._formats import FORMATS, cloudmonitor, eventbridge, subscription
from pytest_ecsevents.channels._functions import FunctionContext, FunctionCredentials, FunctionMeta, ServiceMeta
from pytest_ecsevents.channels._mishaps import Mishaps, Retries
from pytest_ecsevents.channels._monitor import CloudMonitor
from pytest_ecsevents.channels._names import LEVELS, PUBLISHED, NotificationName, NotificationNames
from pytest_ecsevents.channels._notification import Notification
from pytest_ecsevents.channels._options import DeliveryOptions, checked_options

__all__ = [
    "FORMATS",
    "LEVELS",
    "PUBLISHED",
    "CloudMonitor",
    "Courier",
    "Delivery",
    "DeliveryOptions",
    "Dispatcher",
    "EventFilter",
    "FunctionContext",
    "FunctionCredentials",
    "FunctionMeta",
    "Mishaps",
    "Notification",
    "NotificationName",
    "NotificationNames",
    "Retries",
    "ServiceMeta",
    "Subscription",
    "checked_options",
    "cloudmonitor",
    "eventbridge",
    "subscription",
]
