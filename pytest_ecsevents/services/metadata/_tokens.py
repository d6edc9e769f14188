"""The tokens of the hardened mode."""

import base64
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pytest_ecsevents.clock import SECOND, Micros, instant_text
from pytest_ecsevents.services.metadata._errors import ERRORS

LASTING: Final = "x-aliyun-ecs-metadata-token-ttl-seconds"
CARRYING: Final = "x-aliyun-ecs-metadata-token"
LONGEST: Final = 21_600
"""Seconds that a token may last (documented)."""

_NUMBER: Final = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class _Token:
    instance_id: str
    until: Micros


class Tokens:
    """The tokens issued so far.

    Args:
        seed: What makes the tokens of this test its own.
    """

    def __init__(self, seed: str) -> None:
        self._seed: Final = f"{seed}/tokens"
        self._issued: Final[dict[str, _Token]] = {}

    def issue(self, instance_id: str, headers: Mapping[str, str], now: Micros) -> str:
        """A token for the instance, as long as its request asks for.

        Raises:
            ApiError: The request came through a proxy, or asks for no time that a token may last.
        """
        if "x-forwarded-for" in headers:
            raise ERRORS["Forbidden"].error(hint="a request for a token must not carry X-Forwarded-For")
        asked = headers.get(LASTING, "")
        if not _NUMBER.fullmatch(asked) or not 1 <= int(asked) <= LONGEST:
            raise ERRORS["BadRequest"].error(
                hint=f"{LASTING} is {asked!r}; it must be a whole number of seconds from 1 to {LONGEST}"
                if asked
                else f"{LASTING} was not sent; it must be a whole number of seconds from 1 to {LONGEST}"
            )
        bits = random.Random(f"{self._seed}/{len(self._issued)}").getrandbits(8 * 42)
        token = base64.b64encode(bits.to_bytes(42, "big")).decode()
        self._issued[token] = _Token(instance_id, now + int(asked) * SECOND)
        return token

    def check(self, instance_id: str, headers: Mapping[str, str], now: Micros) -> None:
        """Refuse a token that is not good for the instance now.

        Raises:
            ApiError: It is not.
        """
        token = self._issued.get(headers[CARRYING])
        if token is None:
            raise ERRORS["Unauthorized"].error(hint="no such token was issued")
        if token.instance_id != instance_id:
            raise ERRORS["Unauthorized"].error(
                hint=f"the token was issued to {token.instance_id}, not to {instance_id}"
            )
        if now >= token.until:
            raise ERRORS["Unauthorized"].error(hint=f"the token was good until {instant_text(token.until)}")
