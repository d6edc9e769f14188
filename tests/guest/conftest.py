"""Programs that run inside an instance, one with each client library."""

import asyncio
import http.client
import socket
import urllib.error
import urllib.request
from typing import NamedTuple

import pytest
import requests
import urllib3

HOST = "100.100.100.200"
URL = f"http://{HOST}"


class Reply(NamedTuple):
    """What a client is told.

    Attributes:
        status: The HTTP status.
        text: The body.
        headers: The headers, by name in lower case.
    """

    status: int
    text: str
    headers: "dict[str, str]"


def _reply(status, body, headers):
    return Reply(status, body.decode(), {name.lower(): value for name, value in dict(headers).items()})


def by_requests(method, path, headers):
    """With requests."""
    reply = requests.request(method, URL + path, headers=headers, timeout=5)
    return _reply(reply.status_code, reply.content, reply.headers)


def by_urllib3(method, path, headers):
    """With urllib3."""
    with urllib3.PoolManager(retries=False, timeout=5) as pool:
        reply = pool.request(method, URL + path, headers=headers)
        return _reply(reply.status, reply.data, reply.headers)


def by_urllib(method, path, headers):
    """With urllib.request."""
    asked = urllib.request.Request(URL + path, method=method, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=5) as reply:
            return _reply(reply.status, reply.read(), reply.headers)
    except urllib.error.HTTPError as error:
        with error:
            return _reply(error.code, error.read(), error.headers)


def by_http_client(method, path, headers):
    """With http.client."""
    connection = http.client.HTTPConnection(HOST, timeout=5)
    connection.request(method, path, headers=headers)
    reply = connection.getresponse()
    return _reply(reply.status, reply.read(), reply.headers)


def by_the_sdks_requests(method, path, headers):
    """With the legacy SDK's copy of requests."""
    from aliyunsdkcore.vendored import requests as vendored

    reply = vendored.request(method, URL + path, headers=headers, timeout=5)
    return _reply(reply.status_code, reply.content, reply.headers)


def by_socket(method, path, headers):
    """With a bare socket."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}", *(f"{name}: {value}" for name, value in headers.items())]
    with socket_to(HOST) as connection:
        connection.send("\r\n".join([*lines, "", ""]).encode())
        received = b"".join(iter(lambda: connection.recv(64), b""))
        connection.shutdown(socket.SHUT_RDWR)
    head, _, body = received.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    return _reply(int(line.split()[1]), body, dict(field.split(": ", 1) for field in fields))


class socket_to:  # noqa: N801  # like contextlib.closing
    """A connected socket that is closed in the end."""

    def __init__(self, host):
        self._socket = socket.create_connection((host, 80), timeout=5)

    def __enter__(self):
        return self._socket

    def __exit__(self, *error):
        self._socket.close()


def by_aiohttp(method, path, headers):
    """With aiohttp."""
    aiohttp = pytest.importorskip("aiohttp")

    async def ask():
        async with aiohttp.ClientSession() as session, session.request(method, URL + path, headers=headers) as reply:
            return _reply(reply.status, await reply.read(), reply.headers)

    return asyncio.run(ask())


CLIENTS = {
    "requests": by_requests,
    "urllib3": by_urllib3,
    "urllib.request": by_urllib,
    "http.client": by_http_client,
    "a bare socket": by_socket,
    "aliyunsdkcore": by_the_sdks_requests,
    "aiohttp": by_aiohttp,
}


@pytest.fixture
def ask():
    """Ask the metadata service: `ask("/latest/meta-data/instance-id")`, with http.client unless told otherwise."""

    def ask(path, method="GET", *, by="http.client", **headers):
        return CLIENTS[by](method, path, {name.replace("_", "-"): value for name, value in headers.items()})

    return ask


@pytest.fixture
def token(ask):
    """Ask for a token: `token("60")`."""

    def token(seconds="21600"):
        return ask("/latest/api/token", "PUT", X_aliyun_ecs_metadata_token_ttl_seconds=seconds).text

    return token


@pytest.fixture
def web1(ecs_events):
    """A running instance."""
    return ecs_events.instances.add("i-web1")


@pytest.fixture(autouse=True)
def nothing_stays_patched():
    """Checked below, after the last fixture: `ecs_events` is set up first and so ends last."""


_REAL = (socket.create_connection, urllib.request.proxy_bypass, urllib3.util.connection.create_connection)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """After each test, whatever connects is what it was before."""
    result = yield
    now = (socket.create_connection, urllib.request.proxy_bypass, urllib3.util.connection.create_connection)
    assert now == _REAL
    assert not {"connect", "connect_ex"} & set(vars(socket.socket))
    return result
