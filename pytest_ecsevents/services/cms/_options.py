"""The options that every way to receive notifications has, as the author writes them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypedDict

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock import Duration
from pytest_ecsevents.services.cms._filters import checked_filter
from pytest_ecsevents.services.cms._formats import FORMATS
from pytest_ecsevents.services.cms._names import NotificationNames
from pytest_ecsevents.services.cms._notification import Notification
from pytest_ecsevents.services.cms._perturbations import Retries, checked_mishaps, checked_retries

__tracebackhide__ = hidden_in_reports


class DeliveryOptions(TypedDict, total=False):
    """Which notifications a receiver gets, in which form, and what may happen to them on the way.

    Attributes:
        format: "cloudmonitor", flat; "cloudmonitor-minimal", with what every published sample has and no more;
            "subscription", nested; "eventbridge", a CloudEvent.
        names: Names of notifications, or in EventBridge's form its types; `*` and none stand for all, here and below.
        levels: "CRITICAL", "WARN", "INFO".
        statuses: "Scheduled", ...; "Normal" of what is no system event.
        event_types: "StatusNotification", "Exception", "Maintenance".
        products: "ECS".
        resource_groups: Ids of the resource groups of instances.
        keywords: Words that are looked for in the name, the ARN, the instance's name and the content (a guess).
        keyword_relation: "OR" for any of the words, "NOT" for none of them.
        duplicate: Whether each is delivered twice, or how likely that is, from 0 to 1.
        reorder: Whether, or how likely, the next one overtakes it; where none comes for a minute it goes by itself.
        drop: Whether, or how likely, it is lost.
        delay: How long it is on its way, or the shortest and the longest time.
        retries: How often is tried again what failed.
        retry_after: How long after a try the next one is, or the shortest and the longest time.
        seed: What makes the dice of this receiver its own; they fall alike on every run.
    """

    format: str
    names: "str | Iterable[str] | None"
    levels: "str | Iterable[str] | None"
    statuses: "str | Iterable[str] | None"
    event_types: "str | Iterable[str] | None"
    products: "str | Iterable[str] | None"
    resource_groups: "str | Iterable[str] | None"
    keywords: "str | Iterable[str] | None"
    keyword_relation: str
    duplicate: "bool | float"
    reorder: "bool | float"
    drop: "bool | float"
    delay: "Duration | tuple[Duration, Duration] | None"
    retries: "int | None"
    retry_after: "Duration | tuple[Duration, Duration] | None"
    seed: "str | int"


OPTIONS: Final = tuple(DeliveryOptions.__annotations__)


def checked_format(format_: object) -> Callable[[Notification], dict[str, Any]]:
    """What gives a notification the form.

    Raises:
        BadArgumentError: There is no such form.
    """
    if format_ not in FORMATS:
        raise BadArgumentError(
            f"format is {format_!r}. Pass one of: {listed(FORMATS)}.{did_you_mean(str(format_), FORMATS)}"
        )
    return FORMATS[str(format_)]


def checked_options(
    what: str, given: Mapping[str, object], names: NotificationNames, usual: Retries, also: Iterable[str] = ()
) -> dict[str, Any]:
    """What a `Subscription` is made with, but for its seed.

    Args:
        what: The method, as an error calls it.
        given: The options.
        names: The known names of notifications.
        usual: How often is tried again where the author says nothing.
        also: Names of the method's other parameters.

    Raises:
        BadArgumentError: There is no such option, or it cannot have that value.
    """
    for option in given:
        if option not in OPTIONS:
            every = sorted({*OPTIONS, *also})
            raise BadArgumentError(
                f"{what} has no option {option!r}. It has: {listed(every)}.{did_you_mean(option, every)}"
            )
    format_ = given.get("format", "cloudmonitor")
    return {
        "make": checked_format(format_),
        "wanted": checked_filter(given, names, str(format_)),
        "mishaps": checked_mishaps(given),
        "retries": checked_retries(given, usual),
    }
