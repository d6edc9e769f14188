"""The newer SDK, alibabacloud-ecs20140526, sync and async, with the same cloud."""

import asyncio
import importlib.util
import io
import sys

import pytest
import requests
import responses

from pytest_ecsevents import BadArgumentError, EcsEvents, UnexpectedCallError

models = pytest.importorskip("alibabacloud_ecs20140526.models")
Client = pytest.importorskip("alibabacloud_ecs20140526.client").Client
sdk_exceptions = pytest.importorskip("alibabacloud_tea_openapi.exceptions")
ClientException = sdk_exceptions.ClientException
Config = pytest.importorskip("alibabacloud_tea_openapi.models").Config
UnretryableException = pytest.importorskip("darabonba.exceptions").UnretryableException
aiohttp = pytest.importorskip("aiohttp")


@pytest.fixture
def ecs():
    """A cloud with a running instance and a scheduled event."""
    with EcsEvents("2018-08-22T10:39:49Z") as ecs_events:
        ecs_events.instances.add("i-web1")
        ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="2018-09-01T00:00:00Z")
        yield ecs_events


def client(key="any", region="cn-hangzhou", **config):
    """A client of the SDK."""
    return Client(Config(access_key_id=key, access_key_secret="key", region_id=region, **config))


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Call a method of the client, sync or async: `send(client(), "reboot_instance", request)`."""

    def sync(who, method, what):
        return getattr(who, method)(what).body

    def asynchronous(who, method, what):
        async def run():
            return (await getattr(who, f"{method}_async")(what)).body

        return asyncio.run(run())

    return {"sync": sync, "async": asynchronous}[request.param]


SCHEDULED = models.DescribeInstanceHistoryEventsRequest(
    region_id="cn-hangzhou",
    instance_event_cycle_status=["Scheduled"],
    not_before=models.DescribeInstanceHistoryEventsRequestNotBefore(start="2018-08-31T00:00:00Z"),
)
REBOOT = models.RebootInstanceRequest(instance_id="i-web1")


@pytest.mark.skipif(
    not hasattr(sdk_exceptions, "ThrottlingException"), reason="this version of the SDK does not read it"
)
@pytest.mark.parametrize("way", ["sync", "async"])
def test_the_sdk_reads_when_to_try_again(ecs, way):
    """The header has milliseconds; the SDK's error has the number."""
    ecs.fail("RebootInstance", "Throttling", retry_after="2s")
    with pytest.raises(sdk_exceptions.ThrottlingException) as error:
        if way == "sync":
            client().reboot_instance(REBOOT)
        else:
            asyncio.run(client().reboot_instance_async(REBOOT))
    assert error.value.retry_after == 2000
    with pytest.raises(BadArgumentError, match="retry_after=, which only the cloud's own errors have"):
        ecs.fail("RebootInstance", "read timeout", retry_after="2s")


def test_a_query_and_a_reboot(ecs, send):
    """Lists and dotted parameters are read, replies fill the SDK's models, and the reboot avoids the event."""
    page = send(client(), "describe_instance_history_events", SCHEDULED)
    assert page.total_count == 1
    (event,) = page.instance_system_event_set.instance_system_event_type
    assert (event.instance_id, event.event_cycle_status.name) == ("i-web1", "Scheduled")
    assert event.not_before == "2018-09-01T00:00:00Z"
    assert send(client(), "reboot_instance", REBOOT).request_id
    assert ecs.one().status == "Avoided"
    assert [seen.transport for seen in ecs.calls] in (["requests"] * 2, ["aiohttp"] * 2)
    ecs.assert_called("DescribeInstanceHistoryEvents", InstanceEventCycleStatus=["Scheduled"])


RUN = models.RunInstancesRequest(
    region_id="cn-hangzhou",
    image_id="m-1",
    instance_type="ecs.g7.large",
    amount=2,
    tag=[models.RunInstancesRequestTag(key="role", value="web")],
    system_disk=models.RunInstancesRequestSystemDisk(size="40"),
    data_disk=[models.RunInstancesRequestDataDisk(size=20, category="cloud_essd")],
    network_interface=[
        models.RunInstancesRequestNetworkInterface(instance_type="Primary", security_group_ids=["sg-1", "sg-2"])
    ],
)


def test_instances_come_up(ecs, send):
    """Nested lists are read, every parameter of the SDK is known, and the reply has the ids."""
    ids = send(client(), "run_instances", RUN).instance_id_sets.instance_id_set
    assert ids == list(ecs.instances)[1:]
    assert [ecs.instances[one].status for one in ids] == ["Running", "Running"]
    assert ecs.instances[ids[0]].attributes["security_group_ids"] == ("sg-1", "sg-2")
    request = models.DescribeTagsRequest(region_id="cn-hangzhou", resource_type="instance")
    (tag,) = send(client(), "describe_tags", request).tags.tag
    assert (tag.tag_key, tag.tag_value, tag.resource_type_count.instance) == ("role", "web", 2)


def test_a_refusal_is_the_sdks_own_exception(ecs, send):
    """It has the provider's code, status and message."""
    with pytest.raises(ClientException) as refused:
        send(client(), "reboot_instance", models.RebootInstanceRequest(instance_id="i-web2"))
    assert (refused.value.code, refused.value.status_code) == ("InvalidInstanceId.NotFound", 404)
    assert "The specified InstanceId does not exist." in refused.value.message
    assert ecs.one().status == "Scheduled"


def test_an_instance_is_found_without_a_region(ecs, send):
    """RebootInstance has no RegionId here, so the id finds an instance of any region."""
    ecs.instances.add("i-2zegswzznxbp168sc5c9")
    send(client(), "reboot_instance", models.RebootInstanceRequest(instance_id="i-2zegswzznxbp168sc5c9"))
    assert ecs.calls[-1].region_id == ""


def test_the_key_in_the_signature_tells_the_account(ecs, send):
    """An access key of another account sees no instance of this one."""
    ecs.access_keys["ak-2"] = "222"
    assert send(client("ak-2"), "describe_instance_history_events", SCHEDULED).total_count == 0
    assert send(client("ak-1"), "describe_instance_history_events", SCHEDULED).total_count == 1


def test_an_unexpected_call_fails_the_test_though_the_sdk_wraps_every_error(send):
    """The SDK wraps the error, with the plugin's message; if a handler swallows that, teardown raises it."""

    def handler():
        with pytest.raises(
            UnretryableException, match=r"The handler called DescribeZones\(.*\) of Ecs, which cannot be answered"
        ):
            send(client(), "describe_zones", models.DescribeZonesRequest(region_id="cn-hangzhou"))

    with pytest.raises(UnexpectedCallError, match="DescribeZones"), EcsEvents() as ecs_events:
        handler()
    assert len(ecs_events.calls) == 1


def test_rpc_style_signatures_are_read_too(ecs):
    """With signature_algorithm="v2", action and key are in the query."""
    who = client(signature_algorithm="v2")
    assert who.describe_instance_history_events(SCHEDULED).body.total_count == 1


@responses.activate
def test_the_users_own_responses_inside_the_test_keep_working(ecs):
    """@responses.activate answers the user's hosts, and the SDK still reaches the cloud."""
    responses.get("https://hooks.example.com/", body="sent")
    assert requests.get("https://hooks.example.com/", timeout=5).text == "sent"
    client().reboot_instance(REBOOT)
    assert ecs.one().status == "Avoided"


def test_the_users_own_responses_around_the_test_keep_working():
    """A mock from before answers its hosts, and does not block the cloud."""
    with responses.RequestsMock() as mock:
        mock.get("https://hooks.example.com/", body="sent")
        with EcsEvents() as ecs_events:
            ecs_events.instances.add("i-web1")
            assert requests.get("https://hooks.example.com/", timeout=5).text == "sent"
            assert client().reboot_instance(REBOOT).body.request_id


def test_a_client_written_by_hand_gets_xml():
    """The reply to a signed GET with plain requests, without Format, is XML."""
    with EcsEvents() as ecs_events:
        ecs_events.instances.add("i-web1")
        query = {"Action": "DescribeInstanceStatus", "Version": "2014-05-26", "RegionId": "cn-hangzhou"}
        reply = requests.get("https://ecs.aliyuncs.com/", params={**query, "AccessKeyId": "ak"}, timeout=5)
        assert reply.headers["Content-Type"] == "text/xml;charset=utf-8"
        assert "<InstanceStatus><InstanceId>i-web1</InstanceId><Status>Running</Status></InstanceStatus>" in reply.text


@pytest.mark.parametrize(
    "body",
    [io.BytesIO, lambda body: iter([body[:5], body[5:].decode()]), lambda body: (bytes([byte]) for byte in body)],
    ids=["file", "iterator", "generator"],
)
def test_requests_bodies_that_are_no_text(ecs, body):
    """A body that is read from a file or generated is a form too."""
    url = "https://ecs.aliyuncs.com/?" + "&".join(f"{name}={value}" for name, value in QUERY.items())
    reply = requests.post(url, data=body(b"InstanceId.1=i-none"), timeout=5)
    assert reply.json()["TotalCount"] == 0


def test_a_reply_of_requests_can_be_read_as_a_stream(ecs):
    """The bytes are equal when read at once, piece by piece, and from urllib3's response."""
    reply = requests.get("https://ecs.aliyuncs.com/", params=QUERY, stream=True, timeout=5)
    assert b"".join(reply.iter_content(7)) == reply.content == reply.raw.read()
    assert reply.json()["TotalCount"] == 1


def test_nothing_stays_patched():
    """Afterwards requests and aiohttp are as before."""
    before = (requests.Session.get_adapter, aiohttp.ClientSession._request)
    with EcsEvents():
        assert (requests.Session.get_adapter, aiohttp.ClientSession._request) != before
    assert (requests.Session.get_adapter, aiohttp.ClientSession._request) == before


def ask(method="GET", url="https://ecs.aliyuncs.com/", **options):
    """Make one call with plain aiohttp; return what the client can read of the reply."""

    async def run():
        async with aiohttp.ClientSession() as session, session.request(method, url, **options) as reply:
            return reply.status, reply.ok, reply.reason, reply.content_type, await reply.text(), await reply.json()

    return asyncio.run(run())


QUERY = {
    "Action": "DescribeInstanceStatus",
    "Version": "2014-05-26",
    "RegionId": "cn-hangzhou",
    "Format": "JSON",
}


@pytest.mark.parametrize(
    "options",
    [
        {"params": QUERY},
        {"data": QUERY},
        {"data": "&".join(f"{name}={value}" for name, value in QUERY.items())},
        {"data": b"&".join(f"{name}={value}".encode() for name, value in QUERY.items())},
    ],
    ids=["query", "form", "text", "bytes"],
)
def test_aiohttp_by_hand_in_every_form(ecs, options):
    """Parameters are read from queries and form bodies in all forms of aiohttp."""
    status, ok, reason, content_type, text, decoded = ask("POST", **options)
    assert (status, ok, reason, content_type) == (200, True, "OK", "application/json")
    assert decoded["TotalCount"] == 1
    assert '"TotalCount":1' in text


def test_aiohttp_streams_and_other_bodies(ecs, tmp_path):
    """A body read from a file is a form too; one that aiohttp builds itself has no parameters."""
    form = tmp_path / "form"
    form.write_text("InstanceId.1=i-none")
    url = "https://ecs.aliyuncs.com/?" + "&".join(f"{name}={value}" for name, value in QUERY.items())
    with form.open("rb") as stream:
        assert ask("POST", url, data=stream)[5]["TotalCount"] == 0
    assert ask("POST", url, data=aiohttp.FormData({"InstanceId.1": "i-none"}))[5]["TotalCount"] == 1


@pytest.mark.parametrize("where", ["call", "session"])
def test_aiohttp_raises_for_status_on_request(ecs, where):
    """raise_for_status on the session or the call raises aiohttp's own error."""

    async def run():
        options = {"raise_for_status": True}
        async with aiohttp.ClientSession(**(options if where == "session" else {})) as session:
            await session.get(
                "https://ecs.aliyuncs.com/",
                params={**QUERY, "RegionId": "moon"},
                **(options if where == "call" else {}),
            )

    with pytest.raises(aiohttp.ClientResponseError) as error:
        asyncio.run(run())
    assert (error.value.status, error.value.message) == (404, "Not Found")


def test_aiohttp_reaches_other_hosts(ecs):
    """A call to another host is sent as without the plugin."""

    async def run():
        async with aiohttp.ClientSession() as session:
            await session.get("http://127.0.0.1:9/")

    with pytest.raises(aiohttp.ClientConnectionError):
        asyncio.run(run())
    assert ecs.calls == []


def test_without_aiohttp_there_is_nothing_to_intercept(monkeypatch):
    """The fixture works as before with only the legacy SDK."""
    find = importlib.util.find_spec
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *args: None if name == "aiohttp" else find(name, *args)
    )
    before = aiohttp.ClientSession._request
    with EcsEvents() as ecs_events:
        ecs_events.instances.add("i-web1")
        assert aiohttp.ClientSession._request is before
        assert requests.get("https://ecs.aliyuncs.com/", params=QUERY, timeout=5).json()["TotalCount"] == 1


def test_the_fixture_loads_nothing_of_this_sdk_by_itself(pytester):
    """A test with the fixture and the legacy SDK does not import this SDK, although it is installed."""
    pytester.makepyfile(
        """
        import sys

        from aliyunsdkcore.client import AcsClient
        from aliyunsdkcore.request import CommonRequest

        def test_it(ecs_events):
            request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name="DescribeInstances")
            AcsClient("any", "key", "cn-hangzhou").do_action_with_exception(request)

        def test_nothing_was_loaded():
            packages = {name.partition(".")[0] for name in sys.modules}
            assert "responses" in packages
            assert packages & {"darabonba", "Tea"} == set()
            assert [name for name in packages if name.startswith("alibabacloud")] == []
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=2)
