"""The OpenAPI document describes the control API as it is. The fixture `send` holds every reply against it."""

import inspect
import re

import pytest

from pytest_ecsevents import EcsEvents, Instances
from pytest_ecsevents.cli._commands import COMMANDS
from pytest_ecsevents.cli._routes import ROUTES

METHODS = {
    "create": EcsEvents.create,
    "reschedule": EcsEvents.reschedule,
    "add_instance": Instances.add,
    "reboot": EcsEvents.reboot,
    "fail": EcsEvents.fail,
    "quota": EcsEvents.quota,
    "delay": EcsEvents.delay,
    "queue": EcsEvents.queue,
    "subscribe": EcsEvents.subscribe,
    "assert_avoided": EcsEvents.assert_avoided,
    "assert_transitions": EcsEvents.assert_transitions,
    "assert_called": EcsEvents.assert_called,
    "assert_not_called": EcsEvents.assert_not_called,
}
"""The operations that take what a method of the fixture takes."""

NOT_THE_METHODS = {"optional", "_where", "receiver", "options", "attributes"}
"""Parameters of these methods that an operation does not have: `optional` concerns the checks at a test's end."""

OTHER_NAMES = {"event_id": "event", "url": "receiver"}


@pytest.fixture
def document(ask):
    """The document as the server sends it."""
    return ask("GET", "/openapi.json")


def operations(document):
    """Each operation by its name."""
    return {one["operationId"]: one for methods in document["paths"].values() for one in methods.values()}


def test_each_route_is_described_once(document):
    """By path and method, with a summary and names of its own."""
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES}
    assert len(operations(document)) == len(ROUTES)
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": "/_ecsevents/v1"}]


def test_each_reference_leads_to_a_schema(document):
    """And each schema is used."""
    used = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert used == set(document["components"]["schemas"])


def test_each_name_in_a_path_is_a_parameter(document):
    """A text that is required."""
    for path, methods in document["paths"].items():
        for one in methods.values():
            in_path = [row["name"] for row in one.get("parameters", ()) if row["in"] == "path" and row["required"]]
            assert in_path == re.findall(r"{(\w+)}", path)


@pytest.mark.parametrize("name", METHODS)
def test_an_operation_takes_what_its_method_takes(document, name):
    """No parameter is invented, and those without a default are required."""
    one = operations(document)[name]
    body = one["requestBody"]["content"]["application/json"]["schema"]
    in_path = {row["name"] for row in one.get("parameters", ())}
    parameters = inspect.signature(METHODS[name]).parameters
    given = {OTHER_NAMES.get(row, row) for row in {*body["properties"], *in_path}}
    assert given <= set(parameters)
    needed = {row.name for row in parameters.values() if row.default is row.empty and row.kind.name != "VAR_KEYWORD"}
    required = {OTHER_NAMES.get(row, row) for row in (*body.get("required", ()), *in_path)}
    assert required == needed - {"self"}


def test_each_command_has_an_operation(document):
    """`ecsevents create` is `create`; `add` declares an instance."""
    names = {{"add": "add_instance"}.get(name, name) for name in COMMANDS}
    assert names <= set(operations(document))
