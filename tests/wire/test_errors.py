"""Errors: their form, and every documented one of every action."""

import json

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException
from documented import BEYOND, BY_CHOICE, COMMON, DOCUMENTED, ELSEWHERE, NO_INSTANCE, NOT_HELD, NOT_SUPPLIED

from pytest_ecsevents import openapi
from pytest_ecsevents.services._products import ECS

ACTIONS = ECS.actions

EVENT_ID = "e-bp100000000000000000"
REBOOT_EVENT = {"EventType": "SystemMaintenance.Reboot", "NotBefore": "2030-01-01T01:00:00Z"}

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
    "DescribeRegions": {},
    "DescribeTags": {},
    "RunInstances": {"ImageId": "m-1", "InstanceType": "ecs.g7.large"},
    "CreateInstance": {"ImageId": "m-1", "InstanceType": "ecs.g7.large"},
}


def rows_of(table):
    """A table of the package in the form of the documented ones."""
    return [(row.http_status, row.code, row.message) for row in table.rows]


HELD = {action: [*rows, *(row[:3] for row in BEYOND.get(action, ()))] for action, rows in DOCUMENTED.items()}
ROWS = {**HELD, **{action: rows_of(ACTIONS[action].errors) for action in BY_CHOICE}}
CODES = {action: {code for _, code, _ in rows} for action, rows in ROWS.items()}


def first_of_each_code(rows):
    """The rows that `fail` answers with unasked."""
    return [row for place, row in enumerate(rows) if row[1] not in {code for _, code, _ in rows[:place]}]


def others(rows):
    """The rows that take a status or words."""
    first = first_of_each_code(rows)
    return [row for row in rows if row not in first]


def each(rows_for):
    """One case for each row of each action."""
    return pytest.mark.parametrize(
        ("action", "row"),
        [
            pytest.param(action, row, id=f"{action}-{row[1]}-{number}")
            for action in ROWS
            for number, row in enumerate(rows_for(action))
        ],
    )


def unfilled(message):
    """A message without what the service fills in at run time."""
    return message.replace("%s", "").strip()


@pytest.fixture
def one_try(ecs_events, new_sdk, web1):
    """The default account's SDK without its retries."""
    return new_sdk(auto_retry=False)


# -- every documented error


@each(lambda action: first_of_each_code(ROWS[action]))
def test_documented_error(one_try, ecs_events, action, row):
    """Every documented code of every action can be had, with its HTTP status and message."""
    status, code, message = row
    ecs_events.fail(action, code)

    assert one_try.refused(action, **PARAMS[action]) == (status, code, unfilled(message))


@each(lambda action: others(ROWS[action]))
def test_another_row_of_a_code(one_try, ecs_events, action, row):
    """Where a code has several statuses or messages, the others can be had by naming them."""
    status, code, message = row
    words = message.replace("%s", "i-web1")
    ecs_events.fail(action, code, message=words, http_status=status)

    assert one_try.refused(action, **PARAMS[action]) == (status, code, words)


@each(lambda action: [row for row in COMMON if row[1] not in CODES[action]])
def test_common_error(one_try, ecs_events, action, row):
    """The errors that are common to all actions can be had of each that has none of its own with the code."""
    status, code, message = row
    ecs_events.fail(action, code)

    assert one_try.refused(action, **PARAMS[action]) == (status, code, unfilled(message))


@pytest.mark.parametrize("row", ELSEWHERE, ids=lambda row: f"{row[0]}-{row[1]}")
def test_common_error_of_an_older_edition(one_try, ecs_events, row):
    """Statuses and words that newer pages have replaced can be had by naming them."""
    status, code, message = row
    ecs_events.fail("RebootInstance", code, message=message, http_status=status)

    assert one_try.refused("RebootInstance", InstanceId="i-web1") == row


def in_order(rows):
    """Rows in order, without what the service fills in at run time."""
    return sorted((status, code, unfilled(message)) for status, code, message in rows)


@pytest.mark.parametrize("action", [action for action in ACTIONS if action not in BY_CHOICE])
def test_the_rows_held_are_the_documented_ones(action):
    """No documented error of an action is missing, and none is held that is not documented or listed as a guess."""
    assert in_order(rows_of(ACTIONS[action].errors)) == in_order(HELD[action])


@pytest.mark.parametrize("action", BY_CHOICE)
def test_the_choice_of_rows_has_what_we_know_of(action):
    """Where only some of the documented rows are held, those that we have seen written are among them."""
    assert set(BY_CHOICE[action]) <= {(status, code) for status, code, _ in ROWS[action]}


def test_the_common_rows_held_are_the_documented_ones():
    """No documented common error is missing, none is held beyond them, and what is left out is listed with a reason."""
    assert in_order(rows_of(openapi.COMMON)) == in_order(COMMON)
    assert set(NOT_HELD) & set(openapi.COMMON.codes()) == set()


def test_error_changes_nothing(one_try, ecs_events):
    """A call that is answered with an error has not acted."""
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
    """The SDK tries as often as it does against the real service."""
    ecs_events.fail(action, code, times=tries)

    sdk.refused(action, **PARAMS[action])

    assert [call.code for call in ecs_events.calls_to(action)] == [code] * tries


# -- the form of an error


def body(http, action, **params):
    """The HTTP status and the body of a refused call."""
    return http({"Action": action, "RegionId": "cn-hangzhou", **params})


def test_keys_of_the_body(http, web1):
    """An error's body has exactly these keys."""
    status, reply = body(http, "RebootInstance", InstanceId="i-none")

    assert status == 404
    assert set(reply) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert reply["HostId"] == "ecs-cn-hangzhou.aliyuncs.com"
    assert reply["Code"] == "InvalidInstanceId.NotFound"
    assert reply["Message"] == NO_INSTANCE
    assert reply["Recommend"] == (
        f"https://api.aliyun.com/troubleshoot?q=InvalidInstanceId.NotFound&product=Ecs&requestId={reply['RequestId']}"
    )


def test_keys_of_a_fault(http, ecs_events, web1):
    """An error that the test asked for has the same keys."""
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
    """HostId is the name of the host that was called."""
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
    """A mandatory parameter that is missing is refused with the status of the action."""
    params = {name: value for name, value in WIRE.get(action, {}).items() if name != missing}

    answered, reply = http({"Action": action, **params})

    assert (answered, reply["Code"]) == (status, "MissingParameter")
    if status == 400:
        assert reply["Message"] == (
            f'The input parameter "{missing}" that is mandatory for processing this request is not supplied.'
        )
    else:
        assert reply["Message"] == NOT_SUPPLIED


# -- regions and actions


@pytest.mark.parametrize("action", PARAMS)
def test_unknown_region(refused, web1, action):
    """A region that does not exist is refused by every action."""
    assert refused(action, {"RegionId": "cn-nowhere"}, **PARAMS[action]) == (
        404,
        "InvalidRegionId.NotFound",
        "The specified RegionId does not exist.",
    )


def test_region_without_instances(call, ecs_events, web1):
    """A region that exists and holds nothing answers empty lists."""
    region = {"RegionId": "ap-southeast-1"}

    assert call("DescribeInstances", region)["TotalCount"] == 0
    assert call("DescribeInstanceStatus", region)["TotalCount"] == 0
    assert call("DescribeInstancesFullStatus", region)["TotalCount"] == 0
    assert call("DescribeInstanceHistoryEvents", region)["TotalCount"] == 0


def test_unknown_action(ecs_events, http):
    """Where strictness is off, an unknown action is answered as the service answers it."""
    ecs_events.strict = False

    status, reply = http({"Action": "RebootEverything", "RegionId": "cn-hangzhou"})

    assert status == 404
    assert reply["Code"] == "InvalidAction.NotFound"
    assert reply["Message"] == "Specified api is not found, please check your url and method."
    assert set(reply) == {"RequestId", "HostId", "Code", "Message", "Recommend"}
