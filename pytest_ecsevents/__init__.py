"""Test handlers of Alibaba Cloud ECS system events: a fake cloud, a frozen clock, and a pytest face.

Names are loaded when they are first asked for: pytest imports this package at every start.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_ecsevents._words import (
        BadArgumentError,
        DeliveryError,
        EcsEventsError,
        EndlessCallError,
        EndlessHandlerError,
        LeftThreadsError,
        NoSingleEventError,
        NoSuchNameError,
        ReceiverError,
        StandingClockError,
        StrictnessError,
        StuckHandlerError,
        UnexpectedCallError,
        UnknownParameterWarning,
        UnusedFaultError,
        UnusedStubError,
    )
    from pytest_ecsevents.channels import (
        Delivery,
        DeliveryOptions,
        EventPattern,
        EventRule,
        FunctionContext,
        RuleTarget,
        Subscription,
    )
    from pytest_ecsevents.cloud import (
        Disk,
        EventStatus,
        Instance,
        InstanceArrearsError,
        InstanceLockedError,
        InstanceStatus,
        InstanceStatusError,
        InstanceTransition,
        Interruption,
        NotBeforePassedError,
        NothingToRedeployError,
        NotInquiringError,
        NotPreemptibleError,
        NotSimulatedError,
        SystemEvent,
        Transition,
        UnknownEventError,
        UnknownEventTypeError,
        UnknownInstanceError,
    )
    from pytest_ecsevents.face import EcsEvents, Instances, PlannedStep, Scenario, Stopped
    from pytest_ecsevents.openapi import ApiCall, ApiError

_HOMES = {
    "ApiCall": "openapi",
    "ApiError": "openapi",
    "BadArgumentError": "_words",
    "Delivery": "channels",
    "DeliveryError": "_words",
    "DeliveryOptions": "channels",
    "Disk": "cloud",
    "EcsEvents": "face",
    "EcsEventsError": "_words",
    "EndlessCallError": "_words",
    "EndlessHandlerError": "_words",
    "EventPattern": "channels",
    "EventRule": "channels",
    "EventStatus": "cloud",
    "FunctionContext": "channels",
    "Instance": "cloud",
    "InstanceArrearsError": "cloud",
    "InstanceLockedError": "cloud",
    "InstanceStatus": "cloud",
    "InstanceStatusError": "cloud",
    "InstanceTransition": "cloud",
    "Interruption": "cloud",
    "Instances": "face",
    "LeftThreadsError": "_words",
    "NoSingleEventError": "_words",
    "NoSuchNameError": "_words",
    "NotBeforePassedError": "cloud",
    "NotInquiringError": "cloud",
    "NotPreemptibleError": "cloud",
    "NotSimulatedError": "cloud",
    "NothingToRedeployError": "cloud",
    "PlannedStep": "face",
    "Scenario": "face",
    "ReceiverError": "_words",
    "RuleTarget": "channels",
    "StandingClockError": "_words",
    "Stopped": "face",
    "StrictnessError": "_words",
    "StuckHandlerError": "_words",
    "Subscription": "channels",
    "SystemEvent": "cloud",
    "Transition": "cloud",
    "UnexpectedCallError": "_words",
    "UnknownEventError": "cloud",
    "UnknownEventTypeError": "cloud",
    "UnknownInstanceError": "cloud",
    "UnknownParameterWarning": "_words",
    "UnusedFaultError": "_words",
    "UnusedStubError": "_words",
}

__all__ = [
    "ApiCall",
    "ApiError",
    "BadArgumentError",
    "Delivery",
    "DeliveryError",
    "DeliveryOptions",
    "Disk",
    "EcsEvents",
    "EcsEventsError",
    "EndlessCallError",
    "EndlessHandlerError",
    "EventPattern",
    "EventRule",
    "EventStatus",
    "FunctionContext",
    "Instance",
    "InstanceArrearsError",
    "InstanceLockedError",
    "InstanceStatus",
    "InstanceStatusError",
    "InstanceTransition",
    "Instances",
    "Interruption",
    "LeftThreadsError",
    "NoSingleEventError",
    "NoSuchNameError",
    "NotBeforePassedError",
    "NotInquiringError",
    "NotPreemptibleError",
    "NotSimulatedError",
    "NothingToRedeployError",
    "PlannedStep",
    "ReceiverError",
    "RuleTarget",
    "Scenario",
    "StandingClockError",
    "Stopped",
    "StrictnessError",
    "StuckHandlerError",
    "Subscription",
    "SystemEvent",
    "Transition",
    "UnexpectedCallError",
    "UnknownEventError",
    "UnknownEventTypeError",
    "UnknownInstanceError",
    "UnknownParameterWarning",
    "UnusedFaultError",
    "UnusedStubError",
]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
