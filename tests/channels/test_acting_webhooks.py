"""Webhooks that call the cloud while they handle a notification: later notifications wait for their answer."""

import asyncio
import contextlib
import http.server
import json
import threading
import time

import fastapi
import pytest
import requests
import uvicorn
from aliyunsdkcore.client import AcsClient
from aliyunsdkecs.request.v20140526.RebootInstanceRequest import RebootInstanceRequest
from printed import REBOOT

SCHEDULED = f"Instance:{REBOOT}:Scheduled"

pytestmark = pytest.mark.timeout(60)

kinds = pytest.mark.parametrize("kind", [http.server.HTTPServer, http.server.ThreadingHTTPServer])


def reboot(instance_id):
    """Reboot with the legacy SDK."""
    request = RebootInstanceRequest()
    request.set_InstanceId(instance_id)
    AcsClient("any", "key", "cn-hangzhou").do_action_with_exception(request)


@contextlib.contextmanager
def serving(kind, act, statuses=(), poll=0.5):
    """Run a server of one kind in a thread. It records requests, reboots when an event was scheduled, and answers."""
    log, statuses = [], iter(statuses)

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            log.append((self.path, payload["name"]))
            status = next(statuses, 200)
            if payload["name"] == SCHEDULED:
                act(payload["content"]["instanceId"])
            log.append((self.path, "answered"))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            """Log nothing."""

    server = kind(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, args=(poll,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", log
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@kinds
def test_two_webhooks_of_one_server_that_act(ecs, publish, kind):
    """Each gets a notification once, in order; the second is not called before the first has answered."""
    with serving(kind, reboot) as (url, log):
        first, second = ecs.subscribe(f"{url}/1"), ecs.subscribe(f"{url}/2")
        publish()
        ecs.advance("1m")
    assert [one.summary for one in first.deliveries] == [one.summary for one in second.deliveries]
    assert {one.outcome for one in first.deliveries + second.deliveries} == {"delivered"}
    assert [word for _, word in log[1::2]] == ["answered"] * (len(log) // 2)


@kinds
def test_other_receivers_are_called_when_the_webhook_has_answered(ecs, publish, kind):
    """Receivers of notifications and of changes get the reboot after the webhook's answer."""
    received = []
    with serving(kind, lambda instance_id: (reboot(instance_id), received.append("rebooted"))) as (url, _):
        webhook = ecs.subscribe(url)
        ecs.subscribe(lambda notification: received.append(notification["name"]))
        ecs.on_change(lambda change: received.append(change.to_status))
        publish()
    assert [one.outcome for one in webhook.deliveries] == ["delivered"] * 5
    assert received[:2] == ["Scheduled", "rebooted"]
    assert received.index(SCHEDULED) < received.index(f"Instance:{REBOOT}:Avoided")
    assert [word for word in received if ":" not in word] == [
        "Scheduled",
        "rebooted",
        "Avoided",
        "Stopping",
        "Starting",
        "Running",
    ]


def test_a_change_is_sent_to_the_server_that_has_caused_it(ecs, publish):
    """A server with one thread can receive both notifications and changes."""
    with serving(http.server.HTTPServer, reboot) as (url, log):
        webhook = ecs.subscribe(f"{url}/notification")

        def tell(change):
            body = {"name": str(change.to_status)}
            requests.post(f"{url}/change", json=body, timeout=5).raise_for_status()

        ecs.on_change(tell)
        publish()
    assert [one.outcome for one in webhook.deliveries] == ["delivered"] * 5
    assert [word for path, word in log[::2] if path == "/change"] == [
        "Scheduled",
        "Avoided",
        "Stopping",
        "Starting",
        "Running",
    ]


@kinds
@pytest.mark.parametrize("how", ["advance", "run"])
def test_a_webhook_that_sleeps_and_acts_while_the_clock_moves(ecs, publish, kind, how):
    """Virtual time passes while the delivery lasts, although the thread that delivers moves the clock."""
    heard = []
    with serving(kind, lambda instance_id: (time.sleep(3), reboot(instance_id), time.sleep(1))) as (url, _):
        webhook = ecs.subscribe(url)
        ecs.subscribe(lambda notification: heard.append((notification["name"], f"{ecs.now:%M:%S}")))
        ecs.at("+10m", publish)
        if how == "advance":
            ecs.advance("1h")
        else:
            ecs.run(lambda: [time.sleep(60) for _ in range(60)], until="1h")
    assert [one.outcome for one in webhook.deliveries] == ["delivered"] * 5
    assert heard[0] == (SCHEDULED, "10:00")
    assert heard[1] == (f"Instance:{REBOOT}:Avoided", "10:03")


def test_a_webhook_that_acts_and_answers_500(ecs, publish):
    """It gets the same notification again, before or after those that its call caused, but in order."""
    with serving(http.server.HTTPServer, lambda _: ecs.calls or reboot("i-web1"), [500]) as (url, _):
        webhook = ecs.subscribe(url)
        publish()
        ecs.advance("1m")
    assert [one.outcome for one in webhook.deliveries].count("failed") == 1
    assert [one.outcome for one in webhook.deliveries].count("delivered") == 5
    ecs.assert_called("RebootInstance", times=1)


def test_a_thread_that_acts_after_the_answer(ecs, publish):
    """Notifications that a background thread of the webhook causes are delivered too."""
    threads = []

    def start(instance_id):
        threads.append(threading.Thread(target=reboot, args=(instance_id,)))
        threads[-1].start()

    with serving(http.server.ThreadingHTTPServer, start) as (url, _):
        webhook = ecs.subscribe(url)
        publish()
        ecs.advance("1m")
        threads[0].join()
    assert [one.outcome for one in webhook.deliveries] == ["delivered"] * 5


def test_a_receiver_that_advances_the_clock_and_acts(ecs, publish):
    """It gets the rest after it has returned, and before the call of the test returns."""
    steps = []

    def receive(payload):
        steps.append("in")
        if payload["name"] == SCHEDULED:
            ecs.advance("10s")
            reboot("i-web1")
            ecs.advance("10s")
        steps.append("out")

    ecs.subscribe(receive)
    publish()
    assert steps == ["in", "out"] * 5


def test_what_a_webhook_causes_is_delivered_before_the_test_goes_on(ecs, publish):
    """The test waits for what the webhook sets while its thread delivers; by then the webhook's reboot is delivered."""
    heard, acted = [], threading.Event()
    with serving(http.server.HTTPServer, lambda instance_id: (reboot(instance_id), acted.set())) as (url, _):
        ecs.subscribe(url)
        ecs.subscribe(lambda notification: heard.append(notification["name"]))
        ecs.at("+10m", publish)
        acted.wait()
    assert len(heard) == 5


def test_time_passes_beside_a_server_that_polls_often_whether_to_stop(ecs):
    """serve_forever with a short poll_interval is always busy, although it only waits for requests."""
    with serving(http.server.HTTPServer, reboot, poll=0.005):
        ecs.advance("1h")
    assert f"{ecs.now:%H:%M}" == "01:00"


ROUTES = fastapi.APIRouter()


def is_to_act(request, payload):
    """Record the notification; return whether it says that an event was scheduled."""
    request.app.state.heard.append(payload["name"])
    return payload["name"] == SCHEDULED


@ROUTES.post("/plain")
def plain(request: fastapi.Request, payload: dict):
    """Act in a thread of a pool."""
    if is_to_act(request, payload):
        reboot(payload["content"]["instanceId"])


@ROUTES.post("/async")
async def asynchronous(request: fastapi.Request, payload: dict):
    """Act in a thread, and await it."""
    if is_to_act(request, payload):
        await asyncio.to_thread(reboot, payload["content"]["instanceId"])


@ROUTES.post("/direct")
async def direct(request: fastapi.Request, payload: dict):
    """Act in the thread of the event loop."""
    if is_to_act(request, payload):
        reboot(payload["content"]["instanceId"])


@ROUTES.post("/sleeping")
async def sleeping(request: fastapi.Request, payload: dict):
    """Sleep before and after it acts."""
    await asyncio.sleep(3)
    if is_to_act(request, payload):
        reboot(payload["content"]["instanceId"])
    await asyncio.sleep(1)


@ROUTES.post("/background")
async def background(request: fastapi.Request, payload: dict, tasks: fastapi.BackgroundTasks):
    """Act when it has answered."""
    if is_to_act(request, payload):
        tasks.add_task(reboot, payload["content"]["instanceId"])


@contextlib.contextmanager
def application(heard):
    """A FastAPI application under uvicorn in a thread."""
    app = fastapi.FastAPI()
    app.include_router(ROUTES)
    app.state.heard = heard
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", loop="asyncio"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


@pytest.mark.parametrize("path", ["/plain", "/async", "/direct", "/sleeping", "/background"])
def test_an_endpoint_of_fastapi_that_acts(ecs, publish, path):
    """The endpoint can be a coroutine function, a plain function, or work in the background after its answer."""
    heard = []
    with application(heard) as url:
        webhook = ecs.subscribe(url + path)
        publish()
        ecs.advance("5s")
    assert [one.outcome for one in webhook.deliveries] == ["delivered"] * 5
    assert len(heard) == 5
    ecs.assert_called("RebootInstance", times=1)


@pytest.mark.parametrize("path", ["/plain", "/async", "/direct", "/sleeping", "/background"])
@pytest.mark.parametrize("how", ["advance", "run"])
def test_an_endpoint_of_fastapi_that_acts_while_the_clock_moves(ecs, publish, path, how):
    """It gets what its call caused after its answer, although the thread that delivers moves the clock."""
    heard = []
    with application(heard) as url:
        webhook = ecs.subscribe(url + path)
        ecs.at("+1s", publish)
        if how == "advance":
            ecs.advance("25s")
        else:
            ecs.run(lambda: [time.sleep(4) for _ in range(60)], until="25s")
    assert [(one.outcome, one.attempt) for one in webhook.deliveries] == [("delivered", 1)] * 5
    assert heard == [one.name for one in webhook.deliveries]
    assert heard[0] == SCHEDULED
    ecs.assert_called("RebootInstance", times=1)


def test_a_function_planned_for_a_time_at_which_an_endpoint_sleeps(ecs, publish):
    """It is called when the endpoint has answered, in the thread that waits for the answer."""
    called = []
    with application([]) as url:
        ecs.subscribe(f"{url}/sleeping", names=SCHEDULED)
        ecs.at("+1s", publish)
        ecs.at("+2s", lambda: called.append((f"{ecs.now:%S}", threading.current_thread())))
        ecs.advance("10s")
    assert called == [("05", threading.main_thread())]


@kinds
def test_an_endpoint_of_a_topic_that_acts(ecs, publish, kind):
    """The topic's next messages are pushed when the endpoint has answered; one reboot, each message once and in order."""
    with serving(kind, reboot) as (url, log):
        topic = ecs.topic("events")
        subscription = topic.subscribe(f"{url}/topic", content_format="SIMPLIFIED")
        publish()
        ecs.advance("1m")
    names = [word for _, word in log[::2]]
    assert [word for _, word in log[1::2]] == ["answered"] * len(names)
    assert names.count(SCHEDULED) == 1
    assert f"Instance:{REBOOT}:Avoided" in names
    assert [push.http_status for push in subscription.pushes] == [200] * len(names)
    ecs.assert_called("RebootInstance", times=1)
