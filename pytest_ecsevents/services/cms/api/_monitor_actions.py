"""CloudMonitor's actions on notifications: history, counts, names, and a dry run."""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from pytest_ecsevents._words import did_you_mean
from pytest_ecsevents.rpc._action import Actions
from pytest_ecsevents.rpc._parameters import Parameter, UnusableValueError, choice, integer, text
from pytest_ecsevents.rpc._wire import Json, JsonObject
from pytest_ecsevents.services.cms._monitor import MonitorCall
from pytest_ecsevents.services.cms._names import EVENT_TYPES, LEVELS
from pytest_ecsevents.services.cms._notification import Notification
from pytest_ecsevents.services.cms.api import PACKAGE

ACTIONS: Final = Actions[MonitorCall](PACKAGE, unusable="ParameterInvalid", needs_region=False)

NotificationTest: TypeAlias = Callable[[Notification], bool]

# -- what the queries share

_DIGITS: Final = re.compile(r"[0-9]{1,15}")
_FEWEST_MILLISECONDS: Final = 10**11
"""The reference has milliseconds, the newer SDK seconds. A smaller number counts as seconds (a guess)."""


def _time(name: str) -> Parameter[int | None]:
    """A Unix time, in milliseconds; None when it is not sent."""

    def parse(raw: str) -> int:
        if not _DIGITS.fullmatch(raw):
            raise UnusableValueError(repr(raw), "It must be a Unix time in milliseconds or seconds.")
        value = int(raw)
        return value if value >= _FEWEST_MILLISECONDS else value * 1000

    return Parameter(name, "string", parse, None, note="Unix time in milliseconds, or in seconds if below 10^11")


def _in_any_case(name: str, allowed: tuple[str, ...]) -> Parameter[str]:
    """Text out of a fixed set in any case: the SDK's comments write levels in two ways."""
    strict = choice(name, allowed)
    folded = {value.lower(): value for value in allowed}
    return replace(
        strict, parse=lambda raw: strict.parse(folded.get(raw.lower(), raw)), note=f"{strict.note}, in any case"
    )


_PRODUCT: Final = text("Product", note="in any case; all notifications here are of ECS")
_EVENT_TYPE: Final = _in_any_case("EventType", EVENT_TYPES)
_NAME: Final = text("Name")
_LEVEL: Final = _in_any_case("Level", LEVELS)
_STATUS: Final = text("Status", note="in any case")
_GROUP: Final = text("GroupId", note="application groups are not faked: every instance is in 0")
_KEYWORDS: Final = text("SearchKeywords", note="in the content: a, a and b, a or b")
_START: Final = _time("StartTime")
_END: Final = _time("EndTime")

_FILTERS: Final = (_PRODUCT, _EVENT_TYPE, _NAME, _LEVEL, _STATUS, _GROUP, _KEYWORDS, _START, _END)

# Only from the first of several spaces on: from each of them, the time would be quadratic.
_OR: Final = re.compile(r"(?<!\s)\s+or\s+", re.IGNORECASE)
_AND: Final = re.compile(r"(?<!\s)\s+and\s+", re.IGNORECASE)


def _content_test(keywords: str) -> NotificationTest:
    """A test whether the content holds the words; `or` binds less than `and` (a guess)."""
    ways = [_AND.split(way) for way in _OR.split(keywords.strip())]
    return lambda notification: any(all(word in _content(notification) for word in words) for words in ways)


def _content(notification: Notification) -> str:
    """`Content` is the JSON text of the content (a guess: the only sample is of another product, and a list)."""
    return json.dumps(dict(notification.content), separators=(",", ":"), ensure_ascii=False)


def _same(value: str, of: Callable[[Notification], str]) -> NotificationTest:
    return lambda notification: of(notification).lower() == value.lower()


_TESTS: "Final[tuple[tuple[Parameter[str], Callable[[str], NotificationTest]], ...]]" = (
    (_PRODUCT, lambda value: _same(value, lambda notification: notification.product)),
    (_STATUS, lambda value: _same(value, lambda notification: notification.row.status)),
    (_EVENT_TYPE, lambda value: lambda notification: notification.row.event_type == value),
    (_NAME, lambda value: lambda notification: notification.name == value),
    (_LEVEL, lambda value: lambda notification: notification.row.level == value),
    (_GROUP, lambda value: lambda notification: notification.group_id == value),
    (_KEYWORDS, _content_test),
)


def _found(call: MonitorCall) -> list[Notification]:
    """The caller's notifications that pass the filters, in order; both ends of the range are included (a guess).

    Raises:
        ApiError: The range ends before it starts.
    """
    first, last = call[_START], call[_END]
    if first is not None and last is not None and last < first:
        raise call.invalid("EndTime", str(last), f"It must not lie before StartTime, which is {first}.")
    tests = [make(call[parameter]) for parameter, make in _TESTS if call[parameter]]
    return [
        notification
        for notification in call.monitor.notifications
        if notification.account_id == call.account_id
        and (first is None or first <= _milliseconds(notification))
        and (last is None or _milliseconds(notification) <= last)
        and all(test(notification) for test in tests)
    ]


def _milliseconds(notification: Notification) -> int:
    return notification.at_micros // 1000


def reply(body: JsonObject, *, success: "bool | str | None" = True, code: "int | str" = "200") -> JsonObject:
    """A reply with CloudMonitor's `Code` and `Success`.

    Args:
        body: The rest of the reply.
        success: `Success`: true, "true", or None to leave it out. It differs by action, as in the official models.
        code: `Code`, a text except for one action.
    """
    frame: JsonObject = {"Code": code} if success is None else {"Code": code, "Success": success}
    return {**frame, **body}


def _view(notification: Notification) -> JsonObject:
    return {
        "Content": _content(notification),
        "GroupId": notification.group_id,
        "InstanceName": notification.instance_name,
        "Level": notification.row.level,
        "Name": notification.name,
        "Product": notification.product,
        "RegionId": notification.region_id,
        "ResourceId": notification.arn,
        "Status": notification.row.status,
        "Time": _milliseconds(notification),
    }


_NOTES: Final = (
    "Notifications of all regions are found; RegionId has no effect.",
    "Without StartTime and EndTime all of the test are found; both ends are included.",
)

# -- DescribeSystemEventAttribute


def page_of(items: "Sequence[Any]", number: int, size: int) -> "Sequence[Any]":
    """The items of one page; one past the end is empty (a guess)."""
    return items[(number - 1) * size : number * size]


_PAGE_NUMBER: Final = integer("PageNumber", 1, least=1, most=100_000_000)
_PAGE_SIZE: Final = integer("PageSize", 10, least=1, most=100)


@ACTIONS.action(
    "DescribeSystemEventAttribute",
    *_FILTERS,
    _PAGE_NUMBER,
    _PAGE_SIZE,
    notes=(
        *_NOTES,
        "Newest first.",
        "Content is the JSON text of the content's object.",
        "Time is a number, as in the official model; samples print it as text.",
    ),
)
def _describe_events(call: MonitorCall) -> JsonObject:
    found = _found(call)[::-1]
    views: list[Json] = [
        {**_view(notification), "Id": notification.uuid.upper()}
        for notification in page_of(found, call[_PAGE_NUMBER], call[_PAGE_SIZE])
    ]
    return reply({"Message": "success", "SystemEvents": {"SystemEvent": views}}, success="true")


# -- DescribeSystemEventCount


@ACTIONS.action(
    "DescribeSystemEventCount",
    *_FILTERS,
    notes=(
        *_NOTES,
        "Those of one name, level and resource are counted together; Content and Time are the last one's.",
        "Num and Time are numbers, as in the official model; samples print them as text.",
    ),
)
def _describe_counts(call: MonitorCall) -> JsonObject:
    alike: dict[object, list[Notification]] = {}
    for one in _found(call):
        alike.setdefault((one.product, one.name, one.row.level, one.arn), []).append(one)
    views: list[Json] = [{**_view(those[-1]), "Num": len(those)} for those in alike.values()]
    return reply({"Message": "success", "SystemEventCounts": {"SystemEventCount": views}}, success="true")


# -- DescribeSystemEventHistogram

_SECOND: Final = 1000
_DAY: Final = 86_400 * _SECOND
_SPAN: Final = 900 * _SECOND
"""The default range of a histogram (that of the sample)."""
_INTERVALS: Final = tuple(
    seconds * _SECOND for seconds in (30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400)
)
_MOST_INTERVALS: Final = 30


@ACTIONS.action(
    "DescribeSystemEventHistogram",
    *_FILTERS,
    notes=(
        _NOTES[0],
        "Without a range it is that of the last 15 minutes, as in the sample; both ends are included.",
        "A range of 15 minutes has intervals of 30 seconds, as in the sample; a longer one has longer ones, 30 at most.",
    ),
)
def _describe_histogram(call: MonitorCall) -> JsonObject:
    times = [_milliseconds(notification) for notification in _found(call)]
    first, last = call[_START], call[_END]
    last = call.now // 1000 if last is None else last
    first = max(last - _SPAN, 0) if first is None else first
    views: list[Json] = [
        {"StartTime": start, "EndTime": end, "Count": sum(start <= at < end or at == end == last for at in times)}
        for start, end in _intervals(first, last)
    ]
    return reply({"Message": "success", "SystemEventHistograms": {"SystemEventHistogram": views}}, success="true")


def _intervals(first: int, last: int) -> "Iterable[tuple[int, int]]":
    """The intervals of a range, aligned to the clock; the first and the last are cut off (as in the sample)."""
    length = next((one for one in _INTERVALS if one * _MOST_INTERVALS >= last - first), 0)
    length = length or _DAY * -(-(last - first) // (_DAY * _MOST_INTERVALS))
    start = first
    while start < last:
        end = min(start - start % length + length, last)
        yield start, end
        start = end


# -- DescribeSystemEventMetaList


@ACTIONS.action(
    "DescribeSystemEventMetaList",
    notes=(
        "Names of ECS only, with those that the test adds.",
        "Descriptions repeat the name and the status.",
        "Code is a number, as in the official model; samples print it as text.",
    ),
)
def _describe_names(call: MonitorCall) -> JsonObject:
    views: list[Json] = [
        {
            "Product": "ECS",
            "EventType": row.event_type,
            "Name": row.name,
            "NameDesc": row.name,
            "NameDesc.En": row.name,
            "Level": row.level,
            "Status": row.status,
            "StatusDesc": row.status,
        }
        for row in call.monitor.names.values()
    ]
    return reply({"Message": "success", "Data": {"Resource": views}}, code=200)


# -- SendDryRunSystemEvent

_OF_PRODUCT: Final = replace(_PRODUCT, required=True, note="ecs, or another")
_EVENT_NAME: Final = text("EventName", required=True)
_OF_GROUP: Final = text("GroupId", note="the resource's application group, unless EventContent has one")


def _json_object(raw: str) -> "dict[str, Any]":
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise UnusableValueError(repr(raw), 'It must be a JSON object, such as {"product": "ECS"}.')
    return value


_EVENT_CONTENT: Final[Parameter["dict[str, Any]"]] = Parameter(
    "EventContent", "string", _json_object, {}, note="a JSON object: the notification's flat form"
)


@ACTIONS.action(
    "SendDryRunSystemEvent",
    _OF_PRODUCT,
    _EVENT_NAME,
    _OF_GROUP,
    _EVENT_CONTENT,
    notes=(
        "It goes to subscriptions and to the targets of matching rules, and is in no history.",
        "Values of EventContent take precedence over those of the name; content is empty by default.",
        "An unknown name is accepted.",
        "EventContent must be a JSON object.",
    ),
)
def _send_dry_run(call: MonitorCall) -> JsonObject:
    name = call[_EVENT_NAME]
    notification = call.monitor.send_dry_run(
        name,
        call[_OF_PRODUCT],
        {"groupId": call[_OF_GROUP], **call[_EVENT_CONTENT]},
        account_id=call.account_id,
        region_id=call.region_id,
        now=call.now,
    )
    if name not in call.monitor.names and notification.product == "ECS":
        call.hint = f"ECS has no notification {name!r}.{did_you_mean(name, call.monitor.names)}"
    return reply({"Message": "success"}, success="true")
