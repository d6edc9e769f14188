"""What falls due, in the order (instant, order of arrival)."""

import heapq
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Final, Generic, TypeAlias, TypeVar

from pytest_ecsevents.clock._times import Micros

Subject = TypeVar("Subject")
_Entry: TypeAlias = tuple[Micros, int, Callable[[Subject, Micros], None], Subject]


class DueQueue(Generic[Subject]):
    """A heap of due work; pushing, taking back and popping cost O(log n)."""

    def __init__(self) -> None:
        self._heap: list[_Entry[Subject]] = []
        self._withdrawn: set[int] = set()
        self._numbers: Final = count(1)

    def push(self, at: Micros, task: Callable[[Subject, Micros], None], subject: Subject) -> int:
        """Have `task(subject, at)` run at `at`; the number returned withdraws it."""
        number = next(self._numbers)
        heapq.heappush(self._heap, (at, number, task, subject))
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

    def pop(self, until: Micros) -> tuple[Micros, Callable[[Subject, Micros], None], Subject] | None:
        """The earliest work that is due until an instant, or None."""
        while (first := self._first()) is not None and first[0] <= until:
            if self._take(first):
                at, _, task, subject = first
                return at, task, subject
        return None

    def _first(self) -> _Entry[Subject] | None:
        heap, withdrawn = self._heap, self._withdrawn
        with suppress(IndexError):
            while (first := heap[0])[1] in withdrawn:
                self._take(first)
                withdrawn.discard(first[1])
            return heap[0]
        return None

    def _take(self, first: _Entry[Subject]) -> bool:
        """Take away what comes first, unless a handler of signals has come in between, slept, and taken it."""
        with suppress(IndexError):
            taken = heapq.heappop(self._heap)
            if taken is first:
                return True
            heapq.heappush(self._heap, taken)
        return False
