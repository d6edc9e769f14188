"""Records the requests of a test, applies faults and delays, and raises on requests that cannot be answered."""

import threading
from _thread import get_ident
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, TypeVar

from pytest_ecsevents._errors import DeliveryError, EcsEventsError, UnexpectedCallError, hidden_in_reports
from pytest_ecsevents._frames import author_frame, place_of
from pytest_ecsevents._secrets import Secrets
from pytest_ecsevents._words import did_you_mean
from pytest_ecsevents.checks._call_log import (
    ApiLog,
    CallLog,
    endless_call,
    real_host,
    served_call,
    standing_clock,
    standing_loop,
    standing_queue,
    standing_run,
    uncaught_connection,
    unexpected_call,
    waiting_client,
)
from pytest_ecsevents.checks._faults import Condition
from pytest_ecsevents.checks._patterns import ALL, pattern
from pytest_ecsevents.checks._portability import ACTION, Portability
from pytest_ecsevents.checks._strictness import (
    change_error_text,
    combine_errors,
    delivery_error_text,
    planned_error_text,
    receiver_error,
    thread_error,
)
from pytest_ecsevents.checks._stubs import Stubs
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._stop import HandlerStop
from pytest_ecsevents.clock._threads import real_now
from pytest_ecsevents.clock._times import Micros, instant_text
from pytest_ecsevents.report._entries import JournalEntry
from pytest_ecsevents.report._sleeps import SleepLog
from pytest_ecsevents.report._texts import asked_text, queue_request_text
from pytest_ecsevents.rpc._calls import ApiCall, Call
from pytest_ecsevents.rpc._error_tables import COMMON
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._network_faults import NO_EFFECT, Effect, NetworkFault
from pytest_ecsevents.rpc._wire import Client, NoReply
from pytest_ecsevents.services.cms._delivery import Delivery
from pytest_ecsevents.services.ecs._model import Change, Interruption, Observed
from pytest_ecsevents.services.metadata._calls import MetadataCall
from pytest_ecsevents.services.smq._protocol import SmqCall

__tracebackhide__ = hidden_in_reports

T = TypeVar("T")


MOST_CALLS_AT_ONE_INSTANT: Final = 1000
"""Describe calls that may come in a row at one instant while an instance is in the middle of an operation."""

MOST_CALLS_OF_A_RUN: Final = 1_000
"""Calls that a handler under `run` may make in a row at one instant."""

MOST_UNEXPLAINED: Final = 2
"""Looks of a client of the server at one instant before the timeline says what it waits for."""

MOST_REMEMBERED: Final = 20
"""Different errors of one kind that the teardown reports."""


class _Unseen(NamedTuple):
    """An error that the test has not got yet.

    Attributes:
        error: The error.
        text: Its description in the teardown's report.
        is_planned: Whether a function planned with `at` raised it; else a receiver of notifications.
    """

    error: BaseException
    text: str
    is_planned: bool


class _Raised(NamedTuple):
    """An error raised in a call, which the handler may have caught.

    Attributes:
        first: The first of those with the same text.
        times: How many there were.
        last: The last one.
    """

    first: EcsEventsError
    times: int
    last: EcsEventsError


class Origin(threading.local):
    """Whether an error raised now propagates to the test: one flag for each thread.

    Attributes:
        is_test: Whether all frames since the test's call of a public method are ours. Otherwise, for example in an SDK's
            call or a sleep of the handler, other code may swallow the error.
    """

    is_test = False

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Set the flag for the block of a public method."""
        before, self.is_test = self.is_test, True
        try:
            yield
        finally:
            self.is_test = before

    def call(self, function: Callable[..., T], *args: object) -> T:
        """Call a function of the test's, with the flag off."""
        before, self.is_test = self.is_test, False
        try:
            return function(*args)
        finally:
            self.is_test = before


class Repetitions:
    """The calls in a row at the present instant, for each client by itself, so that one that calls once is not blamed for another's polls.

    A client is a thread. Of one in another process nothing is known, so that each of its requests counts by itself.
    """

    def __init__(self) -> None:
        self._at: Micros | None = None
        self._calls: Final[dict[object, int]] = {}
        self._looks: Final[dict[object, int]] = {}

    def count(self, call: Call, client: Client | None, *, is_waited_for: bool) -> tuple[int, int]:
        """Count a call. Returns how many the client has made, and how many of the last ones only looked at instances.

        Args:
            call: The call.
            client: Who made it, if it came over the server.
            is_waited_for: Whether an instance is in the middle of an operation.
        """
        if call.at_micros != self._at:
            self._at = call.at_micros
            self._calls.clear()
            self._looks.clear()
        key: Any = get_ident()
        if client is not None:
            key = (call.action, str(call.params)) if isinstance(call, ApiCall) else type(call)
        calls = self._calls[key] = self._calls.get(key, 0) + 1
        is_look = is_waited_for and isinstance(call, ApiCall) and call.action.startswith("Describe")
        looks = self._looks[key] = self._looks.get(key, 0) + 1 if is_look else 0
        return calls, looks


class CallRecorder:
    """Records the requests of one test, applies faults and delays, and raises on requests that cannot be answered.

    Attributes:
        strict: The checks that are on.
        log: The API calls.
        metadata: The requests to the metadata service.
        queues: The requests to queues and topics, from the first fault that is declared for them on.
        stubs: The test's own responses.
        journal: What happened, in order.
        sleeps: The sleeps of the test's threads.
        activity: Grows with each request: a sign of life.
        waiting_for: Instances in the middle of an operation, and the instant of each one's next status.
        test_failed: Whether the test itself has failed; then teardown reports nothing.
        left_threads: Names of threads of the test that outlive it.
        origin: Whether an error raised now propagates to the test.
        unseen: Errors of planned functions and receivers that the test has not got yet.

    Args:
        strict: The checks that are on.
        waiting_for: The attribute.
        clock: The test's clock.
        seed: Seed of random choices.
        secrets: The names of parameters whose values no text shows.
    """

    def __init__(
        self,
        strict: frozenset[str],
        waiting_for: Mapping[str, Micros],
        clock: Clock,
        seed: str,
        secrets: Secrets,
    ) -> None:
        self.strict = strict
        self.secrets: Final = secrets
        self.log: Final = ApiLog(seed)
        self.metadata: Final = CallLog[MetadataCall](f"{seed}/metadata", asked_text)
        self.queues: Final = CallLog[SmqCall](f"{seed}/queues", queue_request_text)
        self._logs: Final[dict[type[Call], CallLog[Any]]] = {
            ApiCall: self.log,
            MetadataCall: self.metadata,
            SmqCall: self.queues,
        }
        self.stubs: Final = Stubs()
        self.journal: Final[list[JournalEntry]] = []
        self.sleeps: Final = SleepLog()
        self.activity = 0
        self.test_failed = False
        self.left_threads: Sequence[str] = ()
        self.waiting_for = waiting_for
        self._clock: Final = clock
        self._repetitions: Final = Repetitions()
        self._portability: Final = Portability()
        self._queues_stand_at: Micros | None = None
        self._queue_requests_there = 0
        self.origin: Final = Origin()
        self._raised: Final[dict[str, _Raised]] = {}
        self._receivers_errors: Final[list[str]] = []
        self.unseen: list[_Unseen] = []
        self._spins_since: Final[dict[int, float]] = {}  # by a thread's ident: many calls at one instant
        self.not_retried: Callable[[], Mapping[Delivery, Micros]] = dict

    # -- requests

    def record(self, call: Call, *, can_fail: bool, client: Client | None) -> Effect:
        """Record a request, and return the fault or delay that applies to it.

        Raises:
            StandingClockError: The client repeats it while the clock stands still.
        """
        if isinstance(call, SmqCall):
            return self._record_queue_request(call)
        log = self._logs[type(call)]
        call.thread = threading.current_thread().name
        log.calls.append(call)
        self.journal.append(call)
        self.activity += 1
        if "portability" in self.strict and isinstance(call, ApiCall) and call.action == ACTION:
            self._portability.note(call, _place_of(client))
        calls, looks = self._repetitions.count(call, client, is_waited_for=bool(self.waiting_for))
        if looks > MOST_CALLS_AT_ONE_INSTANT:
            assert isinstance(call, ApiCall)
            self._end_run(standing_clock(call, self.waiting_for, client))
        elif looks > MOST_UNEXPLAINED and client is not None:
            call.hint = waiting_client(self.waiting_for)
        scheduler = self._clock.waits
        if calls > MOST_CALLS_OF_A_RUN and scheduler is not None:
            # The handler polls without sleeping: virtual time stands still, so it would never end.
            if scheduler.stop is not None:
                self._end_run(standing_run(call, MOST_CALLS_OF_A_RUN, _place_of(client)))
            self._check_spin(calls, call, client)
        return log.faults.effect(call) if can_fail and log.faults.rules else NO_EFFECT

    def _record_queue_request(self, call: SmqCall) -> Effect:
        """Count a request to queues or topics. Too many at one instant end the handler, and are no sign of life."""
        if call.at_micros != self._queues_stand_at:
            self._queues_stand_at, self._queue_requests_there = call.at_micros, 0
        self._queue_requests_there += 1
        scheduler = self._clock.waits
        if self._queue_requests_there <= MOST_CALLS_OF_A_RUN:
            self.activity += 1
        elif scheduler is not None and scheduler.stop is not None:
            scheduler.fail_run(standing_queue(call.what, call.at_micros, MOST_CALLS_OF_A_RUN))
        elif scheduler is not None:
            self._check_spin(self._queue_requests_there, call, None)
        if not self.queues.faults.rules:
            return NO_EFFECT
        self.queues.calls.append(call)
        effect = self.queues.faults.effect(call)
        if isinstance(effect.fault, NetworkFault):
            self.journal.append(call)  # refusals are added when they are made
        return effect

    def _check_spin(self, calls: int, call: Call, client: Client | None) -> None:
        """Raise an error if calls outside `run` go on at one instant for `patience`: a test may make many, but not without end."""
        assert self._clock.waits is not None
        now, patience = real_now(), self._clock.waits.pace.patience()
        key = threading.get_ident()
        if calls == MOST_CALLS_OF_A_RUN + 1:
            self._spins_since[key] = now
        elif now - self._spins_since.setdefault(key, now) > patience:
            self._end_run(standing_loop(call, calls, patience, _place_of(client)))

    def _end_run(self, error: EcsEventsError) -> None:
        """Raise an error that ends the handler under `run` even if it catches it."""
        self._remember(error)
        scheduler = self._clock.waits
        if scheduler is not None:
            scheduler.fail_run(error)
        raise error

    def refuse(self, code: str, condition: Condition[ApiCall]) -> None:
        """Have API calls fail with a common error if a condition applies."""
        self.log.faults.refuse(pattern(ALL, {}), code, condition)

    # -- requests that cannot be answered

    def is_stubbed(self, call: ApiCall) -> bool:
        return self.stubs.has(call)

    def stubbed(self, call: ApiCall) -> dict[str, Any] | None:
        """The body of a stub's response; None if the test has no stub for the call."""
        return self.stubs.answer(call)

    def unexpected(self, call: ApiCall, problem: str) -> None:
        """Raise an error about a call that cannot be answered, unless that check is off."""
        call.hint = f"{problem}{did_you_mean(f'{call.product} {call.action}', self.stubs.actions())}"
        self.object_to(unexpected_call(call, call.hint))

    def object_to(self, error: EcsEventsError) -> None:
        """Raise an error about a request that cannot be answered, unless that check is off.

        Teardown raises it again: handlers catch Exception.
        """
        if "calls" in self.strict:
            self._remember(error)
            raise error

    def endless(self, call: Call, no_reply: NoReply) -> EcsEventsError:
        """The error for a client without a timeout, which would hang."""
        error = endless_call(call, no_reply)
        self._remember(error)
        return error

    def uncaught_connection(self) -> None:
        """Raise an error about a connection to the metadata service by an unknown client, unless that check is off."""
        self.object_to(uncaught_connection())

    def refuse_host(self, host: str) -> None:
        """Raise an error about a client that would reach a host of the real cloud, unless that check is off."""
        self.object_to(real_host(host, place_of(author_frame())))

    def reported(self, problem: BaseException) -> None:
        """Remember an error of a request over HTTP for teardown: it cannot be raised in the caller, perhaps another process."""
        self._remember_once(
            problem if isinstance(problem, EcsEventsError) else served_call(problem, "500 InternalError")
        )

    def told(self, problem: EcsEventsError) -> ApiError:
        """The error reply that gives a client of the server the text of an error."""
        return ApiError(type(problem).__name__, 400, str(problem), hint=str(problem))

    def served(self, problem: Exception, call: Call) -> ApiError:
        """The error reply for an error that cannot be raised in the client's call; the error is remembered."""
        if isinstance(problem, UnexpectedCallError):
            row = COMMON["InvalidAction.NotFound"]
            code, http_status = row.code, row.http_status
        elif isinstance(problem, (EcsEventsError, Warning)):
            code, http_status = type(problem).__name__, 400
        else:
            code, http_status = "InternalError", 500
        error = problem if isinstance(problem, EcsEventsError) else served_call(problem, f"{http_status} {code}")
        self._remember_once(error)
        return ApiError(code, http_status, str(error), hint=call.hint or str(error))

    def _remember_once(self, error: EcsEventsError) -> None:
        """Remember an error, unless it was remembered when it was raised."""
        known = self._raised.get(str(error))
        if known is None or known.last is not error:
            self._remember(error)

    def _remember(self, error: EcsEventsError) -> None:
        text = str(error)
        known = self._raised.get(text, _Raised(error, 0, error))
        if known.times or len(self._raised) < MOST_REMEMBERED:
            self._raised[text] = _Raised(known.first, known.times + 1, error)

    def refused(self, besides: str) -> str:
        """The errors so far that a failed test's report does not show; "" if there are none.

        Args:
            besides: The report.
        """
        left = [one for text, one in self._raised.items() if text.partition("\n")[0] not in besides]
        times = {1: "once", 2: "twice"}
        return "\n".join(
            f"{type(one.first).__name__}, {times.get(one.times, f'{one.times} times')}: {one.first}" for one in left
        )

    # -- receivers of `on_change`

    def wrap_observer(self, receiver: Callable[[Change], None]) -> Callable[[Observed], None]:
        """Wrap a receiver: errors that may not propagate to the test are remembered for teardown."""

        def observe(change: Observed) -> None:
            if isinstance(change, Interruption):
                return  # it changes no status
            try:
                self.origin.call(receiver, change)
            except Exception as error:
                is_room = len(self._receivers_errors) < MOST_REMEMBERED
                if is_room and not self.origin.is_test:
                    self._receivers_errors.append(change_error_text(change, error))
                raise

        return observe

    # -- faults

    @property
    def faults_met(self) -> int:
        return sum(log.faults.met for log in self._logs.values())

    @property
    def faults_declared(self) -> int:
        """How many requests the faults are for; a fault without a number counts as often as it was met."""
        return sum(log.faults.declared for log in self._logs.values())

    # -- functions planned with `at`

    def call_planned(self, function: Callable[[], object], at: Micros, place: str) -> None:
        """Call a function planned for an instant, and remember its error until the test gets it."""
        try:
            self.origin.call(function)
        except (HandlerStop, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._keep_unseen(error, planned_error_text(at, place, error), is_planned=True)
            raise

    def _keep_unseen(self, error: BaseException, text: str, *, is_planned: bool) -> None:
        if len(self.unseen) < MOST_REMEMBERED:
            self.unseen.append(_Unseen(error, text, is_planned))

    def surfaced(self, error: BaseException) -> None:
        """Note that an error propagates to the test."""
        self.unseen = [one for one in self.unseen if one.error is not error]

    def surface(self) -> None:
        """Raise the first error of a planned function or a receiver that the test has not got."""
        for unseen in self.unseen:
            if not isinstance(unseen.error, DeliveryError):
                self.unseen.remove(unseen)
                raise unseen.error

    # -- receivers of notifications

    def given_up(self, delivery: Delivery, error: BaseException) -> None:
        """Raise the error of a receiver if it propagates to the test; else remember it. A URL's error is remembered."""
        if "receivers" not in self.strict:
            return
        is_urls = isinstance(error, DeliveryError)
        if not is_urls and self.origin.is_test:
            raise error
        self._keep_unseen(error, self._delivery_error_text(delivery, error), is_planned=False)

    def _delivery_error_text(self, delivery: Delivery, error: BaseException) -> str:
        return self.secrets.mask_text(delivery_error_text(delivery, error))

    # -- at teardown

    def complaint(self) -> EcsEventsError | None:
        """One error about everything that the checks find in a test which passed by itself; None if they find nothing."""
        if self.test_failed:
            return None
        errors = [(one.first, one.times) for one in self._raised.values()] if "calls" in self.strict else []
        errors += [(error, 1) for check, error in self._left_over() if error is not None and check in self.strict]
        return combine_errors(errors)

    def _left_over(self) -> "Iterator[tuple[str, EcsEventsError | None]]":
        """The names and errors of the checks made at teardown."""
        for log in self._logs.values():
            yield "faults", log.faults.unused(log.calls)
        yield "stubs", self.stubs.unused(self.log.calls)
        # Deliveries that failed, and whose next attempt would come after the test's end.
        not_retried = [
            f"{self._delivery_error_text(delivery, delivery.error)}\n    The next attempt is due at {instant_text(at)}, after the "
            "test's end."
            for delivery, at in self.not_retried().items()
            if delivery.error is not None
        ]
        receivers = [*self._receivers_errors, *self._unseen_texts(is_planned=False), *not_retried]
        yield "receivers", receiver_error("receiver", receivers)
        yield "receivers", receiver_error("function", self._unseen_texts(is_planned=True))
        yield "threads", thread_error(self.left_threads)
        yield "portability", self._portability.complaint()

    def _unseen_texts(self, *, is_planned: bool) -> list[str]:
        return [unseen.text for unseen in self.unseen if unseen.is_planned is is_planned]


def _place_of(client: Client | None) -> str:
    """The user's line that makes the present call."""
    frame = author_frame() if client is None else client.frame()
    return "a client of the server" if frame is None else place_of(frame)
