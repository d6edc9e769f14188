"""Folds repetitions into one line: a poller's month takes one line."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.report._entries import INSTANCE, Rank, TimelineEntry
from pytest_ecsevents.report._sleeps import is_near
from pytest_ecsevents.report._texts import METADATA

LONGEST_ROUND: Final = 64
"""Entries in one round of a handler: a call for each of fifty instances, and a sleep."""

CALLS: Final = ("call", "fault", METADATA)
"""The kinds of entries that are calls."""

_CANDIDATES: Final = 4
"""Number of sizes of a round that are tried."""

_MIXED: Final = 6
"""Rounds of calls that ask the same and end differently are folded from this number on."""

_OFTEN: Final = 3
"""Repetitions are folded from this number on."""


class Round(NamedTuple):
    """What one thread did, once or repeatedly."""

    block: Sequence[TimelineEntry]
    times: int
    # The time from one start to the next.
    least: Micros
    most: Micros
    # The first entry of the last repetition.
    last: TimelineEntry

    @property
    def at(self) -> Micros:
        return self.block[0].at

    @property
    def kind(self) -> str:
        return self.block[0].kind

    @property
    def rank(self) -> Rank:
        if len(self.block) == 1:  # of most rounds, and `max` takes several times as long
            return self.block[0].rank
        return max(entry.rank for entry in self.block)

    @property
    def calls(self) -> int:
        return sum(entry.kind in CALLS for entry in self.block) * self.times


def fold_rounds(entries: Sequence[TimelineEntry]) -> Iterator[Round]:
    """Fold the entries of each thread into rounds.

    In a stretch with one thread, entries of instances belong to its rounds if they come after the same delay each time.
    Otherwise a round ends at an entry of the cloud.
    """
    for may_be_folded, run in groupby(entries, key=lambda entry: bool(entry.thread) or entry.kind == INSTANCE):
        together = list(run)
        if not may_be_folded:
            yield from map(_single, together)
        elif len({entry.thread for entry in together if entry.thread}) < 2:
            yield from _fold_mixtures(_fold(together))
        else:
            for is_clouds, between in groupby(together, key=lambda entry: not entry.thread):
                stretch = list(between)
                yield from map(_single, stretch) if is_clouds else _fold_each_thread(stretch)


def _fold_mixtures(rounds: Iterable[Round]) -> Iterator[Round]:
    """Fold the rounds of a poller that repeats the same calls while only some of them fail."""
    pending: list[Round] = []
    asked = 0
    for one in rounds:
        requests = {entry.request for entry in one.block if entry.kind != "sleep"}
        if requests - {asked}:
            yield from _mixture(pending)
            pending, asked = [], requests.pop() if len(requests) == 1 else 0
        if asked:
            pending.append(one)
        else:
            yield one
    yield from _mixture(pending)


def _mixture(rounds: Sequence[Round]) -> Sequence[Round]:
    """One round with the number of each outcome; the rounds themselves where few failed."""
    counts: Counter[str] = Counter()
    calls: list[TimelineEntry] = []
    gaps: list[Micros] = []
    for one in rounds:
        asked = [entry for entry in one.block if entry.kind != "sleep"]
        for entry in asked:
            counts[f"{entry.wording()}{', a fault' if entry.kind == 'fault' else ''}"] += one.times
        if asked:
            within, until_last = asked[-1].at - asked[0].at, one.last.at - one.block[0].at
            gaps += [after.at - before.at for before, after in pairwise([*calls[-1:], *asked])]
            gaps += [one.least - within, one.most - within] if one.times > 1 else []
            calls += [*asked, asked[-1]._replace(at=asked[-1].at + until_last)]
    failing = sum(any(entry.kind == "fault" for entry in one.block) for one in rounds)
    if failing < _OFTEN or len(counts) < 2 or sum(one.kind != "sleep" for one in rounds) < _MIXED:
        return rounds
    request = calls[0].wording().partition(" -> ")[0]
    outcomes = (f"{text.partition(' -> ')[2]} {number} times" for text, number in counts.most_common())
    entry = calls[0]._replace(kind="call", text=f"{request} -> {'; '.join(outcomes)}", hint="", rank=Rank.EVENT)
    return [Round([entry], counts.total(), min(gaps), max(gaps), calls[-1])]


def _single(entry: TimelineEntry) -> Round:
    many = entry.sleeps
    if many is not None:
        last = entry._replace(at=many.last.at_micros, until=many.last.until)
        return Round([entry], many.times, many.least, many.most, last)
    return Round([entry], 1, 0, 0, entry)


def _fold_each_thread(run: Sequence[TimelineEntry]) -> Iterable[Round]:
    """Fold each thread separately; rounds come in order of their starts."""
    streams: dict[str, list[TimelineEntry]] = {}
    for entry in run:
        streams.setdefault(entry.thread, []).append(entry)
    found = [one for stream in streams.values() for one in _fold_mixtures(_fold(stream))]
    return found if len(streams) == 1 else sorted(found, key=lambda one: (one.block[0].at, one.block[0].thread))


def _fold(stream: Sequence[TimelineEntry]) -> Iterator[Round]:
    following = _next_alike(stream)
    place = 0
    while place < len(stream):
        best, taken = _single(stream[place]), 1
        for size in _candidate_sizes(stream[place], place, following):
            found, takes = _try_size(stream, place, size)
            if takes > taken:
                best, taken = found, takes
            if place + taken == len(stream):
                break
        yield best
        place += taken


def _next_alike(stream: Sequence[TimelineEntry]) -> list[int]:
    """For each entry, the place of the next one with its key; 0 for none."""
    following, seen = [0] * len(stream), dict[int, int]()
    for place in range(len(stream) - 1, -1, -1):
        key = stream[place].key
        following[place], seen[key] = seen.get(key, 0), place
    return following


def _candidate_sizes(first: TimelineEntry, place: int, following: Sequence[int]) -> Iterator[int]:
    """Possible sizes of a round, the shortest first: its first entry comes again after that many entries.

    A round begins with an entry of a thread, not with its consequence.
    """
    again = place
    for _ in range(_CANDIDATES if first.thread and not first.sleeps else 0):
        again = following[again]
        size = again - place
        if not 0 < size <= (1 if first.kind == "sleep" else LONGEST_ROUND):
            return
        yield size


def _try_size(stream: Sequence[TimelineEntry], place: int, size: int) -> tuple[Round, int]:
    """The round of that size, and the number of entries that it folds; 0 if it is repeated too seldom."""
    block, starts = stream[place : place + size], [stream[place]]
    while _repeats_at(stream, place + size * len(starts), block, starts):
        starts.append(stream[place + size * len(starts)])
    taken = size * len(starts)
    # The last round may end before its sleep.
    awake = block[: max((number for number, entry in enumerate(block, 1) if entry.kind != "sleep"), default=0)]
    if _repeats_at(stream, place + taken, awake, starts):
        starts.append(stream[place + taken])
        taken += len(awake)
    gaps = [after.at - before.at for before, after in pairwise(starts)]
    is_enough = len(starts) >= _OFTEN or (size == 1 and gaps == [0])
    return Round(block, len(starts), min(gaps, default=0), max(gaps, default=0), starts[-1]), taken * is_enough


def _repeats_at(
    stream: Sequence[TimelineEntry], place: int, block: Sequence[TimelineEntry], starts: Sequence[TimelineEntry]
) -> bool:
    """Whether the block is repeated there, at the same distance as before."""
    if not block or place + len(block) > len(stream):
        return False
    if not all(_is_alike(stream[place + number], entry) for number, entry in enumerate(block)):
        return False
    offset = stream[place].at - starts[0].at
    if any(
        entry.kind == INSTANCE and stream[place + number].at - entry.at != offset for number, entry in enumerate(block)
    ):
        return False
    gap = stream[place].at - starts[-1].at
    if len(starts) == 1:
        return gap >= 0
    first = starts[1].at - starts[0].at
    is_even = len(starts) == 2 or starts[2].at - starts[1].at == first
    if gap == first and is_even:
        return True
    may_be_uneven = (len(starts) == 2 or not is_even) and all(entry.rank == Rank.QUERY for entry in block)
    return may_be_uneven and is_near(gap, first)


def _is_alike(one: TimelineEntry, other: TimelineEntry) -> bool:
    return one.key == other.key and (one.kind != "sleep" or is_near(one.until - one.at, other.until - other.at))
