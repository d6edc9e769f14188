"""Print what the newest SDKs' models and documentation strings have that the fake lacks.

It compares parameters, values of enumerations, regions, and event types that the texts name. `make models` installs the newest
SDKs in a folder of their own and runs it; it is not part of the tests, which use fixed facts.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ecsevents.rpc._error_tables import csv_rows
from pytest_ecsevents.rpc._parameters import ENVELOPE, Parameter, UnusableValueError
from pytest_ecsevents.services._products import PRODUCTS
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES
from pytest_ecsevents.services.ecs._regions import REGIONS

PACKAGES = {"Ecs": "alibabacloud_ecs20140526", "Cms": "alibabacloud_cms20190101"}

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_KEY = re.compile(r"self\.(\w+) is not None:\s+(?:for [^\n]+\n\s+[^\n]+\n\s+)?result\['([^']+)'\]")
_ASSIGNED = re.compile(r"((?: +#[^\n]*\n)+) +self\.(\w+) = \2\n")
_VALUE = re.compile(r"^[-*•] *`?\**([A-Za-z][\w.:-]*?)\.?`?\**\s*(?::|：|\(|$)", re.MULTILINE)
_EVENT_TYPE = re.compile(
    r"\b(?:System(?:Maintenance|Failure|Upgrade)|Instance(?:Failure|Expiration)|SecurityPunish|AccountUnbalanced)\.[A-Z]\w+"
)


def texts_of(package: str) -> "Mapping[str, str]":
    """The sources of a package's models, by file name without its suffix."""
    files = importlib.metadata.files(package.replace("_", "-", 1)) or ()
    return {Path(one).stem: Path(str(one.locate())).read_text("utf-8") for one in files if one.suffix == ".py"}


def request_of(action: str, texts: "Mapping[str, str]") -> str | None:
    """The source of an action's request model, without the models of its members, which follow it."""
    words = _CAMEL.sub("_", action).lower()
    source = texts.get(f"_{words}_request")
    return None if source is None else "class ".join(source.split("\nclass ", 2)[:2])


def unknown_parameters(action: Any, source: str) -> Iterator[str]:
    """Parameters of a model that the action here does not take."""
    known = {name.partition(".")[0] for name in action.parameters.known_names()} | ENVELOPE
    for _, wire_name in _KEY.findall(source):
        if wire_name.partition(".")[0] not in known:
            yield f"{action.name} has the parameter {wire_name}"


def refused_values(action: Any, source: str) -> Iterator[str]:
    """Values that a text lists as valid and that the action here refuses."""
    wire_names = dict(_KEY.findall(source))
    by_name: dict[str, Parameter[Any]] = {one.name: one for one in action.parameters.parameters}
    for comment, attribute in _ASSIGNED.findall(source):
        parameter = by_name.get(wire_names.get(attribute, ""))
        if parameter is None or "alid values" not in comment or parameter.members:
            continue
        lines = re.sub(r"^ +# ?", "", comment, flags=re.MULTILINE).partition("alid values")[2]
        for value in dict.fromkeys(_VALUE.findall(lines.replace("<br>", "\n"))):
            if not is_accepted(parameter, value):
                yield f"{action.name}: {parameter.name} may be {value}"


def is_accepted(parameter: Parameter[Any], value: str) -> bool:
    """Whether the fake takes a value of a parameter."""
    try:
        parameter.parse([value] if parameter.is_list else value)
    except UnusableValueError:
        return False
    return True


def news() -> Iterator[str]:
    """Everything that is new, a line each."""
    named: dict[str, str] = {}
    for product_name, package in PACKAGES.items():
        texts = texts_of(package)
        for action in PRODUCTS[product_name].actions.values():
            source = request_of(action.name, texts)
            if source is None:
                yield f"{action.name} is not in {package}"
            else:
                yield from unknown_parameters(action, source)
                yield from refused_values(action, source)
        for name, source in texts.items():
            named |= dict.fromkeys(_EVENT_TYPE.findall(source), name)
    for event_type in sorted(named.keys() - EVENT_TYPES.keys()):
        yield f"the event type {event_type} is named in {named[event_type]}"
    client = texts_of(PACKAGES["Ecs"])["client"]
    regions = re.findall(r"'([a-z]+-[a-z0-9-]+)': *'ecs[\w.-]*aliyuncs\.com'", client)
    known = {*REGIONS, *(row[1] for row in csv_rows("pytest_ecsevents.services.ecs", "endpoints.csv"))}
    for region_id in sorted({*regions} - known):
        yield f"the endpoint map has the region {region_id}"


def main() -> int:
    """Print the versions and the news; returns the exit status."""
    for package in PACKAGES.values():
        name = package.replace("_", "-", 1)
        print(f"{name} {importlib.metadata.version(name)}")
    lines = list(news())
    print("\n".join(lines) or "nothing new")
    return 0


if __name__ == "__main__":
    sys.exit(main())
