"""`ecs_events.metadata`: what was asked of the metadata service, and what of its guesses the test sets otherwise."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pytest_ecsevents._words import BadArgumentError, did_you_mean, hidden_in_reports, listed
from pytest_ecsevents.clock import duration_text
from pytest_ecsevents.cloud import SystemEvent
from pytest_ecsevents.guest import MetadataCall, MetadataService

__tracebackhide__ = hidden_in_reports

METADATA: Final = "metadata"
"""What `fail`, `quota` and `delay` call the metadata service, and the timeline a request to it."""

_PARAMETERS: Final = ("instance_id", "method", "path")


class Metadata:
    """The metadata service at 100.100.100.200, as the author of a test sees it."""

    def __init__(self, service: MetadataService, calls: Sequence[MetadataCall]) -> None:
        self._service: Final = service
        self._calls: Final = calls

    @property
    def calls(self) -> list[MetadataCall]:
        """Every request, in order."""
        return list(self._calls)

    @property
    def active_event(self) -> Callable[[SystemEvent], object]:
        """How `active-system-events` tells of an event; may be set in the test to another function.

        The service's own form is published nowhere: that of the event's notifications is a guess.
        """
        return self._service.active_event

    @active_event.setter
    def active_event(self, form: Callable[[SystemEvent], object]) -> None:
        if not callable(form):
            raise BadArgumentError(
                f"metadata.active_event is {form!r}. Pass a function that takes a SystemEvent and returns a dict."
            )
        self._service.active_event = form

    @property
    def no_token_status(self) -> int:
        """The HTTP status of an answer to who sent no token where `HttpTokens` is required (a guess: 403)."""
        return self._service.no_token_status

    @no_token_status.setter
    def no_token_status(self, http_status: object) -> None:
        if isinstance(http_status, bool) or not isinstance(http_status, int) or not 400 <= http_status <= 599:
            raise BadArgumentError(f"metadata.no_token_status is {http_status!r}. Pass a status from 400 to 599.")
        self._service.no_token_status = http_status

    def __repr__(self) -> str:
        return f"<Metadata: {len(self._calls)} calls>"


@dataclass(frozen=True, slots=True)
class MetadataPattern:
    """Requests to the metadata service with certain properties.

    Attributes:
        wanted: What they are to be, by `instance_id`, `method` and `path`.
        action: What the service is called.
    """

    wanted: Mapping[str, object]
    action: str = METADATA

    def fits(self, call: MetadataCall) -> bool:
        """Whether a request is meant."""
        return self.likeness(call) == len(self.wanted)

    def fits_action(self, _call: MetadataCall) -> bool:
        """Each one is to the service."""
        return True

    def likeness(self, call: MetadataCall) -> int:
        """How many of the properties a request has as they are wanted."""
        return sum(getattr(call, name) == value for name, value in self.wanted.items())

    def __str__(self) -> str:
        said = ", ".join(f"{name}={value!r}" for name, value in self.wanted.items())
        return f"{self.action}({said})" if said else self.action


def metadata_pattern(params: Mapping[str, object], options: Iterable[str]) -> MetadataPattern:
    """The requests that are meant.

    Args:
        params: By `instance_id`, `method` and `path`.
        options: Other arguments that the author may have meant.

    Raises:
        BadArgumentError: Requests have no such property, or it can have no such value.
    """
    for name, value in params.items():
        if name not in _PARAMETERS:
            known = [*_PARAMETERS, *options]
            raise BadArgumentError(
                f"metadata has no parameter {name!r}.{did_you_mean(name, known)} It has: {listed(_PARAMETERS)}."
            )
        if name == "path" and not str(value).startswith("/"):
            raise BadArgumentError(
                f'path is {value!r}. Pass it whole, such as path="/latest/meta-data/instance/spot/termination-time".'
            )
    return MetadataPattern(params)


def asked_text(call: MetadataCall) -> str:
    """`i-web1 GET /latest/meta-data/region-id -> 200`, `... -> read timeout after 10s`."""
    words = " ".join(filter(None, (str(call.http_status or ""), call.failure))) or "no answer"
    after = f" after {duration_text(call.took_micros)}" if call.took_micros else ""
    summary = f", {call.summary}" if call.summary else ""
    return f"{request_text(call)} -> {words}{after}{summary}"


def request_text(call: MetadataCall) -> str:
    """`i-web1 GET /latest/meta-data/region-id`."""
    return f"{call.instance_id or 'nobody'} {call.method} {call.path}"
