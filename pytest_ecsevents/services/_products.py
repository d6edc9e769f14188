"""The products that are faked: where each is called, in which version, and what it answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from pytest_ecsevents.rpc import Action
from pytest_ecsevents.services.cms.api._monitor_actions import MONITOR_ACTIONS
from pytest_ecsevents.services.cms.api._rule_actions import RULE_ACTIONS
from pytest_ecsevents.services.ecs.api._creation_actions import CREATION_ACTIONS
from pytest_ecsevents.services.ecs.api._disk_actions import DISK_ACTIONS
from pytest_ecsevents.services.ecs.api._event_actions import EVENT_ACTIONS
from pytest_ecsevents.services.ecs.api._instance_actions import OPERATION_ACTIONS
from pytest_ecsevents.services.ecs.api._instance_queries import QUERY_ACTIONS
from pytest_ecsevents.services.ecs.api._lookups import LOOKUP_ACTIONS
from pytest_ecsevents.services.ecs.api._maintenance_actions import MAINTENANCE_ACTIONS


@dataclass(frozen=True, slots=True)
class Product:
    """One product's API.

    Attributes:
        name: `Ecs`, as the SDKs and the call log have it.
        version: `2014-05-26`.
        hosts: The first words of its hosts' names: `ecs` of `ecs-cn-hangzhou.aliyuncs.com`.
        actions: What it answers, by name.
        nouns: The lists of its replies that the timeline counts, and what it calls their items.
    """

    name: str
    version: str
    hosts: tuple[str, ...]
    actions: Mapping[str, Action]
    nouns: Mapping[str, str]


def _by_name(*groups: Iterable[Action]) -> Mapping[str, Action]:
    return MappingProxyType({action.name: action for group in groups for action in group})


ECS: Final = Product(
    name="Ecs",
    version="2014-05-26",
    hosts=("ecs",),
    actions=_by_name(
        EVENT_ACTIONS,
        DISK_ACTIONS,
        QUERY_ACTIONS,
        CREATION_ACTIONS,
        OPERATION_ACTIONS,
        MAINTENANCE_ACTIONS,
        LOOKUP_ACTIONS,
    ),
    nouns={
        "EventId": "event",
        "InstanceSystemEventType": "event",
        "InstanceFullStatusType": "instance",
        "Instance": "instance",
        "DiskFullStatusType": "disk",
        "InstanceStatus": "instance",
        "InstanceResponse": "instance",
        "InstanceIdSet": "instance",
        "Tag": "tag",
    },
)

CMS: Final = Product(
    name="Cms",
    version="2019-01-01",
    # The newer SDK calls cms.<region> where it knows no endpoint of the region, and old ones of it always did.
    hosts=("metrics", "cms"),
    actions=_by_name(MONITOR_ACTIONS, RULE_ACTIONS),
    nouns={
        "SystemEvent": "notification",
        "SystemEventCount": "count",
        "SystemEventHistogram": "interval",
        "Resource": "name",
        "EventRule": "rule",
    },
)

PRODUCTS: Final[Mapping[str, Product]] = MappingProxyType({product.name: product for product in (ECS, CMS)})
"""The faked products by name."""

ACTIONS: Final[Mapping[str, Action]] = MappingProxyType(
    {name: action for product in PRODUCTS.values() for name, action in product.actions.items()}
)
"""What they answer, all together: no two of them have an action of one name."""

_BY_HOST: Final = {word: product.name for product in PRODUCTS.values() for word in product.hosts}


def called(host: str) -> str:
    """The name of the product that a host belongs to; of one that is not faked, the first word of the host's name.

    Args:
        host: `ecs-cn-hangzhou.aliyuncs.com`, `metrics.cn-beijing.aliyuncs.com`, `slb.aliyuncs.com`.
    """
    word = host.partition(".")[0].partition("-")[0]
    return _BY_HOST.get(word, word)
