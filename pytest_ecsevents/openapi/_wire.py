"""Requests and replies, free of any client library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = "dict[str, Json]"


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One HTTP request to an `*.aliyuncs.com` host, decoded.

    Attributes:
        method: GET, POST, ...
        host: `ecs-cn-hangzhou.aliyuncs.com`, in lower case.
        params: From the query and the form body, by name on the wire.
        headers: Those that say what is called and by whom, by name in lower case.
        transport: The client library it came through.
    """

    method: str
    host: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    transport: str


@dataclass(frozen=True, slots=True)
class ApiReply:
    """One HTTP reply, to be encoded.

    Attributes:
        http_status: 200, 403, ...
        body: The JSON text as bytes.
        headers: Beyond Content-Length.
    """

    http_status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json;charset=utf-8"})


class Answerer(Protocol):
    """Whoever answers requests."""

    def __call__(self, request: ApiRequest, /) -> ApiReply:
        """The reply to a request."""
