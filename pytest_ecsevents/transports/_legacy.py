"""The legacy SDK, aliyunsdkcore: a copy of requests of its own, to which plain `responses` is aimed."""

import importlib
import importlib.util
import sys
from functools import cache
from typing import Any, Final

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.transports._adapters import raw_response, reply_to
from pytest_ecsevents.transports._decoding import Desk, desk_for

__tracebackhide__ = hidden_in_reports

NAME: Final = "aliyun-python-sdk-core"
_REQUESTS: Final = "aliyunsdkcore.vendored.requests"
_ADAPTERS: Final = f"{_REQUESTS}.adapters"


def intercept(desks: "tuple[Desk, ...]", undo: Undo) -> None:
    """Have each of `desks` answer the SDK's calls to its hosts until `undo` closes; nothing where it is not installed.

    What is for others goes to whatever would have sent it otherwise, the user's own mock included.
    """
    if _ADAPTERS not in sys.modules and importlib.util.find_spec("aliyunsdkcore") is None:
        return
    try:
        adapter = (sys.modules.get(_ADAPTERS) or importlib.import_module(_ADAPTERS)).HTTPAdapter
    except ModuleNotFoundError:
        raise EcsEventsError(
            "The installed aliyun-python-sdk-core is too old: its calls cannot be intercepted. Install 2.13.2 or newer; "
            "of aliyun-python-sdk-core-v3, which an old aliyun-python-sdk-ecs brings, 2.13.3 or newer."
        ) from None
    # What starting the mock would put there too, at more than all else here costs: it looks for the place by its name.
    undo.replace(adapter, "send", _cloud_mock(desks, adapter.send).unbound_on_send())


def _cloud_mock(desks: "tuple[Desk, ...]", real_send: Any) -> Any:
    """A `responses.RequestsMock`, not started: one response for all of its hosts, whatever the method."""
    import responses

    mock = responses.RequestsMock(assert_all_requests_are_fired=False, real_adapter_send=real_send)
    everything = _response_for_all(responses.BaseResponse)("ANY", desks[0].url)
    everything.desks, everything.mock = desks, mock
    mock.add(everything)
    mock.add_passthru("http")
    return mock


@cache  # a class for each test would cost more than all else here
def _response_for_all(base: Any) -> Any:
    class Everything(base):  # type: ignore[misc]  # only loaded where it is used
        """One registered response for all."""

        desks: "tuple[Desk, ...]"
        mock: Any

        def matches(self, request: Any) -> "tuple[bool, str]":
            # `responses` keeps every call it ever answered; the test's call log is the one to read.
            self.mock.calls.reset()
            self.calls.reset()
            return (True, "") if desk_for(str(request.url), self.desks) else (False, "not an Alibaba Cloud host")

        def get_response(self, request: Any) -> Any:
            desk = desk_for(str(request.url), self.desks)
            assert desk is not None
            reply = reply_to(request, request.req_kwargs.get("timeout"), desk, NAME, _REQUESTS)
            # The SDK's urllib3 is from before a reply's bytes were counted: a body that was cut short passes.
            return raw_response(reply, request.method, enforce_content_length=False)

    return Everything
