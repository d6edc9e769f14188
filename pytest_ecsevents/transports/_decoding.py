"""From a prepared HTTP request of the requests family to an `ApiRequest`."""

import re
from typing import Any, Final
from urllib.parse import unquote_plus, urlsplit

from pytest_ecsevents.openapi import ApiRequest

ALIYUN_URL: Final = re.compile(r"https?://(?:[^/?#@]*\.)?aliyuncs\.com(?::\d+)?(?:[/?#]|$)", re.IGNORECASE)
"""What the fake answers; every other host is left alone."""

_FORM: Final = "application/x-www-form-urlencoded"


def decoded(request: Any, transport: str) -> ApiRequest:
    """The request, parameters from its query and form body; of a name sent twice the last one counts.

    Args:
        request: A prepared request of requests, or of a vendored copy.
        transport: The client library's name.
    """
    url = urlsplit(str(request.url))
    params = _pairs(url.query)
    headers = {name: str(value) for name, value in request.headers.lower_items()}
    if request.body and headers.get("content-type", _FORM).lower().startswith(_FORM):
        params.update(_pairs(_text(request.body)))
    return ApiRequest(str(request.method), url.hostname or "", params, headers, transport)


def _pairs(query: str) -> dict[str, str]:
    """What `parse_qsl` would say, which takes most of its time for what a query of an SDK never holds."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return {_unquoted(name): _unquoted(value) for name, _, value in pairs}


def _unquoted(word: str) -> str:
    return unquote_plus(word) if "%" in word or "+" in word else word


def _text(body: "str | bytes") -> str:
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else body
