"""requests itself: the Tea SDK's synchronous calls, and clients that sign by hand."""

from typing import Any, Final

from pytest_ecsevents._errors import hidden_in_reports
from pytest_ecsevents._undo import Undo
from pytest_ecsevents.transports._adapters import raw_response, reply_to
from pytest_ecsevents.transports._decoding import Desk, desk_for

__tracebackhide__ = hidden_in_reports

NAME: Final = "requests"


def intercept(desks: "tuple[Desk, ...]", undo: Undo) -> None:
    """Have each of `desks` answer the calls to its hosts until `undo` closes.

    A session gets an adapter of ours for these hosts. `HTTPAdapter.send`, which the user's own `responses` replaces,
    is left to him, around the test and inside it.
    """
    from requests import Session

    real = Session.get_adapter
    made: dict[Desk, Any] = {}

    def get_adapter(session: Session, url: Any) -> Any:
        desk = desk_for(str(url), desks)
        if desk is None:
            return real(session, url)
        if desk not in made:
            made[desk] = _adapter(desk)
        return made[desk]

    undo.replace(Session, "get_adapter", get_adapter)


def _adapter(desk: Desk) -> Any:
    from requests.adapters import HTTPAdapter

    class CloudAdapter(HTTPAdapter):
        """Where other adapters send, this one has the cloud answer."""

        def send(self, request: Any, *_args: Any, timeout: Any = None, **_options: Any) -> Any:
            reply = reply_to(request, timeout, desk, NAME, NAME)
            response = self.build_response(request, raw_response(reply, request.method))
            if "Content-Length" not in reply.headers:
                # The body is whole and at hand, and need not be read from its stream piece by piece.
                response._content, response._content_consumed = reply.body, True
            return response

    return CloudAdapter()
