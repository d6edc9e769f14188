"""The story of a test: what happened, in virtual time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pytest_ecsevents.clock import Micros, elapsed_text, instant_text
from pytest_ecsevents.report._moments import INSTANCE, Moment, Rank, span_text
from pytest_ecsevents.report._rounds import LONGEST_ROUND, Round, rounds
from pytest_ecsevents.report._texts import METADATA

_CALLS: Final = ("call", "fault", METADATA)
_MOST_IN_A_ROUND: Final = 4
"""How much of one round is shown, where lines are counted."""


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
    """One line, which may go on over several.

    Attributes:
        stamp: When, counted from the start.
        kind: `event`, `call`, ...; "" for a line about lines that are left out.
        text: What.
        rank: What goes first when there are too many.
        calls: How many calls it tells of.
    """

    stamp: str
    kind: str
    text: str
    rank: Rank = Rank.NEWS
    calls: int = 0


def timeline_text(header: Header, moments: Sequence[Moment], *, most: int | None = None) -> str:
    """The timeline.

    Args:
        header: What the first line says.
        moments: What happened, in order.
        most: How many lines there may be; what matters least is left out first. None for all.
    """
    has_threads = len({moment.thread for moment in moments if moment.thread}) > 1
    in_a_round = LONGEST_ROUND if most is None else _MOST_IN_A_ROUND
    lines = [_line(one, header.started_at, in_a_round, has_threads=has_threads) for one in rounds(moments)]
    if most is not None:
        lines = _shortened(lines, most)
    width = max((len(line.stamp) for line in lines), default=0)
    indent = "\n" + " " * (width + 13)
    return "\n".join([_header_text(header), *(_line_text(line, width).replace("\n", indent) for line in lines)])


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


def _line_text(line: Line, width: int) -> str:
    return f" {line.stamp:>{width}}  {line.kind:<9} {line.text}" if line.kind else f" {line.text}"


# -- one line


def _line(one: Round, started_at: Micros, most: int, *, has_threads: bool) -> Line:
    first, done = one.block[0], [moment for moment in one.block if moment.kind != "sleep"]
    who = f"[{first.thread}] " if has_threads and first.thread else ""
    return Line(
        elapsed_text(first.at - started_at),
        first.kind,
        f"{who}{_round_text(one, done, started_at, most)}" if done else f"{who}{_sleeps_text(one, started_at)}",
        max(moment.rank for moment in one.block),
        sum(moment.kind in _CALLS for moment in done) * one.times,
    )


def _round_text(one: Round, done: Sequence[Moment], started_at: Micros, most: int) -> str:
    texts = [done[0].text, *(_beside(moment, done[0]) for moment in done[1:])]
    if len(texts) > most:
        more = {moment.kind for moment in done[most - 1 : -1]}
        what = " calls" if more.issubset(_CALLS) else ""
        texts[most - 1 : -1] = [f"... {len(texts) - most} more{what}"]
    hints = [f"\n  {hint}" for hint in dict.fromkeys(moment.hint for moment in done) if hint]
    return ", then\n".join(texts) + _times_text(one, one.last.at - started_at) + "".join(hints)


def _beside(moment: Moment, first: Moment) -> str:
    """A moment's text below the first of its round, whose kind and instant its line tells."""
    if moment.kind == INSTANCE:
        later = f"{span_text(moment.at - first.at)} later " if moment.at > first.at else ""
        return f"{later}{INSTANCE} {moment.text}"
    return f"{moment.text}, a fault" if (moment.kind, first.kind) == ("fault", "call") else moment.text


def _sleeps_text(one: Round, started_at: Micros) -> str:
    spans = [moment.until - moment.at for moment in (one.block[0], one.last)]
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

_LOOKS_SHOWN: Final = (20, 5, 1, 0)
"""How many lines of a run of looks are shown at its start and at its end; fewer if that is too many."""

_LEFT_OUT: Final = {
    Rank.LOOK: "calls and sleeps",
    Rank.DEED: "calls and instances",
    Rank.NEWS: "events, faults and errors",
}


def _shortened(lines: Sequence[Line], most: int) -> list[Line]:
    """So many lines: looks are counted first, then the middle is left out of what matters least, and so on."""
    left = list(lines)
    for shown in _LOOKS_SHOWN:
        if len(left) > most:
            left = list(_looks_counted(lines, shown))
    for rank in Rank:
        if len(left) > most:
            left = _without_middle(left, rank, len(left) - most)
    return left


def _looks_counted(lines: Sequence[Line], shown: int) -> Iterator[Line]:
    """Of each run of looks, so many lines at its start and at its end, and the others as one line with their number."""
    for rank, run in groupby(lines, key=lambda line: line.rank):
        together = list(run)
        counted = together[shown : len(together) - shown]
        if rank != Rank.LOOK or len(counted) < 2:
            yield from together
            continue
        calls, until = sum(line.calls for line in counted), counted[-1].stamp
        asked = any(line.kind == METADATA for line in counted)
        of_calls = f"{calls} calls, some to the metadata service" if asked else f"{calls} calls answered 200"
        what = of_calls if calls else f"{len(counted)} sleeps"
        yield from together[:shown]
        yield Line(counted[0].stamp, "call" if calls else "sleep", f"... {what}, until {until}", rank, calls)
        yield from together[len(together) - shown :]


def _without_middle(lines: list[Line], rank: Rank, too_many: int) -> list[Line]:
    places = [place for place, line in enumerate(lines) if line.kind and line.rank == rank]
    number = min(len(places), too_many + 1)
    if number < 2:
        return lines
    start = (len(places) - number) // 2
    first, *others = places[start : start + number]
    gone, until = set(others), lines[others[-1]].stamp
    text = f"... up to {until}, {number} lines about {_LEFT_OUT[rank]} are left out; ecs_events.timeline() has them"
    return [Line("", "", text) if place == first else line for place, line in enumerate(lines) if place not in gone]
