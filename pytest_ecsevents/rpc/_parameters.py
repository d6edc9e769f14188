"""Declarations of an action's parameters; they parse the values sent and refuse wrong ones."""

import ast
import datetime as dt
import json
import re
import warnings
from collections.abc import Callable, Collection, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final, Generic, TypeAlias, TypeVar

from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.clock._times import Micros, to_micros

T_co = TypeVar("T_co", covariant=True)

Struct: TypeAlias = "Mapping[str, str | list[str]]"
"""One entry of a list of structs with members that are lists themselves, by member."""


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T_co]):
    """One parameter of an action, as sent on the wire.

    Attributes:
        name: `EventType`, `NotBefore.Start`; for a list, the name before its `.1`.
        kind: The type as the reference calls it, for documentation.
        parse: Converts the raw text (for a list, texts; for a struct list, dicts of texts or of lists by member); raises
            `UnusableValueError`.
        default: The value if it is not sent.
        required: Whether the action refuses a call without it.
        members: The members of a struct list (`Key`, `Value` of `Tag.N.Key`). The name of a member that is a list ends in
            `.N` (`SecurityGroupIds.N` of `NetworkInterface.N.SecurityGroupIds.N`).
        missing: The error if it is required and not sent, by code or name; "" for the action's own.
        refusal: The error for a wrong value, by code or name; "" for the action's own.
        note: A note for documentation.
    """

    name: str
    kind: str
    parse: "Callable[[Any], T_co]"
    default: T_co
    required: bool = False
    members: tuple[str, ...] = ()
    missing: str = ""
    refusal: str = ""
    note: str = ""

    @property
    def is_list(self) -> bool:
        return self.kind in ("list", "struct list")

    @property
    def wire_name(self) -> str:
        """As the reference prints it: `InstanceId.N`."""
        return f"{self.name}.N" if self.is_list else self.name


class UnusableValueError(ValueError):
    """A value that a parameter cannot have.

    Attributes:
        value: The value, as an error shows it.
        expected: A sentence that says what was expected.
        member: Which member of a list of structs it is: `1.Level`; "" for the parameter itself.
    """

    def __init__(self, value: str, expected: str, member: str = "") -> None:
        super().__init__(value, expected, member)
        self.value: Final = value
        self.expected: Final = expected
        self.member: Final = member


def text(name: str, *, required: bool = False, note: str = "") -> Parameter[str]:
    """Text; an empty one counts as not sent."""
    return Parameter(name, "string", str, "", required, note=note)


def fitting(
    name: str,
    fits: Callable[[str], bool],
    form: str,
    *,
    refusal: str = "",
    required: bool = False,
    missing: str = "",
    note: str = "",
) -> Parameter[str]:
    """Text of a form.

    Args:
        name: On the wire.
        fits: Whether a text has the form.
        form: Describes the form in errors and documentation.
        refusal: The error for a text of another form.
        required: Whether the action refuses a call without it.
        missing: The error for such a call.
        note: A further note for documentation.
    """

    def parse(raw: str) -> str:
        if fits(raw):
            return raw
        raise UnusableValueError(repr(raw), f"It must be {form}.")

    note = "; ".join(filter(None, (form, note)))
    return Parameter(name, "string", parse, "", required, missing=missing, refusal=refusal, note=note)


def choice(
    name: str, allowed: tuple[str, ...], *, required: bool = False, refusal: str = "", note: str = ""
) -> Parameter[str]:
    """One of several texts."""
    note = note or f"one of {listed(allowed)}"
    return Parameter(name, "string", lambda raw: one_of(raw, allowed), "", required, refusal=refusal, note=note)


def one_of(value: str, allowed: Collection[str]) -> str:
    """The value.

    Raises:
        UnusableValueError: It is not allowed.
    """
    if value in allowed:
        return value
    raise UnusableValueError(repr(value), f"Allowed values are: {listed(allowed)}.{did_you_mean(value, allowed)}")


_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")


def integer(
    name: str, default: int, *, least: int, most: int | None = None, refusal: str = "", note: str = ""
) -> Parameter[int]:
    """A whole number in a range."""
    bounds = f"of {least} or more" if most is None else f"from {least} to {most}"

    def parse(raw: str) -> int:
        if _INTEGER.fullmatch(raw):
            value = int(raw)
            if value >= least and (most is None or value <= most):
                return value
        raise UnusableValueError(repr(raw), f"It must be a whole number {bounds}.")

    return Parameter(name, "integer", parse, default, refusal=refusal, note=note or bounds)


def whole(
    name: str, *, least: int, most: int | None = None, refusal: str = "", note: str = ""
) -> Parameter[int | None]:
    """A whole number in a range; None when it is not sent."""
    counted = integer(name, least, least=least, most=most, note=note)
    return Parameter(name, "integer", counted.parse, None, refusal=refusal, note=counted.note)


_AMOUNT_OF_MONEY: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")


def price(name: str, *, refusal: str = "", note: str = "") -> Parameter[float]:
    """An amount of money with at most three decimal places; 0 when it is not sent."""

    def parse(raw: str) -> float:
        if not _AMOUNT_OF_MONEY.fullmatch(raw):
            raise UnusableValueError(repr(raw), "It must be a number with at most three decimal places.")
        return float(raw)

    return Parameter(name, "number", parse, 0.0, refusal=refusal, note=note)


def clamped(name: str, default: int, least: int, most: int) -> Parameter[int | None]:
    """A whole number that is moved into its range rather than refused; None when it is not sent."""

    def parse(raw: str) -> int | None:
        if not _INTEGER.fullmatch(raw):
            raise UnusableValueError(repr(raw), "It must be a whole number.")
        return min(max(int(raw), least), most)

    return Parameter(name, "integer", parse, None, note=f"default {default}; moved into {least} to {most}")


def boolean(name: str, *, note: str = "") -> Parameter[bool]:
    """True or false in any case, since the SDKs send Python's True; False if it is not sent."""
    return Parameter(name, "boolean", _truth, default=False, note=note)


def yes_or_no(name: str, *, note: str = "") -> Parameter[bool | None]:
    """True or false as a filter; None when it is not sent."""
    return Parameter(name, "boolean", _truth, None, note=note)


def _truth(raw: str) -> bool:
    value = {"true": True, "false": False}.get(raw.lower())
    if value is None:
        raise UnusableValueError(repr(raw), "It must be true or false.")
    return value


def instant(name: str, *, required: bool = False, refusal: str = "", note: str = "") -> Parameter[Micros | None]:
    """A time such as 2018-09-01T00:00:00Z, in UTC."""

    def parse(raw: str) -> Micros | None:
        at = seconds_instant(raw)
        if at is None:
            raise UnusableValueError(repr(raw), "It must be a UTC time in the form yyyy-MM-ddTHH:mm:ssZ.")
        return at

    note = note or "yyyy-MM-ddTHH:mm:ssZ, UTC"
    return Parameter(name, "time", parse, None, required, refusal=refusal, note=note)


_SECONDS: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")
_MINUTES: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)Z")


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


seconds_instant: Final = partial(_matched_instant, _SECONDS)
"""The instant of `yyyy-MM-ddTHH:mm:ssZ`, or None."""

minutes_instant: Final = partial(_matched_instant, _MINUTES)
"""The instant of `yyyy-MM-ddTHH:mmZ`, or None."""


def repeated(
    name: str,
    *,
    most: int,
    refusal: str = "",
    required: bool = False,
    missing: str = "",
    allowed: tuple[str, ...] = (),
    note: str = "",
) -> Parameter[tuple[str, ...]]:
    """A list of texts, `InstanceId.1` and so on; gaps and empty texts are dropped."""

    def parse(raw: list[str]) -> tuple[str, ...]:
        check_count(raw, most)
        return tuple(one_of(value, allowed) for value in raw) if allowed else tuple(raw)

    note = note or f"1 to {most}"
    return Parameter(name, "list", parse, (), required, missing=missing, refusal=refusal, note=note)


Allowed: TypeAlias = "Mapping[str, tuple[str, ...]]"
"""Allowed values by member of a struct; a member that is not in it may have any value."""


def structs(
    name: str, members: str, *, most: int, allowed: Allowed = MappingProxyType({}), refusal: str = "", note: str = ""
) -> "Parameter[tuple[Mapping[str, str], ...]]":
    """A list of structs, `Tag.1.Key` with `Tag.1.Value` and so on; `members` are separated by spaces."""

    def parse(raw: list[dict[str, str]]) -> tuple[Mapping[str, str], ...]:
        _check_structs(raw, most, allowed)
        return tuple(raw)

    return Parameter(
        name, "struct list", parse, (), members=tuple(members.split()), refusal=refusal, note=note or f"1 to {most}"
    )


def nested_structs(
    name: str,
    members: str,
    *,
    most: int,
    allowed: Allowed = MappingProxyType({}),
    required: bool = False,
    note: str = "",
) -> Parameter[tuple[Struct, ...]]:
    """`structs` with members that are lists (`SecurityGroupIds.N`): `NetworkInterface.1.SecurityGroupIds.1` and so on."""

    def parse(raw: list[Struct]) -> tuple[Struct, ...]:
        _check_structs(raw, most, allowed)
        return tuple(raw)

    return Parameter(
        name, "struct list", parse, (), required, members=tuple(members.split()), note=note or f"1 to {most}"
    )


def _check_structs(raw: Sequence[Struct], most: int, allowed: Allowed) -> None:
    check_count(raw, most)
    for number, struct in enumerate(raw, 1):
        for member, values in struct.items():
            is_list = isinstance(values, list)
            try:
                check_count(values if is_list else (), most)
                for value in filter(None, values if is_list else [str(values)]):
                    one_of(value, allowed.get(member, (value,)))
            except UnusableValueError as problem:
                place = f"{number}.{member}{'.N' if is_list else ''}"
                raise UnusableValueError(problem.value, problem.expected, place) from None


def check_count(values: Sized, most: int) -> None:
    """Refuse a list that is too long.

    Raises:
        UnusableValueError: It is.
    """
    if len(values) > most:
        raise UnusableValueError(f"{len(values)} values", f"It takes at most {most}.")


def json_list(name: str, *, most: int = 100, note: str = "") -> Parameter[tuple[str, ...] | None]:
    """A JSON array of texts in one string, or Python's str() of a list, which Alibaba's samples send; None if not sent."""

    def parse(raw: str) -> tuple[str, ...] | None:
        values = _read_list(raw)
        if values is None or not all(isinstance(value, str) for value in values):
            raise UnusableValueError(repr(raw), 'It must be a JSON array of texts, such as ["i-1", "i-2"].')
        check_count(values, most)
        return tuple(values)

    return Parameter(name, "JSON array", parse, None, note=note or f"at most {most}")


def _read_list(raw: str) -> list[Any] | None:
    for read in (json.loads, ast.literal_eval):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # literal_eval warns of invalid escapes, which may be an error in tests
                value = read(raw)
        except (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError):
            continue
        return value if isinstance(value, list) else None
    return None


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
        "TimeStamp",
        "SecurityToken",
        "BearerToken",
        "RegionId",
        "OwnerAccount",
        "OwnerId",
        "ResourceOwnerAccount",
        "ResourceOwnerId",
    }
)
"""Parameters that every action takes, so that no action declares them."""
