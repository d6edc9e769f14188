"""Functions of the test's that block in C, in another thread than the main one: nothing ends them, so the test ends."""

import signal
import threading
import time
from _thread import allocate_lock, start_new_thread
from contextlib import suppress

import pytest

from pytest_ecsevents import EcsEvents, StuckHandlerError
from pytest_ecsevents.handlers import _guard, _interrupts
from pytest_ecsevents.handlers._interrupts import NUMBER
from pytest_ecsevents.handlers._main_thread import MAIN_THREAD, MainThread

pytestmark = pytest.mark.timeout(30)


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


def blocked_after_an_error(ecs, lock):
    """A planned function that blocks once it has caught the error that was to end it."""

    def block():
        ecs.patience = 0.1
        with suppress(BaseException):
            while True:
                pass
        ecs.patience = 60  # it gets no second error before it counts as blocked
        lock.acquire()

    ecs.at("+1h", block)


@pytest.fixture(params=[blocked_at, blocked_on_change, blocked_after_an_error])
def planned(request, ecs, locks, monkeypatch):
    """Plan that a function blocks.

    Where its error stays pending, coverage does not measure the thread that watches, which runs as in a user's test: on
    Python 3.11 a thread that is traced comes into no function meanwhile.
    """
    if request.param is blocked_after_an_error:
        monkeypatch.setattr(_guard, "LOOK_EVERY", 0.06)  # on a busy machine it may need that long to catch the error
    else:
        monkeypatch.setattr(_interrupts, "start_new_thread", start_new_thread)
    request.param(ecs, locks[0])


@pytest.mark.usefixtures("planned")
@pytest.mark.parametrize("wait", [lambda lock: lock.acquire(), lambda _lock: signal.pause()])  # in C
def test_the_main_thread_gets_an_error_that_names_the_line(locks, wait):
    """It is blocked in C itself; the function is called in another thread, whose sleep moves the clock."""
    threading.Thread(target=time.sleep, args=(7200,)).start()
    with pytest.raises(StuckHandlerError, match=r"can't be ended.* Its thread is left\. It was at .* in block\b"):
        wait(locks[1])


@pytest.mark.usefixtures("planned")
def test_the_main_thread_gets_the_error_in_a_virtual_wait(ecs):
    """Another thread of the test moves the clock, and calls the function."""
    main, scheduler = threading.main_thread().ident, ecs._clock.waits

    def sleep_last():
        while scheduler._by_ident.get(main) is None or scheduler._by_ident[main].runs:
            pass
        time.sleep(7200)

    threading.Thread(target=sleep_last).start()
    with pytest.raises(StuckHandlerError, match=r"in block\b"):
        threading.Event().wait()


@pytest.mark.usefixtures("planned")
def test_a_handler_beside_it_gets_the_error(ecs, locks):
    """Sooner than `run` would end the handler, which waits too."""
    ecs.patience = 4

    def handler():
        ecs.patience = 0.1  # of the function
        threading.Thread(target=time.sleep, args=(7200,)).start()
        locks[1].acquire()

    with pytest.raises(StuckHandlerError, match=r"in block\b"):
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


def test_an_interrupt_before_the_watch_began_leaves_nothing_to_wait_for():
    """The cloud ends all the same."""
    with EcsEvents() as ecs:
        wake = ecs._parts.guard._wake
        wake.acquire()
    assert not wake.locked()
