"""Test handlers of Alibaba Cloud ECS system events: a fake cloud, a frozen clock, and a pytest fixture.

Names are loaded on first use, because pytest imports this package at every start.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `as` exports them again for type checkers, which cannot read __all__ below
    from pytest_ecsevents._errors import BadArgumentError as BadArgumentError
    from pytest_ecsevents._errors import DeliveryError as DeliveryError
    from pytest_ecsevents._errors import EcsEventsError as EcsEventsError
    from pytest_ecsevents._errors import EndlessCallError as EndlessCallError
    from pytest_ecsevents._errors import EndlessHandlerError as EndlessHandlerError
    from pytest_ecsevents._errors import LeftThreadsError as LeftThreadsError
    from pytest_ecsevents._errors import NoGuestError as NoGuestError
    from pytest_ecsevents._errors import NoSingleEventError as NoSingleEventError
    from pytest_ecsevents._errors import NoSuchNameError as NoSuchNameError
    from pytest_ecsevents._errors import PortabilityError as PortabilityError
    from pytest_ecsevents._errors import RealWorkWarning as RealWorkWarning
    from pytest_ecsevents._errors import ReceiverError as ReceiverError
    from pytest_ecsevents._errors import ServedCallError as ServedCallError
    from pytest_ecsevents._errors import StandingClockError as StandingClockError
    from pytest_ecsevents._errors import StrictnessError as StrictnessError
    from pytest_ecsevents._errors import StuckHandlerError as StuckHandlerError
    from pytest_ecsevents._errors import TextForListWarning as TextForListWarning
    from pytest_ecsevents._errors import UnexpectedCallError as UnexpectedCallError
    from pytest_ecsevents._errors import UnknownParameterWarning as UnknownParameterWarning
    from pytest_ecsevents._errors import UnknownRegionWarning as UnknownRegionWarning
    from pytest_ecsevents._errors import UnpublishedTypeWarning as UnpublishedTypeWarning
    from pytest_ecsevents._errors import UnusedFaultError as UnusedFaultError
    from pytest_ecsevents._errors import UnusedStubError as UnusedStubError
    from pytest_ecsevents.face._ecs_events import EcsEvents as EcsEvents
    from pytest_ecsevents.face._instances import Instances as Instances
    from pytest_ecsevents.face._staging import PlannedStep as PlannedStep
    from pytest_ecsevents.face._staging import Scenario as Scenario
    from pytest_ecsevents.handlers._runner import Stopped as Stopped
    from pytest_ecsevents.rpc._calls import ApiCall as ApiCall
    from pytest_ecsevents.rpc._errors import ApiError as ApiError
    from pytest_ecsevents.services.cms._delivery import Delivery as Delivery
    from pytest_ecsevents.services.cms._delivery import Subscription as Subscription
    from pytest_ecsevents.services.cms._event_rules import EventPattern as EventPattern
    from pytest_ecsevents.services.cms._event_rules import EventRule as EventRule
    from pytest_ecsevents.services.cms._event_rules import RuleTarget as RuleTarget
    from pytest_ecsevents.services.cms._functions import FunctionContext as FunctionContext
    from pytest_ecsevents.services.cms._options import DeliveryOptions as DeliveryOptions
    from pytest_ecsevents.services.ecs._catalogue import EventStatus as EventStatus
    from pytest_ecsevents.services.ecs._catalogue import InstanceStatus as InstanceStatus
    from pytest_ecsevents.services.ecs._disks import Disk as Disk
    from pytest_ecsevents.services.ecs._model import Instance as Instance
    from pytest_ecsevents.services.ecs._model import InstanceTransition as InstanceTransition
    from pytest_ecsevents.services.ecs._model import SystemEvent as SystemEvent
    from pytest_ecsevents.services.ecs._model import Transition as Transition
    from pytest_ecsevents.services.ecs._refusals import InstanceArrearsError as InstanceArrearsError
    from pytest_ecsevents.services.ecs._refusals import InstanceLockedError as InstanceLockedError
    from pytest_ecsevents.services.ecs._refusals import InstanceStatusError as InstanceStatusError
    from pytest_ecsevents.services.ecs._refusals import NotBeforePassedError as NotBeforePassedError
    from pytest_ecsevents.services.ecs._refusals import NothingToRedeployError as NothingToRedeployError
    from pytest_ecsevents.services.ecs._refusals import NotInquiringError as NotInquiringError
    from pytest_ecsevents.services.ecs._refusals import NotPreemptibleError as NotPreemptibleError
    from pytest_ecsevents.services.ecs._refusals import NotSimulatedError as NotSimulatedError
    from pytest_ecsevents.services.ecs._refusals import UnknownEventError as UnknownEventError
    from pytest_ecsevents.services.ecs._refusals import UnknownEventTypeError as UnknownEventTypeError
    from pytest_ecsevents.services.ecs._refusals import UnknownInstanceError as UnknownInstanceError
    from pytest_ecsevents.services.metadata._author import Metadata as Metadata
    from pytest_ecsevents.services.metadata._calls import MetadataCall as MetadataCall
    from pytest_ecsevents.services.metadata._guests import Guest as Guest
    from pytest_ecsevents.services.smq._author import Queue as Queue
    from pytest_ecsevents.services.smq._author import Topic as Topic
    from pytest_ecsevents.services.smq._queues import QueueMessage as QueueMessage
    from pytest_ecsevents.services.smq._topics import TopicMessage as TopicMessage
    from pytest_ecsevents.services.smq._topics import TopicPush as TopicPush
    from pytest_ecsevents.services.smq._topics import TopicSubscription as TopicSubscription

_NAMES = {
    "_errors": """
        BadArgumentError DeliveryError EcsEventsError EndlessCallError EndlessHandlerError LeftThreadsError
        NoGuestError NoSingleEventError NoSuchNameError PortabilityError RealWorkWarning ReceiverError ServedCallError StandingClockError
        StrictnessError StuckHandlerError TextForListWarning UnexpectedCallError UnknownParameterWarning UnknownRegionWarning UnpublishedTypeWarning
        UnusedFaultError UnusedStubError
    """,
    "face._ecs_events": "EcsEvents",
    "face._instances": "Instances",
    "face._staging": "PlannedStep Scenario",
    "handlers._runner": "Stopped",
    "rpc._calls": "ApiCall",
    "rpc._errors": "ApiError",
    "services.cms._delivery": "Delivery Subscription",
    "services.cms._event_rules": "EventPattern EventRule RuleTarget",
    "services.cms._functions": "FunctionContext",
    "services.cms._options": "DeliveryOptions",
    "services.ecs._catalogue": "EventStatus InstanceStatus",
    "services.ecs._disks": "Disk",
    "services.ecs._model": "Instance InstanceTransition SystemEvent Transition",
    "services.ecs._refusals": """
        InstanceArrearsError InstanceLockedError InstanceStatusError NotBeforePassedError NotInquiringError
        NotPreemptibleError NotSimulatedError NothingToRedeployError UnknownEventError UnknownEventTypeError
        UnknownInstanceError
    """,
    "services.metadata._author": "Metadata",
    "services.metadata._calls": "MetadataCall",
    "services.metadata._guests": "Guest",
    "services.smq._author": "Queue Topic",
    "services.smq._queues": "QueueMessage",
    "services.smq._topics": "TopicMessage TopicPush TopicSubscription",
}
_HOMES = {name: home for home, names in _NAMES.items() for name in names.split()}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
