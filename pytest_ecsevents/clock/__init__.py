"""Freezing back ends, virtual sleep and the queue of what falls due."""

from pytest_ecsevents.clock._asyncio import abandon_task, is_loop_running
from pytest_ecsevents.clock._clock import BACKENDS, SLEEPS, Clock
from pytest_ecsevents.clock._scheduler import Scheduler
from pytest_ecsevents.clock._server_waits import (
    ClientGoneError,
    LoopbackClients,
    ServerWait,
    is_readable,
)
from pytest_ecsevents.clock._stop import HandlerStop, Stop, TestIsOver
from pytest_ecsevents.clock._threads import TestThread, real_now, real_sleep
from pytest_ecsevents.clock._times import (
    LAST,
    SECOND,
    Duration,
    Micros,
    When,
    delta_micros,
    duration_text,
    elapsed_text,
    from_micros,
    instant_text,
    is_duration,
    minute_text,
    parse_duration,
    parse_when,
    to_micros,
)

__all__ = [
    "BACKENDS",
    "LAST",
    "SECOND",
    "SLEEPS",
    "ClientGoneError",
    "Clock",
    "Duration",
    "HandlerStop",
    "LoopbackClients",
    "Micros",
    "Scheduler",
    "ServerWait",
    "Stop",
    "TestIsOver",
    "TestThread",
    "When",
    "abandon_task",
    "delta_micros",
    "duration_text",
    "elapsed_text",
    "from_micros",
    "instant_text",
    "is_duration",
    "is_loop_running",
    "is_readable",
    "minute_text",
    "parse_duration",
    "parse_when",
    "real_now",
    "real_sleep",
    "to_micros",
]
