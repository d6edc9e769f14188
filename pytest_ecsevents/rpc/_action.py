"""Declarations of products and their actions; each action has one function. This package knows no product."""

import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from pytest_ecsevents._errors import EcsEventsError
from pytest_ecsevents.clock._times import Micros
from pytest_ecsevents.rpc._error_tables import COMMON, error_table
from pytest_ecsevents.rpc._errors import ApiError, ErrorRow, ErrorTable
from pytest_ecsevents.rpc._parameters import ENVELOPE, Parameter, UnusableValueError
from pytest_ecsevents.rpc._wire import JsonObject

T = TypeVar("T")

METHODS: Final = ("GET", "POST")
"""The HTTP methods of most actions."""


# -- reading a request


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """An action's parameters, arranged for reading a request.

    Attributes:
        parameters: The parameters, in order of declaration.
        order: The place of each by its name.
        defaults: Their default values by name.
        required: The names of those that are required.
    """

    parameters: tuple[Parameter[Any], ...]
    scalars: dict[str, Parameter[Any]] = field(init=False)
    lists: dict[str, Parameter[Any]] = field(init=False)
    order: dict[str, int] = field(init=False)
    defaults: dict[str, Any] = field(init=False)
    required: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scalars", {p.name: p for p in self.parameters if not p.is_list})
        object.__setattr__(self, "lists", {p.name: p for p in self.parameters if p.is_list})
        object.__setattr__(self, "order", {p.name: number for number, p in enumerate(self.parameters)})
        object.__setattr__(self, "defaults", {p.name: p.default for p in self.parameters})
        object.__setattr__(self, "required", frozenset(p.name for p in self.parameters if p.required))

    def sort(self, raw: Mapping[str, str]) -> "tuple[dict[str, Any], list[str]]":
        """The values sent, by parameter name, and the names of unknown parameters."""
        found: dict[str, Any] = {}
        indexed: dict[str, list[_ListEntry]] = {}
        unknown: list[str] = []
        scalars = self.scalars
        for name, value in raw.items():
            if name in ENVELOPE:
                continue
            if name in scalars:
                found[name] = value
            elif name:
                self._sort_indexed(name, value, indexed, unknown)
        for name, items in indexed.items():
            found[name] = _gathered(self.lists[name], items)
        return found, unknown

    def _sort_indexed(self, name: str, value: str, indexed: "dict[str, list[_ListEntry]]", unknown: list[str]) -> None:
        base, number, place, member = _split_indexed(name)
        parameter = self.lists.get(base)
        if parameter is not None and member in (parameter.members or ("",)):
            indexed.setdefault(base, []).append(_ListEntry(number, place, member, value))
        else:
            unknown.append(name)

    def spelled_out(self, found: Mapping[str, Any]) -> dict[str, str]:
        """Texts that came as lists of their letters, by wire name; the legacy SDK sends text so where it takes a list."""
        return {
            self.lists[name].wire_name: "".join(values)
            for name, values in found.items()
            if type(values) is list and len(values) > _FEWEST_LETTERS and _are_letters(values)
        }

    def known_names(self) -> list[str]:
        """All names as the reference prints them; for a struct list, one for each member."""
        return [
            f"{parameter.wire_name}.{member}" if member else parameter.wire_name
            for parameter in self.parameters
            for member in parameter.members or ("",)
        ]


_FEWEST_LETTERS: Final = 4
"""More values of one letter are no keys of tags, but a text."""


def _are_letters(values: list[Any]) -> bool:
    """Digits alone are none: the targets of an event rule may have numbers as ids."""
    return all(isinstance(value, str) and len(value) == 1 for value in values) and not "".join(values).isdigit()


# InstanceId.1, Tag.1.Key, NetworkInterface.1.SecurityGroupIds.2, EventPattern.1.KeywordFilter.Keywords.2
_INDEXED: Final = re.compile(
    r"(?P<base>[^.]+)\.(?P<number>[0-9]{1,9})(?:\.(?P<member>.+?(?<!\.N))(?:\.(?P<place>[0-9]{1,9}))?)?"
)


@lru_cache(maxsize=2000)  # pollers send the same names again and again
def _split_indexed(name: str) -> tuple[str, int, int, str]:
    """Name of the list, number, place and member, as of `_ListEntry`; no name if it is not one of a list."""
    match = _INDEXED.fullmatch(name)
    if match is None:
        return "", 0, 0, ""
    sent = match["member"] or ""
    member = sent[:1].upper() + sent[1:]  # Tag.1.key means Tag.1.Key
    return (
        match["base"],
        int(match["number"]),
        int(match["place"] or 0),
        f"{member}.N" if match["place"] else member,
    )


class _ListEntry(NamedTuple):
    """One value of a list, with its number, and its place if its member is a list."""

    number: int
    place: int
    member: str
    value: str


def _gathered(parameter: Parameter[Any], items: list[_ListEntry]) -> Any:
    items.sort(key=lambda item: item[:2])
    if not parameter.members:
        return [item.value for item in items if item.value]
    structs: dict[int, dict[str, Any]] = {}
    for item in items:
        struct = structs.setdefault(item.number, {})
        if item.member.endswith(".N"):
            struct.setdefault(item.member[:-2], []).append(item.value)
        else:
            struct[item.member] = item.value
    return list(structs.values())


# -- actions and products


@dataclass(slots=True, kw_only=True, eq=False)
class ParsedCall:
    """One call of an action, its parameters parsed. A product subclasses it to add what its actions work on.

    Attributes:
        action: The called action.
        account_id: The caller's account.
        region_id: `RegionId` as sent, or "".
        now: The instant of the call.
        values: The typed values by name.
        hint: An explanation of the reply for the timeline; set by the action.
    """

    action: "Action[Any]"
    account_id: str
    region_id: str
    now: Micros
    values: Mapping[str, Any]
    hint: str = ""

    def __getitem__(self, parameter: Parameter[T]) -> T:
        value: T = self.values[parameter.name]
        return value

    @property
    def cause(self) -> str:
        return self.action.name

    def error(self, code: str, detail: str = "", *, hint: str = "") -> ApiError:
        """See `Action.error`."""
        return self.action.error(code, detail, hint=hint)

    def invalid(self, name: str, value: str, expected: str, code: str = "") -> ApiError:
        """See `Action.invalid`."""
        return self.action.invalid(name, value, expected, code)


CallT_contra = TypeVar("CallT_contra", bound=ParsedCall, contravariant=True)


@dataclass(frozen=True, slots=True)
class Action(Generic[CallT_contra]):
    """One action of a product's API. Errors are named by their code, or by their name in the error table.

    Attributes:
        name: `RebootInstance`.
        parameters: Its parameters, besides the common ones.
        package: The package whose `errors.csv` has its errors.
        answer: Acts, and returns the reply without RequestId.
        refusals: The code for each error that the fake cloud raises.
        missing: The error for a missing required parameter.
        unusable: The error for a wrong value, unless the parameter has its own.
        needs_region: Whether RegionId is required.
        is_regional: Whether it concerns one region, so that an endpoint which does not serve that region refuses it.
        methods: The HTTP methods that it takes.
        notes: The fake's guesses about it, for documentation.
        errors: Its errors, besides the common ones.
    """

    name: str
    parameters: ParameterSet
    package: str
    answer: Callable[[CallT_contra], JsonObject]
    refusals: Mapping[type[EcsEventsError], str] = field(default_factory=dict)
    missing: str = "MissingParameter"
    unusable: str = "InvalidParameter"
    needs_region: bool = True
    is_regional: bool = True
    methods: tuple[str, ...] = METHODS
    notes: tuple[str, ...] = ()
    errors: ErrorTable = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "errors", error_table(self.package, self.name))

    def row(self, code: str) -> ErrorRow:
        """The action's own row of the code or name, else the common one."""
        return self.errors[code] if code in self.errors else COMMON[code]

    def error(self, code: str, detail: str = "", *, hint: str = "") -> ApiError:
        return self.row(code).error(detail, hint=hint)

    def refused(self, refusal: EcsEventsError) -> ApiError:
        """The error for what the fake cloud raises. An id that it names is a detail of a message, and no message."""
        row = self.row(self.refusals[type(refusal)])
        named = getattr(refusal, "name", "") if row.is_published else ""
        return row.error(getattr(refusal, "said", "") or named, hint=str(refusal))

    def invalid(self, name: str, value: str, expected: str, code: str = "") -> ApiError:
        """The error for a wrong value. Its message is a guess: the service's is not published.

        Args:
            name: The parameter's name.
            value: The value as the message shows it.
            expected: A sentence about what was expected.
            code: The error's code; "" for `unusable`.
        """
        row = self.row(code or self.unusable)
        hint = "" if "%s" in row.message else f"{name} is {value}. {expected}"
        return row.error(f"The specified parameter {name} is not valid: {value}. {expected}", hint=hint)

    def not_supplied(self, name: str, code: str = "") -> ApiError:
        """The error for a required parameter that was not sent."""
        return self.error(code or self.missing, not_supplied(name), hint=f"{name} was not sent")

    def parse(self, found: Mapping[str, Any]) -> dict[str, Any]:
        """The typed values of all parameters.

        Raises:
            ApiError: A parameter is missing or wrong; the first in order of declaration counts.
        """
        known = self.parameters
        values = known.defaults.copy()
        for name in sorted(known.required.union(found), key=known.order.__getitem__):
            parameter, raw = known.parameters[known.order[name]], found.get(name)
            if raw:
                try:
                    values[name] = parameter.parse(raw)
                except UnusableValueError as problem:
                    shown = f"{name}.{problem.member}" if problem.member else parameter.wire_name
                    raise self.invalid(shown, problem.value, problem.expected, parameter.refusal) from None
            elif parameter.required:
                raise self.not_supplied(parameter.wire_name, parameter.missing)
        return values


@dataclass(frozen=True, slots=True)
class ServedRegions:
    """What one endpoint of a product serves.

    Attributes:
        own: The region of calls without RegionId; "" for the region that the caller's instance is in.
        regions: All regions that it serves.
    """

    own: str
    regions: AbstractSet[str]


def _served_anywhere(_host: str) -> None:
    """Most products have no known endpoint map."""


@dataclass(frozen=True, slots=True)
class Product(Generic[CallT_contra]):
    """One product's API.

    Attributes:
        name: `Ecs`, as in the SDKs and the call log.
        version: `2014-05-26`.
        hosts: The first words of its hosts' names: `ecs` of `ecs-cn-hangzhou.aliyuncs.com`.
        actions: Its actions by name.
        nouns: Nouns for the items of lists in its replies, by the list's key; the timeline counts these.
        served_by: What the endpoint with a host serves; None for any region.
    """

    name: str
    version: str
    hosts: tuple[str, ...]
    actions: Mapping[str, Action[CallT_contra]]
    nouns: Mapping[str, str]
    served_by: Callable[[str], ServedRegions | None] = _served_anywhere


class Products(dict[str, Product[CallT_contra]]):
    """The faked products by name.

    Args:
        products: The products.
        helpers: What answers actions of other products, by product and action.
        instead: What helps where a call is not faked: sentences by product, or by product and version or action.
    """

    def __init__(
        self,
        products: Iterable[Product[CallT_contra]],
        helpers: Mapping[tuple[str, str], Callable[[Mapping[str, Any]], JsonObject]],
        instead: Mapping[str, str],
    ) -> None:
        super().__init__((product.name, product) for product in products)
        self.helpers = helpers
        self._instead = instead
        self._by_host = {word: product.name for product in self.values() for word in product.hosts}

    def instead_of(self, product: str, version: str, action: str) -> str:
        """A sentence about what helps where a call is not faked, after a space; "" for most."""
        keys = (f"{product} {action}", f"{product} {version}", product)
        return next((f" {self._instead[key]}" for key in keys if key in self._instead), "")

    def name_of(self, host: str) -> str:
        """The name of the product that a host belongs to; of one that is not faked, the first word of the host's name."""
        word = host.partition(".")[0].partition("-")[0]
        return self._by_host.get(word, word)

    def is_answered(self, host: str) -> bool:
        """Whether a host belongs to a product that is faked or has helpers."""
        name = self.name_of(host)
        return name in self or any(name == product for product, _ in self.helpers)


def not_supplied(name: str) -> str:
    """The message for a required parameter that was not sent."""
    return f'The input parameter "{name}" that is mandatory for processing this request is not supplied.'


CallT = TypeVar("CallT", bound=ParsedCall)
ActionFunction: TypeAlias = Callable[[CallT], JsonObject]


class Actions(dict[str, Action[CallT]]):
    """Actions by name. Each is declared by decorating the function that answers it.

    Args:
        package: The package whose `errors.csv` has their errors.
        **shared: Defaults for the attributes of `Action`.
    """

    def __init__(self, package: str, **shared: Any) -> None:
        super().__init__()
        self._package: Final = package
        self._shared: Final = shared

    def action(
        self, name: str, *parameters: Parameter[Any], **options: Any
    ) -> Callable[[ActionFunction[CallT]], ActionFunction[CallT]]:
        """Declare an action; `options` are attributes of `Action`."""

        def declare(answer: ActionFunction[CallT]) -> ActionFunction[CallT]:
            self[name] = Action(name, ParameterSet(parameters), self._package, answer, **{**self._shared, **options})
            return answer

        return declare
