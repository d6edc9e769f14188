"""Operations on the cloud: one at a time, and every change that they make is passed to observers."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.services.ecs._model import Observed

__tracebackhide__ = hidden_in_reports


class Changes:
    """Holds the clock's lock for an operation, and calls observers with its changes when it is over.

    Observers run without the lock, so that they may call the cloud, and one thread at a time calls them, so that they
    get changes in order.
    """

    def __init__(self, clock: Clock) -> None:
        self.observers: Final[list[Callable[[Observed], None]]] = []
        self._clock: Final = clock
        self._pending: Final[deque[Observed]] = deque()
        self.add: Final = self._pending.append
        self._operating: int | None = None  # the thread in an operation
        self._now: Micros = 0  # the instant of that operation
        self._delivering: Final = threading.RLock()
        clock.after_step = self.deliver

    @contextmanager
    def changing(self) -> Iterator[Micros]:
        """Run one operation at the instant yielded, with the lock held; observers are called after it."""
        if self._operating == threading.get_ident():  # inside another operation, at whose end observers are called
            yield self._now
            now = self._now
        else:
            self.check_entered()
            self._clock.settle()
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
                self.deliver()
        due = self._clock.due_from()
        if due is not None and due <= now:
            self._clock.settle()  # the operation, or an observer, has planned it for this instant

    def settled(self) -> Micros:
        """Run what is due, and return the instant.

        Raises:
            EcsEventsError: The cloud has not been entered, or has been left.
        """
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

    def deliver(self) -> None:
        """Call all observers with the pending changes, in order, then raise the first error that one of them raised."""
        if self._operating == threading.get_ident():
            return  # the end of the operation will do it
        error: BaseException | None = None
        # Do not wait for a thread that is delivering: an observer that it calls may wait for this thread. It takes these
        # changes too. If it has just found none pending, the loop's condition is evaluated again here.
        while self._pending and self._delivering.acquire(blocking=False):
            try:
                while self._pending:
                    change = self._pending.popleft()
                    for observer in tuple(self.observers):
                        try:
                            observer(change)
                        except BaseException as raised:  # noqa: BLE001, PERF203  # raised when all observers were called
                            error = raised if error is None else error
            finally:
                self._delivering.release()
        if error is not None:
            raise error
