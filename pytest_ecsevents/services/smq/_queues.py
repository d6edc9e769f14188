"""Queues of the Simple Message Queue (formerly MNS): what they hold, and what becomes of it in virtual time.

Behaviour, limits and defaults are the service's API reference's, except where a line says that it is a guess.
"""

import base64
import binascii
import datetime as dt
import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Any, Final, TypeAlias

from pytest_ecsevents.clock import SECOND, Clock, Micros, from_micros
from pytest_ecsevents.services.smq._limits import QUEUE_LIMITS, Limit
from pytest_ecsevents.services.smq._refusal import SmqRefusal

MOST_AT_ONCE: Final = 16
"""Messages of a batch."""

PRIORITY: Final = Limit("Priority", 1, 16, 8)
"""1 goes first."""

BATCH: Final = Limit("numOfMessages", 1, MOST_AT_ONCE, 1)
WAIT: Final = Limit("waitseconds", 0, 30, 0)
HIDDEN: Final = Limit("VisibilityTimeout", 1, 43_200, 30)

Attributes: TypeAlias = "dict[str, int]"


class QueueMessage:
    """One message of a queue, live.

    Attributes:
        number: Which it is of its queue's, from 0.
        message_id: The service's id.
        raw: The body as it goes over the wire.
        priority: 1 goes before 16.
        dequeue_count: How often it was received.
    """

    def __init__(
        self, number: int, message_id: str, raw: str, priority: int, *, at: Micros, visible_at: Micros, ends_at: Micros
    ) -> None:
        self.number: Final = number
        self.message_id: Final = message_id
        self.raw: Final = raw
        self.priority: Final = priority
        self.dequeue_count = 0
        self._at: Final = at
        self._visible_at = visible_at
        self._ends_at: Final = ends_at
        self._comes_up_at: Micros | None = None
        self._first_at: Micros = 0
        self._handle = ""
        self._deleted_at: Micros | None = None

    @property
    def body(self) -> str:
        """The body as a client of the service's SDK reads it: out of its base64, where it is in base64."""
        try:
            return base64.b64decode(self.raw, validate=True).decode()
        except (binascii.Error, ValueError):
            return self.raw

    @property
    def event(self) -> dict[str, Any]:
        """The body as the notification that it is.

        Raises:
            ValueError: It is no JSON object.
        """
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    @property
    def enqueued_at(self) -> dt.datetime:
        """When it was sent, aware UTC."""
        return from_micros(self._at)

    @property
    def first_dequeued_at(self) -> dt.datetime | None:
        """When it was first received, aware UTC."""
        return from_micros(self._first_at) if self.dequeue_count else None

    @property
    def visible_at(self) -> dt.datetime:
        """From when on it can be received, aware UTC."""
        return from_micros(self._visible_at)

    @property
    def is_deleted(self) -> bool:
        """Whether a client has deleted it."""
        return self._deleted_at is not None

    @property
    def md5(self) -> str:
        """`MessageBodyMD5`: of the body as sent, in upper-case digits."""
        return hashlib.md5(self.raw.encode(), usedforsecurity=False).hexdigest().upper()

    def __repr__(self) -> str:
        return f"<QueueMessage {self.message_id}, received {self.dequeue_count} times: {self.body[:60]!r}>"

    @property
    def summary(self) -> str:
        """The name of the notification that it is, or how it begins."""
        try:
            decoded = json.loads(self.body)
        except ValueError:
            decoded = None
        said = decoded if isinstance(decoded, dict) else {}
        alert = said.get("alert")
        named = said.get("name") or said.get("type") or (alert.get("eventName") if isinstance(alert, dict) else None)
        return str(named or repr(self.body[:40]))


@dataclass(frozen=True, slots=True)
class MessageStep:
    """What a client did to a message, for the story.

    Attributes:
        queue: The queue's name.
        message: The message.
        did: What, in words.
        at_micros: When.
    """

    queue: str
    message: QueueMessage
    did: str
    at_micros: Micros


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a client gets to know of a message that it received, or peeked at, as it stood at that instant.

    Attributes:
        message: The message.
        handle: With which it is deleted; "" where it was peeked at.
        next_visible_at: From when on it can be received again.
        first_at: When it was first received.
        enqueued_at: When it was sent.
        dequeue_count: How often it had been received.
    """

    message: QueueMessage
    handle: str
    next_visible_at: Micros
    first_at: Micros
    enqueued_at: Micros
    dequeue_count: int


class QueueState:
    """One queue.

    Args:
        name: Its name.
        clock: The test's.
        dice: What makes its ids.
        attributes: What differs from the defaults.
        told: Told of what clients do to messages.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        dice: random.Random,
        attributes: Mapping[str, int],
        told: Callable[[MessageStep], None],
    ) -> None:
        self.name: Final = name
        self.attributes: Final[Attributes] = {limit.name: limit.default for limit in QUEUE_LIMITS} | dict(attributes)
        self.created_at: Final = clock.now()
        self.modified_at = self.created_at
        self.sent: Final[list[QueueMessage]] = []
        self.wakes: Final[list[Callable[[], None]]] = []
        self._told: Final = told
        self._clock: Final = clock
        self._dice: Final = dice
        self._left: Final[dict[int, QueueMessage]] = {}
        self._hidden: Final[list[tuple[Micros, int, QueueMessage]]] = []
        self._ready: Final[list[tuple[int, int, QueueMessage]]] = []
        self._by_handle: Final[dict[str, QueueMessage]] = {}
        self._receipts = 0

    # -- its attributes

    def change(self, attributes: Mapping[str, int]) -> None:
        """Change attributes; what was sent before keeps what it was sent with (a guess)."""
        with self._clock.lock:
            check_attributes(attributes)
            self.attributes.update(attributes)
            self.modified_at = self._clock.now()

    def counts(self) -> tuple[int, int, int]:
        """How many messages can be received, are hidden because they were received, and are delayed."""
        with self._clock.lock:
            now = self._clock.now()
            here = [message for message in self._left.values() if message._ends_at > now]
            active = sum(message._visible_at <= now for message in here)
            delayed = sum(message._visible_at > now and not message.dequeue_count for message in here)
            return active, len(here) - active - delayed, delayed

    # -- messages

    def holds(self, message: QueueMessage) -> bool:
        """Whether a message is still there: neither deleted nor too old."""
        return message.number in self._left and message._ends_at > self._clock.now()

    def send(self, raw: str, *, delay_seconds: int | None = None, priority: int | None = None) -> QueueMessage:
        """Add a message.

        Args:
            raw: The body as it goes over the wire.
            delay_seconds: How long nobody can receive it; None for the queue's `DelaySeconds`.
            priority: 1 goes first; None for 8.

        Raises:
            SmqRefusal: Something of this is out of range.
        """
        delay = self._limit("DelaySeconds").checked(delay_seconds, self.attributes["DelaySeconds"])
        rank = PRIORITY.checked(priority, PRIORITY.default)
        longest = self.attributes["MaximumMessageSize"]
        if not 1 <= len(raw.encode()) <= longest:
            raise SmqRefusal("InvalidArgument", "MessageBody", 1, longest)
        with self._clock.lock:
            now = self._clock.now()
            message = QueueMessage(
                len(self.sent),
                self._message_id(now),
                raw,
                rank,
                at=now,
                visible_at=now + delay * SECOND,
                ends_at=now + self.attributes["MessageRetentionPeriod"] * SECOND,
            )
            self.sent.append(message)
            self._left[message.number] = message
            self._hide(message)
        self.wake()
        return message

    def wake(self) -> None:
        """Have those who wait for a message look again."""
        for wake in tuple(self.wakes):
            wake()

    def receive(self, most: int = 1) -> list[Receipt]:
        """Up to so many messages that can be received; nobody else can until `VisibilityTimeout` has passed."""
        with self._clock.lock:
            now = self._clock.now()
            taken = self._take(most, now)
            return [self._received(message, now) for message in taken]

    def peek(self, most: int = 1) -> list[Receipt]:
        """Up to so many messages that can be received, left as they are."""
        with self._clock.lock:
            seen = self._take(most, self._clock.now())
            for message in seen:
                heappush(self._ready, (message.priority, message.number, message))
            return [_receipt(message, "") for message in seen]

    def next_visible_at(self) -> Micros | None:
        """When the next message can be received again, or for the first time; None for none."""
        with self._clock.lock:
            while self._hidden and not self._is_as_hidden(*self._hidden[0]):
                heappop(self._hidden)
            ready = [message._visible_at for *_, message in self._ready if self.holds(message)]
            return min([*ready, *(at for at, *_ in self._hidden[:1])], default=None)

    def delete(self, handle: str) -> None:
        """Delete a message that was received.

        Raises:
            SmqRefusal: There is no such handle, or it is no longer valid.
        """
        with self._clock.lock:
            message = self._of(handle)
            message._deleted_at = self._clock.now()
            del self._left[message.number]
            self._tell(message, "deleted")

    def hide(self, handle: str, seconds: int) -> tuple[str, Micros]:
        """Have a message that was received be hidden for so many seconds from now on.

        Returns:
            Its new handle, and when it can be received again.

        Raises:
            SmqRefusal: There is no such handle, it is no longer valid, or the time is out of range.
        """
        HIDDEN.checked(seconds, HIDDEN.default)
        with self._clock.lock:
            message = self._of(handle)
            message._visible_at = self._clock.now() + seconds * SECOND
            self._hide(message)
            self._tell(message, f"hidden for {seconds}s")
            return self._new_handle(message), message._visible_at

    def _hide(self, message: QueueMessage) -> None:
        """Have a message come up at its time, once."""
        if message._comes_up_at != message._visible_at:
            message._comes_up_at = message._visible_at
            heappush(self._hidden, (message._visible_at, message.number, message))

    def _is_as_hidden(self, at: Micros, _number: int, message: QueueMessage) -> bool:
        """Whether a message still comes up at this time: it may be gone, or hidden until another."""
        return message._visible_at == at and self.holds(message)

    def _take(self, most: int, now: Micros) -> list[QueueMessage]:
        """Up to so many messages that can be received: by priority, then as they were sent."""
        while self._hidden and self._hidden[0][0] <= now:
            hidden = heappop(self._hidden)
            if self._is_as_hidden(*hidden):
                heappush(self._ready, (hidden[2].priority, hidden[1], hidden[2]))
        taken: list[QueueMessage] = []
        while self._ready and len(taken) < most:
            message = heappop(self._ready)[-1]
            if self.holds(message):
                taken.append(message)
        return taken

    def _received(self, message: QueueMessage, now: Micros) -> Receipt:
        message.dequeue_count += 1
        message._first_at = message._first_at or now
        message._visible_at = now + self.attributes["VisibilityTimeout"] * SECOND
        self._hide(message)
        count = message.dequeue_count
        self._tell(message, "received" if count == 1 else f"received, time {count}")
        return _receipt(message, self._new_handle(message))

    def _tell(self, message: QueueMessage, did: str) -> None:
        self._told(MessageStep(self.name, message, did, self._clock.now()))

    def _new_handle(self, message: QueueMessage) -> str:
        """`1-ODU4OTkzNDU5My0xNDMyNzI3ODI3LTItOA==`, as the sample of the reference; the one before is void."""
        self._receipts += 1
        digits = (
            f"{self._dice.randrange(10**9, 10**10)}-{message._visible_at // SECOND}-{self._receipts}-{message.priority}"
        )
        message._handle = f"{message.dequeue_count}-{base64.b64encode(digits.encode()).decode()}"
        self._by_handle[message._handle] = message
        return message._handle

    def _of(self, handle: str) -> QueueMessage:
        """The message that a handle stands for, while it does."""
        message = self._by_handle.get(handle)
        if message is None:
            raise SmqRefusal("ReceiptHandleError")
        now = self._clock.now()
        if not self.holds(message) or message._handle != handle or message._visible_at <= now:
            raise SmqRefusal("MessageNotExist")
        return message

    def _message_id(self, now: Micros) -> str:
        """`5F290C926D472878-2-14D9529A8FA-200000001`, as the sample of the reference."""
        return f"{self._dice.getrandbits(64):016X}-2-{now // 1_000:X}-{200_000_001 + len(self.sent)}"

    def _limit(self, name: str) -> Limit:
        return next(limit for limit in QUEUE_LIMITS if limit.name == name)


def _receipt(message: QueueMessage, handle: str) -> Receipt:
    return Receipt(
        message, handle, message._visible_at, message._first_at or message._at, message._at, message.dequeue_count
    )


class Queues:
    """The queues of one test.

    Args:
        clock: The test's.
        seed: What makes this test's ids its own.
        told: Told of what clients do to messages.
    """

    def __init__(self, clock: Clock, seed: str, told: Callable[[MessageStep], None]) -> None:
        self._told: Final = told
        self._clock: Final = clock
        self._dice: Final = random.Random(f"{seed}/queues")
        self._by_name: Final[dict[str, QueueState]] = {}

    def create(self, name: str, attributes: Mapping[str, int]) -> tuple[QueueState, bool]:
        """Make a queue; one that is there already with the same attributes is returned.

        Returns:
            The queue, and whether it is new.

        Raises:
            SmqRefusal: There is one with other attributes, or something of this is out of range.
        """
        QUEUE_NAME.check(name)
        check_attributes(attributes)
        with self._clock.lock:
            there = self._by_name.get(name)
            if there is None:
                made = self._by_name[name] = QueueState(name, self._clock, self._dice, attributes, self._told)
                return made, True
            wanted = {limit.name: limit.default for limit in QUEUE_LIMITS} | dict(attributes)
            if there.attributes != wanted:
                raise SmqRefusal("QueueAlreadyExist")
            return there, False

    def __getitem__(self, name: str) -> QueueState:
        there = self._by_name.get(name)
        if there is None:
            raise SmqRefusal("QueueNotExist")
        return there

    def get(self, name: str) -> QueueState | None:
        """The queue of that name, or None."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[str]:
        """The names, sorted."""
        return iter(sorted(self._by_name))

    def delete(self, name: str) -> None:
        """Delete a queue with all that it holds; who waits for its messages waits in vain.

        Raises:
            SmqRefusal: There is none.
        """
        with self._clock.lock:
            there = self[name]
            del self._by_name[name]
        there.wake()


def check_attributes(attributes: Mapping[str, int]) -> None:
    """Refuse attributes that are out of range.

    Raises:
        SmqRefusal: One is.
    """
    limits = {limit.name: limit for limit in QUEUE_LIMITS}
    for name, value in attributes.items():
        limits[name].checked(value, 0)


@dataclass(frozen=True, slots=True)
class NameRule:
    """What a name may be: letters, digits and hyphens, with no hyphen first (documented).

    Attributes:
        most: How many of them.
        invalid: The code for others.
        too_long: The code for more.
    """

    most: int
    invalid: str
    too_long: str

    def check(self, name: str) -> None:
        """Refuse another name.

        Raises:
            SmqRefusal: It is none.
        """
        if not 1 <= len(name) <= self.most:
            raise SmqRefusal(self.too_long, self.most)
        if not (name.isascii() and name.replace("-", "").isalnum() and name[0] != "-"):
            raise SmqRefusal(self.invalid)


QUEUE_NAME: Final = NameRule(120, "InvalidQueueName", "QueueNameLengthError")
TOPIC_NAME: Final = NameRule(255, "TopicNameInvalid", "TopicNameLengthError")
SUBSCRIPTION_NAME: Final = NameRule(255, "SubscriptionNameInvalid", "SubscriptionNameLengthError")
