"""The maintenance windows of accounts: when scheduled maintenance of their instances is planned."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Final

from pytest_ecsevents.clock._times import SECOND, Micros, from_micros
from pytest_ecsevents.services.ecs._ids import Ids
from pytest_ecsevents.services.ecs._model import InstanceRecord
from pytest_ecsevents.services.ecs._refusals import UnknownWindowError

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
PERIODS: Final = {"Daily": 24, "Weekly": 7 * 24}
"""The hours of each kind of period."""

SUPPORTED: Final = {"Reboot": "SystemMaintenance.Reboot", "Redeploy": "SystemMaintenance.Redeploy"}
"""The type of event that each action of a window plans (the values are documented, the types a guess)."""

_HOUR: Final = 3_600 * SECOND
_USUAL_NOTICE: Final = 24
"""Hours from an event's publication to its earliest time, if a window says no other (documented of all events)."""


@dataclass(frozen=True, slots=True)
class WindowTarget:
    """The instances that a window is for: those of a resource group, or those with one of the tags."""

    scope: str
    group_id: str
    tags: tuple[tuple[str, str], ...]

    def includes(self, instance: InstanceRecord) -> bool:
        """Whether a window is for an instance; a tag without a value means any value (a guess)."""
        if self.scope == "ResourceGroup":
            return instance.texts["resource_group_id"] == self.group_id
        return any(key in instance.tags and value in ("", instance.tags[key]) for key, value in self.tags)


@dataclass(frozen=True, slots=True)
class WindowPeriod:
    """When a window is open.

    Attributes:
        unit: "Daily" or "Weekly".
        ranges: Starts and ends as the API writes them, with their hours in the period; an end before the start is in
            the next period.
    """

    unit: str
    ranges: tuple[tuple[str, str, int, int], ...]

    def first_open(self, earliest: Micros) -> Micros:
        """The first instant in a range that is not before `earliest`."""
        length = PERIODS[self.unit]
        monday = from_micros(earliest).weekday()
        begins = earliest - earliest % (24 * _HOUR) - (monday * 24 * _HOUR if self.unit == "Weekly" else 0)
        found = []
        for _, _, start, end in self.ranges:
            for period in (-length, 0, length):
                opens = begins + (period + start) * _HOUR
                closes = opens + ((end - start) % length or length) * _HOUR
                if closes > earliest:
                    found.append(max(opens, earliest))
        return min(found)


@dataclass(slots=True, eq=False, kw_only=True)
class PlanWindow:
    """One maintenance window.

    Attributes:
        number: How many windows there were before it.
        action: What it supports, one of `SUPPORTED`.
        notice: `MinMaintenanceInterval` in hours; None if it says none.
    """

    window_id: str
    account_id: str
    number: int
    name: str
    is_enabled: bool
    action: str
    target: WindowTarget
    period: WindowPeriod
    notice: int | None
    created_at: Micros
    modified_at: Micros


class PlanWindows:
    """The maintenance windows of all accounts; they hold in all regions (documented)."""

    def __init__(self, ids: Ids) -> None:
        self._ids: Final = ids
        self._windows: Final[dict[str, PlanWindow]] = {}
        self._numbers: Final = count()

    def add(
        self,
        account_id: str,
        region_id: str,
        *,
        name: str,
        is_enabled: bool,
        action: str,
        target: WindowTarget,
        period: WindowPeriod,
        notice: int | None,
        now: Micros,
    ) -> PlanWindow:
        """Make a window."""
        window = PlanWindow(
            window_id=self._ids.resource("pw", region_id),
            account_id=account_id,
            number=next(self._numbers),
            name=name,
            is_enabled=is_enabled,
            action=action,
            target=target,
            period=period,
            notice=notice,
            created_at=now,
            modified_at=now,
        )
        self._windows[window.window_id] = window
        return window

    def of(self, account_id: str) -> Iterator[PlanWindow]:
        """The windows of an account, in order of creation."""
        return (window for window in self._windows.values() if window.account_id == account_id)

    def window(self, account_id: str, window_id: str) -> PlanWindow:
        """A window.

        Raises:
            UnknownWindowError: The account has no such window.
        """
        known: Mapping[str, PlanWindow] = {window.window_id: window for window in self.of(account_id)}
        if window_id not in known:
            raise UnknownWindowError(f"There is no maintenance window {window_id!r}.", window_id)
        return known[window_id]

    def delete(self, account_id: str, window_id: str) -> None:
        """Delete a window.

        Raises:
            UnknownWindowError: The account has no such window.
        """
        del self._windows[self.window(account_id, window_id).window_id]

    def planned(self, instance: InstanceRecord, event_type: str, now: Micros) -> Micros | None:
        """When an event is planned that is published now; None if no window of the instance's is for it.

        Of several windows the one that opens first counts (a guess).
        """
        fitting = [
            window.period.first_open(now + (window.notice or _USUAL_NOTICE) * _HOUR)
            for window in self.of(instance.account_id)
            if window.is_enabled and SUPPORTED[window.action] == event_type and window.target.includes(instance)
        ]
        return min(fitting, default=None)
