"""Servers that the test or a thread beside it runs, and clients that wait for them without a timeout."""

import asyncio
import socket
import threading
import time

import pytest
from process_clock import clock
from raw_threads import start_raw_thread

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock._stand_ins import real_sleep

pytestmark = pytest.mark.timeout(20)


@pytest.fixture
def ecs():
    """A cloud at 2030-01-01T00:00:00Z."""
    with EcsEvents("2030-01-01T00:00:00Z") as ecs_events:
        yield ecs_events


@pytest.fixture
def serve():
    """Serve on loopback with asyncio, in a thread of the test: `serve(handler)` returns the address."""
    ends = []

    def serve(handler):
        ready, address = threading.Event(), []

        async def main():
            loop, end = asyncio.get_running_loop(), asyncio.Event()
            server = await asyncio.start_server(handler, "127.0.0.1", 0)
            address.append(server.sockets[0].getsockname())
            ends.append(lambda: loop.call_soon_threadsafe(end.set))
            ready.set()
            await end.wait()
            server.close()
            await server.wait_closed()

        thread = threading.Thread(target=lambda: asyncio.run(main()))
        thread.start()
        ready.wait()
        ends.append(thread.join)
        return address[0]

    yield serve
    for end in ends:
        end()


def read(address):
    """Connect, and return what the server sends."""
    with socket.create_connection(address) as client, client.makefile("rb") as stream:
        return stream.read()


def test_a_server_that_sleeps_lets_due_work_happen_while_its_client_waits(ecs, serve):
    """The client blocks the test's own thread, so the server's loop moves the clock."""
    log = []

    async def handler(_reader, writer):
        await asyncio.sleep(3600)
        writer.write(clock().encode())
        writer.close()

    ecs.at("+30m", lambda: log.append(clock()))
    assert read(serve(handler)) == b"01:00:00"
    assert log == ["00:30:00"]


def test_a_function_of_the_test_may_call_a_server_that_sleeps(ecs):
    """The function moves the clock while it waits for the server's reply."""
    got = []

    def answer():
        connection, _ = listener.accept()
        with connection:
            time.sleep(60)
            connection.sendall(clock().encode())

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        thread = threading.Thread(target=answer)
        thread.start()
        ecs.at("+1h", lambda: got.append(read(listener.getsockname())))
        ecs.advance("2h")
        thread.join()
    assert got == [b"01:01:00"]


def test_a_request_of_another_program_may_end_a_wait(ecs, serve):
    """The test waits for its own server to be called, and is not told that this can never happen."""
    ecs.patience = 0.1
    called = threading.Event()

    async def handler(reader, writer):
        await reader.readline()
        called.set()
        writer.close()

    address = serve(handler)

    def call():
        real_sleep(0.3)
        with socket.create_connection(address) as client:
            client.sendall(b"called\n")
            client.recv(1)

    start_raw_thread(call)
    assert called.wait()
    assert clock() == "00:00:00"


def test_a_server_may_listen_at_a_path(ecs, tmp_path, monkeypatch):
    """It answers in virtual time, too."""
    monkeypatch.chdir(tmp_path)  # a whole path may be too long

    def answer(listener):
        connection, _ = listener.accept()
        with connection:
            time.sleep(60)
            connection.sendall(b"hi")

    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind("server")
        listener.listen()
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        client.connect("server")
        client.settimeout(600)
        assert client.recv(2) == b"hi"
        thread.join()
    assert clock() == "00:01:00"


def test_a_server_beside_the_test_is_waited_for_in_real_time(ecs):
    """Its thread is not the test's, so the client's timeout does not pass."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    is_listening = []

    def answer():
        listener.listen()
        is_listening.append(True)
        connection, _ = listener.accept()
        with connection:
            real_sleep(0.05)
            connection.sendall(b"hi")

    start_raw_thread(answer)
    while not is_listening:
        pass
    with listener, socket.create_connection(listener.getsockname(), timeout=0.01) as client:
        client.settimeout(5)
        assert client.recv(2) == b"hi"
    assert clock() == "00:00:00"
