"""The story of a test: what happened, in virtual time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

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
    declared_faults: int


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and whether it is a call that went well: the first to go when there are too many."""

    stamp: str
    kind: str
    text: str
    is_plain_call: bool = False
    calls: int = 0


def timeline_text(header: Header, journal: Sequence[Entry], *, most: int | None = None) -> str:
    """The timeline.

    Args:
        header: What the first line says.
        journal: What happened, in order.
        most: How many lines there may be. Over it, calls that went well are folded into counts; if that is not
            enough, the middle is left out. None for all.
    """
    lines = [_line(entries, header.started_at) for entries in _grouped(journal)]
    if most is not None and len(lines) > most:
        lines = list(_calls_folded(lines))
    left_out = 0 if most is None else max(len(lines) - most, 0)
    width = max((len(line.stamp) for line in lines), default=0)
    texts = [f" {line.stamp:>{width}}  {line.kind:<9} {line.text}" for line in lines]
    if most is not None and left_out:
        texts[most // 2 : most // 2 + left_out] = [f" ... {left_out} lines left out; ecs_events.timeline() has them"]
    indent = "\n" + " " * (width + 13)
    return "\n".join([_header_text(header), *(text.replace("\n", indent) for text in texts)])


def _header_text(header: Header) -> str:
    elapsed = header.now - header.started_at
    end = f" = {instant_text(header.now)}" if elapsed else ""
    return (
        f"clock {instant_text(header.started_at)} {elapsed_text(elapsed)}{end} ({header.holder}); "
        f"{_count(header.events, 'event')}, {_count(header.calls, 'call')}, {_faults_text(header)}"
    )


def _faults_text(header: Header) -> str:
    if header.faults < header.declared_faults:
        return f"{header.faults} of {_count(header.declared_faults, 'fault')} met"
    return _count(header.faults, "fault")


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
    """Entries that make one line: an instance's way through several statuses, or a call repeated to the letter."""
    for _, entries in groupby(enumerate(journal), key=_group_key):
        yield [entry for _, entry in entries]


def _group_key(numbered: "tuple[int, Entry]") -> object:
    number, entry = numbered
    if isinstance(entry, InstanceTransition):
        return id(entry.instance), entry.at_micros, entry.cause
    return number if isinstance(entry, Transition) else (call_text(entry), entry.hint, entry.fault)


def _line(entries: list[Entry], started_at: Micros) -> Line:
    first = entries[0]
    stamp = elapsed_text(first.at_micros - started_at)
    if isinstance(first, ApiCall):
        repeated = ""
        if len(entries) > 1:
            repeated = f" ({len(entries)} times until {elapsed_text(entries[-1].at_micros - started_at)})"
        hint = f"\n  {first.hint}" if first.hint else ""
        text = f"{call_text(first)}{repeated}{hint}"
        return Line(
            stamp, "fault" if first.fault else "call", text, first.http_status == 200 and not first.fault, len(entries)
        )
    if isinstance(first, Transition):
        return Line(stamp, "event", _event_text(first))
    return Line(stamp, "instance", _instance_text([one for one in entries if isinstance(one, InstanceTransition)]))


def _event_text(transition: Transition) -> str:
    event = transition.event
    if transition.from_status is not None:
        return f"{event.event_id}  {transition.from_status} -> {transition.to_status}: {transition.cause}"
    due = "" if event._not_before is None else f", NotBefore {instant_text(event._not_before)}"
    kind = "simulated " if event.simulated else ""
    return (
        f"{event.event_id}  {kind}{event.event_type} on {event._subject}: {transition.to_status}{due} "
        f"({transition.cause})"
    )


def _instance_text(steps: list[InstanceTransition]) -> str:
    way = [str(steps[0].from_status or "created"), *(str(step.to_status or "released") for step in steps)]
    return f"{steps[0].instance.instance_id}  {' -> '.join(way)}: {steps[0].cause}"


def _calls_folded(lines: Sequence[Line]) -> Iterator[Line]:
    """Each run of calls that went well as one line with their number."""
    for are_plain, run in groupby(lines, key=lambda line: line.is_plain_call):
        together = list(run)
        if are_plain and len(together) > 1:
            calls = sum(line.calls for line in together)
            yield Line(together[0].stamp, "call", f"... {calls} calls answered 200, until {together[-1].stamp}")
        else:
            yield from together
