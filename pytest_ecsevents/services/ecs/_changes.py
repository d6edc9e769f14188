"""Operations on the cloud: one at a time, and every change that they make is passed to observers."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from pytest_ecsevents._errors import EcsEventsError, StandingClockError, hidden_in_reports
from pytest_ecsevents._frames import is_timeout
from pytest_ecsevents.clock._brief_waits import CausedCalls
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.services.ecs._model import Observed

__tracebackhide__ = hidden_in_reports


class Changes:
    """Holds the clock's lock for an operation, and calls observers with its changes when it is over.

    Receivers run without the lock, so that they may call the cloud, and one thread at a time calls them, so that they
    get changes in order. A receiver is not called again before it has returned.

    Attributes:
        observers: Ours: they call no function of the user's.
        receivers: The user's. They are called when the observers were.
    """

    def __init__(self, clock: Clock) -> None:
        self.observers: Final[list[Callable[[Observed], None]]] = []
        self.receivers: Final[list[Callable[[Observed], None]]] = []
        self._clock: Final = clock
        self._pending: Final[deque[Observed]] = deque()
        self.add: Final = self._pending.append
        self._operating: int | None = None  # the thread in an operation
        self._now: Micros = 0  # the instant of that operation
        self._untold: Final[deque[Observed]] = deque()
        self._caused: Final = CausedCalls()
        self._observing, self._telling = threading.Lock(), threading.Lock()
        clock.after_step = self.deliver

    @contextmanager
    def changing(self) -> Iterator[Micros]:
        """Run one operation at the instant yielded, with the lock held; observers are called after it."""
        if self._operating == threading.get_ident():  # inside another operation, at whose end observers are called
            yield self._now
            now = self._now
        else:
            if self._clock.still_at is not None:
                self.check_entered()
            if self._clock.queue.heap:
                self._clock.settled()
            try:
                with self._clock.lock:
                    outer = self._operating, self._now
                    self._operating, self._now = threading.get_ident(), self._clock.now()
                    now = self._now
                    try:
                        yield now
                    finally:
                        self._operating, self._now = outer
            finally:
                self.deliver(leaves=True)
        if self._clock.queue.is_due(now):
            self._clock.settled()  # the operation, or an observer, has planned it for this instant

    def settled(self) -> Micros:
        """Run what is due, and return the instant.

        Raises:
            EcsEventsError: The cloud has not been entered, or has been left.
        """
        if self._clock.still_at is not None:
            self.check_entered()
        return self._clock.settled()

    def check_entered(self) -> None:
        """Refuse to work on a clock that stands still.

        Raises:
            EcsEventsError: The cloud has not been entered, or has been left.
        """
        if self._clock.is_still:
            raise EcsEventsError(
                "EcsEvents works only inside its with block: outside it, clock and network are the real ones. Write "
                "`with EcsEvents(...) as ecs_events:`. Only events and timeline() can be read afterwards."
            )

    def deliver(self, *, leaves: bool = False) -> None:
        """Call all observers and receivers with the pending changes, in order, then raise the first error of a receiver.

        Args:
            leaves: Whether to call receivers later if another thread is in a function of the user's: it may be delivering
                to a server whose handler is the caller.
        """
        if self._operating == threading.get_ident():
            return  # the end of the operation will do it
        # Do not wait for a thread that is at it: a receiver that it calls may wait for this thread. It takes these changes
        # too. If it has just found none, the loop's condition is evaluated again here. Where this thread itself is at it,
        # a receiver of its own has caused the change, or sleeps: it is called with it when it has returned.
        while self._pending and self._observing.acquire(blocking=False):
            try:
                while self._pending:
                    change = self._pending.popleft()
                    for observer in self.observers:
                        observer(change)
                    self._untold.append(change)
            finally:
                self._observing.release()
        if leaves and self._untold and self.receivers and self._clock.another_calls():
            self._clock.plan(self._clock.now(), self.deliver, "A receiver of on_change")
            return
        error: BaseException | None = None
        while self._untold and self._telling.acquire(blocking=False):
            try:
                error = self._tell(error)
            finally:
                self._telling.release()
        if error is not None:
            raise error

    def _tell(self, error: BaseException | None) -> BaseException | None:
        """Call all receivers with the changes so far. Returns the first error that one of them raised."""
        left = len(self._untold)
        while self._untold:
            change, left = self._untold.popleft(), left - 1
            if left < 0:
                try:
                    self._caused.add("A receiver of on_change", self._clock.now())
                except StandingClockError as endless:
                    self._untold.clear()
                    return endless
            for receiver in tuple(self.receivers):
                try:
                    receiver(change)
                except BaseException as raised:  # noqa: PERF203  # raised when all receivers were called
                    if is_timeout(raised):
                        raise
                    error = raised if error is None else error
        return error
