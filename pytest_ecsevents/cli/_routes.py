"""The routes of the control API: one row for each verb of the fixture."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents.checks._faults import FaultRules
from pytest_ecsevents.cli._parameters import (
    DISKS,
    FLAG,
    NUMBER,
    OBJECT,
    PAIR,
    STEPS,
    TIMES,
    WHOLE,
    Parameter,
)
from pytest_ecsevents.cli._shapes import (
    call_json,
    event_json,
    fault_json,
    instance_json,
    instant,
    transition_json,
)
from pytest_ecsevents.clock._times import from_micros
from pytest_ecsevents.face._ecs_events import EcsEvents, parts_of
from pytest_ecsevents.rpc._wire import JsonObject

__tracebackhide__ = hidden_in_reports


class Controlled(Protocol):
    """The running cloud."""

    @property
    def ecs_events(self) -> EcsEvents:
        """The cloud since the last reset."""

    @property
    def speed(self) -> float:
        """Virtual seconds for each second of the machine; 0 while the clock stands."""

    def reset(self) -> None:
        """Begin again, as after the start."""

    def document(self) -> JsonObject:
        """The OpenAPI document."""


Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes:
        method: GET, POST or DELETE.
        path: Below the API's root; `{name}` is a segment that is passed on.
        name: Its name in the document; two routes have two.
        summary: What it does.
        reply: The name of the reply's schema.
        call: Does it.
        parameters: Besides those in the path: of the query, or of the body.
        takes_more: Whether further parameters are passed on to the cloud.
    """

    method: str
    path: str
    name: str
    summary: str
    reply: str
    call: Callable[[Controlled, Given], JsonObject]
    parameters: tuple[Parameter, ...] = ()
    takes_more: bool = False


# -- the clock


def _clock(cloud: Controlled, _given: Given) -> JsonObject:
    clock = parts_of(cloud.ecs_events).clock
    clock.settle()
    due = clock.next_due()
    return {
        "now": instant(cloud.ecs_events.now),
        "started_at": instant(from_micros(clock.started_at)),
        "next_due": None if due is None else instant(from_micros(due)),
        "speed": cloud.speed,
    }


def _advance(cloud: Controlled, given: Given) -> JsonObject:
    if given.get("next") is False:
        del given["next"]
    if len(given) != 1:
        got = " and ".join(given) or "nothing"
        raise BadArgumentError(f'advance got {got}. Pass one of by ("2h"), to (an instant) and next (true).')
    ecs_events = cloud.ecs_events
    with parts_of(ecs_events).clock.turn():  # requests of other clients may move it too
        if "by" in given:
            moved = ecs_events.advance(given["by"])
        elif "to" in given:
            moved = ecs_events.advance_to(given["to"])
        else:
            moved = ecs_events.advance_to_next()
        now = instant(ecs_events.now)
    return {"now": now, "transitions": [transition_json(change) for change in moved]}


# -- events

_EVENT_FILTERS: Final = (
    Parameter("event_type", "`SystemMaintenance.Reboot`, ..."),
    Parameter("status", "`Scheduled`, ..."),
    Parameter("instance_id", "the instance's id"),
    Parameter("region_id", "the instance's region"),
    Parameter("account_id", "the instance's owner"),
    Parameter("simulated", "whether it is a simulated event", FLAG),
)


def _events(cloud: Controlled, given: Given) -> JsonObject:
    return {"events": [event_json(event) for event in cloud.ecs_events.where(**given)]}


def _event(cloud: Controlled, given: Given) -> JsonObject:
    return event_json(cloud.ecs_events[given["event_id"]])


def _create(cloud: Controlled, given: Given) -> JsonObject:
    return event_json(cloud.ecs_events.create(given.pop("event_type"), given.pop("instance_id"), **given))


def _on_event(verb: str) -> Callable[[Controlled, Given], JsonObject]:
    def call(cloud: Controlled, given: Given) -> JsonObject:
        ecs_events, event_id = cloud.ecs_events, given.pop("event_id")
        getattr(ecs_events, verb)(event_id, **given)
        return event_json(ecs_events[event_id])

    return call


# -- instances


def _instances(cloud: Controlled, given: Given) -> JsonObject:
    found = [instance_json(one) for one in cloud.ecs_events.instances.values()]
    return {
        "instances": [one for one in found if all(one[name] == value for name, value in given.items())],
    }


def _instance(cloud: Controlled, given: Given) -> JsonObject:
    return instance_json(cloud.ecs_events.instances[given["instance_id"]])


def _add_instance(cloud: Controlled, given: Given) -> JsonObject:
    return instance_json(cloud.ecs_events.instances.add(given.pop("instance_id", None), **given))


def _on_instance(verb: str) -> Callable[[Controlled, Given], JsonObject]:
    def call(cloud: Controlled, given: Given) -> JsonObject:
        ecs_events, instance_id = cloud.ecs_events, given.pop("instance_id")
        instance = ecs_events.instances[instance_id]
        getattr(ecs_events, verb)(instance_id, **given)
        return instance_json(instance)

    return call


def _guest(cloud: Controlled, given: Given) -> JsonObject:
    instance = cloud.ecs_events.instances[given["instance_id"]]
    parts_of(cloud.ecs_events).guests.default = instance.instance_id
    return instance_json(instance)


# -- calls and faults


def _calls(cloud: Controlled, given: Given) -> JsonObject:
    calls = cloud.ecs_events.calls
    wanted = [call for call in calls if all(getattr(call, name) == value for name, value in given.items())]
    return {"calls": [call_json(call) for call in wanted]}


def _rules(cloud: Controlled) -> "Iterator[FaultRules[Any]]":
    recorder = parts_of(cloud.ecs_events).recorder
    for log in (recorder.log, recorder.metadata, recorder.queues):
        yield log.faults


def _faults(cloud: Controlled, _given: Given) -> JsonObject:
    return {"faults": [fault_json(rule) for rules in _rules(cloud) for rule in rules.rules]}


def _declare(verb: str, *positional: str) -> Callable[[Controlled, Given], JsonObject]:
    """Declare a fault, a quota or a delay with the fixture's method of that name."""

    def call(cloud: Controlled, given: Given) -> JsonObject:
        params = given.pop("params", {})
        first = [given.pop(name) for name in positional]
        for name in params:
            if name in (*given, *positional):
                raise BadArgumentError(
                    f"params has {name!r}, which is a parameter of {verb} itself. Pass names on the wire."
                )
        if "between" in given:
            given["between"] = tuple(given["between"])
        getattr(cloud.ecs_events, verb)(*first, **given, **params)
        return _faults(cloud, {})

    return call


def _clear_faults(cloud: Controlled, _given: Given) -> JsonObject:
    for rules in _rules(cloud):
        rules.rules.clear()
    return _faults(cloud, {})


_ACTION: Final = Parameter("action", '`RebootInstance`, ..., "*" or "metadata"', is_required=True)
_PARAMS: Final = Parameter("params", "parameters of the calls by their names on the wire", OBJECT)
_MESSAGE: Final = Parameter("message", "replaces the provider's message")
_HTTP_STATUS: Final = Parameter("http_status", "replaces the documented HTTP status", WHOLE)
_BETWEEN: Final = Parameter("between", "the window of virtual time, both ends included", PAIR)


# -- what happened


def _notifications(cloud: Controlled, _given: Given) -> JsonObject:
    return {"notifications": [*cloud.ecs_events.notifications]}


def _timeline(cloud: Controlled, _given: Given) -> JsonObject:
    return {"timeline": cloud.ecs_events.timeline()}


def _holds(verb: str, *positional: str) -> Callable[[Controlled, Given], JsonObject]:
    """Make one of the fixture's assertions."""

    def call(cloud: Controlled, given: Given) -> JsonObject:
        params = given.pop("params", {})
        first = [given.pop(name) for name in positional]
        if "expected" in given:
            given["expected"] = [tuple(one) if isinstance(one, list) else one for one in given["expected"]]
        try:
            getattr(cloud.ecs_events, verb)(*first, **given, **params)
        except AssertionError as failed:
            return {"holds": False, "message": str(failed)}
        return {"holds": True, "message": ""}

    return call


_EVENT_ID: Final = Parameter("event_id", "the event's id", is_required=True)


# -- queues and receivers


def _queue(cloud: Controlled, given: Given) -> JsonObject:
    queue = cloud.ecs_events.queue(given.pop("name"), **given)
    return {"name": queue.name, "endpoint": queue.endpoint}


def _subscribe(cloud: Controlled, given: Given) -> JsonObject:
    url = given.pop("url")
    cloud.ecs_events.subscribe(url, **given)
    return {"url": url}


# -- the server


def _reset(cloud: Controlled, given: Given) -> JsonObject:
    cloud.reset()
    return _clock(cloud, given)


ROUTES: Final = (
    Route("GET", "/openapi.json", "openapi", "This document", "Document", lambda cloud, _: cloud.document()),
    Route("GET", "/now", "now", "Read the clock", "Clock", _clock),
    Route(
        "POST",
        "/advance",
        "advance",
        "Move time forward; what is due on the way happens in order",
        "Advanced",
        _advance,
        (
            Parameter("by", 'a duration, such as "2h"'),
            Parameter("to", "an instant: ISO 8601 text with a zone, or relative to now"),
            Parameter("next", "true: to the next transition of an event", FLAG),
        ),
    ),
    Route("GET", "/events", "events", "List events", "Events", _events, _EVENT_FILTERS),
    Route("GET", "/events/{event_id}", "event", "Read an event", "Event", _event),
    Route(
        "POST",
        "/events",
        "create",
        "Publish an event",
        "Event",
        _create,
        (
            Parameter("event_type", "`SystemMaintenance.Reboot`, ...", is_required=True),
            Parameter("instance_id", "the instance; one that is not declared is added", is_required=True),
            Parameter("not_before", "the planned time; default: 24 hours from now"),
            Parameter("simulated", "false for a real event, which acts on its instance", FLAG),
            Parameter("status", "the first status, where the type has a choice"),
            Parameter("reason", "`Reason`"),
            Parameter("outcome", 'the last status of a real event: "Executed" or "Failed"'),
            Parameter("executing_for", "how long it is Executing, a duration"),
            Parameter("disk_id", "the disk that it concerns"),
            Parameter("extended_attribute", "more members of `ExtendedAttribute`", OBJECT),
        ),
    ),
    Route("POST", "/events/{event_id}/cancel", "cancel", "Cancel a simulated event", "Event", _on_event("cancel")),
    Route("POST", "/events/{event_id}/accept", "accept", "Accept an Inquiring event", "Event", _on_event("accept")),
    Route(
        "POST",
        "/events/{event_id}/reschedule",
        "reschedule",
        "Change the NotBefore of a Scheduled event",
        "Event",
        _on_event("reschedule"),
        (Parameter("not_before", "the new planned time", is_required=True),),
    ),
    Route(
        "GET",
        "/instances",
        "instances",
        "List instances",
        "Instances",
        _instances,
        (Parameter("status", "`Running`, ..."), Parameter("region_id", "the region")),
    ),
    Route("GET", "/instances/{instance_id}", "instance", "Read an instance", "Instance", _instance),
    Route(
        "POST",
        "/instances",
        "add_instance",
        "Declare an instance; further members are its attributes in snake_case",
        "Instance",
        _add_instance,
        (
            Parameter("instance_id", "its id; default: a new one"),
            Parameter("region_id", "its region"),
            Parameter("status", '"Running" or "Stopped"'),
            Parameter("account_id", "its owner"),
            Parameter("tags", "its tags", OBJECT),
            Parameter("stopping_takes", "how long it is Stopping, a duration"),
            Parameter("starting_takes", "how long it is Starting, a duration"),
            Parameter("disks", "its disks besides the system disk", DISKS),
            Parameter("action_on_maintenance", '"AutoRecover", "Stop" or "AutoRedeploy"'),
        ),
        takes_more=True,
    ),
    Route(
        "POST",
        "/instances/{instance_id}/reboot",
        "reboot",
        "Reboot an instance",
        "Instance",
        _on_instance("reboot"),
        (Parameter("in_guest", "true: inside the operating system, which avoids no event", FLAG),),
    ),
    Route(
        "POST",
        "/instances/{instance_id}/guest",
        "guest",
        "Answer requests to the metadata service as inside this instance; the default is the only one",
        "Instance",
        _guest,
    ),
    *(
        Route("POST", f"/instances/{{instance_id}}/{verb}", verb, summary, "Instance", _on_instance(verb))
        for verb, summary in (
            ("redeploy", "Redeploy an instance"),
            ("interrupt", "Reclaim a preemptible instance"),
            ("stop", "Stop an instance"),
            ("start", "Start an instance"),
            ("renew", "Pay for an instance"),
            ("release", "Release an instance"),
        )
    ),
    Route(
        "GET",
        "/calls",
        "calls",
        "List the calls of APIs",
        "Calls",
        _calls,
        (Parameter("action", "`RebootInstance`, ..."), Parameter("product", "`Ecs`, ...")),
    ),
    Route("GET", "/faults", "faults", "List the declared faults, quotas and delays", "Faults", _faults),
    Route("DELETE", "/faults", "clear_faults", "Withdraw all faults, quotas and delays", "Faults", _clear_faults),
    Route(
        "POST",
        "/faults",
        "fail",
        "Make the next calls of an action fail",
        "Faults",
        _declare("fail", "action", "code"),
        (
            _ACTION,
            Parameter("code", "an error of the provider, or a fault of the network", is_required=True),
            Parameter("times", "how many calls fail; default 1", TIMES),
            _MESSAGE,
            _HTTP_STATUS,
            _BETWEEN,
            Parameter("probability", "the chance of each call to fail, above 0 and up to 1", NUMBER),
            Parameter("acted", "true: the call takes effect and only its response is lost", FLAG),
            Parameter("retry_after", "when the client may try again, a duration"),
            _PARAMS,
        ),
    ),
    Route(
        "POST",
        "/quotas",
        "quota",
        "Allow a number of calls of an action in each virtual minute; the rest fail",
        "Faults",
        _declare("quota", "action"),
        (
            _ACTION,
            Parameter("per_minute", "how many calls", WHOLE, is_required=True),
            Parameter("code", "the error of the rest; default: Throttling"),
            _MESSAGE,
            _HTTP_STATUS,
            _PARAMS,
        ),
    ),
    Route(
        "POST",
        "/delays",
        "delay",
        "Delay calls of an action before they take effect",
        "Faults",
        _declare("delay", "action", "by"),
        (
            _ACTION,
            Parameter("by", "a duration", is_required=True),
            Parameter("times", "how many calls; default: all", TIMES),
            _BETWEEN,
            _PARAMS,
        ),
    ),
    Route(
        "GET", "/notifications", "notifications", "List CloudMonitor's notifications", "Notifications", _notifications
    ),
    Route("GET", "/timeline", "timeline", "Tell the story so far", "Timeline", _timeline),
    Route(
        "POST",
        "/assertions/avoided",
        "assert_avoided",
        "Whether an event is Avoided; the message says why not",
        "Assertion",
        _holds("assert_avoided", "event_id"),
        (_EVENT_ID, Parameter("by", 'what must have avoided it: an action, or "reboot by the control API"')),
    ),
    Route(
        "POST",
        "/assertions/transitions",
        "assert_transitions",
        "Whether an event had exactly these statuses so far",
        "Assertion",
        _holds("assert_transitions", "event_id"),
        (_EVENT_ID, Parameter("expected", "statuses, or pairs of a status and its instant", STEPS, is_required=True)),
    ),
    Route(
        "POST",
        "/assertions/called",
        "assert_called",
        "Whether an action was called",
        "Assertion",
        _holds("assert_called", "action"),
        (
            Parameter("action", "`RebootInstance`, ...", is_required=True),
            Parameter("times", "exactly how often; default: at least once", WHOLE),
            _PARAMS,
        ),
    ),
    Route(
        "POST",
        "/assertions/not-called",
        "assert_not_called",
        "Whether an action was not called",
        "Assertion",
        _holds("assert_not_called", "action"),
        (Parameter("action", "`RebootInstance`, ...", is_required=True), _PARAMS),
    ),
    Route(
        "POST",
        "/queues",
        "queue",
        "Create a queue of Simple Message Queue that gets CloudMonitor's notifications",
        "Queue",
        _queue,
        (
            Parameter("name", "its name", is_required=True),
            Parameter("visibility_timeout", "seconds for which a received message is hidden", WHOLE),
            Parameter("polling_wait_seconds", "seconds for which a receiver waits by default", WHOLE),
            Parameter("rules_only", "true: only event rules send to it", FLAG),
        ),
    ),
    Route(
        "POST",
        "/subscriptions",
        "subscribe",
        "Send each notification from now on to a URL",
        "Subscription",
        _subscribe,
        (
            Parameter("url", "the webhook's URL", is_required=True),
            Parameter("method", '"POST JSON" (the default), "GET JSON", "POST FORM" or "GET FORM"'),
        ),
    ),
    Route("POST", "/reset", "reset", "Begin again, as after the start", "Clock", _reset),
)
"""All routes."""
