"""What a test's end takes back. Each test pays for it, so it is no `contextlib.ExitStack`, at a fifth of what one costs."""

from collections.abc import Callable
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports

__tracebackhide__ = hidden_in_reports

_INHERITED: Final = object()


class Undo:
    """Steps that are undone in reverse order, also if one of them fails."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: Final[list[tuple[Callable[..., object], tuple[object, ...]]]] = []

    def callback(self, function: Callable[..., object], *args: object) -> None:
        """Have a function called with these arguments."""
        self._steps.append((function, args))

    def replace(self, owner: Any, name: str, value: object) -> None:
        """Replace an attribute, and have it put back; one that was inherited is inherited again afterwards."""
        before = owner.__dict__.get(name, _INHERITED)
        self._steps.append((_inherit, (owner, name)) if before is _INHERITED else (setattr, (owner, name, before)))
        setattr(owner, name, value)

    def close(self) -> None:
        """Undo all of it.

        Raises:
            BaseException: The last error of a function; all of them were called.
        """
        steps = self._steps
        try:
            while steps:
                function, args = steps.pop()
                function(*args)
        except BaseException:
            self.close()
            raise


def _inherit(owner: Any, name: str) -> None:
    if name in owner.__dict__:  # else it could not be replaced
        delattr(owner, name)
