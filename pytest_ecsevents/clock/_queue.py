"""What falls due, in the order (instant, order of arrival)."""

import heapq
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Final, Generic, TypeAlias, TypeVar

from pytest_ecsevents.clock._times import Micros

Subject = TypeVar("Subject")
_Work: TypeAlias = tuple[Micros, bool, int, Callable[[Subject, Micros], None], Subject]


class DueQueue(Generic[Subject]):
    """A heap of due work; pushing, taking back and popping cost O(log n).

    At each instant the author's functions come last, when all that is due there has happened.
    """

    def __init__(self) -> None:
        self._heap: list[_Work[Subject]] = []
        self._withdrawn: set[int] = set()
        self._numbers: Final = count(1)

    def push(
        self, at: Micros, task: Callable[[Subject, Micros], None], subject: Subject, *, is_authors: bool = False
    ) -> int:
        """Have `task(subject, at)` run at `at`; the number returned withdraws it."""
        number = next(self._numbers)
        heapq.heappush(self._heap, (at, is_authors, number, task, subject))
        return number

    def withdraw(self, number: int) -> None:
        """Forget work that has not run yet."""
        self._withdrawn.add(number)

    def due_from(self) -> Micros | None:
        """An instant before which nothing is due: of work that was withdrawn too, so that reading changes nothing."""
        try:
            return self._heap[0][0]
        except IndexError:
            return None

    def next_due(self) -> Micros | None:
        """The earliest due instant, or None when nothing is due."""
        first = self._first()
        return None if first is None else first[0]

    def pop(self, until: Micros, *, with_authors: bool = True) -> _Work[Subject] | None:
        """The earliest work that is due until an instant: when, whether it is the author's, its number, task and subject.

        Args:
            until: The instant.
            with_authors: Whether a function of the author's may be it; else there is none while one comes first.
        """
        while (first := self._first()) is not None and first[0] <= until and (with_authors or not first[1]):
            if self._take(first):
                return first
        return None

    def _first(self) -> _Work[Subject] | None:
        heap, withdrawn = self._heap, self._withdrawn
        with suppress(IndexError):
            while (first := heap[0])[2] in withdrawn:
                self._take(first)
                withdrawn.discard(first[2])
            return heap[0]
        return None

    def _take(self, first: _Work[Subject]) -> bool:
        """Take away what comes first, unless a handler of signals has come in between, slept, and taken it."""
        with suppress(IndexError):
            taken = heapq.heappop(self._heap)
            if taken is first:
                return True
            heapq.heappush(self._heap, taken)
        return False
