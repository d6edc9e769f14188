"""aiohttp: the Tea SDK's asynchronous calls."""

import http.client
import importlib.util
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final
from urllib.parse import urlencode

from pytest_ecsevents._words import hidden_in_reports
from pytest_ecsevents.openapi import Answerer, ApiReply
from pytest_ecsevents.transports._decoding import ALIYUN_URL, decoded

__tracebackhide__ = hidden_in_reports

NAME: Final = "aiohttp"
_CLIENT: Final = "aiohttp.client"


def intercept(answer: Answerer, undo: ExitStack) -> None:
    """Have `answer` answer calls to Alibaba Cloud until `undo` closes, also when aiohttp is only loaded later."""

    def patch(client: Any) -> None:
        real = client.ClientSession._request
        client.ClientSession._request = _answering(answer, real)
        undo.callback(setattr, client.ClientSession, "_request", real)

    if _CLIENT in sys.modules:
        patch(sys.modules[_CLIENT])
    else:
        finder = _WhenLoaded(patch)
        sys.meta_path.insert(0, finder)
        undo.callback(finder.withdraw)


class _WhenLoaded:
    """Runs a function on the module when it is first loaded, and is gone."""

    def __init__(self, run: Callable[[ModuleType], None]) -> None:
        self._run = run

    def find_spec(
        self, name: str, _path: "Sequence[str] | None" = None, _target: "ModuleType | None" = None
    ) -> "ModuleSpec | None":
        """The spec of the module waited for, its loader wrapped; None for any other."""
        if name != _CLIENT:
            return None
        self.withdraw()
        spec = importlib.util.find_spec(name)
        loader: Any = spec.loader if spec else None
        load = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            load(module)
            self._run(module)

        loader.exec_module = exec_module
        return spec

    def withdraw(self) -> None:
        """Wait no longer."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)


def _answering(answer: Answerer, real: Any) -> Any:
    from multidict import CIMultiDict

    async def _request(session: Any, method: str, str_or_url: Any, **options: Any) -> Any:
        url = session._build_url(str_or_url)
        if not ALIYUN_URL.match(str(url)):
            return await real(session, method, str_or_url, **options)
        if options.get("params"):
            url = url.update_query(options["params"])
        headers = CIMultiDict(session.headers)
        headers.update(options.get("headers") or {})
        reply = CloudResponse(method, url, answer(decoded(method, str(url), headers, _body(options), NAME)))
        if options.get("raise_for_status") or session._raise_for_status is True:
            reply.raise_for_status()
        return reply

    return _request


def _body(options: Mapping[str, Any]) -> "str | bytes | None":
    data = options.get("data")
    if isinstance(data, (dict, list, tuple)):
        return urlencode(data)
    if data is not None and hasattr(data, "read"):
        return bytes(data.read())
    return data if isinstance(data, (str, bytes)) else None


class CloudResponse:
    """As much of an `aiohttp.ClientResponse` as clients read."""

    def __init__(self, method: str, url: Any, reply: ApiReply) -> None:
        from multidict import CIMultiDict, CIMultiDictProxy

        self.method = method
        self.url = url
        self.status = reply.http_status
        self.reason = http.client.responses.get(reply.http_status, "")
        self.headers = CIMultiDictProxy(CIMultiDict(reply.headers))
        self.content_type = self.headers["Content-Type"].partition(";")[0]
        self._body = reply.body

    @property
    def ok(self) -> bool:
        """Whether the status is below 400."""
        return self.status < 400

    async def read(self) -> bytes:
        """The body."""
        return self._body

    async def text(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text."""
        return self._body.decode(encoding, errors)

    async def json(self, **_options: Any) -> Any:
        """The decoded body."""
        return json.loads(self._body)

    def raise_for_status(self) -> None:
        """Raise aiohttp's own error for a status of 400 or more."""
        from aiohttp import ClientResponseError, RequestInfo

        if not self.ok:
            info = RequestInfo(self.url, self.method, self.headers, self.url)
            raise ClientResponseError(info, (), status=self.status, message=self.reason, headers=self.headers)

    def release(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Nothing is open."""

    async def __aenter__(self) -> "CloudResponse":  # noqa: PYI034  # Self is in typing from Python 3.11 on
        return self

    async def __aexit__(self, *error: object) -> None:
        self.release()
