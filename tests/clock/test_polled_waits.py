"""Timeouts of sockets, selectors, locks and multiprocessing are virtual in threads of the test."""

import datetime as dt
import importlib
import multiprocessing
import queue
import select
import selectors
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pytest_ecsevents import EcsEvents, RealWorkWarning
from pytest_ecsevents.clock._stand_ins import real_sleep

pytestmark = pytest.mark.timeout(30)

SPAWN = multiprocessing.get_context("spawn")
SOON = (sys.executable, "-c", "import time; time.sleep(0.4); print('ready')")

real_now = partial(time.clock_gettime, time.CLOCK_MONOTONIC)  # which nothing replaces


@pytest.fixture
def ecs(either_backend):
    """A cloud at 2030-01-01T00:00:00Z."""
    with EcsEvents(backend=either_backend) as ecs_events:
        yield ecs_events


@pytest.fixture(autouse=True)
def quick():
    """No test here takes its virtual time."""
    started = real_now()
    yield
    assert real_now() - started < 15


def passed(ecs):
    """Seconds of virtual time since the start."""
    return ecs.now.timestamp() - dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc).timestamp()


@contextmanager
def in_a_thread(function):
    """A thread that runs meanwhile."""
    thread = threading.Thread(target=function)
    thread.start()
    try:
        yield
    finally:
        thread.join()


# -- locks


def held_for(lock, seconds):
    """A function that holds a lock for a time, and an event that is set once it does."""
    has_it = threading.Event()

    def hold():
        with lock:
            has_it.set()
            time.sleep(seconds)

    return hold, has_it


@pytest.mark.parametrize("kind", ["Lock", "RLock"])
def test_a_lock_that_no_code_in_python_makes(ecs, kind):
    """A planned call of the class itself, with no frame above it, makes a lock."""
    ecs.at("+1s", getattr(threading, kind))
    ecs.advance("1s")
    assert passed(ecs) == 1


@pytest.mark.parametrize("kind", ["Lock", "RLock"])
def test_the_timeout_of_a_lock(ecs, kind):
    """It strikes at its instant, and a lock that is released before is got at that instant."""
    lock = getattr(threading, kind)()
    hold, has_it = held_for(lock, 60)
    with in_a_thread(hold):
        has_it.wait()
        assert not lock.acquire(timeout=5)
        assert passed(ecs) == 5
        assert not lock.acquire(blocking=False)
        assert not lock.acquire(timeout=0)
        assert lock.acquire(timeout=600)
        assert passed(ecs) == 60
        lock.release()
        with lock:
            assert passed(ecs) == 60


def test_a_lock_is_one(ecs):
    """It has what the real one has, and refuses what the real one refuses."""
    lock = threading.Lock()
    assert isinstance(lock, threading.Lock)
    assert not lock.locked()
    assert "unlocked" in repr(lock)
    with pytest.raises(RuntimeError):
        lock.release()
    assert lock.acquire_lock()
    with pytest.raises(ValueError, match="timeout"):
        lock.acquire(True, -5)
    with pytest.raises(ValueError, match="timeout"):
        lock.acquire(False, 5)
    lock.release_lock()
    for of_condition in (lock, threading.RLock()):
        condition = threading.Condition(of_condition)
        with condition:
            assert not condition.wait(5)
    lock._at_fork_reinit()
    assert passed(ecs) == 10


def test_many_threads_take_turns(ecs):
    """Each has the lock for a second."""
    lock, log = threading.Lock(), []

    def work():
        with lock:
            time.sleep(1)
            log.append(passed(ecs))

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log == list(range(1, 21))


def test_run_ends_a_handler_that_waits_for_a_lock(ecs):
    """At its time."""
    lock = threading.Lock()
    lock.acquire()
    ecs.run(lock.acquire, until="1h")
    assert passed(ecs) == 3600


def test_the_standard_library_has_its_own_locks(ecs):
    """Those are held for moments only; so are a bystander's, and a lock may be used when its test has ended."""
    assert type(queue.Queue().mutex) is type(threading._allocate_lock())
    with EcsEvents() as other:
        lock = threading.Lock()
        assert other.now
    with lock:
        assert not lock.acquire(timeout=0.01)


@pytest.mark.parametrize("kind", ["Lock", "RLock"])
def test_a_class_of_locks_that_a_program_keeps_from_a_test(kind):
    """A module loaded in a test may keep it: its locks are real outside tests, and those of the next test in there."""
    real = getattr(threading, kind)
    with EcsEvents():
        kept = getattr(threading, kind)
    assert getattr(threading, kind) is real
    assert type(kept()) is type(real())
    with EcsEvents() as ecs_events:
        lock = kept()
        hold, has_it = held_for(lock, 60)
        with in_a_thread(hold):
            has_it.wait()
            assert not lock.acquire(timeout=5)
            assert passed(ecs_events) == 5


def test_a_lock_of_an_outer_cloud_s_thread():
    """It is that cloud's, although another cloud was entered since, and also when that has closed."""
    made, go = [], threading.Lock()
    go.acquire()

    def work():
        go.acquire()
        made.append(type(threading.Lock()))
        time.sleep(1)
        made.append(type(threading.Lock()))

    with EcsEvents() as outer:
        kind = type(threading.Lock())
        with in_a_thread(work):
            with EcsEvents():
                go.release()
                while not made:
                    real_sleep(0.001)
            outer.advance("1s")
    assert made == [kind, kind]


# -- sockets


@pytest.fixture
def late(ecs):
    """The address of a server in a thread of the test, which answers after a minute."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.recv(10)
            time.sleep(60)
            connection.sendall(b"late")

    with listener, in_a_thread(serve):
        yield listener.getsockname()


@pytest.mark.parametrize("read", [lambda one: one.recv(4), lambda one: one.recv_into(bytearray(4))])
def test_the_timeout_of_a_socket(ecs, late, read):
    """It strikes before the slow server answers; a longer one does not."""
    with socket.create_connection(late, timeout=5) as connection:
        connection.sendall(b"x")
        with pytest.raises(TimeoutError, match="timed out"):
            read(connection)
        assert passed(ecs) == 5
        connection.settimeout(600)
        assert read(connection)
        assert passed(ecs) == 60


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """The path of a certificate and its key, which nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime(2020, 1, 1, tzinfo=dt.timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now.replace(year=2100))
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path


@pytest.fixture
def late_with_tls(ecs, certificate):
    """A connection with TLS to a server in a thread of the test, which answers after a minute, and once more after another."""
    of_server, of_client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    of_server.load_cert_chain(certificate)
    of_client.check_hostname, of_client.verify_mode = False, ssl.CERT_NONE

    def serve():
        accepted = of_server.wrap_socket(listener.accept()[0], server_side=True)
        with accepted as connection, suppress(OSError):  # the client may have closed it
            connection.recv(10)
            for _ in range(2):
                time.sleep(60)
                connection.sendall(b"late")

    listener = socket.create_server(("127.0.0.1", 0))
    own = socket.create_connection(listener.getsockname(), timeout=5)
    with listener, in_a_thread(serve), of_client.wrap_socket(own) as connection:
        yield connection


def test_the_timeout_of_a_socket_with_tls(ecs, late_with_tls):
    """It strikes before the slow server answers; a longer one does not, and the rest of what came is read at once."""
    late_with_tls.sendall(b"x")
    with pytest.raises(TimeoutError, match="timed out"):
        late_with_tls.recv(4)
    assert passed(ecs) == 5
    late_with_tls.settimeout(600)
    assert late_with_tls.recv(1) == b"l"
    assert late_with_tls.recv_into(bytearray(3)) == 3
    assert passed(ecs) == 60
    late_with_tls.settimeout(None)
    assert late_with_tls.makefile("rb").read(4) == b"late"
    assert passed(ecs) == 120


def test_a_socket_with_tls_that_is_closed_meanwhile(ecs, late_with_tls):
    """Another thread closes it: the wait ends with the error of the call."""
    late_with_tls.sendall(b"x")
    late_with_tls.settimeout(50)
    with in_a_thread(lambda: (time.sleep(10), late_with_tls.close())), pytest.raises((OSError, ValueError)):
        late_with_tls.recv(4)
    assert passed(ecs) == 10


def test_the_timeout_of_accept(ecs):
    """It strikes if no client comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)
        with pytest.raises(TimeoutError):
            listener.accept()
        assert passed(ecs) == 30
        listener.close()
        with pytest.raises(OSError, match="descriptor"):
            listener.accept()


def by_select(connection, seconds):
    """Whether `select.select` finds something to read."""
    return bool(select.select([connection], [], [], seconds)[0])


def by_selector(connection, seconds):
    """Whether a selector does."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return bool(selector.select(seconds))


@pytest.mark.parametrize("wait", [by_select, by_selector])
def test_the_timeout_of_a_selector(ecs, late, wait):
    """It is over at its instant, or when there is something to read."""
    with socket.create_connection(late) as connection:
        connection.sendall(b"x")
        assert not wait(connection, 0)
        assert not wait(connection, 5)
        assert passed(ecs) == 5
        assert wait(connection, 600)
        assert passed(ecs) == 60
        assert wait(connection, 5)
        assert wait(connection, None)
        with pytest.raises(ValueError, match="negative"):
            select.select([], [], [], -1)


def test_a_thread_that_polls_a_socket_does_not_stop_time(ecs):
    """However short its timeout is."""
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def poll():
        while not stop.is_set():
            select.select([ours], [], [], 0.05)

    with ours, theirs, in_a_thread(poll):
        time.sleep(10)
        stop.set()
    assert 10 <= passed(ecs) < 11


def test_a_selector_waits_for_a_child(ecs):
    """What another process is about to write comes before a timeout."""
    with subprocess.Popen(SOON, stdout=subprocess.PIPE) as process:
        assert by_select(process.stdout, 30)
        assert passed(ecs) == 0


# -- multiprocessing


def send_soon(queue):
    """Put something into a queue after half a second, in another process."""
    time.sleep(0.4)
    queue.put("sent")


def test_multiprocessing_times_out_in_virtual_time(ecs):
    """Nothing is waited for where there is no other process."""
    lock, event, jobs = SPAWN.Lock(), SPAWN.Event(), SPAWN.Queue()
    assert lock.acquire()
    assert not lock.acquire(timeout=5)
    assert not event.wait(10)
    with pytest.raises(queue.Empty):
        jobs.get(timeout=15)
    assert round(passed(ecs), 3) == 30
    with in_a_thread(lambda: (time.sleep(5), lock.release())):
        assert lock.acquire(timeout=60)
    assert round(passed(ecs), 3) == 35
    jobs.put("own")
    assert jobs.get(timeout=60) == "own"
    jobs.close()
    jobs.join_thread()


@pytest.mark.parametrize("backend", ["freezegun", "time-machine"])
def test_multiprocessing_may_be_loaded_in_the_test(backend, monkeypatch):
    """Its waits are virtual then, too, and its processes are waited for."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "multiprocessing"]:
        monkeypatch.delitem(sys.modules, name)
    with EcsEvents(backend=backend) as ecs_events:
        context = importlib.import_module("multiprocessing").get_context("spawn")
        with pytest.raises(queue.Empty):
            context.Queue().get(timeout=15)
        lock = context.Lock()
        assert lock.acquire()
        assert not lock.acquire(timeout=5)
        assert round(passed(ecs_events), 3) == 20
        wait = importlib.import_module("multiprocessing.connection").wait
        process = sys.modules["multiprocessing.process"].BaseProcess
        assert {one.__module__.partition(".")[0] for one in (wait, process.is_alive)} == {"pytest_ecsevents"}
    assert sys.modules["multiprocessing.queues"].time is time
    assert process.is_alive.__module__ == "multiprocessing.process"


def get_from_a_process_that_sends_nothing():
    """Wait twice beside another process, and once more when patience is over."""
    with EcsEvents(backend="time-machine") as ecs_events:
        ecs_events.patience = 0.3
        jobs = SPAWN.Queue()
        process = SPAWN.Process(target=time.sleep, args=(600,))
        process.start()
        started = real_now()
        for _ in range(3):
            with pytest.raises(queue.Empty):
                jobs.get(timeout=0.2)
        assert 0.3 <= real_now() - started < 5
        process.kill()
        process.join()
        jobs.close()


def test_a_process_that_sends_nothing_is_waited_for_once():
    """Time stands for each timeout, but no longer than patience in all; a warning says where."""
    with pytest.warns(RealWorkWarning, match=r"0\.3 seconds.*test_polled_waits\.py:\d+ in get_from_a_process") as told:
        get_from_a_process_that_sends_nothing()
    assert len(told) == 1


def test_a_process_is_waited_for(ecs):
    """A timeout does not strike while it is about to send something, and does when it ought to end."""
    ecs.patience = 60  # a child takes long to start on a busy machine
    jobs = SPAWN.Queue()
    process = SPAWN.Process(target=send_soon, args=(jobs,))
    process.start()
    assert jobs.get(timeout=30) == "sent"
    process.join(30)
    assert process.exitcode == 0
    assert passed(ecs) == 0


# -- SQLite


def test_sqlite_waits_for_a_lock_while_its_holder_sleeps(ecs, tmp_path):
    """Its timeout is real, and does not stop time: who holds the lock sleeps on, and the waiter gets it."""
    path = tmp_path / "base"
    with sqlite3.connect(path) as base:
        base.execute("create table t (a)")
    base.close()
    has_it = threading.Event()

    def hold():
        holder = sqlite3.connect(path)
        holder.execute("begin immediate")
        has_it.set()
        time.sleep(60)
        holder.commit()
        holder.close()

    with in_a_thread(hold):
        has_it.wait()
        waiter = sqlite3.connect(path, timeout=10)
        waiter.execute("begin immediate")
        assert passed(ecs) == 60
        waiter.close()
