"""`--ecs-events-console`: a failed test waits while its cloud is looked at."""

import sys
from collections.abc import Callable

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.clock._clock import Clock


def show_until_enter(failure: str, url: Callable[[], str], clock: Clock) -> None:
    """Print the console's URL, and wait for Enter; without a terminal say so, and do not wait.

    Args:
        failure: Which test failed, and why.
        url: Returns the URL; starts the server.
        clock: The test's clock: while this thread waits, the console may move it.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        sys.stderr.write(f"\n{failure}\n--ecs-events-console does not wait: standard input is no terminal.\n")
        return
    try:
        where = url()
    except EcsEventsError as problem:
        sys.stderr.write(f"\n{failure}\n{problem}\n")
        return
    sys.stderr.write(f"\n{failure}\nThe cloud of the test is at {where}\nPress Enter to go on. ")
    sys.stderr.flush()
    with clock.aside():
        sys.stdin.readline()
