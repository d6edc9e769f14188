"""The errors and the state that end a handler under `run`, and threads that outlive their test."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pytest_ecsevents._frames import author_frame, place_of
from pytest_ecsevents.clock._times import Micros

if TYPE_CHECKING:
    from pytest_ecsevents.clock._threads import TestThread


class HandlerStop(BaseException):
    """Raised in a handler to end it; `except Exception` does not catch it.

    Attributes:
        doing: Where the handler was: file, line and function.
    """

    def __init__(self, doing: str = "an unknown place") -> None:
        super().__init__(doing)
        self.doing: Final = doing


def cut_off() -> None:
    """Raise `HandlerStop` at the caller's place in the user's code."""
    raise HandlerStop(place_of(author_frame()))


class TestIsOver(SystemExit):  # Python reports no SystemExit that ends a thread
    """Raised in a thread that still waits when its test has ended."""

    __test__ = False

    def __str__(self) -> str:
        return (
            "The cloud of this thread has ended while it waited, so no clock ends its wait. Leave the cloud, or its `with` "
            "block, when all threads that use it have ended."
        )


class Stop:
    """When `run` ends its handler, and how often it has tried.

    `tell` raises in the handler, or cancels its tasks. The handler may then clean up: it gets `MOST_WAITS` waits and calls
    to the cloud before `tell` is called again. After `OFTEN` times it counts as catching everything, and `tell` is called
    at each wait and each call.

    Attributes:
        at: The instant; it may be brought forward.
        when: A condition, evaluated whenever time has moved, or None.
        times: How often `tell` was called.
        told_at: When `tell` was called first.
        error: A mistake of the handler's that ends it, which `run` raises.
        is_missed: Whether its end has come while the handler was blocked in something real, so that no wait tells it.
        outer: That of the `run` around this one, in the same thread; its end is this one's too.

    Args:
        end: Ends the handler: raises `HandlerStop` in it, or cancels its tasks. It is called in the handler's thread,
            with True if that thread runs an event loop which has nothing to do.
    """

    __slots__ = ("_end", "_waits_since", "at", "error", "is_missed", "outer", "thread", "times", "told_at", "when")

    MOST_WAITS: Final = 100
    OFTEN: Final = 3

    def __init__(
        self, thread: "TestThread", at: Micros, when: "Callable[[], object] | None", end: Callable[[bool], None]
    ) -> None:
        self.thread: Final = thread
        self.at = at
        self.when: Final = when
        self.times = 0
        self.told_at: Micros = at
        self.error: BaseException | None = None
        self.is_missed = False
        self.outer: Stop | None = None
        self._end: Final = end
        self._waits_since = 0

    def nest(self, outer: "Stop | None") -> None:
        """Note the `Stop` around this one."""
        if outer is not None and outer.thread is self.thread and not outer.times:
            self.outer, self.at = outer, min(self.at, outer.at)

    def is_due(self, now: Micros) -> bool:
        """Whether to call `tell` now, at a wait or a call. Counts waits and calls after the first `tell`."""
        if self.times:
            self._waits_since += 1
            return self.is_ignored or self._waits_since > self.MOST_WAITS
        return now >= self.at or self.is_met()

    def is_after(self, target: Micros) -> bool:
        """Whether nothing can end the handler up to and including `target`."""
        is_outer_after = self.outer is None or self.outer.is_after(target)
        return self.when is None and not self.times and target < self.at and is_outer_after

    @property
    def signs_of_life(self) -> tuple[int, int]:
        """What changes when the handler is to end, waits after that, or calls the cloud."""
        return self.times, self._waits_since

    @property
    def is_ignored(self) -> bool:
        """Whether the handler has caught everything so far."""
        return self.times >= self.OFTEN

    def is_met(self) -> bool:
        """Whether the condition holds and has not ended the handler before."""
        is_own = self.when is not None and not self.times and bool(self.when())
        return is_own or (self.outer is not None and self.outer.is_met())

    def forget_times(self) -> None:
        """Note that the handler's coroutine has ended; tasks that it left behind may clean up too."""
        self.times = min(self.times, 1)

    def tell(self, now: Micros, *, in_loop: bool = False) -> None:
        """End the handler.

        Raises:
            HandlerStop: The handler is no coroutine.
            CancelledError: The handler is a coroutine that waits without awaiting, as with `time.sleep`.
        """
        if not self.times:
            self.told_at = now
        self.times += 1
        self._waits_since = 0
        self._end(in_loop)
