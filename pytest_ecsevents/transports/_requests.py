"""requests itself: the Tea SDK's synchronous calls, and clients that sign by hand."""

from contextlib import ExitStack
from typing import Any, Final

from pytest_ecsevents.openapi import Answerer
from pytest_ecsevents.transports._adapters import cloud_mock
from pytest_ecsevents.transports._decoding import ALIYUN_URL

NAME: Final = "requests"


def intercept(answer: Answerer, undo: ExitStack) -> None:
    """Have `answer` answer calls to Alibaba Cloud until `undo` closes.

    A session gets an adapter of ours for these hosts. `HTTPAdapter.send`, which the user's own `responses` replaces,
    is left to him, around the test and inside it.
    """
    from requests import Session
    from requests.adapters import HTTPAdapter

    real = Session.get_adapter
    made: list[HTTPAdapter] = []

    def adapter() -> HTTPAdapter:
        mock = cloud_mock(answer, NAME, "", HTTPAdapter.send, library="requests")

        class CloudAdapter(HTTPAdapter):
            send = mock.unbound_on_send()

        return CloudAdapter()

    def get_adapter(session: Session, url: Any) -> Any:
        if not ALIYUN_URL.match(str(url)):
            return real(session, url)
        if not made:
            made.append(adapter())
        return made[0]

    Session.get_adapter = get_adapter  # type: ignore[assignment,method-assign]
    undo.callback(setattr, Session, "get_adapter", real)
