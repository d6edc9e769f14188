"""A process without site-packages that measures set-up and teardown in turn with one directory of packages and another.

Whatever either has to load is loaded from the first; then only what could be loaded differs.
"""

import json
import sys
from contextlib import contextmanager
from importlib import invalidate_caches
from importlib.util import find_spec

THERE, ABSENT, ROUNDS, OURS = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
"""Two directories of packages, how often, and the directory that holds the plugin's own package."""
sys.path += [OURS, THERE]


@contextmanager
def packages(folder, *, there):
    sys.path[-1] = folder
    invalidate_caches()
    if (find_spec("alibabacloud_ecs20140526") is not None, find_spec("aiohttp") is not None) != (there, there):
        raise SystemExit(f"{folder} holds something else than it was to hold")
    yield


def measure():
    import _sdk
    from _measure import in_turn

    from pytest_ecsevents import EcsEvents

    def cycle():
        with EcsEvents():
            pass

    _sdk.load()
    cycle()
    return in_turn(
        cycle,
        cycle,
        rounds=ROUNDS,
        around_ours=lambda: packages(THERE, there=True),
        around_other=lambda: packages(ABSENT, there=False),
    )


if __name__ == "__main__":
    print(json.dumps(measure()))
