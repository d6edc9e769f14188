"""One request to the metadata service: as it comes in, and as the author of a test sees it."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pytest_ecsevents.clock import Micros, from_micros
from pytest_ecsevents.rpc import ApiReply, Patience

HOST: Final = "100.100.100.200"
"""The address of the metadata service, the same in every instance (documented)."""

PORT: Final = 80


@dataclass(frozen=True, slots=True)
class MetadataRequest:
    """One HTTP request to the metadata address, free of any client library.

    Attributes:
        method: GET, PUT, ...
        path: `/latest/meta-data/instance-id`, without a query, percent signs resolved.
        headers: By name in lower case.
        transport: The client library it came through.
        patience: Asked how long its client waits, where that matters.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    transport: str
    patience: Callable[[], Patience] = Patience


@dataclass(slots=True, eq=False)
class MetadataCall:
    """One request to the metadata service.

    Attributes:
        instance_id: The instance it came from; "" where nobody can tell.
        method: GET, PUT, ...
        path: `/latest/meta-data/instance-id`.
        transport: The client library it came through: `requests`, `http.client`, ...
        http_status: The status of the reply; None when no reply was given.
        failure: What came instead of the reply, or spoilt it: `read timeout`, `bad gateway`, ...; else "".
        hint: What the fake can tell about an error beyond the service's own words.
        fault: Whether it met a fault that the test declared.
        summary: What the answer holds, in a word or two; "" where that says nothing.
        is_usual: Whether the answer is what a sound program meets every day, the 404 of what an instance has not included.
        thread: The name of the thread that made it.
    """

    instance_id: str
    method: str
    path: str
    transport: str
    at_micros: Micros
    http_status: int | None = None
    failure: str = ""
    hint: str = ""
    fault: bool = False
    summary: str = ""
    is_usual: bool = True
    took_micros: Micros = 0
    thread: str = ""
    reply: ApiReply | None = field(default=None, repr=False)

    @property
    def at(self) -> dt.datetime:
        """When it was made, aware UTC."""
        return from_micros(self.at_micros)

    @property
    def took(self) -> dt.timedelta:
        """How much virtual time passed until its client had an answer, or gave up."""
        return dt.timedelta(microseconds=self.took_micros)

    @property
    def text(self) -> str | None:
        """The reply's body; None when no reply was given."""
        return None if self.reply is None else self.reply.body.decode(errors="replace")
