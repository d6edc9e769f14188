"""The actions that change an instance's status."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.rpc import Action
from pytest_ecsevents.rpc._parameters import ParameterSet, boolean, choice, repeated, text
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs import (
    InstanceArrearsError,
    InstanceLockedError,
    InstanceRecord,
    InstanceStatus,
    InstanceStatusError,
    UnknownInstanceError,
    check_operable,
    flag,
    word,
)
from pytest_ecsevents.services.ecs._calls import ActionCall
from pytest_ecsevents.services.ecs.api import PACKAGE

_INSTANCE: Final = text("InstanceId", required=True)
_FORCE_STOP: Final = boolean("ForceStop", note="no effect on what the fake shows")
_DRY_RUN: Final = boolean("DryRun")

_REFUSALS: Final[dict[type[EcsEventsError], str]] = {
    UnknownInstanceError: "InvalidInstanceId.NotFound",
    InstanceStatusError: "IncorrectInstanceStatus",
    InstanceLockedError: "InstanceLockedForSecurity",
    InstanceArrearsError: "InstanceExpiredOrInArrears",
}


def _checked(call: ActionCall, needed: InstanceStatus, operation: str) -> InstanceRecord:
    """The instance, after every check; a dry run ends here."""
    instance = call.instance(call[_INSTANCE])
    check_operable(instance, needed, operation=operation)
    if call[_DRY_RUN]:
        raise call.error("DryRunOperation")
    return instance


# -- RebootInstance


def _reboot(call: ActionCall) -> JsonObject:
    call.cloud.reboot(_checked(call, InstanceStatus.RUNNING, "a reboot"), cause=call.cause)
    return {}


REBOOT_ONE: Final = Action(
    "RebootInstance",
    ParameterSet((_INSTANCE, _FORCE_STOP, _DRY_RUN)),
    PACKAGE,
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
    refusal="InvalidParameter.TooManyInstanceIds",
    required=True,
    missing="InvalidInstanceId.NotFound/null",
)
_TOLERANT_NOTE: Final = "With SuccessFirst a refused instance has the error's code in Code."
_FORCE_REBOOT: Final = boolean("ForceReboot", note="no effect on what the fake shows")
_OPTIMIZATION: Final = choice("BatchOptimization", ("AllTogether", "SuccessFirst"), note="default AllTogether")


@dataclass(frozen=True, slots=True)
class Operation:
    """What a batch does to each of its instances.

    Attributes:
        name: In words, for refusals.
        needed: The status that an instance must have.
        passing: The status it is reported to have then.
        act: The operation.
    """

    name: str
    needed: InstanceStatus
    passing: InstanceStatus
    act: Callable[[ActionCall, InstanceRecord], None]


def _batch_of(operation: Operation) -> Callable[[ActionCall], JsonObject]:
    def answer(call: ActionCall) -> JsonObject:
        return _batch(call, operation)

    return answer


def _batch(call: ActionCall, operation: Operation) -> JsonObject:
    """AllTogether: one refusal refuses all. SuccessFirst: each instance has its own outcome."""
    instance_ids = tuple(dict.fromkeys(call[_INSTANCES]))
    tolerant = call[_OPTIMIZATION] == "SuccessFirst"
    if not tolerant:
        for instance_id in instance_ids:
            _check(call.instance(instance_id), operation)
    if call[_DRY_RUN]:
        raise call.error("DRYRUN.SUCCESS")
    responses: list[Json] = [_one_of_batch(call, one, operation) for one in instance_ids]
    return {"InstanceResponses": {"InstanceResponse": responses}}


def _check(instance: InstanceRecord, operation: Operation) -> None:
    check_operable(instance, operation.needed, operation=operation.name)


def _one_of_batch(call: ActionCall, instance_id: str, operation: Operation) -> JsonObject:
    try:
        instance = call.instance(instance_id)
        before = instance.status
        _check(instance, operation)
        operation.act(call, instance)
    except tuple(_REFUSALS) as refusal:
        error = call.error(_REFUSALS[type(refusal)])
        # Whoever may not see the instance is not told its status either.
        unseen = isinstance(refusal, UnknownInstanceError)
        status = "" if unseen else call.cloud.instances.existing[instance_id].status.value
        outcome = {"Code": error.code, "Message": error.message, "CurrentStatus": status, "PreviousStatus": status}
    else:
        passing = operation.passing.value
        outcome = {"Code": "200", "Message": "success", "CurrentStatus": passing, "PreviousStatus": before.value}
    return {"InstanceId": instance_id, **outcome}


REBOOT_MANY: Final = Action(
    "RebootInstances",
    ParameterSet((_INSTANCES, _FORCE_REBOOT, _OPTIMIZATION, _DRY_RUN)),
    PACKAGE,
    _batch_of(
        Operation(
            "a reboot",
            InstanceStatus.RUNNING,
            InstanceStatus.STOPPING,
            lambda call, instance: call.cloud.reboot(instance, cause=call.cause),
        )
    ),
    _REFUSALS,
    words_of="RebootInstance",
    notes=(
        "CurrentStatus is Stopping, as in the reference's sample, though the instance is Running again at once.",
        _TOLERANT_NOTE,
    ),
)

# -- StopInstance

_STOPPED_MODE: Final = choice("StoppedMode", ("StopCharging", "KeepCharging"), note="default KeepCharging")
_CONFIRM_STOP: Final = boolean("ConfirmStop", note="deprecated, no effect")
_HIBERNATE: Final = boolean("Hibernate", note="true is refused: no instance has hibernation configured")


def _stop(call: ActionCall) -> JsonObject:
    instance = call.instance(call[_INSTANCE])
    if call[_HIBERNATE]:
        raise call.error("HibernationConfigured.NotEnabled")
    _checked(call, InstanceStatus.RUNNING, "a stop")
    call.cloud.stop(instance, cause=call.cause, stopped_mode=call[_STOPPED_MODE] or "KeepCharging")
    return {}


STOP_ONE: Final = Action(
    "StopInstance",
    ParameterSet((_INSTANCE, _FORCE_STOP, _STOPPED_MODE, _CONFIRM_STOP, _HIBERNATE, _DRY_RUN)),
    PACKAGE,
    _stop,
    _REFUSALS,
    needs_region=False,
    notes=("Running -> Stopping -> Stopped at one instant.",),
)

# -- StopInstances

STOP_MANY: Final = Action(
    "StopInstances",
    ParameterSet((_INSTANCES, _FORCE_STOP, _STOPPED_MODE, _OPTIMIZATION, _DRY_RUN)),
    PACKAGE,
    _batch_of(
        Operation(
            "a stop",
            InstanceStatus.RUNNING,
            InstanceStatus.STOPPING,
            lambda call, instance: call.cloud.stop(
                instance, cause=call.cause, stopped_mode=call[_STOPPED_MODE] or "KeepCharging"
            ),
        )
    ),
    _REFUSALS,
    words_of="StopInstance",
    notes=("Running -> Stopping -> Stopped at one instant.", _TOLERANT_NOTE),
)

# -- StartInstance

_INIT_LOCAL_DISK: Final = boolean("InitLocalDisk", note="no effect on what the fake shows")


def _start(call: ActionCall) -> JsonObject:
    call.cloud.start(_checked(call, InstanceStatus.STOPPED, "a start"), cause=call.cause)
    return {}


START_ONE: Final = Action(
    "StartInstance",
    ParameterSet((_INSTANCE, _INIT_LOCAL_DISK, _DRY_RUN)),
    PACKAGE,
    _start,
    {**_REFUSALS, InstanceArrearsError: "InstanceExpired"},
    needs_region=False,
    notes=("Stopped -> Starting -> Running at one instant.",),
)

# -- StartInstances

START_MANY: Final = Action(
    "StartInstances",
    ParameterSet((_INSTANCES, _OPTIMIZATION, _DRY_RUN)),
    PACKAGE,
    _batch_of(
        Operation(
            "a start",
            InstanceStatus.STOPPED,
            InstanceStatus.STARTING,
            lambda call, instance: call.cloud.start(instance, cause=call.cause),
        )
    ),
    _REFUSALS,
    words_of="RebootInstance",
    notes=("Stopped -> Starting -> Running at one instant.", _TOLERANT_NOTE),
)

# -- DeleteInstance

_FORCE: Final = boolean("Force", note="needed to release a Running instance")
_FORCED_STOP: Final = boolean("ForceStop", note="no effect on what the fake shows")
_TERMINATE: Final = boolean("TerminateSubscription", note="needed to release a PrePaid instance before it expires")


_INITIALIZING_NOTE: Final = (
    "A Pending instance is refused with IncorrectInstanceStatus.Initializing, also with Force; the service refuses soon "
    "after creation, for how long is published nowhere."
)


def _check_deletable(call: ActionCall, instance: InstanceRecord) -> None:
    """A security lock does not keep an instance from being released (documented)."""
    if flag(instance, "deletion_protection"):
        raise call.error("InvalidOperation.DeletionProtection")
    if word(instance, "instance_charge_type") == "PrePaid" and not call[_TERMINATE]:
        raise call.error("ChargeTypeViolation")
    if instance.status == InstanceStatus.PENDING:
        raise call.error(
            "IncorrectInstanceStatus.Initializing",
            hint=f"{instance.instance_id} is still Pending; wait until it is not",
        )
    if instance.status != InstanceStatus.STOPPED and not call[_FORCE]:
        raise call.error(
            "IncorrectInstanceStatus",
            hint=f"{instance.instance_id} is {instance.status}; stop it first, or send Force=true",
        )


def _delete(call: ActionCall) -> JsonObject:
    instance = call.instance(call[_INSTANCE])
    _check_deletable(call, instance)
    if call[_DRY_RUN]:
        raise call.error("DryRunOperation")
    call.cloud.release(instance, cause=call.cause)
    return {}


DELETE_ONE: Final = Action(
    "DeleteInstance",
    ParameterSet((_INSTANCE, _FORCE, _FORCED_STOP, _TERMINATE, _DRY_RUN)),
    PACKAGE,
    _delete,
    {UnknownInstanceError: "InvalidInstanceId.NotFound"},
    needs_region=False,
    notes=(
        "Unfinished events of the instance become Canceled.",
        _INITIALIZING_NOTE,
    ),
)

# -- DeleteInstances

_DELETED: Final = repeated("InstanceId", most=100, refusal="InvalidParameter.TooManyInstanceIds", required=True)
_CLIENT_TOKEN: Final = text("ClientToken", note="a call repeated with the same token and parameters succeeds again")


def _delete_batch(call: ActionCall) -> JsonObject:
    instances = [call.instance(instance_id) for instance_id in dict.fromkeys(call[_DELETED])]
    for instance in instances:
        _check_deletable(call, instance)
    if call[_DRY_RUN]:
        raise call.error("DRYRUN.SUCCESS")
    for instance in instances:
        call.cloud.release(instance, cause=call.cause)
    return {}


DELETE_MANY: Final = Action(
    "DeleteInstances",
    ParameterSet((_DELETED, _FORCE, _FORCED_STOP, _TERMINATE, _CLIENT_TOKEN, _DRY_RUN)),
    PACKAGE,
    _delete_batch,
    {UnknownInstanceError: "InvalidInstanceId.NotFound"},
    words_of="DeleteInstance",
    notes=("All or nothing.", "Unfinished events of the instances become Canceled.", _INITIALIZING_NOTE),
)

OPERATION_ACTIONS: Final = (
    REBOOT_ONE,
    REBOOT_MANY,
    STOP_ONE,
    STOP_MANY,
    START_ONE,
    START_MANY,
    DELETE_ONE,
    DELETE_MANY,
)
