"""One intercepted call, as the author of a test sees it."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_ecsevents.clock import Micros, from_micros
from pytest_ecsevents.rpc._wire import ApiReply


@dataclass(slots=True, eq=False)
class ApiCall:
    """One intercepted call.

    Attributes:
        product: `Ecs`; of another product, what its host is called (`slb`).
        version: `2014-05-26`.
        action: `RebootInstance`.
        params: What was sent beyond the common parameters, by name on the wire; a list parameter is one list, of structs
            one of dicts.
        region_id: `RegionId` as sent, or "".
        transport: The client library it came through: `aliyun-python-sdk-core`.
        http_status: The status of the reply; None when no reply was given.
        code: `Code` of an error reply, else None.
        failure: What came instead of the cloud's reply, or spoilt it: `read timeout`, `bad gateway`, ...; else "".
        lost: What the cloud said where its client never heard it: "200", "404 InvalidInstanceId.NotFound"; else "".
        hint: What the fake can tell about an error beyond the cloud's own words.
        fault: Whether it met a fault that the test declared.
        thread: The name of the thread that made it.
    """

    product: str
    version: str
    action: str
    params: Mapping[str, "str | list[str] | list[dict[str, str | list[str]]]"]
    region_id: str
    transport: str
    at_micros: Micros
    http_status: int | None = None
    code: str | None = None
    hint: str = ""
    fault: bool = False
    failure: str = ""
    lost: str = ""
    took_micros: Micros = 0
    summary: str = ""
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
    def response(self) -> "dict[str, Any] | str | None":
        """The reply's body: the decoded JSON, or the text of any other; None when no reply was given."""
        if self.reply is None:
            return None
        text = self.reply.body.decode(errors="replace")
        try:
            decoded: dict[str, Any] | str = json.loads(text) if text.startswith("{") else text
        except ValueError:
            return text
        return decoded
