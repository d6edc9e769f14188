"""A cloud with one instance, and a server on loopback that misbehaves for real."""

import contextlib
import re
import socket
import struct
import threading

import pytest

from pytest_ecsevents import EcsEvents

HALF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=utf-8\r\nContent-Length: 20\r\n\r\n{"half": '
RESET = struct.pack("ii", 1, 0)


@pytest.fixture
def ecs():
    """A cloud with one instance."""
    with EcsEvents() as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


def _whole_request(connection):
    """Read until the request is complete, so that the fault does not depend on timing; return whether it was."""
    data = b""
    while received := connection.recv(65536):
        data += received
        head, ended, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        if ended and len(body) >= int(length[1] if length else 0):
            return True
    return False


def _misbehave(how, connection, held):
    if how == "read timeout":
        held.append(connection)
        return
    if not _whole_request(connection):
        pass  # the client has disconnected
    elif how == "connection reset":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    elif how == "truncated body":
        connection.sendall(HALF)
    connection.close()


def _serve(how, listener, held):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        _misbehave(how, connection, held)


@contextlib.contextmanager
def _deaf(listener):
    """A server whose backlog is full: it accepts no further connection."""
    listener.listen(0)
    fillers = [socket.socket() for _ in range(4)]
    for filler in fillers:
        filler.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            filler.connect(listener.getsockname())
    yield
    for filler in fillers:
        filler.close()


@contextlib.contextmanager
def _serving(how, listener):
    listener.listen(5)
    held = []
    thread = threading.Thread(target=_serve, args=(how, listener, held), daemon=True)
    thread.start()
    yield
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    for connection in held:
        connection.close()


@pytest.fixture
def misbehaving():
    """Run a server on loopback that shows the named network fault; yield its port."""

    @contextlib.contextmanager
    def misbehaving(how):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            if how == "connection refused":
                yield port
                return
            with _deaf(listener) if how == "connect timeout" else _serving(how, listener):
                yield port

    return misbehaving
