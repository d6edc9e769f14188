"""The names of CloudMonitor's notifications about ECS, each with its event type, status, level and evidence.

A name is `<resource>:<cause>.<impact>:<status>` for an instance's system event, `<resource>:<code>:<status>` for a disk's,
and `<resource>:<event>` for what has no status. `names.csv` has them, several statuses of one name in one row.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, NoSuchNameError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.rpc._error_tables import csv_rows

__tracebackhide__ = hidden_in_reports

LEVELS: Final = ("CRITICAL", "WARN", "INFO")
EVENT_TYPES: Final = ("StatusNotification", "Exception", "Maintenance")
NORMAL: Final = "Normal"
"""The status of a notification that is not about a system event."""

_BY_GRAMMAR: Final = "by the grammar of names: in no published table; level and event type a guess"


@dataclass(frozen=True, slots=True)
class NotificationName:
    """One row of the catalogue.

    Attributes:
        name: `Instance:SystemMaintenance.Reboot:Scheduled`.
        event_type: "Maintenance", "Exception", "StatusNotification", or "" for billing (observed).
        status: The status, `NORMAL` for what is not a system event; "-" where the table has none.
        level: One of `LEVELS`.
        evidence: Where the row comes from.
    """

    name: str
    event_type: str
    status: str
    level: str
    evidence: str

    @property
    def base(self) -> str:
        """The name without the status, as EventBridge has it."""
        return self.name.removesuffix(f":{self.status}")


def _rows() -> Iterator[NotificationName]:
    for base, event_type, level, statuses, evidence in csv_rows("pytest_ecsevents.services.cms", "names.csv"):
        for status in statuses.split():
            name = base if status in (NORMAL, "-") else f"{base}:{status}"
            yield NotificationName(name, event_type, status, level, evidence)


PUBLISHED: Final[Mapping[str, NotificationName]] = MappingProxyType({row.name: row for row in _rows()})
"""Every name in a published table."""


class NotificationNames(Mapping[str, NotificationName]):
    """The published names, and those that a test adds.

    A test adds a name that was published later, or another level of one (sources disagree about spot interruptions).
    """

    def __init__(self) -> None:
        self.rows: Mapping[str, NotificationName] = PUBLISHED
        """The rows of now for code of ours. `add` replaces the mapping: older notifications refer to that of their instant."""

    def __getitem__(self, name: str) -> NotificationName:
        try:
            return self.rows[name]
        except (KeyError, TypeError):
            raise NoSuchNameError(self._unknown(name), str(name)) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def add(
        self, name: str, *, level: str, event_type: str = "StatusNotification", status: str = NORMAL
    ) -> NotificationName:
        """Add a name, or replace the row of one.

        Raises:
            BadArgumentError: The name is not a text, or the level or the event type is unknown.
        """
        if not _is_text(name):
            raise BadArgumentError(
                f'A notification name must be a text, got {name!r}. Pass one such as "Instance:VSwitchChanged".'
            )
        check_level(level)
        if event_type not in EVENT_TYPES:
            raise BadArgumentError(
                f"event_type is {event_type!r}. Pass one of: {listed(EVENT_TYPES)}."
                f"{did_you_mean(str(event_type), EVENT_TYPES)}"
            )
        row = NotificationName(name, event_type, status, level, "given by the test")
        self.rows = {**self.rows, name: row}
        return row

    def known(self, name: object) -> NotificationName:
        """The row of a name.

        Raises:
            BadArgumentError: There is none.
        """
        if isinstance(name, str) and name in self.rows:
            return self.rows[name]
        raise BadArgumentError(self._unknown(name))

    def _unknown(self, name: object) -> str:
        return (
            f"Unknown notification name {name!r}.{did_you_mean(str(name), self)} Add an unpublished one with "
            "ecs_events.notification_names.add(name, level=...)."
        )


def by_grammar(resource: str, code: str, status: str) -> NotificationName:
    """The row of a system event's name that is in no published table.

    Args:
        resource: "Instance" or "Disk".
        code: The event type: `SystemMaintenance.Reboot`, `Stalled`.
        status: The event's status.
    """
    event_type = "Maintenance" if code.startswith(("SystemMaintenance", "SystemUpgrade")) else "Exception"
    return NotificationName(f"{resource}:{code}:{status}", event_type, status, "CRITICAL", _BY_GRAMMAR)


def _is_text(name: object) -> bool:
    return isinstance(name, str) and name != ""


def check_level(level: object) -> None:
    if level not in LEVELS:
        raise BadArgumentError(f"level is {level!r}. Pass one of: {listed(LEVELS)}.{did_you_mean(str(level), LEVELS)}")
