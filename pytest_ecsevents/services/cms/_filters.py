"""Filters of notifications: the conditions that an event rule has."""

import json
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from pytest_ecsevents._errors import BadArgumentError, UnpublishedTypeWarning, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.services.cms._eventbridge import NOT_PUBLISHED, TYPES, eventbridge_type
from pytest_ecsevents.services.cms._names import EVENT_TYPES as KINDS
from pytest_ecsevents.services.cms._names import LEVELS, NORMAL, NotificationNames
from pytest_ecsevents.services.cms._notification import Notification
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, EventStatus

__tracebackhide__ = hidden_in_reports

ALL: Final = "*"
RELATIONS: Final = ("OR", "NOT")
_NOTHING: Final = frozenset[str]()


@dataclass(frozen=True, slots=True)
class EventFilter:
    """The conditions of one receiver, as in `DeliveryOptions`. An empty collection, and `*`, stand for all values.

    Products are compared in any case. Only ECS sends notifications here; a dry run may name any product.
    """

    names: Collection[str] = _NOTHING
    levels: Collection[str] = _NOTHING
    statuses: Collection[str] = _NOTHING
    event_types: Collection[str] = _NOTHING
    products: Collection[str] = _NOTHING
    resource_groups: Collection[str] = _NOTHING
    keywords: Collection[str] = _NOTHING
    keyword_relation: str = "OR"

    def passes(self, notification: Notification) -> bool:
        row = notification.row
        return (
            (not self.names or _is_in(self.names, row.name, eventbridge_type(row)))
            and _is_in(self.levels, row.level)
            and _is_in(self.statuses, row.status)
            and _is_in(self.event_types, row.event_type)
            and _is_in([product.upper() for product in self.products], notification.product.upper())
            and _is_in(self.resource_groups, notification.resource_group_id)
            and (not self.keywords or self._has_keywords(notification))
        )

    def _has_keywords(self, notification: Notification) -> bool:
        text = searched_text(notification)
        return any(word in text for word in self.keywords) is (self.keyword_relation == "OR")


def searched_text(notification: Notification) -> str:
    """The text in which keywords and queries are searched."""
    content = json.dumps(dict(notification.content), ensure_ascii=False)
    return f"{notification.name} {notification.arn} {notification.instance_name} {content}"


def _is_in(wanted: Collection[str], *words: str) -> bool:
    return not wanted or ALL in wanted or any(word in wanted for word in words)


class _AllowedValues(NamedTuple):
    known: Callable[[NotificationNames, str], Collection[str]]
    also: Callable[[str, str], bool] = lambda _word, _format: False
    hint: str = ""


def _names_in(names: NotificationNames, format_: str) -> Collection[str]:
    return {*TYPES, *map(eventbridge_type, names.values())} if format_ == "eventbridge" else set(names)


def _is_by_grammar(name: str, format_: str) -> bool:
    """Whether a system event would have this name, which is in no published table."""
    product, is_type = "ecs:", format_ == "eventbridge"
    resource, _, rest = name.removeprefix(product).partition(":")
    code, _, status = rest.partition(":")
    kind = EVENT_TYPES.get(code)
    if kind is None or resource != ("Disk" if kind.is_of_disk else "Instance") or name.startswith(product) != is_type:
        return False
    return not status if is_type else status in {one.value for one in EventStatus}


def _with_status(name: str, known: Collection[str]) -> str:
    """` Did you mean X:Failed or X:Executed?` for a name without its status; "" for others."""
    event_type = name.partition(":")[2]
    statuses = EVENT_TYPES[event_type].statuses if _is_by_grammar(f"{name}:Failed", "cloudmonitor") else ()
    whole = dict.fromkeys(word for word in known if word.startswith(f"{name}:"))
    whole.update(dict.fromkeys(f"{name}:{status}" for status in statuses))
    return f" Did you mean {' or '.join(sorted(whole))}? A name ends in its status." if whole else ""


_TYPES_HINT: Final = ' EventBridge\'s types have no status; choose one with statuses="Scheduled". A rule takes whole types, and * for all.'
_ANYTHING: Final = _AllowedValues(lambda _names, _format: (), lambda _word, _format: True)
_STATUSES: Final = (*(status.value for status in EventStatus), NORMAL, "-")

_CONDITIONS: Final[Mapping[str, _AllowedValues]] = {
    "names": _AllowedValues(
        _names_in,
        _is_by_grammar,
        " A rule takes whole names, and * for all of them. Add a name that was published later with "
        "ecs_events.notification_names.add(name, level=...).",
    ),
    "levels": _AllowedValues(lambda _names, _format: LEVELS),
    "statuses": _AllowedValues(lambda _names, _format: _STATUSES),
    "event_types": _AllowedValues(lambda _names, _format: KINDS),
    "products": _AllowedValues(
        lambda _names, _format: ("ECS",),
        lambda word, _format: word.upper() == "ECS",
        " No other product sends notifications here.",
    ),
    "resource_groups": _ANYTHING,
    "keywords": _ANYTHING,
}


def is_name(name: str, names: NotificationNames) -> bool:
    """Whether a notification of ECS can have this name: a known one, or one by the grammar of names."""
    return name in names or _is_by_grammar(name, "cloudmonitor")


def read_filter(given: Mapping[str, object], names: NotificationNames, format_: str) -> EventFilter:
    """Read a filter from options.

    Args:
        given: Conditions by name, each a text or several; None for all.
        names: The known names.
        format_: The form of the deliveries: EventBridge's types have no status.

    Raises:
        BadArgumentError: A condition has an unknown value.
    """
    relation = given.get("keyword_relation", "OR")
    if relation not in RELATIONS:
        raise BadArgumentError(
            f"keyword_relation is {relation!r}. Pass one of: {listed(RELATIONS)}.{did_you_mean(str(relation), RELATIONS)}"
        )
    words = {
        name: _checked(name, condition, given[name], names, format_)
        for name, condition in _CONDITIONS.items()
        if given.get(name) is not None
    }
    return EventFilter(**words, keyword_relation=str(relation))


def _checked(
    name: str, allowed: _AllowedValues, given: object, names: NotificationNames, format_: str
) -> frozenset[str]:
    words = [given] if isinstance(given, str) else list(given) if isinstance(given, Iterable) else [given]
    known = allowed.known(names, format_)
    for word in words:
        if not isinstance(word, str) or not word:
            raise BadArgumentError(f"`{name}` must be a text or a list of texts, got {word!r}.")
        if word not in known and word != ALL and not allowed.also(word, format_):
            choice = f" Expected one of: {listed(known)}." if len(known) < 20 else ""
            hint = _TYPES_HINT if name == "names" and format_ == "eventbridge" else allowed.hint
            meant = _with_status(word, known) or did_you_mean(word, known)
            raise BadArgumentError(f"Unknown value {word!r} in `{name}`.{choice}{meant}{hint}")
        if name == "names" and format_ == "eventbridge" and word not in (*TYPES, ALL):
            warnings.warn(
                f"{NOT_PUBLISHED} as {word!r}: it is in no list of EventBridge's, so the real service may never send it.",
                UnpublishedTypeWarning,
                stacklevel=2,
            )
    return frozenset(str(word) for word in words)
