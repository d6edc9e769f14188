"""The life of a simulated event."""

import datetime as dt

from pytest_ecsevents.conformance._rules import rule, same
from pytest_ecsevents.conformance._subjects import NotTriedError, Subject, text_of

_ARTICLE = "Alibaba Cloud's article on simulated events"
_CREATE, _CANCEL = "reference of CreateSimulatedSystemEvents", "reference of CancelSimulatedSystemEvents"
_HISTORY, _FULL = "reference of DescribeInstanceHistoryEvents", "reference of DescribeInstancesFullStatus"

_SOON = 60
"""Seconds until the NotBefore of an event that a check waits for."""


@rule("A simulated event is Scheduled, with the NotBefore that was asked for", source=_ARTICLE)
def test_scheduled(subject: Subject) -> None:
    planned = subject.now() + dt.timedelta(seconds=86_400)
    event = subject.event(subject.create(), among=["Scheduled"])
    same("status", event["EventCycleStatus"]["Name"], "Scheduled")
    same("instance", event["InstanceId"], subject.instance_id)
    same("type", event["EventType"]["Name"], "SystemMaintenance.Reboot")
    shown = dt.datetime.strptime(event["NotBefore"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.timezone.utc)
    same("NotBefore is as asked for", abs((shown - planned).total_seconds()) < _SOON, expected=True)


@rule("A Scheduled event is in the full status of its instance", source=_FULL)
def test_full_status(subject: Subject) -> None:
    event_id = subject.create()
    reply = subject.call("DescribeInstancesFullStatus", InstanceId=[subject.instance_id])
    (instance,) = reply.body["InstanceFullStatusSet"]["InstanceFullStatusType"]
    listed = [event["EventId"] for event in instance["ScheduledSystemEventSet"]["ScheduledSystemEventType"]]
    same("the event is listed", event_id in listed, expected=True)


@rule("A canceled event is Canceled in the history", source=_CANCEL)
def test_canceled(subject: Subject) -> None:
    event_id = subject.create()
    same("reply", subject.cancel(event_id).refusal, (200, ""))
    same("status", subject.event(event_id, among=["Canceled"])["EventCycleStatus"]["Name"], "Canceled")


@rule("An event that has ended has EventFinishTime, a Scheduled one has none", source=_HISTORY)
def test_finish_time(subject: Subject) -> None:
    event_id = subject.create()
    same("while Scheduled", "EventFinishTime" in subject.event(event_id, among=["Scheduled"]), expected=False)
    subject.cancel(event_id)
    same("once Canceled", "EventFinishTime" in subject.event(event_id, among=["Canceled"]), expected=True)


@rule("At NotBefore an event becomes Executing, and then Executed", source=_ARTICLE)
def test_executed(subject: Subject) -> None:
    event_id = subject.create(within=_SOON)
    subject.wait_until(subject.now() + dt.timedelta(seconds=2 * _SOON))
    event = subject.event(event_id, among=["Executing", "Executed"])
    same("status", event["EventCycleStatus"]["Name"], "Executed")


@rule("An event is Executing for a second only", guess="how long an event is Executing")
def test_executing(subject: Subject) -> None:
    event_id = subject.create(within=_SOON)
    subject.wait_until(subject.now() + dt.timedelta(seconds=_SOON + 5))
    event = subject.event(event_id, among=["Scheduled", "Executing", "Executed"])
    same("status five seconds after NotBefore", event["EventCycleStatus"]["Name"], "Executed")


@rule("A reboot before NotBefore makes the event Avoided", source=_ARTICLE)
def test_avoided(subject: Subject) -> None:
    if not subject.may_reboot:
        raise NotTriedError("it reboots the instance; --ecs-live-reboot allows that")
    event_id = subject.create()
    same("reply", subject.call("RebootInstance", InstanceId=subject.instance_id).refusal, (200, ""))
    same("status", subject.event(event_id, among=["Scheduled", "Avoided"])["EventCycleStatus"]["Name"], "Avoided")


@rule("A simulated failure is Executing from the start", source="release notes of December 2020")
def test_failure(subject: Subject) -> None:
    event_id = subject.create("SystemFailure.Reboot")
    event = subject.event(event_id, among=["Scheduled", "Executing", "Executed"])
    same("not Scheduled", event["EventCycleStatus"]["Name"] != "Scheduled", expected=True)


@rule("NotBefore in the past is refused with 403 InvalidNotBefore.Passed", source=_CREATE)
def test_past(subject: Subject) -> None:
    reply = subject.call(
        "CreateSimulatedSystemEvents",
        EventType="SystemMaintenance.Reboot",
        NotBefore=text_of(subject.now() - dt.timedelta(hours=1)),
        InstanceId=[subject.instance_id],
    )
    same("reply", reply.refusal, (403, "InvalidNotBefore.Passed"))


@rule("A type that cannot be simulated is refused with 403 InvalidParameter", source=_CREATE)
def test_type(subject: Subject) -> None:
    reply = subject.call(
        "CreateSimulatedSystemEvents",
        EventType="InstanceExpiration.Stop",
        NotBefore=text_of(subject.now() + dt.timedelta(days=1)),
        InstanceId=[subject.instance_id],
    )
    same("reply", reply.refusal, (403, "InvalidParameter"))


@rule("An unknown instance is refused with 404 InvalidInstanceId.NotFound", source=_CREATE)
def test_unknown_instance(subject: Subject) -> None:
    reply = subject.call(
        "CreateSimulatedSystemEvents",
        EventType="SystemMaintenance.Reboot",
        NotBefore=text_of(subject.now() + dt.timedelta(days=1)),
        InstanceId=["i-0000000000000000000"],
    )
    same("reply", reply.refusal, (404, "InvalidInstanceId.NotFound"))


@rule("With one unknown instance among several, no event is created", guess="one bad id among good ones")
def test_all_or_nothing(subject: Subject) -> None:
    before = {event["EventId"] for event in subject.history("Scheduled", PageSize=100).events}
    reply = subject.call(
        "CreateSimulatedSystemEvents",
        EventType="SystemMaintenance.Reboot",
        NotBefore=text_of(subject.now() + dt.timedelta(days=1)),
        InstanceId=[subject.instance_id, "i-0000000000000000000"],
    )
    created = {event["EventId"] for event in subject.history("Scheduled", PageSize=100).events} - before
    subject.created.extend(created)
    same("reply and number of new events", (reply.code, len(created)), ("InvalidInstanceId.NotFound", 0))


@rule("An event that has ended cannot be canceled: InvalidEventId.NotFound", guess="cancelling an event that has ended")
def test_cancel_twice(subject: Subject) -> None:
    event_id = subject.create()
    subject.cancel(event_id)
    same("code", subject.cancel(event_id).code, "InvalidEventId.NotFound")


@rule("More than 100 ids are refused with EventIdLimitExceeded", source=_CANCEL)
def test_too_many(subject: Subject) -> None:
    same("code", subject.cancel(*(f"e-{number}" for number in range(101))).code, "EventIdLimitExceeded")
