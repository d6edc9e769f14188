"""Functions of the test's that raise a KeyboardInterrupt, in the main thread or another."""

import sys
import threading
from _thread import allocate_lock, get_ident

import pytest

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock._stand_ins import real_sleep
from pytest_ecsevents.handlers import _guard, _interrupts


def interrupt(*_):
    """What Ctrl-C raises."""
    raise KeyboardInterrupt


def at(ecs):
    """A function planned for an instant."""
    ecs.at("+1h", interrupt)


def on_change(ecs):
    """A receiver of changes."""
    ecs.on_change(interrupt)


def subscribe(ecs):
    """A receiver of notifications."""
    ecs.subscribe(interrupt)


@pytest.mark.parametrize("can_kill", [True, False])
@pytest.mark.parametrize("plan", [at, on_change, subscribe])
def test_an_interrupt_in_another_thread_interrupts_the_test(monkeypatch, plan, can_kill):
    """It reaches the main thread, and the thread that moved the clock ends without a report."""
    monkeypatch.setattr(_interrupts, "_CAN_KILL", can_kill and _interrupts._CAN_KILL)
    is_over = allocate_lock()
    with EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        plan(ecs)
        ecs.at("+1h", ecs.create, "SystemMaintenance.Reboot", "i-web1")
        thread = threading.Thread(target=ecs.advance, args=("2h",))
        with pytest.raises(KeyboardInterrupt):  # the thread is to begin here
            thread.start()
            while thread.is_alive():
                is_over.acquire(timeout=0.01)
        thread.join()


@pytest.mark.parametrize("plan", [at, on_change, subscribe])
def test_an_interrupt_in_the_main_thread_reaches_the_test(plan):
    """It comes out of what has moved the clock."""
    with EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        plan(ecs)
        ecs.at("+1h", ecs.create, "SystemMaintenance.Reboot", "i-web1")
        with pytest.raises(KeyboardInterrupt):
            ecs.advance("2h")


def test_the_end_of_a_test_waits_for_the_thread_that_watched(monkeypatch):
    """It may need a moment after it has watched."""
    started, start = [], _interrupts.start_new_thread

    def slow_to_end(function, args):
        started.append(start(lambda: (function(*args), real_sleep(0.01)), ()))
        return started[-1]

    monkeypatch.setattr(_interrupts, "start_new_thread", slow_to_end)
    with EcsEvents() as ecs:
        ecs.at("+1h", lambda: None)
        ecs.advance("2h")
    assert len(started) == 1
    assert started[0] not in sys._current_frames()


def test_the_thread_that_watches_functions_has_ended_with_the_test(monkeypatch):
    """It may take a moment; the next test finds no thread of this one."""
    real, ended = _guard.Guard._watch, []

    def watch(guard):
        real(guard)
        real_sleep(0.05)
        ended.append(get_ident())

    monkeypatch.setattr(_guard.Guard, "_watch", watch)
    with EcsEvents() as ecs:
        ecs.at("+1h", lambda: None)
        ecs.advance("2h")
        assert not ended
    assert len(ended) == 1
    assert ended[0] not in sys._current_frames()


def test_the_end_of_a_watch_is_that_of_its_thread(monkeypatch):
    """Not that of its function alone: the next test would find the thread."""
    watch, looks = _interrupts.Watch(lambda: None), iter([True, True, False])
    monkeypatch.setattr(_interrupts, "frames_of_threads", lambda: {watch._ident: None} if next(looks) else {})
    watch.wait()
    assert next(looks, None) is None


def test_one_signal_is_on_its_way_at_a_time(monkeypatch):
    """A debugger or coverage may handle it slowly; more of them would keep it from going on."""
    sent = []
    monkeypatch.setattr(_interrupts, "_CAN_KILL", True)
    monkeypatch.setattr(_interrupts.signal, "pthread_kill", lambda *which: sent.append(which), raising=False)
    with EcsEvents() as ecs:
        interrupter = _interrupts.Interrupter(ecs._clock)
        interrupter.interrupt()
        interrupter.interrupt()
    assert sent == [(get_ident(), _interrupts.NUMBER)]
