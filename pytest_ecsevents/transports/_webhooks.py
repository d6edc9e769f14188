"""Delivery to a URL: a real HTTP request, which reaches the user's own mocks and servers."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._words import sendable
from pytest_ecsevents.clock._timed_streams import timed_response

__tracebackhide__ = hidden_in_reports

GIVES_UP_AFTER: Final = 5.0
"""Real seconds that a receiver has to answer (documented)."""

_JSON: Final = "application/json; charset=UTF-8"
_FORM: Final = "application/x-www-form-urlencoded; charset=UTF-8"

Payload = Mapping[str, Any]
Body = tuple[str, str, Mapping[str, str]]
"""The query, the body and the headers."""


def _text(value: object) -> str:
    return sendable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _fields(payload: Payload) -> str:
    return urlencode({key: _text(value) for key, value in payload.items()})


METHODS: Final[Mapping[str, Callable[[Payload], Body]]] = {
    "POST JSON": lambda payload: ("", _text(payload), {"Content-Type": _JSON}),
    "GET JSON": lambda payload: (urlencode({"data": _text(payload)}), "", {}),
    "POST FORM": lambda payload: ("", _fields(payload), {"Content-Type": _FORM}),
    "GET FORM": lambda payload: (_fields(payload), "", {}),
}
"""The forms of an event subscription's webhook (documented); an event rule's is the first."""


def push(url: str, method: str, payload: Payload, more_headers: Mapping[str, str] = MappingProxyType({})) -> int:
    """Send one notification.

    Args:
        url: The receiver's URL.
        method: One of `METHODS`.
        payload: The notification.
        more_headers: Headers besides those of the form.

    Returns:
        The HTTP status of the response.

    Raises:
        requests.RequestException: There was no whole response within `GIVES_UP_AFTER`.
    """
    import requests

    query, body, headers = METHODS[method](payload)
    with requests.Session() as session:
        session.trust_env = False  # no proxy and no .netrc of this machine
        # An adapter of another tool has no pools.
        for manager in filter(None, (getattr(one, "poolmanager", None) for one in session.adapters.values())):
            _limit(manager)
        answer = session.request(
            method.partition(" ")[0],
            url,
            params=query,
            data=body.encode() or None,
            headers={**headers, **more_headers},
            timeout=GIVES_UP_AFTER,
            allow_redirects=False,
        )
        return answer.status_code


def _limit(manager: Any) -> None:
    """Give up responses that are not whole in time: the timeout of requests starts anew with each byte.

    Derives from the classes of urllib3 that are there now, since other tools replace them.
    """
    pools = {}
    for scheme, pool in manager.pool_classes_by_scheme.items():
        response = {"response_class": timed_response(GIVES_UP_AFTER)}
        pools[scheme] = type(pool.__name__, (pool,), {"ConnectionCls": type("Timed", (pool.ConnectionCls,), response)})
    manager.pool_classes_by_scheme = pools
