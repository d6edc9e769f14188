"""A process that starts pytest many times, in turn with the plugin and without, and prints the pairs as JSON.

Whatever a start has imported is forgotten after it, so that every start with the plugin imports it anew.
"""

import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from _measure import timed
from _pytest_runs import arguments


def start(file, *, with_plugin):
    words = [*arguments(file, with_plugin=with_plugin), "--collect-only"]
    before = set(sys.modules)
    with redirect_stdout(io.StringIO()):
        seconds = timed(lambda: pytest.main(words))
    for name in set(sys.modules) - before:
        del sys.modules[name]
    return seconds


def pairs(file, count):
    with redirect_stdout(io.StringIO()):
        pytest.main([*arguments(file, with_plugin=False), "--collect-only"])
    for number in range(count):
        taken = {on: start(file, with_plugin=on) for on in ((True, False) if number % 2 else (False, True))}
        yield taken[True], taken[False]


if __name__ == "__main__":
    print(json.dumps(list(pairs(Path(sys.argv[1]), int(sys.argv[2])))))
