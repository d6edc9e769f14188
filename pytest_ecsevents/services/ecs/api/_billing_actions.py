"""The actions that pay for instances: they avoid events of expiry and arrears."""

from typing import Final

from pytest_ecsevents._words import did_you_mean
from pytest_ecsevents.clock._times import minute_text
from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._parameters import minutes_instant, text, whole
from pytest_ecsevents.rpc._wire import JsonObject
from pytest_ecsevents.services.ecs._catalogue import InstanceStatus
from pytest_ecsevents.services.ecs._cloud import ActionCall
from pytest_ecsevents.services.ecs._model import InstanceRecord
from pytest_ecsevents.services.ecs._periods import PERIODS, end_of
from pytest_ecsevents.services.ecs._refusals import UnknownInstanceError
from pytest_ecsevents.services.ecs.api import PACKAGE
from pytest_ecsevents.services.ecs.api._creation_parameters import CLIENT_TOKEN

ACTIONS: Final = Actions[ActionCall](
    PACKAGE, refusals={UnknownInstanceError: "InvalidInstanceId.NotFound"}, needs_region=False
)

_INSTANCE: Final = text("InstanceId", required=True)


def _check_security(call: ActionCall, instance: InstanceRecord) -> None:
    if "security" in instance.locks:
        raise call.error("InstanceLockedForSecurity", hint=f"{instance.instance_id} is locked for security reasons")


# -- RenewInstance

_PERIOD: Final = whole(
    "Period", least=1, refusal="InvalidPeriod", note="1 to 4 weeks, or 1 to 9, 12, 24, 36, 48 or 60 months"
)
_UNIT: Final = text("PeriodUnit", note="Week or Month (default)")
_DAY: Final = whole(
    "ExpectedRenewDay",
    least=1,
    most=28,
    refusal="InvalidPeriod",
    note="refused: the account has no unified expiration date",
)


@ACTIONS.action(
    "RenewInstance",
    _INSTANCE,
    _PERIOD,
    _UNIT,
    _DAY,
    CLIENT_TOKEN,
    notes=(
        "Scheduled events of expiry and arrears become Avoided, and the financial lock is removed; a Stopped instance stays so.",
        "ExpiredTime moves by the period, or by the period from now if it has passed.",
        "Without Period, or with ExpectedRenewDay, it is InvalidPeriod (a guess).",
    ),
)
def _renew(call: ActionCall) -> JsonObject:
    instance = call.instance(call[_INSTANCE])
    if instance.texts["instance_charge_type"] != "PrePaid":
        raise call.error("ChargeTypeViolation", hint=f"{instance.instance_id} is no subscription")
    _check_security(call, instance)
    unit, period = call[_UNIT], call[_PERIOD]
    if unit not in ("", *PERIODS):
        raise call.error(
            "InvalidPeriodUnit.ValueNotSupported", hint=f"PeriodUnit is {unit!r}.{did_you_mean(unit, PERIODS)}"
        )
    if call[_DAY] is not None:
        raise call.error(
            "InvalidPeriod", hint="ExpectedRenewDay needs a unified expiration date, which the account lacks"
        )
    if period is None:
        raise call.error("InvalidPeriod", hint="Period was not sent")
    if period not in PERIODS[unit or "Month"]:
        raise call.error("InvalidPeriod", hint=f"Period is {period}, of {unit or 'Month'}")
    expires = minutes_instant(instance.texts["expired_time"])
    assert expires is not None
    call.cloud.renew(instance, cause=call.cause)
    instance.texts["expired_time"] = minute_text(end_of(max(expires, call.now), period, unit))
    return {"OrderId": call.cloud.ids.order()}


# -- ReActivateInstances


@ACTIONS.action(
    "ReActivateInstances",
    _INSTANCE,
    notes=(
        "The instance must be PostPaid, Stopped, and locked because of arrears.",
        "It is started. Scheduled events of arrears become Avoided, and the lock is removed.",
    ),
)
def _reactivate(call: ActionCall) -> JsonObject:
    instance = call.instance(call[_INSTANCE])
    if instance.texts["instance_charge_type"] != "PostPaid":
        raise call.error("InvalidPayType.NotSupport", hint=f"{instance.instance_id} is a subscription")
    _check_security(call, instance)
    if instance.status != InstanceStatus.STOPPED:
        raise call.error("IncorrectInstanceStatus", hint=f"{instance.instance_id} is {instance.status}")
    if "financial" not in instance.locks:
        raise call.error(
            "ReopenInstance.InstanceStatusNotValid", hint=f"{instance.instance_id} is not locked because of arrears"
        )
    call.cloud.renew(instance, cause=call.cause)
    call.cloud.start(instance, cause=call.cause)
    return {}
