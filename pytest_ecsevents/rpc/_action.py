"""What an action is: a declaration and one thin function."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.clock import Micros
from pytest_ecsevents.rpc._errors import COMMON_MISSING, ErrorRow, ErrorTable
from pytest_ecsevents.rpc._parameters import Parameter, ParameterSet
from pytest_ecsevents.rpc._wire import JsonObject

if TYPE_CHECKING:
    from pytest_ecsevents.services.cms import CloudMonitor
    from pytest_ecsevents.services.ecs import Cloud, Instance

T = TypeVar("T")

METHODS: Final = ("GET", "POST")
"""By what HTTP methods most actions can be called."""


class ActionCall:
    """One call of an action, its parameters parsed.

    Attributes:
        cloud: The test's cloud.
        monitor: What tells of its changes.
        account_id: The caller's account.
        region_id: `RegionId` as sent, or "" when it was not.
        now: The instant of the call.
        errors: The action's error table.
        hint: What the timeline tells the author of the test about the answer.
    """

    __slots__ = (
        "_values",
        "account_id",
        "action",
        "cloud",
        "errors",
        "hint",
        "monitor",
        "now",
        "region_id",
    )

    def __init__(
        self,
        action: "Action",
        cloud: "Cloud",
        monitor: "CloudMonitor",
        *,
        account_id: str,
        region_id: str,
        now: Micros,
        values: Mapping[str, Any],
    ) -> None:
        self.action: Final = action
        self.cloud: Final = cloud
        self.monitor: Final = monitor
        self.account_id: Final = account_id
        self.region_id: Final = region_id
        self.now: Final = now
        self.errors: Final = action.errors
        self.hint = ""
        self._values: Final = values

    def __getitem__(self, parameter: Parameter[T]) -> T:
        """The typed value of a parameter."""
        value: T = self._values[parameter.name]
        return value

    @property
    def values(self) -> Mapping[str, Any]:
        """Every typed value by name."""
        return self._values

    @property
    def cause(self) -> str:
        """What transitions that this call causes are said to come from."""
        return self.action.name

    def instance(self, instance_id: str) -> "Instance":
        """The caller's instance; where no RegionId was sent, in whichever region it is."""
        return self.cloud.instance(instance_id, account_id=self.account_id, region_id=self.region_id or None)


@dataclass(frozen=True, slots=True)
class Action:
    """One action of a product's API.

    Attributes:
        name: `RebootInstance`.
        parameters: What it takes beyond the common parameters.
        errors: What it may answer instead.
        answer: The action itself: parameters -> cloud -> the reply without RequestId.
        refusals: The error row for each refusal of the cloud.
        missing: The row for a missing required parameter.
        needs_region: Whether RegionId is required.
        methods: By what HTTP methods it can be called.
        notes: What the fake guesses here, for documentation.
    """

    name: str
    parameters: ParameterSet
    errors: ErrorTable
    answer: Callable[[ActionCall], JsonObject]
    refusals: Mapping[type[EcsEventsError], ErrorRow]
    missing: ErrorRow = COMMON_MISSING
    needs_region: bool = True
    methods: tuple[str, ...] = METHODS
    notes: tuple[str, ...] = ()
