"""Bodies that clients send in chunks."""

import contextlib
import http.client
import json
import urllib.request

import pytest
import urllib3

QUERY = "Action=DescribeInstanceStatus&Version=2014-05-26&RegionId=cn-hangzhou&AccessKeyId=ak&Format=JSON"
HOST = "ecs.aliyuncs.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def by_http_client(parts, headers=FORM, *, encodes=True):
    """The reply to one call with http.client."""
    with contextlib.closing(http.client.HTTPConnection(HOST, timeout=5)) as connection:
        headers = {**headers, "Transfer-Encoding": "chunked"}
        connection.request("POST", f"/?{QUERY}", body=parts, headers=headers, encode_chunked=encodes)
        return json.loads(connection.getresponse().read())


def by_urllib(parts):
    """The same with urllib.request."""
    request = urllib.request.Request(f"http://{HOST}/?{QUERY}", method="POST", data=parts, headers=FORM)
    with urllib.request.build_opener().open(request, timeout=5) as reply:
        return json.loads(reply.read())


def by_urllib3(parts):
    """The same with urllib3."""
    with urllib3.PoolManager() as pool:
        reply = pool.request("POST", f"http://{HOST}/?{QUERY}", body=parts, headers=FORM, timeout=5, retries=False)
        return json.loads(reply.data)


each_client = pytest.mark.parametrize("client", [by_http_client, by_urllib, by_urllib3])


@each_client
@pytest.mark.parametrize("parts", [[b"InstanceId.1=i-none"], [b"Insta", b"nceId.1=", b"i-none"]])
def test_a_body_in_chunks_is_a_form(ecs, client, parts):
    """Its parameters are read, and the call is recorded once."""
    assert client(iter(parts))["TotalCount"] == 0
    assert len(ecs.calls) == 1


@each_client
def test_a_chunk_that_ends_like_the_last_one_is_not_the_last(ecs, client):
    """Empty lines within the body do not end it."""
    parts = [b"Odd=\r\n\r\n", b"0\r\n\r\n", b"&InstanceId.1=i-none"]
    with pytest.warns(UserWarning, match="Odd"):
        assert client(iter(parts))["TotalCount"] == 0


def test_chunks_may_have_extensions_and_trailers(ecs):
    """What a program encodes by itself is decoded, sizes in upper and lower case."""
    body = b"F;name=value\r\nInstanceId.1=i-\r\n4\r\nnone\r\n0\r\nTrailer: yes\r\n\r\n"
    assert by_http_client(body, encodes=False)["TotalCount"] == 0


def test_chunks_without_sizes_are_no_form(ecs):
    """A malformed body is answered too."""
    with pytest.warns(UserWarning, match="parameter"):
        assert by_http_client(b"Odd=1\r\n\r\n", encodes=False)["TotalCount"] == 1


def test_many_small_chunks_take_linear_time(ecs):
    """Thousands of chunks of one byte are decoded once, when the last one has come."""
    assert by_http_client(bytes([byte]) for byte in b"InstanceId.1=" + b"i" * 3000)["TotalCount"] == 0
