"""One request to the metadata service, and its entry in the call log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pytest_ecsevents.rpc._calls import Call
from pytest_ecsevents.rpc._wire import Client, Patience

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
        patience: How long its client waits; only called if a fault or a delay applies.
        client: Who called, if the request came over the server.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    transport: str
    patience: Callable[[], Patience] = Patience
    client: Client | None = None


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class MetadataCall(Call):
    """One request to the metadata service.

    Attributes:
        instance_id: The instance it came from; "" if that is unknown.
        method: GET, PUT, ...
        path: `/latest/meta-data/instance-id`.
        is_usual: Whether correct programs often get such a reply, such as the 404 of an item that the instance lacks.
    """

    instance_id: str = ""
    method: str
    path: str
    is_usual: bool = True
