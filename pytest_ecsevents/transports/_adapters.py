"""Shared code for requests and the legacy SDK's copy of it."""

import http.client
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from typing import Any

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents.rpc._wire import ApiReply, NoReply
from pytest_ecsevents.transports._decoding import Route
from pytest_ecsevents.transports._failures import failure, patience_of

__tracebackhide__ = hidden_in_reports


def reply_to(request: Any, timeout: Any, route: Route, transport: str, library: str) -> ApiReply:
    """Answer a prepared request.

    Args:
        request: A `PreparedRequest`.
        timeout: The client's `timeout`.
        route: The route of its URL.
        transport: The client library's name in the call log.
        library: The dotted name of the requests whose errors network faults raise.
    """
    body = request.body.read() if hasattr(request.body, "read") else request.body
    if isinstance(body, Iterator):  # it is sent in chunks
        body = b"".join(part.encode() if isinstance(part, str) else part for part in body)
    patience = partial(patience_of, timeout)
    decoded = route.decode(request.method, str(request.url), request.headers, body, transport, patience=patience)
    outcome: ApiReply | NoReply = route.answer(decoded)
    if isinstance(outcome, NoReply):
        raise failure(library, outcome, request, timeout)
    return outcome


def raw_response(reply: ApiReply, method: str, **options: Any) -> Any:
    """Make the urllib3 response that an adapter builds its own from."""
    from urllib3.response import HTTPResponse

    return HTTPResponse(
        status=reply.http_status,
        reason=http.client.responses.get(reply.http_status),
        body=BytesIO(reply.body),
        headers=dict(reply.headers),
        preload_content=False,
        request_method=method,
        **options,
    )
