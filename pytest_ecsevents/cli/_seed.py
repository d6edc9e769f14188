"""Reads what a cloud begins with from a TOML file: instances, events, rules and faults."""

import datetime as dt
import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from pytest_ecsevents._errors import OF_THE_PROGRAM, BadArgumentError, EcsEventsError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.cli._parameters import FLAG, TEXTS, Kind, Parameter, checked
from pytest_ecsevents.cli._routes import ROUTES, Given
from pytest_ecsevents.face._ecs_events import EcsEvents, parts_of
from pytest_ecsevents.report._reasons import SEED, Acting
from pytest_ecsevents.services.cms._event_rules import EventPattern, EventRule, RuleTarget
from pytest_ecsevents.services.cms._filters import is_name
from pytest_ecsevents.services.cms._names import EVENT_TYPES, LEVELS

__tracebackhide__ = hidden_in_reports

tomllib: Final = import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")


class SeedError(EcsEventsError, section=OF_THE_PROGRAM):
    """A seed file that cannot be read."""


class _Entry(NamedTuple):
    """One entry of a table.

    Attributes:
        table: `events`.
        number: Its number in the table, from 0 on.
        given: Its members.
    """

    table: str
    number: int
    given: Given


# -- what each table takes

_ROUTES: Final = {route.name: route for route in ROUTES}


def _add_instance(ecs_events: EcsEvents, given: Given) -> None:
    ecs_events.instances.add(given.pop("instance_id", None), _where="an instance", **given)


def _create(ecs_events: EcsEvents, given: Given) -> None:
    ecs_events.create(given.pop("event_type"), given.pop("instance_id"), **given)


def _fail(ecs_events: EcsEvents, given: Given) -> None:
    if "between" in given:
        given["between"] = tuple(given["between"])
    if given.get("times") == "all":
        given["times"] = None
    ecs_events.fail(given.pop("action"), given.pop("code"), **given.pop("params", {}), **given)


_RULE: Final = (
    Parameter("name", "its name", is_required=True),
    Parameter("names", "names of notifications; default: all", TEXTS),
    Parameter("levels", "CRITICAL, WARN or INFO; default: all", TEXTS),
    Parameter("statuses", "statuses of notifications; default: all", TEXTS),
    Parameter("event_types", "Maintenance, ...; default: all", TEXTS),
    Parameter("queue", "a queue of Simple Message Queue, which is created"),
    Parameter("topic", "a topic, which is created"),
    Parameter("webhook", "a URL on this machine"),
    Parameter("is_enabled", "whether it fires", FLAG),
)
_ALLOWED: Final = {"levels": LEVELS, "event_types": EVENT_TYPES}


def _add_rule(ecs_events: EcsEvents, given: Given) -> None:
    parts = parts_of(ecs_events)
    for key, allowed in _ALLOWED.items():
        for value in given.get(key, ()):
            if value not in allowed:
                raise BadArgumentError(
                    f"{key} of a rule has {value!r}. Pass some of: {listed(allowed)}.{did_you_mean(value, allowed)}"
                )
    for name in given.get("names", ()):
        if not is_name(name, parts.monitor.names):
            raise BadArgumentError(
                f"names of a rule has {name!r}, which no notification of ECS has.{did_you_mean(name, parts.monitor.names)}"
            )
    if given["name"] in ecs_events.event_rules:
        raise BadArgumentError(f"name of a rule is {given['name']!r}, which another rule has. Pass another one.")
    region_id, account_id = parts.settings.region, parts.settings.account_id
    pattern = EventPattern(
        "ecs",
        event_types=tuple(given.get("event_types", ())),
        levels=tuple(given.get("levels", ())),
        names=tuple(given.get("names", ())),
        statuses=tuple(given.get("statuses", ())),
    )
    rule = EventRule(given["name"], account_id, (pattern,), is_enabled=given.get("is_enabled", True))
    for number, kind in enumerate([kind for kind in _TARGETS if kind in given], 1):
        parameter, members = _TARGETS[kind](given[kind], region_id)
        rule.targets[str(number)] = RuleTarget(parameter, str(number), {"Id": str(number), **members})
    parts.monitor.rules.add(rule)
    if "queue" in given and parts.messaging.queues.get(given["queue"]) is None:
        ecs_events.queue(given["queue"], rules_only=True)
    if "topic" in given and parts.messaging.topics.get(given["topic"]) is None:
        ecs_events.topic(given["topic"], rules_only=True)


_TARGETS: Final[Mapping[str, Callable[[str, str], tuple[str, dict[str, str]]]]] = {
    "queue": lambda name, region_id: ("MnsParameters", {"Queue": name, "Region": region_id}),
    "topic": lambda name, region_id: ("MnsParameters", {"Topic": name, "Region": region_id}),
    "webhook": lambda url, _: ("WebhookParameters", {"Url": url, "Method": "POST", "Protocol": "http"}),
}

_TIMES: Final = Kind(
    'a whole number, or "all"',
    {},
    lambda value: value == "all" or (isinstance(value, int) and not isinstance(value, bool)),
)
_FAULT: Final = tuple(
    Parameter("times", one.what, _TIMES) if one.name == "times" else one for one in _ROUTES["fail"].parameters
)


class _Table(NamedTuple):
    """A table: what one of its entries is called, what it takes, and what puts it into the cloud."""

    what: str
    parameters: tuple[Parameter, ...]
    put: Callable[[EcsEvents, Given], None]
    takes_more: bool = False


_TABLES: Final = {
    "instances": _Table("an instance", _ROUTES["add_instance"].parameters, _add_instance, takes_more=True),
    "events": _Table("an event", _ROUTES["create"].parameters, _create),
    "rules": _Table("a rule", _RULE, _add_rule),
    "faults": _Table("a fault", _FAULT, _fail),
}
"""In the order in which they are put into the cloud."""


# -- reading


def read_seed(file: Path) -> Callable[[EcsEvents], None]:
    """Read a seed file; returns what puts its content into a cloud.

    Raises:
        SeedError: It cannot be read; the message names the line.
    """
    try:
        text = file.read_text("utf-8")
        content = tomllib.loads(text)
    except OSError as problem:
        raise SeedError(f"The seed file {file} cannot be read: {problem.strerror}.") from None
    except UnicodeDecodeError:
        raise SeedError(f"The seed file {file} is not text in UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as problem:
        raise SeedError(f"The seed file {file} is not TOML: {problem}.") from None
    entries = []
    for table in sorted(content, key=lambda name: [*_TABLES].index(name) if name in _TABLES else -1):
        if table not in _TABLES:
            where = _place(file, text, table)
            raise SeedError(
                f"{where}: there is no table {table!r}.{did_you_mean(table, _TABLES)} There are: {listed(_TABLES)}."
            )
        rows = content[table]
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise SeedError(f"{_place(file, text, table)}: {table} is not a list of tables. Write [[{table}]].")
        entries += [_Entry(table, number, row) for number, row in enumerate(rows)]

    def put(ecs_events: EcsEvents) -> None:
        for entry in entries:
            row = _TABLES[entry.table]
            given = {name: _plain(value) for name, value in entry.given.items()}
            try:
                with Acting(SEED):
                    row.put(ecs_events, checked(row.what, given, row.parameters, takes_more=row.takes_more))
            except EcsEventsError as problem:
                raise SeedError(f"{_place_in(file, text, entry, str(problem))}: {problem}") from None

    return put


def _plain(value: Any) -> Any:
    """Dates as text, also within lists."""
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    return [_plain(one) for one in value] if isinstance(value, list) else value


# -- where


def _place(file: Path, text: str, name: str) -> str:
    """The first line that names a table or a key."""
    pattern = re.compile(rf"""\s*\[*\s*["']?{re.escape(name)}\b""")
    lines = text.splitlines()
    return _at(file, next((number for number, line in enumerate(lines) if pattern.match(line)), 0))


def _place_in(file: Path, text: str, entry: _Entry, problem: str) -> str:
    """The line of the member of an entry that a message is about, else the line at which the entry begins."""
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines) if re.match(rf"\s*\[\[\s*{entry.table}\s*\]\]", line)]
    if entry.number >= len(heads):  # written as a list of inline tables
        return _place(file, text, entry.table)
    begin = heads[entry.number]
    later = (number for number in range(begin + 1, len(lines)) if re.match(r"\s*\[", lines[number]))
    end = next(later, len(lines))
    named = sorted((_position(name, value, problem), name) for name, value in entry.given.items())
    patterns = [rf"""\s*["']?{re.escape(name)}["']?\s*[=.]""" for position, name in named if position != _NOWHERE]
    found = (number for pattern in patterns for number in range(begin + 1, end) if re.match(pattern, lines[number]))
    return _at(file, next(found, begin))


_NOWHERE: Final = sys.maxsize


def _position(name: str, value: object, problem: str) -> int:
    """Where a message speaks of a member: of its value, or else of its name."""
    values = [repr(one) for one in (value if isinstance(value, list) else [value])] if value != "" else []
    found = [problem.find(word) for word in (*values, repr(name)) if word in problem]
    if not found:
        named = re.search(rf"\b{re.escape(name)}\b", problem)
        found = [named.start()] if named else []
    return min(found, default=_NOWHERE)


def _at(file: Path, number: int) -> str:
    return f"{file}, line {number + 1}"
