"""Requests and replies, free of any client library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import FrameType
from typing import Final, Protocol, TypeAlias

from pytest_ecsevents.clock._times import Micros

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = "dict[str, Json]"


class Fragment(dict[str, Json]):
    """An object that many replies repeat unchanged: encoding stores its JSON in `text`."""

    __slots__ = ("text",)

    def __init__(self, content: JsonObject) -> None:
        super().__init__(content)
        self.text: str | None = None


class Listing(dict[str, Json]):
    """A reply that lists fragments.

    Attributes:
        outer: The member that holds the list: `InstanceSystemEventSet`.
        inner: The key it is wrapped in there: `InstanceSystemEventType`.
        fragments: The list.
    """

    __slots__ = ("fragments", "inner", "outer")

    def __init__(self, envelope: JsonObject, outer: str, inner: str, fragments: list[Fragment]) -> None:
        super().__init__(envelope)
        self.outer: Final = outer
        self.inner: Final = inner
        self.fragments: Final = fragments
        self[outer] = {inner: [*fragments]}


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client waits; None for no timeout.

    Attributes:
        connect: For the connection.
        read: For the answer, once it is connected.
        is_elsewhere: Whether it waits in real time, outside this process; its timeouts are unknown.
    """

    connect: Micros | None = None
    read: Micros | None = None
    is_elsewhere: bool = False


ELSEWHERE: Final = Patience(is_elsewhere=True)


class Client(Protocol):
    """A client of the server on loopback: a thread of the test, or a program in another process."""

    @property
    def name(self) -> str:
        """`the client at 127.0.0.1:51234`."""

    def frame(self) -> FrameType | None:
        """The innermost frame of the user's code that waits for the reply; None if it is not in this process."""


@dataclass(slots=True)  # not frozen: that takes three times as long to make, and each call makes one
class ApiRequest:
    """One HTTP request to an `*.aliyuncs.com` host, decoded.

    Attributes:
        method: GET, POST, ...
        host: `ecs-cn-hangzhou.aliyuncs.com`, in lower case.
        params: From the query and the form body, by name on the wire.
        headers: Those that say what is called and by whom, by name in lower case.
        transport: The client library it came through.
        patience: The client's timeouts; only called if a fault or a delay applies.
        client: Who called, if the request came over the server.
        is_redirected: Whether the client was given another address than a host of Alibaba Cloud's, so that `host` is a default.
    """

    method: str
    host: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    transport: str
    patience: Callable[[], Patience] = Patience
    client: Client | None = None
    is_redirected: bool = False


@dataclass(slots=True)  # as of `ApiRequest`
class ApiReply:
    """One HTTP reply, to be encoded."""

    http_status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json;charset=utf-8"})


class NoReply(Enum):
    """What a client gets instead of a reply; each transport raises its library's error for it."""

    CONNECT_TIMEOUT = "connect timeout"
    CONNECTION_REFUSED = "connection refused"
    READ_TIMEOUT = "read timeout"
    CONNECTION_RESET = "connection reset"
    CONNECTION_CLOSED = "connection closed"


Outcome: TypeAlias = ApiReply | NoReply


class Answerer(Protocol):
    def __call__(self, request: ApiRequest, /) -> Outcome:
        """Answer a request; the calling thread waits in virtual time."""

    async def awaited(self, request: ApiRequest, /) -> Outcome:
        """Answer a request of a coroutine: other tasks of its loop run meanwhile."""
