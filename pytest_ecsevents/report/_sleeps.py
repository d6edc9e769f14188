"""Sleeps of the test's threads, stored compactly."""

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread, current_thread
from typing import Final, NamedTuple

from pytest_ecsevents.clock._times import Micros


class Sleep(NamedTuple):
    at_micros: Micros
    until: Micros
    thread: str


@dataclass(slots=True)
class SleepRun:
    """Sleeps of one thread with equal length and equal distance."""

    thread: str
    first: Micros
    span: Micros
    stride: Micros = 0
    times: int = 1

    def takes(self, start: Micros) -> bool:
        """Count a sleep that starts at `start`, if it continues the run. Returns whether it does."""
        if self.times == 1:
            self.stride = start - self.first
        elif start != self.first + self.stride * self.times:
            return False
        self.times += 1
        return True

    def __iter__(self) -> Iterator[Sleep]:
        for number in range(self.times):
            start = self.first + self.stride * number
            yield Sleep(start, start + self.span, self.thread)


class SleepLog:
    """Every sleep of the test's threads; equal ones take no more memory than one.

    Each thread adds to runs of its own, so no lock is needed.
    """

    def __init__(self) -> None:
        self._runs: Final[list[SleepRun]] = []
        self._latest: Final[dict[Thread, SleepRun]] = {}

    def add(self, start: Micros, end: Micros) -> None:
        """Record a sleep of the calling thread; a sleep of no length is ignored."""
        thread, span = current_thread(), end - start
        run = self._latest.get(thread)
        if run is not None and run.span == span and run.takes(start):
            return
        if span > 0:
            self._latest[thread] = run = SleepRun(thread.name, start, span)
            self._runs.append(run)

    def in_order(self) -> list[Sleep]:
        return sorted(sleep for run in self._runs for sleep in run)
