"""Fixtures of the tests of `ecsevents`: a cloud that stands by itself, in this process."""

import contextlib
import http.client
import json
import queue
import threading
from argparse import Namespace

import pytest
from schemas import check, operation_at

from pytest_ecsevents.cli import _serve
from pytest_ecsevents.cli._control import api_document
from pytest_ecsevents.cli._main import main
from pytest_ecsevents.cli._standing import Beginning, StandingCloud
from pytest_ecsevents.face._settings import Settings

START = 1_893_456_000_000_000  # 2030-01-01T00:00:00Z

UNDESCRIBED = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
"""What a request gets that no operation describes."""


def put_nothing(_ecs_events):
    """A seed without content."""


@pytest.fixture
def standing():
    """Start a cloud: `standing(speed=60)`; it ends with the test."""
    with contextlib.ExitStack() as stack:

        def standing(start=START, speed=0.0, seed=put_nothing, port=0):
            return stack.enter_context(StandingCloud(Beginning(Settings(), start, speed, seed), port))

        yield standing


@pytest.fixture
def cloud(standing):
    """A cloud whose clock stands, with one instance."""

    def seed(ecs_events):
        ecs_events.instances.add("i-web1")

    return standing(seed=seed)


@pytest.fixture
def send(cloud):
    """Send one request below the API's root; return (status, body), which is as the OpenAPI document describes it."""
    document = api_document()

    def send(method, path, body=None, **headers):
        with contextlib.closing(http.client.HTTPConnection(cloud.address)) as connection:
            connection.request(
                method,
                f"/_ecsevents/v1{path}",
                json.dumps(body) if isinstance(body, (dict, list)) else body,
                {name.replace("_", "-"): value for name, value in headers.items()},
            )
            reply = connection.getresponse()
            answer = json.loads(reply.read())
        described = operation_at(document, method, path) or {"responses": {"default": UNDESCRIBED}}
        response = described["responses"]["200" if reply.status == 200 else "default"]
        check(answer, response["content"]["application/json"]["schema"], document)
        return reply.status, answer

    return send


@pytest.fixture
def ask(send):
    """Send one request that succeeds; return its body: `ask("POST", "/advance", by="2h")`."""

    def ask(method, path, **given):
        status, body = send(method, path, given if method == "POST" else None)
        assert status == 200, body
        return body

    return ask


class Printed:
    """Stands in for standard output: capturing it while a thread writes would lose text."""

    def __init__(self):
        self.texts = queue.Queue()
        self.write, self.flush = self.texts.put, lambda: None

    def text(self):
        """The next text, as soon as it is written."""
        return self.texts.get(timeout=20)


@pytest.fixture
def serve(monkeypatch):
    """Serve in a thread until the test ends; return what it prints."""
    ended, threads = threading.Event(), []
    monkeypatch.setattr(_serve, "_LOOK_EVERY", 0.01)

    def serve(**options):
        given = {
            "port": 0,
            "clock": "real",
            "speed": None,
            "region": "cn-hangzhou",
            "seed": None,
            "quiet": False,
            "host": "127.0.0.1",
        }
        thread = threading.Thread(target=_serve.serve_command, args=(Namespace(**{**given, **options}), ended))
        threads.append(thread)
        with pytest.MonkeyPatch.context() as patch:
            printed = Printed()
            patch.setattr("sys.stdout", printed)
            thread.start()
            return printed.text()

    yield serve
    ended.set()
    for thread in threads:
        thread.join()


@pytest.fixture
def command(cloud, capsys, monkeypatch):
    """Run a command against the cloud; return (exit status, output, errors)."""
    monkeypatch.setenv("ECSEVENTS_ENDPOINT", cloud.address)

    def command(*arguments):
        try:
            status = main(arguments)
        except SystemExit as ended:
            status = ended.code
        return (status, *capsys.readouterr())

    return command
