"""Waits that take no time: loops that reach their exact deadline end; loops that never let time pass raise an error."""

import asyncio
import concurrent.futures
import queue
import threading
import time

import pytest

from pytest_ecsevents import EcsEvents, StandingClockError, Stopped, StuckHandlerError


@pytest.fixture
def ecs(either_backend):
    """A cloud at 2030-01-01T00:00:00Z."""
    with EcsEvents(backend=either_backend) as ecs_events:
        yield ecs_events


def clock(ecs):
    """The clock in minutes and seconds."""
    return f"{ecs.now:%M:%S}"


def sleeping_thread(seconds):
    """Start a thread that sleeps."""
    thread = threading.Thread(target=time.sleep, args=(seconds,))
    thread.start()
    return thread


def get_from(waiting):
    """Wait for an item that never comes."""

    def wait(seconds):
        with pytest.raises(queue.Empty):
            waiting.get(timeout=seconds)

    return wait


def put_into(full):
    """Wait for room that never appears."""
    full.put("first")

    def wait(seconds):
        with pytest.raises(queue.Full):
            full.put("second", timeout=seconds)

    return wait


def wait_for(condition):
    """Wait for a notification that never comes."""

    def wait(seconds):
        with condition:
            assert not condition.wait(seconds)

    return wait


WAITS = {
    "sleep": lambda: time.sleep,
    "Event": lambda: threading.Event().wait,
    "Condition": lambda: wait_for(threading.Condition()),
    "Semaphore": lambda: lambda seconds: threading.Semaphore(0).acquire(timeout=seconds),
    "Queue.get": lambda: get_from(queue.Queue()),
    "Queue.put": lambda: put_into(queue.Queue(1)),
    "join": lambda: sleeping_thread(40).join,
}


@pytest.mark.parametrize("kind", WAITS)
def test_a_loop_that_waits_until_exactly_its_deadline_ends_there(ecs, kind):
    """`while now <= deadline` ends: time passes the deadline although the last wait has no length."""
    wait = WAITS[kind]()
    deadline = time.monotonic() + 30
    while time.monotonic() <= deadline:
        wait(min(7, max(0, deadline - time.monotonic())))
    assert clock(ecs) == "00:30"


def test_a_wait_shorter_than_a_float_can_tell_is_of_no_length(ecs):
    """A deadline minus now can be shorter than a clock can show."""
    deadline = time.monotonic() + 30
    while time.monotonic() <= deadline:
        time.sleep(max(1e-10, deadline - time.monotonic()))
    assert clock(ecs) == "00:30"


def test_a_loop_that_waits_for_the_last_second_to_pass_ends(ecs):
    """The steps of time grow, so a comparison of whole seconds ends too."""
    time.sleep(29)
    while ecs.now.second < 30:
        time.sleep(0)
    assert clock(ecs) == "00:30"


LATE = {
    "as_completed": lambda pool: concurrent.futures.as_completed([pool.submit(time.sleep, 60)], timeout=30),
    "map": lambda pool: pool.map(time.sleep, [60, 60], timeout=30),
}


@pytest.mark.parametrize("jobs", LATE)
def test_jobs_of_a_pool_are_late_where_their_timeout_ends(ecs, jobs):
    """as_completed reads the clock repeatedly at the exact instant of its timeout."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with pytest.raises(concurrent.futures.TimeoutError):
            list(LATE[jobs](pool))
        assert clock(ecs) == "00:30"
        assert ecs.now.microsecond == 0


def test_jobs_of_a_pool_are_late_under_run(ecs):
    """The handler catches the error, and goes on."""

    def handler():
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            try:
                return list(concurrent.futures.as_completed([pool.submit(time.sleep, 60)], timeout=30))
            except concurrent.futures.TimeoutError:
                return clock(ecs)

    assert ecs.run(handler, until="1h") == "00:30"


LOOKS = {
    "sleep": lambda _: time.sleep(0),
    "join": lambda thread: thread.join(0),
    "Event": lambda _: threading.Event().wait(0),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_loop_that_looks_for_another_thread_lets_it_wake(ecs, look):
    """Repeated waits of no length last exactly as long as the other thread sleeps."""
    thread = sleeping_thread(60)
    while thread.is_alive():
        LOOKS[look](thread)
    assert clock(ecs) == "01:00"


def test_a_thread_that_computes_is_waited_for(ecs):
    """Time stands still while the other thread works, however often this one polls."""
    ends = time.process_time() + 0.1
    thread = threading.Thread(target=lambda: [None for _ in iter(lambda: time.process_time() < ends, False)])
    thread.start()
    while thread.is_alive():
        time.sleep(0)
    assert ecs.now.second <= 2


async def land():
    """Wait in an event loop until exactly a deadline."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 30
    while loop.time() <= deadline:  # noqa: ASYNC110  # what is tested
        await asyncio.sleep(max(0, deadline - loop.time()))


async def look_for_a_task():
    """Poll for a task that sleeps, in a loop that is never idle."""
    task = asyncio.ensure_future(asyncio.sleep(30))
    while not task.done():  # noqa: ASYNC110  # what is tested
        await asyncio.sleep(0)


async def look_for_a_thread():
    """Poll for a thread that sleeps, in a loop that is never idle."""
    job = asyncio.ensure_future(asyncio.to_thread(time.sleep, 30))
    while not job.done():  # noqa: ASYNC110  # what is tested
        await asyncio.sleep(0)


@pytest.mark.parametrize("waits", [land, look_for_a_task, look_for_a_thread])
def test_a_loop_that_only_yields_lets_time_pass(ecs, waits):
    """`asyncio.sleep(0)` in an event loop behaves like `time.sleep(0)` in a thread."""
    asyncio.run(waits())
    assert clock(ecs) == "00:30"


def spin_for(seconds):
    """Sleep for no time, or almost none, in an endless loop."""
    while True:
        time.sleep(seconds)


async def spin_in_a_loop(seconds=0):
    """The same in an event loop."""
    while True:  # noqa: ASYNC110  # what is tested
        await asyncio.sleep(seconds)


SPINS = {
    "sleep(0)": lambda: spin_for(0),
    "sleep(1e-10)": lambda: spin_for(1e-10),
    "sleep(1e-6)": lambda: spin_for(1e-6),
    "asyncio.sleep(0)": lambda: asyncio.run(spin_in_a_loop()),
    "asyncio.sleep(1e-6)": lambda: asyncio.run(spin_in_a_loop(1e-6)),
}


@pytest.mark.parametrize("spin", SPINS)
def test_a_test_that_never_lets_time_pass_raises_with_its_line(ecs, spin):
    """It raises after the real patience; the message names the line that waits."""
    ecs.patience = 0.2
    with pytest.raises(StandingClockError, match=r"in 0\.2 seconds of real time, .* at .*test_brief_waits\.py:\d+ in"):
        SPINS[spin]()


@pytest.mark.parametrize("spin", SPINS)
def test_a_handler_that_never_lets_time_pass_is_ended(ecs, spin):
    """Such waits do not count as progress, although they move time a little."""
    ecs.patience = 0.2
    with pytest.raises(StuckHandlerError, match="neither slept nor called"):
        ecs.run(SPINS[spin], until="1h")


# On a busy machine one thread may get so little time that the other one takes it for real work.
@pytest.mark.filterwarnings("ignore::pytest_ecsevents.RealWorkWarning")
def test_two_threads_that_wait_for_no_time_do_not_keep_each_other_going(ecs):
    """Neither wakes the other, so both raise."""
    ecs.patience = 0.2
    raised = []

    def spin():
        with pytest.raises(StandingClockError):
            spin_for(0)
        raised.append(threading.current_thread())

    threads = [threading.Thread(target=spin) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(raised) == set(threads)


def test_short_sleeps_that_move_the_clock_are_as_good_as_long_ones(ecs):
    """A thread that polls every millisecond finishes its minute under run."""
    assert isinstance(ecs.run(spin_for, 0.001, until="10s"), Stopped)
    assert clock(ecs) == "00:10"
