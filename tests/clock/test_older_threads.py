"""Threads from before the test: work that a test gives them is the test's; their own work is not."""

import asyncio
import concurrent.futures
import datetime as dt
import queue
import subprocess
import sys
import threading
import time
from functools import partial

import pytest
from process_clock import clock
from raw_threads import start_raw_thread

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock import _stand_ins
from pytest_ecsevents.clock._stand_ins import real_sleep

pytestmark = pytest.mark.timeout(30)

real_now = partial(time.clock_gettime, time.CLOCK_MONOTONIC)  # which nothing replaces


@pytest.fixture
def backend(either_backend):
    """One back end."""
    return either_backend


@pytest.fixture
def pool():
    """A pool that was made before the clock, and stays open after it."""
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def worker():
    """A thread from before that runs the functions it gets and returns their results."""
    work, answers = queue.Queue(), queue.Queue()

    def serve():
        while (job := work.get()) is not None:
            answers.put(job())

    def call(job, timeout=60):
        work.put(job)
        return answers.get(timeout=timeout)

    thread = threading.Thread(target=serve)
    thread.start()
    yield call
    work.put(None)
    thread.join()


def sleep_and_return_end(seconds):
    """Sleep, and return the instant after it."""
    time.sleep(seconds)
    return clock()


def test_jobs_of_an_older_pool_sleep_virtually_in_each_test(backend, pool):
    """This includes jobs that wait for a free thread; time passes no further than they sleep."""
    for _ in range(3):
        with EcsEvents(backend=backend):
            jobs = [pool.submit(sleep_and_return_end, 8) for _ in range(4)]
            assert [job.result(timeout=20) for job in jobs] == ["00:00:08", "00:00:08", "00:00:16", "00:00:16"]
            assert list(pool.map(sleep_and_return_end, [1])) == ["00:00:17"]
            time.sleep(60)
            assert clock() == "00:01:17"


def test_a_handler_whose_older_pool_works_gets_its_rounds_in_each_test(backend, pool):
    """Under run each job sees the virtual instant, and its sleep is one of the round's minutes."""
    for _ in range(2):
        seen = []

        def handler(seen=seen):
            while True:
                seen.append(pool.submit(sleep_and_return_end, 60).result(timeout=90))

        with EcsEvents(backend=backend) as ecs_events:
            ecs_events.run(handler, until="10m30s")
        assert seen == [f"00:{minute:02}:00" for minute in range(1, 11)]


def test_a_job_of_an_older_pool_that_takes_real_time_holds_time(backend, pool):
    """The result is not late."""
    with EcsEvents(backend=backend):
        program = (sys.executable, "-c", "import time; time.sleep(0.3)")
        assert pool.submit(subprocess.call, program).result(timeout=30) == 0
        assert clock() == "00:00:00"


def test_an_older_pool_may_fail_and_cancel(backend, pool):
    """The result raises the job's error; a job cancelled before its turn holds nothing."""
    with EcsEvents(backend=backend):
        with pytest.raises(ZeroDivisionError):
            pool.submit(lambda: 1 // 0).result()
        jobs = [pool.submit(time.sleep, 60) for _ in range(3)]
        assert jobs[-1].cancel()
        concurrent.futures.wait(jobs)
        assert clock() == "00:01:00"


def test_an_older_pool_that_was_shut_down_says_so(backend, pool):
    """A job that was refused holds nothing."""
    pool.shutdown()
    with EcsEvents(backend=backend):
        with pytest.raises(RuntimeError, match="shutdown"):
            pool.submit(int)
        time.sleep(60)
        assert clock() == "00:01:00"


def test_a_job_that_an_older_pool_begins_after_the_test_is_done_in_real_time(pool):
    """A job that was still queued then is no longer the test's."""
    gate = threading.Lock()
    with gate, EcsEvents():
        for _ in range(2):
            pool.submit(gate.acquire)
        late = pool.submit(clock)
        time.sleep(60)
    gate_opener = threading.Thread(target=lambda: [gate.release() for _ in range(2) if not time.sleep(0.05)])
    gate_opener.start()
    assert late.result() != "00:01:00"
    gate_opener.join()


def test_a_coroutine_waits_for_an_older_pool(backend, pool):
    """Its loop gets the result in time, although a timeout is virtual."""

    async def main():
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.run_in_executor(pool, sleep_and_return_end, 8), timeout=30)

    for _ in range(2):
        with EcsEvents(backend=backend):
            assert asyncio.run(main()) == "00:00:08"


def test_an_older_worker_sleeps_virtually_in_each_test(backend, worker):
    """It may wait with a lock from before the clock, or since an earlier test."""
    for _ in range(3):
        with EcsEvents(backend=backend):
            assert worker(partial(sleep_and_return_end, 8)) == "00:00:08"
            started = time.monotonic()
            assert worker(partial(sleep_and_return_end, 8)) == "00:00:16"
            assert time.monotonic() - started == 8


def test_an_older_worker_that_takes_real_time_holds_time(backend, worker):
    """The answer is not late."""
    program = (sys.executable, "-c", "import time; time.sleep(0.3)")
    with EcsEvents(backend=backend):
        assert worker(partial(subprocess.call, program)) == 0
        assert clock() == "00:00:00"


def test_an_older_worker_goes_on_after_the_test(worker):
    """The test's end ends its sleep early, and the next test finds the worker running."""
    with EcsEvents():
        with pytest.raises(queue.Empty):
            worker(partial(time.sleep, 3600))
        assert clock() == "00:01:00"
    assert worker(int) is None  # of the sleep
    with EcsEvents():
        assert worker(partial(sleep_and_return_end, 8)) == 0
        time.sleep(60)


def test_an_older_thread_that_ends_is_forgotten(backend):
    """Time does not wait for it, and a join returns."""
    stop = threading.Event()
    first, second = (threading.Thread(target=stop.wait) for _ in range(2))
    first.start()
    second.start()
    with EcsEvents(backend=backend):
        stop.set()
        first.join()
        time.sleep(60)
        threading.Thread(target=int).start()
        time.sleep(60)
        assert clock() == "00:02:00"
    second.join()


def test_an_older_loop_runs_virtually_what_a_test_hands_to_it(backend):
    """A coroutine that a test runs in the loop of another thread sleeps virtually, in each test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def sleep():
        await asyncio.sleep(8)
        return clock()

    for _ in range(2):
        with EcsEvents(backend=backend):
            future = asyncio.run_coroutine_threadsafe(sleep(), loop)
            assert future.result(timeout=30) == "00:00:08"
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_thread_that_wakes_by_itself_keeps_real_time(backend):
    """The test has given it no work."""
    stop, rounds = threading.Event(), []

    def flush():
        while not stop.wait(0.01):
            rounds.append(real_now())

    thread = threading.Thread(target=flush)
    thread.start()
    with EcsEvents(backend=backend):
        before = len(rounds)
        time.sleep(3600)
        assert len(rounds) - before < 100
        assert clock() == "01:00:00"
    stop.set()
    thread.join()


def test_a_thread_of_pytest_or_its_plugins_is_left_alone():
    """Notifying it does not give it work."""
    names = {"__name__": "pytest_timeout", "event": threading.Event(), "log": [], "sleep": time.sleep}
    exec("def watch():\n    event.wait()\n    sleep(0.01)\n    log.append(1)\n", names)  # noqa: S102  # a module of that name
    thread = threading.Thread(target=names["watch"])
    thread.start()
    with EcsEvents():
        names["event"].set()
        thread.join()
        assert clock() == "00:00:00"


def test_a_pool_of_processes_that_outlives_its_test_is_no_complaint():
    """Its threads are idle."""
    with concurrent.futures.ProcessPoolExecutor(1) as executor, EcsEvents():
        assert executor.submit(int).result() == 0


def test_a_loop_whose_thread_is_gone_still_takes_work():
    """No thread is adopted for it: its thread ended while the loop still counted as running."""
    loop, done = asyncio.new_event_loop(), []
    loop._thread_id = -1
    with EcsEvents():
        loop.call_soon_threadsafe(done.append, "work")
        loop._thread_id = None
        loop.call_soon(loop.stop)
        loop.run_forever()
    loop.close()
    assert done == ["work"]


# -- the scheduler's list of them


def test_a_thread_that_threading_does_not_know_sleeps_virtually_too(backend):
    """It waited before the test, and the test wakes it."""
    work, answers = queue.Queue(), queue.Queue()
    start_raw_thread(lambda: answers.put(work.get()()))
    while not work.not_empty._waiters:
        real_sleep(0.001)
    with EcsEvents(backend=backend):
        work.put(partial(sleep_and_return_end, 8))
        assert answers.get(timeout=60) == "00:00:08"


def test_a_thread_is_taken_in_once(backend, worker):
    """It counts as one running thread, however often the test wakes it."""
    ident = worker(threading.get_ident)
    with EcsEvents(backend=backend) as ecs:
        scheduler = ecs._clock.waits
        scheduler.take_in(ident)
        known = scheduler.find(next(one for one in threading.enumerate() if one.ident == ident))
        scheduler.take_in(ident)
        assert [one for one in scheduler._everybody if one.ident == ident] == [known]
        assert worker(partial(sleep_and_return_end, 8)) == "00:00:08"


def test_a_new_thread_may_have_the_ident_of_an_older_one_that_has_ended(backend):
    """The older one no longer counts as running, so time passes."""
    with EcsEvents(backend=backend) as ecs:
        scheduler = ecs._clock.waits
        after = []

        def run():  # takes in its own ident, as that of an older thread
            scheduler.take_in(threading.get_ident())
            older, newer = scheduler.me(), scheduler.expect()
            scheduler.begin(newer)
            after.append((older.has_ended, scheduler.me() is newer))
            scheduler.end(newer)

        with scheduler.aside():
            start_raw_thread(run)
            while not after:
                real_sleep(0.001)
        assert after == [(True, True)]
        time.sleep(60)
        assert clock() == "00:01:00"


# -- schedulers


@pytest.fixture
def older_scheduler():
    """A scheduler that was started before the test."""
    schedulers = pytest.importorskip("apscheduler.schedulers.background")
    scheduler = schedulers.BackgroundScheduler(timezone="UTC", job_defaults={"misfire_grace_time": None})
    scheduler.start()
    yield scheduler
    scheduler.shutdown()


@pytest.fixture
def older_runs(older_scheduler):
    """The runs of a job that it runs every 20 milliseconds."""
    runs = []
    older_scheduler.add_job(lambda: runs.append(clock()), "interval", seconds=0.02, id="older")
    wait_for_more(runs)
    return runs


def wait_for_more(runs):
    """Wait in real time until the job has run several times again."""
    count, until = len(runs) + 3, real_now() + 10
    while len(runs) < count:
        assert real_now() < until, "it runs no more"
        real_sleep(0.01)


def let_it_wait():
    """Let the scheduler end what it does: the test can hand a job only to a thread that waits."""
    _stand_ins.real_sleep(0.1)  # really: in a test the name alone would be virtual


def in_an_hour():
    """By the real clock, which the scheduler was started by."""
    return dt.datetime.now(dt.timezone.utc) + dt.timedelta(hours=1)


def test_an_older_scheduler_stands_still_and_goes_on_afterwards(older_runs, backend):
    """In the test it runs nothing, and its next run is planned in real time."""
    with EcsEvents(in_an_hour(), backend=backend) as ecs_events:
        let_it_wait()
        count = len(older_runs)
        _stand_ins.real_sleep(0.3)
        ecs_events.advance("1h")
        assert len(older_runs) == count
    wait_for_more(older_runs)


def test_an_older_scheduler_runs_what_the_test_gives_it(older_scheduler, older_runs, backend):
    """It runs this alone, at the test's instants, and its own jobs again afterwards."""
    runs = []
    with EcsEvents(in_an_hour(), backend=backend) as ecs_events:
        let_it_wait()
        count = len(older_runs)
        start = ecs_events.now
        older_scheduler.add_job(lambda: runs.append(ecs_events.now - start), "interval", minutes=10, id="ours")
        ecs_events.advance("20m")
        older_scheduler.remove_job("ours")
        assert len(older_runs) == count
    assert runs == [dt.timedelta(minutes=10), dt.timedelta(minutes=20)]
    wait_for_more(older_runs)


def test_an_older_job_may_be_removed_in_the_test(older_scheduler, older_runs, backend):
    """Then it does not come back."""
    with EcsEvents(in_an_hour(), backend=backend) as ecs_events:
        let_it_wait()
        older_scheduler.add_job(lambda: None, "interval", minutes=10, id="ours")
        ecs_events.advance("10m")
        older_scheduler.remove_job("older")
    assert [job.id for job in older_scheduler.get_jobs()] == ["ours"]


def test_a_job_that_is_planned_later_is_left_alone(older_scheduler, backend):
    """It is due at the test's clock as any other."""
    runs = []
    later = in_an_hour() + dt.timedelta(minutes=5)
    older_scheduler.add_job(lambda: runs.append(clock()), "date", run_date=later, id="later")
    with EcsEvents(in_an_hour(), backend=backend) as ecs_events:
        let_it_wait()
        older_scheduler.add_job(lambda: None, "interval", minutes=10, id="ours")
        ecs_events.advance("10m")
        assert len(runs) == 1
