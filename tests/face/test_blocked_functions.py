"""Functions of the test's that block in C, in another thread than the main one: nothing ends them, so the test ends."""

import signal
import sys
import threading
import time
from _thread import allocate_lock

import pytest

from pytest_ecsevents import EcsEvents, StuckHandlerError
from pytest_ecsevents.handlers._interrupts import NUMBER
from pytest_ecsevents.handlers._main_thread import MAIN_THREAD, MainThread

pytestmark = [
    pytest.mark.timeout(30),
    pytest.mark.skipif(sys.gettrace() is not None, reason="hangs while coverage measures; the reason is not known yet"),
]


@pytest.fixture
def locks():
    """Two locks in C that are taken, which no module has; they are released at the end."""
    locks = allocate_lock(), allocate_lock()
    for lock in locks:
        lock.acquire()
    yield locks
    for lock in locks:
        if lock.locked():
            lock.release()


@pytest.fixture
def ecs(locks):
    """A cloud with little patience; a thread that is left when it ends is no failure here."""
    with EcsEvents(strict=False) as ecs_events:
        ecs_events.patience = 0.1
        ecs_events.instances.add("i-web1")
        yield ecs_events
        locks[0].release()


def blocked_at(ecs, lock):
    """A planned function that blocks."""

    def block():
        lock.acquire()

    ecs.at("+1h", block)


def blocked_on_change(ecs, lock):
    """A receiver that blocks."""

    def block(change):
        if change.to_status == "Executing":
            lock.acquire()

    ecs.on_change(block)
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")


@pytest.mark.parametrize("plan", [blocked_at, blocked_on_change])
@pytest.mark.parametrize("wait", [lambda lock: lock.acquire(), lambda _lock: signal.pause()])  # in C
def test_the_main_thread_gets_an_error_that_names_the_line(ecs, locks, plan, wait):
    """It is blocked in C itself; the function is called in another thread, whose sleep moves the clock."""
    plan(ecs, locks[0])
    threading.Thread(target=time.sleep, args=(7200,)).start()
    with pytest.raises(StuckHandlerError, match=r"can't be ended.* Its thread is left\. It was at .* in block\b"):
        wait(locks[1])


def test_the_main_thread_gets_the_error_in_a_virtual_wait(ecs, locks):
    """Another thread of the test advances the clock."""
    blocked_at(ecs, locks[0])
    threading.Thread(target=ecs.advance, args=("2h",)).start()
    with pytest.raises(StuckHandlerError, match=r"in block\b"):
        threading.Event().wait()


def test_run_ends_a_handler_beside_such_a_function(ecs, locks):
    """Its own watch does so."""
    blocked_at(ecs, locks[0])

    def handler():
        threading.Thread(target=time.sleep, args=(7200,)).start()
        locks[1].acquire()

    with pytest.raises(StuckHandlerError, match=r"in handler\b"):
        ecs.run(handler, until="1d")


def test_the_main_thread_is_that_of_all_clouds():
    """The earlier handler of the signal gets other signals, and is back when the last cloud has ended."""
    seen = []
    before = signal.signal(NUMBER, lambda *_: seen.append("other"))
    try:
        main = MainThread()
        main.attend("first", lambda: True)
        main.attend("first", lambda: True)
        main.attend("second", lambda: False)
        signal.raise_signal(NUMBER)
        assert seen == ["other"]
        main.interrupt("second", KeyError())  # its thread is in the midst of something
        main.interrupt("third", KeyError())
        with pytest.raises(ValueError, match="stuck"):
            main.interrupt("first", ValueError("stuck"))
        main.leave("first")
        main.leave("second")
        main.leave("second")
        signal.raise_signal(NUMBER)
        assert seen == ["other", "other"]
        signal.signal(NUMBER, signal.SIG_IGN)
        main.attend("third", lambda: True)
        signal.raise_signal(NUMBER)
        thread = threading.Thread(target=main.leave, args=("third",))
        thread.start()
        thread.join()
        assert signal.getsignal(NUMBER) == main._handle
    finally:
        signal.signal(NUMBER, before)


def test_only_the_main_thread_attends():
    """A cloud of another thread has no handler of signals."""
    before = signal.getsignal(NUMBER)

    def other():
        with EcsEvents():
            threading.Thread(target=time.sleep, args=(60,)).start()
            time.sleep(60)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert signal.getsignal(NUMBER) == before
    assert not MAIN_THREAD._clouds
