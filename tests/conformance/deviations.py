"""Services that deviate on purpose: what each does otherwise, and which checks of the kit must see it."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sizes import NIGHTLY

from pytest_ecsevents.conformance import _subjects
from pytest_ecsevents.rpc._api import Api
from pytest_ecsevents.rpc._error_tables import COMMON
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._wire import ApiReply
from pytest_ecsevents.server import _ecs, _serving
from pytest_ecsevents.services.metadata._errors import ERRORS as METADATA_ERRORS
from pytest_ecsevents.services.metadata._service import MetadataService
from pytest_ecsevents.services.smq._errors import ERRORS
from pytest_ecsevents.services.smq._protocol import SmqService


@dataclass(frozen=True)
class Deviation:
    """A service that deviates in several ways, which do not hide each other.

    Attributes:
        seen: What the table says of each check that must see it, by the check's function.
        deviate: Replaces parts of the fake, with monkeypatch.
        options: Options of the run.
    """

    seen: Mapping[str, str]
    deviate: Callable = lambda _: None
    options: tuple[str, ...] = field(default=())


# -- refusals


def _refuse_otherwise(monkeypatch):
    """Other codes and other words, of API calls and of queues."""

    def otherwise(refuse):
        return lambda self, exchange, error: refuse(
            self, exchange, ApiError(f"{error.code}.Other", error.http_status, "Refused.")
        )

    monkeypatch.setattr(Api, "refuse", otherwise(Api.refuse))
    monkeypatch.setattr(SmqService, "refuse", otherwise(SmqService.refuse))
    monkeypatch.setattr(_ecs, "_UNSIGNED", ApiError("MissingParameter", 401, "There is no key."))


OTHER = ".Other'"
REFUSALS = Deviation(
    {
        "test_refused": OTHER,
        "test_words_of_invalid_parameter": "(False, 'Refused.')",
        "test_words_of_a_code": "saw 'Refused.'",
        "test_id_in_message": "saw 'Refused.'",
        "test_without_key": "saw (401, True)",
        "test_temporary_key_without_token": OTHER,
        "test_temporary_key_with_wrong_token": OTHER,
        "test_unsupported_maintenance": OTHER,
        "test_all_or_nothing": OTHER,
        "test_cancel_all_or_nothing": OTHER,
        "test_cancel_twice": OTHER,
        "test_modified_later": OTHER,
        "test_modified_failure": OTHER,
        "test_endpoint": OTHER,
        "test_unknown_rule": OTHER,
        "test_used_handle": OTHER,
        "test_made_up_handle": OTHER,
        "test_missing_queue": OTHER,
        "test_missing_topic": OTHER,
    },
    _refuse_otherwise,
)

# -- settings

SETTINGS = Deviation(
    {
        "test_executed": "saw 'Executing'",
        "test_executing": "saw 'Executing'",
        "test_failure": "saw 'Scheduled'",
        "test_code_of_executing": "saw 24",
        "test_without_statuses": "what is listed: expected {'e-",
    },
    options=(
        "--ecs-events-executing-for=1h",
        "--ecs-events-failure-events=scheduled",
        "--ecs-events-history=pending",
    ),
)

# -- bodies of replies


def _answering(monkeypatch, changes):
    """Replace successful replies: `changes` has a function for an action, of the parameters and the body."""
    answer = Api.answer

    def answered(self, exchange):
        action = exchange.call.action
        change, early = changes.get(action), changes.get(f"{action}, without effect")
        if early is not None:
            early(exchange.request)
        reply = answer(self, exchange) if early is None else answer_nothing(exchange)
        if change is None:
            return reply
        body = json.loads(reply.body)
        change(exchange.request.params, body)
        return replace(reply, body=json.dumps(body).encode())

    def answer_nothing(exchange):
        return ApiReply(200, json.dumps({"RequestId": exchange.request_id}).encode(), {})

    monkeypatch.setattr(Api, "answer", answered)


def _events(body):
    return body["InstanceSystemEventSet"]["InstanceSystemEventType"]


def _other_numbers(_params, body):
    for event in _events(body):
        event["EventCycleStatus"]["Code"] += 1000
        event["EventType"]["Code"] += 1000


NUMBERS = Deviation(
    {
        "test_code_of_reboot": "saw 1001",
        "test_codes_of_types": "1001",
        "test_code_of_scheduled": "saw 1024",
        "test_code_of_canceled": "saw 1012",
    },
    lambda monkeypatch: _answering(monkeypatch, {"DescribeInstanceHistoryEvents": _other_numbers}),
)


def _other_history(params, body):
    events = _events(body)
    events.reverse()
    if "NotBefore.Start" in params:
        events.clear()
    if params.get("MaxResults") == "1":
        del events[1:]
    if "PageNumber" in params or params.get("PageSize") == "100":
        body["TotalCount"] = 0
    for event in events:
        event["EventFinishTime"] = "2030-01-01T00:00:00Z"
        event["NotBefore"] = "2040-01-01T00:00:00Z"


def _other_full_status(_params, body):
    body["TotalCount"] = 1
    for instance in body["InstanceFullStatusSet"]["InstanceFullStatusType"]:
        instance["ScheduledSystemEventSet"]["ScheduledSystemEventType"] = []


def _fewer_events(_params, body):
    del body["EventIdSet"]["EventId"][1:]


def _fewer_members(_params, body):
    for instance in body["Instances"]["Instance"]:
        instance.pop("DedicatedHostAttribute", None)
        instance["InstanceId"] = "i-other"


QUERIES = Deviation(
    {
        "test_scheduled": "NotBefore is as asked for: expected True, saw False",
        "test_finish_time": "while Scheduled: expected False, saw True",
        "test_order": "order: expected ['e-",
        "test_total_count": "saw 0",
        "test_past_the_end": "saw (0, 0)",
        "test_range": "saw 0",
        "test_max_results": "saw False",
        "test_full_status": "saw False",
        "test_full_status_filter": "saw 1",
        "test_same_instance_twice": "saw 1",
        "test_next_token_zero": "saw ['i-other']",
        "test_objects_of_instances": "saw {'DedicatedHostAttribute'}",
    },
    lambda monkeypatch: _answering(
        monkeypatch,
        {
            "DescribeInstanceHistoryEvents": _other_history,
            "DescribeInstancesFullStatus": _other_full_status,
            "CreateSimulatedSystemEvents": _fewer_events,
            "DescribeInstances": _fewer_members,
        },
    ),
)

# -- calls without their effect


def _without_effect(monkeypatch):
    is_rebooted = []

    def refuse_central(exchange_answer):
        def answered(self, exchange):
            if exchange.request.host == "ecs.aliyuncs.com":
                raise COMMON["InvalidOperation.NotSupportedEndpoint"].error()
            if exchange.request.params.get("EventType") == "SystemFailure.Stop":
                raise ApiError("InvalidParameter", 403, "Not this one.")
            return exchange_answer(self, exchange)

        return answered

    def stopping(_params, body):
        if is_rebooted:
            is_rebooted.clear()
            body["InstanceStatuses"]["InstanceStatus"][0]["Status"] = "Stopping"

    _answering(
        monkeypatch,
        {
            "CancelSimulatedSystemEvents, without effect": lambda _: None,
            "RebootInstance, without effect": is_rebooted.append,
            "DescribeInstanceStatus": stopping,
        },
    )
    monkeypatch.setattr(Api, "answer", refuse_central(Api.answer))


EFFECTS = Deviation(
    {
        "test_canceled": "saw 'Scheduled'",
        "test_failure_canceled": "saw 'Executing'",
        "test_types": "saw {'SystemFailure.Stop': 'InvalidParameter'}",
        "test_avoided": "saw 'Scheduled'",
        "test_reboot_takes_no_time": "saw 'Stopping'",
        "test_central_endpoint": "saw set()",
        "test_without_region": "NotSupportedEndpoint",
    },
    _without_effect,
)

# -- CloudMonitor


def _other_notifications(params, body):
    listed = body["SystemEvents"]["SystemEvent"]
    if " or " in params.get("SearchKeywords", ""):
        listed.clear()
    listed.reverse()
    for one in listed:
        one["Content"] = f"[{one['Content']}]"
        one["GroupId"] = params.get("StartTime", "")


def _repeated_counts(_params, body):
    body["SystemEventCounts"]["SystemEventCount"] *= 2


def _longer_intervals(_params, body):
    for one in body["SystemEventHistograms"]["SystemEventHistogram"]:
        one["EndTime"] += 60_000


def _other_names(_params, body):
    body["Data"]["Resource"].append(
        {"Product": "ECS", "Name": "Instance:SystemUpgrade.Migrate:Scheduled", "Level": "INFO"}
    )


def _other_rules(params, body):
    rules = body["EventRules"]["EventRule"]
    if "IsEnable" not in params:
        rules.clear()
    for one in rules:
        one["EventPattern"] = {"EventPattern": one["EventPattern"]["EventPattern"]}


def _forgotten(_params, body):
    body["Result"].pop("Description", None)


def _not_successful(_params, body):
    body["Success"] = False


MONITOR = Deviation(
    {
        "test_contents": "saw {'list'}",
        "test_newest_first": "times: expected",
        "test_times": "'GroupId': '18",
        "test_keywords": "saw False",
        "test_counts": "rows without repetition",
        "test_histogram": "saw {3.0}",
        "test_levels": "saw {'INFO'}",
        "test_disabled_rules": "saw []",
        "test_listed_patterns": "saw ('list', 'NoneType')",
        "test_changed_rule": "saw ('DISABLED', None)",
        "test_incomplete_target": "saw (200, False, '1')",
    },
    lambda monkeypatch: _answering(
        monkeypatch,
        {
            "DescribeSystemEventAttribute": _other_notifications,
            "DescribeSystemEventCount": _repeated_counts,
            "DescribeSystemEventHistogram": _longer_intervals,
            "DescribeSystemEventMetaList": _other_names,
            "DescribeEventRuleList": _other_rules,
            "DescribeEventRuleAttribute": _forgotten,
            "PutEventRuleTargets": _not_successful,
        },
    ),
)

# -- metadata and messages

_OTHER_ITEMS = {
    "instance-id": b"i-other",
    "all": b'{"ram": {"security-credentials": {}}}',
    "last-host-landing-time": b"1970-01-01 00:00:00",
    "document": None,
    "active-system-events": b"{}",
    "nameservers": b"192.0.2.1",
}


def _other_metadata(monkeypatch):
    answer, refuse = MetadataService.answer, MetadataService.refuse

    def answered(self, exchange):
        reply = answer(self, exchange)
        other = _OTHER_ITEMS.get(exchange.request.path.rpartition("/")[2], reply.body)
        if other is None:
            return replace(reply, headers={**reply.headers, "Content-Type": "application/json"})
        return replace(reply, body=other)

    def refused(self, exchange, error):
        reply = refuse(self, exchange, error)
        return replace(reply, http_status=error.http_status + 100, headers={"Content-Type": "text/plain"})

    monkeypatch.setattr(MetadataService, "answer", answered)
    monkeypatch.setattr(MetadataService, "refuse", refused)


METADATA = Deviation(
    {
        "test_instance_id": "saw 'i-other'",
        "test_token_by_get": "saw 505",
        "test_all": "saw (None, True)",
        "test_landing_time": "saw '1970-01-01 00:00'",
        "test_active_events": "saw 'dict'",
        "test_without_token": "saw 503",
        "test_post": "saw 505",
        "test_page_of_error": "saw (504, 'text/plain', True)",
        "test_type_of_document": "saw (200, 'application/json')",
        "test_name_servers": "saw '192.0.2.1'",
    },
    _other_metadata,
)


def _other_messages(monkeypatch):
    answer = SmqService.answer
    is_changed = []

    def answered(self, exchange):
        if "SetQueueAttributes" in exchange.call.operations:
            is_changed.append(exchange)
        elif is_changed and exchange.request.method == "GET":
            raise ERRORS["MessageNotExist"].error()
        reply = answer(self, exchange)
        return replace(reply, body=reply.body.replace(b"aGVsbG8=", b"b3RoZXI="))

    monkeypatch.setattr(SmqService, "answer", answered)


MESSAGES = Deviation({"test_message": "saw False", "test_changed_delay": "saw 'MessageNotExist'"}, _other_messages)


# -- what cannot be tried, and what is odd


def _refusing(monkeypatch, action):
    """Refuse an action."""
    answer = Api.answer

    def answered(self, exchange):
        if exchange.call.action == action:
            raise ApiError("Forbidden.RAM", 403, "Not this one.")
        return answer(self, exchange)

    monkeypatch.setattr(Api, "answer", answered)


def _without_role(monkeypatch):
    answer = MetadataService.answer

    def answered(self, exchange):
        if "security-credentials" in exchange.request.path:
            raise METADATA_ERRORS["NotFound"].error()
        return answer(self, exchange)

    monkeypatch.setattr(MetadataService, "answer", answered)


def _no_events(_params, body):
    _events(body).clear()


def _stopped(_params, body):
    body["InstanceStatuses"]["InstanceStatus"][0]["Status"] = "Stopped"


def _never_running(monkeypatch):
    """By day the check asks a few times only."""
    _changing("DescribeInstanceStatus", _stopped)(monkeypatch)
    if not NIGHTLY:
        monkeypatch.setattr(_subjects, "_MOST_POLLS", 5)


def _no_notifications(_params, body):
    body["SystemEvents"]["SystemEvent"] = []


def _all_supported(_params, body):
    (found,) = body["MaintenanceAttributes"]["MaintenanceAttribute"]
    found["ActionOnMaintenance"]["SupportedValues"]["SupportedValue"] = ["Stop", "AutoRecover", "AutoRedeploy"]


def _changing(action, change):
    return lambda monkeypatch: _answering(monkeypatch, {action: change})


ODD = {
    "test_scheduled": (
        _changing("DescribeInstanceHistoryEvents", _no_events),
        "differs",
        "AssertionError: 0 events are listed in Scheduled, expected 1",
    ),
    "test_canceled": (
        lambda monkeypatch: _refusing(monkeypatch, "CreateSimulatedSystemEvents"),
        "differs",
        "AssertionError: CreateSimulatedSystemEvents was refused with 403 Forbidden.RAM",
    ),
    "test_disabled_rules": (
        lambda monkeypatch: _refusing(monkeypatch, "PutEventRule"),
        "differs",
        "AssertionError: PutEventRule was refused with 403 Forbidden.RAM",
    ),
    "test_avoided": (
        _never_running,
        "not tried",
        "the instance does not become Running",
    ),
    "test_contents": (
        _changing("DescribeSystemEventAttribute", _no_notifications),
        "not tried",
        "CloudMonitor lists no notification yet; run the checks again in a few minutes",
    ),
    "test_unsupported_maintenance": (
        _changing("DescribeInstanceMaintenanceAttributes", _all_supported),
        "not tried",
        "the instance supports every action",
    ),
    "test_temporary_key_without_token": (_without_role, "not tried", "the instance has no role"),
    "test_message": (
        lambda monkeypatch: monkeypatch.setitem(sys.modules, "mns.account", None),
        "not tried",
        "it needs aliyun-mns-sdk, or aliyun-mns",
    ),
    "test_without_key": (
        lambda monkeypatch: monkeypatch.setattr(_serving, "find_spec", lambda _: None),
        "not tried",
        "needs a server on loopback",
    ),
}
"""By check: a service or an environment that has something odd, the outcome, and what the table says."""


DEVIATIONS = {
    "refusals": REFUSALS,
    "settings": SETTINGS,
    "numbers": NUMBERS,
    "queries": QUERIES,
    "effects": EFFECTS,
    "CloudMonitor": MONITOR,
    "metadata": METADATA,
    "messages": MESSAGES,
}
