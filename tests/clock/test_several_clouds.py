"""Several clouds at once: each answers while it is open, in any order of closing."""

import contextlib
import datetime as dt
import queue
import sched
import socket
import sys
import threading
import time
import urllib.request

import pytest
import requests
from aliyunsdkcore.vendored.requests.adapters import HTTPAdapter

from pytest_ecsevents import EcsEvents, EcsEventsError
from pytest_ecsevents.clock._threads import real_now

QUERY = "Action=DescribeInstances&Version=2014-05-26&RegionId=cn-hangzhou&AccessKeyId=any&Format=JSON"

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(params=["freezegun", "time-machine"])
def backend(request):
    """Each back end."""
    return request.param


def patched():
    """Return what a cloud replaces, as it is now."""
    return [
        (time.sleep, time.time, time.monotonic, time.monotonic_ns, dt.datetime),
        (threading.Event.wait, threading.Event.set, threading.Condition.wait, threading.Thread.start),
        (queue.time, queue.SimpleQueue, sched.scheduler.__init__.__defaults__, threading._time),
        (requests.Session.get_adapter, HTTPAdapter.send, socket.create_connection, urllib.request.proxy_bypass),
        ("connect" in vars(socket.socket), "connect_ex" in vars(socket.socket), socket.SocketIO.readinto),
    ]


@pytest.fixture(autouse=True)
def nothing_stays():
    """After each test everything is as before."""
    before = patched()
    yield
    assert patched() == before


def instances():
    """Return the ids of the instances of the cloud that answers here."""
    body = requests.get(f"http://ecs.aliyuncs.com/?{QUERY}", timeout=1).json()
    return [one["InstanceId"] for one in body["Instances"]["Instance"]]


class Gates:
    """Real locks that let threads take turns."""

    def __init__(self, count):
        self.all = [threading.Lock() for _ in range(count)]
        for one in self.all:
            one.acquire()

    def open(self, number):
        self.all[number].release()

    def wait(self, number):
        self.all[number].acquire()


def test_the_second_goes_on_when_the_first_is_left(backend, call):
    """The remaining cloud answers, its clock is the process's, and due work happens."""
    first, second = EcsEvents(backend=backend), EcsEvents(backend=backend)
    first.__enter__()
    first.instances.add("i-first")
    second.__enter__()
    second.instances.add("i-second")
    event = second.create("SystemMaintenance.Reboot", "i-second", not_before="+30m")
    first.__exit__(None, None, None)
    with contextlib.ExitStack() as stack:
        stack.push(second)
        time.sleep(3600)
        assert second.now.hour == 1
        assert dt.datetime.now(dt.timezone.utc) == second.now
        assert event.status == "Executed"
        assert instances() == ["i-second"]
        assert call("DescribeInstances", RegionId="cn-hangzhou")["TotalCount"] == 1
        assert first.now.hour == 0


def test_each_cloud_has_its_server(backend):
    """That of the outer cloud starts while the inner one is open; its queue's polls are virtual when that has closed."""
    with EcsEvents(backend=backend) as outer:
        with EcsEvents(backend=backend) as inner:
            assert inner.endpoint != outer.endpoint
        url = f"{outer.queue('jobs').endpoint}/queues/jobs/messages?waitseconds=20"
        headers = {"x-mns-version": "2015-06-06", "Date": "x", "Authorization": "MNS any:signature"}
        began, before = real_now(), outer.now
        assert requests.get(url, headers=headers, timeout=30).status_code == 404
        assert outer.now - before == dt.timedelta(seconds=20)
        assert real_now() - began < 10


def test_the_last_cloud_gives_the_clock_back(backend):
    """Of three, the cloud that froze the clock can close first."""
    clouds = [EcsEvents(backend=backend) for _ in range(3)]
    for one in clouds:
        one.__enter__()
    for one in (clouds[0], clouds[2]):
        one.__exit__(None, None, None)
        assert time.time() == clouds[1].now.timestamp()
    clouds[1].__exit__(None, None, None)
    assert dt.datetime.now(dt.timezone.utc).year < 2030


def test_another_start_is_refused(backend):
    """A second cloud shares the process's clock, so it can't start at another instant."""
    with EcsEvents(backend=backend), pytest.raises(EcsEventsError, match="frozen it at 2030-01-01"):
        EcsEvents("2031-01-01T00:00:00Z", backend=backend).__enter__()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_module_that_was_loaded_meanwhile_keeps_nothing(backend, order, tmp_path, monkeypatch):
    """Names that it took from `time` within two clouds are the real functions after both have closed."""
    name = f"taken_within_{backend.replace('-', '_')}_{order[0]}"
    (tmp_path / f"{name}.py").write_text("from time import sleep\n")
    (tmp_path / f"{name}_before.py").write_text("from time import sleep\n")
    monkeypatch.syspath_prepend(tmp_path)
    clouds = [EcsEvents(backend=backend) for _ in range(2)]
    clouds[0].__enter__()
    modules = [__import__(f"{name}_before")]
    clouds[1].__enter__()
    modules.append(__import__(name))
    began = clouds[1].now
    for one in modules:
        one.sleep(60)
    assert clouds[1].now - began == dt.timedelta(minutes=2)
    for number in order:
        clouds[number].__exit__(None, None, None)
    assert [one.sleep for one in modules] == [time.sleep] * 2
    for one in (name, f"{name}_before"):
        del sys.modules[one]


@pytest.mark.parametrize("sleep", ["virtual", "real"])
@pytest.mark.parametrize("leaves_first", ["first", "second"])
def test_threads_with_a_cloud_each(backend, sleep, leaves_first):
    """Each thread's calls are answered by its own cloud, and its polls are virtual."""
    gates, seen, took = Gates(4), {}, []

    def use(name):
        seen[name] = instances()
        began = real_now()
        if sleep == "virtual":
            with pytest.raises(queue.Empty):
                queue.Queue().get(timeout=600)
        took.append(real_now() - began)

    def first():
        with EcsEvents(backend=backend, sleep=sleep) as cloud:
            cloud.instances.add("i-first")
            gates.open(0)
            gates.wait(1)
            use("first")
            if leaves_first == "second":
                gates.open(2)
                gates.wait(3)
        if leaves_first == "first":
            gates.open(2)

    def second():
        gates.wait(0)
        with EcsEvents(backend=backend, sleep=sleep) as cloud:
            cloud.instances.add("i-second")
            gates.open(1)
            gates.wait(2)
            use("second")
        gates.open(3)

    threads = [threading.Thread(target=one) for one in (first, second)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert seen == {"first": ["i-first"], "second": ["i-second"]}
    assert all(real < 10 for real in took)


def test_a_wait_in_a_cloud_that_another_thread_leaves_is_told_why_it_ends(backend):
    """Nothing moves its clock any more."""
    ecs = EcsEvents(backend=backend, strict=False)
    ecs.__enter__()

    def leave():
        time.sleep(60)
        ecs.__exit__(None, None, None)

    thread = threading.Thread(target=leave)
    thread.start()
    with pytest.raises(SystemExit, match=r"cloud of this thread has ended while it waited.* Leave the cloud"):
        time.sleep(3600)
    thread.join()
