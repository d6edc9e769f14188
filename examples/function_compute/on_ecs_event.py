"""A function of Function Compute that answers ECS system events: drains and reboots ahead of maintenance, drains what is
about to be reclaimed, and puts back what has come through.

It takes the event in whichever form its trigger sends it: from a CloudMonitor event rule, from a CloudMonitor event
subscription, or from EventBridge. Deliveries may come late, twice or out of order, so it believes what the service says
now, not what the message said then. What fails is raised: Function Compute invokes it again.

Environment variables: `LOAD_BALANCER_ID`, the load balancer that the instances stand behind.
"""

import json
import os
from dataclasses import dataclass
from typing import Any

from aliyunsdkcore.acs_exception.exceptions import ServerException
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from aliyunsdkecs.request.v20140526.DescribeInstanceHistoryEventsRequest import DescribeInstanceHistoryEventsRequest
from aliyunsdkecs.request.v20140526.RebootInstanceRequest import RebootInstanceRequest

IN_SERVICE, OUT_OF_SERVICE = 100, 0  # weights behind the load balancer


@dataclass(frozen=True)
class Happening:
    """What a message is about, whatever its form.

    `name` has no status: `Instance:SystemMaintenance.Reboot`; `status` is "" where there is none.
    """

    name: str
    status: str
    instance_id: str
    event_id: str


def handler(event: bytes, context: Any) -> str:
    """What Function Compute calls."""
    happening = read(json.loads(event))
    if happening is None:
        return "ignored"
    credentials = context.credentials
    key = StsTokenCredential(credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
    outcome = answer(AcsClient(region_id=context.region, credential=key), happening)
    context.logger.info("%s %s of %s: %s", happening.name, happening.status, happening.instance_id, outcome)
    return outcome


def read(message: dict[str, Any]) -> Happening | None:
    """Any of the three forms; None for what is about no instance."""
    if "alert" in message:  # an event subscription
        name, content = message["alert"]["eventName"], message["alert"]["eventContentMap"]
    elif "specversion" in message:  # EventBridge: a cloud event, whose type has no status
        name, content = message["type"].removeprefix("ecs:"), message["data"]
    else:  # an event rule
        name, content = message["name"], message["content"]
    instance_id = content.get("instanceId")
    if not instance_id:
        return None
    status = content.get("eventStatus", "")
    return Happening(name.removesuffix(f":{status}"), status, instance_id, content.get("eventId", ""))


def answer(client: AcsClient, happening: Happening) -> str:
    """Do what is to be done; doing it twice does no harm."""
    if happening.name == "Instance:PreemptibleInstanceInterruption":
        set_weight(client, happening.instance_id, OUT_OF_SERVICE)
        return "drained"
    if happening.name != "Instance:SystemMaintenance.Reboot":
        return "ignored"
    if happening.status in ("Avoided", "Canceled", "Executed"):
        set_weight(client, happening.instance_id, IN_SERVICE)
        return "put back"
    if happening.status != "Scheduled" or not is_scheduled(client, happening):
        return "too late" if happening.status == "Scheduled" else "ignored"
    set_weight(client, happening.instance_id, OUT_OF_SERVICE)
    return reboot(client, happening.instance_id)


def is_scheduled(client: AcsClient, happening: Happening) -> bool:
    """Whether the event is still Scheduled: a second delivery finds it Avoided, a late one Executed."""
    request = DescribeInstanceHistoryEventsRequest()
    request.set_EventIds([happening.event_id])
    request.set_InstanceEventCycleStatuss(["Scheduled"])
    return json.loads(client.do_action_with_exception(request))["TotalCount"] > 0


def reboot(client: AcsClient, instance_id: str) -> str:
    """Reboot, unless the instance is released or does not run."""
    request = RebootInstanceRequest()
    request.set_InstanceId(instance_id)
    try:
        client.do_action_with_exception(request)
    except ServerException as error:
        if error.get_error_code() in ("InvalidInstanceId.NotFound", "IncorrectInstanceStatus"):
            return f"not rebooted: {error.get_error_code()}"
        raise
    return "rebooted"


def set_weight(client: AcsClient, instance_id: str, weight: int) -> None:
    """Have the load balancer send the instance more, or nothing."""
    request = CommonRequest(domain="slb.aliyuncs.com", version="2014-05-15", action_name="SetBackendServers")
    request.add_query_param("LoadBalancerId", os.environ["LOAD_BALANCER_ID"])
    request.add_query_param("BackendServers", json.dumps([{"ServerId": instance_id, "Weight": weight}]))
    client.do_action_with_exception(request)
