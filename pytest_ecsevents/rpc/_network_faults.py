"""What may befall a call on its way: the network's faults and broken replies, by names in plain words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from types import MappingProxyType
from typing import Final

from pytest_ecsevents.clock import Micros
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._wire import ApiReply, NoReply, Patience


class Acts(Enum):
    """Whether a call that meets a mishap acts in the cloud."""

    NEVER = "never, for it does not arrive"
    IF_TOLD = "with `acted=True`"
    ALWAYS = "always, for it is the answer that breaks"


@dataclass(frozen=True, slots=True)
class Mishap:
    """One row of the table.

    Attributes:
        name: What the author of a test calls it.
        meaning: What the client sees.
        acts: Whether the call acts all the same.
        no_reply: What the client meets, where no reply comes.
        page: What comes instead of the cloud's reply.
        spoil: What becomes of the cloud's reply on its way.
    """

    name: str
    meaning: str
    acts: Acts
    no_reply: NoReply | None = None
    page: ApiReply | None = None
    spoil: "Callable[[ApiReply], ApiReply] | None" = None


# What Alibaba's own proxies, Tengine, show for these; the headings are nginx's. Both a guess.
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
    """The first half, under headers that announce the whole."""
    headers = {**reply.headers, "Content-Length": str(len(reply.body))}
    return replace(reply, body=reply.body[: len(reply.body) // 2], headers=headers)


def _garbled(reply: ApiReply) -> ApiReply:
    """The high bits of the second half turned over: neither text nor JSON nor XML."""
    half = len(reply.body) // 2
    return replace(reply, body=reply.body[:half] + bytes(byte ^ 0x80 for byte in reply.body[half:]))


def _empty(reply: ApiReply) -> ApiReply:
    return replace(reply, body=b"")


MISHAPS: Final[Mapping[str, Mishap]] = {
    mishap.name: mishap
    for mishap in (
        Mishap(
            "connect timeout",
            "no connection comes about within the client's connect timeout, which passes",
            Acts.NEVER,
            NoReply.CONNECT_TIMEOUT,
        ),
        Mishap("connection refused", "nobody listens at the endpoint", Acts.NEVER, NoReply.CONNECTION_REFUSED),
        Mishap(
            "read timeout",
            "no answer comes within the client's read timeout, which passes",
            Acts.IF_TOLD,
            NoReply.READ_TIMEOUT,
        ),
        Mishap(
            "connection reset", "the connection is reset instead of an answer", Acts.IF_TOLD, NoReply.CONNECTION_RESET
        ),
        Mishap(
            "connection closed", "the connection is closed without an answer", Acts.IF_TOLD, NoReply.CONNECTION_CLOSED
        ),
        Mishap("bad gateway", "HTTP 502 with a proxy's HTML page", Acts.IF_TOLD, page=_page(502)),
        Mishap("service unavailable page", "HTTP 503 with a proxy's HTML page", Acts.IF_TOLD, page=_page(503)),
        Mishap("gateway timeout", "HTTP 504 with a proxy's HTML page", Acts.IF_TOLD, page=_page(504)),
        Mishap(
            "truncated body",
            "the first half of the answer, its length announced in full",
            Acts.ALWAYS,
            spoil=_truncated,
        ),
        Mishap("garbled body", "the answer, its second half no text", Acts.ALWAYS, spoil=_garbled),
        Mishap("empty body", "the answer's status and headers without its body", Acts.ALWAYS, spoil=_empty),
    )
}


@dataclass(frozen=True, slots=True)
class Effect:
    """What the test has in store for a call.

    Attributes:
        fault: What befalls it.
        acts: Whether it acts in the cloud.
        delay: How long it takes before it does, or before it is refused.
    """

    fault: ApiError | Mishap | None = None
    acts: bool = True
    delay: Micros = 0

    @property
    def no_reply(self) -> NoReply | None:
        """What the client meets, where no reply comes."""
        return self.fault.no_reply if isinstance(self.fault, Mishap) else None


NO_EFFECT: Final = Effect()


def felt(effect: Effect, patience: Patience) -> "tuple[NoReply | None, Micros | None]":
    """What a client meets of it where no reply comes to it, and after how long; None for never."""
    if patience.is_elsewhere:
        return effect.no_reply, effect.delay
    if effect.no_reply is NoReply.CONNECT_TIMEOUT:
        return effect.no_reply, patience.connect
    if effect.no_reply is NoReply.READ_TIMEOUT or (patience.read is not None and effect.delay > patience.read):
        return NoReply.READ_TIMEOUT, patience.read
    return effect.no_reply, effect.delay
