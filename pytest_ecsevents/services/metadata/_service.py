"""The metadata service of all instances: from a request to a reply; no sockets, no client library."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pytest_ecsevents._errors import BadArgumentError, NoGuestError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._exchange import Exchange
from pytest_ecsevents.rpc._wire import ApiReply
from pytest_ecsevents.services.cms._contents import content_of
from pytest_ecsevents.services.ecs._cloud import Cloud
from pytest_ecsevents.services.ecs._model import EventRecord, InstanceRecord, SystemEvent
from pytest_ecsevents.services.metadata._calls import MetadataCall, MetadataRequest
from pytest_ecsevents.services.metadata._credentials import Credentials
from pytest_ecsevents.services.metadata._errors import ERRORS, headers, page
from pytest_ecsevents.services.metadata._guests import Guests
from pytest_ecsevents.services.metadata._items import ITEMS, META_DATA, MetadataItem, Reading
from pytest_ecsevents.services.metadata._tokens import TOKEN_HEADER, Tokens

__tracebackhide__ = hidden_in_reports

VERSIONS: Final = ("2016-01-01", "latest")
"""The roots (observed)."""

_ISSUING: Final = "api/token"
_ALL: Final = "meta-data/all"
"""One JSON object with all items below `meta-data` (read by cloud-init); in no list (a guess)."""


@dataclass(slots=True, kw_only=True, eq=False)
class MetadataExchange(Exchange):
    """One request to the metadata service and its reply.

    Attributes:
        request: What was sent.
        instance: The instance that asks; None if that is unknown.
    """

    call: MetadataCall
    request: MetadataRequest
    instance: InstanceRecord | None = None


class MetadataService:
    """The service at 100.100.100.200 as each instance of one cloud sees it: a `Service` of the exchange.

    Attributes:
        active_event: How an active event is shown (a guess: as the content of its notifications).
        no_token_status: The status for a request without a token if one is required (403, a guess that was seen once).
    """

    def __init__(self, cloud: Cloud, guests: Guests, seed: str) -> None:
        self._cloud: Final = cloud
        self._guests: Final = guests
        self._tokens: Final = Tokens(seed)
        self._credentials: Final = Credentials()
        self.active_event: Callable[[SystemEvent], object] = content_of
        self.no_token_status = 403

    def decode(self, request: MetadataRequest, at: Micros) -> MetadataExchange:
        method, path = request.method, request.path
        call = MetadataCall(method=method, path=path, transport=request.transport, at_micros=at)
        exchange = MetadataExchange(call=call, patience=request.patience, client=request.client, request=request)
        try:
            exchange.instance = self._guests.caller(f"{method} {path}")
            call.instance_id = exchange.instance.instance_id
        except NoGuestError as error:
            exchange.unreachable = error  # outside an instance the address does not answer (documented)
        return exchange

    def answer(self, exchange: MetadataExchange) -> ApiReply:
        """Read the item, or issue a token.

        Raises:
            ApiError: The service refuses.
            BadArgumentError: The user's own form of an active event is not JSON.
        """
        assert exchange.instance is not None
        with self._cloud.changing() as now:
            text, exchange.summary = self._answer(exchange.instance, exchange.request, now)
        return ApiReply(200, text.encode(errors="backslashreplace"), headers("text/plain"))

    def refuse(self, exchange: MetadataExchange, error: ApiError) -> ApiReply:
        exchange.call.is_usual = not (error.hint or exchange.call.fault)
        return page(error)

    def _answer(self, instance: InstanceRecord, request: MetadataRequest, now: Micros) -> tuple[str, str]:
        """The text and what it holds, in a word or two."""
        version, _, path = request.path.strip("/").partition("/")
        is_token_request = request.method == "PUT" and (version, path) == ("latest", _ISSUING)
        self._check_access(instance, request, now, is_token_request=is_token_request)
        if is_token_request:
            return self._tokens.issue(instance.instance_id, request.headers, now), ""
        if not version:
            return "\n".join(VERSIONS), ""
        if version not in VERSIONS:
            raise ERRORS["NotFound"].error(hint=f"there is no {version!r}.{did_you_mean(version, VERSIONS)}")
        return self._read(Reading(instance, self._cloud, now, self._credentials, self._shown), path)

    def _check_access(
        self, instance: InstanceRecord, request: MetadataRequest, now: Micros, *, is_token_request: bool
    ) -> None:
        """Check the options of the instance, the method and the token.

        Raises:
            ApiError: The request is refused.
        """
        options = instance.metadata_options
        if not options.is_enabled:
            raise ERRORS["Forbidden"].error(hint=f"HttpEndpoint of {instance.instance_id} is disabled")
        if is_token_request:
            return
        if request.method != "GET" or request.path.strip("/") == f"latest/{_ISSUING}":
            raise ERRORS["MethodNotAllowed"].error(hint=f"PUT serves /latest/{_ISSUING}, GET all else")
        if TOKEN_HEADER in request.headers:
            self._tokens.check(instance.instance_id, request.headers, now)
        elif options.needs_token:
            status = self.no_token_status
            row = next((row for row in ERRORS.rows if row.http_status == status), ERRORS["Forbidden"])
            hint = f"HttpTokens of {instance.instance_id} is required, and no token was sent"
            raise ApiError(row.code, status, row.message, hint=hint)

    def _shown(self, event: EventRecord) -> object:
        shown = self.active_event(event.view)
        try:
            json.dumps(shown)
        except (TypeError, ValueError):
            raise BadArgumentError(
                f"metadata.active_event returned {shown!r}. Return a dict that JSON can represent, such as "
                '{"eventId": event.event_id}.'
            ) from None
        return shown

    def _read(self, reading: Reading, path: str) -> tuple[str, str]:
        if path == _ALL:
            return json.dumps(_tree(reading), ensure_ascii=False), ""
        item, name = META_DATA.get(path), ""
        if item is None:
            item, name = next((found[1:] for found in _paths(reading.instance) if found[0] == path), (None, ""))
        if item is None:
            return _listing(reading, path), ""
        text = item.read(reading, name)
        if text is None:
            raise ERRORS["NotFound"].error()
        return text, item.summary(text)


def _paths(instance: InstanceRecord) -> "Iterator[tuple[str, MetadataItem, str]]":
    """Every path that the instance may have, with its item and the name that `*` stands for."""
    for item in ITEMS:
        if item.each is None:
            yield item.path, item, ""
        else:
            yield from ((item.path.replace("*", name), item, name) for name in item.each(instance))


def _tree(reading: Reading) -> "dict[str, Any]":
    """The items below `meta-data` as nested objects, without credentials."""
    root: dict[str, Any] = {}
    for path, item, name in _paths(reading.instance):
        text = item.read(reading, name) if path.startswith("meta-data/") and not item.is_secret else None
        if text is not None:
            _, *parents, last = path.split("/")
            level = root
            for parent in parents:
                level = level.setdefault(parent, {})
            level[last] = text.split("\n") if item.is_list else text
    return root


def _listing(reading: Reading, path: str) -> str:
    """The names below a path, one a line; a name with more below it ends with a slash (observed)."""
    start = f"{path}/" if path else ""
    below = [found for found in _paths(reading.instance) if found[0].startswith(start)]
    there = (found for found in below if found[1].is_always or found[1].read(reading, found[2]) is not None)
    lines = dict.fromkeys(_line(known, item, start) for known, item, _ in there)
    if lines:
        return "\n".join(lines)
    if below or any(item.path.startswith(start) for item in ITEMS):
        raise ERRORS["NotFound"].error()
    nearest = did_you_mean(f"/latest/{path}", [f"/latest/{known}" for known, _, _ in _paths(reading.instance)])
    raise ERRORS["NotFound"].error(hint=f"there is no such item.{nearest}")


def _line(path: str, item: MetadataItem, start: str) -> str:
    """The next part of a path. A part that `*` stands for has no slash, unless the documented example shows one."""
    part, slash, _ = path[len(start) :].partition("/")
    is_name = item.path.split("/")[start.count("/")] == "*"
    return part if is_name and not item.has_slash else f"{part}{slash}"
