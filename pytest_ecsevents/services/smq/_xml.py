"""XML of the Simple Message Queue, both ways."""

from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree as ET

from pytest_ecsevents.rpc._api import xml_elements
from pytest_ecsevents.rpc._wire import JsonObject
from pytest_ecsevents.services.smq._errors import ERRORS

_NAMESPACE: Final = "http://mns.aliyuncs.com/doc/v1/"


def document(name: str, members: JsonObject) -> str:
    """A document whose root element is in the service's namespace; a list repeats its element."""
    inner = "".join(text for key, value in members.items() for text in xml_elements(key, value))
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{name} xmlns="{_NAMESPACE}">{inner}</{name}>'


def parsed(body: bytes, *roots: str) -> ET.Element:
    """The root element of a request's body, its namespace removed.

    Args:
        body: The request's body.
        roots: Allowed names of the root element.

    Raises:
        ApiError: It is not XML, has another root, or has a document type.
    """
    from defusedxml.ElementTree import fromstring  # part of the extra `server`

    try:
        root: ET.Element = fromstring(body, forbid_dtd=True)
    except (ET.ParseError, ValueError, LookupError):  # LookupError: an unknown encoding
        raise ERRORS["MalformedXML"].error() from None
    for node in root.iter():
        node.tag = str(node.tag).rpartition("}")[2]
    if root.tag not in roots:
        raise ERRORS["MalformedXML"].error()
    return root


def texts(node: ET.Element) -> Mapping[str, str]:
    return {child.tag: child.text or "" for child in node}
