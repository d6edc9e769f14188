"""The protocol of the Simple Message Queue (formerly MNS), as its SDKs speak it: REST with XML."""

import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock import SECOND, Clock, Micros
from pytest_ecsevents.rpc import ApiReply
from pytest_ecsevents.rpc._http import Connection, HttpRequest
from pytest_ecsevents.services.smq._errors import SMQ_ERRORS, worded
from pytest_ecsevents.services.smq._limits import QUEUE_LIMITS, Limit
from pytest_ecsevents.services.smq._queues import BATCH, HIDDEN, MOST_AT_ONCE, WAIT, Queues, QueueState, Receipt
from pytest_ecsevents.services.smq._refusal import RefusedRequest, SmqRefusal
from pytest_ecsevents.services.smq._xml import document, element, members, one, parsed

VERSION: Final = "2015-06-06"
HEADER: Final = "x-mns-version"
"""What every request of the service's SDKs has."""

MOST_LISTED: Final = 1000
LISTED: Final = Limit("x-mns-ret-number", 1, MOST_LISTED, MOST_LISTED)

_AUTHORIZATION: Final = re.compile(r"MNS .+:\S+")
_YES_NO: Final = {"true": 1, "false": 0}


@dataclass(frozen=True, slots=True)
class SmqCall:
    """One request.

    Attributes:
        method: GET, PUT, ...
        names: What its path names: the queue, or the topic and the subscription.
        query: What stands behind the question mark, by name in lower case.
        headers: By name in lower case.
        body: As sent.
        connection: The connection that it came through.
    """

    method: str
    names: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    connection: Connection

    @property
    def host(self) -> str:
        """Which host was asked."""
        return self.headers.get("host", "")

    def number(self, limit: Limit, otherwise: int) -> int:
        """A number of the query, or what holds where it has none.

        Raises:
            SmqRefusal: It is none, or out of range.
        """
        return limit.checked(whole_number(limit.name, self.query.get(limit.name.lower())), otherwise)


@dataclass(frozen=True, slots=True)
class SmqReply:
    """One answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Answer: TypeAlias = Callable[[SmqCall], SmqReply]


class Route(NamedTuple):
    """One row of the table of requests; the first that fits one answers it.

    Attributes:
        operations: What the API reference calls it.
        method: GET, PUT, ...
        path: The whole path, as a regular expression.
        marker: A name that the query must have, in lower case; "" for none.
        answers: Who answers.
    """

    operations: str
    method: str
    path: str
    marker: str
    answers: Answer


def whole_number(name: str, text: str | None) -> int | None:
    """The number that a text says.

    Raises:
        SmqRefusal: It says none.
    """
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,18}", text.strip()):
        raise SmqRefusal("InvalidQueryString", name)
    return int(text)


def numbers(node: ET.Element, limits: Iterable[Limit]) -> dict[str, int]:
    """The attributes that an element says."""
    said = members(node)
    return {
        limit.name: _number(limit, said[limit.name].strip()) for limit in limits if said.get(limit.name, "").strip()
    }


def _number(limit: Limit, text: str) -> int:
    yes_no = _YES_NO.get(text.lower()) if limit.name == "LoggingEnabled" else None
    if yes_no is not None:
        return yes_no
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise SmqRefusal("InvalidArgument", limit.name, limit.low, limit.high)
    return int(text)


def shown(attributes: Mapping[str, int]) -> dict[str, object]:
    """Attributes as an answer has them."""
    return {key: bool(value) if key == "LoggingEnabled" else value for key, value in attributes.items()}


class SmqService:
    """Answers requests to the Simple Message Queue.

    Args:
        queues: The test's.
        clock: The test's.
        seed: What makes ids of requests this test's own.
        more: More routes: those of topics.
        asked: Told of each request before it is answered.
        refused: Told of each that was refused.
    """

    HEADER: Final = HEADER

    def __init__(
        self,
        queues: Queues,
        clock: Clock,
        seed: str,
        more: Iterable[Route] = (),
        *,
        asked: Callable[[str], None],
        refused: Callable[[RefusedRequest], None],
    ) -> None:
        self._asked: Final = asked
        self._told_refused: Final = refused
        self._queues: Final = queues
        self._clock: Final = clock
        self._dice: Final = random.Random(f"{seed}/requests")
        self.routes: Final = (*self._queue_routes(), *more)

    def _queue_routes(self) -> Iterator[Route]:
        queue, messages = r"/queues/([^/]*)", r"/queues/([^/]*)/messages"
        yield Route("ListQueue", "GET", r"/queues/?", "", self._list_queues)
        yield Route("SetQueueAttributes", "PUT", queue, "metaoverride", self._set_queue_attributes)
        yield Route("CreateQueue", "PUT", queue, "", self._create_queue)
        yield Route("GetQueueAttributes", "GET", queue, "", self._get_queue_attributes)
        yield Route("DeleteQueue", "DELETE", queue, "", self._delete_queue)
        yield Route("PeekMessage, BatchPeekMessage", "GET", messages, "peekonly", self._peek)
        yield Route("ReceiveMessage, BatchReceiveMessage", "GET", messages, "", self._receive)
        yield Route("SendMessage, BatchSendMessage", "POST", messages, "", self._send)
        yield Route("DeleteMessage", "DELETE", messages, "receipthandle", self._delete_message)
        yield Route("BatchDeleteMessage", "DELETE", messages, "", self._batch_delete)
        yield Route("ChangeMessageVisibility", "PUT", messages, "", self._change_visibility)

    def __call__(self, request: HttpRequest) -> ApiReply:
        """Answer one request."""
        query = _query(request.query)
        what = f"{request.method} {request.path}"
        names: tuple[str, ...] = ()
        try:
            names, route = self._route(request.method, request.path, query)
            what = " of ".join(filter(None, (route.operations.partition(",")[0], "/".join(names))))
            self._asked(what)
            _check_signed(request.headers)
            call = SmqCall(request.method, names, query, request.headers, request.body, request.connection)
            reply = route.answers(call)
        except SmqRefusal as refusal:
            self._tell(refusal, what, names)
            reply = self._refused(refusal, request.host)
        headers = {"x-mns-request-id": self.request_id(), HEADER: VERSION, **reply.headers}
        if reply.body:
            headers["Content-Type"] = "text/xml;charset=utf-8"
        return ApiReply(reply.status, reply.body, headers)

    def _route(self, method: str, path: str, query: Mapping[str, str]) -> tuple[tuple[str, ...], Route]:
        for route in self.routes:
            found = re.fullmatch(route.path, path)
            if found and route.method == method and (not route.marker or route.marker in query):
                return found.groups(), route
        raise SmqRefusal("InvalidRequestURL")

    def _tell(self, refusal: SmqRefusal, what: str, names: tuple[str, ...]) -> None:
        row, _ = worded(refusal)
        hint = ""
        if refusal.code == "QueueNotExist":
            hint = f"There are the queues: {listed(self._queues)}.{did_you_mean(names[0], self._queues)}"
        is_usual = refusal.code == "MessageNotExist" and what.startswith(("ReceiveMessage", "PeekMessage"))
        self._told_refused(RefusedRequest(self._clock.now(), what, row.http_status, row.code, is_usual, hint))

    def _refused(self, refusal: SmqRefusal, host: str) -> SmqReply:
        row, words = worded(refusal)
        return SmqReply(row.http_status, self._error(row.code, words, host))

    def _error(self, code: str, words: str, host: str) -> bytes:
        said = {"Code": code, "Message": words, "RequestId": self.request_id(), "HostId": f"http://{host}"}
        return one("Error", said)

    def malformed(self, status: int, problem: str) -> ApiReply:
        """The answer to a request that is no HTTP, or too large; the code is a guess."""
        row = SMQ_ERRORS["InvalidRequestURL" if status < 500 else "InternalError"]
        headers = {"Content-Type": "text/xml;charset=utf-8", "x-mns-request-id": self.request_id()}
        return ApiReply(status, self._error(row.code, problem, ""), headers)

    def request_id(self) -> str:
        """`512B2A634403E52B1956133E`."""
        return f"{self._dice.getrandbits(96):024X}"

    # -- queues

    def _create_queue(self, call: SmqCall) -> SmqReply:
        attributes = numbers(parsed(call.body, "Queue"), QUEUE_LIMITS) if call.body else {}
        _, is_new = self._queues.create(call.names[0], attributes)
        return SmqReply(201 if is_new else 204, headers={"Location": f"http://{call.host}/queues/{call.names[0]}"})

    def _set_queue_attributes(self, call: SmqCall) -> SmqReply:
        queue = self._queues[call.names[0]]
        queue.change(numbers(parsed(call.body, "Queue"), QUEUE_LIMITS))
        return SmqReply(204)

    def _get_queue_attributes(self, call: SmqCall) -> SmqReply:
        return SmqReply(200, one("Queue", _queue_meta(self._queues[call.names[0]])))

    def _delete_queue(self, call: SmqCall) -> SmqReply:
        self._queues.delete(call.names[0])
        return SmqReply(204)

    def _list_queues(self, call: SmqCall) -> SmqReply:
        page, marker = listing(call, self._queues)
        with_meta = call.headers.get("x-mns-with-meta", "").lower() == "true"
        rows = "".join(
            element(
                "Queue",
                {"QueueURL": f"http://{call.host}/queues/{name}"}
                | (_queue_meta(self._queues[name]) if with_meta else {}),
            )
            for name in page
        )
        return SmqReply(200, document("Queues", rows + marker))

    # -- messages

    def _send(self, call: SmqCall) -> SmqReply:
        queue = self._queues[call.names[0]]
        root = parsed(call.body, "Message", "Messages")
        if root.tag == "Message":
            return SmqReply(201, one("Message", _sent(queue, members(root))))
        if not 1 <= len(root) <= MOST_AT_ONCE:
            raise SmqRefusal("InvalidArgument", "Messages", 1, MOST_AT_ONCE)
        results = [_tried(queue, members(node)) for node in root]
        status = 500 if any("ErrorCode" in result for result in results) else 201
        return SmqReply(status, document("Messages", "".join(element("Message", result) for result in results)))

    def _peek(self, call: SmqCall) -> SmqReply:
        receipts = self._queues[call.names[0]].peek(call.number(BATCH, 1))
        return _messages(call, receipts)

    def _receive(self, call: SmqCall) -> SmqReply:
        """Receive messages; where there are none, the request is held until one comes or its time is up."""
        queue, most = self._queues[call.names[0]], call.number(BATCH, 1)
        until = self._clock.now() + call.number(WAIT, queue.attributes["PollingWaitSeconds"]) * SECOND
        is_up = until <= self._clock.now()
        while not (receipts := queue.receive(most)) and not is_up:
            is_up = self._await(call.connection, queue, until)
            if self._queues.get(call.names[0]) is not queue:
                raise SmqRefusal("QueueNotExist")
        return _messages(call, receipts)

    def _await(self, connection: Connection, queue: QueueState, until: Micros) -> bool:
        """Hold a request until there may be a message; whether its time is up."""
        visible_at = queue.next_visible_at()
        at = until if visible_at is None else min(until, visible_at)
        wait = connection.wait_until(at)
        queue.wakes.append(wait.wake)
        try:
            if queue.peek():  # one came before the queue knew of this wait
                wait.wake()
            return not wait.wait() and at == until
        finally:
            queue.wakes.remove(wait.wake)

    def _delete_message(self, call: SmqCall) -> SmqReply:
        self._queues[call.names[0]].delete(call.query["receipthandle"])
        return SmqReply(204)

    def _batch_delete(self, call: SmqCall) -> SmqReply:
        queue = self._queues[call.names[0]]
        if not call.body:
            raise SmqRefusal("MissingReceiptHandle")
        handles = [node.text or "" for node in parsed(call.body, "ReceiptHandles")]
        if not 1 <= len(handles) <= MOST_AT_ONCE:
            raise SmqRefusal("InvalidArgument", "ReceiptHandles", 1, MOST_AT_ONCE)
        errors = "".join(map(_deleted(queue), handles))
        return SmqReply(404, document("Errors", errors)) if errors else SmqReply(204)

    def _change_visibility(self, call: SmqCall) -> SmqReply:
        queue = self._queues[call.names[0]]
        if "receipthandle" not in call.query:
            raise SmqRefusal("MissingReceiptHandle")
        if HIDDEN.name.lower() not in call.query:
            raise SmqRefusal("MissingVisibilityTimeout")
        handle, visible_at = queue.hide(call.query["receipthandle"], call.number(HIDDEN, HIDDEN.default))
        queue.wake()
        return SmqReply(200, one("ChangeVisibility", {"ReceiptHandle": handle, "NextVisibleTime": visible_at // 1_000}))


def listing(call: SmqCall, names: Iterable[str]) -> tuple[list[str], str]:
    """One page of names in order, and the element that leads on to the next; the marker is the next page's first name."""
    prefix, marker = call.headers.get("x-mns-prefix", ""), call.headers.get("x-mns-marker", "")
    most = LISTED.checked(whole_number(LISTED.name, call.headers.get(LISTED.name)), LISTED.default)
    left = [name for name in names if name.startswith(prefix) and name >= marker]
    return left[:most], f"<NextMarker>{left[most]}</NextMarker>" if len(left) > most else ""


def _queue_meta(queue: QueueState) -> dict[str, object]:
    active, inactive, delayed = queue.counts()
    return {
        "QueueName": queue.name,
        "CreateTime": queue.created_at // SECOND,
        "LastModifyTime": queue.modified_at // SECOND,
        **shown(queue.attributes),
        "ActiveMessages": active,
        "InactiveMessages": inactive,
        "DelayMessages": delayed,
    }


def _sent(queue: QueueState, said: Mapping[str, str]) -> dict[str, object]:
    message = queue.send(
        said.get("MessageBody", ""),
        delay_seconds=whole_number("DelaySeconds", said.get("DelaySeconds")),
        priority=whole_number("Priority", said.get("Priority")),
    )
    return {"MessageId": message.message_id, "MessageBodyMD5": message.md5}


def _tried(queue: QueueState, said: Mapping[str, str]) -> dict[str, object]:
    """What comes of one message of a batch."""
    try:
        return _sent(queue, said)
    except SmqRefusal as refusal:
        row, words = worded(refusal)
        return {"ErrorCode": row.code, "ErrorMessage": words}


def _deleted(queue: QueueState) -> Callable[[str], str]:
    def delete(handle: str) -> str:
        """What is wrong with one handle of a batch; nothing, where its message was deleted."""
        try:
            queue.delete(handle)
        except SmqRefusal as refusal:
            row, words = worded(refusal)
            return element("Error", {"ErrorCode": row.code, "ErrorMessage": words, "ReceiptHandle": handle})
        return ""

    return delete


def _messages(call: SmqCall, receipts: list[Receipt]) -> SmqReply:
    """One message, or where a number of them was asked for, all of them."""
    if not receipts:
        raise SmqRefusal("MessageNotExist")
    if BATCH.name.lower() not in call.query:
        return SmqReply(200, one("Message", _message(receipts[0])))
    rows = "".join(element("Message", _message(receipt)) for receipt in receipts)
    return SmqReply(200, document("Messages", rows))


def _message(receipt: Receipt) -> dict[str, object]:
    message = receipt.message
    whole: dict[str, object] = {
        "MessageId": message.message_id,
        "ReceiptHandle": receipt.handle,
        "MessageBodyMD5": message.md5,
        "MessageBody": message.raw,
        "EnqueueTime": receipt.enqueued_at // 1_000,
        "NextVisibleTime": receipt.next_visible_at // 1_000,
        "FirstDequeueTime": receipt.first_at // 1_000,
        "DequeueCount": receipt.dequeue_count,
        "Priority": message.priority,
    }
    peeked = () if receipt.handle else ("ReceiptHandle", "NextVisibleTime")
    return {key: value for key, value in whole.items() if key not in peeked}


def _query(text: str) -> dict[str, str]:
    """What a query says. A plus is one: the SDK writes handles as they are."""
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return {unquote(name).lower(): unquote(value) for name, _, value in pairs}


def _check_signed(headers: Mapping[str, str]) -> None:
    """Refuse what has no signature; whether it is right is not looked at.

    Raises:
        SmqRefusal: A header is missing, or no signature.
    """
    if "authorization" not in headers:
        raise SmqRefusal("MissingAuthorizationHeader")
    if not _AUTHORIZATION.fullmatch(headers["authorization"]):
        raise SmqRefusal("InvalidAuthorizationHeader")
    if "date" not in headers and "x-mns-date" not in headers:
        raise SmqRefusal("MissingDateHeader")
