"""What each client raises without a reply, or with a broken one: the same as with a real server that misbehaves."""

import asyncio
import contextlib
import http.client
import importlib
import json
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from inspect import signature

import pytest
import requests
import urllib3
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from aliyunsdkcore.vendored import requests as vendored
from client_errors import kinds, patience, raised_by, words
from installed import needs_aiohttp, needs_httpx, needs_httpx2, needs_the_newer_sdk

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS
from pytest_ecsevents.rpc._wire import NoReply

NO_REPLY = [name for name, fault in NETWORK_FAULTS.items() if fault.no_reply is not None]
QUERY = "?Action=DescribeInstanceStatus&Version=2014-05-26&RegionId=cn-hangzhou&Format=JSON"
CLOUD = f"http://ecs.aliyuncs.com/{QUERY}"

HAS_CONNECT_TIMEOUT = "connect_timeout" in signature(AcsClient).parameters
"""Older cores connect for five seconds, whatever timeout is set."""

on_linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a full queue refuses elsewhere")


@contextlib.contextmanager
def cloud():
    """A cloud with a running instance and a scheduled event."""
    with EcsEvents("2018-08-22T10:39:49Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="2018-09-01T00:00:00Z")
        yield ecs_events


@pytest.fixture
def ecs():
    """The same cloud, for the whole test."""
    with cloud() as ecs_events:
        yield ecs_events


# -- clients, each with its timeouts in seconds for the connection and for the response


def by_requests(url, method="POST", limits=(10, 10)):
    """One call with requests."""
    with requests.Session() as session:
        return session.request(method, url, data={"Format": "JSON"}, timeout=limits).content


def by_the_sdks_requests(url, method="POST", limits=(10, 10)):
    """One call with the legacy SDK's copy of requests."""
    with vendored.Session() as session:
        return session.request(method, url, data={"Format": "JSON"}, timeout=limits).content


def by_aiohttp(url, method="POST", limits=(10, 10), **others):
    """One call with aiohttp."""
    import aiohttp

    timeout = aiohttp.ClientTimeout(**(others or {"sock_connect": limits[0], "sock_read": limits[1]}))

    async def call():
        async with aiohttp.ClientSession(timeout=timeout) as session, session.request(method, url) as reply:
            return await reply.read()

    return asyncio.run(call())


def by_httpx(url, method="POST", limits=(10, 10), library="httpx"):
    """One call with httpx."""
    httpx = importlib.import_module(library)
    with httpx.Client(timeout=httpx.Timeout(9, connect=limits[0], read=limits[1])) as client:
        return client.request(method, url, data={"Format": "JSON"}).content


def by_httpx_async(url, method="POST", limits=(10, 10), library="httpx"):
    """One call with httpx, asynchronous."""
    httpx = importlib.import_module(library)

    async def call():
        timeout = httpx.Timeout(9, connect=limits[0], read=limits[1])
        async with httpx.AsyncClient(timeout=timeout) as client:
            return (await client.request(method, url, data={"Format": "JSON"})).content

    return asyncio.run(call())


def by_httpx2(url, method="POST", limits=(10, 10)):
    """One call with httpx2."""
    return by_httpx(url, method, limits, "httpx2")


def by_httpx2_async(url, method="POST", limits=(10, 10)):
    """One call with httpx2, asynchronous."""
    return by_httpx_async(url, method, limits, "httpx2")


def by_urllib3(url, method="POST", limits=(10, 10)):
    """One call with urllib3."""
    timeout = urllib3.Timeout(connect=limits[0], read=limits[1])
    with urllib3.PoolManager() as pool:
        return pool.request(method, url, body=b"Format=JSON", headers=FORM, timeout=timeout, retries=False).data


def by_http_client(url, method="POST", limits=(10, 10)):
    """One call with http.client, which has one limit for both."""
    parts = urllib.parse.urlsplit(url)
    kind = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}[parts.scheme]
    with contextlib.closing(kind(parts.hostname, parts.port, timeout=min(limits))) as connection:
        connection.request(method, f"{parts.path}?{parts.query}", body=b"Format=JSON", headers=FORM)
        with connection.getresponse() as reply:
            return reply.read()


def by_urllib(url, method="POST", limits=(10, 10)):
    """One call with urllib.request, which has one limit for both."""
    request = urllib.request.Request(url, method=method, data=b"Format=JSON", headers=FORM)
    try:
        with urllib.request.build_opener().open(request, timeout=min(limits)) as reply:
            return reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.read()


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def by_the_legacy_sdk(port=None, limits=(10, 10)):
    """One call with the legacy SDK, without its retries."""
    request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name="RebootInstance")
    request.set_method("POST")
    request.add_query_param("InstanceId", "i-web1")
    connect, read = limits
    options = {"connect_timeout": connect} if HAS_CONNECT_TIMEOUT else {}
    client = AcsClient("ak", "secret", "cn-hangzhou", timeout=read, port=port or 80, **options)
    if port:
        request.set_endpoint("127.0.0.1")
    return json.loads(client.do_action_with_exception(request))


def tea(port, limits):
    """A client of the newer SDK, and a request."""
    from alibabacloud_ecs20140526 import models
    from alibabacloud_ecs20140526.client import Client
    from alibabacloud_tea_openapi.models import Config

    connect, read = (round(seconds * 1000) for seconds in limits)
    config = Config(
        access_key_id="ak",
        access_key_secret="key",
        region_id="cn-hangzhou",
        connect_timeout=connect,
        read_timeout=read,
        **({"endpoint": f"127.0.0.1:{port}", "protocol": "http"} if port else {}),
    )
    return Client(config), models.RebootInstanceRequest(instance_id="i-web1")


def by_the_newer_sdk(port=None, limits=(10, 10)):
    """One call with the newer SDK, synchronous."""
    client, request = tea(port, limits)
    return client.reboot_instance(request).body.to_map()


def by_the_newer_sdk_async(port=None, limits=(10, 10)):
    """One call with the newer SDK, asynchronous."""
    client, request = tea(port, limits)
    return asyncio.run(client.reboot_instance_async(request)).body.to_map()


HTTPX = [
    pytest.param(by_httpx, marks=needs_httpx),
    pytest.param(by_httpx_async, marks=needs_httpx),
    pytest.param(by_httpx2, marks=needs_httpx2),
    pytest.param(by_httpx2_async, marks=needs_httpx2),
]
LIBRARIES = [
    by_requests,
    by_the_sdks_requests,
    pytest.param(by_aiohttp, marks=needs_aiohttp),
    *HTTPX,
    by_urllib3,
    by_urllib,
    by_http_client,
]
ONE_LIMIT = (by_urllib, by_http_client)
SDKS = [
    by_the_legacy_sdk,
    pytest.param(by_the_newer_sdk, marks=needs_the_newer_sdk),
    pytest.param(by_the_newer_sdk_async, marks=needs_the_newer_sdk),
]


# -- what they raise


@on_linux
@pytest.mark.parametrize("call", LIBRARIES)
@pytest.mark.parametrize("name", NO_REPLY)
def test_a_library_raises_what_it_raises_for_real(misbehaving, call, name):
    """The error and the errors in it have the real types, and the real texts except addresses."""
    with misbehaving(name) as port:
        real = raised_by(call, f"http://127.0.0.1:{port}/{QUERY}", limits=patience(name))
    with cloud() as ecs:
        ecs.fail("DescribeInstanceStatus", name)
        fault = raised_by(call, CLOUD, limits=patience(name))
    assert kinds(fault) == kinds(real)
    assert words(fault) == words(real)
    assert getattr(fault, "request", None) is None or fault.request.url == CLOUD
    assert (ecs.calls[-1].http_status, ecs.calls[-1].failure, ecs.calls[-1].fault) == (None, name, True)


@on_linux
@pytest.mark.parametrize("call", [by_urllib3, by_urllib, by_http_client, *HTTPX])
@pytest.mark.parametrize("name", NO_REPLY)
def test_over_tls_a_library_raises_the_same(misbehaving, call, name):
    """Connection errors are the same with TLS and without."""
    with misbehaving(name) as port:
        real = raised_by(call, f"http://127.0.0.1:{port}/{QUERY}", limits=patience(name))
    with cloud() as ecs:
        ecs.fail("DescribeInstanceStatus", name)
        fault = raised_by(call, CLOUD.replace("http:", "https:"), limits=patience(name))
    assert kinds(fault) == kinds(real)


@pytest.mark.parametrize("call", LIBRARIES)
def test_a_library_waits_in_virtual_time(ecs, call):
    """A late response arrives at its instant; one after the client's limit is a timeout at the limit."""
    if call is by_aiohttp:
        pytest.skip("its limits have tests of their own")
    ecs.delay("DescribeInstanceStatus", "3s", times=1)
    ecs.delay("DescribeInstanceStatus", "30s", times=1)
    assert json.loads(call(CLOUD, limits=(5, 7)))["TotalCount"] == 1
    raised_by(call, CLOUD, limits=(5, 7))
    assert [seen.took.total_seconds() for seen in ecs.calls] == [3, 5 if call in ONE_LIMIT else 7]


@pytest.mark.parametrize("call", LIBRARIES)
def test_a_library_may_lose_the_answer_of_a_call_that_acted(ecs, call):
    """The reboot did happen."""
    if call is by_aiohttp:
        pytest.skip("it is one of the newer SDK's")
    ecs.fail("RebootInstance", "connection reset", acted=True)
    raised_by(call, "http://ecs.aliyuncs.com/?Action=RebootInstance&Version=2014-05-26&InstanceId=i-web1")
    assert ecs.one().status == "Avoided"


@on_linux
@pytest.mark.filterwarnings("ignore:datetime.datetime.utcnow:DeprecationWarning")  # the newer SDK's, for the real call
@pytest.mark.parametrize("call", SDKS)
@pytest.mark.parametrize("name", NO_REPLY)
def test_an_sdk_raises_what_it_raises_for_real(misbehaving, call, name):
    """The SDK's own exception has the same type and content; the cloud did nothing, and answers the next call."""
    with misbehaving(name) as port:
        real = raised_by(call, port, patience(name))
    with cloud() as ecs:
        ecs.fail("RebootInstance", name)
        fault = raised_by(call, limits=patience(name))
        assert ecs.one().status == "Scheduled"
        assert call()["RequestId"]
        assert ecs.one().status == "Avoided"
    assert kinds(fault) == kinds(real)


@pytest.mark.parametrize("call", LIBRARIES)
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("bad gateway", b"<!DOCTYPE"),
        ("service unavailable page", b"<!DOCTYPE"),
        ("gateway timeout", b"<!DOCTYPE"),
        ("garbled body", b'{"TotalCount":1,'),
        ("empty body", b""),
    ],
)
def test_a_broken_reply_reaches_clients_by_hand_as_it_is(ecs, call, name, body):
    """A library reports no error for a page, or for bytes that are no JSON."""
    ecs.fail("DescribeInstanceStatus", name)
    answer = call(CLOUD)
    assert answer.startswith(body)
    with pytest.raises(ValueError):
        json.loads(answer)


@pytest.mark.parametrize("call", SDKS)
def test_a_time_out_takes_the_clients_own(ecs, call):
    """Connecting and reading have separate limits, which pass in virtual time."""
    ecs.fail("RebootInstance", "connect timeout")
    ecs.fail("RebootInstance", "read timeout")
    spent = []
    for _ in range(2):
        before = ecs.now
        raised_by(call, limits=(3, 7))
        spent.append((ecs.now - before).total_seconds())
    is_told = call is not by_the_legacy_sdk or HAS_CONNECT_TIMEOUT
    assert spent == [3 if is_told else 5, 7]
    assert [seen.took.total_seconds() for seen in ecs.calls] == spent


@pytest.mark.parametrize("call", SDKS)
@pytest.mark.parametrize("name", [name for name, fault in NETWORK_FAULTS.items() if fault.no_reply or fault.page])
def test_an_answer_may_be_lost_after_the_call_has_acted(ecs, call, name):
    """With acted=True the reboot did happen, and the handler does not know it."""
    if name in ("connect timeout", "connection refused"):
        pytest.skip("what does not arrive cannot act")
    ecs.fail("RebootInstance", name, acted=True)
    raised_by(call)
    assert ecs.one().status == "Avoided"
    assert ecs.calls[0].lost == "200"


@pytest.mark.parametrize("call", SDKS)
@pytest.mark.parametrize(
    ("name", "status"), [("bad gateway", 502), ("service unavailable page", 503), ("gateway timeout", 504)]
)
def test_a_proxys_page_is_what_no_sdk_can_read(ecs, call, name, status):
    """The legacy SDK raises an unknown error with the page; the newer one fails to decode it."""
    ecs.fail("RebootInstance", name)
    error = raised_by(call)
    assert f"<h1>{status} " in str(error)
    if call is by_the_legacy_sdk:
        assert isinstance(error, ServerException)
        assert (error.get_http_status(), error.get_error_code()) == (status, "SDK.UnknownServerError")
    assert ecs.one().status == "Scheduled"
    seen = ecs.calls[0]
    assert (seen.http_status, seen.code, seen.failure, seen.lost) == (status, None, name, "")
    assert seen.response.startswith("<!DOCTYPE HTML")


@pytest.mark.parametrize("call", SDKS)
@pytest.mark.parametrize("name", ["truncated body", "garbled body", "empty body"])
def test_a_broken_body_is_no_answer_though_the_call_has_acted(ecs, call, name):
    """Each SDK raises, and the reboot did happen."""
    ecs.fail("RebootInstance", name)
    raised_by(call)
    assert ecs.one().status == "Avoided"
    seen = ecs.calls[0]
    assert (seen.http_status, seen.failure, seen.lost, seen.fault) == (200, name, "", True)
    assert isinstance(seen.response, str)


def test_requests_finds_a_body_too_short_as_for_real(misbehaving):
    """If its urllib3 counts the bytes, requests raises the real error; otherwise it returns the part."""
    with misbehaving("truncated body") as port:
        url = f"http://127.0.0.1:{port}/"
        if int(urllib3.__version__.partition(".")[0]) < 2:
            assert by_requests(url) == b'{"half": '
            return
        real = raised_by(by_requests, url)
    with cloud() as ecs:
        ecs.fail("DescribeInstanceStatus", "truncated body")
        assert kinds(raised_by(by_requests, CLOUD)) == kinds(real)


def test_the_legacy_sdk_does_not_find_it_as_for_real(misbehaving):
    """The SDK's copy of urllib3 does not count the bytes: it returns half a body as a whole one."""
    with misbehaving("truncated body") as port:
        assert by_the_sdks_requests(f"http://127.0.0.1:{port}/") == b'{"half": '
    with cloud() as ecs:
        ecs.fail("DescribeInstanceStatus", "truncated body")
        half, whole = by_the_sdks_requests(CLOUD), by_the_sdks_requests(CLOUD)
    assert len(half) == len(whole) // 2


@pytest.mark.parametrize(
    "call",
    [
        by_urllib3,
        by_urllib,
        by_http_client,
        *HTTPX,
    ],
)
def test_others_find_it_as_for_real(misbehaving, call):
    """Each library treats half a body as it treats one on the wire."""
    with misbehaving("truncated body") as port:
        real = raised_by(call, f"http://127.0.0.1:{port}/{QUERY}")
    with cloud() as ecs:
        ecs.fail("DescribeInstanceStatus", "truncated body")
        fault = raised_by(call, CLOUD)
    assert kinds(fault) == kinds(real)
    assert re.sub(r"\d+", "N", str(fault)) == re.sub(r"\d+", "N", str(real))


@needs_aiohttp
def test_aiohttp_finds_it_as_for_real(misbehaving):
    """Reading the body of aiohttp's reply raises."""
    with misbehaving("truncated body") as port:
        real = raised_by(by_aiohttp, f"http://127.0.0.1:{port}/")
    with cloud() as ecs:
        ecs.fail("DescribeInstanceStatus", "truncated body")
        assert kinds(raised_by(by_aiohttp, CLOUD)) == kinds(real)


@pytest.mark.parametrize("call", SDKS)
@pytest.mark.parametrize(
    ("code", "status"),
    [("Throttling", 400), ("SignatureDoesNotMatch", 400), ("Forbidden.RAM", 403), ("InternalError", 500)],
)
def test_each_sdk_raises_the_clouds_own_errors(ecs, call, code, status):
    """The SDK's own exception has their code and status."""
    ecs.fail("RebootInstance", code)
    error = raised_by(call)
    if call is by_the_legacy_sdk:
        rewritten = {"InvalidAccessKeySecret"} if code == "SignatureDoesNotMatch" else set()
        assert error.get_error_code() in {code, *rewritten}
        assert error.get_http_status() == status
    else:
        assert (error.code, error.status_code) == (code, status)
    assert ecs.one().status == "Scheduled"


@pytest.mark.parametrize("call", SDKS)
def test_a_call_may_take_its_time_with_each_sdk(ecs, call):
    """A long client timeout gets the response, a short one raises; the reboot happens at its time."""
    ecs.delay("RebootInstance", "8s")
    before = ecs.now
    raised_by(call, limits=(3, 5))
    assert ((ecs.now - before).total_seconds(), str(ecs.one().status)) == (5, "Scheduled")
    ecs.advance("3s")
    assert (str(ecs.one().status), ecs.calls[0].lost) == ("Avoided", "200")
    assert call(limits=(3, 9))["RequestId"]
    assert (ecs.now - before).total_seconds() == 16


# -- timeouts in every form


@pytest.mark.parametrize(
    ("timeout", "spent"),
    [((3, 7), [3, 7]), (5, [5, 5]), (1.5, [1.5, 1.5]), (urllib3.Timeout(connect=2, read=4), [2, 4])],
    ids=["two", "one", "fraction", "object"],
)
def test_requests_takes_time_outs_in_every_form(ecs, timeout, spent):
    """They are one number for both, two numbers, or urllib3's own object."""
    ecs.fail("*", "connect timeout")
    ecs.fail("*", "read timeout")
    for kind, seconds in zip((requests.ConnectTimeout, requests.ReadTimeout), spent, strict=True):
        before = ecs.now
        with pytest.raises(kind):
            requests.get(CLOUD, timeout=timeout)
        assert (ecs.now - before).total_seconds() == seconds


@needs_aiohttp
@on_linux
@pytest.mark.parametrize(
    ("name", "limits", "spent"),
    [
        ("connect timeout", {"connect": 0.05}, 0.05),
        ("connect timeout", {"connect": 0.2, "sock_connect": 0.05, "total": 9}, 0.05),
        ("connect timeout", {"total": 0.05}, 0.05),
        ("connect timeout", {"total": 0.05, "sock_connect": 0.2}, 0.05),
        ("read timeout", {"total": 0.05}, 0.05),
        ("read timeout", {"total": 0.05, "sock_read": 0.2}, 0.05),
        ("read timeout", {"total": 0.2, "sock_read": 0.05}, 0.05),
    ],
)
def test_the_shortest_of_aiohttps_limits_applies(misbehaving, name, limits, spent):
    """The limit on the whole call raises a bare TimeoutError, the others raise their own."""
    with misbehaving(name) as port:
        real = raised_by(by_aiohttp, f"http://127.0.0.1:{port}/", **limits)
    with cloud() as ecs:
        ecs.fail("*", name)
        before = ecs.now
        assert kinds(raised_by(by_aiohttp, CLOUD, **limits)) == kinds(real)
        assert (ecs.now - before).total_seconds() == spent


@needs_aiohttp
def test_aiohttps_time_out_may_be_given_with_the_call(ecs):
    """The call's timeout overrides the session's, whose default is five minutes in all."""
    import aiohttp

    ecs.fail("*", "read timeout", times=3)

    async def call():
        async with aiohttp.ClientSession() as session:
            for options in ({}, {"timeout": aiohttp.ClientTimeout(sock_read=7)}, {"timeout": 9}):
                before = ecs.now
                with pytest.raises(asyncio.TimeoutError):
                    await session.get(CLOUD, **options)
                yield (ecs.now - before).total_seconds()

    async def spent():
        return [seconds async for seconds in call()]

    assert asyncio.run(spent()) == [300, 7, 9]


@needs_aiohttp
@pytest.mark.parametrize("name", ["connection reset", "connection closed"])
@pytest.mark.parametrize(("method", "calls"), [("GET", 2), ("POST", 1)])
def test_aiohttp_itself_repeats_what_may_be_repeated_once(ecs, name, method, calls):
    """Since 3.10 aiohttp repeats a GET whose connection is lost, and its caller does not notice."""
    from aiohttp import client

    if not hasattr(client, "IDEMPOTENT_METHODS"):
        calls = 1
    ecs.fail("*", name)
    if calls == 2:
        assert json.loads(by_aiohttp(CLOUD, method))["TotalCount"] == 1
    else:
        raised_by(by_aiohttp, CLOUD, method)
    assert len(ecs.calls) == calls


@needs_aiohttp
def test_an_older_aiohttp_has_one_error_for_time_outs(ecs, monkeypatch):
    """Before 3.10 both timeouts were a ServerTimeoutError, and nothing was repeated."""
    import aiohttp

    for name in ("ConnectionTimeoutError", "SocketTimeoutError"):
        monkeypatch.delattr(aiohttp, name, raising=False)
    monkeypatch.delattr(aiohttp.client, "IDEMPOTENT_METHODS", raising=False)
    for name in ("connect timeout", "read timeout"):
        ecs.fail("*", name)
        assert type(raised_by(by_aiohttp, CLOUD)) is aiohttp.ServerTimeoutError
    ecs.fail("*", "connection reset")
    raised_by(by_aiohttp, CLOUD, "GET")


@needs_aiohttp
@pytest.mark.parametrize("fault", [None, "bad gateway", "empty body"])
def test_aiohttps_json_is_strict_about_what_it_decodes(ecs, fault):
    """A page raises a decoding error; an empty body is None; a caller can accept another type, or any."""
    import aiohttp

    if fault:
        ecs.fail("*", fault)

    async def call():
        async with aiohttp.ClientSession() as session, session.post(CLOUD) as reply:
            await reply.wait_for_close()
            return await reply.json(), await reply.json(content_type=None), await reply.json(encoding="ascii")

    if fault == "bad gateway":
        error = raised_by(lambda: asyncio.run(call()))
        assert type(error) is aiohttp.ContentTypeError
        assert (error.status, error.message) == (502, "Attempt to decode JSON with unexpected mimetype: text/html")
    elif fault == "empty body":
        assert asyncio.run(call()) == (None, None, None)
    else:
        assert [found["TotalCount"] for found in asyncio.run(call())] == [1, 1, 1]


# -- the SDKs' own retries


@pytest.mark.parametrize("name", [name for name, fault in NETWORK_FAULTS.items() if fault.no_reply or fault.page])
def test_the_legacy_sdk_repeats_what_only_looks(ecs, name):
    """The SDK repeats a Describe* call with pauses in virtual time; the fourth response is the cloud's."""
    ecs.fail("DescribeInstances", name, times=3)
    request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name="DescribeInstances")
    request.set_product("Ecs")
    request.set_method("POST")
    before = ecs.now
    assert json.loads(AcsClient("ak", "secret", "cn-hangzhou").do_action_with_exception(request))["TotalCount"] == 1
    limits = {"connect timeout": 5, "read timeout": 10}
    assert (ecs.now - before).total_seconds() == pytest.approx(0.7 + 3 * limits.get(name, 0))
    assert len(ecs.calls) == 4


def test_the_legacy_sdk_wraps_what_it_does_not_repeat(ecs):
    """A connection reset of a reboot is an SDK.HttpError at once."""
    ecs.fail("RebootInstance", "connection reset")
    error = raised_by(by_the_legacy_sdk)
    assert isinstance(error, ClientException)
    assert error.get_error_code() == "SDK.HttpError"
    assert len(ecs.calls) == 1


def test_every_way_to_get_no_reply_has_its_error():
    """The tables of the transports have a row for each fault."""
    from pytest_ecsevents.transports import _aiohttp, _failures, _httpx

    assert set(_failures._FAILURES) == set(_aiohttp._FAILURES) == set(NoReply)
    assert set(_httpx._SYNC_ERRORS) == set(_httpx._ASYNC_ERRORS) == set(NoReply)
