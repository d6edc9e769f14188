"""CloudMonitor: the notifications that it lists, and event rules. The rules are disabled, and have no real targets."""

import datetime as dt
import json
from typing import Any, Final

from pytest_ecsevents.conformance._rules import rule, same
from pytest_ecsevents.conformance._subjects import NotTriedError, Subject
from pytest_ecsevents.services.cms._names import PUBLISHED, by_grammar
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, EventStatus

_A_MOMENT: Final = dt.timedelta(seconds=2)
_HOUR: Final = 3_600
_MINUTES: Final = 60_000
_PATTERN: Final = {"EventPattern.1.Product": "ecs", "EventPattern.1.NameList.1": "Instance:StateChange"}


def _contents(listed: "list[dict[str, Any]]") -> "list[dict[str, Any]]":
    return [json.loads(one["Content"]) for one in listed]


@rule("Content is the JSON text of the notification's content", guess="listed-notifications")
def test_contents(subject: Subject) -> None:
    subject.create()
    contents = _contents(subject.notifications(SearchKeywords=subject.instance_id))
    same("kinds of Content", {type(content).__name__ for content in contents}, {"dict"})


@rule("The newest notification comes first", guess="listed-notifications")
def test_newest_first(subject: Subject) -> None:
    event_id = subject.create()
    subject.wait_until(subject.now() + _A_MOMENT)
    subject.cancel(event_id)
    times = [int(one["Time"]) for one in subject.notifications()]
    same("times", times, sorted(times, reverse=True))
    last = json.loads(subject.notifications(SearchKeywords=subject.instance_id)[0]["Content"])
    same("status of the newest", last.get("eventStatus"), "Canceled")


@rule("Times below 10^11 are seconds, others milliseconds", guess="times-of-cloudmonitor")
def test_times(subject: Subject) -> None:
    subject.create()
    end = int(subject.now().timestamp()) + _HOUR
    in_seconds = subject.notifications(StartTime=end - 2 * _HOUR, EndTime=end)
    in_milliseconds = subject.notifications(StartTime=(end - 2 * _HOUR) * 1000, EndTime=end * 1000)
    same("notifications", in_seconds, in_milliseconds)


@rule("`or` binds less than `and` in SearchKeywords", guess="search-keywords")
def test_keywords(subject: Subject) -> None:
    subject.create()
    subject.notifications(SearchKeywords=subject.instance_id)
    words = f"{subject.instance_id} or no-such-word and no-such-word-either"
    reply = subject.call("DescribeSystemEventAttribute", Product="ECS", SearchKeywords=words)
    same("something is listed", bool(reply.body["SystemEvents"]["SystemEvent"]), expected=True)


@rule("Notifications of one name, level and resource are counted together", guess="counts-of-notifications")
def test_counts(subject: Subject) -> None:
    subject.create()
    subject.create()
    subject.notifications()
    reply = subject.call("DescribeSystemEventCount", Product="ECS")
    rows = [
        (one["Name"], one["Level"], one["ResourceId"]) for one in reply.body["SystemEventCounts"]["SystemEventCount"]
    ]
    same("rows without repetition", len(rows), len(set(rows)))


@rule("A histogram of an hour has intervals of two minutes", guess="histogram-intervals")
def test_histogram(subject: Subject) -> None:
    end = int(subject.now().timestamp()) // _HOUR * _HOUR
    reply = subject.call(
        "DescribeSystemEventHistogram", Product="ECS", StartTime=(end - _HOUR) * 1000, EndTime=end * 1000
    )
    found = reply.body["SystemEventHistograms"]["SystemEventHistogram"]
    lengths = {(int(one["EndTime"]) - int(one["StartTime"])) / _MINUTES for one in found}
    same("lengths in minutes", lengths, {2})


@rule("Names that no published table has are CRITICAL", guess="names-by-grammar")
def test_levels(subject: Subject) -> None:
    reply = subject.call("DescribeSystemEventMetaList")
    levels = {one["Name"]: one["Level"] for one in reply.body["Data"]["Resource"] if one["Product"] == "ECS"}
    names = [
        by_grammar("Instance", row.name, status).name
        for row in EVENT_TYPES.values()
        if not row.is_of_disk
        for status in EventStatus
    ]
    seen = {name: levels[name] for name in names if name in levels and name not in PUBLISHED}
    if not seen:
        raise NotTriedError("the list has no such name")
    same("levels", set(seen.values()), {"CRITICAL"})


@rule("Without IsEnable disabled rules are listed, too", guess="listed-rules")
def test_disabled_rules(subject: Subject) -> None:
    with subject.rule() as name:
        reply = subject.call("DescribeEventRuleList", NamePrefix=name)
    same("names", [one["Name"] for one in reply.body["EventRules"]["EventRule"]], [name])


@rule("The patterns of a listed rule are an array, beside the members of the first one", guess="listed-patterns")
def test_listed_patterns(subject: Subject) -> None:
    with subject.rule() as name:
        reply = subject.call("DescribeEventRuleList", NamePrefix=name, IsEnable="false")
    (found,) = reply.body["EventRules"]["EventRule"]
    pattern = found["EventPattern"]
    kinds = (type(pattern.get("EventPattern")).__name__, type(pattern.get("Product")).__name__)
    same("kinds of EventPattern and Product", kinds, ("list", "str"))


@rule("PutEventRule keeps what it does not say of a rule", guess="changed-rules")
def test_changed_rule(subject: Subject) -> None:
    with subject.rule(Description="kept") as name:
        subject.call("PutEventRule", _PATTERN, RuleName=name)
        shown = subject.call("DescribeEventRuleAttribute", RuleName=name).body["Result"]
    same("state and description", (shown["State"], shown.get("Description")), ("DISABLED", "kept"))


@rule("With one unknown rule among several, no rule is deleted", guess="unknown-rules")
def test_unknown_rule(subject: Subject) -> None:
    with subject.rule() as name:
        reply = subject.call("DeleteEventRules", RuleNames=[name, f"{name}-unknown"])
        left = subject.call("DescribeEventRuleAttribute", RuleName=name)
    same("code, and status of the other rule", (reply.code, left.status), ("ResourceNotFound", 200))


@rule("A target without its address fails, and Success is true", guess="incomplete-targets")
def test_incomplete_target(subject: Subject) -> None:
    with subject.rule() as name:
        target = {"MnsParameters.1.Id": "1", "MnsParameters.1.Region": subject.region_id}
        reply = subject.call("PutEventRuleTargets", target, RuleName=name)
    seen = (reply.status, reply.body.get("Success"), reply.body.get("FailedParameterCount"))
    same("status, Success and FailedParameterCount", seen, (200, True, "1"))
