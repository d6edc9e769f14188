"""Event loops that are not asyncio's own: virtual, or an error that says so where they would wait in real time."""

import sys
from collections.abc import Callable

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._after_import import call_after_import
from pytest_ecsevents.clock._asyncio import LoopTime
from pytest_ecsevents.clock._scheduler import Scheduler
from pytest_ecsevents.clock._times import Micros


def replace_other_loops(scheduler: Scheduler, clock: LoopTime, now: Callable[[], Micros], undo: Undo) -> None:
    """Have event loops in threads of the test keep virtual time, or say that they cannot, until `undo` closes."""

    def trio() -> None:
        from pytest_ecsevents.clock._trio import replace_trio

        replace_trio(scheduler, clock, now, undo)

    call_after_import({"trio": trio}, undo)


def explain_wrong_loop(error: BaseException) -> str:
    """What to do about an error that a coroutine of another loop raises on asyncio; "" for other errors."""
    if isinstance(error, RuntimeError) and "must be called from async context" in str(error):  # trio's words
        return (
            "The handler is a coroutine of trio, but run starts coroutines on asyncio. Start it on trio: "
            "ecs_events.run(lambda: trio.run(handler), ...)."
        )
    return ""


def other_cancellations() -> tuple[type[BaseException], ...]:
    """What loops raise in a task that they cancel."""
    trio = sys.modules.get("trio")
    return () if trio is None else (trio.Cancelled,)
