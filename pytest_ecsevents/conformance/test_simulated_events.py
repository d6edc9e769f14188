"""The life of a simulated event."""

import datetime as dt
from typing import Final

from pytest_ecsevents.conformance._rules import reference, rule, same
from pytest_ecsevents.conformance._subjects import Subject, text_of
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, SIMULATED_TYPES

_ARTICLE: Final = "Alibaba Cloud's article on simulated events"
_ALL: Final = ("Scheduled", "Executing", "Executed", "Avoided", "Canceled")
_NOWHERE: Final = "i-0000000000000000000"

_SOON: Final = 60
"""Seconds until the NotBefore of an event that a check waits for."""

_DAY: Final = dt.timedelta(days=1)


@rule("A simulated event is Scheduled, with the NotBefore that was asked for", source=_ARTICLE)
def test_scheduled(subject: Subject) -> None:
    planned = subject.now() + _DAY
    event = subject.event(subject.create(), among=["Scheduled"])
    same("status", event["EventCycleStatus"]["Name"], "Scheduled")
    same("instance", event["InstanceId"], subject.instance_id)
    same("type", event["EventType"]["Name"], "SystemMaintenance.Reboot")
    shown = dt.datetime.strptime(event["NotBefore"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.timezone.utc)
    same("NotBefore is as asked for", abs((shown - planned).total_seconds()) < _SOON, expected=True)


@rule("Seven types can be simulated", source=reference("CreateSimulatedSystemEvents"))
def test_types(subject: Subject) -> None:
    not_before = text_of(subject.now() + _DAY)
    replies = {
        name: subject.call(
            "CreateSimulatedSystemEvents", EventType=name, NotBefore=not_before, InstanceId=[subject.instance_id]
        )
        for name in SIMULATED_TYPES
    }
    for reply in replies.values():
        subject.created.extend(reply.body.get("EventIdSet", {}).get("EventId", ()))
    refused = {name: reply.code for name, reply in replies.items() if reply.code}
    same("refused types", refused, {})


@rule("A Scheduled event is in the full status of its instance", source=reference("DescribeInstancesFullStatus"))
def test_full_status(subject: Subject) -> None:
    event_id = subject.create()
    reply = subject.call("DescribeInstancesFullStatus", InstanceId=[subject.instance_id])
    (instance,) = reply.body["InstanceFullStatusSet"]["InstanceFullStatusType"]
    listed = [event["EventId"] for event in instance["ScheduledSystemEventSet"]["ScheduledSystemEventType"]]
    same("the event is listed", event_id in listed, expected=True)


@rule("A canceled event is Canceled in the history", source=reference("CancelSimulatedSystemEvents"))
def test_canceled(subject: Subject) -> None:
    event_id = subject.create()
    same("reply", subject.cancel(event_id).refusal, (200, ""))
    same("status", subject.status_of(event_id, among=_ALL), "Canceled")


@rule("A simulated failure can be canceled while it is Executing", source=reference("CancelSimulatedSystemEvents"))
def test_failure_canceled(subject: Subject) -> None:
    event_id = subject.create("SystemFailure.Reboot")
    same("reply", subject.cancel(event_id).refusal, (200, ""))
    same("status", subject.status_of(event_id, among=_ALL), "Canceled")


@rule(
    "An event that has ended has EventFinishTime, a Scheduled one has none",
    source=reference("DescribeInstanceHistoryEvents"),
)
def test_finish_time(subject: Subject) -> None:
    event_id = subject.create()
    same("while Scheduled", "EventFinishTime" in subject.event(event_id, among=["Scheduled"]), expected=False)
    subject.cancel(event_id)
    same("once Canceled", "EventFinishTime" in subject.event(event_id, among=["Canceled"]), expected=True)


@rule("At NotBefore an event becomes Executing, and then Executed", source=_ARTICLE)
def test_executed(subject: Subject) -> None:
    event_id = subject.create(within=_SOON)
    subject.wait_until(subject.now() + dt.timedelta(seconds=2 * _SOON))
    same("status", subject.status_of(event_id, among=_ALL), "Executed")


@rule("An event is Executing for a second only", guess="executing-for")
def test_executing(subject: Subject) -> None:
    event_id = subject.create(within=_SOON)
    subject.wait_until(subject.now() + dt.timedelta(seconds=_SOON + 5))
    same("status five seconds after NotBefore", subject.status_of(event_id, among=_ALL), "Executed")


@rule("A reboot before NotBefore makes the event Avoided", source=_ARTICLE)
def test_avoided(subject: Subject) -> None:
    event_id = subject.create()
    same("reply", subject.reboot().refusal, (200, ""))
    same("status", subject.status_of(event_id, among=_ALL), "Avoided")


@rule("An instance is Running again as soon as its reboot is accepted", guess="operations-take-no-time")
def test_reboot_takes_no_time(subject: Subject) -> None:
    same("reply", subject.reboot().refusal, (200, ""))
    same("status of the instance", subject.instance_status(), "Running")


@rule("A simulated failure is Executing from the start", source="release notes of December 2020")
def test_failure(subject: Subject) -> None:
    event_id = subject.create("SystemFailure.Reboot")
    same("status", subject.status_of(event_id, among=_ALL), "Executing")


@rule("With one unknown instance among several, no event is created", guess="all-or-nothing")
def test_all_or_nothing(subject: Subject) -> None:
    before = {event["EventId"] for event in subject.history("Scheduled", PageSize=100).events}
    reply = subject.call(
        "CreateSimulatedSystemEvents",
        EventType="SystemMaintenance.Reboot",
        NotBefore=text_of(subject.now() + _DAY),
        InstanceId=[subject.instance_id, _NOWHERE],
    )
    created = {event["EventId"] for event in subject.history("Scheduled", PageSize=100).events} - before
    subject.created.extend(created)
    same("reply and number of new events", (reply.code, len(created)), ("InvalidInstanceId.NotFound", 0))


@rule("With one unknown event among several, no event is canceled", guess="all-or-nothing")
def test_cancel_all_or_nothing(subject: Subject) -> None:
    event_id = subject.create()
    reply = subject.cancel(event_id, "e-00000000000000000000")
    seen = (reply.code, subject.status_of(event_id, among=_ALL))
    same("reply and status", seen, ("InvalidEventId.NotFound", "Scheduled"))


@rule("An instance that a call names twice gets two events", guess="same-instance-twice")
def test_same_instance_twice(subject: Subject) -> None:
    event_ids = subject.create_on([subject.instance_id] * 2, "SystemMaintenance.Reboot", within=86_400)
    same("number of events", len(set(event_ids)), 2)


@rule("An event that has ended cannot be canceled: InvalidEventId.NotFound", guess="cancel-of-ended")
def test_cancel_twice(subject: Subject) -> None:
    event_id = subject.create()
    subject.cancel(event_id)
    same("code", subject.cancel(event_id).code, "InvalidEventId.NotFound")


@rule("NotBefore cannot become later than the time planned first: InvalidParameter", guess="modified-events")
def test_modified_later(subject: Subject) -> None:
    event_id = subject.create()
    reply = _modified(subject, event_id, subject.now() + 2 * _DAY)
    same("reply", reply, (403, "InvalidParameter"))


@rule("ModifySystemEventAttribute takes SystemMaintenance only: InvalidEventId.NotFound", guess="modified-events")
def test_modified_failure(subject: Subject) -> None:
    event_id = subject.create("SystemFailure.Reboot")
    reply = _modified(subject, event_id, subject.now() + _DAY / 2)
    same("reply", reply, (403, "InvalidEventId.NotFound"))


def _modified(subject: Subject, event_id: str, not_before: dt.datetime) -> "tuple[int, str]":
    return subject.call(
        "ModifySystemEventAttribute",
        InstanceId=subject.instance_id,
        EventId=event_id,
        NotBefore=text_of(not_before),
    ).refusal


@rule("The code of the type SystemMaintenance.Reboot is 1", source=reference("DescribeInstanceHistoryEvents"))
def test_code_of_reboot(subject: Subject) -> None:
    same("code", subject.event(subject.create(), among=["Scheduled"])["EventType"]["Code"], 1)


@rule("The types that can be simulated have the fake's codes", guess="numbers")
def test_codes_of_types(subject: Subject) -> None:
    event_ids = [subject.create(name) for name in SIMULATED_TYPES]
    events = subject.history("Scheduled", "Executing", EventId=event_ids, PageSize=100).events
    seen = {event["EventType"]["Name"]: event["EventType"]["Code"] for event in events}
    same("codes", seen, {name: EVENT_TYPES[name].code for name in SIMULATED_TYPES})


@rule("The code of the status Scheduled is 24", source=reference("DescribeInstanceHistoryEvents"))
def test_code_of_scheduled(subject: Subject) -> None:
    same("code", subject.event(subject.create(), among=["Scheduled"])["EventCycleStatus"]["Code"], 24)


@rule("The code of the status Canceled is 12", guess="numbers")
def test_code_of_canceled(subject: Subject) -> None:
    event_id = subject.create()
    subject.cancel(event_id)
    same("code", subject.event(event_id, among=["Canceled"])["EventCycleStatus"]["Code"], 12)


@rule("The code of the status Executing is 16", guess="numbers")
def test_code_of_executing(subject: Subject) -> None:
    event_id = subject.create("SystemFailure.Reboot")
    same("code", subject.event(event_id, among=_ALL)["EventCycleStatus"]["Code"], 16)
