"""Threads that wait for a server in their own process, tested without a server."""

import asyncio
import socket
import threading

import pytest

from pytest_ecsevents import EcsEvents


def test_a_hold_is_woken_before_it_waits_and_more_than_once():
    """The thread that wakes it need not know whether it already waits."""
    with EcsEvents(sleep="real") as ecs:
        wait = ecs._clock.server_wait(None, lambda: False)
        wait.wake()
        wait.wake()
        assert wait.wait()


def test_a_hold_of_real_time_ends_at_its_instant():
    """If that instant has passed, it ends at once."""
    with EcsEvents(sleep="real") as ecs:
        assert not ecs._clock.server_wait(ecs._clock.now(), lambda: False).wait()


def test_other_reads_are_not_changed():
    """Reads from a pair of sockets, from an unconnected socket, and in a thread that is not the test's."""
    got = []

    def read(connection):
        got.append(connection.makefile("rb", buffering=0).read(1))

    one, other = socket.socketpair()
    release = threading.Event()
    stranger = threading.Thread(target=lambda: (release.wait(), read(one)))
    stranger.start()
    with one, other, socket.socket() as lost, EcsEvents() as ecs:
        assert ecs.endpoint
        other.sendall(b"ab")
        read(one)
        release.set()
        stranger.join()
        with pytest.raises(OSError, match="not connected"):
            read(lost)
    assert got == [b"a", b"b"]


def test_an_event_loop_calls_another_server_as_usual():
    """The other server runs in this process, beside the test's."""

    async def echoed():
        async def echo(reader, writer):
            writer.write(await reader.read(5))
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello")
            answer = await reader.read(5)
            writer.close()
            return answer

    with EcsEvents() as ecs:
        assert ecs.endpoint
        assert asyncio.run(echoed()) == b"hello"


def test_a_connection_that_does_not_block_is_read_as_usual():
    """If there is no data, it raises BlockingIOError."""
    with EcsEvents() as ecs:
        host, port = ecs.endpoint.split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.setblocking(False)
            assert connection.makefile("rb", buffering=0).read(1) is None


def test_waiting_for_an_answer_without_a_request_times_out_in_real_time():
    """Half a request is no request, and the server holds nothing."""
    with EcsEvents() as ecs:
        host, port = ecs.endpoint.split(":")
        with socket.create_connection((host, int(port)), timeout=0.05) as connection:
            connection.sendall(b"GET /")
            with pytest.raises(TimeoutError):
                connection.makefile("rb", buffering=0).read(1)
        assert ecs.now.second == 0


def test_starting_a_bystanders_thread_takes_no_virtual_time():
    """The server's threads start while an event is due, and the event stays due."""
    with EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1s")
        assert ecs.endpoint
        assert event.status == "Scheduled"
