"""What the server must do for all kinds of HTTP clients."""

import http.client
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing

import pytest

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.server import _server

REGIONS = "/?Action=DescribeRegions&Version=2014-05-26&AccessKeyId=ak"
GET = f"GET {REGIONS} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
SIGNED = "Authorization: MNS id:signature\r\nDate: now\r\nx-mns-version: 2015-06-06\r\n"
POLL = f"GET /queues/q/messages?waitseconds=30 HTTP/1.1\r\n{SIGNED}\r\n".encode()


@pytest.fixture
def connect(ecs):
    """Open a connection to the server."""
    host, port = ecs.endpoint.split(":")
    with ExitStack() as stack:
        yield lambda: stack.enter_context(socket.create_connection((host, int(port)), timeout=10))


def received(connection):
    """Return all data until the server closes."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def statuses(data):
    """Return the statuses of these responses, in order."""
    return [int(part[:3]) for part in data.split(b"HTTP/1.1 ")[1:]]


def test_hundreds_of_idle_connections_block_no_request(ecs, connect, ecs_call):
    """Each has its own thread."""
    idle = [connect() for _ in range(300)]
    assert ecs_call(ecs.endpoint, "DescribeRegions")[0] == 200
    assert len(idle) == 300


def test_header_names_are_sent_as_the_service_writes_them(ecs, connect):
    """A client of the queue reads `x-mns-request-id` case-sensitively."""
    ecs.queue("q")
    connection = connect()
    connection.sendall(POLL.replace(b"?waitseconds=30", b""))
    connection.shutdown(socket.SHUT_WR)
    assert b"\r\nx-mns-request-id: " in received(connection)


def test_a_client_that_ends_its_sending_is_answered(ecs, connect):
    """The request is followed by the end of file."""
    connection = connect()
    connection.sendall(GET)
    connection.shutdown(socket.SHUT_WR)
    assert statuses(received(connection)) == [200]


def test_a_poll_of_a_client_that_ends_its_sending_waits_too(ecs, connect):
    """The server checks with an interim response whether it is still connected; clients ignore such responses."""
    queue, connection = ecs.queue("q"), connect()
    connection.sendall(POLL)
    connection.shutdown(socket.SHUT_WR)
    while not queue._state.wakes:
        time.sleep(0)
    queue.send("hello")
    assert statuses(received(connection)) == [100, 200]
    assert queue.messages[0].dequeue_count == 1


def test_an_old_client_cannot_be_checked_for_its_presence(ecs, connect):
    """HTTP/1.0 has no interim responses, so the end of its sending ends its poll."""
    queue, connection = ecs.queue("q"), connect()
    connection.sendall(POLL.replace(b"HTTP/1.1", b"HTTP/1.0"))
    connection.shutdown(socket.SHUT_WR)
    assert received(connection) == b""
    queue.send("hello")
    assert queue.messages[0].dequeue_count == 0


def test_where_sleeping_is_real_a_client_that_disconnects_takes_no_message():
    """A message that arrives then stays for other clients."""
    with EcsEvents(sleep="real") as ecs:
        queue = ecs.queue("q")
        host, port = ecs.endpoint.split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(POLL)
            while not queue._state.wakes:
                time.sleep(0.001)
        queue.send("later")
        while queue._state.wakes:
            time.sleep(0.001)
        assert queue.messages[0].dequeue_count == 0


def test_a_connection_is_kept_for_the_next_request(ecs):
    """This is so after responses with a body and without one."""
    ecs.queue("q")
    headers = dict(line.split(": ") for line in SIGNED.split("\r\n") if line)
    with closing(http.client.HTTPConnection(ecs.endpoint)) as connection:
        used = set()
        for method, path in (("PUT", "/queues/q"), ("GET", "/queues/q"), ("HEAD", REGIONS), ("GET", REGIONS)):
            connection.request(method, path, headers=headers)
            connection.getresponse().read()
            used.add(connection.sock)
        assert len(used) == 1
        assert None not in used


def test_requests_may_be_sent_before_the_answers_are_read(connect):
    """Each gets a response, in order."""
    connection = connect()
    connection.sendall(GET * 3)
    answers = b""
    while answers.count(b"</DescribeRegionsResponse>") < 3:
        answers += connection.recv(65536)
    assert statuses(answers) == [200, 200, 200]


def test_an_old_clients_connection_is_closed(connect):
    """It is closed although an HTTP/1.0 client requests to keep it."""
    connection = connect()
    connection.sendall(GET.replace(b"HTTP/1.1\r\n", b"HTTP/1.0\r\nConnection: keep-alive\r\n"))
    assert statuses(received(connection)) == [200]


def test_a_request_of_http_0_9_gets_a_head_too(connect):
    """With a head, the client can read the status."""
    connection = connect()
    connection.sendall(b"GET / HTTP/0.9\r\n\r\n")
    assert statuses(received(connection)) == [400]


def test_a_body_may_come_in_chunks(ecs, connect):
    """Clients that do not know the length send it like that."""
    form = b"Action=RebootInstance&Version=2014-05-26&InstanceId=i-web1&AccessKeyId=ak"
    head = "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n"
    connection = connect()
    connection.sendall(head.encode() + b"%x\r\n%s\r\n0\r\n\r\n" % (len(form), form) + GET)
    connection.shutdown(socket.SHUT_WR)
    assert statuses(received(connection)) == [200, 200]
    ecs.assert_called("RebootInstance", InstanceId="i-web1")


BROKEN = {
    "a chunk without a length": (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    "chunks without an end": (b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", 400),
    "chunks that are too large": (b"Transfer-Encoding: chunked\r\n\r\n300000\r\n" + b"a" * 0x300000, 413),
    "half a body": (b"Content-Length: 5\r\n\r\nhel", 400),
    "a length of thousands of digits": (b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", 413),
    "two lengths": (b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_body_that_is_broken_is_refused(connect, name):
    """The client can read the response, whatever else it has sent."""
    data, status = BROKEN[name]
    connection = connect()
    connection.sendall(b"POST / HTTP/1.1\r\n" + data)
    connection.shutdown(socket.SHUT_WR)
    assert statuses(received(connection)) == [status]


def test_a_client_may_ask_whether_to_send_its_body(ecs, connect):
    """The response to `Expect: 100-continue` comes before the body."""
    form = b"Action=DescribeRegions&Version=2014-05-26&AccessKeyId=ak"
    head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    connection = connect()
    connection.sendall(f"{head}Content-Length: {len(form)}\r\n\r\n".encode())
    assert statuses(connection.recv(65536)) == [100]
    connection.sendall(form)
    connection.shutdown(socket.SHUT_WR)
    assert statuses(received(connection)) == [200]


def test_a_malformed_request_that_does_not_end_is_cut_off(connect, monkeypatch):
    """Its client could send endlessly."""
    monkeypatch.setattr(_server, "DRAIN_WITHIN", 0.02)
    connection = connect()
    connection.sendall(b"POST / HTTP/1.1\r\nTransfer-Encoding: br\r\n\r\n")
    with pytest.raises(ConnectionError):
        while True:
            connection.sendall(b"a")
            time.sleep(0)


def test_a_client_that_goes_while_it_sends_is_forgotten(connect, ecs, ecs_call):
    """It sends half a body, and a reset; the next request is answered."""
    connection = connect()
    connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhel")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _server._RESET)
    while not ecs._parts.serving._running.handlers or ecs._parts.serving._running.idle:
        time.sleep(0)
    connection.close()
    while ecs._parts.serving._running.handlers:
        time.sleep(0)
    assert ecs_call(ecs.endpoint, "DescribeRegions")[0] == 200


def test_a_connection_that_is_just_being_closed_may_have_a_request(ecs):
    """So time stands still until that is known."""
    assert ecs.endpoint
    server, closed = ecs._parts.serving._running, socket.socket()
    closed.close()
    assert not server.has_request()
    server.idle[closed] = None
    assert server.has_request()
    del server.idle[closed]


def test_a_client_that_resets_its_connection_is_forgotten(ecs, connect, ecs_call):
    """It can do so while it waits for the response; the next request is answered."""
    queue, connection = ecs.queue("q"), connect()
    connection.sendall(POLL)
    while not queue._state.wakes:
        time.sleep(0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _server._RESET)
    connection.close()
    while queue._state.wakes:
        time.sleep(0)
    assert ecs_call(ecs.endpoint, "DescribeRegions")[0] == 200


def test_an_answer_to_a_client_that_has_gone_is_dropped(ecs, connect, capfd):
    """Nothing is printed, and the connection is closed."""
    connection, handlers = connect(), ecs._parts.serving._running.handlers

    def leave(_call):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _server._RESET)
        connection.close()
        return {}

    ecs.stub("Ecs", "DescribeZones", leave)
    connection.sendall(GET.replace(b"Regions", b"Zones"))
    while not ecs.calls or handlers:
        time.sleep(0)
    assert capfd.readouterr() == ("", "")


def test_the_end_of_a_test_waits_for_no_idle_client():
    """Idle connections are closed; their clients get the end of file."""
    with EcsEvents() as ecs:
        host, port = ecs.endpoint.split(":")
        idle = [socket.create_connection((host, int(port))) for _ in range(20)]
        while len(ecs._parts.serving._running.handlers) < len(idle):
            time.sleep(0)
    assert [connection.recv(1) for connection in idle] == [b""] * 20
    assert not [thread for thread in threading.enumerate() if thread.name == "server"]
    for connection in idle:
        connection.close()


def test_werkzeug_is_loaded_only_when_the_server_is_used():
    """It is imported neither when pytest starts nor in a test that only uses the SDK."""
    code = (
        "import sys; from pytest_ecsevents import EcsEvents\n"
        "with EcsEvents() as ecs: print('werkzeug' in sys.modules); ecs.endpoint; print('werkzeug' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ended.stdout.split() == ["False", "True"]
