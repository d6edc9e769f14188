"""What the queries of events answer."""

import datetime as dt

from pytest_ecsevents.conformance._rules import rule, same
from pytest_ecsevents.conformance._subjects import NotTriedError, Subject

_HISTORY, _FULL = "reference of DescribeInstanceHistoryEvents", "reference of DescribeInstancesFullStatus"
_DISPUTED = "history without a status filter: the reference and a note by staff disagree"
_ORDER = "order, ends of ranges, a page past the end"
_NUMBERS = "numbers of the statuses Executing, Canceled and Failed, and of most event types"

_A_MOMENT = dt.timedelta(seconds=2)
"""Events that are published in different seconds."""


@rule("Without statuses the history has what has ended, and nothing that is Scheduled", guess=_DISPUTED)
def test_without_statuses(subject: Subject) -> None:
    pending, ended = subject.create(), subject.create()
    subject.cancel(ended)
    listed = [event["EventId"] for event in subject.history(EventId=[pending, ended]).events]
    same("what is listed", {pending: "Scheduled", ended: "Canceled"}.keys() & set(listed), {ended})


@rule("TotalCount of the history counts what is listed", guess=_DISPUTED)
def test_total_count(subject: Subject) -> None:
    subject.create()
    reply = subject.history("Scheduled", PageSize=100)
    same("TotalCount", reply.body["TotalCount"], len(reply.events))


@rule("The newest event comes first", guess=_ORDER)
def test_order(subject: Subject) -> None:
    first = subject.create()
    subject.wait_until(subject.now() + _A_MOMENT)
    second = subject.create()
    listed = [event["EventId"] for event in subject.history("Scheduled", EventId=[first, second]).events]
    same("order", listed, [second, first])


@rule("A page past the end is empty, and has the whole TotalCount", guess=_ORDER)
def test_past_the_end(subject: Subject) -> None:
    event_id = subject.create()
    reply = subject.history("Scheduled", EventId=[event_id], PageNumber=2)
    same("events and TotalCount", (len(reply.events), reply.body["TotalCount"]), (0, 1))


@rule("The ends of a range of NotBefore are included", guess=_ORDER)
def test_range(subject: Subject) -> None:
    event_id = subject.create()
    at = subject.event(event_id, among=["Scheduled"])["NotBefore"]
    reply = subject.history("Scheduled", EventId=[event_id], **{"NotBefore.Start": at, "NotBefore.End": at})
    same("number of events", len(reply.events), 1)


@rule("MaxResults below 10 counts as 10", source=_HISTORY)
def test_max_results(subject: Subject) -> None:
    for _ in range(2):
        subject.create()
    same("both events are listed", len(subject.history("Scheduled", MaxResults=1).events) >= len("ab"), expected=True)


@rule("With an event filter, instances without such an event are left out", guess="full status with event filters")
def test_full_status_filter(subject: Subject) -> None:
    subject.create("SystemMaintenance.Reboot")
    reply = subject.call(
        "DescribeInstancesFullStatus", InstanceId=[subject.instance_id], EventType="SystemFailure.Delete"
    )
    same("number of instances", reply.body["TotalCount"], 0)


@rule("The code of the status Scheduled is 24", source=_HISTORY)
def test_code_of_scheduled(subject: Subject) -> None:
    same("code", subject.event(subject.create(), among=["Scheduled"])["EventCycleStatus"]["Code"], 24)


@rule("The code of the status Canceled is 12", guess=_NUMBERS)
def test_code_of_canceled(subject: Subject) -> None:
    event_id = subject.create()
    subject.cancel(event_id)
    same("code", subject.event(event_id, among=["Canceled"])["EventCycleStatus"]["Code"], 12)


@rule("ImpactLevel is refused with OperationDenied.NotInWhiteList", source=_HISTORY)
def test_impact_level(subject: Subject) -> None:
    same("code", subject.history("Scheduled", ImpactLevel="Critical").code, "OperationDenied.NotInWhiteList")


@rule("An unknown region is refused with 404 InvalidRegionId.NotFound", source="common errors")
def test_unknown_region(subject: Subject) -> None:
    same("reply", subject.history("Scheduled", RegionId="cn-nowhere").refusal, (404, "InvalidRegionId.NotFound"))


@rule(
    "An endpoint refuses a region that it does not serve with 404 InvalidOperation.NotSupportedEndpoint",
    source="replies printed in public programs",
)
def test_endpoint(subject: Subject) -> None:
    if not subject.is_regional:
        raise NotTriedError("the endpoint is no regional one")
    other = "eu-central-1" if subject.region_id != "eu-central-1" else "ap-southeast-1"
    reply = subject.history("Scheduled", RegionId=other)
    same("reply", reply.refusal, (404, "InvalidOperation.NotSupportedEndpoint"))
