"""A queue of due work, ordered by instant and then by arrival."""

import heapq
from collections.abc import Callable
from itertools import count
from typing import Final, Generic, TypeAlias, TypeVar

from pytest_ecsevents.clock._times import Micros

Subject = TypeVar("Subject")
Work: TypeAlias = tuple[Micros, bool, int, Callable[[Subject, Micros], None], Subject]


class DueQueue(Generic[Subject]):
    """A heap of due work; pushing, withdrawing and popping cost O(log n).

    At each instant the user's functions come last.

    Attributes:
        heap: The work. It is public so that the clock can see without a call that it is empty.
    """

    def __init__(self) -> None:
        self.heap: list[Work[Subject]] = []
        self._withdrawn: set[int] = set()
        self._numbers: Final = count(1)

    def push(
        self, at: Micros, task: Callable[[Subject, Micros], None], subject: Subject, *, is_authors: bool = False
    ) -> int:
        """Plan `task(subject, at)` for `at`. Returns a number for `withdraw`."""
        number = next(self._numbers)
        heapq.heappush(self.heap, (at, is_authors, number, task, subject))
        return number

    def put_back(self, work: Work[Subject]) -> None:
        """Plan again what `pop` returned, in its old place."""
        heapq.heappush(self.heap, work)

    def withdraw(self, number: int) -> None:
        """Forget work that has not run yet."""
        self._withdrawn.add(number)

    def due_from(self) -> Micros | None:
        """An instant before which nothing is due. It may be that of withdrawn work: reading changes nothing."""
        try:
            return self.heap[0][0]
        except IndexError:
            return None

    def is_due(self, at: Micros) -> bool:
        """Whether work may be due at an instant or before."""
        try:
            return self.heap[0][0] <= at
        except IndexError:
            return False

    def next_due(self) -> Micros | None:
        self.pop(-1)  # drops withdrawn work at the front
        return self.due_from()

    def pop(self, until: Micros, *, with_authors: bool = True) -> Work[Subject] | None:
        """Remove and return the earliest work due at `until` or before; None if there is none.

        Args:
            until: The instant.
            with_authors: Whether it may be a function of the user's. If not, there is none while one comes first.

        Returns:
            Instant, whether it is the user's, number, task and subject.
        """
        try:
            while True:
                first = self.heap[0]
                is_withdrawn = first[2] in self._withdrawn
                if not is_withdrawn and (first[0] > until or (first[1] and not with_authors)):
                    return None
                taken = heapq.heappop(self.heap)
                if taken is not first:  # a signal handler interrupted this, slept, and took it
                    heapq.heappush(self.heap, taken)
                elif is_withdrawn:
                    self._withdrawn.discard(first[2])
                else:
                    return first
        except IndexError:  # it is empty
            return None
