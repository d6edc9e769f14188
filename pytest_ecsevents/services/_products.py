"""The faked products: their hosts, versions and actions."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from pytest_ecsevents.rpc._action import Action, CallT_contra, Product, Products
from pytest_ecsevents.rpc._api import Api, ApiExchange, CallChecks
from pytest_ecsevents.rpc._exchange import Endpoint
from pytest_ecsevents.rpc._wire import ApiRequest, JsonObject
from pytest_ecsevents.services.cms._monitor import CloudMonitor, MonitorCall
from pytest_ecsevents.services.cms.api import _monitor_actions, _rule_actions
from pytest_ecsevents.services.ecs._cloud import Cloud
from pytest_ecsevents.services.ecs._endpoints import served_by
from pytest_ecsevents.services.ecs.api import (
    _billing_actions,
    _creation_actions,
    _disk_actions,
    _event_actions,
    _instance_actions,
    _instance_queries,
    _lookups,
    _maintenance_actions,
    _tag_actions,
    _window_actions,
)


def _merged(*modules: Mapping[str, Action[CallT_contra]]) -> Mapping[str, Action[CallT_contra]]:
    return MappingProxyType({name: action for actions in modules for name, action in actions.items()})


ECS: Final[Product[MonitorCall]] = Product(
    name="Ecs",
    version="2014-05-26",
    hosts=("ecs",),
    actions=_merged(
        _event_actions.ACTIONS,
        _disk_actions.ACTIONS,
        _instance_queries.ACTIONS,
        _creation_actions.ACTIONS,
        _instance_actions.ACTIONS,
        _billing_actions.ACTIONS,
        _maintenance_actions.ACTIONS,
        _window_actions.ACTIONS,
        _lookups.ACTIONS,
        _tag_actions.ACTIONS,
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
        "PlanMaintenanceWindowList": "window",
        "Tag": "tag",
        "TagResource": "tag",
    },
    served_by=served_by,
)

CMS: Final[Product[MonitorCall]] = Product(
    name="Cms",
    version="2019-01-01",
    # The newer SDK calls cms.<region> if it knows no endpoint of the region; its old versions always do.
    hosts=("metrics", "cms"),
    actions=_merged(_monitor_actions.ACTIONS, _rule_actions.ACTIONS),
    nouns={
        "SystemEvent": "notification",
        "SystemEventCount": "count",
        "SystemEventHistogram": "interval",
        "Resource": "name",
        "EventRule": "rule",
    },
)


def _endpoints(params: Mapping[str, Any]) -> JsonObject:
    """The endpoint of a region or product that the legacy SDK does not know."""
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


# By product, by product and version, or by product and action: what handlers of events call, too.
_INSTEAD: Final = {
    "eventbridge": 'ecs_events.subscribe(handler, format="eventbridge") delivers what ECS publishes on the bus "default".',
    "Cms 2024-03-30": 'ecs_events.subscribe(handler, format="subscription") delivers events as subscriptions do.',
    "Ecs DescribeDisks": "DescribeDisksFullStatus lists the disks of instances and their events.",
    "Ecs CreateSnapshot": 'The stub can call ecs_events.announce("Snapshot:CreateSnapshotCompleted", instance).',
}

PRODUCTS: Final = Products[MonitorCall]((ECS, CMS), {("location", "DescribeEndpoints"): _endpoints}, _INSTEAD)
"""The faked products by name."""

ACTIONS: Final[Mapping[str, Action[MonitorCall]]] = MappingProxyType(
    {name: action for product in PRODUCTS.values() for name, action in product.actions.items()}
)
"""The actions of all products by name; no name occurs twice."""


def api_endpoint(cloud: Cloud, monitor: CloudMonitor, checks: CallChecks) -> Endpoint[ApiRequest, ApiExchange]:
    api = Api(PRODUCTS, cloud, partial(MonitorCall, cloud=cloud, monitor=monitor), cloud.ids.request, checks)
    return Endpoint(api, cloud, checks)
