"""Deliver notifications to subscriptions, in order, at instants of virtual time; apply faults and retries."""

import datetime as dt
import heapq
import random
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, Final, Protocol, TypeAlias

from pytest_ecsevents._errors import DeliveryError, hidden_in_reports
from pytest_ecsevents._frames import is_timeout
from pytest_ecsevents._words import sendable
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._stop import HandlerStop
from pytest_ecsevents.clock._times import Micros, from_micros, instant_text
from pytest_ecsevents.services.cms._delivery_faults import HELD_FOR, DeliveryFaults, Retries, spread
from pytest_ecsevents.services.cms._eventbridge import NOT_PUBLISHED, TYPES, eventbridge_type
from pytest_ecsevents.services.cms._filters import EventFilter
from pytest_ecsevents.services.cms._notification import Notification, NotificationHistory, eventbridge

__tracebackhide__ = hidden_in_reports


class Delivery:
    """One try to deliver one notification.

    Attributes:
        subscription: The subscription that it belongs to.
        attempt: 1 for the first try, 2 for the next, ...; 0 if it was dropped.
        at_micros: When, in microseconds since the epoch.
        outcome: "delivered", "failed", "dropped", or "not delivered" if there is no such receiver. "under way" while the
            receiver runs; it stays so if `run` ends the receiver.
        error: What the receiver raised, or what went wrong with a URL; None unless it failed or was not delivered.
        answer: What a function returned, or the HTTP status of a URL.
        is_duplicate: Whether it is the second copy that `duplicate` adds.
    """

    __slots__ = ("_notification", "answer", "at_micros", "attempt", "error", "is_duplicate", "outcome", "subscription")

    def __init__(
        self, subscription: "Subscription", notification: Notification, attempt: int, at: Micros, *, is_duplicate: bool
    ) -> None:
        self._notification: Final = notification
        self.subscription: Final = subscription
        self.attempt: Final = attempt
        self.at_micros: Final = at
        self.is_duplicate: Final = is_duplicate
        self.outcome = "under way" if attempt else "dropped"
        self.error: BaseException | None = None
        self.answer: object = None

    @property
    def at(self) -> dt.datetime:
        """When, aware UTC."""
        return from_micros(self.at_micros)

    @property
    def name(self) -> str:
        """The notification's name: `Instance:SystemMaintenance.Reboot:Scheduled`."""
        return self._notification.name

    @property
    def summary(self) -> str:
        """`Instance:StateChange Stopping of i-web1`."""
        return self._notification.summary

    @property
    def note(self) -> str:
        """Why the real service may not have sent it; "" if it does."""
        is_of_eventbridge = self.subscription._make is eventbridge
        return NOT_PUBLISHED if is_of_eventbridge and eventbridge_type(self._notification.row) not in TYPES else ""

    @property
    def rule_name(self) -> str:
        """The event rule that sent it; "" for none."""
        return self._notification.rule_name

    @property
    def notification_id(self) -> str:
        """The notification's id, the same for all tries."""
        return self._notification.uuid

    @property
    def payload(self) -> dict[str, Any]:
        """What was delivered. A new copy each time, so that a receiver's changes do not show."""
        return self.subscription._make(self._notification)

    def __repr__(self) -> str:
        return (
            f"<Delivery of {self.name} to {self.subscription.receiver} at {instant_text(self.at_micros)}: {self.outcome}, "
            f"attempt {self.attempt}>"
        )


class Sender(Protocol):
    @property
    def receiver(self) -> str:
        """The receiver's name in the timeline."""

    def deliver(self, delivery: Delivery) -> object:
        """Call the receiver and return its answer. An exception makes the delivery fail."""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """What all subscriptions of one test share.

    Attributes:
        clock: The test's clock.
        begun: Called with each delivery when it begins or is dropped.
        given_up: Called with each delivery that failed for good; may raise its error.
        call: Calls a function of the test's with its arguments.
    """

    clock: Clock
    begun: Callable[[Delivery], None]
    given_up: Callable[[Delivery, BaseException], None]
    call: Callable[..., object]


_Planned: TypeAlias = tuple[Micros, int, Callable[[], None]]
"""A delivery: when it is due, its number, and what makes it."""


class Subscription:
    """A receiver, its filter, and its deliveries so far.

    Args:
        wanted: The notifications that it gets.
        make: Gives a notification its form.
        faults: What may happen on the way.
        retries: How often a failed delivery is repeated.
        history: The notifications before it, which it does not get; None for a receiver of event rules.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        sender: Sender,
        *,
        wanted: EventFilter,
        make: Callable[[Notification], dict[str, Any]],
        faults: DeliveryFaults,
        retries: Retries,
        seed: str,
        history: NotificationHistory | None = None,
    ) -> None:
        self._history: Final = history
        self._earlier: Final = 0 if history is None else len(history)
        self._dispatcher: Final = dispatcher
        self._sender: Final = sender
        self._wanted: Final = wanted
        self._has_no_faults: Final = faults == DeliveryFaults()
        self._make: Final = make
        self._faults: Final = faults
        self._retries: Final = retries
        self._random: Final = random.Random(sendable(seed))
        self._deliveries: Final[list[Delivery]] = []
        self._held: tuple[Notification, Callable[[], None]] | None = None
        self._to_be_retried: Final[dict[Delivery, Micros]] = {}
        self._is_canceled = False
        self._what: Final = f"The receiver {sender.receiver}"
        # Two threads may each have taken one of its works from the clock: the first of them begins with the earliest delivery.
        self._planned: Final[list[_Planned]] = []
        self._numbers: Final = count()
        self._lock: Final = allocate_lock()
        self._is_delivering = False
        self._waiting: Final[deque[Micros]] = deque()

    @property
    def receiver(self) -> str:
        """The receiver's name in the timeline."""
        return self._sender.receiver

    @property
    def deliveries(self) -> list[Delivery]:
        """Every try so far, in order, with dropped ones."""
        return list(self._deliveries)

    @property
    def to_be_retried(self) -> dict[Delivery, Micros]:
        """Failed deliveries, and when each is repeated."""
        return dict(self._to_be_retried)

    @property
    def is_canceled(self) -> bool:
        """Whether `cancel` was called."""
        return self._is_canceled

    def cancel(self) -> None:
        """Stop all deliveries, also those under way."""
        self._is_canceled = True
        self._to_be_retried.clear()

    def has_missed(self, event_id: str) -> bool:
        """Whether a notification of this event that it wants was sent before it was subscribed."""
        return any(notification.content.get("eventId") == event_id for notification in self._missed())

    def _missed(self) -> list[Notification]:
        return [] if self._history is None else list(filter(self._wanted.passes, self._history.first(self._earlier)))

    def __repr__(self) -> str:
        number = len(self._deliveries)
        missed = len(self._missed())
        more = f"; {missed} came before it was subscribed" if missed else ""
        return f"<Subscription of {self.receiver}: {number} deliver{'y' if number == 1 else 'ies'}{more}>"

    # -- faults before the delivery

    @property
    def listener(self) -> Callable[[Notification], None]:
        """What is called with every notification."""
        return self.take if self._wanted == EventFilter() else self._take_wanted

    def _take_wanted(self, notification: Notification) -> None:
        if self._wanted.passes(notification):
            self.take(notification)

    def take(self, notification: Notification) -> None:
        """Plan the delivery of a notification; it begins at the earliest when the current change is complete."""
        if self._is_canceled:
            return
        if self._has_no_faults:
            self._plan(notification.at_micros, notification)
            return
        if self._happens(self._faults.drop):
            self._begin(notification, 0)
            return
        held, self._held = self._held, None
        if held is None and self._happens(self._faults.reorder):
            self._hold(notification)
            return
        at, delay = notification.at_micros, spread(self._faults.delay, self._random)
        self._plan(at + delay, notification)
        if self._happens(self._faults.duplicate):
            self._plan(at + spread(self._faults.delay, self._random), notification, is_duplicate=True)
        if held is not None:
            overtaken, cancel = held
            cancel()
            self._plan(overtaken.at_micros + delay, overtaken)

    def _hold(self, notification: Notification) -> None:
        """Keep it until the next one has overtaken it, or for a minute."""
        clock = self._dispatcher.clock

        def release() -> None:
            self._held = None
            self._plan(clock.now(), notification)

        self._held = notification, clock.plan(clock.now() + HELD_FOR, release, self._what)

    def refuse(self, notification: Notification, problem: DeliveryError) -> None:
        """Note that a notification has no receiver."""
        delivery = self._begin(notification, 0)
        delivery.outcome, delivery.error = "not delivered", problem

    def _happens(self, likelihood: float) -> bool:
        return likelihood > 0 and self._random.random() < likelihood

    def _plan(
        self,
        at: Micros,
        notification: Notification,
        attempt: int = 1,
        before: Delivery | None = None,
        *,
        is_duplicate: bool = False,
    ) -> None:
        deliver = partial(self._deliver, notification, attempt, before, is_duplicate=is_duplicate)
        planned: _Planned = (at, next(self._numbers), deliver)
        with self._lock:
            heapq.heappush(self._planned, planned)
        self._dispatcher.clock.plan(at, self._deliver_next, self._what)

    # -- the delivery

    def _begin(self, notification: Notification, attempt: int, *, is_duplicate: bool = False) -> Delivery:
        now = self._dispatcher.clock.now()
        delivery = Delivery(self, notification, attempt, now, is_duplicate=is_duplicate)
        self._deliveries.append(delivery)
        self._dispatcher.begun(delivery)
        if notification.keep_delivery is not None:
            notification.keep_delivery(delivery)
        return delivery

    def _deliver_next(self) -> None:
        clock = self._dispatcher.clock
        with self._lock:
            if self._is_delivering:
                # The receiver sleeps, perhaps on this very stack: it gets the next one after it has returned.
                self._waiting.append(clock.now())
                return
            self._is_delivering = True
            _, _, deliver = heapq.heappop(self._planned)
        try:
            deliver()
        finally:
            with self._lock:
                self._is_delivering = False
                since = self._waiting.popleft() if self._waiting else None
            if since is not None:
                clock.plan(since, self._deliver_next, self._what)

    def _deliver(
        self, notification: Notification, attempt: int, before: Delivery | None, *, is_duplicate: bool
    ) -> None:
        if before is not None:
            self._to_be_retried.pop(before, None)
        if self._is_canceled:
            return
        delivery = self._begin(notification, attempt, is_duplicate=is_duplicate)
        try:
            delivery.answer = self._dispatcher.call(self._sender.deliver, delivery)
        except (HandlerStop, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # pytest's own failures are such errors too
            if is_timeout(error):
                raise
            self._failed(delivery, notification, error)
        else:
            delivery.outcome = "delivered"

    def _failed(self, delivery: Delivery, notification: Notification, error: BaseException) -> None:
        delivery.outcome, delivery.error = "failed", error
        if self._is_canceled or delivery.attempt > self._retries.most:
            self._dispatcher.given_up(delivery, error)
            return
        at = self._dispatcher.clock.now() + self._retries.after(delivery.attempt, self._random)
        self._to_be_retried[delivery] = at
        self._plan(at, notification, delivery.attempt + 1, delivery, is_duplicate=delivery.is_duplicate)
