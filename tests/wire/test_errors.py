"""Errors: their format, and every documented one of every action."""

import csv
import json
from pathlib import Path

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

from pytest_ecsevents.rpc._error_tables import COMMON, words_of
from pytest_ecsevents.services._products import ECS
from pytest_ecsevents.services.metadata._errors import ERRORS as METADATA
from pytest_ecsevents.services.smq._errors import ERRORS as SMQ

ACTIONS = ECS.actions

EVENT_ID = "e-bp100000000000000000"
REBOOT_EVENT = {"EventType": "SystemMaintenance.Reboot", "NotBefore": "2030-01-01T01:00:00Z"}

WINDOW = {
    "PlanWindowName": "nightly",
    "Enable": True,
    "SupportMaintenanceAction": "Reboot",
    "TargetResource": {"Scope": "ResourceGroup", "ResourceGroupId": "rg-1"},
    "TimePeriod": {"PeriodUnit": "Daily", "RangeList": [{"StartTime": "22:00", "EndTime": "04:00"}]},
}

PARAMS = {
    "CreateSimulatedSystemEvents": {"InstanceIds": ["i-web1"], **REBOOT_EVENT},
    "CancelSimulatedSystemEvents": {"EventIds": [EVENT_ID]},
    "DescribeInstanceHistoryEvents": {},
    "DescribeInstancesFullStatus": {},
    "DescribeDisksFullStatus": {},
    "DescribeInstances": {},
    "DescribeInstanceStatus": {},
    "DescribeInstanceAttribute": {"InstanceId": "i-web1"},
    "RebootInstance": {"InstanceId": "i-web1"},
    "RebootInstances": {"InstanceIds": ["i-web1"]},
    "StopInstance": {"InstanceId": "i-web1"},
    "StopInstances": {"InstanceIds": ["i-web1"]},
    "StartInstance": {"InstanceId": "i-web1"},
    "StartInstances": {"InstanceIds": ["i-web1"]},
    "DeleteInstance": {"InstanceId": "i-web1"},
    "DeleteInstances": {"InstanceIds": ["i-web1"]},
    "RedeployInstance": {"InstanceId": "i-web1"},
    "AcceptInquiredSystemEvent": {"EventId": EVENT_ID},
    "ModifySystemEventAttribute": {
        "InstanceId": "i-web1",
        "EventId": EVENT_ID,
        "NotBefore": "2030-01-01T01:00:00Z",
    },
    "ModifyInstanceMaintenanceAttributes": {"InstanceIds": ["i-web1"]},
    "DescribeInstanceMaintenanceAttributes": {},
    "ModifyInstanceMetadataOptions": {"InstanceId": "i-web1", "HttpEndpoint": "enabled"},
    "ReportInstancesStatus": {"InstanceIds": ["i-web1"], "Description": "It hangs."},
    "CreatePlanMaintenanceWindow": WINDOW,
    "ModifyPlanMaintenanceWindow": {"PlanWindowId": "pw-1"},
    "DeletePlanMaintenanceWindow": {"PlanWindowId": "pw-1"},
    "DescribePlanMaintenanceWindows": {},
    "TagResources": {"ResourceType": "instance", "ResourceIds": ["i-web1"], "Tags": [{"Key": "role", "Value": "web"}]},
    "UntagResources": {"ResourceType": "instance", "ResourceIds": ["i-web1"], "TagKeys": ["role"]},
    "ListTagResources": {"ResourceType": "instance", "ResourceIds": ["i-web1"]},
    "RenewInstance": {"InstanceId": "i-web1", "Period": 1},
    "ReActivateInstances": {"InstanceId": "i-web1"},
    "DescribeRegions": {},
    "DescribeTags": {},
    "ModifyInstanceAutoReleaseTime": {"InstanceId": "i-web1"},
    "RunInstances": {"ImageId": "m-1", "InstanceType": "ecs.g7.large"},
    "CreateInstance": {"ImageId": "m-1", "InstanceType": "ecs.g7.large"},
}


with (Path(__file__).parent / "documented_errors.csv").open(encoding="utf-8", newline="") as file:
    DOCUMENTED = list(csv.DictReader(file))
"""Every documented error, transcribed from the documentation alone, and those that the fake answers beyond it.

The action "*" has the errors that every action can answer. "%s" stands for what the service fills in at run time. Of several
rows with one code, the first is the one that `fail` answers with by default. A note that starts with "not documented" says
why the fake has the row.
"""

BY_CHOICE = {
    "RunInstances": [
        (403, "OperationDenied.NoStock"),
        (403, "QuotaExceed.ElasticQuota"),
        (400, "InvalidParameter"),
        (400, "MissingParameter"),
    ],
    "CreateInstance": [
        (403, "OperationDenied.NoStock"),
        (403, "QuotaExceed.ElasticQuota"),
        (400, "InvalidParameter"),
        (400, "MissingParameter"),
    ],
    "DescribeTags": [],
}
"""Actions whose pages have several hundred rows, or are gone: the fake has a choice of rows, at least these."""

NOT_HELD = {
    "InvalidAction": "2018; InvalidAction.NotFound has replaced it",
    "InvalidVersion": "its status is not known",
    "InvalidOwner": "its words are not known here",
    "InvalidOwnerId": "its words are not known here",
    "InvalidOwnerAccount": "its words are not known here",
    "Forbidden.NotSupportRAM": "its words are not known here",
    "Forbidden.SubUser": "its words are not known here",
    "Forbidden.Unauthorized": "its words are not known here",
    "Forbidden.RiskControl": "its words are not known here",
    "InvalidParameter": "the action's own row, where it takes parameters that can be wrong",
    "InvalidParameter.Format": "no action of ECS is known to answer it",
    "InvalidInstanceId.NotFound": "the action's own row, where it takes an instance",
}
"""Common codes that the documentation names and that the fake does not have as common ones, and why."""

OLDER = [
    (
        400,
        "Throttling",
        "You have made too many requests within a short time; your request is denied due to request throttling.",
    ),
    (403, "UnsupportedHTTPMethod", "This HTTP method is not supported."),
    (400, "InvalidAccessKeyId.NotFound", "The specified Access Key ID does not exist."),
    (400, "SignatureNonceUsed", "The request signature nonce has been used."),
    (403, "InvalidAction", "Specified action is not valid."),
    (400, "InvalidParameter", 'The specified parameter "Action or Version" is not valid.'),
]
"""Statuses and words of common codes in older editions."""


# What is said where the documentation prints only "%s", or nothing: words from elsewhere, or a sentence with the code.
WORDS = {
    "InvalidOperation.RedeployInstance": "There are no maintenance events found on the instance",
    "InvalidParameter": "The Parameter provided is not valid.",
    "MissingParameter": "The input parameter that is mandatory for processing this request is not supplied.",
}


def said(code, message):
    """The message of an error that `fail` causes: the published one, without what the service fills in at its end."""
    published = message.removesuffix("%s").rstrip(" :")
    return published or WORDS.get(code, f"The request is refused with the code {code}.")


def by_code(rows):
    """Return statuses and messages by action and code: the one that `fail` uses first, then the others in order."""
    found = {}
    for action, status, code, message in rows:
        found.setdefault((action, code), []).append((status, message.replace("%s", "").strip()))
    return {key: [first, *sorted(others)] for key, (first, *others) in found.items()}


def rows_of(action, table):
    """Return the rows of one of the package's tables."""
    return [(action, row.http_status, row.code, row.message) for row in table.rows]


ROWS = [(row["action"], int(row["http_status"]), row["code"], row["message"]) for row in DOCUMENTED]
COMMON_ROWS = [row for row in ROWS if row[0] == "*"]


def one_of_each_form(rows):
    """Return the first row of each HTTP status whose message is complete, is to be filled in, or is empty."""
    forms = {}
    for row in rows:
        _, status, _, message = row
        forms.setdefault((status, "%s" in message, bool(message)), row)
    return list(forms.values())


def first_rows(*, are_first):
    """Return the rows of actions that are the first with their code, or those that are not."""
    own = [row for row in ROWS if row[0] != "*"]
    first = {(action, code): place for place, (action, _, code, _) in reversed(list(enumerate(own)))}
    places = set(first.values())
    return [row for place, row in enumerate(own) if (place in places) is are_first]


@pytest.fixture
def one_try(ecs_events, new_sdk, web1):
    """The default account's SDK without its retries."""
    return new_sdk(auto_retry=False)


# -- every documented error


def test_the_rows_are_the_documented_ones():
    """No documented error is missing, and each error is documented or marked as an assumption."""
    tables = {"*": COMMON, **{name: action.errors for name, action in ACTIONS.items() if name not in BY_CHOICE}}

    assert by_code(row for name, table in tables.items() for row in rows_of(name, table)) == by_code(ROWS)


@pytest.mark.parametrize("action", BY_CHOICE)
def test_the_choice_of_rows_has_what_we_know_of(action):
    """If the fake has only some of the documented rows, the observed ones are among them."""
    assert set(BY_CHOICE[action]) <= {(row.http_status, row.code) for row in ACTIONS[action].errors.rows}


def test_common_codes_that_are_left_out():
    """Each is listed with a reason."""
    assert set(NOT_HELD) & set(COMMON.codes()) == set()


def test_fail_takes_every_code(ecs_events):
    """Each action can return each of its own codes and each common one."""
    for name, action in ACTIONS.items():
        for code in {*action.errors.codes(), *COMMON.codes()}:
            ecs_events.fail(name, code, optional=True)


def case(row):
    """Return the id of a row's test case."""
    return "-".join(map(str, row[:3]))


@pytest.mark.parametrize("row", one_of_each_form(first_rows(are_first=True)), ids=case)
def test_documented_error(one_try, ecs_events, row):
    """A documented code has its HTTP status and message."""
    action, status, code, message = row
    ecs_events.fail(action, code)

    assert one_try.refused(action, **PARAMS[action]) == (status, code, said(code, message))


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("RedeployInstance", "InvalidOperation.RedeployInstance"),
        ("AcceptInquiredSystemEvent", "OperationConflict"),
        ("DescribeInstances", "InvalidFilterValue"),
    ],
)
def test_where_only_a_code_is_known(one_try, ecs_events, action, code):
    """The message is that of another edition, or a neutral sentence with the code."""
    ecs_events.fail(action, code)

    assert one_try.refused(action, **PARAMS[action]).message == said(code, "")


def test_no_error_is_without_words():
    """Whatever row an action answers with, its message says something, and has no gap that nobody filled."""
    tables = [COMMON, METADATA, SMQ, *(action.errors for action in ACTIONS.values())]
    for row in (row for table in tables for row in table.rows):
        assert row.text().strip(), row
        assert "%s" not in row.text(), row
        assert "  " not in row.text(), row
        assert row.text("i-web1"), row


@pytest.mark.parametrize("package", ["rpc", "services.ecs"])
def test_words_have_their_source(package):
    """Each text is sorted by its code, belongs to a row that needs it, and says where it comes from."""
    words = words_of(f"pytest_ecsevents.{package}")
    tables = [COMMON, *(action.errors for action in ACTIONS.values())]
    needed = {row.code for table in tables for row in table.rows if not row.is_published}
    assert list(words) == sorted(words)
    assert set(words) <= needed
    assert all(text and source for text, source in words.values())


@pytest.mark.parametrize("row", one_of_each_form(first_rows(are_first=False)), ids=case)
def test_another_row_of_a_code(one_try, ecs_events, row):
    """If a code has several statuses or messages, `fail` can select each."""
    action, status, code, message = row
    words = message.replace("%s", "i-web1")
    ecs_events.fail(action, code, message=words, http_status=status)

    assert one_try.refused(action, **PARAMS[action]) == (status, code, words)


@pytest.mark.parametrize("row", COMMON_ROWS, ids=lambda row: f"{row[1]}-{row[2]}")
def test_common_error(one_try, ecs_events, row):
    """An action returns the errors that are common to all actions."""
    _, status, code, message = row
    ecs_events.fail("DescribeRegions", code)

    assert one_try.refused("DescribeRegions") == (status, code, said(code, message))


@pytest.mark.parametrize("row", OLDER, ids=lambda row: f"{row[0]}-{row[1]}")
def test_common_error_of_an_older_edition(one_try, ecs_events, row):
    """Statuses and messages that newer pages have replaced can be selected."""
    status, code, message = row
    ecs_events.fail("RebootInstance", code, message=message, http_status=status)

    assert one_try.refused("RebootInstance", InstanceId="i-web1") == row


def test_error_changes_nothing(one_try, ecs_events):
    """A call that returns an error has no effect."""
    ecs_events.fail("StopInstance", "InternalError")

    one_try.refused("StopInstance", InstanceId="i-web1")

    assert ecs_events.instances["i-web1"].status == "Running"


@pytest.mark.parametrize(
    ("action", "code", "tries"),
    [
        ("DescribeInstanceHistoryEvents", "InternalError", 4),
        ("DescribeInstancesFullStatus", "ServiceUnavailable", 4),
        ("DescribeInstances", "Throttling", 4),
        ("DescribeInstances", "UnknownError", 4),
        ("DescribeInstances", "Throttling.User", 1),
        ("DescribeInstances", "Throttling.Api", 1),
        ("DescribeInstanceHistoryEvents", "InvalidParameter", 1),
        ("DescribeInstances", "Forbidden.RAM", 1),
        ("RebootInstance", "InternalError", 1),
        ("RebootInstance", "Throttling", 1),
        ("CreateSimulatedSystemEvents", "ServiceUnavailable", 1),
        ("CancelSimulatedSystemEvents", "InternalError", 1),
    ],
)
def test_tries_of_the_sdk(sdk, ecs_events, action, code, tries):
    """The SDK retries as often as with the real service."""
    ecs_events.fail(action, code, times=tries)

    sdk.refused(action, **PARAMS[action])

    assert [call.code for call in ecs_events.calls_to(action)] == [code] * tries


# -- the form of an error


def body(http, action, **params):
    """Return the HTTP status and the body of a refused call."""
    return http({"Action": action, "RegionId": "cn-hangzhou", **params})


def test_keys_of_the_body(http, web1):
    """An error's body has exactly these keys."""
    status, reply = body(http, "RebootInstance", InstanceId="i-none")

    assert status == 404
    assert set(reply) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert reply["HostId"] == "ecs-cn-hangzhou.aliyuncs.com"
    assert reply["Code"] == "InvalidInstanceId.NotFound"
    assert reply["Message"] == "The specified InstanceId does not exist."
    assert reply["Recommend"] == (
        f"https://api.aliyun.com/troubleshoot?q=InvalidInstanceId.NotFound&product=Ecs&requestId={reply['RequestId']}"
    )


def test_keys_of_a_fault(http, ecs_events, web1):
    """A fault that the test declared has the same keys."""
    ecs_events.fail("RebootInstance", "Throttling.User")

    status, reply = body(http, "RebootInstance", InstanceId="i-web1")

    assert status == 400
    assert set(reply) == {"RequestId", "HostId", "Code", "Message", "Recommend"}


@pytest.mark.parametrize(
    ("region_id", "host"),
    [
        ("cn-hangzhou", "ecs-cn-hangzhou.aliyuncs.com"),
        ("cn-beijing", "ecs-cn-hangzhou.aliyuncs.com"),
        ("cn-huhehaote", "ecs.cn-huhehaote.aliyuncs.com"),
    ],
)
def test_host_id(ecs_events, new_sdk, region_id, host):
    """HostId is the name of the called host."""
    sdk = new_sdk(region_id=region_id)
    request = sdk.request("RebootInstance", InstanceId="i-none")
    request.set_endpoint(host)

    with pytest.raises(ServerException) as caught:
        sdk.client.do_action_with_exception(request)

    assert caught.value.get_error_code() == "InvalidInstanceId.NotFound"
    (made,) = ecs_events.calls
    answer = made.response if isinstance(made.response, dict) else json.loads(made.response)
    assert answer["HostId"] == host


def test_request_id_of_an_error(sdk, ecs_events, web1):
    """The SDK finds the request id of an error."""
    with pytest.raises(ServerException) as caught:
        sdk.client.do_action_with_exception(sdk.request("RebootInstance", InstanceId="i-none"))

    (made,) = ecs_events.calls
    assert caught.value.get_request_id()
    assert made.code == "InvalidInstanceId.NotFound"
    assert made.http_status == 404


# -- missing parameters

MISSING = [
    (404, "CreateSimulatedSystemEvents", ["RegionId", "EventType", "NotBefore", "InstanceId.1"]),
    (404, "CancelSimulatedSystemEvents", ["RegionId", "EventId.1"]),
    (404, "DescribeInstanceHistoryEvents", ["RegionId"]),
    (404, "DescribeInstancesFullStatus", ["RegionId"]),
    (400, "DescribeInstances", ["RegionId"]),
    (400, "DescribeInstanceStatus", ["RegionId"]),
    (400, "RebootInstances", ["RegionId"]),
    (400, "RebootInstance", ["InstanceId"]),
    (400, "StopInstance", ["InstanceId"]),
    (400, "StartInstance", ["InstanceId"]),
]
WIRE = {
    "CreateSimulatedSystemEvents": {"RegionId": "cn-hangzhou", "InstanceId.1": "i-web1", **REBOOT_EVENT},
    "CancelSimulatedSystemEvents": {"RegionId": "cn-hangzhou", "EventId.1": EVENT_ID},
    "RebootInstances": {"RegionId": "cn-hangzhou", "InstanceId.1": "i-web1"},
}


@pytest.mark.parametrize(
    ("status", "action", "missing"),
    [pytest.param(status, action, name, id=f"{action}-{name}") for status, action, names in MISSING for name in names],
)
def test_missing_parameter(http, web1, status, action, missing):
    """A missing mandatory parameter is refused with the status of the action."""
    params = {name: value for name, value in WIRE.get(action, {}).items() if name != missing}

    answered, reply = http({"Action": action, **params})

    assert (answered, reply["Code"]) == (status, "MissingParameter")
    if status == 400:
        assert reply["Message"] == (
            f'The input parameter "{missing}" that is mandatory for processing this request is not supplied.'
        )
    else:
        assert reply["Message"] == "The input parameter that is mandatory for processing this request is not supplied."


# -- regions and actions


def test_unknown_region(refused, web1):
    """Every action refuses an unknown region."""
    expected = (404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.")

    answers = {action: refused(action, {"RegionId": "cn-nowhere"}, **PARAMS[action]) for action in PARAMS}

    assert answers == dict.fromkeys(ACTIONS, expected)


def test_region_without_instances(call, ecs_events, web1):
    """A known region without instances returns empty lists."""
    region = {"RegionId": "ap-southeast-1"}

    assert call("DescribeInstances", region)["TotalCount"] == 0
    assert call("DescribeInstanceStatus", region)["TotalCount"] == 0
    assert call("DescribeInstancesFullStatus", region)["TotalCount"] == 0
    assert call("DescribeInstanceHistoryEvents", region)["TotalCount"] == 0


def test_unknown_action(ecs_events, http):
    """Without strictness, an unknown action gets the service's own error."""
    ecs_events.strict = False

    status, reply = http({"Action": "RebootEverything", "RegionId": "cn-hangzhou"})

    assert status == 404
    assert reply["Code"] == "InvalidAction.NotFound"
    assert reply["Message"] == "Specified api is not found, please check your url and method."
    assert set(reply) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
