"""Notifications sent to URLs: real requests to a server on loopback, in a thread as users would run one."""

import http.server
import itertools
import json
import threading
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from printed import REBOOT

from pytest_ecsevents import DeliveryError, EcsEvents, ReceiverError
from pytest_ecsevents.transports import _webhooks

SCHEDULED = f"Instance:{REBOOT}:Scheduled"


class Server(http.server.ThreadingHTTPServer):
    """Records requests, and answers with the next of `statuses`; the last one repeats."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.got, self.statuses, self.waits_for = [], [200], None
        self.url = f"http://127.0.0.1:{self.server_port}/events?token=1"


class Handler(http.server.BaseHTTPRequestHandler):
    """Handles one request."""

    def do_POST(self):
        """Answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.got.append((self.command, self.path, dict(self.headers), body.decode()))
        if self.server.waits_for is not None:
            self.server.waits_for.wait(20)
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815  # as http.server calls it

    def log_message(self, *_args):
        """Log nothing."""


def masked(url):
    """The URL as reports show it."""
    return url.replace("token=1", "token=***")


@pytest.fixture
def server():
    """A server of the user, started before the cloud."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def ecs(server):
    """The cloud, open as long as the server."""
    with EcsEvents(seed="webhooks") as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


@pytest.fixture
def publish(ecs):
    """Publish an event."""
    return lambda: ecs.create(REBOOT, "i-web1", not_before="+24h")


def test_a_url_gets_a_post_with_json_as_a_rules_callback_does(ecs, server, publish):
    """The body is the flat form, with the callback's rule name and trace, and without a signature."""
    subscription = ecs.subscribe(server.url)
    publish()
    ((method, path, headers, body),) = server.got
    assert (method, path, headers["Content-Type"]) == ("POST", "/events?token=1", "application/json; charset=UTF-8")
    (flat,) = ecs.notifications
    assert json.loads(body) == flat | {"ruleName": "pytest-ecsevents", "traceId": flat["id"]}
    assert (subscription.deliveries[0].answer, subscription.deliveries[0].outcome) == (200, "delivered")
    assert f"{SCHEDULED} of i-web1 -> POST {masked(server.url)}\n" in ecs.timeline() + "\n"


def fields(text):
    """Return the fields of a form."""
    return {key: one for key, (one,) in parse_qs(text, keep_blank_values=True, strict_parsing=True).items()}


@pytest.mark.parametrize(
    ("method", "read"),
    [
        ("POST JSON", json.loads),
        ("GET JSON", lambda said: json.loads(fields(said)["data"])),
        ("POST FORM", fields),
        ("GET FORM", fields),
    ],
)
def test_a_subscriptions_webhook_has_four_forms(ecs, server, publish, method, read):
    """JSON as the body or in `data`; in a form the top-level keys are fields, and their values are JSON."""
    subscription = ecs.subscribe(server.url.partition("?")[0], format="subscription", method=method)
    publish()
    ((verb, path, _headers, body),) = server.got
    document = subscription.deliveries[0].payload
    if "FORM" in method:
        document = {
            key: one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for key, one in document.items()
        }
    assert read(body or urlsplit(path).query) == document
    assert verb == method.partition(" ")[0]


def test_a_url_that_fails_is_tried_three_times(ecs, server, publish):
    """The tries are up to a virtual second apart; the timeline shows each."""
    server.statuses = [500, 302, 204]
    subscription = ecs.subscribe(server.url)
    publish()
    ecs.advance("1m")
    assert [(one.attempt, one.outcome, one.answer, str(one.error)) for one in subscription.deliveries] == [
        (1, "failed", None, "HTTP 500"),
        (2, "failed", None, "HTTP 302"),
        (3, "delivered", 204, "None"),
    ]
    assert (subscription.deliveries[2].at - subscription.deliveries[0].at).total_seconds() <= 2
    assert len({body for *_, body in server.got}) == 1


def test_eventbridge_tries_four_times(ecs, server, publish):
    """The tries are 10 to 20 seconds apart, which is its default strategy."""
    server.statuses = [503]
    ecs.strict -= {"receivers"}
    subscription = ecs.subscribe(server.url, format="eventbridge")
    publish()
    ecs.advance("2m")
    times = [one.at.timestamp() for one in subscription.deliveries]
    assert len(times) == 4
    assert all(10 <= after - before <= 20 for before, after in itertools.pairwise(times))


def test_a_url_that_never_accepts_it_fails_the_test_when_it_ends(server):
    """The message shows the last try and what was sent; the call of the test does not fail."""
    server.statuses = [418]
    with pytest.raises(ReceiverError) as error, EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        ecs.subscribe(server.url)
        ecs.create(REBOOT, "i-web1", not_before="+24h")
        assert len(ecs.advance("25h")) == 2
    assert str(error.value).startswith(
        "Receivers raised errors that the test did not notice:\n"
        f"  - HTTP 418\n    {SCHEDULED} was sent to POST {masked(server.url)} at 2030-01-01T00:00:01Z, attempt 3:\n    {{"
    ) or str(error.value).startswith(
        "Receivers raised errors that the test did not notice:\n"
        f"  - HTTP 418\n    {SCHEDULED} was sent to POST {masked(server.url)} at 2030-01-01T00:00:00Z, attempt 3:\n    {{"
    )


def test_a_refused_connection_is_named_in_the_delivery(ecs, server, publish):
    """The message is that of the client library."""
    ecs.strict = False
    server.shutdown()
    server.server_close()
    subscription = ecs.subscribe(server.url, retries=0)
    publish()
    (delivery,) = subscription.deliveries
    assert isinstance(delivery.error, DeliveryError)
    assert str(delivery.error).startswith("ConnectionError: ")
    assert delivery.answer is None


def test_a_url_that_does_not_answer_is_given_up(ecs, server, publish, monkeypatch):
    """The timeout is five real seconds."""
    assert _webhooks.GIVES_UP_AFTER == 5.0
    monkeypatch.setattr(_webhooks, "GIVES_UP_AFTER", 0.05)
    ecs.strict = False
    server.waits_for = threading.Event()
    subscription = ecs.subscribe(server.url, retries=0)
    publish()
    server.waits_for.set()
    assert str(subscription.deliveries[0].error).startswith("ReadTimeout: ")


def test_the_users_own_mock_of_a_url_gets_it(ecs, publish):
    """Users who mock their server with `responses` need not start one."""
    with responses.RequestsMock() as mock:
        mock.post("https://hooks.example.com/ecs", status=202)
        subscription = ecs.subscribe("https://hooks.example.com/ecs")
        publish()
        assert json.loads(mock.calls[0].request.body)["name"] == SCHEDULED
    assert subscription.deliveries[0].answer == 202
