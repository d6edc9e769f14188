"""What an action is: a declaration and one function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.clock import Micros
from pytest_ecsevents.rpc._errors import COMMON_MISSING, ErrorRow, ErrorTable
from pytest_ecsevents.rpc._parameters import Parameter, ParameterSet
from pytest_ecsevents.rpc._wire import JsonObject

T = TypeVar("T")

METHODS: Final = ("GET", "POST")
"""The HTTP methods of most actions."""


@dataclass(slots=True, kw_only=True, eq=False)
class ParsedCall:
    """One call of an action, its parameters parsed. A product subclasses it to add what its actions work on.

    Attributes:
        action: What is called.
        account_id: The caller's account.
        region_id: `RegionId` as sent, or "" when it was not.
        now: The instant of the call.
        values: Every typed value by name.
        hint: Set by the action: what the timeline says about the answer.
    """

    action: "Action[Any]"
    account_id: str
    region_id: str
    now: Micros
    values: Mapping[str, Any]
    hint: str = ""

    def __getitem__(self, parameter: Parameter[T]) -> T:
        """The typed value of a parameter."""
        value: T = self.values[parameter.name]
        return value

    @property
    def errors(self) -> ErrorTable:
        """The action's error table."""
        return self.action.errors

    @property
    def cause(self) -> str:
        """The cause of transitions that this call brings about."""
        return self.action.name


CallT_contra = TypeVar("CallT_contra", bound=ParsedCall, contravariant=True)


@dataclass(frozen=True, slots=True)
class Action(Generic[CallT_contra]):
    """One action of a product's API.

    Attributes:
        name: `RebootInstance`.
        parameters: What it takes beyond the common parameters.
        errors: What it may answer instead.
        answer: Acts, and returns the reply without RequestId.
        refusals: The error row for each error that the fake raises.
        missing: The row for a missing required parameter.
        needs_region: Whether RegionId is required.
        methods: The HTTP methods that it takes.
        notes: What the fake guesses here, for documentation.
    """

    name: str
    parameters: ParameterSet
    errors: ErrorTable
    answer: Callable[[CallT_contra], JsonObject]
    refusals: Mapping[type[EcsEventsError], ErrorRow]
    missing: ErrorRow = COMMON_MISSING
    needs_region: bool = True
    methods: tuple[str, ...] = METHODS
    notes: tuple[str, ...] = ()
