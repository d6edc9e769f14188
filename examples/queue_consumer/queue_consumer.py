"""Handle the notifications that CloudMonitor sends to a queue of the Simple Message Queue (formerly MNS).

The loop is the one that Alibaba Cloud publishes for events of ECS: receive, decode, choose by the event's name, delete.
A message whose handler fails is not deleted: it is received again after its visibility timeout, at most four times.
"""

import json
import logging
import os

from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.RebootInstanceRequest import RebootInstanceRequest
from aliyunsdkecs.request.v20140526.StartInstanceRequest import StartInstanceRequest
from mns.account import Account
from mns.mns_exception import MNSExceptionBase

QUEUE = "ecs-cms-event"
WAIT_SECONDS = 20
MOST_TRIES = 4

logger = logging.getLogger("queue_consumer")


class Consumer:
    """Receives messages from a queue, and passes each to the handlers of its event's name."""

    def __init__(self, account: Account, client: AcsClient, remove_from_pool=print) -> None:
        self.queue = account.get_queue(QUEUE)
        self.client = client
        self.remove_from_pool = remove_from_pool
        self.stopped_on_purpose = set()
        self.handlers = {
            "Instance:SystemMaintenance.Reboot:Scheduled": self.reboot_now,
            "Instance:PreemptibleInstanceInterruption": self.leave_pool,
            "Instance:StateChange": self.start_again,
        }

    def serve_forever(self) -> None:
        while True:
            try:
                message = self.queue.receive_message(wait_seconds=WAIT_SECONDS)
            except MNSExceptionBase as error:
                if error.type == "QueueNotExist":
                    raise
                continue  # MessageNotExist: no message arrived during the poll
            if self.handle(message):
                self.queue.delete_message(message.receipt_handle)

    def handle(self, message) -> bool:
        """Return whether the message can be deleted."""
        try:
            event = json.loads(message.message_body)
            handler = self.handlers.get(event["name"])
            if handler is not None:
                handler(event["content"])
        except Exception:
            logger.exception("try %d of %d", message.dequeue_count, MOST_TRIES)
            return message.dequeue_count >= MOST_TRIES
        return True

    def reboot_now(self, content: dict) -> None:
        """Avoid planned maintenance by a reboot at a chosen time."""
        request = RebootInstanceRequest()
        request.set_InstanceId(content["instanceId"])
        self.client.do_action_with_exception(request)

    def leave_pool(self, content: dict) -> None:
        """Remove a spot instance that is reclaimed in five minutes."""
        self.remove_from_pool(content["instanceId"])

    def start_again(self, content: dict) -> None:
        """Start an instance that has stopped, unless it was stopped on purpose."""
        instance_id = content["resourceId"]
        if content["state"] == "Stopped" and instance_id not in self.stopped_on_purpose:
            request = StartInstanceRequest()
            request.set_InstanceId(instance_id)
            self.client.do_action_with_exception(request)


def main() -> None:
    key_id, secret = os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"], os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"]
    account = Account(os.environ["MNS_ENDPOINT"], key_id, secret)
    Consumer(account, AcsClient(key_id, secret, "cn-hangzhou")).serve_forever()


if __name__ == "__main__":
    main()
