"""Fixtures and helpers of the server's tests."""

import contextlib
import http.client
import json
import socket
from xml.etree import ElementTree as ET

import pytest
import werkzeug.serving  # noqa: F401  # loaded once for all: runs of pytest inside a test forget what they load

from pytest_ecsevents import EcsEvents


@pytest.fixture
def ecs():
    """A cloud with one instance."""
    with EcsEvents() as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


@pytest.fixture
def request_at():
    """Send one request; return (status, headers, body) of the response."""

    def request_at(endpoint, method="GET", path="/", body=None, **headers):
        with contextlib.closing(http.client.HTTPConnection(endpoint)) as connection:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()

    return request_at


@pytest.fixture
def ecs_call(request_at):
    """Call an action over HTTP as a client that signs by itself: return (status, decoded body)."""

    def ecs_call(endpoint, action, **params):
        query = "&".join(f"{name}={value}" for name, value in {"AccessKeyId": "ak", **params}.items())
        path = f"/?Action={action}&Version=2014-05-26&Format=JSON&RegionId=cn-hangzhou&{query}"
        status, _, body = request_at(endpoint, "GET", path)
        return status, json.loads(body)

    return ecs_call


@pytest.fixture
def raw():
    """Send bytes, and read until the server closes the connection: return (status, root element, code)."""

    def raw(endpoint, data):
        host, port = endpoint.split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(data)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = received.partition(b"\r\n\r\n")
        root = ET.fromstring(body)  # noqa: S314  # our own answer
        return int(head.split()[1]), root.tag.rpartition("}")[2], root.findtext("{*}Code")

    return raw
