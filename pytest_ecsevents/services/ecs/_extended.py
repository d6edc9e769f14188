"""`ExtendedAttribute` of an event, as authors give it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed

__tracebackhide__ = hidden_in_reports

ExtendedAttribute: TypeAlias = Mapping[str, "str | tuple[str, ...] | tuple[Mapping[str, str], ...]"]


@dataclass(frozen=True, slots=True)
class Member:
    """One member that is a list on the wire.

    Attributes:
        item: The singular key in which the list is wrapped.
        keys: What each entry has; empty where entries are texts.
    """

    item: str
    keys: tuple[str, ...] = ()


# The members of the newer SDK's model; DiskId, Device and InitialNotBefore follow from the event itself.
TEXTS: Final = (
    "HostType",
    "HostId",
    "OnlineRepairPolicy",
    "Rack",
    "PunishType",
    "PunishDomain",
    "PunishUrl",
    "Code",
    "CanAccept",
    "ResponseResult",
    "MetricName",
    "MetricValue",
)
LISTS: Final = {
    "InactiveDisks": Member(
        "InactiveDisk", ("CreationTime", "DeviceCategory", "DeviceSize", "DeviceType", "ReleaseTime")
    ),
    "MigrationOptions": Member("MigrationOption"),
}
_NAMES: Final = (*TEXTS, *LISTS)


def checked_extended(given: object) -> ExtendedAttribute:
    """The extended attribute that an author gave.

    Args:
        given: A dict by the names on the wire: a text, or of MigrationOptions and InactiveDisks a list.

    Raises:
        BadArgumentError: A name or value cannot be; the sentence says which.
    """
    if not isinstance(given, Mapping):
        raise BadArgumentError(f'extended_attribute is {given!r}. Pass a dict, such as {{"PunishType": "..."}}.')
    return {name: _checked(name, value) for name, value in given.items()}


def _checked(name: object, value: object) -> "str | tuple[str, ...] | tuple[Mapping[str, str], ...]":
    if name in TEXTS:
        if not isinstance(value, str):
            raise BadArgumentError(f"extended_attribute got {name}={value!r}. Pass text.")
        return value
    member = LISTS.get(str(name))
    if member is None:
        raise BadArgumentError(
            f"extended_attribute got {name!r}, which no event has.{did_you_mean(str(name), _NAMES)} "
            f"Pass some of: {listed(_NAMES)}; disk_id gives DiskId and Device."
        )
    if not isinstance(value, (list, tuple)) or not all(_fits(one, member) for one in value):
        what = f"dicts with some of {listed(member.keys)}" if member.keys else "texts"
        raise BadArgumentError(f"extended_attribute got {name}={value!r}. Pass a list of {what}.")
    return tuple(value)


def _fits(entry: object, member: Member) -> bool:
    if not member.keys:
        return isinstance(entry, str)
    return isinstance(entry, Mapping) and all(
        key in member.keys and isinstance(value, str) for key, value in entry.items()
    )
