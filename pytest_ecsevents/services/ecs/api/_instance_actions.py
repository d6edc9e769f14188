"""Actions that change an instance's status."""

from collections.abc import Callable
from typing import Final

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._parameters import boolean, choice, repeated, text
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs._catalogue import InstanceStatus
from pytest_ecsevents.services.ecs._cloud import ActionCall
from pytest_ecsevents.services.ecs._instances import check_operable, flag
from pytest_ecsevents.services.ecs._model import InstanceRecord
from pytest_ecsevents.services.ecs._refusals import (
    InstanceArrearsError,
    InstanceLockedError,
    InstanceStatusError,
    UnknownInstanceError,
)
from pytest_ecsevents.services.ecs.api import PACKAGE
from pytest_ecsevents.services.ecs.api._creation_parameters import AUTO_RELEASE, check_auto_release

ACTIONS: Final = Actions[ActionCall](PACKAGE, refusals={UnknownInstanceError: "InvalidInstanceId.NotFound"})

_INSTANCE: Final = text("InstanceId", required=True)
_FORCE_STOP: Final = boolean("ForceStop", note="no effect on what the fake shows")
_DRY_RUN: Final = boolean("DryRun")

REFUSALS: Final[dict[type[EcsEventsError], str]] = {
    UnknownInstanceError: "InvalidInstanceId.NotFound",
    InstanceStatusError: "IncorrectInstanceStatus",
    InstanceLockedError: "InstanceLockedForSecurity",
    InstanceArrearsError: "InstanceExpiredOrInArrears",
}

_SAYING: Final[dict[type[EcsEventsError], str]] = {**REFUSALS, InstanceStatusError: "IncorrectInstanceStatus/said"}
"""The same, with the status and the expected one in the message."""


def _checked(call: ActionCall, needed: InstanceStatus, operation: str) -> InstanceRecord:
    """The instance, if it passes every check; a dry run ends here."""
    instance = call.instance(call[_INSTANCE])
    check_operable(instance, needed, operation=operation)
    if call[_DRY_RUN]:
        raise call.error("DryRunOperation")
    return instance


# -- RebootInstance


@ACTIONS.action(
    "RebootInstance",
    _INSTANCE,
    _FORCE_STOP,
    _DRY_RUN,
    refusals=REFUSALS,
    needs_region=False,
    notes=(
        "Running -> Stopping -> Starting -> Running at one instant.",
        "An event is Avoided when the call is accepted.",
    ),
)
def _reboot(call: ActionCall) -> JsonObject:
    call.cloud.reboot(_checked(call, InstanceStatus.RUNNING, "a reboot"), cause=call.cause)
    return {}


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


def _batch(
    call: ActionCall,
    operation: str,
    needed: InstanceStatus,
    shown: InstanceStatus,
    operate: Callable[[InstanceRecord], None],
) -> JsonObject:
    """Operate on each instance. AllTogether: one refusal refuses all. SuccessFirst: each instance has its own outcome.

    Args:
        call: The call.
        operation: In words, for refusals.
        needed: The status that an instance must have.
        shown: Its status in the reply.
        operate: The operation.
    """

    def outcome(instance_id: str) -> JsonObject:
        try:
            instance = call.instance(instance_id)
            before = instance.status
            check_operable(instance, needed, operation=operation)
            operate(instance)
        except tuple(_SAYING) as refusal:
            error = call.action.refused(refusal)
            # The status of an instance that the caller may not see stays hidden.
            hidden = isinstance(refusal, UnknownInstanceError)
            status = "" if hidden else call.cloud.instances.existing[instance_id].status.value
            code, message, current, previous = error.code, error.message, status, status
        else:
            code, message, current, previous = "200", "success", shown.value, before.value
        return {
            "InstanceId": instance_id,
            "Code": code,
            "Message": message,
            "CurrentStatus": current,
            "PreviousStatus": previous,
        }

    instance_ids = tuple(dict.fromkeys(call[_INSTANCES]))
    if call[_OPTIMIZATION] != "SuccessFirst":
        for instance_id in instance_ids:
            check_operable(call.instance(instance_id), needed, operation=operation)
    if call[_DRY_RUN]:
        raise call.error("DRYRUN.SUCCESS")
    responses: list[Json] = [outcome(instance_id) for instance_id in instance_ids]
    return {"InstanceResponses": {"InstanceResponse": responses}}


@ACTIONS.action(
    "RebootInstances",
    _INSTANCES,
    _FORCE_REBOOT,
    _OPTIMIZATION,
    _DRY_RUN,
    refusals=_SAYING,
    notes=(
        "CurrentStatus is Stopping, as in the reference's sample, though the instance is Running again at once.",
        _TOLERANT_NOTE,
    ),
)
def _reboot_batch(call: ActionCall) -> JsonObject:
    return _batch(
        call,
        "a reboot",
        InstanceStatus.RUNNING,
        InstanceStatus.STOPPING,
        lambda one: call.cloud.reboot(one, cause=call.cause),
    )


# -- StopInstance

_STOPPED_MODE: Final = choice("StoppedMode", ("StopCharging", "KeepCharging"), note="default KeepCharging")
_CONFIRM_STOP: Final = boolean("ConfirmStop", note="deprecated, no effect")
_HIBERNATE: Final = boolean("Hibernate", note="true is refused: hibernation is not faked")


@ACTIONS.action(
    "StopInstance",
    _INSTANCE,
    _FORCE_STOP,
    _STOPPED_MODE,
    _CONFIRM_STOP,
    _HIBERNATE,
    _DRY_RUN,
    refusals=_SAYING,
    needs_region=False,
    notes=("Running -> Stopping -> Stopped at one instant.",),
)
def _stop(call: ActionCall) -> JsonObject:
    instance = call.instance(call[_INSTANCE])
    if call[_HIBERNATE]:
        raise call.error("HibernationConfigured.NotEnabled")
    _checked(call, InstanceStatus.RUNNING, "a stop")
    _stop_one(call, instance)
    return {}


def _stop_one(call: ActionCall, instance: InstanceRecord) -> None:
    call.cloud.stop(instance, cause=call.cause, stopped_mode=call[_STOPPED_MODE] or "KeepCharging")


# -- StopInstances


@ACTIONS.action(
    "StopInstances",
    _INSTANCES,
    _FORCE_STOP,
    _STOPPED_MODE,
    _OPTIMIZATION,
    _DRY_RUN,
    refusals=_SAYING,
    notes=("Running -> Stopping -> Stopped at one instant.", _TOLERANT_NOTE),
)
def _stop_batch(call: ActionCall) -> JsonObject:
    return _batch(call, "a stop", InstanceStatus.RUNNING, InstanceStatus.STOPPING, lambda one: _stop_one(call, one))


# -- StartInstance

_INIT_LOCAL_DISK: Final = boolean("InitLocalDisk", note="no effect on what the fake shows")


@ACTIONS.action(
    "StartInstance",
    _INSTANCE,
    _INIT_LOCAL_DISK,
    _DRY_RUN,
    refusals={**_SAYING, InstanceArrearsError: "InstanceExpired"},
    needs_region=False,
    notes=("Stopped -> Starting -> Running at one instant.",),
)
def _start(call: ActionCall) -> JsonObject:
    call.cloud.start(_checked(call, InstanceStatus.STOPPED, "a start"), cause=call.cause)
    return {}


# -- StartInstances


@ACTIONS.action(
    "StartInstances",
    _INSTANCES,
    _OPTIMIZATION,
    _DRY_RUN,
    refusals=_SAYING,
    notes=("Stopped -> Starting -> Running at one instant.", _TOLERANT_NOTE),
)
def _start_batch(call: ActionCall) -> JsonObject:
    return _batch(
        call,
        "a start",
        InstanceStatus.STOPPED,
        InstanceStatus.STARTING,
        lambda one: call.cloud.start(one, cause=call.cause),
    )


# -- DeleteInstance

_FORCE: Final = boolean("Force", note="needed to release a Running instance")
_TERMINATE: Final = boolean("TerminateSubscription", note="needed to release a PrePaid instance before it expires")


_INITIALIZING_NOTE: Final = (
    "A Pending instance is refused with IncorrectInstanceStatus.Initializing, also with Force. The service refuses it for "
    "some time after creation; how long is not published."
)


def _check_deletable(call: ActionCall, instance: InstanceRecord) -> None:
    """A security lock does not prevent the release (documented)."""
    if flag(instance, "deletion_protection"):
        raise call.error("InvalidOperation.DeletionProtection")
    if instance.texts["instance_charge_type"] == "PrePaid" and not call[_TERMINATE]:
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


@ACTIONS.action(
    "DeleteInstance",
    _INSTANCE,
    _FORCE,
    _FORCE_STOP,
    _TERMINATE,
    _DRY_RUN,
    needs_region=False,
    notes=("Unfinished events of the instance become Canceled.", _INITIALIZING_NOTE),
)
def _delete(call: ActionCall) -> JsonObject:
    instance = call.instance(call[_INSTANCE])
    _check_deletable(call, instance)
    if call[_DRY_RUN]:
        raise call.error("DryRunOperation")
    call.cloud.release(instance, cause=call.cause)
    return {}


# -- DeleteInstances

_DELETED: Final = repeated("InstanceId", most=100, refusal="InvalidParameter.TooManyInstanceIds", required=True)
_CLIENT_TOKEN: Final = text("ClientToken", note="a call repeated with the same token and parameters succeeds again")


@ACTIONS.action(
    "DeleteInstances",
    _DELETED,
    _FORCE,
    _FORCE_STOP,
    _TERMINATE,
    _CLIENT_TOKEN,
    _DRY_RUN,
    notes=("All or nothing.", "Unfinished events of the instances become Canceled.", _INITIALIZING_NOTE),
)
def _delete_batch(call: ActionCall) -> JsonObject:
    instances = [call.instance(instance_id) for instance_id in dict.fromkeys(call[_DELETED])]
    for instance in instances:
        _check_deletable(call, instance)
    if call[_DRY_RUN]:
        raise call.error("DRYRUN.SUCCESS")
    for instance in instances:
        call.cloud.release(instance, cause=call.cause)
    return {}


# -- ModifyInstanceAutoReleaseTime


@ACTIONS.action(
    "ModifyInstanceAutoReleaseTime",
    _INSTANCE,
    AUTO_RELEASE,
    needs_region=False,
    notes=(
        "Without AutoReleaseTime the instance is no longer released by itself (documented).",
        "No table of errors was found: all of them are guesses.",
    ),
)
def _modify_auto_release(call: ActionCall) -> JsonObject:
    instance = call.instance(call[_INSTANCE])
    if instance.texts["instance_charge_type"] == "PrePaid":
        raise call.error("ChargeTypeViolation", hint=f"{instance.instance_id} is PrePaid")
    check_auto_release(call)
    call.cloud.events.plan_release(instance, call[AUTO_RELEASE])
    return {}
