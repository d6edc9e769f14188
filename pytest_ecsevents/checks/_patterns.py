"""Patterns of calls: an action or all of them, and parameters."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents._words import did_you_mean, listed
from pytest_ecsevents.report._texts import METADATA
from pytest_ecsevents.rpc._calls import ApiCall
from pytest_ecsevents.services._products import ACTIONS, PRODUCTS
from pytest_ecsevents.services.metadata._calls import MetadataCall
from pytest_ecsevents.services.smq._protocol import OPERATIONS, SmqCall

__tracebackhide__ = hidden_in_reports

ALL: Final = "*"
"""Every faked or stubbed action."""


@dataclass(frozen=True, slots=True)
class CallPattern:
    """Calls to an action with certain parameters.

    Attributes:
        action: `RebootInstance`, or `ALL`.
    """

    action: str
    said: Mapping[str, object]
    wanted: Mapping[str, object]

    def fits(self, call: ApiCall) -> bool:
        return self.fits_action(call) and all(_has(call, *item) for item in self.wanted.items())

    def fits_action(self, call: ApiCall) -> bool:
        return self.action in (ALL, call.action)

    def likeness(self, call: ApiCall) -> int:
        return sum(_has(call, *item) for item in self.wanted.items())

    def __str__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.said.items())
        name = "any action" if self.action == ALL else self.action
        return f"{name}({said})" if said else name


def pattern(
    action: str, params: Mapping[str, object], *, besides: Iterable[str] = (), options: Iterable[str] = ()
) -> CallPattern:
    """Make the pattern of calls to an action with these parameters, by name on the wire or in snake_case.

    Args:
        action: `RebootInstance`, or `ALL`.
        params: Of a list parameter, a list must equal what was sent, a single value must be among it.
        besides: Known actions that are not faked.
        options: Other arguments that may have been meant.

    Raises:
        BadArgumentError: No such action, or it has no such parameter.
    """
    known = [*ACTIONS, *besides]
    operations = OPERATIONS if options else ()  # which `fail` takes, too
    if action != ALL and action not in known:
        product = _product_that_has(str(action))
        if product is not None:
            raise BadArgumentError(
                f"{action} is an action of {product} that is not faked: a call of it fails the test as unexpected. Answer it with "
                f'ecs_events.stub("{product}", "{action}", {{...}}); then calls of it can be looked up and can fail.'
            )
        raise BadArgumentError(
            f"unknown action {action!r}: the fake of {' and '.join(PRODUCTS)} does not have it.{did_you_mean(str(action), (*known, *operations))} "
            f"Actions are: {listed(ACTIONS, most=99)}."
        )
    if action != ALL and action not in ACTIONS:
        return CallPattern(action, params, params)
    meant = ACTIONS.values() if action == ALL else [ACTIONS[action]]
    names = [*dict.fromkeys(parameter.name for one in meant for parameter in one.parameters.parameters), "RegionId"]
    suggested = list(options)
    wanted = {_wire_name(action, name, names, suggested): value for name, value in params.items()}
    return CallPattern(action, params, wanted)


def _product_that_has(action: str) -> str | None:
    """The faked product of whose actions an installed SDK has this one. The SDKs' files are looked at, not loaded."""
    if re.fullmatch(r"[A-Za-z]\w{0,99}", action, re.ASCII) is None:
        return None
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", action).lower()
    for product in PRODUCTS.values():
        name, version = product.name.lower(), product.version.replace("-", "")
        files = (
            (f"aliyunsdk{name}", f"request/v{version}/{action}Request.py"),
            (f"alibabacloud_{name}{version}", f"models/_{words}_request.py"),
        )
        for package, file in files:
            spec = find_spec(package)
            if spec is not None and spec.origin is not None and (Path(spec.origin).parent / file).exists():
                return product.name
    return None


def _wire_name(action: str, name: str, known: list[str], options: list[str]) -> str:
    for candidate in (name, "".join(word[:1].upper() + word[1:] for word in name.split("_"))):
        if candidate in known:
            return candidate
    if action == ALL:
        raise BadArgumentError(f"unknown parameter {name!r}: no action has it.{did_you_mean(name, [*options, *known])}")
    raise BadArgumentError(
        f"unknown parameter {name!r} of {action}.{did_you_mean(name, [*options, *known])} It has: {listed(known)}."
    )


def _has(call: ApiCall, name: str, wanted: object) -> bool:
    """A list must equal the list that was sent; a single value must be in it; True matches "true" and "True"."""
    sent = call.region_id if name == "RegionId" else call.params.get(name)
    if isinstance(wanted, (list, tuple)):
        return isinstance(sent, list) and [str(value) for value in sent] == [str(value) for value in wanted]
    if isinstance(sent, list):
        return str(wanted) in sent
    if isinstance(wanted, bool):
        return str(sent).lower() == str(wanted).lower()
    return sent is not None and str(sent) == str(wanted)


@dataclass(frozen=True, slots=True)
class SmqPattern:
    """Requests to queues and topics by operation and name."""

    action: str
    name: object = None

    def fits(self, call: SmqCall) -> bool:
        return self.fits_action(call) and (self.name is None or self.name in call.names[:1])

    def fits_action(self, call: SmqCall) -> bool:
        return self.action in call.operations

    def likeness(self, call: SmqCall) -> int:
        return call.names[:1] == (self.name,)

    def __str__(self) -> str:
        return self.action if self.name is None else f"{self.action} of {self.name}"


def smq_pattern(operation: str, params: Mapping[str, object], options: Iterable[str]) -> SmqPattern:
    """Make the pattern of requests to queues and topics.

    Raises:
        BadArgumentError: It has another parameter than the name of the queue or topic.
    """
    kind = "topic" if "Topic" in operation or "ubscri" in operation or operation == "PublishMessage" else "queue"
    for name in params:
        if name != kind:
            raise BadArgumentError(
                f"unknown parameter {name!r} of {operation}.{did_you_mean(name, [kind, *options])} It has: {kind}."
            )
    return SmqPattern(operation, params.get(kind))


_METADATA_PARAMETERS: Final = ("instance_id", "method", "path")


@dataclass(frozen=True, slots=True)
class MetadataPattern:
    """Requests to the metadata service with certain properties.

    Attributes:
        wanted: The expected values of `instance_id`, `method` and `path`.
    """

    wanted: Mapping[str, object]
    action: str = METADATA

    def fits(self, call: MetadataCall) -> bool:
        return self.likeness(call) == len(self.wanted)

    def fits_action(self, _call: MetadataCall) -> bool:
        """True: the service has no actions."""
        return True

    def likeness(self, call: MetadataCall) -> int:
        return sum(getattr(call, name) == value for name, value in self.wanted.items())

    def __str__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.wanted.items())
        return f"{self.action}({said})" if said else self.action


def metadata_pattern(params: Mapping[str, object], options: Iterable[str]) -> MetadataPattern:
    """Make the pattern of requests to the metadata service.

    Args:
        params: Values of `instance_id`, `method` and `path`.
        options: Other arguments that may have been meant.

    Raises:
        BadArgumentError: Unknown property, or a path that is not absolute.
    """
    for name, value in params.items():
        if name not in _METADATA_PARAMETERS:
            known = [*_METADATA_PARAMETERS, *options]
            raise BadArgumentError(
                f"unknown parameter {name!r} of metadata.{did_you_mean(name, known)} It has: {listed(_METADATA_PARAMETERS)}."
            )
        if name == "path" and not str(value).startswith("/"):
            raise BadArgumentError(
                f'path is {value!r}. Pass an absolute path, such as path="/latest/meta-data/instance/spot/termination-time".'
            )
    return MetadataPattern(params)
