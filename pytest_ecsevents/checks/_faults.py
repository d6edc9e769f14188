"""Faults, quotas and delays that a test declares for calls."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import EllipsisType
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from pytest_ecsevents._errors import BadArgumentError, UnusedFaultError, checked_text, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed, nearest
from pytest_ecsevents.checks._patterns import ALL
from pytest_ecsevents.checks._strictness import with_remedy
from pytest_ecsevents.clock._times import MILLISECOND, SECOND, Micros, duration_text, instant_text
from pytest_ecsevents.report._texts import METADATA
from pytest_ecsevents.rpc._calls import Call
from pytest_ecsevents.rpc._error_tables import COMMON
from pytest_ecsevents.rpc._errors import ApiError, ErrorTable
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS, NO_EFFECT, Acts, Effect, NetworkFault
from pytest_ecsevents.services._products import ACTIONS
from pytest_ecsevents.services.metadata._errors import ERRORS
from pytest_ecsevents.services.smq._errors import ERRORS as SMQ_ERRORS
from pytest_ecsevents.services.smq._protocol import OPERATIONS

__tracebackhide__ = hidden_in_reports

Window: TypeAlias = tuple[Micros, Micros]
Times: TypeAlias = int | EllipsisType | None


C = TypeVar("C", bound=Call)
C_contra = TypeVar("C_contra", bound=Call, contravariant=True)


class Pattern(Protocol[C_contra]):
    """Selects the calls that a rule is for."""

    @property
    def action(self) -> str:
        """The action, or `*`."""

    def fits(self, call: C_contra) -> bool:
        """Whether a call matches."""

    def fits_action(self, call: C_contra) -> bool:
        """Whether its action matches."""

    def likeness(self, call: C_contra) -> int:
        """How many of its parameters match."""


class Condition(Protocol[C_contra]):
    """Decides which of a rule's calls fail."""

    def applies(self, call: C_contra) -> bool:
        """Whether this call fails; called once for each call, in order."""


class Chance:
    """Applies with a probability from 0 to 1; seeded, so that each run is the same."""

    def __init__(self, probability: float, seed: str) -> None:
        self._probability: Final = probability
        self._random: Final = random.Random(seed)

    def applies(self, _call: Call) -> bool:
        return self._random.random() < self._probability


class Quota:
    """Allows `per_minute` calls per virtual minute; applies to the rest."""

    MINUTE: Final = 60 * SECOND

    def __init__(self, per_minute: int) -> None:
        self._per_minute: Final = per_minute
        self._minute: int | None = None
        self._used = 0

    def applies(self, call: Call) -> bool:
        minute = call.at_micros // self.MINUTE
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += 1
        return self._used > self._per_minute


@dataclass(slots=True)
class Rule(Generic[C]):
    """One fault, quota or delay, as it was declared.

    Attributes:
        calls: The calls that it is for.
        name: For messages: `delay of 5s`.
        effect: What it does to them.
        times: How many it applies to; None for all.
        between: The window of virtual time in which it applies, both ends included; None for any time.
        condition: Decides about each call; None for all.
        optional: Whether it is no error if it applies to no call.
        met: How many calls it has applied to.
        seen: How many calls the condition has been asked about.
    """

    calls: Pattern[C]
    name: str
    effect: Effect
    times: int | None
    between: Window | None
    condition: Condition[C] | None = None
    optional: bool = False
    met: int = 0
    seen: int = 0

    def meets(self, call: C) -> bool:
        """Whether it applies to this call; counts the call if so."""
        is_in_window = self.between is None or self.between[0] <= call.at_micros <= self.between[1]
        if self.is_over or not is_in_window or not self.calls.fits(call):
            return False
        self.seen += 1
        if self.condition is not None and not self.condition.applies(call):
            return False
        self.met += 1
        return True

    @property
    def is_over(self) -> bool:
        """Whether it has applied `times` times."""
        return self.times is not None and self.met >= self.times

    @property
    def was_used(self) -> bool:
        """Whether it applied `times` times; without a number, or with a condition, whether a call matched."""
        if self.times is None or self.condition is not None:
            return self.seen > 0
        return self.is_over

    def __str__(self) -> str:
        window = ""
        if self.between is not None:
            window = f" between {instant_text(self.between[0])} and {instant_text(self.between[1])}"
        met = "not met" if self.times is None or self.condition is not None else f"met {self.met} of {self.times} times"
        return f"{self.calls}: {self.name}, {met}{window}"


class FaultRules(Generic[C]):
    """The faults, quotas and delays declared for one kind of calls, in order."""

    def __init__(self, seed: str, text: Callable[[C], str]) -> None:
        self._seed: Final = seed
        self._text: Final = text
        self.rules: Final[list[Rule[C]]] = []

    @property
    def _faults(self) -> list[Rule[C]]:
        return [rule for rule in self.rules if rule.effect.fault is not None]

    @property
    def met(self) -> int:
        return sum(fault.met for fault in self._faults)

    @property
    def declared(self) -> int:
        """How many calls the faults are for; a fault without a number counts as often as it was met."""
        return sum(fault.met if fault.times is None else fault.times for fault in self._faults)

    def fail(
        self,
        calls: Pattern[C],
        code: str,
        *,
        times: Times,
        message: str | None,
        http_status: int | None,
        between: Window | None,
        probability: object,
        acted: bool | None,
        optional: bool,
        retry_after: Micros | None = None,
    ) -> None:
        """Declare a fault.

        Raises:
            BadArgumentError: An argument is wrong.
        """
        what = f"fail({calls.action!r}, {code!r})"
        effect = _effect(what, calls.action, code, message=message, http_status=http_status, acted=acted)
        if retry_after is not None:
            effect = replace(effect, fault=_with_retry_after(effect, retry_after, what))
        condition: Condition[C] | None = None
        if probability is not None:
            if not isinstance(probability, (int, float)) or probability is True or not 0 < probability <= 1:
                raise BadArgumentError(f"{what} got probability={probability!r}. Pass a number above 0 and up to 1.")
            condition = Chance(float(probability), f"{self._seed}/fault {len(self._faults)}")
        first = None if condition else 1
        number = _checked_times(first if isinstance(times, EllipsisType) else times, what)
        self.rules.append(Rule(calls, code, effect, number, between, condition, optional))

    def quota(
        self,
        calls: Pattern[C],
        per_minute: int,
        code: str,
        *,
        message: str | None,
        http_status: int | None,
        optional: bool,
    ) -> None:
        """Declare a quota.

        Raises:
            BadArgumentError: An argument is wrong.
        """
        what = f"quota({calls.action!r})"
        if not _is_count(per_minute):
            raise BadArgumentError(f"{what} got per_minute={per_minute!r}. Pass a whole number of 1 or more.")
        effect = _effect(what, calls.action, code, message=message, http_status=http_status, acted=None)
        name = f"quota of {per_minute} a minute, then {code}"
        self.rules.append(Rule(calls, name, effect, None, None, Quota(per_minute), optional))

    def refuse(self, calls: Pattern[C], code: str, condition: Condition[C]) -> None:
        """Declare an optional fault for the calls that a condition selects. A network fault only loses the answer."""
        what = f"fail({calls.action!r}, {code!r})"
        effect = _effect(what, calls.action, code, message=None, http_status=None, acted=code in NETWORK_FAULTS)
        self.rules.append(Rule(calls, code, effect, None, None, condition, optional=True))

    def delay(
        self, calls: Pattern[C], by: Micros, *, times: int | None, between: Window | None, optional: bool
    ) -> None:
        """Declare a delay.

        Raises:
            BadArgumentError: An argument is wrong.
        """
        what = f"delay({calls.action!r})"
        if by == 0:
            raise BadArgumentError(f'{what} got a duration of zero. Pass a longer one, such as "30s".')
        effect = Effect(delay=by)
        name = f"delay of {duration_text(by)}"
        self.rules.append(Rule(calls, name, effect, _checked_times(times, what), between, optional=optional))

    def effect(self, call: C) -> Effect:
        """The first fault that applies to a call and, unless the call never arrives, the first delay."""
        fault = next((rule for rule in self._faults if rule.meets(call)), None)
        effect = NO_EFFECT if fault is None else fault.effect
        if isinstance(effect.fault, NetworkFault) and effect.fault.acts is Acts.NEVER:
            return effect
        delay = next((rule for rule in self.rules if rule.effect.delay and rule.meets(call)), None)
        return effect if delay is None else replace(effect, delay=delay.effect.delay)

    def unused(self, calls: Sequence[C]) -> UnusedFaultError | None:
        """The error about rules that met fewer calls than they were declared for; None if there are none."""
        left = [rule for rule in self.rules if not (rule.optional or rule.was_used)]
        if not left:
            return None
        left.sort(key=lambda rule: rule.effect.fault is None)
        kinds = dict.fromkeys("delays" if rule.effect.fault is None else "faults" for rule in left)
        bullets = [f"  - {rule}. {self._nearest_call(rule, calls)}" for rule in left]
        return UnusedFaultError(
            with_remedy(
                "\n".join(
                    [f"{' and '.join(kinds).capitalize()} were declared that the handler did not meet:", *bullets]
                ),
                "faults",
                "Let the handler make these calls, or declare fewer; one with optional=True may stay unused.",
            )
        )

    def _nearest_call(self, rule: Rule[C], calls: Sequence[C]) -> str:
        """`Nearest call: RebootInstance(InstanceId=i-web2) -> 200.`; of equally near calls, the last."""
        same = [call for call in calls if rule.calls.fits_action(call)]
        if not same:
            name = nearest(rule.calls.action, {_action(call) for call in calls})
            same = [call for call in calls if _action(call) == name]
        if not same:
            return "Nothing was called." if rule.calls.action == ALL else f"{rule.calls.action} was not called."
        call = max(reversed(same), key=rule.calls.likeness)
        at = "" if rule.between is None else f" at {instant_text(call.at_micros)}"
        return f"Nearest call: {self._text(call)}{at}."


def _action(call: object) -> str:
    operations = getattr(call, "operations", ())
    return str(operations[0] if operations else getattr(call, "action", METADATA))


# -- checks of declarations


def _is_count(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 1


def _checked_times(times: object, what: str) -> int | None:
    if times is not None and not _is_count(times):
        raise BadArgumentError(f"{what} got times={times!r}. Pass a whole number of 1 or more, or None for every call.")
    assert times is None or isinstance(times, int)
    return times


def _effect(
    what: str, action: str, code: str, *, message: str | None, http_status: int | None, acted: bool | None
) -> Effect:
    fault = NETWORK_FAULTS.get(str(code))
    if fault is None:
        return Effect(_error(action, code, message, http_status, what), bool(acted))
    if message is not None or http_status is not None:
        raise BadArgumentError(
            f"{what} got message= or http_status=, which only the cloud's own errors have. Omit them for a network "
            f"fault ({fault.name}: {fault.meaning})."
        )
    if fault.acts is not Acts.IF_TOLD and acted is not None and acted is not (fault.acts is Acts.ALWAYS):
        raise BadArgumentError(f"{what} got acted={acted}. Omit it: the request acts {fault.acts.value}.")
    return Effect(fault, fault.acts is Acts.ALWAYS or bool(acted))


def _with_retry_after(effect: Effect, retry_after: Micros, what: str) -> ApiError:
    error = effect.fault
    if not isinstance(error, ApiError):
        raise BadArgumentError(f"{what} got retry_after=, which only the cloud's own errors have. Omit it.")
    milliseconds = retry_after // MILLISECOND
    return ApiError(error.code, error.http_status, error.message, retry_after=milliseconds)


def _error(action: str, code: str, message: str | None, http_status: int | None, what: str) -> ApiError:
    own = (ACTIONS[action].errors,) if action in ACTIONS else ()
    alone = ERRORS if action == METADATA else SMQ_ERRORS if action in OPERATIONS else None
    tables: tuple[ErrorTable, ...] = (*own, COMMON) if alone is None else (alone,)
    row = next((row for table in tables if (row := table.get(str(code))) is not None), None)
    if row is None and (http_status is None or message is None):
        known = tuple(dict.fromkeys(code for table in tables for code in table.codes()))
        raise BadArgumentError(
            f"unknown error {code!r} of {'any action' if action == ALL else action}."
            f"{did_you_mean(str(code), (*known, *NETWORK_FAULTS))} For an error of your own pass message= and http_status= too. "
            f"Known errors are: {listed(known, most=99)}; of the network: {listed(NETWORK_FAULTS)}."
        )
    if row is not None:
        http_status = row.http_status if http_status is None else http_status
        message = row.error().message if message is None else message
    assert message is not None
    checked_text(code, "code", "Throttling")
    checked_text(message, f"message of {what}", "Try again.")
    if type(http_status) is not int or not 300 <= http_status <= 599:
        raise BadArgumentError(f"{what} got http_status={http_status!r}. Pass one from 300 to 599.")
    if code == "SignatureDoesNotMatch" and ":" not in message:
        raise BadArgumentError(
            f"{what} got message={message!r}. Keep a colon in it, as the service does: without one the legacy SDK crashes."
        )
    return ApiError(code, http_status, message)
