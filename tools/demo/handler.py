"""A poller that answers planned reboots, twice a day."""

import json
import time
from datetime import datetime, timedelta, timezone

from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstanceHistoryEventsRequest import DescribeInstanceHistoryEventsRequest
from aliyunsdkecs.request.v20140526.RebootInstanceRequest import RebootInstanceRequest


def serve_forever(client: AcsClient) -> None:
    """Every twelve hours, reboot each instance whose maintenance begins within twelve hours."""
    while True:
        request = DescribeInstanceHistoryEventsRequest()
        request.set_InstanceEventCycleStatuss(["Scheduled"])
        reply = json.loads(client.do_action_with_exception(request))
        for event in reply["InstanceSystemEventSet"]["InstanceSystemEventType"]:
            not_before = datetime.strptime(event["NotBefore"], "%Y-%m-%dT%H:%M:%S%z")
            if not_before - datetime.now(timezone.utc) <= timedelta(hours=12):
                reboot = RebootInstanceRequest()
                reboot.set_InstanceId(event["InstanceId"])
                client.do_action_with_exception(reboot)
        time.sleep(12 * 3600)
