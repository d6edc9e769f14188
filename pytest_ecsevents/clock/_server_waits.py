"""Threads of the test that wait for the answer of a server in their own process.

Such a thread waits for something real, which the team cannot see through. But the server knows when it holds a request
until an instant, and when it has answered: while it holds one, the thread that made it waits in virtual time.
"""

import math
import selectors
import socket
from _thread import LockType, RLock, allocate_lock
from asyncio.selector_events import _SelectorSocketTransport  # type: ignore[attr-defined]  # not meant for others
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from weakref import WeakSet

from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._scheduler import (
    A_MOMENT,
    LOOK_AGAIN,
    STUCK_AFTER,
    Member,
    Wait,
    Waits,
    WatchedWait,
    real_now,
)
from pytest_ecsevents.clock._times import Micros

# No system has both, and `select` cannot watch descriptors beyond 1023.
_SELECTOR: Final[Any] = getattr(selectors, "PollSelector", selectors.SelectSelector)

LOOK_FOR_ITSELF: Final = 5 * STUCK_AFTER
"""Real seconds after which a caller without news looks for itself, as rarely as lets it be seen to be stuck meanwhile."""

TAKEN_UP_WITHIN: Final = 1.0
"""Real seconds in which a server takes a request up; what is sent beyond that is none."""


def _ignored(_port: int) -> None:
    """Nobody wants to know."""


class Callers:
    """The threads of one test that call one server, by the port that they call from.

    Args:
        team: The threads of the test; None where their waiting does not move the clock.
        address: Where the server listens.

    Attributes:
        given_up: Told of a caller that waits no longer, though it has no answer.
    """

    def __init__(self, team: Waits | None, address: tuple[str, int]) -> None:
        self._team: Final = team
        self._address: Final = address
        self._mutex: Final = RLock()  # a handler of signals may call the server too
        self._held: Final[set[int]] = set()
        self._parked: Final[dict[int, LockType]] = {}
        self._waits: Final[dict[int, Wait]] = {}
        self._sent: Final[dict[int, float]] = {}
        self._visitors: Final[dict[Member, None]] = {}
        self._seen: Final[WeakSet[socket.socket]] = WeakSet()
        self.given_up: Callable[[int], None] = _ignored

    def attend(self, undo: Undo) -> None:
        """Have threads of the test that read an answer of the server wait in this way, until `undo` closes.

        Then their connections are closed: the server is gone, and a client that was stopped closes them no more.
        """
        team = self._team
        if team is None:
            return
        real = socket.SocketIO.readinto
        undo.callback(self._close_connections)

        def readinto(stream: Any, buffer: Any) -> int | None:
            member = team.me()
            if member is not None and self._is_ours(stream._sock):
                self._seen.add(stream._sock)
                with self._on_its_way(stream._sock.getsockname()[1]):
                    self._await_answer(team, member, stream._sock)
            return real(stream, buffer)

        undo.replace(socket.SocketIO, "readinto", readinto)
        self._attend_loops(team, undo)

    def _attend_loops(self, team: Waits, undo: Undo) -> None:
        """Have no time pass between an event loop's sending of a request and the server's taking it up, as for threads."""
        kind: Any = _SelectorSocketTransport
        real = kind.write

        def write(transport: Any, data: Any) -> None:
            connection = transport.get_extra_info("socket")
            if team.me() is not None and self._is_ours(connection):
                self._sent[connection.getsockname()[1]] = real_now()
            real(transport, data)

        undo.replace(kind, "write", write)
        undo.replace(team, "awaits_server", self._is_on_its_way)

    @contextmanager
    def _on_its_way(self, port: int) -> Iterator[None]:
        """Have no time pass until the server takes a request up, however busy the machine: its caller seems to be stuck."""
        with self._mutex:
            self._sent[port] = -math.inf if port in self._held else real_now()
        try:
            yield
        finally:
            self._sent.pop(port, None)

    def _is_on_its_way(self) -> bool:
        """Whether a request has been sent that is not yet taken up, though it soon should be."""
        since = real_now() - TAKEN_UP_WITHIN
        return any(at > since for at in tuple(self._sent.values()))

    def _is_ours(self, connection: socket.socket) -> bool:
        try:
            return bool(connection.getpeername() == self._address)
        except OSError:
            return False

    def _close_connections(self) -> None:
        for connection in list(self._seen):
            connection.close()

    # -- the caller's side

    def _await_answer(self, team: Waits, member: Member, connection: socket.socket) -> None:
        """Wait until there is something to read, or until nobody here knows better than the read itself.

        Raises:
            TimeoutError: The connection's time-out passed in virtual time.
        """
        timeout, port = connection.gettimeout(), connection.getsockname()[1]
        patience_ends = math.inf if timeout is None else real_now() + timeout
        with _SELECTOR() as selector:
            selector.register(connection, selectors.EVENT_READ)
            while timeout != 0 and not selector.select(0) and real_now() < patience_ends:
                wait = self._wait_or_news(team, member, port, timeout)
                if not isinstance(wait, Wait):
                    # The answer may have come before anybody waited for it.
                    wait.acquire(True, 0 if selector.select(0) else LOOK_FOR_ITSELF)
                    self._parked.pop(port, None)
                    continue
                try:
                    was_answered = team.wait(wait)
                except BaseException:
                    self.given_up(port)
                    raise
                finally:
                    del self._waits[port]
                if not was_answered:
                    self.given_up(port)
                    raise TimeoutError("timed out")

    def _wait_or_news(self, team: Waits, member: Member, port: int, timeout: float | None) -> Wait | LockType:
        """A wait that the answer ends; where the server does not hold the request, a lock that is free when there is news."""
        with self._mutex:
            if port in self._held:
                wait = self._waits[port] = Wait(team, member, None if timeout is None else team.deadline_after(timeout))
                return wait
            news = self._parked[port] = allocate_lock()
            news.acquire()
            return news

    # -- the server's side

    @contextmanager
    def held(self, port: int) -> Iterator[None]:
        """Note that a request is held meanwhile, until an instant or until something happens."""
        with self._mutex:
            self._held.add(port)
            self._tell(port)
        self._sent.pop(port, None)
        try:
            yield
        finally:
            with self._mutex:
                self._held.discard(port)

    def answered(self, port: int) -> None:
        """Note that the answer is there to be read, or that none will come."""
        with self._mutex:
            self._tell(port)
            wait = self._waits.get(port)
        self._sent.pop(port, None)
        if self._team is not None and wait is not None:
            self._team.make_ready(wait)

    def _tell(self, port: int) -> None:
        news = self._parked.pop(port, None)
        if news is not None:
            news.release()

    @contextmanager
    def handled(self, port: int) -> Iterator[None]:
        """Count the calling thread, one of the server's, among those of the test, so that no time passes meanwhile."""
        if self._team is None:
            yield
            return
        with self._team.visited() as member:
            self._visitors[member] = None
            self._sent.pop(port, None)
            try:
                yield
            finally:
                del self._visitors[member]

    def dismiss(self) -> None:
        """End what the server's threads wait for, because the test has ended."""
        for member in list(self._visitors):
            assert self._team is not None
            self._team.dismiss(member)


class Hold:
    """A thread of a server that waits for an instant, or for something that another thread does.

    Args:
        team: The threads of the test, the calling one among them; None to wait in real time.
        now: The clock.
        deadline: The instant; None for never.
    """

    def __init__(self, team: Waits | None, now: Callable[[], Micros], deadline: Micros | None) -> None:
        member = None if team is None else team.me()
        self._team: Final = team
        self._now: Final = now
        self._deadline: Final = deadline
        self._wait: Final = None if team is None or member is None else Wait(team, member, deadline)
        self._woken: Final = allocate_lock()
        self._woken.acquire()

    def wait(self) -> bool:
        """Wait; whether somebody woke it.

        Raises:
            TestIsOver: The test has ended.
        """
        if self._team is not None and self._wait is not None:
            return self._team.wait(self._wait)
        seconds = -1.0 if self._deadline is None else max(self._deadline - self._now(), 0) / 1_000_000
        return self._woken.acquire(True, seconds)

    def wake(self) -> None:
        """End it, from whichever thread, before or while it waits."""
        if self._team is not None and self._wait is not None:
            self._team.make_ready(self._wait)
        elif self._woken.locked():
            self._woken.release()


ANSWER_WITHIN: Final = 5.0
"""Real seconds in which whoever is called elsewhere may answer, before virtual time passes."""


class AnswerWait(WatchedWait):
    """A thread of the test that waits for the answer of a server elsewhere: in another process, or in another of its threads.

    Time stands for it, but where the answer can only come when time passes: a thread of the test began to sleep since.

    Args:
        team: The threads of the test.
        member: The calling one.
        deadline: When it gives up, in virtual time.
        connection: Through which the answer comes.
    """

    __slots__ = ("_before", "_connection", "_since")

    def __init__(self, team: Waits, member: Member, deadline: Micros, connection: socket.socket) -> None:
        super().__init__(team, member, deadline)
        self._connection: Final = connection
        self._before: Final = team.other_sleepers()
        self._since: Final = real_now()

    def park(self, seconds: float | None) -> None:
        if self._is_there(LOOK_AGAIN if seconds is None else min(seconds, LOOK_AGAIN)):
            self._team.make_ready(self)

    def has_work(self) -> bool:
        return self._is_there(0)

    def holds_for(self, _target: Micros | None, now: float) -> float:
        is_for_others = any(wait not in self._before for wait in self._team.other_sleepers())
        return max(self._since + (A_MOMENT if is_for_others else ANSWER_WITHIN) - now, 0.0)

    def _is_there(self, seconds: float) -> bool:
        with _SELECTOR() as selector:
            selector.register(self._connection, selectors.EVENT_READ)
            return bool(selector.select(seconds))
