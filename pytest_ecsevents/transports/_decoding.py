"""From an HTTP request to an `ApiRequest` or a `MetadataRequest`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from pytest_ecsevents.clock import Micros
from pytest_ecsevents.rpc import ApiRequest, Patience
from pytest_ecsevents.services.metadata import HOST, PORT, MetadataRequest

ALIYUN_URL: Final = re.compile(r"https?://(?:[^/?#@]*\.)?aliyuncs\.com(?::\d+)?(?:[/?#]|$)", re.IGNORECASE)
"""What the fake cloud answers; every other host but that of the metadata service is left alone."""

METADATA_URL: Final = re.compile(rf"http://{re.escape(HOST)}(?::{PORT})?(?:[/?#]|$)", re.IGNORECASE)
"""What the metadata service answers."""

_PARTS: Final = re.compile(r"https?://([^/?#:]*)[^?#]*(?:\?([^#]*))?", re.IGNORECASE)
_SERVER: Final = re.compile(r"^[a-z]+://[^/?#]*", re.IGNORECASE)
_FORM: Final = "application/x-www-form-urlencoded"
_TELLING: Final = ("authorization", "x-acs-action", "x-acs-version")


def decoded(
    method: object,
    url: str,
    headers: Mapping[str, object],
    body: object,
    transport: str,
    *,
    patience: Callable[[], Patience] = Patience,
) -> ApiRequest:
    """The request, parameters from its query and form body; of a name sent twice the last one counts.

    Args:
        method: GET, POST, ...
        url: One that `ALIYUN_URL` matches.
        headers: A mapping that does not care how names are written.
        body: Text or bytes; any other holds no parameters.
        transport: The client library's name in the call log.
        patience: Asked how long its client waits, where that matters.
    """
    parts = _PARTS.match(url)
    assert parts is not None
    params = _pairs(parts[2] or "")
    if isinstance(body, (str, bytes)) and _text(headers.get("content-type", _FORM)).lower().startswith(_FORM):
        params.update(_pairs(_text(body)))
    told = {name: _text(headers[name]) for name in _TELLING if name in headers}
    return ApiRequest(str(method), parts[1].lower(), params, told, transport, patience)


def asked(
    method: object,
    url: str,
    headers: Mapping[str, object],
    _body: object,
    transport: str,
    *,
    patience: Callable[[], Patience] = Patience,
) -> MetadataRequest:
    """The request to the metadata service; its arguments are those of `decoded`, the URL may be a path alone."""
    path = _SERVER.sub("", url).partition("#")[0].partition("?")[0]
    told = {str(name).lower(): _text(value) for name, value in headers.items()}
    return MetadataRequest(str(method).upper(), unquote(path) or "/", told, transport, patience)


@dataclass(frozen=True, slots=True)
class Desk:
    """Whoever answers requests to certain hosts.

    Attributes:
        url: What it answers.
        decode: From an HTTP request to what `answer` takes: `decoded` or `asked`.
        answer: An `Answerer`; of the requests that `decode` makes.
    """

    url: "re.Pattern[str]"
    decode: Callable[..., Any]
    answer: Any


def desk_for(url: str, desks: "tuple[Desk, ...]") -> Desk | None:
    """Who answers a URL; None for one that is left alone."""
    for desk in desks:
        if desk.url.match(url):
            return desk
    return None


def micros(seconds: object) -> Micros | None:
    """A time-out of a client's; None for one that is none."""
    return round(seconds * 1_000_000) if isinstance(seconds, (int, float)) else None


def _pairs(query: str) -> dict[str, str]:
    """What `parse_qsl` would say, which takes most of its time for what a query of an SDK never holds."""
    found = {}
    for pair in query.split("&"):
        name, separator, value = pair.partition("=")
        if "%" in pair or "+" in pair:
            name, value = unquote_plus(name), unquote_plus(value)
        if name or separator:
            found[name] = value
    return found


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
