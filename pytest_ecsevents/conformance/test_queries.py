"""What the queries of events and instances answer, and which endpoints answer them."""

import datetime as dt
from typing import Final

from pytest_ecsevents.conformance._rules import reference, rule, same
from pytest_ecsevents.conformance._subjects import NotTriedError, Subject
from pytest_ecsevents.services.ecs._endpoints import served_by

_CENTRAL: Final = "ecs.aliyuncs.com"
_REGIONS: Final = ("cn-hangzhou", "cn-beijing", "cn-heyuan", "ap-southeast-1", "eu-central-1", "us-west-1")
_A_MOMENT: Final = dt.timedelta(seconds=2)
"""Events that are published in different seconds."""


@rule(
    "Without statuses the history has what has ended, and nothing that is Scheduled", guess="history-without-statuses"
)
def test_without_statuses(subject: Subject) -> None:
    pending, ended = subject.create(), subject.create()
    subject.cancel(ended)
    listed = [event["EventId"] for event in subject.history(EventId=[pending, ended]).events]
    same("what is listed", {pending: "Scheduled", ended: "Canceled"}.keys() & set(listed), {ended})


@rule("TotalCount of the history counts what is listed", guess="history-without-statuses")
def test_total_count(subject: Subject) -> None:
    subject.create()
    reply = subject.history("Scheduled", PageSize=100)
    same("TotalCount", reply.body["TotalCount"], len(reply.events))


@rule("The newest event comes first", guess="order-and-pages")
def test_order(subject: Subject) -> None:
    first = subject.create()
    subject.wait_until(subject.now() + _A_MOMENT)
    second = subject.create()
    listed = [event["EventId"] for event in subject.history("Scheduled", EventId=[first, second]).events]
    same("order", listed, [second, first])


@rule("A page past the end is empty, and has the whole TotalCount", guess="order-and-pages")
def test_past_the_end(subject: Subject) -> None:
    event_id = subject.create()
    reply = subject.history("Scheduled", EventId=[event_id], PageNumber=2)
    same("events and TotalCount", (len(reply.events), reply.body["TotalCount"]), (0, 1))


@rule("The ends of a range of NotBefore are included", guess="order-and-pages")
def test_range(subject: Subject) -> None:
    event_id = subject.create()
    at = subject.event(event_id, among=["Scheduled"])["NotBefore"]
    reply = subject.history("Scheduled", EventId=[event_id], **{"NotBefore.Start": at, "NotBefore.End": at})
    same("number of events", len(reply.events), 1)


@rule("MaxResults below 10 counts as 10", source=reference("DescribeInstanceHistoryEvents"))
def test_max_results(subject: Subject) -> None:
    for _ in range(2):
        subject.create()
    same("both events are listed", len(subject.history("Scheduled", MaxResults=1).events) >= len("ab"), expected=True)


@rule("With an event filter, instances without such an event are left out", guess="full-status-with-filters")
def test_full_status_filter(subject: Subject) -> None:
    subject.create("SystemMaintenance.Reboot")
    reply = subject.call(
        "DescribeInstancesFullStatus", InstanceId=[subject.instance_id], EventType="SystemFailure.Delete"
    )
    same("number of instances", reply.body["TotalCount"], 0)


@rule("The first page of DescribeInstances has NextToken 0, too", guess="next-token-zero")
def test_next_token_zero(subject: Subject) -> None:
    reply = subject.call("DescribeInstances", InstanceIds=f'["{subject.instance_id}"]', MaxResults=10, NextToken="0")
    same("reply", reply.refusal, (200, ""))
    listed = [instance["InstanceId"] for instance in reply.body["Instances"]["Instance"]]
    same("instances", listed, [subject.instance_id])


@rule("Each instance shows DedicatedHostAttribute and EcsCapacityReservationAttr", source="captured replies")
def test_objects_of_instances(subject: Subject) -> None:
    reply = subject.call("DescribeInstances", InstanceIds=f'["{subject.instance_id}"]')
    (instance,) = reply.body["Instances"]["Instance"]
    missing = {"DedicatedHostAttribute", "EcsCapacityReservationAttr"} - set(instance)
    same("missing members", missing, set())


# -- endpoints


def _other_region(subject: Subject) -> str:
    return "eu-central-1" if subject.region_id != "eu-central-1" else "ap-southeast-1"


def _check_regional(subject: Subject) -> None:
    if not subject.is_regional:
        raise NotTriedError("the endpoint is no regional one")


@rule(
    "An endpoint refuses a region that it does not serve with 404 InvalidOperation.NotSupportedEndpoint",
    source="replies printed in public programs",
)
def test_endpoint(subject: Subject) -> None:
    _check_regional(subject)
    reply = subject.history("Scheduled", RegionId=_other_region(subject))
    same("reply", reply.refusal, (404, "InvalidOperation.NotSupportedEndpoint"))


@rule("The central endpoint serves the regions that a map of either SDK sends there", guess="central-endpoints")
def test_central_endpoint(subject: Subject) -> None:
    _check_regional(subject)
    known = served_by(_CENTRAL)
    assert known is not None
    replies = {name: subject.call("DescribeInstanceStatus", host=_CENTRAL, RegionId=name) for name in _REGIONS}
    served = {name for name, reply in replies.items() if reply.code != "InvalidOperation.NotSupportedEndpoint"}
    same("regions", served, known.regions & set(_REGIONS))


@rule("Without RegionId the central endpoint finds the instance in its region", guess="call-without-region")
def test_without_region(subject: Subject) -> None:
    _check_regional(subject)
    reply = subject.call("DescribeInstanceAttribute", host=_CENTRAL, RegionId=None, InstanceId=subject.instance_id)
    same("reply", reply.refusal, (200, ""))
