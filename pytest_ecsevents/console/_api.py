"""Calls of the APIs by the console.

The same gateway answers them as those of the handler. But they are in no call log, meet no declared faults, and take no
ids of the test for their replies: a look at the console must not change the story.
"""

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents._secrets import Secrets
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.console._cloud import Backstage
from pytest_ecsevents.report._reasons import BY_CONSOLE
from pytest_ecsevents.rpc._api import Api
from pytest_ecsevents.rpc._calls import ApiCall, Call
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._exchange import Endpoint
from pytest_ecsevents.rpc._network_faults import NO_EFFECT, Effect
from pytest_ecsevents.rpc._wire import ApiReply, ApiRequest, Client, JsonObject, NoReply
from pytest_ecsevents.services._products import ECS, PRODUCTS
from pytest_ecsevents.services.cms._monitor import MonitorCall
from pytest_ecsevents.services.ecs._cloud import Cloud

_CAUSES: Final = {
    "CreateSimulatedSystemEvents": "created at the console",
    "CancelSimulatedSystemEvents": "canceled at the console",
    "AcceptInquiredSystemEvent": "accepted at the console",
    "ModifySystemEventAttribute": "rescheduled at the console",
    "RebootInstance": BY_CONSOLE.format("reboot"),
    "RedeployInstance": BY_CONSOLE.format("redeployment"),
    "StartInstance": BY_CONSOLE.format("start"),
    "StopInstance": BY_CONSOLE.format("stop"),
    "DeleteInstance": BY_CONSOLE.format("release"),
}


class RefusedError(EcsEventsError):
    """The API refuses a call of the console.

    Attributes:
        code: `InvalidNotBefore.Passed`.
    """

    def __init__(self, reply: Mapping[str, Any]) -> None:
        self.code: Final = str(reply["Code"])
        super().__init__(f"{self.code}: {reply['Message']}")


@dataclass(slots=True, kw_only=True, eq=False)
class _ConsoleCall(MonitorCall):
    """A call whose changes name the console as their cause, not an action that the handler did not call."""

    @property
    def cause(self) -> str:
        return _CAUSES[self.action.name]


class _Owned:
    """The cloud for a caller whose access key is the id of an account."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud: Final = cloud
        self.settled: Final = cloud.settled

    @property
    def clock(self) -> Clock:
        return self._cloud.clock

    @property
    def regions(self) -> AbstractSet[str]:
        return self._cloud.regions

    def changing(self) -> AbstractContextManager[Micros]:
        return self._cloud.changing()

    def account_of(self, access_key_id: str | None) -> str:
        return access_key_id or ""

    def problem_with_token(self, access_key_id: str | None, token: str, now: Micros) -> str:  # noqa: ARG002  # the protocol's
        return ""


class _NoChecks:
    """Records nothing, and knows no faults and no stubs."""

    def __init__(self, secrets: Secrets) -> None:
        self.secrets: Final = secrets

    def record(self, call: Call, *, can_fail: bool, client: Client | None) -> Effect:  # noqa: ARG002  # the protocol's
        return NO_EFFECT

    def is_stubbed(self, call: ApiCall) -> bool:  # noqa: ARG002  # the protocol's
        return False

    def stubbed(self, call: ApiCall) -> "JsonObject | None":
        raise NotImplementedError

    def unexpected(self, call: ApiCall, problem: str) -> None:
        raise NotImplementedError

    def object_to(self, error: EcsEventsError) -> None:
        raise NotImplementedError

    def endless(self, call: Call, no_reply: NoReply) -> EcsEventsError:
        raise NotImplementedError

    def told(self, problem: EcsEventsError) -> ApiError:
        raise NotImplementedError

    def served(self, problem: Exception, call: Call) -> ApiError:
        raise NotImplementedError


def call(parts: Backstage, action: str, account_id: str, region_id: str, **params: str) -> dict[str, Any]:
    """Call an action of ECS as its API would be; returns the reply without `RequestId`, of which each call has its own.

    Args:
        parts: What is behind the cloud.
        action: `RebootInstance`, ...
        account_id: The caller's account.
        region_id: `RegionId`.
        **params: The other parameters, with `_` for `.` in their names.

    Raises:
        RefusedError: The API refuses it; the message is the API's.
    """
    checks = _NoChecks(parts.recorder.secrets)
    cloud = _Owned(parts.cloud)
    new_call = partial(_ConsoleCall, cloud=parts.cloud, monitor=parts.monitor)
    api = Api(PRODUCTS, cloud, new_call, lambda: "", checks)
    sent = {
        "Action": action,
        "Version": ECS.version,
        "Format": "JSON",
        "AccessKeyId": account_id,
        "RegionId": region_id,
        **{name.replace("_", "."): value for name, value in params.items()},
    }
    request = ApiRequest("POST", "ecs.aliyuncs.com", sent, {}, "console", is_redirected=True)
    reply = Endpoint(api, cloud, checks)(request)
    assert isinstance(reply, ApiReply)
    body: dict[str, Any] = json.loads(reply.body)
    del body["RequestId"]
    if reply.http_status != 200:
        raise RefusedError(body)
    return body


def numbered(name: str, values: "Iterator[str] | list[str]") -> dict[str, str]:
    """`InstanceId.1`, `InstanceId.2`, ...: a list as a request sends it."""
    return {f"{name}_{number}": value for number, value in enumerate(values, 1)}
