"""Errors: their form, and every documented one of every action."""

import json

import pytest
from aliyunsdkcore.acs_exception.exceptions import ServerException

EVENT_ID = "e-bp100000000000000000"
REBOOT_EVENT = {"EventType": "SystemMaintenance.Reboot", "NotBefore": "2030-01-01T01:00:00Z"}

PARAMS = {
    "CreateSimulatedSystemEvents": {"InstanceIds": ["i-web1"], **REBOOT_EVENT},
    "CancelSimulatedSystemEvents": {"EventIds": [EVENT_ID]},
    "DescribeInstanceHistoryEvents": {},
    "DescribeInstancesFullStatus": {},
    "DescribeInstances": {},
    "DescribeInstanceStatus": {},
    "RebootInstance": {"InstanceId": "i-web1"},
    "RebootInstances": {"InstanceIds": ["i-web1"]},
    "StopInstance": {"InstanceId": "i-web1"},
    "StartInstance": {"InstanceId": "i-web1"},
}

NOT_SUPPLIED = "The input parameter that is mandatory for processing this request is not supplied."
WRONG_STATUS = "The current status of the resource does not support this operation."
LOCKED = "The specified operation is denied as your instance is locked for security reasons."
EXPIRED = (
    "The specified operation is denied as your prepay instance is expired (prepay mode) or in arrears (afterpay mode)."
)
UNKNOWN_ERROR = "The request processing has failed due to some unknown error."
UNAVAILABLE = "The service is currently unavailable. Please try again later."
NO_INSTANCE = "The specified InstanceId does not exist."
DRY_RUN = "Request validation has been passed with DryRun flag set."
NO_BALANCE = "Your account does not have enough balance."
NOT_READY = "The specified instance is not ready for use."
TAG_THE_KEY = "The CMK needs to be added ECS tag"
ENABLE_THE_KEY = "The CMK needs to be enabled."
TOO_MANY_IDS = "Instance ids cannot be more than 100."
MALFORMED_IDS = "The specified instanceIds is not valid."

# By action: HTTP status, code, and the message. None stands where the service fills the text at run time, or has
# several texts under one code; the other codes of several texts have the first of them.
DOCUMENTED = {
    "CreateSimulatedSystemEvents": [
        (403, "InvalidParameter", None),
        (403, "InvalidNotBefore.Passed", None),
        (403, "SimulatedEventLimitExceeded", None),
        (403, "InstanceIdLimitExceeded", None),
        (404, "MissingParameter", None),
        (404, "InvalidInstanceId.NotFound", None),
    ],
    "CancelSimulatedSystemEvents": [
        (400, "EventIdLimitExceeded", None),
        (403, "InvalidParameter", None),
        (403, "CannotCancelSystemEvent.NotSimulated", None),
        (403, "InvalidEventId.NotFound", None),
        (404, "MissingParameter", None),
    ],
    "DescribeInstanceHistoryEvents": [
        (403, "InvalidParameter", None),
        (403, "EventIdLimitExceeded", None),
        (403, "InvalidParameter.TimeEndBeforeStart", None),
        (403, "OperationDenied.NotInWhiteList", None),
        (404, "MissingParameter", None),
    ],
    "DescribeInstancesFullStatus": [
        (403, "InvalidParameter", None),
        (403, "InvalidParameter.TimeEndBeforeStart", None),
        (403, "OperationDenied.NotInWhiteList", None),
        (403, "InstanceIdLimitExceeded", None),
        (403, "EventIdLimitExceeded", None),
        (404, "MissingParameter", None),
    ],
    "DescribeInstances": [
        (404, "InvalidInstanceChargeType.NotFound", "The InstanceChargeType does not exist in our records"),
        (404, "InvalidInternetChargeType.ValueNotSupported", "The specified InternetChargeType is not valid"),
        (404, "InvalidLockReason.NotFound", "The specified LockReason is not found"),
        (404, "InvalidFilterKey.NotFound", ""),
        (404, "InvalidFilterValue", ""),
        (404, "InvalidNetworkType.NotFound", "The specified InstanceNetworkType is not found"),
        (404, "InvalidStatus.NotFound", "The specified Status is not found"),
        (400, "InvalidTag.Mismatch", "The specified Tag.n.Key and Tag.n.Value are not match."),
        (400, "InvalidTagCount", "The specified tags are beyond the permitted range."),
        (400, "InvalidHpcClusterId.NotFound", "The specified HpcClusterId is not found."),
        (400, "InvalidHpcClusterId.Creating", "The specified HpcClusterId is creating."),
        (400, "DryRunOperation", DRY_RUN),
    ],
    "DescribeInstanceStatus": [
        (403, "InvalidParameter.TooManyInstanceIds", TOO_MANY_IDS),
        (403, "Abs.InvalidInstanceIds.MalFormed", MALFORMED_IDS),
        (404, "InvalidZoneId.NotFound", "The ZoneId provided does not exist in our records."),
    ],
    "RebootInstance": [
        (403, "IncorrectInstanceStatus", WRONG_STATUS),
        (403, "InstanceLockedForSecurity", LOCKED),
        (403, "DiskError", "IncorrectDiskStatus."),
        (403, "InstanceExpiredOrInArrears", EXPIRED),
        (403, "InvalidParameter.KMSKeyId.CMKUnauthorized", None),
        (403, "InvalidParameter.KMSKeyId.CMKNotEnabled", None),
        (403, "InvalidParameter.KMSKeyId.KMSUnauthorized", None),
        (404, "InvalidParameter.KMSKeyId.NotFound", None),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
        (500, "InternalError", UNKNOWN_ERROR),
        (503, "LimitedOperation.ServiceUnavailable", UNAVAILABLE),
        (400, "DryRunOperation", DRY_RUN),
    ],
    "RebootInstances": [
        (400, "InvalidParameter.KMSKeyId.CMKNotEnabled", TAG_THE_KEY),
        (400, "InvalidParameter.KMSKeyId.KMSUnauthorized", "ECS service account have no right to access your KMS."),
        (400, "DRYRUN.SUCCESS", "This request is a dryrun request with successful result."),
        (403, "InvalidParameter.TooManyInstanceIds", TOO_MANY_IDS),
        (403, "Abs.InvalidInstanceIds.MalFormed", MALFORMED_IDS),
        (403, "InstanceLockedForSecurity", None),
        (403, "InstanceExpiredOrInArrears", None),
        (403, "IncorrectInstanceStatus", None),
        (403, "InvalidInstance.NotFoundSystemDisk", None),
        (403, "InsufficientBalance", NO_BALANCE),
        (403, "InstanceNotReady", NOT_READY),
        (404, "InvalidInstanceIds.NotFound", "The specified InstanceIds does not exist."),
        (
            409,
            "InvalidOperation.Conflict",
            "Request was denied due to conflict with a previous request, please try again later.",
        ),
        (500, "InternalError", UNKNOWN_ERROR),
        (503, "LimitedOperation.ServiceUnavailable", UNAVAILABLE),
    ],
    "StopInstance": [
        (
            400,
            "InvalidParameter.Encrypted.KmsNotEnable",
            "Failed to perform this operation because KMS is not activated.",
        ),
        (400, "DiskError", "IncorrectDiskStatus."),
        (403, "IncorrectInstanceStatus", WRONG_STATUS),
        (403, "InstanceLockedForSecurity", LOCKED),
        (
            403,
            "InstanceType.ParameterMismatch",
            "The input parameter ConfirmStop must be true when an instance have localstorage.",
        ),
        (403, "InstanceExpiredOrInArrears", EXPIRED),
        (403, "InvalidInstanceId.NotSupport", "Classic network Instance does not support this operation."),
        (403, "InvalidParameter.KMSKeyId.CMKUnauthorized", TAG_THE_KEY),
        (403, "InvalidParameter.KMSKeyId.CMKNotEnabled", ENABLE_THE_KEY),
        (403, "InvalidParameter.KMSKeyId.KMSUnauthorized", "ECS service have no right to access your KMS."),
        (
            403,
            "HibernationConfigured.InstanceOperationForbidden",
            "The operation is not permitted due to limit of the hibernation configured instance.",
        ),
        (
            403,
            "HibernationConfigured.NotEnabled",
            "The instance hibernation configured option is not enabled.",
        ),
        (403, "InvalidOperation.KMSKeyIdNotFound", None),
        (403, "InvalidOperation.KMSServiceNotOpen", "KMS service is currently not open."),
        (403, "OperationDenied.SystemInstanceNotSupport", None),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
        (500, "InternalError", UNKNOWN_ERROR),
        (503, "LimitedOperation.ServiceUnavailable", UNAVAILABLE),
        (400, "DryRunOperation", DRY_RUN),
    ],
    "StartInstance": [
        (400, "LackResource", "There's no enough resource on the specified capacity reservation."),
        (
            400,
            "InvalidDedicatedHost.NotEnoughResource",
            "The specified dedicated host has not enough resource due to host affinity.",
        ),
        (400, "InvalidInstance.NotFoundSystemDisk", "The specified instance does not have system disk."),
        (400, "Invalid.PrivatePoolOptions.NoStock", "The PrivatePool has been used up."),
        (403, "InvalidParameter.KMSKeyId.NotFound", "The specified KMSKeyId does not exist."),
        (403, "IncorrectInstanceStatus", WRONG_STATUS),
        (403, "InstanceLockedForSecurity", LOCKED),
        (403, "InsufficientBalance", NO_BALANCE),
        (403, "DiskError", "IncorrectDiskStatus."),
        (
            403,
            "InstanceExpired",
            "The postPaid instance has been expired.Please ensure your account have enough balance.",
        ),
        (403, "InstanceNotReady", NOT_READY),
        (403, "DiskInArrears", "The specified operation is denied as your disk has expired."),
        (
            403,
            "OperationDenied.NoStock",
            "The requested resource is sold out in the specified zone; try other types of resources or other regions "
            "and zones.",
        ),
        (
            403,
            "OperationDenied.SpotPriceLowerThanPublicPrice",
            "The spot instance price is lower than public price.",
        ),
        (403, "InvalidParameter.KMSKeyId.CMKUnauthorized", f"{TAG_THE_KEY}."),
        (403, "InvalidParameter.KMSKeyId.CMKNotEnabled", None),
        (403, "InvalidParameter.KMSKeyId.KMSUnauthorized", None),
        (403, "QuotaExceed.ElasticQuota", None),
        (
            403,
            "OperationDenied.HostRepairing",
            "The specified operation is denied as the host of ECS instance is being repaired.",
        ),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
        (404, "InvalidCapacityReservationId.NotFound", "The specified capacity reservation does not exist."),
        (500, "InternalError", UNKNOWN_ERROR),
        (503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."),
        (400, "DryRunOperation", DRY_RUN),
    ],
}

# Errors that every action can answer: the gateway's, and those common to ECS.
COMMON = [
    (400, "Throttling", None),
    (400, "Throttling.User", "Request was denied due to user flow control."),
    (400, "Throttling.Api", "Request was denied due to api flow control."),
    (503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server."),
    (
        503,
        "ServiceUnavailable.RegionMaintaining",
        "System maintenance is in progress on the selected region, please wait a few minutes before trying again.",
    ),
    (400, "UnknownError", UNKNOWN_ERROR),
    (404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."),
    (400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."),
    (403, "Forbidden.AccessKeyDisabled", "The Access Key is disabled."),
    (400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."),
    (400, "SignatureNonceUsed", "Specified signature nonce was used already."),
    (400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."),
    (400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."),
    (
        403,
        "Forbidden.RAM",
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    ),
    (404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."),
    (404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."),
    (409, "OperationConflict", "Request was denied due to conflict with a previous request."),
]


@pytest.fixture
def one_try(ecs_events, new_sdk, web1):
    """The default account's SDK without its retries."""
    return new_sdk(auto_retry=False)


# -- every documented error


@pytest.mark.parametrize(
    ("action", "error"),
    [
        pytest.param(action, error, id=f"{action}-{error[1]}")
        for action, errors in DOCUMENTED.items()
        for error in errors
    ],
)
def test_documented_error(one_try, ecs_events, action, error):
    """Every documented error of every action can be had, with its HTTP status and message."""
    status, code, message = error
    ecs_events.fail(action, code)

    refusal = one_try.refused(action, **PARAMS[action])

    assert refusal[:2] == (status, code)
    assert message in {None, refusal.message}


@pytest.mark.parametrize("action", PARAMS)
@pytest.mark.parametrize("error", COMMON, ids=[error[1] for error in COMMON])
def test_common_error(one_try, ecs_events, action, error):
    """The errors that are common to all actions can be had of each."""
    status, code, message = error
    ecs_events.fail(action, code)

    refusal = one_try.refused(action, **PARAMS[action])

    assert refusal[:2] == (status, code)
    assert message in {None, refusal.message}


def test_invalid_instance_id_of_reboot_instances(one_try, ecs_events):
    """InvalidInstanceId.NotFound of RebootInstances is one of its two documented errors of that code."""
    ecs_events.fail("RebootInstances", "InvalidInstanceId.NotFound")

    assert one_try.refused("RebootInstances", InstanceIds=["i-web1"]) in {
        (403, "InvalidInstanceId.NotFound", "InstanceId should not be null."),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
    }


@pytest.mark.parametrize("action", ["RebootInstance", "DescribeInstanceHistoryEvents"])
def test_throttling_message(one_try, ecs_events, action):
    """Throttling has one of its two documented messages."""
    ecs_events.fail(action, "Throttling")

    assert one_try.refused(action, **PARAMS[action]).message in {
        "You have made too many requests within a short time; your request is denied due to request throttling.",
        "Request was denied due to request throttling.",
    }


def test_signature_does_not_match(one_try, ecs_events):
    """The message of SignatureDoesNotMatch has the colon that the SDK splits it at."""
    ecs_events.fail("RebootInstance", "SignatureDoesNotMatch")

    refusal = one_try.refused("RebootInstance", InstanceId="i-web1")

    assert refusal.status == 400
    assert refusal.code in {"SignatureDoesNotMatch", "InvalidAccessKeySecret"}


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
