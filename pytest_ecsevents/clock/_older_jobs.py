"""Jobs of APScheduler that were planned before the test: their scheduler stands still until the test ends.

Its thread waits in real time and reads the test's clock, which may be years ahead. It would list every instant at which the
job should have run: 100 million for a job of each second. And it would plan the next run years ahead, so that the job would
not run after the test. An SDK starts such a thread: `alibabacloud_credentials` for the role of an instance.

Private name, tried with APScheduler 3.10 and 3.11: `BaseScheduler._process_jobs`, which runs what is due and returns the
seconds to the next look. Without it, or in version 4, older jobs run at the test's clock.
"""

import sys
from collections.abc import Callable
from typing import Any, Final

from pytest_ecsevents._undo import Undo

LOOK_EVERY: Final = 0.1
"""Real seconds after which the scheduler looks whether the test has ended."""


def hold_older_jobs(is_of_test: Callable[[], bool], undo: Undo) -> None:
    """Let schedulers that no test has started run nothing until `undo` closes; `is_of_test` is of the calling thread."""
    module = sys.modules.get("apscheduler.schedulers.base")
    kind: Any = getattr(module, "BaseScheduler", None)
    real = getattr(kind, "_process_jobs", None)
    if real is None:
        return

    def process_jobs(scheduler: Any) -> Any:
        return real(scheduler) if is_of_test() else LOOK_EVERY

    undo.replace(kind, "_process_jobs", process_jobs)
