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
    from pytest_ecsevents._errors import ReceiverError as ReceiverError
    from pytest_ecsevents._errors import ServedCallError as ServedCallError
    from pytest_ecsevents._errors import StandingClockError as StandingClockError
    from pytest_ecsevents._errors import StrictnessError as StrictnessError
    from pytest_ecsevents._errors import StuckHandlerError as StuckHandlerError
    from pytest_ecsevents._errors import UnexpectedCallError as UnexpectedCallError
    from pytest_ecsevents._errors import UnknownParameterWarning as UnknownParameterWarning
    from pytest_ecsevents._errors import UnusedFaultError as UnusedFaultError
    from pytest_ecsevents._errors import UnusedStubError as UnusedStubError
    from pytest_ecsevents.face import EcsEvents as EcsEvents
    from pytest_ecsevents.face import Instances as Instances
    from pytest_ecsevents.face import PlannedStep as PlannedStep
    from pytest_ecsevents.face import Queue as Queue
    from pytest_ecsevents.face import Scenario as Scenario
    from pytest_ecsevents.face import Topic as Topic
    from pytest_ecsevents.handlers import Stopped as Stopped
    from pytest_ecsevents.rpc import ApiCall as ApiCall
    from pytest_ecsevents.rpc import ApiError as ApiError
    from pytest_ecsevents.services.cms import Delivery as Delivery
    from pytest_ecsevents.services.cms import DeliveryOptions as DeliveryOptions
    from pytest_ecsevents.services.cms import EventPattern as EventPattern
    from pytest_ecsevents.services.cms import EventRule as EventRule
    from pytest_ecsevents.services.cms import FunctionContext as FunctionContext
    from pytest_ecsevents.services.cms import RuleTarget as RuleTarget
    from pytest_ecsevents.services.cms import Subscription as Subscription
    from pytest_ecsevents.services.ecs import Disk as Disk
    from pytest_ecsevents.services.ecs import EventStatus as EventStatus
    from pytest_ecsevents.services.ecs import Instance as Instance
    from pytest_ecsevents.services.ecs import InstanceArrearsError as InstanceArrearsError
    from pytest_ecsevents.services.ecs import InstanceLockedError as InstanceLockedError
    from pytest_ecsevents.services.ecs import InstanceStatus as InstanceStatus
    from pytest_ecsevents.services.ecs import InstanceStatusError as InstanceStatusError
    from pytest_ecsevents.services.ecs import InstanceTransition as InstanceTransition
    from pytest_ecsevents.services.ecs import NotBeforePassedError as NotBeforePassedError
    from pytest_ecsevents.services.ecs import NothingToRedeployError as NothingToRedeployError
    from pytest_ecsevents.services.ecs import NotInquiringError as NotInquiringError
    from pytest_ecsevents.services.ecs import NotPreemptibleError as NotPreemptibleError
    from pytest_ecsevents.services.ecs import NotSimulatedError as NotSimulatedError
    from pytest_ecsevents.services.ecs import SystemEvent as SystemEvent
    from pytest_ecsevents.services.ecs import Transition as Transition
    from pytest_ecsevents.services.ecs import UnknownEventError as UnknownEventError
    from pytest_ecsevents.services.ecs import UnknownEventTypeError as UnknownEventTypeError
    from pytest_ecsevents.services.ecs import UnknownInstanceError as UnknownInstanceError
    from pytest_ecsevents.services.metadata import Guest as Guest
    from pytest_ecsevents.services.metadata import Metadata as Metadata
    from pytest_ecsevents.services.metadata import MetadataCall as MetadataCall
    from pytest_ecsevents.services.smq import QueueMessage as QueueMessage
    from pytest_ecsevents.services.smq import TopicMessage as TopicMessage
    from pytest_ecsevents.services.smq import TopicPush as TopicPush
    from pytest_ecsevents.services.smq import TopicSubscription as TopicSubscription

_NAMES = {
    "_errors": """
        BadArgumentError DeliveryError EcsEventsError EndlessCallError EndlessHandlerError LeftThreadsError
        NoGuestError NoSingleEventError NoSuchNameError ReceiverError ServedCallError StandingClockError
        StrictnessError StuckHandlerError UnexpectedCallError UnknownParameterWarning UnusedFaultError
        UnusedStubError
    """,
    "rpc": "ApiCall ApiError",
    "services.ecs": """
        Disk EventStatus Instance InstanceArrearsError InstanceLockedError InstanceStatus InstanceStatusError
        InstanceTransition NotBeforePassedError NotInquiringError NotPreemptibleError NotSimulatedError
        NothingToRedeployError SystemEvent Transition UnknownEventError UnknownEventTypeError
        UnknownInstanceError
    """,
    "services.cms": "Delivery DeliveryOptions EventPattern EventRule FunctionContext RuleTarget Subscription",
    "services.smq": "QueueMessage TopicMessage TopicPush TopicSubscription",
    "services.metadata": "Guest Metadata MetadataCall",
    "handlers": "Stopped",
    "face": "EcsEvents Instances PlannedStep Queue Scenario Topic",
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
