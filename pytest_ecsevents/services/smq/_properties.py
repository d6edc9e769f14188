"""What a message carries beside its body: a group, and properties of the sender and of the system."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

from pytest_ecsevents.rpc._wire import Json, JsonObject

# The member that holds the properties, and its items.
_USER: Final = ("UserProperties", "PropertyValue")
_SYSTEM: Final = ("SystemProperties", "SystemPropertyValue")

_EMPTY: Final[Mapping[str, "Property"]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a message.

    Attributes:
        value: Its value as sent on the wire.
        type: `STRING`, `NUMBER`, `BOOLEAN` or `BINARY` (in base64).
    """

    value: str
    type: str = "STRING"


@dataclass(frozen=True, slots=True)
class Extras:
    """What one message carries beside its body.

    Attributes:
        group_id: `MessageGroupId`, or "".
        user: The properties that the sender gave it, by name.
        system: Those of the system, such as `traceparent`, by name.
    """

    group_id: str = ""
    user: Mapping[str, Property] = field(default_factory=lambda: _EMPTY)
    system: Mapping[str, Property] = field(default_factory=lambda: _EMPTY)

    def members(self) -> JsonObject:
        """As a message that is received has them; what it lacks is left out."""
        members: JsonObject = {"MessageGroupId": self.group_id} if self.group_id else {}
        for (outer, inner), properties in ((_USER, self.user), (_SYSTEM, self.system)):
            if properties:
                items: list[Json] = [
                    {"Name": name, "Value": one.value, "Type": one.type} for name, one in properties.items()
                ]
                members[outer] = {inner: items}
        return members


NO_EXTRAS: Final = Extras()


def read_extras(message: ET.Element) -> Extras:
    """The extras of a `Message` element, its namespace removed. A property without a name is ignored."""
    return Extras(
        message.findtext("MessageGroupId") or "",
        dict(_properties(message, *_USER)),
        dict(_properties(message, *_SYSTEM)),
    )


def _properties(message: ET.Element, outer: str, inner: str) -> Iterator[tuple[str, Property]]:
    for node in message.iterfind(f"{outer}/{inner}"):
        name = node.findtext("Name")
        if name:
            yield name, Property(node.findtext("Value") or "", node.findtext("Type") or "STRING")
