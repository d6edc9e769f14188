"""Which requests are answered, and how: Alibaba Cloud's hosts, routes, and the decoding to `ApiRequest` and `MetadataRequest`."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from string import hexdigits
from typing import Any, Final
from urllib.parse import unquote, unquote_plus

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._wire import ApiRequest, Patience
from pytest_ecsevents.services.metadata._calls import HOST, PORT, MetadataRequest

__tracebackhide__ = hidden_in_reports

# -- which hosts are Alibaba Cloud's, which of those are APIs, and which a test allows: the only table of them


CLOUD_URL: Final = re.compile(r"https?://((?:[^/?#@:]*\.)?aliyuncs\.com)(?::\d*)?(?:[/?#]|$)", re.IGNORECASE)
"""URLs of Alibaba Cloud's hosts; the group is the host."""

MESSAGE_QUEUE: Final = "Simple Message Queue"

_DOMAIN: Final = "aliyuncs.com"
_LONGEST: Final = 253
"""Characters of a name in the DNS (RFC 1035). The patterns below would take minutes for a name of 36,000."""

_WHOLE_NAME: Final = re.compile(r"([\w-]+\.)+aliyuncs\.com")

# What stands before the domain, and what such hosts are. No action is called there: RPC endpoints are a product or a product
# and a region (the endpoint maps of aliyun-python-sdk-core 2.16.1 and of the newer SDKs have no other).
_NO_APIS: Final = tuple(
    (re.compile(before), what)
    for before, what in (
        (r"(.+\.)?oss(-[\w-]+)?(\.[\w-]+)?", "object storage (OSS)"),
        (r"mirrors(\..+)?", "a mirror of packages"),
        (r".+\.mns(-[\w-]+)?\..+", MESSAGE_QUEUE),
        (r".+\.log", "Simple Log Service (SLS)"),
        (r".+\.fc", "Function Compute"),
        (r"(.+\.)?(registry[\w-]*|[\w-]+-registry[\w-]*)\..+", "a container registry"),
        (r"(?!.*\.vpc-proxy$).+\..+\..+", "no API, but a resource of its own such as a database"),
    )
)


@lru_cache(maxsize=1000)
def what_is(host: str) -> str:
    """What a host is if it is no API; "" for an API. `host` is any host of Alibaba Cloud, in lower case."""
    if len(host) > _LONGEST:
        return "a name that is too long for the DNS"
    before = host.removesuffix(_DOMAIN).rstrip(".")
    return next((what for pattern, what in _NO_APIS if pattern.fullmatch(before)), "")


class Hosts:
    """The hosts that one test may reach.

    Attributes:
        allowed: Those that it allows.
    """

    def __init__(self) -> None:
        self.allowed: Final[set[str]] = set()

    def enter(self, undo: Undo) -> None:
        """Let the hosts that this test allows pass the run's and other clouds' guards too, until `undo` closes."""
        _entered.append(self)
        undo.callback(_entered.remove, self)

    def is_api(self, url: str) -> bool:
        """Whether the fake cloud answers a URL."""
        found = CLOUD_URL.match(url)
        return found is not None and not _is_allowed(host := found[1].lower()) and not what_is(host)

    def guarded(self, host: object) -> str:
        """The name of a host that the test may not reach, in lower case; "" for any other host."""
        name = _normal(host)
        return name if f".{name}".endswith(f".{_DOMAIN}") and not _is_allowed(name) else ""

    def allow(self, host: object, is_faked: Callable[[str], bool]) -> None:
        """Allow a host.

        Args:
            host: Its name.
            is_faked: Whether an API, by its host, is of a product that the fake cloud answers.

        Raises:
            BadArgumentError: It is no host of Alibaba Cloud, or the fake cloud answers it.
        """
        name = _normal(host)
        if not _WHOLE_NAME.fullmatch(name):
            raise BadArgumentError(
                f"allow_host got {host!r}. Pass the whole name of a host below {_DOMAIN}, without scheme, port and path, such as "
                '"mirrors.aliyuncs.com". Hosts of other domains are never stopped.'
            )
        if not what_is(name) and is_faked(name):
            raise BadArgumentError(
                f"allow_host got {host!r}, which the fake cloud answers; the real one would act on real instances. For an "
                "action that is not faked use ecs_events.stub(...)."
            )
        self.allowed.add(name)


_entered: Final[list[Hosts]] = []
_allowed_by: Final = attrgetter("allowed")


def _is_allowed(host: str) -> bool:
    return host in chain.from_iterable(map(_allowed_by, _entered))


def _normal(host: object) -> str:
    name = host.decode("latin-1") if isinstance(host, bytes) else host
    return name.lower().rstrip(".") if isinstance(name, str) else ""


# -- routes and decoding

METADATA_URL: Final = re.compile(rf"http://{re.escape(HOST)}(?::{PORT})?(?:[/?#]|$)", re.IGNORECASE)
"""URLs that the metadata service answers."""

_PARTS: Final = re.compile(r"https?://([^/?#:]*)[^?#]*(?:\?([^#]*))?", re.IGNORECASE)
_SERVER: Final = re.compile(r"^[a-z]+://[^/?#]*", re.IGNORECASE)
_FORM: Final = "application/x-www-form-urlencoded"
_ASCII: Final = {high + low: chr(int(high + low, 16)) for high in "01234567" for low in hexdigits}
# The headers that are read, and the parameter that wins over each if it was sent.
_HEADERS_READ: Final = (
    ("authorization", ""),
    ("x-acs-action", "Action"),
    ("x-acs-security-token", "SecurityToken"),
    ("x-acs-version", "Version"),
)


def decode_api_request(
    method: object,
    url: str,
    headers: Mapping[str, object],
    body: object,
    transport: str,
    *,
    patience: Callable[[], Patience] = Patience,
) -> ApiRequest:
    """Decode a request. Parameters come from its query and form body; the last value of a name counts.

    Args:
        method: GET, POST, ...
        url: The whole URL.
        headers: A case-insensitive mapping.
        body: Text or bytes; other bodies have no parameters.
        transport: The client library's name in the call log.
        patience: Returns the client's timeouts; only called if a fault or a delay applies.
    """
    parts = _PARTS.match(url)
    assert parts is not None
    params = _pairs(parts[2] or "")
    if body and isinstance(body, (str, bytes)) and _text(headers.get("content-type", _FORM)).lower().startswith(_FORM):
        params.update(_pairs(_text(body)))
    known = {}
    for name, parameter in _HEADERS_READ:
        if not (parameter and params.get(parameter)) and (value := headers.get(name)) is not None:
            known[name] = _text(value)
    return ApiRequest(str(method), parts[1].lower(), params, known, transport, patience)


def decode_metadata_request(
    method: object,
    url: str,
    headers: Mapping[str, object],
    _body: object,
    transport: str,
    *,
    patience: Callable[[], Patience] = Patience,
) -> MetadataRequest:
    """Decode a request to the metadata service. Arguments as of `decode_api_request`; the URL may be a path only."""
    path = _SERVER.sub("", url).partition("#")[0].partition("?")[0]
    known = {str(name).lower(): _text(value) for name, value in headers.items()}
    return MetadataRequest(str(method).upper(), unquote(path) or "/", known, transport, patience)


@dataclass(frozen=True, slots=True)
class Route:
    """How requests to certain hosts are decoded and answered.

    Attributes:
        matches: Whether it is for a URL.
        decode: `decode_api_request` or `decode_metadata_request`.
        answer: An `Answerer` of what `decode` returns.
        is_ours: Whether this cloud, of several, answers the calling thread.
    """

    matches: Callable[[str], object]
    decode: Callable[..., Any]
    answer: Any
    is_ours: Callable[[], bool]


def route_for(url: str, routes: "tuple[Route, ...]") -> Route | None:
    """The route of a URL; None if it is not intercepted."""
    for route in routes:
        if route.matches(url) and route.is_ours():
            return route
    return None


def micros(seconds: object) -> Micros | None:
    """A client's timeout in microseconds; None for no timeout."""
    return round(seconds * 1_000_000) if isinstance(seconds, (int, float)) else None


def _pairs(query: str) -> dict[str, str]:
    """Like `urllib.parse.parse_qsl`, but faster: queries of SDKs need few of its checks."""
    found = {}
    for pair in query.split("&"):
        name, separator, value = pair.partition("=")
        if "%" in pair or "+" in pair:
            value = _unquoted(value)
            if "%" in name or "+" in name:
                name = _unquoted(name)
        if name or separator:
            found[name] = value
    return found


def _unquoted(text: str) -> str:
    """Like `unquote_plus`, but faster for text whose escapes are all of ASCII, such as an instant or a signature."""
    first, *rest = text.replace("+", " ").split("%")
    try:
        return first + "".join([_ASCII[part[:2]] + part[2:] for part in rest])
    except KeyError:
        return unquote_plus(text)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
