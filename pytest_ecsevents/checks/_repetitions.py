"""Counts what each client does at one instant: many calls there mean that it waits for time that does not pass."""

from threading import get_ident
from typing import Any, Final

from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._calls import ApiCall, Call
from pytest_ecsevents.rpc._wire import Client


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
