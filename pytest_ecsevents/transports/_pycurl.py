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
from pytest_ecsevents.clock._loaded import LOADED, NOTHING, Snapshot
from pytest_ecsevents.clock._names import taken_by

__tracebackhide__ = hidden_in_reports

# libcurl takes URLs without a scheme, and with one to three slashes.
_HOST: Final = re.compile(r"(?:[\w+.-]+:/{1,3})?(?:[^/?#]*@)?([^/?#:]*)")

_USUAL: Final = frozenset(("Curl", "CurlMulti"))

_checks: Final[list[Callable[[object], None]]] = []

_shared: Final = Undo()
"""Puts the classes back when the last cloud has ended."""


def guard(check: Callable[[object], None], undo: Undo) -> None:
    """Stop requests to hosts that `check` refuses. pycurl is loaded."""
    _checks.append(check)
    undo.callback(_end, check)
    if len(_checks) > 1:  # another cloud has replaced them; the last one puts them back
        return
    pycurl: Any = sys.modules["pycurl"]
    kinds = pycurl.Curl, pycurl.CurlMulti
    replacements = {id(pycurl.Curl): _checked_curl(pycurl), id(pycurl.CurlMulti): _checked_multi(pycurl)}
    for module in _USERS.find(kinds):
        for name, kind in taken_by(module, replacements.keys()):
            _shared.replace(module, name, replacements[id(kind)])


def _end(check: Callable[[object], None]) -> None:
    _checks.remove(check)
    if not _checks:
        _shared.close()


class _Users:
    """Remembers, from test to test, which modules have a class of pycurl: reading all names of all modules takes 15 ms.

    It reads a module again when it was loaded anew, or the number of its names has changed. Modules that have one of the usual
    names are always among them.
    """

    def __init__(self) -> None:
        self._last: tuple[Snapshot, tuple[object, ...], dict[str, ModuleType]] = NOTHING, (), {}

    def find(self, kinds: tuple[object, ...]) -> "list[ModuleType]":
        """The modules in which a name may be bound to one of these classes."""
        # After an import the caller holds no `PATCHING`. At worst two threads read the same modules.
        snapshot = LOADED.snapshot()
        before, known, found = self._last
        if kinds != known:
            before, found = NOTHING, {}
        if snapshot is not before:
            changed, ids = snapshot.changed_since(before), set(map(id, kinds))
            found = {
                key: module
                for key, module in snapshot.modules.items()
                if (_is_user(module, ids) if key in changed else key in found)
            }
            self._last = snapshot, kinds, found
        return [*found.values()]


def _is_user(module: ModuleType, ids: set[int]) -> bool:
    return not _USUAL.isdisjoint(vars(module)) or bool(taken_by(module, ids))


_USERS: Final = _Users()
"""Of the process, so that the next test need not read all modules again."""


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
