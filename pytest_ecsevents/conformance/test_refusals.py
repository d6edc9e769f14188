"""What is refused, each with one call."""

import datetime as dt
from typing import Final

import pytest

from pytest_ecsevents.conformance._rules import Refused, Rule, reference, rule, same
from pytest_ecsevents.conformance._subjects import Key, NotTriedError, Subject, plain, text_of

_UNKNOWN: Final = "i-0000000000000000000"
_CREATE, _CANCEL = reference("CreateSimulatedSystemEvents"), reference("CancelSimulatedSystemEvents")
_HISTORY: Final = reference("DescribeInstanceHistoryEvents")


def _new_event(subject: Subject, **changes: object) -> "dict[str, object]":
    """The parameters of a call that would create an event for tomorrow."""
    tomorrow = text_of(subject.now() + dt.timedelta(days=1))
    usual = {"EventType": "SystemMaintenance.Reboot", "NotBefore": tomorrow, "InstanceId": [subject.instance_id]}
    return {**usual, **changes}


def _many(kind: str) -> list[str]:
    return [f"{kind}-{number:020}" for number in range(101)]


def _documented(text: str, source: str) -> Rule:
    return Rule(text, source)


def _guess(text: str, guess: str) -> Rule:
    return Rule(text, guess=guess)


REFUSED: Final = (
    Refused(
        _documented("NotBefore in the past is refused with 403 InvalidNotBefore.Passed", _CREATE),
        "CreateSimulatedSystemEvents",
        (403, "InvalidNotBefore.Passed"),
        lambda subject: _new_event(subject, NotBefore=text_of(subject.now() - dt.timedelta(hours=1))),
    ),
    Refused(
        _documented("A type that cannot be simulated is refused with 403 InvalidParameter", _CREATE),
        "CreateSimulatedSystemEvents",
        (403, "InvalidParameter"),
        lambda subject: _new_event(subject, EventType="InstanceExpiration.Stop"),
    ),
    Refused(
        _documented("An event for an unknown instance is refused with 404 InvalidInstanceId.NotFound", _CREATE),
        "CreateSimulatedSystemEvents",
        (404, "InvalidInstanceId.NotFound"),
        lambda subject: _new_event(subject, InstanceId=[_UNKNOWN]),
    ),
    Refused(
        _documented("Events for more than 100 instances are refused with 403 InstanceIdLimitExceeded", _CREATE),
        "CreateSimulatedSystemEvents",
        (403, "InstanceIdLimitExceeded"),
        lambda subject: _new_event(subject, InstanceId=_many("i")),
    ),
    Refused(
        _documented("An event without a type is refused with 404 MissingParameter", _CREATE),
        "CreateSimulatedSystemEvents",
        (404, "MissingParameter"),
        lambda subject: _new_event(subject, EventType=None),
    ),
    Refused(
        _documented("Cancelling nothing is refused with 404 MissingParameter", _CANCEL),
        "CancelSimulatedSystemEvents",
        (404, "MissingParameter"),
        lambda _: {},
    ),
    Refused(
        _documented("Cancelling more than 100 events is refused with 400 EventIdLimitExceeded", _CANCEL),
        "CancelSimulatedSystemEvents",
        (400, "EventIdLimitExceeded"),
        lambda _: {"EventId": _many("e")},
    ),
    Refused(
        _documented("A query of more than 100 events is refused with 403 EventIdLimitExceeded", _HISTORY),
        "DescribeInstanceHistoryEvents",
        (403, "EventIdLimitExceeded"),
        lambda _: {"EventId": _many("e")},
    ),
    Refused(
        _documented("A range that ends before it starts is refused with InvalidParameter.TimeEndBeforeStart", _HISTORY),
        "DescribeInstanceHistoryEvents",
        (403, "InvalidParameter.TimeEndBeforeStart"),
        lambda _: {"NotBefore.Start": "2030-01-02T00:00:00Z", "NotBefore.End": "2030-01-01T00:00:00Z"},
    ),
    Refused(
        _documented("ImpactLevel is refused with OperationDenied.NotInWhiteList", _HISTORY),
        "DescribeInstanceHistoryEvents",
        (403, "OperationDenied.NotInWhiteList"),
        lambda _: {"ImpactLevel": "Critical"},
    ),
    Refused(
        _documented("An unknown region is refused with 404 InvalidRegionId.NotFound", "common errors"),
        "DescribeInstanceHistoryEvents",
        (404, "InvalidRegionId.NotFound"),
        lambda _: {"RegionId": "cn-nowhere"},
    ),
    Refused(
        _documented(
            "Accepting an unknown event is refused with 404 InvalidEventId.NoInquiringEventFound",
            reference("AcceptInquiredSystemEvent"),
        ),
        "AcceptInquiredSystemEvent",
        (404, "InvalidEventId.NoInquiringEventFound"),
        lambda _: {"EventId": _many("e")[0]},
    ),
    Refused(
        _guess("A PageSize above 100 is refused with 403 InvalidParameter", "statuses-of-errors"),
        "DescribeInstances",
        (403, "InvalidParameter"),
        lambda _: {"PageSize": 101},
    ),
    Refused(
        _guess("Listing the tags of nothing in particular is refused with 404 MissingParameter.Tags", "listed-tags"),
        "ListTagResources",
        (404, "MissingParameter.Tags"),
        lambda _: {"ResourceType": "instance"},
    ),
    Refused(
        _guess("An unknown maintenance window is refused with 403 InvalidParameter", "statuses-of-errors"),
        "DeletePlanMaintenanceWindow",
        (403, "InvalidParameter"),
        lambda _: {"PlanWindowId": "pw-00000000000000000000"},
    ),
    Refused(
        _guess(
            "Metadata options without InstanceId are refused with InvalidInstanceId.NotFound",
            "metadata-options-without-instance",
        ),
        "ModifyInstanceMetadataOptions",
        (404, "InvalidInstanceId.NotFound"),
        lambda _: {"HttpEndpoint": "enabled"},
    ),
    Refused(
        _guess("CloudMonitor refuses a wrong value with 400 ParameterInvalid", "errors-of-cloudmonitor"),
        "DescribeSystemEventAttribute",
        (400, "ParameterInvalid"),
        lambda _: {"Level": "SHRILL"},
    ),
    Refused(
        _guess("CloudMonitor refuses an unknown rule with 404 ResourceNotFound", "errors-of-cloudmonitor"),
        "EnableEventRules",
        (404, "ResourceNotFound"),
        lambda _: {"RuleNames": ["ecsevents-conformance-unknown"]},
    ),
)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.action)
def test_refused(subject: Subject, case: Refused) -> None:
    same("reply", subject.call(case.action, case.params(subject)).refusal, case.expected)


@rule("The message of InvalidParameter names the parameter", guess="words-of-invalid-parameter")
def test_words_of_invalid_parameter(subject: Subject) -> None:
    message = subject.call("DescribeInstances", PageSize=101).message
    same("the name is in the message", ("PageSize" in message, message), (True, message))


@rule("The refusal of ImpactLevel has the fake's words", guess="words-of-codes")
def test_words_of_a_code(subject: Subject) -> None:
    message = subject.history("Scheduled", ImpactLevel="Critical").message
    same("message", message, "The specified parameter ImpactLevel is not publicly available.")


@rule("The message about an unknown event ends with its id", guess="id-in-message")
def test_id_in_message(subject: Subject) -> None:
    unknown = _many("e")[0]
    message = subject.cancel(unknown).message
    same("message", message, f"Cannot find EventId. {unknown}")


@rule("Without an access key a call is refused with 400 MissingParameter", guess="without-key")
def test_without_key(subject: Subject) -> None:
    page = plain(subject.plain_host(), "POST", "/", Action="DescribeRegions", Version="2014-05-26", Format="JSON")
    same("status and code", (page.status, "MissingParameter" in page.text), (400, True))


@rule("A temporary key without its token is refused with 400 MissingSecurityToken", guess="temporary-keys")
def test_temporary_key_without_token(subject: Subject) -> None:
    key = subject.temporary_key()
    reply = subject.call("DescribeRegions", key=Key(key.access_key_id, key.secret))
    same("reply", reply.refusal, (400, "MissingSecurityToken"))


@rule("A temporary key with a wrong token is refused with 400 InvalidSecurityToken.Malformed", guess="temporary-keys")
def test_temporary_key_with_wrong_token(subject: Subject) -> None:
    key = subject.temporary_key()
    reply = subject.call("DescribeRegions", key=Key(key.access_key_id, key.secret, "wrong"))
    same("reply", reply.refusal, (400, "InvalidSecurityToken.Malformed"))


@rule("An ActionOnMaintenance that the instance does not support is InvalidParameter", guess="unsupported-maintenance")
def test_unsupported_maintenance(subject: Subject) -> None:
    reply = subject.call("DescribeInstanceMaintenanceAttributes", InstanceId=[subject.instance_id])
    (found,) = reply.body["MaintenanceAttributes"]["MaintenanceAttribute"]
    supported = found["ActionOnMaintenance"]["SupportedValues"]["SupportedValue"]
    other = next((name for name in ("AutoRedeploy", "AutoRecover", "Stop") if name not in supported), "")
    if not other:
        raise NotTriedError("the instance supports every action")
    reply = subject.call(
        "ModifyInstanceMaintenanceAttributes", InstanceId=[subject.instance_id], ActionOnMaintenance=other
    )
    same("reply", reply.refusal, (403, "InvalidParameter"))
