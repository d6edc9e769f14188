"""Reads and applies the markers. A wrong marker raises BadArgumentError or another EcsEventsError, which names it."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from pytest_ecsevents._errors import BadArgumentError, EcsEventsError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.face._ecs_events import EcsEvents, parts_of
from pytest_ecsevents.face._instances import Instances
from pytest_ecsevents.face._matrix import arguments, cases
from pytest_ecsevents.face._scenarios import Case
from pytest_ecsevents.face._settings import Settings
from pytest_ecsevents.face._staging import Scenario, stage_case
from pytest_ecsevents.services.ecs._attributes import ATTRIBUTES

__tracebackhide__ = hidden_in_reports


class Mark(NamedTuple):
    """One marker on one test.

    Attributes:
        name: `ecs_event`.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        place: The name of the function, class or module that carries it.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    place: str


def _arguments_of(method: Callable[..., object]) -> tuple[str, ...]:
    _, *parameters = inspect.signature(method).parameters.values()
    return tuple(one.name for one in parameters if one.kind is not one.VAR_KEYWORD and not one.name.startswith("_"))


# The first argument of each may be positional.
_ARGUMENTS: Final = {
    "ecs_event": _arguments_of(EcsEvents.create),
    "ecs_instance": _arguments_of(Instances.add),
    "ecs_clock": ("start", "backend", "tz", "sleep", "follow", "executing_for", "failure_events", "history"),
}


def bind_arguments(mark: Mark) -> dict[str, Any]:
    """A marker's arguments by name."""
    marker, names, given = f"@pytest.mark.{mark.name}", _ARGUMENTS[mark.name], dict(mark.kwargs)
    first, *others = names
    attributes = tuple(ATTRIBUTES) if mark.name == "ecs_instance" else ()
    for name in given:
        if name not in names and name not in attributes:
            raise BadArgumentError(
                f"{marker} has no argument {name!r}.{did_you_mean(name, (*names, *attributes))} "
                f"It takes: {listed(names)}{' and the attributes of an instance' if attributes else ''}."
            )
    if len(mark.args) > 1 or (mark.args and first in given):
        raise BadArgumentError(
            f"{marker} takes one positional argument, {first}, but got {listed(map(repr, mark.args))}"
            f"{f' and {first}=' if first in given else ''}. Pass the others by name: {listed(others)}."
        )
    given |= dict(zip(names, mark.args, strict=False))
    if first not in given and mark.name != "ecs_clock":
        raise BadArgumentError(f"{marker} needs {first}: {marker}({first}).")
    return given


@contextmanager
def _naming(marker: str) -> Iterator[None]:
    """Put the marker's name before the message of an error."""
    try:
        yield
    except EcsEventsError as error:
        raise type(error)(f"@pytest.mark.{marker}: {error}") from None


def make_ecs_events(marks: Iterable[Mark], *, seed: str, settings: Settings) -> EcsEvents:
    """The `EcsEvents` of a test, with the clock of its `ecs_clock` markers."""
    given = _merged((mark for mark in marks if mark.name == "ecs_clock"), bind_arguments)
    with _naming("ecs_clock"):
        return EcsEvents(**given, seed=seed, _settings=settings)


def _merged(marks: Iterable[Mark], read: Callable[[Mark], Mapping[str, Any]]) -> dict[str, Any]:
    """The arguments of all markers of one name; the innermost place wins, but markers of one place must agree."""
    given: dict[str, tuple[Any, str]] = {}
    for mark in marks:
        for name, value in read(mark).items():
            before = given.get(name)
            if before is not None and before[1] == mark.place and before[0] != value:
                raise BadArgumentError(
                    f"Two @pytest.mark.{mark.name} on {mark.place} contradict each other: {name}={before[0]!r} and "
                    f"{name}={value!r}. Keep one."
                )
            given[name] = (value, mark.place)
    return {name: value for name, (value, _) in given.items()}


def apply(ecs_events: EcsEvents, marks: Iterable[Mark]) -> None:
    """Declare the instances of the markers, then publish their events, outermost first."""
    marks = list(marks)
    for mark in marks:
        if mark.name == "ecs_instance":
            ecs_events.instances.add(**bind_arguments(mark), _where="@pytest.mark.ecs_instance")
    for mark in marks:
        if mark.name == "ecs_event":
            given = bind_arguments(mark)
            with _naming("ecs_event"):
                for instance_id in _instance_ids(ecs_events, given.pop("instance_id", None)):
                    parts_of(ecs_events).create_event("published by a marker", instance_id=instance_id, **given)


def _instance_ids(ecs_events: EcsEvents, given: object, advice: str = "Name the one, or a list of them.") -> list[str]:
    """Ids of declared instances: those given, else the only one declared, else a new one."""
    instances = ecs_events.instances
    if given is None:
        if len(instances) > 1:
            raise BadArgumentError(
                f"instance_id is missing, and the test declares more than one instance: {listed(instances, most=10)}. "
                f"{advice}"
            )
        return list(instances) or [instances.add().instance_id]
    ids: list[Any] = list(given) if isinstance(given, (list, tuple)) else [given]
    if not ids or not all(one and isinstance(one, str) for one in ids):
        raise BadArgumentError(f'instance_id is {given!r}. Pass an id such as "i-web1", or a list of them.')
    return ids


def scenario_cases(marks: Iterable[Mark]) -> list[Case]:
    """The cases of a test's `ecs_scenarios` markers; none where a marker is wrong, which `stage` reports at set-up."""
    try:
        return cases(_scenario_arguments(marks))
    except BadArgumentError:
        return []


def stage(ecs_events: EcsEvents, marks: Iterable[Mark], case: object) -> Scenario | None:
    """Prepare the scenario of a test, if it carries `ecs_scenarios` markers.

    Args:
        ecs_events: The test's cloud, after `apply`.
        marks: The test's markers.
        case: The case that the test was parametrized with; None for none.
    """
    marks = [mark for mark in marks if mark.name == "ecs_scenarios"]
    if not marks:
        return None
    given = _scenario_arguments(marks)
    if not isinstance(case, Case):
        cases(given)
        raise BadArgumentError(
            "@pytest.mark.ecs_scenarios cannot parametrize a method of unittest.TestCase, nor a single parameter. Put it on "
            "a function, a class of plain test methods, or a module."
        )
    instance_id = given.get("instance_id")
    with _naming("ecs_scenarios"):
        if instance_id is not None and not isinstance(instance_id, str):
            raise BadArgumentError(f'instance_id is {instance_id!r}. Pass one id, such as "i-web1".')
        return stage_case(ecs_events, case, _instance_ids(ecs_events, instance_id, "Name the one.")[0])


def _scenario_arguments(marks: Iterable[Mark]) -> dict[str, Any]:
    own = (mark for mark in marks if mark.name == "ecs_scenarios")
    return _merged(own, lambda mark: arguments(mark.args, mark.kwargs))
