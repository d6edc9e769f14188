"""What RunInstances and CreateInstance may answer instead of an instance.

Their pages list several hundred rows. Left out are those about snapshots and what disks can be, encryption keys,
dedicated hosts, images of the marketplace and the classic network, which no handler of system events will meet.
"""

from typing import Final

from pytest_ecsevents.rpc import ErrorRow, ErrorTable
from pytest_ecsevents.rpc._errors import DRY_RUN, INTERNAL, WRONG_STATUS

_PAGE: Final = "2021 edition"
_OTHER: Final = "2021 edition of RunInstances; that CreateInstance answers the same is a guess"

CREATION_INVALID: Final[ErrorRow] = ErrorRow(
    "InvalidParameter", 400, "%s", "code and status of the 2021 edition, the words a guess"
)
IMAGE_MISSING: Final = ErrorRow(
    "MissingParameter",
    400,
    "The input parameter ImageId that is mandatory for processing this request is not supplied.",
    _PAGE,
)
TYPE_MISSING: Final = ErrorRow(
    "MissingParameter",
    400,
    "The input parameter InstanceType that is mandatory for processing this request is not supplied.",
    _PAGE,
)


def _rows(*rows: tuple[int, str, str], source: str = _PAGE) -> tuple[ErrorRow, ...]:
    return tuple(ErrorRow(code, http_status, message, source) for http_status, code, message in rows)


# Where the editions of a page have several texts for a code, the newest stands first: it is what `fail` answers.
_BOTH: Final = (
    *_rows(
        # stock and quotas
        (
            403,
            "OperationDenied.NoStock",
            "The requested resource is sold out in the specified zone; try other types of resources or other regions and zones.",
        ),
        (
            403,
            "QuotaExceed.ElasticQuota",
            "The number of the specified ECS instances has exceeded the quota of the specified instance type, or the number of vCPUs assigned to the ECS instances has exceeded the quota in the zone.",
        ),
        (403, "QuotaExceed.ElasticQuota", "No additional quota is available for the specified ECS instance type."),
        (
            403,
            "QuotaExceed.ElasticQuota",
            "The number of the specified ECS instances has exceeded the quota of the specified instance type.",
        ),
        (
            403,
            "QuotaExceed.ElasticQuota",
            "The number of vCPUs assigned to the ECS instances has exceeded the quota in the zone.",
        ),
        (403, "QuotaExceed.DeploymentSetInstanceQuotaFull", "instance quota in one deployment set exceeded."),
        (403, "QuotaExceed.Tags", "%s"),
        (400, "QuotaExceeded", "Living instances quota exceeded in this VPC."),
        (400, "QuotaExceeded.PrivateIpAddress", "Don't have enough private IPs in this switch"),
        # regions and zones
        (403, "RegionUnauthorized", "There is no authority to create instance in the specified region."),
        (400, "RegionUnauthorized", "%s"),
        (400, "ResourceNotAvailable", "Resource you requested is not available in this region or zone."),
        (403, "Zone.NotOpen", "The specified zone is not granted to you to buy resources yet."),
        (400, "Zone.NotOnSale", "%s"),
        # instance types
        (
            400,
            "InvalidInstanceType.ValueNotSupported",
            "The specified InstanceType does not exist or beyond the permitted range.",
        ),
        (400, "InvalidInstanceType.ValueNotSupported", "%s"),
        (400, "InvalidInstanceType.ValueUnauthorized", "The specified InstanceType is not authorized."),
        (
            400,
            "InvalidInstanceType.NotSupported",
            "The specified instanceType is not supported by the deployment set.",
        ),
        (403, "InvalidInstanceType.ZoneNotSupported", "The specified zone does not support this instancetype."),
        (403, "InstanceType.Offline", "%s"),
        (404, "DependencyViolation.IoOptimized", "The specified instancetype must be IoOptimized instance."),
        # images
        (404, "InvalidImageId.NotFound", "The specified ImageId does not exist."),
        (403, "OperationDenied.ImageNotValid", "The specified Image is disabled or is deleted."),
        (403, "OperationDenied.ImageNotValid", "%s"),
        # the network
        (404, "InvalidSecurityGroupId.NotFound", "%s"),
        (400, "InvalidSecurityGroup.NotInDefaultVpc", "%s"),
        (404, "InvalidVSwitchId.NotFound", "Specified virtual switch does not exist."),
        (403, "InvalidVSwitchId.IpInvalid", "%s"),
        (400, "IncorrectVSwitchStatus", "The current status of virtual switch does not support this operation."),
        (
            400,
            "InvalidParameter.Mismatch",
            "Specified security group and virtual switch are not in the same VPC.",
        ),
        (400, "InvalidParameter.Mismatch", "Specified virtual switch is not in the specified zone."),
        (
            403,
            "OperationDenied.InconsistentNetwork",
            "The specified security group and vswitch are not in the same vpc.",
        ),
        (
            400,
            "VpcNotFound",
            "Vpc is not found according to the specified VSwitch or the vpc does not belong to you.",
        ),
        (
            400,
            "MissingParameter",
            'The input parameter "VSwitchId" that is mandatory for processing this request is not supplied.',
        ),
        (
            400,
            "InvalidPrivateIpAddress",
            "Specified private IP address is not in the CIDR block of virtual switch.",
        ),
        (400, "InvalidPrivateIpAddress.Malformed", "Specified private IP address is malformed."),
        (400, "InvalidPrivateIpAddress.Duplicated", "Specified private IP address is duplicated."),
        (400, "InvalidParameter", 'The specified parameter "InternetMaxBandwidthOut" is not valid.'),
        (400, "InvalidParameter.Bandwidth", "%s"),
        (400, "InvalidInternetChargeType.ValueNotSupported", "The specified InternetChargeType is not valid."),
        # disks
        (
            400,
            "InvalidSystemDiskCategory.ValueNotSupported",
            'The specified parameter "SystemDisk.Category" is not valid.',
        ),
        (
            400,
            "InvalidDataDiskCategory.ValueNotSupported",
            'The specified parameter "DataDisk.n.Category" is not valid.',
        ),
        # names, descriptions, passwords, tags
        (400, "InvalidInstanceName.Malformed", 'The specified parameter "InstanceName" is not valid.'),
        (400, "InvalidHostName.Malformed", 'The specified parameter "HostName" is not valid.'),
        (400, "InvalidDescription.Malformed", 'The specified parameter "Description" is not valid.'),
        (400, "InvalidPassword.Malformed", 'The specified parameter "Password" is not valid.'),
        (
            400,
            "InvalidPasswordParam.Mismatch",
            "The input password should be null when passwdInherit is true.",
        ),
        (400, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid."),
        (400, "InvalidTagValue.Malformed", "The specified Tag.n.Value is not valid."),
        (400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key."),
        # what else is asked for
        (400, "InvalidParameter.Conflict", "%s"),
        (403, "InvalidParameter.NotMatch", "%s"),
        (400, "InvalidClientToken.ValueNotSupported", "The ClientToken provided is invalid."),
        (404, "InvalidResourceGroup.NotFound", "The ResourceGroup provided does not exist in our records."),
        (404, "DeploymentSet.NotFound", "The specified deployment set does not exist."),
        (
            400,
            "InvalidParameter.CreditSpecification",
            "The specified CreditSpecification is not supported in this region.",
        ),
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
        (400, "InvalidUserData.SizeExceeded", 'The specified parameter "UserData" exceeds the size.'),
        (
            400,
            "InvalidUserData.NotSupported",
            'The specified parameter "UserData" only support the vpc and IoOptimized Instance.',
        ),
        (
            403,
            "InvalidUserData.Forbidden",
            'User not authorized to input the parameter "UserData", please apply for permission "UserData"',
        ),
        (403, "InvalidUser.PassRoleForbidden", "The RAM user does not have the privilege to pass a RAM role."),
        (
            401,
            "InvalidRamRole.NotEcsRole",
            "The specified ram role is not authorized for ecs, please check your role policy.",
        ),
        # spot instances
        (400, "InvalidSpotStrategy", "The specified SpotStrategy is not valid."),
        (400, "InvalidSpotPriceLimit", "The specified SpotPriceLimitis not valid."),
        (400, "InvalidSpotDuration", "The specified SpotDuration is not valid."),
        (400, "InvalidSpotPrepaid", "The specified Spot type is not support PrePay Instance."),
        (400, "InvalidSpotAliUid", "The specified UID is not authorized to use SPOT instance."),
        (400, "InvalidSpotInterruptionBehavior", "%s"),
        # money
        (404, "InvalidInstanceChargeType.NotFound", "The InstanceChargeType does not exist in our records"),
        # The page has the code in this spelling.
        (400, "MissingParamter", 'The specified parameter "Period" is not null.'),
        (400, "InvalidPeriod", "The specified period is not valid."),
        (403, "InsufficientBalance", "Your account does not have enough balance."),
        (403, "InvalidAccountStatus.NotEnoughBalance", "Your account does not have enough balance."),
        (403, "InvalidPayMethod", "The specified pay method is not valid."),
        (404, "PaymentMethodNotFound", "No payment method has been registered on the account."),
        (
            403,
            "RealNameAuthenticationError",
            "Your account has not passed the real-name authentication yet.",
        ),
        # the rest
        (400, "OperationDenied", "The current user does not support this operation."),
    ),
    ErrorRow(WRONG_STATUS.code, WRONG_STATUS.http_status, WRONG_STATUS.message, _PAGE),
    *(ErrorRow(row.code, row.http_status, row.message, _PAGE) for row in INTERNAL),
    DRY_RUN,
    CREATION_INVALID,
)

# Rows of RunInstances that CreateInstance needs too, though its page lacks them.
_LENT: Final = (
    (IMAGE_MISSING.http_status, IMAGE_MISSING.code, IMAGE_MISSING.message),
    (TYPE_MISSING.http_status, TYPE_MISSING.code, TYPE_MISSING.message),
    (404, "InvalidZoneId.NotFound", "The specified zoneId does not exist."),
    (400, "InvalidTagCount", "The specified tags are beyond the permitted range."),
)

RUN: Final[ErrorTable] = ErrorTable(
    (
        *_rows(*_LENT),
        *_BOTH,
        *_rows(
            (403, "InvalidParam.Amount", "%s"),
            (400, "InvalidMinAmount.Malformed", "The specified parameter MinAmount is not valid."),
            (400, "InvalidMaxAmount.Malformed", "The specified parameter MaxAmount is not valid."),
            (400, "InvalidAutoReleaseTime.Malformed", "The specified parameter AutoReleaseTime is not valid."),
            (
                403,
                "InvalidParams.InstanceNameExceed",
                "The uniqueSuffix takes three naming places, please shorten your InstanceName.",
            ),
            (
                403,
                "InvalidParams.HostnameExceed",
                "The uniqueSuffix takes three naming places, please shorten your Hostname.",
            ),
            (404, "InvalidLaunchTemplate.NotFound", "%s"),
            (404, "InvalidLaunchTemplateVersion.NotFound", "%s"),
            (400, "InvalidParam.NetworkInterface", "%s"),
            (400, "InvalidIoOptimize.ValueNotSupported", "The specified IoOptimize is not valid."),
            (400, "InvalidPeriodType.ValueNotSupported", "The specified parameter PeriodType is invalid."),
            (
                403,
                "Zone.NotOnSale",
                "The resource in the specified zone is no longer available for sale. Please try other regions and zones.",
            ),
            (
                403,
                "OperationDenied.ZoneNotAllowed",
                "The creation of Instance to the specified Zone is not allowed.",
            ),
            (
                403,
                "OperationDenied.ResourceControl",
                "The specified region is in resource control, please try later.",
            ),
            (404, "OperationDenied.CreatingConflict", "Another Instance has been creating"),
            (
                400,
                "InvalidSpotPriceLimit.LowerThanPublicPrice",
                'The specified parameter "spotPriceLimit" can\'t be lower than current public price.',
            ),
            (400, "QuotaExceed.AfterpayInstance", "Living afterpay instances quota exceeded."),
            (
                403,
                "SecurityGroupInstanceLimitExceed",
                "Exceeding the allowed amount of instances of a security group.",
            ),
            (400, "JoinedGroupLimitExceed", "%s"),
            (403, "ImageNotSupportInstanceType", "The specified image does not support the specified InstanceType."),
            (
                404,
                "InvalidSecurityGroupId.NotFound",
                "The SecurityGroupId provided does not exist in our records.",
            ),
            (404, "InvalidRamRole.NotFound", 'The specified parameter "RAMRoleName" does not exist.'),
            (400, "InvalidTag.Mismatch", "The specified Tag.n.Key and Tag.n.Value are not match."),
            (400, "InvalidHpcClusterId.NotFound", "The specified HpcClusterId is not found"),
            (403, "InvalidIp.Address", "%s"),
            (403, "InvalidOperation.Ipv6NotSupport", "%s"),
            (403, "InvalidVSwitch.Ipv6NotTurnOn", "%s"),
            (400, "Account.Arrearage", "Your account has been in arrears."),
            (403, "InvalidInstance.UnPaidOrder", "The specified Instance has unpaid order."),
            (403, "Forbidden.RiskControl", "This operation is forbidden by Aliyun RiskControl system."),
        ),
    )
)
CREATE: Final[ErrorTable] = ErrorTable(
    (
        *_rows(*_LENT, source=_OTHER),
        *_BOTH,
        *_rows(
            (400, "InvalidIoOptimizedValue.ValueNotSupported", "IoOptimized value not supported."),
            (400, "InvalidPeriodUnit.ValueNotSupported", "The specified parameter PeriodUnit is not valid."),
            (404, "InvalidClusterId.NotFound", "The ClusterId provided does not exist in our records."),
            (403, "Zone.NotOnSale", "The specified zone is not available for purchase."),
            (403, "OperationDenied", "The creation of Instance to the specified Zone is not allowed."),
            (
                403,
                "OperationDenied",
                "Sales of this resource are temporarily suspended in the specified region; please try again later.",
            ),
            (404, "OperationDenied", "Another Instance has been creating"),
            (400, "OperationDenied", "The specified InstanceType or Zone is not available or not authorized."),
            (
                400,
                "InvalidSpotParam.EmptyZoneID",
                "The specified ZoneId is empty when SpotStrategy is set.",
            ),
            (
                400,
                "InvalidSpotPriceLimit.LowerThanPublicPrice",
                'The specified parameter "soptPriceLimit" can\'t be lower than current public price.',
            ),
            (400, "QuotaExceed.AfterpayInstance", "The maximum number of Pay-As-You-Go instances is exceeded."),
            (
                403,
                "SecurityGroupInstanceLimitExceed",
                "The maximum number of instances in a security group is exceeded.",
            ),
            (403, "ImageNotSupportInstanceType", "The specified image don't support the InstanceType instance."),
            (404, "InvalidSecurityGroupId.NotFound", "The specified SecurityGroupId does not exist."),
            (404, "InvalidRamRole.NotFound", "The specified RAMRoleName does not exist."),
            (400, "InvalidHpcClusterId.NotFound", "The specified HpcClusterId is not found."),
            (400, "InvalidHpcClusterId.Creating", "The specified HpcClusterId is creating."),
            (400, "Account.Arrearage", "Your account has an outstanding payment."),
        ),
    )
)
