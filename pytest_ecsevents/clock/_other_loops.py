"""Event loops that are not asyncio's own: they keep virtual time, or raise an error instead of a real wait."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any, Final

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents._frames import WAITING, kind_of_caller
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._after_import import call_after_import
from pytest_ecsevents.clock._asyncio import LoopTime
from pytest_ecsevents.clock._scheduler import Scheduler
from pytest_ecsevents.clock._times import Micros

__tracebackhide__ = hidden_in_reports


def replace_other_loops(
    scheduler: Scheduler,
    clock: LoopTime,
    now: Callable[[], Micros],
    replace_rounds: Callable[[type[Any]], None],
    undo: Undo,
) -> None:
    """Make event loops in threads of the test keep virtual time, or raise an error, until `undo` closes."""

    def trio() -> None:
        from pytest_ecsevents.clock._trio import replace_trio

        replace_trio(scheduler, clock, now, undo)

    others = _Others(scheduler, replace_rounds, undo)
    names = ("uvloop", "gevent", "curio", "nest_asyncio")
    call_after_import({"trio": trio, **{name: getattr(others, name) for name in names}}, undo)


class _Others:
    """One method for each library, called once it is loaded."""

    def __init__(self, scheduler: Scheduler, replace_rounds: Callable[[type[Any]], None], undo: Undo) -> None:
        self._scheduler: Final = scheduler
        self._replace_rounds: Final = replace_rounds
        self._undo: Final = undo

    def _refuse(self, name: str, remedy: str, seconds: float) -> None:
        """Raise where the test would wait in real time.

        A server that the test has started in a thread may go on: it ticks, and gives up connections that are idle.
        """
        thread = self._scheduler.me()
        if thread is None or seconds <= 0:
            return
        if thread.started is None or (seconds >= 1 and kind_of_caller(2) & WAITING):
            raise EcsEventsError(
                f"{name} keeps real time: what waits in it would wait for real while the test's clock stands. {remedy}"
            )

    def uvloop(self) -> None:
        loop_class: Any = sys.modules["uvloop"].Loop
        real = loop_class.call_later

        def call_later(loop: Any, delay: float, *args: Any, **kwargs: Any) -> Any:
            self._refuse("uvloop", "Use asyncio's own loop in the test: asyncio.run instead of uvloop.run.", delay)
            return real(loop, delay, *args, **kwargs)

        self._undo.replace(loop_class, "call_later", call_later)

    def gevent(self) -> None:
        hub_class: Any = sys.modules["gevent.hub"].Hub
        real = hub_class.wait

        def wait(hub: Any, watcher: Any) -> Any:
            seconds = 1.0 if type(watcher).__name__ == "timer" else 0.0
            self._refuse("gevent", "Use time.sleep and threads in the test, without monkey.patch_all.", seconds)
            return real(hub, watcher)

        self._undo.replace(hub_class, "wait", wait)

    def curio(self) -> None:
        kernel_class: Any = sys.modules["curio"].Kernel
        real = kernel_class.run

        def run(kernel: Any, *args: Any, **kwargs: Any) -> Any:
            if self._scheduler.me() is not None:
                kernel._shutdown_funcs = None  # noqa: SLF001  # else its destructor complains; tried with curio 1.6
                self._refuse("curio", "Use asyncio or trio in the test, or sleep='real'.", math.inf)
            return real(kernel, *args, **kwargs)

        self._undo.replace(kernel_class, "run", run)

    def nest_asyncio(self) -> None:
        module: Any = sys.modules["nest_asyncio"]
        real = module._patch_loop  # noqa: SLF001  # what `apply` calls; tried with nest_asyncio 1.6

        def patch_loop(loop: Any) -> None:
            is_new = not hasattr(loop, "_nest_patched")
            real(loop)
            if is_new:
                self._replace_rounds(type(loop))

        self._undo.replace(module, "_patch_loop", patch_loop)


def explain_wrong_loop(error: BaseException) -> str:
    """How to go on after the error of another loop's coroutine on asyncio; "" for other errors."""
    if isinstance(error, RuntimeError) and "must be called from async context" in str(error):  # trio's message
        return (
            "The handler is a coroutine of trio, but run starts coroutines on asyncio. Start it on trio: "
            "ecs_events.run(lambda: trio.run(handler), ...)."
        )
    return ""


def other_cancellations() -> tuple[type[BaseException], ...]:
    """The errors that loops raise in a task that they cancel."""
    trio = sys.modules.get("trio")
    return () if trio is None else (trio.Cancelled,)
