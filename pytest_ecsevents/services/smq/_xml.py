"""XML of the Simple Message Queue, both ways."""

from collections.abc import Mapping
from typing import Final
from xml.etree import ElementTree as ET

from pytest_ecsevents.rpc import xml_text
from pytest_ecsevents.services.smq._refusal import SmqRefusal

NAMESPACE: Final = "http://mns.aliyuncs.com/doc/v1/"
_HEAD: Final = '<?xml version="1.0" encoding="utf-8"?>\n'


def element(name: str, members: Mapping[str, object]) -> str:
    """`<Message><Priority>8</Priority></Message>`."""
    inner = "".join(f"<{key}>{xml_text(str(value))}</{key}>" for key, value in members.items())
    return f"<{name}>{inner}</{name}>"


def document(name: str, inner: str) -> bytes:
    """A whole answer, its root element in the service's namespace."""
    return f'{_HEAD}<{name} xmlns="{NAMESPACE}">{inner}</{name}>'.encode()


def one(name: str, members: Mapping[str, object]) -> bytes:
    """An answer that is one element."""
    inner = "".join(f"<{key}>{xml_text(str(value))}</{key}>" for key, value in members.items())
    return document(name, inner)


def parsed(body: bytes, *roots: str) -> ET.Element:
    """What a request says, without its namespace.

    Args:
        body: The request's.
        roots: What its root may be.

    Raises:
        SmqRefusal: It is no XML, has another root, or declares entities, which no request of the service does.
    """
    if b"<!DOCTYPE" in body:
        raise SmqRefusal("MalformedXML")
    try:
        root = ET.fromstring(body)  # noqa: S314  # nothing is declared that could be expanded
    except (ET.ParseError, ValueError, LookupError):
        raise SmqRefusal("MalformedXML") from None
    for node in root.iter():
        node.tag = str(node.tag).rpartition("}")[2]
    if root.tag not in roots:
        raise SmqRefusal("MalformedXML")
    return root


def members(node: ET.Element) -> dict[str, str]:
    """The texts of an element's children, by name."""
    return {child.tag: child.text or "" for child in node}
