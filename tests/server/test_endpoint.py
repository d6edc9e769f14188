"""`ecs_events.endpoint`: the same cloud over HTTP, for clients that cannot be intercepted."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
import time

import pytest
from aliyunsdkcore.acs_exception.exceptions import ClientException, ServerException
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.DescribeInstanceHistoryEventsRequest import DescribeInstanceHistoryEventsRequest
from aliyunsdkecs.request.v20140526.RebootInstanceRequest import RebootInstanceRequest

from pytest_ecsevents import ApiError, EcsEvents, EcsEventsError, StrictnessError
from pytest_ecsevents.clock import _stand_ins
from pytest_ecsevents.rpc._wire import ApiReply
from pytest_ecsevents.server import _server
from pytest_ecsevents.server._serving import ServedService

try:
    from alibabacloud_ecs20140526 import models
    from alibabacloud_ecs20140526.client import Client
    from alibabacloud_tea_openapi.models import Config
except ModuleNotFoundError:
    models = None

NOT_FAKED = "The handler called DescribeZones() of Ecs, which cannot be answered: Ecs has no such action here. "

POLLER = """
import json, sys, urllib.request

def call(action, **params):
    query = "&".join(f"{name}={value}" for name, value in params.items())
    url = f"http://{sys.argv[1]}/?Action={action}&Version=2014-05-26&Format=JSON&AccessKeyId=ak&{query}"
    return json.load(urllib.request.urlopen(url))

reply = call("DescribeInstanceHistoryEvents", **{"RegionId": "cn-hangzhou", "InstanceEventCycleStatus.1": "Scheduled"})
for event in reply["InstanceSystemEventSet"]["InstanceSystemEventType"]:
    call("RebootInstance", InstanceId=event["InstanceId"])
"""


def legacy(endpoint, **options):
    """A client of the legacy SDK that calls the server."""
    client = AcsClient("ak", "secret", "cn-hangzhou", **options)
    client.add_endpoint("cn-hangzhou", "Ecs", endpoint)
    return client


def reboot(client, instance_id="i-web1"):
    """Reboot an instance with the legacy SDK."""
    request = RebootInstanceRequest()
    request.set_InstanceId(instance_id)
    client.do_action_with_exception(request)


def servers():
    """Return the names of the threads that serve."""
    return [thread.name for thread in threading.enumerate() if thread.name == "server"]


# -- its clients


def test_another_process_handles_an_event(ecs):
    """A separate program, without any plugin, polls and reboots."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")

    subprocess.run([sys.executable, "-c", POLLER, ecs.endpoint], check=True)

    assert event.status == "Avoided"
    assert [(call.action, call.transport, call.at) for call in ecs.calls] == [
        ("DescribeInstanceHistoryEvents", "server", ecs.now),
        ("RebootInstance", "server", ecs.now),
    ]


def test_its_calls_are_in_the_timeline(ecs):
    """A call over HTTP is shown like any other."""
    reboot(legacy(ecs.endpoint))
    assert " +00:00:00  call      RebootInstance(InstanceId=i-web1) -> 200" in ecs.timeline().splitlines()


def test_the_legacy_sdk_reads_its_replies_and_errors(ecs):
    """The endpoint has the format that the SDK accepts."""
    client = legacy(ecs.endpoint)
    reply = json.loads(client.do_action_with_exception(DescribeInstanceHistoryEventsRequest()))
    with pytest.raises(ServerException) as refused:
        reboot(client, "i-none")
    assert reply["TotalCount"] == 0
    assert (refused.value.get_http_status(), refused.value.get_error_code()) == (404, "InvalidInstanceId.NotFound")


@pytest.mark.skipif(models is None, reason="alibabacloud-ecs20140526 is not installed")
def test_the_newer_sdk_calls_it_both_ways(ecs):
    """It does so synchronously and asynchronously, with its own signatures."""
    config = Config(
        access_key_id="ak", access_key_secret="secret", region_id="cn-hangzhou", endpoint=ecs.endpoint, protocol="http"
    )
    request = models.DescribeInstancesRequest(region_id="cn-hangzhou")
    synchronous = Client(config).describe_instances(request)
    asynchronous = asyncio.run(Client(config).describe_instances_async(request))
    assert [reply.body.total_count for reply in (synchronous, asynchronous)] == [1, 1]
    assert {call.transport for call in ecs.calls} == {"server"}


def test_parameters_come_in_a_form_too(ecs, request_at):
    """A POST can have them in its body."""
    form = "Action=RebootInstance&Version=2014-05-26&InstanceId=i-web1&AccessKeyId=ak&Format=JSON"
    status, headers, _ = request_at(ecs.endpoint, "POST", "/", form, Content_Type="application/x-www-form-urlencoded")
    assert (status, headers["Content-Type"]) == (200, "application/json;charset=utf-8")
    ecs.assert_called("RebootInstance", times=1, InstanceId="i-web1")


def test_the_host_selects_the_product(ecs, request_at):
    """A client that sends a host of Alibaba Cloud, through a hosts file or a proxy, calls that product."""
    ecs.stub("Slb", "DescribeLoadBalancers", {"TotalCount": 0})
    path = "/?Action=DescribeLoadBalancers&Version=2014-05-15&AccessKeyId=ak&Format=JSON"
    status, _, body = request_at(ecs.endpoint, "GET", path, Host="slb.aliyuncs.com")
    assert (status, json.loads(body)["TotalCount"]) == (200, 0)


def test_the_version_selects_the_product_too(ecs, request_at):
    """One endpoint serves all products: the version of CloudMonitor's API differs from that of ECS."""
    ecs.stub("metrics", "PutCustomEvent", {"Code": "200"})
    path = "/?Action=PutCustomEvent&Version=2019-01-01&AccessKeyId=ak&Format=JSON"
    status, _, body = request_at(ecs.endpoint, "GET", path)
    assert (status, json.loads(body)["Code"]) == (200, "200")


def test_other_accounts_keys_are_known_there_too(ecs, ecs_call):
    """The access key selects the account."""
    ecs.access_keys["ak-2"] = "2222"
    status, body = ecs_call(ecs.endpoint, "RebootInstance", AccessKeyId="ak-2", InstanceId="i-web1")
    assert (status, body["Code"]) == (404, "InvalidInstanceId.NotFound")


def test_threads_call_it_at_once(ecs):
    """Each gets its own response."""
    for number in range(8):
        ecs.instances.add(f"i-{number}")
    endpoint = ecs.endpoint
    threads = [threading.Thread(target=lambda n=n: reboot(legacy(endpoint), f"i-{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(call.params["InstanceId"] for call in ecs.calls_to("RebootInstance")) == [f"i-{n}" for n in range(8)]


# -- time


def test_virtual_time_stands_while_another_process_runs(ecs):
    """However long the process takes in real time, nothing becomes due in the meantime."""
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+1s")
    code = f"import time, urllib.request; time.sleep(0.1); {_OPEN.format(ecs.endpoint)}"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert event.status == "Scheduled"
    assert ecs.now.isoformat() == "2030-01-01T00:00:00+00:00"


_OPEN = "urllib.request.urlopen('http://{}/?Action=DescribeRegions&Version=2014-05-26&AccessKeyId=ak').read()"


def test_a_delayed_call_takes_virtual_time_there_too(ecs):
    """The caller waits in real time, and virtual time passes."""
    ecs.delay("RebootInstance", "20s")
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+10s")
    reboot(legacy(ecs.endpoint))
    assert event.status == "Executed"
    assert (ecs.now.second, str(ecs.calls[0].took)) == (20, "0:00:20")


def test_a_handler_under_run_may_call_it(ecs):
    """It sleeps between its calls, and the clock moves."""
    client = legacy(ecs.endpoint)

    def poll():
        while True:
            client.do_action_with_exception(DescribeInstanceHistoryEventsRequest())
            time.sleep(60)

    ecs.run(poll, until="1h")
    ecs.assert_called("DescribeInstanceHistoryEvents", times=61)


def test_a_request_that_a_stopped_handler_left_is_answered_before_the_test_goes_on(ecs, monkeypatch):
    """The request was sent when the handler was stopped, so it acts at that instant."""
    assert ecs.endpoint
    server = ecs._parts.serving._running
    answer = server.answer

    def answer_late(request):
        _stand_ins.real_sleep(0.1)
        return answer(request)

    monkeypatch.setattr(server, "answer", answer_late)

    def poll():
        while True:
            legacy(ecs.endpoint).do_action_with_exception(DescribeInstanceHistoryEventsRequest())
            time.sleep(60)

    ecs.run(poll, until="1m")
    ecs.assert_called("DescribeInstanceHistoryEvents", times=2)


@pytest.mark.parametrize("options", [{"sleep": "real"}, {"backend": "time-machine"}], ids=str)
def test_it_serves_under_other_clocks_too(options, ecs_call):
    """It serves under each back end, and with real sleep too."""
    with EcsEvents(**options) as ecs:
        status, _ = ecs_call(ecs.endpoint, "DescribeInstances")
        assert (status, ecs.now.isoformat()) == (200, "2030-01-01T00:00:00+00:00")


# -- faults


def test_a_fault_of_the_services_comes_through(ecs, ecs_call):
    """It does so as over every transport."""
    ecs.fail("RebootInstance", "Throttling.User")
    status, body = ecs_call(ecs.endpoint, "RebootInstance", InstanceId="i-web1")
    assert (status, body["Code"]) == (400, "Throttling.User")


def test_a_status_that_http_does_not_know_comes_through_too(ecs, request_at):
    """It has a reason phrase of the plugin."""
    ecs.fail("DescribeRegions", "Odd", message="Odd.", http_status=599)
    assert request_at(ecs.endpoint, "GET", f"/?{_REGIONS}")[0] == 599


def test_a_read_timeout_is_an_answer_that_never_comes(ecs):
    """The client's own timeout passes, in virtual time if the client runs in a thread of the test."""
    ecs.fail("RebootInstance", "read timeout", acted=True)
    event = ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    with pytest.raises(ClientException) as lost:
        reboot(legacy(ecs.endpoint, timeout=30, auto_retry=False))
    assert lost.value.get_error_code() == "SDK.HttpError"
    assert "Read timed out" in str(lost.value)
    assert (event.status, ecs.now.second) == ("Avoided", 30)


def test_another_process_meets_a_read_timeout_for_real(ecs):
    """Its timeout is its own."""
    ecs.fail("DescribeRegions", "read timeout")
    code = f"import urllib.request; urllib.request.urlopen(f'http://{ecs.endpoint}/?{_REGIONS}', timeout=0.1)"
    ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert ended.stderr.splitlines()[-1] == "TimeoutError: timed out"
    assert ecs.calls[0].failure == "read timeout"


_REGIONS = "Action=DescribeRegions&Version=2014-05-26&AccessKeyId=ak"


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("connection closed", "RemoteDisconnected"),
        ("connection refused", "RemoteDisconnected"),
        ("connection reset", "ConnectionResetError"),
    ],
)
def test_a_lost_connection_is_lost(ecs, request_at, fault, error):
    """It is reset, or ends without a response; a connected client cannot be refused."""
    ecs.fail("DescribeRegions", fault)
    with pytest.raises(OSError, match=r".") as lost:
        request_at(ecs.endpoint, "GET", f"/?{_REGIONS}")
    assert type(lost.value).__name__ == error


def test_a_connect_timeout_holds_the_connection(ecs):
    """A connected client does not wait for the connection, so its read timeout passes."""
    ecs.fail("RebootInstance", "connect timeout")
    with pytest.raises(ClientException):
        reboot(legacy(ecs.endpoint, timeout=30, auto_retry=False))
    assert ecs.now.second == 30


def test_a_broken_answer_is_broken(ecs, request_at):
    """It gets half the body, with the full length announced."""
    ecs.fail("DescribeRegions", "truncated body")
    with pytest.raises(Exception, match="IncompleteRead"):
        request_at(ecs.endpoint, "GET", f"/?{_REGIONS}")


def test_a_call_that_is_not_faked_is_refused_and_fails_the_test(ecs_call):
    """The other process gets the service's message, the test the plugin's."""
    with pytest.raises(EcsEventsError) as error, EcsEvents() as ecs:
        status, body = ecs_call(ecs.endpoint, "DescribeZones")
    assert (status, body["Code"]) == (404, "InvalidAction.NotFound")
    assert str(error.value).startswith(NOT_FAKED)


def test_an_error_of_a_stub_fails_the_test(ecs_call):
    """An error of the test's own function cannot be raised in another process."""

    def wrong(_call):
        raise ZeroDivisionError("division by zero")

    with pytest.raises(StrictnessError) as error, EcsEvents() as ecs:
        ecs.stub("Ecs", "DescribeZones", wrong)
        status, body = ecs_call(ecs.endpoint, "DescribeZones")
        ecs_call(ecs.endpoint, "DescribeZones")
        raise StrictnessError(str(ecs._recorder.complaint()))
    assert (status, body["Code"]) == (500, "InternalError")
    assert str(error.value) == (
        "A call that came over HTTP ended in ZeroDivisionError, and was answered with 500 InternalError: division by zero"
    )


def test_a_stub_may_refuse(ecs, ecs_call):
    """An `ApiError` is a response."""

    def refuse(_call):
        raise ApiError("Forbidden.RAM", 403, "No.")

    ecs.stub("Ecs", "DescribeZones", refuse)
    status, body = ecs_call(ecs.endpoint, "DescribeZones")
    assert (status, body["Code"], body["Message"]) == (403, "Forbidden.RAM", "No.")


# -- requests that are no calls


def test_a_call_without_a_key_is_refused(ecs, request_at):
    """The response has the service's format, and no action runs."""
    status, headers, body = request_at(ecs.endpoint, "GET", "/?Action=DescribeRegions&Version=2014-05-26&Format=JSON")
    assert (status, json.loads(body)["Code"]) == (400, "MissingParameter")
    assert json.loads(body)["Message"] == (
        'The input parameter "AccessKeyId" that is mandatory for processing this request is not supplied.'
    )
    assert headers["Content-Type"] == "application/json;charset=utf-8"
    assert ecs.calls == []


def test_an_answer_to_head_has_no_body(ecs, request_at):
    """The method is refused, and the header has the length of the message."""
    status, headers, body = request_at(ecs.endpoint, "HEAD", f"/?{_REGIONS}")
    assert (status, body) == (400, b"")
    assert int(headers["Content-Length"]) > 0


MALFORMED = {
    "no HTTP": (b"\x00\xff\xfe\r\n\r\n", 400, "BadRequest"),
    "a length that is none": (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400, "BadRequest"),
    "a negative length": (b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", 400, "BadRequest"),
    "a header without a colon": (b"GET / HTTP/1.1\r\nx\r\n\r\n", 400, "BadRequest"),
    "half a host": (b"GET http://[::1 HTTP/1.1\r\n\r\n", 400, "BadRequest"),
    "too large a head": (b"GET /?" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 431, "RequestHeaderTooLarge"),
    "too large a body": (b"POST / HTTP/1.1\r\nContent-Length: 3000000\r\n\r\n", 413, "RequestEntityTooLarge"),
    "an unknown encoding": (b"POST / HTTP/1.1\r\nTransfer-Encoding: br\r\n\r\n", 501, "NotImplemented"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_refused_and_the_server_goes_on(ecs, raw, ecs_call, name):
    """The response has the service's format; the next request is answered."""
    data, status, code = MALFORMED[name]
    assert raw(ecs.endpoint, data) == (status, "Error", code)
    assert ecs_call(ecs.endpoint, "DescribeRegions")[0] == 200


def test_a_silent_client_blocks_no_other_client(ecs, ecs_call):
    """The client sends half a request, then nothing."""
    host, port = ecs.endpoint.split(":")
    with socket.create_connection((host, int(port))) as silent:
        silent.sendall(b"GET /?Action=")
        assert ecs_call(ecs.endpoint, "DescribeRegions")[0] == 200


# -- its lifetime


def test_it_starts_at_the_first_use_and_is_gone_when_the_test_has_ended():
    """Afterwards there is no thread, no port and no patch."""
    reading = socket.SocketIO.readinto
    with EcsEvents() as ecs:
        assert servers() == []
        host, port = ecs.endpoint.split(":")
        assert ecs.endpoint == f"{host}:{port}"
        reboot_refused = legacy(ecs.endpoint)
        with pytest.raises(ServerException):
            reboot(reboot_refused)
        assert len(servers()) == 2
    assert host == "127.0.0.1"
    assert servers() == []
    assert socket.SocketIO.readinto is reading
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_a_client_that_still_waits_when_it_ends_gets_no_answer(ecs_call):
    """An open request does not keep the test from ending."""
    met = []

    def call(endpoint):
        try:
            ecs_call(endpoint, "DescribeRegions")
        except OSError as error:
            met.append(type(error).__name__)

    with EcsEvents(strict=False) as ecs:
        ecs.fail("DescribeRegions", "read timeout")
        endpoint = ecs.endpoint
        caller = threading.Thread(target=call, args=(endpoint,), daemon=True)
        caller.start()
        while not ecs.calls:
            time.sleep(0)
    caller.join()
    assert servers() == []


def test_a_call_that_takes_its_time_does_not_keep_the_test_from_ending(ecs_call):
    """Its virtual hour never passes, and its caller gets no response."""
    met = []

    def call(endpoint):
        with pytest.raises(ConnectionError) as error:
            ecs_call(endpoint, "DescribeRegions")
        met.append(type(error.value).__name__)

    with EcsEvents(strict=False) as ecs:
        ecs.delay("DescribeRegions", "1h")
        endpoint = ecs.endpoint
        caller = threading.Thread(target=call, args=(endpoint,), daemon=True)
        with ecs._clock.aside():
            caller.start()
            while not ecs.calls:
                time.sleep(0)
    caller.join()
    assert met == ["RemoteDisconnected"]
    assert servers() == []


def test_an_answer_that_never_comes_is_an_error(monkeypatch):
    """A stub that hangs is the test's own, so teardown raises an error."""
    monkeypatch.setattr(_server, "END_WITHIN", 0.05)
    release = threading.Lock()
    release.acquire()

    def hang(_call):
        release.acquire()
        return {}

    with pytest.raises(EcsEventsError) as error, EcsEvents() as ecs:
        ecs.stub("Ecs", "DescribeZones", hang)
        host, port = ecs.endpoint.split(":")
        connection = socket.create_connection((host, int(port)))
        connection.sendall(f"GET /?{_REGIONS.replace('Regions', 'Zones')} HTTP/1.1\r\n\r\n".encode())
        while not ecs.calls:
            pass
    release.release()
    connection.close()
    assert "1 of its HTTP requests is still being answered" in str(error.value)
    while servers():
        time.sleep(0.001)


def test_the_endpoint_is_there_only_inside_the_with_block():
    """Outside the block there is no cloud to answer."""
    ecs = EcsEvents()
    with pytest.raises(EcsEventsError, match="EcsEvents works only inside its with block"):
        ecs.endpoint  # noqa: B018  # asking starts it


@pytest.mark.parametrize("ending", ["assert 0", "raise KeyboardInterrupt"])
def test_it_is_gone_after_a_test_that_fails_or_is_interrupted(pytester, ending):
    """This is so for every end of a test."""
    pytester.makepyfile(
        f"""
        from pathlib import Path

        def test_it(ecs_events):
            Path("asked").write_text(ecs_events.endpoint)
            {ending}
        """
    )
    pytester.inline_run(no_reraise_ctrlc=True)
    assert (pytester.path / "asked").read_text().startswith("127.0.0.1:")
    assert servers() == []


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ("ecs_events.endpoint", "ecs_events.endpoint"),
        ('ecs_events.queue("q")', "ecs_events.queue"),
        ('ecs_events.topic("t")', "ecs_events.topic"),
    ],
)
def test_without_the_extra_a_sentence_says_what_to_install(pytester, monkeypatch, asked, what):
    """The message appears at the first use, not before."""
    monkeypatch.setitem(sys.modules, "werkzeug", None)
    pytester.makepyfile(
        f"""
        import pytest

        def test_it(ecs_events):
            {asked}
        """
    )
    result = pytester.runpytest_inprocess()
    result.stdout.fnmatch_lines(
        [
            f"E*{what} needs a server on loopback, but werkzeug is not installed. "
            "Run: pip install 'pytest-ecsevents[[]server]'"
        ]
    )


# -- other services on the same port


def test_services_are_mounted_by_path_host_and_header(ecs, request_at):
    """The first service that accepts a request answers; ECS answers the rest."""

    def saying(word):
        return lambda _request: ApiReply(200, word)

    ecs._parts.serving.add(ServedService(saying(b"guest"), prefix="/latest"))
    ecs._parts.serving.add(ServedService(saying(b"monitor"), host="metrics."))
    ecs._parts.serving.add(ServedService(saying(b"other"), header="x-other"))
    asked = [
        {"path": "/latest/meta-data/"},
        {"path": "/latest"},
        {"path": "/", "Host": "Metrics.cn-hangzhou.aliyuncs.com"},
        {"path": "/", "X-Other": "1"},
    ]
    assert [request_at(ecs.endpoint, "GET", **one)[2] for one in asked] == [b"guest", b"guest", b"monitor", b"other"]
    assert request_at(ecs.endpoint, "GET", "/latestnews")[0] == 400


def test_an_error_in_a_service_is_answered(ecs, request_at, ecs_call):
    """The response has the format of ECS; the next request is answered, and the test gets the error."""

    def broken(_request):
        raise ZeroDivisionError

    ecs._parts.serving.add(ServedService(broken, prefix="/broken"))
    status, _, body = request_at(ecs.endpoint, "GET", "/broken")
    assert (status, b"<Code>InternalError</Code>" in body) == (500, True)
    assert "ended in ZeroDivisionError" in str(ecs._recorder.complaint())
    ecs.strict -= {"calls"}
    assert ecs_call(ecs.endpoint, "DescribeRegions")[0] == 200
