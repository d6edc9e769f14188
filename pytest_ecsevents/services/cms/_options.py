"""The options of every method that receives notifications."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypedDict

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock._times import Duration
from pytest_ecsevents.services.cms._delivery_faults import Retries, read_faults, read_retries
from pytest_ecsevents.services.cms._filters import read_filter
from pytest_ecsevents.services.cms._names import NotificationNames
from pytest_ecsevents.services.cms._notification import FORMATS, Notification

__tracebackhide__ = hidden_in_reports


class DeliveryOptions(TypedDict, total=False):
    """Filter, form and faults of the notifications that a receiver gets.

    Attributes:
        format: "cloudmonitor", flat; "cloudmonitor-minimal", only what every published sample has;
            "subscription", nested; "eventbridge", a CloudEvent.
        names: Names of notifications, or types in EventBridge's form. Here and below, None and `*` stand for all.
        levels: "CRITICAL", "WARN", "INFO".
        statuses: "Scheduled", ...; "Normal" for what is not a system event.
        event_types: "StatusNotification", "Exception", "Maintenance".
        products: "ECS".
        resource_groups: Ids of the resource groups of instances.
        keywords: Words that are searched in the name, the ARN, the instance's name and the content (a guess).
        keyword_relation: "OR": with any of the words. "NOT": without any of them.
        duplicate: Whether each is delivered twice, or the likelihood, from 0 to 1.
        reorder: Whether the next one overtakes it, or the likelihood. If none comes for a minute, it is delivered.
        drop: Whether it is lost, or the likelihood.
        delay: How long it is on its way, or a pair of the shortest and the longest time.
        retries: How often a failed delivery is repeated.
        retry_after: The time between two tries, or a pair of the shortest and the longest.
        seed: Seeds the random numbers of this receiver, which are the same on every run.
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


def read_format(format_: object) -> Callable[[Notification], dict[str, Any]]:
    """The function that gives a notification the form.

    Raises:
        BadArgumentError: The form is unknown.
    """
    if not isinstance(format_, str) or format_ not in FORMATS:
        raise BadArgumentError(
            f"format is {format_!r}. Pass one of: {listed(FORMATS)}.{did_you_mean(str(format_), FORMATS)}"
        )
    return FORMATS[str(format_)]


def read_options(
    what: str, given: Mapping[str, object], names: NotificationNames, usual: Retries, also: Iterable[str] = ()
) -> dict[str, Any]:
    """Read the arguments of a `Subscription`, except its seed.

    Args:
        what: The method, as an error calls it.
        given: The options.
        names: The known names of notifications.
        usual: The default retries.
        also: Names of the method's other parameters.

    Raises:
        BadArgumentError: An option or its value is unknown.
    """
    for option in given:
        if option not in OPTIONS:
            every = sorted({*OPTIONS, *also})
            raise BadArgumentError(
                f"{what} has no option {option!r}. It has: {listed(every)}.{did_you_mean(option, every)}"
            )
    format_ = given.get("format", "cloudmonitor")
    return {
        "make": read_format(format_),
        "wanted": read_filter(given, names, str(format_)),
        "faults": read_faults(given),
        "retries": read_retries(given, usual),
    }
