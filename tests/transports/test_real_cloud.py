"""No client reaches the real Alibaba Cloud in a test with the fixture, and the user's own mocks keep working."""

import asyncio
import contextlib
import http.client
import importlib
import json
import socket
import subprocess
import sys
import textwrap
import urllib.request

import pytest
import requests
import responses
import urllib3
from aliyunsdkcore.vendored.requests.packages import urllib3 as vendored
from installed import needs_aiohttp, needs_httpx, needs_httpx2, needs_pycurl
from sizes import size

from pytest_ecsevents import BadArgumentError, EcsEvents, UnexpectedCallError
from pytest_ecsevents.transports._routing import what_is

API = "ecs.cn-hangzhou.aliyuncs.com"
BUCKET = "state.oss-cn-hangzhou.aliyuncs.com"
PATH = "/?Action=DescribeInstances&Version=2014-05-26&RegionId=cn-hangzhou&Format=JSON&AccessKeyId=any"
PROXY = "http://127.0.0.1:9"


@pytest.fixture
def looked_up(monkeypatch):
    """Record the names that reach the machine's resolver, which finds no address."""
    names = []

    def getaddrinfo(host, *_, **__):
        names.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "nothing is found in this test")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return names


# -- clients


def by_http_client(url):
    """Use http.client."""
    parts = urllib3.util.parse_url(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    with contextlib.closing(kind(parts.host, parts.port, timeout=3)) as connection:
        connection.request("GET", parts.request_uri)
        return connection.getresponse().read()


def by_urllib(url):
    """Use urllib."""
    with urllib.request.build_opener().open(url, timeout=3) as reply:
        return reply.read()


def by_urllib3(url, pool=None):
    """Use urllib3."""
    with pool or urllib3.PoolManager() as manager:
        return manager.request("GET", url, timeout=3, retries=False).data


def by_the_sdks_urllib3(url):
    """Use the legacy SDK's copy of urllib3."""
    with vendored.PoolManager() as manager:
        return manager.request("GET", url, timeout=3, retries=False).data


def by_requests(url, **options):
    """Use requests."""
    return requests.get(url, timeout=3, **options).content


def by_httpx(url, library="httpx", **options):
    """Use httpx."""
    httpx = importlib.import_module(library)
    with httpx.Client(timeout=3, **options) as client:
        return client.get(url).content


def by_httpx_async(url, library="httpx", **options):
    """Use httpx, asynchronous."""
    httpx = importlib.import_module(library)

    async def ask():
        async with httpx.AsyncClient(timeout=3, **options) as client:
            return (await client.get(url)).content

    return asyncio.run(ask())


def by_httpx2(url, **options):
    """Use httpx2."""
    return by_httpx(url, "httpx2", **options)


def by_httpx2_async(url, **options):
    """Use httpx2, asynchronous."""
    return by_httpx_async(url, "httpx2", **options)


def by_aiohttp(url, *, trust_env=False, **options):
    """Use aiohttp."""
    import aiohttp

    async def ask():
        async with aiohttp.ClientSession(trust_env=trust_env) as session, session.get(url, **options) as reply:
            return await reply.read()

    return asyncio.run(ask())


def by_aiohttp_trusting(url):
    """Use aiohttp with proxies from the environment."""
    return by_aiohttp(url, trust_env=True)


def by_httpcore(url, library="httpcore"):
    """Use httpcore, on which httpx is built."""
    with importlib.import_module(library).ConnectionPool() as pool:
        return pool.request("GET", url).content


def by_httpcore2(url):
    """Use httpcore2, on which httpx2 is built."""
    return by_httpcore(url, "httpcore2")


HTTPX = [
    pytest.param(by_httpx, marks=needs_httpx),
    pytest.param(by_httpx_async, marks=needs_httpx),
    pytest.param(by_httpx2, marks=needs_httpx2),
    pytest.param(by_httpx2_async, marks=needs_httpx2),
]
ANSWERED = [
    by_http_client,
    by_urllib,
    by_urllib3,
    by_the_sdks_urllib3,
    by_requests,
    *HTTPX,
    pytest.param(by_aiohttp, marks=needs_aiohttp),
    pytest.param(by_aiohttp_trusting, marks=needs_aiohttp),
]
BELOW = [pytest.param(by_httpcore, marks=needs_httpx), pytest.param(by_httpcore2, marks=needs_httpx2)]


# -- what is answered


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("client", ANSWERED)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_client_is_answered_by_the_fake_cloud(ecs, looked_up, client, scheme):
    """It is answered over TLS too, and no name is resolved."""
    assert json.loads(client(f"{scheme}://{API}{PATH}"))["TotalCount"] == 1
    assert len(ecs.calls) == 1
    assert looked_up == []


@pytest.mark.parametrize("client", ANSWERED)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_proxy_of_the_environment_is_used(ecs, monkeypatch, client, scheme):
    """Build machines often have one."""
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, PROXY)
    monkeypatch.delenv("no_proxy", raising=False)
    assert json.loads(client(f"{scheme}://{API}{PATH}"))["TotalCount"] == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_proxy_of_the_program_is_used(ecs, scheme):
    """The program itself configures the proxy."""
    url = f"{scheme}://{API}{PATH}"
    answers = [
        by_urllib3(url, urllib3.ProxyManager(PROXY)),
        by_requests(url, proxies={"http": PROXY, "https": PROXY}),
        urllib.request.build_opener(urllib.request.ProxyHandler({scheme: PROXY})).open(url, timeout=3).read(),
    ]
    assert [json.loads(answer)["TotalCount"] for answer in answers] == [1, 1, 1]


def test_no_tunnel_is_made(ecs):
    """http.client has its own way to reach a host through a proxy."""
    connection = http.client.HTTPSConnection("127.0.0.1", 9, timeout=3)
    connection.set_tunnel(API)
    connection.request("GET", PATH)
    assert json.loads(connection.getresponse().read())["TotalCount"] == 1


@pytest.mark.parametrize("client", HTTPX)
def test_httpx_may_have_any_options(ecs, client):
    """Its own proxy is an example."""
    assert json.loads(client(f"https://{API}{PATH}", proxy=PROXY))["TotalCount"] == 1


def test_what_was_made_before_the_test_is_answered():
    """This covers a pool, a connection, and a session that a program creates at import."""
    pool, connection = urllib3.PoolManager(), http.client.HTTPConnection(API)
    with EcsEvents(), requests.Session() as session, pool:
        assert pool.request("GET", f"http://{API}{PATH}").status == 200
        connection.request("GET", PATH)
        assert connection.getresponse().status == 200
        assert session.get(f"http://{API}{PATH}", timeout=3).ok


def test_a_connection_that_is_open_since_before_the_test_is_answered(ecs):
    """Its real socket is closed; after the test it connects again."""
    mine, theirs = socket.socketpair()
    with theirs:
        connection = http.client.HTTPConnection(API)
        connection.sock = mine
        connection.request("GET", PATH)
        assert json.loads(connection.getresponse().read())["TotalCount"] == 1
        assert theirs.recv(10) == b""
    assert connection.sock is None


def test_a_connection_that_another_cloud_answered_is_answered_by_this_one():
    """A program opened the connection in an earlier test, and did not use it."""
    connection = http.client.HTTPConnection(API)
    with EcsEvents():
        connection.connect()
    with EcsEvents() as ecs:
        connection.request("GET", PATH)
        assert connection.getresponse().status == 200
        assert len(ecs.calls) == 1


def test_a_connection_sends_more_than_one_request(ecs):
    """Each request has a connection of its own below http.client."""
    connection = http.client.HTTPSConnection(API)
    for _ in range(2):
        connection.request("GET", PATH)
        assert connection.getresponse().status == 200
    assert len(ecs.calls) == 2


def test_a_request_that_was_not_answered_yet_is_the_clients_own_mistake(ecs):
    """http.client raises the same as in reality."""
    connection = http.client.HTTPConnection(API)
    connection.request("GET", PATH)
    with pytest.raises(http.client.CannotSendRequest):
        connection.request("GET", PATH)


def test_a_class_that_connects_in_its_own_way_is_answered():
    """Examples are those of httplib2 and of other copies of urllib3."""

    class Own(http.client.HTTPConnection):
        def connect(self):
            raise AssertionError

    connection = Own(API)
    with EcsEvents() as ecs:
        connection.connect()
        connection.request("GET", PATH)
        assert connection.getresponse().status == 200
        assert ecs.calls[0].transport == "http.client"
    with pytest.raises(AssertionError):
        connection.connect()


def test_a_name_may_be_written_in_any_way(ecs):
    """It can be in upper case, or end with the root's dot."""
    connection = http.client.HTTPConnection(f"{API.upper()}.")
    connection.request("GET", PATH)
    assert json.loads(connection.getresponse().read())["TotalCount"] == 1


def test_urllib3_warns_of_what_is_not_verified_as_for_real(ecs):
    """A client that trusts every certificate gets the warning, one that verifies gets none."""
    with urllib3.PoolManager(cert_reqs="CERT_NONE") as pool, pytest.warns(urllib3.exceptions.InsecureRequestWarning):
        pool.request("GET", f"https://{API}{PATH}")


def test_adapters_of_a_session_are_used_for_other_hosts_alone(ecs):
    """Requests mounts custom transports like that."""

    class Own(requests.adapters.HTTPAdapter):
        def send(self, request, **_):
            answer = requests.Response()
            answer.status_code, answer.url = 299, request.url
            return answer

    with requests.Session() as session:
        session.mount("https://", Own())
        assert session.get(f"https://{BUCKET}/", timeout=3).status_code == 299
        assert session.get(f"https://{API}{PATH}", timeout=3).status_code == 200


@needs_httpx
def test_a_transport_of_the_users_is_used(ecs):
    """Httpx mocks like that."""
    import httpx

    mine = httpx.MockTransport(lambda _: httpx.Response(299))
    with httpx.Client(transport=mine) as client:
        assert client.get(f"https://{API}{PATH}").status_code == 299
    assert ecs.calls == []


@pytest.mark.parametrize(
    "library", [pytest.param("httpx", marks=needs_httpx), pytest.param("httpx2", marks=needs_httpx2)]
)
def test_httpx_under_trio_is_answered(ecs, library):
    """This includes late responses: virtual time moves at once."""
    httpx = importlib.import_module(library)
    trio = pytest.importorskip("trio")
    ecs.delay("DescribeInstances", "5s", times=1)

    async def ask():
        async with httpx.AsyncClient(timeout=9) as client:
            return [(await client.get(f"http://{API}{PATH}")).json()["TotalCount"] for _ in range(2)]

    assert trio.run(ask) == [1, 1]
    assert [call.took.total_seconds() for call in ecs.calls] == [5, 0]


@pytest.mark.parametrize(
    "library", [pytest.param("httpx", marks=needs_httpx), pytest.param("httpx2", marks=needs_httpx2)]
)
def test_a_reply_of_httpx_is_whole(ecs, library):
    """It has the status, the reason, the headers and its request."""
    httpx = importlib.import_module(library)
    reply = httpx.post(f"http://{API}{PATH}", data={"PageSize": "7"})
    assert (reply.status_code, reply.reason_phrase, reply.http_version) == (200, "OK", "HTTP/1.1")
    assert reply.headers["Content-Length"] == str(len(reply.content))
    assert reply.json()["PageSize"] == 7
    assert reply.request.method == "POST"
    assert reply.elapsed.total_seconds() >= 0
    assert ecs.calls[0].transport == library


@needs_httpx2
@pytest.mark.parametrize("is_first", size([False], [False, True]))
def test_httpx2_may_stand_for_httpx(is_first):
    """A program calls `httpx2.alias_httpx()` before the test or in it: a call through either name is answered once.

    For the second cloud it has been called before.
    """
    source = f"""
        import contextlib
        import httpx2
        from pytest_ecsevents import EcsEvents, UnexpectedCallError

        if {is_first}:
            httpx2.alias_httpx()
        for is_first in ({is_first}, True):
            with EcsEvents() as ecs:
                if not is_first:
                    httpx2.alias_httpx()
                import httpcore, httpx
                assert httpx.get("https://{API}{PATH}").json()["TotalCount"] == 0
                assert [call.transport for call in ecs.calls] == ["httpx2"]
                with contextlib.suppress(UnexpectedCallError):
                    httpcore.request("GET", "https://{BUCKET}/")
                    raise SystemExit("it was not stopped")
                ecs.strict = False
        """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


# -- what is stopped


async def _streams(host):
    await asyncio.open_connection(host, 80)


async def _look_up(host):
    await asyncio.get_running_loop().getaddrinfo(host, 80)


def by_socket(host, method="connect"):
    """Use a socket that connects by name."""
    with socket.socket() as bare:
        getattr(bare, method)((host, 80))


def by_datagram(host):
    """Use a socket that does not connect."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bare:
        bare.sendto(b"any", (host, 80))


def by_name(name, host):
    """Use a function of the module `socket`."""
    getattr(socket, name)(host)


GETADDRINFO = socket.getaddrinfo
STOPPED = {
    "getaddrinfo": lambda host: socket.getaddrinfo(host, 443),
    "getaddrinfo of bytes": lambda host: socket.getaddrinfo(host.encode(), 443),
    "a getaddrinfo kept at import": lambda host: GETADDRINFO(host, 443),
    "gethostbyname": lambda host: by_name("gethostbyname", host),
    "gethostbyaddr": lambda host: by_name("gethostbyaddr", host),
    "sendto": by_datagram,
    "gethostbyname_ex": lambda host: by_name("gethostbyname_ex", host),
    "create_connection": lambda host: socket.create_connection((host, 443)),
    "connect": by_socket,
    "connect_ex": lambda host: by_socket(host, "connect_ex"),
    "streams": lambda host: asyncio.run(_streams(host)),
    "a loop's look-up": lambda host: asyncio.run(_look_up(host)),
}


@pytest.mark.parametrize("how", STOPPED)
def test_other_clients_are_stopped(how):
    """The message has the line and the ways to go on; teardown raises it again."""
    with pytest.raises(UnexpectedCallError) as at_the_end, EcsEvents(), pytest.raises(UnexpectedCallError) as error:
        STOPPED[how]("ECS.aliyuncs.com.")
    for said in (str(error.value), str(at_the_end.value)):
        assert "real ecs.aliyuncs.com was about to be reached at" in said
        assert f"{__file__}:" in said
        assert "httpx" in said
        assert 'ecs_events.strict -= {"calls"}' in said


@pytest.mark.parametrize("how", STOPPED)
def test_where_that_is_relaxed_the_name_is_not_found(ecs, how):
    """The error is that of a machine without a network."""
    ecs.strict -= {"calls"}
    with pytest.raises(socket.gaierror) as error:
        STOPPED[how]("ecs.aliyuncs.com")
    assert error.value.errno == socket.EAI_NONAME


@pytest.mark.parametrize("how", ["getaddrinfo", "gethostbyname", "a loop's look-up", "connect", "sendto"])
def test_other_names_are_looked_up(ecs, how):
    """They are resolved whatever they look like."""
    for name in ("localhost", "aliyuncs.com.invalid", "notaliyuncs.com.invalid"):
        with contextlib.suppress(OSError):
            STOPPED[how](name)
    with contextlib.suppress(OSError):
        socket.getaddrinfo(None, 80)


def test_sockets_without_a_host_name_are_not_changed(ecs, tmp_path):
    """These are sockets of the file system."""
    with socket.socket(socket.AF_UNIX) as bare, pytest.raises(FileNotFoundError):
        bare.connect(str(tmp_path / "none"))
    with socket.socket() as bare, pytest.raises(TypeError):
        bare.connect()


# -- pycurl, which looks names up in C


def by_pycurl(url, method="perform"):
    """Use a handle of pycurl."""
    import pycurl

    with contextlib.closing(pycurl.Curl()) as handle:
        handle.setopt(pycurl.URL, url)
        handle.setopt(pycurl.WRITEFUNCTION, len)
        return getattr(handle, method)()


def by_pycurl_in_parallel(url):
    """Use pycurl with several handles at once."""
    import pycurl

    with contextlib.closing(pycurl.CurlMulti()) as several, contextlib.closing(pycurl.Curl()) as handle:
        handle.setopt(pycurl.URL, url)
        several.add_handle(handle)
        several.remove_handle(handle)


def by_a_copied_handle(url):
    """Use a copy of a handle of pycurl."""
    import pycurl

    with contextlib.closing(pycurl.Curl()) as handle:
        handle.setopt(pycurl.URL, url)
        with contextlib.closing(handle.duphandle()) as other:
            other.perform()


def by_a_string(url):
    """Use the other way to set an option of pycurl."""
    import pycurl

    with contextlib.closing(pycurl.Curl()) as handle:
        handle.setopt_string(pycurl.USERAGENT, "any")
        handle.setopt_string(pycurl.URL, url)
        handle.perform()


CURLS = {
    "bytes": lambda url: by_pycurl(url.encode()),
    "string": by_a_string,
    "perform": by_pycurl,
    "perform_rb": lambda url: by_pycurl(url, "perform_rb"),
    "perform_rs": lambda url: by_pycurl(url, "perform_rs"),
    "several": by_pycurl_in_parallel,
    "copy": by_a_copied_handle,
}


@needs_pycurl
@pytest.mark.parametrize("how", CURLS)
@pytest.mark.parametrize("url", [f"https://{API}{PATH}", f"{API}/", f"http:///{API}:80/", f"http://me@{API.upper()}"])
def test_pycurl_is_stopped(how, url):
    """The message has the line and the ways to go on; teardown raises it again."""
    with pytest.raises(UnexpectedCallError) as at_the_end, EcsEvents(), pytest.raises(UnexpectedCallError) as error:
        CURLS[how](url)
    for said in (str(error.value), str(at_the_end.value)):
        assert f"real {API} was about to be reached at" in said
        assert f"{__file__}:" in said
        assert 'ecs_events.strict -= {"calls"}' in said


@needs_pycurl
@pytest.mark.parametrize("how", CURLS)
def test_where_that_is_relaxed_pycurl_finds_no_name(ecs, how):
    """The error is that of a machine without a network."""
    import pycurl

    ecs.strict -= {"calls"}
    with pytest.raises(pycurl.error) as error:
        CURLS[how](f"https://{API}/")
    assert error.value.args == (pycurl.E_COULDNT_RESOLVE_HOST, f"Could not resolve host: {API}")


@needs_pycurl
@pytest.mark.parametrize("how", CURLS)
def test_pycurl_reaches_other_hosts(ecs, tmp_path, how):
    """A file is an example, and an unset URL is the program's own error."""
    import pycurl

    (tmp_path / "any").write_text("")
    CURLS[how](f"file://{tmp_path}/any")
    with pytest.raises(pycurl.error), contextlib.closing(pycurl.Curl()) as handle:
        handle.perform()


@needs_pycurl
def test_pycurl_is_checked_wherever_a_program_keeps_its_names(monkeypatch):
    """A module imported the class before the test; a handle made in an earlier test is checked by the next cloud."""
    import pycurl

    kept = pycurl.Curl
    monkeypatch.setitem(globals(), "KeptCurl", kept)
    with EcsEvents():
        handle = pycurl.Curl()
        handle.setopt(pycurl.URL, f"https://{API}/")
        assert globals()["KeptCurl"] is type(handle)
    assert pycurl.Curl is kept
    with contextlib.closing(handle), EcsEvents(strict=False), pytest.raises(pycurl.error, match="resolve host"):
        handle.perform()


@needs_pycurl
def test_pycurl_is_checked_where_a_name_is_bound_to_its_class_later(monkeypatch):
    """A module had None there in earlier tests, as where a program imports pycurl when it first needs it."""
    import pycurl

    kept = pycurl.Curl
    monkeypatch.setitem(globals(), "Curl", None)
    for _ in range(2):
        with EcsEvents():
            assert globals()["Curl"] is None
    monkeypatch.setitem(globals(), "Curl", kept)
    with EcsEvents():
        assert globals()["Curl"] is pycurl.Curl is not kept
    assert globals()["Curl"] is kept


@needs_pycurl
def test_pycurl_is_checked_in_a_cloud_within_another():
    """The inner one's end puts nothing back that is the outer one's."""
    import pycurl

    kept = pycurl.Curl
    with EcsEvents(strict=False):
        checked = pycurl.Curl
        for _ in range(2):
            with EcsEvents(strict=False), pytest.raises(pycurl.error, match="resolve host"):
                by_pycurl(f"https://{API}/")
            assert pycurl.Curl is checked is not kept
    assert pycurl.Curl is kept


@needs_pycurl
def test_pycurl_is_checked_until_the_last_cloud_ends():
    """The first one that was entered may end first."""
    import pycurl

    kept = pycurl.Curl
    first, second = EcsEvents(strict=False), EcsEvents(strict=False)
    first.__enter__()
    second.__enter__()
    checked = pycurl.Curl
    first.__exit__(None, None, None)
    assert pycurl.Curl is checked is not kept
    second.__exit__(None, None, None)
    assert pycurl.Curl is kept


@needs_pycurl
def test_pycurls_loop_is_stopped(ecs):
    """Its own class drives transfers in an event loop, since pycurl 7.47."""
    import pycurl

    if not hasattr(pycurl, "AsyncCurlMulti"):
        pytest.skip("this pycurl has no such class")

    async def ask():
        async with pycurl.AsyncCurlMulti() as several:
            handle = pycurl.Curl()
            handle.setopt(pycurl.URL, f"https://{API}/")
            await several.perform(handle)

    ecs.strict -= {"calls"}
    with pytest.raises(pycurl.error, match="resolve host"):
        asyncio.run(ask())


# -- hosts that are no API


@pytest.mark.parametrize(
    ("host", "what"),
    [
        ("ecs.aliyuncs.com", ""),
        ("ecs-cn-hangzhou.aliyuncs.com", ""),
        ("metrics.cn-hangzhou.aliyuncs.com", ""),
        ("location-readonly.aliyuncs.com", ""),
        ("ecs-vpc.cn-hangzhou.aliyuncs.com", ""),
        ("ecs.cn-hangzhou.vpc-proxy.aliyuncs.com", ""),
        ("rds.aliyuncs.com", ""),
        ("cr.cn-hangzhou.aliyuncs.com", ""),
        ("aliyuncs.com", ""),
        ("oss-cn-hangzhou-internal.aliyuncs.com", "OSS"),
        ("oss.aliyuncs.com", "OSS"),
        (BUCKET, "OSS"),
        ("my.bucket.oss-accelerate.aliyuncs.com", "OSS"),
        ("b.oss.cn-hangzhou.aliyuncs.com", "OSS"),
        ("mirrors.aliyuncs.com", "mirror"),
        ("mirrors.cloud.aliyuncs.com", "mirror"),
        ("1234.mns.cn-hangzhou.aliyuncs.com", "Simple Message Queue"),
        ("1234.mns.cn-hangzhou-internal.aliyuncs.com", "Simple Message Queue"),
        ("project.cn-hangzhou.log.aliyuncs.com", "SLS"),
        ("1234.cn-hangzhou.fc.aliyuncs.com", "Function Compute"),
        ("registry.cn-hangzhou.aliyuncs.com", "registry"),
        ("mine-registry.cn-hangzhou.cr.aliyuncs.com", "registry"),
        ("rm-1.mysql.rds.aliyuncs.com", "database"),
    ],
)
def test_what_a_host_is(host, what):
    """Endpoints of APIs have a product, or a product and a region."""
    assert (what in what_is(host)) if what else what_is(host) == ""


@pytest.mark.parametrize("client", [*ANSWERED, *BELOW])
@pytest.mark.parametrize("proxy", [None, PROXY])
def test_a_bucket_is_refused_as_what_it_is(monkeypatch, client, proxy):
    """OSS is not faked: the message says how to mock it and how to reach it; teardown raises it again."""
    if proxy:
        monkeypatch.setenv("https_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(UnexpectedCallError) as at_the_end, EcsEvents(), pytest.raises(UnexpectedCallError) as error:
        client(f"https://{BUCKET}/state.json")
    for said in (str(error.value), str(at_the_end.value)):
        assert f"{BUCKET} was about to be reached" in said
        assert "object storage (OSS)" in said
        assert f'ecs_events.allow_host("{BUCKET}")' in said
        assert "respx" in said


@pytest.mark.parametrize("client", [*ANSWERED, *BELOW])
def test_where_that_is_relaxed_a_bucket_is_not_found(ecs, client):
    """Each library has its own error."""
    ecs.strict -= {"calls"}
    with pytest.raises(Exception, match=r"(?i)name or service not known|failed to resolve|cannot connect") as error:
        client(f"https://{BUCKET}/state.json")
    assert not isinstance(error.value, UnexpectedCallError)


def test_a_queue_is_refused_with_the_way_to_the_fake_one(ecs):
    """Its SDK needs another address."""
    with pytest.raises(UnexpectedCallError, match=r"Simple Message Queue.*ecs_events\.queue"):
        by_http_client("http://1234.mns.cn-hangzhou.aliyuncs.com/queues/jobs/messages")
    ecs.strict = False


@pytest.mark.parametrize(
    "library", [pytest.param("httpcore", marks=needs_httpx), pytest.param("httpcore2", marks=needs_httpx2)]
)
def test_httpcore_asynchronous_is_stopped_too(ecs, library):
    """The pool itself is used."""
    httpcore = importlib.import_module(library)

    async def ask():
        async with httpcore.AsyncConnectionPool() as pool:
            await pool.request("GET", f"https://{BUCKET}/")

    ecs.strict -= {"calls"}
    with pytest.raises(httpcore.ConnectError):
        asyncio.run(ask())


class TestAllowHost:
    @pytest.mark.parametrize("client", [*ANSWERED, *BELOW])
    @pytest.mark.parametrize("host", [BUCKET, "dashscope.aliyuncs.com"])
    def test_an_allowed_host_is_resolved_for_real(self, ecs, looked_up, client, host):
        """One host is no API, another is an API of a product that is not faked; all others stay unreachable."""
        ecs.allow_host(host.upper())
        with contextlib.suppress(Exception):  # each library has its own error for a name that is not found
            client(f"https://{host}/")
        assert {name if isinstance(name, str) else name.decode() for name in looked_up} == {host}
        assert ecs.calls == []
        with pytest.raises(UnexpectedCallError):
            asyncio.run(_look_up("oss.aliyuncs.com"))
        ecs.strict = False

    @pytest.mark.parametrize(
        "host", ["", "example.com", "https://mirrors.aliyuncs.com", "mirrors.aliyuncs.com:443", "aliyuncs.com", 5, None]
    )
    def test_what_is_no_name_of_such_a_host_is_an_error(self, ecs, host):
        """The message has the value and what is expected."""
        with pytest.raises(BadArgumentError, match=r"mirrors\.aliyuncs\.com") as error:
            ecs.allow_host(host)
        assert f"got {host!r}" in str(error.value)

    @pytest.mark.parametrize(
        "host", [API, "metrics.aliyuncs.com", "cms.aliyuncs.com", "location-readonly.aliyuncs.com"]
    )
    def test_what_the_fake_cloud_answers_is_an_error(self, ecs, host):
        """A test would change real instances."""
        with pytest.raises(BadArgumentError, match=r"stub"):
            ecs.allow_host(host)

    def test_it_holds_in_clouds_around_it_too(self, ecs, looked_up):
        """The test is within a module's cloud."""
        with EcsEvents() as inner, pytest.raises(socket.gaierror):
            inner.allow_host(BUCKET)
            socket.create_connection((BUCKET, 443))
        assert looked_up == [BUCKET]
        assert ecs.calls == []

    def test_it_ends_with_the_test(self):
        """The next cloud allows no host."""
        with EcsEvents() as first:
            first.allow_host(BUCKET)
        with EcsEvents(strict=False), pytest.raises(socket.gaierror, match="Name or service"):
            socket.gethostbyname(BUCKET)


class TestMocksOfTheUsers:
    """They answer for hosts that are no API; the fake cloud still answers APIs."""

    @pytest.mark.usefixtures("ecs")
    def test_responses(self):
        with responses.RequestsMock() as mock:
            mock.get(f"https://{BUCKET}/", body="mine")
            assert by_requests(f"https://{BUCKET}/") == b"mine"
            assert json.loads(by_requests(f"https://{API}{PATH}"))["TotalCount"] == 1

    @pytest.mark.parametrize("client", [by_httpx, by_httpx_async])
    @pytest.mark.parametrize("is_first", [True, False])
    def test_respx(self, client, is_first):
        respx = pytest.importorskip("respx")
        with contextlib.ExitStack() as stack:
            if not is_first:
                stack.enter_context(EcsEvents()).instances.add("i-web1")
            mock = stack.enter_context(respx.mock())
            if is_first:
                stack.enter_context(EcsEvents()).instances.add("i-web1")
            mock.get(f"https://{BUCKET}/").respond(text="mine")
            assert client(f"https://{BUCKET}/") == b"mine"
            assert json.loads(client(f"https://{API}{PATH}"))["TotalCount"] == 1

    @pytest.mark.usefixtures("ecs")
    def test_requests_mock(self):
        with pytest.importorskip("requests_mock").Mocker(real_http=True) as mock:
            mock.get(f"https://{BUCKET}/", text="mine")
            assert by_requests(f"https://{BUCKET}/") == b"mine"
            assert json.loads(by_requests(f"https://{API}{PATH}"))["TotalCount"] == 1

    @pytest.mark.usefixtures("ecs")
    def test_aioresponses(self):
        mocking = pytest.importorskip("aioresponses")
        with mocking.aioresponses(passthrough=[f"https://{API}"]) as mock:
            mock.get(f"https://{BUCKET}/", exception=ConnectionError("mine"))
            with pytest.raises(ConnectionError, match="mine"):
                by_aiohttp(f"https://{BUCKET}/")
            assert json.loads(by_aiohttp(f"https://{API}{PATH}"))["TotalCount"] == 1


class TestASessionThatKeepsItsAdapter:
    """requests-mock left the original `get_adapter` on the sessions that it mocked."""

    @pytest.fixture
    def session(self):
        with requests.Session() as session:
            with EcsEvents():
                session.get_adapter = session.get_adapter
            yield session

    @pytest.mark.usefixtures("ecs")
    def test_the_cloud_of_the_next_test_answers(self, session, looked_up):
        assert session.get(f"http://{API}{PATH}", timeout=3).json()["TotalCount"] == 1
        assert looked_up == []

    def test_no_cloud_answers_where_there_is_none(self, session, looked_up):
        with pytest.raises(requests.ConnectionError):
            session.get(f"http://{API}{PATH}", timeout=3)
        assert looked_up == [API]


# -- nothing stays patched


def _patched():
    from asyncio import BaseEventLoop

    owners = [
        socket,
        socket.socket,
        BaseEventLoop,
        http.client.HTTPConnection,
        http.client.HTTPSConnection,
        urllib.request,
    ]
    owners += [urllib3.connection.HTTPConnection, urllib3.connection.HTTPSConnection, requests.Session]
    owners += [vendored.connection.HTTPConnection, vendored.connection.HTTPSConnection]
    for module, *names in (
        ("aiohttp", "ClientSession", "BaseConnector"),
        ("httpx", "HTTPTransport", "AsyncHTTPTransport"),
        ("httpcore", "ConnectionPool", "AsyncConnectionPool"),
        ("httpx2", "HTTPTransport", "AsyncHTTPTransport"),
        ("httpcore2", "ConnectionPool", "AsyncConnectionPool"),
    ):
        if module in sys.modules:
            owners += [getattr(sys.modules[module], name) for name in names]
    return [dict(vars(owner)) for owner in owners], list(sys.meta_path)


def test_all_is_put_back():
    """The same names have the same values afterwards."""
    before = _patched()
    with EcsEvents():
        assert _patched() != before
    assert _patched() == before


@needs_httpx
@needs_aiohttp
def test_libraries_are_loaded_by_the_program_alone():
    """A library imported during a test is patched, and restored; the plugin itself imports none."""
    source = f"""
        import sys
        from pytest_ecsevents import EcsEvents

        with EcsEvents():
            pass
        assert not {{"httpx", "httpcore", "aiohttp"}} & set(sys.modules)
        finders = list(sys.meta_path)
        with EcsEvents():
            import asyncio, aiohttp, httpx
            asked = httpx.get("http://{API}{PATH}")
            assert asked.json()["TotalCount"] == 0
            patched = httpx.HTTPTransport.handle_request, aiohttp.ClientSession._request

            async def ask():
                async with aiohttp.ClientSession() as session:
                    reply = await session.get("https://{API}{PATH}")
                    reply.raise_for_status()
                    reply.close()
                    assert (await reply.json())["TotalCount"] == 0

            asyncio.run(ask())
        assert httpx.HTTPTransport.handle_request is not patched[0]
        assert aiohttp.ClientSession._request is not patched[1]
        assert aiohttp.ClientSession._request.__module__ == "aiohttp.client"
        assert sys.meta_path == finders
        """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
