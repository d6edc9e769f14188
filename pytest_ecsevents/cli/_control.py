"""The control API: the verbs of the fixture over HTTP, for tests in any language and for the commands."""

import json
from typing import Any, Final
from urllib.parse import parse_qsl

from pytest_ecsevents._errors import (
    OF_THE_PROGRAM,
    BadArgumentError,
    EcsEventsError,
    NoSuchNameError,
    hidden_in_reports,
    manual,
)
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.cli._client import AGENT
from pytest_ecsevents.cli._openapi import document
from pytest_ecsevents.cli._parameters import FLAG, Parameter, checked
from pytest_ecsevents.cli._routes import ROUTES, Controlled, Given, Route
from pytest_ecsevents.face._ecs_events import EcsEvents
from pytest_ecsevents.report._reasons import COMMAND, CONTROL_API, Acting
from pytest_ecsevents.rpc._http import HttpRequest
from pytest_ecsevents.rpc._wire import ApiReply, JsonObject
from pytest_ecsevents.services.ecs._refusals import UnknownEventError

__tracebackhide__ = hidden_in_reports

ROOT: Final = "/_ecsevents"
"""How the paths of the control API begin, in every version."""

BASE: Final = f"{ROOT}/v1"

_JSON: Final = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}


class _RefusedError(Exception):
    """A request that no route takes."""

    def __init__(self, status: int, kind: str, sentence: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.reply: Final = _problem(status, kind, sentence, headers=headers)


class ControlApi:
    """Answers the requests of the control API.

    Args:
        cloud: The running cloud.
    """

    def __init__(self, cloud: Controlled) -> None:
        self._cloud: Final = cloud

    def __call__(self, request: HttpRequest) -> ApiReply:
        """Answer a request; an error of the fixture is one of the API, with the same sentence."""
        try:
            route, in_path = _find(request.method, request.path)
            given = checked(
                f"{route.method} {route.path}", _given(request, route), route.parameters, takes_more=route.takes_more
            )
            with Acting(COMMAND if request.headers.get("user-agent") == AGENT else CONTROL_API):
                return _encoded(200, route.call(self._cloud, {**given, **in_path}))
        except _RefusedError as refused:
            return refused.reply
        except EcsEventsError as error:
            return _problem(_status_of(error, self._cloud.ecs_events), type(error).__name__, str(error), error.manual)

    def malformed(self, status: int, problem: str) -> ApiReply:
        """The response to a request that is not HTTP, too large, or sent by a web page."""
        return _problem(status, "MalformedRequest", problem)


def api_document() -> JsonObject:
    """The OpenAPI document of all routes."""
    return document(ROUTES, BASE)


def _status_of(error: EcsEventsError, ecs_events: EcsEvents) -> int:
    if isinstance(error, UnknownEventError) and error.name in ecs_events:
        return 409  # it exists, but has ended
    if isinstance(error, NoSuchNameError):
        return 404
    return 400 if isinstance(error, BadArgumentError) else 409


def _encoded(status: int, body: JsonObject, headers: dict[str, str] | None = None) -> ApiReply:
    # Lone surrogates of a test's texts cannot be sent as they are.
    return ApiReply(status, json.dumps(body).encode(), {**_JSON, **(headers or {})})


def _problem(
    status: int,
    kind: str,
    sentence: str,
    place: str = manual(OF_THE_PROGRAM),
    headers: dict[str, str] | None = None,
) -> ApiReply:
    return _encoded(status, {"error": {"type": kind, "message": sentence, "manual": place}}, headers)


# -- which route


def _find(method: str, path: str) -> "tuple[Route, Given]":
    """The route of a request, and the values in its path."""
    here = path.removeprefix(BASE) if path.startswith(f"{BASE}/") else ""
    found = [(route, values) for route in ROUTES if (values := _values(route.path, here)) is not None]
    for route, values in found:
        if method == route.method or (method == "HEAD" and route.method == "GET"):
            return route, values
    if found:
        methods = listed(route.method for route, _ in found)
        raise _RefusedError(405, "WrongMethod", f"{path} takes {methods}, not {method}.", {"Allow": methods})
    paths = dict.fromkeys(f"{BASE}{route.path}" for route in ROUTES)
    raise _RefusedError(
        404,
        "UnknownPath",
        f"There is no {path} here.{did_you_mean(path, paths)} {BASE}/openapi.json describes the paths.",
    )


def _values(template: str, path: str) -> Given | None:
    """The values of a path for the names in a template; None if it does not match."""
    names, parts = template.split("/"), path.split("/")
    if len(names) != len(parts):
        return None
    values: Given = {}
    for name, part in zip(names, parts, strict=True):
        if name.startswith("{") and part:
            values[name[1:-1]] = part
        elif name != part:
            return None
    return values


# -- what is given


def _given(request: HttpRequest, route: Route) -> Given:
    """The parameters of a request: of its query, or of its JSON body."""
    if route.method != "POST":
        pairs = parse_qsl(request.query, keep_blank_values=True)
        kinds = {one.name: one for one in route.parameters}
        return {name: _from_text(value, kinds.get(name)) for name, value in pairs}
    if request.query:
        raise _RefusedError(
            400, "BadArgumentError", f"{route.path} takes its parameters as JSON in the body, not in the query."
        )
    if not request.body.strip():
        return {}
    try:
        body: Any = json.loads(request.body)
    except (ValueError, RecursionError) as problem:
        raise _RefusedError(400, "BadArgumentError", f"The body is not JSON: {problem}. Send an object.") from None
    if not isinstance(body, dict):
        raise _RefusedError(400, "BadArgumentError", f"The body is {_kind_of(body)}. Send an object, such as {{}}.")
    return body


def _from_text(value: str, parameter: Parameter | None) -> object:
    if parameter is not None and parameter.kind is FLAG:
        return {"true": True, "false": False}.get(value, value)
    return value


def _kind_of(body: object) -> str:
    return {list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(type(body), "a number")
