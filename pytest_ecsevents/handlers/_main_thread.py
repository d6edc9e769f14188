"""Raises an error in the main thread, for a function in another thread that can't be ended: it is blocked in C.

The signal's handler is installed once a thread of the test starts, and one is for all clouds: they need not end in the
reverse of the order in which they began.
"""

import signal
import threading
from _thread import interrupt_main
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._whole import getsignal, set_handler
from pytest_ecsevents.handlers._interrupts import NUMBER

__tracebackhide__ = hidden_in_reports


class MainThread:
    def __init__(self) -> None:
        self._clouds: Final[dict[object, Callable[[], bool]]] = {}
        self._before: Any = None
        self._error: tuple[object, BaseException] | None = None

    def attend(self, cloud: object, may_interrupt: Callable[[], bool]) -> None:
        """Be ready to raise in the main thread. Only that thread can make ready: in another one nothing happens.

        Args:
            cloud: On whose behalf.
            may_interrupt: Whether an error may be raised in the calling thread.
        """
        if cloud in self._clouds or threading.current_thread() is not threading.main_thread():
            return
        if not self._clouds:
            self._before = getsignal(NUMBER)  # before the next line: a signal may come between them
            set_handler(NUMBER, self._handle)
        self._clouds[cloud] = may_interrupt

    def leave(self, cloud: object) -> None:
        """Raise no more on behalf of a cloud."""
        is_last = self._clouds.pop(cloud, None) is not None and not self._clouds
        if is_last and threading.current_thread() is threading.main_thread():
            set_handler(NUMBER, self._before)

    def interrupt(self, cloud: object, error: BaseException) -> None:
        """Raise an error in the main thread, if that is possible where it is."""
        if cloud in self._clouds:
            self._error = cloud, error
            if hasattr(signal, "pthread_kill"):  # which ends a wait for a lock too
                signal.pthread_kill(threading.main_thread().ident or 0, NUMBER)
            else:  # pragma: no cover  # Windows
                interrupt_main(NUMBER)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        sent, self._error = self._error, None
        if sent is None:  # not ours: the system sends it for urgent data on a socket
            if callable(self._before):
                self._before(number, frame)
            return
        cloud, error = sent
        may_interrupt = self._clouds.get(cloud)
        if may_interrupt is not None and may_interrupt():
            raise error


MAIN_THREAD: Final = MainThread()
