"""The real SDK, driven against the fake."""

import datetime as dt
import json
import time
from typing import Any, NamedTuple

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.vendored import requests
from aliyunsdkcore.vendored.requests.adapters import HTTPAdapter
from clients import acs_client
from old_sdks import new_request, set_parameter

_REAL = (time.sleep, time.time, dt.datetime, HTTPAdapter.send)


@pytest.fixture(autouse=True)
def nothing_stays_patched():
    """Checked below, after the last fixture: `ecs_events` is set up first, so it ends last."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """After each test, the process's clock and the SDK's transport are as before."""
    result = yield
    assert (time.sleep, time.time, dt.datetime, HTTPAdapter.send) == _REAL
    return result


class Refusal(NamedTuple):
    """What the SDK says of an error reply.

    Attributes:
        status: The HTTP status.
        code: The error code.
        message: The error message.
    """

    status: int
    code: str
    message: str


class Sdk:
    """One account's client, and the calls made with it."""

    def __init__(self, client: AcsClient) -> None:
        self.client = client

    @staticmethod
    def request(action: str, raw: "dict[str, Any] | None" = None, /, **params: Any) -> Any:
        """A request of the SDK's own class for the action, as far as the SDK has it.

        Args:
            action: `RebootInstance`.
            raw: Parameters by their names on the wire, for what the class has no method for.
            **params: Parameters by the names of the class's `set_` methods.
        """
        request = new_request(action)
        for name, value in params.items():
            set_parameter(request, action, name, value)
        for name, value in (raw or {}).items():
            request.add_query_param(name, value)
        return request

    def call(self, action: str, raw: "dict[str, Any] | None" = None, /, **params: Any) -> "dict[str, Any]":
        """Return the reply to a request, as a client reads it."""
        __tracebackhide__ = True
        return json.loads(self.client.do_action_with_exception(self.request(action, raw, **params)))

    def refused(self, action: str, raw: "dict[str, Any] | None" = None, /, **params: Any) -> Refusal:
        """Return the error that answers a request."""
        __tracebackhide__ = True
        with pytest.raises(ServerException) as caught:
            self.client.do_action_with_exception(self.request(action, raw, **params))
        error = caught.value
        return Refusal(error.get_http_status(), error.get_error_code(), error.get_error_msg())


@pytest.fixture
def new_sdk():
    """Make the SDK's client of an access key and a region."""

    def make(access_key="ak-1", region_id="cn-hangzhou", **options):
        return Sdk(AcsClient(access_key, "secret", region_id, **options))

    return make


@pytest.fixture
def sdk(ecs_events):
    """The default account in cn-hangzhou."""
    return Sdk(acs_client("ak-1"))


@pytest.fixture
def client(sdk):
    """The `AcsClient` of the default account in cn-hangzhou."""
    return sdk.client


@pytest.fixture
def call(sdk):
    """Make a call as the default account in cn-hangzhou; it returns the reply."""
    return sdk.call


@pytest.fixture
def refused(sdk):
    """Make a call as the default account in cn-hangzhou that is refused; it returns status, code and message."""
    return sdk.refused


@pytest.fixture
def other_account(ecs_events, new_sdk):
    """A second account's SDK in cn-hangzhou; its id is "222"."""
    ecs_events.access_keys["ak-2"] = "222"
    return new_sdk("ak-2")


@pytest.fixture
def http_text(ecs_events):
    """Send parameters without what the SDK adds by itself; it returns HTTP status and body."""

    def send(params, *, method="GET", body=None, headers=None):
        common = {"AccessKeyId": "ak-1", "SignatureNonce": "1", "Version": "2014-05-26"}
        reply = requests.request(
            method,
            "http://ecs-cn-hangzhou.aliyuncs.com/",
            params={**common, **params},
            data=body,
            headers=headers,
            timeout=5,
        )
        return reply.status_code, reply.text

    return send


@pytest.fixture
def http(http_text):
    """The same with a reply in JSON, which is read."""

    def send(params, **how):
        status, text = http_text({"Format": "JSON", **params}, **how)
        return status, json.loads(text)

    return send


@pytest.fixture
def web1(ecs_events):
    """The id of a Running instance of the default account in cn-hangzhou."""
    return ecs_events.instances.add("i-web1").instance_id


@pytest.fixture
def in_status(ecs_events):
    """Publish a simulated event on `i-web1` and bring it to a status; it returns the event.

    Scheduled, Executing, Executed, Avoided and Canceled can be had; NotBefore is an hour after publication.
    """

    def make(status, instance_id="i-web1", event_type="SystemMaintenance.Reboot"):
        event = ecs_events.create(event_type, instance_id, not_before="+1h")
        if status == "Avoided":
            ecs_events.reboot(instance_id)
        elif status == "Canceled":
            ecs_events.cancel(event)
        elif status == "Executing":
            ecs_events.advance_to(event.not_before)
        elif status == "Executed":
            ecs_events.advance(hours=1, seconds=1)
        assert event.status == status
        return event

    return make
