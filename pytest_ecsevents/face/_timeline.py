"""The story of a test: what happened, in virtual time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, TypeAlias

from pytest_ecsevents.clock import SECOND, Micros, instant_text
from pytest_ecsevents.cloud import InstanceTransition, Transition
from pytest_ecsevents.face._calls import call_text
from pytest_ecsevents.openapi import ApiCall

Entry: TypeAlias = Transition | InstanceTransition | ApiCall


@dataclass(frozen=True, slots=True)
class Header:
    """What the first line says."""

    started_at: Micros
    now: Micros
    holder: str
    events: int
    calls: int
    faults: int


def timeline_text(header: Header, journal: Sequence[Entry], *, most: int | None = None) -> str:
    """The whole timeline, or with `most` its first and last lines with a count of those left out."""
    lines = [line for entries in _grouped(journal) for line in _lines(entries, header.started_at)]
    if most is not None and len(lines) > most:
        left_out = len(lines) - most
        lines[most // 2 : most // 2 + left_out] = [f" ... {left_out} lines left out; ecs_events.timeline() has them"]
    return "\n".join([_header_text(header), *lines])


def _header_text(header: Header) -> str:
    return (
        f"clock {instant_text(header.started_at)} {elapsed_text(header.now - header.started_at)} ({header.holder}); "
        f"{_count(header.events, 'event')}, {_count(header.calls, 'call')}, {_count(header.faults, 'fault')}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def elapsed_text(span: Micros) -> str:
    """`+23:00:00`, `+2d 03:00:00`; fractions of a second only where there are some."""
    sign = "-" if span < 0 else "+"
    seconds, fraction = divmod(abs(span), SECOND)
    days, seconds = divmod(seconds, 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    tail = f".{fraction:06}".rstrip("0") if fraction else ""
    return f"{sign}{days}d {clock}{tail}" if days else f"{sign}{clock}{tail}"


def _grouped(journal: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Entries one by one, but an instance's way through several statuses together."""
    for _, entries in groupby(enumerate(journal), key=_group_key):
        yield [entry for _, entry in entries]


def _group_key(numbered: "tuple[int, Entry]") -> object:
    number, entry = numbered
    if isinstance(entry, InstanceTransition):
        return id(entry.instance), entry.at_micros, entry.cause
    return number


def _lines(entries: list[Entry], started_at: Micros) -> Iterator[str]:
    first = entries[0]
    stamp = elapsed_text(first.at_micros - started_at)
    if isinstance(first, ApiCall):
        kind = "fault" if first.fault else "call"
        yield f" {stamp:>13}  {kind:<9} {call_text(first)}"
        if first.hint:
            yield f" {'':>13}  {'':<9}   {first.hint}"
    elif isinstance(first, Transition):
        yield f" {stamp:>13}  {'event':<9} {_event_text(first)}"
    else:
        yield f" {stamp:>13}  {'instance':<9} {_instance_text(entries)}"


def _event_text(transition: Transition) -> str:
    event = transition.event
    if transition.from_status is not None:
        return f"{event.event_id}  {transition.from_status} -> {transition.to_status}: {transition.cause}"
    due = ""
    if event._not_before is not None:
        due = f", NotBefore {instant_text(event._not_before)}"
    kind = "simulated " if event.simulated else ""
    return (
        f"{event.event_id}  {kind}{event.event_type} on {event.instance_id}: {transition.to_status}{due} "
        f"({transition.cause})"
    )


def _instance_text(entries: list[Entry]) -> str:
    steps = [entry for entry in entries if isinstance(entry, InstanceTransition)]
    way: Final = [str(steps[0].from_status), *(str(step.to_status or "released") for step in steps)]
    return f"{steps[0].instance.instance_id}  {' -> '.join(way)}: {steps[0].cause}"
