"""Finds out which instance a program runs in when it calls the metadata service."""

import asyncio
import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from types import TracebackType
from typing import Final
from weakref import WeakKeyDictionary

from pytest_ecsevents._errors import NoGuestError, hidden_in_reports
from pytest_ecsevents._words import listed
from pytest_ecsevents.services.ecs._catalogue import InstanceStatus
from pytest_ecsevents.services.ecs._cloud import Cloud
from pytest_ecsevents.services.ecs._model import InstanceRecord

__tracebackhide__ = hidden_in_reports

_OFF: Final = (InstanceStatus.PENDING, InstanceStatus.STOPPED)


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class Guest:
    """The choice of an instance by `ecs_events.guest`, from now on; as a context manager, until its block ends.

    Attributes:
        instance_id: The instance whose metadata is read.
    """

    def __init__(self, guests: "Guests", instance_id: str) -> None:
        self.instance_id: Final = instance_id
        self._guests: Final = guests
        self._undo: Callable[[], object] | None = guests.add(self)

    def __enter__(self) -> "Guest":  # noqa: PYI034  # Self is in typing from Python 3.11 on
        if self._undo is None:
            self._undo = self._guests.add(self)
        self._guests.limit_to_task(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        undo, self._undo = self._undo, None
        if undo is not None:
            undo()

    def __repr__(self) -> str:
        return f"<Guest {self.instance_id}>"


class Guests:
    """The choices of instances. The first of these applies: the one of the task or thread, the one that the thread inherited
    when it was started, the last one of the test.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud: Final = cloud
        self._here: Final[ContextVar[str | None]] = ContextVar("guest", default=None)
        self._of_thread: Final[WeakKeyDictionary[threading.Thread, str]] = WeakKeyDictionary()
        self._of_test: Final[list[Guest]] = []
        self._tests_thread: int | None = None
        self.default: str | None = None
        """The instance of programs for which no other was chosen, where no thread is the test's: in a server."""

    def enter(self) -> None:
        """Remember that the calling thread is the test's own."""
        self._tests_thread = threading.get_ident()

    def choose(self, instance: InstanceRecord) -> Guest:
        """Choose an instance: in the test's own thread for the whole test, elsewhere for the calling task or thread."""
        return Guest(self, instance.instance_id)

    def add(self, guest: Guest) -> Callable[[], object]:
        """Add a choice; returns a function that removes it."""
        if threading.get_ident() == self._tests_thread:
            self._of_test.append(guest)
            if not _is_in_loop():
                return partial(self._of_test.remove, guest)
        outer = self._here.get()
        self._here.set(guest.instance_id)
        return partial(self._here.set, outer)

    def limit_to_task(self, guest: Guest) -> None:
        """Limit a choice to the running task, if it was made in one; it no longer applies to the whole test."""
        if guest in self._of_test and _is_in_loop():
            self._of_test.remove(guest)

    def inherit(self, thread: threading.Thread) -> None:
        """Give a thread that is about to start the choice of the calling thread."""
        chosen = self._chosen()
        if chosen is not None:
            self._of_thread[thread] = chosen

    def _chosen(self) -> str | None:
        of_test = self._of_test[-1].instance_id if self._of_test else self.default
        return self._here.get() or self._of_thread.get(threading.current_thread()) or of_test

    def caller(self, request: str) -> InstanceRecord:
        """The instance that the calling program runs in.

        Raises:
            NoGuestError: It is unknown, not running, or released.
        """
        chosen = self._chosen()
        instance = self._only(request) if chosen is None else self._cloud.instances.get_ever(chosen)
        if instance.instance_id not in self._cloud.instances.existing:
            raise NoGuestError(
                f"The metadata service got {request}, but {instance.instance_id} has been released, so its programs have "
                "ended. End the program by then, for example with ecs_events.run(..., until=...)."
            )
        if instance.status in _OFF:
            raise NoGuestError(
                f"The metadata service got {request}, but {instance.instance_id} is {instance.status}: no program runs in "
                "it. Start it first, or end the program when it stops."
            )
        return instance

    def _only(self, request: str) -> InstanceRecord:
        """The only existing instance; if none exists, the only released one."""
        instances = self._cloud.instances
        candidates = list((instances.existing or instances.ever()).values())
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            raise NoGuestError(
                f"The metadata service got {request}, but there is no instance for the program to run in. "
                f"Declare one with {self._cloud.clock.add.format('i-web1')}."
            )
        names, first = listed(instances.ever(), most=10), candidates[0].instance_id
        raise NoGuestError(
            f"The metadata service got {request}, but it is not known which instance the program runs in. Instances are: "
            f'{names}. Choose one with `with ecs_events.guest("{first}"):`, or for the rest of the test with '
            f'ecs_events.guest("{first}"). A thread or a task may choose its own. For a running server use `ecsevents guest {first}`.'
        )
