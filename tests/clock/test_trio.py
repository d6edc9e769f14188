"""trio, and anyio on trio, keep virtual time in threads of the test."""

import datetime as dt
import queue
import random
import socket
import subprocess
import sys
import threading
import time

import pytest
from process_clock import clock
from raw_threads import start_raw_thread

from pytest_ecsevents import EcsEvents, EcsEventsError, StandingClockError, StuckHandlerError
from pytest_ecsevents.clock import _stand_ins
from pytest_ecsevents.clock._stand_ins import real_sleep
from pytest_ecsevents.clock._threads import real_now

trio = pytest.importorskip("trio")
anyio = pytest.importorskip("anyio")

pytestmark = pytest.mark.timeout(60)


async def poll(seen=None, *, every=60):
    """A handler that runs until it is stopped."""
    try:
        while True:
            await trio.sleep(every)
    finally:
        if seen is not None:
            seen.append(f"cleaned up at {clock()}")


# -- sleeping


def test_a_sleep_lets_happen_what_is_due_on_the_way(ecs):
    """An hour's sleep returns at once, exactly on the hour; each transition is at its instant."""
    seen = []
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+30m")
    ecs.on_change(lambda change: seen.append((str(change.to_status), clock())))
    trio.run(trio.sleep, 3600)
    assert seen == [("Executing", "00:30:00"), ("Executed", "00:30:01")]
    assert ecs.now == dt.datetime(2030, 1, 1, 1, tzinfo=dt.timezone.utc)


def test_tasks_wake_in_the_order_of_their_instants(ecs):
    """One task waits longer than a day, the longest single wait of trio itself."""
    seen = []

    async def sleeper(seconds):
        await trio.sleep(seconds)
        seen.append(ecs.now - began)

    async def main():
        async with trio.open_nursery() as nursery:
            for seconds in (200_000, 0.1, 90):
                nursery.start_soon(sleeper, seconds)

    began = ecs.now
    trio.run(main)
    assert seen == [dt.timedelta(seconds=seconds) for seconds in (0.1, 90, 200_000)]


def test_a_time_out_strikes_in_virtual_time(ecs):
    """A wait of ten minutes times out ten minutes later on trio's clock."""

    async def main():
        began = trio.current_time()
        with trio.move_on_after(600) as scope:
            await trio.sleep_forever()
        return scope.cancelled_caught, round(trio.current_time() - began, 6)

    assert trio.run(main) == (True, 600)
    assert clock() == "00:10:00"


def test_a_receiver_wakes_a_task(ecs):
    """A task that waits only for a change wakes when the change is due."""

    async def main():
        changed = trio.Event()
        ecs.on_change(lambda _: changed.set())
        await changed.wait()
        return clock()

    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+30m")
    assert trio.run(main) == "00:30:00"


def test_waiting_until_all_tasks_are_idle_takes_its_cushion(ecs):
    """`wait_all_tasks_blocked` returns although another task sleeps for an hour."""

    async def main():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 3600)
            await trio.testing.wait_all_tasks_blocked(0.5)
            nursery.cancel_scope.cancel()

    trio.run(main)
    assert ecs.now.microsecond == 500_000


def test_a_sleep_ends_whatever_trio_adds_to_the_clock(ecs):
    """Trio adds a number to the time: after it is subtracted and added again, a deadline may be a little later."""
    system_clock, numbers = trio._core._run.SystemClock, random.Random(1)
    base = trio.run(read_time, clock=system_clock(offset=0.0))

    def ends_late(micros, offset):
        when = (offset + (base + micros / 1e6)) + 0.001
        return offset + max(base + (micros + 1_000) / 1e6, when - offset) < when

    numbers = [(numbers.randrange(10**11), numbers.uniform(0, 2 * base)) for _ in range(10_000)]
    micros, offset = next((pair for pair in numbers if ends_late(*pair)), numbers[0])  # usually there is one
    ecs.advance(dt.timedelta(microseconds=micros))
    trio.run(trio.sleep, 0.001, clock=system_clock(offset=offset))
    assert (ecs.now - dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc)) // dt.timedelta(microseconds=1) == micros + 1_000


async def read_time():
    """What trio's clock shows."""
    return trio.current_time()


def test_a_loop_that_only_lets_others_run_ends_at_its_deadline(ecs):
    """`sleep(0)` takes no time, but a loop of nothing else would let none pass."""

    async def main():
        with trio.move_on_after(0.5):
            await let_others_run()

    trio.run(main)
    assert ecs.now.microsecond == 500_000


async def let_others_run():
    """A loop that waits for no time."""
    while True:
        await trio.sleep(0)


def test_a_loop_that_only_lets_others_run_raises_when_nothing_else_can_wake(ecs):
    """The error is the plugin's own; it comes after the patience."""
    ecs.patience = 0.1
    with pytest.raises(StandingClockError, match=r"no time or hardly any"):
        trio.run(let_others_run)
    ecs.advance("1s")
    trio.run(trio.sleep, 1)


def test_a_clock_that_was_passed_keeps_its_own_time(ecs):
    """Trio's own test clock jumps as it does without the plugin."""
    trio.run(trio.sleep, 3600, clock=trio.testing.MockClock(autojump_threshold=0))
    assert clock() == "00:00:00"


def test_a_thread_from_before_the_test_keeps_real_time():
    """Its run uses trio's own clock, in its worker threads too."""
    go, done, spans = threading.Lock(), threading.Lock(), []
    go.acquire()
    done.acquire()

    async def main():
        began = trio.current_time()
        await trio.sleep(0.05)
        await trio.to_thread.run_sync(real_sleep, 0.05)
        spans.append(trio.current_time() - began)

    def old():
        go.acquire()
        trio.run(main)
        done.release()

    start_raw_thread(old)
    with EcsEvents() as ecs_events:
        go.release()
        done.acquire()
        assert ecs_events.now.hour == 0
    assert 0.09 < spans[0] < 30


# -- threads


def test_worker_threads_sleep_virtually_in_each_test():
    """Trio reuses its threads: in the second cloud their work counts too, and no error is raised."""
    for _ in range(2):
        with EcsEvents() as ecs_events:

            async def main():
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.to_thread.run_sync, time.sleep, 600)
                    nursery.start_soon(trio.to_thread.run_sync, time.sleep, 300)

            trio.run(main)
            assert ecs_events.now.minute == 10
            began = real_now()
            for _ in range(100):
                time.sleep(60)
            assert real_now() - began < 5  # the idle threads do not stop time


def test_a_thread_calls_into_the_run(ecs):
    """A worker thread lets the run sleep for it."""
    trio.run(trio.to_thread.run_sync, lambda: trio.from_thread.run(trio.sleep, 90))
    assert clock() == "00:01:30"


def test_an_answer_comes_before_its_time_out(ecs):
    """A real answer under way delays a timeout; a sleep beside an idle socket is not delayed."""
    here, there = socket.socketpair()

    def answer():
        real_sleep(0.2)
        there.send(b"1")

    async def main():
        ours = trio.socket.from_stdlib_socket(here)
        start_raw_thread(answer)
        with trio.fail_after(30):
            assert await ours.recv(1) == b"1"
        assert clock() == "00:00:00"
        async with trio.open_nursery() as nursery:
            nursery.start_soon(ours.recv, 1)
            began = real_now()
            for _ in range(3):
                await trio.sleep(60)
            assert real_now() - began < 2
            nursery.cancel_scope.cancel()

    with here, there:
        here.setblocking(False)
        trio.run(main)
    assert clock() == "00:03:00"


# -- run


def test_run_stops_a_run_of_trio(ecs):
    """The main task is canceled at its end; its clean-up runs, and the message names the line where it awaited."""
    seen = []
    stopped = ecs.run(lambda: trio.run(poll, seen), until="1d")
    assert ecs.now - dt.timedelta(days=1) == dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc)
    assert "in poll" in stopped.doing
    assert seen == ["cleaned up at 00:00:00"]


def test_run_stops_all_tasks_of_a_run(ecs):
    """This includes tasks in a nursery, stopped by a condition, and one that blocks the run by its own sleep."""
    seen = []

    async def main():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poll, seen)
            nursery.start_soon(poll, seen)

    async def blocking():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poll, seen)
            while True:
                time.sleep(60)  # noqa: ASYNC251  # what handlers do all the same
                await trio.sleep(0.001)

    ecs.run(lambda: trio.run(main), until=lambda ecs_events: ecs_events.now.hour == 2)
    assert seen == ["cleaned up at 02:00:00"] * 2
    assert "in blocking" in ecs.run(lambda: trio.run(blocking), until="1h").doing
    assert len(seen) == 3


def test_clean_up_may_sleep(ecs):
    """A canceled task that shields its clean-up sleeps on in virtual time."""

    async def main():
        try:
            await poll()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(5)

    ecs.run(lambda: trio.run(main), until="1h")
    assert clock() == "01:00:05"


def test_a_run_that_shields_itself_endlessly_is_abandoned(ecs):
    """The error names the line."""

    async def main():
        while True:
            with trio.CancelScope(shield=True):
                await trio.sleep(60)

    with pytest.raises(StuckHandlerError, match="in main"):
        ecs.run(lambda: trio.run(main), until="1h")


def test_run_ends_a_loop_that_only_lets_others_run(ecs):
    """It ends at its instant; without one, after the patience, with its line."""
    assert "in let_others_run" in ecs.run(lambda: trio.run(let_others_run), until="500ms").doing
    ecs.patience = 0.2
    with pytest.raises(StuckHandlerError, match="in let_others_run"):
        ecs.run(lambda: trio.run(let_others_run), until="1h")


# The error may strike between two steps of trio's loop, which then leaves its generator to the destructor.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_that_lets_others_run_and_shields_itself_is_abandoned(ecs):
    """It never comes to a wait that lasts."""

    async def main():
        with trio.CancelScope(shield=True):
            await let_others_run()

    ecs.patience = 0.2
    with pytest.raises(StuckHandlerError, match="in let_others_run"):
        ecs.run(lambda: trio.run(main), until="1h")


def test_a_clean_up_that_waits_endlessly_is_named(ecs):
    """Its wait is shielded and nothing ends it: the error has its line."""

    async def main():
        try:
            await poll()
        finally:
            with trio.CancelScope(shield=True):
                await trio.Event().wait()

    ecs.patience = 0.3
    with pytest.raises(StuckHandlerError, match="in main"):
        ecs.run(lambda: trio.run(main), until="1h")


def test_a_task_that_works_endlessly_is_interrupted(ecs):
    """It ends within the patience, and other tasks' clean-up runs."""
    seen = []

    async def main():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(poll, seen)
            await trio.sleep(1)
            while True:
                pass

    ecs.patience = 0.3
    with pytest.raises(StuckHandlerError, match="in main"):
        ecs.run(lambda: trio.run(main), until="1h")
    assert seen == ["cleaned up at 00:00:01"]


@pytest.mark.parametrize("kind", [ValueError, RuntimeError])
def test_an_error_of_the_handlers_own_stays(ecs, kind):
    """This includes an error that a task raises while the run is being stopped."""

    async def failing():
        try:
            await poll()
        finally:
            raise kind("lost in clean-up")

    async def main():
        async with trio.open_nursery() as nursery:
            nursery.start_soon(failing)

    with pytest.raises(BaseException, match=r"Nursery|nursery") as caught:
        ecs.run(lambda: trio.run(main), until="1h")
    assert [type(error) for error in caught.value.exceptions] == [kind]


def test_a_coroutine_of_trio_is_no_handler_for_asyncio(ecs):
    """`run` says how to start it."""
    with pytest.raises(EcsEventsError, match=r"run\(lambda: trio\.run\(handler\)"):
        ecs.run(poll, until="1h")


def test_run_async_needs_asyncio(ecs):
    """In a test on trio the message says what to do instead."""

    async def main():
        await ecs.run_async(poll)

    with pytest.raises(EcsEventsError, match="needs a running loop of asyncio"):
        trio.run(main)


# -- anyio, and imports of trio


def test_anyio_on_trio(ecs):
    """Its sleeps, timeouts and threads are those of trio."""

    async def main():
        with anyio.move_on_after(60):
            await anyio.sleep(3600)
        await anyio.to_thread.run_sync(time.sleep, 60)

    anyio.run(main, backend="trio")
    assert clock() == "00:02:00"


def test_a_guest_run_sleeps_virtually(ecs):
    """Its host and its worker wait at once, and each asks whether the other has work."""
    jobs, outcomes = queue.Queue(), []

    async def main():
        for _ in range(20):
            await trio.sleep(180)

    trio.lowlevel.start_guest_run(main, run_sync_soon_threadsafe=jobs.put, done_callback=outcomes.append)
    while not outcomes:
        jobs.get()()
    outcomes[0].unwrap()
    assert ecs.now.hour == 1


def test_an_error_in_the_worker_of_a_guest_run_reaches_its_host(ecs):
    """The worker is the thread that lets the planned function happen, as the host does not wait in virtual time."""
    jobs, outcomes = queue.Queue(), []

    def planned():
        raise EcsEventsError("planned")

    ecs.strict -= {"receivers"}
    ecs.at("+1m", planned)
    trio.lowlevel.start_guest_run(trio.sleep, 180, run_sync_soon_threadsafe=jobs.put, done_callback=outcomes.append)
    while not outcomes:
        if jobs.empty():
            _stand_ins.real_sleep(0.02)  # a test's own name for it is virtual
        else:
            jobs.get()()
    with pytest.raises(EcsEventsError, match="planned"):
        outcomes[0].unwrap()


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["trio", "asyncio"])
async def test_under_anyios_plugin(anyio_backend, ecs):
    """A test that is a coroutine of anyio's plugin uses a timer beyond a day and a thread.

    The plugin starts trio in its guest mode.
    """
    await anyio.sleep(100_000)
    assert (ecs.now - dt.timedelta(seconds=100_000)).hour == 0
    await anyio.to_thread.run_sync(time.sleep, 3600)
    assert (ecs.now - dt.timedelta(seconds=103_600)).hour == 0


def test_trio_may_be_loaded_within_the_test():
    """A handler imports it when it runs."""
    program = (
        "from pytest_ecsevents import EcsEvents\n"
        "with EcsEvents() as ecs_events:\n"
        "    import trio, trio.testing\n"
        "    trio.run(trio.sleep, 3600)\n"
        "    assert ecs_events.now.hour == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
