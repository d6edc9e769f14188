"""Sleeps of the test's threads: stored compactly, and counted as they come, so that the report of a long test is quick."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from threading import Thread, current_thread
from typing import Final, NamedTuple

from pytest_ecsevents.clock._times import Micros

_MOST_STRETCHES: Final = 20
"""Parts that many sleeps are shown in, as long as their lengths change seldom."""

_BLOCK: Final = 512
"""Runs that are counted together."""


class Sleep(NamedTuple):
    at_micros: Micros
    until: Micros
    thread: str


class Figures(NamedTuple):
    """Of some sleeps: their number, the time from one start to the next, and how long they took."""

    times: int
    least: Micros
    most: Micros
    shortest: Micros
    longest: Micros


_NO_GAP: Final = (2**62, -1)
"""`least` and `most` of a single sleep."""


def _together(figures: Iterable[Figures]) -> Figures:
    times, least, most, shortest, longest = zip(*figures, strict=True)
    return Figures(sum(times), min(least), max(most), min(shortest), max(longest))


class Position(NamedTuple):
    """A place between sleeps: that of one before which it stands."""

    run: int
    number: int


class SleepStream:
    """The sleeps of threads of one name, in order of their starts: runs of equal length and distance, in columns.

    Attributes:
        thread: The name.
        is_ordered: Whether each sleep was added after all that started before it.
        span: The length of the latest sleep.
    """

    def __init__(self, thread: str) -> None:
        self.thread: Final = thread
        self.is_ordered = True
        self._firsts: Final = array("q")
        self._spans: Final = array("q")
        self._strides: Final = array("q")
        self._times: Final = array("q")
        self._gaps: Final = array("q")  # from the start of the sleep before each run
        self._blocks: Final[list[Figures]] = []
        # The latest run.
        self.span: Micros = -1
        self._start: Micros = 0
        self._stride: Micros = 1
        self._count = 1

    def __len__(self) -> int:
        """The number of runs."""
        return len(self._firsts)

    def continues(self, start: Micros) -> bool:
        """Count a sleep as long as those of the latest run, if it continues that. Returns whether it does."""
        if start != self._start + self._stride:
            if self._count > 1 or start <= self._start:
                return False
            self._stride = self._strides[-1] = start - self._start
        self._start = start
        self._count += 1
        self._times[-1] = self._count
        return True

    def begin(self, start: Micros, span: Micros) -> None:
        """Begin a run."""
        gap = 0
        if self._firsts:
            gap = start - self._start
            if gap <= 0:
                self.is_ordered = False
            if not len(self) % _BLOCK:
                self._blocks.append(self._counted(len(self) - _BLOCK, len(self)))
        self.span, self._start, self._stride, self._count = span, start, 1, 1
        self._spans.append(span)
        self._strides.append(1)
        self._times.append(1)
        self._gaps.append(gap)
        self._firsts.append(start)  # last: another thread may be reading

    def _at(self, position: Position) -> Micros:
        return self._firsts[position.run] + self._strides[position.run] * position.number

    def start_at(self, position: Position) -> Micros | None:
        """The start of the sleep after a position; None at the end."""
        return self._at(position) if position.run < len(self) else None

    @property
    def end(self) -> Position:
        return Position(len(self), 0)

    def before(self, at: Micros) -> Position:
        """The position after all sleeps that start before an instant."""
        run = bisect_left(self._firsts, at) - 1
        if run < 0:
            return Position(0, 0)
        number = -((self._firsts[run] - at) // self._strides[run])
        return Position(run, number) if number < self._times[run] else Position(run + 1, 0)

    def sleep_at(self, position: Position) -> Sleep:
        at = self._at(position)
        return Sleep(at, at + self._spans[position.run], self.thread)

    def sleep_before(self, position: Position) -> Sleep:
        run, number = position
        return self.sleep_at(Position(run, number - 1) if number else Position(run - 1, self._times[run - 1] - 1))

    def sleeps(self, start: Position, end: Position) -> Iterator[Sleep]:
        for run in range(start.run, end.run + (end.number > 0)):
            first = start.number if run == start.run else 0
            stop = end.number if run == end.run else self._times[run]
            for number in range(first, stop):
                yield self.sleep_at(Position(run, number))

    def count(self, start: Position, end: Position) -> int:
        return sum(self._times[start.run : end.run]) - start.number + end.number

    # -- figures of many sleeps

    def figures(self, start: Position, end: Position) -> Figures:
        """The figures of the sleeps between two positions, at least one."""
        return _together(figures for _, figures in self._pieces(start, end))

    def _pieces(self, start: Position, end: Position) -> Iterator[tuple[int, Figures]]:
        """Yield the figures of the sleeps between two positions in pieces, each with the number of its first run."""
        run, stop = start.run, self._times[start.run] if start.run < end.run else end.number
        yield run, self._of_run(run, start.number, stop, _NO_GAP)
        run += 1
        while run < end.run:
            # The last block may be complete, but not counted yet.
            if run % _BLOCK == 0 and run + _BLOCK <= end.run and run // _BLOCK < len(self._blocks):
                yield run, self._blocks[run // _BLOCK]
                run += _BLOCK
            else:
                stop = min(end.run, run - run % _BLOCK + _BLOCK)
                yield run, self._counted(run, stop)
                run = stop
        if start.run < end.run and end.number:
            yield end.run, self._of_run(end.run, 0, end.number, (self._gaps[end.run], self._gaps[end.run]))

    def _of_run(self, run: int, first: int, stop: int, gap: tuple[Micros, Micros]) -> Figures:
        """The figures of a part of one run; `gap` is the least and the most before it."""
        span, (least, most) = self._spans[run], gap
        if stop - first > 1:
            least, most = min(least, self._strides[run]), max(most, self._strides[run])
        return Figures(stop - first, least, most, span, span)

    def _counted(self, start: int, stop: int) -> Figures:
        """The figures of whole runs, with the gap before each."""
        times, spans, gaps = self._times[start:stop], self._spans[start:stop], self._gaps[start:stop]
        number = sum(times)
        if number > stop - start:
            strides = zip(self._strides[start:stop], times, strict=True)
            gaps.extend(stride for stride, many in strides if many > 1)
        return Figures(number, min(gaps), max(gaps), min(spans), max(spans))

    def stretches(self, start: Position, end: Position) -> list[tuple[Position, Position]]:
        """Split the sleeps where their length changes much; if it does so too often, leave them together."""
        starts = [start]
        while (run := self._changes_at(starts[-1], end)) is not None:
            starts.append(Position(run, 0))
            if len(starts) > _MOST_STRETCHES:
                return [(start, end)]
        return list(zip(starts, [*starts[1:], end], strict=True))

    def _changes_at(self, start: Position, end: Position) -> int | None:
        """The first run whose sleeps are not about as long as the one at `start`."""
        span = self._spans[start.run]
        for run, figures in self._pieces(start, end):
            if not (is_near(figures.shortest, span) and is_near(figures.longest, span)):
                return next(one for one in range(run, len(self)) if not is_near(self._spans[one], span))
        return None


class SleepLog:
    """Every sleep of the test's threads; equal ones take no more memory than one.

    Each thread adds to a stream of its own, so no lock is needed.
    """

    def __init__(self) -> None:
        self._streams: Final[list[SleepStream]] = []
        self._latest: Final[dict[Thread, SleepStream]] = {}

    def add(self, start: Micros, end: Micros) -> None:
        """Record a sleep of the calling thread; a sleep of no length is ignored."""
        thread, span = current_thread(), end - start
        stream = self._latest.get(thread)
        if stream is not None and stream.span == span and stream.continues(start):
            return
        if span <= 0:
            return
        if stream is None or stream.thread != thread.name:
            self._latest[thread] = stream = SleepStream(thread.name)
            self._streams.append(stream)
        stream.begin(start, span)

    def streams(self) -> list[SleepStream]:
        """Every sleep, by the names of threads."""
        by_name: dict[str, list[SleepStream]] = {}
        for stream in self._streams:
            by_name.setdefault(stream.thread, []).append(stream)
        return [one[0] if len(one) == 1 and one[0].is_ordered else _merged(one) for one in by_name.values()]


def _merged(streams: Iterable[SleepStream]) -> SleepStream:
    """One stream for several threads of the same name, or for tasks of one that sleep at a time."""
    sleeps = sorted(sleep for stream in streams for sleep in stream.sleeps(Position(0, 0), stream.end))
    merged = SleepStream(sleeps[0].thread)
    for sleep in sleeps:
        span = sleep.until - sleep.at_micros
        if span != merged.span or not merged.continues(sleep.at_micros):
            merged.begin(sleep.at_micros, span)
    return merged


def is_near(one: Micros, other: Micros) -> bool:
    """Whether two spans differ by no more than half, as those of a poller with jitter do."""
    return one * 2 <= other * 3 and other * 2 <= one * 3


# -- while entries are made


class SleepPart(NamedTuple):
    """Sleeps of one stream with nothing else in between: at least one."""

    stream: SleepStream
    start: Position
    end: Position

    @property
    def first(self) -> Sleep:
        return self.stream.sleep_at(self.start)

    @property
    def last(self) -> Sleep:
        return self.stream.sleep_before(self.end)

    @property
    def sleeps(self) -> Iterator[Sleep]:
        return self.stream.sleeps(self.start, self.end)

    @property
    def times(self) -> int:
        return self.stream.count(self.start, self.end)

    def stretches(self) -> "Iterator[SleepPart]":
        """Yield its parts of sleeps of about the same length."""
        for start, end in self.stream.stretches(self.start, self.end):
            yield SleepPart(self.stream, start, end)


class SleepCursor:
    """Hands out sleeps in order of their starts, piece by piece.

    Attributes:
        next_at: The start of the next one; None if no sleep is left.
    """

    def __init__(self, streams: Iterable[SleepStream]) -> None:
        self._left: list[tuple[SleepStream, Position]] = [(stream, Position(0, 0)) for stream in streams]
        self.next_at: Micros | None = None
        self._find_next()

    def _find_next(self) -> None:
        starts = [stream.start_at(position) for stream, position in self._left]
        self.next_at = min((start for start in starts if start is not None), default=None)

    def has_before(self, at: Micros) -> bool:
        """Whether one of the sleeps left starts before `at`."""
        return self.next_at is not None and self.next_at < at

    def take(self, before: Micros | None = None) -> list[SleepPart]:
        """Return the sleeps left that start before an instant; None for all. They come in order of their first sleeps."""
        parts = []
        for place, (stream, start) in enumerate(self._left):
            end = stream.end if before is None else max(start, stream.before(before))
            self._left[place] = stream, end
            if end > start:
                parts.append(SleepPart(stream, start, end))
        self._find_next()
        return sorted(parts, key=lambda part: part.first)
