"""What requests and the legacy SDK's copy of it have in common."""

import http.client
from io import BytesIO
from typing import Any

from pytest_ecsevents._words import hidden_in_reports
from pytest_ecsevents.openapi import Answerer, ApiReply
from pytest_ecsevents.transports._decoding import decoded

__tracebackhide__ = hidden_in_reports


def reply_to(request: Any, answer: Answerer, transport: str) -> ApiReply:
    """The reply to a prepared request.

    Args:
        request: A `PreparedRequest`.
        answer: Who answers.
        transport: The client library's name in the call log.
    """
    body = request.body.read() if hasattr(request.body, "read") else request.body
    return answer(decoded(request.method, str(request.url), request.headers, body, transport))


def raw_response(reply: ApiReply, method: str) -> Any:
    """The reply as the response of urllib3 that an adapter builds its own from."""
    from urllib3.response import HTTPResponse

    return HTTPResponse(
        status=reply.http_status,
        reason=http.client.responses.get(reply.http_status),
        body=BytesIO(reply.body),
        headers=dict(reply.headers),
        preload_content=False,
        request_method=method,
    )
