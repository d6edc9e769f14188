"""Calls of the APIs by the console.

The same actions answer them as those of the handler. But they are in no call log, meet no declared faults, and take no
ids of the test for their replies: a look at the console must not change the story.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.console._cloud import Backstage
from pytest_ecsevents.report._reasons import by_actor
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._wire import JsonObject
from pytest_ecsevents.services._products import ECS
from pytest_ecsevents.services.cms._monitor import MonitorCall

_CAUSES: Final = {
    "CreateSimulatedSystemEvents": "created",
    "CancelSimulatedSystemEvents": "canceled",
    "AcceptInquiredSystemEvent": "accepted",
    "ModifySystemEventAttribute": "rescheduled",
    "RebootInstance": "reboot",
    "RedeployInstance": "redeployment",
    "StartInstance": "start",
    "StopInstance": "stop",
    "DeleteInstance": "release",
}


class RefusedError(EcsEventsError):
    """The API refuses a call of the console, in its words."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(f"{error.code}: {error.message}")


@dataclass(slots=True, kw_only=True, eq=False)
class _ConsoleCall(MonitorCall):
    """A call whose changes name the console as their cause, not an action that the handler did not call."""

    @property
    def cause(self) -> str:
        return by_actor(_CAUSES[self.action.name])


def call(parts: Backstage, name: str, account_id: str, region_id: str, **params: str) -> JsonObject:
    """Call an action of ECS as its API would be; returns the reply without `RequestId`, of which each call has its own.

    Args:
        parts: What is behind the cloud.
        name: `RebootInstance`, ...
        account_id: The caller's account.
        region_id: `RegionId`.
        **params: The other parameters, with `_` for `.` in their names.

    Raises:
        RefusedError: The API refuses it.
    """
    action = ECS.actions[name]
    sent = {"RegionId": region_id, **{name.replace("_", "."): value for name, value in params.items()}}
    found, _ = action.parameters.sort(sent)
    try:
        with parts.cloud.changing() as now:
            parsed = _ConsoleCall(
                action=action,
                account_id=account_id,
                region_id=region_id,
                now=now,
                values=action.parse(found),
                cloud=parts.cloud,
                monitor=parts.monitor,
            )
            return action.answer(parsed)
    except tuple(action.refusals) as refusal:
        raise RefusedError(action.refused(refusal)) from None
    except ApiError as error:
        raise RefusedError(error) from None


def numbered(name: str, values: Iterable[str]) -> dict[str, str]:
    """`InstanceId.1`, `InstanceId.2`, ...: a list as a request sends it."""
    return {f"{name}_{number}": value for number, value in enumerate(values, 1)}
