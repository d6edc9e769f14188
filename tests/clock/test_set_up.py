"""What entering and closing a cloud costs, in counts: every test pays it. The bounds are twice what was counted last."""

import gc
import sys

import pytest

from pytest_ecsevents import EcsEvents
from pytest_ecsevents._undo import Undo

# A cloud of time-machine's took 2,100 calls once, one of freezegun's 3,400.
CALLS = {"time-machine": 1_300, "freezegun": 1_700}
REPLACEMENTS = {"time-machine": 90, "freezegun": 100}
OBJECTS = 600


@pytest.fixture(params=list(CALLS))
def backend(request):
    """Each back end, of which some clouds were entered before."""
    for _ in range(3):
        with EcsEvents(backend=request.param):
            pass
    return request.param


def test_calls(backend):
    """Functions that are called, those in C included."""
    count = 0

    def note(_frame, event, _argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    with EcsEvents(backend=backend):
        pass
    sys.setprofile(None)
    assert count < 2 * CALLS[backend]


def test_objects(backend):
    """Objects that the garbage collector looks at: it starts when there are 700 more, and in Python 3.14 when 2,000."""
    gc.collect()
    gc.disable()
    before = len(gc.get_objects())
    with EcsEvents(backend=backend):
        count = len(gc.get_objects()) - before
    gc.enable()
    assert count < 2 * OBJECTS


def test_replacements(backend, monkeypatch):
    """Attributes that are replaced, and put back."""
    count = 0
    real = Undo.replace

    def replace(*args):
        nonlocal count
        count += 1
        real(*args)

    monkeypatch.setattr(Undo, "replace", replace)
    with EcsEvents(backend=backend):
        pass
    assert count < 2 * REPLACEMENTS[backend]
