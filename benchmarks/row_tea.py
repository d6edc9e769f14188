"""What the newer SDK costs: its calls beyond a static reply, and its being installed where no test uses it."""

import asyncio
import functools
import json
import re
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from unittest import mock

from _measure import Row, in_turn, ratio_row
from _pytest_runs import folder, python
from row_call import fill

import pytest_ecsevents
from pytest_ecsevents import EcsEvents

WORKER = Path(__file__).with_name("_absent_worker.py")
PACKAGES = re.compile(r"alibabacloud|darabonba|Tea$|aiohttp")
MOST_CALL, MOST_INSTALLED = 1.15, 1.05


def rows(quick):
    if find_spec("alibabacloud_ecs20140526") is None:
        yield Row("the newer SDK's calls", "", "", "not measured: pip install alibabacloud-ecs20140526")
        return
    rounds = 21 if quick else 101
    yield from _calls(rounds)
    yield _installed(rounds)


# -- its calls


def _calls(rounds):
    import requests
    from aiohttp import ClientSession

    get_adapter = requests.Session.get_adapter
    loop = asyncio.new_event_loop()
    call = _client_method("describe_instance_history_events")
    asynchronous, plain = (
        _client_method("describe_instance_history_events_async", protocol) for protocol in ("https", "http")
    )

    def call_async():
        return loop.run_until_complete(asynchronous())

    def call_async_plain():
        return loop.run_until_complete(plain())

    # Both sides stand under the one frozen clock: reading a frozen clock costs more than reading a real one.
    with EcsEvents() as ecs_events:
        ecs_events.patience = 3600  # so many calls at one instant take longer than the usual limit
        fill(ecs_events)
        call()
        reply = ecs_events.calls[-1].reply

        @contextmanager
        def answered_by_responses():
            import responses

            with mock.patch.object(requests.Session, "get_adapter", get_adapter), responses.RequestsMock() as static:
                static.add_callback("POST", re.compile(r"https?://ecs\b.*"), lambda _: (200, reply.headers, reply.body))
                yield

        @contextmanager
        def answered_in_process():
            answer = _StaticResponse(reply)

            async def static(*_words, **_options):
                return answer

            with mock.patch.object(ClientSession, "_request", static):
                yield

        for what, function, around, most in (
            ("the newer SDK, a call / static reply", call, answered_by_responses, MOST_CALL),
            ("the same asynchronously", call_async, answered_in_process, MOST_CALL),
            # Over https the SDK reads all CA certificates anew for each call; this shows what stands beside that.
            ("the same over http, without certificates", call_async_plain, answered_in_process, None),
        ):
            *figures, ratio = in_turn(function, function, rounds=rounds, around_other=around)
            yield ratio_row(what, *figures, ratio=ratio, most=most)
    loop.close()


def _client_method(name, protocol="https"):
    """A function that asks for Scheduled events with this method of a client."""
    from alibabacloud_ecs20140526 import models
    from alibabacloud_ecs20140526.client import Client
    from alibabacloud_tea_openapi.models import Config

    config = Config(access_key_id="key-id", access_key_secret="key-secret", region_id="cn-hangzhou", protocol=protocol)
    request = models.DescribeInstanceHistoryEventsRequest(
        region_id="cn-hangzhou", instance_event_cycle_status=["Scheduled"]
    )
    return functools.partial(getattr(Client(config), name), request)


class _StaticResponse:
    """The least that the SDK reads."""

    status, reason = 200, "OK"

    def __init__(self, reply):
        self.headers = dict(reply.headers)
        self._body = reply.body

    async def read(self):
        return self._body

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_error):
        pass


# -- its being installed


def _installed(rounds):
    """Set-up where the SDK could be loaded and is not, and where it cannot be."""
    # A venv with the wheel of another revision has all else from the venv beside which it was made.
    places = [Path(place) for place in sys.path if Path(place).name == "site-packages"]
    entries = {entry.name: entry for place in reversed(places) for entry in place.iterdir()}
    ours = Path(pytest_ecsevents.__file__).parents[1]
    with folder() as path:
        for name, is_left_out in (("with", lambda _: False), ("without", PACKAGES.match)):
            (path / name).mkdir()
            for entry in entries.values():
                if not is_left_out(entry.name):
                    (path / name / entry.name).symlink_to(entry)
        *figures, ratio = json.loads(python("-S", WORKER, path / "with", path / "without", rounds, ours, folder=path))
    return ratio_row("set-up, the newer SDK installed / absent", *figures, ratio=ratio, most=MOST_INSTALLED)
