"""The timeline of a test: what happened, in virtual time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pytest_ecsevents.clock._times import Micros, elapsed_text, instant_text
from pytest_ecsevents.report._entries import INSTANCE, Rank, TimelineEntry, span_text
from pytest_ecsevents.report._rounds import LONGEST_ROUND, Round, fold_rounds
from pytest_ecsevents.report._texts import METADATA

_CALLS: Final = ("call", "fault", METADATA)
_MOST_IN_A_ROUND: Final = 4
"""Entries of one round that are shown where the number of lines is limited."""


@dataclass(frozen=True, slots=True)
class Header:
    started_at: Micros
    now: Micros
    holder: str
    events: int
    calls: int
    faults: int
    declared_faults: int


@dataclass(frozen=True, slots=True)
class TimelineLine:
    """One line of the timeline; its text may have several.

    Attributes:
        stamp: Time since the start.
        kind: `event`, `call`, ...; "" for a line about lines that are left out.
    """

    stamp: str
    kind: str
    text: str
    rank: Rank = Rank.EVENT
    calls: int = 0


def timeline_text(header: Header, entries: Sequence[TimelineEntry], *, most: int | None = None) -> str:
    """Format the timeline.

    Args:
        header: The figures of the first line.
        entries: What happened, in order.
        most: The greatest number of lines; what matters least is left out first. None for all.
    """
    has_threads = len({entry.thread for entry in entries if entry.thread}) > 1
    in_a_round = LONGEST_ROUND if most is None else _MOST_IN_A_ROUND
    lines = [_line(one, header.started_at, in_a_round, has_threads=has_threads) for one in fold_rounds(entries)]
    if most is not None:
        lines = _shorten(lines, most)
    width = max((len(line.stamp) for line in lines), default=0)
    indent = "\n" + " " * (width + 13)
    stamped = (
        f" {line.stamp:>{width}}  {line.kind:<9} {line.text}" if line.kind else f" {line.text}" for line in lines
    )
    return "\n".join([_header_text(header), *(text.replace("\n", indent) for text in stamped)])


def _header_text(header: Header) -> str:
    elapsed = header.now - header.started_at
    end = f" = {instant_text(header.now)}" if elapsed else ""
    faults = _count(header.faults, "fault")
    if header.faults < header.declared_faults:
        faults = f"{header.faults} of {_count(header.declared_faults, 'fault')} met"
    return (
        f"clock {instant_text(header.started_at)} {elapsed_text(elapsed)}{end} ({header.holder}); "
        f"{_count(header.events, 'event')}, {_count(header.calls, 'call')}, {faults}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


# -- one line


def _line(one: Round, started_at: Micros, most: int, *, has_threads: bool) -> TimelineLine:
    first, done = one.block[0], [entry for entry in one.block if entry.kind != "sleep"]
    who = f"[{first.thread}] " if has_threads and first.thread else ""
    return TimelineLine(
        elapsed_text(first.at - started_at),
        first.kind,
        f"{who}{_round_text(one, done, started_at, most)}" if done else f"{who}{_sleeps_text(one, started_at)}",
        max(entry.rank for entry in one.block),
        sum(entry.kind in _CALLS for entry in done) * one.times,
    )


def _round_text(one: Round, done: Sequence[TimelineEntry], started_at: Micros, most: int) -> str:
    texts = [done[0].text, *(_following_text(entry, done[0]) for entry in done[1:])]
    if len(texts) > most:
        more = {entry.kind for entry in done[most - 1 : -1]}
        what = " calls" if more.issubset(_CALLS) else ""
        texts[most - 1 : -1] = [f"... {len(texts) - most} more{what}"]
    hints = [f"\n  {hint}" for hint in dict.fromkeys(entry.hint for entry in done) if hint]
    return ", then\n".join(texts) + _times_text(one, one.last.at - started_at) + "".join(hints)


def _following_text(entry: TimelineEntry, first: TimelineEntry) -> str:
    """The text of an entry below the first of its round, whose line has the kind and the instant."""
    if entry.kind == INSTANCE:
        later = f"{span_text(entry.at - first.at)} later " if entry.at > first.at else ""
        return f"{later}{INSTANCE} {entry.text}"
    return f"{entry.text}, a fault" if (entry.kind, first.kind) == ("fault", "call") else entry.text


def _sleeps_text(one: Round, started_at: Micros) -> str:
    spans = [entry.until - entry.at for entry in (one.block[0], one.last)]
    if one.times > 1 and one.least == one.most == spans[0]:
        return f"{span_text(*spans)} ({one.times} times, until {elapsed_text(one.last.until - started_at)})"
    return span_text(*spans) + _times_text(one, one.last.at - started_at)


def _times_text(one: Round, last: Micros) -> str:
    if one.times == 1:
        return ""
    if one.most == 0:
        return f" ({one.times} times)"
    return f" ({one.times} times, every {span_text(one.least, one.most)}, until {elapsed_text(last)})"


# -- fewer lines

_QUERIES_SHOWN: Final = (20, 5, 1, 0)
"""Lines of a run of queries that are shown at its start and at its end; fewer if that is too many."""

_LEFT_OUT: Final = {
    Rank.QUERY: "calls and sleeps",
    Rank.OPERATION: "calls and instances",
    Rank.EVENT: "events, faults and errors",
}


def _shorten(lines: Sequence[TimelineLine], most: int) -> list[TimelineLine]:
    """Shorten to `most` lines: queries are counted first, then the middle of each rank is left out, the lowest first."""
    left = list(lines)
    for shown in _QUERIES_SHOWN:
        if len(left) > most:
            left = list(_count_queries(lines, shown))
    for rank in Rank:
        if len(left) > most:
            left = _drop_middle(left, rank, len(left) - most)
    return left


def _count_queries(lines: Sequence[TimelineLine], shown: int) -> Iterator[TimelineLine]:
    """Of each run of queries, show some lines at its start and end, and one line with the number of the others."""
    for rank, run in groupby(lines, key=lambda line: line.rank):
        together = list(run)
        counted = together[shown : len(together) - shown]
        if rank != Rank.QUERY or len(counted) < 2:
            yield from together
            continue
        calls, until = sum(line.calls for line in counted), counted[-1].stamp
        asked = any(line.kind == METADATA for line in counted)
        of_calls = f"{calls} calls, some to the metadata service" if asked else f"{calls} calls answered 200"
        what = of_calls if calls else f"{len(counted)} sleeps"
        yield from together[:shown]
        yield TimelineLine(counted[0].stamp, "call" if calls else "sleep", f"... {what}, until {until}", rank, calls)
        yield from together[len(together) - shown :]


def _drop_middle(lines: list[TimelineLine], rank: Rank, too_many: int) -> list[TimelineLine]:
    places = [place for place, line in enumerate(lines) if line.kind and line.rank == rank]
    number = min(len(places), too_many + 1)
    if number < 2:
        return lines
    start = (len(places) - number) // 2
    first, *others = places[start : start + number]
    gone, until = set(others), lines[others[-1]].stamp
    text = f"... up to {until}, {number} lines about {_LEFT_OUT[rank]} are left out; ecs_events.timeline() has them"
    return [
        TimelineLine("", "", text) if place == first else line for place, line in enumerate(lines) if place not in gone
    ]
