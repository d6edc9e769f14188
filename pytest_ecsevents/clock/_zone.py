"""The time zone that a test chooses. A process has one zone: the variable TZ, read by `time.tzset`.

So all threads see it, and child processes of the test inherit it. Each worker of pytest-xdist is a process of its own.
"""

import os
import sys
import time
from datetime import datetime
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, EcsEventsError, hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents._words import did_you_mean

__tracebackhide__ = hidden_in_reports

LOCAL: Final = "local"
"""Stands for the zone that the process has anyway."""

_HOW_TO_GO_ON: Final = f'or pass "{LOCAL}" for the zone of this machine.'
_NO_DATABASE: Final = "Install the system's package tzdata"


def check_zone(name: object, what: str) -> None:
    """Check that the process's zone can be set to this one.

    Args:
        name: A name of the time zone database, or `LOCAL`.
        what: The name of the argument, for errors.

    Raises:
        BadArgumentError: There is no such zone.
        EcsEventsError: The machine has no time zone database, or cannot set the zone.
    """
    if name == LOCAL:
        return
    import zoneinfo  # only for tests that choose a zone

    if not hasattr(time, "tzset"):
        raise EcsEventsError(
            f"{what} is {name!r}, but a process cannot choose its time zone on this system, which has no time.tzset. "
            f'Leave it out, or pass "{LOCAL}"; local time is that of the machine then.'
        )
    try:
        zoneinfo.ZoneInfo(name if isinstance(name, str) else "")
    except (OSError, TypeError, ValueError, LookupError, AttributeError):
        known = zoneinfo.available_timezones()
        if not known:
            raise EcsEventsError(
                f"{what} is {name!r}, but this machine has no time zone database. {_NO_DATABASE}, {_HOW_TO_GO_ON}"
            ) from None
        raise BadArgumentError(
            f"{what} is {name!r}, which is not the name of a zone in the time zone database.{did_you_mean(str(name), known)} Pass a name "
            f'such as "Asia/Shanghai", "America/New_York" or "UTC", {_HOW_TO_GO_ON}'
        ) from None


class _Chosen:
    """A zone that a test has chosen, and the TZ to put back."""

    def __init__(self, before: str | None) -> None:
        self.before = before


_WINTER_AND_SUMMER: Final = (1705276800, 1721001600)  # 2024-01-15, 2024-07-15

_CHOSEN: Final[list[_Chosen]] = []  # the last is in force


def use_zone(name: str, undo: Undo) -> None:
    """Make a zone that of the process, until `undo` closes.

    Args:
        name: A zone that `check_zone` has let pass.
        undo: Puts the zone of before back. Of two tests' zones that overlap, either may end first.

    Raises:
        EcsEventsError: The C library does not know the zone.
    """
    if name == LOCAL:
        return
    chosen = _Chosen(os.environ.get("TZ"))
    _CHOSEN.append(chosen)
    undo.callback(_give_back, chosen)
    _set(name)
    if not _is_known_to_c(name):
        raise EcsEventsError(
            f"tz is {name!r}, which Python's time zone database has, but not the system's, which the functions of time and "
            f"datetime use. {_NO_DATABASE}, {_HOW_TO_GO_ON}"
        )


def _give_back(chosen: _Chosen) -> None:
    after = _CHOSEN.index(chosen) + 1
    if after == len(_CHOSEN):
        _set(chosen.before)
    else:
        _CHOSEN[after].before = chosen.before
    _CHOSEN.remove(chosen)


def _set(name: str | None) -> None:
    if name is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = name
    time.tzset()
    # APScheduler asks tzlocal for the zone, which remembers its first answer. It looks again where these two are None, tried
    # with 5.4; were they called otherwise, it would not. Its `reload_localzone` fails where the machine's zone has no name.
    if "tzlocal.unix" in sys.modules:
        vars(sys.modules["tzlocal.unix"]).update(_cache_tz=None, _cache_tz_name=None)


def _is_known_to_c(name: str) -> bool:
    """Whether the C library knows a zone; it treats unknown zones as UTC."""
    from zoneinfo import ZoneInfo

    zone = ZoneInfo(name)
    is_utc = all(not datetime.fromtimestamp(at, zone).utcoffset() for at in _WINTER_AND_SUMMER)
    return is_utc or any(time.localtime(at).tm_gmtoff for at in _WINTER_AND_SUMMER)
