"""The legacy SDK, aliyunsdkcore: a copy of requests of its own, to which plain `responses` is aimed."""

import http.client
import importlib
import importlib.util
from contextlib import ExitStack
from io import BytesIO
from typing import Any, Final

from pytest_ecsevents._words import hidden_in_reports
from pytest_ecsevents.openapi import Answerer
from pytest_ecsevents.transports._decoding import ALIYUN_URL, decoded

__tracebackhide__ = hidden_in_reports

NAME: Final = "aliyun-python-sdk-core"
_ADAPTERS: Final = "aliyunsdkcore.vendored.requests.adapters"


def is_installed() -> bool:
    """Whether the test's environment has the SDK."""
    return importlib.util.find_spec("aliyunsdkcore") is not None


def intercept(answer: Answerer, undo: ExitStack) -> None:
    """Have `answer` answer the SDK's calls to Alibaba Cloud until `undo` closes.

    One registered response takes every method and every Alibaba host. What it does not take goes to whatever
    would have sent it otherwise, the user's own mock included.
    """
    import responses
    from urllib3.response import HTTPResponse

    class Everything(responses.BaseResponse):
        """One response for the whole cloud, whatever the method."""

        def matches(self, request: Any) -> "tuple[bool, str]":
            # `responses` keeps every call it ever answered; the test's call log is the one to read.
            mock.calls.reset()
            self.calls.reset()
            return (True, "") if ALIYUN_URL.match(str(request.url)) else (False, "not an Alibaba Cloud host")

        def get_response(self, request: Any) -> Any:
            reply = answer(decoded(request, NAME))
            return HTTPResponse(
                status=reply.http_status,
                reason=http.client.responses.get(reply.http_status),
                body=BytesIO(reply.body),
                headers=dict(reply.headers),
                preload_content=False,
                request_method=request.method,
            )

    adapter = importlib.import_module(_ADAPTERS).HTTPAdapter
    mock = responses.RequestsMock(
        assert_all_requests_are_fired=False,
        target=f"{_ADAPTERS}.HTTPAdapter.send",
        real_adapter_send=adapter.send,
    )
    mock.add(Everything("ANY", ALIYUN_URL))
    mock.add_passthru("http")
    mock.start()
    undo.callback(mock.stop, allow_assert=False)
