"""Rehearse planned maintenance: publish simulated reboot events on two instances, and cancel one of them.

A simulated event appears like a real one in the API, the console and CloudMonitor, but never affects its instance. It
shows what your event handling does before Alibaba Cloud plans real maintenance.
"""

import json
import os

from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.CancelSimulatedSystemEventsRequest import CancelSimulatedSystemEventsRequest
from aliyunsdkecs.request.v20140526.CreateSimulatedSystemEventsRequest import CreateSimulatedSystemEventsRequest

REGION = "cn-beijing"
EVENT_TYPE = "SystemMaintenance.Reboot"
NOT_BEFORE = "2018-09-01T00:00:00Z"
INSTANCE_IDS = ["i-2zegswzznxbp168sc5c9", "i-2zeimxypwhnj04sbgf5t"]


def connect() -> AcsClient:
    """Return a client with the access key of the environment."""
    access_key_id = os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_ID", "<your access key id>")
    access_key_secret = os.environ.get("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "<your access key secret>")
    return AcsClient(access_key_id, access_key_secret, REGION)


def create_events(client: AcsClient) -> list[str]:
    """Publish one event on each instance; return the events' ids."""
    request = CreateSimulatedSystemEventsRequest()
    request.set_EventType(EVENT_TYPE)
    request.set_NotBefore(NOT_BEFORE)
    request.set_InstanceIds(INSTANCE_IDS)
    reply = json.loads(client.do_action_with_exception(request))
    return reply["EventIdSet"]["EventId"]


def cancel_event(client: AcsClient, event_id: str) -> dict[str, str]:
    """Cancel one event; return the reply."""
    request = CancelSimulatedSystemEventsRequest()
    request.set_EventIds([event_id])
    return json.loads(client.do_action_with_exception(request))


def main() -> None:
    """Publish both events, print their ids, and cancel the first."""
    client = connect()
    event_ids = create_events(client)
    print("\n".join(event_ids))
    print(json.dumps(cancel_event(client, event_ids[0])))


if __name__ == "__main__":
    main()
