"""Child processes that a thread of the test starts: while one is read or looked at, it gets the real time that it needs.

- The pipes of `subprocess.Popen` are read in C, where no frame tells what is read. They get a frame, for `_real_work`.
- `Popen.poll` and `Process.is_alive` return at once, so a loop of them and `time.sleep` would end before the child has begun.
  So a look at a child that still runs waits, in real time, for as long as the clock has moved since the last look: at most
  for `patience` in all, and for half of it at a time. `run` ends a handler that does nothing for longer.

Tried with Python 3.10 to 3.15: `subprocess.io`; `StreamReader._wait_for_data` and `_transport` of asyncio's streams. Where the
last are missing, replacing fails with an AttributeError at the start of each test.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from typing import Any, Final
from weakref import WeakKeyDictionary

from pytest_ecsevents._frames import AUTHOR, author_frame, kind_of_caller, place_of
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._after_import import call_after_import
from pytest_ecsevents.clock._names import Overlay
from pytest_ecsevents.clock._real_work import PIPES_OF_CHILDREN, HoldsOnce
from pytest_ecsevents.clock._scheduler import Scheduler
from pytest_ecsevents.clock._threads import real_now
from pytest_ecsevents.clock._times import SECOND, Micros


class ChildPipe(HoldsOnce, io.FileIO):
    """The reading end of a child's pipe."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__(descriptor)
        PIPES_OF_CHILDREN.add(self)

    def readinto(self, buffer: Any) -> Any:
        return super().readinto(buffer)

    def read(self, *size: Any) -> Any:
        return super().read(*size)

    def readall(self) -> bytes:
        return super().readall()


class _Output(HoldsOnce):
    """Stands for the output of a child of asyncio's."""


def wait_for_children(scheduler: Scheduler, now: Callable[[], Micros], undo: Undo) -> None:
    """Give children the time that they need, until `undo` closes."""
    looks = _Looks(scheduler, now)
    real_open = io.open

    def open_pipe(file: Any, mode: str = "r", buffering: int = -1, *args: Any, **kwargs: Any) -> Any:
        if mode != "rb" or scheduler.me() is None:
            return real_open(file, mode, buffering, *args, **kwargs)
        pipe = ChildPipe(file)
        return io.BufferedReader(pipe, buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE) if buffering else pipe

    undo.replace(subprocess, "io", Overlay(io, open=open_pipe))

    popen: Any = subprocess.Popen
    real_poll = popen.poll

    def poll(process: Any) -> Any:
        code = real_poll(process)
        if code is None and kind_of_caller(1) == AUTHOR and looks.wait(process, _wait_for_popen):
            code = real_poll(process)
        return code

    undo.replace(popen, "poll", poll)
    undo.replace(popen, "__init__", looks.beginning(popen.__init__))

    call_after_import({"multiprocessing.process": partial(_replace_processes, looks, undo)}, undo)
    _hold_for_pipes_of_loops(scheduler, undo)


def _replace_processes(looks: _Looks, undo: Undo) -> None:
    of_process: Any = sys.modules["multiprocessing.process"].BaseProcess
    real_is_alive = of_process.is_alive

    def is_alive(process: Any) -> Any:
        lives = real_is_alive(process)
        if lives and kind_of_caller(1) == AUTHOR and looks.wait(process, of_process.join):
            lives = real_is_alive(process)
        return lives

    undo.replace(of_process, "is_alive", is_alive)
    undo.replace(of_process, "start", looks.beginning(of_process.start))


def _wait_for_popen(process: Any, seconds: float) -> None:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


class _Looks:
    """How far the clock has moved between looks at a child, and for how long they have waited."""

    def __init__(self, scheduler: Scheduler, now: Callable[[], Micros]) -> None:
        self._scheduler: Final = scheduler
        self._now: Final = now
        self._began: Final = now()

    @cached_property  # few tests start children
    def _at(self) -> WeakKeyDictionary[Any, Micros]:
        return WeakKeyDictionary()

    @cached_property
    def _waited(self) -> WeakKeyDictionary[Any, float]:
        return WeakKeyDictionary()

    def beginning(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """Note when a child begins."""

        def begin(process: Any, *args: Any, **kwargs: Any) -> Any:
            self._at[process] = self._now()
            return real(process, *args, **kwargs)

        return begin

    def wait(self, process: Any, wait: Callable[[Any, float], object]) -> bool:
        """Wait for a child for as long as the clock has moved since the last look. Returns whether it has waited."""
        if self._scheduler.me() is None:
            return False
        now, patience, waited = self._now(), self._scheduler.outside.patience(), self._waited.get(process, 0.0)
        moved = (now - self._at.get(process, self._began)) / SECOND
        self._at[process] = now
        seconds = min(moved, patience / 2, patience - waited)
        if seconds <= 0:
            return False
        began = real_now()
        with self._scheduler.aside():
            wait(process, seconds)
        self._waited[process] = waited = waited + max(real_now() - began, seconds)
        if waited >= patience:
            self._scheduler.outside.tell(f"a child process that it looks at, at {place_of(author_frame())}")
        return True


def _hold_for_pipes_of_loops(scheduler: Scheduler, undo: Undo) -> None:
    """Let time stand while a task of an event loop reads a pipe."""
    reader: Any = asyncio.StreamReader
    real = reader._wait_for_data  # all reads await it
    pipes: WeakKeyDictionary[Any, HoldsOnce] = WeakKeyDictionary()

    async def wait_for_data(stream: Any, called: str) -> Any:
        transport = stream._transport  # has no public name
        if scheduler.me() is None or transport is None or transport.get_extra_info("pipe") is None:
            return await real(stream, called)
        with scheduler.outside.working(pipes.setdefault(stream, _Output())):
            return await real(stream, called)

    undo.replace(reader, "_wait_for_data", wait_for_data)
