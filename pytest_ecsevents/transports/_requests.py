"""requests: the Tea SDK's synchronous calls, and clients that sign by hand."""

from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.transports._adapters import raw_response, reply_to
from pytest_ecsevents.transports._decoding import Route, route_for

__tracebackhide__ = hidden_in_reports

NAME: Final = "requests"


def intercept(routes: "tuple[Route, ...]", undo: Undo) -> None:
    """Answer calls from `routes` until `undo` closes.

    Sessions get an adapter of ours for these hosts. `HTTPAdapter.send` is not replaced, since the user's own `responses`
    may replace it before or during the test.
    """
    from requests import Session

    real = Session.get_adapter
    made: dict[Route, Any] = {}
    is_over: list[bool] = []
    undo.callback(is_over.append, True)

    def get_adapter(session: Session, url: Any) -> Any:
        if is_over:  # requests-mock leaves it on the sessions that it mocked (jamielennox/requests-mock#27)
            return Session.get_adapter(session, url)
        route = route_for(str(url), routes)
        if route is None:
            return real(session, url)
        if route not in made:
            made[route] = _adapter(route)
        return made[route]

    undo.replace(Session, "get_adapter", get_adapter)


def _adapter(route: Route) -> Any:
    from requests.adapters import HTTPAdapter

    class CloudAdapter(HTTPAdapter):
        """An adapter that gets the response from the fake cloud."""

        def send(self, request: Any, *_args: Any, timeout: Any = None, **_options: Any) -> Any:
            reply = reply_to(request, timeout, route, NAME, NAME)
            response = self.build_response(request, raw_response(reply, request.method))
            if "Content-Length" not in reply.headers:
                # The body is complete: reading it from the stream in pieces would only cost time.
                response._content, response._content_consumed = reply.body, True  # noqa: SLF001  # no public way
            return response

    return CloudAdapter()
