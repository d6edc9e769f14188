"""A signal handler can interrupt a wait, wake a waiting thread, start a thread, or wait itself."""

import datetime as dt
import heapq
import itertools
import os
import signal
import sys
import threading
import time

import pytest
from sizes import size

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock import _clock, _queue, _scheduler, _threads
from pytest_ecsevents.clock import _stdlib as _sleeping
from pytest_ecsevents.clock._queue import DueQueue

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="there are no signals of one's own here")

ENGINE = {module.__file__ for module in (_scheduler, _threads, _clock, _queue, _sleeping, threading)}
"""Where a signal is to come: the functions of these files."""

STRIDE = size(19, 1)
"""How many steps on the next signal comes."""


@pytest.fixture
def backend(either_backend):
    """One back end of the clock."""
    return either_backend


@pytest.fixture
def ecs(backend):
    """A cloud at 2030-01-01T00:00:00Z with one instance."""
    with EcsEvents(backend=backend) as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


@pytest.fixture
def on_signal():
    """Call a function on SIGUSR1."""
    before = signal.getsignal(signal.SIGUSR1)
    yield lambda act: signal.signal(signal.SIGUSR1, lambda *_: act())
    signal.signal(signal.SIGUSR1, before)


def in_an_hour(act):
    """Run a function in a thread in an hour."""
    threading.Timer(3600, act).start()


def send():
    """Send the process SIGUSR1."""
    os.kill(os.getpid(), signal.SIGUSR1)


# -- at an instant


def test_a_daemon_ends_gracefully(ecs, on_signal):
    """A handler that sets what a loop waits for ends the loop at that instant, each time."""
    for hour in range(1, 101):
        stopping = threading.Event()
        on_signal(stopping.set)
        in_an_hour(send)
        polls = 0
        while not stopping.wait(700):
            polls += 1
        assert polls == 5
        assert (ecs.now.timestamp() - ecs._clock.started_at / 1e6) == hour * 3600


def test_a_handler_that_sleeps_delays_what_it_interrupts(ecs, on_signal):
    """As in real time, the interrupted sleep ends at its own end, or at the handler's if that is later."""
    for pause in (1, 60, 7200) * 20:
        start = ecs.now
        on_signal(lambda: time.sleep(pause))  # noqa: B023  # called in this round
        in_an_hour(send)
        time.sleep(5400)
        assert (ecs.now - start).total_seconds() == max(5400, 3600 + pause)


def test_a_receiver_may_send_it(ecs, on_signal):
    """A signal sent during a change of an event interrupts the call that moved the clock."""
    stopping = threading.Event()
    on_signal(stopping.set)
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.on_change(lambda _: send())
    assert stopping.wait(7200)
    assert ecs.now == event.not_before


# -- at any step


class Steps:
    """Sends SIGUSR1 at successive steps of a wait in the main thread: at every `STRIDE`th.

    Each round has a new `event` to wait for.
    """

    def __init__(self):
        self.event, self.number, self.left, self.came = threading.Event(), 0, 0, True

    def __iter__(self):
        while self.came:
            self.number += STRIDE
            self.event, self.left, self.came = threading.Event(), self.number, False
            yield self

    def __enter__(self):
        self.before = sys.gettrace()
        sys.settrace(self.enter)

    def __exit__(self, *_):
        sys.settrace(self.before)

    def enter(self, frame, _event, _arg):
        return self.step if frame.f_code.co_filename in ENGINE else None

    def step(self, _frame, _event, _arg):
        self.left -= 1
        if self.left == 0 and not self.came:
            self.came = True
            sys.settrace(None)
            signal.raise_signal(signal.SIGUSR1)
        return self.step


def wait_in_threads(steps, ecs):
    """Wait in all ways, in the main thread under `steps` and in another one; return what woke when, in seconds."""
    start, ticks = ecs.now, []

    def tick():
        for _ in range(3):
            time.sleep(10)
            ticks.append(ecs.now)

    due = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+16s")
    other = threading.Thread(target=tick)
    other.start()
    with steps:
        time.sleep(5)
        steps.event.wait(10)
        other.join()
    changes = [change.at for change in due.history]
    return [round((at - start).total_seconds()) for at in ticks + changes]


@pytest.mark.parametrize("backend", ["freezegun"])
@pytest.mark.parametrize("doing", ["sets the event", "sleeps", "waits in vain", "starts a thread that sets it"])
def test_at_every_step_of_waiting(ecs, on_signal, doing):
    """At each step no thread hangs, wakes at a wrong instant, or sees time go back."""
    all_steps, never = Steps(), threading.Event()

    def set_event():
        all_steps.event.set()

    def set_later():
        time.sleep(3)
        set_event()

    acts = {
        "sets the event": set_event,
        "sleeps": lambda: time.sleep(7),
        "waits in vain": lambda: never.wait(7),
        "starts a thread that sets it": lambda: threading.Thread(target=set_later).start(),
    }
    on_signal(acts[doing])
    for steps in all_steps:
        assert wait_in_threads(steps, ecs) == [10, 20, 30, 0, 16, 17]
    assert all_steps.number > 100


def test_an_event_is_set_while_its_lock_is_held(ecs, on_signal):
    """A handler that interrupts the holder of an event's lock can still set the event, and all waiters wake."""

    class Interrupted(threading.Condition):
        """Sends a signal while the main thread has the lock."""

        def __enter__(self):
            super().__enter__()
            if threading.current_thread() is threading.main_thread():
                signal.raise_signal(signal.SIGUSR1)

    event, log, start = threading.Event(), [], ecs.now
    event._cond = Interrupted(threading.Lock())
    on_signal(event.set)
    other = threading.Thread(target=lambda: (event.wait(60), log.append(ecs.now)))
    other.start()
    time.sleep(10)
    assert event.wait(60)
    other.join()
    assert log == [ecs.now] == [start + dt.timedelta(seconds=10)]


@pytest.mark.parametrize(
    "step", [("waits", "real_now", 1), ("clock", "due_from", 1), ("clock", "due_from", 2), ("source", "move_to", 1)]
)
def test_time_does_not_go_back(ecs, on_signal, monkeypatch, step):
    """A handler sleeps while the clock is about to move: it has moved it further, and no thread loses its turn."""
    whose, function, call = step
    where = {"waits": _scheduler, "clock": ecs._clock, "source": ecs._clock._own}[whose]
    real, calls, log = getattr(where, function), itertools.count(1), []

    def interrupted(*args):
        if threading.current_thread() is threading.main_thread() and next(calls) == call:
            signal.raise_signal(signal.SIGUSR1)
        return real(*args)

    def tick():
        for _ in range(3):
            time.sleep(30)
            log.append((ecs.now - start).total_seconds())

    on_signal(lambda: time.sleep(70))
    start = ecs.now
    thread = threading.Thread(target=tick)
    thread.start()
    while not ecs._clock.waits.other_sleepers():  # the main thread waits last, so it moves the clock
        pass
    monkeypatch.setattr(where, function, interrupted)
    time.sleep(20)
    assert (ecs.now - start).total_seconds() == 70
    thread.join()
    assert log == [30, 60, 90]


def test_due_work_is_taken_once(monkeypatch):
    """Work that a handler has taken is not taken again, and later work stays."""
    queue = DueQueue()
    queue.push(1, print, "first")
    queue.push(2, print, "second")
    real, taken = heapq.heappop, []

    def interrupted(heap):
        monkeypatch.setattr(_queue.heapq, "heappop", real)
        taken.append(queue.pop(2))
        return real(heap)

    monkeypatch.setattr(_queue.heapq, "heappop", interrupted)
    assert queue.pop(2) == (2, False, 2, print, "second")
    assert taken == [(1, False, 1, print, "first")]
    assert queue.pop(2) is None
