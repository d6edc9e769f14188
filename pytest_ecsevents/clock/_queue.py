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

    Attributes:
        heap: The work. It is public so that the clock sees without a call that nothing is due.
    """

    def __init__(self) -> None:
        self.heap: list[_Work[Subject]] = []
        self._withdrawn: set[int] = set()
        self._numbers: Final = count(1)

    def push(
        self, at: Micros, task: Callable[[Subject, Micros], None], subject: Subject, *, is_authors: bool = False
    ) -> int:
        """Have `task(subject, at)` run at `at`; the number returned withdraws it."""
        number = next(self._numbers)
        heapq.heappush(self.heap, (at, is_authors, number, task, subject))
        return number

    def withdraw(self, number: int) -> None:
        """Forget work that has not run yet."""
        self._withdrawn.add(number)

    def due_from(self) -> Micros | None:
        """An instant before which nothing is due: of work that was withdrawn too, so that reading changes nothing."""
        try:
            return self.heap[0][0]
        except IndexError:
            return None

    def next_due(self) -> Micros | None:
        self.pop(-1)  # forgets withdrawn work that comes first
        return self.due_from()

    def pop(self, until: Micros, *, with_authors: bool = True) -> _Work[Subject] | None:
        """The earliest work that is due until an instant: when, whether it is the author's, its number, task and subject.

        Args:
            until: The instant.
            with_authors: Whether a function of the author's may be it; else there is none while one comes first.
        """
        with suppress(IndexError):
            while True:
                first = self.heap[0]
                is_withdrawn = first[2] in self._withdrawn
                if not is_withdrawn and (first[0] > until or (first[1] and not with_authors)):
                    return None
                taken = heapq.heappop(self.heap)
                if taken is not first:  # a handler of signals has come in between, slept, and taken it
                    heapq.heappush(self.heap, taken)
                elif is_withdrawn:
                    self._withdrawn.discard(first[2])
                else:
                    return first
        return None
