"""What the markers say, read and applied."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pytest_ecsevents._errors import BadArgumentError, EcsEventsError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.face._ecs_events import EcsEvents, parts_of
from pytest_ecsevents.face._instances import declared
from pytest_ecsevents.face._matrix import arguments, cases
from pytest_ecsevents.face._scenarios import Case
from pytest_ecsevents.face._settings import Settings
from pytest_ecsevents.face._staging import Scenario, staged
from pytest_ecsevents.services.ecs import ATTRIBUTES, EVENT_TYPES, MAINTENANCE_CAUSES, EventStatus

__tracebackhide__ = hidden_in_reports

DEFAULT_NOT_BEFORE: Final = "+24h"
"""NotBefore of an `ecs_event` marker that gives none: scheduled maintenance is published 24 to 48 hours ahead."""


@dataclass(frozen=True, slots=True)
class MarkerForm:
    """What one marker takes.

    Attributes:
        name: `ecs_event`.
        positional: The one argument that may be given without its name.
        required: Whether it must be given.
        keywords: The other arguments.
        more: Further keywords, listed only in errors about them.
    """

    name: str
    positional: str
    required: bool
    keywords: tuple[str, ...]
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """One marker on one test.

    Attributes:
        name: `ecs_event`.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        place: What carries it: the name of the function, class or module.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    place: str


FORMS: Final = {
    form.name: form
    for form in (
        MarkerForm(
            "ecs_event",
            "event_type",
            True,
            (
                "instance_id",
                "not_before",
                "simulated",
                "status",
                "reason",
                "outcome",
                "executing_for",
                "disk_id",
                "extended_attribute",
            ),
        ),
        MarkerForm(
            "ecs_instance",
            "instance_id",
            True,
            (
                "region_id",
                "status",
                "account_id",
                "tags",
                "stopping_takes",
                "starting_takes",
                "disks",
                "action_on_maintenance",
            ),
            more=tuple(ATTRIBUTES),
        ),
        MarkerForm(
            "ecs_clock",
            "start",
            False,
            ("backend", "sleep", "executing_for", "failure_events"),
        ),
    )
}


def bound(mark: Mark) -> dict[str, Any]:
    """A marker's arguments by name.

    Raises:
        BadArgumentError: One is unknown, given twice, or missing.
    """
    form = FORMS[mark.name]
    names = (form.positional, *form.keywords)
    given = dict(mark.kwargs)
    for name in given:
        if name not in names and name not in form.more:
            raise BadArgumentError(
                f"@pytest.mark.{mark.name} has no argument {name!r}.{did_you_mean(name, (*names, *form.more))} "
                f"It takes: {listed(names)}{' and the attributes of an instance' if form.more else ''}."
            )
    if len(mark.args) > 1 or (mark.args and form.positional in given):
        raise BadArgumentError(
            f"@pytest.mark.{mark.name} takes one argument without a name, {form.positional}; it got "
            f"{listed(map(repr, mark.args))}{f' and {form.positional}=' if form.positional in given else ''}. "
            f"Name the others: {listed(form.keywords)}."
        )
    if mark.args:
        given[form.positional] = mark.args[0]
    if form.required and form.positional not in given:
        raise BadArgumentError(
            f"@pytest.mark.{mark.name} needs {form.positional}: @pytest.mark.{mark.name}({form.positional})."
        )
    return given


@contextmanager
def _named(marker: str) -> Iterator[None]:
    """Have an error name the marker that it comes from."""
    try:
        yield
    except EcsEventsError as error:
        raise type(error)(f"@pytest.mark.{marker}: {error}") from None


def made(marks: Iterable[Mark], *, seed: str, settings: Settings) -> EcsEvents:
    """The `EcsEvents` of a test, its clock as the `ecs_clock` markers say.

    Raises:
        EcsEventsError: A marker says what cannot be; the sentence names it.
    """
    given = _said((mark for mark in marks if mark.name == "ecs_clock"), bound)
    with _named("ecs_clock"):
        return EcsEvents(**given, seed=seed, _settings=settings)


def _said(marks: Iterable[Mark], read: Callable[[Mark], Mapping[str, Any]]) -> dict[str, Any]:
    """What markers of one name say together; of two places the inner one wins, argument by argument.

    Raises:
        BadArgumentError: Two markers of one place give one argument different values.
    """
    said: dict[str, tuple[Any, str]] = {}
    for mark in marks:
        for name, value in read(mark).items():
            before = said.get(name)
            if before is not None and before[1] == mark.place and before[0] != value:
                raise BadArgumentError(
                    f"Two @pytest.mark.{mark.name} on {mark.place} contradict each other: {name}={before[0]!r} and "
                    f"{name}={value!r}. Keep one."
                )
            said[name] = (value, mark.place)
    return {name: value for name, (value, _) in said.items()}


def apply(ecs_events: EcsEvents, marks: Iterable[Mark]) -> None:
    """Declare the instances that the markers name, then publish the events, outermost first.

    Raises:
        EcsEventsError: A marker says what cannot be; the sentence names it.
    """
    marks = list(marks)
    for mark in marks:
        if mark.name == "ecs_instance":
            _declare(ecs_events, mark)
    for mark in marks:
        if mark.name == "ecs_event":
            _publish(ecs_events, mark)


def _declare(ecs_events: EcsEvents, mark: Mark) -> None:
    given = bound(mark)
    own = {name: given.pop(name) for name in ("region_id", "account_id") if name in given}
    declared(
        parts_of(ecs_events).cloud,
        given.pop("instance_id"),
        region_id=own.get("region_id"),
        account_id=own.get("account_id"),
        status=given.pop("status", "Running"),
        tags=given.pop("tags", {}),
        given=given,
        where="@pytest.mark.ecs_instance",
    )


def _publish(ecs_events: EcsEvents, mark: Mark) -> None:
    given = bound(mark)
    with _named("ecs_event"):
        for instance_id in _instance_ids(ecs_events, given.pop("instance_id", None)):
            if instance_id not in ecs_events.instances:
                ecs_events.instances.add(instance_id)
            parts_of(ecs_events).create_event(
                "published by a marker",
                instance_id=instance_id,
                **{"not_before": _default_not_before(given), **given},
            )


def _instance_ids(ecs_events: EcsEvents, given: object) -> list[str]:
    """The instances of an event; where the marker names none, the only one declared, or a new one."""
    if given is None:
        declared = list(ecs_events.instances)
        if len(declared) > 1:
            raise BadArgumentError(
                f"instance_id is missing, and the test declares more than one instance: {listed(declared, most=10)}. "
                "Name the one, or a list of them."
            )
        return declared or [ecs_events.instances.add().instance_id]
    ids: list[Any] = list(given) if isinstance(given, (list, tuple)) else [given]
    if not ids or not all(one and isinstance(one, str) for one in ids):
        raise BadArgumentError(f'instance_id is {given!r}. Pass an id such as "i-web1", or a list of them.')
    return ids


def _default_not_before(given: Mapping[str, Any]) -> str | None:
    """An event that waits for nobody's leave and has not happened yet needs a planned time."""
    event_type = str(given["event_type"])
    row = EVENT_TYPES.get(f"{event_type}.Reboot" if event_type in MAINTENANCE_CAUSES else event_type)
    if row is None or given.get("simulated", True):
        return DEFAULT_NOT_BEFORE
    first = given.get("status") or (
        "Executing" if row.is_failure or EventStatus.SCHEDULED not in row.statuses else "Scheduled"
    )
    return DEFAULT_NOT_BEFORE if first == EventStatus.SCHEDULED else None


def scenario_cases(marks: Iterable[Mark]) -> list[Case]:
    """The cases that a test is to run through, as its `ecs_scenarios` markers say; none where they say what cannot be.

    A marker that cannot be is for `stage` to refuse, at set-up, as every other.
    """
    try:
        return cases(_scenario_arguments(marks))
    except BadArgumentError:
        return []


def stage(ecs_events: EcsEvents, marks: Iterable[Mark], case: object) -> Scenario | None:
    """Prepare the scenario of a test that carries `ecs_scenarios` markers.

    Args:
        ecs_events: The test's cloud, with all that its other markers declare.
        marks: Its markers.
        case: The case with which it was collected, if it was with one.

    Raises:
        EcsEventsError: A marker says what cannot be; the sentence names it.
    """
    marks = [mark for mark in marks if mark.name == "ecs_scenarios"]
    if not marks:
        return None
    given = _scenario_arguments(marks)
    if not isinstance(case, Case):
        cases(given)
        raise BadArgumentError(
            "@pytest.mark.ecs_scenarios has a test run once for each scenario, which neither a method of unittest.TestCase "
            "nor a single parameter can. Put it on a function, a class of plain test methods, or a module."
        )
    with _named("ecs_scenarios"):
        return staged(ecs_events, case, _one_instance_id(ecs_events, given.get("instance_id")))


def _scenario_arguments(marks: Iterable[Mark]) -> dict[str, Any]:
    mine = (mark for mark in marks if mark.name == "ecs_scenarios")
    return _said(mine, lambda mark: arguments(mark.args, mark.kwargs))


def _one_instance_id(ecs_events: EcsEvents, given: object) -> str:
    """The instance of a scenario; where the marker names none, the only one declared, or a new one."""
    if given is not None and not isinstance(given, str):
        raise BadArgumentError(f'instance_id is {given!r}. Pass one id, such as "i-web1".')
    (instance_id,) = _instance_ids(ecs_events, given)
    if instance_id not in ecs_events.instances:
        ecs_events.instances.add(instance_id)
    return instance_id
