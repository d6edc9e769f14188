"""Checks of the arguments of `EcsEvents`. Each function raises BadArgumentError for a wrong argument."""

import datetime as dt
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypedDict

from pytest_ecsevents._errors import BadArgumentError, EcsEventsError, NoSingleEventError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed, nearest
from pytest_ecsevents.checks._faults import FaultRules
from pytest_ecsevents.checks._patterns import metadata_pattern, pattern, smq_pattern
from pytest_ecsevents.checks._recorder import CallRecorder
from pytest_ecsevents.clock._asyncio import is_loop_running
from pytest_ecsevents.clock._times import (
    Duration,
    Micros,
    duration_text,
    from_micros,
    instant_text,
    is_duration,
    parse_duration,
    parse_when,
)
from pytest_ecsevents.face._settings import Settings, override_settings
from pytest_ecsevents.report._texts import METADATA
from pytest_ecsevents.services.ecs._catalogue import EVENT_TYPES, MAINTENANCE_CAUSES, EventStatus
from pytest_ecsevents.services.ecs._model import Instance, SystemEvent
from pytest_ecsevents.services.smq._protocol import OPERATIONS

__tracebackhide__ = hidden_in_reports

_ATTRIBUTES: Final = [
    name for name, value in vars(SystemEvent).items() if isinstance(value, property) and name != "history"
]
_INSTANTS: Final = ("publish_time", "not_before", "finish_time")

_OTHER_ENDS: Final = ' Or pass a duration such as "30d", or a function of ecs_events.'


def settings_of(settings: Settings | None, **arguments: str | Duration | None) -> Settings:
    """The settings with those arguments of `EcsEvents` that are not None."""
    names = {{"region_id": "region", "backend": "clock"}.get(name, name): name for name in arguments}
    given = {setting: arguments[name] for setting, name in names.items()}
    return override_settings(settings or Settings(), given, names.__getitem__)


def instance_id_of(instance: "Instance | str") -> str:
    return instance.instance_id if isinstance(instance, Instance) else instance


def event_id_of(event: "SystemEvent | str") -> str:
    return event.event_id if isinstance(event, SystemEvent) else event


# -- instants and durations


class TimedeltaParts(TypedDict, total=False):
    """The keywords of `timedelta`."""

    weeks: float
    days: float
    hours: float
    minutes: float
    seconds: float
    milliseconds: float
    microseconds: float


def timedelta_of(by: object, parts: TimedeltaParts) -> dt.timedelta:
    """The duration of `advance`, given by the keywords of `timedelta`."""
    known = tuple(TimedeltaParts.__annotations__)
    for name in parts:
        if name not in known:
            raise BadArgumentError(
                f"advance has no argument {name!r}.{did_you_mean(name, known)} It takes: {listed(known)}."
            )
    if not parts or by is not None:
        got = "no duration" if by is None else "a duration and keywords as well"
        raise BadArgumentError(f'advance got {got}. Pass one: advance("2h") or advance(hours=2).')
    try:
        return dt.timedelta(**parts)
    except (TypeError, ValueError, OverflowError):
        raise BadArgumentError(
            f"advance got {listed(map(repr, parts.values()))}, which is not a duration. "
            "Pass numbers, such as hours=2, that stay within the year 9999."
        ) from None


def parse_window(between: object, now: Micros) -> "tuple[Micros, Micros] | None":
    """The first and the last instant of a window of virtual time, if one is given."""
    if between is None:
        return None
    if not isinstance(between, tuple) or len(between) != 2:
        raise BadArgumentError(f'between is {between!r}. Pass two instants, such as between=("+1h", "+2h").')
    first, last = (parse_when(when, "between", now) for when in between)
    if last < first:
        raise BadArgumentError(
            f"between ends {duration_text(first - last)} before it starts. Pass the earlier instant first."
        )
    return first, last


def parse_instant_ahead(when: object, now: Micros) -> Micros:
    """The instant of `at`, which must not lie before now."""
    at = parse_when(when, "at's instant", now)
    if at < now:
        raise BadArgumentError(
            f"at's instant is {instant_text(at)}, {duration_text(now - at)} before the clock's now, "
            f"{instant_text(now)}. Pass a later one."
        )
    return at


def parse_patience(seconds: object) -> float:
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        raise BadArgumentError(f"patience is {seconds!r}. Pass a number of real seconds, more than zero.")
    return float(seconds)


def default_not_before(event_type: object, status: object, *, simulated: bool) -> str | None:
    """NotBefore of an event that is given none: scheduled maintenance is published 24 to 48 hours ahead (documented).

    Real events that are not born Scheduled have none.
    """
    if not isinstance(event_type, str):
        return None
    row = EVENT_TYPES.get(f"{event_type}.Reboot" if event_type in MAINTENANCE_CAUSES else event_type)
    if row is None or simulated:
        return "+24h"
    runs_at_once = row.is_failure or EventStatus.SCHEDULED not in row.statuses
    first = status or ("Executing" if runs_at_once else "Scheduled")
    return "+24h" if first == EventStatus.SCHEDULED else None


# -- functions


def check_plain(function: object) -> None:
    """Check that a function can be called without awaiting it, as `at` does."""
    is_coroutine = inspect.iscoroutinefunction(function)
    if is_coroutine or not callable(function):
        what = f"the coroutine function {getattr(function, '__qualname__', '')}" if is_coroutine else repr(function)
        raise BadArgumentError(f'at got {what}. Pass a plain function, such as at("+23h", ecs_events.cancel, event).')


def check_observer(receiver: object) -> None:
    if not callable(receiver):
        raise BadArgumentError(f"on_change got {receiver!r}. Pass a function that takes one transition.")


def check_handler(what: str, handler: object, given: Mapping[str, object]) -> None:
    """Check that a handler can be called, and that no keyword argument is a misspelt `until`.

    `what` is "run" or "run_async". A coroutine object passed by mistake is closed, which avoids Python's warning.
    """
    if not callable(handler):
        if inspect.iscoroutine(handler):
            handler.close()
        raise BadArgumentError(
            f"{what} got {handler!r}. Pass the handler itself and its arguments after it, not what calling it returns: "
            f'{what}(serve_forever, client, until="30d").'
        )
    for name in given:
        if nearest(name, ("until",)) and not _takes(handler, name):
            raise BadArgumentError(
                f"{what} got {name}={given[name]!r}, which the handler does not take. Did you mean until?"
            )
    _check_loop(what, handler)


def _check_loop(what: str, handler: object) -> None:
    """Check that an event loop runs if `what` is "run_async", and none if it is "run" and the handler is a coroutine function."""
    if what == "run_async" and not is_loop_running():
        raise EcsEventsError(
            "run_async needs a running loop of asyncio. In a test on trio, start the handler in a nursery and await "
            "trio.sleep: that moves the clock."
        )
    if what == "run" and inspect.iscoroutinefunction(handler) and is_loop_running():
        raise EcsEventsError(
            "run cannot start a coroutine while an event loop runs. Write: await ecs_events.run_async(...)"
        )


def _takes(handler: Callable[..., object], name: str) -> bool:
    """Whether a handler takes an argument of that name, or cannot tell."""
    try:
        parameters = inspect.signature(handler).parameters
    except (TypeError, ValueError):
        return True
    return name in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values())


def parse_until(
    what: str, until: object, now: Micros, ecs_events: object
) -> "tuple[Micros | None, Callable[[], object] | None]":
    """The instant or the condition that `until` stands for.

    Args:
        what: "run" or "run_async".
        until: An instant or a duration after now, a function of `ecs_events`, or None.
        now: The clock's instant.
        ecs_events: The argument of a condition.
    """
    if until is None:
        return None, None
    if callable(until):
        try:
            inspect.signature(until).bind(None)
        except ValueError:
            pass  # written in C, without a signature
        except TypeError as error:
            raise BadArgumentError(
                f"{what}'s until cannot be called with ecs_events: {error}. Pass a function that takes it, such as "
                'lambda ecs_events: ecs_events.one().status == "Avoided".'
            ) from None
        return None, partial(until, ecs_events)
    if is_duration(until):
        at = now + parse_duration(until, f"{what}'s until")
    else:
        at = parse_when(until, f"{what}'s until", now, _OTHER_ENDS)
    if at <= now:
        raise BadArgumentError(
            f"{what}'s until is {instant_text(at)}, and the clock stands at {instant_text(now)}. Pass a later instant, "
            "a duration, or a function of ecs_events."
        )
    return at, None


# -- filters of events, patterns of calls


def parse_filters(filters: Mapping[str, object], now: Micros) -> list[tuple[str, object]]:
    """Pairs of an attribute of events and the wanted value, instants as datetimes."""
    for name in filters:
        if name not in _ATTRIBUTES:
            raise BadArgumentError(
                f"Events have no attribute {name!r}.{did_you_mean(name, _ATTRIBUTES)} They have: {listed(_ATTRIBUTES)}."
            )
    for name, known in (("event_type", tuple(EVENT_TYPES)), ("status", tuple(map(str, EventStatus)))):
        value = filters.get(name, known[0])
        if value not in known:
            raise BadArgumentError(
                f"No event can have {name}={value!r}.{did_you_mean(str(value), known)} It is one of: {listed(known)}."
            )
    return [
        (name, from_micros(parse_when(value, name, now)) if name in _INSTANTS and value is not None else value)
        for name, value in filters.items()
    ]


def no_single_event(
    found: list[SystemEvent], events: list[SystemEvent], filters: Mapping[str, object]
) -> NoSingleEventError:
    asked = ", ".join(f"{name}={value!r}" for name, value in filters.items())
    shown = "".join(f"\n  - {event!r}" for event in (found or events)[:20]) or " none"
    return NoSingleEventError(
        f"expected exactly one event, found {len(found)} ({asked or 'no filter given'}). "
        f"{'They' if found else 'All events'} are:{shown}"
    )


def check_acted(action: str, code: str, acted: bool | None) -> None:
    if action == METADATA and acted is not None:
        raise BadArgumentError(
            f"fail({METADATA!r}, {code!r}) got acted={acted}. Omit it: requests to the metadata service change nothing."
        )


def rules_for(
    recorder: CallRecorder, action: str, params: Mapping[str, object], method: Callable[..., None]
) -> "tuple[FaultRules[Any], Any]":
    """The rules for faults of these calls, and the pattern that matches the calls."""
    options = [name for name in inspect.signature(method).parameters if name != "params"]
    if action == METADATA:
        return recorder.metadata.faults, metadata_pattern(params, options)
    if action in OPERATIONS:
        return recorder.queues.faults, smq_pattern(action, params, options)
    return recorder.log.faults, pattern(action, params, besides=recorder.log.stubbed, options=options)
