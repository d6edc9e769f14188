"""Makes the OpenAPI document of the control API from its routes."""

import re
from collections.abc import Iterable
from typing import Any, Final

from pytest_ecsevents.cli._parameters import Parameter
from pytest_ecsevents.cli._routes import Route
from pytest_ecsevents.cli._shapes import SCHEMAS, refer
from pytest_ecsevents.rpc._wire import JsonObject

_DESCRIPTION: Final = (
    "Moves the clock of a running fake cloud, publishes events, declares faults, and says what happened. Each operation has the "
    "name, the parameters and the error messages of a method of the pytest fixture `ecs_events`."
)


def document(routes: Iterable[Route], base: str) -> JsonObject:
    """The document as OpenAPI 3.1 defines it."""
    from importlib.metadata import version  # a tenth of the time in which the server starts

    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Control API of the fake cloud",
            "version": version("pytest-ecsevents"),
            "description": _DESCRIPTION,
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": dict(SCHEMAS)},
    }


def _operation(route: Route) -> dict[str, Any]:
    names = re.findall(r"\{(\w+)\}", route.path)
    parameters = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "responses": {
            "200": _response("Done", refer(route.reply)),
            "default": _response("Refused; the message says why and how to go on", refer("Problem")),
        },
    }
    if route.method == "POST":
        if route.parameters:
            operation["requestBody"] = _body(route)
    else:
        parameters += [_in_query(one) for one in route.parameters]
    if parameters:
        operation["parameters"] = parameters
    return operation


def _response(what: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": what, "content": {"application/json": {"schema": schema}}}


def _in_query(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": "query",
        "required": parameter.is_required,
        "description": parameter.what,
        "schema": parameter.kind.schema,
    }


def _body(route: Route) -> dict[str, Any]:
    required = [one.name for one in route.parameters if one.is_required]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {one.name: {**one.kind.schema, "description": one.what} for one in route.parameters},
        "additionalProperties": route.takes_more,
    }
    if required:
        schema["required"] = required
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}
