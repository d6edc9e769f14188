"""Calls the control API of a running server."""

import http.client
import json
import os
import re
from contextlib import closing
from typing import Any, Final
from urllib.parse import quote, urlencode

from pytest_ecsevents._errors import OF_THE_PROGRAM, manual

HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 8600
DEFAULT_ENDPOINT: Final = f"{HOST}:{DEFAULT_PORT}"
VARIABLE: Final = "ECSEVENTS_ENDPOINT"
BASE: Final = "/_ecsevents/v1"
AGENT: Final = "ecsevents"
"""The User-Agent of commands: what they do has them as its cause."""

_PATIENCE: Final = 300.0
"""Real seconds for a reply: an advance by months delivers what is due on the way."""

_ENDPOINT: Final = re.compile(r"(?:http://)?(?P<host>[\w.-]+|\[[\da-fA-F:]+\]):(?P<port>\d{1,5})/?")


class ClientError(Exception):
    """The server is not there, or refuses.

    Attributes:
        manual: The place in the manual that explains it.
    """

    def __init__(self, sentence: str, place: str = manual(OF_THE_PROGRAM)) -> None:
        super().__init__(sentence)
        self.manual: Final = place


def endpoint_of(given: str | None) -> str:
    """The endpoint that an option gives, else the environment, else that of a server on its default port.

    Raises:
        ClientError: It is no host and port.
    """
    endpoint = given or os.environ.get(VARIABLE) or DEFAULT_ENDPOINT
    found = _ENDPOINT.fullmatch(endpoint)
    if found is None or not 0 < int(found["port"]) < 65536:
        where = "--endpoint" if given else VARIABLE
        raise ClientError(f"{where} is {endpoint!r}. Pass a host and a port, such as {DEFAULT_ENDPOINT}.")
    return f"{found['host']}:{found['port']}"


def path(*segments: str) -> str:
    """A path below the API's root."""
    return "".join(f"/{quote(one, safe='', errors='backslashreplace')}" for one in segments)


def ask(endpoint: str, method: str, where: str, given: dict[str, Any]) -> dict[str, Any]:
    """Send one request, and return the reply's body.

    Raises:
        ClientError: No server answers, or it refuses; the message is its sentence.
    """
    given = {name: value for name, value in given.items() if value is not None or name == "times"}
    body, query = None, ""
    if method == "POST":
        body = json.dumps(given)
    elif given:
        query = f"?{urlencode(given, errors='backslashreplace')}"
    # Not urllib: that would send it through a proxy that the environment names.
    try:
        with closing(http.client.HTTPConnection(endpoint, timeout=_PATIENCE)) as connection:
            connection.request(method, f"{BASE}{where}{query}", body, {"User-Agent": AGENT})
            reply = connection.getresponse()
            status, text = reply.status, reply.read()
    except OSError as problem:
        raise ClientError(
            f"no fake cloud answers at {endpoint} ({problem.strerror or problem}). Start one with `ecsevents serve`, or say where it is: "
            f"--endpoint, or {VARIABLE}."
        ) from None
    except http.client.HTTPException:
        raise ClientError(_STRANGER.format(endpoint)) from None
    try:
        answer = json.loads(text)
        if status == 200 and isinstance(answer, dict):
            return answer
        raise ClientError(str(answer["error"]["message"]), str(answer["error"]["manual"]))
    except (ValueError, KeyError, TypeError):
        raise ClientError(_STRANGER.format(endpoint)) from None


_STRANGER: Final = "what answers at {} is no fake cloud. Start one with `ecsevents serve`, and pass its --endpoint."
