"""The metadata service as tests see it: settings, faults, timeline, errors at the end."""

import asyncio
import re
import threading
import time
import urllib.request

import pytest
import requests

from pytest_ecsevents import BadArgumentError, EcsEvents, EcsEventsError, StandingClockError, UnusedFaultError

ROOT = "http://100.100.100.200/latest"
SPOT = "/latest/meta-data/instance/spot/termination-time"


@pytest.fixture
def ecs():
    """A cloud with one instance."""
    with EcsEvents() as ecs_events:
        ecs_events.instances.add("i-web1")
        yield ecs_events


def get(path="/latest/meta-data/region-id", **headers):
    """Return the status that a program inside the instance gets."""
    return requests.get(f"http://100.100.100.200{path}", headers=headers, timeout=5).status_code


def lines(ecs_events):
    """Return the timeline without its first line."""
    return ecs_events.timeline().splitlines()[1:]


# -- settings


def test_a_form_may_build_upon_the_one_that_is_guessed(ecs):
    """Tests can extend the guessed form."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    guessed = ecs.metadata.active_event
    ecs.metadata.active_event = lambda event: {**guessed(event), "more": True}

    (item,) = requests.get(f"{ROOT}/maintenance/active-system-events", timeout=5).json()
    assert (item["eventType"], item["more"]) == ("SystemMaintenance.Reboot", True)


@pytest.mark.parametrize("form", [None, "a form", {}])
def test_a_form_that_is_no_function(ecs, form):
    """The form of an active event must be callable."""
    with pytest.raises(BadArgumentError) as error:
        ecs.metadata.active_event = form
    assert str(error.value) == (
        f"metadata.active_event is {form!r}. Pass a function that takes a SystemEvent and returns a dict."
    )


def test_a_form_that_json_cannot_say(ecs):
    """The function's result must be JSON; the program's request raises the error."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    ecs.metadata.active_event = lambda event: {"at": event.not_before}
    with pytest.raises(BadArgumentError) as error:
        get("/latest/maintenance/active-system-events")
    assert re.sub(r"\{.*\}\. Return", "{...}. Return", str(error.value)) == (
        'metadata.active_event returned {...}. Return a dict that JSON can represent, such as {"eventId": event.event_id}.'
    )


@pytest.mark.parametrize("status", [200, 600, "403", True, None])
def test_a_status_that_refuses_nothing(ecs, status):
    """Only an error status can be set."""
    with pytest.raises(BadArgumentError) as error:
        ecs.metadata.no_token_status = status
    assert str(error.value) == f"metadata.no_token_status is {status!r}. Pass a status from 400 to 599."


def test_the_log_is_the_authors_own_list(ecs):
    """Changing the list of calls does not change the log."""
    get()
    ecs.metadata.calls.clear()
    assert len(ecs.metadata.calls) == 1
    assert repr(ecs.metadata) == "<Metadata: 1 calls>"


# -- faults


def test_a_fault_is_met_by_the_next_request(ecs):
    """Faults are the codes of the service's refusals; each applies once, then the service answers again."""
    ecs.fail("metadata", "Throttling")
    ecs.fail("metadata", "InternalError", times=2)

    assert [get() for _ in range(4)] == [429, 500, 500, 200]
    assert [call.fault for call in ecs.metadata.calls] == [True, True, True, False]
    assert ecs.timeline().splitlines()[0].endswith("0 events, 0 calls, 3 faults")


def test_a_fault_may_be_for_some_requests(ecs):
    """A fault can select instance, method, path or a window, and can have its own message and status."""
    ecs.instances.add("i-web2")
    ecs.fail("metadata", "ServiceUnavailable", path=SPOT)
    ecs.fail("metadata", "Unauthorized", instance_id="i-web2", method="GET")
    ecs.fail("metadata", "Teapot", http_status=418, message="I'm a teapot", between=("+1h", "+2h"))

    with ecs.guest("i-web1"):
        assert [get(), get(SPOT), get(SPOT)] == [200, 503, 404]
    with ecs.guest("i-web2"):
        assert [get(), get()] == [401, 200]
        ecs.advance("1h")
        assert [get(), get()] == [418, 200]
        assert "<h1>418 - I'm a teapot</h1>" in ecs.metadata.calls[-2].text


def test_a_quota_is_of_requests_a_minute(ecs):
    """Further requests get 429 until the minute ends."""
    ecs.quota("metadata", per_minute=2)

    assert [get() for _ in range(3)] == [200, 200, 429]
    ecs.advance("1m")
    assert get() == 200


def test_faults_of_actions_do_not_apply(ecs):
    """A fault for every action does not apply to the metadata service."""
    ecs.fail("*", "Throttling", optional=True)
    ecs.delay("*", "5s", optional=True)
    assert get() == 200


def test_a_fault_that_nothing_met():
    """The error names it, and the nearest request."""
    with pytest.raises(UnusedFaultError) as error, EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        ecs.fail("metadata", "Throttling", path=SPOT)
        ecs.delay("metadata", "5s", instance_id="i-web2", times=1)
        get()
    assert str(error.value) == (
        "Faults and delays were declared that the handler did not meet:\n"
        f"  - metadata(path='{SPOT}'): Throttling, met 0 of 1 times. "
        "Nearest call: i-web1 GET /latest/meta-data/region-id -> 200.\n"
        "  - metadata(instance_id='i-web2'): delay of 5s, met 0 of 1 times. "
        "Nearest call: i-web1 GET /latest/meta-data/region-id -> 200.\n"
        "Let the handler make these calls, or declare fewer; one with optional=True may stay unused. If that is "
        'intended: ecs_events.strict -= {"faults"} in the test, or leave "faults" out of ecs_events_strict in the ini file; '
        'see the manual, "Strictness" (docs/reference/strictness.md).'
    )


def test_an_unused_fault_without_any_request():
    """The error says that there was no request."""
    sentence = r"metadata: Throttling, met 0 of 1 times\. metadata was not called\."
    with pytest.raises(UnusedFaultError, match=sentence), EcsEvents() as ecs:
        ecs.fail("metadata", "Throttling")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            {"code": "Throttled"},
            "unknown error 'Throttled' of metadata. Did you mean Throttling?",
        ),
        (
            {"code": "Throttling", "InstanceId": "i-web1"},
            "unknown parameter 'InstanceId' of metadata. Did you mean instance_id? It has: instance_id, method, path.",
        ),
        (
            {"code": "Throttling", "time": 3},
            "unknown parameter 'time' of metadata. Did you mean times? It has: instance_id, method, path.",
        ),
        (
            {"code": "read timeout", "acted": True},
            "fail('metadata', 'read timeout') got acted=True. Omit it: requests to the metadata service change "
            "nothing.",
        ),
        (
            {"code": "Throttling", "path": "meta-data/region-id"},
            "path is 'meta-data/region-id'. Pass an absolute path, such as "
            'path="/latest/meta-data/instance/spot/termination-time".',
        ),
    ],
)
def test_a_fault_that_cannot_be(ecs, arguments, sentence):
    """A wrong name is refused with the nearest one."""
    with pytest.raises(BadArgumentError) as error:
        ecs.fail("metadata", **arguments)
    assert str(error.value).startswith(sentence)


def test_the_service_is_no_action(ecs):
    """Its requests have a log of their own: `calls` holds those to actions."""
    get()
    assert ecs.calls == []
    with pytest.raises(BadArgumentError, match="unknown action 'metadata'"):
        ecs.assert_called("metadata")


def test_a_delay_passes_in_a_loop_too(ecs):
    """Other tasks go on while a request is delayed."""
    aiohttp = pytest.importorskip("aiohttp")
    ecs.delay("metadata", "10s")
    seen = []

    async def other():
        await asyncio.sleep(4)
        seen.append(f"{ecs.now:%S}")

    async def agent():
        async with aiohttp.ClientSession() as session, session.get(f"{ROOT}/meta-data/region-id") as reply:
            seen.append(f"{await reply.text()} {ecs.now:%S}")

    async def both():
        await asyncio.gather(agent(), other())

    asyncio.run(both())
    assert seen == ["04", "cn-hangzhou 10"]


# -- the timeline


def test_requests_are_in_the_timeline(ecs):
    """Each line has the instance, the request and the response; faults are shown as for calls."""
    ecs.create("SystemMaintenance.Reboot", "i-web1", not_before="+24h")
    ecs.fail("metadata", "read timeout", path=SPOT)
    ecs.fail("metadata", "bad gateway", path="/latest/user-data")
    get("/latest/maintenance/active-system-events")
    with pytest.raises(requests.exceptions.ReadTimeout):
        get(SPOT)
    get("/latest/user-data")
    get(X_aliyun_ecs_metadata_token="")
    get(**{"X-aliyun-ecs-metadata-token": "none"})

    assert lines(ecs)[1:] == [
        " +00:00:00  metadata  i-web1 GET /latest/maintenance/active-system-events -> 200, 1 event",
        f" +00:00:00  metadata  i-web1 GET {SPOT} -> read timeout after 5s, a fault",
        " +00:00:05  metadata  i-web1 GET /latest/user-data -> 502 bad gateway, a fault",
        " +00:00:05  metadata  i-web1 GET /latest/meta-data/region-id -> 200",
        " +00:00:05  metadata  i-web1 GET /latest/meta-data/region-id -> 401",
        "                        no such token was issued",
    ]


def test_polls_are_one_line(ecs):
    """Repeated requests of a program are one line, with its sleeps."""
    for _ in range(20):
        get(SPOT)
        get("/latest/maintenance/active-system-events")
        time.sleep(5)

    assert lines(ecs) == [
        f" +00:00:00  metadata  i-web1 GET {SPOT} -> 404, then",
        "                      i-web1 GET /latest/maintenance/active-system-events -> 200, 0 events (20 times, every 5s, "
        "until +00:01:35)",
    ]


def test_the_picture_leaves_them_out(ecs):
    """Polls would hide what happens to instances and events."""
    before = ecs.svg()
    get()
    assert ecs.svg() == before


def test_threads_are_named(ecs):
    """If several threads send requests, each line has its thread."""
    thread = threading.Thread(target=get, name="agent")
    thread.start()
    thread.join()
    get()

    assert lines(ecs) == [
        " +00:00:00  metadata  [MainThread] i-web1 GET /latest/meta-data/region-id -> 200",
        " +00:00:00  metadata  [agent] i-web1 GET /latest/meta-data/region-id -> 200",
    ]


def test_a_long_story_counts_them(ecs):
    """Among many different polls, those in the middle are counted."""
    for number in range(30):
        get(f"/latest/meta-data/{['region-id', 'zone-id', 'mac'][number % 3 - number // 7 % 2]}")
        ecs.advance(seconds=1 + number % 4)

    counted = [line for line in ecs._parts.timeline(10).splitlines() if "..." in line]
    assert len(counted) == 1
    assert re.search(r"\.\.\. \d+ calls, some to the metadata service, until \+00:", counted[0])


# -- programs that do not end


def test_a_program_that_polls_without_sleeping(ecs, call_limit):
    """Under run the program ends with a message that names its line."""

    def agent():
        while get(SPOT) == 404:
            pass

    with pytest.raises(StandingClockError) as error:
        ecs.run(agent, until="1h")
    sentence = re.sub(r"\S+test_metadata_requests.py:\d+", "test_metadata_requests.py:N", str(error.value))
    assert sentence == (
        f"The handler made {call_limit} calls while the clock stands at 2030-01-01T00:00:00Z, the last of them i-web1 GET "
        f"{SPOT} at test_metadata_requests.py:N in get. Time does not pass by itself, so run would never end: sleep in "
        'the loop (time.sleep moves the clock), or let calls take virtual time: ecs_events.delay("metadata", "50ms").'
    )
    ecs.strict = False


@pytest.mark.usefixtures("call_limit")
def test_the_line_of_a_program_that_uses_the_standard_library(ecs):
    """The line is the program's own, not one of the library."""

    def agent():
        while urllib.request.urlopen(f"{ROOT}/meta-data/region-id", timeout=5).read():
            pass

    with pytest.raises(StandingClockError, match=r"at \S+test_metadata_requests\.py:\d+ in agent\. Time does not pass"):
        ecs.run(agent, until="1h")
    ecs.strict = False


def test_a_program_that_only_sends_requests_is_not_stuck(ecs, pass_real_seconds):
    """Requests count as progress: run's patience does not run out while they go on."""
    ecs.patience = 1

    def agent():
        for _ in range(5):
            get(SPOT)
            pass_real_seconds(0.6)
        return "done"

    assert ecs.run(agent, until="30m") == "done"


def test_after_the_test_requests_are_refused():
    """A connection that outlives its cloud gets an error that says so."""
    import socket

    with EcsEvents() as ecs:
        ecs.instances.add("i-web1")
        connection = socket.create_connection(("100.100.100.200", 80))
    with pytest.raises(EcsEventsError, match="EcsEvents works only inside its with block"):
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
