"""Which instance a program runs inside, as far as the metadata service is asked."""

import threading
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Final
from weakref import WeakKeyDictionary

from pytest_ecsevents._errors import NoGuestError, hidden_in_reports
from pytest_ecsevents._words import listed
from pytest_ecsevents.clock import is_loop_running
from pytest_ecsevents.services.ecs import Cloud, InstanceRecord, InstanceStatus

__tracebackhide__ = hidden_in_reports

_ASLEEP: Final = (InstanceStatus.PENDING, InstanceStatus.STOPPED)
"""Statuses in which nothing runs inside an instance."""


class Guest:
    """What `ecs_events.guest` returns: the choice holds already, and as a context manager only until its block ends.

    Attributes:
        instance_id: The instance that asks.
    """

    def __init__(self, guests: "Guests", instance_id: str) -> None:
        self.instance_id: Final = instance_id
        self._guests: Final = guests
        self._leave: Callable[[], None] | None = guests.make(self)

    def __enter__(self) -> "Guest":  # noqa: PYI034  # Self is in typing from Python 3.11 on
        if self._leave is None:
            self._leave = self._guests.make(self)
        self._guests.narrow(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        leave, self._leave = self._leave, None
        if leave is not None:
            leave()

    def __repr__(self) -> str:
        return f"<Guest {self.instance_id}>"


class Guests:
    """Who asks: what was chosen in this task or thread, else what its starter was, else what the test chose last.

    Args:
        cloud: The test's cloud.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud: Final = cloud
        self._here: Final[ContextVar[str | None]] = ContextVar("guest", default=None)
        self._of_thread: Final[WeakKeyDictionary[threading.Thread, str]] = WeakKeyDictionary()
        self._of_test: Final[list[Guest]] = []
        self._home: int | None = None

    def enter(self) -> None:
        """Note which thread is the test's own."""
        self._home = threading.get_ident()

    def choose(self, instance: InstanceRecord) -> Guest:
        """Have an instance ask from now on: in the test's own thread for all that chose nothing, elsewhere for itself."""
        return Guest(self, instance.instance_id)

    def make(self, guest: Guest) -> Callable[[], None]:
        """Make a choice; returns what ends it."""
        if threading.get_ident() == self._home:
            self._of_test.append(guest)
            if not is_loop_running():
                return lambda: self._of_test.remove(guest)
        outer = self._here.get()
        self._here.set(guest.instance_id)

        def leave() -> None:
            self._here.set(outer)

        return leave

    def narrow(self, guest: Guest) -> None:
        """Have a choice for a block in a task be the task's alone, and no longer the whole test's."""
        if guest in self._of_test and is_loop_running():
            self._of_test.remove(guest)

    def started(self, thread: threading.Thread) -> None:
        """Have a thread that is about to be started ask as whoever starts it."""
        chosen = self._chosen()
        if chosen is not None:
            self._of_thread[thread] = chosen

    def _chosen(self) -> str | None:
        of_test = self._of_test[-1].instance_id if self._of_test else None
        return self._here.get() or self._of_thread.get(threading.current_thread()) or of_test

    def who(self, asked: str) -> InstanceRecord:
        """The instance that asks.

        Args:
            asked: What for, in words.

        Raises:
            NoGuestError: Nobody can tell, or nothing runs in it.
        """
        instance = self._only(asked) if (chosen := self._chosen()) is None else self._cloud.instances.get_ever(chosen)
        if instance.instance_id not in self._cloud.instances.existing:
            raise NoGuestError(
                f"The metadata service was asked for {asked}, but {instance.instance_id} has been released, and whatever "
                "ran inside it ended with it. End the program by then, for example with ecs_events.run(..., until=...)."
            )
        if instance.status in _ASLEEP:
            raise NoGuestError(
                f"The metadata service was asked for {asked}, but {instance.instance_id} is {instance.status}: nothing "
                "runs inside it. Start it before, or end the program when it stops."
            )
        return instance

    def _only(self, asked: str) -> InstanceRecord:
        """The one instance that there is, or was."""
        candidates = list((self._cloud.instances.existing or self._cloud.instances.ever()).values())
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            raise NoGuestError(
                f"The metadata service was asked for {asked}, but there is no instance that the program could run inside. "
                'Declare it with @pytest.mark.ecs_instance("i-web1") or ecs_events.instances.add("i-web1").'
            )
        names, first = listed(self._cloud.instances.ever(), most=10), candidates[0].instance_id
        raise NoGuestError(
            f"The metadata service was asked for {asked}, but which instance does the program run inside? There are: "
            f'{names}. Choose it with `with ecs_events.guest("{first}"):`, or for the rest of the test with '
            f'ecs_events.guest("{first}"); a thread or a task may choose for itself.'
        )
