"""`run` ends at its time in any wait of the handler, and functions that hang beside a handler are interrupted."""

import asyncio
import contextlib
import http.server
import re
import selectors
import signal
import socket
import threading
import time
from _thread import allocate_lock, start_new_thread

import pytest
from raw_threads import start_raw_thread

from pytest_ecsevents import EcsEvents, EndlessHandlerError, Stopped, StuckHandlerError
from pytest_ecsevents.clock._stop import HandlerStop
from pytest_ecsevents.handlers import _interrupts


@pytest.fixture
def ecs(either_backend):
    """A cloud at 2030-01-01T00:00:00Z with one instance."""
    with EcsEvents(backend=either_backend) as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


@pytest.fixture
def little_patience(ecs):
    """What hangs is ended soon. What does not could be taken for hanging on a busy machine."""
    ecs.patience = 0.5


# -- the handler's own thread is blocked in a system call


def serve_http():
    """Serve without end."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        server.serve_forever()


def select():
    """Wait for a socket that gets no data."""
    ours, theirs = socket.socketpair()
    with ours, theirs, selectors.DefaultSelector() as selector:
        selector.register(ours, selectors.EVENT_READ)
        selector.select()


def accept():
    """Wait for a client that never comes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.accept()


BLOCKED = [signal.pause, serve_http, select, accept]


def poll(polls):
    """Poll every minute."""
    while True:
        polls.append(1)
        time.sleep(60)


@pytest.mark.parametrize("block", BLOCKED)
def test_a_handler_whose_workers_poll_while_its_own_thread_is_blocked_ends_at_its_time(ecs, block):
    """The clock stays at the end until the handler has ended there."""
    polls = []

    def handler():
        threading.Thread(target=poll, args=(polls,), daemon=True).start()
        block()

    stopped = ecs.run(handler, until="1h")
    assert isinstance(stopped, Stopped)
    assert (f"{stopped.at:%H:%M}", f"{ecs.now:%H:%M:%S}") == ("01:00", "01:00:00")
    assert len(polls) == 61


def test_a_blocked_handler_ends_when_its_condition_is_met(ecs):
    """The condition is checked while the worker sleeps."""
    polls = []

    def handler():
        threading.Thread(target=poll, args=(polls,), daemon=True).start()
        signal.pause()

    stopped = ecs.run(handler, until=lambda _: len(polls) == 10)
    assert isinstance(stopped, Stopped)
    assert ecs.now.minute == 10


def test_a_blocked_handler_ends_between_two_polls_and_what_is_due(ecs):
    """If nothing happens at the end itself, the clock still stops there."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+10h")
    waiting = threading.Event()

    def handler():
        threading.Thread(target=waiting.wait, daemon=True).start()
        signal.pause()

    assert isinstance(ecs.run(handler, until="90m"), Stopped)
    assert f"{ecs.now:%H:%M}" == "01:30"
    waiting.set()


def test_a_worker_that_saw_the_handler_blocked_does_not_move_the_clock_when_that_has_ended(ecs, monkeypatch):
    """Between its look and its step `run` has ended, and the clock is the test's."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+10h")
    waiting, scheduler, never, looks = threading.Event(), ecs._clock.waits, allocate_lock(), []
    misses_stop, hold = scheduler._misses_stop, scheduler._hold
    never.acquire()

    def look():
        stop = scheduler.stop
        is_missed = misses_stop()
        while is_missed and scheduler.stop is stop:
            never.acquire(True, 0.001)
        return False

    def handler():
        threading.Thread(target=waiting.wait, daemon=True).start()
        signal.pause()

    monkeypatch.setattr(scheduler, "_misses_stop", look)
    monkeypatch.setattr(scheduler, "_hold", lambda wait: looks.append(wait) or hold(wait))
    ecs.run(handler, until="90m")
    seen = len(looks)
    while len(looks) < seen + 2:  # work that holds time, until the worker has looked again
        pass
    assert f"{ecs.now:%H:%M}" == "01:30"
    waiting.set()


@pytest.mark.usefixtures("little_patience")
def test_a_handler_that_is_a_method_in_c_ends(ecs):
    """No code in Python stands between it and `run`."""
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(StuckHandlerError):
        ecs.run(ours.recv, 1, until="1h")


def test_a_handler_that_joins_an_older_thread_ends(ecs):
    """The thread began before the test, and does not end: the handler ends at its time, as a worker's sleeps move the clock."""
    is_over = allocate_lock()
    is_over.acquire()
    older = []
    start_raw_thread(
        lambda: (older.append(threading.Thread(target=is_over.acquire)), older[0].start(), older.append(0))
    )
    while len(older) < 2:
        pass

    def handler():
        threading.Thread(target=poll, args=([],), daemon=True).start()
        older[0].join()

    stopped = ecs.run(handler, until="1h")
    assert isinstance(stopped, Stopped)
    assert f"{ecs.now:%H:%M}" == "01:00"
    is_over.release()


# -- a run inside a run


def sleep_on():
    """Sleep second by second, without end."""
    while True:
        time.sleep(1)


@pytest.mark.parametrize("by_condition", [False, True])
def test_the_end_of_the_outer_run_ends_both(ecs, by_condition):
    """A handler that starts one run after the other is stopped at its own end."""

    def handler():
        for _ in range(1000):
            ecs.run(sleep_on, until="10s")

    until = (lambda _: ecs.now.minute == 1) if by_condition else "1m"
    assert isinstance(ecs.run(handler, until=until), Stopped)
    assert f"{ecs.now:%M:%S}" == "01:00"


def test_an_inner_run_that_ends_first_leaves_the_outer_one_running(ecs):
    """The handler continues from there."""

    def handler():
        ecs.run(sleep_on, until="10s")
        time.sleep(5)
        return f"{ecs.now:%M:%S}"

    assert ecs.run(handler, until="1h") == "00:15"


# -- what hangs beside the handler


def spin(*_):
    """Compute without end."""
    while True:
        pass


def wait(*_):
    """Wait for something that never happens."""
    threading.Event().wait()


def wait_and_go_on(*_):
    """Wait for something that never happens, and catch the error that ends it, a few times."""
    for _ in range(3):
        with contextlib.suppress(BaseException):
            threading.Event().wait()


HANGS = [spin, wait, wait_and_go_on]


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("hang", HANGS)
def test_a_planned_function_that_hangs_is_cut_off(ecs, hang):
    """The message has the line that planned it and its current line."""
    ecs.at("+1h", hang)
    with pytest.raises(StuckHandlerError, match=rf"planned with at\(\) .*neither slept .* in {hang.__name__}"):
        ecs.advance("2h")


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("hang", HANGS)
def test_a_receiver_of_changes_that_hangs_is_cut_off(ecs, hang):
    """The message names it."""
    end = ecs.on_change(hang)
    with pytest.raises(StuckHandlerError, match=rf"receiver {hang.__name__} of on_change neither slept"):
        ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    end()


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("hang", HANGS)
def test_a_receiver_of_notifications_that_hangs_is_cut_off(ecs, hang):
    """Waiting for something that never happens counts as hanging."""
    ecs.subscribe(hang, names="Instance:SystemMaintenance.Reboot:Scheduled")
    with pytest.raises(StuckHandlerError, match=f"receiver {hang.__name__} neither slept"):
        ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")


@pytest.mark.usefixtures("little_patience")
def test_a_receiver_that_hangs_in_a_worker_of_the_handler_is_cut_off(ecs, pass_real_seconds):
    """`run` watches the handler's own thread, and the receiver is called in another one, while the handler sleeps."""
    errors = []

    def worker():
        with pytest.raises(StuckHandlerError) as error:
            ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
        errors.append(str(error.value))

    def handler():
        thread = threading.Thread(target=worker)
        thread.start()
        while not errors:
            time.sleep(60)
            pass_real_seconds(0.1)
        thread.join()

    ecs.subscribe(wait, names="Instance:SystemMaintenance.Reboot:Scheduled")
    cut = ecs._clock.waits.cut

    def cut_later():  # as on a busy machine: the watch looks again before the thread goes on
        for _ in range(5):
            pass_real_seconds(0.1)
        cut()

    ecs._clock.waits.cut = cut_later
    ecs.run(handler)
    assert re.match(r"The receiver wait did not return within 3\.?\d* seconds .* it was cut off", *errors)


def test_an_error_for_another_thread_arrives_at_its_next_step(ecs):
    """Until then it has not swallowed the error, however often the watch looks."""
    begun, free, ended, made, before = allocate_lock(), allocate_lock(), allocate_lock(), [], []
    for lock in (begun, free, ended):
        lock.acquire()

    def work():
        made.append(_interrupts.Interrupter(ecs._clock))
        begun.release()
        with contextlib.suppress(HandlerStop):
            free.acquire()
        ended.release()

    def look():  # in a thread that coverage does not trace: on Python 3.11 such a one goes no further meanwhile
        begun.acquire()
        made[0].interrupt()
        before.append((made[0].raised, made[0].has_arrived))
        free.release()

    start_new_thread(work, ())
    start_new_thread(look, ())
    ended.acquire()
    assert before == [(1, False)]
    assert made[0].has_arrived


def test_a_receiver_that_calls_without_end_is_cut_off_where_sleeps_are_real(call, pass_real_seconds):
    """The clock stands meanwhile, and no wait ends the receiver."""

    def receive(_):
        while True:
            call("DescribeInstances")
            pass_real_seconds(0.1)

    with EcsEvents(sleep="real") as ecs:
        ecs.patience = 0.5
        ecs.instances.add("i-web1")
        ecs.subscribe(receive, names="Instance:SystemMaintenance.Reboot:Scheduled")
        with pytest.raises(
            StuckHandlerError, match=r"receiver receive did not return within 3\.?\d* seconds .* was cut off"
        ):
            ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")


@pytest.mark.parametrize("seconds", [1, 86_400])
def test_a_receiver_that_sleeps_without_end_is_cut_off(ecs, seconds):
    """It ends after some real time, or a virtual year."""
    ecs.patience = 0.25

    def sleep_without_end(_):
        while True:
            time.sleep(seconds)

    ecs.subscribe(sleep_without_end, names="Instance:SystemMaintenance.Reboot:Scheduled")
    with pytest.raises(StuckHandlerError, match=r"sleep_without_end did not return within .* in sleep_without_end"):
        ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")


def test_a_planned_function_that_reads_without_end_is_cut_off(ecs):
    """A function that does not sleep is interrupted in its current line."""
    ecs.patience = 0.1

    def read():
        while True:
            assert ecs.now

    ecs.at("+1h", read)
    with pytest.raises(StuckHandlerError, match="neither slept nor called"):
        ecs.advance("2h")


# -- `until`


def sleep_a_second(_):
    """Sleep, and return False."""
    time.sleep(1)


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("until", [wait, spin])
def test_an_until_function_that_hangs_is_cut_off(ecs, until):
    """The message has its line, and its role."""
    with pytest.raises(StuckHandlerError, match=rf"passed as until did not return.* in {until.__name__}\."):
        ecs.run(sleep_on, until=until)


def test_an_until_function_may_sleep(ecs):
    """It is not called again while it sleeps."""

    def handler():
        for _ in range(10):
            time.sleep(60)
        return "ended"

    assert ecs.run(handler, until=sleep_a_second) == "ended"


def test_an_until_function_that_is_never_true_is_an_error(ecs):
    """It raises after a virtual year."""

    def sleep_days():
        while True:
            time.sleep(86_400)

    with pytest.raises(EndlessHandlerError):
        ecs.run(sleep_days, until=lambda _: False)


# -- the test itself


def wait_for_a_thread_that_waits():
    """Join a thread that waits for an event that is never set."""
    thread = threading.Thread(target=threading.Event().wait, daemon=True)
    thread.start()
    thread.join()


ALONE = {
    "Event": lambda: threading.Event().wait(),
    "sleep": lambda: time.sleep(9e9),
    "asyncio": lambda: asyncio.run(asyncio.Event().wait()),
    "join": wait_for_a_thread_that_waits,
}


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("kind", ALONE)
def test_a_test_that_waits_for_nothing_gets_an_error(ecs, kind):
    """Nothing is due and no thread runs, so it would hang."""
    with pytest.raises(StuckHandlerError, match=r"waits for what never comes, at .*test_run_ends"):
        ALONE[kind]()


SET_TIMER = signal.setitimer  # the real one: that of a test is virtual


def test_a_wait_that_something_outside_ends_in_time_is_no_error(ecs):
    """A timer of the system sends a signal, whose handler sets the event."""
    event = threading.Event()
    before = signal.signal(signal.SIGALRM, lambda *_: event.set())
    SET_TIMER(signal.ITIMER_REAL, 0.1)
    try:
        assert event.wait()
    finally:
        signal.signal(signal.SIGALRM, before)
