"""What the requests family has in common: one `responses` callback for the whole cloud."""

import http.client
from functools import partial
from io import BytesIO
from typing import Any

from pytest_ecsevents._words import hidden_in_reports
from pytest_ecsevents.openapi import Answerer, NoReply
from pytest_ecsevents.transports._decoding import ALIYUN_URL, decoded
from pytest_ecsevents.transports._failures import failure, patience_of

__tracebackhide__ = hidden_in_reports


def cloud_mock(
    answer: Answerer, transport: str, target: str, real_send: Any, *, library: str, counts_bytes: "bool | None" = None
) -> Any:
    """A `responses.RequestsMock`, not started, that answers for every Alibaba Cloud host, whatever the method.

    Args:
        answer: Who answers.
        transport: The client library's name in the call log.
        target: The dotted name of the `HTTPAdapter.send` to replace.
        real_send: What sends the requests to other hosts.
        library: The dotted name of the requests whose errors it raises.
        counts_bytes: Whether it finds out that a body was cut short; None for whatever its urllib3 does.
    """
    import responses
    from urllib3.response import HTTPResponse

    strictness: dict[str, Any] = {} if counts_bytes is None else {"enforce_content_length": counts_bytes}

    class Everything(responses.BaseResponse):
        """One registered response for all."""

        def matches(self, request: Any) -> "tuple[bool, str]":
            # `responses` keeps every call it ever answered; the test's call log is the one to read.
            mock.calls.reset()
            self.calls.reset()
            return (True, "") if ALIYUN_URL.match(str(request.url)) else (False, "not an Alibaba Cloud host")

        def get_response(self, request: Any) -> Any:
            timeout = request.req_kwargs.get("timeout")
            reply = answer(
                decoded(
                    request.method,
                    request.url,
                    request.headers,
                    request.body,
                    transport,
                    patience=partial(patience_of, timeout),
                )
            )
            if isinstance(reply, NoReply):
                raise failure(library, reply, request, timeout)
            return HTTPResponse(
                status=reply.http_status,
                reason=http.client.responses.get(reply.http_status),
                body=BytesIO(reply.body),
                headers=dict(reply.headers),
                preload_content=False,
                request_method=request.method,
                **strictness,
            )

    mock = responses.RequestsMock(assert_all_requests_are_fired=False, target=target, real_adapter_send=real_send)
    mock.add(Everything("ANY", ALIYUN_URL))
    mock.add_passthru("http")
    return mock
