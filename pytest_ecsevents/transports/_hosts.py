"""Which hosts are Alibaba Cloud's, which of those are APIs, and which a test allows. This is the only table of them."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._undo import Undo

__tracebackhide__ = hidden_in_reports

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


def _is_allowed(host: str) -> bool:
    return any(host in one.allowed for one in _entered)


def _normal(host: object) -> str:
    name = host.decode("latin-1") if isinstance(host, bytes) else host
    return name.lower().rstrip(".") if isinstance(name, str) else ""
