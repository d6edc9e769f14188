"""Steps to undo at the end of a test. Every test pays for it: it takes a third of the time of `contextlib.ExitStack`.

Two clouds need not be left in the reverse of the order in which they were entered: they may be those of two threads, or
of a module and of a test. So an attribute is put back by the replacement whose value stands there. One that is undone
earlier hands what it found to those that found its value. What another tool put there meanwhile stays. If that tool puts
our value back later, as pytest's `monkeypatch` does if it was set up before the cloud, `put_back_late` removes it.
"""

from _thread import RLock
from collections.abc import Callable
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports

__tracebackhide__ = hidden_in_reports

_INHERITED: Final = object()
_CALL: Final = object()

PATCHING: Final = RLock()
"""Held while something of the process is replaced or put back."""


class Undo:
    """Steps that are undone in reverse order, even if one of them fails."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        # Four for each step: owner, name, value, and what was there before; or `_CALL`, a function, its arguments, and None.
        # A list for each step would make the garbage collector run more often.
        self._steps: list[Any] = []

    def callback(self, function: Callable[..., object], *args: object) -> None:
        """Call a function with these arguments on `close`."""
        if not self._steps:
            _open[self] = None
        self._steps += (_CALL, function, args, None)

    def replace(self, owner: Any, name: str, value: object) -> None:
        """Replace an attribute until `close`; an attribute that was inherited is inherited again then.

        The caller holds `PATCHING` if other clouds may replace the same attribute.
        """
        # The defaults of a function are not in its `__dict__`.
        before = owner.__defaults__ if name == "__defaults__" else owner.__dict__.get(name, _INHERITED)
        steps = self._steps
        if not steps:
            _open[self] = None
        steps += (owner, name, value, before)
        setattr(owner, name, value)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to undo."""
        return not self._steps

    def close(self) -> None:
        """Undo all steps.

        Raises:
            BaseException: The last error of a step; all steps were undone.
        """
        steps = self._steps
        try:
            while steps:
                if steps[-4] is _CALL:
                    _, function, args, _ = steps[-4:]
                    del steps[-4:]
                    function(*args)
                else:
                    with PATCHING:
                        _put_back_last(steps)
        except BaseException:
            self.close()
            raise
        _open.pop(self, None)

    def take_over(self, value: object, before: object) -> bool:
        """Put back `before` wherever a replacement found `value`, which is there no more; whether one had."""
        steps = self._steps
        found = [at for at in range(3, len(steps), 4) if steps[at] is value and steps[at - 3] is not _CALL]
        for at in found:
            steps[at] = before
        return bool(found)


_open: Final[dict[Undo, None]] = {}

# Replacements, as owner, name, value and what was there before, over which another tool had put something at their end.
_covered: Final[list[tuple[Any, str, object, object]]] = []


STANDING: Final[list[object]] = []
"""Values that the plugin itself puts in place for the whole run; `put_back_late` leaves them there."""


def put_back_late() -> None:
    """Restore what another tool has uncovered again since the end of a cloud; called after each test."""
    with PATCHING:
        for step in list(_covered):
            owner, name, value, _ = step
            if owner.__dict__.get(name, _INHERITED) is value:
                _put_back(*step)
                _covered[:] = [other for other in _covered if other is not step]


def _put_back_last(steps: list[Any]) -> None:
    """Put back what the last steps have replaced, up to one that calls a function."""
    while steps:
        owner, name, value, before = steps[-4:]
        if owner is _CALL:
            return
        # A KeyboardInterrupt may strike between this and the removal of the step: putting back again does no harm.
        if before is not _INHERITED and owner.__dict__.get(name, _INHERITED) is value:  # nearly always so
            setattr(owner, name, before)
        else:
            _put_back(owner, name, value, before)
        del steps[-4:]


def _put_back(owner: Any, name: str, value: object, before: object) -> None:
    now = owner.__defaults__ if name == "__defaults__" else owner.__dict__.get(name, _INHERITED)
    if now is not value:  # replaced again since, or it could not be replaced
        takeovers = [undo.take_over(value, before) for undo in list(_open)]  # each of them, so not in any()
        is_standing = any(value is one for one in STANDING)
        if not (any(takeovers) or is_standing or now is before or name == "__defaults__"):
            _covered.append((owner, name, value, before))
    elif before is _INHERITED:
        delattr(owner, name)
    else:
        setattr(owner, name, before)
