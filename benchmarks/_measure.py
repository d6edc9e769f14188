"""Timing two sides in turn, and the row that comes of it."""

import time
from contextlib import nullcontext
from dataclasses import dataclass
from statistics import median, quantiles


@dataclass
class Row:
    """One line of the table.

    `value` is what must not pass `most`; where it is known only up to `noise`, what lies nearer to the limit than that
    is neither within nor over it.
    """

    what: str
    ours: str
    other: str
    ratio: str
    limit: str = ""
    value: float = 0.0
    most: float | None = None
    noise: float = 0.0

    @property
    def is_over(self):
        return self.most is not None and self.value - self.noise > self.most

    @property
    def verdict(self):
        if self.most is None:
            return ""
        if self.is_over:
            return "OVER"
        return "ok" if self.value + self.noise <= self.most else "unclear"


def ratio_row(what, ours, other, *, ratio=None, most=None):
    """A row of two durations in seconds; their ratio, unless a better estimate of it is at hand."""
    value = ours / other if ratio is None else ratio
    limit = "" if most is None else f"<= {most:.2f}"
    shown = f"{value:.2f}" if value >= 0.1 else f"{value:.4f}"
    return Row(what, duration(ours), duration(other), shown, limit, value, most)


def duration_row(what, seconds, *, most=None):
    """A row of one duration: what another revision takes stands beside it."""
    limit = "" if most is None else f"<= {duration(most)}"
    return Row(what, duration(seconds), "", duration(seconds), limit, seconds, most)


def added_row(what, pairs, *, most):
    """A row of what ours takes more: the median of the differences of pairs measured together, in seconds.

    How far it may be off is told by the spread of the pairs.
    """
    ours, other = (median(column) for column in zip(*pairs, strict=True))
    lower, added, upper = quantiles([one - two for one, two in pairs], n=4)
    noise = 1.57 * (upper - lower) / len(pairs) ** 0.5
    unit, per_second = ("us", 1e6) if most < 1e-3 else ("ms", 1e3)
    shown = f"{added * per_second:+.1f}±{noise * per_second:.1f} {unit}"
    return Row(what, duration(ours), duration(other), shown, f"<= +{duration(most)}", added, most, noise)


def duration(seconds):
    return f"{seconds * 1e6:.1f} us" if abs(seconds) < 1e-3 else f"{seconds * 1e3:.2f} ms"


# The real clock as a default argument: freezegun replaces the attributes of modules, and cannot see this one.
def real_clock():
    return time.clock_gettime(time.CLOCK_MONOTONIC)  # perf_counter is virtual in a test, even as a default argument


def processor_clock():
    """What this process has computed: for what never waits, however busy the machine is."""
    return time.clock_gettime(time.CLOCK_PROCESS_CPUTIME_ID)


def timed(function, count=1, *, clock=real_clock):
    """Seconds for one call, over `count` of them."""
    start = clock()
    for _ in range(count):
        function()
    return (clock() - start) / count


def in_turn(ours, other, *, rounds, around_ours=nullcontext, around_other=nullcontext, block=0.03):
    """The median seconds a call takes on either side, and the median over the rounds of the ratio of the two.

    Each round is one short block of either side, so that a machine that slows down for a while slows both; the order
    changes every round. A block runs inside what `around_...()` returns, whose entering and leaving is not counted.
    """
    sides = ((ours, around_ours), (other, around_other))
    counts = [_count(*side, block) for side in sides]
    taken = []
    for number in range(rounds):
        figures = {}
        for place in (0, 1) if number % 2 else (1, 0):
            function, around = sides[place]
            with around():
                figures[place] = timed(function, counts[place])
        taken.append((figures[0], figures[1]))
    first, second = zip(*taken, strict=True)
    return median(first), median(second), median(one / two for one, two in taken)


def _count(function, around, block):
    """How many calls fill a block."""
    with around():
        timed(function, 3)
        return max(1, round(block / timed(function, 3)))
