"""Ends receivers that hang."""

from _thread import allocate_lock, get_ident
from collections.abc import Callable, Sequence
from inspect import CORO_SUSPENDED, getcoroutinestate, iscoroutine
from threading import main_thread
from typing import Any, Final, TypeVar

from pytest_ecsevents._errors import StuckHandlerError, hidden_in_reports
from pytest_ecsevents._frames import (
    author_frame,
    frames_of_threads,
    is_debugged,
    place_of,
    place_of_coroutines,
    place_of_thread,
)
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._processor_use import ProcessorUse
from pytest_ecsevents.clock._references import REFERENCES
from pytest_ecsevents.clock._stop import HandlerStop, TestIsOver, cut_off
from pytest_ecsevents.clock._threads import real_now
from pytest_ecsevents.clock._times import SECOND, Micros, duration_text
from pytest_ecsevents.handlers._interrupts import LOOK_EVERY, Interrupter, Watch, interrupt_main_thread
from pytest_ecsevents.handlers._main_thread import MAIN_THREAD
from pytest_ecsevents.report._reasons import ACTOR, TEST, Acting

__tracebackhide__ = hidden_in_reports

T = TypeVar("T")

MOST_PATIENCE: Final = 6
"""A receiver that sleeps or calls the cloud has this many times `patience` in real seconds to return."""

A_YEAR: Final = 366 * 86_400 * SECOND
"""The same in virtual time."""

_A_WHILE: Final = 0.5
"""Real seconds in which one that is to end comes to its next wait."""


class _Running:
    __slots__ = (
        "_clock",
        "_coroutines",
        "_use",
        "began",
        "began_at",
        "endless_since",
        "for_main",
        "interrupter",
        "is_cut",
        "is_left",
        "is_stubborn",
        "is_told",
        "keeps",
        "stuck_at",
        "what",
    )

    def __init__(self, what: str, clock: Clock, coroutines: Sequence[Any], began_at: Micros) -> None:
        self.what: Final = what
        self._coroutines: Final = coroutines
        self.interrupter: Final = Interrupter(clock)
        self.began: Final = real_now()
        self.began_at: Final = began_at
        self.stuck_at = self.keeps = ""
        self.is_cut = False
        self.is_told = False
        self.is_stubborn = False
        self.is_left = False
        self.for_main: StuckHandlerError | None = None
        self.endless_since: float | None = None
        self._clock: Final = clock
        self._use: ProcessorUse | None = None

    def cut(self) -> None:
        """Raise in the receiver."""
        waits = self._clock.waits
        is_later = self.is_cut or self.interrupter.raised > 0
        # On a busy machine the thread may not have run since it was cut: it has swallowed only what has arrived there.
        self.is_stubborn = is_later and (self.is_told or self.interrupter.has_arrived)
        self.stuck_at = self._place()
        self.keeps = REFERENCES.sentence(frames_of_threads().get(self.interrupter.ident))
        if waits is not None and waits.interrupt_wait(self.interrupter.ident):
            self.is_cut = True
        else:
            self.interrupter.interrupt()

    def is_blocked(self, now: float) -> bool:
        """Whether it is in another thread than the main one, and the error that was sent there never comes: C does not return."""
        if self.interrupter.raised == 0 or self.interrupter.can_be_signalled:
            return False
        if self._use is None:
            self._use = ProcessorUse(self.interrupter.ident)
        return self._use.idle_for(now, 0) > _A_WHILE

    def cut_at_next_wait(self, now: float) -> None:
        """End a receiver that sleeps, or calls the cloud, endlessly: at its next wait, or after a while in any line."""
        if self.endless_since is None:
            self.endless_since, self.stuck_at = now, self._place()
            if self._clock.waits is not None:
                self._clock.waits.ending.add(self.interrupter.ident)
        elif now - self.endless_since > _A_WHILE:
            self.cut()

    def _place(self) -> str:
        """Where it is: in its running code, or where its coroutine waits."""
        waiting = [one for one in self._coroutines if iscoroutine(one) and getcoroutinestate(one) == CORO_SUSPENDED]
        return place_of_coroutines(waiting) if waiting else place_of_thread(self.interrupter.ident)

    def sentence(self, patience: float) -> str:
        ended = "it caught the error that was to end it" if self.is_stubborn else "it was cut off"
        if self.is_left:
            ended = "it can't be ended, as it waits in C, outside the standard library's waits. Its thread is left"
        if self.endless_since is not None:
            lasted = duration_text(self._clock.now() - self.began_at)
            return (
                f"{self.what} did not return within {self.endless_since - self.began:.3g} seconds of real time, {lasted} of "
                f"virtual time, and {ended}. It was at {self.stuck_at}. Let it return, and start a thread for what goes on; if "
                "it works that long, set ecs_events.patience to more seconds."
            )
        return (
            f"{self.what} neither slept nor called the cloud for {patience:g} seconds of real time, and {ended}. "
            f"It was at {self.stuck_at}. "
            f"{self.keeps or 'If it works that long, set ecs_events.patience to more seconds.'}"
        )


class Guard:
    """Watches, from another thread and in real time, whether the called receiver makes progress.

    Args:
        patience: Real seconds within which it must sleep or call the cloud.
        activity: Its value changes whenever the receiver sleeps or calls.
    """

    def __init__(self, clock: Clock, patience: Callable[[], float], activity: Callable[[], object]) -> None:
        self._clock: Final = clock
        self._patience: Final = patience
        self._activity: Final = activity
        self._running: Final[dict[_Running, None]] = {}
        self._wake: Final = allocate_lock()
        self._watching: Watch | None = None

    def attend(self) -> None:
        """Note that a thread of the test starts: a function that is called there may block in C."""
        MAIN_THREAD.attend(self, self._clock.may_interrupt)

    def end(self) -> None:
        MAIN_THREAD.leave(self)
        if self._wake.locked():
            self._wake.release()
            if self._watching is not None:  # else an interrupt came before
                self._watching.wait()

    def is_calling(self, ident: int) -> bool:
        """Whether a thread is in a function that is watched."""
        return any(running.interrupter.ident == ident for running in list(self._running))

    def cut(self) -> None:
        """End the function that the calling thread is in, at a wait; leave it if it has swallowed such an error before.

        Raises:
            HandlerStop: It was not left.
            StuckHandlerError: It is the main thread, and a function in another one can't be ended.
        """
        from pytest_ecsevents.handlers._leaving import leave

        for one in list(self._running):
            if one.for_main is not None and not _was_raised(one.for_main) and get_ident() == main_thread().ident:
                raise one.for_main
        mine = [one for one in list(self._running) if one.interrupter.ident == get_ident()]
        if any(one.is_stubborn for one in mine):
            frame = author_frame()
            leave(frame, place_of(frame))
        for one in mine[-1:]:
            one.is_told = True
        cut_off()

    def call(
        self, what: str, function: Callable[[], T], coroutines: Sequence[Any] = (), *, at: Micros | None = None
    ) -> T:
        """Call a function and return its result.

        Args:
            what: What it is called in messages.
            function: The function.
            coroutines: Coroutines that it runs; it may add some meanwhile.
            at: The clock's now, if the caller knows it.

        Raises:
            StuckHandlerError: It hung, and was ended.
            TestIsOver: It hung, and has ended after all when the test had failed.
        """
        if ACTOR.get() != TEST:  # the console moved the clock, say
            with Acting(TEST):
                return self.call(what, function, coroutines, at=at)
        from pytest_ecsevents.handlers._leaving import call_leavable

        waits = self._clock.waits
        try:
            if (
                waits is not None and waits.stop is not None and waits.stop.thread is waits.me()
            ):  # `run` watches already
                result: T = call_leavable(function)
                return result
            if not self._wake.locked():
                self._wake.acquire()
                self._watching = Watch(self._watch)
            running = _Running(what, self._clock, coroutines, self._clock.now() if at is None else at)
            try:
                try:  # from here on, as Ctrl-C or pytest-timeout's alarm may come between any two lines
                    self._running[running] = None
                    running.interrupter.begin()
                    result = call_leavable(function)
                finally:
                    running.interrupter.end()
                if not (running.interrupter.raised or running.is_cut or running.endless_since is not None):
                    return result
            except HandlerStop:
                running.interrupter.end()  # again: the `HandlerStop` may have hit the first `end`
            finally:
                self._running.pop(running, None)
                if running.endless_since is not None and waits is not None:
                    waits.ending.discard(running.interrupter.ident)
        except KeyboardInterrupt:
            interrupt_main_thread()
            raise
        if running.is_left:  # the main thread has got the error
            raise TestIsOver
        raise StuckHandlerError(running.sentence(self._patience()))

    def _watch(self) -> None:
        seen: tuple[object, ...] = (None, None, 0)
        since = real_now()
        while not self._wake.acquire(True, LOOK_EVERY):
            now, before = real_now(), seen
            running = next(reversed(self._running), None)
            seen = (running, self._activity(), running and running.interrupter.raised)
            if running is None or running is not before[0] or is_debugged(running.interrupter.ident):
                since = now
            elif running.is_blocked(now):
                self._interrupt_main(running)
            elif running.is_stubborn:
                waits = self._clock.waits
                if waits is None or not waits.interrupt_wait(running.interrupter.ident):
                    running.interrupter.leave()
            elif running.endless_since is not None or (seen[1] != before[1] and self._is_endless(running, now)):
                running.cut_at_next_wait(now)
            elif seen != before:
                since = now
            elif now - since > self._patience():
                running.cut()

    def _interrupt_main(self, running: _Running) -> None:
        """Raise in the main thread instead, once: nothing else ends the test, if that waits too."""
        running.interrupter.take_back()
        running.is_left = True
        error = running.for_main = running.for_main or StuckHandlerError(running.sentence(self._patience()))
        waits = self._clock.waits
        if not _was_raised(error) and (waits is None or not waits.interrupt_wait(main_thread().ident or 0)):
            MAIN_THREAD.interrupt(self, error)

    def _is_endless(self, running: _Running, now: float) -> bool:
        lasted = self._clock.now() - running.began_at
        return now - running.began > MOST_PATIENCE * self._patience() or lasted > A_YEAR


def _was_raised(error: BaseException) -> bool:
    return error.__traceback__ is not None
