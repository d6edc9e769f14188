"""Both paging styles: PageNumber with PageSize, and NextToken with MaxResults."""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from pytest_ecsevents.rpc._action import ParsedCall
from pytest_ecsevents.rpc._parameters import Parameter, clamped, integer, text
from pytest_ecsevents.rpc._wire import JsonObject

T = TypeVar("T")

PAGE_NUMBER: Final = integer("PageNumber", 1, least=1)
FIRST_PAGE: Final = "0"
"""A NextToken that a widely used program begins with (a guess: the service takes it)."""

NEXT_TOKEN: Final = text("NextToken", note="from the previous reply; 0 begins (a guess)")
MAX_RESULTS: Final = clamped("MaxResults", 10, 10, 100)


def page_size(most: int, default: int = 10) -> Parameter[int]:
    """PageSize with the action's limit; out of range it is refused (observed on DescribeInstances)."""
    return integer("PageSize", default, least=1, most=most)


def numbered(call: ParsedCall, items: Sequence[T], size: Parameter[int]) -> "tuple[Sequence[T], JsonObject]":
    """The page by PageNumber and PageSize; after the last page it is empty, with the true TotalCount (a guess)."""
    number, length = call[PAGE_NUMBER], call[size]
    first = (number - 1) * length
    return items[first : first + length], {"TotalCount": len(items), "PageNumber": number, "PageSize": length}


def paged(
    call: ParsedCall,
    items: Sequence[T],
    size: Parameter[int],
    key: Callable[[T], "tuple[int, str]"],
    *,
    last_token: str | None = None,
) -> "tuple[Sequence[T], JsonObject]":
    """The page in either style; NextToken or MaxResults selects the second.

    A token holds the key of the last item returned. So items that are added or removed between two pages cause no repeated
    and no missing item. PageNumber and PageSize have no meaning then (documented); here they are 1 and MaxResults.

    Args:
        call: The call.
        items: All items that match, in order of `key`.
        size: The action's PageSize.
        key: The sort key of an item.
        last_token: NextToken of the last page; None leaves it out.
    """
    token, most = call[NEXT_TOKEN], call[MAX_RESULTS]
    if not token and most is None:
        return numbered(call, items, size)
    length = 10 if most is None else most
    digest = _digest(call)
    rest = items
    if token and token != FIRST_PAGE:
        after = _opened(token, digest)
        if after is None:
            raise call.invalid("NextToken", repr(token), "It must be a token that the same query returned.")
        rest = [item for item in items if key(item) > after]
    page = rest[:length]
    envelope: JsonObject = {"TotalCount": len(items), "PageNumber": 1, "PageSize": length}
    if len(rest) > length:
        envelope["NextToken"] = digest + json.dumps(key(page[-1])).encode().hex()
    elif last_token is not None:
        envelope["NextToken"] = last_token
    return page, envelope


def _digest(call: ParsedCall) -> str:
    paging = (NEXT_TOKEN.name, MAX_RESULTS.name, PAGE_NUMBER.name, "PageSize")
    filters = {name: value for name, value in call.values.items() if name not in paging}
    said = repr((call.action.name, call.account_id, call.region_id, sorted(filters.items())))
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def _opened(token: str, digest: str) -> "tuple[int, str] | None":
    if not token.startswith(digest):
        return None
    try:
        key: Any = json.loads(bytes.fromhex(token[len(digest) :]))
        number, name = key
    except (ValueError, TypeError):
        return None
    return (number, name) if isinstance(number, int) and isinstance(name, str) else None
