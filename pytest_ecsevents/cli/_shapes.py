"""Events, instances, calls, faults and changes as the control API shows them, and the schemas of these objects."""

import datetime as dt
from typing import Any, Final, TypeAlias

from pytest_ecsevents.checks._faults import Rule
from pytest_ecsevents.clock._times import duration_text, from_micros
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.ecs._disks import Disk
from pytest_ecsevents.services.ecs._model import Instance, SystemEvent, Transition

Schema: TypeAlias = "dict[str, Any]"


def instant(when: dt.datetime) -> str:
    """`2030-01-01T00:00:00Z`, with a fraction only where there is one."""
    return when.replace(tzinfo=None).isoformat() + "Z"


def _instant_or_none(when: dt.datetime | None) -> str | None:
    return None if when is None else instant(when)


def transition_json(change: Transition) -> JsonObject:
    """A change of an event's status."""
    return {
        "event_id": change.record.event_id,
        "from": None if change.from_status is None else str(change.from_status),
        "to": str(change.to_status),
        "at": instant(change.at),
        "cause": change.cause,
    }


def event_json(event: SystemEvent) -> JsonObject:
    """An event with its history."""
    history: list[Json] = [transition_json(change) for change in event.history]
    return {
        "event_id": event.event_id,
        "event_type": event.event_type,
        "instance_id": event.instance_id,
        "disk_id": event.disk_id,
        "region_id": event.region_id,
        "account_id": event.account_id,
        "status": str(event.status),
        "simulated": event.simulated,
        "reason": event.reason,
        "outcome": str(event.outcome),
        "publish_time": instant(event.publish_time),
        "not_before": _instant_or_none(event.not_before),
        "finish_time": _instant_or_none(event.finish_time),
        "history": history,
    }


def _disk_json(disk: Disk) -> JsonObject:
    return {"disk_id": disk.disk_id, "device": disk.device, "category": disk.category, "type": disk.type}


def instance_json(instance: Instance) -> JsonObject:
    """An instance with what was declared of it."""
    attributes: JsonObject = {
        name: list(value) if isinstance(value, tuple) else value for name, value in instance.attributes.items()
    }
    return {
        "instance_id": instance.instance_id,
        "region_id": instance.region_id,
        "account_id": instance.account_id,
        "status": str(instance.status),
        "tags": dict(instance.tags),
        "attributes": attributes,
        "disks": [_disk_json(disk) for disk in instance.disks],
    }


def call_json(call: ApiCall) -> JsonObject:
    """A call as it was made, secrets masked, and what became of it."""
    return {
        "at": instant(call.at),
        "product": call.product,
        "version": call.version,
        "action": call.action,
        "region_id": call.region_id,
        "params": call.secrets.masked(dict(call.params)),
        "http_status": call.http_status,
        "code": call.code,
        "failure": call.failure,
        "lost": call.lost,
        "fault": call.fault,
        "hint": call.hint,
        "summary": call.summary,
        "took": duration_text(call.took_micros),
    }


def fault_json(rule: "Rule[Any]") -> JsonObject:
    """A fault, a quota or a delay that was declared."""
    between = rule.between
    return {
        "calls": str(rule.calls),
        "name": rule.name,
        "times": rule.times,
        "met": rule.met,
        "is_over": rule.is_over,
        "between": None if between is None else [instant(from_micros(at)) for at in between],
    }


# -- schemas, as OpenAPI 3.1 has them

_TEXT: Final[Schema] = {"type": "string"}
_FLAG: Final[Schema] = {"type": "boolean"}
_INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
_OBJECT: Final[Schema] = {"type": "object"}


def _or_null(schema: Schema) -> Schema:
    return {**schema, "type": [schema["type"], "null"]}


def _object(**members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def refer(name: str) -> Schema:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


SCHEMAS: Final[dict[str, Schema]] = {
    "Transition": {
        "type": "object",
        "properties": {
            "event_id": _TEXT,
            "from": _or_null(_TEXT),
            "to": _TEXT,
            "at": _INSTANT,
            "cause": _TEXT,
        },
        "required": ["event_id", "from", "to", "at", "cause"],
        "additionalProperties": False,
    },
    "Event": _object(
        event_id=_TEXT,
        event_type=_TEXT,
        instance_id=_TEXT,
        disk_id=_or_null(_TEXT),
        region_id=_TEXT,
        account_id=_TEXT,
        status=_TEXT,
        simulated=_FLAG,
        reason=_or_null(_TEXT),
        outcome=_TEXT,
        publish_time=_INSTANT,
        not_before=_or_null(_INSTANT),
        finish_time=_or_null(_INSTANT),
        history=_list_of(refer("Transition")),
    ),
    "Instance": _object(
        instance_id=_TEXT,
        region_id=_TEXT,
        account_id=_TEXT,
        status=_TEXT,
        tags={"type": "object", "additionalProperties": _TEXT},
        attributes=_OBJECT,
        disks=_list_of(_object(disk_id=_TEXT, device=_TEXT, category=_TEXT, type=_TEXT)),
    ),
    "Call": _object(
        at=_INSTANT,
        product=_TEXT,
        version=_TEXT,
        action=_TEXT,
        region_id=_TEXT,
        params=_OBJECT,
        http_status={"type": ["integer", "null"]},
        code=_or_null(_TEXT),
        failure=_TEXT,
        lost=_TEXT,
        fault=_FLAG,
        hint=_TEXT,
        summary=_TEXT,
        took=_TEXT,
    ),
    "Fault": _object(
        calls=_TEXT,
        name=_TEXT,
        times={"type": ["integer", "null"]},
        met={"type": "integer"},
        is_over=_FLAG,
        between={"type": ["array", "null"], "items": _INSTANT},
    ),
    "Clock": _object(
        now=_INSTANT,
        started_at=_INSTANT,
        next_due=_or_null(_INSTANT),
        speed={"type": "number"},
    ),
    "Advanced": _object(now=_INSTANT, transitions=_list_of(refer("Transition"))),
    "Events": _object(events=_list_of(refer("Event"))),
    "Instances": _object(instances=_list_of(refer("Instance"))),
    "Calls": _object(calls=_list_of(refer("Call"))),
    "Faults": _object(faults=_list_of(refer("Fault"))),
    "Notifications": _object(notifications=_list_of(_OBJECT)),
    "Timeline": _object(timeline=_TEXT),
    "Queue": _object(name=_TEXT, endpoint=_TEXT),
    "Subscription": _object(url=_TEXT),
    "Assertion": _object(holds=_FLAG, message=_TEXT),
    "Document": _OBJECT,
    "Problem": _object(error=_object(type=_TEXT, message=_TEXT, manual=_TEXT)),
}
"""The objects in replies and errors, by name."""
