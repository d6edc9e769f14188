"""Programs inside an instance, with each client library: responses, and network faults as in reality."""

import asyncio
import contextlib
import errno
import http.client
import importlib
import json
import re
import socket
import socketserver
import sys
import threading
import urllib.error
import urllib.request

import pytest
import requests
import responses
import urllib3
from aliyunsdkcore.vendored import requests as vendored
from client_errors import kinds, patience, raised_by, words
from hypothesis import given, settings
from hypothesis import strategies as st
from installed import HAS_AIOHTTP, HAS_HTTPX, HAS_HTTPX2, needs_aiohttp, needs_httpx, needs_httpx2
from sizes import size

from pytest_ecsevents import EcsEvents, EndlessCallError, UnexpectedCallError
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS

HOST = "100.100.100.200"
PATH = "/latest/meta-data/instance-id"
URL = f"http://{HOST}{PATH}"
NO_REPLY = [name for name, fault in NETWORK_FAULTS.items() if fault.no_reply is not None]

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a full queue refuses elsewhere")


@contextlib.contextmanager
def inside():
    """A cloud with one instance."""
    with EcsEvents() as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


@pytest.fixture
def ecs():
    """The same cloud, for the whole test."""
    with inside() as ecs_events:
        yield ecs_events


# -- clients, each with its timeouts in seconds for the connection and for the response


def by_requests(url, limits=(10, 10), **request):
    """Use requests."""
    with requests.Session() as session:
        return session.request(request.pop("method", "GET"), url, timeout=limits, **request).content


def by_the_sdks_requests(url, limits=(10, 10), **request):
    """Use the legacy SDK's copy of requests."""
    with vendored.Session() as session:
        return session.request(request.pop("method", "GET"), url, timeout=limits, **request).content


def by_urllib3(url, limits=(10, 10), **request):
    """Use urllib3."""
    connect, read = limits
    timeout = urllib3.Timeout(connect=connect, read=read)
    with urllib3.PoolManager() as pool:
        method = request.pop("method", "GET")
        return pool.request(method, url, timeout=timeout, retries=False, **request).data


def by_urllib(url, limits=(10, 10), **request):
    """Use urllib.request, which has one limit for both."""
    try:
        with urllib.request.build_opener().open(urllib.request.Request(url, **request), timeout=min(limits)) as reply:
            return reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.read()


def by_http_client(url, limits=(10, 10), *, method="GET", headers=(), data=None):
    """Use http.client, which has one limit for both."""
    parts = urllib.request.urlparse(url)
    with contextlib.closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=min(limits))) as connection:
        connection.request(method, parts.path, body=data, headers=dict(headers))
        with connection.getresponse() as reply:
            return reply.read()


def by_aiohttp(url, limits=(10, 10), **request):
    """Use aiohttp."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(sock_connect=limits[0], sock_read=limits[1])

    async def ask():
        method = request.pop("method", "GET")
        async with aiohttp.ClientSession(timeout=timeout) as session, session.request(method, url, **request) as reply:
            return await reply.read()

    return asyncio.run(ask())


def by_httpx(url, limits=(10, 10), library="httpx", **request):
    """Use httpx."""
    httpx = importlib.import_module(library)
    with httpx.Client(timeout=httpx.Timeout(9, connect=limits[0], read=limits[1])) as client:
        return client.request(request.pop("method", "GET"), url, content=request.pop("data", None), **request).content


def by_httpx_async(url, limits=(10, 10), library="httpx", **request):
    """Use httpx, asynchronous."""
    httpx = importlib.import_module(library)

    async def ask():
        async with httpx.AsyncClient(timeout=httpx.Timeout(9, connect=limits[0], read=limits[1])) as client:
            content = request.pop("data", None)
            return (await client.request(request.pop("method", "GET"), url, content=content, **request)).content

    return asyncio.run(ask())


def by_httpx2(url, limits=(10, 10), **request):
    """Use httpx2."""
    return by_httpx(url, limits, "httpx2", **request)


def by_httpx2_async(url, limits=(10, 10), **request):
    """Use httpx2, asynchronous."""
    return by_httpx_async(url, limits, "httpx2", **request)


TRANSPORTS = {
    by_requests: "requests",
    by_the_sdks_requests: "aliyun-python-sdk-core",
    by_urllib3: "urllib3",
    by_urllib: "http.client",
    by_http_client: "http.client",
    by_aiohttp: "aiohttp",
    by_httpx: "httpx",
    by_httpx_async: "httpx",
    by_httpx2: "httpx2",
    by_httpx2_async: "httpx2",
}
MARKS = {
    by_aiohttp: needs_aiohttp,
    by_httpx: needs_httpx,
    by_httpx_async: needs_httpx,
    by_httpx2: needs_httpx2,
    by_httpx2_async: needs_httpx2,
}
each_client = pytest.mark.parametrize("client", [pytest.param(one, marks=MARKS.get(one, ())) for one in TRANSPORTS])


# -- responses


def here():
    """Return the installed libraries."""
    has = {
        by_aiohttp: HAS_AIOHTTP,
        by_httpx: HAS_HTTPX,
        by_httpx_async: HAS_HTTPX,
        by_httpx2: HAS_HTTPX2,
        by_httpx2_async: HAS_HTTPX2,
    }
    return [client for client in TRANSPORTS if has.get(client, True)]


@each_client
def test_a_client_is_answered(ecs, client):
    """Each library reads the service's response, and the log has the library's name."""
    assert client(URL) == b"i-web1"
    (call,) = ecs.metadata.calls
    assert (call.instance_id, call.method, call.path) == ("i-web1", "GET", PATH)
    assert (call.http_status, call.text, call.transport) == (200, "i-web1", TRANSPORTS[client])
    assert (call.at, call.took.total_seconds(), call.thread) == (ecs.now, 0, "MainThread")


@each_client
def test_a_client_sends_its_headers(ecs, client):
    """A PUT returns a token, and a header sends it; the address has a port, and the path a query."""
    ttl = {"X-aliyun-ecs-metadata-token-ttl-seconds": "60"}
    token = client(f"http://{HOST}:80/latest/api/token", method="PUT", headers=ttl).decode()

    sent = client(f"{URL}?now#here", headers={"X-aliyun-ecs-metadata-token": token})
    assert sent == b"i-web1"
    assert [call.path for call in ecs.metadata.calls] == ["/latest/api/token", PATH]


@each_client
def test_a_client_may_send_a_body(ecs, client):
    """A body is read and ignored."""
    ttl = {"X-aliyun-ecs-metadata-token-ttl-seconds": "60"}
    sent = {"body" if client is by_urllib3 else "data": b"please"}

    assert len(client(f"http://{HOST}/latest/api/token", method="PUT", headers=ttl, **sent)) == 56
    (call,) = ecs.metadata.calls
    assert call.http_status == 200


@each_client
def test_a_refusal_is_a_reply(ecs, client):
    """A 404 has the service's page."""
    assert b"<title>404 - Not Found</title>" in client(f"http://{HOST}/latest/user-data")


def test_one_session_sends_several_requests(ecs):
    """The service closes a connection after each reply, and libraries open another."""
    with requests.Session() as session, urllib3.PoolManager() as pool:
        connection = http.client.HTTPConnection(HOST)
        for _ in range(3):
            assert session.get(URL, timeout=5).headers["Connection"] == "close"
            assert pool.request("GET", URL).headers["Connection"] == "close"
            connection.request("GET", PATH)
            assert connection.getresponse().headers["Connection"] == "close"
    assert len(ecs.metadata.calls) == 9


def test_a_connection_may_be_made_beforehand(ecs):
    """A program that connects before its request gets a working socket."""
    connection = http.client.HTTPConnection(HOST)
    connection.connect()
    assert connection.sock.fileno() == -1
    connection.putrequest("GET", PATH)
    connection.endheaders()
    assert connection.getresponse().read() == b"i-web1"


def test_what_is_read_in_pieces(ecs):
    """A bare socket is answered once its request is complete, and reads the response piece by piece to its end."""
    with socket.create_connection((HOST, 80)) as connection:
        assert connection.recv(10) == b""
    with socket.create_connection((HOST, 80)) as connection:
        for piece in (b"PUT /latest/api/token HTTP/1.1\r\nContent-", b"Length: 4\r\n", b"\r\n", b"ab"):
            connection.sendall(piece)
            assert ecs.metadata.calls == []
        assert connection.getpeername() == (HOST, 80)
        assert connection.send(b"cd") == 2
        assert ecs.metadata.calls[0].http_status == 400
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        buffer = bytearray(8)
        assert connection.recv_into(buffer) == 8
        assert connection.recv_into(buffer, 4) == 4
        assert bytes(buffer) == b" 400/1.1"
        connection.shutdown(socket.SHUT_WR)
        rest = b"".join(iter(lambda: connection.recv(1000), b""))
    assert rest.startswith(
        b" Bad Request\r\nContent-Length: 385\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<?xml"
    )
    assert len(ecs.metadata.calls) == 1


@settings(max_examples=size(30, 1000), deadline=None, derandomize=True)
@given(st.one_of(st.binary(max_size=60), st.text("GETPU /\r\n:latest%0xContent-Length9", max_size=80).map(str.encode)))
def test_any_bytes_are_answered(sent):
    """For any bytes, a reader gets a response of the service, or the end."""
    with inside() as ecs_events, socket.create_connection((HOST, 80)) as connection:
        connection.sendall(sent + b"\r\n\r\n")
        reply = connection.recv(100_000)
        assert re.match(rb"HTTP/1\.1 (200|400|404|405) ", reply) or ecs_events.metadata.calls == []
        assert ecs_events.timeline()


def test_the_timeout_of_a_bare_socket(ecs):
    """A socket has its own timeout; without one it waits as sockets do by default."""
    before = socket.getdefaulttimeout()
    try:
        socket.setdefaulttimeout(7)
        connection = socket.create_connection((HOST, 80))
    finally:
        socket.setdefaulttimeout(before)
    assert connection.gettimeout() == 7
    connection.settimeout(None)
    assert connection.gettimeout() is None


# -- other hosts


def test_other_addresses_are_reached(ecs):
    """Each library reaches a server on loopback as usual."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            while self.rfile.readline().strip():
                pass
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nreal")

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            assert {client(f"http://127.0.0.1:{server.server_address[1]}/") for client in here()} == {b"real"}
        finally:
            server.shutdown()
            thread.join()
    assert ecs.metadata.calls == []


def test_mocks_of_the_user_stay_as_they_are(ecs):
    """A program that also calls a host that the test mocks can use the metadata service."""
    with responses.RequestsMock() as mock:
        mock.get("http://example.com/", body="mocked")
        assert requests.get("http://example.com/", timeout=5).text == "mocked"
        assert requests.get(URL, timeout=5).text == "i-web1"
        with pytest.raises(requests.ConnectionError):
            requests.get("http://example.org/", timeout=5)


@each_client
def test_no_proxy_is_used(ecs, monkeypatch, client):
    """Requests to the metadata service use no proxy, whatever the environment says."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)

    assert client(URL) == b"i-web1"


def test_other_hosts_keep_their_proxy(ecs, monkeypatch):
    """Requests to other hosts still use their proxy."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.build_opener().open("http://example.com/", timeout=5)


# -- other connections never reach the network

UNCAUGHT = (
    "An unknown HTTP client connected to the metadata service, 100.100.100.200. Use requests, httpx, httpx2, aiohttp, "
    "urllib3, urllib.request or http.client, or a library built on them. To let it meet a timeout instead: "
    'ecs_events.strict -= {"calls"} in the test, or leave "calls" out of ecs_events_strict in the ini '
    'file; see the manual, "Strictness" (docs/reference/strictness.md).'
)


def connects_bare():
    """Connect by a socket."""
    with contextlib.closing(socket.socket()) as connection:
        connection.connect((HOST, 80))


def connects_by_number():
    """Connect by a socket that returns an error number."""
    with contextlib.closing(socket.socket()) as connection:
        raise OSError(connection.connect_ex((HOST, 80)), "by number")


def connects_by_asyncio():
    """Connect by an event loop."""
    asyncio.run(asyncio.open_connection(HOST, 80))


@pytest.mark.parametrize("connects", [connects_bare, connects_by_number, connects_by_asyncio])
def test_a_connection_by_another_way(connects):
    """The message is raised, and again when the test ends, because programs catch every error."""
    with pytest.raises(UnexpectedCallError) as later, inside():
        with pytest.raises(UnexpectedCallError) as error:
            connects()
        assert str(error.value) == UNCAUGHT
    assert str(later.value) == UNCAUGHT


@pytest.mark.parametrize("connects", [connects_bare, connects_by_number, connects_by_asyncio])
def test_a_connection_by_another_way_where_that_is_relaxed(ecs, connects):
    """It times out, as outside an instance."""
    ecs.strict -= {"calls"}
    with pytest.raises(TimeoutError) as error:
        connects()
    assert error.value.errno == errno.ETIMEDOUT


@pytest.mark.parametrize("url", [f"https://{HOST}/latest/", f"http://{HOST}:8080/latest/"])
@each_client
def test_other_ports_refuse_connections(ecs, client, url):
    """Another port of the address refuses, without a request to the network."""
    if url.startswith("https") and client is by_http_client:
        pytest.skip("it takes no address")
    with pytest.raises(Exception, match=r"(?i)refused|cannot connect|attempts failed"):
        client(url)
    assert ecs.metadata.calls == []


def test_datagrams_are_left_alone(ecs):
    """Connecting a datagram socket sends nothing; programs learn their own address by that."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe, contextlib.suppress(OSError):
        probe.connect((HOST, 80))
        assert probe.getsockname()[1]


def test_a_class_that_another_tool_put_there(monkeypatch):
    """A tool that replaces the class of sockets while the test runs does not leave the real one changed."""

    class Guarded(socket.socket):
        pass

    real = socket.socket
    with inside():
        monkeypatch.setattr(socket, "socket", Guarded)
        assert "connect" in vars(real)
    assert "connect" not in vars(real)
    assert "connect" not in vars(Guarded)


def test_a_guard_that_another_tool_removed():
    """What another tool has patched in between stays, and the original comes back."""

    def theirs(sock, address):
        raise AssertionError

    try:
        with inside():
            socket.socket.connect = theirs
        assert socket.socket.connect is theirs
        with inside():
            assert socket.socket.connect is not theirs
        assert socket.socket.connect is theirs
    finally:
        del socket.socket.connect


# -- faults


@on_linux
@each_client
@pytest.mark.parametrize("name", NO_REPLY)
def test_a_client_raises_what_it_raises_for_real(misbehaving, client, name):
    """The error and the errors in it have the real types, and the real texts except addresses."""
    with misbehaving(name) as port:
        real = raised_by(client, f"http://127.0.0.1:{port}{PATH}", patience(name))
    with inside() as ecs:
        ecs.fail("metadata", name, times=2 if client is by_aiohttp else 1, optional=True)
        fault = raised_by(client, URL, patience(name))
    assert kinds(fault) == kinds(real)
    assert words(fault) == words(real)
    call = ecs.metadata.calls[-1]
    assert (call.http_status, call.failure, call.fault, call.text) == (None, name, True, None)


@on_linux
@each_client
def test_a_reply_that_is_cut_short(misbehaving, client):
    """A body that ends before its announced length fails as in reality."""
    with misbehaving("truncated body") as port:
        real = _outcome(client, f"http://127.0.0.1:{port}{PATH}")
    with inside() as ecs:
        ecs.fail("metadata", "truncated body")
        assert _outcome(client, URL) == real
    assert (ecs.metadata.calls[0].failure, ecs.metadata.calls[0].text) == ("truncated body", "i-w")


def _outcome(client, url):
    try:
        client(url)
    except Exception as error:  # noqa: BLE001  # what it is is compared
        return kinds(error)
    return "half a body"


@each_client
@pytest.mark.parametrize(
    ("name", "body"),
    [("bad gateway", b"502 Bad Gateway"), ("garbled body", b"i-w\xe5\xe2\xb1"), ("empty body", b"")],
)
def test_a_broken_reply_reaches_the_client_as_it_is(ecs, client, name, body):
    """This is the page of a proxy, or bytes that are no text."""
    ecs.fail("metadata", name)
    assert body in client(URL)
    assert client(URL) == b"i-web1"


@each_client
def test_a_time_out_takes_the_clients_own(ecs, client):
    """Connecting and reading have separate limits, which pass in virtual time."""
    ecs.fail("metadata", "connect timeout")
    ecs.fail("metadata", "read timeout")
    for _ in range(2):
        raised_by(client, URL, (3, 7))
    spent = [call.took.total_seconds() for call in ecs.metadata.calls]
    assert spent == ([3, 3] if client in (by_urllib, by_http_client) else [3, 7])


@each_client
def test_an_answer_takes_its_time(ecs, client):
    """A delayed response has the state of its own instant; one after the client's timeout is an error."""
    ecs.delay("metadata", "5s", times=1)
    ecs.delay("metadata", "30s", times=1)
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+4s")

    assert json.loads(client(f"http://{HOST}/latest/maintenance/active-system-events")) == []
    raised_by(client, URL)
    assert [call.took.total_seconds() for call in ecs.metadata.calls] == [5, 10]
    assert [call.failure for call in ecs.metadata.calls] == ["", "read timeout"]


@pytest.mark.parametrize("name", ["connect timeout", "read timeout"])
def test_a_client_that_would_hang(name):
    """For a client without a timeout the error says so, and the test fails even if the client swallows it."""
    with pytest.raises(EndlessCallError) as error, inside() as ecs:
        ecs.fail("metadata", name)
        with pytest.raises(EndlessCallError):
            urllib.request.urlopen(URL)
    assert str(error.value) == (
        f'i-web1 GET /latest/meta-data/instance-id met "{name}", and its client has no {name}, so it would hang. '
        'Give the client one (timeout=10 of requests), or declare another fault, such as "connection reset".'
    )
