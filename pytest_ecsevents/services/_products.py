"""The products that are faked: where each is called, in which version, and what it answers."""

from collections.abc import Iterable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from pytest_ecsevents.rpc import Action, ApiRequest, Endpoint, Product, Products
from pytest_ecsevents.rpc._action import CallT_contra
from pytest_ecsevents.rpc._api import Api, ApiExchange, CallChecks
from pytest_ecsevents.rpc._wire import JsonObject
from pytest_ecsevents.services.cms import CloudMonitor
from pytest_ecsevents.services.cms._calls import MonitorCall
from pytest_ecsevents.services.cms.api._monitor_actions import MONITOR_ACTIONS
from pytest_ecsevents.services.cms.api._rule_actions import RULE_ACTIONS
from pytest_ecsevents.services.ecs import Cloud
from pytest_ecsevents.services.ecs.api._creation_actions import CREATION_ACTIONS
from pytest_ecsevents.services.ecs.api._disk_actions import DISK_ACTIONS
from pytest_ecsevents.services.ecs.api._event_actions import EVENT_ACTIONS
from pytest_ecsevents.services.ecs.api._instance_actions import OPERATION_ACTIONS
from pytest_ecsevents.services.ecs.api._instance_queries import QUERY_ACTIONS
from pytest_ecsevents.services.ecs.api._lookups import LOOKUP_ACTIONS
from pytest_ecsevents.services.ecs.api._maintenance_actions import MAINTENANCE_ACTIONS


def _by_name(*groups: Iterable[Action[CallT_contra]]) -> Mapping[str, Action[CallT_contra]]:
    return MappingProxyType({action.name: action for group in groups for action in group})


ECS: Final[Product[MonitorCall]] = Product(
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

CMS: Final[Product[MonitorCall]] = Product(
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


def _endpoints(params: Mapping[str, Any]) -> JsonObject:
    """Where the legacy SDK is to call a region or product that it does not know."""
    region_id, service = str(params.get("Id", "")), str(params.get("ServiceCode", ""))
    endpoint: JsonObject = {
        "Endpoint": f"{service}.{region_id}.aliyuncs.com",
        "Id": region_id,
        "Namespace": "",
        "SerivceCode": service,
        "Type": str(params.get("Type", "")),
        "Protocols": {"Protocols": ["HTTP", "HTTPS"]},
    }
    return {"Endpoints": {"Endpoint": [endpoint]}, "Success": True}


PRODUCTS: Final = Products[MonitorCall]((ECS, CMS), {("location", "DescribeEndpoints"): _endpoints})
"""The faked products by name."""

ACTIONS: Final[Mapping[str, Action[MonitorCall]]] = MappingProxyType(
    {name: action for product in PRODUCTS.values() for name, action in product.actions.items()}
)
"""Their actions, all together: no two of them have an action of one name."""


def api_endpoint(cloud: Cloud, monitor: CloudMonitor, checks: CallChecks) -> Endpoint[ApiRequest, ApiExchange]:
    """The endpoint of the APIs of one test's cloud."""
    api = Api(PRODUCTS, cloud, partial(MonitorCall, cloud=cloud, monitor=monitor), cloud.ids.request, checks)
    return Endpoint(api, cloud, checks)
