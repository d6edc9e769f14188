"""Runs due work while the cloud follows the machine's clock and no call moves it."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

_EVERY: Final = 0.05
"""Real seconds between two looks."""

_END_WITHIN: Final = 5.0
"""Real seconds for a receiver that is running when the test ends."""


class Follower:
    """A thread that calls a function again and again until it is stopped.

    Without it, what falls due would happen only when the test or a client asks, and another process that waits for a
    webhook or a message would wait in vain.

    Args:
        settle: Runs what is due. The errors of receivers and planned functions are remembered elsewhere.
    """

    def __init__(self, settle: Callable[[], None]) -> None:
        self._settle: Final = settle
        self._is_over: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run, name="follow", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._is_over.wait(_EVERY):
            with suppress(Exception):
                self._settle()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join(_END_WITHIN)
