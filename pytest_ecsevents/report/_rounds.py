"""What is done again and again, told once: a poller's month is one line."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice, pairwise
from typing import Final

from pytest_ecsevents.clock import Micros
from pytest_ecsevents.report._moments import INSTANCE, Moment, Rank

LONGEST_ROUND: Final = 64
"""Moments in one round of a handler: a call for each of fifty instances, and a sleep."""

_CANDIDATES: Final = 4
"""How many sizes of a round are tried."""

_OFTEN: Final = 3
"""How often something must come again to be told once."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one thread did again and again, or once.

    Attributes:
        block: What it did each time.
        times: How often.
        least: From one start to the next, at the least.
        most: The same, at the most.
        last: What the last time began with.
    """

    block: Sequence[Moment]
    times: int
    least: Micros
    most: Micros
    last: Moment


def rounds(moments: Sequence[Moment]) -> Iterator[Round]:
    """The moments, those of each thread folded into rounds.

    What instances do belongs to the rounds of the only thread of a stretch, if it comes as long after their start each time;
    else none goes on over what the cloud does.
    """
    for may_be_folded, run in groupby(moments, key=lambda moment: bool(moment.thread) or moment.kind == INSTANCE):
        together = list(run)
        if not may_be_folded:
            yield from map(_once, together)
        elif len({moment.thread for moment in together if moment.thread}) < 2:
            yield from _folded(together)
        else:
            yield from _apart(together)


def _apart(run: Sequence[Moment]) -> Iterator[Round]:
    for is_clouds, moments in groupby(run, key=lambda moment: not moment.thread):
        together = list(moments)
        yield from map(_once, together) if is_clouds else _side_by_side(together)


def _once(moment: Moment) -> Round:
    return Round([moment], 1, 0, 0, moment)


def _side_by_side(run: Sequence[Moment]) -> Iterable[Round]:
    """Rounds of each thread for itself, in order of their starts."""
    streams: dict[str, list[Moment]] = {}
    for moment in run:
        streams.setdefault(moment.thread, []).append(moment)
    found = [one for stream in streams.values() for one in _folded(stream)]
    return found if len(streams) == 1 else sorted(found, key=lambda one: (one.block[0].at, one.block[0].thread))


def _folded(stream: Sequence[Moment]) -> Iterator[Round]:
    place = 0
    while place < len(stream):
        best, taken = _once(stream[place]), 1
        for size in _sizes(stream, place):
            found, takes = _tried(stream, place, size)
            if takes > taken:
                best, taken = found, takes
            if place + taken == len(stream):
                break
        yield best
        place += taken


def _sizes(stream: Sequence[Moment], place: int) -> Iterator[int]:
    """How long a round from here may be, the shortest first: to wherever its first moment comes again.

    It begins with what the thread does, not with what comes of it.
    """
    first = stream[place]
    if not first.thread:
        return
    ahead = stream[place + 1 : place + 1 + LONGEST_ROUND]
    again = (size for size, moment in enumerate(ahead, start=1) if _is_alike(moment, first))
    yield from (size for size in islice(again, _CANDIDATES) if size == 1 or first.kind != "sleep")


def _tried(stream: Sequence[Moment], place: int, size: int) -> tuple[Round, int]:
    """The round of that size from here, and how many moments it takes; none when it comes too seldom."""
    block, starts = stream[place : place + size], [stream[place]]
    while _comes_again(stream, place + size * len(starts), block, starts):
        starts.append(stream[place + size * len(starts)])
    taken, awake = size * len(starts), _without_last_sleeps(block)
    if _comes_again(stream, place + taken, awake, starts):
        starts.append(stream[place + taken])
        taken += len(awake)
    gaps = [after.at - before.at for before, after in pairwise(starts)]
    is_enough = len(starts) >= _OFTEN or (size == 1 and gaps == [0])
    return Round(block, len(starts), min(gaps, default=0), max(gaps, default=0), starts[-1]), taken * is_enough


def _without_last_sleeps(block: Sequence[Moment]) -> Sequence[Moment]:
    """What is left of a round that ended before it slept; nothing of one that is a sleep alone."""
    size = len(block)
    while size and block[size - 1].kind == "sleep":
        size -= 1
    return block[:size]


def _comes_again(stream: Sequence[Moment], place: int, block: Sequence[Moment], starts: Sequence[Moment]) -> bool:
    """Whether the block stands there once more, as far from the last time as that from the time before."""
    if not block or place + len(block) > len(stream):
        return False
    if not all(_is_alike(stream[place + number], moment) for number, moment in enumerate(block)):
        return False
    offset = stream[place].at - starts[0].at
    if any(
        moment.kind == INSTANCE and stream[place + number].at - moment.at != offset
        for number, moment in enumerate(block)
    ):
        return False
    gap = stream[place].at - starts[-1].at
    if len(starts) == 1:
        return gap >= 0
    first = starts[1].at - starts[0].at
    is_even = len(starts) == 2 or starts[2].at - starts[1].at == first
    if gap == first and is_even:
        return True
    may_be_uneven = (len(starts) == 2 or not is_even) and all(moment.rank == Rank.LOOK for moment in block)
    return may_be_uneven and _is_near(gap, first)


def _is_alike(one: Moment, other: Moment) -> bool:
    return one.key == other.key and (one.kind != "sleep" or _is_near(one.until - one.at, other.until - other.at))


def _is_near(one: Micros, other: Micros) -> bool:
    """Whether two spans are about the same, as those of a poller are that sleeps a bit more or less each time."""
    return one * 2 <= other * 3 and other * 2 <= one * 3
