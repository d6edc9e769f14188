"""Time stands still while a thread, a child process or a loop of the test does real work that ends by itself."""

import asyncio
import concurrent.futures
import hashlib
import http.client
import http.server
import multiprocessing
import queue
import select
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
import wsgiref.simple_server
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.pool import ThreadPool
from types import FunctionType

import pytest
from process_clock import clock

from pytest_ecsevents import EcsEvents, RealWorkWarning
from pytest_ecsevents.clock._outside_work import OutsideWork
from pytest_ecsevents.clock._real_work import Doing, doing_of, is_readable
from pytest_ecsevents.clock._threads import TestThread

pytestmark = pytest.mark.timeout(20)

HALF_A_SECOND = (sys.executable, "-c", "import time; time.sleep(0.5)")
ENDLESS = (sys.executable, "-c", "import time; time.sleep(600)")
SPAWN = multiprocessing.get_context("spawn")

SLOW_SERVER = """
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    connection, _ = listener.accept()
    time.sleep(0.4)
    connection.recv(65536)
    connection.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nok")
    connection.close()
"""


@pytest.fixture
def ecs(either_backend):
    """A cloud at 2030-01-01T00:00:00Z."""
    with EcsEvents(backend=either_backend) as ecs_events:
        yield ecs_events


@pytest.fixture(scope="module")
def slow():
    """The address of another process that answers after 0.4 seconds."""
    with subprocess.Popen([sys.executable, "-c", SLOW_SERVER], stdout=subprocess.PIPE, text=True) as process:
        yield "127.0.0.1", int(process.stdout.readline())
        process.kill()


real_now = partial(time.clock_gettime, time.CLOCK_MONOTONIC)  # which nothing replaces


@contextmanager
def poller():
    """A thread that polls once a minute, and the list of its polls."""
    polls, stopping = [], threading.Event()

    def poll():
        while not stopping.wait(60):
            polls.append(clock())

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield polls
    finally:
        stopping.set()
        thread.join()


def fetch(address):
    """Return the answer to a GET."""
    with urllib.request.urlopen("http://{}:{}/".format(*address), timeout=5) as reply:
        return reply.read()


def read_raw(address):
    """Return what is read from a connection."""
    with socket.create_connection(address) as connection:
        connection.sendall(b"GET")
        return connection.recv(100)


def shake_hands(address):
    """Begin TLS with a server that does not support it."""
    with socket.create_connection(address) as connection, suppress(OSError):
        ssl.create_default_context().wrap_socket(connection, server_hostname="localhost")


def in_a_process(_):
    """Join a process."""
    process = SPAWN.Process(target=subprocess.call, args=(HALF_A_SECOND,))
    process.start()
    process.join()


def in_a_pool_of_multiprocessing(_):
    """Wait for a job of a pool."""
    with SPAWN.Pool(1) as pool:
        assert pool.apply_async(subprocess.call, (HALF_A_SECOND,)).get(timeout=30) == 0


def in_a_process_pool(_):
    """Wait for a future of another process."""
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=SPAWN) as pool:
        assert pool.submit(subprocess.call, HALF_A_SECOND).result(timeout=30) == 0


def in_a_loop(call, **kwargs):
    """Await what a program in an event loop does."""

    async def main():
        process = await asyncio.create_subprocess_exec(*HALF_A_SECOND, **kwargs)
        await asyncio.wait_for(call(process), timeout=30)

    asyncio.run(main())


WORK = {
    "a program": lambda _: subprocess.run(HALF_A_SECOND, check=True),
    "a program's output": lambda _: subprocess.run(HALF_A_SECOND, check=True, capture_output=True),
    "a program with a timeout": lambda _: subprocess.run(HALF_A_SECOND, check=True, timeout=60),
    "a program in asyncio": lambda _: in_a_loop(lambda process: process.wait()),
    "its output": lambda _: in_a_loop(lambda process: process.communicate(), stdout=subprocess.PIPE),
    "a process": in_a_process,
    "a pool of multiprocessing": in_a_pool_of_multiprocessing,
    "a process pool": in_a_process_pool,
    "an HTTP request": fetch,
    "a raw socket": read_raw,
    "a TLS handshake": shake_hands,
    "a long call of C": lambda _: hashlib.pbkdf2_hmac("sha256", b"", b"", 500_000),
}


@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_real_work_holds_time(slow, work):
    """A thread that sleeps a minute stays asleep, and a future over the work does not time out after 30 s."""
    with EcsEvents(), concurrent.futures.ThreadPoolExecutor(1) as pool, poller() as polls:
        pool.submit(work, slow).result(timeout=30)
        assert (polls, clock()) == ([], "00:00:00")


def test_a_queue_is_not_late_for_what_another_thread_fetches(ecs, slow):
    """The queue's timeout is virtual."""
    done = queue.Queue()
    threading.Thread(target=lambda: done.put(fetch(slow))).start()
    assert done.get(timeout=30) == b"ok"
    assert clock() == "00:00:00"


def test_a_loop_waits_for_a_thread_that_runs_a_program(ecs):
    """wait_for over to_thread does not time out."""

    async def main():
        return await asyncio.wait_for(asyncio.to_thread(subprocess.call, HALF_A_SECOND), timeout=30)

    assert asyncio.run(main()) == 0
    assert clock() == "00:00:00"


def test_advance_waits_for_real_work_too(ecs):
    """Work of another thread ends before the target instant of the move."""
    log = []
    thread = threading.Thread(target=lambda: log.append((subprocess.call(HALF_A_SECOND), clock())))
    thread.start()
    ecs.advance("1h")
    thread.join()
    assert log == [(0, "00:00:00")]


# -- idle threads hold nothing


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        time.sleep(5)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


@contextmanager
def serving(server):
    """The address of a server that runs in a thread of the test."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with server:
        try:
            yield server.server_address
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("kind", [http.server.HTTPServer, http.server.ThreadingHTTPServer])
def test_a_request_to_a_server_of_the_test_lets_its_handler_sleep(ecs, kind):
    """The handler's sleep is virtual, so time does not wait for it as real work."""
    started = real_now()
    with serving(kind(("127.0.0.1", 0), Answering)) as address:
        assert fetch(address) == b"ok"
    assert clock() == "00:00:05"
    assert real_now() - started < 5


def test_a_server_that_waits_for_requests_holds_nothing(ecs):
    """Neither its thread nor an open connection between two requests stops time."""
    started = real_now()
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)) as address:
        client = http.client.HTTPConnection(*address)
        client.request("GET", "/")
        assert client.getresponse().read() == b"ok"
        time.sleep(3600)
        client.close()
    assert clock() == "01:00:05"
    assert real_now() - started < 5


def test_a_raw_server_that_waits_holds_nothing(ecs):
    """A thread that accepts, or reads from an accepted connection, stops no other thread's sleep."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        time.sleep(1)
        with connection:
            assert connection.recv(10) == b""

    started = real_now()
    thread = threading.Thread(target=serve)
    thread.start()
    time.sleep(60)
    with listener, socket.create_connection(listener.getsockname()):
        time.sleep(60)
    thread.join()
    assert clock() in (
        "00:02:00",
        "00:02:01",
    )  # on a busy machine the server takes its second after the client's minute
    assert real_now() - started < 5


def test_idle_pools_of_processes_hold_nothing(ecs):
    """Time passes once their work is done."""
    with SPAWN.Pool(1) as pool, concurrent.futures.ProcessPoolExecutor(1, mp_context=SPAWN) as executor:
        pool.apply(int)
        executor.submit(int).result()
        started = real_now()
        time.sleep(3600)
        assert real_now() - started < 5
        pool.terminate()
    assert clock() == "01:00:00"


def test_an_end_of_a_pair_of_sockets_holds_nothing(ecs):
    """A reader of it waits for another thread, and that thread decides when to wake it."""
    left, right = socket.socketpair()
    thread = threading.Thread(target=partial(left.recv, 1))
    thread.start()
    with left, right:
        time.sleep(60)
        right.sendall(b".")
        thread.join()
    assert clock() == "00:01:00"


def test_tls_without_a_socket_of_its_own_holds_nothing(ecs):
    """TLS read from memory does not show where its bytes come from."""
    names = {"__name__": "ssl", "time": time, "lock": threading.Lock()}
    exec("def read(self):\n    with lock:\n        pass\n", names)  # noqa: S102  # a function of that module
    with names["lock"]:
        thread = threading.Thread(target=names["read"], args=(object(),))
        thread.start()
        time.sleep(60)
    thread.join()
    assert clock() == "00:01:00"


@pytest.mark.parametrize("kind", [http.server.HTTPServer, wsgiref.simple_server.WSGIServer])
def test_shutting_down_a_server_takes_no_virtual_time(ecs, kind):
    """Later due work does not happen while `shutdown` waits for the server's thread."""
    ecs.instances.add("i-web1")
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    with serving(kind(("127.0.0.1", 0), Answering)):
        pass
    assert (event.status, clock()) == ("Scheduled", "00:00:00")


# -- its end


def wait_endlessly(process):
    """Wait for a program that does not end."""
    with process:
        process.wait()


def hold_a_thread():
    """Sleep twice beside a thread that waits for a program."""
    with EcsEvents() as ecs:
        ecs.patience = 0.3
        process = subprocess.Popen(ENDLESS)
        thread = threading.Thread(target=wait_endlessly, args=(process,))
        thread.start()
        started = real_now()
        time.sleep(3600)
        assert 0.2 <= real_now() - started < 5  # the scheduler can have seen it working just before
        time.sleep(3600)
        assert clock() == "02:00:00"
        process.kill()
        thread.join()


def hold_a_loop():
    """Sleep beside a coroutine that waits for a program."""

    async def main():
        process = await asyncio.create_subprocess_exec(*ENDLESS)
        waiting = asyncio.ensure_future(process.wait())
        await asyncio.sleep(3600)
        process.kill()
        await waiting

    with EcsEvents() as ecs:
        ecs.patience = 0.3
        asyncio.run(main())
        assert clock() == "01:00:00"


@pytest.mark.parametrize(("hold", "place"), [(hold_a_thread, "wait_endlessly"), (hold_a_loop, "hold_a_loop")])
def test_time_goes_on_when_real_work_takes_longer_than_patience(hold, place):
    """One warning names the line and what to do."""
    with pytest.warns(RealWorkWarning, match=rf"0.3 seconds.*test_real_work\.py:\d+ in {place}\..*patience") as warned:
        hold()
    assert len(warned) == 1


def test_a_program_in_a_loop_outside_the_test_is_waited_for_as_usual():
    """A thread that is not the test's runs its own loop."""
    go = threading.Event()

    def outside():
        while not go.is_set():  # a wait would assign it to the test when the test sets it
            select.select([], [], [], 0.001)
        in_a_loop(lambda process: process.wait())

    thread = threading.Thread(target=outside)
    thread.start()
    with EcsEvents():
        go.set()
    thread.join()


def test_a_pool_of_threads_that_has_nothing_to_do_holds_nothing(ecs):
    """The helper threads of a pool wake up in real time."""
    with ThreadPool(1) as pool:
        pool.apply(int)
        started = real_now()
        for _ in range(20):
            time.sleep(60)
        assert real_now() - started < 3
    assert clock() == "00:20:00"


def test_a_thread_that_has_just_ended_holds_nothing():
    """It can end between the check of the running threads and the check of their work."""
    ended = TestThread(1, None)
    thread = threading.Thread(target=ended.begin)
    thread.start()
    thread.join()
    assert not OutsideWork().holds_time([ended], real_now())


@pytest.mark.parametrize("has_poll", [True, False])
def test_a_socket_with_data_is_readable(monkeypatch, has_poll):
    """Where the system has no poll, as on Windows, select tells it."""
    if not has_poll:
        monkeypatch.delattr(select, "poll", raising=False)
    ours, other = socket.socketpair()
    with ours, other:
        assert not is_readable(ours)
        assert not is_readable(ours, other, seconds=0.001)
        other.send(b"data")
        assert is_readable(ours)
        assert is_readable(other, ours, seconds=5)


def test_a_socket_that_another_thread_has_closed_has_no_input():
    """Its `accept` goes on in the system, but the socket can no longer be asked."""

    def accept(self):  # the frame holds it
        return sys._getframe()

    closed = socket.socket()
    closed.close()
    frame = FunctionType(accept.__code__, {"__name__": "socket", "sys": sys})(closed)
    assert doing_of(frame, ()) == (Doing.WAITING_FOR_INPUT, None)
