"""The clock of a cloud that stands by itself, and what waits for it."""

import contextlib
import http.client
import json
import sys
import threading
import time
from urllib.parse import urlencode

import pytest

from pytest_ecsevents.clock import _own_clock
from pytest_ecsevents.clock._own_clock import OwnClock
from pytest_ecsevents.face._ecs_events import parts_of
from pytest_ecsevents.server import _server

SECOND = 1_000_000


@pytest.fixture
def machine(monkeypatch):
    """The machine's clock, which the test sets: `machine[0]`."""
    machine = [1_000 * SECOND]
    monkeypatch.setattr(_own_clock, "machine_now", lambda: machine[0])
    return machine


def test_a_clock_goes_on_at_its_speed(machine):
    """From the first instant on; a jump is added."""
    clock = OwnClock(5 * SECOND, 60)
    clock.enter()
    try:
        machine[0] += 2 * SECOND
        assert clock.now() == 125 * SECOND
        clock.advance_by_author(None, 10 * SECOND)
        assert clock.now() == 135 * SECOND
        machine[0] += SECOND
        assert clock.now() == 195 * SECOND
    finally:
        clock.leave()
    machine[0] += SECOND
    assert clock.now() == 195 * SECOND


def test_no_name_of_a_module_is_replaced():
    """Of the sources of an instant, this one has no stand-ins."""
    assert [source.fakes() for source in OwnClock(None, 1)._sources] == [[]]


def test_a_clock_never_goes_back(machine):
    """The machine's may be set back; a late move is none."""
    clock = OwnClock(None, 1)
    clock.enter()
    try:
        assert clock.now() == 1_000 * SECOND
        machine[0] -= 500 * SECOND
        assert clock.now() == 1_000 * SECOND
        machine[0] += SECOND
        assert clock.now() == 1_001 * SECOND
        clock.move_to(10 * SECOND)
        assert clock.now() == 1_001 * SECOND
    finally:
        clock.leave()


@pytest.fixture
def threads_take_turns_often():
    """Let threads change with nearly each step, so that they meet."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("threads_take_turns_often")
def test_threads_that_advance_at_one_time_do_so_one_after_the_other(standing):
    """Each moves the clock by its whole duration, and gets its own transitions; so it is with the next due instant."""
    cloud = standing()
    ecs_events = cloud.ecs_events
    ecs_events.instances.add("i-web1")
    for minute in range(1, 241):
        ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before=f"+{minute}m", executing_for="30s")

    def together(*bodies):
        replies, all_are_there = [], threading.Barrier(len(bodies))

        def post(body):
            with contextlib.closing(http.client.HTTPConnection(cloud.address)) as connection:
                connection.connect()
                all_are_there.wait()
                connection.request("POST", "/_ecsevents/v1/advance", json.dumps(body))
                replies.append(json.loads(connection.getresponse().read()))

        threads = [threading.Thread(target=post, args=(body,)) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return replies

    replies = together(*[{"by": "30m"}] * 4)
    assert sorted(reply["now"][11:16] for reply in replies) == ["00:30", "01:00", "01:30", "02:00"]
    assert sum(len(reply["transitions"]) for reply in replies) == 239
    replies = together(*[{"next": True}] * 4)
    assert sorted(reply["now"][11:19] for reply in replies) == ["02:00:30", "02:01:00", "02:01:30", "02:02:00"]


def test_a_function_may_wait_for_a_thread_that_advances(standing):
    """The thread does not wait for the one that calls the function."""
    ecs_events = standing().ecs_events

    def advance_elsewhere():
        thread = threading.Thread(target=ecs_events.advance, args=("10m",))
        thread.start()
        thread.join()

    ecs_events.at("+1h", advance_elsewhere)
    ecs_events.advance("1h")
    assert ecs_events.now.isoformat()[11:19] == "01:10:00"


def test_what_is_due_happens_by_itself(standing):
    """With a clock that goes on, no call is needed."""
    ecs_events = standing(speed=36_000).ecs_events  # ten hours a second
    event = ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+10m")
    until = time.monotonic() + 5
    while parts_of(ecs_events).recorder.journal[-1].to_status != "Executed" and time.monotonic() < until:
        time.sleep(0.01)
    assert event.status == "Executed"


def poll(address, path):
    """Receive a message; return the status of the reply."""
    connection = http.client.HTTPConnection(address, timeout=20)
    headers = {"x-mns-version": "2015-06-06", "Date": "Tue, 01 Jan 2030 00:00:00 GMT", "Authorization": "MNS ak:sig"}
    connection.request("GET", path, headers=headers)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.fixture
def polling():
    """Poll in a thread: `polling(address, "events", 10)()` waits for its reply, and returns (status, seconds)."""

    def polling(address, queue, seconds):
        got = []

        def run():
            begun = time.monotonic()
            got.append((poll(address, f"/queues/{queue}/messages?waitseconds={seconds}"), time.monotonic() - begun))

        thread = threading.Thread(target=run)
        thread.start()

        def result():
            thread.join()
            return got[0]

        return result

    return polling


def until_held(cloud, queue):
    """Wait until a request is held at a queue."""
    state = parts_of(cloud.ecs_events).messaging.queues[queue]
    while not state.wakes:
        time.sleep(0.005)


def test_a_poll_ends_when_the_clock_is_moved(standing, polling):
    """With a clock that stands: an advance beyond its wait is its end."""
    cloud = standing()
    cloud.ecs_events.queue("events")
    result = polling(cloud.address, "events", 30)
    until_held(cloud, "events")
    cloud.ecs_events.advance("1m")
    status, took = result()
    assert status == 404
    assert took < 10


def test_a_poll_gets_what_comes_while_the_clock_is_moved(standing, polling):
    """The notification is there before the poll has ended."""
    cloud = standing()
    cloud.ecs_events.queue("events")
    cloud.ecs_events.at("+10s", cloud.ecs_events.create, "SystemMaintenance.Reboot", "i-web1", not_before="+1d")
    result = polling(cloud.address, "events", 30)
    until_held(cloud, "events")
    cloud.ecs_events.advance("10s")
    assert result()[0] == 200


def test_a_poll_of_a_standing_cloud_ends_in_real_time(standing, polling):
    """Also if a message is hidden meanwhile: it does not become visible while the clock stands."""
    cloud = standing()
    queue = cloud.ecs_events.queue("events")
    queue.send("x", delay_seconds=1)
    status, took = polling(cloud.address, "events", 1)()
    assert status == 404
    assert took >= 0.9


def test_a_poll_waits_at_the_clocks_speed(standing, polling):
    """Thirty seconds of a clock that is a hundred times as fast."""
    cloud = standing(speed=100)
    cloud.ecs_events.queue("events")
    status, took = polling(cloud.address, "events", 30)()
    assert status == 404
    assert 0.2 < took < 10


def test_a_reset_ends_a_poll(standing, polling):
    """The queue is gone with its cloud."""
    cloud = standing()
    cloud.ecs_events.queue("events")
    result = polling(cloud.address, "events", 30)
    until_held(cloud, "events")
    cloud.reset()
    status, took = result()
    assert status == 404
    assert took < 10


def reboot(address):
    """Reboot without an SDK; return the seconds that it took."""
    begun = time.monotonic()
    params = {"Action": "RebootInstance", "Version": "2014-05-26", "AccessKeyId": "any", "InstanceId": "i-web1"}
    connection = http.client.HTTPConnection(address, timeout=20)
    connection.request("GET", f"/?{urlencode(params)}")
    assert connection.getresponse().status == 200
    connection.close()
    return time.monotonic() - begun


def test_a_delayed_call_waits_at_the_clocks_speed(standing):
    """It takes effect at the end of its delay."""
    cloud = standing(speed=60)
    cloud.ecs_events.instances.add("i-web1")
    cloud.ecs_events.delay("RebootInstance", "12s")
    event = cloud.ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before="+1d")
    assert reboot(cloud.address) >= 0.19
    assert event.status == "Avoided"


def test_a_delayed_call_moves_a_standing_clock(standing):
    """By its delay."""
    cloud = standing()
    cloud.ecs_events.instances.add("i-web1")
    cloud.ecs_events.delay("RebootInstance", "30s")
    reboot(cloud.address)
    assert cloud.ecs_events.now.isoformat() == "2030-01-01T00:00:30+00:00"


def test_a_fault_without_reply_is_held_though_the_clock_moves(standing):
    """Its client gives up by its own timeout."""
    cloud = standing()
    cloud.ecs_events.instances.add("i-web1")
    cloud.ecs_events.fail("RebootInstance", "read timeout")
    connection = http.client.HTTPConnection(cloud.address, timeout=0.3)
    connection.request("GET", "/?Action=RebootInstance&Version=2014-05-26&AccessKeyId=any&InstanceId=i-web1")
    cloud.ecs_events.advance("1h")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()


def test_a_client_without_a_timeout_is_let_go(standing, monkeypatch):
    """After a minute of real time."""
    monkeypatch.setattr(_server, "HELD_FOR", 0.05)
    cloud = standing()
    cloud.ecs_events.instances.add("i-web1")
    cloud.ecs_events.fail("RebootInstance", "read timeout")
    with pytest.raises(http.client.RemoteDisconnected):
        reboot(cloud.address)


def test_programs_may_poll_while_the_clock_stands(standing, monkeypatch):
    """A test's handler that did so would never end; here another program will move the clock."""
    from pytest_ecsevents.checks import _recorder

    monkeypatch.setattr(_recorder, "MOST_CALLS_AT_ONE_INSTANT", 3)
    cloud = standing()
    cloud.ecs_events.instances.starting_takes = "1m"
    cloud.ecs_events.instances.add("i-web1")
    cloud.ecs_events.reboot("i-web1")
    connection = http.client.HTTPConnection(cloud.address, timeout=10)
    for _ in range(6):
        connection.request("GET", "/?Action=DescribeInstances&Version=2014-05-26&AccessKeyId=any&RegionId=cn-hangzhou")
        reply = connection.getresponse()
        assert (reply.status, bool(reply.read())) == (200, True)
    connection.close()


@pytest.mark.parametrize("speed", [1.0, 1_000_000.0])
def test_a_clock_that_goes_on_is_not_moved_back_by_an_advance_of_no_time(standing, speed):
    """Nor by one to what is due next, when the clock gets there by itself meanwhile."""
    ecs_events = standing(speed=speed).ecs_events
    for _ in range(20):
        ecs_events.advance("0s")
    if speed > 1:
        for hours in range(1, 200):
            ecs_events.create("SystemMaintenance.Reboot", "i-web1", not_before=f"+{hours}h")
        while any(event.status != "Executed" for event in ecs_events):
            ecs_events.advance_to_next()
