"""Thousands of tests in one process need no more memory than a few."""

import json

from sizes import size

# Reads the memory five times in between; pytest itself keeps items and reports of all tests.
CONFTEST = """
import gc, json, sys, threading
from collections import Counter
from pathlib import Path

PER_PART = {per_part}
readings = []

def pytest_runtest_logfinish(nodeid):
    done = len(readings) + 1
    readings.append(None)
    if done % PER_PART == 0:
        for thread in threading.enumerate()[1:]:
            thread.join(2)  # it may still refer to the cloud of its test
        gc.collect()
        kinds = Counter(f"{{kind.__module__}}.{{kind.__qualname__}}" for kind in map(type, gc.get_objects()))
        readings[-1] = kinds, sys.getallocatedblocks()

def pytest_sessionfinish():
    taken = [reading for reading in readings if reading]
    pairs = list(zip(taken[1:], taken[2:]))  # what is loaded once is there at the first
    # What grows with the tests grows each time; one cloud that is still referred to comes and goes. Each back end has half.
    least = {{kind: min(after[kind] - before[kind] for (before, _), (after, _) in pairs) for kind in taken[-1][0]}}
    growth = {{kind: count for kind, count in least.items() if count >= PER_PART / 2}}
    blocks = min(after - before for (_, before), (_, after) in pairs)
    Path("growth.json").write_text(json.dumps([growth, blocks / PER_PART]))
"""

TESTS = """
import asyncio, threading, time
import pytest
import requests
from aliyunsdkcore.client import AcsClient
from aliyunsdkcore.request import CommonRequest

CLIENT = AcsClient("ak", "secret", "cn-hangzhou")

def call():
    request = CommonRequest(domain="ecs.aliyuncs.com", version="2014-05-26", action_name="DescribeInstances")
    CLIENT.do_action_with_exception(request)

def handler():
    while True:
        call()
        time.sleep(60)

BACKENDS = [pytest.param(name, marks=pytest.mark.ecs_clock(backend=name)) for name in ("freezegun", "time-machine")]

@pytest.mark.ecs_event("SystemMaintenance.Reboot", instance_id="i-web1", not_before="+1h")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("number", range({tests}))
def test_it(ecs_events, number, backend):
    ecs_events.on_change(lambda _change: call())
    ecs_events.queue("orders")
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    ecs_events.run(handler, until="+3m")
    asyncio.run(asyncio.sleep(3))
    if not number % 10:
        ecs_events.endpoint
    ecs_events.advance("1h")
    assert number % 10
"""


def test_thousands_of_tests_in_one_process_keep_memory_flat(pytester, monkeypatch):
    """No type of object has one more instance for each test of a back end, except two dicts that pytest keeps."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # coverage keeps a tracer of each thread
    per_part = size(10, 2000)
    pytester.makeconftest(CONFTEST.format(per_part=per_part))
    pytester.makepyfile(TESTS.format(tests=5 * per_part // 2))
    pytester.runpytest_subprocess("-p", "no:terminal")
    growth, blocks_per_test = json.loads((pytester.path / "growth.json").read_text())
    assert set(growth) <= {"builtins.dict"}
    assert growth.get("builtins.dict", 0) <= 2.1 * per_part
    assert blocks_per_test < size(200, 60)  # by day single blocks, kept by caches, count for much
