"""The limits of values and names, from the API reference, and the base class of queues and topics by name."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, Protocol, TypeAlias, TypeVar

from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.services.smq._errors import ERRORS, OutOfRangeError

Attributes: TypeAlias = "dict[str, int]"
"""By their names on the wire."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The range of a number.

    Attributes:
        name: Its name on the wire.
        low: The least.
        high: The most.
        default: The default.
    """

    name: str
    low: int
    high: int
    default: int

    def checked(self, value: int | None, default: int | None = None) -> int:
        """The value; if it is None, `default` or else the limit's own default.

        Raises:
            OutOfRangeError: The value is out of range.
        """
        if value is None:
            return self.default if default is None else default
        if not self.low <= value <= self.high:
            raise OutOfRangeError(self.name, self.low, self.high)
        return value


MOST_AT_ONCE: Final = 16
"""Messages of a batch."""

PRIORITY: Final = Limit("Priority", 1, 16, 8)
"""1 goes first."""

BATCH: Final = Limit("numOfMessages", 1, MOST_AT_ONCE, 1)
WAIT: Final = Limit("waitseconds", 0, 30, 0)
DELAY: Final = Limit("DelaySeconds", 0, 604_800, 0)
HIDDEN: Final = Limit("VisibilityTimeout", 1, 43_200, 30)
SIZE: Final = Limit("MaximumMessageSize", 1_024, 65_536, 65_536)
LOGGING: Final = Limit("LoggingEnabled", 0, 1, 0)
"""A yes or no, which does nothing here."""

QUEUE_LIMITS: Final = (
    DELAY,
    SIZE,
    Limit("MessageRetentionPeriod", 60, 604_800, 345_600),
    HIDDEN,
    Limit("PollingWaitSeconds", 0, 30, 0),
    LOGGING,
)
"""Attributes of a queue."""

TOPIC_LIMITS: Final = (SIZE, LOGGING)
"""Attributes of a topic."""


def check_size(body: str, attributes: Attributes) -> None:
    """Refuse a message that is empty or too long.

    Raises:
        OutOfRangeError: It is.
    """
    longest = attributes[SIZE.name]
    if not 1 <= len(body.encode()) <= longest:
        raise OutOfRangeError("MessageBody", 1, longest)


def check_name(name: str, kind: str, longest: int, invalid: str) -> None:
    """Refuse a name that is too long, or is not letters, digits and hyphens with no hyphen first (documented).

    Raises:
        ApiError: It is such a name; with the code `invalid` for the characters.
    """
    if not 1 <= len(name) <= longest:
        raise ERRORS[f"{kind}NameLengthError"].error(str(longest))
    if not (name.isascii() and name.replace("-", "").isalnum() and name[0] != "-"):
        raise ERRORS[invalid].error()


class State(Protocol):
    modified_at: Micros

    @property
    def attributes(self) -> Attributes:
        """All of its attributes."""

    def end(self) -> None:
        """Called when it is deleted."""


StateT = TypeVar("StateT", bound=State)


class States(ABC, Generic[StateT]):
    """The queues, or the topics, of one test by name.

    Attributes:
        KIND: `Queue` or `Topic`.
        LIMITS: Their attributes.
        NAME: The longest name, and the code for a name with other characters.
    """

    KIND: ClassVar[str]
    LIMITS: ClassVar[tuple[Limit, ...]]
    NAME: ClassVar[tuple[int, str]]

    def __init__(self, clock: Clock) -> None:
        self._clock: Final = clock
        self._by_name: Final[dict[str, StateT]] = {}

    @abstractmethod
    def _make(self, name: str, attributes: Attributes) -> StateT:
        """Make one with all its attributes."""

    def __getitem__(self, name: str) -> StateT:
        state = self._by_name.get(name)
        if state is None:
            kinds = f"{self.KIND.lower()}s"
            hint = f"There are the {kinds}: {listed(self)}.{did_you_mean(name, self)}"
            raise ERRORS[f"{self.KIND}NotExist"].error(hint=hint)
        return state

    def get(self, name: str) -> StateT | None:
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._by_name))

    def create(self, name: str, attributes: Mapping[str, int]) -> tuple[StateT, bool]:
        """Create one, or return an existing one with the same name and attributes.

        Returns:
            It, and whether it is new.

        Raises:
            ApiError: One with other attributes exists, or a value is out of range.
        """
        check_name(name, self.KIND, *self.NAME)
        self._check(attributes)
        whole = {limit.name: limit.default for limit in self.LIMITS} | dict(attributes)
        with self._clock.lock:
            state = self._by_name.get(name)
            if state is None:
                state = self._by_name[name] = self._make(name, whole)
                return state, True
            if state.attributes != whole:
                raise ERRORS[f"{self.KIND}AlreadyExist"].error()
            return state, False

    def change(self, state: StateT, attributes: Mapping[str, int]) -> None:
        """Change attributes; messages that were sent before keep theirs (a guess).

        Raises:
            ApiError: A value is out of range.
        """
        self._check(attributes)
        with self._clock.lock:
            state.attributes.update(attributes)
            state.modified_at = self._clock.now()

    def _check(self, attributes: Mapping[str, int]) -> None:
        for limit in self.LIMITS:
            limit.checked(attributes.get(limit.name))

    def delete(self, name: str) -> None:
        """Delete one, with its messages and subscriptions.

        Raises:
            ApiError: There is none.
        """
        with self._clock.lock:
            state = self[name]
            del self._by_name[name]
        state.end()
