"""Event loops that cannot be virtual raise an error at once, where a test would wait in real time."""

import asyncio
import datetime as dt
import logging.handlers
import subprocess
import sys
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_threads import start_raw_thread

from pytest_ecsevents import EcsEvents, EcsEventsError

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(params=["freezegun", "time-machine"])
def ecs(request):
    """A cloud at 2030-01-01T00:00:00Z, on each back end."""
    with EcsEvents(backend=request.param) as ecs_events:
        yield ecs_events


def run_program(program):
    """Run a program in a process of its own, so that its patches stay there."""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_uvloop_is_refused(ecs):
    """A sleep raises an error that names alternatives; calls that take no time work, as does a server in a thread."""
    uvloop = pytest.importorskip("uvloop")

    async def nothing():
        await asyncio.sleep(0)
        return 5

    assert uvloop.run(nothing()) == 5
    with pytest.raises(EcsEventsError, match=r"uvloop keeps real time.*asyncio\.run"):
        uvloop.run(asyncio.sleep(3600))
    errors = []

    def serve(seconds):
        try:
            uvloop.run(asyncio.sleep(seconds))
        except EcsEventsError as error:
            errors.append(error)

    for seconds in (0.01, 3600):
        thread = threading.Thread(target=serve, args=(seconds,))
        thread.start()
        thread.join()
    assert len(errors) == 1
    assert ecs.now.hour == 0


def test_gevent_is_refused(ecs):
    """Its sleep raises the error."""
    gevent = pytest.importorskip("gevent")
    with pytest.raises(EcsEventsError, match="gevent keeps real time"):
        gevent.sleep(3600)


def curio_or_skip():
    """Import curio, which lacks a name of multiprocessing from Python 3.14 on."""
    try:
        return pytest.importorskip("curio")
    except AttributeError as problem:
        pytest.skip(str(problem))


def test_curio_is_refused(ecs):
    """Its kernel does not start."""
    curio = curio_or_skip()
    with pytest.raises(EcsEventsError, match=r"curio keeps real time.*trio"):
        curio.run(curio.sleep, 3600)


def test_threads_from_before_the_test_use_them_in_real_time():
    """Each runs in a thread that is not the test's."""
    curio, uvloop = curio_or_skip(), pytest.importorskip("uvloop")
    gevent = pytest.importorskip("gevent")
    go, done, seen = threading.Lock(), threading.Lock(), []
    go.acquire()
    done.acquire()

    def old():
        go.acquire()
        curio.run(curio.sleep, 0.01)
        uvloop.run(asyncio.sleep(0.01))
        gevent.sleep(0.01)
        seen.append("done")
        done.release()

    start_raw_thread(old)
    with EcsEvents(backend="time-machine"):
        go.release()
        done.acquire()
    assert seen == ["done"]


@pytest.mark.parametrize("when", ["before", "within"])
def test_nest_asyncio_is_virtual(when):
    """A nested loop sleeps virtually, whether it was patched before the test or in it."""
    pytest.importorskip("nest_asyncio")
    apply = "import nest_asyncio, asyncio; loop = asyncio.new_event_loop(); nest_asyncio.apply(loop)\n"
    within = apply.replace("import", "    import", 1)
    run_program(
        "from pytest_ecsevents import EcsEvents\n"
        + (apply if when == "before" else "")
        + "with EcsEvents() as ecs_events:\n"
        + (within if when == "within" else "")
        + "    async def inner():\n"
        "        await asyncio.sleep(3600)\n"
        "    async def outer():\n"
        "        loop.run_until_complete(inner())\n"
        "        await asyncio.sleep(3600)\n"
        "    loop.run_until_complete(outer())\n"
        "    nest_asyncio.apply(loop)\n"
        "    assert ecs_events.now.hour == 2\n"
        "loop.close()\n"
    )


# -- neighbouring functions


def test_perf_counter_moves_with_the_clock(ecs):
    """It moves as `time.monotonic` does, also during another thread's wait."""
    began, began_ns = time.perf_counter(), time.perf_counter_ns()
    time.sleep(90)
    assert round(time.perf_counter() - began, 3) == 90
    assert round((time.perf_counter_ns() - began_ns) / 1e9, 3) == 90


@settings(deadline=200, max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_hypothesis_measures_real_time(ecs, data):
    """A virtual hour of sleep between two draws exceeds no deadline."""
    data.draw(st.integers())
    time.sleep(3600)
    data.draw(st.integers())


def test_a_log_file_rolls_over_at_virtual_midnight(ecs, tmp_path):
    """A handler of `logging` starts a new file for records after midnight."""
    handler = logging.handlers.TimedRotatingFileHandler(tmp_path / "log", when="midnight", utc=True, delay=True)
    for hours, text in ((23, "one"), (2, "two")):
        time.sleep(hours * 3600)
        handler.emit(logging.makeLogRecord({"msg": text}))
    handler.close()
    assert (tmp_path / "log").read_text() == "two\n"


def test_a_poll_of_a_process_ends(ecs):
    """`while process.poll() is None: sleep(60)` ends, because sleeping lets a process run."""
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    for _ in range(1_000_000):
        if process.poll() is not None:
            break
        time.sleep(60)
    assert process.wait() == 0
    assert ecs.now > dt.datetime(2030, 1, 1, tzinfo=dt.timezone.utc)
