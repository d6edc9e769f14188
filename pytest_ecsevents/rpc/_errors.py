"""What the cloud says when it refuses, in its own code, status and words."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One row of an action's error table.

    Attributes:
        code: `Code`.
        http_status: The HTTP status.
        message: `Message`. "%s" stands for what the service fills in at run time; its words were published nowhere,
            so what the fake puts there is a guess.
        source: The page or edition the row comes from.
    """

    code: str
    http_status: int
    message: str
    source: str = "current reference"

    def error(self, detail: str = "", *, hint: str = "") -> "ApiError":
        """The error that this row describes.

        Args:
            detail: What to put in place of "%s".
            hint: What to tell the author of the test; it is not sent.
        """
        return ApiError(self.code, self.http_status, self.message.replace("%s", detail).strip(), hint=hint)


class ApiError(Exception):
    """An error reply, in the cloud's words: what `stub` may answer with.

    Attributes:
        code: `Code`.
        http_status: The HTTP status.
        message: `Message`.
        hint: What the timeline tells the author of the test beyond the cloud's own words; not sent.
    """

    def __init__(self, code: str, http_status: int, message: str, *, hint: str = "") -> None:
        super().__init__(f"{http_status} {code}: {message}")
        self.code: Final = code
        self.http_status: Final = http_status
        self.message: Final = message
        self.hint: Final = hint


class ErrorTable:
    """An action's rows, by code."""

    def __init__(self, rows: Iterable[ErrorRow]) -> None:
        self.rows: Final = tuple(rows)
        self._by_code: dict[str, ErrorRow] = {}
        for row in self.rows:
            self._by_code.setdefault(row.code, row)

    def __getitem__(self, code: str) -> ErrorRow:
        """The first row with the code."""
        return self._by_code[code]

    def get(self, code: str) -> ErrorRow | None:
        """The first row with the code, if there is one."""
        return self._by_code.get(code)

    def codes(self) -> tuple[str, ...]:
        """Every code once, in order."""
        return tuple(self._by_code)


_CURRENT: Final = "current reference"
_2018: Final = "message of the 2018 edition, status of the current one"

_2018_FILLED: Final = "message of the 2018 edition, the id after it a guess; status of the current one"

_NOT_SUPPLIED: Final = "The input parameter that is mandatory for processing this request is not supplied."

EVENT_MISSING: Final = ErrorRow("MissingParameter", 404, _NOT_SUPPLIED, _2018)
INVALID: Final = ErrorRow("InvalidParameter", 403, "%s", _CURRENT)
COMMON_INVALID: Final = ErrorRow("InvalidParameter", 403, "%s", "observed code; status as on the event pages, a guess")
TIME_ORDER: Final = ErrorRow(
    "InvalidParameter.TimeEndBeforeStart", 403, "The event time end should be after event time start.", _2018
)
NOT_WHITELISTED: Final = ErrorRow("OperationDenied.NotInWhiteList", 403, "%s", _CURRENT)
EVENT_IDS_LIMIT: Final = ErrorRow(
    "EventIdLimitExceeded", 403, "The amount of EventId specified exceeds limit 100.", _2018
)
NO_INSTANCE: Final = ErrorRow("InvalidInstanceId.NotFound", 404, "The specified InstanceId does not exist.", _CURRENT)
NULL_INSTANCE: Final = ErrorRow("InvalidInstanceId.NotFound", 403, "InstanceId should not be null.")
TOO_MANY_INSTANCES: Final = ErrorRow(
    "InvalidParameter.TooManyInstanceIds", 403, "Instance ids cannot be more than 100."
)
MALFORMED_INSTANCES: Final = ErrorRow(
    "Abs.InvalidInstanceIds.MalFormed", 403, "The specified instanceIds is not valid."
)
WRONG_STATUS: Final = ErrorRow(
    "IncorrectInstanceStatus", 403, "The current status of the resource does not support this operation."
)
LOCKED: Final = ErrorRow(
    "InstanceLockedForSecurity",
    403,
    "The specified operation is denied as your instance is locked for security reasons.",
)
ARREARS: Final = ErrorRow(
    "InstanceExpiredOrInArrears",
    403,
    "The specified operation is denied as your prepay instance is expired (prepay mode) or in arrears (afterpay mode).",
)
DRY_RUN: Final = ErrorRow(
    "DryRunOperation", 400, "Request validation has been passed with DryRun flag set.", "2018 edition"
)
BATCH_DRY_RUN: Final = ErrorRow("DRYRUN.SUCCESS", 400, "This request is a dryrun request with successful result.")

# What any action may answer.
COMMON: Final = ErrorTable(
    (
        ErrorRow("Throttling", 400, "Request was denied due to request throttling.", "common errors"),
        ErrorRow("Throttling.User", 400, "Request was denied due to user flow control.", "gateway errors"),
        ErrorRow("Throttling.Api", 400, "Request was denied due to api flow control.", "gateway errors"),
        ErrorRow(
            "ServiceUnavailable",
            503,
            "The request has failed due to a temporary failure of the server.",
            "common errors",
        ),
        ErrorRow(
            "ServiceUnavailable.RegionMaintaining",
            503,
            "System maintenance is in progress on the selected region, please wait a few minutes before trying again.",
            "common errors",
        ),
        ErrorRow(
            "InternalError",
            500,
            "The request processing has failed due to some unknown error, exception or failure.",
            "common errors",
        ),
        ErrorRow("UnknownError", 400, "The request processing has failed due to some unknown error.", "common errors"),
        # The gateway's table prints another row's words here; these are those of ECS in 2018, whose status was 403.
        ErrorRow("UnsupportedHTTPMethod", 400, "This HTTP method is not supported.", "gateway errors, words of 2018"),
        ErrorRow("InvalidAccessKeyId.NotFound", 404, "Specified access key is not found.", "gateway errors"),
        ErrorRow("InvalidAccessKeyId.Inactive", 400, "Specified access key is disabled.", "gateway errors"),
        ErrorRow("Forbidden.AccessKeyDisabled", 403, "The Access Key is disabled.", "common errors"),
        # The legacy SDK splits this message at its first colon, crashes when there is none, and takes what follows for
        # the server's text: were it its own, which of a CommonRequest is empty, it would blame the secret.
        ErrorRow(
            "SignatureDoesNotMatch",
            400,
            "Specified signature is not matched with our calculation. server string to sign is:<server string to sign>",
            "gateway errors",
        ),
        ErrorRow(
            "IncompleteSignature", 400, "The request signature does not conform to Aliyun standards.", "common errors"
        ),
        ErrorRow("InvalidSignatureMethod", 400, "Specified signature method is not valid.", "gateway errors"),
        ErrorRow("SignatureNonceUsed", 400, "Specified signature nonce was used already.", "gateway errors"),
        ErrorRow("InvalidTimeStamp.Expired", 400, "Specified time stamp or date value is expired.", "gateway errors"),
        ErrorRow(
            "InvalidTimeStamp.Format",
            400,
            "Specified time stamp or date value is not well formatted.",
            "gateway errors",
        ),
        ErrorRow(
            "IllegalTimestamp",
            400,
            'The input parameter "Timestamp" that is mandatory for processing this request is not supplied.',
            "common errors",
        ),
        ErrorRow(
            "Forbidden.RAM",
            403,
            "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
            "common errors",
        ),
        ErrorRow("InvalidRegionId.NotFound", 404, "The specified RegionId does not exist.", "common errors"),
        ErrorRow(
            "InvalidAction.NotFound",
            404,
            "Specified api is not found, please check your url and method.",
            "gateway errors",
        ),
        ErrorRow(
            "MissingParameter",
            400,
            "%s",
            "common errors",
        ),
        ErrorRow(
            "IdempotentParameterMismatch", 400, "The request is retried with updated parameters.", "common errors"
        ),
        ErrorRow(
            "OperationConflict", 409, "Request was denied due to conflict with a previous request.", "common errors"
        ),
    )
)

COMMON_MISSING: Final = COMMON["MissingParameter"]

_KMS_ROWS: Final = tuple(
    ErrorRow(f"InvalidParameter.KMSKeyId.{what}", 403, "%s")
    for what in ("CMKUnauthorized", "CMKNotEnabled", "KMSUnauthorized")
)
INTERNAL: Final = (
    ErrorRow("InternalError", 500, "The request processing has failed due to some unknown error."),
    ErrorRow(
        "InternalError", 500, "The request processing has failed due to some unknown error, exception or failure."
    ),
)
LIMITED: Final = ErrorRow(
    "LimitedOperation.ServiceUnavailable", 503, "The service is currently unavailable. Please try again later."
)
WRONG_STATUS_OPEN: Final = ErrorRow("IncorrectInstanceStatus", 403, "%s")
NO_KMS_KEY: Final = ErrorRow("InvalidOperation.KMSKeyIdNotFound", 403, "The specified KMSKeyId not found, %s.")
KMS_CLOSED: Final = ErrorRow("InvalidOperation.KMSServiceNotOpen", 403, "KMS service is currently not open.")
SYSTEM_INSTANCE: Final = ErrorRow(
    "OperationDenied.SystemInstanceNotSupport", 403, "The system instance does not support the %s operation because %s."
)

CREATE_SIMULATED: Final = ErrorTable(
    (
        INVALID,
        ErrorRow("InvalidNotBefore.Passed", 403, "The NotBefore of system event has passed.", _2018),
        ErrorRow(
            "SimulatedEventLimitExceeded", 403, "The amount of active simulated system event exceeds limit.", _2018
        ),
        ErrorRow("InstanceIdLimitExceeded", 403, "The amount of InstanceId specified exceeds limit.", _2018),
        EVENT_MISSING,
        ErrorRow("InvalidInstanceId.NotFound", 404, "Cannot find InstanceId. %s", _2018_FILLED),
    )
)
CANCEL_SIMULATED: Final = ErrorTable(
    (
        ErrorRow("EventIdLimitExceeded", 400, "The amount of EventId specified exceeds limit.", _2018),
        INVALID,
        ErrorRow("CannotCancelSystemEvent.NotSimulated", 403, "Cannot cancel system event generated by system.", _2018),
        ErrorRow("InvalidEventId.NotFound", 403, "Cannot find EventId. %s", _2018_FILLED),
        EVENT_MISSING,
    )
)
HISTORY_EVENTS: Final = ErrorTable((INVALID, EVENT_IDS_LIMIT, TIME_ORDER, NOT_WHITELISTED, EVENT_MISSING))
FULL_STATUS: Final = ErrorTable(
    (
        INVALID,
        TIME_ORDER,
        NOT_WHITELISTED,
        ErrorRow("InstanceIdLimitExceeded", 403, "The amount of InstanceId specified exceeds limit 100.", _2018),
        EVENT_IDS_LIMIT,
        EVENT_MISSING,
    )
)
DISKS_STATUS: Final = ErrorTable(
    (
        INVALID,
        ErrorRow("DiskIdLimitExceeded", 403, "%s"),
        EVENT_IDS_LIMIT,
        TIME_ORDER,
        NOT_WHITELISTED,
        ErrorRow("TooManyDiskEvent.DiskIdRequired", 403, "%s"),
        EVENT_MISSING,
    )
)
INSTANCES: Final = ErrorTable(
    (
        ErrorRow(
            "InvalidInstanceChargeType.NotFound",
            404,
            "The InstanceChargeType does not exist in our records",
            "2021 edition",
        ),
        ErrorRow(
            "InvalidInternetChargeType.ValueNotSupported",
            404,
            "The specified InternetChargeType is not valid",
            "2021 edition",
        ),
        ErrorRow("InvalidLockReason.NotFound", 404, "The specified LockReason is not found", "2021 edition"),
        ErrorRow("InvalidFilterKey.NotFound", 404, "", "2021 edition"),
        ErrorRow("InvalidFilterValue", 404, "", "2019 edition"),
        ErrorRow("InvalidNetworkType.NotFound", 404, "The specified InstanceNetworkType is not found", "2021 edition"),
        ErrorRow("InvalidStatus.NotFound", 404, "The specified Status is not found", "2021 edition"),
        ErrorRow("InvalidTag.Mismatch", 400, "The specified Tag.n.Key and Tag.n.Value are not match.", "2021 edition"),
        ErrorRow("InvalidTagCount", 400, "The specified tags are beyond the permitted range.", "2021 edition"),
        ErrorRow("InvalidHpcClusterId.NotFound", 400, "The specified HpcClusterId is not found.", "2021 edition"),
        ErrorRow("InvalidHpcClusterId.Creating", 400, "The specified HpcClusterId is creating.", "2021 edition"),
        DRY_RUN,
        COMMON_INVALID,
    )
)
INSTANCE_STATUS: Final = ErrorTable(
    (
        TOO_MANY_INSTANCES,
        MALFORMED_INSTANCES,
        ErrorRow("InvalidZoneId.NotFound", 404, "The ZoneId provided does not exist in our records."),
        COMMON_INVALID,
    )
)
REBOOT: Final = ErrorTable(
    (
        WRONG_STATUS,
        WRONG_STATUS_OPEN,
        LOCKED,
        ErrorRow("DiskError", 403, "IncorrectDiskStatus."),
        ARREARS,
        *_KMS_ROWS,
        ErrorRow("InvalidParameter.KMSKeyId.NotFound", 404, "%s"),
        NO_INSTANCE,
        *INTERNAL,
        LIMITED,
        DRY_RUN,
        COMMON_INVALID,
    )
)
REBOOT_BATCH: Final = ErrorTable(
    (
        ErrorRow("InvalidParameter.KMSKeyId.CMKNotEnabled", 400, "The CMK needs to be added ECS tag"),
        ErrorRow("InvalidParameter.KMSKeyId.CMKNotEnabled", 400, "The CMK needs to be enabled."),
        ErrorRow(
            "InvalidParameter.KMSKeyId.KMSUnauthorized", 400, "ECS service account have no right to access your KMS."
        ),
        BATCH_DRY_RUN,
        NO_INSTANCE,
        NULL_INSTANCE,
        TOO_MANY_INSTANCES,
        MALFORMED_INSTANCES,
        ErrorRow("InstanceLockedForSecurity", 403, "%s"),
        ErrorRow("InstanceExpiredOrInArrears", 403, "%s"),
        WRONG_STATUS_OPEN,
        ErrorRow("InvalidInstance.NotFoundSystemDisk", 403, "%s"),
        ErrorRow("InsufficientBalance", 403, "Your account does not have enough balance."),
        ErrorRow("InstanceNotReady", 403, "The specified instance is not ready for use."),
        ErrorRow("InvalidInstanceId.NotFound", 404, "%s"),
        ErrorRow("InvalidInstanceIds.NotFound", 404, "The specified InstanceIds does not exist."),
        ErrorRow(
            "InvalidOperation.Conflict",
            409,
            "Request was denied due to conflict with a previous request, please try again later.",
        ),
        INTERNAL[0],
        LIMITED,
        COMMON_INVALID,
    )
)
STOP: Final = ErrorTable(
    (
        ErrorRow(
            "InvalidParameter.Encrypted.KmsNotEnable",
            400,
            "Failed to perform this operation because KMS is not activated.",
        ),
        ErrorRow("DiskError", 400, "IncorrectDiskStatus."),
        WRONG_STATUS,
        WRONG_STATUS_OPEN,
        LOCKED,
        ErrorRow(
            "InstanceType.ParameterMismatch",
            403,
            "The input parameter ConfirmStop must be true when an instance have localstorage.",
        ),
        ARREARS,
        ErrorRow("InvalidInstanceId.NotSupport", 403, "Classic network Instance does not support this operation."),
        ErrorRow("InvalidInstanceId.NotSupport", 403, "Pre pay instance does not support this operation."),
        ErrorRow("InvalidInstanceId.NotSupport", 403, "Local disk instance does not support this operation."),
        ErrorRow("InvalidInstanceId.NotSupport", 403, "Spot instance does not support this operation."),
        ErrorRow("InvalidParameter.KMSKeyId.CMKUnauthorized", 403, "The CMK needs to be added ECS tag"),
        ErrorRow("InvalidParameter.KMSKeyId.CMKNotEnabled", 403, "The CMK needs to be enabled."),
        ErrorRow("InvalidParameter.KMSKeyId.KMSUnauthorized", 403, "ECS service have no right to access your KMS."),
        ErrorRow(
            "HibernationConfigured.InstanceOperationForbidden",
            403,
            "The operation is not permitted due to limit of the hibernation configured instance.",
        ),
        ErrorRow("HibernationConfigured.NotEnabled", 403, "The instance hibernation configured option is not enabled."),
        NO_KMS_KEY,
        KMS_CLOSED,
        SYSTEM_INSTANCE,
        NO_INSTANCE,
        *INTERNAL,
        LIMITED,
        DRY_RUN,
        COMMON_INVALID,
    )
)
_DEDICATED_HOST: Final = "InvalidDedicatedHost.NotEnoughResource"
START: Final = ErrorTable(
    (
        ErrorRow("LackResource", 400, "There's no enough resource on the specified capacity reservation."),
        ErrorRow(_DEDICATED_HOST, 400, "The specified dedicated host has not enough resource due to host affinity."),
        ErrorRow(_DEDICATED_HOST, 400, "There's no available dedicated host to perform the operation."),
        ErrorRow("InvalidInstance.NotFoundSystemDisk", 400, "The specified instance does not have system disk."),
        ErrorRow("Invalid.PrivatePoolOptions.NoStock", 400, "The PrivatePool has been used up."),
        ErrorRow("InvalidParameter.KMSKeyId.NotFound", 403, "The specified KMSKeyId does not exist."),
        WRONG_STATUS,
        WRONG_STATUS_OPEN,
        LOCKED,
        ErrorRow("InsufficientBalance", 403, "Your account does not have enough balance."),
        ErrorRow("DiskError", 403, "IncorrectDiskStatus."),
        ErrorRow(
            "InstanceExpired",
            403,
            "The postPaid instance has been expired.Please ensure your account have enough balance.",
        ),
        ErrorRow("InstanceExpired", 403, "The prePaid instance has been expired."),
        ErrorRow("InstanceNotReady", 403, "The specified instance is not ready for use."),
        ErrorRow("DiskInArrears", 403, "The specified operation is denied as your disk has expired."),
        ErrorRow(
            "OperationDenied.NoStock",
            403,
            "The requested resource is sold out in the specified zone; "
            "try other types of resources or other regions and zones.",
        ),
        ErrorRow(
            "OperationDenied.SpotPriceLowerThanPublicPrice", 403, "The spot instance price is lower than public price."
        ),
        ErrorRow("InvalidParameter.KMSKeyId.CMKUnauthorized", 403, "The CMK needs to be added ECS tag."),
        ErrorRow("InvalidParameter.KMSKeyId.CMKNotEnabled", 403, "The CMK needs to be enabled."),
        ErrorRow("InvalidParameter.KMSKeyId.KMSUnauthorized", 403, "ECS service have no right to access your KMS."),
        ErrorRow("QuotaExceed.ElasticQuota", 403, "%s"),
        ErrorRow(
            "OperationDenied.HostRepairing",
            403,
            "The specified operation is denied as the host of ECS instance is being repaired.",
        ),
        NO_INSTANCE,
        ErrorRow("InvalidCapacityReservationId.NotFound", 404, "The specified capacity reservation does not exist."),
        *INTERNAL,
        COMMON["ServiceUnavailable"],
        DRY_RUN,
        COMMON_INVALID,
    )
)

_NOT_IN_STOP: Final = ("InvalidInstance.NotFoundSystemDisk",)
_NOT_IN_START: Final = (LIMITED.code,)
NO_STOCK: Final = START["OperationDenied.NoStock"]
STOP_BATCH: Final = ErrorTable(
    (
        *(row for row in REBOOT_BATCH.rows if row.code not in _NOT_IN_STOP),
        STOP["InvalidParameter.Encrypted.KmsNotEnable"],
        ErrorRow("InvalidInstanceId.NotSupport", 403, "%s"),
        NO_KMS_KEY,
        KMS_CLOSED,
        SYSTEM_INSTANCE,
    )
)
START_BATCH: Final = ErrorTable(
    (
        *(row for row in REBOOT_BATCH.rows if row.code not in _NOT_IN_START),
        START["Invalid.PrivatePoolOptions.NoStock"],
        ErrorRow("InstanceExpired", 403, "%s"),
        NO_STOCK,
        START["OperationDenied.SpotPriceLowerThanPublicPrice"],
        ErrorRow("OperationDenied.SpotPriceLowerThanPublicPrice", 403, "%s"),
        ErrorRow("OperationDenied.HostRepairing", 403, "%s"),
    )
)
INITIALIZING: Final = ErrorRow(
    "IncorrectInstanceStatus.Initializing", 403, "The specified instance status does not support this operation."
)
CHARGE_TYPE: Final = ErrorRow(
    "ChargeTypeViolation", 403, "The operation is not permitted due to charge type of the instance."
)
PROTECTED: Final = ErrorRow(
    "InvalidOperation.DeletionProtection", 403, "The operation is not allowed due to deletion protection."
)
_DELETE_COMMON: Final = (
    ErrorRow(
        "DependencyViolation.SLBConfiguring",
        400,
        "Specified operation is denied as your instance is using by another product.",
    ),
    ErrorRow("DependencyViolation.RouteEntry", 400, "Specified instance is used by route entry."),
    LOCKED,
    PROTECTED,
    ErrorRow("InvalidOperation.DeletionProtection", 403, "%s"),
    ErrorRow("InvalidOperation.EniLinked", 403, "%s"),
    SYSTEM_INSTANCE,
)
DELETE: Final = ErrorTable(
    (
        *_DELETE_COMMON,
        ErrorRow("InvalidParameter", 400, "The input parameter InstanceId is invalid."),
        WRONG_STATUS,
        ErrorRow("IncorrectInstanceStatus", 403, "The specified instance is still attached by volumes."),
        INITIALIZING,
        CHARGE_TYPE,
        NO_INSTANCE,
        INTERNAL[0],
        DRY_RUN,
        COMMON_INVALID,
    )
)
DELETE_BATCH: Final = ErrorTable(
    (
        *_DELETE_COMMON,
        ErrorRow("InvalidParameter.CrossRegionNotSupport", 400, "Instances of multiple regions not support."),
        BATCH_DRY_RUN,
        WRONG_STATUS_OPEN,
        ErrorRow("IncorrectInstanceStatus.Initializing", 403, "%s"),
        ErrorRow(CHARGE_TYPE.code, 403, CHARGE_TYPE.message, "code and status; the words of DeleteInstance, a guess"),
        TOO_MANY_INSTANCES,
        ErrorRow("InvalidInstanceIds.ValueNotSupported", 403, "The specified instanceIds is not valid."),
        ErrorRow("InvalidInstanceId.NotFound", 404, "%s"),
        ErrorRow("InvalidInstanceIds.NotFound", 404, "The specified InstanceIds does not exist."),
        ErrorRow("InvalidParameter", 500, "Invalid parameters."),
        INTERNAL[0],
        ErrorRow("InternalError", 500, "%s"),
        COMMON_INVALID,
    )
)
REDEPLOY: Final = ErrorTable(
    (
        WRONG_STATUS,
        WRONG_STATUS_OPEN,
        LOCKED,
        ErrorRow("DiskError", 403, "IncorrectDiskStatus."),
        ARREARS,
        ErrorRow("InvalidOperation.RedeployInstance", 403, "%s"),
        ErrorRow("InvalidInstanceId.NotFound", 404, "The InstanceId provided does not exist in our records."),
        INTERNAL[0],
        COMMON_INVALID,
    )
)
ACCEPT: Final = ErrorTable(
    (
        ErrorRow("MissingParameter", 400, "%s"),
        ErrorRow("InvalidParameter", 400, "%s"),
        ErrorRow("IncorrectInstanceStatus", 400, "Current instance status does not support this operation."),
        ErrorRow("OperationConflict", 403, "%s"),
        ErrorRow("OperationFail.DiskCategoryNotSupported", 403, "%s"),
        ErrorRow("OperationFail.DiskStatusNotSupported", 403, "%s"),
        ErrorRow("OperationFail.InstanceStatusNotSupported", 403, "%s"),
        ErrorRow("OperationDenied.AcceptNotSupported", 403, "Accept is not supported on current event type."),
        ErrorRow(
            "SwitchToOffline.OnlineIsolateFail",
            403,
            "Failed to online isolate disk while offline isolation succeeded.",
        ),
        ErrorRow(
            "SwitchToOffline.OnlineReinitFail",
            403,
            "Failed to online reinitialize disk while offline reinitialization succeeded.",
        ),
        ErrorRow(
            "Forbidden.RAM",
            403,
            "User not authorized to operate on the specified resource, or this API does not support RAM.",
        ),
        ErrorRow("InvalidEventId.NoInquiringEventFound", 404, "%s"),
    )
)
_NO_PAGE: Final = "guess: no reference page was found for the action"
RESCHEDULE: Final = ErrorTable(
    (
        ErrorRow("InvalidParameter", 403, "%s", _NO_PAGE),
        ErrorRow("InvalidNotBefore.Passed", 403, "The NotBefore of system event has passed.", _NO_PAGE),
        ErrorRow("InvalidEventId.NotFound", 403, "Cannot find EventId. %s", _NO_PAGE),
        ErrorRow("InvalidInstanceId.NotFound", 404, "The specified InstanceId does not exist.", _NO_PAGE),
        ErrorRow("MissingParameter", 404, _NOT_SUPPLIED, _NO_PAGE),
    )
)
MODIFY_MAINTENANCE: Final = ErrorTable(
    (INVALID, NOT_WHITELISTED, NO_INSTANCE, ErrorRow("InvalidInstanceId.NotFound", 404, "%s"))
)
METADATA_OPTIONS: Final = ErrorTable(
    (
        ErrorRow(
            "InvalidHttpEndpoint.NotSupported",
            400,
            "The specified HttpEndpoint not supported, you can use enabled(default) or disabled.",
        ),
        ErrorRow(
            "InvalidHttpTokens.NotSupported",
            400,
            "The specified HttpTokens not supported, you can use optional(default) or required.",
        ),
        ErrorRow(
            "InvalidHttpPutResponseHopLimit.NotSupported",
            400,
            "The specified HttpPutResponseHopLimit not supported, more than 1 and less than 64 is reasonable.",
        ),
        ErrorRow("InvalidInstanceMetadataTags.NotSupported", 400, "The specified InstanceMetadataTags not supported."),
        ErrorRow("InvalidImdsAccessPolicyId.NotFound", 400, "The specified parameter ImdsAccessPolicyId is not found."),
        ErrorRow("InvalidInstanceId.NotFound", 404, "The specified InstanceId is not found."),
    )
)
DESCRIBE_MAINTENANCE: Final = ErrorTable(
    (
        ErrorRow("MissingParameter", 400, "%s"),
        INVALID,
        ErrorRow("InstanceIdLimitExceeded", 403, "%s"),
        NOT_WHITELISTED,
        NO_INSTANCE,
    )
)
REPORT: Final = ErrorTable(
    (
        INVALID,
        ErrorRow("InstanceIdLimitExceeded", 403, "%s"),
        ErrorRow("DiskIdLimitExceeded", 403, "%s"),
        ErrorRow("InvalidInstanceId.NotFound", 403, "%s"),
        EVENT_MISSING,
    )
)
REGIONS_ERRORS: Final = ErrorTable(
    (
        ErrorRow("Unauthorized.EmptyRegion", 403, "The specified account has no access authority to any region."),
        ErrorRow("Invalid.InstanceChargeType", 403, "The specified instanceChargeType is not valid."),
        ErrorRow(
            "InvalidAcceptLanguage.NotFound",
            404,
            "Only Chinese (zh-CN), English (en-US), and Japanese (ja) are allowed.",
        ),
        ErrorRow("InvalidResourceType.NotFound", 404, "The ResourceType provided does not exist in our records."),
    )
)
ATTRIBUTE: Final = ErrorTable((NO_INSTANCE, INTERNAL[0]))
_OLD_PAGE: Final = "old edition; the current reference has no page for the action"
TAG_ERRORS: Final = ErrorTable(
    (
        ErrorRow(
            "InvalidResourceType.NotFound",
            404,
            "The ResourceType provided does not exist in our records.",
            _OLD_PAGE,
        ),
        ErrorRow("InvalidTagCount", 400, "The specified tags are beyond the permitted range.", _OLD_PAGE),
        ErrorRow("MissingParameter", 400, "%s", _OLD_PAGE),
        COMMON_INVALID,
    )
)
