"""Replies as bytes: JSON, and the XML that a request without `Format=JSON` gets."""

import json
import re
from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

from pytest_ecsevents.rpc._wire import ApiReply, Fragment, Json, JsonObject, Listing

_JSON_HEADERS: Final = {"Content-Type": "application/json;charset=utf-8"}
_XML_HEADERS: Final = {"Content-Type": "text/xml;charset=utf-8"}
# What XML 1.0 cannot hold, not even escaped.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Replies are built here and hold no cycle to look for.
_encode: Final = json.JSONEncoder(check_circular=False, ensure_ascii=False, separators=(",", ":")).encode


def encoded(http_status: int, body: JsonObject, wanted: str, root: str) -> ApiReply:
    """The reply in the format asked for.

    Args:
        http_status: 200, 403, ...
        body: What it says.
        wanted: `Format` as sent; anything but JSON is XML, the documented default.
        root: The name of the XML document's element.
    """
    if wanted.upper() == "JSON":
        text = _listing_json(body) if isinstance(body, Listing) else _encode(body)
        return ApiReply(http_status, text.encode(), _JSON_HEADERS)
    text = f'<?xml version="1.0" encoding="UTF-8"?>{"".join(_elements(root, body))}'
    return ApiReply(http_status, text.encode(), _XML_HEADERS)


def _listing_json(body: Listing) -> str:
    rest = {name: value for name, value in body.items() if name != body.outer}
    items = ",".join(map(_fragment_json, body.fragments))
    return f'{_encode(rest)[:-1]},"{body.outer}":{{"{body.inner}":[{items}]}}}}'


def _fragment_json(fragment: Fragment) -> str:
    text = fragment.text
    if text is None:
        text = fragment.text = _encode(fragment)
    return text


def _elements(name: str, value: Json) -> Iterator[str]:
    """A list repeats its element; what JSON wraps in a singular key is so wrapped in XML too."""
    if isinstance(value, list):
        for item in value:
            yield from _elements(name, item)
    elif isinstance(value, dict):
        yield f"<{name}>"
        for key, inner in value.items():
            yield from _elements(key, inner)
        yield f"</{name}>"
    else:
        text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
        yield f"<{name}>{xml_text(text)}</{name}>"


def xml_text(text: str) -> str:
    """A text as XML may hold it."""
    return escape(_NOT_XML.sub(chr(0xFFFD), text))
