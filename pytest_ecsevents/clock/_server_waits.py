"""Waits for a server on loopback, on both sides of the connection, in virtual time.

Socket reads of the standard library wait in the operating system, where the scheduler cannot see them. So a thread of the
test that reads a response waits here first, until there is something to read. The thread of our own server that holds the
request (a long poll, a read timeout) waits here too. Time must not move while a request is on its way:

- sent and not yet read: the server reports it (`has_request`), and `Scheduler` checks that before it moves time;
- being answered: the server's thread counts as a running thread of the test (`answering`);
- held: the server's thread waits for an instant of virtual time, and time may move.

Locks: this module has none. Its tables (`_waits`, `_answering`) map the port of a connection to its client's wait and its
server's thread. One thread writes each entry, others read it, and single operations of a dict are atomic. Every wake-up
goes through `Scheduler.make_ready`, which takes the scheduler's lock.

Replaces `socket.SocketIO.readinto` and reads its `_sock` (tried with CPython 3.10 to 3.15); without them a client would
block for real, and time would pass only by the scheduler's rule for threads that look stuck.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event
from types import FrameType
from typing import Any, Final, Protocol
from weakref import WeakSet, WeakValueDictionary

from pytest_ecsevents._frames import author_frame, frames_of_threads
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._real_work import is_readable
from pytest_ecsevents.clock._scheduler import A_MOMENT, LOOK_AGAIN, Scheduler
from pytest_ecsevents.clock._stand_ins import real_sleep
from pytest_ecsevents.clock._stop import HandlerStop
from pytest_ecsevents.clock._threads import TestThread, WatchedWait, real_now
from pytest_ecsevents.clock._times import Micros

ANSWER_WITHIN: Final = 5.0
"""Real seconds that a response may take before virtual time passes, unless the server itself waits for virtual time."""

WAITS_WITHIN: Final = 0.05
"""Real seconds in which a client that is a thread of the test begins its wait, once it has sent its request."""


class AnswerWait(WatchedWait):
    """A wait of a thread of the test for a response.

    Args:
        deadline: When it gives up, in virtual time; None for never.
        connection: The socket to read from.
        needs_time: Whether the response can only come when virtual time passes.
        patience: Real seconds for which time stands otherwise.
        look_every: Real seconds between two checks of the connection.
    """

    __slots__ = ("_connection", "_look_every", "_needs_time", "_stands_until")

    def __init__(
        self,
        scheduler: Scheduler,
        thread: TestThread,
        deadline: Micros | None,
        connection: socket.socket,
        *,
        needs_time: Callable[[], bool],
        patience: float,
        look_every: float,
    ) -> None:
        super().__init__(scheduler, thread, deadline)
        self._connection: Final = connection
        self._needs_time: Final = needs_time
        self._look_every: Final = look_every
        self._stands_until: Final = real_now() + patience

    def park(self, seconds: float | None) -> None:
        # Park on the lock, not on the socket: `unpark` must end it before the response comes.
        super().park(self._look_every if seconds is None else min(seconds, self._look_every))
        if self.has_work():
            self._scheduler.make_ready(self)

    def has_work(self) -> bool:
        return is_readable(self._connection)

    def holds_for(self, _target: Micros | None, now: float) -> float:
        # At most LOOK_AGAIN: a parked thread does not notice that the server begins to wait.
        return 0.0 if self._needs_time() else min(max(self._stands_until - now, 0.0), LOOK_AGAIN)


def await_answer(scheduler: Scheduler, thread: TestThread, connection: socket.socket, until: Micros) -> bool:
    """Wait for the response of a server that is not ours, in another process or thread. Returns whether it came in time."""
    before, since = scheduler.other_sleepers(), real_now()

    def has_new_sleeper() -> bool:
        """A thread that began to sleep meanwhile may be the server's; one that waits for a response is not."""
        new = (wait for wait in scheduler.other_sleepers() if wait not in before)
        return real_now() > since + A_MOMENT and any(not isinstance(wait, AnswerWait) for wait in new)

    wait = AnswerWait(
        scheduler,
        thread,
        until,
        connection,
        needs_time=has_new_sleeper,
        patience=ANSWER_WITHIN,
        look_every=A_MOMENT,  # only our own server reports that it has answered
    )
    return scheduler.wait(wait)


class LoopbackClients:
    """The threads of one test that call its server.

    Args:
        scheduler: The threads of the test; None if their waits do not move the clock.
        address: The server's host and port.
    """

    def __init__(self, scheduler: Scheduler | None, address: tuple[str, int]) -> None:
        self._scheduler: Final = scheduler
        self._address: Final = address
        self._answering: Final[dict[int, TestThread]] = {}
        self._waits: Final[dict[int, AnswerWait]] = {}
        self._seen: Final[WeakSet[socket.socket]] = WeakSet()
        self._readers: Final[dict[int, TestThread]] = {}  # the last of each connection
        self._given_up: Final[WeakValueDictionary[int, socket.socket]] = WeakValueDictionary()
        # Connections of handlers that `run` has stopped. They are kept until they are closed with the others: Python warns
        # about a socket that is destroyed while open.
        self._left: Final[list[socket.socket]] = []

    def attend(self, has_request: Callable[[], bool], given_up: Callable[[int], None], undo: Undo) -> None:
        """Make reads of the server's responses wait in virtual time, until `undo` closes.

        That closes the clients' connections too: a client that was stopped does not.

        Args:
            has_request: Whether a request was sent that the server has not read yet.
            given_up: Called with the port of a client that stops waiting.
            undo: Restores everything.
        """
        scheduler = self._scheduler
        if scheduler is None:
            return
        real = socket.SocketIO.readinto

        def readinto(stream: Any, buffer: Any) -> int | None:
            thread = scheduler.me()
            socket_read = stream._sock  # noqa: SLF001  # the patched class has no public name for it
            if thread is not None and self._is_ours(socket_read):
                try:
                    self._await_answer(scheduler, thread, socket_read, given_up)
                except HandlerStop:
                    self._left.append(socket_read)
                    raise
            return real(stream, buffer)

        scheduler.outside.ours.add(self._address)
        undo.callback(scheduler.outside.ours.discard, self._address)
        undo.callback(self._close_connections)
        undo.replace(socket.SocketIO, "readinto", readinto)
        undo.replace(scheduler, "awaits_server", has_request)
        undo.replace(scheduler, "settle_server", lambda is_cut: self._settle(given_up if is_cut else None))
        undo.replace(scheduler.outside, "waits_for_time", self._holds_elsewhere)

    def _holds_elsewhere(self) -> bool:
        """Whether a held request has a client that is no thread that waits here."""
        return any(port not in self._waits and not thread.runs for port, thread in tuple(self._answering.items()))

    def _settle(self, given_up: Callable[[int], None] | None) -> None:
        """Wait in real time until each request that was sent is answered or held.

        Args:
            given_up: If it is given, the calling thread was cut off at any line, and no longer waits for its responses.
        """
        self._settled()
        if given_up is not None and self._scheduler is not None:
            me = self._scheduler.me()
            for connection in list(self._seen):
                with suppress(OSError):  # it is closed
                    port = connection.getsockname()[1]
                    if port in self._answering and self._readers.get(port) is me:
                        self._left.append(connection)
                        self._give_up(port, connection, given_up)
            self._settled()

    def _settled(self) -> None:
        scheduler, until = self._scheduler, real_now() + ANSWER_WITHIN
        assert scheduler is not None
        while real_now() < until and (
            scheduler.awaits_server() or any(thread.runs for thread in tuple(self._answering.values()))
        ):
            real_sleep(A_MOMENT)

    def _close_connections(self) -> None:
        for connection in list(self._seen):
            connection.close()

    def _is_ours(self, connection: socket.socket) -> bool:
        try:
            return bool(connection.getpeername() == self._address)
        except OSError:
            return False

    def _await_answer(
        self, scheduler: Scheduler, thread: TestThread, connection: socket.socket, given_up: Callable[[int], None]
    ) -> None:
        """Wait until there is data.

        Raises:
            TimeoutError: The connection's timeout passed in virtual time.
        """
        self._seen.add(connection)
        timeout, port = connection.gettimeout(), connection.getsockname()[1]
        if timeout == 0:
            return

        self._readers[port] = thread

        def is_held() -> bool:
            answering = self._answering.get(port)
            return answering is not None and not answering.runs

        wait = self._waits[port] = AnswerWait(
            scheduler,
            thread,
            None if timeout is None else scheduler.deadline_after(timeout),
            connection,
            needs_time=is_held,
            patience=ANSWER_WITHIN if timeout is None else min(timeout, ANSWER_WITHIN),
            look_every=LOOK_AGAIN,
        )
        try:
            # A response that came before the wait was in the table has not woken it.
            was_answered = is_readable(connection) or scheduler.wait(wait)
        except BaseException:
            self._give_up(port, connection, given_up)
            raise
        finally:
            del self._waits[port]
        if not was_answered:
            self._give_up(port, connection, given_up)
            raise TimeoutError("timed out")

    def _give_up(self, port: int, connection: socket.socket, given_up: Callable[[int], None]) -> None:
        # Noted first: on a busy machine the server may accept the connection only after `given_up`.
        self._given_up[port] = connection
        given_up(port)

    def has_given_up(self, port: int) -> bool:
        """Whether the client at `port` has stopped waiting. Once its connection is closed, another client may get the port."""
        connection = self._given_up.get(port)
        return connection is not None and connection.fileno() != -1

    def answered(self, port: int) -> None:
        """Wake the client at `port`: its response was sent, or none will come."""
        wait = self._waits.get(port)
        if self._scheduler is not None and wait is not None:
            self._scheduler.make_ready(wait)

    def _wait_of(self, port: int) -> AnswerWait | None:
        """The wait of the client at `port`, if it is a thread of the test. It gets a moment to begin its wait."""
        until = real_now() + WAITS_WITHIN
        while port not in self._waits and self._scheduler is not None and real_now() < until:
            real_sleep(A_MOMENT)
        return self._waits.get(port)

    def has_timeout(self, port: int) -> bool | None:
        """Whether the client at `port` has a timeout; None if that is not known, as of another process."""
        wait = self._wait_of(port)
        return None if wait is None else wait.deadline is not None

    def frame(self, port: int) -> FrameType | None:
        """The innermost frame of the user's code in the thread that waits for a response at `port`; None if there is none."""
        wait = self._wait_of(port)
        ident = None if wait is None else wait.thread.ident
        frame = None if ident is None else frames_of_threads().get(ident)
        return None if frame is None else author_frame(frame)

    @contextmanager
    def answering(self, port: int) -> Iterator[None]:
        """Add the calling thread, one of the server's, to the test while it answers the client at `port`."""
        if self._scheduler is None:
            yield
            return
        with self._scheduler.visited() as thread:
            self._answering[port] = thread
            try:
                yield
            finally:
                del self._answering[port]

    def dismiss(self) -> None:
        """End the waits of the server's threads: the test has ended."""
        for thread in list(self._answering.values()):
            assert self._scheduler is not None
            self._scheduler.dismiss(thread)


class ClientGoneError(ConnectionError):
    """The client closed its connection or gave up before it got a response."""


class ServerWait(Protocol):
    """A wait of a server's thread that holds a request."""

    def wait(self) -> bool:
        """Wait. Returns whether it was woken before its instant.

        Raises:
            ClientGoneError: The client is gone.
            TestIsOver: The test has ended.
        """

    def wake(self) -> None:
        """End the wait, from any thread, before or during it."""


class VirtualServerWait(WatchedWait):
    """A `ServerWait` in virtual time.

    Args:
        deadline: The instant; None for never.
        is_over: Whether the client is gone.
    """

    __slots__ = ("_is_over",)

    def __init__(
        self, scheduler: Scheduler, thread: TestThread, deadline: Micros | None, is_over: Callable[[], bool]
    ) -> None:
        super().__init__(scheduler, thread, deadline)
        self._is_over: Final = is_over

    def wait(self) -> bool:
        was_woken = self._scheduler.wait(self)
        if self._is_over():
            raise ClientGoneError
        return was_woken

    def wake(self) -> None:
        self._scheduler.make_ready(self)

    def park(self, seconds: float | None) -> None:
        super().park(LOOK_AGAIN if seconds is None else seconds)
        if self._is_over():
            self._scheduler.make_ready(self)

    def has_work(self) -> bool:
        return self._is_over()

    def holds_for(self, _target: Micros | None, _now: float) -> float:
        return 0.0


class RealServerWait:
    """A `ServerWait` in real time, for tests with `sleep="real"`.

    Args:
        seconds: Until the instant; None for never.
        is_over: Whether the client is gone.
    """

    def __init__(self, seconds: float | None, is_over: Callable[[], bool]) -> None:
        self._seconds: Final = seconds
        self._is_over: Final = is_over
        self._woken: Final = Event()
        self.wake: Final = self._woken.set

    def wait(self) -> bool:
        until = None if self._seconds is None else real_now() + self._seconds
        # A wait without an end checks at intervals whether the client has waited for too long.
        while not (was_woken := self._woken.wait(LOOK_AGAIN if until is None else max(until - real_now(), 0.0))):
            if until is not None or self._is_over():
                break
        if self._is_over():
            raise ClientGoneError
        return was_woken
