"""Event loops that run in threads of the test keep virtual time."""

import asyncio
import contextlib
import datetime as dt
import functools
import http.server
import select
import threading
import time

import pytest
from process_clock import clock

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock import _asyncio as _loops

aiohttp = pytest.importorskip("aiohttp")


def in_a_loop(test):
    """Run a coroutine with `asyncio.run`, as a test without an asyncio plugin does."""

    @functools.wraps(test)
    def run(ecs):
        asyncio.run(test(ecs))

    return run


@in_a_loop
async def test_advance_blocks_the_loop_that_calls_it(ecs):
    """Other tasks of the loop wake when it has returned, as after `time.sleep`; a sleep of the loop wakes them on the way."""
    wakes = []

    async def wake():
        while True:
            await asyncio.sleep(600)
            wakes.append(clock())

    task = asyncio.ensure_future(wake())
    await asyncio.sleep(0)
    ecs.advance("1h")
    await asyncio.sleep(0)
    assert wakes in ([], ["01:00:00"])
    await asyncio.sleep(3601)
    task.cancel()
    assert wakes == ["01:00:00", "01:10:00", "01:20:00", "01:30:00", "01:40:00", "01:50:00", "02:00:00"]


@in_a_loop
async def test_a_sleep_lets_happen_what_is_due_on_the_way(ecs):
    """A coroutine's sleep of an hour returns at once, exactly on the hour; each transition is at its instant."""
    seen = []
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+30m")
    ecs.on_change(lambda change: seen.append((str(change.to_status), clock())))
    await asyncio.sleep(3600)
    assert seen == [("Executing", "00:30:00"), ("Executed", "00:30:01")]
    assert ecs.now == dt.datetime(2030, 1, 1, 1, tzinfo=dt.timezone.utc)


@in_a_loop
async def test_tasks_wake_in_the_order_of_their_instants(ecs):
    """Tasks that sleep concurrently wake at their own instants, in order."""
    log = []

    async def sleeper(name, seconds):
        await asyncio.sleep(seconds)
        log.append((name, clock()))

    await asyncio.gather(*(sleeper(name, seconds) for name, seconds in (("c", 30), ("a", 10), ("b", 20))))
    assert log == [("a", "00:00:10"), ("b", "00:00:20"), ("c", "00:00:30")]


@in_a_loop
async def test_timeouts_strike_in_virtual_time(ecs):
    """wait_for and timers of the loop count virtual seconds; a cancelled timer never runs."""
    loop, log = asyncio.get_running_loop(), []
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.sleep(3600), 600)
    assert clock() == "00:10:00"
    loop.call_later(60, lambda: log.append(clock()))
    loop.call_at(loop.time() + 30, lambda: log.append(clock()))
    loop.call_later(10, lambda: log.append("never")).cancel()
    await asyncio.sleep(61)
    assert log == ["00:10:30", "00:11:00"]
    assert await asyncio.wait_for(asyncio.sleep(5, "result"), 60) == "result"


@in_a_loop
async def test_the_shortest_timer_ends(ecs):
    """A tenth of a microsecond, shorter than the clock's step, is rounded up; the timer does not hang."""
    await asyncio.sleep(1e-7)
    assert ecs.now.microsecond == 1
    for _ in range(10):
        await asyncio.sleep(1 / 3)
    assert ecs.now.second == 3


@in_a_loop
async def test_the_loops_clock_moves_with_the_process_and_never_back(ecs):
    """loop.time() counts virtual seconds from its value before, whatever code moves the clock."""
    loop = asyncio.get_running_loop()
    before = loop.time()
    await asyncio.sleep(1.25)
    ecs.advance("10s")
    time.sleep(5)  # noqa: ASYNC251  # it moves the clock
    assert loop.time() - before == pytest.approx(16.25)


@in_a_loop
async def test_a_timer_over_which_the_clock_was_moved_comes_at_once(ecs):
    """If a coroutine itself moves the clock, timers that became due run as soon as it waits."""
    loop, came = asyncio.get_running_loop(), asyncio.Event()
    loop.call_later(10, came.set)
    ecs.advance("1m")
    await came.wait()
    assert clock() == "00:01:00"


@in_a_loop
async def test_threads_of_a_loop_keep_virtual_time(ecs):
    """Work in a thread sleeps in virtual time beside the loop's tasks, and the loop gets its result at once."""
    log = []

    def work():
        time.sleep(60)
        log.append(("thread", clock()))
        return "result"

    async def tick():
        for _ in range(3):
            await asyncio.sleep(25)
            log.append(("task", clock()))

    result, _ = await asyncio.gather(asyncio.to_thread(work), tick())
    assert (result, clock()) == ("result", "00:01:15")
    assert log == [("task", "00:00:25"), ("task", "00:00:50"), ("thread", "00:01:00"), ("task", "00:01:15")]


@in_a_loop
async def test_a_thread_wakes_a_loop_that_waits_for_it_alone(ecs):
    """call_soon_threadsafe from a thread that slept reaches the loop at the thread's instant."""
    loop, called = asyncio.get_running_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: (time.sleep(30), loop.call_soon_threadsafe(called.set)))
    thread.start()
    await called.wait()
    assert clock() == "00:00:30"
    await asyncio.to_thread(thread.join)


def test_two_loops_in_two_threads_share_the_clock(ecs):
    """Each loop's tasks wake at their instants, in one order over both."""
    log = []

    async def sleeper(name, *naps):
        for nap in naps:
            await asyncio.sleep(nap)
            log.append((name, clock()))

    threads = [
        threading.Thread(target=lambda name=name, naps=naps: asyncio.run(sleeper(name, *naps)))
        for name, naps in (("a", (10, 20)), ("b", (20, 20)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log == [("a", "00:00:10"), ("b", "00:00:20"), ("a", "00:00:30"), ("b", "00:00:40")]


def test_advance_lets_a_loop_in_another_thread_have_its_turn(ecs):
    """A loop that sleeps in a thread wakes while the test moves the clock."""
    log = []

    async def poll():
        while True:
            await asyncio.sleep(60)
            log.append(clock())

    threading.Thread(target=lambda: asyncio.run(poll()), daemon=True).start()
    ecs.advance("3m")
    assert log == ["00:01:00", "00:02:00", "00:03:00"]


# -- real I/O


@in_a_loop
async def test_a_server_and_a_client_in_one_loop(ecs):
    """Real sockets on loopback work while virtual time passes: the server sleeps half a minute before each answer."""
    from aiohttp import web

    async def answer(_request):
        await asyncio.sleep(30)
        return web.Response(text=clock())

    app = web.Application()
    app.router.add_get("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    answers = []
    async with aiohttp.ClientSession() as session:
        for _ in range(3):
            async with session.get(f"http://127.0.0.1:{port}/") as reply:
                answers.append(await reply.text())
            await asyncio.sleep(60)
    await runner.cleanup()
    assert answers == ["00:00:30", "00:02:00", "00:03:30"]


def slow_server(delay):
    """A server in a thread from before the test, whose answer takes real time.

    Yields its port and its stop function.
    """

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            real_sleep(delay)
            with contextlib.suppress(OSError):  # the client may have gone
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"hi")

        def log_message(self, *_):
            pass

    real_sleep = time.sleep
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()

    def end():
        server.shutdown()
        thread.join()
        server.server_close()

    return server.server_address[1], end


async def fetched(port, timeout):
    """Return the server's answer, within the given virtual seconds."""
    limit = aiohttp.ClientTimeout(total=timeout)
    async with aiohttp.ClientSession(timeout=limit) as session, session.get(f"http://127.0.0.1:{port}/") as reply:
        return await reply.text()


def test_a_time_out_gives_a_real_answer_real_time():
    """A client with a timeout of five minutes gets the answer of a real server that takes a tenth of a second."""
    port, end = slow_server(0.1)
    try:
        with EcsEvents() as ecs_events:
            assert asyncio.run(fetched(port, 300)) == "hi"
            assert ecs_events.now.second == 0
    finally:
        end()


def test_a_time_out_strikes_when_the_answer_does_not_come(monkeypatch):
    """It is raised after a share of real time, and virtual time has passed."""
    monkeypatch.setattr(_loops, "TIMEOUT_GRACE", 0.05)
    port, end = slow_server(0.3)
    try:
        with EcsEvents(), pytest.raises(asyncio.TimeoutError):
            asyncio.run(fetched(port, 300))
    finally:
        end()


# -- threads that are not the test's


def test_a_loop_in_a_thread_from_before_the_test_keeps_real_time():
    """Its timers wait in real time, and move nothing."""
    go, log = threading.Event(), []

    async def outside():
        started = asyncio.get_running_loop().time()
        await asyncio.sleep(0.05)
        log.append(asyncio.get_running_loop().time() - started)

    def run():
        while not go.is_set():  # a wait would assign it to the test when the test sets it
            select.select([], [], [], 0.001)
        asyncio.run(outside())

    thread = threading.Thread(target=run)
    thread.start()
    with EcsEvents() as ecs_events:
        before = ecs_events.now
        go.set()
        while thread.is_alive():
            pass
        assert ecs_events.now == before
    assert 0.05 <= log[0] < 5


def test_sleep_real_leaves_loops_alone():
    """With sleep="real" a coroutine waits in real time, and moves nothing."""
    with EcsEvents(sleep="real") as ecs_events:
        asyncio.run(asyncio.wait_for(asyncio.sleep(0.01), 5))
        assert ecs_events.now.microsecond == 0


def test_a_loop_that_is_to_stop_does_not_wait(ecs):
    """Its one round takes no time, although a timer is set for later."""
    start = ecs.now
    with contextlib.closing(asyncio.new_event_loop()) as loop:
        loop.call_later(3600, loop.stop)
        loop.stop()
        loop.run_forever()
        assert ecs.now == start
        loop.run_forever()
        assert ecs.now == start + dt.timedelta(hours=1)


def test_a_loop_that_still_waits_ends_with_the_test():
    """A loop in a thread ends at its own timer; one without a timer waits on in real time, and can still be woken."""
    log, loops = [], []

    async def poll():
        try:
            await asyncio.sleep(3600)
        finally:
            log.append("ended")

    async def wait():
        loops.append((asyncio.get_running_loop(), event := asyncio.Event()))
        await event.wait()
        log.append("woken")

    with EcsEvents() as ecs_events:
        threads = [threading.Thread(target=lambda work=work: asyncio.run(work())) for work in (poll, wait)]
        for thread in threads:
            thread.start()
        ecs_events.advance("1m")
    threads[0].join()
    assert log == ["ended"]
    loop, event = loops[0]
    loop.call_soon_threadsafe(event.set)
    threads[1].join()
    assert log == ["ended", "woken"]


def test_nothing_stays_replaced():
    """Loops have asyncio's own methods again, inherited as before."""
    kind = asyncio.selector_events.BaseSelectorEventLoop
    for backend in ("freezegun", "time-machine"):
        with EcsEvents(backend=backend):
            assert {"_run_once", "time"} <= vars(kind).keys()
            with EcsEvents() as inner:
                asyncio.run(asyncio.sleep(60))
                assert inner.now.minute == 1
            assert {"_run_once", "time"} <= vars(kind).keys()
        assert not {"_run_once", "time"} & vars(kind).keys()
    assert asyncio.BaseEventLoop.time.__module__ == "asyncio.base_events"
