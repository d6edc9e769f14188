"""What every test shares."""

import contextlib
import datetime as dt
import json
import sys
import time
from contextlib import contextmanager

import freezegun  # noqa: F401  # loaded once for all: runs of pytest inside a test forget what they load
import pytest
import responses  # noqa: F401  # the same
import time_machine  # noqa: F401  # the same
from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.request import CommonRequest
from aliyunsdkcore.vendored.requests.adapters import HTTPAdapter
from clients import acs_client
from hypothesis import settings
from sizes import NIGHTLY, size

import pytest_ecsevents.face._markers  # noqa: F401  # the same
from pytest_ecsevents.checks import _recorder

# How many examples Hypothesis tries. The nightly run tries more, and others each time.
settings.register_profile("default", max_examples=20, stateful_step_count=25, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=2500, deadline=None, print_blob=True)
settings.load_profile("nightly" if NIGHTLY else "default")

with contextlib.suppress(ModuleNotFoundError):
    import aiohttp  # noqa: F401  # the same

_REAL = (time.sleep, time.time, dt.datetime)


@pytest.fixture(autouse=True)
def nothing_stays_patched():
    """After each test, the process's clock and the SDK's transport are those of before."""
    send = HTTPAdapter.send
    yield
    assert (time.sleep, time.time, dt.datetime) == _REAL
    assert HTTPAdapter.send is send


@pytest.fixture
def call_limit(monkeypatch):
    """How many calls a handler may make while the clock stands: fewer by day, so that a test reaches the limit soon."""
    limit = size(50, _recorder.MOST_CALLS_OF_A_RUN)
    monkeypatch.setattr(_recorder, "MOST_CALLS_OF_A_RUN", limit)
    monkeypatch.setattr(_recorder, "MOST_CALLS_AT_ONE_INSTANT", size(50, _recorder.MOST_CALLS_AT_ONE_INSTANT))
    return limit


@pytest.fixture
def unraisable():
    """A context manager that gives the errors that reach nobody meanwhile."""

    @contextmanager
    def unraisable():
        lost, hook = [], sys.unraisablehook
        sys.unraisablehook = lost.append
        try:
            yield lost
        finally:
            sys.unraisablehook = hook

    return unraisable


@pytest.fixture
def call():
    """Call an action with the real SDK: `call("RebootInstance", InstanceId="i-web1")`."""

    def call(action, *, region="cn-hangzhou", product_host="ecs.aliyuncs.com", version="2014-05-26", **params):
        request = CommonRequest(domain=product_host, version=version, action_name=action)
        request.set_product("Ecs")
        request.set_method("POST")
        for name, value in params.items():
            request.add_query_param(name.replace("__", "."), value)
        return json.loads(acs_client(region_id=region).do_action_with_exception(request))

    return call


@pytest.fixture
def refused(call):
    """(status, code, message) of a call that is refused: `refused("RebootInstance", InstanceId="i-none")`."""

    def refused(action, **params):
        with pytest.raises(ServerException) as error:
            call(action, **params)
        return error.value.get_http_status(), error.value.get_error_code(), error.value.get_error_msg()

    return refused
