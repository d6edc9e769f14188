"""What an endpoint gets of a topic's message: documented for XML and SIMPLIFIED; JSON has the same members, a guess."""

import json
from collections.abc import Callable, Mapping
from typing import Final
from xml.sax.saxutils import escape

_NAMESPACE: Final = "http://mns.aliyuncs.com/doc/v1/"

Members = Mapping[str, "str | int"]


def _xml(members: Members) -> str:
    inner = "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in members.items())
    return f'<?xml version="1.0" encoding="utf-8"?>\n<Notification xmlns="{_NAMESPACE}">{inner}</Notification>'


def _json(members: Members) -> str:
    return json.dumps(members, ensure_ascii=False)


def _simplified(members: Members) -> str:
    return str(members["Message"])


FORMS: Final[Mapping[str, Callable[[Members], str]]] = {"XML": _xml, "JSON": _json, "SIMPLIFIED": _simplified}
"""The forms by `NotifyContentFormat`."""

CONTENT_TYPES: Final[Mapping[str, str]] = {
    "XML": "text/xml;charset=utf-8",
    "JSON": "application/json;charset=utf-8",
    "SIMPLIFIED": "text/plain;charset=utf-8",
}
"""The content types; of JSON and SIMPLIFIED a guess."""
