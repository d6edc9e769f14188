"""What falls due, in the order (instant, order of arrival)."""

import heapq
from collections.abc import Callable
from typing import Generic, TypeVar

from pytest_ecsevents.clock._times import Micros

Subject = TypeVar("Subject")


class DueQueue(Generic[Subject]):
    """A heap of due work; pushing, taking back and popping cost O(log n).

    At each instant the author's functions come last, when all that is due there has happened.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[Micros, bool, int, Callable[[Subject, Micros], None], Subject]] = []
        self._withdrawn: set[int] = set()
        self._arrived = 0

    def push(
        self, at: Micros, task: Callable[[Subject, Micros], None], subject: Subject, *, is_authors: bool = False
    ) -> int:
        """Have `task(subject, at)` run at `at`; the number returned withdraws it."""
        self._arrived += 1
        heapq.heappush(self._heap, (at, is_authors, self._arrived, task, subject))
        return self._arrived

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
        heap, withdrawn = self._heap, self._withdrawn
        while heap and heap[0][2] in withdrawn:
            withdrawn.remove(heapq.heappop(heap)[2])
        return heap[0][0] if heap else None

    @property
    def is_next_authors(self) -> bool:
        """Whether the work that `next_due` announced is a function of the author's."""
        return self._heap[0][1]

    def pop(self) -> tuple[Micros, Callable[[Subject, Micros], None], Subject]:
        """The work that `next_due` announced."""
        at, _, _, task, subject = heapq.heappop(self._heap)
        return at, task, subject
