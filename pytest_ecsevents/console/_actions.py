"""What the forms of the console do.

What the real console does goes through the same API, and is refused in its words. What only a fake has, such as moving the
clock, is a method of `EcsEvents`, and is refused as there.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import listed
from pytest_ecsevents.clock._times import instant_text, parse_when
from pytest_ecsevents.console import _api
from pytest_ecsevents.console._cloud import Form, Shown
from pytest_ecsevents.console._rows import fault_rules

__tracebackhide__ = hidden_in_reports

Fields: TypeAlias = Mapping[str, list[str]]
"""The filled-in fields of a form; a field may come several times."""


class Deed(NamedTuple):
    """What the form of one path does.

    Attributes:
        act: Does it; returns a sentence about it.
        page: The path of the page that has the form.
    """

    act: Callable[[Shown, str, Form, Fields], str]
    page: str


# -- events


def _simulate(shown: Shown, _subject: str, form: Form, fields: Fields) -> str:
    instance_ids = fields.get("instance_id", [])
    if not instance_ids:  # the API's refusal does not name the parameter
        raise BadArgumentError("No instance is chosen. Check at least one under Instances.")
    instances = [shown.parts.cloud.instances.get(one) for one in instance_ids]
    regions = sorted({instance.region_id for instance in instances})
    if len(regions) > 1:
        raise BadArgumentError(
            f"The instances are in {listed(regions)}, but one request is for one region. Choose those of one region."
        )
    reply: dict[str, Any] = _api.call(
        shown.parts,
        "CreateSimulatedSystemEvents",
        instances[0].account_id,
        regions[0],
        EventType=form.get("event_type", ""),
        NotBefore=form.get("not_before", ""),
        **_api.numbered("InstanceId", instance_ids),
        **({"TriggerRealOps": "true"} if "real_ops" in form else {}),
    )
    return f"Created {listed(reply['EventIdSet']['EventId'], most=3)}."


def _publish(shown: Shown, _subject: str, form: Form, _fields: Fields) -> str:
    given = {name: form[name] for name in ("not_before", "status", "reason") if name in form}
    for name in ("event_type", "instance_id"):
        if name not in form:
            raise BadArgumentError(f"{name} is empty. Fill it in.")
    shown.verbs.create(form["event_type"], form["instance_id"], simulated=False, **given)
    return f"Published a real event of type {form['event_type']} on {form['instance_id']}."


def _on_event(shown: Shown, subject: str, form: Form, _fields: Fields) -> str:
    event = shown.parts.cloud.events.get(subject)
    action, param, sentence = _EVENT_ACTIONS.get(form.get("do", ""), ("", "", ""))
    if form.get("do") == "renew":
        shown.verbs.renew(event.instance_id)
        return f"Renewed {event.instance_id}. {subject} is {event.status.value}."
    if not action:
        raise BadArgumentError(f"There is no action {form.get('do', '')!r} on an event.")
    params = {param: subject if "Event" in param else event.instance_id}
    if action == "ModifySystemEventAttribute":
        # What the API takes is absolute; the field takes a relative instant too.
        at = parse_when(form.get("not_before", ""), "The new time", shown.parts.cloud.settled())
        params |= {"InstanceId": event.instance_id, "NotBefore": instant_text(at)}
    _api.call(shown.parts, action, event.account_id, event.region_id, **params)
    return f"{sentence.format(event=subject, instance=event.instance_id)} {subject} is {event.status.value}."


_EVENT_ACTIONS: Final = {
    "reboot": ("RebootInstance", "InstanceId", "Restarted {instance}."),
    "redeploy": ("RedeployInstance", "InstanceId", "Redeployed {instance}."),
    "accept": ("AcceptInquiredSystemEvent", "EventId", "Accepted {event}."),
    "cancel": ("CancelSimulatedSystemEvents", "EventId_1", "Canceled {event}."),
    "reschedule": ("ModifySystemEventAttribute", "EventId", "Changed the time of {event}."),
}


# -- instances


def _add_instance(shown: Shown, _subject: str, form: Form, _fields: Fields) -> str:
    names = ("region_id", "status", "instance_name", "spot_strategy")
    given = {name: form[name] for name in names if name in form}
    added = shown.verbs.instances.add(form.get("instance_id"), **given)
    return f"Added {getattr(added, 'instance_id', '')}."


def _on_instance(shown: Shown, subject: str, form: Form, _fields: Fields) -> str:
    instance = shown.parts.cloud.instances.get(subject)
    do = form.get("do", "")
    if do == "interrupt":
        shown.verbs.interrupt(subject)
        return f"{subject} is being reclaimed; in five minutes it is."
    if do not in _INSTANCE_ACTIONS:
        raise BadArgumentError(f"There is no action {do!r} on an instance.")
    action, word = _INSTANCE_ACTIONS[do]
    force = {"Force": "true"} if do == "release" else {}
    _api.call(shown.parts, action, instance.account_id, instance.region_id, InstanceId=subject, **force)
    return f"{word} {subject}."


_INSTANCE_ACTIONS: Final = {
    "start": ("StartInstance", "Started"),
    "stop": ("StopInstance", "Stopped"),
    "reboot": ("RebootInstance", "Restarted"),
    "release": ("DeleteInstance", "Released"),
}


# -- time and faults


def _advance(shown: Shown, _subject: str, form: Form, _fields: Fields) -> str:
    do = form.get("do", "by")
    if do == "next":
        due = shown.parts.clock.next_due()
        moved = shown.verbs.advance_to_next()
        if due is None:
            return "Nothing is due."
    elif do == "to":
        moved = shown.verbs.advance_to(form.get("to", ""))
    else:
        moved = shown.verbs.advance(form.get("by", ""))
    steps = [f"{change.record.event_id} became {change.to_status.value}" for change in moved]
    what = f" {listed(steps, most=3)}." if steps else ""
    return f"It is {instant_text(shown.parts.cloud.settled())}.{what}"


def _reset(shown: Shown, _subject: str, _form: Form, _fields: Fields) -> str:
    if shown.reset is None:
        raise BadArgumentError("The cloud of a test cannot begin again. Run the test again.")
    shown.reset()
    return "The cloud has begun again."


def _fail(shown: Shown, _subject: str, form: Form, _fields: Fields) -> str:
    times = form.get("times", "1")
    if times != "all" and not (times.isascii() and times.isdigit() and len(times) < 10):
        raise BadArgumentError(f'times is {times!r}. Pass a whole number of 1 or more, or "all".')
    params = {"InstanceId": form["instance_id"]} if "instance_id" in form else {}
    shown.verbs.fail(
        form.get("action", ""),
        form.get("code", ""),
        times=None if times == "all" else int(times),
        optional=True,
        **params,
    )
    return f"{form.get('action', '')} will fail with {form.get('code', '')}."


def _withdraw(shown: Shown, _subject: str, _form: Form, _fields: Fields) -> str:
    for rules in fault_rules(shown.parts):
        rules.rules.clear()
    return "Withdrew all faults, quotas and delays."


# -- queues and receivers


def _add_queue(shown: Shown, _subject: str, form: Form, _fields: Fields) -> str:
    shown.verbs.queue(form.get("name", ""))
    return f"The queue {form.get('name', '')} gets each notification from now on."


def _subscribe(shown: Shown, _subject: str, form: Form, _fields: Fields) -> str:
    shown.verbs.subscribe(form.get("url", ""))
    return f"{form.get('url', '')} gets each notification from now on."


DEEDS: Final[Mapping[str, Deed]] = {
    "/events/": Deed(_on_event, "/events"),
    "/simulate": Deed(_simulate, "/events"),
    "/publish": Deed(_publish, "/events"),
    "/instances": Deed(_add_instance, "/instances"),
    "/instances/": Deed(_on_instance, "/instances"),
    "/clock": Deed(_advance, "/clock"),
    "/reset": Deed(_reset, "/clock"),
    "/faults": Deed(_fail, "/faults"),
    "/faults/withdraw": Deed(_withdraw, "/faults"),
    "/queues": Deed(_add_queue, "/queues"),
    "/subscriptions": Deed(_subscribe, "/queues"),
}
"""What the forms do, by path below `/console`; one that ends with a slash is followed by a subject."""
