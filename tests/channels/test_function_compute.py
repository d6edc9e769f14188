"""Handlers of Function Compute: what they get, and what happens to their errors."""

import json
import logging
import os
import re
import time
from pathlib import Path

import pytest
from aliyunsdkcore.auth.credentials import StsTokenCredential
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.RebootInstanceRequest import RebootInstanceRequest
from printed import REBOOT

from pytest_ecsevents import BadArgumentError, EcsEvents, EcsEventsError, StuckHandlerError

SCHEDULED = f"Instance:{REBOOT}:Scheduled"


def reboots(event, context):
    """A handler as users deploy it: it reads the event, and reboots with its role's key."""
    notification = json.loads(event)
    credentials = context.credentials
    key = StsTokenCredential(credentials.access_key_id, credentials.access_key_secret, credentials.security_token)
    client = AcsClient(region_id=context.region, credential=key)
    request = RebootInstanceRequest()
    request.set_InstanceId(notification["content"]["instanceId"])
    client.do_action_with_exception(request)
    context.logger.info("rebooted for %s", context.request_id)
    return "done"


def test_a_handler_runs_as_it_is_deployed(ecs, publish, caplog):
    """It gets bytes and a context, and calls the cloud with the key of its role."""
    caplog.set_level(logging.INFO)
    subscription = ecs.function_compute(reboots, names=SCHEDULED)
    published = publish()
    ecs.assert_avoided(published, by="RebootInstance")
    assert subscription.deliveries[0].answer == "done"
    assert "rebooted for " in caplog.text
    assert f"push      {SCHEDULED} of i-web1 -> function reboots\n" in ecs.timeline()


def test_the_context_is_that_of_the_documented_runtimes(ecs, publish):
    """Every documented field exists, of the second version of the product and of the third."""
    seen = []
    ecs.function_compute(
        lambda _event, context: seen.append((context, dict(os.environ))),
        names=SCHEDULED,
        name="ops/on-event",
        region_id="cn-shanghai",
        memory=128,
        timeout="30s",
    )
    before = dict(os.environ)
    publish()
    ((context, environment),) = seen
    function, service, tracing = context.function, context.service, context.tracing
    assert (function.name, function.memory, function.timeout) == ("on-event", 128, 30)
    assert (function.handler, function.version_id, function.qualifier) == (
        "test_function_compute.<lambda>",
        "",
        "LATEST",
    )
    assert (service.name, service.log_project, service.log_store) == ("ops", "", "")
    assert (service.qualifier, service.version_id) == ("LATEST", "")
    assert (tracing.span_context, tracing.jaeger_endpoint, tracing.span_baggages) == (None, None, ())
    assert (context.region, context.account_id) == ("cn-shanghai", "1000000000000001")
    assert (context.log_project, context.log_store) == ("", "")
    said = json.loads(context.to_json())
    assert (said["request_id"], said["function"]["name"]) == (context.request_id, "on-event")
    credentials = context.credentials
    assert {name: value for name, value in environment.items() if before.get(name) != value} == {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": credentials.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": credentials.access_key_secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": credentials.security_token,
        "FC_ACCOUNT_ID": "1000000000000001",
        "FC_REGION": "cn-shanghai",
        "FC_FUNCTION_NAME": "on-event",
        "FC_FUNCTION_HANDLER": "test_function_compute.<lambda>",
        "FC_FUNCTION_MEMORY_SIZE": "128",
        "accessKeyID": credentials.access_key_id,
        "accessKeySecret": credentials.access_key_secret,
        "securityToken": credentials.security_token,
        "FC_SERVICE_NAME": "ops",
        "FC_QUALIFIER": "LATEST",
        "FC_INSTANCE_ID": environment["FC_INSTANCE_ID"],
        "FC_FUNC_CODE_PATH": str(Path(__file__).parent),
    }
    assert re.fullmatch("c-[0-9a-f]{32}", environment["FC_INSTANCE_ID"])
    assert dict(os.environ) == before


def test_a_handler_without_code_of_its_own_lies_in_the_current_folder(ecs, publish):
    """A handler can be a callable object."""

    class Handler:
        def __call__(self, _event, _context):
            paths.append(os.environ["FC_FUNC_CODE_PATH"])

    paths = []
    ecs.function_compute(Handler())
    publish()
    assert paths == [str(Path.cwd())]


def test_the_environment_is_as_before_when_a_handler_fails(ecs, publish, monkeypatch):
    """Variables that were set have their values again."""
    monkeypatch.setenv("FC_REGION", "mine")

    def handler(_event, _context):
        raise KeyError(os.environ["FC_REGION"])

    ecs.function_compute(handler, retries=0)
    with pytest.raises(KeyError, match="cn-hangzhou"):
        publish()
    assert os.environ["FC_REGION"] == "mine"
    assert "FC_FUNCTION_NAME" not in os.environ


@pytest.mark.parametrize(
    ("format_", "read"),
    [
        ("cloudmonitor", lambda event: event["name"]),
        ("subscription", lambda event: event["alert"]["eventName"]),
        ("eventbridge", lambda event: f"{event['type'].removeprefix('ecs:')}:{event['data']['eventStatus']}"),
    ],
)
def test_a_handler_gets_the_form_it_is_subscribed_to(ecs, publish, format_, read):
    """The bytes are JSON in UTF-8."""
    ecs.instances.add("i-web2", instance_name="前端")
    events = []
    ecs.function_compute(lambda event, _context: events.append(event), format=format_)
    publish("i-web2")
    (event,) = events
    assert isinstance(event, bytes)
    assert read(json.loads(event)) == SCHEDULED
    assert format_ == "eventbridge" or "前端".encode() in event


def test_a_handler_that_fails_is_invoked_again(ecs, publish):
    """Three more times, 1, 2 and 4 seconds after the previous try, with the request id of the first."""
    tries = []

    def handler(event, context):
        tries.append((ecs.now.second, context.request_id, event))
        raise ConnectionError("not now")

    ecs.function_compute(handler, names=SCHEDULED)
    publish()
    with pytest.raises(ConnectionError, match="not now"):
        ecs.advance("1m")
    assert [second for second, *_ in tries] == [0, 1, 3, 7]
    assert len({rest for _, *rest in map(tuple, tries) for rest in [tuple(rest)]}) == 1


def test_each_notification_is_an_invocation_of_its_own(ecs, publish):
    """A duplicate is an invocation too; request ids differ."""
    ids = []
    ecs.function_compute(lambda _event, context: ids.append(context.request_id), names=SCHEDULED, duplicate=True)
    publish()
    publish()
    assert len(set(ids)) == len(ids) == 4


def test_a_handler_that_takes_longer_than_its_timeout_is_ended(ecs, publish):
    """It ends in virtual time, and its `finally` blocks run."""
    ended = []

    def handler(_event, _context):
        try:
            time.sleep(90)
        finally:
            ended.append(ecs.now.isoformat())

    subscription = ecs.function_compute(handler, names=SCHEDULED, retries=0, name="ops/slow")
    line = handler.__code__.co_firstlineno + 2
    with pytest.raises(EcsEventsError) as error:
        publish()
    assert str(error.value) == (
        f"The function ops/slow timed out after 1m of virtual time, while it waited at {__file__}:{line} in handler."
    )
    assert ended == ["2030-01-01T00:01:00+00:00"]
    assert subscription.deliveries[0].outcome == "failed"
    assert "-> function ops/slow: failed, The function ops/slow timed out after 1m" in ecs.timeline()


def test_a_handler_may_take_its_time(ecs, publish):
    """It is not interrupted within its timeout."""
    ecs.function_compute(lambda _event, _context: time.sleep(59), names=SCHEDULED)
    published = publish()
    assert (ecs.now - published.publish_time).total_seconds() == 59


def test_a_handler_that_hangs_is_cut_off(ecs, publish):
    """The error is the same as under `run`."""
    ecs.patience = 0.1

    def hangs(_event, _context):
        while True:
            pass

    ecs.function_compute(hangs, retries=0)
    with pytest.raises(StuckHandlerError, match=r"It was at .* in hangs\."):
        publish()


def test_a_handler_is_invoked_where_sleeping_is_real():
    """It has no timeout there, but is interrupted when it hangs."""
    with EcsEvents(sleep="real") as ecs:
        ecs.patience = 0.1
        ecs.instances.add("i-web1")

        def hangs(_event, _context):
            while True:
                pass

        ecs.function_compute(hangs, names=SCHEDULED, retries=0)
        subscription = ecs.function_compute(lambda _event, _context: "done", names=f"Instance:{REBOOT}:Executing")
        with pytest.raises(StuckHandlerError, match="The function hangs neither slept"):
            ecs.create(REBOOT, "i-web1", not_before="+1h")
        ecs.advance("1h")
    assert subscription.deliveries[0].answer == "done"


async def coroutine(event, context):
    """The runtimes do not await it."""


@pytest.mark.parametrize(
    ("handler", "options", "sentence"),
    [
        (None, {}, "function_compute got None. Pass a function that takes the event's bytes and the context."),
        (
            lambda event: event,
            {},
            "function_compute got <lambda>(event), which does not take the event's bytes and the context: too many "
            "positional arguments. Pass a function that takes the event's bytes and the context.",
        ),
        (
            coroutine,
            {},
            "function_compute got the coroutine function coroutine. The runtimes call a plain function.",
        ),
        (
            reboots,
            {"memroy": 3},
            "function_compute has no option 'memroy'. It has: delay, drop, duplicate, event_types, format, keyword_relation, "
            "keywords, levels, memory, name, names, products, region_id, reorder, resource_groups, retries, retry_after, "
            "rules_only, seed, statuses, timeout. Did you mean memory?",
        ),
        (
            reboots,
            {"timeout": 60},
            'timeout is 60, which is not a duration. Pass a timedelta or text such as "90s", "2h30m" or "1d".',
        ),
        (reboots, {"memory": -1}, "memory is -1. Pass a whole number of 1 or more, in MB."),
        (reboots, {"memory": "1g"}, "memory is '1g'. Pass a whole number of 1 or more, in MB."),
    ],
)
def test_what_is_no_handler_is_refused_in_a_sentence(ecs, handler, options, sentence):
    """The message has the value and what was expected."""
    with pytest.raises(BadArgumentError) as error:
        ecs.function_compute(handler, **options)
    assert str(error.value) == sentence


def test_a_custom_runtime_gets_a_request_with_the_headers_of_the_product(ecs, publish):
    """Its server gets a POST of /invoke with the event as the body; a configured path is kept."""
    responses = pytest.importorskip("responses")
    with responses.RequestsMock() as mock:
        mock.post("http://127.0.0.1:9000/invoke")
        mock.post("http://127.0.0.1:9000/own")
        first = ecs.function_compute("http://127.0.0.1:9000", name="ops/on-event", region_id="cn-shanghai", memory=128)
        ecs.function_compute("http://127.0.0.1:9000/own")
        publish()
        request, other = (call.request for call in mock.calls)
    assert json.loads(request.body)["name"].endswith(":Scheduled")
    said = {name: value for name, value in request.headers.items() if name.startswith("x-fc-")}
    assert (said["x-fc-function-name"], said["x-fc-function-memory"]) == ("on-event", "128")
    assert (said["x-fc-region"], said["x-fc-account-id"]) == ("cn-shanghai", "1000000000000001")
    assert (said["x-fc-control-path"], said["x-fc-function-handler"]) == ("/invoke", "index.handler")
    assert said["x-fc-access-key-id"].startswith("STS.")
    assert {"x-fc-access-key-secret", "x-fc-security-token", "x-fc-request-id"} <= said.keys()
    assert other.headers["x-fc-region"] == "cn-hangzhou"
    assert [delivery.answer for delivery in first.deliveries] == [200]
