"""Decoding of HTTP requests to an `ApiRequest` or a `MetadataRequest`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._wire import ApiRequest, Patience
from pytest_ecsevents.services.metadata._calls import HOST, PORT, MetadataRequest

METADATA_URL: Final = re.compile(rf"http://{re.escape(HOST)}(?::{PORT})?(?:[/?#]|$)", re.IGNORECASE)
"""URLs that the metadata service answers."""

_PARTS: Final = re.compile(r"https?://([^/?#:]*)[^?#]*(?:\?([^#]*))?", re.IGNORECASE)
_SERVER: Final = re.compile(r"^[a-z]+://[^/?#]*", re.IGNORECASE)
_FORM: Final = "application/x-www-form-urlencoded"
_MORE_THAN_ASCII: Final = re.compile("%[89a-fA-F][0-9a-fA-F]")
_ASCII: Final = re.compile("%([0-7][0-9a-fA-F])")
# The headers that are read, and the parameter that wins over each if it was sent.
_HEADERS_READ: Final = (
    ("authorization", ""),
    ("x-acs-action", "Action"),
    ("x-acs-security-token", "SecurityToken"),
    ("x-acs-version", "Version"),
)


def decode_api_request(
    method: object,
    url: str,
    headers: Mapping[str, object],
    body: object,
    transport: str,
    *,
    patience: Callable[[], Patience] = Patience,
) -> ApiRequest:
    """Decode a request. Parameters come from its query and form body; the last value of a name counts.

    Args:
        method: GET, POST, ...
        url: The whole URL.
        headers: A case-insensitive mapping.
        body: Text or bytes; other bodies have no parameters.
        transport: The client library's name in the call log.
        patience: Returns the client's timeouts; only called if a fault or a delay applies.
    """
    parts = _PARTS.match(url)
    assert parts is not None
    params = _pairs(parts[2] or "")
    if body and isinstance(body, (str, bytes)) and _text(headers.get("content-type", _FORM)).lower().startswith(_FORM):
        params.update(_pairs(_text(body)))
    known = {}
    for name, parameter in _HEADERS_READ:
        value = None if params.get(parameter) else headers.get(name)
        if value is not None:
            known[name] = _text(value)
    return ApiRequest(str(method), parts[1].lower(), params, known, transport, patience)


def decode_metadata_request(
    method: object,
    url: str,
    headers: Mapping[str, object],
    _body: object,
    transport: str,
    *,
    patience: Callable[[], Patience] = Patience,
) -> MetadataRequest:
    """Decode a request to the metadata service. Arguments as of `decode_api_request`; the URL may be a path only."""
    path = _SERVER.sub("", url).partition("#")[0].partition("?")[0]
    known = {str(name).lower(): _text(value) for name, value in headers.items()}
    return MetadataRequest(str(method).upper(), unquote(path) or "/", known, transport, patience)


@dataclass(frozen=True, slots=True)
class Route:
    """How requests to certain hosts are decoded and answered.

    Attributes:
        matches: Whether it is for a URL.
        decode: `decode_api_request` or `decode_metadata_request`.
        answer: An `Answerer` of what `decode` returns.
        is_ours: Whether this cloud, of several, answers the calling thread.
    """

    matches: Callable[[str], object]
    decode: Callable[..., Any]
    answer: Any
    is_ours: Callable[[], bool]


def route_for(url: str, routes: "tuple[Route, ...]") -> Route | None:
    """The route of a URL; None if it is not intercepted."""
    for route in routes:
        if route.matches(url) and route.is_ours():
            return route
    return None


def micros(seconds: object) -> Micros | None:
    """A client's timeout in microseconds; None for no timeout."""
    return round(seconds * 1_000_000) if isinstance(seconds, (int, float)) else None


def _pairs(query: str) -> dict[str, str]:
    """Like `urllib.parse.parse_qsl`, but faster: queries of SDKs need few of its checks."""
    found = {}
    for pair in query.split("&"):
        name, separator, value = pair.partition("=")
        if "%" in pair or "+" in pair:
            name, value = _unquoted(name), _unquoted(value)
        if name or separator:
            found[name] = value
    return found


def _unquoted(text: str) -> str:
    """Like `unquote_plus`, but faster for text whose escapes are all of ASCII, such as an instant or a signature."""
    if _MORE_THAN_ASCII.search(text):
        return unquote_plus(text)
    return _ASCII.sub(lambda escape: chr(int(escape[1], 16)), text.replace("+", " "))


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
