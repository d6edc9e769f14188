"""Jobs of APScheduler that were planned before the test: they are not run until the test ends.

A scheduler's thread waits in real time and reads the test's clock, which may be years ahead. It would list every instant at
which a job should have run: 100 million for a job of each second. And it would plan the next run years ahead, so that the job
would not run after the test. An SDK starts such a thread: `alibabacloud_credentials` for the role of an instance.

So a scheduler from before the test stands still. If the test gives it a job, it runs that one alone: the older jobs that would
be due are paused meanwhile.

Private name, tried with APScheduler 3.10 and 3.11: `BaseScheduler._process_jobs`, which runs what is due and returns the
seconds to the next look. Without it, in version 4, and with `sleep="real"`, older jobs run at the test's clock. A store of the user's
keeps a paused job as paused if the process dies in the test.
"""

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from pytest_ecsevents._undo import PATCHING, Undo
from pytest_ecsevents.clock._times import SECOND, Micros

LOOK_EVERY: Final = 0.1
"""Real seconds after which the scheduler looks whether the test has ended."""


def hold_older_jobs(is_of_test: Callable[[], bool], start_for_older: Callable[[], Micros | None], undo: Undo) -> None:
    """Run no jobs that were planned before a test, until `undo` closes.

    Args:
        is_of_test: Whether the calling thread belongs to a test.
        start_for_older: When the clock of its test started, if the calling thread is from before that test.
        undo: Puts everything back.
    """
    module = sys.modules.get("apscheduler.schedulers.base")
    kind: Any = getattr(module, "BaseScheduler", None)
    real = getattr(kind, "_process_jobs", None)
    if real is None:
        return

    def process_jobs(scheduler: Any) -> Any:
        if not is_of_test():
            return LOOK_EVERY
        start = start_for_older()
        if start is not None:
            _pause(scheduler, start / SECOND, undo)
        return real(scheduler)

    undo.replace(kind, "_process_jobs", process_jobs)


def _pause(scheduler: Any, start: float, undo: Undo) -> None:
    """Pause the jobs that should have run before `start`, in seconds since 1970, until `undo` closes."""
    for job in scheduler.get_jobs():
        planned = job.next_run_time  # None if it is paused
        if planned is not None and planned.timestamp() < start:
            with PATCHING:
                undo.callback(_plan, job, planned)
            job.modify(next_run_time=None)


def _plan(job: Any, planned: object) -> None:
    with suppress(Exception):  # of a store of the user's, or the job was removed
        job.modify(next_run_time=planned)
