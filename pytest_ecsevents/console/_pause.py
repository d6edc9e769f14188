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
    if not _has_terminal():
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


def _has_terminal() -> bool:
    """Whether a user can press Enter; a test may have replaced or closed standard input."""
    try:
        return sys.stdin.isatty()
    except (AttributeError, ValueError):
        return False
