"""What the server refuses and limits; nothing of it stays after the test."""

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import closing, suppress
from xml.etree import ElementTree as ET

import pytest

from pytest_ecsevents import EcsEvents, EndlessCallError
from pytest_ecsevents.clock import _server_waits, _stand_ins, _timed_streams
from pytest_ecsevents.clock._threads import real_now
from pytest_ecsevents.server import _server
from pytest_ecsevents.services.cms.api._monitor_actions import _AND, _OR
from pytest_ecsevents.services.smq import _protocol
from pytest_ecsevents.transports import _webhooks

REGIONS = "/?Action=DescribeRegions&Version=2014-05-26&AccessKeyId=ak&Format=JSON"
SIGNED = {
    "Authorization": "MNS id:signature",
    "Date": "Tue, 01 Jan 2030 00:00:00 GMT",
    "x-mns-version": "2015-06-06",
}


def connected(endpoint):
    """A connection of a program that does not speak HTTP."""
    host, port = endpoint.split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def received(connection):
    """Return all data until the server closes."""
    with suppress(ConnectionResetError):
        return b"".join(iter(lambda: connection.recv(65536), b""))
    return b""


# -- web pages


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST:80",
        "localhost.",
        "[::1]:8080",
        "ecs.cn-hangzhou.aliyuncs.com",
        "100.100.100.200",
    ],
)
def test_this_machine_and_alibaba_cloud_are_hosts_that_it_answers_for(ecs, request_at, host):
    """They are so with every port."""
    path = "/latest/meta-data/instance-id" if host.startswith("100") else REGIONS
    assert request_at(ecs.endpoint, "GET", path, Host=host)[0] == 200


@pytest.mark.parametrize(
    "host",
    [
        *("rebound.example", "127.0.0.1.rebound.example", "localhost.rebound.example", "aliyuncs.com.rebound.example"),
        *("localhost@rebound.example", "rebound.example@localhost", "notaliyuncs.com", "192.168.0.1", "", "a." * 200),
    ],
)
def test_a_name_that_leads_here_by_rebinding_is_refused(ecs, request_at, host):
    """The DNS name of a page could point to this machine; no action runs."""
    status, _, body = request_at(ecs.endpoint, "GET", REGIONS, Host=host)
    assert (status, ET.fromstring(body).findtext("Code")) == (403, "Forbidden")  # noqa: S314  # our own answer
    assert "is neither this machine nor a host of Alibaba Cloud's" in body.decode()
    assert ecs.calls == []


def test_a_whole_address_in_the_first_line_is_a_host_too(ecs, raw):
    """Clients send a whole address to a proxy."""
    request = f"GET http://rebound.example{REGIONS} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert raw(ecs.endpoint, request.encode())[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://rebound.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.rebound.example:80"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_a_page_of_another_origin_is_refused(ecs, headers):
    """Browsers send these headers."""
    with closing(http.client.HTTPConnection(ecs.endpoint)) as connection:
        connection.request("GET", REGIONS, headers=headers)
        assert connection.getresponse().status == 403
    assert ecs.calls == []


def test_a_page_of_this_machine_is_answered(ecs, request_at):
    """A tool under development is an example."""
    headers = {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}
    assert request_at(ecs.endpoint, "GET", REGIONS, **headers)[0] == 200
    assert request_at(ecs.endpoint, "GET", REGIONS, **{"Sec-Fetch-Site": "none"})[0] == 200


def test_the_queue_refuses_them_too(ecs, request_at):
    """The response has the queue's format."""
    ecs.queue("q")
    status, _, body = request_at(ecs.endpoint, "GET", "/queues/q", Host="rebound.example", **SIGNED)
    assert (status, ET.fromstring(body).tag.rpartition("}")[2]) == (403, "Error")  # noqa: S314  # our own answer


# -- limits


@pytest.mark.parametrize(
    "headers",
    ["".join(f"x-{number}: {'a' * 10_000}\r\n" for number in range(7)), "".join(f"x-{n}: a\r\n" for n in range(101))],
    ids=["long in all", "many"],
)
def test_headers_are_bounded_in_number_and_size(ecs, raw, headers):
    """Each of them is short enough by itself."""
    assert raw(ecs.endpoint, f"GET {REGIONS} HTTP/1.1\r\n{headers}\r\n".encode())[0] == 431


def test_the_size_of_a_chunk_is_no_endless_line(ecs, raw):
    """The server reads no more than the maximum line length of HTTP."""
    request = f"POST {REGIONS} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{'0' * 200_000}"
    assert raw(ecs.endpoint, request.encode())[0] == 400


def test_connections_beyond_the_limit_are_closed_and_others_go_on(ecs, monkeypatch):
    """When one is closed, another is accepted."""
    monkeypatch.setattr(_server, "MOST_CONNECTIONS", 2)
    with connected(ecs.endpoint) as first, connected(ecs.endpoint), connected(ecs.endpoint) as third:
        assert received(third) == b""
        first.sendall(f"GET {REGIONS} HTTP/1.1\r\n\r\n".encode())
        assert first.recv(12) == b"HTTP/1.1 200"
    statuses = []
    while not statuses:  # until the server has noticed that they are closed
        with suppress(OSError), urllib.request.urlopen(f"http://{ecs.endpoint}{REGIONS}") as reply:
            statuses.append(reply.status)
    assert statuses == [200]


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_request_that_arrives_slowly_is_cut_off(ecs, monkeypatch, part):
    """Each byte comes in time, the whole request does not."""
    monkeypatch.setattr(_server, "TRANSFER_WITHIN", 0.3)
    head = f"POST {REGIONS} HTTP/1.1\r\n" + ("Content-Length: 1000\r\n\r\n" if part == "body" else "x: ")
    since = real_now()
    with connected(ecs.endpoint) as connection, suppress(ConnectionError):
        connection.sendall(head.encode())
        while True:
            connection.sendall(b"a")
            _stand_ins.real_sleep(0.02)
    assert 0.2 < real_now() - since < 10
    assert ecs.calls == []


def test_a_client_that_reads_no_response_is_left(ecs, monkeypatch):
    """It sends requests, and the responses fill all buffers."""
    monkeypatch.setattr(_server, "TRANSFER_WITHIN", 0.3)
    ecs.stub("Ecs", "DescribeZones", {"Filler": "a" * 20_000_000})
    with connected(ecs.endpoint) as connection:
        connection.sendall(f"GET {REGIONS.replace('Regions', 'Zones')} HTTP/1.1\r\n\r\n".encode())
        while ecs._parts.serving._running.handlers or not ecs.calls:
            _stand_ins.real_sleep(0.01)


def test_an_idle_connection_and_a_long_poll_are_not_cut(ecs, monkeypatch):
    """A transfer is not interrupted either."""
    monkeypatch.setattr(_server, "TRANSFER_WITHIN", 0.2)
    queue = ecs.queue("q")
    with closing(http.client.HTTPConnection(ecs.endpoint)) as connection:
        for _ in range(2):
            connection.request("GET", REGIONS)
            assert connection.getresponse().read()
            _stand_ins.real_sleep(0.4)

    def send_late():
        _stand_ins.real_sleep(0.5)
        queue.send("hello")

    with EcsEvents(sleep="real") as real:
        queue = real.queue("q")
        sender = threading.Thread(target=send_late)
        sender.start()
        with closing(http.client.HTTPConnection(real.endpoint)) as connection:
            connection.request("GET", "/queues/q/messages?waitseconds=20", headers=SIGNED)
            assert connection.getresponse().status == 200
        sender.join()


# -- input that could take quadratic time


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (_protocol._AUTHORIZATION.fullmatch, "MNS " + ":" * 60_000 + " "),
        (_OR.split, " " * 60_000),
        (_AND.split, " " * 60_000),
    ],
    ids=["authorization", "or", "and"],
)
def test_what_comes_from_outside_is_matched_in_linear_time(pattern, text):
    """A header can have 64 KiB, a parameter more."""
    since = time.perf_counter()
    pattern(f"x{text}x" if text.isspace() else text)
    assert time.perf_counter() - since < 1


def test_words_of_a_search_are_still_separated():
    """Any whitespace separates them."""
    assert _OR.split("a  or\tb") == ["a", "b"]
    assert _AND.split("a and  b") == ["a", "b"]
    assert re.fullmatch(_protocol._AUTHORIZATION, "MNS id:c2ln/bmF0dXJl+Q==")


# -- document types


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "ascii"])
@pytest.mark.parametrize("doctype", ["<!DOCTYPE Message>", '<!DOCTYPE Message [<!ENTITY a "b">]>'])
def test_a_document_type_is_refused_in_every_encoding(ecs, request_at, encoding, doctype):
    """It is refused even if it is harmless; the same document without it is a message."""
    ecs.queue("q")
    named = encoding.removesuffix("-sig")
    head = f'<?xml version="1.0" encoding="{named}"?>'
    message = "<Message><MessageBody>hello</MessageBody></Message>"
    for document, status in ((f"{head}{doctype}{message}", 400), (f"{head}{message}", 201)):
        text = document.encode(encoding)
        if encoding in ("utf-16-le", "utf-16-be"):
            text = document.replace(named, "utf-16").encode(encoding)
            text = ("\ufeff".encode(encoding)) + text
        assert request_at(ecs.endpoint, "POST", "/queues/q/messages", text, **SIGNED)[0] == status


# -- pushes


@pytest.fixture
def trickling():
    """An endpoint that sends one byte of its response at intervals: (the bytes, its URL)."""
    threads, listener = [], socket.create_server(("127.0.0.1", 0))
    listener.settimeout(5)

    def serve(first):
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(first)
            for _ in range(500):
                connection.sendall(b"a")
                _stand_ins.real_sleep(0.02)

    def start(first):
        threads.append(threading.Thread(target=serve, args=(first,), daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/told"

    yield start
    listener.close()
    for thread in threads:
        thread.join()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"


@pytest.mark.parametrize("first", [b"", b"HTTP/1.1 200 OK\r\nx: ", HEAD], ids=["nothing", "head", "body"])
def test_a_webhook_that_sends_its_answer_slowly_is_given_up(trickling, monkeypatch, first):
    """It is given up after five real seconds in all, not after each byte."""
    monkeypatch.setattr(_webhooks, "GIVES_UP_AFTER", 0.3)
    with EcsEvents(strict={"calls"}) as ecs:
        ecs.instances.add("i-web1")
        ecs.subscribe(trickling(first))
        since = real_now()
        ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
        assert real_now() - since < 5
        assert "failed" in ecs.timeline()


def test_a_topics_endpoint_that_sends_its_answer_slowly_is_given_up(trickling, monkeypatch):
    """Its head is read at most, but no body."""
    from pytest_ecsevents.services.smq import _push

    monkeypatch.setattr(_push, "ANSWER_WITHIN", 0.3)
    with EcsEvents(strict=False) as ecs:
        topic = ecs.topic("t")
        topic.subscribe(trickling(b"HTTP/1.1 200 OK\r\nx: "), "s")
        since = real_now()
        topic.publish("hello")
        assert real_now() - since < 5
        assert "failed" in ecs.timeline()


# -- responses that never come


@pytest.mark.parametrize("fault", ["read timeout", "connect timeout"])
def test_a_thread_of_the_test_without_a_timeout_is_let_go(fault):
    """It ends at once, and the test's error says what to do."""
    with pytest.raises(EndlessCallError, match="has no timeout, or one of more than"), EcsEvents() as ecs:
        ecs.fail("DescribeRegions", fault)
        with pytest.raises(http.client.RemoteDisconnected):
            urllib.request.urlopen(f"http://{ecs.endpoint}{REGIONS}")


@pytest.mark.parametrize("sleep", ["virtual", "real"])
def test_another_process_without_a_timeout_is_let_go(monkeypatch, sleep):
    """It ends after some real time, because its timeout is unknown."""
    monkeypatch.setattr(_server, "HELD_FOR", 0.3)
    with pytest.raises(EndlessCallError), EcsEvents(sleep=sleep) as ecs:
        ecs.fail("DescribeRegions", "read timeout")
        program = f"import urllib.request; urllib.request.urlopen('http://{ecs.endpoint}{REGIONS}')"
        ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)
        assert "RemoteDisconnected" in ended.stderr


# -- interrupts


def left_of(address, reading):
    """Return what a server left behind."""
    left = [thread for thread in threading.enumerate() if thread.name == "server"]
    if socket.SocketIO.readinto is not reading:
        left.append("readinto")
    with suppress(ConnectionRefusedError):
        socket.create_connection(address).close()
        left.append(address)
    return left


def interrupted(real, error, *, is_after=False):
    """Behave like `real`, but the first call raises, after it has run or instead."""
    errors = [error]

    def call(*args, **kwargs):
        if errors and not is_after:
            raise errors.pop()
        result = real(*args, **kwargs)
        if errors:
            raise errors.pop()
        return result

    return call


@pytest.mark.parametrize("is_after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (_server.ThreadedWSGIServer, "__init__"),
        (_server.LoopbackServer, "server_bind"),
        (_server.LoopbackServer, "server_activate"),
        (_server_waits.LoopbackClients, "attend"),
        (_server.Thread, "start"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
@pytest.mark.parametrize("error", [KeyboardInterrupt, pytest.fail.Exception])
def test_an_interrupt_while_it_starts_leaves_nothing(monkeypatch, owner, name, is_after, error):
    """No port, no thread and no patch is left; the next test has a server."""
    bound, bind = [], _server.LoopbackServer.server_bind

    def note(server):
        bind(server)
        bound.append(server.socket.getsockname())

    monkeypatch.setattr(_server.LoopbackServer, "server_bind", note)
    reading = socket.SocketIO.readinto
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupted(getattr(owner, name), error(), is_after=is_after))
        with pytest.raises(error), EcsEvents() as ecs:
            ecs.endpoint  # noqa: B018  # asking starts it
    for address in bound:
        assert left_of(address, reading) == []
    with EcsEvents() as ecs, urllib.request.urlopen(f"http://{ecs.endpoint}{REGIONS}") as reply:
        assert json.load(reply)["RequestId"]


@pytest.mark.parametrize(
    ("owner", "name"),
    [(_server.Thread, "join"), (_server.socket, "create_connection"), (_server_waits.LoopbackClients, "dismiss")],
    ids=["join", "connect", "dismiss"],
)
@pytest.mark.parametrize("error", [KeyboardInterrupt, pytest.fail.Exception])
def test_an_interrupt_while_it_stops_leaves_nothing(monkeypatch, owner, name, error):
    """The rest is closed first, then the interrupt is raised."""
    reading = socket.SocketIO.readinto
    with monkeypatch.context() as patch, pytest.raises(error), EcsEvents() as ecs:
        host, port = ecs.endpoint.split(":")
        idle = connected(ecs.endpoint)
        urllib.request.urlopen(f"http://{ecs.endpoint}{REGIONS}").close()
        patch.setattr(owner, name, interrupted(getattr(owner, name), error()))
        if name == "dismiss":
            monkeypatch.setattr(_server.Thread, "is_alive", lambda _: True)
            monkeypatch.setattr(_server, "END_WITHIN", 0.05)
    idle.close()
    monkeypatch.undo()
    assert left_of((host, int(port)), reading) == []


# -- its streams


def test_a_stream_whose_time_is_up_reads_nothing():
    """This is so however much data there is."""
    one, other = socket.socketpair()
    with one, other:
        other.sendall(b"a\n")
        limit = _timed_streams.Limit(-1)
        with _timed_streams.timed_reader(one, limit) as reader:
            with pytest.raises(TimeoutError):
                reader.readline()
            limit.lift(one)
            assert reader.readline() == b"a\n"
