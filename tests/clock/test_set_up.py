"""What entering and closing a cloud costs, in counts: every test pays it. The bounds are twice what was counted last."""

import json
import subprocess
import sys

import pytest

# A cloud of time-machine's took 2,100 calls once, one of freezegun's 3,400.
CALLS = {"time-machine": 1_300, "freezegun": 1_700}
REPLACEMENTS = {"time-machine": 90, "freezegun": 100}
OBJECTS = 600

COUNTING = """
import gc
import json
import sys

import aliyunsdkcore.client
import pytest
import requests

from pytest_ecsevents import EcsEvents
from pytest_ecsevents._undo import Undo


def enter(backend):
    with EcsEvents(backend=backend):
        pass


def counted(backend):
    calls = replacements = 0
    real = Undo.replace

    def note(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    def replace(*args):
        nonlocal replacements
        replacements += 1
        real(*args)

    for _ in range(3):  # later clouds know the modules already
        enter(backend)
    sys.setprofile(note)
    enter(backend)
    sys.setprofile(None)
    gc.collect()
    gc.disable()
    before = len(gc.get_objects())
    with EcsEvents(backend=backend):
        objects = len(gc.get_objects()) - before
    Undo.replace = replace
    enter(backend)
    return {"calls": calls, "objects": objects, "replacements": replacements}


print(json.dumps(counted(sys.argv[1])))
"""


@pytest.fixture(scope="module", params=list(CALLS))
def backend(request):
    """Each back end."""
    return request.param


@pytest.fixture(scope="module")
def counts(backend):
    """What a cloud costs in a process of its own: what other tests have loaded has no part in it."""
    ran = subprocess.run([sys.executable, "-c", COUNTING, backend], check=False, capture_output=True, text=True)
    assert ran.stderr == ""
    return json.loads(ran.stdout)


def test_calls(backend, counts):
    """Functions that are called, those in C included."""
    assert 0 < counts["calls"] < 2 * CALLS[backend]


def test_objects(counts):
    """Objects that the garbage collector looks at: it starts when there are 700 more, and in Python 3.14 when 2,000."""
    assert 0 < counts["objects"] < 2 * OBJECTS


def test_replacements(backend, counts):
    """Attributes that are replaced, and put back."""
    assert 0 < counts["replacements"] < 2 * REPLACEMENTS[backend]
