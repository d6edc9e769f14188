"""After each end of a test, the process is as before: names, threads, sockets, signal handlers, settings."""

import datetime as dt
import http.server  # noqa: F401  # runs of pytest inside a test forget what they load
import time

import freezegun.api
import pytest
from process_state import ProcessState
from sizes import size

from pytest_ecsevents import EcsEvents
from pytest_ecsevents.clock._names import NamesMemo

TESTS = """
import asyncio, contextlib, os, queue, signal, socket, sys, threading, time, warnings
from concurrent.futures import ThreadPoolExecutor
import requests
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

pytestmark = [
    pytest.mark.ecs_clock(backend="{backend}", tz="America/New_York"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+1h"),
]

CLIENT = AcsClient("ak", "secret", "cn-hangzhou")

def call(action="DescribeInstances"):
    request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name=action)
    return CLIENT.do_action_with_exception(request)

def handler():
    while True:
        call()
        time.sleep(60)

def use_everything(ecs_events):
    ecs_events.on_change(lambda _change: call())
    host = f"http://{{ecs_events.endpoint}}/?Action=DescribeRegions&Version=2014-05-26&Format=JSON&AccessKeyId=ak"
    assert requests.get(host, timeout=5).status_code == 200
    ecs_events.queue("orders")
    threading.Thread(target=handler, daemon=True).start()
    time.sleep(100)
    ecs_events.run(handler, until="+3m")
    asyncio.run(asyncio.sleep(3))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(time.sleep, 5).result()
    with contextlib.suppress(queue.Empty):
        queue.Queue().get(timeout=5)

def test_passes(ecs_events):
    use_everything(ecs_events)

def test_fails(ecs_events):
    use_everything(ecs_events)
    assert False

@pytest.mark.xfail(strict=True)
def test_is_expected_to_fail(ecs_events):
    use_everything(ecs_events)
    assert False

def test_skips(ecs_events):
    use_everything(ecs_events)
    pytest.skip("enough")

def test_has_an_error_in_a_receiver(ecs_events):
    use_everything(ecs_events)
    ecs_events.on_change(lambda _change: 1 / 0)
    ecs_events.advance("1h")

@pytest.fixture
def broken(ecs_events):
    use_everything(ecs_events)
    1 / 0

def test_has_an_error_in_set_up(broken):
    pass

@pytest.fixture
def broken_later(ecs_events):
    yield
    use_everything(ecs_events)
    1 / 0

def test_has_an_error_in_teardown(broken_later):
    pass

@pytest.mark.ecs_instance("i-web2", colour="red")
def test_has_a_bad_marker():
    pass

def test_is_strict(ecs_events):
    use_everything(ecs_events)
    ecs_events.fail("StartInstance", "Throttling")

@pytest.mark.timeout(0.3, method="signal")
def test_times_out(ecs_events):
    ecs_events.endpoint
    threading.Thread(target=time.sleep, args=(60,)).start()
    while True:
        pass

@pytest.mark.timeout(0.3, method="signal")
def test_times_out_in_a_receiver(ecs_events):
    ecs_events.endpoint
    threading.Thread(target=time.sleep, args=(60,)).start()

    def receive(_change):
        while True:
            pass

    ecs_events.on_change(receive)
    ecs_events.advance("1h")

def test_has_a_stubborn_handler(ecs_events):
    use_everything(ecs_events)

    def stubborn():
        while True:
            try:
                time.sleep(60)
            except BaseException:
                pass

    ecs_events.run(stubborn, until="1h")

def test_leaves_a_thread(ecs_events):
    use_everything(ecs_events)
    threading.Thread(target=time.sleep, args=(10**9,), daemon=True).start()

@pytest.fixture
def interrupted_set_up(ecs_events):
    use_everything(ecs_events)
    raise KeyboardInterrupt

@pytest.fixture
def interrupted_teardown(ecs_events):
    yield
    use_everything(ecs_events)
    raise KeyboardInterrupt

def test_interrupt_of_the_test(ecs_events):
    use_everything(ecs_events)
    raise KeyboardInterrupt

def test_interrupt_of_set_up(interrupted_set_up):
    pass

def test_interrupt_of_teardown(interrupted_teardown):
    pass

def test_interrupt_in_a_receiver(ecs_events):
    ecs_events.endpoint

    def receive(_change):
        raise KeyboardInterrupt

    ecs_events.on_change(receive)
    ecs_events.advance("1h")

def test_interrupt_in_a_handler(ecs_events):
    def handler():
        use_everything(ecs_events)
        os.kill(os.getpid(), signal.SIGINT)
        while True:
            pass

    ecs_events.run(handler)
"""
INTERRUPTED = ("interrupt_of_the_test", "of_set_up", "of_teardown", "interrupt_in_a_receiver", "in_a_handler")

# Left on purpose, or by others than the plugin:
LEFT = {
    "PYTEST_CURRENT_TEST": "pytest leaves it in the environment when a KeyboardInterrupt ends its run",
    "sys.last_": "pytest keeps the last error there, for debuggers",
    "test_nothing_is_left": "modules of the tests: the outer one, and that of the run inside, which is loaded each time",
    "CTracer": "coverage begins with a new tracer where a handler was left",
    "_pytest.": "pytest's own insides, such as the assertion plugin's hooks and the run's configuration",
    "pytest_ecsevents.": "what is remembered from test to test: where modules keep functions, the finished clouds' counters",
}
# This comparison inside one run of pytest cannot see two more. The stand-in for `time.sleep` is in `time` until the run
# of pytest ends, because programs keep `time.sleep` in unknown places; here the outer run has it. The greenlet of a
# handler that catches everything stays suspended: it would continue if it was destroyed.


def left_of(changes):
    """Return the changes that no entry of `LEFT` explains."""
    return [change for change in changes if not any(known in change for known in LEFT)]


@pytest.mark.parametrize("backend", size(["freezegun"], ["freezegun", "time-machine"]))  # freezegun replaces more
def test_nothing_is_left_however_tests_end(run, backend, monkeypatch):
    """Compares names, functions, threads, descriptors, signal handlers, settings, and the environment."""
    pytest.importorskip("pytest_timeout")
    monkeypatch.setenv("PYTEST_CURRENT_TEST", "any")
    source = TESTS.format(backend=backend)

    def run_tests(words, *options):
        return run(source, "-k", words, *options, beside=["timeout"])

    run_tests("passes", "--tb=no").assert_outcomes(passed=1, deselected=17)  # loads what the tests need
    before = ProcessState()
    run_tests("not interrupt", "--tb=no").assert_outcomes(
        passed=4, failed=5, errors=4, skipped=1, xfailed=1, deselected=5
    )
    for ending in INTERRUPTED:
        # Without a terminal: it would read the source of each function in the traceback, which takes most of the time.
        assert run_tests(ending, "-p", "no:terminal").ret == pytest.ExitCode.INTERRUPTED
    assert left_of(before.changes(ProcessState())) == []


CRASHES = """
import pytest

@pytest.mark.timeout(0.3, method="thread")
def test_times_out_by_a_thread(ecs_events):
    ecs_events.endpoint
    while True:
        pass

def test_next(ecs_events):
    assert ecs_events.now.year == 2030
"""


def test_nothing_is_left_when_workers_of_xdist_crash(run, monkeypatch):
    """pytest-timeout's method "thread" ends a worker by `os._exit`; the next worker runs the next test."""
    # What the run would load counts as left by it.
    for name in ("pytest_timeout", *(f"xdist.{part}" for part in ("dsession", "remote", "report", "scheduler"))):
        pytest.importorskip(name)
    # `make cover` measures child processes by this. What crashes saves no measurement, and may leave half a file.
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    options = {"beside": ["timeout", "xdist"]}
    run(CRASHES, "-n0", "--tb=no", "-k", "next", **options).assert_outcomes(passed=1)
    before = ProcessState()
    run(CRASHES, "-n1", "--tb=no", **options).assert_outcomes(passed=1, failed=1)
    assert left_of(before.changes(ProcessState())) == []


def test_an_interrupt_while_the_clock_is_being_frozen_leaves_it_as_it_was(monkeypatch):
    """Functions that freezegun has replaced by then are restored too."""

    def interrupted(*_arguments, **_options):
        raise KeyboardInterrupt

    before = time.time, time.monotonic, dt.datetime
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(NamesMemo, "takers", interrupted)
        with EcsEvents(backend="freezegun"):
            pytest.fail("it was entered")
    assert (time.time, time.monotonic, dt.datetime) == before
    assert freezegun.api.freeze_factories == []


def test_a_replacement_of_monkeypatch_over_ours_leaves_nothing(pytester):
    """`monkeypatch` was set up before the cloud, so it restores our function after the cloud's end."""
    pytester.makepyfile(
        """
        import socket

        REAL = socket.create_connection

        def test_one(monkeypatch, ecs_events):
            monkeypatch.setattr(socket, "create_connection", None)

        def test_two():
            assert socket.create_connection is REAL
        """
    )
    pytester.runpytest_inprocess("-p", "no:randomly").assert_outcomes(passed=2)
