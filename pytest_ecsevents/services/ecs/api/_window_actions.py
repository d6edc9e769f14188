"""The actions on maintenance windows."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from pytest_ecsevents.clock._times import instant_text
from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._paging import MAX_RESULTS, NEXT_TOKEN, paged
from pytest_ecsevents.rpc._parameters import (
    Parameter,
    UnusableValueError,
    boolean,
    choice,
    fitting,
    one_of,
    text,
    whole,
    yes_or_no,
)
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs._cloud import ActionCall
from pytest_ecsevents.services.ecs._refusals import UnknownWindowError
from pytest_ecsevents.services.ecs._windows import DAYS, PERIODS, SUPPORTED, PlanWindow, WindowPeriod, WindowTarget
from pytest_ecsevents.services.ecs.api import PACKAGE

_UNKNOWN_NOTE: Final = "An unknown window is InvalidParameter: no table of errors was found, all codes are guesses."
ACTIONS: Final = Actions[ActionCall](PACKAGE, refusals={UnknownWindowError: "InvalidParameter"}, is_regional=False)

# -- JSON in parameters


def _object(raw: str, form: str) -> "dict[str, Any]":
    """The object that a parameter holds.

    Raises:
        UnusableValueError: It is no JSON object.
    """
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UnusableValueError(repr(raw), f"It must be a JSON object, such as {form}.")
    return value


def _pair(value: object) -> "tuple[str, str]":
    """A tag, `{"Key": ..., "Value": ...}`."""
    if not isinstance(value, dict) or not value.get("Key") or not all(isinstance(word, str) for word in value.values()):
        raise UnusableValueError(repr(value), 'A tag must be a JSON object, such as {"Key": "role", "Value": "web"}.')
    return value["Key"], value.get("Value", "")


_TARGET_FORM: Final = '{"Scope": "Tag", "Tags": [{"Key": "role", "Value": "web"}]}'
_PERIOD_FORM: Final = '{"PeriodUnit": "Daily", "RangeList": [{"StartTime": "22:00", "EndTime": "04:00"}]}'
_TAG_FORM: Final = '{"Key": "role", "Value": "web"}'


def _target(raw: str) -> WindowTarget:
    value = _object(raw, _TARGET_FORM)
    scope = one_of(str(value.get("Scope", "")), ("Tag", "ResourceGroup"))
    group_id, tags = value.get("ResourceGroupId") or "", value.get("Tags") or []
    if not isinstance(group_id, str) or not isinstance(tags, list):
        raise UnusableValueError(repr(raw), f"It must be a JSON object, such as {_TARGET_FORM}.")
    if not (tags if scope == "Tag" else group_id):
        needed = "Tags" if scope == "Tag" else "ResourceGroupId"
        raise UnusableValueError(repr(raw), f"Scope {scope} needs {needed}.")
    return WindowTarget(scope, group_id, tuple(map(_pair, tags)))


_TIME: Final = re.compile(r"(?:(?P<day>[A-Z][a-z]+day),)?(?P<hour>[01]\d|2[0-3]):00")


def _hour(unit: str, value: object) -> int:
    """The hour in the period of a time such as `Monday,22:00` or `22:00`."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    day = match["day"] if match else None
    if match is None or (day in DAYS if unit == "Daily" else day not in DAYS):
        form = "22:00" if unit == "Daily" else "Monday,22:00"
        raise UnusableValueError(repr(value), f"A time of a {unit} period is on the full hour, such as {form}.")
    return int(match["hour"]) + (DAYS.index(day) * 24 if day else 0)


def _period(raw: str) -> WindowPeriod:
    value = _object(raw, _PERIOD_FORM)
    unit, ranges = one_of(str(value.get("PeriodUnit", "")), tuple(PERIODS)), value.get("RangeList")
    if not isinstance(ranges, list) or not ranges or not all(isinstance(one, dict) for one in ranges):
        raise UnusableValueError(repr(raw), f"It must be a JSON object, such as {_PERIOD_FORM}.")
    times = [(one.get("StartTime"), one.get("EndTime")) for one in ranges]
    return WindowPeriod(unit, tuple((start, end, _hour(unit, start), _hour(unit, end)) for start, end in times))


# -- parameters

_ID: Final = text("PlanWindowId", required=True)
_NAME: Final = fitting("PlanWindowName", lambda name: len(name) <= 200, "at most 200 characters")
_ENABLE: Final = boolean("Enable")
_ACTION: Final = choice("SupportMaintenanceAction", tuple(SUPPORTED))
_NOTICE: Final = whole(
    "MinMaintenanceInterval", least=1, most=48, note="hours from the publication of an event to its NotBefore, 1 to 48"
)
_TARGET: Final[Parameter[WindowTarget | None]] = Parameter(
    "TargetResource", "string", _target, None, note=f"JSON, such as {_TARGET_FORM}"
)
_PERIOD: Final[Parameter[WindowPeriod | None]] = Parameter(
    "TimePeriod", "string", _period, None, note=f"JSON, such as {_PERIOD_FORM}; UTC"
)

# -- CreatePlanMaintenanceWindow


def _needed(parameter: "Parameter[Any]") -> "Parameter[Any]":
    return replace(parameter, required=True)


@ACTIONS.action(
    "CreatePlanMaintenanceWindow",
    _needed(_NAME),
    _needed(_ENABLE),
    _needed(_ACTION),
    _needed(_TARGET),
    _needed(_PERIOD),
    _NOTICE,
    notes=(
        "It holds in all regions (documented).",
        "A real SystemMaintenance.Reboot or .Redeploy event for which the test gives no NotBefore is planned in the window.",
        "The references of MinMaintenanceInterval disagree; here it is that of ModifyPlanMaintenanceWindow (a guess).",
    ),
)
def _create(call: ActionCall) -> JsonObject:
    target, period = call[_TARGET], call[_PERIOD]
    assert target is not None
    assert period is not None
    window = call.cloud.windows.add(
        call.account_id,
        call.region_id,
        name=call[_NAME],
        is_enabled=call[_ENABLE],
        action=call[_ACTION],
        target=target,
        period=period,
        notice=call[_NOTICE],
        now=call.now,
    )
    return {"PlanWindowId": window.window_id}


# -- ModifyPlanMaintenanceWindow

_NEW_STATE: Final = yes_or_no("Enable")


@ACTIONS.action(
    "ModifyPlanMaintenanceWindow",
    _ID,
    _NAME,
    _NEW_STATE,
    _ACTION,
    _TARGET,
    _PERIOD,
    _NOTICE,
    notes=(_UNKNOWN_NOTE, "What is not sent stays as it was (documented).", "Events that are planned stay so."),
)
def _modify(call: ActionCall) -> JsonObject:
    window = call.cloud.windows.window(call.account_id, call[_ID])
    state = call[_NEW_STATE]
    window.name = call[_NAME] or window.name
    window.is_enabled = window.is_enabled if state is None else state
    window.action = call[_ACTION] or window.action
    window.target = call[_TARGET] or window.target
    window.period = call[_PERIOD] or window.period
    window.notice = call[_NOTICE] or window.notice
    window.modified_at = call.now
    return {}


# -- DeletePlanMaintenanceWindow


@ACTIONS.action("DeletePlanMaintenanceWindow", _ID, notes=(_UNKNOWN_NOTE, "Events that are planned stay so."))
def _delete(call: ActionCall) -> JsonObject:
    call.cloud.windows.delete(call.account_id, call[_ID])
    return {}


# -- DescribePlanMaintenanceWindows

_WANTED_ID: Final = text("PlanWindowId")
_WANTED_NAME: Final = text("PlanWindowName", note="the whole name")
_WANTED_STATE: Final = yes_or_no("Enable")
_WANTED_GROUP: Final = text("TargetResourceGroupId")
_WANTED_TAG: Final[Parameter["tuple[str, str] | None"]] = Parameter(
    "TargetResourceTags", "string", lambda raw: _pair(_object(raw, _TAG_FORM)), None, note=f"JSON, such as {_TAG_FORM}"
)
_MOST: Final[Parameter[Any]] = replace(MAX_RESULTS, default=10)  # never None, so that pages have tokens only


@ACTIONS.action(
    "DescribePlanMaintenanceWindows",
    _WANTED_ID,
    _WANTED_NAME,
    _WANTED_STATE,
    _WANTED_GROUP,
    _WANTED_TAG,
    NEXT_TOKEN,
    _MOST,
    notes=(
        "Windows of all regions are listed (documented), in order of creation.",
        "Filters must all match; TargetResourceTags without a Value finds each window with that key.",
    ),
)
def _describe(call: ActionCall) -> JsonObject:
    found = [window for window in call.cloud.windows.of(call.account_id) if _is_wanted(call, window)]
    page, envelope = paged(call, found, _MOST, lambda one: (one.number, one.window_id), last_token="")
    views: list[Json] = [_view(window) for window in page]
    return {
        "PlanMaintenanceWindowList": views,
        "NextToken": envelope["NextToken"],
        "TotalCount": envelope["TotalCount"],
        "MaxResults": envelope["PageSize"],
    }


def _is_wanted(call: ActionCall, window: PlanWindow) -> bool:
    tag = call[_WANTED_TAG]
    return (
        call[_WANTED_ID] in ("", window.window_id)
        and call[_WANTED_NAME] in ("", window.name)
        and call[_WANTED_STATE] in (None, window.is_enabled)
        and call[_WANTED_GROUP] in ("", window.target.group_id)
        and (tag is None or any(key == tag[0] and tag[1] in ("", value) for key, value in window.target.tags))
    )


def _view(window: PlanWindow) -> JsonObject:
    target: JsonObject = {"Scope": window.target.scope}
    if window.target.group_id:
        target["ResourceGroupId"] = window.target.group_id
    if window.target.tags:
        target["Tags"] = [{"Key": key, "Value": value} for key, value in window.target.tags]
    ranges: list[Json] = [{"StartTime": start, "EndTime": end} for start, end, *_ in window.period.ranges]
    notice: Mapping[str, int] = {} if window.notice is None else {"MinMaintenanceInterval": window.notice}
    return {
        "PlanWindowId": window.window_id,
        "PlanWindowName": window.name,
        "Enable": window.is_enabled,
        "SupportMaintenanceAction": window.action,
        "TargetResource": target,
        "TimePeriod": {"PeriodUnit": window.period.unit, "RangeList": ranges},
        "CreateTime": instant_text(window.created_at),
        "ModifiedTime": instant_text(window.modified_at),
        **notice,
    }
