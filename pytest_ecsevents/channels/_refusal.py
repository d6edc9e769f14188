"""What the Simple Message Queue refuses, before it takes the service's words."""

from typing import Final


class SmqRefusal(Exception):  # noqa: N818  # as the cloud's refusals are called
    """A refusal.

    Attributes:
        code: `Code` of the service's error.
        values: What its words leave open, in their order.
    """

    def __init__(self, code: str, *values: object) -> None:
        super().__init__(code, *values)
        self.code: Final = code
        self.values: Final = values
