"""The forms of a notification: CloudMonitor's flat one, the event subscription's nested one, and EventBridge's."""

import datetime as dt
import json
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, Final, TypeAlias

from pytest_ecsevents.clock._times import Micros, from_micros
from pytest_ecsevents.services.cms._eventbridge import eventbridge_type
from pytest_ecsevents.services.cms._notification import Notification

JsonDict: TypeAlias = dict[str, Any]

_BEIJING: Final = dt.timezone(dt.timedelta(hours=8))

# What every published sample has, the console's test payload included.
_MINIMAL: Final = ("product", "resourceId", "level", "name", "regionId", "content")


@lru_cache(maxsize=1024)
def beijing_text(at: Micros) -> str:
    """`eventTime`: `20190409T121826.922+0800`, with milliseconds, in Beijing time."""
    when = from_micros(at).astimezone(_BEIJING)
    return f"{when:%Y%m%dT%H%M%S}.{when.microsecond // 1000:03}+0800"


def cloudmonitor(notification: Notification, *, minimal: bool = False) -> JsonDict:
    """The flat form that event rules send to queues, functions and callbacks."""
    row = notification.row
    whole: JsonDict = {
        "ver": "1.0",
        "id": str(notification.uuid).upper(),
        "product": notification.product,
        "resourceId": notification.arn,
        "level": row.level,
        "instanceName": notification.instance_name,
        "regionId": notification.region_id,
        "groupId": notification.group_id,
        "name": row.name,
        "content": dict(notification.content),
        "status": row.status,
        "eventType": row.event_type,
        "eventTime": beijing_text(notification.at_micros),
        "userId": notification.account_id,
    }
    return {key: whole[key] for key in _MINIMAL} if minimal else whole


RULE_NAME: Final = "pytest-ecsevents"
"""`ruleName` for a URL that is subscribed without a rule."""


def callback(notification: Notification) -> JsonDict:
    """The flat form as an event rule posts it to a URL."""
    flat = cloudmonitor(notification)
    return {**flat, "ruleName": notification.rule_name or RULE_NAME, "traceId": flat["id"]}


def subscription(notification: Notification) -> JsonDict:
    """The nested form of an event subscription's webhook; names of the subscriber are left empty."""
    row, account = notification.row, notification.account_id
    own_id, milliseconds = str(notification.uuid), notification.at_micros // 1_000
    return {
        "userInfo": dict.fromkeys(_USER_NAMES, "") | {"userId": account},
        "subscription": {
            "subscriptionUuid": own_id,
            "conditions": [
                {"field": "source", "op": "EQ", "value": "SYS_EVENT"},
                {"field": "product", "op": "IN", "value": notification.product},
            ],
            "relation": "AND",
        },
        "batchId": own_id,
        "alert": {
            "alertStatus": "TRIGGERED",
            "groupId": notification.group_id,
            "source": "SYS_EVENT",
            "eventContentMap": dict(notification.content),
            "dedupId": own_id,
            "eventName": row.name,
            "arn": notification.arn,
            "timestamp": milliseconds,
            "traceId": own_id,
            "severity": row.level,
            "product": notification.product,
            "eventRawContent": json.dumps(dict(notification.content), separators=(",", ":"), ensure_ascii=False),
            "eventType": row.event_type,
            "userId": account,
            "meta": {"sysEventMeta": _meta(notification)},
        },
        "severity": row.level,
        "strategyName": "",
        "userId": account,
        "time": milliseconds,
    }


_USER_NAMES: Final = (
    "aliyunId",
    "userIdSec",
    "aliyunIdSec",
    "nickName",
    "nickNameSec",
    "userName",
    "userId",
    "userNameSec",
)


def _meta(notification: Notification) -> JsonDict:
    row, region = notification.row, notification.region_id
    return {
        "regionNameEn": region,
        "resourceId": notification.arn,
        "product": notification.product,
        "eventNameEn": row.name,
        "instanceName": notification.instance_name,
        "level": row.level,
        "resource": notification.resource,
        "regionNameZh": region,
        "groupId": notification.group_id,
        "serviceTypeEn": "ECS",
        "eventType": row.event_type,
        "serviceTypeZh": "云服务器ECS",
        "regionId": region,
        "eventTime": beijing_text(notification.at_micros),
        "name": row.name,
        "id": str(notification.uuid),
        "status": row.status,
        "eventNameZh": row.name,
    }


def eventbridge(notification: Notification) -> JsonDict:
    """The CloudEvent on EventBridge's default bus. The status is in `data`, not in the type.

    `subject` and UTC in `aliyunpublishtime` are guesses: the published sample mixes zones.
    """
    when = from_micros(notification.at_micros)
    return {
        "id": str(notification.uuid),
        "source": "acs.ecs",
        "specversion": "1.0",
        "subject": notification.arn,
        "time": f"{when.astimezone(_BEIJING):%Y-%m-%dT%H:%M:%S}+08:00",
        "type": eventbridge_type(notification.row),
        "aliyunaccountid": notification.account_id,
        "aliyunpublishtime": f"{when:%Y-%m-%dT%H:%M:%S}Z",
        "aliyuneventbusname": "default",
        "aliyunregionid": notification.region_id,
        "aliyunpublishaddr": "172.25.0.1",
        "data": dict(notification.content),
    }


FORMATS: Final[Mapping[str, Callable[[Notification], JsonDict]]] = {
    "cloudmonitor": cloudmonitor,
    "cloudmonitor-minimal": partial(cloudmonitor, minimal=True),
    "subscription": subscription,
    "eventbridge": eventbridge,
}
"""The forms by name."""
