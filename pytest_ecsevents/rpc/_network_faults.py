"""Network faults and damaged replies, by the names that `fail` takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Final

from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._wire import ApiReply, NoReply, Patience


class Acts(Enum):
    """Whether a request that meets the fault still acts."""

    NEVER = "never, since it does not arrive"
    IF_TOLD = "with `acted=True`"
    ALWAYS = "always, since only the reply is damaged"


@dataclass(frozen=True, slots=True)
class NetworkFault:
    """One row of the table.

    Attributes:
        name: Its name in `fail`.
        meaning: What the client sees.
        acts: Whether the request still takes effect.
        no_reply: What the client gets instead of a reply.
        page: A proxy's reply instead of the service's.
        damage: Makes the damaged reply from the service's.
    """

    name: str
    meaning: str
    acts: Acts
    no_reply: NoReply | None = None
    page: ApiReply | None = None
    damage: "Callable[[ApiReply], ApiReply] | None" = None


# Alibaba's proxies run Tengine, a fork of nginx, whose headings these are. Both are guesses.
_PAGES: Final = {502: "Bad Gateway", 503: "Service Temporarily Unavailable", 504: "Gateway Time-out"}
_HTML: Final[Mapping[str, str]] = MappingProxyType({"Content-Type": "text/html; charset=utf-8", "Server": "Tengine"})


def _page(http_status: int) -> ApiReply:
    heading = f"{http_status} {_PAGES[http_status]}"
    text = (
        '<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\r\n'
        f"<html>\r\n<head><title>{heading}</title></head>\r\n"
        f"<body>\r\n<center><h1>{heading}</h1></center>\r\n<hr/>Powered by Tengine</body>\r\n</html>\r\n"
    )
    return ApiReply(http_status, text.encode(), _HTML)


def _truncated(reply: ApiReply) -> ApiReply:
    """The first half of the body, with the Content-Length of the whole."""
    headers = {**reply.headers, "Content-Length": str(len(reply.body))}
    return replace(reply, body=reply.body[: len(reply.body) // 2], headers=headers)


def _garbled(reply: ApiReply) -> ApiReply:
    """Flip the high bits of the second half: neither text nor JSON nor XML."""
    half = len(reply.body) // 2
    return replace(reply, body=reply.body[:half] + bytes(byte ^ 0x80 for byte in reply.body[half:]))


NETWORK_FAULTS: Final[Mapping[str, NetworkFault]] = {
    fault.name: fault
    for fault in (
        NetworkFault(
            "connect timeout",
            "connecting takes longer than the client's connect timeout",
            Acts.NEVER,
            NoReply.CONNECT_TIMEOUT,
        ),
        NetworkFault(
            "connection refused", "the endpoint refuses the connection", Acts.NEVER, NoReply.CONNECTION_REFUSED
        ),
        NetworkFault(
            "read timeout",
            "no reply comes within the client's read timeout",
            Acts.IF_TOLD,
            NoReply.READ_TIMEOUT,
        ),
        NetworkFault(
            "connection reset", "the connection is reset before the reply", Acts.IF_TOLD, NoReply.CONNECTION_RESET
        ),
        NetworkFault(
            "connection closed", "the connection is closed before the reply", Acts.IF_TOLD, NoReply.CONNECTION_CLOSED
        ),
        NetworkFault("bad gateway", "HTTP 502 with a proxy's HTML page", Acts.IF_TOLD, page=_page(502)),
        NetworkFault("service unavailable page", "HTTP 503 with a proxy's HTML page", Acts.IF_TOLD, page=_page(503)),
        NetworkFault("gateway timeout", "HTTP 504 with a proxy's HTML page", Acts.IF_TOLD, page=_page(504)),
        NetworkFault(
            "truncated body",
            "the first half of the reply, under a Content-Length of the whole",
            Acts.ALWAYS,
            damage=_truncated,
        ),
        NetworkFault("garbled body", "the reply, its second half unreadable", Acts.ALWAYS, damage=_garbled),
        NetworkFault(
            "empty body",
            "the reply's status and headers without its body",
            Acts.ALWAYS,
            damage=lambda reply: replace(reply, body=b""),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Effect:
    """The fault and the delay that a test declared for a request.

    Attributes:
        fault: An error reply, or a network fault.
        acts: Whether the request takes effect.
        delay: Virtual time until it takes effect or is refused.
    """

    fault: ApiError | NetworkFault | None = None
    acts: bool = True
    delay: Micros = 0

    def for_client(self, patience: Patience) -> tuple[NoReply | None, Micros | None]:
        """What the client gets instead of a reply (None: the reply), and after how long (None: never)."""
        no_reply = self.fault.no_reply if isinstance(self.fault, NetworkFault) else None
        if patience.is_elsewhere:
            return no_reply, self.delay
        if no_reply is NoReply.CONNECT_TIMEOUT:
            return no_reply, patience.connect
        if no_reply is NoReply.READ_TIMEOUT or (patience.read is not None and self.delay > patience.read):
            return NoReply.READ_TIMEOUT, patience.read
        return no_reply, self.delay


NO_EFFECT: Final = Effect()
