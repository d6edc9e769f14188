"""Requests as the call log keeps them."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from pytest_ecsevents._secrets import Secrets
from pytest_ecsevents.clock._times import Micros, from_micros
from pytest_ecsevents.rpc._wire import ApiReply


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class Call:
    """One request to a faked service.

    Attributes:
        transport: The client library it came through: `aliyun-python-sdk-core`, `requests`, `http.client`, ...
        http_status: The status of the reply; None when no reply was given.
        code: The code of an error reply, else None.
        failure: The network fault that replaced or damaged the reply: `read timeout`, `bad gateway`, ...; else "".
        lost: What the service replied if the client never received it: "200", "404 InvalidInstanceId.NotFound"; else "".
        hint: The fake's explanation of an error, beyond the service's message.
        fault: Whether it met a fault that the test declared.
        summary: The content of the reply, in a word or two.
        thread: The name of the thread that made it.
    """

    transport: str
    at_micros: Micros
    http_status: int | None = None
    code: str | None = None
    failure: str = ""
    lost: str = ""
    hint: str = ""
    fault: bool = False
    summary: str = ""
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

    def __repr__(self) -> str:
        # The fields of a subclass come first: they say what was called.
        shown = sorted((one.name for one in fields(self) if one.repr), key=Call.__slots__.__contains__)
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"


@dataclass(slots=True, kw_only=True, eq=False, repr=False)
class ApiCall(Call):
    """One call of an API.

    Attributes:
        product: `Ecs`; for a product that is not faked, the first word of its host (`slb`).
        version: `2014-05-26`.
        action: `RebootInstance`.
        params: The parameters sent besides the common ones, by name on the wire. A list parameter is a list; a list of
            structs is a list of dicts.
        region_id: `RegionId` as sent, or "".
        secrets: The names of parameters whose values no text shows.
    """

    product: str
    version: str
    action: str
    params: Mapping[str, "str | list[str] | list[dict[str, str | list[str]]]"]
    region_id: str
    secrets: Secrets = field(default_factory=Secrets, repr=False)

    @property
    def response(self) -> "dict[str, Any] | str | None":
        """The reply's body: the decoded JSON, or the text of any other; None when no reply was given."""
        text = self.text
        if text is None or not text.startswith("{"):
            return text
        try:
            decoded: dict[str, Any] = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return decoded
