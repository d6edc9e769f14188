"""From an HTTP request to an `ApiRequest`."""

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote_plus, urlsplit

from pytest_ecsevents.clock import Micros
from pytest_ecsevents.openapi import ApiRequest, Patience

ALIYUN_URL: Final = re.compile(r"https?://(?:[^/?#@]*\.)?aliyuncs\.com(?::\d+)?(?:[/?#]|$)", re.IGNORECASE)
"""What the fake answers; every other host is left alone."""

_FORM: Final = "application/x-www-form-urlencoded"


def decoded(
    method: object,
    url: object,
    headers: Mapping[str, object],
    body: "str | bytes | None",
    transport: str,
    *,
    patience: Callable[[], Patience] = Patience,
) -> ApiRequest:
    """The request, parameters from its query and form body; of a name sent twice the last one counts."""
    parts = urlsplit(str(url))
    params = _pairs(parts.query)
    lowered = {name.lower(): _text(value) for name, value in headers.items()}
    if body and lowered.get("content-type", _FORM).lower().startswith(_FORM):
        params.update(_pairs(_text(body)))
    return ApiRequest(str(method), parts.hostname or "", params, lowered, transport, patience)


def micros(seconds: object) -> Micros | None:
    """A time-out of a client's; None for one that is none."""
    return round(seconds * 1_000_000) if isinstance(seconds, (int, float)) else None


def _pairs(query: str) -> dict[str, str]:
    """What `parse_qsl` would say, which takes most of its time for what a query of an SDK never holds."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return {_unquoted(name): _unquoted(value) for name, _, value in pairs}


def _unquoted(word: str) -> str:
    return unquote_plus(word) if "%" in word or "+" in word else word


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
