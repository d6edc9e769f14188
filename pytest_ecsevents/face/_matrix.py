"""The cases of `ecs_scenarios` markers: scenarios times event types, without impossible combinations."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.face._scenarios import SCENARIOS, Case, case_of, scenarios_of, types_of
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES

__tracebackhide__ = hidden_in_reports

KEYWORDS: Final = ("event_types", "exclude", "simulated", "instance_id")

DEFAULT_TYPES: Final = ("SystemMaintenance.Reboot",)
"""The default of `event_types`: handlers can answer this type, and it has every scenario."""

_MARKER: Final = "@pytest.mark.ecs_scenarios"
_KINDS: Final = {None: "an", True: "a simulated", False: "a real"}


def arguments(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """A marker's arguments by name, the positional ones as `names`."""
    for name in kwargs:
        if name not in KEYWORDS:
            raise BadArgumentError(
                f"{_MARKER} has no argument {name!r}.{did_you_mean(name, KEYWORDS)} It takes names of scenarios, and: "
                f"{listed(KEYWORDS)}."
            )
    return {**({"names": args} if args else {}), **kwargs}


def cases(given: Mapping[str, Any]) -> list[Case]:
    """The cases of a test, ordered by type and then by scenario, as given.

    An unknown name raises BadArgumentError, and so does an impossible combination of names; patterns skip those.
    """
    simulated = given.get("simulated")
    if simulated not in (None, True, False):
        raise BadArgumentError(f"{_MARKER} got simulated={simulated!r}. Pass True or False, or leave it out.")
    asked = _words(given.get("names", ()), "names of scenarios")
    asked_types = _words(given.get("event_types", DEFAULT_TYPES), "event_types")
    names = _expanded(asked or SCENARIOS, tuple(SCENARIOS), "scenario")
    event_types = _expanded(asked_types, tuple(EVENT_TYPES), "event type")
    for name in names:
        if name in asked:
            _check_scenario(name, event_types, simulated)
    for event_type in event_types:
        if event_type in asked_types:
            _check_type(event_type, names, simulated)
    every = (case_of(SCENARIOS[name], event_type, simulated) for event_type in event_types for name in names)
    found = _without([case for case in every if case is not None], _words(given.get("exclude", ()), "exclude"))
    if not found:
        raise BadArgumentError(f"{_MARKER} leaves no scenario: exclude removes all of them. Exclude fewer.")
    return found


def _words(given: object, what: str) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else given
    # The order of a set differs between processes, and would change the order of tests.
    if isinstance(words, (list, tuple)) and all(isinstance(word, str) for word in words):
        return tuple(words)
    raise BadArgumentError(f"{_MARKER} got {given!r} for {what}. Pass text, or a list of texts.")


def _expanded(words: Iterable[str], known: tuple[str, ...], what: str) -> list[str]:
    """The known names that match the words, each once, in the order of the words and then of the table."""
    found: dict[str, None] = {}
    for word in words:
        matching = [name for name in known if fnmatchcase(name, word)]
        if not matching:
            raise BadArgumentError(
                f"{_MARKER}: unknown {what} {word!r}.{_suggestion(word, known)} Pass some of: {listed(known)}; or patterns "
                f'such as "{known[0][:6]}*".'
            )
        found.update(dict.fromkeys(matching))
    return list(found)


def _suggestion(word: str, known: tuple[str, ...]) -> str:
    """` Did you mean X?`: a pattern if the word is a common beginning, else the nearest name."""
    begins = any(name.startswith(f"{word}-") for name in known)
    return f' Did you mean "{word}-*"?' if begins else did_you_mean(word, known)


def _check_scenario(name: str, event_types: list[str], simulated: bool | None) -> None:
    """Refuse a scenario given by name that is impossible for all types."""
    row = SCENARIOS[name]
    if any(case_of(row, event_type, simulated) for event_type in event_types):
        return
    raise BadArgumentError(
        f"{_MARKER}: scenario {name!r} is impossible for {_KINDS[simulated]} event of {listed(event_types)} "
        f"({row.evidence}). {_possible('types', types_of(row, simulated), types_of(row), simulated)}"
    )


def _check_type(event_type: str, names: list[str], simulated: bool | None) -> None:
    """Refuse a type given by name for which all scenarios are impossible."""
    if any(case_of(SCENARIOS[name], event_type, simulated) for name in names):
        return
    possible = _possible("scenarios", scenarios_of(event_type, simulated), scenarios_of(event_type), simulated)
    raise BadArgumentError(
        f"{_MARKER}: no scenario of {listed(names)} is possible for {_KINDS[simulated]} event of {event_type!r}. "
        f"{possible}"
    )


def _possible(what: str, found: Iterable[str], otherwise: Iterable[str], simulated: bool | None) -> str:
    """The possible names; if there are none, those without `simulated`."""
    names = list(found)
    return f"Possible {what}: {listed(names or otherwise)}{'' if names else f', without simulated={simulated}'}."


def _without(found: list[Case], exclude: Iterable[str]) -> list[Case]:
    """The cases whose scenario, type and id match no word of `exclude`."""
    for word in exclude:
        left = [
            case
            for case in found
            if not any(fnmatchcase(name, word) for name in (case.row.name, case.event_type, case.case_id))
        ]
        if len(left) == len(found):
            every = (case_of(row, event_type) for event_type in EVENT_TYPES for row in SCENARIOS.values())
            known = (*SCENARIOS, *EVENT_TYPES, *(case.case_id for case in every if case is not None))
            if not any(fnmatchcase(name, word) for name in known):
                raise BadArgumentError(
                    f"{_MARKER}: {word!r} in exclude matches no scenario, no event type and no id of both."
                    f"{_suggestion(word, known)} Scenarios are: {listed(SCENARIOS)}."
                )
        found = left
    return found
