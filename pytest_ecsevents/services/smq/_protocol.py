"""The protocol of the Simple Message Queue (formerly MNS), as its SDKs speak it: REST with XML."""

import random
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._calls import Call
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._exchange import Exchange
from pytest_ecsevents.rpc._http import HttpRequest
from pytest_ecsevents.rpc._wire import ELSEWHERE, ApiReply, Json, JsonObject
from pytest_ecsevents.services.smq._errors import ERRORS, OutOfRangeError
from pytest_ecsevents.services.smq._limits import LOGGING, Attributes, Limit, States, StateT
from pytest_ecsevents.services.smq._xml import document, parsed, texts

VERSION: Final = "2015-06-06"
HEADER: Final = "x-mns-version"
"""Every request of the service's SDKs has it."""

LISTED: Final = Limit("x-mns-ret-number", 1, 1000, 1000)

_AUTHORIZATION: Final = re.compile(r"MNS .+:[^\s:]+")  # one colon only after `.+`, so that the time is not quadratic
_YES_NO: Final = {"true": 1, "false": 0}


OPERATIONS: Final = (
    *("ListQueue", "SetQueueAttributes", "CreateQueue", "GetQueueAttributes", "DeleteQueue"),
    *("PeekMessage", "BatchPeekMessage", "ReceiveMessage", "BatchReceiveMessage", "SendMessage", "BatchSendMessage"),
    *("DeleteMessage", "BatchDeleteMessage", "ChangeMessageVisibility"),
    *("ListTopic", "SetTopicAttributes", "CreateTopic", "GetTopicAttributes", "DeleteTopic", "PublishMessage"),
    *("ListSubscriptionByTopic", "SetSubscriptionAttributes", "Subscribe", "GetSubscriptionAttributes", "Unsubscribe"),
    *("SetAccountAttributes", "GetAccountAttributes"),
)
"""The operations on queues and topics, in the order of their routes."""


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class SmqCall(Call):
    """One request to queues or topics.

    Attributes:
        what: `SendMessage of ecs-cms-event`.
        operations: Its possible names: that of one message, and that of several.
        names: The queue, or the topic and the subscription.
        is_usual: Whether it was refused in a way that is normal for pollers.
    """

    what: str
    operations: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    is_usual: bool = False


class SmqReply(NamedTuple):
    """A reply without the headers that all replies get."""

    status: int
    body: str = ""
    location: str = ""


class SmqRoute(NamedTuple):
    """One row of the table of requests; the first that matches a request answers it.

    Attributes:
        operations: Its names in the API reference.
        method: GET, PUT, ...
        path: The whole path, as a regular expression.
        marker: A name that the query must have, in lower case; "" for none.
        answer: Answers the request.
    """

    operations: str
    method: str
    path: str
    marker: str
    answer: "Callable[[SmqExchange], SmqReply]"


@dataclass(slots=True, kw_only=True, eq=False)
class SmqExchange(Exchange):
    """One request to queues or topics and its reply.

    Attributes:
        request: The request.
        query: Its query by name in lower case.
        names: The names in its path: the queue, or the topic and the subscription.
        route: Its row of the table; None if there is none.
    """

    call: SmqCall
    request: HttpRequest
    query: Mapping[str, str]
    names: tuple[str, ...] = ()
    route: SmqRoute | None = field(default=None)

    def number(self, limit: Limit, default: int | None = None) -> int:
        """A number of the query.

        Raises:
            ApiError: It is no number, or out of range.
        """
        return limit.checked(whole_number(limit.name, self.query.get(limit.name.lower())), default)

    def xml(self, *roots: str) -> ET.Element:
        """The body.

        Raises:
            ApiError: It is no XML with one of these roots.
        """
        return parsed(self.request.body, *roots)

    def attributes(self, root: str, limits: Iterable[Limit]) -> Attributes:
        """The attributes in the body, by name on the wire.

        Raises:
            ApiError: One is no number, or the body is no XML.
        """
        given = texts(self.xml(root))
        stripped = ((limit, given.get(limit.name, "").strip()) for limit in limits)
        return {limit.name: _attribute(limit, text) for limit, text in stripped if text}

    def url(self, path: str) -> str:
        return f"http://{self.request.host}{path}"

    def page(self, names: Iterable[str]) -> tuple[list[str], JsonObject]:
        """One page of names in order, and `NextMarker`, the first name of the next page, if there is one."""
        headers = self.request.headers
        prefix, marker = headers.get("x-mns-prefix", ""), headers.get("x-mns-marker", "")
        most = LISTED.checked(whole_number(LISTED.name, headers.get(LISTED.name)))
        left = [name for name in names if name.startswith(prefix) and name >= marker]
        return left[:most], {"NextMarker": left[most]} if len(left) > most else {}

    @property
    def with_meta(self) -> bool:
        """Whether a list shows attributes."""
        return self.request.headers.get("x-mns-with-meta", "").lower() == "true"


def whole_number(name: str, text: str | None) -> int | None:
    """The number in a text; None for None.

    Raises:
        ApiError: It is no number.
    """
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,18}", text.strip()):
        raise ERRORS["InvalidQueryString"].error(name)
    return int(text)


def _attribute(limit: Limit, text: str) -> int:
    if limit is LOGGING and text.lower() in _YES_NO:
        return _YES_NO[text.lower()]
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise OutOfRangeError(limit.name, limit.low, limit.high)
    return int(text)


def shown(attributes: Attributes) -> JsonObject:
    return {**attributes, LOGGING.name: str(bool(attributes[LOGGING.name]))}


class StateRoutes(ABC, Generic[StateT]):
    """Answers the requests that queues and topics have in common."""

    def __init__(self, states: States[StateT]) -> None:
        self._states: Final = states

    def __iter__(self) -> Iterator[SmqRoute]:
        kind = self._states.KIND
        paths = f"/{kind.lower()}s"
        one = f"{paths}/([^/]*)"
        yield SmqRoute(f"List{kind}", "GET", f"{paths}/?", "", self._list)
        yield SmqRoute(f"Set{kind}Attributes", "PUT", one, "metaoverride", self._set_attributes)
        yield SmqRoute(f"Create{kind}", "PUT", one, "", self._create)
        yield SmqRoute(f"Get{kind}Attributes", "GET", one, "", self._get_attributes)
        yield SmqRoute(f"Delete{kind}", "DELETE", one, "", self._delete)

    @abstractmethod
    def _meta(self, state: StateT) -> JsonObject:
        """The attributes as a reply has them."""

    def _url(self, exchange: SmqExchange, name: str) -> str:
        return exchange.url(f"/{self._states.KIND.lower()}s/{name}")

    def _create(self, exchange: SmqExchange) -> SmqReply:
        states, body = self._states, exchange.request.body
        attributes = exchange.attributes(states.KIND, states.LIMITS) if body else {}
        _, is_new = states.create(exchange.names[0], attributes)
        return SmqReply(201 if is_new else 204, location=self._url(exchange, exchange.names[0]))

    def _set_attributes(self, exchange: SmqExchange) -> SmqReply:
        states = self._states
        states.change(states[exchange.names[0]], exchange.attributes(states.KIND, states.LIMITS))
        return SmqReply(204)

    def _get_attributes(self, exchange: SmqExchange) -> SmqReply:
        return SmqReply(200, document(self._states.KIND, self._meta(self._states[exchange.names[0]])))

    def _delete(self, exchange: SmqExchange) -> SmqReply:
        self._states.delete(exchange.names[0])
        return SmqReply(204)

    def _list(self, exchange: SmqExchange) -> SmqReply:
        kind = self._states.KIND
        page, marker = exchange.page(self._states)
        rows: list[Json] = [
            {
                f"{kind}URL": self._url(exchange, name),
                **(self._meta(self._states[name]) if exchange.with_meta else {}),
            }
            for name in page
        ]
        return SmqReply(200, document(f"{kind}s", {kind: rows, **marker}))


class AccountRoutes:
    """Answers the requests for the attributes of the account (from the service's SDK)."""

    def __init__(self) -> None:
        self._bucket = ""

    def __iter__(self) -> Iterator[SmqRoute]:
        yield SmqRoute("SetAccountAttributes", "PUT", "/", "accountmeta", self._set)
        yield SmqRoute("GetAccountAttributes", "GET", "/", "accountmeta", self._get)

    def _set(self, exchange: SmqExchange) -> SmqReply:
        given = texts(exchange.xml("Account"))
        self._bucket = given.get("LoggingBucket", self._bucket)
        return SmqReply(204)

    def _get(self, _exchange: SmqExchange) -> SmqReply:
        return SmqReply(200, document("Account", {"LoggingBucket": self._bucket}))


class SmqService:
    """The Simple Message Queue of one test: a `Service` of the exchange."""

    def __init__(self, routes: Iterable[SmqRoute], clock: Clock, seed: str, record: Callable[[SmqCall], None]) -> None:
        self.routes: Final = tuple(routes)
        self._clock: Final = clock
        self._dice: Final = random.Random(f"{seed}/requests")
        self._record: Final = record

    def decode(self, request: HttpRequest, at: Micros) -> SmqExchange:
        call = SmqCall(transport="server", at_micros=at, what=f"{request.method} {request.path}")
        query = _query(request.query)
        exchange = SmqExchange(
            call=call, patience=lambda: ELSEWHERE, client=request.connection, request=request, query=query
        )
        for route in self.routes:
            if route.method != request.method or (route.marker and route.marker not in query):
                continue
            found = re.fullmatch(route.path, request.path)
            if found:
                exchange.names, exchange.route = found.groups(), route
                call.operations, call.names = tuple(route.operations.split(", ")), exchange.names
                call.what = " of ".join(filter(None, (call.operations[0], "/".join(exchange.names))))
                break
        return exchange

    def answer(self, exchange: SmqExchange) -> ApiReply:
        """Answer the request.

        Raises:
            ApiError: The service refuses.
        """
        if exchange.route is None:
            raise ERRORS["InvalidRequestURL"].error()
        _check_signed(exchange.request.headers)
        status, body, location = exchange.route.answer(exchange)
        return self._reply(status, body, {"Location": location} if location else {})

    def refuse(self, exchange: SmqExchange, error: ApiError) -> ApiReply:
        call = exchange.call
        call.at_micros = self._clock.now()  # a poll is refused when its time is up
        call.is_usual = error.code == "MessageNotExist" and call.what.startswith(("ReceiveMessage", "PeekMessage"))
        self._record(call)
        return self._error(error.http_status, error.code, error.message, exchange.request.host)

    def malformed(self, status: int, problem: str) -> ApiReply:
        """The reply to a malformed or too large request; the code is a guess."""
        return self._error(status, "InvalidRequestURL" if status < 500 else "InternalError", problem, "")

    def _error(self, status: int, code: str, message: str, host: str) -> ApiReply:
        members: JsonObject = {"Code": code, "Message": message, "RequestId": self._request_id()}
        return self._reply(status, document("Error", {**members, "HostId": f"http://{host}"}))

    def _reply(self, status: int, body: str, headers: Mapping[str, str] = {}) -> ApiReply:
        headers = {"x-mns-request-id": self._request_id(), HEADER: VERSION, **headers}
        if body:
            headers["Content-Type"] = "text/xml;charset=utf-8"
        return ApiReply(status, body.encode(errors="replace"), headers)

    def _request_id(self) -> str:
        """`512B2A634403E52B1956133E`."""
        return f"{self._dice.getrandbits(96):024X}"


def _query(text: str) -> dict[str, str]:
    """A query by name in lower case. A plus stays a plus: the SDK does not escape it in handles."""
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return {unquote(name).lower(): unquote(value) for name, _, value in pairs}


def _check_signed(headers: Mapping[str, str]) -> None:
    """Refuse a request without a signature; the signature itself is not checked.

    Raises:
        ApiError: The signature, or a header that it needs, is missing.
    """
    if "authorization" not in headers:
        raise ERRORS["MissingAuthorizationHeader"].error()
    if not _AUTHORIZATION.fullmatch(headers["authorization"]):
        raise ERRORS["InvalidAuthorizationHeader"].error()
    if "date" not in headers and "x-mns-date" not in headers:
        raise ERRORS["MissingDateHeader"].error()
