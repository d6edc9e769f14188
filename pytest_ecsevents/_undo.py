"""Steps to undo at the end of a test. Every test pays for it: it takes a fifth of the time of `contextlib.ExitStack`."""

from collections.abc import Callable
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports

__tracebackhide__ = hidden_in_reports

_INHERITED: Final = object()


class Undo:
    """Steps that are undone in reverse order, even if one of them fails."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: Final[list[tuple[Callable[..., object], tuple[object, ...]]]] = []

    def callback(self, function: Callable[..., object], *args: object) -> None:
        """Call a function with these arguments on `close`."""
        self._steps.append((function, args))

    def replace(self, owner: Any, name: str, value: object) -> None:
        """Replace an attribute until `close`; an attribute that was inherited is inherited again then."""
        before = owner.__dict__.get(name, _INHERITED)
        self._steps.append((_inherit, (owner, name)) if before is _INHERITED else (setattr, (owner, name, before)))
        setattr(owner, name, value)

    def close(self) -> None:
        """Undo all steps.

        Raises:
            BaseException: The last error of a step; all steps were undone.
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
    if name in owner.__dict__:  # not there if setting it failed
        delattr(owner, name)
