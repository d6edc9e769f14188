"""Every error that the documentation has, written from it alone: by action HTTP status, code and message.

"%s" stands for what the service fills in at run time. The pages on events print nothing else; their words here are those
of the 2018 edition where it had any. Of several rows with one code, the one that `fail` answers with unasked stands first.
"""

NOT_SUPPLIED = "The input parameter that is mandatory for processing this request is not supplied."
WRONG_STATUS = "The current status of the resource does not support this operation."
LOCKED = "The specified operation is denied as your instance is locked for security reasons."
EXPIRED = (
    "The specified operation is denied as your prepay instance is expired (prepay mode) or in arrears (afterpay mode)."
)
UNKNOWN_ERROR = "The request processing has failed due to some unknown error."
UNKNOWN_FAILURE = "The request processing has failed due to some unknown error, exception or failure."
UNAVAILABLE = "The service is currently unavailable. Please try again later."
FAILED_FOR_NOW = "The request has failed due to a temporary failure of the server."
NO_INSTANCE = "The specified InstanceId does not exist."
NO_INSTANCES = "The specified InstanceIds does not exist."
DRY_RUN = "Request validation has been passed with DryRun flag set."
NO_BALANCE = "Your account does not have enough balance."
NOT_READY = "The specified instance is not ready for use."
TAG_THE_KEY = "The CMK needs to be added ECS tag"
ENABLE_THE_KEY = "The CMK needs to be enabled."
NO_RIGHT_TO_THE_KEYS = "ECS service have no right to access your KMS."
NO_KEY = "The specified KMSKeyId not found, %s."
KEYS_ARE_CLOSED = "KMS service is currently not open."
KEYS_ARE_OFF = "Failed to perform this operation because KMS is not activated."
TOO_MANY_IDS = "Instance ids cannot be more than 100."
MALFORMED_IDS = "The specified instanceIds is not valid."
BAD_DISK = "IncorrectDiskStatus."
NOT_WITH_SYSTEM_INSTANCES = "The system instance does not support the %s operation because %s."
TIME_ENDS_BEFORE_START = "The event time end should be after event time start."
SOLD_OUT = (
    "The requested resource is sold out in the specified zone; try other types of resources or other regions and zones."
)
SPOT_PRICE = "The spot instance price is lower than public price."
POOL_USED_UP = "The PrivatePool has been used up."

_REBOOT_BATCH = [
    (400, "InvalidParameter.KMSKeyId.CMKNotEnabled", TAG_THE_KEY),
    (400, "InvalidParameter.KMSKeyId.CMKNotEnabled", ENABLE_THE_KEY),
    (400, "InvalidParameter.KMSKeyId.KMSUnauthorized", "ECS service account have no right to access your KMS."),
    (400, "DRYRUN.SUCCESS", "This request is a dryrun request with successful result."),
    (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
    (404, "InvalidInstanceId.NotFound", "%s"),
    (403, "InvalidInstanceId.NotFound", "InstanceId should not be null."),
    (403, "InvalidParameter.TooManyInstanceIds", TOO_MANY_IDS),
    (403, "Abs.InvalidInstanceIds.MalFormed", MALFORMED_IDS),
    (403, "InstanceLockedForSecurity", "%s"),
    (403, "InstanceExpiredOrInArrears", "%s"),
    (403, "IncorrectInstanceStatus", "%s"),
    (403, "InvalidInstance.NotFoundSystemDisk", "%s"),
    (403, "InsufficientBalance", NO_BALANCE),
    (403, "InstanceNotReady", NOT_READY),
    (404, "InvalidInstanceIds.NotFound", NO_INSTANCES),
    (
        409,
        "InvalidOperation.Conflict",
        "Request was denied due to conflict with a previous request, please try again later.",
    ),
    (500, "InternalError", UNKNOWN_ERROR),
    (503, "LimitedOperation.ServiceUnavailable", UNAVAILABLE),
]

_DELETE = [
    (
        400,
        "DependencyViolation.SLBConfiguring",
        "Specified operation is denied as your instance is using by another product.",
    ),
    (400, "DependencyViolation.RouteEntry", "Specified instance is used by route entry."),
    (403, "InstanceLockedForSecurity", LOCKED),
    (403, "InvalidOperation.DeletionProtection", "The operation is not allowed due to deletion protection."),
    (403, "InvalidOperation.DeletionProtection", "%s"),
    (403, "InvalidOperation.EniLinked", "%s"),
    (403, "OperationDenied.SystemInstanceNotSupport", NOT_WITH_SYSTEM_INSTANCES),
    (500, "InternalError", UNKNOWN_ERROR),
]


def _without(code, rows):
    return [row for row in rows if row[1] != code]


DOCUMENTED = {
    "CreateSimulatedSystemEvents": [
        (403, "InvalidParameter", "%s"),
        (403, "InvalidNotBefore.Passed", "The NotBefore of system event has passed."),
        (403, "SimulatedEventLimitExceeded", "The amount of active simulated system event exceeds limit."),
        (403, "InstanceIdLimitExceeded", "The amount of InstanceId specified exceeds limit."),
        (404, "MissingParameter", NOT_SUPPLIED),
        (404, "InvalidInstanceId.NotFound", "Cannot find InstanceId."),
    ],
    "CancelSimulatedSystemEvents": [
        (400, "EventIdLimitExceeded", "The amount of EventId specified exceeds limit."),
        (403, "InvalidParameter", "%s"),
        (403, "CannotCancelSystemEvent.NotSimulated", "Cannot cancel system event generated by system."),
        (403, "InvalidEventId.NotFound", "Cannot find EventId."),
        (404, "MissingParameter", NOT_SUPPLIED),
    ],
    "DescribeInstanceHistoryEvents": [
        (403, "InvalidParameter", "%s"),
        (403, "EventIdLimitExceeded", "The amount of EventId specified exceeds limit 100."),
        # The words of DescribeDisksFullStatus.
        (403, "InvalidParameter.TimeEndBeforeStart", TIME_ENDS_BEFORE_START),
        (403, "OperationDenied.NotInWhiteList", "%s"),
        (404, "MissingParameter", NOT_SUPPLIED),
    ],
    "DescribeInstancesFullStatus": [
        (403, "InvalidParameter", "%s"),
        # The words of DescribeDisksFullStatus.
        (403, "InvalidParameter.TimeEndBeforeStart", TIME_ENDS_BEFORE_START),
        (403, "OperationDenied.NotInWhiteList", "%s"),
        (403, "InstanceIdLimitExceeded", "The amount of InstanceId specified exceeds limit 100."),
        (403, "EventIdLimitExceeded", "The amount of EventId specified exceeds limit 100."),
        (404, "MissingParameter", NOT_SUPPLIED),
    ],
    "DescribeDisksFullStatus": [
        (403, "InvalidParameter", "%s"),
        (403, "DiskIdLimitExceeded", "%s"),
        (403, "EventIdLimitExceeded", "The amount of EventId specified exceeds limit 100."),  # its sisters' words
        (403, "InvalidParameter.TimeEndBeforeStart", TIME_ENDS_BEFORE_START),
        (403, "OperationDenied.NotInWhiteList", "%s"),
        (403, "TooManyDiskEvent.DiskIdRequired", "%s"),
        (404, "MissingParameter", NOT_SUPPLIED),
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
    "DescribeInstanceAttribute": [
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
        (500, "InternalError", UNKNOWN_ERROR),
    ],
    "RebootInstance": [
        (403, "IncorrectInstanceStatus", WRONG_STATUS),
        (403, "IncorrectInstanceStatus", "%s"),
        (403, "InstanceLockedForSecurity", LOCKED),
        (403, "DiskError", BAD_DISK),
        (403, "InstanceExpiredOrInArrears", EXPIRED),
        (403, "InvalidParameter.KMSKeyId.CMKUnauthorized", "%s"),
        (403, "InvalidParameter.KMSKeyId.CMKNotEnabled", "%s"),
        (403, "InvalidParameter.KMSKeyId.KMSUnauthorized", "%s"),
        (404, "InvalidParameter.KMSKeyId.NotFound", "%s"),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
        (500, "InternalError", UNKNOWN_ERROR),
        (500, "InternalError", UNKNOWN_FAILURE),
        (503, "LimitedOperation.ServiceUnavailable", UNAVAILABLE),
        (400, "DryRunOperation", DRY_RUN),
    ],
    "RebootInstances": _REBOOT_BATCH,
    "StopInstance": [
        (400, "InvalidParameter.Encrypted.KmsNotEnable", KEYS_ARE_OFF),
        (400, "DiskError", BAD_DISK),
        (403, "IncorrectInstanceStatus", WRONG_STATUS),
        (403, "IncorrectInstanceStatus", "%s"),
        (403, "InstanceLockedForSecurity", LOCKED),
        (
            403,
            "InstanceType.ParameterMismatch",
            "The input parameter ConfirmStop must be true when an instance have localstorage.",
        ),
        (403, "InstanceExpiredOrInArrears", EXPIRED),
        (403, "InvalidInstanceId.NotSupport", "Classic network Instance does not support this operation."),
        (403, "InvalidInstanceId.NotSupport", "Pre pay instance does not support this operation."),
        (403, "InvalidInstanceId.NotSupport", "Local disk instance does not support this operation."),
        (403, "InvalidInstanceId.NotSupport", "Spot instance does not support this operation."),
        (403, "InvalidParameter.KMSKeyId.CMKUnauthorized", TAG_THE_KEY),
        (403, "InvalidParameter.KMSKeyId.CMKNotEnabled", ENABLE_THE_KEY),
        (403, "InvalidParameter.KMSKeyId.KMSUnauthorized", NO_RIGHT_TO_THE_KEYS),
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
        (403, "InvalidOperation.KMSKeyIdNotFound", NO_KEY),
        (403, "InvalidOperation.KMSServiceNotOpen", KEYS_ARE_CLOSED),
        (403, "OperationDenied.SystemInstanceNotSupport", NOT_WITH_SYSTEM_INSTANCES),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
        (500, "InternalError", UNKNOWN_ERROR),
        (500, "InternalError", UNKNOWN_FAILURE),
        (503, "LimitedOperation.ServiceUnavailable", UNAVAILABLE),
        (400, "DryRunOperation", DRY_RUN),
    ],
    "StopInstances": [
        *_without("InvalidInstance.NotFoundSystemDisk", _REBOOT_BATCH),
        (400, "InvalidParameter.Encrypted.KmsNotEnable", KEYS_ARE_OFF),
        (403, "InvalidInstanceId.NotSupport", "%s"),
        (403, "InvalidOperation.KMSKeyIdNotFound", NO_KEY),
        (403, "InvalidOperation.KMSServiceNotOpen", KEYS_ARE_CLOSED),
        (403, "OperationDenied.SystemInstanceNotSupport", NOT_WITH_SYSTEM_INSTANCES),
    ],
    "StartInstance": [
        (400, "LackResource", "There's no enough resource on the specified capacity reservation."),
        (
            400,
            "InvalidDedicatedHost.NotEnoughResource",
            "The specified dedicated host has not enough resource due to host affinity.",
        ),
        (
            400,
            "InvalidDedicatedHost.NotEnoughResource",
            "There's no available dedicated host to perform the operation.",
        ),
        (400, "InvalidInstance.NotFoundSystemDisk", "The specified instance does not have system disk."),
        (400, "Invalid.PrivatePoolOptions.NoStock", POOL_USED_UP),
        (403, "InvalidParameter.KMSKeyId.NotFound", "The specified KMSKeyId does not exist."),
        (403, "IncorrectInstanceStatus", WRONG_STATUS),
        (403, "IncorrectInstanceStatus", "%s"),
        (403, "InstanceLockedForSecurity", LOCKED),
        (403, "InsufficientBalance", NO_BALANCE),
        (403, "DiskError", BAD_DISK),
        (
            403,
            "InstanceExpired",
            "The postPaid instance has been expired.Please ensure your account have enough balance.",
        ),
        (403, "InstanceExpired", "The prePaid instance has been expired."),
        (403, "InstanceNotReady", NOT_READY),
        (403, "DiskInArrears", "The specified operation is denied as your disk has expired."),
        (403, "OperationDenied.NoStock", SOLD_OUT),
        (403, "OperationDenied.SpotPriceLowerThanPublicPrice", SPOT_PRICE),
        (403, "InvalidParameter.KMSKeyId.CMKUnauthorized", f"{TAG_THE_KEY}."),
        (403, "InvalidParameter.KMSKeyId.CMKNotEnabled", ENABLE_THE_KEY),
        (403, "InvalidParameter.KMSKeyId.KMSUnauthorized", NO_RIGHT_TO_THE_KEYS),
        (403, "QuotaExceed.ElasticQuota", "%s"),  # four texts, which we do not have
        (
            403,
            "OperationDenied.HostRepairing",
            "The specified operation is denied as the host of ECS instance is being repaired.",
        ),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
        (404, "InvalidCapacityReservationId.NotFound", "The specified capacity reservation does not exist."),
        (500, "InternalError", UNKNOWN_ERROR),
        (500, "InternalError", UNKNOWN_FAILURE),
        (503, "ServiceUnavailable", FAILED_FOR_NOW),
        (400, "DryRunOperation", DRY_RUN),
    ],
    "StartInstances": [
        *_without("LimitedOperation.ServiceUnavailable", _REBOOT_BATCH),
        (400, "Invalid.PrivatePoolOptions.NoStock", POOL_USED_UP),
        (403, "InstanceExpired", "%s"),
        (403, "OperationDenied.NoStock", SOLD_OUT),
        (403, "OperationDenied.SpotPriceLowerThanPublicPrice", SPOT_PRICE),
        (403, "OperationDenied.SpotPriceLowerThanPublicPrice", "%s"),
        (403, "OperationDenied.HostRepairing", "%s"),
    ],
    "DeleteInstance": [
        *_DELETE,
        (400, "InvalidParameter", "The input parameter InstanceId is invalid."),
        (403, "IncorrectInstanceStatus", WRONG_STATUS),
        (403, "IncorrectInstanceStatus", "The specified instance is still attached by volumes."),
        (
            403,
            "IncorrectInstanceStatus.Initializing",
            "The specified instance status does not support this operation.",
        ),
        (403, "ChargeTypeViolation", "The operation is not permitted due to charge type of the instance."),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
        (400, "DryRunOperation", DRY_RUN),
    ],
    "DeleteInstances": [
        *_DELETE,
        (400, "InvalidParameter.CrossRegionNotSupport", "Instances of multiple regions not support."),
        (400, "DRYRUN.SUCCESS", "This request is a dryrun request with successful result."),
        (403, "IncorrectInstanceStatus", "%s"),
        (403, "IncorrectInstanceStatus.Initializing", "%s"),
        # The words of DeleteInstance.
        (403, "ChargeTypeViolation", "The operation is not permitted due to charge type of the instance."),
        (403, "InvalidParameter.TooManyInstanceIds", TOO_MANY_IDS),
        (403, "InvalidInstanceIds.ValueNotSupported", MALFORMED_IDS),
        (404, "InvalidInstanceId.NotFound", "%s"),
        (404, "InvalidInstanceIds.NotFound", NO_INSTANCES),
        (500, "InvalidParameter", "Invalid parameters."),
        (500, "InternalError", "%s"),
    ],
    "RedeployInstance": [
        (403, "IncorrectInstanceStatus", WRONG_STATUS),
        (403, "IncorrectInstanceStatus", "%s"),
        (403, "InstanceLockedForSecurity", LOCKED),
        (403, "DiskError", BAD_DISK),
        (403, "InstanceExpiredOrInArrears", EXPIRED),
        (403, "InvalidOperation.RedeployInstance", "%s"),
        (404, "InvalidInstanceId.NotFound", "The InstanceId provided does not exist in our records."),
        (500, "InternalError", UNKNOWN_ERROR),
    ],
    "AcceptInquiredSystemEvent": [
        (400, "MissingParameter", "%s"),
        (400, "InvalidParameter", "%s"),
        (400, "IncorrectInstanceStatus", "Current instance status does not support this operation."),
        (403, "OperationConflict", "%s"),
        (403, "OperationFail.DiskCategoryNotSupported", "%s"),
        (403, "OperationFail.DiskStatusNotSupported", "%s"),
        (403, "OperationFail.InstanceStatusNotSupported", "%s"),
        (403, "OperationDenied.AcceptNotSupported", "Accept is not supported on current event type."),
        (
            403,
            "SwitchToOffline.OnlineIsolateFail",
            "Failed to online isolate disk while offline isolation succeeded.",
        ),
        (
            403,
            "SwitchToOffline.OnlineReinitFail",
            "Failed to online reinitialize disk while offline reinitialization succeeded.",
        ),
        (
            403,
            "Forbidden.RAM",
            "User not authorized to operate on the specified resource, or this API does not support RAM.",
        ),
        (404, "InvalidEventId.NoInquiringEventFound", "%s"),
    ],
    "ModifySystemEventAttribute": [],  # has no page
    "ModifyInstanceMaintenanceAttributes": [
        (403, "InvalidParameter", "%s"),
        (403, "OperationDenied.NotInWhiteList", "%s"),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
        (404, "InvalidInstanceId.NotFound", "%s"),
    ],
    "DescribeInstanceMaintenanceAttributes": [
        (400, "MissingParameter", "%s"),
        (403, "InvalidParameter", "%s"),
        (403, "InstanceIdLimitExceeded", "%s"),
        (403, "OperationDenied.NotInWhiteList", "%s"),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE),
    ],
    "ModifyInstanceMetadataOptions": [
        (
            400,
            "InvalidHttpEndpoint.NotSupported",
            "The specified HttpEndpoint not supported, you can use enabled(default) or disabled.",
        ),
        (
            400,
            "InvalidHttpTokens.NotSupported",
            "The specified HttpTokens not supported, you can use optional(default) or required.",
        ),
        (
            400,
            "InvalidHttpPutResponseHopLimit.NotSupported",
            "The specified HttpPutResponseHopLimit not supported, more than 1 and less than 64 is reasonable.",
        ),
        (400, "InvalidInstanceMetadataTags.NotSupported", "The specified InstanceMetadataTags not supported."),
        (400, "InvalidImdsAccessPolicyId.NotFound", "The specified parameter ImdsAccessPolicyId is not found."),
        (404, "InvalidInstanceId.NotFound", "The specified InstanceId is not found."),
    ],
    "ReportInstancesStatus": [
        (403, "InvalidParameter", "%s"),
        (403, "InstanceIdLimitExceeded", "%s"),
        (403, "DiskIdLimitExceeded", "%s"),
        (403, "InvalidInstanceId.NotFound", "%s"),
        (404, "MissingParameter", NOT_SUPPLIED),  # the words of its sisters in 2018
    ],
    "DescribeRegions": [
        (403, "Unauthorized.EmptyRegion", "The specified account has no access authority to any region."),
        (403, "Invalid.InstanceChargeType", "The specified instanceChargeType is not valid."),
        (
            404,
            "InvalidAcceptLanguage.NotFound",
            "Only Chinese (zh-CN), English (en-US), and Japanese (ja) are allowed.",
        ),
        (404, "InvalidResourceType.NotFound", "The ResourceType provided does not exist in our records."),
    ],
}

COMMON = [
    (400, "Throttling", "Request was denied due to request throttling."),
    (400, "Throttling.User", "Request was denied due to user flow control."),
    (400, "Throttling.Api", "Request was denied due to api flow control."),
    (503, "ServiceUnavailable", FAILED_FOR_NOW),
    (
        503,
        "ServiceUnavailable.RegionMaintaining",
        "System maintenance is in progress on the selected region, please wait a few minutes before trying again.",
    ),
    (500, "InternalError", UNKNOWN_FAILURE),
    (400, "UnknownError", UNKNOWN_ERROR),
    (404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."),
    (400, "InvalidAccessKeyId.Inactive", "Specified access key is disabled."),
    (403, "Forbidden.AccessKeyDisabled", "The Access Key is disabled."),
    # On the wire the server's string to sign follows after a colon; never the client's own.
    (
        400,
        "SignatureDoesNotMatch",
        "Specified signature is not matched with our calculation. server string to sign is:<server string to sign>",
    ),
    (400, "IncompleteSignature", "The request signature does not conform to Aliyun standards."),
    (400, "InvalidSignatureMethod", "Specified signature method is not valid."),
    (400, "SignatureNonceUsed", "Specified signature nonce was used already."),
    (400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired."),
    (400, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."),
    (
        400,
        "IllegalTimestamp",
        'The input parameter "Timestamp" that is mandatory for processing this request is not supplied.',
    ),
    # The gateway's page prints another row's words by mistake; these are those of 2018.
    (400, "UnsupportedHTTPMethod", "This HTTP method is not supported."),
    (404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."),
    # The whole sentence names the parameter.
    (400, "MissingParameter", "%s"),
    (
        403,
        "Forbidden.RAM",
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    ),
    (404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."),
    (400, "IdempotentParameterMismatch", "The request is retried with updated parameters."),
    (409, "OperationConflict", "Request was denied due to conflict with a previous request."),
]
"""What every action can answer: errors of the gateway, and those common to ECS."""

_OBSERVED = "a PageSize of 101 was seen to get this code; the status is the one that it has on the pages of events"
_NO_PAGE = "the action has no page; taken over from its sisters"

_OBSERVED_ROW = (403, "InvalidParameter", "%s", _OBSERVED)

BEYOND = {
    "DescribeInstances": [_OBSERVED_ROW],
    "DescribeInstanceStatus": [_OBSERVED_ROW],
    "RebootInstance": [_OBSERVED_ROW],
    "RebootInstances": [_OBSERVED_ROW],
    "StopInstance": [_OBSERVED_ROW],
    "StopInstances": [_OBSERVED_ROW],
    "StartInstance": [_OBSERVED_ROW],
    "StartInstances": [_OBSERVED_ROW],
    "DeleteInstance": [_OBSERVED_ROW],
    "DeleteInstances": [_OBSERVED_ROW],
    "RedeployInstance": [_OBSERVED_ROW],
    "ModifySystemEventAttribute": [
        (403, "InvalidParameter", "%s", _NO_PAGE),
        (403, "InvalidNotBefore.Passed", "The NotBefore of system event has passed.", _NO_PAGE),
        (403, "InvalidEventId.NotFound", "Cannot find EventId.", _NO_PAGE),
        (404, "InvalidInstanceId.NotFound", NO_INSTANCE, _NO_PAGE),
        (404, "MissingParameter", NOT_SUPPLIED, _NO_PAGE),
    ],
}
"""What the fake answers beyond the documentation, and why."""

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
"""Actions whose pages have several hundred rows, or are gone: the fake holds a choice, with at least these in it."""

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
"""Common codes that the documentation names and that no action can be made to answer by its code alone, and why."""

ELSEWHERE = [
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
"""Other statuses and words of common codes, of older editions."""
