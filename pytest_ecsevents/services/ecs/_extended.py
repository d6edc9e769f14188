"""`ExtendedAttribute` of an event, as tests pass it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed

__tracebackhide__ = hidden_in_reports

ExtendedAttribute: TypeAlias = Mapping[str, "str | tuple[str, ...] | tuple[Mapping[str, str], ...]"]


@dataclass(frozen=True, slots=True)
class ExtendedList:
    """One member of ExtendedAttribute that is a list on the wire."""

    item: str
    keys: tuple[str, ...] = ()


# The members in the newer SDK's model, without DiskId, Device and InitialNotBefore: the event has them already.
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
    "InactiveDisks": ExtendedList(
        "InactiveDisk", ("CreationTime", "DeviceCategory", "DeviceSize", "DeviceType", "ReleaseTime")
    ),
    "MigrationOptions": ExtendedList("MigrationOption"),
}
_NAMES: Final = (*TEXTS, *LISTS)


NOTHING: Final[ExtendedAttribute] = MappingProxyType({})
"""What most events have: one object for all."""


def checked_extended(given: object) -> ExtendedAttribute:
    """Check an extended attribute: a dict by names on the wire. Values are texts, or lists of some members.

    Raises:
        BadArgumentError: A name or value is wrong.
    """
    if not isinstance(given, Mapping):
        raise BadArgumentError(f'extended_attribute is {given!r}. Pass a dict, such as {{"PunishType": "..."}}.')
    return {name: _checked(name, value) for name, value in given.items()} or NOTHING


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


def _fits(entry: object, member: ExtendedList) -> bool:
    if not member.keys:
        return isinstance(entry, str)
    return isinstance(entry, Mapping) and all(
        key in member.keys and isinstance(value, str) for key, value in entry.items()
    )
