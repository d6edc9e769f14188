"""For any request, the response is the service's, and the next request is answered."""

import http.client
import socket
from contextlib import closing
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.services.smq._errors import ERRORS

GOOD = b"GET /?Action=DescribeRegions&Version=2014-05-26&AccessKeyId=ak HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
SIGNED = {"Authorization": "MNS id:signature", "Date": "Tue, 01 Jan 2030 00:00:00 GMT", "x-mns-version": "2015-06-06"}

lines = st.sampled_from(
    [
        b"GET / HTTP/1.1",
        b"POST /queues/q/messages HTTP/1.1",
        b"PUT /queues/%00 HTTP/1.0",
        b"GET //[ HTTP/1.1",
        b"GET http://[::1 HTTP/1.1",
        b"OPTIONS * HTTP/1.1",
        b"Host: localhost",
        b"Host: slb.aliyuncs.com",
        b"x-mns-version: 2015-06-06",
        b"Authorization: MNS a:b",
        b"Content-Length: 5",
        b"Content-Length: 99999999999999999999",
        b"Transfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"Connection: keep-alive",
        b"zz\r\n",
        b"<Message>",
        b"",
    ]
)
sent = st.one_of(
    st.binary(max_size=200), st.lists(st.one_of(lines, st.binary(max_size=30)), max_size=12).map(b"\r\n".join)
)


def exchanged(endpoint, data):
    """Return the response to these bytes, until the server closes."""
    host, port = endpoint.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        try:
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except ConnectionResetError:
            return b""  # the server had not read everything when it closed


def answered(endpoint):
    """Return the status of a valid call."""
    host, port = endpoint.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(GOOD)
        return connection.recv(65536).split(b" ", 2)[1]


def test_any_bytes_leave_the_server_well():
    """It answers in HTTP or not at all, and continues."""
    with EcsEvents(strict=False) as ecs:
        endpoint = ecs.endpoint

        @given(sent)
        def holds(data):
            reply = exchanged(endpoint, data)
            assert reply == b"" or reply.startswith(b"HTTP/1.")
            assert b" 500 " not in reply.split(b"\r\n", 1)[0]
            assert answered(endpoint) == b"200"

        holds()


names = st.sampled_from(["q", "t", "s", "", "-", "no", "%2F", "ä".encode().hex(), "a" * 130])
paths = st.one_of(
    st.builds("/queues/{}".format, names),
    st.builds("/queues/{}/messages".format, names),
    st.builds("/topics/{}".format, names),
    st.builds("/topics/{}/messages".format, names),
    st.builds("/topics/{}/subscriptions/{}".format, names, names),
    st.sampled_from(["/queues", "/topics", "/topics/t/subscriptions", "/", "/queues/q/messages/x"]),
)
values = st.one_of(
    st.integers(-2, 70000).map(str), st.sampled_from(["", "x", "true", "False", "1e3", "\u0661", "9" * 40])
)
queries = st.dictionaries(
    st.sampled_from(["peekonly", "numOfMessages", "metaoverride", "ReceiptHandle", "VisibilityTimeout", "other"]),
    values.map(lambda text: text.encode().hex() if not text.isascii() else text),
    max_size=3,
)
tags = st.sampled_from(
    [
        *("VisibilityTimeout", "DelaySeconds", "MaximumMessageSize", "LoggingEnabled", "Priority", "MessageBody"),
        *("MessageTag", "Endpoint", "NotifyStrategy", "NotifyContentFormat", "FilterTag", "ReceiptHandle"),
    ]
)
elements = st.lists(st.tuples(tags, values), max_size=4).map(
    lambda pairs: "".join(f"<{tag}>{value}</{tag}>" for tag, value in pairs)
)
roots = st.sampled_from(["Queue", "Message", "Messages", "Topic", "Subscription", "ReceiptHandles", "Other"])
bodies = st.one_of(
    st.just(b""),
    st.binary(max_size=60),
    st.builds("<{0}>{1}</{0}>".format, roots, elements).map(str.encode),
    st.builds("<Messages><Message>{0}</Message>{0}</Messages>".format, elements).map(str.encode),
    st.just(b'<!DOCTYPE x [<!ENTITY a "aaaa">]><Queue>&a;</Queue>'),
    st.just(b'<?xml version="1.0" encoding="no-such"?><Queue/>'),
)
headers = st.dictionaries(
    st.sampled_from(["x-mns-ret-number", "x-mns-marker", "x-mns-prefix"]), values.filter(str.isascii)
)


def test_any_request_to_the_queue_is_answered_in_its_format():
    """The response has a documented status and is XML; an error has a known code."""
    with EcsEvents() as ecs:
        queue = ecs.queue("q")
        ecs.topic("t").subscribe(queue, "s")
        endpoint = ecs.endpoint

        @given(st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH"]), paths, queries, headers, bodies)
        def holds(method, path, query, more, body):
            queue.send("hello")
            asked = "&".join(f"{name}={value}" for name, value in query.items())
            with closing(http.client.HTTPConnection(endpoint)) as connection:
                connection.request(method, f"{path}?{asked}", body, {**SIGNED, **more})
                reply = connection.getresponse()
                text = reply.read()
            assert reply.status in {200, 201, 204, 400, 404, 409, 500}
            assert reply.headers["x-mns-request-id"]
            root = ET.fromstring(text) if text else None  # noqa: S314  # our own answer
            codes = [node.text for node in (root.iter() if root is not None else ()) if node.tag.endswith("Code")]
            assert set(codes) <= set(ERRORS.codes()) - {"InternalError"}
            assert (reply.status != 500) or root.tag.endswith("Messages")

        holds()
