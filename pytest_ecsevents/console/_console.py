"""The console: answers requests below `/console` with pages, and does what their forms say."""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from pytest_ecsevents._errors import EcsEventsError, hidden_in_reports
from pytest_ecsevents.console._actions import DEEDS, Deed, Fields
from pytest_ecsevents.console._cloud import CONSOLE, Context, Form, Shown
from pytest_ecsevents.console._pages import NAVIGATION, PAGES, NotThereError, clock_values, found
from pytest_ecsevents.console._render import render, static
from pytest_ecsevents.console._rows import pending_count
from pytest_ecsevents.report._reasons import CONSOLE as BY_CONSOLE
from pytest_ecsevents.report._reasons import Acting
from pytest_ecsevents.report._svg import STYLE
from pytest_ecsevents.rpc._errors import ApiError
from pytest_ecsevents.rpc._http import HttpRequest
from pytest_ecsevents.rpc._wire import ApiReply

__tracebackhide__ = hidden_in_reports

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_HTML: Final = "text/html; charset=utf-8"
_FILES: Final = {
    "/console.css": "text/css; charset=utf-8",
    "/console.js": "text/javascript; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}
_MOST_NOTES: Final = 100
"""What the last forms did, for the pages that browsers are led to."""


class Note(NamedTuple):
    """A sentence on top of a page: what a form did, or why it is refused."""

    text: str
    is_problem: bool = False


class Place(NamedTuple):
    """A page: its path below `/console`, the subject in it, and its query."""

    path: str
    subject: str
    query: Form

    @property
    def url(self) -> str:
        query = f"?{urlencode(self.query)}" if self.query else ""
        return f"{CONSOLE}{self.path}{quote(self.subject, safe='')}{query}"


class Console:
    """Answers the requests below `/console`.

    Args:
        shown: Returns the cloud that requests are about.
    """

    def __init__(self, shown: Callable[[], Shown]) -> None:
        self._shown: Final = shown
        self._token: Final = secrets.token_urlsafe(24)
        self._notes: Final[OrderedDict[str, Note]] = OrderedDict()

    def __call__(self, request: HttpRequest) -> ApiReply:
        path = request.path.removeprefix(CONSOLE).removesuffix("/") or "/"
        if request.method == "POST":
            return self._do(request, path)
        if request.method not in ("GET", "HEAD"):
            return self._problem(405, f"Pages take GET and POST, not {request.method}.", {"Allow": "GET, HEAD, POST"})
        if path == "/":
            return _led_to(f"{CONSOLE}/events")
        if path in _FILES:
            return _file(path)
        place = found(PAGES, path)
        if place is None:
            return self._problem(404, f"There is no page {request.path}.")
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        note = self._notes.get(query.pop("note", ""))
        return self._page(Place(*place, query), note, seen=request.headers.get("if-none-match", ""))

    def malformed(self, status: int, problem: str) -> ApiReply:
        """The response to a request that is not HTTP, too large, or sent by a page of another site."""
        return self._problem(status, problem)

    # -- pages

    def _page(
        self, place: Place, note: Note | None, *, status: int = 200, filled: "Context | None" = None, seen: str = ""
    ) -> ApiReply:
        """The page of a place.

        Args:
            place: Which.
            note: What a form did.
            status: The HTTP status.
            filled: What was filled in, of a form that is refused.
            seen: The tag of the page as the browser has it.
        """
        page, shown = PAGES[place.path], self._shown()
        clock = clock_values(shown)  # before the rest, since it runs what is due
        try:
            values = page.values(shown, place.subject, place.query)
        except NotThereError as problem:
            return self._problem(404, str(problem))
        context = {
            "root": CONSOLE,
            "token": self._token,
            "navigation": NAVIGATION,
            "nav": page.nav,
            "title": page.title.format(place.subject),
            "here": place.url,
            "note": note,
            "pending": pending_count(shown.parts),
            "clock": clock,
            "filled": filled or {},
            **values,
        }
        body = render(page.template, context).encode(errors="replace")
        headers = {**_HEADERS, "Content-Type": _HTML, "ETag": f'"{sha256(body).hexdigest()[:20]}"'}
        return ApiReply(304, b"", headers) if seen == headers["ETag"] else ApiReply(status, body, headers)

    def _problem(self, status: int, text: str, headers: "Mapping[str, str] | None" = None) -> ApiReply:
        body = render("problem.html", {"root": CONSOLE, "status": status, "text": text})
        return ApiReply(status, body.encode(errors="replace"), {**_HEADERS, "Content-Type": _HTML, **(headers or {})})

    # -- forms

    def _do(self, request: HttpRequest, path: str) -> ApiReply:
        place = found(DEEDS, path)
        if place is None:
            return self._problem(404, f"There is no form {request.path}.")
        fields = parse_qs(request.body.decode(errors="replace"))
        form = {name: values[0].strip() for name, values in fields.items() if values[0].strip()}
        if not secrets.compare_digest(form.pop("token", "").encode(), self._token.encode()):
            return self._problem(
                403,
                "This form is not of this console, or of an earlier start of it. Reload the page, and send it again.",
            )
        deed, subject = DEEDS[place[0]], place[1]
        back = form.pop("back", "")
        try:
            with Acting(BY_CONSOLE):
                said = deed.act(self._shown(), subject, form, fields)
        except (EcsEventsError, ApiError) as problem:
            return self._refused(deed, back, form, fields, Note(str(problem), is_problem=True))
        where = _place_of(back) or Place(deed.page, "", {})
        return _led_to(where._replace(query={**where.query, "note": self._kept(Note(said))}).url)

    def _refused(self, deed: Deed, back: str, form: Form, fields: Fields, note: Note) -> ApiReply:
        """The page of a form, with what was filled in and why it is refused."""
        place = _place_of(back) or Place(deed.page, "", {})
        filled: Context = {**form, "instance_ids": fields.get("instance_id", [])}
        return self._page(place, note, status=409, filled=filled)

    def _kept(self, note: Note) -> str:
        """Keep a note for the page that the browser is led to; returns its name."""
        name = secrets.token_urlsafe(6)
        self._notes[name] = note
        while len(self._notes) > _MOST_NOTES:
            self._notes.popitem(last=False)
        return name


def _place_of(back: str) -> Place | None:
    """The page of this console that a form was on; None if it says none, or another site's."""
    try:
        parts = urlsplit(back)
    except ValueError:  # no address
        return None
    if parts.scheme or parts.netloc or not parts.path.startswith(f"{CONSOLE}/"):
        return None
    place = found(PAGES, unquote(parts.path.removeprefix(CONSOLE)))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return None if place is None else Place(*place, query)


def _led_to(where: str) -> ApiReply:
    return ApiReply(303, b"", {**_HEADERS, "Location": where})


def _file(path: str) -> ApiReply:
    content = static(path[1:])
    if path == "/console.css":
        content += STYLE.encode()
    return ApiReply(200, content, {**_HEADERS, "Content-Type": _FILES[path]})
