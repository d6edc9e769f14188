"""Queues of the Simple Message Queue (formerly MNS), with their messages in virtual time.

Behaviour, limits and defaults are from the service's API reference, unless marked as a guess.
"""

import base64
import binascii
import datetime as dt
import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from typing import Any, Final

from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import SECOND, Micros, from_micros
from pytest_ecsevents.services.smq._errors import ERRORS
from pytest_ecsevents.services.smq._limits import DELAY, HIDDEN, PRIORITY, QUEUE_LIMITS, Attributes, States, check_size
from pytest_ecsevents.services.smq._properties import NO_EXTRAS, Extras, Property


@dataclass(slots=True, eq=False, kw_only=True, repr=False)
class QueueMessage:
    """One message of a queue, live.

    Attributes:
        number: Its number in the queue, from 0.
        message_id: The service's id.
        raw: The body as sent on the wire.
        priority: From 1 (received first) to 16.
        dequeue_count: How often it was received.
        is_deleted: Whether a client has deleted it.
        extras: Its group and properties.
    """

    number: int
    message_id: str
    raw: str
    priority: int
    sent_micros: Micros
    visible_micros: Micros
    expires_micros: Micros
    first_received_micros: Micros | None = None
    dequeue_count: int = 0
    is_deleted: bool = False
    extras: Extras = NO_EXTRAS
    handle: str = ""
    """The last receipt handle; earlier ones are invalid."""
    heap_micros: Micros | None = None
    """The instant of its latest entry in the queue's heap; out of date if it differs from `visible_micros`."""

    @property
    def body(self) -> str:
        """The body as a client of the service's SDK reads it: decoded, if it is in base64."""
        try:
            return base64.b64decode(self.raw, validate=True).decode()
        except (binascii.Error, ValueError):
            return self.raw

    @property
    def group_id(self) -> str:
        """`MessageGroupId` as sent, or ""."""
        return self.extras.group_id

    @property
    def user_properties(self) -> "dict[str, str]":
        """`UserProperties` by name, with their values as sent."""
        return {name: one.value for name, one in self.extras.user.items()}

    @property
    def system_properties(self) -> "dict[str, str]":
        """`SystemProperties` by name, with their values as sent."""
        return {name: one.value for name, one in self.extras.system.items()}

    @property
    def event(self) -> dict[str, Any]:
        """The notification in the body.

        Raises:
            ValueError: The body is not JSON.
            RecursionError: The body is JSON nested too deeply.
        """
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    @property
    def enqueued_at(self) -> dt.datetime:
        """When it was sent, aware UTC."""
        return from_micros(self.sent_micros)

    @property
    def first_dequeued_at(self) -> dt.datetime | None:
        """When it was first received, aware UTC."""
        return None if self.first_received_micros is None else from_micros(self.first_received_micros)

    @property
    def visible_at(self) -> dt.datetime:
        """When it can be received again, aware UTC."""
        return from_micros(self.visible_micros)

    @property
    def md5(self) -> str:
        """`MessageBodyMD5`: of the body as sent, in upper-case digits."""
        return hashlib.md5(self.raw.encode(), usedforsecurity=False).hexdigest().upper()

    def __repr__(self) -> str:
        return f"<QueueMessage {self.message_id}, received {self.dequeue_count} times: {self.body[:60]!r}>"

    @property
    def summary(self) -> str:
        """The name of the notification in the body, or the beginning of the body."""
        try:
            decoded = json.loads(self.body)
        except (ValueError, RecursionError):
            decoded = None
        members = decoded if isinstance(decoded, dict) else {}
        alert = members.get("alert")
        alert_name = alert.get("eventName") if isinstance(alert, dict) else None
        return str(members.get("name") or members.get("type") or alert_name or repr(self.body[:40]))


@dataclass(frozen=True, slots=True)
class MessageStep:
    queue: str
    message: QueueMessage
    did: str
    at_micros: Micros


@dataclass(frozen=True, slots=True)
class Receipt:
    """A message as a client received it or peeked at it.

    Attributes:
        message: The message.
        handle: The receipt handle to delete it; "" if it was peeked at.
        visible_micros: When it can be received again.
        first_micros: When it was first received.
        dequeue_count: How often it had been received.
    """

    message: QueueMessage
    handle: str
    visible_micros: Micros
    first_micros: Micros
    dequeue_count: int


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Where a queue's messages go that were received too often.

    Attributes:
        queue: The name of the dead-letter queue. While that queue does not exist, messages stay.
        max_receive_count: A message that was received this often, and is visible again, is moved.
    """

    queue: str
    max_receive_count: int


class QueueState:
    """One queue.

    Attributes:
        sent: Every message, in order.
        wakes: Called when there may be a message to receive.
        dead_letters: Where messages go that were received too often; None for nowhere.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        dice: random.Random,
        attributes: Attributes,
        *,
        record: Callable[[MessageStep], None],
        others: "Queues",
    ) -> None:
        self.name: Final = name
        self._others: Final = others
        self.attributes: Final = attributes
        self.created_at: Final = clock.now()
        self.modified_at = self.created_at
        self.sent: Final[list[QueueMessage]] = []
        self.wakes: Final[list[Callable[[], None]]] = []
        self._record: Final = record
        self._clock: Final = clock
        self._dice: Final = dice
        self._left: Final[dict[int, QueueMessage]] = {}
        self._hidden: Final[list[tuple[Micros, int, QueueMessage]]] = []
        self._ready: Final[list[tuple[int, int, QueueMessage]]] = []
        self._by_handle: Final[dict[str, QueueMessage]] = {}
        self._receipts = 0
        self.dead_letters: DeadLetters | None = None

    def counts(self) -> tuple[int, int, int]:
        """Numbers of messages: those that can be received, those hidden after a receive, those delayed."""
        with self._clock.lock:
            now = self._clock.now()
            here = [message for message in self._left.values() if message.expires_micros > now]
            active = sum(message.visible_micros <= now for message in here)
            delayed = sum(message.visible_micros > now and not message.dequeue_count for message in here)
            return active, len(here) - active - delayed, delayed

    def holds(self, message: QueueMessage) -> bool:
        """Whether a message is neither deleted nor too old."""
        return message.number in self._left and message.expires_micros > self._clock.now()

    def send(
        self,
        raw: str,
        *,
        delay_seconds: int | None = None,
        priority: int | None = None,
        extras: Extras = NO_EXTRAS,
    ) -> QueueMessage:
        """Add a message. A delayed one has a receipt handle, which deletes or changes it before it can be received.

        Args:
            raw: The body as sent on the wire.
            delay_seconds: Seconds until it can be received; None for the queue's `DelaySeconds`.
            priority: From 1 (received first) to 16; None for 8.
            extras: Its group and properties.

        Raises:
            OutOfRangeError: One of these is out of range.
        """
        delay = DELAY.checked(delay_seconds, self.attributes[DELAY.name])
        rank = PRIORITY.checked(priority)
        check_size(raw, self.attributes)
        with self._clock.lock:
            now, number = self._clock.now(), len(self.sent)
            message = QueueMessage(
                number=number,
                # `5F290C926D472878-2-14D9529A8FA-200000001`, as the sample of the reference
                message_id=f"{self._dice.getrandbits(64):016X}-2-{now // 1_000:X}-{200_000_001 + number}",
                raw=raw,
                priority=rank,
                extras=extras,
                sent_micros=now,
                visible_micros=now + delay * SECOND,
                expires_micros=now + self.attributes["MessageRetentionPeriod"] * SECOND,
            )
            self.sent.append(message)
            self._left[number] = message
            self._hide(message)
            if delay:
                self._new_handle(message)
        self.wake()
        return message

    def wake(self) -> None:
        """Wake requests that wait for a message, so that they check again."""
        for wake in tuple(self.wakes):
            wake()

    end = wake  # waiting requests then see that the queue is gone

    def receive(self, most: int = 1) -> list[Receipt]:
        """Receive up to `most` messages; they are hidden until `VisibilityTimeout` has passed."""
        with self._clock.lock:
            now = self._clock.now()
            return [self._received(message, now) for message in self._take(most, now)]

    def peek(self, most: int = 1) -> list[Receipt]:
        """Up to `most` messages that can be received, without receiving them."""
        with self._clock.lock:
            seen = self._take(most, self._clock.now())
            for message in seen:
                heappush(self._ready, (message.priority, message.number, message))
            return [_receipt(message, "") for message in seen]

    def next_visible_at(self) -> Micros | None:
        """When the next message can be received; None for never."""
        with self._clock.lock:
            while self._hidden and not self._is_current(*self._hidden[0]):
                heappop(self._hidden)
            ready = [message.visible_micros for *_, message in self._ready if self.holds(message)]
            return min([*ready, *(at for at, *_ in self._hidden[:1])], default=None)

    def delete(self, handle: str) -> None:
        """Delete a message that was received.

        Raises:
            ApiError: The handle is unknown or no longer valid.
        """
        with self._clock.lock:
            message = self._of(handle)
            message.is_deleted = True
            del self._left[message.number]
            self._note(message, "deleted")

    def hide(self, handle: str, seconds: int) -> tuple[str, Micros]:
        """Hide a message that was received for some seconds from now on.

        Returns:
            Its new handle, and when it can be received again.

        Raises:
            ApiError: The handle is unknown or no longer valid, or the time is out of range.
        """
        HIDDEN.checked(seconds)
        with self._clock.lock:
            message = self._of(handle)
            message.visible_micros = self._clock.now() + seconds * SECOND
            self._hide(message)
            self._note(message, f"hidden for {seconds}s")
            return self._new_handle(message), message.visible_micros

    def _hide(self, message: QueueMessage) -> None:
        """Put a message into the heap of hidden ones, once for each instant."""
        if message.heap_micros != message.visible_micros:
            message.heap_micros = message.visible_micros
            heappush(self._hidden, (message.visible_micros, message.number, message))

    def _is_current(self, at: Micros, _number: int, message: QueueMessage) -> bool:
        """Whether an entry of the heap is up to date: the message may be gone, or hidden until another instant."""
        return message.visible_micros == at and self.holds(message)

    def _take(self, most: int, now: Micros) -> list[QueueMessage]:
        """Up to `most` messages that can be received: by priority, then in the order of sending."""
        while self._hidden and self._hidden[0][0] <= now:
            hidden = heappop(self._hidden)
            if self._is_current(*hidden):
                heappush(self._ready, (hidden[2].priority, hidden[1], hidden[2]))
        taken: list[QueueMessage] = []
        while self._ready and len(taken) < most:
            message = heappop(self._ready)[-1]
            if self.holds(message):
                taken.append(message)
        return taken

    def _received(self, message: QueueMessage, now: Micros) -> Receipt:
        message.dequeue_count += 1
        if message.first_received_micros is None:
            message.first_received_micros = now
        message.visible_micros = now + self.attributes[HIDDEN.name] * SECOND
        self._hide(message)
        if self.dead_letters is not None and message.dequeue_count >= self.dead_letters.max_receive_count:
            self._clock.queue.push(message.visible_micros, self._give_up, message)
        count = message.dequeue_count
        self._note(message, "received" if count == 1 else f"received, time {count}")
        return _receipt(message, self._new_handle(message))

    def _give_up(self, message: object, at: Micros) -> None:
        """Move a message to the dead-letter queue, unless it was deleted or hidden for longer meanwhile."""
        assert isinstance(message, QueueMessage)
        there = None if self.dead_letters is None else self._others.get(self.dead_letters.queue)
        if there is None or not self.holds(message):
            return
        if message.visible_micros > at:
            self._clock.queue.push(message.visible_micros, self._give_up, message)
            return
        del self._left[message.number]
        message.is_deleted = True
        self._note(message, f"moved to {there.name}")
        origin = {
            "DLQSourceArn": Property(self._others.arn(self.name)),
            "DLQOriginMessageId": Property(message.message_id),
        }
        extras = replace(message.extras, system={**message.extras.system, **origin})
        there.send(message.raw, priority=message.priority, extras=extras)

    def _note(self, message: QueueMessage, did: str) -> None:
        self._record(MessageStep(self.name, message, did, self._clock.now()))

    def _new_handle(self, message: QueueMessage) -> str:
        """`1-ODU4OTkzNDU5My0xNDMyNzI3ODI3LTItOA==`, like the reference's sample; the handle before becomes invalid."""
        self._receipts += 1
        seconds, dice = message.visible_micros // SECOND, self._dice.randrange(10**9, 10**10)
        digits = f"{dice}-{seconds}-{self._receipts}-{message.priority}"
        message.handle = f"{message.dequeue_count}-{base64.b64encode(digits.encode()).decode()}"
        self._by_handle[message.handle] = message
        return message.handle

    def _of(self, handle: str) -> QueueMessage:
        """The message of a handle.

        Raises:
            ApiError: The handle is unknown or no longer valid.
        """
        message = self._by_handle.get(handle)
        if message is None:
            raise ERRORS["ReceiptHandleError"].error()
        now = self._clock.now()
        if not self.holds(message) or message.handle != handle or message.visible_micros <= now:
            raise ERRORS["MessageNotExist"].error()
        return message


def _receipt(message: QueueMessage, handle: str) -> Receipt:
    first = message.sent_micros if message.first_received_micros is None else message.first_received_micros
    return Receipt(message, handle, message.visible_micros, first, message.dequeue_count)


class Queues(States[QueueState]):
    KIND = "Queue"
    LIMITS = QUEUE_LIMITS
    NAME = (120, "InvalidQueueName")

    def __init__(self, clock: Clock, seed: str, record: Callable[[MessageStep], None], *, home: str) -> None:
        super().__init__(clock)
        self._home: Final = home
        self._dice: Final = random.Random(f"{seed}/queues")
        self._record: Final = record

    def _make(self, name: str, attributes: Attributes) -> QueueState:
        return QueueState(name, self._clock, self._dice, attributes, record=self._record, others=self)

    def arn(self, name: str) -> str:
        """The ARN of a queue: `acs:mns:<region>:<account>:queues/<name>`."""
        return f"{self._home}queues/{name}"
