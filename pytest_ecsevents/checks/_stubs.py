"""Stubs: responses that the test gives to actions that are not faked."""

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pytest_ecsevents._errors import BadArgumentError, UnusedStubError, checked_text, hidden_in_reports
from pytest_ecsevents._words import nearest
from pytest_ecsevents.checks._strictness import with_remedy
from pytest_ecsevents.report._texts import call_text
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.services._products import PRODUCTS

__tracebackhide__ = hidden_in_reports

Answer: TypeAlias = Mapping[str, Any] | ApiError | Callable[[ApiCall], Mapping[str, Any]]

# Other names of a product: that of its hosts, its common one.
_OTHER_NAMES: Final = {"metrics": "cms", "cloudmonitor": "cms"}
_FAKED: Final = {name.lower(): product for name, product in PRODUCTS.items()}


@dataclass(slots=True)
class Stub:
    product: str  # in lower case; the name in its hosts if it is not faked
    action: str
    answer: Answer
    optional: bool
    is_used: bool = False

    def __str__(self) -> str:
        return f"{self.product} {self.action}"


class Stubs:
    """The stubs of one test; the last one for an action counts."""

    def __init__(self) -> None:
        self._stubs: Final[dict[tuple[str, str], Stub]] = {}

    def add(self, product: str, action: str, response: Answer, *, optional: bool) -> None:
        """Declare a stub.

        Raises:
            BadArgumentError: The action is faked, or the response has a wrong type.
        """
        name = _name_of(checked_text(product, "product of stub", "Slb"))
        checked_text(action, "action of stub", "DescribeLoadBalancers")
        if name in _FAKED and action in _FAKED[name].actions:
            raise BadArgumentError(
                f"{action} of {_FAKED[name].name} is faked, and needs no stub. Declare instances and events, or use fail() "
                "for errors."
            )
        if not (isinstance(response, (Mapping, ApiError)) or callable(response)):
            raise BadArgumentError(
                f"stub({product!r}, {action!r}) got {response!r}. Pass a dict, an ApiError, or a function of the call."
            )
        if isinstance(response, Mapping):
            _check_json(f"stub({product!r}, {action!r}) got", response)
        self._stubs[name, action] = Stub(name, action, response, optional)

    def actions(self) -> list[str]:
        """The stubbed actions as `slb DescribeLoadBalancers`."""
        return [str(stub) for stub in self._stubs.values()]

    def has(self, call: ApiCall) -> bool:
        return (call.product.lower(), call.action) in self._stubs

    def answer(self, call: ApiCall) -> dict[str, Any] | None:
        """The body for a call, or None if it is not stubbed.

        Raises:
            ApiError: The stub is an error.
            BadArgumentError: The stub's function returned something other than a dict.
        """
        stub = self._stubs.get((call.product.lower(), call.action))
        if stub is None:
            return None
        stub.is_used = True
        if isinstance(stub.answer, ApiError):
            raise stub.answer
        body = stub.answer(call) if callable(stub.answer) else stub.answer
        returned = f"the stub of {call.product} {call.action} returned"
        if not isinstance(body, Mapping):
            raise BadArgumentError(f"{returned} {body!r}. Return a dict.")
        _check_json(returned, body)
        return copy.deepcopy(dict(body))

    def unused(self, calls: Sequence[ApiCall]) -> UnusedStubError | None:
        """Make the error about stubs that were not called."""
        left = [stub for stub in self._stubs.values() if not (stub.optional or stub.is_used)]
        if not left:
            return None
        bullets = [f"  - {stub}. {_nearest_call(stub, calls)}" for stub in left]
        return UnusedStubError(
            with_remedy(
                "\n".join(["Stubs were declared but not called:", *bullets]),
                "stubs",
                "Remove the ones that are not needed, or declare them with optional=True.",
            )
        )


def _check_json(what: str, body: Mapping[str, Any]) -> None:
    try:
        json.dumps(dict(body))
    except (TypeError, ValueError, RecursionError) as problem:
        raise BadArgumentError(
            f"{what} {body!r}, which JSON cannot represent: {problem}. Use texts, numbers, lists and dicts only."
        ) from None


def _nearest_call(stub: Stub, calls: Sequence[ApiCall]) -> str:
    """The last call to the action with the nearest name, if possible of the same product."""
    of_product = [call for call in calls if call.product.lower() == stub.product]
    name = nearest(stub.action, {call.action for call in of_product or calls})
    near = [call for call in of_product or calls if call.action == name] or of_product
    return f"Nearest call: {call_text(near[-1])}." if near else f"{stub.product} was not called."


def _name_of(product: str) -> str:
    return _OTHER_NAMES.get(product.lower(), product.lower())
