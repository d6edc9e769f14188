"""`ecs_events.queue(...)`: what the author of a test touches of a queue."""

import base64
from collections.abc import Callable, Iterator
from typing import Final

from pytest_ecsevents._words import BadArgumentError, hidden_in_reports
from pytest_ecsevents.channels import QueueMessage, QueueState, SmqRefusal
from pytest_ecsevents.clock import SECOND

__tracebackhide__ = hidden_in_reports


class Queue:
    """A queue of the Simple Message Queue (formerly MNS) that the service's own SDKs talk to.

    Iteration and `len` are about the messages that nobody has deleted.
    """

    def __init__(self, state: QueueState, endpoint: Callable[[], str]) -> None:
        self._state: Final = state
        self._endpoint: Final = endpoint

    @property
    def name(self) -> str:
        """Its name."""
        return self._state.name

    @property
    def endpoint(self) -> str:
        """The URL that the SDK's `Account` takes as its host; the server starts when it is first asked for."""
        return f"http://{self._endpoint()}"

    @property
    def messages(self) -> list[QueueMessage]:
        """Every message that was ever sent to it, in order, deleted ones too."""
        return list(self._state.sent)

    @property
    def attributes(self) -> dict[str, int]:
        """Its attributes, by their names on the wire: `VisibilityTimeout`, ...; change them by `set`."""
        return dict(self._state.attributes)

    def __iter__(self) -> Iterator[QueueMessage]:
        """The messages that nobody has deleted, in order."""
        return iter([message for message in self._state.sent if self._state.holds(message)])

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return f"<Queue {self.name!r}: {len(self)} of {len(self._state.sent)} messages left>"

    def send(
        self, body: str, *, delay_seconds: int | None = None, priority: int | None = None, raw: bool = False
    ) -> QueueMessage:
        """Send a message, as another program would.

        Args:
            body: What it says.
            delay_seconds: Seconds in which nobody can receive it; left out, the queue's `DelaySeconds`.
            priority: From 1, which goes first, to 16; left out, 8.
            raw: Whether the body goes over the wire as it is; else in base64, as the SDK sends and expects it.

        Raises:
            BadArgumentError: Something of this cannot be.
        """
        if not isinstance(body, str):
            raise BadArgumentError(f"body is {body!r}. Pass text, such as json.dumps({{...}}).")
        text = body if raw else base64.b64encode(body.encode()).decode()
        try:
            return self._state.send(text, delay_seconds=delay_seconds, priority=priority)
        except SmqRefusal as refusal:
            name, low, high = refusal.values
            raise BadArgumentError(f"{name} must be from {low} to {high}.") from None
