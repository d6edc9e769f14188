"""The protocol of queues and their messages."""

from collections.abc import Iterator
from typing import Final
from xml.etree import ElementTree as ET

from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._server_waits import ClientGoneError
from pytest_ecsevents.clock._times import SECOND, Micros
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._http import Connection
from pytest_ecsevents.rpc._wire import JsonObject
from pytest_ecsevents.services.smq._errors import ERRORS, OutOfRangeError
from pytest_ecsevents.services.smq._limits import BATCH, HIDDEN, MOST_AT_ONCE, WAIT
from pytest_ecsevents.services.smq._properties import read_extras
from pytest_ecsevents.services.smq._protocol import SmqExchange, SmqReply, SmqRoute, StateRoutes, shown, whole_number
from pytest_ecsevents.services.smq._queues import Queues, QueueState, Receipt
from pytest_ecsevents.services.smq._xml import document, texts


class QueueRoutes(StateRoutes[QueueState]):
    def __init__(self, queues: Queues, clock: Clock) -> None:
        super().__init__(queues)
        self._queues: Final = queues
        self._clock: Final = clock

    def __iter__(self) -> Iterator[SmqRoute]:
        yield from super().__iter__()
        messages = r"/queues/([^/]*)/messages"
        yield SmqRoute("PeekMessage, BatchPeekMessage", "GET", messages, "peekonly", self._peek)
        yield SmqRoute("ReceiveMessage, BatchReceiveMessage", "GET", messages, "", self._receive)
        yield SmqRoute("SendMessage, BatchSendMessage", "POST", messages, "", self._send)
        yield SmqRoute("DeleteMessage", "DELETE", messages, "receipthandle", self._delete_message)
        yield SmqRoute("BatchDeleteMessage", "DELETE", messages, "", self._batch_delete)
        yield SmqRoute("ChangeMessageVisibility", "PUT", messages, "", self._change_visibility)

    def _queue(self, exchange: SmqExchange) -> QueueState:
        return self._queues[exchange.names[0]]

    def _meta(self, state: QueueState) -> JsonObject:
        active, inactive, delayed = state.counts()
        return {
            "QueueName": state.name,
            "CreateTime": state.created_at // SECOND,
            "LastModifyTime": state.modified_at // SECOND,
            **shown(state.attributes),
            "ActiveMessages": active,
            "InactiveMessages": inactive,
            "DelayMessages": delayed,
        }

    # -- messages

    def _send(self, exchange: SmqExchange) -> SmqReply:
        queue = self._queue(exchange)
        root = exchange.xml("Message", "Messages")
        if root.tag == "Message":
            return SmqReply(201, document("Message", _sent(queue, root)))
        if not 1 <= len(root) <= MOST_AT_ONCE:
            raise OutOfRangeError("Messages", 1, MOST_AT_ONCE)
        results: list[JsonObject] = []
        for node in root:
            try:
                results.append(_sent(queue, node))
            except ApiError as error:  # noqa: PERF203  # each message of a batch has its own result
                results.append(_refused(error))
        status = 500 if any("ErrorCode" in result for result in results) else 201
        return SmqReply(status, document("Messages", {"Message": [*results]}))

    def _peek(self, exchange: SmqExchange) -> SmqReply:
        return _messages(exchange, self._queue(exchange).peek(exchange.number(BATCH)))

    def _receive(self, exchange: SmqExchange) -> SmqReply:
        """Receive messages. If there is none, hold the request until one comes or its time is up.

        Raises:
            ClientGoneError: The client has given up. A message that it received would be hidden from the next client.
        """
        if exchange.request.connection.is_gone():
            raise ClientGoneError
        queue, most = self._queue(exchange), exchange.number(BATCH)
        until = self._clock.now() + exchange.number(WAIT, queue.attributes["PollingWaitSeconds"]) * SECOND
        is_up = until <= self._clock.now()
        while not (receipts := queue.receive(most)) and not is_up:
            is_up = _await_message(exchange.request.connection, queue, until, goes_on=self._clock.goes_on)
            if self._queues.get(queue.name) is not queue:
                raise ERRORS["QueueNotExist"].error()
        return _messages(exchange, receipts)

    def _delete_message(self, exchange: SmqExchange) -> SmqReply:
        self._queue(exchange).delete(exchange.query["receipthandle"])
        return SmqReply(204)

    def _batch_delete(self, exchange: SmqExchange) -> SmqReply:
        queue = self._queue(exchange)
        if not exchange.request.body:
            raise ERRORS["MissingReceiptHandle"].error()
        handles = [node.text or "" for node in exchange.xml("ReceiptHandles")]
        if not 1 <= len(handles) <= MOST_AT_ONCE:
            raise OutOfRangeError("ReceiptHandles", 1, MOST_AT_ONCE)
        errors = [error for handle in handles for error in _delete(queue, handle)]
        return SmqReply(404, document("Errors", {"Error": [*errors]})) if errors else SmqReply(204)

    def _change_visibility(self, exchange: SmqExchange) -> SmqReply:
        queue, query = self._queue(exchange), exchange.query
        if "receipthandle" not in query:
            raise ERRORS["MissingReceiptHandle"].error()
        if HIDDEN.name.lower() not in query:
            raise ERRORS["MissingVisibilityTimeout"].error()
        handle, visible_at = queue.hide(query["receipthandle"], exchange.number(HIDDEN))
        queue.wake()
        members: JsonObject = {"ReceiptHandle": handle, "NextVisibleTime": visible_at // 1_000}
        return SmqReply(200, document("ChangeVisibility", members))


def _await_message(connection: Connection, queue: QueueState, until: Micros, *, goes_on: bool) -> bool:
    """Wait until there may be a message. Returns whether the request's time is up.

    Where waiting does not move the clock (not `goes_on`), no hidden message becomes visible meanwhile.
    """
    visible_at = queue.next_visible_at() if goes_on else None
    at = until if visible_at is None else min(until, visible_at)
    wait = connection.wait_until(at)
    queue.wakes.append(wait.wake)
    try:
        if queue.peek():  # a message came before the wait was added
            wait.wake()
        return not wait.wait() and at == until
    finally:
        queue.wakes.remove(wait.wake)


def _sent(queue: QueueState, node: ET.Element) -> JsonObject:
    members = texts(node)
    message = queue.send(
        members.get("MessageBody", ""),
        delay_seconds=whole_number("DelaySeconds", members.get("DelaySeconds")),
        priority=whole_number("Priority", members.get("Priority")),
        extras=read_extras(node),
    )
    group: JsonObject = {"MessageGroupId": message.group_id} if message.group_id else {}
    handle: JsonObject = {"ReceiptHandle": message.handle} if message.handle else {}
    return {"MessageId": message.message_id, "MessageBodyMD5": message.md5, **handle, **group}


def _refused(error: ApiError) -> JsonObject:
    return {"ErrorCode": error.code, "ErrorMessage": error.message}


def _delete(queue: QueueState, handle: str) -> Iterator[JsonObject]:
    """Delete one message of a batch; yields the error if that is refused."""
    try:
        queue.delete(handle)
    except ApiError as error:
        yield {**_refused(error), "ReceiptHandle": handle}


def _messages(exchange: SmqExchange, receipts: list[Receipt]) -> SmqReply:
    """The reply with one message, or with all if the request has a number."""
    if not receipts:
        raise ERRORS["MessageNotExist"].error()
    if BATCH.name.lower() in exchange.query:
        return SmqReply(200, document("Messages", {"Message": [_message(receipt) for receipt in receipts]}))
    return SmqReply(200, document("Message", _message(receipts[0])))


def _message(receipt: Receipt) -> JsonObject:
    message = receipt.message
    whole: JsonObject = {
        "MessageId": message.message_id,
        "ReceiptHandle": receipt.handle,
        "MessageBodyMD5": message.md5,
        "MessageBody": message.raw,
        "EnqueueTime": message.sent_micros // 1_000,
        "NextVisibleTime": receipt.visible_micros // 1_000,
        "FirstDequeueTime": receipt.first_micros // 1_000,
        "DequeueCount": receipt.dequeue_count,
        "Priority": message.priority,
        **message.extras.members(),
    }
    left_out = () if receipt.handle else ("ReceiptHandle", "NextVisibleTime")  # of a message that was peeked at
    return {key: value for key, value in whole.items() if key not in left_out}
