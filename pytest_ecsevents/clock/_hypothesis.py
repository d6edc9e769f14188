"""Hypothesis measures its examples and its own work in real time, so that an hour's sleep exceeds no deadline.

It calls `time.perf_counter` and `time.monotonic` through its modules' name `time`. freezegun tells callers apart on the
stack, five frames up, and would take the test for a part of Hypothesis. So the modules that measure get a `time` of
their own: those below, tried with Hypothesis 6.100 to 6.170. What a version lacks is passed over; then deadlines count
virtual time, and `@settings(deadline=None)` helps.
"""

import sys
import time
from types import SimpleNamespace
from typing import Final

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._stand_ins import REAL_FUNCTIONS

_MODULES: Final = (
    "hypothesis.core",
    "hypothesis.internal.conjecture.data",
    "hypothesis.internal.conjecture.engine",
)
_REAL: Final = SimpleNamespace(**{function.__name__: function for function in REAL_FUNCTIONS})


def keep_hypothesis_real(undo: Undo) -> None:
    """Give Hypothesis, if it is loaded, the real clocks until `undo` closes."""
    for name in _MODULES:
        module = sys.modules.get(name)
        if module is not None and vars(module).get("time") is time:
            undo.replace(module, "time", _REAL)
