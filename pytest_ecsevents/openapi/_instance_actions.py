"""The actions that change an instance's status."""

from collections.abc import Callable
from typing import Final

from pytest_ecsevents._words import EcsEventsError
from pytest_ecsevents.cloud import (
    Instance,
    InstanceArrearsError,
    InstanceLockedError,
    InstanceStatus,
    InstanceStatusError,
    UnknownInstanceError,
)
from pytest_ecsevents.openapi._action import Action, ActionCall
from pytest_ecsevents.openapi._errors import (
    ARREARS,
    BATCH_DRY_RUN,
    DRY_RUN,
    LOCKED,
    NO_INSTANCE,
    NULL_INSTANCE,
    REBOOT,
    REBOOT_BATCH,
    START,
    STOP,
    TOO_MANY_INSTANCES,
    WRONG_STATUS,
    ErrorRow,
)
from pytest_ecsevents.openapi._parameters import ParameterSet, boolean, choice, repeated, text
from pytest_ecsevents.openapi._wire import Json, JsonObject

_INSTANCE: Final = text("InstanceId", required=True)
_FORCE_STOP: Final = boolean("ForceStop", note="no effect on what the fake shows")
_DRY_RUN: Final = boolean("DryRun")

# The batch pages print "%s" where the single-instance pages print words; those words are used for both.
_BATCH: Final = "code and status from the reference, the words are those of the single-instance action (a guess)"
_BATCH_REFUSALS: Final[dict[type[EcsEventsError], ErrorRow]] = {
    UnknownInstanceError: NO_INSTANCE,
    InstanceStatusError: ErrorRow(WRONG_STATUS.code, 403, WRONG_STATUS.message, _BATCH),
    InstanceLockedError: ErrorRow(LOCKED.code, 403, LOCKED.message, _BATCH),
    InstanceArrearsError: ErrorRow(ARREARS.code, 403, ARREARS.message, _BATCH),
}
_REFUSALS: Final[dict[type[EcsEventsError], ErrorRow]] = {
    UnknownInstanceError: NO_INSTANCE,
    InstanceStatusError: WRONG_STATUS,
    InstanceLockedError: LOCKED,
    InstanceArrearsError: ARREARS,
}


def _checked(call: ActionCall, needed: InstanceStatus, operation: str) -> Instance:
    """The instance, after every check; a dry run ends here."""
    instance = call.instance(call[_INSTANCE])
    call.cloud.check_operable(instance, needed, operation=operation)
    if call[_DRY_RUN]:
        raise DRY_RUN.error()
    return instance


# -- RebootInstance


def _reboot(call: ActionCall) -> JsonObject:
    call.cloud.reboot(_checked(call, InstanceStatus.RUNNING, "a reboot"), cause=call.cause)
    return {}


REBOOT_ONE: Final = Action(
    "RebootInstance",
    ParameterSet((_INSTANCE, _FORCE_STOP, _DRY_RUN)),
    REBOOT,
    _reboot,
    _REFUSALS,
    needs_region=False,
    notes=(
        "Running -> Stopping -> Starting -> Running at one instant.",
        "An event is Avoided when the call is accepted.",
    ),
)

# -- RebootInstances

_INSTANCES: Final = repeated(
    "InstanceId",
    most=100,
    too_many=TOO_MANY_INSTANCES,
    required=True,
    missing=NULL_INSTANCE,
)
_FORCE_REBOOT: Final = boolean("ForceReboot", note="no effect on what the fake shows")
_OPTIMIZATION: Final = choice("BatchOptimization", ("AllTogether", "SuccessFirst"), note="default AllTogether")


def _reboot_batch(call: ActionCall) -> JsonObject:
    cloud = call.cloud
    return _batch(
        call,
        lambda instance: cloud.check_operable(instance, InstanceStatus.RUNNING, operation="a reboot"),
        lambda instance: cloud.reboot(instance, cause=call.cause),
        InstanceStatus.STOPPING,
    )


def _batch(
    call: ActionCall, check: Callable[[Instance], None], act: Callable[[Instance], None], passing: InstanceStatus
) -> JsonObject:
    """AllTogether: one refusal refuses all. SuccessFirst: each instance has its own outcome."""
    instance_ids = tuple(dict.fromkeys(call[_INSTANCES]))
    tolerant = call[_OPTIMIZATION] == "SuccessFirst"
    if not tolerant:
        for instance_id in instance_ids:
            check(call.instance(instance_id))
    if call[_DRY_RUN]:
        raise BATCH_DRY_RUN.error()
    responses: list[Json] = [_one_of_batch(call, one, check, act, passing) for one in instance_ids]
    return {"InstanceResponses": {"InstanceResponse": responses}}


def _one_of_batch(
    call: ActionCall,
    instance_id: str,
    check: Callable[[Instance], None],
    act: Callable[[Instance], None],
    passing: InstanceStatus,
) -> JsonObject:
    try:
        instance = call.instance(instance_id)
        before = instance._status
        check(instance)
        act(instance)
    except tuple(_BATCH_REFUSALS) as refusal:
        row = _BATCH_REFUSALS[type(refusal)]
        known = call.cloud.instances.get(instance_id)
        status = "" if known is None else known._status.value
        outcome = {"Code": row.code, "Message": row.message, "CurrentStatus": status, "PreviousStatus": status}
    else:
        outcome = {"Code": "200", "Message": "success", "CurrentStatus": passing.value, "PreviousStatus": before.value}
    return {"InstanceId": instance_id, **outcome}


REBOOT_MANY: Final = Action(
    "RebootInstances",
    ParameterSet((_INSTANCES, _FORCE_REBOOT, _OPTIMIZATION, _DRY_RUN)),
    REBOOT_BATCH,
    _reboot_batch,
    _BATCH_REFUSALS,
    notes=(
        "CurrentStatus is Stopping, as in the reference's sample, though the instance is Running again at once.",
        "With SuccessFirst a refused instance has the error's code in Code.",
    ),
)

# -- StopInstance

_STOPPED_MODE: Final = choice("StoppedMode", ("StopCharging", "KeepCharging"), note="default KeepCharging")
_CONFIRM_STOP: Final = boolean("ConfirmStop", note="deprecated, no effect")
_HIBERNATE: Final = boolean("Hibernate", note="true is refused: no instance has hibernation configured")


def _stop(call: ActionCall) -> JsonObject:
    instance = call.instance(call[_INSTANCE])
    if call[_HIBERNATE]:
        raise STOP["HibernationConfigured.NotEnabled"].error()
    _checked(call, InstanceStatus.RUNNING, "a stop")
    call.cloud.stop(instance, cause=call.cause, stopped_mode=call[_STOPPED_MODE] or "KeepCharging")
    return {}


STOP_ONE: Final = Action(
    "StopInstance",
    ParameterSet((_INSTANCE, _FORCE_STOP, _STOPPED_MODE, _CONFIRM_STOP, _HIBERNATE, _DRY_RUN)),
    STOP,
    _stop,
    _REFUSALS,
    needs_region=False,
    notes=("Running -> Stopping -> Stopped at one instant.",),
)

# -- StartInstance

_INIT_LOCAL_DISK: Final = boolean("InitLocalDisk", note="no effect on what the fake shows")


def _start(call: ActionCall) -> JsonObject:
    call.cloud.start(_checked(call, InstanceStatus.STOPPED, "a start"), cause=call.cause)
    return {}


START_ONE: Final = Action(
    "StartInstance",
    ParameterSet((_INSTANCE, _INIT_LOCAL_DISK, _DRY_RUN)),
    START,
    _start,
    {**_REFUSALS, InstanceArrearsError: START["InstanceExpired"]},
    needs_region=False,
    notes=("Stopped -> Starting -> Running at one instant.",),
)

OPERATION_ACTIONS: Final = (REBOOT_ONE, REBOOT_MANY, STOP_ONE, START_ONE)
