"""`ecs_events.metadata`: the requests to the metadata service, and settings for what is a guess."""

from collections.abc import Callable, Sequence
from typing import Final

from pytest_ecsevents._errors import BadArgumentError, hidden_in_reports
from pytest_ecsevents.services.ecs._model import SystemEvent
from pytest_ecsevents.services.metadata._calls import MetadataCall
from pytest_ecsevents.services.metadata._service import MetadataService

__tracebackhide__ = hidden_in_reports


class Metadata:
    """The metadata service at 100.100.100.200."""

    def __init__(self, service: MetadataService, calls: Sequence[MetadataCall]) -> None:
        self._service: Final = service
        self._calls: Final = calls

    @property
    def calls(self) -> list[MetadataCall]:
        """Every request, in order."""
        return list(self._calls)

    @property
    def active_event(self) -> Callable[[SystemEvent], object]:
        """The function that makes an entry of `active-system-events`; settable.

        The service's own form is not published: by default it is the content of the event's notifications, a guess.
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
        """The HTTP status of the reply to a request without a token if `HttpTokens` is required; settable (403, a guess)."""
        return self._service.no_token_status

    @no_token_status.setter
    def no_token_status(self, http_status: object) -> None:
        if isinstance(http_status, bool) or not isinstance(http_status, int) or not 400 <= http_status <= 599:
            raise BadArgumentError(f"metadata.no_token_status is {http_status!r}. Pass a status from 400 to 599.")
        self._service.no_token_status = http_status

    def __repr__(self) -> str:
        return f"<Metadata: {len(self._calls)} calls>"
