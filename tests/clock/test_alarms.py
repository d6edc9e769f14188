"""`signal.alarm` and `signal.setitimer` send their signal at an instant of virtual time."""

import asyncio
import datetime as dt
import os
import signal
import threading
import time

import pytest
from raw_threads import start_raw_thread

from pytest_ecsevents import EcsEvents, EcsEventsError
from pytest_ecsevents.clock import _stand_ins
from pytest_ecsevents.clock._stand_ins import real_sleep

pytestmark = [
    pytest.mark.timeout(20),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no alarms here"),
]


@pytest.fixture
def ecs(either_backend):
    """A cloud at 2030-01-01T00:00:00Z."""
    with EcsEvents(backend=either_backend) as ecs_events:
        yield ecs_events


def passed(ecs):
    """Seconds of virtual time since the start."""
    return ecs.now.timestamp() - dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc).timestamp()


@pytest.fixture
def handle():
    """Set the handler of SIGALRM: `handle(function)`. pytest-timeout has its own, and its alarm, which stay."""
    before = signal.getsignal(signal.SIGALRM)
    yield lambda handler: signal.signal(signal.SIGALRM, handler)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def rings(ecs, handle):
    """When SIGALRM came, in seconds."""
    rings = []
    handle(lambda *_: rings.append(passed(ecs)))
    return rings


class TooLateError(Exception):
    """What a handler raises."""


def too_late(*_):
    """Raise, as handlers of a timeout do."""
    raise TooLateError


def test_an_alarm_ends_a_sleep(ecs, handle):
    """What its handler raises comes out of the sleep at that instant."""
    handle(too_late)
    assert signal.alarm(5) == 0
    with pytest.raises(TooLateError):
        time.sleep(3600)
    assert passed(ecs) == 5


def test_an_alarm_that_is_cancelled_does_not_come(ecs, rings):
    """`alarm(0)` says what was left, and so does another alarm."""
    signal.alarm(60)
    time.sleep(10)
    assert signal.alarm(30) == 50
    time.sleep(9.5)
    assert signal.alarm(0) == 21
    assert signal.alarm(0) == 0
    time.sleep(3600)
    assert rings == []


def test_an_interval(ecs, rings):
    """It comes again and again until it is stopped."""
    assert signal.setitimer(signal.ITIMER_REAL, 2.5, 10) == (0.0, 0.0)
    assert signal.getitimer(signal.ITIMER_REAL) == (2.5, 10)
    time.sleep(30)
    assert signal.setitimer(signal.ITIMER_REAL, 0) == (2.5, 10)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    time.sleep(30)
    assert rings == [2.5, 12.5, 22.5]


@pytest.mark.parametrize("wait", [time.sleep, lambda seconds: threading.Event().wait(seconds)])
def test_the_handler_is_called_at_its_instant_beside_other_threads(ecs, rings, wait):
    """Whichever thread moves the clock, the main one handles the signal before time goes on."""

    def tick():
        for _ in range(30):
            time.sleep(1)

    thread = threading.Thread(target=tick)
    thread.start()
    signal.setitimer(signal.ITIMER_REAL, 0.5, 1)
    wait(20)
    signal.setitimer(signal.ITIMER_REAL, 0)
    thread.join()
    assert rings == [second + 0.5 for second in range(20)]


def test_a_pause_waits_for_the_alarm(ecs, rings):
    """And for nothing else."""
    signal.alarm(90)
    signal.pause()
    assert rings == [90]
    assert passed(ecs) == 90


def test_a_pause_without_an_alarm_waits_for_a_real_signal(ecs):
    """Another thread or process sends it."""
    seen, is_over, has_ended = [], [], []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(passed(ecs)))

    def send():
        while not is_over:  # the first signal may come before the wait has begun
            os.kill(os.getpid(), signal.SIGUSR1)
            real_sleep(0.01)
        has_ended.append(True)

    start_raw_thread(send)
    signal.pause()
    is_over.append(True)
    while not has_ended:
        pass
    signal.signal(signal.SIGUSR1, before)
    assert set(seen) == {0}


def test_a_pause_of_another_thread_waits_for_a_real_signal(ecs, rings):
    """The alarm is for the main thread."""
    came, may_end = [], []
    before = signal.signal(signal.SIGUSR1, lambda *_: None)

    def pause():
        signal.pause()
        came.append(passed(ecs))
        while not may_end:
            pass

    signal.alarm(90)
    thread = threading.Thread(target=pause)
    thread.start()
    while not came:  # the first signal may come before the wait has begun
        signal.pthread_kill(thread.ident, signal.SIGUSR1)
        _stand_ins.real_sleep(0.01)  # a test's own name for it is virtual
    may_end.append(True)
    thread.join()
    signal.signal(signal.SIGUSR1, before)
    assert (came, rings) == ([0], [])


def test_run_goes_on_with_alarms(ecs, rings):
    """A handler under `run` gets its alarms until run ends it."""

    def poll():
        signal.setitimer(signal.ITIMER_REAL, 60, 60)
        while True:
            time.sleep(7)

    ecs.run(poll, until="10m")
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert rings[:9] == [60 * minute for minute in range(1, 10)]


def test_an_alarm_reaches_an_event_loop(ecs):
    """`add_signal_handler` works with it."""

    async def main():
        loop, rung = asyncio.get_running_loop(), asyncio.Event()
        loop.add_signal_handler(signal.SIGALRM, rung.set)
        signal.alarm(60)
        await asyncio.wait_for(rung.wait(), 3600)
        loop.remove_signal_handler(signal.SIGALRM)

    before = signal.getsignal(signal.SIGALRM)
    try:
        asyncio.run(main())
    finally:
        signal.signal(signal.SIGALRM, before)
    assert 60 <= passed(ecs) < 61


def test_an_alarm_without_a_handler_is_told(ecs, handle):
    """It would end the process; one that is ignored does nothing."""
    handle(signal.SIG_DFL)
    signal.alarm(5)
    with pytest.raises(EcsEventsError, match=r"SIGALRM has no handler.*signal\.signal"):
        time.sleep(60)
    handle(signal.SIG_IGN)
    signal.alarm(5)
    time.sleep(60)
    assert passed(ecs) == 65


def test_the_next_test_has_no_alarm(handle):
    """What a test leaves ends with it."""
    handle(too_late)
    with EcsEvents():
        signal.alarm(5)
    with EcsEvents():
        time.sleep(60)


def test_other_timers_and_threads_have_their_own(ecs):
    """A timer of the processor, the alarm of pytest-timeout, and that of a test in another thread are real."""
    assert signal.setitimer(signal.ITIMER_PROF, 0) == (0.0, 0.0)
    assert signal.getitimer(signal.ITIMER_PROF) == (0.0, 0.0)
    with pytest.raises(signal.ItimerError):
        signal.setitimer(signal.ITIMER_REAL, -5)
    kinds = []

    def other():
        kinds.append(signal.alarm.__module__)

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert kinds == ["pytest_ecsevents.clock._alarms"]


def test_a_thread_that_is_not_of_the_test_has_the_real_alarm(ecs, rings):
    """It sees at most that of pytest-timeout."""
    left = []
    signal.alarm(5000)
    start_raw_thread(lambda: left.append(signal.getitimer(signal.ITIMER_REAL)[0]))
    while not left:
        pass
    assert left[0] <= 20


def test_a_library_has_the_real_alarm(ecs, rings):
    """As pytest-timeout has, which asks during the test."""
    library = {"__name__": "pytest_timeout", "getitimer": signal.getitimer, "REAL": signal.ITIMER_REAL}
    exec("def left(): return getitimer(REAL)[0]", library)  # noqa: S102  # for its name
    signal.alarm(5000)
    assert library["left"]() <= 20


def test_a_mock_of_an_alarm_stays(monkeypatch):
    """A test may set its own before the cloud begins."""
    seconds = []
    monkeypatch.setattr(signal, "alarm", seconds.append)
    with EcsEvents():
        signal.alarm(90)
    assert seconds == [90]


def test_a_cloud_of_another_thread_leaves_alarms_alone():
    """Handlers run in the main thread, which is not its own."""
    kinds = []

    def test():
        with EcsEvents():
            kinds.append(signal.alarm.__module__)

    thread = threading.Thread(target=test)
    thread.start()
    thread.join()
    assert kinds in (["_signal"], ["signal"])
