"""The legacy SDK, aliyunsdkcore: `responses` answers its vendored copy of requests."""

import importlib
import importlib.util
import sys
from functools import cache
from typing import Any, Final

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.transports._adapters import raw_response, reply_to
from pytest_ecsevents.transports._decoding import Route, route_for
from pytest_ecsevents.transports._hosts import CLOUD_URL

__tracebackhide__ = hidden_in_reports

NAME: Final = "aliyun-python-sdk-core"
_REQUESTS: Final = "aliyunsdkcore.vendored.requests"
_ADAPTERS: Final = f"{_REQUESTS}.adapters"


def intercept(routes: "tuple[Route, ...]", undo: Undo) -> None:
    """Answer the SDK's calls from `routes` until `undo` closes; does nothing if the SDK is not installed.

    Calls to other hosts go to the method that was replaced, which may be a mock of the user's.
    """
    if _ADAPTERS not in sys.modules and importlib.util.find_spec("aliyunsdkcore") is None:
        return
    try:
        adapter = (sys.modules.get(_ADAPTERS) or importlib.import_module(_ADAPTERS)).HTTPAdapter
    except ModuleNotFoundError:
        raise EcsEventsError(
            "The installed aliyun-python-sdk-core is too old: its calls cannot be intercepted. Install 2.13.2 or newer. For "
            "aliyun-python-sdk-core-v3, which old versions of aliyun-python-sdk-ecs need, install 2.13.3 or newer."
        ) from None
    # `mock.start()` would set the same function, but more slowly: it finds the class by its name.
    undo.replace(adapter, "send", _make_mock(routes, adapter.send).unbound_on_send())


def _make_mock(routes: "tuple[Route, ...]", real_send: Any) -> Any:
    """Make a `responses.RequestsMock`, not started, with one response for every URL and method."""
    import responses

    mock = responses.RequestsMock(assert_all_requests_are_fired=False, real_adapter_send=real_send)
    everything = _catch_all_class(responses.BaseResponse)("ANY", CLOUD_URL)
    everything.routes, everything.mock = routes, mock
    mock.add(everything)
    mock.add_passthru("http")
    return mock


@cache  # a new class for each test would be the most expensive step of the set-up
def _catch_all_class(base: Any) -> Any:
    class Everything(base):  # type: ignore[misc]  # `responses` is loaded late, so mypy sees no base class
        routes: "tuple[Route, ...]"
        mock: Any

        def matches(self, request: Any) -> "tuple[bool, str]":
            # `responses` would keep every call; the test's call log has them already.
            self.mock.calls.reset()
            self.calls.reset()
            return (True, "") if route_for(str(request.url), self.routes) else (False, "not an Alibaba Cloud host")

        def get_response(self, request: Any) -> Any:
            route = route_for(str(request.url), self.routes)
            assert route is not None
            reply = reply_to(request, request.req_kwargs.get("timeout"), route, NAME, _REQUESTS)
            # The SDK's own copy of urllib3 does not check the length of a body: it accepts a truncated one.
            return raw_response(reply, request.method, enforce_content_length=False)

    return Everything
