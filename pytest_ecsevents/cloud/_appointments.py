"""Functions that are to be called at an instant of virtual time."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(eq=False, slots=True)
class Appointment:
    """One function, and whether it still waits for its instant.

    Attributes:
        function: What to call.
        number: What withdraws it from the queue; None when its instant has come, or it was taken back.
    """

    function: Callable[[], object]
    number: int | None = None
