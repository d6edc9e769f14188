"""For any bytes, the reply is one that the service could send, and the cloud stays consistent."""

import dataclasses
import datetime as dt
import json
import re
import signal
import string
from collections import Counter
from contextlib import contextmanager
from urllib.parse import quote_plus
from xml.etree import ElementTree as ET

import pytest
from hypothesis import event, example, given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from pytest_ecsevents import EcsEvents, UnexpectedCallError
from pytest_ecsevents.rpc._error_tables import COMMON
from pytest_ecsevents.rpc._wire import ApiRequest
from pytest_ecsevents.services._products import ACTIONS, ECS, PRODUCTS
from pytest_ecsevents.services.ecs._attributes import ATTRIBUTES
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, FINAL, SIMULATED_TYPES, EventStatus, InstanceStatus
from pytest_ecsevents.transports._routing import decode_api_request

pytestmark = pytest.mark.filterwarnings("ignore::pytest_ecsevents.UnknownParameterWarning")

PRODUCT_OF = {name: product for product in PRODUCTS.values() for name in product.actions}
BY_HOST = {word: product for product in PRODUCTS.values() for word in product.hosts}
VERSION = ECS.version
START = "2030-01-01T00:00:00Z"
LIMIT = 12
LONGEST = 20

ERROR_KEYS = {"RequestId", "HostId", "Code", "Message", "Recommend"}
REQUEST_ID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}")

# The documented members of a reply beside its RequestId.
_PAGE = {"TotalCount", "PageNumber", "PageSize"}
_NOTHING = set()
_DONE = {"Code", "Success"}
_TOLD = {*_DONE, "Message"}
_TARGETS = {f"{kind}Parameters" for kind in ("Contact", "Fc", "Mns", "Sls", "Webhook", "OpenApi")}
SHAPES = {
    "CreateSimulatedSystemEvents": {"EventIdSet"},
    "DescribeInstanceHistoryEvents": {*_PAGE, "InstanceSystemEventSet"},
    "DescribeInstancesFullStatus": {*_PAGE, "InstanceFullStatusSet"},
    "DescribeDisksFullStatus": {*_PAGE, "DiskFullStatusSet"},
    "DescribeInstances": {*_PAGE, "Instances"},
    "DescribeInstanceStatus": {*_PAGE, "InstanceStatuses"},
    "DescribeInstanceMaintenanceAttributes": {*_PAGE, "MaintenanceAttributes"},
    "DescribeRegions": {"Regions"},
    "DescribeEndpoints": {"Endpoints", "Success"},
    "RebootInstances": {"InstanceResponses"},
    "StartInstances": {"InstanceResponses"},
    "StopInstances": {"InstanceResponses"},
    "RedeployInstance": {"TaskId"},
    "RunInstances": {"InstanceIdSets", "TradePrice"},
    "CreateInstance": {"InstanceId", "TradePrice"},
    "DescribeTags": {*_PAGE, "Tags"},
    "CreatePlanMaintenanceWindow": {"PlanWindowId"},
    "RenewInstance": {"OrderId"},
    "ListTagResources": {"NextToken", "TagResources"},
    **dict.fromkeys(("TagResources", "UntagResources"), _NOTHING),
    "ReActivateInstances": _NOTHING,
    "DescribePlanMaintenanceWindows": {"TotalCount", "MaxResults", "NextToken"},
    **dict.fromkeys(("ModifyPlanMaintenanceWindow", "DeletePlanMaintenanceWindow"), _NOTHING),
    "DescribeSystemEventAttribute": {*_TOLD, "SystemEvents"},
    "DescribeSystemEventCount": {*_TOLD, "SystemEventCounts"},
    "DescribeSystemEventHistogram": {*_TOLD, "SystemEventHistograms"},
    "DescribeSystemEventMetaList": {*_TOLD, "Data"},
    "SendDryRunSystemEvent": _TOLD,
    "PutEventRule": {*_DONE, "Data"},
    "PutEventRuleTargets": _DONE,
    "DescribeEventRuleList": {*_DONE, "Total", "EventRules"},
    "DescribeEventRuleAttribute": {*_DONE, "Result"},
    "DescribeEventRuleTargetList": {"Code", *_TARGETS},
    **dict.fromkeys(("EnableEventRules", "DisableEventRules", "DeleteEventRules", "DeleteEventRuleTargets"), _DONE),
    **dict.fromkeys(("RebootInstance", "StartInstance", "StopInstance", "DeleteInstance", "DeleteInstances"), _NOTHING),
    **dict.fromkeys(
        ("CancelSimulatedSystemEvents", "AcceptInquiredSystemEvent", "ModifySystemEventAttribute"), _NOTHING
    ),
    **dict.fromkeys(("ModifyInstanceMaintenanceAttributes", "ModifyInstanceMetadataOptions"), _NOTHING),
    **dict.fromkeys(("ReportInstancesStatus", "ModifyInstanceAutoReleaseTime"), _NOTHING),
}
# Replies with more members in some cases.
MORE = {
    "DescribePlanMaintenanceWindows": {"PlanMaintenanceWindowList"},  # an empty list has no element in XML
    "DescribeInstanceHistoryEvents": {"NextToken"},
    "DescribeInstances": {"NextToken"},
    "RunInstances": {"OrderId"},
    "CreateInstance": {"OrderId"},
    "PutEventRuleTargets": {
        "FailedParameterCount",
        *(f"Failed{kind}Parameters" for kind in ("Contact", "Fc", "Mns")),
    },
}
WHOLE = {"DescribeInstanceAttribute"}


def test_each_action_has_the_keys_of_its_reply():
    """The random tests below compare them, as far as a call happens to be answered; `DescribeEndpoints` is no product's."""
    assert {*SHAPES, *WHOLE} == {*ACTIONS, "DescribeEndpoints"}


# -- a cloud in which requests have effects


def populate(ecs_events):
    """Add instances of every kind that matters to an action, and events in every status."""
    add, create = ecs_events.instances.add, ecs_events.create
    ecs_events.access_keys["ak-2"] = "222"
    object.__setattr__(ecs_events._cloud.settings, "simulated_limit", LIMIT)
    for name in ("i-web1", "i-web2"):
        add(name, tags={"role": "web"})
    add("i-off", status="Stopped")
    add("i-locked", operation_locks=["security"], ipv6_addresses=["2001:db8::1"])
    add("i-owing", operation_locks=["financial"], hpc_cluster_id="hpc-1", health_status="Impaired")
    add("i-kept", deletion_protection=True, instance_charge_type="PrePaid", resource_group_id="rg-1")
    add("i-north", region_id="cn-beijing")
    add("i-theirs", account_id="222")
    for name in ("i-web1", "i-web2", "i-kept"):
        for row in ("SystemMaintenance.Reboot", "SystemFailure.Reboot", "SystemMaintenance.Stop"):
            create(row, name, not_before="+1h")
    for status, not_before in (("Inquiring", None), ("Scheduled", "+1h"), ("Executing", None)):
        for name in ("i-web2", "i-north", "i-theirs"):
            create("SystemMaintenance.Redeploy", name, simulated=False, status=status, not_before=not_before)
    ecs_events.cancel(create("SystemMaintenance.Reboot", "i-off", not_before="+1h"))


SET_TIMER = getattr(signal, "setitimer", None)  # the real one: that of a test is virtual


@contextmanager
def bounded():
    """Stop an example that takes too long, if the system can."""
    if SET_TIMER is None:
        yield
        return

    def stop(_signal, _frame):
        raise AssertionError(f"took more than {LONGEST} seconds")

    before = signal.signal(signal.SIGALRM, stop)
    SET_TIMER(signal.ITIMER_REAL, LONGEST)
    try:
        yield
    finally:
        SET_TIMER(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def populated(*, strict):
    """A populated cloud, for at most the time of an example; its errors have been asserted at the end."""
    with bounded(), EcsEvents(START) as ecs_events:
        populate(ecs_events)
        ecs_events.strict = strict
        yield ecs_events
        ecs_events.strict = False


# -- invariants


def is_answered(request):
    """Return whether the fake knows the called action."""
    action = request.params.get("Action") or request.headers.get("x-acs-action", "")
    version = request.params.get("Version") or request.headers.get("x-acs-version", "")
    word = re.split("[.-]", request.host)[0]
    product = BY_HOST.get(word)
    if product is not None:
        return not action or (action in product.actions and version == product.version)
    return (word, action) == ("location", "DescribeEndpoints")


def send(ecs_events, request):
    """Send a request, check the reply and the cloud, and return the reply; None for an expected error of the plugin."""
    objects = ecs_events.strict and request.method in ("GET", "POST") and not is_answered(request)
    try:
        reply = ecs_events._parts.gateway(request)
    except UnexpectedCallError:
        assert objects
        reply = None
    else:
        assert not objects
        check_reply(request, reply)
        assert ecs_events.calls[-1].http_status == reply.http_status
        assert ecs_events.calls[-1].response
    check_cloud(ecs_events)
    return reply


def check_reply(request, reply):
    """Check that it has the requested format, and the keys of the action's reply or of an error."""
    default = "JSON" if request.headers.get("authorization", "").startswith("ACS3-") else "XML"
    action = request.params.get("Action") or request.headers.get("x-acs-action", "")
    text = reply.body.decode()
    if request.params.get("Format", default).upper() == "JSON":
        assert reply.headers["Content-Type"] == "application/json;charset=utf-8"
        body = json.loads(text)
    else:
        assert reply.headers["Content-Type"] == "text/xml;charset=utf-8"
        root = ET.fromstring(text)  # noqa: S314  # our own reply
        assert root.tag == ("Error" if reply.http_status != 200 else f"{action}Response")
        body = {one.tag: one.text or "" for one in root}
    assert REQUEST_ID.fullmatch(body["RequestId"])
    if reply.http_status == 200:
        event(f"200 {action}")
        if action not in WHOLE:
            keys, shape = set(body) - {"RequestId"}, SHAPES[action]
            assert shape <= keys <= shape | MORE.get(action, set())
    else:
        event(f"{reply.http_status} {body['Code']}")
        assert set(body) == ERROR_KEYS
        assert 400 <= reply.http_status <= 599
        assert body["HostId"] == request.host
        rows = COMMON.rows + (ACTIONS[action].errors.rows if action in ACTIONS else ())
        assert (body["Code"], reply.http_status) in {(row.code, row.http_status) for row in rows}


def check_cloud(ecs_events):
    """Check that each event agrees with its status, that counts are right, and that no time has passed."""
    cloud = ecs_events._cloud
    places = Counter()
    for (account_id, region_id), by_status in cloud.events._by_status.items():
        for status, events in by_status.items():
            for event_id, one in events.items():
                places[event_id] += 1
                assert (one.event_id, one.account_id, one.region_id) == (event_id, account_id, region_id)
                assert one.status == status
    for (account_id, region_id), by_status in cloud.events._ended.items():
        for status, events in by_status.items():
            for one in events:
                places[one.event_id] += 1
                assert (one.account_id, one.region_id, one.status) == (account_id, region_id, status)
    assert places == Counter(dict.fromkeys(cloud.events.by_id, 1))
    unfinished = {name for events in cloud.events._unfinished.values() for name in events}
    assert unfinished == {one.event_id for one in cloud.events.by_id.values() if one.status not in FINAL}
    scheduled = Counter(
        one.account_id for one in cloud.events.by_id.values() if one.simulated and one.status == EventStatus.SCHEDULED
    )
    assert +cloud.events._scheduled_simulated == scheduled
    assert min(cloud.events._scheduled_simulated.values()) >= 0
    assert ecs_events.now == dt.datetime.fromisoformat(START.replace("Z", "+00:00"))


# -- requests


@dataclasses.dataclass(frozen=True)
class EventNumber:
    """The id of the cloud's event with that number, which is unknown before the requests are sent."""

    number: int


@dataclasses.dataclass(frozen=True)
class LastToken:
    """The last NextToken of a reply, with something appended."""

    bend: str = ""


@dataclasses.dataclass(frozen=True)
class Sent:
    """One request; a repeated name has both values here."""

    pairs: tuple
    method: str = "POST"
    host: str = "ecs-cn-hangzhou.aliyuncs.com"
    headers: tuple = ()

    def resolved(self, ecs_events, token):
        """Return the pairs as texts."""
        ids = list(ecs_events._cloud.events.by_id)
        for name, value in self.pairs:
            if isinstance(value, EventNumber):
                yield name, ids[value.number % len(ids)]
            elif isinstance(value, LastToken):
                yield name, token + value.bend
            else:
                yield name, value


def sent(action, *pairs, **changes):
    """Return a complete request in JSON, for examples."""
    common = (("Action", action), ("Version", VERSION), ("Format", "JSON"), ("RegionId", "cn-hangzhou"))
    return Sent((*common, *pairs), **changes)


ODD_NUMBERS = (
    *("0", "-1", "+1", "-0", "1.0", "1e3", "0x10", "1_0", " 1", "1 ", "101", "NaN", "inf", "٣", "１", "²", "1\n"),
    *("9" * 18, "9" * 19, "-" + "9" * 18, "9" * 5000),
)
ODD_BOOLEANS = ("TRUE", "False", "tRuE", "1", "yes", "on", "None", "true ", "ｔｒｕｅ", "ſ", "İ")
ODD_TIMES = (
    *("2030-01-01T00:00:00Z", "2029-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    *("0000-01-01T00:00:00Z", "2030-02-30T00:00:00Z", "2030-01-01T24:00:00Z", "2030-01-01T23:59:60Z"),
    *("2030-01-01T00:00Z", "2030-01-01t00:00:00z", "2030-01-01T00:00:00+08:00", "2030-01-01 00:00:00"),
    *("2030-01-01T00:00:00.000Z", "٢٠٣٠-01-01T00:00:00Z", "2030-01-01T00:00:00Z\n", "1893456000", "now"),
)
ODD_LISTS = (
    *("[]", '["i-web1"]', "['i-web1', 'i-web2']", '["i-web1", 1]', '{"a": 1}', "[[]]", "null", "[None]", '"i-web1"'),
    *("{[]}", "{[]: 1}", "[{{}}]", '["\\ud800"]', '["\\d"]', "[1if 1else 2]", "\0", "[", "]", "[1,", "[...]"),
    *("[" * 100_000, "[" + "-" * 5000 + "1]", "[" + "1+" * 5000 + "1]", "[1" + "0" * 400 + "+1j]", "[1e999]"),
    json.dumps([f"i-{number}" for number in range(101)]),
)
ODD_TEXTS = (
    *("", " ", "\0", "\x01", "\x1f", "\x7f", "\x85", "\r\n", "\ufffe", "\U0010ffff", "\N{REPLACEMENT CHARACTER}"),
    *(
        "%s",
        "%d%n",
        "{0}",
        "<a>&amp;]]>",
        "--",
        "'\"",
        "i-WEB1",
        "i-web1 ",
        "*",
        "*a*" * 50,
        "[!i]",
        "?",
        "a" * 100_000,
    ),
)

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
odd_values = st.one_of(
    st.sampled_from(ODD_NUMBERS),
    st.sampled_from(ODD_BOOLEANS),
    st.sampled_from(ODD_TIMES),
    st.sampled_from(ODD_LISTS),
    st.sampled_from(ODD_TEXTS),
    st.integers().map(str),
    st.text("[]{}:,\"'1e+-j ", max_size=10),
    words,
)

instance_ids = st.sampled_from(
    ["i-web1", "i-web2", "i-web1", "i-web2", "i-off", "i-locked", "i-owing", "i-kept", "i-north", "i-theirs", "i-none"]
)
event_numbers = st.integers(0, 40).map(EventNumber)
times = st.integers(-3600, 400_000).map(
    lambda seconds: f"{dt.datetime(2030, 1, 1) + dt.timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"  # noqa: DTZ001
)


def one_of(*values):
    """One of these."""
    return st.sampled_from(values)


# Valid values of parameters, by name; if actions differ, those of all of them.
GOOD = {
    "InstanceId": instance_ids,
    "ResourceId": instance_ids,
    "EventId": event_numbers,
    "EventType": st.sampled_from([*SIMULATED_TYPES, *SIMULATED_TYPES, *EVENT_TYPES]),
    "InstanceEventType": st.sampled_from(list(EVENT_TYPES)),
    "EventCycleStatus": st.sampled_from(list(map(str, EventStatus))),
    "InstanceEventCycleStatus": st.sampled_from(list(map(str, EventStatus))),
    "NextToken": st.sampled_from([LastToken(), LastToken(), LastToken("zz"), LastToken("5d")]),
    "ResourceType": one_of("instance", "instance", "ddh", "disk"),
    "DiskId": one_of("d-data1", "d-data2", "d-none"),
    "Status": st.sampled_from([*map(str, InstanceStatus), "In_use", "Available"]),
    "HealthStatus": st.sampled_from(ATTRIBUTES["health_status"].allowed),
    "LockReason": st.sampled_from(ATTRIBUTES["operation_locks"].allowed),
    "InstanceChargeType": one_of("PostPaid", "PrePaid"),
    "InternetChargeType": one_of("PayByTraffic", "PayByBandwidth"),
    "InstanceNetworkType": one_of("vpc", "classic"),
    "ZoneId": one_of("cn-hangzhou-a", "cn-hangzhou-b", "moon-a"),
    "HpcClusterId": one_of("hpc-1", "hpc-2"),
    "ResourceGroupId": one_of("rg-1", "rg-2"),
    "InstanceName": one_of("i-*", "i-web1", "*", "web-[7,3]", "web-[]-a"),
    "HostName": one_of("web1", "web-[7,3]", "k8s-${instance_id}", "-web1"),
    "HostNames": one_of("web1", "web2", "web--1"),
    "InstanceType": one_of("ecs.g7.large", "ecs.g7.large", "ecs.c6.xlarge", "g7.large"),
    "ImageId": one_of("m-1", "aliyun_3_x64_20G_alibase_20240528.vhd"),
    "ImageFamily": one_of("acs:alibaba_cloud_linux_3_2104_lts_x64"),
    "Amount": one_of("1", "2", "100"),
    "MinAmount": one_of("1", "2"),
    "Period": one_of("1", "3", "10", "12"),
    "PeriodUnit": one_of("Week", "Month"),
    "PrivateIpAddress": one_of("172.16.0.200", "10.0.0.1", "255.255.255.255"),
    "SpotStrategy": one_of("NoSpot", "SpotAsPriceGo", "SpotWithPriceLimit"),
    "CreditSpecification": one_of("Standard", "Unlimited"),
    "SpotInterruptionBehavior": one_of("Terminate", "Stop"),
    "HttpEndpoint": one_of("enabled", "disabled"),
    "HttpTokens": one_of("optional", "required"),
    "InstanceMetadataTags": one_of("enabled", "disabled"),
    "IoOptimized": one_of("none", "optimized", "true"),
    "SystemDisk.Category": one_of("cloud_essd", "local_ssd_pro", "cloud"),
    "Category": one_of("cloud_essd", "local_ssd_pro", "floppy"),
    "BatchOptimization": one_of("AllTogether", "SuccessFirst"),
    "StoppedMode": one_of("StopCharging", "KeepCharging"),
    "ActionOnMaintenance": one_of("Stop", "AutoRecover", "AutoRedeploy"),
    "ClientToken": one_of("token-1", "token-2"),
    "Key": one_of("role", "CreationStartTime", "ExpiredEndTime"),
    "Value": one_of("web", "2030-01-01T00:00Z"),
    "StartTime": one_of("02:00:00", "2030-01-01T00:00:00Z", "1893455000", "1893456000000", "0"),
    "EndTime": one_of("18:00:00", "2030-01-02T00:00:00Z", "1893456000", "1893457000000", "999999999999999"),
    "PageNumber": one_of("1", "2"),
    "PageSize": one_of("1", "10", "100"),
    "Product": one_of("ecs", "ECS", "*", "oss"),
    "Level": one_of("CRITICAL", "Warn", "4"),
    "LevelList": one_of("CRITICAL", "INFO", "*"),
    "EventTypeList": one_of("Maintenance", "Exception", "*"),
    "NameList": one_of("Instance:StateChange", "*"),
    "EventName": one_of("Instance:StateChange", "Agent_Status_Stopped"),
    "EventContent": one_of('{"product": "CloudMonitor", "content": {"a": "b"}, "level": "WARN"}', "{}", "[]"),
    "KeywordFilter.Relation": one_of("OR", "NOT"),
    "SearchKeywords": one_of("i-web1 and Running", "a or b", " or ", "and"),
    "State": one_of("ENABLED", "DISABLED"),
    "RuleName": one_of("rule-1", "rule-1", "rule-2"),
    "RuleNames": one_of("rule-1", "rule-1", "rule-2"),
    "Ids": one_of("1", "2"),
    "Id": one_of("1", "2", "nine"),
    "Method": one_of("GET", "POST"),
    "Protocol": one_of("http", "ping"),
    "Reason": one_of("instance-hang", "abnormal-local-disk", "others"),
    "IssueCategory": one_of("hardware-cpu-error", "others"),
    "AcceptLanguage": one_of("zh-CN", "en-US", "ja"),
}
OF_KIND = {
    "integer": one_of("1", "2", "10", "50", "100"),
    "number": one_of("0", "0.165", "12"),
    "boolean": one_of("true", "false", "True"),
    "time": times,
    "JSON array": one_of('["i-web1"]', "['i-web1', 'i-off']", "[]", '["172.16.0.11"]'),
}
words_of_a_name = one_of("i-web1", "vpc-1", "a")


def good(name, kind):
    """Draw a plausible value for an action."""
    return GOOD[name] if name in GOOD and kind != "time" else OF_KIND.get(kind, words_of_a_name)


def pairs_of(draw, parameter):
    """Draw the names and values of one parameter."""
    if not parameter.is_list:
        return [(parameter.name, draw(good(parameter.name, parameter.kind)))]
    most = draw(one_of(1, 1, 1, 2, 3, 4))
    return [
        (
            f"{parameter.name}.{number}" + (f".{member}" if member else ""),
            draw(good(member.removesuffix(".1") or parameter.name, "text")),
        )
        for number in range(1, most + 1)
        for member in (re.sub(r"\.N$", ".1", member) for member in parameter.members or ("",))
    ]


# Parameters that an action needs without declaring them required.
NEEDED = {"RunInstances": {"ImageId", "InstanceType"}, "CreateInstance": {"ImageId"}}


ODD_INDEXES = ("0", "00", "01", "-1", "+1", "1.1", "", "N", "999999999", "9999999999", "9" * 400, "٣", "²", "1e1", " 1")


def _other_value(draw, pairs, at):
    pairs[at] = (pairs[at][0], draw(odd_values))


def _other_index(draw, pairs, at):
    name, value = pairs[at]
    base, _, rest = name.partition(".")
    member = rest.partition(".")[2]
    pairs[at] = (f"{base}.{draw(st.sampled_from(ODD_INDEXES))}{'.' + member if member else ''}", value)


def _other_name(draw, pairs, at):
    name, value = pairs[at]
    bends = (str.lower, str.upper, str.swapcase, lambda old: old + ".", lambda old: "." + old, lambda old: old + ".1")
    bends += (lambda old: old + ".Start", lambda old: old[:-1], lambda old: old.replace(".", ".."))
    pairs[at] = (draw(st.sampled_from(bends))(name), value)


def _again(draw, pairs, at):
    pairs.insert(draw(st.integers(0, len(pairs))), (pairs[at][0], draw(st.just(pairs[at][1]) | odd_values)))


def _left_out(_draw, pairs, at):
    del pairs[at]


def _without_envelope(_draw, pairs, _at):
    pairs[:] = [pair for pair in pairs if pair[0] not in ("Action", "Version", "Format", "RegionId", "AccessKeyId")]


def _something_else(draw, pairs, at):
    pairs.insert(at, (draw(words), draw(words | odd_values)))


def _very_many(draw, pairs, at):
    base = pairs[at][0].partition(".")[0]
    first = draw(one_of(0, 1, 7, 10**8))
    pairs.extend((f"{base}.{number}", pairs[at][1]) for number in range(first, first + draw(one_of(21, 100, 101, 130))))


BENDS = (
    *(_other_value, _other_value, _other_value, _other_index, _other_index, _other_name, _again, _left_out),
    *(_other_value, _other_index, _other_index, _again, _without_envelope, _something_else, _very_many),
)
HOSTS = one_of(
    *("ecs-cn-hangzhou.aliyuncs.com", "ecs.aliyuncs.com", "ecs.cn-beijing.aliyuncs.com", "ecs-.aliyuncs.com"),
    *(
        "aliyuncs.com",
        "slb.aliyuncs.com",
        "metrics-vpc.cn-beijing.aliyuncs.com",
        "cms.aliyuncs.com",
        "location-readonly.aliyuncs.com",
        "ecsx.aliyuncs.com",
        "a.b.ecs.aliyuncs.com",
    ),
)


def usually(draw, value, others, *, out_of):
    """Draw a value, or sometimes one of others."""
    return draw(others) if draw(one_of(*[False] * (out_of - 1), True)) else value


@st.composite
def requests(draw):
    """Draw a request as a client could send it, in either style of signing, with up to three mutations."""
    known = draw(st.sampled_from(list(ACTIONS)))
    parameters = ACTIONS[known].parameters.parameters
    optional = [one for one in parameters if not one.required]
    also = draw(st.lists(st.sampled_from(optional), max_size=4, unique_by=lambda one: one.name)) if optional else []
    needed = NEEDED.get(known, ())
    pairs = [
        pair for one in parameters if one.required or one.name in needed or one in also for pair in pairs_of(draw, one)
    ]
    action = usually(draw, known, one_of("DescribeZones", "DescribeEndpoints", "", known.lower()) | words, out_of=40)
    product = PRODUCT_OF[known]
    version = usually(draw, product.version, one_of("2014-05-25", "", VERSION) | words, out_of=60)
    region_id = usually(draw, "cn-hangzhou", one_of("cn-beijing", "cn-beijing", "moon", "", "\0"), out_of=12)
    key = draw(one_of("ak", "ak", "ak", "ak-2"))
    headers = {}
    if draw(one_of("RPC", "RPC", "ACS3")) == "RPC":
        pairs += [("Action", action), ("Version", version), ("AccessKeyId", key), ("SignatureVersion", "1.0")]
        pairs.append(("Format", draw(one_of("JSON", "JSON", "JSON", "json", "XML", "xml", "None", "", "yaml"))))
    else:
        headers = {"x-acs-action": action, "x-acs-version": version}
        credential = usually(draw, f"Credential={key}", one_of("Credential=,", ""), out_of=6)
        headers["authorization"] = f"ACS3-HMAC-SHA256 {credential},SignedHeaders=host,Signature=0"
    if region_id:
        pairs.append(("RegionId", region_id))
    for _ in range(draw(one_of(0, 0, 0, 1, 1, 1, 2, 3))):
        if pairs:
            # Mostly of the action's own parameters, which come first.
            at = draw(st.integers(0, len(pairs) - 1) | st.integers(0, len(pairs) // 2))
            draw(st.sampled_from(BENDS))(draw, pairs, at)
    method = usually(draw, draw(one_of("POST", "GET")), one_of("HEAD", "get", "", "PATCH", "PUT"), out_of=40)
    host = usually(draw, f"{product.hosts[0]}.cn-hangzhou.aliyuncs.com", HOSTS, out_of=12)
    return Sent(tuple(pairs), method, host, tuple(headers.items()))


CREATE = (("EventType", "SystemMaintenance.Reboot"), ("NotBefore", "2030-01-02T00:00:00Z"))


@given(st.lists(requests(), min_size=1, max_size=6), st.booleans())
@example([sent("DescribeInstances", ("InstanceIds", "{[]}"))], True)
@example([sent("DescribeInstances", ("InstanceIds", "[1" + "0" * 400 + "+1j]"))], True)
@example([sent("RedeployInstance", ("InstanceId", "i-web1"), ("ForceStop", "0"))], True)
@example([sent("DeleteInstance", ("InstanceId", "i-web1"), ("Force", "0"))], True)
@example([sent("DeleteInstances")], True)
@example([sent("CreateSimulatedSystemEvents", *CREATE, ("InstanceId.1", "\x01"), ("Format", "XML"))], True)
@example(
    [
        Sent((("Action", name), ("Version", "2019-01-01"), ("RuleName", "rule-1"), *pairs), host="metrics.aliyuncs.com")
        for name, pairs in (
            ("PutEventRule", (("EventPattern.1.Product", "ecs"), ("EventPattern.1.KeywordFilter.Keywords.1", "\x01"))),
            ("PutEventRuleTargets", (("FcParameters.1.Id", "\u0663"), ("OpenApiParameters.1.JsonParams", "{{"))),
            ("PutEventRuleTargets", (("MnsParameters.1.Topic", "{account}"), ("MnsParameters.1.Id", "1" * 5000))),
            ("DescribeEventRuleTargetList", ()),
            ("DescribeEventRuleList", (("PageNumber", "9" * 18), ("PageSize", "100"))),
        )
    ],
    True,
)
def test_any_request_is_answered(sequence, strict):
    """Mutated requests get a reply in a documented form or an error of the plugin, and the cloud stays consistent."""
    with populated(strict=strict) as ecs_events:
        token = ""
        for one in sequence:
            params = dict(one.resolved(ecs_events, token))
            reply = send(ecs_events, ApiRequest(one.method, one.host, params, dict(one.headers), "hand-written"))
            found = re.search(rb'"NextToken":"(\w+)"', reply.body) if reply else None
            token = found[1].decode() if found else token
        assert ecs_events.timeline()


# -- bytes

JUNK = one_of(
    *(b"%ff", b"%", b"%z", b"%00", b"%0a", b"%ed%a0%80", b"%c3", b"&", b"&&", b"=", b"==", b";", b"+", b"?", b"/"),
    *(b"%26", b"%3D", b"%2B", b"%25", b"[", b"&=&", b"&a", b"&=a"),
)
RAW_JUNK = st.one_of(JUNK, st.binary(min_size=1, max_size=4))
CONTENT_TYPES = one_of(
    *(
        None,
        None,
        None,
        None,
        None,
        "application/x-www-form-urlencoded",
        "application/x-www-form-urlencoded",
        "APPLICATION/X-WWW-FORM-URLENCODED; charset=gbk",
    ),
    *(b"application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=a", "", "\xff"),
)
cuts = one_of(*(tenth / 10 for tenth in range(11)))


def _bent(encoded, junk):
    for where, what in junk:
        at = int(where * len(encoded))
        encoded = encoded[:at] + what + encoded[at:]
    return encoded


def _encoded(pairs):
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()


@dataclasses.dataclass(frozen=True)
class Stray:
    """The mutations of a request's bytes: junk by its place, the part in the query, and the content type."""

    in_query: list
    in_body: list
    cut: float
    content_type: object


strays = st.builds(
    Stray,
    st.lists(st.tuples(cuts, JUNK), max_size=2),
    st.lists(st.tuples(cuts, RAW_JUNK), max_size=2),
    cuts,
    CONTENT_TYPES,
)


@given(st.lists(st.tuples(requests(), strays), min_size=1, max_size=4), st.booleans())
def test_any_bytes_are_answered(sequence, strict):
    """The same is true for queries and form bodies with stray bytes in them, with any content type."""
    with populated(strict=strict) as ecs_events:
        for one, stray in sequence:
            pairs = list(one.resolved(ecs_events, ""))
            at = round(stray.cut * len(pairs))
            query, body = _bent(_encoded(pairs[:at]), stray.in_query), _bent(_encoded(pairs[at:]), stray.in_body)
            headers = CaseInsensitiveDict((name.title(), value) for name, value in one.headers)
            if stray.content_type is not None:
                headers["Content-Type"] = stray.content_type
            url = f"https://{one.host}:443/?{query.decode('ascii')}"
            send(ecs_events, decode_api_request(one.method, url, headers, body, "hand-written"))


@given(
    one_of("GET", "POST") | st.text(string.ascii_letters, max_size=6) | st.binary(max_size=3),
    st.text(string.ascii_lowercase + string.digits + "-.", max_size=10),
    st.binary(max_size=60),
    st.binary(max_size=60),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.binary(max_size=8), max_size=3),
)
def test_noise_is_answered(method, label, query, body, headers):
    """Random bytes get the service's own error if the test is not strict."""
    with populated(strict=False) as ecs_events:
        url = f"https://{label}.aliyuncs.com/?{query.decode('latin-1')}"
        reply = send(ecs_events, decode_api_request(method, url, CaseInsensitiveDict(headers), body, "hand-written"))
        assert reply.http_status >= 400
