"""Errors that the cloud answers with: code, HTTP status and message."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pytest_ecsevents._errors import BadArgumentError

NEUTRAL: Final = "The request is refused with the code {}."
"""The message where only a code is known (a guess)."""


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One row of an action's error table.

    Attributes:
        code: `Code`.
        http_status: The HTTP status.
        message: `Message`. "%s" stands for a text that the service fills in; it is not published, so the fake's text is a
            guess.
        source: The page or edition that the row comes from.
        name: A name for the row if its table has several with this code; else "".
        words: The fake's text where the service's is filled in or not published, and the caller has none.
    """

    code: str
    http_status: int
    message: str
    source: str = "current reference"
    name: str = ""
    words: str = ""

    @property
    def is_published(self) -> bool:
        """Whether the message is the service's, but for a detail at its end."""
        return self._without_detail not in ("", "%s") and "%s" not in self._without_detail

    @property
    def _without_detail(self) -> str:
        """`Cannot find EventId.` of `Cannot find EventId. %s`."""
        return self.message.removesuffix("%s").rstrip(" :")

    def text(self, detail: str = "") -> str:
        """The message, with `detail` for each "%s". Without one no message is empty, or has a gap."""
        if detail and "%s" in self.message:
            return self.message.replace("%s", detail).strip()
        if self.is_published:
            return self._without_detail
        return self.words or NEUTRAL.format(self.code)

    def error(self, detail: str = "", *, hint: str = "") -> "ApiError":
        return ApiError(self.code, self.http_status, self.text(detail), hint=hint)


class ApiError(Exception):
    """An error reply. A function passed to `stub` may raise it.

    Attributes:
        code: `Code`.
        http_status: The HTTP status.
        message: `Message`.
        hint: An explanation for the timeline; not sent.
        retry_after: Milliseconds after which the client may try again, sent as `x-acs-retry-after`; None for none.

    Raises:
        BadArgumentError: The code or the message is no text, or the status none from 300 to 599.
    """

    def __init__(
        self, code: str, http_status: int, message: str, *, hint: str = "", retry_after: int | None = None
    ) -> None:
        _check_parts(code, http_status, message)
        super().__init__(f"{http_status} {code}: {message}")
        self.code: Final = code
        self.http_status: Final = http_status
        self.message: Final = message
        self.hint: Final = hint
        self.retry_after: Final = retry_after


def _check_parts(code: object, http_status: object, message: object) -> None:
    is_status = isinstance(http_status, int) and 300 <= http_status <= 599
    if not (isinstance(code, str) and isinstance(message, str) and is_status):
        raise BadArgumentError(
            f"ApiError got {code!r}, {http_status!r}, {message!r}. Pass a code, an HTTP status from 300 to 599 and a message, "
            'such as ApiError("Throttling", 400, "Request was denied.").'
        )


class ErrorTable:
    def __init__(self, load: Callable[[], Iterable[ErrorRow]]) -> None:
        self._load: Final = load

    @cached_property
    def rows(self) -> tuple[ErrorRow, ...]:
        """In the order of the file; of several rows with one code, `fail` answers with the first."""
        return tuple(self._load())

    @cached_property
    def _by_code(self) -> dict[str, ErrorRow]:
        return {row.code: row for row in reversed(self.rows)}

    @cached_property
    def _by_name(self) -> dict[str, ErrorRow]:
        return {row.name: row for row in self.rows if row.name}

    def __getitem__(self, code_or_name: str) -> ErrorRow:
        """The row with the name, else the first one with the code."""
        return self._by_name.get(code_or_name) or self._by_code[code_or_name]

    def __contains__(self, code_or_name: str) -> bool:
        return code_or_name in self._by_name or code_or_name in self._by_code

    def get(self, code: str) -> ErrorRow | None:
        """The first row with the code, if there is one."""
        return self._by_code.get(code)

    def codes(self) -> tuple[str, ...]:
        """Every code once, in order."""
        return tuple(dict.fromkeys(row.code for row in self.rows))
