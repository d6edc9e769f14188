# a script, and no package
"""Write docs/capabilities.md and docs/guesses.md from the tables of the package.

Without arguments it writes the pages; `--print` prints them instead; `--check` exits with 1 when one is out of date.
"""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pytest_ecsevents._words import listed
from pytest_ecsevents.conformance._guesses import Guess, guesses, rules
from pytest_ecsevents.face._ecs_events import EcsEvents, parts_of
from pytest_ecsevents.face._scenarios import SCENARIOS, ScenarioRow, case_of, types_of
from pytest_ecsevents.rpc._action import METHODS, Action, Product
from pytest_ecsevents.rpc._error_tables import COMMON
from pytest_ecsevents.rpc._errors import NEUTRAL, ErrorRow
from pytest_ecsevents.rpc._network_faults import NETWORK_FAULTS
from pytest_ecsevents.rpc._parameters import ENVELOPE, Parameter
from pytest_ecsevents.services._products import ACTIONS, PRODUCTS
from pytest_ecsevents.services.cms._eventbridge import TYPES, eventbridge_type
from pytest_ecsevents.services.cms._names import by_grammar
from pytest_ecsevents.services.ecs._catalogue import (
    EVENT_STATUS_CODES,
    EVENT_TYPES,
    FINAL,
    HEALTH_STATUS_CODES,
    INSTANCE_STATUS_CODES,
    EventStatus,
    EventType,
)
from pytest_ecsevents.services.ecs._effects import EFFECTS, EffectRow
from pytest_ecsevents.services.ecs._lifecycle import ROWS
from pytest_ecsevents.services.metadata._errors import ERRORS
from pytest_ecsevents.services.metadata._items import ITEMS
from pytest_ecsevents.services.smq._errors import ERRORS as SMQ_ERRORS
from pytest_ecsevents.services.smq._limits import BATCH, HIDDEN, PRIORITY, QUEUE_LIMITS, TOPIC_LIMITS, WAIT
from pytest_ecsevents.services.smq._protocol import VERSION, SmqRoute

DOCS = Path(__file__).parents[1] / "docs"

_ERRORS = ("code", "HTTP", "message", "source")


def page() -> str:
    """The whole page."""
    return "\n\n".join(_blocks()) + "\n"


def _blocks() -> Iterator[str]:
    """Paragraphs, headings and tables, with an empty line after each."""
    yield from _opening()
    for product in PRODUCTS.values():
        yield from _overview(product)
        for action in product.actions.values():
            yield from _action(action)
    yield from _common_errors()
    yield from _network_faults()
    yield from _metadata()
    yield from _event_types()
    yield from _statuses()
    yield from _lifecycle()
    yield from _scenarios()
    yield from _message_queues()


def _opening() -> Iterator[str]:
    parameters = sum(len(action.parameters.parameters) for action in ACTIONS.values())
    errors = sum(len(action.errors.rows) for action in ACTIONS.values()) + len(COMMON.rows)
    yield "# What the fake can do"
    yield "<!-- Written by tools/generate_capabilities.py from the package's tables. Edit those, not this page. -->"
    actions = " and ".join(f"{len(one.actions)} actions of {one.name} {one.version}" for one in PRODUCTS.values())
    yield (
        f"The fake answers {actions}, with {parameters} parameters and {errors} error rows, and knows {len(EVENT_TYPES)} "
        "types of system events. This page lists them, with the errors of each action, so that you know before you write a "
        "test whether the fake answers your handler's calls. It also says which behaviour is published and which is a "
        "guess. A script writes this page from the fake's own tables."
    )
    yield (
        "In error messages `%s` stands for text that the service fills in. That text is not published; the fake's is a "
        "guess. What follows (here: ...) is said where nothing is filled in; a code without it, and without a message, says "
        f'"{NEUTRAL.format("...")}" '
        '`ecs_events.fail("<action>", "<code>")` makes an action answer with any of its codes, or with a common '
        "one, whether or not the fake knows its cause."
    )


# -- actions


def _overview(product: Product) -> Iterator[str]:
    yield f"## Actions of {product.name}"
    yield _table(
        ("action", "RegionId", "required", "parameters", "error codes"),
        (
            (
                _link(name),
                _needs(action),
                _codes(one.wire_name for one in action.parameters.parameters if one.required),
                str(len(action.parameters.parameters)),
                str(len(action.errors.codes())),
            )
            for name, action in product.actions.items()
        ),
    )
    yield (
        "Every action also takes the common parameters "
        f"{_codes(sorted(ENVELOPE))}, and may answer with a [common error](#common-errors)."
    )


def _needs(action: Action) -> str:
    return "required" if action.needs_region else "optional"


def _action(action: Action) -> Iterator[str]:
    yield f"### {action.name}"
    if action.needs_region:
        row = action.row(action.missing)
        missing = f"without it the call is refused with {row.http_status} `{row.code}`"
        yield f"Needs `RegionId`; {missing}."
    else:
        yield "Does not need `RegionId`."
    if action.methods != METHODS:
        yield f"It is called by {listed(action.methods)}."
    if action.parameters.parameters:
        yield _table(
            ("parameter", "type", "required", "default", "limits and notes"),
            (_parameter(action, parameter) for parameter in action.parameters.parameters),
        )
    else:
        yield "It takes no parameters of its own."
    yield _table(_ERRORS, map(_error, action.errors.rows))
    if action.notes:
        yield "Guesses, and what else to know:"
        yield "\n".join(f"- {_text(note)}" for note in action.notes)


def _parameter(action: Action, parameter: "Parameter[object]") -> tuple[str, ...]:
    names = [f"{parameter.wire_name}.{member}" for member in parameter.members] or [parameter.wire_name]
    return (
        _codes(names),
        parameter.kind,
        "yes" if parameter.required else "",
        _default(parameter),
        _text(_required_otherwise(action, parameter)),
    )


def _default(parameter: "Parameter[object]") -> str:
    """A default; empty ones are left out."""
    if parameter.required or parameter.default in (None, "", ()):
        return ""
    default = str(parameter.default)
    return f"`{default.lower() if isinstance(parameter.default, bool) else default}`"


def _required_otherwise(action: Action, parameter: "Parameter[object]") -> str:
    """The note, and the error for a missing parameter if it differs from the action's."""
    if not parameter.missing:
        return parameter.note
    row = action.row(parameter.missing)
    return f"{parameter.note}; when missing {row.http_status} {row.code}"


def _error(row: ErrorRow) -> tuple[str, ...]:
    words = f" (here: {row.words})" if row.words and not row.is_published else ""
    return (_code(row.code), str(row.http_status), _text(row.message + words), _text(row.source))


def _common_errors() -> Iterator[str]:
    yield "## Common errors"
    yield "Any action may answer with these."
    yield _table(_ERRORS, map(_error, COMMON.rows))


def _network_faults() -> Iterator[str]:
    yield "## Network faults"
    yield (
        "`ecs_events.fail` takes these as codes too. Each client library raises its own exception, as with a real network."
    )
    yield _table(
        ("code", "what happens", "the call acts in the cloud"),
        ((_code(fault.name), _text(fault.meaning), fault.acts.value) for fault in NETWORK_FAULTS.values()),
    )


# -- metadata


def _metadata() -> Iterator[str]:
    yield "## Metadata items"
    yield (
        "The metadata service at http://100.100.100.200 has these below `/latest` and `/2016-01-01`; `*` stands for a name "
        "that the directory lists. `meta-data/all` has all items below `meta-data` but credentials, as one JSON object. "
        "`PUT /latest/api/token` issues tokens."
    )
    yield _table(("item", "evidence"), ((_code(item.path), _text(item.evidence)) for item in ITEMS))
    yield "## Metadata errors"
    yield "The codes are for `ecs_events.fail`; the service itself has none."
    yield _table(_ERRORS, map(_error, ERRORS.rows))


# -- events


def _event_types() -> Iterator[str]:
    yield "## Event types"
    yield (
        "The statuses are those that an event of the type can take. The effect is that of a real event on its instance when "
        "it executes. A code marked as invented is not published: read `EventType.Name` instead."
    )
    yield _table(
        ("type", "statuses", "can be simulated", "effect of a real one", "EventBridge", "code", "evidence of the code"),
        (
            (
                _code(row.name),
                ", ".join(status.value for status in EventStatus if status in row.statuses),
                "yes" if row.can_simulate else "",
                row.effect.value,
                _on_eventbridge(row),
                str(row.code),
                row.code_evidence,
            )
            for row in EVENT_TYPES.values()
        ),
    )


def _on_eventbridge(row: EventType) -> str:
    name = by_grammar("Disk" if row.is_of_disk else "Instance", row.name, EventStatus.EXECUTED)
    return "" if eventbridge_type(name) in TYPES else "not published"


def _statuses() -> Iterator[str]:
    yield "## Statuses"
    yield "Of events, `EventCycleStatus`:"
    yield _table(
        ("status", "code", "evidence of the code", "finished"),
        (
            (_code(status.value), *_numbered(EVENT_STATUS_CODES[status]), "yes" if status in FINAL else "")
            for status in EventStatus
        ),
    )
    header = ("status", "code", "evidence of the code")
    yield "Of instances, `Status`:"
    yield _table(header, ((_code(one.value), *_numbered(code)) for one, code in INSTANCE_STATUS_CODES.items()))
    yield "Of instances, `HealthStatus`:"
    yield _table(header, ((_code(name), *_numbered(code)) for name, code in HEALTH_STATUS_CODES.items()))


def _numbered(code: "tuple[int, str]") -> "tuple[str, str]":
    number, evidence = code
    return str(number), evidence


def _lifecycle() -> Iterator[str]:
    yield "## Lifecycle"
    yield "An event changes its status only by these transitions."
    kinds = {True: "simulated", False: "real", None: "simulated and real"}
    yield _table(
        ("types", "events", "from", "when", "to", "evidence"),
        (
            (
                "all" if len(row.types) == len(EVENT_TYPES) else _codes(row.types),
                kinds[row.simulated],
                row.status.value,
                _text(row.trigger.value),
                row.to_status.value,
                _text(row.evidence),
            )
            for row in ROWS
        ),
    )
    yield "What a real event, or a simulated one with `TriggerRealOps`, does to its instance:"
    yield _table(
        ("effect", "the event becomes", "the instance is", "it becomes", "evidence"),
        ((row.effect.value, row.taken.value, row.status.value, _way(row), _text(row.evidence)) for row in EFFECTS),
    )


def _way(row: EffectRow) -> str:
    if row.way is None:
        return "released"
    after = row.way[1:] if row.way[:1] == (row.status,) else row.way
    return ", ".join(status.value for status in after) or "what it would without the event"


def _scenarios() -> Iterator[str]:
    yield "## Scenarios"
    yield (
        "`@pytest.mark.ecs_scenarios` runs a test with each of these, and with each type of events that has it. Events are "
        "simulated, or real where simulated ones cannot be answered."
    )
    yield _table(
        ("scenario", "what happens", "types", "without a handler", "events", "evidence"),
        ((_code(row.name), _text(row.what), *_who(row), _text(row.evidence)) for row in SCENARIOS.values()),
    )


def _who(row: ScenarioRow) -> "tuple[str, str, str]":
    types = tuple(types_of(row))
    kinds = {one.simulated for one in (case_of(row, name) for name in types) if one is not None}
    return (
        "all" if len(types) == len(EVENT_TYPES) else _codes(types),
        row.ends.value,
        " and ".join("simulated" if kind else "real" for kind in sorted(kinds, reverse=True)),
    )


# -- message queues


def _message_queues() -> Iterator[str]:
    yield "## Message queues"
    yield (
        f"Operations of the Simple Message Queue (formerly MNS), version {VERSION}. A number outside its range is refused "
        "with `InvalidArgument`."
    )
    smq = parts_of(EcsEvents()).messaging.service
    yield _table(
        ("operations", "request"),
        ((route.operations, _code(f"{route.method} {_path_text(route)}")) for route in smq.routes),
    )
    groups = {"queue": QUEUE_LIMITS, "topic": TOPIC_LIMITS, "request": (BATCH, WAIT, HIDDEN, PRIORITY)}
    yield _table(
        ("of a", "number", "from", "to", "default"),
        (
            (group, _code(limit.name), str(limit.low), str(limit.high), str(limit.default))
            for group, limits in groups.items()
            for limit in limits
        ),
    )
    yield _table(
        _ERRORS,
        ((_code(row.code), str(row.http_status), _text(row.message), row.source) for row in SMQ_ERRORS.rows),
    )


def _path_text(route: SmqRoute) -> str:
    names = iter(("<subscription>",) if "subscriptions/" in route.path else ())
    path = route.path.replace("/?", "").replace("([^/]*)", "<name>", 1)
    path = path.replace("([^/]*)", next(names, "<name>"))
    return f"{path}?{route.marker}=" if route.marker else path


# -- guesses


def guesses_page() -> str:
    """The whole page of what is a guess."""
    return "\n\n".join(_guesses()) + "\n"


def _guesses() -> Iterator[str]:
    yield "# What is a guess"
    yield "<!-- Written by tools/generate_capabilities.py from the package's tables. Edit those, not this page. -->"
    yield (
        "Documented behaviour is copied. The points below are not documented anywhere we know of, or the sources disagree. "
        "Your handler should not depend on them."
    )
    yield (
        "You can settle many of them with an account: [the conformance kit](reference/conformance.md) has a check for each "
        "guess that a client can see. The last column names the checks by their rules, or says why there is none."
    )
    for about in dict.fromkeys(guess.about for guess in guesses().values()):
        yield f"## {about[0].upper()}{about[1:]}"
        rows = (guess for guess in guesses().values() if guess.about == about)
        yield _table(("name", "what the fake does", "how to change that", "how to settle it"), map(_guess, rows))
    yield "## Settle one without a check"
    yield _table(("guesses about", "how to find out"), _WAYS)
    yield (
        "Then set what the third column names. Where it names nothing, the guess is one row of a table or one constant of the "
        "package."
    )


_WAYS = (
    (
        "replies and refusals",
        "Send the call with the SDK, and compare its reply with `ecs_events.calls[-1].response`.",
    ),
    (
        "real events",
        "Simulate an event of the same type, and poll it through its life. With TriggerRealOps it affects its instance.",
    ),
    (
        "notifications and event rules",
        "SendDryRunSystemEvent sends a notification of any name to a rule's targets. Log the payload there.",
    ),
    (
        "tries of functions and URLs",
        "Answer with an error, and log the time and the request id of each try.",
    ),
    ("queues and topics", "Use a queue of your own with `aliyun-mns-sdk`, and compare errors by `error.type`."),
    ("metadata", "Run `curl http://100.100.100.200/latest/...` inside an instance."),
)


def _guess(guess: Guess) -> tuple[str, ...]:
    checks = [f"“{_text(rule.text)}”" for rule in rules() if rule.guess == guess.name]
    settled = f"{'Checks' if len(checks) > 1 else 'Check'}: {'; '.join(checks)}" if checks else guess.unseen
    return _code(guess.name), guess.text, guess.change, settled


# -- Markdown


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    cells = ("|" + "".join(f" {cell} |" if cell else " |" for cell in row) for row in rows)
    return "\n".join((f"| {' | '.join(header)} |", f"| {' | '.join('---' for _ in header)} |", *cells))


def _text(said: str) -> str:
    """Text in a cell, with Markdown's special characters escaped."""
    for special in ("\\", "|", "*", "_", "<", "[", "`"):
        said = said.replace(special, f"\\{special}")
    return " ".join(said.split())


def _code(name: str) -> str:
    """A name as code; a bar would end the cell even there."""
    return "`{}`".format(name.replace("|", "\\|"))


def _codes(names: Iterable[str]) -> str:
    return ", ".join(map(_code, names))


def _link(heading: str) -> str:
    return f"[{heading}](#{heading.lower().replace(' ', '-')})"


def main(arguments: "Sequence[str] | None" = None) -> int:
    """Write, print or check the pages.

    Args:
        arguments: Of the command line.

    Returns:
        1 if `--check` found a page out of date, else 0.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--print", action="store_true", help="print the pages instead of writing them")
    how.add_argument("--check", action="store_true", help="exit with 1 when a page is out of date")
    given = parser.parse_args(arguments)
    stale = 0
    for name, text in {"capabilities.md": page(), "guesses.md": guesses_page()}.items():
        path = DOCS / name
        if given.print:
            sys.stdout.write(text)
        elif not given.check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            sys.stderr.write(f"{name} is out of date. Run: python tools/{Path(__file__).name}\n")
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
