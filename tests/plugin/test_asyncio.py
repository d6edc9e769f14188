"""Asynchronous tests under pytest-asyncio, and timers of other plugins."""

import gc
import warnings
from importlib.metadata import version

import pytest

_TEST = """
import asyncio

{mark}
@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+1h")
async def test_sleeping(ecs_events):
    await asyncio.sleep(3600)
    assert ecs_events.one().status == "Executing"
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.Event().wait(), 60)
    assert ecs_events.now.minute == 1

{mark}
async def test_running(ecs_events):
    polls = []

    async def poll():
        while True:
            polls.append(ecs_events.now.day)
            await asyncio.sleep(86_400)

    await ecs_events.run_async(poll, until="3d")
    assert polls == [1, 2, 3, 4]

{mark}
@pytest.mark.ecs_scenarios("avoidable", "rescheduled-*")
async def test_scenarios(ecs_events, ecs_scenario):
    async def poll():
        while True:
            await asyncio.sleep(3600)

    await ecs_events.run_async(poll, until=ecs_scenario.until)
    assert ecs_scenario.event.status == ecs_scenario.expected_without_handler

async def fetch():
    await asyncio.sleep(60)
    return "fetched"

def test_a_loop_of_its_own(ecs_events):
    assert asyncio.run(fetch()) == "fetched"
    assert ecs_events.now.minute == 1
"""

pytest.importorskip("pytest_asyncio")
HAS_LOOP_SCOPES = tuple(map(int, version("pytest-asyncio").split(".")[:2])) >= (0, 24)
if not HAS_LOOP_SCOPES:  # nor does it close its loops
    pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
INI = "asyncio_default_fixture_loop_scope = function" if HAS_LOOP_SCOPES else ""


@pytest.fixture(autouse=True)
def no_loop_is_left_to_others():
    """What a test leaves behind is collected before the next test, which would get its errors otherwise."""
    yield
    if not HAS_LOOP_SCOPES:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gc.collect()


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_coroutine_tests_keep_virtual_time(run, mode):
    """In both modes of pytest-asyncio, sleeps and timeouts of a coroutine test move the clock."""
    mark = "@pytest.mark.asyncio" if mode == "strict" else ""
    result = run(
        _TEST.format(mark=mark),
        f"--asyncio-mode={mode}",
        *(("-W", "error") if HAS_LOOP_SCOPES else ()),
        beside=["pytest_asyncio.plugin"],
        ini=INI,
    )
    result.assert_outcomes(passed=6)


@pytest.mark.skipif(not HAS_LOOP_SCOPES, reason="this pytest-asyncio has no loops of wider scopes")
def test_a_fixture_with_a_loop_of_its_own_scope(run):
    """A loop that outlives the test sleeps in virtual time in the test, and in real time outside."""
    result = run(
        """
import asyncio
import time
import pytest_asyncio

@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server():
    await asyncio.sleep(0.01)
    yield asyncio.get_running_loop()
    await asyncio.sleep(0.01)

@pytest.mark.asyncio(loop_scope="module")
async def test_virtual(server, ecs_events):
    before = server.time()
    await asyncio.sleep(3600)
    assert server is asyncio.get_running_loop()
    assert 3600 <= server.time() - before < 3601

@pytest.mark.asyncio(loop_scope="module")
async def test_real(server):
    before = time.perf_counter()
    await asyncio.sleep(0.02)
    assert 0.02 <= time.perf_counter() - before < 5
""",
        beside=["pytest_asyncio.plugin"],
        ini=INI,
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("method", ["thread", "signal"])
def test_a_limit_on_a_tests_time_is_real(run, method):
    """pytest-timeout's timer starts in the test's own thread; passing virtual time does not trigger it."""
    pytest.importorskip("pytest_timeout")
    result = run(
        f"""
import time

@pytest.mark.timeout(60, method="{method}", func_only=True)
def test_it(ecs_events):
    time.sleep(86_400)
    assert ecs_events.now.day == 2
""",
        beside=["timeout"],
    )
    result.assert_outcomes(passed=1)


def test_durations_are_real(run):
    """A virtual day's sleep takes no time in pytest's report of the slowest tests."""
    result = run(
        """
import time

def test_it(ecs_events):
    time.sleep(86_400)
""",
        "--durations=1",
        "-vv",
    )
    (line,) = [line for line in result.outlines if "s call " in line or "s setup " in line]
    assert float(line.partition("s ")[0]) < 60
