"""The metadata service of all instances: from a request to a reply; no sockets, no client library."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from pytest_ecsevents._errors import BadArgumentError
from pytest_ecsevents._words import did_you_mean
from pytest_ecsevents.clock import Micros
from pytest_ecsevents.rpc import ApiError, ApiReply
from pytest_ecsevents.services.cms import content_of
from pytest_ecsevents.services.ecs import Cloud, EventRecord, InstanceRecord, SystemEvent
from pytest_ecsevents.services.metadata._calls import MetadataRequest
from pytest_ecsevents.services.metadata._credentials import Credentials
from pytest_ecsevents.services.metadata._errors import ERRORS, headers, page
from pytest_ecsevents.services.metadata._items import ITEMS, META_DATA, Item, Reading
from pytest_ecsevents.services.metadata._tokens import CARRYING, Tokens

VERSIONS: Final = ("2016-01-01", "latest")
"""The roots (observed)."""

_ISSUING: Final = "api/token"


class Answer(NamedTuple):
    """What the service says.

    Attributes:
        reply: The reply.
        summary: What it holds, in a word or two.
        hint: What the fake can tell about an error.
        is_usual: Whether a sound program meets it every day.
    """

    reply: ApiReply
    summary: str = ""
    hint: str = ""
    is_usual: bool = True


class MetadataService:
    """The service at 100.100.100.200 as each instance of one cloud sees it.

    Args:
        cloud: The test's cloud.
        seed: What makes the tokens of this test its own.

    Attributes:
        active_event: How an active event is told (a guess: as the content of its notifications).
        no_token_status: What a request without a token meets where one is needed (403, a guess that was seen once).
    """

    def __init__(self, cloud: Cloud, seed: str) -> None:
        self._cloud: Final = cloud
        self._tokens: Final = Tokens(seed)
        self._credentials: Final = Credentials()
        self.active_event: Callable[[SystemEvent], object] = content_of
        self.no_token_status = 403

    def answer(self, instance: InstanceRecord, request: MetadataRequest) -> Answer:
        """What an instance is told.

        Args:
            instance: The instance that asks.
            request: What it asks.

        Raises:
            BadArgumentError: The author's own form of an active event cannot be sent.
        """
        with self._cloud.changing() as now:
            try:
                return self._answer(instance, request, now)
            except ApiError as error:
                return Answer(page(error), hint=error.hint, is_usual=error.hint == "")

    def _answer(self, instance: InstanceRecord, request: MetadataRequest, now: Micros) -> Answer:
        version, _, path = request.path.strip("/").partition("/")
        is_token_request = request.method == "PUT" and (version, path) == ("latest", _ISSUING)
        self._check_access(instance, request, now, is_token_request=is_token_request)
        if is_token_request:
            return _text(self._tokens.issue(instance.instance_id, request.headers, now))
        if not version:
            return _text("\n".join(VERSIONS))
        if version not in VERSIONS:
            raise ERRORS["NotFound"].error(hint=f"there is no {version!r}.{did_you_mean(version, VERSIONS)}")
        return self._read(Reading(instance, self._cloud, now, self._credentials, self._told), path)

    def _check_access(
        self, instance: InstanceRecord, request: MetadataRequest, now: Micros, *, is_token_request: bool
    ) -> None:
        """Refuse what may not be asked, or not so.

        Raises:
            ApiError: It may not.
        """
        options = instance.metadata_options
        if not options.is_enabled:
            raise ERRORS["Forbidden"].error(hint=f"HttpEndpoint of {instance.instance_id} is disabled")
        if is_token_request:
            return
        if request.method != "GET":
            raise ERRORS["MethodNotAllowed"].error(hint=f"PUT serves /latest/{_ISSUING}, GET all else")
        if CARRYING in request.headers:
            self._tokens.check(instance.instance_id, request.headers, now)
        elif options.needs_token:
            raise _without_token(self.no_token_status, instance.instance_id)

    def _told(self, event: EventRecord) -> object:
        told = self.active_event(event.view)
        try:
            json.dumps(told)
        except (TypeError, ValueError):
            raise BadArgumentError(
                f"metadata.active_event returned {told!r}. Return a dict that JSON can say, such as "
                '{"eventId": event.event_id}.'
            ) from None
        return told

    def _read(self, reading: Reading, path: str) -> Answer:
        item, name = META_DATA.get(path), ""
        if item is None:
            item, name = _by_path(reading.instance).get(path, (None, ""))
        if item is None:
            return _listing(reading, path)
        text = item.read(reading, name)
        if text is None:
            raise ERRORS["NotFound"].error()
        return _text(text, item.told(text))


def _text(text: str, summary: str = "") -> Answer:
    return Answer(ApiReply(200, text.encode(), headers("text/plain")), summary)


def _without_token(http_status: int, instance_id: str) -> ApiError:
    row = next((row for row in ERRORS.rows if row.http_status == http_status), ERRORS["Forbidden"])
    hint = f"HttpTokens of {instance_id} is required, and no token was sent"
    return ApiError(row.code, http_status, row.message, hint=hint)


def _paths(instance: InstanceRecord) -> "Iterator[tuple[str, Item, str]]":
    """Every path that an instance may have, with its item, and the name that `*` stands for."""
    for item in ITEMS:
        if item.each is None:
            yield item.path, item, ""
        else:
            yield from ((item.path.replace("*", name), item, name) for name in item.each(instance))


def _by_path(instance: InstanceRecord) -> "Mapping[str, tuple[Item, str]]":
    return {path: (item, name) for path, item, name in _paths(instance)}


def _listing(reading: Reading, path: str) -> Answer:
    """What lies below a path, each on its line; what has more below it ends with a slash (observed)."""
    start = f"{path}/" if path else ""
    below = [found for found in _paths(reading.instance) if found[0].startswith(start)]
    there = (found for found in below if found[1].is_always or found[1].read(reading, found[2]) is not None)
    lines = dict.fromkeys(_line(known, item, start) for known, item, _ in there)
    if lines:
        return _text("\n".join(lines))
    could_be = below or any(item.path.startswith(start) for item in ITEMS)
    raise ERRORS["NotFound"].error(hint="" if could_be else _no_item(path, reading.instance))


def _line(path: str, item: Item, start: str) -> str:
    """The next part of a path; one that is a name has no slash, but where the example shows it with one."""
    part, slash, _ = path[len(start) :].partition("/")
    is_name = item.path.split("/")[start.count("/")] == "*"
    return part if is_name and not item.has_slash else f"{part}{slash}"


def _no_item(path: str, instance: InstanceRecord) -> str:
    nearest = did_you_mean(f"/latest/{path}", [f"/latest/{known}" for known, _, _ in _paths(instance)])
    return f"there is no such item.{nearest}"
