"""Pushes topics' messages to HTTP endpoints, on loopback only."""

import base64
import hashlib
import http.client
import random
from typing import Final
from urllib.parse import urlsplit

from pytest_ecsevents.clock._clock import Clock
from pytest_ecsevents.clock._timed_streams import timed_response
from pytest_ecsevents.clock._times import SECOND
from pytest_ecsevents.rpc._http import is_loopback
from pytest_ecsevents.services.smq._topics import ANSWER_WITHIN, CONTENT_TYPES, TopicMessage, TopicSubscription

DEFAULT_PATH: Final = "/notifications"
"""The path of an endpoint that has none (documented)."""

# From the documented sample. Pushes are not signed, since that needs the service's private key.
_CERTIFICATE: Final = b"https://mnstest.oss-cn-hangzhou.aliyuncs.com/x509_public_certificate.pem"
_NOT_SIGNED: Final = b"not signed: this is pytest-ecsevents"


class EndpointPusher:
    def __init__(self, clock: Clock, seed: str) -> None:
        self._clock: Final = clock
        self._dice: Final = random.Random(f"{seed}/pushes")

    def __call__(self, subscription: TopicSubscription, message: TopicMessage, content: str) -> tuple[int | None, str]:
        """Push once; see `Pusher`."""
        parts = urlsplit(subscription.endpoint)
        if not is_loopback(parts.hostname or "") or parts.scheme != "http":
            return None, f"{parts.scheme}://{parts.netloc} is not on loopback over http, and was not called"
        body = content.encode()
        path = (parts.path or DEFAULT_PATH) + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(parts.netloc, timeout=ANSWER_WITHIN)
        connection.response_class = timed_response(ANSWER_WITHIN)
        try:
            connection.request("POST", path, body, self._headers(subscription, message, body))
            if not self._clock.await_answer(connection.sock, self._clock.now() + ANSWER_WITHIN * SECOND):
                return None, f"no answer within {ANSWER_WITHIN}s"
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as problem:
            return None, f"{type(problem).__name__}: {problem}"
        finally:
            connection.close()
        return status, "" if 200 <= status < 300 else f"HTTP {status}"

    def _headers(self, subscription: TopicSubscription, message: TopicMessage, body: bytes) -> dict[str, str]:
        headers = {
            "Authorization": base64.b64encode(_NOT_SIGNED).decode(),
            "Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
            "Content-Type": CONTENT_TYPES[subscription.content_format],
            "User-Agent": "Aliyun Notification Service Agent",
            "x-mns-request-id": f"{self._dice.getrandbits(96):024X}",
            "x-mns-signing-cert-url": base64.b64encode(_CERTIFICATE).decode(),
            "x-mns-version": "2015-06-06",
        }
        if subscription.content_format == "SIMPLIFIED":
            headers |= {"x-mns-message-id": message.message_id}
            headers |= {"x-mns-message-tag": message.tag} if message.tag else {}
        return headers
