"""A function of Function Compute that answers ECS system events.

It drains and reboots instances ahead of maintenance, drains those about to be reclaimed, and puts them back afterwards.

It accepts the event in each form that a trigger can send: from a CloudMonitor event rule, from a CloudMonitor event
subscription, or from EventBridge. Deliveries can be late, duplicated or out of order, so it trusts the service's
current state, not the message. Errors are raised: Function Compute invokes it again.

Environment variables: `LOAD_BALANCER_ID`, the load balancer of the instances.
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

IN_SERVICE, OUT_OF_SERVICE = 100, 0  # weights of instances behind the load balancer


@dataclass(frozen=True)
class Happening:
    """The content of a message in any form.

    `name` has no status: `Instance:SystemMaintenance.Reboot`; `status` is "" if there is none.
    """

    name: str
    status: str
    instance_id: str
    event_id: str


def handler(event: bytes, context: Any) -> str:
    """Handle one invocation of Function Compute."""
    happening = read(json.loads(event))
    if happening is None:
        return "ignored"
    credentials = context.credentials
    key = StsTokenCredential(credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
    outcome = answer(AcsClient(region_id=context.region, credential=key), happening)
    context.logger.info("%s %s of %s: %s", happening.name, happening.status, happening.instance_id, outcome)
    return outcome


def read(message: dict[str, Any]) -> Happening | None:
    """Parse any of the three forms; return None for a message about no instance."""
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
    """Do what the event requires; doing it twice does no harm."""
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
    """Return whether the event is still Scheduled: at a second delivery it is Avoided, at a late one Executed."""
    request = DescribeInstanceHistoryEventsRequest()
    request.set_EventIds([happening.event_id])
    request.set_InstanceEventCycleStatuss(["Scheduled"])
    return json.loads(client.do_action_with_exception(request))["TotalCount"] > 0


def reboot(client: AcsClient, instance_id: str) -> str:
    """Reboot the instance, unless it is released or does not run."""
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
    """Set the instance's share of the load balancer's requests."""
    request = CommonRequest(domain="slb.aliyuncs.com", version="2014-05-15", action_name="SetBackendServers")
    request.add_query_param("LoadBalancerId", os.environ["LOAD_BALANCER_ID"])
    request.add_query_param("BackendServers", json.dumps([{"ServerId": instance_id, "Weight": weight}]))
    client.do_action_with_exception(request)
