"""CloudMonitor's API, driven by the SDKs of both generations."""

import json

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.client import AcsClient
from cms_requests import START, request_of

from pytest_ecsevents import EcsEvents


@pytest.fixture
def ecs():
    """A cloud with one instance, whose only notification is its own state."""
    with EcsEvents(START, seed="cms") as ecs_events:
        ecs_events.instances.add("i-web1", instance_name="web-1")
        yield ecs_events


@pytest.fixture
def ask(ecs):
    """Call an action with the legacy SDK: `ask("PutEventRule", RuleName="reboots", ...)`."""

    def ask(action, raw=None, /, *, access_key="ak-1", region="cn-hangzhou", **params):
        client = AcsClient(access_key, "secret", region)
        return json.loads(client.do_action_with_exception(request_of(action, raw, **params)))

    return ask


@pytest.fixture
def refused(ask):
    """Return (status, code, message) of a refused call."""

    def refused(action, raw=None, /, **params):
        with pytest.raises(ServerException) as error:
            ask(action, raw, **params)
        return error.value.get_http_status(), error.value.get_error_code(), error.value.get_error_msg()

    return refused
