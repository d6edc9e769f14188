"""The legacy SDK, aliyunsdkcore: `responses` answers its vendored copy of requests."""

import importlib
import importlib.util
import sys
from functools import cache
from typing import Any, Final

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.transports._decoding import Route, route_for
from pytest_ecsevents.transports._requests import response_to

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
    mock = _mock_class()(
        assert_all_requests_are_fired=False, real_adapter_send=adapter.send, passthru_prefixes=("http",)
    )
    mock.routes = routes
    # `mock.start()` would set the same function, but more slowly: it finds the class by its name.
    undo.replace(adapter, "send", mock.unbound_on_send())


@cache  # a new class for each test would be the most expensive step of the set-up
def _mock_class() -> Any:
    import responses

    class CloudMock(responses.RequestsMock):
        """Answers our hosts before it parses, matches and records anything: the test's call log has the calls.

        `_on_request` is a private name, tried with responses 0.25.0 to 0.26.3. Where it is missing, calls go on to the SDK's
        own connections, and `_http_client` answers them there.
        """

        routes: "tuple[Route, ...]"

        def _on_request(self, adapter: Any, request: Any, **options: Any) -> Any:
            route = route_for(str(request.url), self.routes)
            if route is None:
                return super()._on_request(adapter, request, **options)
            # The SDK's own copy of urllib3 does not check the length of a body: it accepts a truncated one.
            timeout, names = options.get("timeout"), {"transport": NAME, "library": _REQUESTS}
            return response_to(adapter, request, timeout, route, **names, enforce_content_length=False)

    return CloudMock
