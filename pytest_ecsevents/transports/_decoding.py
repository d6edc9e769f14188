"""From a prepared HTTP request of the requests family to an `ApiRequest`."""

import re
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

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
    headers = {str(name).lower(): str(value) for name, value in request.headers.items()}
    if request.body and headers.get("content-type", _FORM).lower().startswith(_FORM):
        params.update(_pairs(_text(request.body)))
    return ApiRequest(str(request.method), url.hostname or "", params, headers, transport)


def _pairs(query: str) -> dict[str, str]:
    return dict(parse_qsl(query, keep_blank_values=True, errors="replace"))


def _text(body: "str | bytes") -> str:
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else body
