"""pycurl looks names up in C, so its handles are checked before they send. None is answered.

Its types are immutable: modules get subclasses in their place (tried with pycurl 7.45.7 and 7.49.0). A handle that was made while
no cloud and no guard was there is not checked.
"""

import re
import socket
import sys
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.clock._names import taken_by

__tracebackhide__ = hidden_in_reports

# libcurl takes URLs without a scheme, and with one to three slashes.
_HOST: Final = re.compile(r"(?:[\w+.-]+:/{1,3})?(?:[^/?#]*@)?([^/?#:]*)")

_checks: Final[list[Callable[[object], None]]] = []


def guard(check: Callable[[object], None], undo: Undo) -> None:
    """Stop requests to hosts that `check` refuses. pycurl is loaded."""
    _checks.append(check)
    undo.callback(_checks.remove, check)
    pycurl: Any = sys.modules["pycurl"]
    replacements = {id(pycurl.Curl): _checked_curl(pycurl), id(pycurl.CurlMulti): _checked_multi(pycurl)}
    for module in list(sys.modules.values()):
        if isinstance(module, ModuleType):
            for name, kind in taken_by(module, replacements.keys()):
                undo.replace(module, name, replacements[id(kind)])


def _url_of(handle: Any) -> object:
    return getattr(handle, "ecs_events_url", None)


def _check(pycurl: Any, handle: Any) -> None:
    url = _url_of(handle)
    found = _HOST.match(url.decode("latin-1") if isinstance(url, bytes) else str(url or ""))
    host = found[1] if found else ""
    try:
        for check in reversed(_checks):  # that of the innermost first
            check(host)
    except socket.gaierror as error:
        raise pycurl.error(pycurl.E_COULDNT_RESOLVE_HOST, f"Could not resolve host: {host}") from error


@cache
def _checked_curl(pycurl: Any) -> Any:
    class Curl(pycurl.Curl):  # type: ignore[misc]  # pycurl is loaded late, so mypy sees no base class
        """Checks the host before each request."""

        # libcurl itself tells no URL that has no scheme. An attribute of the class would hide that of the handle, and programs
        # have a `url` of their own there.

        def setopt(self, option: Any, value: Any) -> None:
            super().setopt(option, value)
            if option == pycurl.URL:
                self.ecs_events_url = value

        def setopt_string(self, option: Any, value: Any) -> None:
            super().setopt_string(option, value)
            if option == pycurl.URL:
                self.ecs_events_url = value

        def duphandle(self) -> Any:
            copied = super().duphandle()
            copied.ecs_events_url = _url_of(self)
            return copied

        def perform(self) -> None:
            _check(pycurl, self)
            super().perform()

        def perform_rb(self) -> Any:
            _check(pycurl, self)
            return super().perform_rb()

        def perform_rs(self) -> Any:
            _check(pycurl, self)
            return super().perform_rs()

    return Curl


@cache
def _checked_multi(pycurl: Any) -> Any:
    class CurlMulti(pycurl.CurlMulti):  # type: ignore[misc]  # as above
        """Checks the host of each handle that is added."""

        def add_handle(self, handle: Any) -> Any:
            _check(pycurl, handle)
            return super().add_handle(handle)

    return CurlMulti
