"""The check for calls of DescribeInstanceHistoryEvents that lean on what the sources dispute."""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from pytest_ecsevents._errors import PortabilityError
from pytest_ecsevents.checks._strictness import with_remedy
from pytest_ecsevents.rpc._calls import ApiCall

ACTION: Final = "DescribeInstanceHistoryEvents"

_STATUSES: Final = ("InstanceEventCycleStatus", "EventCycleStatus")
_TOKENS: Final = ("NextToken", "MaxResults")
_DEFAULT_SIZE: Final = "10"
_ITEM: Final = "InstanceSystemEventType"

_NO_STATUS: Final = (
    "it names no status. The reference says that it then returns events that have ended; a note by Alibaba Cloud's staff "
    "says that it returns pending ones. Send InstanceEventCycleStatus with the statuses that you need."
)
_BY_TOTAL: Final = (
    "the last page that it read was full, and it asked for no further one. TotalCount may be 0 beside a full list, "
    "according to the same staff's note. Ask for pages until one has fewer events than PageSize, or page by NextToken."
)


class Portability:
    """Notes the calls, and at teardown says which of them another reading of the sources would answer otherwise."""

    def __init__(self) -> None:
        self._calls: Final[list[tuple[ApiCall, str]]] = []

    def note(self, call: ApiCall, place: str) -> None:
        """Note a call of the action, and the user's line that made it."""
        self._calls.append((call, place))

    def complaint(self) -> PortabilityError | None:
        """The error about the calls; None if all are portable."""
        found = self._calls and dict.fromkeys([*self._without_status(), *self._ended_by_total()])
        if not found:
            return None
        problem = "\n".join([f"Calls of {ACTION} depend on what the sources of the API dispute:", *found])
        return PortabilityError(with_remedy(problem, "portability", "Both replies are possible in production."))

    def _without_status(self) -> Iterator[str]:
        for call, place in self._calls:
            if not any(call.params.get(name) for name in _STATUSES):
                yield f"  - at {place}: {_NO_STATUS}"

    def _ended_by_total(self) -> Iterator[str]:
        """Lines that read pages by PageNumber and stopped after a full one, at each of their passes."""
        last: dict[str, tuple[ApiCall, str]] = {}
        for call, place in self._calls:
            if call.http_status != 200 or any(call.params.get(name) for name in _TOKENS):
                continue
            query = _query(call)
            before = last.get(query)
            if before is not None and _page(call) <= _page(before[0]):  # a new pass
                yield from _if_full(*before)
            last[query] = (call, place)
        for one in last.values():
            yield from _if_full(*one)


def _query(call: ApiCall) -> str:
    """What a call asks for and which thread asks, without the number of the page."""
    asked = {name: value for name, value in call.params.items() if name != "PageNumber"}
    return json.dumps([call.thread, call.region_id, sorted(asked.items())])


def _page(call: ApiCall) -> int:
    return int(str(call.params.get("PageNumber") or 1))


def _if_full(call: ApiCall, place: str) -> Iterator[str]:
    size = int(str(call.params.get("PageSize") or _DEFAULT_SIZE))
    if _count(call) >= size:
        yield f"  - at {place}: {_BY_TOTAL}"


def _count(call: ApiCall) -> int:
    """How many events the reply lists."""
    body = call.response
    if isinstance(body, Mapping):
        return len(body.get("InstanceSystemEventSet", {}).get(_ITEM, ()))
    return str(body).count(f"<{_ITEM}>")
