"""The legacy SDK's transport: what is answered, and what is not intercepted."""

import gc
import http.server
import json
import subprocess
import sys
import textwrap
import threading

import pytest
import requests
import responses
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest
from aliyunsdkcore.vendored.requests import Session
from aliyunsdkcore.vendored.requests.adapters import HTTPAdapter

from pytest_ecsevents import EcsEvents, EcsEventsError

TARGET = "aliyunsdkcore.vendored.requests.adapters.HTTPAdapter.send"


@pytest.fixture
def loopback():
    """A web server of another program, on this machine."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"somebody else")

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def request(method="POST", action="DescribeInstances", **query):
    """A request of the SDK with parameters in the query."""
    made = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name=action)
    made.set_method(method)
    for name, value in query.items():
        made.add_query_param(name, value)
    return made


def send(made, region="cn-hangzhou"):
    """Return the decoded reply to a request."""
    return json.loads(AcsClient("ak", "secret", region).do_action_with_exception(made))


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_get_and_post_are_answered(ecs, method):
    """Both methods reach the same cloud."""
    assert send(request(method))["TotalCount"] == 1


def test_parameters_in_a_form_body_are_read(ecs):
    """A POST can have its parameters in a form body instead of the query."""
    made = request(action="RebootInstance")
    made.add_body_params("InstanceId", "i-web1")
    assert set(send(made)) == {"RequestId"}
    ecs.assert_called("RebootInstance", InstanceId="i-web1")


def test_https_is_answered_too(ecs):
    """The scheme does not matter."""
    made = request()
    made.set_protocol_type("https")
    assert send(made)["TotalCount"] == 1


@pytest.mark.parametrize("region", ["cn-hangzhou", "cn-beijing", "us-west-1"])
def test_every_endpoint_the_sdk_resolves_is_answered(ecs, region):
    """Without a domain the SDK knows the region's endpoint itself, without a request."""
    made = CommonRequest(version="2014-05-26", action_name="DescribeInstances", product="Ecs")
    assert send(made, region)["TotalCount"] == (1 if region == "cn-hangzhou" else 0)


@pytest.mark.parametrize(
    "host",
    ["aliyuncs.com.evil.example", "notaliyuncs.com", "example.com/ecs.aliyuncs.com", "example.com/?x=aliyuncs.com"],
)
def test_hosts_with_similar_names_are_not_intercepted(host, monkeypatch):
    """Only hosts under aliyuncs.com are answered; others are sent as without the plugin."""

    def refuse(adapter, request, **options):
        raise ConnectionError(f"left alone: {request.url}")

    monkeypatch.setattr(HTTPAdapter, "send", refuse)
    with EcsEvents() as ecs_events, pytest.raises(ConnectionError, match="left alone: http://"):
        Session().get(f"http://{host}")
    assert ecs_events.calls == []


def test_other_hosts_are_reached_through_the_sdks_own_requests(ecs, loopback):
    """A call of the SDK's vendored requests to another host reaches it."""
    assert Session().get(loopback).text == "somebody else"
    assert requests.get(loopback, timeout=5).text == "somebody else"
    assert ecs.calls == []


@responses.activate
def test_the_users_own_responses_keep_working(ecs):
    """Beside @responses.activate each answers its own: the mock the user's hosts, the cloud Alibaba's."""
    responses.get("https://hooks.example.com/", body="sent")
    assert requests.get("https://hooks.example.com/", timeout=5).text == "sent"
    assert send(request())["TotalCount"] == 1


def test_a_mock_of_the_users_around_the_cloud_keeps_working():
    """A mock of the SDK's transport from before still answers hosts that are not Alibaba's."""
    with responses.RequestsMock(target=TARGET) as mock:
        mock.get("http://hooks.example.com/", body="sent")
        with EcsEvents() as ecs_events:
            ecs_events.instances.add("i-web1")
            assert send(request())["TotalCount"] == 1
            assert Session().get("http://hooks.example.com/").text == "sent"


def test_a_mock_of_the_users_inside_the_cloud_keeps_working(ecs):
    """A mock of the SDK's transport inside the test has priority, and restores the transport."""
    with responses.RequestsMock(target=TARGET) as mock:
        mock.post("http://ecs.aliyuncs.com/", json={"mine": True})
        assert send(request()) == {"mine": True}
    assert send(request())["TotalCount"] == 1


def test_the_mocks_memory_does_not_grow_with_the_calls(ecs):
    """A long-running poller does not fill the memory of the intercepting library."""

    def kept():
        gc.collect()
        return sum(isinstance(thing, responses.Call) for thing in gc.get_objects())

    before = kept()
    for _ in range(50):
        send(request())
    assert kept() - before < 10
    assert len(ecs.calls) == 50


def test_no_network_is_reached(ecs, monkeypatch):
    """Without any socket every call is answered, whatever key signs it."""

    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    monkeypatch.setenv("ALIBABA_CLOUD_CREDENTIALS_FILE", "/nowhere")
    assert send(request())["TotalCount"] == 1
    made = CommonRequest(version="2014-05-26", action_name="DescribeInstances", product="Ecs")
    assert json.loads(AcsClient("any", "key", "cn-beijing").do_action_with_exception(made))["TotalCount"] == 0


def test_undecodable_bytes_are_no_traceback(ecs):
    """Invalid UTF-8 in query and body is decoded leniently and answered in the provider's format."""
    reply = Session().post(
        "http://ecs.aliyuncs.com/?Action=RebootInstance&Version=2014-05-26&Format=JSON&InstanceId=%ff%fe",
        data=b"RegionId=\xff\xfe&=x&&",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert reply.status_code == 404
    assert reply.json()["Code"] == "InvalidRegionId.NotFound"


def test_a_body_that_is_no_form_is_not_read(ecs):
    """A JSON body has no parameters."""
    reply = Session().post(
        "http://ecs.aliyuncs.com/?Action=DescribeInstances&Version=2014-05-26&Format=JSON&RegionId=cn-hangzhou",
        data='{"Status": "Stopped"}',
        headers={"Content-Type": "application/json"},
    )
    assert reply.json()["TotalCount"] == 1


def test_without_the_sdk_nothing_is_intercepted(monkeypatch):
    """If the SDK is not found, its transport does not change."""
    monkeypatch.delitem(sys.modules, "aliyunsdkcore.vendored.requests.adapters")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    send = HTTPAdapter.send
    with EcsEvents():
        assert HTTPAdapter.send is send


def test_a_core_too_old_to_be_intercepted_is_refused_in_a_sentence(monkeypatch):
    """If the SDK has no vendored requests, the message says what to install."""
    monkeypatch.setitem(sys.modules, "aliyunsdkcore.vendored.requests.adapters", None)
    with pytest.raises(EcsEventsError) as error:
        EcsEvents().__enter__()
    assert str(error.value) == (
        "The installed aliyun-python-sdk-core is too old: its calls cannot be intercepted. Install 2.13.2 or newer. "
        "For aliyun-python-sdk-core-v3, which old versions of aliyun-python-sdk-ecs need, install 2.13.3 or newer."
    )


def test_without_the_sdk_the_cloud_works_for_what_is_left():
    """Without the SDK the fixture still works: nothing is intercepted, nothing fails."""
    source = textwrap.dedent(
        """
        import importlib.util, sys
        find = importlib.util.find_spec
        importlib.util.find_spec = lambda name, *rest: None if name.startswith("aliyunsdk") else find(name, *rest)
        from pytest_ecsevents import EcsEvents, EcsEventsError
        with EcsEvents() as ecs_events:
            ecs_events.instances.add("i-web1")
            ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1h")
            ecs_events.advance("1d")
            assert ecs_events.one().status == "Executed"
        assert "aliyunsdkcore" not in sys.modules
        """
    )
    result = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
