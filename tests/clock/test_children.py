"""A child process gets the real time that it needs, while a thread of the test reads its output or polls it."""

import asyncio
import datetime as dt
import multiprocessing
import os
import queue
import selectors
import subprocess
import sys
import threading
import time
from functools import partial

import pytest
from raw_threads import start_raw_thread

from pytest_ecsevents import EcsEvents, RealWorkWarning

pytestmark = pytest.mark.timeout(30)

SOON = (sys.executable, "-c", "import time; time.sleep(0.4); print('ready')")
ENDLESS = (sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)")
SPAWN = multiprocessing.get_context("spawn")

real_now = partial(time.clock_gettime, time.CLOCK_MONOTONIC)  # which nothing replaces


@pytest.fixture
def ecs(either_backend):
    """A cloud at 2030-01-01T00:00:00Z."""
    with EcsEvents(backend=either_backend) as ecs_events:
        yield ecs_events


def passed(ecs):
    """Seconds of virtual time since the start."""
    return ecs.now.timestamp() - dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc).timestamp()


@pytest.mark.parametrize(
    "options", [{}, {"text": True}, {"bufsize": 0}, {"text": True, "bufsize": 1}], ids=["bytes", "text", "raw", "lines"]
)
def test_a_line_of_a_child_is_waited_for(ecs, options):
    """A thread puts each line into a queue; a `get` with a timeout does not give up before the child has printed."""
    lines = queue.Queue()
    with subprocess.Popen(SOON, stdout=subprocess.PIPE, **options) as process:

        def read():
            for line in process.stdout:
                lines.put(line.strip())

        thread = threading.Thread(target=read)
        thread.start()
        assert lines.get(timeout=30) in {"ready", b"ready"}
        thread.join()
    assert passed(ecs) == 0


@pytest.mark.parametrize("read", ["read", "readline", "readall"])
def test_all_of_a_childs_output_is_waited_for(ecs, read):
    """This is so for each way to read it."""
    with subprocess.Popen(SOON, stdout=subprocess.PIPE, bufsize=0) as process:
        texts = []
        thread = threading.Thread(target=lambda: texts.append(getattr(process.stdout, read)()))
        thread.start()
        time.sleep(60)
        thread.join()
    assert texts[0].strip() == b"ready"


def test_a_child_is_found_by_the_number_of_its_output(ecs):
    """Beside another child, whichever of both was started first."""
    with subprocess.Popen(SOON, stdout=subprocess.PIPE) as one, subprocess.Popen(SOON, stdout=subprocess.PIPE) as other:
        for process in (one, other):
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout.fileno(), selectors.EVENT_READ)
                assert selector.select(timeout=30) != []
    assert passed(ecs) == 0


def test_a_coroutine_waits_for_a_line(ecs):
    """A timeout does not expire while a child in an event loop is about to print."""

    async def main():
        process = await asyncio.create_subprocess_exec(*SOON, stdout=subprocess.PIPE)
        line = await asyncio.wait_for(process.stdout.readline(), timeout=0.1)
        await process.wait()
        return line

    assert asyncio.run(main()).strip() == b"ready"
    assert passed(ecs) == 0


def sleep_beside_a_reader():
    """Sleep ten times beside a thread that reads what a server prints."""
    with EcsEvents(backend="time-machine") as ecs:
        ecs.patience = 0.3
        process = subprocess.Popen(ENDLESS, stdout=subprocess.PIPE)

        def read():
            for _ in process.stdout:
                time.sleep(1)

        thread = threading.Thread(target=read)
        thread.start()
        started = real_now()
        for _ in range(10):
            time.sleep(60)
        assert 0.2 < real_now() - started < 2
        process.kill()
        thread.join()
        process.communicate()


def test_the_output_of_a_server_holds_time_once():
    """The clock waits once for a server's output, until patience is over, then never again; a warning has the line."""
    place = r"0\.3 seconds.*something real at .*test_children\.py:\d+ in read\."
    with pytest.warns(RealWorkWarning, match=place) as told:
        sleep_beside_a_reader()
    assert len(told) == 1


def test_other_pipes_are_those_of_the_system(ecs):
    """A child's input, and the pipes of a thread that is not the test's, are unchanged."""
    with subprocess.Popen(
        (sys.executable, "-c", "print(input())"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.communicate(b"hello") == (b"hello\n", None)
    with os.popen("echo hello") as output:  # noqa: S605, S607  # nothing of it comes from outside
        assert output.read() == "hello\n"


# -- polls


def run_soon():
    """Return a function that tells whether a program of half a second still runs."""
    process = subprocess.Popen(SOON, stdout=subprocess.DEVNULL)
    return lambda: process.poll() is None


def start_soon():
    """Do the same for a process of multiprocessing."""
    process = SPAWN.Process(target=subprocess.call, args=(SOON,), kwargs={"stdout": subprocess.DEVNULL})
    process.start()
    return process.is_alive


@pytest.mark.parametrize("begin", [run_soon, start_soon])
@pytest.mark.parametrize("step", [0.1, 5])
def test_a_loop_of_looks_at_a_child_ends_when_it_has_ended(ecs, begin, step):
    """It does not end at the loop's virtual deadline."""
    is_running = begin()
    deadline = time.monotonic() + 30
    while is_running():
        assert time.monotonic() < deadline
        time.sleep(step)
    assert passed(ecs) < 30


def test_a_child_may_end_while_the_test_sleeps(ecs):
    """A poll after a sleep waits for at most as long, and no longer than necessary."""
    process = subprocess.Popen(SOON, stdout=subprocess.DEVNULL)
    started = real_now()
    assert process.poll() is None
    time.sleep(3600)
    assert process.poll() == 0
    assert real_now() - started < 5


def look_without_end():
    """Poll a server every minute."""
    with EcsEvents(backend="time-machine") as ecs:
        ecs.patience = 0.4
        process = subprocess.Popen(ENDLESS, stdout=subprocess.DEVNULL)
        started = real_now()
        for _ in range(1000):
            time.sleep(60)
            assert process.poll() is None
        assert 0.4 <= real_now() - started < 4
        process.kill()
        process.wait()


def test_a_child_that_does_not_end_is_looked_at_in_virtual_time():
    """Once patience is over, a poll takes no real time; a warning has the line."""
    place = r"0\.4 seconds.*child process.*test_children\.py:\d+ in look_without_end"
    with pytest.warns(RealWorkWarning, match=place) as told:
        look_without_end()
    assert len(told) == 1


def test_a_loop_outside_the_test_waits_for_its_child_in_real_time(ecs):
    """The child takes no virtual time, and holds none."""
    codes = []

    async def main():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        codes.append(await process.wait())

    start_raw_thread(lambda: asyncio.run(main()))
    while not codes:
        pass
    assert codes == [0]
    assert passed(ecs) == 0


def test_a_thread_outside_the_test_looks_at_once():
    """Its time is real."""
    go, looks = threading.Event(), []
    process = subprocess.Popen(ENDLESS, stdout=subprocess.PIPE)

    def look():
        while not go.is_set():
            pass
        looks.append(process.poll())
        with subprocess.Popen((sys.executable, "-c", ""), stdout=subprocess.PIPE) as other:
            looks.append(type(other.stdout.raw).__name__)

    thread = threading.Thread(target=look)
    thread.start()
    with EcsEvents():
        time.sleep(60)
        go._flag = True  # `set` would make it the test's
        while len(looks) < 2:
            pass
    thread.join()
    process.kill()
    process.communicate()
    assert looks == [None, "FileIO"]
