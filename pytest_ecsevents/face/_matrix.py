"""What `ecs_scenarios` markers ask for: scenarios times types of events, without the combinations that cannot be."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.face._scenarios import SCENARIOS, Case, case_of, scenarios_of, types_of
from pytest_ecsevents.services.ecs import EVENT_TYPES

__tracebackhide__ = hidden_in_reports

KEYWORDS: Final = ("event_types", "exclude", "simulated", "instance_id")

DEFAULT_TYPES: Final = ("SystemMaintenance.Reboot",)
"""The types of a marker that names none: the one that users can answer, and which has every scenario."""

_MARKER: Final = "@pytest.mark.ecs_scenarios"


def arguments(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """One marker's arguments by name; the scenarios as `names`, unless it names none.

    Raises:
        BadArgumentError: There is no such argument.
    """
    for name in kwargs:
        if name not in KEYWORDS:
            raise BadArgumentError(
                f"{_MARKER} has no argument {name!r}.{did_you_mean(name, KEYWORDS)} It takes names of scenarios, and: "
                f"{listed(KEYWORDS)}."
            )
    return {**({"names": args} if args else {}), **kwargs}


def cases(given: Mapping[str, Any]) -> list[Case]:
    """The cases that a test is to run through, types in the order asked for, and of each type the scenarios so.

    Args:
        given: What its markers say together, by name.

    Raises:
        BadArgumentError: A name is unknown, or what was asked for by name cannot be.
    """
    simulated = given.get("simulated")
    if simulated not in (None, True, False):
        raise BadArgumentError(f"{_MARKER} got simulated={simulated!r}. Pass True or False, or leave it out.")
    asked = _words(given.get("names", ()), "names of scenarios")
    asked_types = _words(given.get("event_types", DEFAULT_TYPES), "event_types")
    names = _chosen(asked or SCENARIOS, tuple(SCENARIOS), "scenario")
    event_types = _chosen(asked_types, tuple(EVENT_TYPES), "event type")
    for name in names:
        if name in asked:
            _check_scenario(name, event_types, simulated)
    for event_type in event_types:
        if event_type in asked_types:
            _check_type(event_type, names, simulated)
    every = (case_of(SCENARIOS[name], event_type, simulated) for event_type in event_types for name in names)
    found = _without([case for case in every if case is not None], _words(given.get("exclude", ()), "exclude"))
    if not found:
        raise BadArgumentError(f"{_MARKER} leaves no scenario: exclude takes away all that it asks for.")
    return found


def _words(given: object, what: str) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else given
    # A set has another order in each process, and with it the tests.
    if isinstance(words, (list, tuple)) and all(isinstance(word, str) for word in words):
        return tuple(words)
    raise BadArgumentError(f"{_MARKER} got {given!r} for {what}. Pass text, or a list of texts.")


def _is_pattern(word: str) -> bool:
    return any(sign in word for sign in "*?[")


def _chosen(words: Iterable[str], known: tuple[str, ...], what: str) -> list[str]:
    """The names that the words mean, each once, in the words' order; a pattern's in the table's."""
    found = [name for word in words for name in _meant(word, known, what)]
    return list(dict.fromkeys(found))


def _meant(word: str, known: tuple[str, ...], what: str) -> list[str]:
    meant = [name for name in known if name == word or (_is_pattern(word) and fnmatchcase(name, word))]
    if meant:
        return meant
    raise BadArgumentError(
        f"{_MARKER} asks for {word!r}, which is no {what}.{_meaning(word, known)} There are: {listed(known)}; patterns "
        f'such as "{known[0][:6]}*" go too.'
    )


def _meaning(word: str, known: tuple[str, ...]) -> str:
    """` Did you mean X?`: the several that a word begins, or the nearest one."""
    begins = any(name.startswith(f"{word}-") for name in known)
    return f' Did you mean "{word}-*"?' if begins else did_you_mean(word, known)


def _check_scenario(name: str, event_types: list[str], simulated: bool | None) -> None:
    """Refuse a scenario asked for by name that none of the types has."""
    row = SCENARIOS[name]
    if any(case_of(row, event_type, simulated) for event_type in event_types):
        return
    can = _possible("Types that can", types_of(row, simulated), types_of(row, None), simulated)
    raise BadArgumentError(
        f"{_MARKER} asks for {name!r}, which {_kind(simulated)} event of {listed(event_types)} cannot live through "
        f"({row.evidence}). {can}"
    )


def _check_type(event_type: str, names: list[str], simulated: bool | None) -> None:
    """Refuse a type asked for by name that has none of the scenarios."""
    if any(case_of(SCENARIOS[name], event_type, simulated) for name in names):
        return
    has = _possible("It has", scenarios_of(event_type, simulated), scenarios_of(event_type, None), simulated)
    raise BadArgumentError(
        f"{_MARKER} asks for {event_type!r}, of which {_kind(simulated)} event can live through none of {listed(names)}. {has}"
    )


def _possible(what: str, found: Iterable[str], otherwise: Iterable[str], simulated: bool | None) -> str:
    """What could be asked for; where nothing could, what could without `simulated`."""
    names = list(found)
    return f"{what}: {listed(names)}." if names else f"{what}, simulated={simulated} left out: {listed(otherwise)}."


def _kind(simulated: bool | None) -> str:
    return {None: "an", True: "a simulated", False: "a real"}[simulated]


def _without(found: list[Case], exclude: Iterable[str]) -> list[Case]:
    """The cases that no word of `exclude` means, be it their scenario, their type or both."""
    for word in exclude:
        left = [case for case in found if not any(_is_meant(word, name) for name in _names(case))]
        if len(left) == len(found):
            _check_excluded(word)
        found = left
    return found


def _names(case: Case) -> tuple[str, ...]:
    return case.row.name, case.event_type, case.case_id


def _is_meant(word: str, name: str) -> bool:
    return fnmatchcase(name, word) if _is_pattern(word) else name == word


def _check_excluded(word: str) -> None:
    """Refuse a word that means nothing at all; one that means nothing here takes nothing away."""
    every = (case_of(row, event_type) for event_type in EVENT_TYPES for row in SCENARIOS.values())
    ids = [case.case_id for case in every if case is not None]
    known = (*SCENARIOS, *EVENT_TYPES, *ids)
    if not any(_is_meant(word, name) for name in known):
        raise BadArgumentError(
            f"{_MARKER} excludes {word!r}, which is no scenario, no event type and no id of both."
            f"{_meaning(word, known)} Scenarios are: {listed(SCENARIOS)}."
        )
