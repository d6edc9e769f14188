"""The timeline of a test: what happened, in virtual time."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pytest_ecsevents._secrets import Secrets
from pytest_ecsevents._words import printable
from pytest_ecsevents.clock._times import Micros, elapsed_text, instant_text
from pytest_ecsevents.report._entries import INSTANCE, PUSH, QUEUE, Rank, TimelineEntry, span_text
from pytest_ecsevents.report._rounds import CALLS, LONGEST_ROUND, Round, fold_rounds
from pytest_ecsevents.report._texts import METADATA

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
class LeftOut:
    """A line about omitted lines.

    Attributes:
        at: The instant of the first one.
        kind: `call` or `sleep`; "" for a line without an instant.
        calls: How many calls it stands for.
    """

    at: Micros
    kind: str
    text: str
    rank: Rank
    calls: int = 0


@contextmanager
def paused_collector() -> Iterator[None]:
    """Pause the garbage collector: with 160,000 events, it takes more than half of the time of formatting."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def timeline_text(
    header: Header, entries: Sequence[TimelineEntry], secrets: Secrets, *, most: int | None = None
) -> str:
    """Format the timeline.

    Args:
        header: The figures of the first line.
        entries: What happened, in order.
        secrets: What is masked in URLs and bodies.
        most: The greatest number of lines; what matters least is left out first. None for all.
    """
    has_threads = len({entry.thread for entry in entries if entry.thread}) > 1
    in_a_round = LONGEST_ROUND if most is None else _MOST_IN_A_ROUND
    shown: list[Round | LeftOut] = [*fold_rounds(entries)]
    if most is not None:
        hidden = sum(entry.hides - 1 for entry in entries if entry.hides)
        shown = _shorten(shown, most, header.started_at, hidden)
    stamps = [elapsed_text(one.at - header.started_at) if one.kind else "" for one in shown]
    width = max(map(len, stamps), default=0)
    indent = "\n" + " " * (width + 13)
    texts = [
        one.text if isinstance(one, LeftOut) else _text(one, header.started_at, in_a_round, has_threads=has_threads)
        for one in shown
    ]
    texts = [
        secrets.mask_text(text) if one.kind in (PUSH, QUEUE) else text for one, text in zip(shown, texts, strict=True)
    ]
    lines = (
        f" {stamp:>{width}}  {one.kind:<9} {text}" if one.kind else f" {text}"
        for one, stamp, text in zip(shown, stamps, texts, strict=True)
    )
    return printable("\n".join([_header_text(header), *(line.replace("\n", indent) for line in lines)]))


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


def _text(one: Round, started_at: Micros, most: int, *, has_threads: bool) -> str:
    first, done = one.block[0], [entry for entry in one.block if entry.kind != "sleep"]
    who = f"[{first.thread}] " if has_threads and first.thread else ""
    return f"{who}{_round_text(one, done, started_at, most)}" if done else f"{who}{_sleeps_text(one, started_at)}"


def _round_text(one: Round, done: Sequence[TimelineEntry], started_at: Micros, most: int) -> str:
    texts = [done[0].wording(), *(_following_text(entry, done[0]) for entry in done[1:])]
    if len(texts) > most:
        more = {entry.kind for entry in done[most - 1 : -1]}
        what = " calls" if more.issubset(CALLS) else ""
        texts[most - 1 : -1] = [f"... {len(texts) - most} more{what}"]
    hints = [f"\n  {hint}" for hint in dict.fromkeys(entry.hint for entry in done) if hint]
    return ", then\n".join(texts) + _times_text(one, one.last.at - started_at) + "".join(hints)


def _following_text(entry: TimelineEntry, first: TimelineEntry) -> str:
    """The text of an entry below the first of its round, whose line has the kind and the instant."""
    if entry.kind == INSTANCE:
        later = f"{span_text(entry.at - first.at)} later " if entry.at > first.at else ""
        return f"{later}{INSTANCE} {entry.wording()}"
    return f"{entry.wording()}{', a fault' if (entry.kind, first.kind) == ('fault', 'call') else ''}"


def _sleeps_text(one: Round, started_at: Micros) -> str:
    first = one.block[0]
    many = first.sleeps
    spans = [many.shortest, many.longest] if many else [entry.until - entry.at for entry in (first, one.last)]
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


def _shorten(lines: Sequence[Round | LeftOut], most: int, started_at: Micros, hidden: int) -> list[Round | LeftOut]:
    """Shorten to `most` lines: queries are counted first, then the middle of each rank is left out, the lowest first.

    Args:
        lines: All lines, but those of events that are never shown.
        most: The greatest number of lines.
        started_at: When the clock started.
        hidden: How many lines are missing.
    """
    left = list(lines)
    ranks = {line.rank for line in left}
    for shown in _QUERIES_SHOWN if Rank.QUERY in ranks else ():
        if len(left) + hidden > most:
            left = list(_count_queries(left, shown, started_at))
    for rank in sorted(ranks):
        too_many = len(left) + hidden - most
        if too_many > 0:
            left = _drop_middle(left, rank, too_many, started_at, hidden if rank == Rank.EVENT else 0)
    return left


def _count_queries(lines: Sequence[Round | LeftOut], shown: int, started_at: Micros) -> Iterator[Round | LeftOut]:
    """Of each run of queries, show some lines at its start and end, and one line with the number of the others."""
    for rank, run in groupby(lines, key=lambda line: line.rank):
        together = list(run)
        counted = together[shown : len(together) - shown]
        if rank != Rank.QUERY or len(counted) < 2:
            yield from together
            continue
        calls, until = sum(line.calls for line in counted), elapsed_text(counted[-1].at - started_at)
        asked = any(line.kind == METADATA for line in counted)
        of_calls = f"{calls} calls, some to the metadata service" if asked else f"{calls} calls answered 200"
        what = of_calls if calls else f"{len(counted)} sleeps"
        yield from together[:shown]
        yield LeftOut(counted[0].at, "call" if calls else "sleep", f"... {what}, until {until}", rank, calls)
        yield from together[len(together) - shown :]


def _drop_middle(
    lines: Sequence[Round | LeftOut], rank: Rank, too_many: int, started_at: Micros, hidden: int
) -> list[Round | LeftOut]:
    places = [place for place, line in enumerate(lines) if line.kind and line.rank == rank]
    total = len(places) + hidden
    number = min(total, too_many + 1)
    if number < 2:
        return list(lines)
    start = (total - number) // 2
    first, *others = places[start : start + number - hidden]  # what is hidden lies in the middle
    gone, until = set(others), elapsed_text(lines[others[-1]].at - started_at)
    text = f"... up to {until}, {number} lines about {_LEFT_OUT[rank]} are left out; ecs_events.timeline() has them"
    return [
        LeftOut(line.at, "", text, rank) if place == first else line
        for place, line in enumerate(lines)
        if place not in gone
    ]
