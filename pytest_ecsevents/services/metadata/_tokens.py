"""The tokens of the hardened mode."""

import base64
import random
import re
from collections.abc import Mapping
from typing import Final

from pytest_ecsevents.clock._times import SECOND, Micros, instant_text
from pytest_ecsevents.services.metadata._errors import ERRORS

DURATION_HEADER: Final = "x-aliyun-ecs-metadata-token-ttl-seconds"
TOKEN_HEADER: Final = "x-aliyun-ecs-metadata-token"  # noqa: S105  # the name of a header
LONGEST_SECONDS: Final = 21_600
"""Documented."""

_NUMBER: Final = re.compile(r"[0-9]{1,5}")


class Tokens:
    """The tokens issued so far; `seed` makes them differ between tests."""

    def __init__(self, seed: str) -> None:
        self._seed: Final = f"{seed}/tokens"
        self._issued: Final[dict[str, tuple[str, Micros]]] = {}  # the instance, and when it expires

    def issue(self, instance_id: str, headers: Mapping[str, str], now: Micros) -> str:
        """Issue a token.

        Raises:
            ApiError: The request came through a proxy, or its duration is missing or out of range.
        """
        if "x-forwarded-for" in headers:
            raise ERRORS["Forbidden"].error(hint="a request for a token must not carry X-Forwarded-For")
        asked = headers.get(DURATION_HEADER, "")
        if not _NUMBER.fullmatch(asked) or not 1 <= int(asked) <= LONGEST_SECONDS:
            sent = f"is {asked!r}" if asked else "was not sent"
            raise ERRORS["BadRequest"].error(
                hint=f"{DURATION_HEADER} {sent}; it must be a whole number of seconds from 1 to {LONGEST_SECONDS}"
            )
        bits = random.Random(f"{self._seed}/{len(self._issued)}").getrandbits(8 * 42)
        token = base64.b64encode(bits.to_bytes(42, "big")).decode()
        self._issued[token] = (instance_id, now + int(asked) * SECOND)
        return token

    def check(self, instance_id: str, headers: Mapping[str, str], now: Micros) -> None:
        """Check the token of a request.

        Raises:
            ApiError: It is unknown, another instance's, or expired.
        """
        token = self._issued.get(headers[TOKEN_HEADER])
        if token is None:
            raise ERRORS["Unauthorized"].error(hint="no such token was issued")
        owner, until = token
        if owner != instance_id:
            raise ERRORS["Unauthorized"].error(hint=f"the token was issued to {owner}, not to {instance_id}")
        if now >= until:
            raise ERRORS["Unauthorized"].error(hint=f"the token expired at {instant_text(until)}")
