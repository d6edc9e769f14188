"""Who watches the calls of a test: records them, says what they meet, objects to what cannot be answered."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import current_thread
from typing import Any, Final, NamedTuple

from pytest_ecsevents._errors import DeliveryError, EcsEventsError, NoGuestError, hidden_in_reports
from pytest_ecsevents._frames import author_frame, place_of
from pytest_ecsevents._words import did_you_mean
from pytest_ecsevents.checks._call_log import (
    CallLog,
    endless_call,
    served_call,
    standing_clock,
    standing_queue,
    standing_run,
    uncaught_connection,
    unexpected_call,
)
from pytest_ecsevents.checks._faults import Gate, Rules
from pytest_ecsevents.checks._patterns import ALL, pattern
from pytest_ecsevents.checks._strictness import (
    delivery_error,
    left_running,
    planned_error,
    planned_raised,
    receivers_error,
    receivers_raised,
    together,
    will_reach_the_test,
)
from pytest_ecsevents.checks._stubs import Stubs
from pytest_ecsevents.clock import HandlerStop, Micros, Waits, instant_text
from pytest_ecsevents.report._moments import Entry
from pytest_ecsevents.report._sleeps import SleepLog
from pytest_ecsevents.report._texts import asked_text, call_text
from pytest_ecsevents.rpc import NO_EFFECT, ApiCall, Effect, NoReply
from pytest_ecsevents.services.cms import Delivery
from pytest_ecsevents.services.ecs import Change, Interruption, Observed
from pytest_ecsevents.services.metadata import MetadataCall

__tracebackhide__ = hidden_in_reports


MOST_CALLS_AT_ONE_INSTANT: Final = 1000
"""Looks that may come in a row at one instant while an instance is in the middle of an operation."""

MOST_CALLS_OF_A_RUN: Final = 10_000
"""Calls that a handler under `run` may make in a row at one instant."""

MOST_REMEMBERED: Final = 20
"""Different errors of one kind that are told when the test ends."""


class _Unseen(NamedTuple):
    """An error that the author has not seen yet.

    Attributes:
        error: It.
        text: What there is to say of it when the test ends.
        is_planned: Whether a function planned with `at` raised it; else a receiver of notifications.
    """

    error: BaseException
    text: str
    is_planned: bool


class CallWitness:
    """The watcher of one test.

    Attributes:
        strict: The checks that are made.
        log: The calls.
        rules: The declared faults and delays.
        asked_calls: The requests to the metadata service.
        asked_rules: The declared faults and delays of these.
        stubs: The author's own answers.
        journal: What happened, in order.
        sleeps: What the threads of the test slept.
        waiting_for: Instances in the middle of an operation, and when they go on.
        test_failed: Whether the test has failed of itself; then nothing more is complained of.
        left_threads: Names of threads of the test that went on when it had ended.

    Args:
        strict: The checks that are made.
        waiting_for: Instances in the middle of an operation, and when they go on.
        team: The threads of the test, while their waiting moves the clock.
        seed: What makes the test's dice its own.
    """

    def __init__(
        self, strict: frozenset[str], waiting_for: Mapping[str, Micros], team: Callable[[], Waits | None], seed: str
    ) -> None:
        self.strict = strict
        self.log: Final = CallLog()
        self.rules: Final = Rules(seed, call_text)
        self.asked_calls: Final[list[MetadataCall]] = []
        self.asked_rules: Final = Rules(f"{seed}/metadata", asked_text)
        self.stubs: Final = Stubs()
        self.journal: Final[list[Entry]] = []
        self.sleeps: Final = SleepLog()
        self.test_failed = False
        self.left_threads: Sequence[str] = ()
        self.waiting_for = waiting_for
        self._team: Final = team
        self._stands_at: Micros | None = None
        self._queues_stand_at: Micros | None = None
        self._queue_requests = self._queue_requests_there = 0
        self._looks_there = 0
        self._calls_there = 0
        self._raised: Final[dict[str, tuple[EcsEventsError, int]]] = {}
        self._receivers_errors: Final[list[str]] = []
        self._unseen: list[_Unseen] = []
        self.not_retried: Callable[[], Mapping[Delivery, Micros]] = dict

    # -- what a call meets

    def called(self, call: ApiCall, *, is_faked: bool) -> Effect:
        """Record a call, and say what it meets."""
        call.thread = current_thread().name
        self.log.add(call)
        self.journal.append(call)
        self._check_time_passes(call)
        return self.rules.effect(call) if is_faked or self.stubs.has(call) else NO_EFFECT

    def refuse(self, code: str, gate: Gate[ApiCall]) -> None:
        """Have whichever calls a gate picks meet an error that any action may answer."""
        self.rules.refuse(pattern(ALL, {}), code, gate)

    def asked(self, call: MetadataCall) -> Effect:
        """Record a request to the metadata service, and say what it meets."""
        call.thread = current_thread().name
        self.asked_calls.append(call)
        self.journal.append(call)
        self._check_time_passes(call)
        return self.asked_rules.effect(call)

    def _check_time_passes(self, call: ApiCall | MetadataCall) -> None:
        """Object to a handler that waits for an instance in a loop without sleeping, which would never end."""
        if call.at_micros != self._stands_at:
            self._stands_at, self._looks_there, self._calls_there = call.at_micros, 0, 0
        self._calls_there += 1
        is_look = isinstance(call, ApiCall) and call.action.startswith("Describe")
        self._looks_there = self._looks_there + 1 if self.waiting_for and is_look else 0
        if self._looks_there > MOST_CALLS_AT_ONE_INSTANT and isinstance(call, ApiCall):
            self._end_run(standing_clock(call, self.waiting_for))
        team = self._team()
        if self._calls_there > MOST_CALLS_OF_A_RUN and team is not None and team.stop is not None:
            self._end_run(standing_run(call, MOST_CALLS_OF_A_RUN, place_of(author_frame())))

    def asked_queue(self, what: str, at: Micros) -> None:
        """Count a request to queues or topics; that of a handler which asks for ever while the clock stands still is no
        sign of life any more, and has it ended with an error that says so.

        Args:
            what: `ReceiveMessage of ecs-cms-event`.
            at: The instant.
        """
        if at != self._queues_stand_at:
            self._queues_stand_at, self._queue_requests_there = at, 0
        self._queue_requests_there += 1
        team = self._team()
        if self._queue_requests_there <= MOST_CALLS_OF_A_RUN:
            self._queue_requests += 1
        elif team is not None:
            team.fail_run(standing_queue(what, at, MOST_CALLS_OF_A_RUN))

    def _end_run(self, error: EcsEventsError) -> None:
        """Raise an error that ends the handler under `run` whatever it catches."""
        self._remember(error)
        team = self._team()
        if team is not None:
            team.fail_run(error)
        raise error

    def stubbed(self, call: ApiCall) -> dict[str, Any] | None:
        """The author's own answer to a call that is not faked."""
        return self.stubs.answer(call)

    def unexpected(self, call: ApiCall, problem: str) -> None:
        """Object to a call, and remember that: handlers catch Exception."""
        nearest_stub = did_you_mean(f"{call.product} {call.action}", self.stubs.actions())
        call.hint = f"{problem}{nearest_stub}"
        if "calls" in self.strict:
            error = unexpected_call(call, call.hint)
            self._remember(error)
            raise error

    def waits_for_ever(self, call: ApiCall, no_reply: NoReply) -> EcsEventsError:
        """The error for a client that nothing would wake."""
        error = endless_call(call, no_reply)
        self._remember(error)
        return error

    def reported(self, problem: BaseException) -> None:
        """Remember an error that a call met whose caller cannot see it, being in another process perhaps."""
        error = problem if isinstance(problem, EcsEventsError) else served_call(problem)
        if str(error) not in self._raised:
            self._remember(error)

    def from_nowhere(self, error: NoGuestError) -> None:
        """Object to a request to the metadata service from no instance, and remember that."""
        if "calls" in self.strict:
            self._remember(error)
            raise error

    def passed_by(self) -> None:
        """Object to a connection to the metadata address that is not intercepted, and remember that."""
        if "calls" in self.strict:
            error = uncaught_connection()
            self._remember(error)
            raise error

    def asks_for_ever(self, call: MetadataCall, no_reply: NoReply) -> EcsEventsError:
        """The error for a client of the metadata service that nothing would wake."""
        error = endless_call(call, no_reply)
        self._remember(error)
        return error

    def _remember(self, error: EcsEventsError) -> None:
        text = str(error)
        first, times = self._raised.get(text, (error, 0))
        if times or len(self._raised) < MOST_REMEMBERED:
            self._raised[text] = first, times + 1

    # -- what receivers do

    def watched(self, receiver: Callable[[Change], None]) -> Callable[[Observed], None]:
        """A receiver whose errors are remembered, but for those that reach the test by themselves."""

        def told(change: Observed) -> None:
            if isinstance(change, Interruption):
                return  # it changes no status
            try:
                receiver(change)
            except Exception as error:
                is_room = len(self._receivers_errors) < MOST_REMEMBERED
                if is_room and not will_reach_the_test(sys._getframe()):
                    self._receivers_errors.append(receivers_error(change, error))
                raise

        return told

    # -- counting

    @property
    def activity(self) -> int:
        """Grows with each call, be it of an action, of the metadata service or to a queue."""
        return len(self.log.calls) + len(self.asked_calls) + self._queue_requests

    @property
    def faults_met(self) -> int:
        """How many calls met a fault."""
        return self.rules.met + self.asked_rules.met

    @property
    def faults_declared(self) -> int:
        """How many calls the faults are for, as far as that is known."""
        return self.rules.declared + self.asked_rules.declared

    # -- what functions do that the author planned

    def call_planned(self, function: Callable[[], object], at: Micros, place: str) -> None:
        """Call a function planned for an instant, and remember its error until the author has seen it.

        Args:
            function: The function.
            at: The instant.
            place: Where it was planned, in words.
        """
        try:
            function()
        except (HandlerStop, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self._keep(_Unseen(error, planned_error(at, place, error), is_planned=True))
            raise

    def _keep(self, unseen: "_Unseen") -> None:
        if len(self._unseen) < MOST_REMEMBERED:
            self._unseen.append(unseen)

    def surfaced(self, error: BaseException) -> None:
        """Note that the author sees an error."""
        self._unseen = [one for one in self._unseen if one.error is not error]

    def surface(self) -> None:
        """Raise the first error of a planned function or a receiver that the author has not seen."""
        for unseen in self._unseen:
            if not isinstance(unseen.error, DeliveryError):
                self._unseen.remove(unseen)
                raise unseen.error

    # -- what receivers of notifications do

    def given_up(self, delivery: Delivery, error: BaseException) -> None:
        """Raise the error of a receiver where it reaches the test, and remember it elsewhere; a URL's is remembered."""
        if "receivers" not in self.strict:
            return
        is_urls = isinstance(error, DeliveryError)
        if not is_urls and will_reach_the_test(sys._getframe()):
            raise error
        self._keep(_Unseen(error, delivery_error(delivery, error), is_planned=False))

    # -- what there is to complain of

    def complaint(self) -> EcsEventsError | None:
        """What is wrong when the test has ended well by itself, all of it together."""
        if self.test_failed:
            return None
        errors = [*self._raised.values()] if "calls" in self.strict else []
        errors += [(error, 1) for check, error in self._left_over() if error is not None and check in self.strict]
        return together(errors)

    def _left_over(self) -> "Iterator[tuple[str, EcsEventsError | None]]":
        """What each check has to say of the test as it ended."""
        calls = self.log.calls
        yield "faults", self.rules.unused(calls)
        yield "faults", self.asked_rules.unused(self.asked_calls)
        yield "stubs", self.stubs.unused(calls)
        receivers = [*self._receivers_errors, *self._unseen_texts(is_planned=False), *self._not_retried()]
        yield "receivers", receivers_raised(receivers)
        yield "receivers", planned_raised(self._unseen_texts(is_planned=True))
        yield "threads", left_running(self.left_threads)

    def _unseen_texts(self, *, is_planned: bool) -> list[str]:
        return [unseen.text for unseen in self._unseen if unseen.is_planned is is_planned]

    def _not_retried(self) -> list[str]:
        """What there is to say of deliveries that failed, and would have been tried again after the test's end."""
        return [
            f"{delivery_error(delivery, delivery.error)}\n    It is tried again at {instant_text(at)}, which the test did "
            "not reach."
            for delivery, at in self.not_retried().items()
            if delivery.error is not None
        ]
