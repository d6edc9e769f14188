"""The commands that talk to a running server: their arguments, their requests, and how replies are shown."""

import argparse
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from pytest_ecsevents._words import printable
from pytest_ecsevents.cli._client import DEFAULT_ENDPOINT, VARIABLE, ClientError, ask, endpoint_of, path

Reply = dict[str, Any]
Request = tuple[str, str, dict[str, Any]]
Options = argparse.Namespace


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a command; `name` as `add_argument` takes it, and what else that takes."""

    name: str
    help: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        help: What it does.
        request: Makes its request: the method, the path and the parameters.
        show: Makes what is printed of the reply.
        arguments: Besides the endpoint and --json.
    """

    help: str
    request: Callable[[Options], Request]
    show: Callable[[Reply], str]
    arguments: tuple[Argument, ...] = ()


def _argument(name: str, text: str, **settings: Any) -> Argument:
    return Argument(name, text, settings)


# -- how replies are shown


def _table(heads: tuple[str, ...], rows: Iterable[Iterable[object]], nothing: str) -> str:
    """Columns as wide as their longest cell."""
    cells = [heads, *([_cell(one) for one in row] for row in rows)]
    if len(cells) == 1:
        return f"{nothing}\n"
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "".join(f"{line}\n" for line in lines)


def _cell(value: object) -> str:
    text = "-" if value in (None, "") else str(value)
    return printable(text).replace("\n", " ")


def _show_events(events: list[Reply]) -> str:
    heads = ("EVENT", "TYPE", "INSTANCE", "STATUS", "NOT BEFORE", "KIND")
    rows = (
        (
            one["event_id"],
            one["event_type"],
            one["instance_id"],
            one["status"],
            one["not_before"],
            "simulated" if one["simulated"] else "real",
        )
        for one in events
    )
    return _table(heads, rows, "no events")


def _show_instances(instances: list[Reply]) -> str:
    heads = ("INSTANCE", "REGION", "STATUS", "TAGS")
    rows = (
        (one["instance_id"], one["region_id"], one["status"], " ".join(f"{k}={v}" for k, v in one["tags"].items()))
        for one in instances
    )
    return _table(heads, rows, "no instances")


def _show_advanced(reply: Reply) -> str:
    heads = ("AT", "EVENT", "FROM", "TO", "CAUSE")
    rows = ((one["at"], one["event_id"], one["from"], one["to"], one["cause"]) for one in reply["transitions"])
    return f"now {reply['now']}\n{_table(heads, rows, 'no event has changed')}"


def _show_clock(reply: Reply) -> str:
    speed = reply["speed"]
    kind = "standing" if not speed else "with the machine" if speed == 1 else f"{speed:g} times as fast as the machine"
    due = reply["next_due"] or "nothing"
    return f"now {reply['now']} ({kind}); next due: {due}\n"


def _show_calls(reply: Reply) -> str:
    heads = ("AT", "PRODUCT", "ACTION", "RESULT", "PARAMETERS")
    rows = (
        (
            one["at"],
            one["product"],
            one["action"],
            _result(one),
            " ".join(f"{name}={_value(value)}" for name, value in one["params"].items()),
        )
        for one in reply["calls"]
    )
    return _table(heads, rows, "no calls")


def _result(call: Reply) -> str:
    words = [str(call["http_status"] or ""), call["code"] or "", call["failure"], "(fault)" if call["fault"] else ""]
    return " ".join(filter(None, words))


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _show_faults(reply: Reply) -> str:
    heads = ("CALLS", "FAULT", "MET", "OF", "BETWEEN")
    rows = (
        (
            one["calls"],
            one["name"],
            one["met"],
            "all" if one["times"] is None else one["times"],
            " ".join(one["between"] or ()),
        )
        for one in reply["faults"]
    )
    return _table(heads, rows, "no faults")


def _show_notifications(reply: Reply) -> str:
    heads = ("TIME", "NAME", "LEVEL", "STATUS", "RESOURCE")
    rows = (
        (
            one.get("eventTime") or one.get("time"),
            one.get("name"),
            one.get("level"),
            one.get("status"),
            one.get("resourceId"),
        )
        for one in reply["notifications"]
    )
    return _table(heads, rows, "no notifications")


def _show_timeline(reply: Reply) -> str:
    return printable(reply["timeline"].rstrip("\n")) + "\n"


def _one_event(reply: Reply) -> str:
    return _show_events([reply])


def _one_instance(reply: Reply) -> str:
    return _show_instances([reply])


# -- what they send


def _on_event(verb: str) -> Callable[[Options], Request]:
    return lambda options: ("POST", path("events", options.event, verb), {})


def _on_instance(verb: str) -> Callable[[Options], Request]:
    return lambda options: ("POST", path("instances", options.instance, verb), {})


def _create(options: Options) -> Request:
    given = {
        "event_type": options.type,
        "instance_id": options.instance,
        "not_before": options.not_before,
        "simulated": False if options.real else None,
        "status": options.status,
        "reason": options.reason,
        "outcome": options.outcome,
        "executing_for": options.executing_for,
        "disk_id": options.disk,
    }
    return "POST", "/events", given


def _reboot(options: Options) -> Request:
    return "POST", path("instances", options.instance, "reboot"), {"in_guest": options.in_guest or None}


def _advance(options: Options) -> Request:
    return "POST", "/advance", {"by": options.duration, "to": options.to, "next": options.next or None}


def _fail(options: Options) -> Request:
    given: dict[str, Any] = {
        "action": options.action,
        "code": options.code,
        "message": options.message,
        "http_status": options.http_status,
        "between": options.between,
        "probability": options.probability,
        "acted": options.acted or None,
        "params": _pairs(options.param, "--param") or None,
    }
    if options.times is not None:
        given["times"] = None if options.times == "all" else _whole(options.times, "--times")
    return "POST", "/faults", given


def _add(options: Options) -> Request:
    attributes = {name: _literal(value) for name, value in _pairs(options.attribute, "an attribute").items()}
    return "POST", "/instances", {**attributes, "instance_id": options.instance}


def _pairs(given: Iterable[str], what: str) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for name, between, _ in pairs:
        if not (name and between):
            raise ClientError(f"{what} is {name!r}. Pass a name and a value: InstanceId=i-web1.")
    return {name: value for name, _, value in pairs}


def _whole(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ClientError(f"{what} is {text!r}. Pass a whole number, or all.")
    return int(text)


def _literal(text: str) -> object:
    """What a text means as JSON, `true` or `4`; else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


_EVENT: Final = _argument("event", "the event's id")
_INSTANCE: Final = _argument("instance", "the instance's id")

COMMANDS: Final[dict[str, Command]] = {
    "now": Command("read the clock", lambda _: ("GET", "/now", {}), _show_clock),
    "advance": Command(
        "move the clock forward",
        _advance,
        _show_advanced,
        (
            _argument("duration", "2h30m, 90s, 1d", nargs="?"),
            _argument("--to", "an instant: 2030-01-01T12:00:00Z", metavar="INSTANT"),
            _argument("--next", "to the next transition of an event", action="store_true"),
        ),
    ),
    "events": Command(
        "list events",
        lambda options: (
            "GET",
            "/events",
            {
                "status": options.status,
                "event_type": options.type,
                "instance_id": options.instance,
                "region_id": options.region,
            },
        ),
        lambda reply: _show_events(reply["events"]),
        (
            _argument("--status", "only those in this status: Scheduled"),
            _argument("--type", "only those of this type: SystemMaintenance.Reboot"),
            _argument("--instance", "only those of this instance"),
            _argument("--region", "only those in this region"),
        ),
    ),
    "create": Command(
        "publish an event",
        _create,
        _one_event,
        (
            _argument("type", "SystemMaintenance.Reboot, ..."),
            _argument("instance", "the instance's id; one that does not exist is added"),
            _argument("--not-before", "the planned time: +24h, or an instant (default: +24h)"),
            _argument("--real", "a real event, which acts on its instance", action="store_true"),
            _argument("--status", "the first status, where the type has a choice"),
            _argument("--reason", "its Reason"),
            _argument("--outcome", "how a real event ends: Executed or Failed"),
            _argument("--executing-for", "how long it is Executing: 90s"),
            _argument("--disk", "the disk that it concerns"),
        ),
    ),
    "cancel": Command("cancel a simulated event", _on_event("cancel"), _one_event, (_EVENT,)),
    "accept": Command("accept an Inquiring event", _on_event("accept"), _one_event, (_EVENT,)),
    "reschedule": Command(
        "change the NotBefore of an event",
        lambda options: ("POST", path("events", options.event, "reschedule"), {"not_before": options.not_before}),
        _one_event,
        (_EVENT, _argument("not_before", "the new planned time: +2h, or an instant")),
    ),
    "instances": Command(
        "list instances",
        lambda options: ("GET", "/instances", {"status": options.status, "region_id": options.region}),
        lambda reply: _show_instances(reply["instances"]),
        (
            _argument("--status", "only those in this status: Running"),
            _argument("--region", "only those in this region"),
        ),
    ),
    "add": Command(
        "declare an instance",
        _add,
        _one_instance,
        (_INSTANCE, _argument("attribute", "spot_strategy=SpotAsPriceGo, region_id=cn-beijing, ...", nargs="*")),
    ),
    "reboot": Command(
        "reboot an instance",
        _reboot,
        _one_instance,
        (_INSTANCE, _argument("--in-guest", "inside its operating system, which avoids no event", action="store_true")),
    ),
    "redeploy": Command("redeploy an instance", _on_instance("redeploy"), _one_instance, (_INSTANCE,)),
    "interrupt": Command("reclaim a preemptible instance", _on_instance("interrupt"), _one_instance, (_INSTANCE,)),
    "guest": Command(
        "answer the metadata service as inside an instance", _on_instance("guest"), _one_instance, (_INSTANCE,)
    ),
    "stop": Command("stop an instance", _on_instance("stop"), _one_instance, (_INSTANCE,)),
    "start": Command("start an instance", _on_instance("start"), _one_instance, (_INSTANCE,)),
    "renew": Command("pay for an instance", _on_instance("renew"), _one_instance, (_INSTANCE,)),
    "release": Command("release an instance", _on_instance("release"), _one_instance, (_INSTANCE,)),
    "fail": Command(
        "make the next calls of an action fail",
        _fail,
        _show_faults,
        (
            _argument("action", "RebootInstance, ..., '*' or metadata"),
            _argument("code", "Throttling, ..., or a fault of the network: 'read timeout'"),
            _argument("--times", "how many calls, or all (default: 1)"),
            _argument("--message", "replaces the provider's message"),
            _argument("--http-status", "replaces the documented HTTP status", type=int),
            _argument("--between", "the window of the cloud's time", nargs=2, metavar=("FIRST", "LAST")),
            _argument("--probability", "the chance of each call to fail", type=float),
            _argument("--acted", "the call takes effect, only its response is lost", action="store_true"),
            _argument(
                "--param",
                "only calls with this parameter; may be repeated",
                action="append",
                default=[],
                metavar="NAME=VALUE",
            ),
        ),
    ),
    "faults": Command(
        "list the declared faults",
        lambda options: ("DELETE" if options.clear else "GET", "/faults", {}),
        _show_faults,
        (_argument("--clear", "withdraw them all", action="store_true"),),
    ),
    "calls": Command(
        "list the calls of APIs",
        lambda options: ("GET", "/calls", {"action": options.action}),
        _show_calls,
        (_argument("--action", "only those of this action: RebootInstance"),),
    ),
    "notifications": Command(
        "list CloudMonitor's notifications", lambda _: ("GET", "/notifications", {}), _show_notifications
    ),
    "timeline": Command("tell the story so far", lambda _: ("GET", "/timeline", {}), _show_timeline),
    "reset": Command("begin again, as after the start", lambda _: ("POST", "/reset", {}), _show_clock),
}
"""The commands besides `serve`."""


def add_command(commands: "argparse._SubParsersAction[Any]", name: str) -> None:
    """Add a command to the parser."""
    row = COMMANDS[name]
    parser = commands.add_parser(name, help=row.help, description=f"{row.help[0].upper()}{row.help[1:]}.")
    for one in row.arguments:
        parser.add_argument(one.name, help=one.help, **one.settings)
    parser.add_argument("--endpoint", help=f"the server's host and port (default: {VARIABLE}, or {DEFAULT_ENDPOINT})")
    parser.add_argument("--json", action="store_true", help="print the reply as JSON")


def run_command(options: Options) -> str:
    """Run a command; returns what it prints."""
    row = COMMANDS[options.command]
    reply = ask(endpoint_of(options.endpoint), *row.request(options))
    return json.dumps(reply, indent=2, ensure_ascii=True) + "\n" if options.json else row.show(reply)
