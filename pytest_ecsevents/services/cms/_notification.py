"""Notifications of CloudMonitor: one of them, its forms on the wire, and the history of a test."""

import datetime as dt
import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Final, TypeAlias

from pytest_ecsevents.clock._times import Micros, from_micros
from pytest_ecsevents.services.cms._eventbridge import eventbridge_type
from pytest_ecsevents.services.cms._names import NotificationName
from pytest_ecsevents.services.ecs._model import InstanceTransition, Interruption, Transition

Content: TypeAlias = "dict[str, object]"
"""`content`: values by their names on the wire; mostly texts."""


@dataclass(frozen=True, slots=True, eq=False)
class Notification:
    """One notification. Its id and its content are rendered when they are read: most notifications are read by no test.

    Attributes:
        row: Its name with level, status and event type.
        id_seed: What its id is derived from; no two notifications of a test have the same.
        resource: The end of its ARN: `instance/i-web1`.
        region_id: The resource's region.
        account_id: The resource's owner.
        instance_name: The instance's name, or "".
        resource_group_id: The instance's resource group, or "".
        render: Makes `content`, always the same.
        at_micros: When it was sent, in microseconds since the epoch.
        product: The product of the resource.
        group_id: The application group of the resource; "0" for none.
        given_arn: The whole ARN, where it is not derived from the resource.
        rule_name: The event rule that sends it to a receiver; "" for none.
        keep_delivery: Keeps a delivery for that rule.
    """

    row: NotificationName
    id_seed: str
    resource: str
    region_id: str
    account_id: str
    instance_name: str
    resource_group_id: str
    render: "Callable[[], Mapping[str, object]]"
    at_micros: Micros
    product: str = "ECS"
    group_id: str = "0"
    given_arn: str = ""
    rule_name: str = ""
    keep_delivery: Callable[..., None] | None = None

    @property
    def uuid(self) -> str:
        """Its id, a UUID of version 4; `eventId` in its content is that of the event."""
        digits = hashlib.blake2b(self.id_seed.encode(), digest_size=16).hexdigest()
        variant = "89ab"[int(digits[16], 16) % 4]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    @property
    def content(self) -> "Mapping[str, object]":
        """`content`, of the instant at which it was sent."""
        return self.render()

    @property
    def arn(self) -> str:
        """The whole ARN: `acs:ecs:cn-hangzhou:1000000000000001:instance/i-web1`."""
        return self.given_arn or f"acs:ecs:{self.region_id}:{self.account_id}:{self.resource}"

    @property
    def name(self) -> str:
        """`Instance:SystemMaintenance.Reboot:Scheduled`."""
        return self.row.name

    @property
    def summary(self) -> str:
        """`Instance:StateChange Stopping of i-web1`."""
        state = self.content.get("state")
        return f"{self.name}{f' {state}' if state else ''} of {self.resource.rpartition('/')[2]}"


# -- the forms: CloudMonitor's flat one, the event subscription's nested one, and EventBridge's

JsonDict: TypeAlias = dict[str, Any]

_BEIJING: Final = dt.timezone(dt.timedelta(hours=8))

# What every published sample has, the console's test payload included.
_MINIMAL: Final = ("product", "resourceId", "level", "name", "regionId", "content")


@lru_cache(maxsize=1024)
def beijing_text(at: Micros) -> str:
    """`eventTime`: `20190409T121826.922+0800`, with milliseconds, in Beijing time."""
    text = from_micros(at).astimezone(_BEIJING).isoformat(timespec="milliseconds")
    return text.replace("-", "").replace(":", "")


def cloudmonitor(notification: Notification, *, minimal: bool = False) -> JsonDict:
    """The flat form that event rules send to queues, functions and callbacks."""
    row = notification.row
    whole: JsonDict = {
        "ver": "1.0",
        "id": notification.uuid.upper(),
        "product": notification.product,
        "resourceId": notification.arn,
        "level": row.level,
        "instanceName": notification.instance_name,
        "regionId": notification.region_id,
        "groupId": notification.group_id,
        "name": row.name,
        "content": dict(notification.render()),
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
    own_id, milliseconds = notification.uuid, notification.at_micros // 1_000
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
        "id": notification.uuid,
        "status": row.status,
        "eventNameZh": row.name,
    }


def eventbridge(notification: Notification) -> JsonDict:
    """The CloudEvent on EventBridge's default bus. The status is in `data`, not in the type.

    `subject` and UTC in `aliyunpublishtime` are guesses: the published sample mixes zones.
    """
    when = from_micros(notification.at_micros)
    return {
        "id": notification.uuid,
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


# -- those that were sent so far, kept as what they tell of

Rows: TypeAlias = Mapping[str, NotificationName]


@dataclass(frozen=True, slots=True, eq=False)
class StateChange:
    """A change of an instance, with what changes later: its other attributes stay as they were declared.

    Attributes:
        change: The change.
        public_address: The public address of the instance when the notification was sent.
    """

    change: InstanceTransition
    public_address: str


Sent: TypeAlias = Transition | StateChange | Interruption | Notification
"""What a notification is rendered from; one that is announced is kept itself."""


class NotificationHistory:
    """The notifications so far, in order.

    It keeps a reference of eight bytes for each transition of an event, and renders the notification when it is read: three
    rendered ones took 2,300 bytes an event.

    Args:
        render: Renders the notification of a number, with the rows of names of the instant at which it was sent.
    """

    def __init__(self, render: Callable[[Sent, int, Rows], Notification]) -> None:
        self._render: Final = render
        self._sent: Final[list[Sent]] = []
        # The rows of names, and the number of the first notification that was sent with them.
        self._rows: Final[list[Rows]] = []
        self._since: Final[list[int]] = []

    def add(self, sent: Sent, rows: Rows) -> int:
        """Keep what was sent, and return its number; `rows` are those of now, and do not change."""
        number = len(self._sent)
        if not self._rows or self._rows[-1] is not rows:
            self._since.append(number)
            self._rows.append(rows)
        self._sent.append(sent)
        return number

    def __len__(self) -> int:
        return len(self._sent)

    def __getitem__(self, number: int) -> Notification:
        return self._render(self._sent[number], number, self._rows[bisect_right(self._since, number) - 1])

    def first(self, number: int) -> Iterator[Notification]:
        """Render the first ones, up to that number."""
        return map(self.__getitem__, range(number))

    def __iter__(self) -> Iterator[Notification]:
        return self.first(len(self))
