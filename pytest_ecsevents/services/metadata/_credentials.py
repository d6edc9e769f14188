"""The temporary credentials of an instance's RAM role."""

import hashlib
import json
from typing import Final

from pytest_ecsevents.clock._times import SECOND, Micros, instant_text
from pytest_ecsevents.services.ecs._cloud import TemporaryKey
from pytest_ecsevents.services.ecs._model import InstanceRecord

VALID_FOR: Final = 6 * 3_600 * SECOND
"""How long credentials are valid (from the documented example)."""

RENEWED_BEFORE: Final = 1_800 * SECOND
"""How long before they expire new ones are issued (documented)."""


class Credentials:
    """The credentials of each instance, issued when first read and shortly before they expire."""

    def __init__(self) -> None:
        self._issued: Final[dict[str, tuple[Micros, int]]] = {}

    def of(self, instance: InstanceRecord, role: str, now: Micros) -> "tuple[str, TemporaryKey, str]":
        """The id of the access key, its token, and the JSON document with both."""
        at, number = self._issued.get(instance.instance_id, (now - VALID_FOR, 0))
        if now >= at + VALID_FOR - RENEWED_BEFORE:
            at, number = self._issued[instance.instance_id] = (now, number + 1)
        digest = hashlib.sha256(f"{instance.instance_id}/{role}/{number}".encode()).hexdigest()
        key = f"STS.{digest[:24]}"
        temporary = TemporaryKey(f"CAIS{digest}", at + VALID_FOR)
        document = {
            "AccessKeyId": key,
            "AccessKeySecret": digest[24:54],
            "Expiration": instant_text(temporary.expires_at),
            "SecurityToken": temporary.token,
            "LastUpdated": instant_text(at),
            "Code": "Success",
        }
        return key, temporary, json.dumps(document)
