"""Waits in threads of the test move the clock."""

import concurrent.futures
import datetime as dt
import queue
import sched
import select
import subprocess
import sys
import threading
import time
from decimal import Decimal
from multiprocessing.pool import ThreadPool
from time import sleep as sleep_by_name
from types import ModuleType
from unittest import mock

import freezegun
import pytest
import time_machine
from process_clock import clock

from pytest_ecsevents import EcsEvents, RealWorkWarning
from pytest_ecsevents.clock import _stand_ins

HOUR = 3600
TAKES_DECIMALS = sys.version_info >= (3, 15)


def np_like():
    """A whole number of another type."""

    class Whole:
        def __index__(self):
            return 2

        __int__ = __index__

    return Whole()


def run_in_threads(*targets):
    """Run each function in a thread of its own, to the end."""
    threads = [threading.Thread(target=target) for target in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def waiting(condition, timeout, woken):
    """Return a function that waits for the condition, and records whether it was woken."""

    def run():
        with condition:
            woken.append((timeout, condition.wait(timeout)))

    return run


# -- sleep


def test_a_sleep_lets_happen_what_is_due_on_the_way(ecs):
    """An hour's sleep returns at once, and each transition happens with the clock at its instant."""
    seen = []
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+30m")
    ecs.on_change(lambda change: seen.append((str(change.to_status), clock())))
    time.sleep(HOUR)
    assert seen == [("Executing", "00:30:00"), ("Executed", "00:30:01")]
    assert clock() == "01:00:00"


def test_a_sleep_taken_by_name_moves_the_clock_too(ecs):
    """`from time import sleep` before the test does not bypass the clock."""
    sleep_by_name(HOUR)
    assert clock() == "01:00:00"


def test_names_taken_during_the_test_are_given_back(real):
    """A module loaded in the test has the real sleep after it, and moves the clock of the next test."""
    module = ModuleType("loaded_in_the_test")
    try:
        with EcsEvents():
            sys.modules[module.__name__] = module
            exec("from time import sleep as nap", vars(module))  # noqa: S102  # what an import does
            assert module.nap is time.sleep is not real
        assert module.nap is real
        with EcsEvents() as ecs_events:
            module.nap(60)
            assert ecs_events.now.minute == 1
        again = sys.modules[module.__name__] = ModuleType(module.__name__)
        again.nap = real
        with EcsEvents() as ecs_events:
            again.nap(60)
            assert ecs_events.now.minute == 1
    finally:
        del sys.modules[module.__name__]
    assert (module.nap, again.nap) == (real, real)


@pytest.mark.parametrize("backend", ["freezegun", "time-machine"])
def test_a_name_that_kept_a_tests_sleep_moves_the_next_tests_clock(backend):
    """A module from before that took `sleep` and `monotonic` during the test works in the next one too."""
    module = sys.modules["takes_late"] = ModuleType("takes_late")
    try:
        with EcsEvents(backend=backend):
            exec("from time import sleep, monotonic, monotonic_ns", vars(module))  # noqa: S102  # what an import does
        with EcsEvents(backend=backend) as ecs_events:
            before, before_ns = module.monotonic(), module.monotonic_ns()
            module.sleep(60)
            assert ecs_events.now.minute == 1
            if backend == "time-machine":  # freezegun itself restores its own names
                assert (module.monotonic() - before, module.monotonic_ns() - before_ns) == (60, 60 * 10**9)
    finally:
        del sys.modules["takes_late"]
    since = time.perf_counter()
    module.sleep(0.01)
    assert time.perf_counter() - since >= 0.01


def test_a_sleep_alone_that_was_kept_moves_every_later_tests_clock():
    """It works after the rest of its test is gone, and wherever new functions are kept."""
    module = sys.modules["keeps_sleep"] = ModuleType("keeps_sleep")
    try:
        with EcsEvents(backend="time-machine"):
            exec("from time import sleep", vars(module))  # noqa: S102  # what an import does
        for _ in range(50):
            with EcsEvents(backend="time-machine") as ecs_events:
                module.sleep(60)
                assert ecs_events.now.minute == 1
    finally:
        del sys.modules["keeps_sleep"]


def sleeping_bystander(sleep, go):
    """A thread that is not the next test's, and its result after it has slept."""
    done = []

    def run():
        while not go.is_set():  # a wait would assign it to the test when the test sets it
            select.select([], [], [], 0.001)
        sleep()
        done.append("slept")

    thread = threading.Thread(target=run)
    thread.start()
    return thread, done


def test_a_kept_sleep_waits_in_real_time_for_other_threads():
    """Other threads, and the standard library's own pauses, do not move the next test's clock."""
    module = sys.modules["multiprocessing.keeps"] = ModuleType("multiprocessing.keeps")
    try:
        with EcsEvents():
            # What an import binds, and a function of that module.
            exec("from time import sleep\ndef pause(): sleep(0.01)", vars(module))  # noqa: S102
        go = threading.Event()
        thread, done = sleeping_bystander(module.pause, go)
        with EcsEvents() as ecs_events:
            module.pause()
            go.set()
            thread.join()
            assert done == ["slept"]
            assert ecs_events.now.isoformat() == "2030-01-01T00:00:00+00:00"
            module.sleep(1)
            assert ecs_events.now.second == 1
    finally:
        del sys.modules["multiprocessing.keeps"]


def test_a_sleep_of_an_ended_test_may_be_put_back_into_time(real):
    """Mocking it within a test and undoing that afterwards puts it back; then it is a real sleep."""
    patch = pytest.MonkeyPatch()
    with EcsEvents():
        patch.setattr(time, "sleep", None)
    patch.undo()
    assert time.sleep is not real
    go = threading.Event()
    thread, done = sleeping_bystander(lambda: time.sleep(0.01), go)
    with EcsEvents() as ecs_events:
        go.set()
        thread.join()
        assert done == ["slept"]
        subprocess.run([sys.executable, "-c", ""], check=True, timeout=30)
        assert ecs_events.now.isoformat() == "2030-01-01T00:00:00+00:00"
        time.sleep(60)
        assert ecs_events.now.minute == 1


@pytest.mark.parametrize("backend", ["freezegun", "time-machine"])
def test_a_clock_that_cannot_be_taken_whole_is_given_back(backend, real, monkeypatch):
    """If a module does not let its names be replaced, its error is raised, and time goes on."""

    class ReadOnly(ModuleType):
        def __setattr__(self, name, value):
            raise AttributeError(f"{name} is read-only")

    module = ReadOnly("read_only")
    vars(module)["sleep"] = real
    monkeypatch.setitem(sys.modules, "read_only", module)
    with pytest.raises(AttributeError, match="sleep is read-only"), EcsEvents(backend=backend):
        pytest.fail("was entered")
    assert time.sleep is real
    assert dt.datetime.now(dt.timezone.utc).year < 2030


@pytest.mark.parametrize("kind", ["mock", "autospec", "function", "wraps"])
@pytest.mark.parametrize("backend", ["freezegun", "time-machine"])
def test_a_sleep_that_was_mocked_around_the_clock_is_back_afterwards(backend, kind):
    """Inside, each name of sleep moves the clock; names that hold the mock keep it."""
    module = sys.modules["has_the_mock"] = ModuleType("has_the_mock")
    kinds = {
        "mock": {},
        "autospec": {"autospec": True},
        "function": {"new": lambda _: pytest.fail("the mock was called")},
        "wraps": {"wraps": time.sleep},
    }
    try:
        with mock.patch("time.sleep", **kinds[kind]):
            mocked = module.mocked = time.sleep
            with EcsEvents(backend=backend) as ecs_events:
                time.sleep(60)
                sleep_by_name(60)
                assert ecs_events.now.minute == 2
                assert module.mocked is mocked
            assert time.sleep is mocked
            assert not getattr(mocked, "called", False)
    finally:
        del sys.modules["has_the_mock"]


@pytest.mark.parametrize("backend", ["freezegun", "time-machine"])
def test_a_clock_within_another_leaves_names_as_they_were(backend):
    """The next test does not find the names of the outer clock."""
    with EcsEvents(backend=backend), EcsEvents(backend=backend) as inner:
        sleep_by_name(60)
        assert inner.now.minute == 1
    with EcsEvents(backend=backend) as ecs_events:
        sleep_by_name(5)
        assert ecs_events.now.second == 5


@pytest.mark.parametrize("backend", ["freezegun", "time-machine"])
@pytest.mark.parametrize("is_first", [False, True])
def test_a_name_that_the_test_has_replaced_itself_stays(backend, is_first):
    """A stand-in of the user is not overwritten; after the user removes it, the real sleep is back."""
    module, calls = ModuleType("with_a_stand_in"), []
    sys.modules[module.__name__] = module
    module.sleep = real = time.sleep
    try:
        if not is_first:
            with EcsEvents(backend=backend):
                assert module.sleep is time.sleep
        module.sleep = calls.append
        with EcsEvents(backend=backend):
            module.sleep(60)
            assert calls == [60]
        module.sleep = real
        with EcsEvents(backend=backend) as ecs_events:
            module.sleep(60)
            assert ecs_events.now.minute == 1
    finally:
        del sys.modules[module.__name__]


def test_what_is_no_module_among_the_modules_is_left_alone():
    """Libraries put objects among the modules; one without names has nothing to examine."""
    sys.modules["no_module_at_all"] = object()
    try:
        with EcsEvents(backend="time-machine") as ecs_events:
            sys.modules["another_one"] = object()
            time.sleep(1)
            assert ecs_events.now.second == 1
    finally:
        del sys.modules["no_module_at_all"], sys.modules["another_one"]


@pytest.mark.parametrize(
    "seconds",
    [-1, "30", None, float("nan"), float("inf"), -float("inf"), 1e10, Decimal(-1 if TAKES_DECIMALS else "1.5")],
    ids=str,
)
def test_a_sleep_refuses_what_the_real_one_refuses(ecs, seconds):
    """A program that would fail at its first pause fails in its test too."""
    with pytest.raises((TypeError, ValueError, OverflowError)) as expected:
        _stand_ins.real_sleep(seconds)
    with pytest.raises(expected.type) as refusal:
        time.sleep(seconds)
    if expected.type is not OverflowError:  # its message names types of C, and differs by platform
        assert str(refusal.value) == str(expected.value)


@pytest.mark.parametrize(
    "seconds",
    [2, 2.0, True, np_like(), *([Decimal("1.5")] * TAKES_DECIMALS)],
    ids=lambda seconds: type(seconds).__name__,
)
def test_a_sleep_takes_what_the_real_one_takes(ecs, seconds):
    """Whole numbers of any type are accepted; from Python 3.15 on, each real number."""
    before = ecs.now
    time.sleep(seconds)
    assert (ecs.now - before).seconds == int(seconds)


def test_sleep_real_waits():
    """With sleep="real" no waiting function is replaced."""
    before = (time.sleep, threading.Condition.wait, threading.Thread.start, threading.Thread.join, queue.SimpleQueue)
    with EcsEvents(sleep="real"):
        assert before == (
            time.sleep,
            threading.Condition.wait,
            threading.Thread.start,
            threading.Thread.join,
            queue.SimpleQueue,
        )


def test_a_sleep_between_looks_at_a_process_is_real(ecs):
    """Subprocess pauses between two polls of its child; virtual time would race otherwise."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.1)"]) as process:
        process.wait(timeout=60)
    assert process.returncode == 0
    assert clock() == "00:00:00"


def test_the_longest_sleep_there_is_waits_for_others(ecs):
    """An endless sleep, or one beyond the end of the clock, waits for other threads, and time does not run away."""
    done = []
    sleeper = threading.Thread(target=lambda: done.append(time.sleep(threading.TIMEOUT_MAX)), daemon=True)
    sleeper.start()
    time.sleep(60)
    assert (clock(), done) == ("00:01:00", [])


def test_sleeping_on_a_clock_that_another_tool_holds():
    """Sleeping moves a clock that is followed, whichever library holds it."""
    with freezegun.freeze_time("2020-01-01") as frozen, EcsEvents() as ecs_events:
        time.sleep(HOUR)
        assert frozen().hour == ecs_events.now.hour == 1
    with time_machine.travel("2020-01-01T00:00Z", tick=False), EcsEvents():
        time.sleep(HOUR)
        assert clock() == "01:00:00"


def test_what_is_seen_under_another_tools_frozen_clock_is_not_remembered():
    """A module first seen while another tool had frozen it is examined again by a test with its own freeze."""
    module = ModuleType("seen_while_frozen")
    module.nap, module.now = time.sleep, time.monotonic
    sys.modules[module.__name__] = module
    try:
        with freezegun.freeze_time("2020-01-01"), EcsEvents() as ecs_events:
            module.nap(60)
            assert ecs_events.now.minute == 1
        for backend in ("time-machine", "freezegun"):
            with EcsEvents(backend=backend):
                before = module.now()
                module.nap(60)
                assert module.now() - before == pytest.approx(60)
    finally:
        del sys.modules[module.__name__]


# -- monotonic time


def test_monotonic_time_moves_with_the_clock(ecs):
    """A deadline on time.monotonic comes when the clock has moved that far; it never goes back."""
    before, before_ns = time.monotonic(), time.monotonic_ns()
    time.sleep(90)
    assert time.monotonic() - before == pytest.approx(90)
    assert time.monotonic_ns() - before_ns == 90_000_000_000


def test_other_threads_keep_their_monotonic_time():
    """time-machine leaves it real, so a thread that the test did not start reads real time."""
    asked, answered = queue.SimpleQueue(), queue.SimpleQueue()

    def answer():
        while asked.get():
            answered.put((time.monotonic(), time.monotonic_ns()))

    thread = threading.Thread(target=answer)
    thread.start()
    with EcsEvents(backend="time-machine"):
        asked.put(True)
        first = answered.get()
        time.sleep(HOUR)
        asked.put(True)
        second = answered.get()
    asked.put(False)
    thread.join()
    assert second[0] - first[0] < HOUR / 2
    assert (second[1] - first[1]) / 1e9 < HOUR / 2


# -- waits of threads


def test_threads_wake_in_the_order_of_their_instants(ecs):
    """Concurrent sleeps end one after the other; those of one instant end in the order of their starts."""
    log = []

    def sleeper(name, *naps):
        def run():
            for nap in naps:
                time.sleep(nap)
                log.append((name, clock()))

        return run

    run_in_threads(sleeper("a", 60, 60, 60), sleeper("b", 120, 120), sleeper("c", 180))
    assert log == [
        ("a", "00:01:00"),
        ("a", "00:02:00"),
        ("b", "00:02:00"),
        ("a", "00:03:00"),
        ("c", "00:03:00"),
        ("b", "00:04:00"),
    ]


def test_advance_lets_sleeping_threads_have_their_turn(ecs):
    """Advance returns when every thread that woke in between, or at its end, waits again."""
    log = []
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+2m")

    def poll():
        while True:
            time.sleep(60)
            log.append((clock(), str(ecs.one().status)))

    threading.Thread(target=poll, daemon=True).start()
    ecs.advance("3m")
    assert log == [("00:01:00", "Scheduled"), ("00:02:00", "Executing"), ("00:03:00", "Executed")]


def test_an_event_that_is_not_set_times_out_in_virtual_time(ecs):
    """threading.Event.wait, as pollers use it to be stopped, moves the clock and returns whether it was set."""
    event = threading.Event()
    assert not event.wait(60)
    assert clock() == "00:01:00"
    threading.Timer(30, event.set).start()
    assert event.wait(60)
    assert clock() == "00:01:30"
    assert event.wait(60)
    assert not threading.Event().wait(0)
    assert clock() == "00:01:30"


def test_a_condition_is_notified_or_times_out_in_virtual_time(ecs):
    """Condition.wait and wait_for count virtual seconds; a wait without the lock is an error as usual."""
    condition, state = threading.Condition(), []

    def notify():
        time.sleep(10)
        with condition:
            state.append("done")
            condition.notify()

    with condition:
        assert not condition.wait(60)
        threading.Thread(target=notify).start()
        assert condition.wait_for(lambda: state, timeout=60)
        assert not condition.wait_for(lambda: False, timeout=60)
    assert clock() == "00:02:10"
    with pytest.raises(RuntimeError, match="cannot wait on un-acquired lock"):
        condition.wait(1)


def test_a_notification_after_the_time_is_up_is_for_the_next_one(ecs):
    """A waiter that has timed out takes no notification from one that still waits."""
    condition, woken = threading.Condition(), []

    def notify():
        time.sleep(20)
        with condition:
            condition.notify()

    run_in_threads(waiting(condition, 10, woken), waiting(condition, 60, woken), notify)
    assert woken == [(10, False), (60, True)]


def test_a_waiter_that_is_held_up_after_its_time_takes_no_notification(ecs):
    """The same is true for one that has timed out and only waits for the lock."""
    condition, woken = threading.Condition(), []

    def hold():
        time.sleep(5)
        with condition:
            time.sleep(20)
            condition.notify()

    run_in_threads(waiting(condition, 10, woken), waiting(condition, 60, woken), hold)
    assert sorted(woken) == [(10, False), (60, True)]


def test_queues_time_out_in_virtual_time(ecs):
    """queue.Queue, LifoQueue and SimpleQueue count virtual seconds."""
    for kind in (queue.Queue, queue.LifoQueue, queue.SimpleQueue):
        with pytest.raises(queue.Empty):
            kind().get(timeout=60)
    full = queue.Queue(maxsize=1)
    full.put(1)
    with pytest.raises(queue.Full):
        full.put(2, timeout=60)
    assert clock() == "00:04:00"
    assert type(queue.SimpleQueue()).__name__ == "_PySimpleQueue"


def test_a_semaphore_and_a_barrier_time_out_in_virtual_time(ecs):
    """So do Semaphore.acquire and Barrier.wait."""
    assert not threading.Semaphore(0).acquire(timeout=60)
    with pytest.raises(threading.BrokenBarrierError):
        threading.Barrier(2).wait(timeout=60)
    assert clock() == "00:02:00"


def test_pools_of_threads_keep_virtual_time(ecs):
    """Work in an executor sleeps in virtual time; its futures complete in order, and time out in virtual time."""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:

        def work(seconds):
            time.sleep(seconds)
            return seconds, clock()

        futures = [pool.submit(work, seconds) for seconds in (30, 20, 10)]
        done = [future.result() for future in concurrent.futures.as_completed(futures, timeout=60)]
        assert done == [(10, "00:00:10"), (20, "00:00:20"), (30, "00:00:30")]
        with pytest.raises(concurrent.futures.TimeoutError):
            pool.submit(work, 600).result(timeout=10)
        assert clock() == "00:00:40"
        assert not concurrent.futures.wait([pool.submit(work, 600)], timeout=20).done
        assert clock() == "00:01:00"


def test_join_times_out_in_virtual_time(ecs):
    """Thread.join with a timeout returns after that much virtual time, or when the thread has ended."""
    thread = threading.Thread(target=time.sleep, args=(60,))
    thread.start()
    thread.join(0)
    thread.join(10)
    assert (thread.is_alive(), clock()) == (True, "00:00:10")
    thread.join(600)
    assert (thread.is_alive(), clock()) == (False, "00:01:00")
    thread.join()
    with pytest.raises(RuntimeError, match="cannot join current thread"):
        threading.current_thread().join()


def test_the_standard_scheduler_keeps_virtual_time(ecs):
    """sched.scheduler bound its clock and sleep as defaults at import; it runs in virtual time."""
    log, scheduler = [], sched.scheduler()
    for delay in (30, 10, 20):
        scheduler.enter(delay, 1, lambda: log.append(clock()))
    scheduler.run()
    assert log == ["00:00:10", "00:00:20", "00:00:30"]


def test_a_blocking_scheduler_keeps_virtual_time(ecs):
    """APScheduler's BlockingScheduler, as pollers use it, runs jobs at their instants, and can be stopped."""
    schedulers = pytest.importorskip("apscheduler.schedulers.blocking")
    log, scheduler = [], schedulers.BlockingScheduler(timezone="UTC")

    def job():
        log.append(clock())
        if len(log) == 3:
            scheduler.shutdown(wait=False)

    scheduler.add_job(job, "interval", minutes=10)
    scheduler.start()
    assert log == ["00:10:00", "00:20:00", "00:30:00"]


def test_a_background_scheduler_runs_while_the_test_advances(ecs):
    """Jobs of APScheduler's BackgroundScheduler run when the test moves the clock over their instants."""
    schedulers = pytest.importorskip("apscheduler.schedulers.background")
    log, scheduler = [], schedulers.BackgroundScheduler(timezone="UTC")
    scheduler.add_job(lambda: log.append(clock()), "interval", minutes=10)
    scheduler.start()
    ecs.advance("30m")
    scheduler.shutdown()
    assert log == ["00:10:00", "00:20:00", "00:30:00"]


# -- receivers and threads


def test_a_thread_that_a_receiver_wakes_works_at_that_instant(ecs):
    """The worker handles what a receiver puts into a queue before time moves on, although only the worker waits."""
    work, log = queue.Queue(), []
    ecs.on_change(lambda change: work.put(str(change.to_status)))

    def worker():
        while (status := work.get(timeout=24 * HOUR)) != "Executed":
            log.append((status, clock()))
            time.sleep(0.5)
            log.append(("slept", clock()))

    thread = threading.Thread(target=worker)
    thread.start()
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.advance("2h")
    thread.join()
    assert log == [("Scheduled", "00:00:00"), ("slept", "00:00:00"), ("Executing", "01:00:00"), ("slept", "01:00:00")]


def test_a_receiver_may_sleep(ecs):
    """While a receiver sleeps, other events happen; it gets them after it has returned."""
    log = []

    def receiver(change):
        log.append((str(change.to_status), clock()))
        if change.to_status == "Executing":
            time.sleep(5)
            log.append(("woke", clock()))
            assert event.status == "Executed"

    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.on_change(receiver)
    run_in_threads(lambda: time.sleep(HOUR + 2), lambda: time.sleep(2 * HOUR))
    assert log == [("Executing", "01:00:00"), ("woke", "01:00:05"), ("Executed", "01:00:05")]
    assert clock() == "02:00:00"


def test_an_error_in_a_receiver_is_raised_by_the_sleep_that_moved_the_clock(ecs):
    """The other threads sleep on."""
    log = []
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
    ecs.strict -= {"receivers"}
    end = ecs.on_change(lambda _: 1 // 0)
    other = threading.Thread(target=lambda: (time.sleep(3 * HOUR), log.append(clock())))
    other.start()
    time.sleep(1)  # now the other thread sleeps, and this one moves the clock
    with pytest.raises(ZeroDivisionError):
        time.sleep(2 * HOUR)
    assert clock() == "01:00:00"
    end()
    other.join()
    assert log == ["03:00:00"]


# -- threads with a real wait


def test_a_thread_that_waits_for_something_real_does_not_stop_time(ecs):
    """A thread held by a plain lock, or in a C queue from before the test, does not block sleeps."""
    lock = threading.Lock()
    with lock:
        held = threading.Thread(target=lock.acquire)
        held.start()
        time.sleep(60)
        assert clock() == "00:01:00"
    held.join()


def test_a_thread_that_works_is_waited_for(ecs):
    """While another thread of the test computes, time stands still."""
    log = []

    def work():
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
        log.append(clock())

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(60)
    assert log == ["00:00:00"]
    thread.join()


def sleep_beside_a_spinning_thread():
    """Sleep twice."""
    stop = []

    def spin():
        while not stop:
            pass

    with EcsEvents(backend="time-machine") as ecs_events:
        ecs_events.patience = 0.2
        thread = threading.Thread(target=spin)
        thread.start()
        time.sleep(3600)
        time.sleep(3600)
        assert clock() == "02:00:00"
        stop.append(1)
        thread.join()


def test_a_thread_that_works_for_too_long_is_told():
    """After `patience` time goes on, and a warning says where the thread is."""
    place = r"0\.2 seconds.*a thread that works without waiting at .*test_sleeping\.py:\d+ in spin\."
    with pytest.warns(RealWorkWarning, match=place) as told:
        sleep_beside_a_spinning_thread()
    assert len(told) == 1


def test_a_thread_that_wakes_for_a_moment_again_and_again_waits():
    """A loop in C that looks at something every few milliseconds does not stop time."""
    lock, stop = threading.Lock(), []

    def look():
        while not stop:
            lock.acquire(True, 0.02)

    with EcsEvents(backend="time-machine"), lock:
        thread = threading.Thread(target=look)
        thread.start()
        time.sleep(3600)
        assert clock() == "01:00:00"
        stop.append(1)
        thread.join()


def test_a_busy_machine_leaves_a_thread_ready():
    """The system tells so; of a thread that is no more it tells nothing."""
    from pytest_ecsevents.clock import _processor_use

    assert _processor_use.is_ready_to_run(threading.get_native_id()) == sys.platform.startswith("linux")
    assert not _processor_use.is_ready_to_run(-1)


def test_without_processor_clocks_a_threads_place_tells_whether_it_works(monkeypatch):
    """If a thread's processor time cannot be read, it counts as working while its place in the code changes."""
    from pytest_ecsevents.clock import _processor_use

    monkeypatch.setattr(_processor_use, "_cpu_clock_of", None)
    lock = threading.Lock()
    with EcsEvents(), lock:
        held = threading.Thread(target=lock.acquire)
        held.start()
        time.sleep(60)
        assert clock() == "00:01:00"
    held.join()
    assert _processor_use._step_of(-1) is None


@pytest.mark.skipif(not hasattr(time, "clock_gettime_ns"), reason="threads have no clocks of their own here")
def test_a_thread_that_has_ended_uses_nothing():
    """If the system cannot report a thread that has just ended, it counts as idle."""
    from pytest_ecsevents.clock import _processor_use

    assert _processor_use._time_used(-1) == -1


def test_a_thread_pool_of_processes_does_not_hang(ecs):
    """Multiprocessing's pool of threads waits in C; the test still gets its result."""
    with ThreadPool(2) as pool:
        assert pool.map(lambda number: (time.sleep(60), number)[1], [1, 2], chunksize=1) == [1, 2]
    assert clock() == "00:01:00"


def test_an_interrupt_ends_a_wait(ecs, monkeypatch):
    """Ctrl-C in a thread that waits is raised, and the others go on."""
    from pytest_ecsevents.clock._threads import Wait

    log = []
    other = threading.Thread(target=lambda: (time.sleep(60), log.append(clock())))
    other.start()

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Wait, "park", interrupted)
        threading.Event().wait()
    other.join()
    assert log == ["00:01:00"]


# -- threads that are not the test's


def test_a_thread_that_pytest_starts_keeps_real_time(ecs):
    """pytest-timeout and similar plugins start threads in the test's thread; those watch the test."""
    real = []
    namespace = {"__name__": "pytest_timeout", "threading": threading, "real": real, "time": time}
    exec(  # noqa: S102  # a module of that name
        "def start(target):\n    thread = threading.Thread(target=target)\n    thread.start()\n    return thread",
        namespace,
    )
    thread = namespace["start"](lambda: time.sleep(0.01))
    time.sleep(60)
    thread.join()
    assert clock() == "00:01:00"


def test_a_thread_that_cannot_be_started_is_forgotten(ecs, monkeypatch):
    """Time does not wait for a thread whose start failed."""
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()
    time.sleep(60)
    assert clock() == "00:01:00"


def test_an_interrupt_while_a_thread_starts_leaves_the_thread_alone(monkeypatch):
    """Ctrl-C after the thread has begun is raised, and the thread runs to its end."""
    log, real = [], threading.Thread.start

    def interrupted(thread):
        real(thread)
        while not log:
            pass
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with EcsEvents():
        thread = threading.Thread(target=lambda: (log.append(clock()), time.sleep(60), log.append(clock())))
        with pytest.raises(KeyboardInterrupt):
            thread.start()
        thread.join()
    assert log == ["00:00:00", "00:01:00"]


def test_a_thread_that_has_ended_need_not_be_waited_for(ecs):
    """A join just after the end returns."""
    from pytest_ecsevents.clock._threads import Wait

    scheduler = ecs._clock.waits
    ended = scheduler.enrol(threading.Thread())
    scheduler.end(ended)
    assert scheduler.wait_for_end(Wait(scheduler, scheduler.me(), None), ended)


def test_a_thread_started_twice_is_refused_as_usual(ecs):
    """A thread of the test that still runs cannot be started again."""
    thread = threading.Thread(target=time.sleep, args=(60,))
    thread.start()
    with pytest.raises(RuntimeError, match="threads can only be started once"):
        thread.start()
    thread.join()


# -- the end of the test


def test_threads_that_still_sleep_end_with_the_test():
    """A daemon's loop ends at its own sleep, past `except Exception`; its finally blocks run, without a report."""
    log = []

    def poll(sleep):
        try:
            while True:
                try:
                    sleep(60)
                    log.append("polled")
                except Exception:  # noqa: BLE001, PERF203  # what daemons do
                    log.append("never")
        finally:
            log.append("ended")

    with EcsEvents() as ecs_events:
        threads = [threading.Thread(target=poll, args=(how,)) for how in (time.sleep, threading.Event().wait)]
        for thread in threads:
            thread.start()
        ecs_events.advance("90s")
    assert sorted(log) == ["ended", "ended", "polled", "polled"]
    assert not any(thread.is_alive() for thread in threads)


def test_a_thread_that_cleans_up_at_the_end_of_the_test_cannot_sleep():
    """Its next sleep ends it too, because virtual time has ended."""
    log = []

    def poll():
        try:
            time.sleep(60)
        finally:
            log.append("cleaning")
            time.sleep(1)
            log.append("never")

    with EcsEvents():
        threading.Thread(target=poll).start()
    assert log == ["cleaning"]


def test_an_idle_pool_goes_on_in_real_time():
    """The threads of a pool that outlives the test wait for work, then and in later tests."""
    with EcsEvents():
        pool = concurrent.futures.ThreadPoolExecutor(1)
        assert pool.submit(lambda: 1).result() == 1
    assert pool.submit(time.sleep, 0).result() is None
    with EcsEvents():
        assert pool.submit(lambda: 2).result() == 2
    pool.shutdown()


def test_nothing_stays_replaced():
    """Waiting functions are the standard library's own again."""
    before = [
        (owner, name, getattr(owner, name))
        for owner, name in (
            (time, "sleep"),
            (time, "monotonic"),
            (threading.Condition, "wait"),
            (threading.Thread, "start"),
            (threading.Thread, "join"),
            (threading, "_time"),
            (queue, "time"),
            (queue, "SimpleQueue"),
            (concurrent.futures._base, "time"),
            (sched.scheduler.__init__, "__defaults__"),
        )
    ]
    for backend in ("freezegun", "time-machine"):
        with EcsEvents(backend=backend):
            assert [getattr(owner, name) is value for owner, name, value in before].count(False) >= 9
        assert all(getattr(owner, name) is value for owner, name, value in before)


@pytest.mark.parametrize("backend", ["freezegun", "time-machine"])
def test_pytest_timeout_ends_a_loop_that_neither_waits_nor_calls(pytester, backend):
    """Nothing else does in the test itself: no time passes, and the report names the line."""
    pytester.makepyfile(
        f"""
        import time
        import pytest

        @pytest.mark.timeout(0.3, func_only=True)
        @pytest.mark.ecs_clock(backend="{backend}")
        def test_it(ecs_events):
            ecs_events.patience = 0.1
            until = time.monotonic() + 60
            while time.monotonic() < until:
                pass
        """
    )
    result = pytester.runpytest("-p", "timeout", "-p", "no:asyncio")
    result.assert_outcomes(failed=1)
    output = result.stdout.str()
    assert "while time.monotonic() < until:" in output
    assert "Failed: Timeout (>0.3s) from pytest-timeout." in output
    assert "clock 2030-01-01T00:00:00Z +00:00:00" in output
