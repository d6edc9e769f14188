"""The notifications that were sent so far, kept as what they tell of."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from pytest_ecsevents.services.cms._names import NotificationName
from pytest_ecsevents.services.cms._notification import Notification
from pytest_ecsevents.services.ecs._model import InstanceTransition, Interruption, Transition

Rows: TypeAlias = Mapping[str, NotificationName]


@dataclass(frozen=True, slots=True, eq=False)
class StateChange:
    """A change of an instance, with what changes later: its other attributes stay as they were declared.

    Attributes:
        change: The change.
        public_address: The public address of the instance when the notification was sent.
    """

    change: InstanceTransition
    public_address: str


Sent: TypeAlias = Transition | StateChange | Interruption | Notification
"""What a notification is rendered from; one that is announced is kept itself."""


class NotificationHistory:
    """The notifications so far, in order.

    It keeps a reference of eight bytes for each transition of an event, and renders the notification when it is read: three
    rendered ones took 2,300 bytes an event.

    Args:
        render: Renders the notification of a number, with the rows of names of the instant at which it was sent.
    """

    def __init__(self, render: Callable[[Sent, int, Rows], Notification]) -> None:
        self._render: Final = render
        self._sent: Final[list[Sent]] = []
        # The rows of names, and the number of the first notification that was sent with them.
        self._rows: Final[list[Rows]] = []
        self._since: Final[list[int]] = []

    def add(self, sent: Sent, rows: Rows) -> None:
        """Keep what was sent; `rows` are those of now, and do not change."""
        if not self._rows or self._rows[-1] is not rows:
            self._since.append(len(self._sent))
            self._rows.append(rows)
        self._sent.append(sent)

    def __len__(self) -> int:
        return len(self._sent)

    def __getitem__(self, number: int) -> Notification:
        return self._render(self._sent[number], number, self._rows[bisect_right(self._since, number) - 1])

    def first(self, number: int) -> Iterator[Notification]:
        """Render the first ones, up to that number."""
        return map(self.__getitem__, range(number))

    def __iter__(self) -> Iterator[Notification]:
        return self.first(len(self))
