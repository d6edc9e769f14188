"""The names of CloudMonitor's notifications about ECS, each with its event type, status, level and evidence.

A name is `<resource>:<cause>.<impact>:<status>` for an instance's system event, `<resource>:<code>:<status>` for a disk's,
and `<resource>:<event>` for whatever has no status of its own.
"""

from collections import ChainMap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed

__tracebackhide__ = hidden_in_reports

LEVELS: Final = ("CRITICAL", "WARN", "INFO")
EVENT_TYPES: Final = ("StatusNotification", "Exception", "Maintenance")
NORMAL: Final = "Normal"
"""The status of a notification about no system event."""

_APPENDIX: Final = "appendix of 2020"
_META_LIST: Final = "sample of DescribeSystemEventMetaList, 2019"
_BOTH: Final = f"{_APPENDIX} and {_META_LIST}"
_BY_GRAMMAR: Final = "by the grammar of names: in no published table; level and event type a guess"


@dataclass(frozen=True, slots=True)
class NotificationName:
    """One row of the catalogue.

    Attributes:
        name: `Instance:SystemMaintenance.Reboot:Scheduled`.
        event_type: "Maintenance", "Exception", "StatusNotification", or "" for billing (observed).
        status: The status, `NORMAL` for what is no system event; "-" where the table has none.
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


# Of system events: name without status, event type, level, statuses in each source.
_SYSTEM_EVENTS: Final = (
    ("Disk:ErrorDetected", "Exception", "CRITICAL", "Executing Executed", ""),
    ("Disk:Stalled", "Exception", "CRITICAL", "", "Executing Executed"),
    ("Instance:InstanceFailure.Reboot", "Exception", "CRITICAL", "", "Executing Executed"),
    ("Instance:Security.TpmAlert", "Exception", "WARN", "Executing Executed", ""),
    ("Instance:SystemFailure.Delete", "Exception", "CRITICAL", "Executing Executed Avoided", ""),
    ("Instance:SystemFailure.Reboot", "Exception", "CRITICAL", "Failed", "Executing Executed"),
    ("Instance:SystemFailure.Redeploy", "Exception", "CRITICAL", "Scheduled Executing Executed Avoided Canceled", ""),
    ("Instance:SystemFailure.Stop", "Exception", "CRITICAL", "Executing Executed", ""),
    (
        "Instance:SystemMaintenance.IsolateErrorDisk",
        "Maintenance",
        "CRITICAL",
        "Inquiring Executing Executed Avoided Failed Canceled",
        "",
    ),
    ("Instance:SystemMaintenance.PerformanceImpact", "Maintenance", "WARN", "", "Executing Executed"),
    (
        "Instance:SystemMaintenance.ReInitErrorDisk",
        "Maintenance",
        "CRITICAL",
        "Inquiring Executing Executed Avoided Failed Canceled",
        "",
    ),
    (
        "Instance:SystemMaintenance.Reboot",
        "Maintenance",
        "CRITICAL",
        "Inquiring",
        "Scheduled Executing Executed Avoided Failed Canceled",
    ),
    (
        "Instance:SystemMaintenance.RebootAndIsolateErrorDisk",
        "Maintenance",
        "CRITICAL",
        "Inquiring Executing Executed Avoided Canceled",
        "",
    ),
    (
        "Instance:SystemMaintenance.RebootAndReInitErrorDisk",
        "Maintenance",
        "CRITICAL",
        "Inquiring Executing Executed Avoided Canceled",
        "",
    ),
    (
        "Instance:SystemMaintenance.Redeploy",
        "Maintenance",
        "CRITICAL",
        "Inquiring Scheduled Executing Executed Avoided Canceled",
        "",
    ),
    (
        "Instance:SystemMaintenance.Stop",
        "Maintenance",
        "CRITICAL",
        "Scheduled Executing Executed Avoided Failed Canceled",
        "",
    ),
)

# Of what is no system event: name, status, level, evidence.
_STATUS_NOTIFICATIONS: Final = (
    ("Disk:ConvertToPostpaidCompleted", NORMAL, "INFO", _APPENDIX),
    ("Disk:DiskOperationCompleted", NORMAL, "INFO", _APPENDIX),
    ("Disk:OverduePaymentRelease", NORMAL, "CRITICAL", _APPENDIX),
    ("Disk:StateChange", NORMAL, "INFO", _META_LIST),
    ("Image:StateChange", NORMAL, "INFO", _META_LIST),
    ("Instance:BurstablePerformanceRestricted", NORMAL, "WARN", _APPENDIX),
    ("Instance:LiveMigrationAcrossDDH", "-", "INFO", _APPENDIX),
    ("Instance:PerformanceModeChange", NORMAL, "INFO", _APPENDIX),
    ("Instance:PreemptibleInstanceInterruption", NORMAL, "WARN", _APPENDIX),
    ("Instance:StateChange", NORMAL, "INFO", _APPENDIX),
    ("NetworkInterface:StateChange", NORMAL, "INFO", _META_LIST),
    ("Snapshot:CreateSnapshotCompleted", NORMAL, "INFO", _APPENDIX),
)

# Of billing: each with the same statuses, whose levels differ.
_BILLING: Final = (
    "AccountUnbalanced.Delete",
    "AccountUnbalanced.PerformanceAffect",
    "AccountUnbalanced.Stop",
    "InstanceExpiration.Delete",
    "InstanceExpiration.Stop",
)
_BILLING_LEVELS: Final = {
    "Scheduled": "CRITICAL",
    "Executing": "CRITICAL",
    "Executed": "CRITICAL",
    "Avoided": "INFO",
    "Canceled": "WARN",
    "Failed": "WARN",
}


def _rows() -> Iterator[NotificationName]:
    for base, event_type, level, only_appendix, both in _SYSTEM_EVENTS:
        for statuses, evidence in ((only_appendix, _APPENDIX), (both, _BOTH)):
            for status in statuses.split():
                yield NotificationName(f"{base}:{status}", event_type, status, level, evidence)
    for name, status, level, evidence in _STATUS_NOTIFICATIONS:
        yield NotificationName(name, "StatusNotification", status, level, evidence)
    for code in _BILLING:
        for status, level in _BILLING_LEVELS.items():
            yield NotificationName(f"Instance:{code}:{status}", "", status, level, _META_LIST)


PUBLISHED: Final[Mapping[str, NotificationName]] = MappingProxyType({row.name: row for row in _rows()})
"""Every name in a published table."""

_MAINTENANCE_CAUSES: Final = ("SystemMaintenance", "SystemUpgrade")


class NotificationNames(Mapping[str, NotificationName]):
    """The names by themselves: the published ones, and what a test adds.

    A test adds a name that was published later, or another level of one (sources disagree about spot interruptions).
    """

    def __init__(self) -> None:
        self._added: Final[dict[str, NotificationName]] = {}
        self.rows: Final[Mapping[str, NotificationName]] = ChainMap(self._added, PUBLISHED)  # type: ignore[arg-type]  # read only
        """The same mapping for code of ours, which looks names up often."""

    def __getitem__(self, name: str) -> NotificationName:
        return self.rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**PUBLISHED, **self._added})

    def __len__(self) -> int:
        return len(self.rows)

    def add(
        self, name: str, *, level: str, event_type: str = "StatusNotification", status: str = NORMAL
    ) -> NotificationName:
        """Add a name, or replace what is known of one.

        Args:
            name: `Instance:VSwitchChanged`, or with its status, `Instance:SystemUpgrade.Migrate:Scheduled`.
            level: "CRITICAL", "WARN" or "INFO".
            event_type: "StatusNotification", "Exception" or "Maintenance".
            status: The status of a system event; "Normal" for whatever has none.

        Raises:
            BadArgumentError: The name is no text, or the level or the event type is unknown.
        """
        if not _is_text(name):
            raise BadArgumentError(
                f'The name of a notification is {name!r}. Pass one such as "Instance:VSwitchChanged".'
            )
        check_level(level)
        if event_type not in EVENT_TYPES:
            raise BadArgumentError(
                f"event_type is {event_type!r}. Pass one of: {listed(EVENT_TYPES)}."
                f"{did_you_mean(str(event_type), EVENT_TYPES)}"
            )
        row = self._added[name] = NotificationName(name, event_type, status, level, "given by the test")
        return row

    def known(self, name: object) -> NotificationName:
        """The row of a name.

        Raises:
            BadArgumentError: There is none.
        """
        if isinstance(name, str) and name in self:
            return self[name]
        raise BadArgumentError(
            f"{name!r} is the name of no notification.{did_you_mean(str(name), self)} One that is published nowhere, add "
            "with ecs_events.notification_names.add(name, level=...)."
        )


def by_grammar(resource: str, code: str, status: str) -> NotificationName:
    """The row of a system event's name that is published nowhere.

    Args:
        resource: "Instance" or "Disk".
        code: The event type: `SystemMaintenance.Reboot`, `Stalled`.
        status: The event's status.
    """
    event_type = "Maintenance" if code.startswith(_MAINTENANCE_CAUSES) else "Exception"
    return NotificationName(f"{resource}:{code}:{status}", event_type, status, "CRITICAL", _BY_GRAMMAR)


def _is_text(name: object) -> bool:
    return isinstance(name, str) and name != ""


def check_level(level: object) -> None:
    """Refuse a level that there is not."""
    if level not in LEVELS:
        raise BadArgumentError(f"level is {level!r}. Pass one of: {listed(LEVELS)}.{did_you_mean(str(level), LEVELS)}")
