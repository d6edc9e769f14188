"""A program inside an instance; after each test nothing is left of it."""

import http.client
import socket
import urllib.request
from typing import NamedTuple

import pytest
import urllib3


class Reply(NamedTuple):
    """What a client receives.

    Attributes:
        status: The HTTP status.
        text: The body.
        headers: The headers, by name in lower case.
    """

    status: int
    text: str
    headers: "dict[str, str]"


@pytest.fixture
def ask():
    """Call the metadata service: `ask("/latest/meta-data/instance-id", X_header="value")`."""

    def ask(path, method="GET", **headers):
        connection = http.client.HTTPConnection("100.100.100.200", timeout=5)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        return Reply(
            reply.status, reply.read().decode(), {name.lower(): value for name, value in reply.headers.items()}
        )

    return ask


@pytest.fixture
def token(ask):
    """Request a token: `token("60")`."""

    def token(seconds="21600"):
        return ask("/latest/api/token", "PUT", X_aliyun_ecs_metadata_token_ttl_seconds=seconds).text

    return token


@pytest.fixture
def web1(ecs_events):
    """A running instance."""
    return ecs_events.instances.add("i-web1")


@pytest.fixture(autouse=True)
def nothing_stays_patched():
    """Checked below, after the last fixture: `ecs_events` is set up first, so it ends last."""


_REAL = (socket.create_connection, urllib.request.proxy_bypass, urllib3.util.connection.create_connection)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """After each test, all functions that connect are as before."""
    result = yield
    now = (socket.create_connection, urllib.request.proxy_bypass, urllib3.util.connection.create_connection)
    assert now == _REAL
    assert not {"connect", "connect_ex"} & set(vars(socket.socket))
    return result
