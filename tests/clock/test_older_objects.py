"""Locks, queues and pollers that a program made when it was loaded, and functions that it imported by name."""

import multiprocessing
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from _thread import allocate_lock
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from select import select as select_by_name
from signal import alarm, getitimer, pause, setitimer
from threading import Condition, Event, Lock, RLock, Semaphore

import pytest
from raw_threads import start_raw_thread

from pytest_ecsevents import EcsEvents, RealWorkWarning
from pytest_ecsevents.clock import _stand_ins

pytestmark = pytest.mark.timeout(30)

SPAWN = multiprocessing.get_context("spawn")

LOCK = Lock()
RLOCK = RLock()
JOBS = SimpleQueue()
POLL = select.poll()
EPOLL = select.epoll()
SHARED = SPAWN.Lock()
SHARED_JOBS = SPAWN.Queue()
QUEUE, CONDITION, EVENT, SEMAPHORE = queue.Queue(), Condition(), Event(), Semaphore(0)


class Store:
    lock = Lock()
    __slots__ = ("own",)

    def __init__(self, make=Lock):
        self.own = make()


@dataclass
class Account:
    lock: object = field(default_factory=Lock)


STORE = Store()
ACCOUNT = Account()
LOCKS = {"kept in a dict": Lock(), "kept twice": LOCK}
HIDDEN = (Lock(),)
MAKE = partial(Lock)
PLACES = {
    "module": lambda: LOCK,
    "RLock": lambda: RLOCK,
    "class": lambda: Store.lock,
    "slot": lambda: STORE.own,
    "attribute": lambda: ACCOUNT.lock,
    "dict": lambda: LOCKS["kept in a dict"],
    "by name": lambda: Lock(),  # noqa: PLW0108  # the name is looked up when it is called
    "RLock by name": lambda: RLock(),  # noqa: PLW0108  # the same
    "default argument": lambda: Store().own,
    "field of a dataclass": lambda: Account().lock,
    "partial": lambda: MAKE(),  # noqa: PLW0108  # the same
}


@pytest.fixture
def ecs(either_backend):
    """A cloud at 2030-01-01T00:00:00Z."""
    with EcsEvents(backend=either_backend) as ecs_events:
        yield ecs_events


def passed(ecs):
    """Seconds of virtual time since the start."""
    return ecs.now.timestamp() - 1893456000


def in_a_thread(function, *args):
    """A thread of the test that runs a function."""
    thread = threading.Thread(target=function, args=args)
    thread.start()
    return thread


# -- locks


@pytest.mark.parametrize("place", PLACES)
def test_the_timeout_of_an_older_lock(ecs, place):
    """It strikes at its instant, and a lock that is released before is got at that instant."""
    lock, has_it = PLACES[place](), threading.Event()

    def hold():
        with lock:
            has_it.set()
            time.sleep(60)

    thread = in_a_thread(hold)
    has_it.wait()
    assert not lock.acquire(timeout=5)
    assert passed(ecs) == 5
    assert not lock.acquire(blocking=False)
    with lock:
        assert passed(ecs) == 60
    thread.join()


def test_an_older_lock_is_the_same_wherever_it_is_kept(ecs):
    """It is an instance of its class, and a condition takes it."""
    assert Account.__init__ is not None
    assert LOCKS["kept twice"] is LOCK
    assert isinstance(LOCK, type(threading._allocate_lock()))
    assert "unlocked" in repr(LOCK)
    with pytest.raises(RuntimeError):
        LOCK.release()
    with pytest.raises(ValueError, match="timeout"), LOCK:
        LOCK.acquire(timeout=-5)
    for lock in (LOCK, RLOCK):
        condition = Condition(lock)
        with condition:
            assert not condition.wait(5)
    assert passed(ecs) == 10
    with RLOCK, RLOCK:
        assert in_a_thread(lambda: RLOCK.acquire(timeout=30)).join() is None
    assert passed(ecs) == 40


def test_another_thread_may_have_the_real_lock(ecs):
    """A thread from before the test releases it: the test's thread gets it at once."""
    real = LOCK._real
    real.acquire()
    start_raw_thread(lambda: (_stand_ins.real_sleep(0.2), real.release()))
    assert LOCK.acquire()
    LOCK.release()
    with EcsEvents(), real:
        assert not LOCK.acquire(timeout=0)


def test_a_bystander_does_not_wait_where_it_does_not_want_to(ecs):
    """A lock that is taken and a queue that is empty are no reason for it to wait in virtual time."""
    seen = []

    def look():
        seen.append(LOCK.acquire(False))
        with pytest.raises(queue.Empty):
            JOBS.get(False)
        seen.append("empty")

    with LOCK:
        start_raw_thread(look)
        while len(seen) < 2:
            pass
    assert seen == [False, "empty"]


def test_a_lock_that_is_not_found_is_waited_for_in_real_time(ecs):
    """Time passes meanwhile, so the thread that has it sleeps on and releases it."""
    (lock,) = HIDDEN
    has_it = threading.Event()

    def hold():
        with lock:
            has_it.set()
            time.sleep(60)

    thread = in_a_thread(hold)
    has_it.wait()
    assert not lock.acquire(timeout=0.01)
    assert passed(ecs) == 0
    assert lock.acquire(timeout=20)
    lock.release()
    thread.join()
    assert passed(ecs) == 60


def test_older_objects_are_real_again_after_the_test():
    """Each place has what it had."""
    before = LOCK, RLOCK, JOBS, POLL, EPOLL, Store.lock, STORE.own, Lock, RLock, SimpleQueue, SHARED.acquire
    with EcsEvents():
        assert LOCK is not before[0]
        assert Lock is not before[7]
    assert before == (LOCK, RLOCK, JOBS, POLL, EPOLL, Store.lock, STORE.own, Lock, RLock, SimpleQueue, SHARED.acquire)
    assert type(LOCK) is type(threading._allocate_lock())


def test_the_lock_of_the_low_level_module_stays_real(ecs):
    """`_thread.allocate_lock` is for those who want it, by name too."""
    assert type(allocate_lock()) is type(LOCK._real)


def test_with_real_sleeps_they_stay():
    """The test waits in real time then."""
    before = LOCK, SHARED.acquire
    with EcsEvents(sleep="real"):
        assert before == (LOCK, SHARED.acquire)


def test_a_lock_of_an_earlier_test_is_virtual_in_the_next():
    """A program makes it once, when it needs it first."""
    with EcsEvents():
        lock = threading.Lock()
        lock.acquire()
    with EcsEvents() as ecs_events:
        assert not lock.acquire(timeout=30)
        assert passed(ecs_events) == 30


def test_an_older_lock_of_multiprocessing(ecs):
    """It is virtual while no other process runs, and so is a queue."""
    with SHARED:
        assert not SHARED.acquire(timeout=5)
    with pytest.raises(queue.Empty):
        SHARED_JOBS.get(timeout=15)
    assert round(passed(ecs), 3) == 20


def test_older_objects_of_threading(ecs):
    """They wait in code in Python, which is replaced."""
    assert not EVENT.wait(10)
    assert not SEMAPHORE.acquire(timeout=10)
    with CONDITION:
        assert not CONDITION.wait(10)
    with pytest.raises(queue.Empty):
        QUEUE.get(timeout=10)
    assert passed(ecs) == 40


# -- queues


@pytest.mark.parametrize("make", [lambda: JOBS, lambda: SimpleQueue()])  # noqa: PLW0108  # the name of that instant
def test_a_simple_queue(ecs, make):
    """What a thread puts into it comes at its instant; a timeout strikes at its own."""
    jobs = make()
    with pytest.raises(queue.Empty):
        jobs.get(timeout=5)
    assert passed(ecs) == 5
    for timeout in (None, 600):
        thread = in_a_thread(lambda: (time.sleep(60), jobs.put("done")))
        assert jobs.get(timeout=timeout) == "done"
        thread.join()
    assert passed(ecs) == 125
    with pytest.raises(queue.Empty):
        jobs.get_nowait()
    with pytest.raises(queue.Empty):
        jobs.get(False)
    assert jobs.empty()
    assert isinstance(jobs, queue.SimpleQueue)


def test_a_bystander_gets_from_an_older_queue_in_real_time(ecs):
    """The test's threads do not include it."""
    got, has_ended = [], threading.Event()
    start_raw_thread(lambda: (got.append(JOBS.get(timeout=20)), got.append(type(SimpleQueue())), has_ended.set()))
    _stand_ins.real_sleep(0.05)
    JOBS.put(1)
    while len(got) < 2:
        _stand_ins.real_sleep(0.001)
    assert got == [1, type(JOBS._real)]


# -- pollers


def a_pair():
    """Two connected sockets."""
    ours, theirs = socket.socketpair()
    return ours, theirs


@pytest.mark.parametrize("kind", ["poll", "epoll"])
def test_the_timeout_of_a_poller(ecs, kind):
    """It strikes at its instant; what a thread sends before comes in time."""
    ours, theirs = a_pair()
    poller, unit = (select.poll(), 1000) if kind == "poll" else (select.epoll(), 1)
    with ours, theirs:
        poller.register(ours, select.POLLIN)
        assert poller.poll(0) == []
        assert poller.poll(5 * unit) == []
        assert passed(ecs) == 5
        thread = in_a_thread(lambda: (time.sleep(60), theirs.send(b"x")))
        assert poller.poll(600 * unit) == [(ours.fileno(), select.POLLIN)]
        assert passed(ecs) == 65
        assert poller.poll() == [(ours.fileno(), select.POLLIN)]
        assert poller.poll(5 * unit) == [(ours.fileno(), select.POLLIN)]
        poller.modify(ours, 0)
        assert poller.poll(unit) == []
        thread.join()
        poller.unregister(ours.fileno())


def test_an_epoll_tells_an_edge_once(ecs):
    """Waiting for it uses nothing up."""
    ours, theirs = a_pair()
    with ours, theirs, select.epoll() as poller:
        poller.register(ours.fileno(), select.EPOLLIN | select.EPOLLET)
        thread = in_a_thread(lambda: (time.sleep(60), theirs.send(b"x")))
        assert poller.poll(timeout=600, maxevents=1) == [(ours.fileno(), select.EPOLLIN)]
        assert poller.poll(600) == []
        thread.join()
    assert passed(ecs) == 660


def test_an_older_poller_waits_for_the_outside():
    """What it watches is not known: another process may write it, so that its timeouts hold time for patience in all."""

    def wait():
        with EcsEvents() as ecs_events:
            ecs_events.patience = 0.3
            for poller, unit in ((POLL, 1000), (EPOLL, 1)):
                for _ in range(3):
                    assert poller.poll(0.2 * unit) == []
            return passed(ecs_events)

    with pytest.warns(RealWorkWarning, match=r"0\.3 seconds.*in wait") as told:
        assert 1.1 < wait() < 1.3
    assert len(told) == 2


def test_what_the_standard_library_makes_is_its_own(ecs):
    """So is what no code in Python makes, and an epoll of a descriptor."""
    with subprocess.Popen([sys.executable, "-c", "print(1)"], stdout=subprocess.PIPE) as process:
        assert process.communicate(timeout=20)[0] == b"1\n"
    made = []
    start_raw_thread(lambda: made.extend([select.poll(), select.epoll()]))
    while not made:
        _stand_ins.real_sleep(0.001)
    assert type(made[0]) is type(POLL._real)
    with made[1], select.epoll.fromfd(os.dup(made[1].fileno())) as poller:
        assert poller.poll(0.01) == []
    assert round(passed(ecs), 2) == 0.01


def polled(number):
    """What a poll of one descriptor gives."""
    poller = select.poll()
    poller.register(number, select.POLLIN)
    return poller.poll(30_000)


@pytest.fixture
def child():
    """A child process that prints after 0.4 seconds."""
    command = [sys.executable, "-c", "import time; time.sleep(0.4); print('ready')"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        yield process


@pytest.mark.parametrize("wait", [lambda number: select_by_name([number], [], [], 30)[0], polled])
def test_the_number_of_a_childs_pipe(ecs, child, wait):
    """The clock stands while the child may write it."""
    assert wait(child.stdout.fileno())
    assert passed(ecs) == 0


def test_the_numbers_of_the_pipes_of_two_children(ecs, child):
    """Each is found among both."""
    with subprocess.Popen(child.args, stdout=subprocess.PIPE) as other:
        assert polled(child.stdout.fileno())
        assert polled(other.stdout.fileno())
    assert passed(ecs) == 0


def test_the_number_of_a_terminal():
    """Somebody may type there, so that the clock stands for a while."""

    def wait(number):
        with EcsEvents() as ecs:
            ecs.patience = 0.2
            return polled(number), passed(ecs)

    master, terminal = os.openpty()
    try:
        with pytest.warns(RealWorkWarning, match=r"0\.2 seconds.*in polled"):
            assert wait(terminal) == ([], 30)
    finally:
        os.close(master)
        os.close(terminal)


def test_the_numbers_of_a_pipe_and_of_sockets_of_the_tests_own(ecs):
    """No other process writes them, so they hold nothing; one that is closed is an error."""
    reading, writing = os.pipe()
    ours, theirs = a_pair()
    try:
        assert select_by_name([reading, ours.fileno()], [], [], 30) == ([], [], [])
        assert polled(reading) == []
    finally:
        os.close(reading)
        os.close(writing)
    assert passed(ecs) == 60
    with ours, theirs, pytest.raises(OSError, match="descriptor"):
        select_by_name([reading], [], [], 30)


# -- alarms


@pytest.fixture
def rings(ecs):
    """The instants at which SIGALRM came."""
    rings = []
    before = signal.signal(signal.SIGALRM, lambda *_: rings.append(passed(ecs)))
    yield rings
    signal.signal(signal.SIGALRM, before)


def test_alarms_by_name(ecs, rings):
    """They come at their virtual instants."""
    alarm(90)
    pause()
    setitimer(signal.ITIMER_REAL, 10, 5)
    assert getitimer(signal.ITIMER_REAL) == (10, 5)
    time.sleep(20)
    assert rings == [90, 100, 105, 110]
