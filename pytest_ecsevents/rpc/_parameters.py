"""How an action declares what it takes; the declaration does the parsing and the refusing."""

import ast
import datetime as dt
import json
import re
import warnings
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock import Micros, to_micros
from pytest_ecsevents.rpc._errors import COMMON_INVALID, INVALID, ApiError, ErrorRow

T_co = TypeVar("T_co", covariant=True)

Struct: TypeAlias = "Mapping[str, str | list[str]]"
"""One entry of a list of structs with members that are lists themselves, by member."""


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T_co]):
    """One parameter of an action, as it stands on the wire.

    Attributes:
        name: `EventType`, `NotBefore.Start`; of a list, the name before its `.1`.
        kind: What the reference calls its type, for documentation.
        parse: The value of the raw text (of a list: texts; of a struct list: dicts by member of texts, or of lists).
        default: The value when it is not sent.
        required: Whether the action refuses to go without.
        members: The members of a struct list (`Key`, `Value` of `Tag.N.Key`); of one that is a list itself the name ends
            in `.N` (`SecurityGroupIds.N` of `NetworkInterface.N.SecurityGroupIds.N`).
        missing: The error when it is required and not sent; None for the action's own MissingParameter.
        note: What to know of it, for documentation.
    """

    name: str
    kind: str
    parse: "Callable[[str, Any], T_co]"
    default: T_co
    required: bool = False
    members: tuple[str, ...] = ()
    missing: ErrorRow | None = None
    note: str = ""

    @property
    def is_list(self) -> bool:
        """Whether it is repeated: `InstanceId.1`, `InstanceId.2`."""
        return self.kind in ("list", "struct list")

    @property
    def wire_name(self) -> str:
        """As the reference prints it: `InstanceId.N`."""
        return f"{self.name}.N" if self.is_list else self.name


def invalid(name: str, value: object, expected: str, row: ErrorRow = INVALID) -> ApiError:
    """The error for a value that cannot be used; the words are a guess, the service's are not published."""
    hint = "" if "%s" in row.message else f"{name} is {value!r}. {expected}"
    return row.error(f"The specified parameter {name} is not valid: {value!r}. {expected}", hint=hint)


def text(name: str, *, required: bool = False, note: str = "") -> Parameter[str]:
    """Text; an empty one counts as not sent."""
    return Parameter(name, "string", lambda _, raw: raw, "", required, note=note)


def fitting(
    name: str,
    fits: Callable[[str], bool],
    form: str,
    *,
    refusal: ErrorRow = INVALID,
    required: bool = False,
    missing: ErrorRow | None = None,
    note: str = "",
) -> Parameter[str]:
    """Text of a form.

    Args:
        name: On the wire.
        fits: Whether a text has the form.
        form: The form in words, for errors and documentation.
        refusal: The error for a text that has it not.
        required: Whether the action refuses to go without.
        missing: The error then.
        note: What to know of it beyond the form.
    """

    def parse(name: str, raw: str) -> str:
        if fits(raw):
            return raw
        raise invalid(name, raw, f"It must be {form}.", refusal)

    return Parameter(name, "string", parse, "", required, missing=missing, note="; ".join(filter(None, (form, note))))


def choice(
    name: str, allowed: tuple[str, ...], *, required: bool = False, refusal: ErrorRow = INVALID, note: str = ""
) -> Parameter[str]:
    """Text out of a fixed set."""

    def parse(name: str, raw: str) -> str:
        if raw in allowed:
            return raw
        hint = f"Allowed values are: {listed(allowed)}.{did_you_mean(raw, allowed)}"
        raise refusal.error(f"The specified parameter {name} is not valid: {raw!r}. {hint}", hint=hint)

    return Parameter(name, "string", parse, "", required, note=note or f"one of {listed(allowed)}")


_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")


def integer(
    name: str, default: int, *, least: int, most: int | None = None, refusal: ErrorRow = INVALID, note: str = ""
) -> Parameter[int]:
    """A whole number in a range."""
    bounds = f"of {least} or more" if most is None else f"from {least} to {most}"

    def parse(name: str, raw: str) -> int:
        if _INTEGER.fullmatch(raw):
            value = int(raw)
            if value >= least and (most is None or value <= most):
                return value
        raise invalid(name, raw, f"It must be a whole number {bounds}.", refusal)

    return Parameter(name, "integer", parse, default, note=note or bounds)


def whole(
    name: str, *, least: int, most: int | None = None, refusal: ErrorRow = INVALID, note: str = ""
) -> Parameter[int | None]:
    """A whole number in a range; None when it is not sent."""
    counted = integer(name, least, least=least, most=most, refusal=refusal, note=note)
    return Parameter(name, "integer", counted.parse, None, note=counted.note)


_AMOUNT_OF_MONEY: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")


def price(name: str, *, refusal: ErrorRow = INVALID, note: str = "") -> Parameter[float]:
    """An amount of money with at most three decimal places; 0 when it is not sent."""

    def parse(name: str, raw: str) -> float:
        if not _AMOUNT_OF_MONEY.fullmatch(raw):
            raise invalid(name, raw, "It must be a number with at most three decimal places.", refusal)
        return float(raw)

    return Parameter(name, "number", parse, 0.0, note=note)


def clamped(name: str, default: int, least: int, most: int, *, refusal: ErrorRow = INVALID) -> Parameter[int | None]:
    """A whole number that is moved into its range rather than refused; None when it is not sent."""

    def parse(name: str, raw: str) -> int | None:
        if not _INTEGER.fullmatch(raw):
            raise invalid(name, raw, "It must be a whole number.", refusal)
        return min(max(int(raw), least), most)

    return Parameter(name, "integer", parse, None, note=f"default {default}; moved into {least} to {most}")


def boolean(name: str, *, refusal: ErrorRow = COMMON_INVALID, note: str = "") -> Parameter[bool]:
    """True or false, in any case, for the SDKs send Python's True; false when it is not sent."""
    return Parameter(name, "boolean", lambda name, raw: _truth(name, raw, refusal), default=False, note=note)


def yes_or_no(name: str, *, refusal: ErrorRow = COMMON_INVALID, note: str = "") -> Parameter[bool | None]:
    """True or false as a filter; None when it is not sent."""
    return Parameter(name, "boolean", lambda name, raw: _truth(name, raw, refusal), None, note=note)


def _truth(name: str, raw: str, refusal: ErrorRow) -> bool:
    value = {"true": True, "false": False}.get(raw.lower())
    if value is None:
        raise invalid(name, raw, "It must be true or false.", refusal)
    return value


def instant(
    name: str, *, required: bool = False, refusal: ErrorRow = INVALID, note: str = ""
) -> Parameter[Micros | None]:
    """A time such as 2018-09-01T00:00:00Z, in UTC."""

    def parse(name: str, raw: str) -> Micros | None:
        at = seconds_instant(raw)
        if at is None:
            raise invalid(name, raw, "It must be a UTC time in the form yyyy-MM-ddTHH:mm:ssZ.", refusal)
        return at

    return Parameter(name, "time", parse, None, required, note=note or "yyyy-MM-ddTHH:mm:ssZ, UTC")


_SECONDS: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")
_MINUTES: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)Z")


def seconds_instant(raw: str) -> Micros | None:
    """The instant of `yyyy-MM-ddTHH:mm:ssZ`, or None."""
    return _matched_instant(_SECONDS, raw)


def minutes_instant(raw: str) -> Micros | None:
    """The instant of `yyyy-MM-ddTHH:mmZ`, or None."""
    return _matched_instant(_MINUTES, raw)


def _matched_instant(form: "re.Pattern[str]", raw: str) -> Micros | None:
    match = form.fullmatch(raw)
    if match is None or not raw.isascii():
        return None
    year, month, day, hour, *rest = map(int, match.groups())
    minute, second = (*rest, 0)[:2]
    try:
        return to_micros(dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.timezone.utc))
    except ValueError:
        return None


def repeated(
    name: str,
    *,
    most: int,
    too_many: ErrorRow = INVALID,
    required: bool = False,
    missing: ErrorRow | None = None,
    allowed: tuple[str, ...] = (),
    note: str = "",
) -> Parameter[tuple[str, ...]]:
    """A list of texts, `InstanceId.1` and so on; gaps close up, an empty one counts as not sent."""

    def parse(name: str, raw: list[str]) -> tuple[str, ...]:
        if len(raw) > most:
            raise too_many.error(
                f"The specified parameter {name}.N is not valid: {len(raw)} values. It takes at most {most}.",
                hint=f"{len(raw)} values of {name}.N; at most {most}",
            )
        for value in raw:
            if allowed and value not in allowed:
                expected = f"Allowed values are: {listed(allowed)}.{did_you_mean(value, allowed)}"
                raise invalid(f"{name}.N", value, expected)
        return tuple(raw)

    return Parameter(name, "list", parse, (), required, missing=missing, note=note or f"1 to {most}")


def structs(
    name: str, *members: str, most: int, too_many: ErrorRow = INVALID, note: str = ""
) -> "Parameter[tuple[Mapping[str, str], ...]]":
    """A list of structs, `Tag.1.Key` with `Tag.1.Value` and so on."""

    def parse(name: str, raw: list[dict[str, str]]) -> tuple[Mapping[str, str], ...]:
        _check_count(name, raw, most, too_many)
        return tuple(raw)

    return Parameter(name, "struct list", parse, (), members=members, note=note or f"1 to {most}")


def nested_structs(
    name: str, *members: str, most: int, too_many: ErrorRow = INVALID, required: bool = False, note: str = ""
) -> Parameter[tuple[Struct, ...]]:
    """A list of structs some of whose members are lists: `NetworkInterface.1.SecurityGroupIds.1` and so on."""

    def parse(name: str, raw: list[Struct]) -> tuple[Struct, ...]:
        _check_count(name, raw, most, too_many)
        return tuple(raw)

    return Parameter(name, "struct list", parse, (), required, members=members, note=note or f"1 to {most}")


def _check_count(name: str, raw: Sized, most: int, too_many: ErrorRow) -> None:
    if len(raw) > most:
        raise too_many.error(
            f"The specified parameter {name}.N is not valid: {len(raw)} of them. It takes at most {most}."
        )


def json_list(name: str, *, most: int = 100, note: str = "") -> Parameter[tuple[str, ...] | None]:
    """A JSON array of texts in one string, or Python's str() of a list, which Alibaba's samples send; None if not sent."""

    def parse(name: str, raw: str) -> tuple[str, ...] | None:
        values = _read_list(raw)
        if values is None or not all(isinstance(value, str) for value in values):
            raise invalid(name, raw, 'It must be a JSON array of texts, such as ["i-1", "i-2"].', COMMON_INVALID)
        if len(values) > most:
            raise invalid(name, f"{len(values)} values", f"It takes at most {most}.", COMMON_INVALID)
        return tuple(values)

    return Parameter(name, "JSON array", parse, None, note=note or f"at most {most}")


def _read_list(raw: str) -> list[Any] | None:
    for read in (json.loads, ast.literal_eval):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # literal_eval warns of odd escapes; what is read must not hang on that
                value = read(raw)
        except (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError):
            continue
        return value if isinstance(value, list) else None
    return None


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """An action's parameters, arranged for reading a request."""

    parameters: tuple[Parameter[Any], ...]
    scalars: dict[str, Parameter[Any]] = field(init=False)
    lists: dict[str, Parameter[Any]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scalars", {p.name: p for p in self.parameters if not p.is_list})
        object.__setattr__(self, "lists", {p.name: p for p in self.parameters if p.is_list})

    def sort(self, raw: Mapping[str, str]) -> "tuple[dict[str, Any], list[str]]":
        """What was sent, by parameter name, and the names that are no parameter of the action."""
        found: dict[str, Any] = {}
        indexed: dict[str, list[_ListEntry]] = {}
        unknown: list[str] = []
        for name, value in raw.items():
            if name in self.scalars:
                found[name] = value
            elif name and name not in ENVELOPE:
                self._sort_indexed(name, value, indexed, unknown)
        for name, items in indexed.items():
            found[name] = _gathered(self.lists[name], items)
        return found, unknown

    def _sort_indexed(self, name: str, value: str, indexed: "dict[str, list[_ListEntry]]", unknown: list[str]) -> None:
        match = _INDEXED.fullmatch(name)
        parameter = self.lists.get(match["base"]) if match else None
        if match is None or parameter is None:
            unknown.append(name)
            return
        sent = match["member"] or ""
        member = sent[:1].upper() + sent[1:]  # Tag.1.key is taken as Tag.1.Key
        declared = f"{member}.N" if match["place"] else member
        if declared in (parameter.members or ("",)):
            item = _ListEntry(int(match["number"]), int(match["place"] or 0), declared, value)
            indexed.setdefault(parameter.name, []).append(item)
        else:
            unknown.append(name)

    def parse(self, found: Mapping[str, Any], missing: ErrorRow) -> dict[str, Any]:
        """The typed value of every parameter.

        Raises:
            ApiError: One is missing or cannot be used; the first in order of declaration.
        """
        values = {}
        for parameter in self.parameters:
            raw = found.get(parameter.name)
            if raw:
                values[parameter.name] = parameter.parse(parameter.name, raw)
            elif parameter.required:
                row = parameter.missing or missing
                words = f'The input parameter "{parameter.wire_name}" that is mandatory for processing this request is not supplied.'
                raise row.error(words, hint=f"{parameter.wire_name} was not sent")
            else:
                values[parameter.name] = parameter.default
        return values

    def known_names(self) -> list[str]:
        """Every name as the reference prints it; of a struct list, each member's."""
        return [
            f"{parameter.wire_name}.{member}" if member else parameter.wire_name
            for parameter in self.parameters
            for member in parameter.members or ("",)
        ]


# InstanceId.1, Tag.1.Key, NetworkInterface.1.SecurityGroupIds.2, EventPattern.1.KeywordFilter.Keywords.2
_INDEXED: Final = re.compile(
    r"(?P<base>[^.]+)\.(?P<number>[0-9]{1,9})(?:\.(?P<member>.+?(?<!\.N))(?:\.(?P<place>[0-9]{1,9}))?)?"
)


class _ListEntry(NamedTuple):
    """One value of a list, with its number, and its place in a member that is a list itself."""

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


ENVELOPE: Final = frozenset(
    {
        "Action",
        "Version",
        "Format",
        "AccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "SignatureType",
        "Timestamp",
        "SecurityToken",
        "BearerToken",
        "RegionId",
        "OwnerAccount",
        "OwnerId",
        "ResourceOwnerAccount",
        "ResourceOwnerId",
    }
)
"""Parameters that every action takes, and that no action needs to declare."""
