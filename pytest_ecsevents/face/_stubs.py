"""Answers that the author of a test gives himself, for what is not faked."""

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from pytest_ecsevents._words import BadArgumentError, hidden_in_reports
from pytest_ecsevents.openapi import ACTIONS, ApiCall, ApiError

__tracebackhide__ = hidden_in_reports

Answer: TypeAlias = Mapping[str, Any] | ApiError | Callable[[ApiCall], Mapping[str, Any]]

# What hosts call a product that everybody knows by another name.
_HOST_NAMES: Final = {"cms": "metrics", "cloudmonitor": "metrics"}


class Stubs:
    """The stubs of one test; the last one for an action counts."""

    def __init__(self) -> None:
        self._answers: Final[dict[tuple[str, str], Answer]] = {}

    def add(self, product: str, action: str, response: Answer) -> None:
        """Declare a stub.

        Raises:
            BadArgumentError: The action is faked, or the response is none.
        """
        if product.lower() == "ecs" and action in ACTIONS:
            raise BadArgumentError(
                f"{action} of Ecs is faked, and needs no stub. Declare instances and events, or use fail() for errors."
            )
        if not (isinstance(response, (Mapping, ApiError)) or callable(response)):
            raise BadArgumentError(
                f"stub({product!r}, {action!r}) got {response!r}. Pass a dict, an ApiError, or a function of the call."
            )
        self._answers[_host_name(product), action] = response

    def actions(self) -> list[str]:
        """The stubbed actions as `slb DescribeLoadBalancers`."""
        return [f"{product} {action}" for product, action in self._answers]

    def answer(self, call: ApiCall) -> dict[str, Any] | None:
        """The body for a call, or None when there is no stub for it.

        Raises:
            ApiError: The stub is an error.
            BadArgumentError: The stub's function gave no dict.
        """
        response = self._answers.get((call.product.lower(), call.action))
        if response is None:
            return None
        if isinstance(response, ApiError):
            raise response
        body = response(call) if callable(response) else response
        if not isinstance(body, Mapping):
            raise BadArgumentError(f"The stub of {call.product} {call.action} gave {body!r}. Return a dict.")
        return copy.deepcopy(dict(body))


def _host_name(product: str) -> str:
    return _HOST_NAMES.get(product.lower(), product.lower())
